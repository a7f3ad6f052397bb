#include "ui/pruning/vitrine-pruning-reals.h"
#include <glib/gi18n.h>
#include <math.h>
#include "engine/explore/weights/real-score.h"
#include "ui/parts/vitrine-file-dialog.h"

#define IMAGES 32

/* Shared with the task that scores them; an atomic rc box. One task at a time. */
typedef struct {
  SgRealScorer *scorer;
} Pictures;

struct _VitrinePruningReals {
  GtkBox parent_instance;
  VitrineSession *session;
  VitrinePruningSweep *sweep; /* borrowed */
  GtkLabel *label;
  GtkWidget *button;
  GtkPopover *menu;
  guint serial;       /* of the newest reading; older ones are dropped */
  guint task;         /* scoring */
  gboolean looked;    /* for the data set of this model's training */
  Pictures *pictures; /* of that or another set, to be scored again; NULL: none */
  gboolean behind;    /* new weights have come since `task` was started */
  char *name;         /* of the data set, for people; NULL: none */
};

G_DEFINE_FINAL_TYPE(VitrinePruningReals, vitrine_pruning_reals, GTK_TYPE_BOX)

/* ---- what is shown ----------------------------------------------------------------------- */

static gboolean
has_discriminator(VitrinePruningReals *self)
{
  SgModel *model = vitrine_session_get_model(self->session);
  return model && model->info.has_d;
}

static void
show_nothing(VitrinePruningReals *self, const char *text)
{
  gtk_label_set_text(self->label, text);
  vitrine_pruning_sweep_set_real(self->sweep, NAN);
}

static void
show_summary(VitrinePruningReals *self, const SgScoreSummary *s)
{
  g_autofree char *text = g_strdup_printf(
      ngettext("Real (%d picture of %s): score %.3f ± %.3f, logit %.3f ± %.3f",
               "Real (%d pictures of %s): score %.3f ± %.3f, logit %.3f ± %.3f",
               (unsigned long)s->images),
      s->images, self->name, s->score_mean, s->score_std, s->logit_mean, s->logit_std);

  gtk_label_set_text(self->label, text);
  vitrine_pruning_sweep_set_real(self->sweep, s->score_mean);
}

static void
show_error(VitrinePruningReals *self, const GError *error)
{
  g_autofree char *text =
      g_strconcat(_("The real pictures could not be scored"), "\n\n", error->message, NULL);

  show_nothing(self, _("Real pictures: not scored"));
  vitrine_session_say(self->session, text, TRUE);
}

/* ---- scoring, on the render thread ------------------------------------------------------- */

typedef struct {
  Pictures *pictures;
  SgModel *model;  /* whose discriminator scores; NULL before the first step */
  SgRenderer *own; /* of it, once the session has newer weights */
} Job;

static void
pictures_clear(gpointer data)
{
  sg_real_scorer_free(((Pictures *)data)->scorer);
}

static void
pictures_unref(Pictures *pictures)
{
  g_atomic_rc_box_release_full(pictures, pictures_clear);
}

typedef struct {
  SgScoreSummary summary;
  GError *error;
} News;

static void
job_free(gpointer data)
{
  Job *job = data;
  g_clear_pointer(&job->model, sg_model_unref);
  sg_renderer_free(job->own);
  pictures_unref(job->pictures);
  g_free(job);
}

static void
news_free(gpointer data)
{
  News *news = data;
  g_clear_error(&news->error);
  g_free(news);
}

/* All pictures are scored with one set of weights: when a training's next ones come meanwhile, it
 * begins once more with a renderer that stays. NULL: error. */
static SgRenderer *
steady_renderer(Job *job, SgRenderer *renderer, GError **error)
{
  SgModel *model = sg_renderer_model(renderer);

  if (job->own || job->model == model)
    return job->own ? job->own : renderer;
  gboolean first = !job->model;
  sg_real_scorer_restart(job->pictures->scorer);
  g_clear_pointer(&job->model, sg_model_unref);
  job->model = sg_model_ref(model);
  if (first)
    return renderer;
  return job->own = sg_renderer_new(model, NULL, error);
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  Job *job = data;
  GError *error = NULL;
  gboolean done = FALSE;

  renderer = steady_renderer(job, renderer, &error);
  if (renderer && sg_real_scorer_step(job->pictures->scorer, renderer, &done, &error) && !done)
    return TRUE;
  News *news = g_new0(News, 1);
  news->summary = *sg_real_scorer_summary(job->pictures->scorer);
  news->error = error;
  *out = news;
  return FALSE;
}

static void renew(VitrinePruningReals *self);

static void
news_cb(gpointer data, gboolean finished, gpointer user_data)
{
  VitrinePruningReals *self = user_data;
  const News *news = data;

  if (news && news->error)
    show_error(self, news->error);
  else if (news)
    show_summary(self, &news->summary);
  if (!finished)
    return;
  self->task = 0;
  renew(self);
}

static void
score(VitrinePruningReals *self)
{
  static const VitrineTaskClass class = {TRUE, step, news_cb, news_free, job_free};
  Job *job = g_new0(Job, 1);

  job->pictures = g_atomic_rc_box_acquire(self->pictures);
  self->behind = FALSE;
  self->task = vitrine_view_start_task(vitrine_session_get_view(self->session), &class, job, self);
}

/* One score after the other, however often new weights come, and only while it is seen. The last
 * one stays until then. */
static void
renew(VitrinePruningReals *self)
{
  if (self->behind && self->pictures && !self->task && gtk_widget_get_mapped(GTK_WIDGET(self)))
    score(self);
}

static void
weights_changed_cb(VitrinePruningReals *self)
{
  self->behind = TRUE;
  renew(self);
}

/* ---- reading, on a worker ---------------------------------------------------------------- */

typedef struct {
  SgModel *model;
  char *path; /* NULL: what the model's training used, if that is known */
  guint serial;
} Reading;

static void
reading_free(gpointer data)
{
  Reading *r = data;
  sg_model_unref(r->model);
  g_free(r->path);
  g_free(r);
}

/* NULL without an error: no data set is known. */
static void
read_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Reading *r = data;
  GError *error = NULL;
  gboolean chosen = r->path != NULL;
  SgRealScorer *scorer = NULL;

  if (!chosen)
    r->path = sg_known_data(r->model->path);
  if (r->path)
    scorer = sg_real_scorer_new(r->model, r->path, IMAGES, &error);
  if (error && chosen)
    g_task_return_error(task, error);
  else
    g_task_return_pointer(task, scorer, (GDestroyNotify)sg_real_scorer_free);
  if (error && !chosen) /* nobody has asked for it */
    g_error_free(error);
}

static void
read_cb(GObject *source, GAsyncResult *result, gpointer unused)
{
  VitrinePruningReals *self = VITRINE_PRUNING_REALS(source);
  const Reading *r = g_task_get_task_data(G_TASK(result));
  g_autoptr(GError) error = NULL;
  g_autoptr(SgRealScorer) scorer = g_task_propagate_pointer(G_TASK(result), &error);

  /* The pane is gone, another model is open, or another set was chosen. */
  if (!self->session || r->serial != self->serial)
    return;
  if (error) {
    show_error(self, error);
  } else if (!scorer) {
    show_nothing(self, _("Real pictures: no data set is known"));
  } else {
    g_free(self->name);
    self->name = g_path_get_basename(r->path);
    self->pictures = g_atomic_rc_box_new0(Pictures);
    self->pictures->scorer = g_steal_pointer(&scorer);
    score(self);
  }
}

static void
start(VitrinePruningReals *self, const char *path)
{
  g_autoptr(GTask) task = g_task_new(self, NULL, read_cb, NULL);
  Reading *r = g_new0(Reading, 1);

  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  g_clear_pointer(&self->pictures, pictures_unref);
  show_nothing(self, _("Real pictures: …"));
  r->model = sg_model_ref(vitrine_session_get_model(self->session));
  r->path = g_strdup(path);
  r->serial = ++self->serial;
  g_task_set_task_data(task, r, reading_free);
  g_task_run_in_thread(task, read_thread);
}

void
vitrine_pruning_reals_choose(VitrinePruningReals *self, GFile *file)
{
  g_autofree char *path = g_file_get_path(file);
  g_autofree char *uri = g_file_get_uri(file);

  if (!has_discriminator(self))
    return;
  self->looked = TRUE;
  start(self, path ? path : uri); /* a place elsewhere is told as a file that is not there */
}

/* Only once somebody looks: opening a model is not to wait for its data set. */
static void
look(VitrinePruningReals *self)
{
  if (self->looked || !self->session || !gtk_widget_get_mapped(GTK_WIDGET(self)) ||
      !has_discriminator(self))
    return;
  self->looked = TRUE;
  start(self, NULL);
}

static void
model_changed_cb(VitrinePruningReals *self)
{
  if (!self->session) /* the pane is gone */
    return;
  self->task = 0; /* the session has ended the old model's */
  self->serial++;
  self->looked = self->behind = FALSE;
  g_clear_pointer(&self->pictures, pictures_unref);
  show_nothing(self, NULL);
  gtk_widget_set_visible(GTK_WIDGET(self), has_discriminator(self));
  look(self);
}

/* ---- choosing ---------------------------------------------------------------------------- */

static void
chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrinePruningReals) self = data;
  if (file && self->session)
    vitrine_pruning_reals_choose(self, file);
}

static GtkWindow *
window_of(VitrinePruningReals *self)
{
  GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(self));
  return GTK_IS_WINDOW(root) ? GTK_WINDOW(root) : NULL;
}

static void
folder_cb(GtkButton *button, VitrinePruningReals *self)
{
  gtk_popover_popdown(self->menu);
  vitrine_file_dialog_folder(window_of(self), _("Folder of Real Pictures"), chosen_cb,
                             g_object_ref(self));
}

static void
file_cb(GtkButton *button, VitrinePruningReals *self)
{
  gtk_popover_popdown(self->menu);
  vitrine_file_dialog_open(window_of(self), _("Data Set in a File"), NULL, chosen_cb,
                           g_object_ref(self));
}

static gboolean
drop_cb(GtkDropTarget *target, const GValue *value, double x, double y, VitrinePruningReals *self)
{
  vitrine_pruning_reals_choose(self, g_value_get_object(value));
  return TRUE;
}

/* ---- life -------------------------------------------------------------------------------- */

void
vitrine_pruning_reals_set_session(VitrinePruningReals *self, VitrineSession *session,
                                  VitrinePruningSweep *sweep)
{
  self->session = g_object_ref(session);
  self->sweep = sweep;
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "weights-changed", G_CALLBACK(weights_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect(self, "map", G_CALLBACK(look), NULL);
  g_signal_connect(self, "map", G_CALLBACK(renew), NULL);
  model_changed_cb(self);
}

static void
menu_item(VitrinePruningReals *self, GtkWidget *box, const char *text, const char *name,
          GCallback func)
{
  GtkWidget *button = gtk_button_new_with_mnemonic(text);

  gtk_widget_add_css_class(button, "flat");
  gtk_widget_set_name(button, name);
  g_signal_connect(button, "clicked", func, self);
  gtk_box_append(GTK_BOX(box), button);
}

static void
vitrine_pruning_reals_init(VitrinePruningReals *self)
{
  GtkDropTarget *drop = gtk_drop_target_new(G_TYPE_FILE, GDK_ACTION_COPY);
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

  gtk_box_set_spacing(GTK_BOX(self), 8);
  self->label = GTK_LABEL(gtk_label_new(NULL));
  gtk_widget_set_name(GTK_WIDGET(self->label), "prune-real");
  gtk_label_set_wrap(self->label, TRUE);
  gtk_label_set_xalign(self->label, 0);
  gtk_widget_set_hexpand(GTK_WIDGET(self->label), TRUE);
  gtk_widget_add_css_class(GTK_WIDGET(self->label), "numeric");
  self->menu = GTK_POPOVER(gtk_popover_new());
  menu_item(self, box, _("_Folder…"), "prune-real-folder", G_CALLBACK(folder_cb));
  menu_item(self, box, _("F_ile (ZIP, IDX)…"), "prune-real-file", G_CALLBACK(file_cb));
  gtk_popover_set_child(self->menu, box);
  self->button = gtk_menu_button_new();
  gtk_menu_button_set_label(GTK_MENU_BUTTON(self->button), _("Real Images…"));
  gtk_menu_button_set_popover(GTK_MENU_BUTTON(self->button), GTK_WIDGET(self->menu));
  gtk_widget_set_name(self->button, "prune-real-button");
  gtk_widget_set_valign(self->button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text(self->button,
                              _("A data set, the first 32 pictures of which are scored too; it can "
                                "be dropped here as well"));
  gtk_box_append(GTK_BOX(self), GTK_WIDGET(self->label));
  gtk_box_append(GTK_BOX(self), self->button);
  g_signal_connect(drop, "drop", G_CALLBACK(drop_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drop));
}

static void
vitrine_pruning_reals_dispose(GObject *object)
{
  VitrinePruningReals *self = VITRINE_PRUNING_REALS(object);

  if (self->session)
    vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  g_clear_pointer(&self->pictures, pictures_unref);
  g_clear_object(&self->session);
  g_clear_pointer(&self->name, g_free);
  G_OBJECT_CLASS(vitrine_pruning_reals_parent_class)->dispose(object);
}

static void
vitrine_pruning_reals_class_init(VitrinePruningRealsClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_pruning_reals_dispose;
}
