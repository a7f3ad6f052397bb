/* Watching: a thread for every run reads what is new and hands whole sets of facts to the main
 * thread. Nobody waits for it: on a network mount that hangs it is left behind. */
#include "app/runs/vitrine-run.h"
#include <glib/gi18n.h>
#include <jansson.h>
#include <math.h>
#include <string.h>
#include "engine/record/run-dir.h"

#define SEEN_USEC      (G_USEC_PER_SEC / 2) /* between two readings of what trains and is seen */
#define UNSEEN_USEC    (5 * G_USEC_PER_SEC)
#define QUIET_USEC     (2 * G_USEC_PER_SEC) /* seen, but nothing trains there */
#define ASK_USEC       (2 * G_USEC_PER_SEC) /* between two questions to the control socket */
#define ASK_TIMEOUT_MS 2000
#define BUDGET_MS      100 /* of reading before what was found is shown */
#define LOG_LINES      200

/* All that is known at one moment. */
typedef struct {
  char *error;
  gboolean complete; /* everything that was there has been read */
  gboolean steers, stopping;
  SgRunStatus *status; /* NULL beside an error, and so is the rest */
  GPtrArray *advice, *grids, *snapshots, *legs, *real, *fake;
  char **tags;
  char *log;
} Facts;

/* Shared by the thread, the object and news on its way. */
typedef struct {
  gatomicrefcount ref;
  char *path;
  VitrineRun *run; /* NULL once it is gone; main thread only */

  GMutex mutex;
  GCond cond;
  gboolean stop, hurry;
  int viewers; /* -1: nobody has said; counts as one */
  SgRunReader *reader;
  Facts *news;
  guint idle;

  /* The thread's own. */
  gint64 asked;
  gboolean steers, stopping;
} Watch;

struct _VitrineRun {
  GObject parent_instance;
  Watch *watch;
  Facts *facts; /* NULL until something is known */
  gboolean loaded;
};

enum { CHANGED, FILES_CHANGED, ENDED, MESSAGE, N_SIGNALS };
static guint signals[N_SIGNALS];
static GHashTable *runs; /* path -> VitrineRun*, borrowed */

G_DEFINE_FINAL_TYPE(VitrineRun, vitrine_run, G_TYPE_OBJECT)

static void
facts_free(Facts *f)
{
  if (!f)
    return;
  g_free(f->error);
  sg_run_status_free(f->status);
  GPtrArray *lists[] = {f->advice, f->grids, f->snapshots, f->legs, f->real, f->fake};
  for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
    g_clear_pointer(&lists[i], g_ptr_array_unref);
  g_strfreev(f->tags);
  g_free(f->log);
  g_free(f);
}

static void
watch_unref(gpointer data)
{
  Watch *w = data;

  if (!g_atomic_ref_count_dec(&w->ref))
    return;
  facts_free(w->news);
  sg_run_reader_free(w->reader);
  g_mutex_clear(&w->mutex);
  g_cond_clear(&w->cond);
  g_free(w->path);
  g_free(w);
}

/* ---- on the thread ----------------------------------------------------------------------- */

static gboolean
is_alive(const SgRunStatus *status)
{
  return status && (status->state == SG_RUN_RUNNING || status->state == SG_RUN_PAUSED);
}

/* Does it answer here? A question now and then: it is the training's thread that answers. */
static gboolean
ask(Watch *w, const SgRunStatus *status)
{
  gint64 now = g_get_monotonic_time();

  if (!is_alive(status)) {
    w->asked = 0;
    return w->steers = w->stopping = FALSE;
  }
  if (w->asked && now - w->asked < ASK_USEC)
    return w->steers;
  g_autofree char *answer = sg_control_send(w->path, "status", ASK_TIMEOUT_MS, NULL);
  json_t *root = answer ? json_loads(answer, 0, NULL) : NULL;
  w->asked = now;
  if (answer) /* one that no longer answers writes its last snapshot */
    w->stopping = json_is_true(json_object_get(root, "stopping"));
  json_decref(root);
  return w->steers = answer != NULL;
}

static Facts *
collect(Watch *w, gboolean complete)
{
  Facts *f = g_new0(Facts, 1);

  f->complete = complete;
  f->status = sg_run_reader_status(w->reader);
  f->steers = ask(w, f->status);
  f->stopping = w->stopping;
  f->advice = sg_run_reader_advice(w->reader);
  f->grids = sg_run_reader_grids(w->reader);
  f->snapshots = sg_run_reader_snapshots(w->reader);
  f->legs = sg_run_reader_legs(w->reader);
  f->real = sg_run_reader_histograms(w->reader, "real");
  f->fake = sg_run_reader_histograms(w->reader, "fake");
  f->tags = sg_run_reader_tags(w->reader);
  f->log = sg_run_reader_log(w->reader, LOG_LINES);
  return f;
}

static gboolean deliver_cb(gpointer data);

/* Takes `facts`; those that nobody has taken yet give way. */
static void
post(Watch *w, Facts *facts)
{
  g_mutex_lock(&w->mutex);
  Facts *old = w->news;
  w->news = facts;
  if (!w->idle && !w->stop) {
    g_atomic_ref_count_inc(&w->ref);
    w->idle = g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, deliver_cb, w, watch_unref);
  }
  g_mutex_unlock(&w->mutex);
  facts_free(old);
}

static gboolean
stopped(Watch *w)
{
  g_mutex_lock(&w->mutex);
  gboolean stop = w->stop;
  g_mutex_unlock(&w->mutex);
  return stop;
}

/* The directory may have its first file yet to come. */
static gboolean
open_reader(Watch *w, gboolean *told)
{
  g_autoptr(GError) error = NULL;
  SgRunReader *reader = sg_run_reader_new(w->path, &error);

  if (reader) {
    g_mutex_lock(&w->mutex);
    w->reader = reader;
    g_mutex_unlock(&w->mutex);
    return TRUE;
  }
  if (!*told) {
    Facts *f = g_new0(Facts, 1);
    f->error = g_strdup(error->message);
    post(w, f);
  }
  *told = TRUE;
  return FALSE;
}

/* Reads what is new; what is found on the way is shown on the way. Is it training? */
static gboolean
read_news(Watch *w, gboolean *first)
{
  gboolean more = TRUE, changed = *first, steered = w->steers, stopping = w->stopping;

  while (more && !stopped(w)) {
    more = FALSE;
    changed = sg_run_reader_poll(w->reader, BUDGET_MS, &more) || changed;
    if (more)
      post(w, collect(w, FALSE));
  }
  g_autoptr(SgRunStatus) status = sg_run_reader_status(w->reader);
  if (changed || ask(w, status) != steered || w->stopping != stopping)
    post(w, collect(w, TRUE));
  *first = FALSE;
  return is_alive(status);
}

static void
rest(Watch *w, gboolean alive)
{
  gint64 from = g_get_monotonic_time();

  g_mutex_lock(&w->mutex);
  while (!w->stop && !w->hurry) {
    gboolean seen = w->viewers != 0;
    gint64 until = from + (seen && alive ? SEEN_USEC : seen ? QUIET_USEC : UNSEEN_USEC);
    if (g_get_monotonic_time() >= until)
      break;
    g_cond_wait_until(&w->cond, &w->mutex, until);
  }
  if (w->hurry)
    w->asked = 0;
  w->hurry = FALSE;
  g_mutex_unlock(&w->mutex);
}

static gpointer
watch_thread(gpointer data)
{
  Watch *w = data;
  gboolean told = FALSE, first = TRUE;

  while (!stopped(w)) {
    gboolean alive = FALSE;
    if (w->reader || open_reader(w, &told))
      alive = read_news(w, &first);
    rest(w, alive);
  }
  watch_unref(w);
  return NULL;
}

/* ---- back on the main thread ------------------------------------------------------------- */

static gboolean
same_files(GPtrArray *a, GPtrArray *b)
{
  if (!a || !b || a->len != b->len)
    return a == b;
  for (guint i = 0; i < a->len; i++) {
    const SgRunFile *x = a->pdata[i], *y = b->pdata[i];
    if (x->kimg != y->kimg || strcmp(x->path, y->path) != 0)
      return FALSE;
  }
  return TRUE;
}

static gboolean
same_lists(const Facts *a, const Facts *b)
{
  guint before[] = {a->real ? a->real->len : 0, a->fake ? a->fake->len : 0};
  guint after[] = {b->real ? b->real->len : 0, b->fake ? b->fake->len : 0};

  return same_files(a->grids, b->grids) && same_files(a->snapshots, b->snapshots) &&
         memcmp(before, after, sizeof before) == 0;
}

static void
notify_end(VitrineRun *self)
{
  const SgRunStatus *status = self->facts->status;
  GApplication *application = g_application_get_default();
  const char *how = status->state == SG_RUN_FINISHED   ? _("The training has finished")
                    : status->state == SG_RUN_STOPPED  ? _("The training has been stopped")
                    : status->state == SG_RUN_DIVERGED ? _("The training has diverged")
                                                       : _("The training has died");
  g_autofree char *at = isfinite(status->kimg)
                            ? g_strdup_printf(_("%s at %.1f kimg"), status->name, status->kimg)
                            : g_strdup(status->name);

  /* Without a session bus GLib has no way to notify, and says so with a critical. */
  if (!application || !g_application_get_dbus_connection(application))
    return;
  g_autoptr(GNotification) notification = g_notification_new(how);
  g_autofree char *id = g_strconcat("run-", status->name, NULL);
  g_notification_set_body(notification, at);
  g_application_send_notification(application, id, notification);
}

static void
take_facts(VitrineRun *self, Facts *facts)
{
  Facts *old = self->facts;
  gboolean was_alive = old && is_alive(old->status);
  gboolean files = !old || !same_lists(old, facts);

  self->facts = facts;
  self->loaded = self->loaded || facts->complete;
  g_object_ref(self);
  g_signal_emit(self, signals[CHANGED], 0);
  if (files)
    g_signal_emit(self, signals[FILES_CHANGED], 0);
  if (was_alive && facts->status && !is_alive(facts->status)) {
    notify_end(self);
    g_signal_emit(self, signals[ENDED], 0, (int)facts->status->state);
  }
  g_object_unref(self);
  facts_free(old);
}

static gboolean
deliver_cb(gpointer data)
{
  Watch *w = data;

  g_mutex_lock(&w->mutex);
  Facts *facts = g_steal_pointer(&w->news);
  w->idle = 0;
  g_mutex_unlock(&w->mutex);
  if (facts && w->run)
    take_facts(w->run, facts);
  else
    facts_free(facts);
  return G_SOURCE_REMOVE;
}

/* ---- what views read --------------------------------------------------------------------- */

const char *
vitrine_run_get_path(VitrineRun *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN(self), NULL);
  return self->watch->path;
}

gboolean
vitrine_run_is_loaded(VitrineRun *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN(self), FALSE);
  return self->loaded;
}

const char *
vitrine_run_get_error(VitrineRun *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN(self), NULL);
  return self->facts ? self->facts->error : NULL;
}

const SgRunStatus *
vitrine_run_get_status(VitrineRun *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN(self), NULL);
  return self->facts ? self->facts->status : NULL;
}

GPtrArray *
vitrine_run_get_advice(VitrineRun *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN(self), NULL);
  return self->facts ? self->facts->advice : NULL;
}

GPtrArray *
vitrine_run_get_grids(VitrineRun *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN(self), NULL);
  return self->facts ? self->facts->grids : NULL;
}

GPtrArray *
vitrine_run_get_snapshots(VitrineRun *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN(self), NULL);
  return self->facts ? self->facts->snapshots : NULL;
}

GPtrArray *
vitrine_run_get_legs(VitrineRun *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN(self), NULL);
  return self->facts ? self->facts->legs : NULL;
}

GPtrArray *
vitrine_run_get_histograms(VitrineRun *self, const char *which)
{
  g_return_val_if_fail(VITRINE_IS_RUN(self), NULL);
  if (!self->facts)
    return NULL;
  return g_str_equal(which, "real") ? self->facts->real : self->facts->fake;
}

const char *const *
vitrine_run_get_tags(VitrineRun *self)
{
  return self->facts ? (const char *const *)self->facts->tags : NULL;
}

const char *
vitrine_run_get_log(VitrineRun *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN(self), NULL);
  return self->facts ? self->facts->log : NULL;
}

SgRunReader *
vitrine_run_get_reader(VitrineRun *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN(self), NULL);
  if (!self->facts || !self->facts->status)
    return NULL;
  g_mutex_lock(&self->watch->mutex);
  SgRunReader *reader = self->watch->reader;
  g_mutex_unlock(&self->watch->mutex);
  return reader;
}

gboolean
vitrine_run_can_steer(VitrineRun *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN(self), FALSE);
  return self->facts && self->facts->steers;
}

gboolean
vitrine_run_is_stopping(VitrineRun *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN(self), FALSE);
  return self->facts && self->facts->stopping;
}

void
vitrine_run_add_viewer(VitrineRun *self, int count)
{
  g_return_if_fail(VITRINE_IS_RUN(self));
  Watch *w = self->watch;

  g_mutex_lock(&w->mutex);
  w->viewers = MAX(MAX(w->viewers, 0) + count, 0);
  w->hurry = count > 0;
  g_cond_signal(&w->cond);
  g_mutex_unlock(&w->mutex);
}

void
vitrine_run_hurry(VitrineRun *self)
{
  g_return_if_fail(VITRINE_IS_RUN(self));
  Watch *w = self->watch;

  g_mutex_lock(&w->mutex);
  w->hurry = TRUE;
  g_cond_signal(&w->cond);
  g_mutex_unlock(&w->mutex);
}

/* ---- the object -------------------------------------------------------------------------- */

static void
vitrine_run_finalize(GObject *object)
{
  VitrineRun *self = VITRINE_RUN(object);
  Watch *w = self->watch;

  g_hash_table_remove(runs, w->path);
  w->run = NULL;
  g_mutex_lock(&w->mutex);
  w->stop = TRUE;
  g_cond_signal(&w->cond);
  g_mutex_unlock(&w->mutex);
  watch_unref(w);
  facts_free(self->facts);
  G_OBJECT_CLASS(vitrine_run_parent_class)->finalize(object);
}

static void
vitrine_run_class_init(VitrineRunClass *class)
{
  GType type = G_TYPE_FROM_CLASS(class);

  G_OBJECT_CLASS(class)->finalize = vitrine_run_finalize;
  signals[CHANGED] =
      g_signal_new("changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[FILES_CHANGED] =
      g_signal_new("files-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[ENDED] = g_signal_new("ended", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                1, G_TYPE_INT);
  signals[MESSAGE] = g_signal_new("message", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);
}

static void
vitrine_run_init(VitrineRun *self)
{
  Watch *w = self->watch = g_new0(Watch, 1);

  g_atomic_ref_count_init(&w->ref);
  g_mutex_init(&w->mutex);
  g_cond_init(&w->cond);
  w->run = self;
  w->viewers = -1;
}

VitrineRun *
vitrine_run_watch(const char *path)
{
  g_autofree char *canonical = g_canonicalize_filename(path, NULL);

  if (!runs)
    runs = g_hash_table_new(g_str_hash, g_str_equal);
  VitrineRun *self = g_hash_table_lookup(runs, canonical);
  if (self)
    return g_object_ref(self);
  self = g_object_new(VITRINE_TYPE_RUN, NULL);
  self->watch->path = g_steal_pointer(&canonical);
  g_hash_table_insert(runs, self->watch->path, self);
  g_atomic_ref_count_inc(&self->watch->ref);
  g_thread_unref(g_thread_new("run", watch_thread, self->watch));
  return self;
}
