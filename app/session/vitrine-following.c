#include "app/session/vitrine-following.h"
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "app/session/vitrine-follow.h"

struct _VitrineFollowing {
  GObject parent_instance;
  VitrineFavourites *favourites;
  VitrineMessages *messages;
  VitrineFollow *follow;
  SgModel *open; /* what is shown; NULL: nothing */
  char *directory, *followable;
  guint look_source; /* whether the training that could be followed still runs */
  double kimg;
  gboolean live;
  gboolean own_snapshot; /* what was open when following began is of that run */
  gboolean waiting;
  guint serial;
};

enum { PROP_0, PROP_DIRECTORY, PROP_KIMG, PROP_LIVE, PROP_FOLLOWABLE, PROP_WAITING, N_PROPS };

static GParamSpec *props[N_PROPS];
static guint model_signal;

G_DEFINE_FINAL_TYPE(VitrineFollowing, vitrine_following, G_TYPE_OBJECT)

static void
notify_all(VitrineFollowing *self)
{
  g_object_freeze_notify(G_OBJECT(self));
  for (int prop = PROP_DIRECTORY; prop <= PROP_FOLLOWABLE; prop++)
    g_object_notify_by_pspec(G_OBJECT(self), props[prop]);
  g_object_thaw_notify(G_OBJECT(self));
}

static void
set_waiting(VitrineFollowing *self, gboolean waiting)
{
  if (self->waiting == waiting)
    return;
  self->waiting = waiting;
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_WAITING]);
}

static double
kimg_of(const SgModel *model)
{
  const char *text = model ? g_hash_table_lookup(model->metadata, "kimg") : NULL;
  return text ? g_ascii_strtod(text, NULL) : NAN;
}

static void
clear(VitrineFollowing *self)
{
  g_clear_pointer(&self->follow, vitrine_follow_free);
  g_clear_pointer(&self->directory, g_free);
  self->kimg = NAN;
  self->live = FALSE;
  self->serial++;
}

static void
news_cb(VitrineFollowNews *news, gpointer user_data)
{
  VitrineFollowing *self = user_data;

  if (news->error) {
    g_autofree char *text = g_strdup(news->error);
    clear(self);
    notify_all(self);
    vitrine_messages_error(self->messages, _("The training cannot be followed"), text);
    set_waiting(self, FALSE);
  } else if (news->model) {
    g_autoptr(SgModel) model = g_steal_pointer(&news->model);
    g_signal_emit(self, model_signal, 0, model);
  } else if (self->live != news->live) {
    gboolean ended = self->live;
    self->live = news->live;
    notify_all(self);
    if (ended)
      vitrine_messages_info(self->messages, "%s", _("The training has ended"));
  }
}

/* ---- from outside ------------------------------------------------------------------------ */

void
vitrine_following_start(VitrineFollowing *self, const char *run_dir)
{
  g_return_if_fail(VITRINE_IS_FOLLOWING(self));
  g_return_if_fail(run_dir != NULL);
  g_autofree char *path = g_canonicalize_filename(run_dir, NULL);

  if (g_strcmp0(path, self->directory) == 0)
    return;
  clear(self);
  g_autofree char *dir = self->open ? g_path_get_dirname(self->open->path) : NULL;
  g_autofree char *open_in = dir ? g_canonicalize_filename(dir, NULL) : NULL;
  self->directory = g_steal_pointer(&path);
  self->own_snapshot = g_strcmp0(open_in, self->directory) == 0;
  self->follow = vitrine_follow_new(self->directory, self->own_snapshot ? self->open->path : NULL,
                                    news_cb, self);
  g_clear_pointer(&self->followable, g_free);
  g_clear_handle_id(&self->look_source, g_source_remove);
  set_waiting(self, !self->open);
  notify_all(self);
}

void
vitrine_following_stop(VitrineFollowing *self)
{
  g_return_if_fail(VITRINE_IS_FOLLOWING(self));
  if (!self->directory)
    return;
  g_autofree char *run_dir = g_strdup(self->directory);
  gboolean live = self->live;
  clear(self);
  set_waiting(self, FALSE);
  vitrine_following_set_followable(self, live ? g_steal_pointer(&run_dir) : NULL);
}

const char *
vitrine_following_get_directory(VitrineFollowing *self)
{
  g_return_val_if_fail(VITRINE_IS_FOLLOWING(self), NULL);
  return self->directory;
}

gboolean
vitrine_following_is_waiting(VitrineFollowing *self)
{
  g_return_val_if_fail(VITRINE_IS_FOLLOWING(self), FALSE);
  return self->waiting;
}

char *
vitrine_following_weights_text(VitrineFollowing *self)
{
  g_return_val_if_fail(VITRINE_IS_FOLLOWING(self), NULL);
  double kimg = kimg_of(self->open);
  return isfinite(kimg) ? g_strdup_printf(_("%.1f kimg"), kimg) : NULL;
}

/* ---- a training that could be followed --------------------------------------------------- */

#define LOOK_SEC 2

static void
look_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_boolean(task, vitrine_follow_is_running(data));
}

static void look_later(VitrineFollowing *self);

/* Nothing is said: it was only offered. */
static void
looked_cb(GObject *source, GAsyncResult *result, gpointer unused)
{
  VitrineFollowing *self = VITRINE_FOLLOWING(source);
  const char *asked = g_task_get_task_data(G_TASK(result));
  gboolean runs = g_task_propagate_boolean(G_TASK(result), NULL);

  if (g_strcmp0(self->followable, asked) != 0)
    return; /* another by now, which is looked after by itself */
  if (runs)
    look_later(self);
  else
    vitrine_following_set_followable(self, NULL);
}

static gboolean
look_cb(gpointer data)
{
  VitrineFollowing *self = data;
  g_autoptr(GTask) task = g_task_new(self, NULL, looked_cb, NULL);

  self->look_source = 0;
  g_task_set_task_data(task, g_strdup(self->followable), g_free);
  g_task_run_in_thread(task, look_worker);
  return G_SOURCE_REMOVE;
}

static void
look_later(VitrineFollowing *self)
{
  if (!self->look_source)
    self->look_source = g_timeout_add_seconds(LOOK_SEC, look_cb, self);
}

/* ---- for the opener ---------------------------------------------------------------------- */

void
vitrine_following_set_open(VitrineFollowing *self, SgModel *model)
{
  g_return_if_fail(VITRINE_IS_FOLLOWING(self));
  SgModel *old = self->open;

  self->open = model ? sg_model_ref(model) : NULL;
  if (old)
    sg_model_unref(old);
}

void
vitrine_following_in_use(VitrineFollowing *self)
{
  g_return_if_fail(VITRINE_IS_FOLLOWING(self));
  if (!self->directory)
    return;
  vitrine_favourites_set_key(self->favourites, self->directory, self->own_snapshot);
  self->kimg = kimg_of(self->open);
  set_waiting(self, FALSE);
  notify_all(self);
}

void
vitrine_following_end(VitrineFollowing *self)
{
  g_return_if_fail(VITRINE_IS_FOLLOWING(self));
  if (!self->directory)
    return;
  g_autofree char *name = g_filename_display_basename(self->directory);
  clear(self);
  set_waiting(self, FALSE);
  notify_all(self);
  vitrine_messages_info(self->messages, _("No longer following %s"), name);
}

void
vitrine_following_ready(VitrineFollowing *self)
{
  g_return_if_fail(VITRINE_IS_FOLLOWING(self));
  if (self->follow)
    vitrine_follow_ready(self->follow);
}

guint
vitrine_following_get_serial(VitrineFollowing *self)
{
  g_return_val_if_fail(VITRINE_IS_FOLLOWING(self), 0);
  return self->serial;
}

void
vitrine_following_set_followable(VitrineFollowing *self, char *run_dir)
{
  g_return_if_fail(VITRINE_IS_FOLLOWING(self));
  g_free(self->followable);
  self->followable = run_dir;
  g_clear_handle_id(&self->look_source, g_source_remove);
  if (run_dir)
    look_later(self);
  notify_all(self);
}

/* ---- the object -------------------------------------------------------------------------- */

static void
vitrine_following_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VitrineFollowing *self = VITRINE_FOLLOWING(object);

  switch (id) {
  case PROP_DIRECTORY:
    g_value_set_string(value, self->directory);
    break;
  case PROP_KIMG:
    g_value_set_double(value, self->kimg);
    break;
  case PROP_LIVE:
    g_value_set_boolean(value, self->live);
    break;
  case PROP_FOLLOWABLE:
    g_value_set_string(value, self->followable);
    break;
  case PROP_WAITING:
    g_value_set_boolean(value, self->waiting);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void
vitrine_following_dispose(GObject *object)
{
  VitrineFollowing *self = VITRINE_FOLLOWING(object);

  g_clear_handle_id(&self->look_source, g_source_remove);
  g_clear_pointer(&self->follow, vitrine_follow_free);
  g_clear_pointer(&self->open, sg_model_unref);
  g_clear_object(&self->favourites);
  g_clear_object(&self->messages);
  G_OBJECT_CLASS(vitrine_following_parent_class)->dispose(object);
}

static void
vitrine_following_finalize(GObject *object)
{
  VitrineFollowing *self = VITRINE_FOLLOWING(object);

  g_free(self->directory);
  g_free(self->followable);
  G_OBJECT_CLASS(vitrine_following_parent_class)->finalize(object);
}

static void
vitrine_following_class_init(VitrineFollowingClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = vitrine_following_get_property;
  object_class->dispose = vitrine_following_dispose;
  object_class->finalize = vitrine_following_finalize;
  props[PROP_DIRECTORY] = g_param_spec_string("directory", NULL, NULL, NULL, flags);
  props[PROP_KIMG] = g_param_spec_double("kimg", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0, flags);
  props[PROP_LIVE] = g_param_spec_boolean("live", NULL, NULL, FALSE, flags);
  props[PROP_FOLLOWABLE] = g_param_spec_string("followable", NULL, NULL, NULL, flags);
  props[PROP_WAITING] = g_param_spec_boolean("waiting", NULL, NULL, FALSE, flags);
  g_object_class_install_properties(object_class, N_PROPS, props);
  model_signal = g_signal_new("model", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                              NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
}

static void
vitrine_following_init(VitrineFollowing *self)
{
  self->kimg = NAN;
}

VitrineFollowing *
vitrine_following_new(VitrineFavourites *favourites, VitrineMessages *messages)
{
  VitrineFollowing *self = g_object_new(VITRINE_TYPE_FOLLOWING, NULL);

  self->favourites = g_object_ref(favourites);
  self->messages = g_object_ref(messages);
  return self;
}
