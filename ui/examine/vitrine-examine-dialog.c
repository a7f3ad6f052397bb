#include "ui/examine/vitrine-examine-dialog.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "app/examine/examine-words.h"
#include "app/work/vitrine-examining.h"
#include "ui/examine/vitrine-planes.h"
#include "ui/examine/vitrine-witness-view.h"
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "ui/parts/vitrine-number.h"

#define TILE 112
#define SCAN 1000 /* pictures of the data set that are looked through */

struct _VitrineExamineDialog {
  AdwWindow parent_instance;
  VitrineSession *session;
  char *path, *data;         /* data NULL: what is known of the model's training */
  guint task;                /* 0: nothing runs */
  guint serial;              /* of the newest preparation; older ones are dropped */
  gboolean preparing;        /* the data set is being opened */
  VitrineExamination *found; /* NULL: nothing yet */

  GtkBox *pictures, *witnesses;
  GtkWidget *views[SG_WITNESSES];
  GtkLabel *provenance, *limits, *status;
  GtkWidget *provenance_box, *limits_box;
  AdwActionRow *data_row;
  GtkWidget *settings;
  GtkSwitch *stress;
  GtkSpinButton *references, *steps;
  GtkProgressBar *progress;
  GtkWidget *start_button, *cancel_button, *save_button;
};

G_DEFINE_FINAL_TYPE(VitrineExamineDialog, vitrine_examine_dialog, ADW_TYPE_WINDOW)

/* ---- what is shown --------------------------------------------------------------------------- */

static gboolean
is_running(VitrineExamineDialog *self)
{
  return self->task != 0 || self->preparing;
}

static void
show_state(VitrineExamineDialog *self)
{
  gboolean running = is_running(self), model = vitrine_session_get_model(self->session) != NULL;

  gtk_widget_set_visible(self->cancel_button, running);
  gtk_widget_set_visible(self->start_button, !running);
  gtk_widget_set_sensitive(self->start_button, model);
  gtk_widget_set_visible(self->save_button, !running && self->found);
  gtk_widget_set_sensitive(self->settings, !running);
  gtk_widget_set_visible(GTK_WIDGET(self->progress), running);
}

static void
show_data(VitrineExamineDialog *self)
{
  g_autofree char *name = self->data ? g_filename_display_name(self->data) : NULL;
  g_autofree char *escaped = name ? g_markup_escape_text(name, -1) : NULL;

  adw_action_row_set_subtitle(
      self->data_row,
      escaped ? escaped : _("The one that the model was trained with, if it is known"));
}

static void
clear_box(GtkBox *box)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child(GTK_WIDGET(box))))
    gtk_box_remove(box, child);
}

/* A file's name is broken as it is. */
static void
break_plainly(GtkLabel *label)
{
  PangoAttrList *list = pango_attr_list_new();

  pango_attr_list_insert(list, pango_attr_insert_hyphens_new(FALSE));
  gtk_label_set_attributes(label, list);
  pango_attr_list_unref(list);
}

/* Planes [C, r, r] as a small picture with words below. */
static void
add_tile(VitrineExamineDialog *self, const SgModel *model, const guint8 *planes,
         const char *caption)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6), *picture = gtk_picture_new(),
            *label = gtk_label_new(caption);

  g_autoptr(GdkPaintable) pixels = vitrine_planes_paintable(model, planes);
  gtk_picture_set_paintable(GTK_PICTURE(picture), pixels);
  gtk_picture_set_alternative_text(GTK_PICTURE(picture), caption);
  gtk_widget_set_size_request(picture, TILE, TILE);
  gtk_label_set_wrap(GTK_LABEL(label), TRUE);
  gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
  break_plainly(GTK_LABEL(label));
  gtk_label_set_max_width_chars(GTK_LABEL(label), 14);
  gtk_label_set_justify(GTK_LABEL(label), GTK_JUSTIFY_CENTER);
  gtk_widget_add_css_class(label, "caption");
  gtk_box_append(GTK_BOX(box), picture);
  gtk_box_append(GTK_BOX(box), label);
  gtk_box_append(self->pictures, box);
}

static void
show_pictures(VitrineExamineDialog *self, const SgExamination *e, const SgExamined *x)
{
  const SgModel *model = sg_examination_model(e);

  add_tile(self, model, x->pixels, _("The picture as it is judged"));
  if (x->face)
    add_tile(self, model, x->face, _("The nearest face of the model"));
  for (int i = 0; i < x->n_nearest; i++) {
    g_autofree char *caption =
        g_strdup_printf("%s (%.3f)", x->nearest[i].name, x->nearest[i].distance);
    add_tile(self, model, x->nearest[i].pixels, caption);
  }
}

static void
show_words(VitrineExamineDialog *self, const SgExamination *e, const SgExamined *x)
{
  g_auto(GStrv) lines = vitrine_provenance_words(x, sg_examination_model(e));
  g_autofree char *provenance = g_strjoinv("\n", lines);
  g_autoptr(GString) limits = g_string_new("");
  const char *limit;

  if (x->enlarged)
    g_string_append_printf(limits, "%s\n\n",
                           _("It is smaller than the model's pictures and was enlarged: its "
                             "spectrum is not looked at, and the other numbers mean less."));
  for (guint i = 0; (limit = vitrine_examine_limit(i)); i++)
    g_string_append_printf(limits, "%s%s", i ? "\n\n" : "", limit);
  gtk_label_set_text(self->provenance, provenance);
  gtk_label_set_text(self->limits, limits->str);
}

/* Or nothing, before and after a change. */
static void
show_found(VitrineExamineDialog *self)
{
  const SgExamination *e = self->found ? vitrine_examination_get(self->found) : NULL;
  const SgExamined *x = e ? sg_examination_get(e, 0) : NULL;

  clear_box(self->pictures);
  for (int w = 0; w < SG_WITNESSES; w++)
    vitrine_witness_view_show(VITRINE_WITNESS_VIEW(self->views[w]), e);
  gtk_widget_set_visible(self->provenance_box, x && !x->error);
  gtk_widget_set_visible(self->limits_box, x && !x->error);
  if (!x || x->error)
    return;
  show_pictures(self, e, x);
  show_words(self, e, x);
}

static void
forget_found(VitrineExamineDialog *self)
{
  g_clear_pointer(&self->found, vitrine_examination_unref);
  show_found(self);
}

/* ---- the work -------------------------------------------------------------------------------- */

static void
stop(VitrineExamineDialog *self)
{
  if (self->task)
    vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  self->serial++;
  self->preparing = FALSE;
}

static void
take_found(VitrineExamineDialog *self, const VitrineExamineNews *news)
{
  g_clear_pointer(&self->found, vitrine_examination_unref);
  self->found = vitrine_examination_ref(news->all);
  const SgExamined *x = sg_examination_get(vitrine_examination_get(self->found), 0);
  gtk_label_set_text(self->status, "");
  if (x->error) {
    vitrine_dialogs_message(GTK_WINDOW(self), _("The Picture Was Not Examined"), x->error);
    g_clear_pointer(&self->found, vitrine_examination_unref);
  }
  show_found(self);
  /* Scores in the window can be compared with this data set now. */
  GtkWindow *window = gtk_window_get_transient_for(GTK_WINDOW(self));
  if (window)
    g_action_group_activate_action(G_ACTION_GROUP(window), "look-for-scores", NULL);
}

static void
show_progress(VitrineExamineDialog *self, const VitrineExamineNews *news)
{
  g_autofree char *left =
      isnan(news->seconds) ? NULL : g_strdup_printf(_("About %.0f s left"), news->seconds);

  gtk_progress_bar_set_fraction(self->progress, CLAMP(news->share, 0, 1));
  gtk_label_set_text(self->status, left ? left : _("References are measured…"));
}

static void
news_cb(gpointer data, gboolean finished, gpointer user_data)
{
  VitrineExamineDialog *self = user_data;
  const VitrineExamineNews *news = data;

  if (finished) {
    self->task = 0;
    show_state(self);
    return;
  }
  if (news->all) {
    take_found(self, news);
  } else if (news->error) {
    gtk_label_set_text(self->status, "");
    vitrine_dialogs_message(GTK_WINDOW(self), _("The Picture Was Not Examined"), news->error);
  } else {
    show_progress(self, news);
  }
}

static void
prepared_cb(GObject *source, GAsyncResult *result, gpointer serial)
{
  VitrineExamineDialog *self = VITRINE_EXAMINE_DIALOG(source);
  const VitrineTaskClass class = vitrine_examining_class(news_cb);
  g_autoptr(GError) error = NULL;
  gpointer job = vitrine_examining_prepare_finish(result, &error);

  /* It was cancelled, or the dialog is gone. */
  if (!self->session || GPOINTER_TO_UINT(serial) != self->serial) {
    g_clear_pointer(&job, vitrine_examining_job_free);
    return;
  }
  self->preparing = FALSE;
  if (job)
    self->task =
        vitrine_view_start_task(vitrine_session_get_view(self->session), &class, job, self);
  else
    vitrine_dialogs_message(GTK_WINDOW(self), _("The Picture Was Not Examined"), error->message);
  if (error)
    gtk_label_set_text(self->status, "");
  show_state(self);
}

static void
start_cb(VitrineExamineDialog *self)
{
  SgModel *model = vitrine_session_get_model(self->session);

  if (is_running(self) || !model)
    return;
  forget_found(self);
  self->preparing = TRUE;
  gtk_progress_bar_set_fraction(self->progress, 0);
  gtk_label_set_text(self->status, _("The data set is opened…"));
  const VitrineExamineHow how = {.references = gtk_spin_button_get_value_as_int(self->references),
                                 .steps = gtk_spin_button_get_value_as_int(self->steps),
                                 .scan = SCAN,
                                 .stress = gtk_switch_get_active(self->stress)};
  vitrine_examining_prepare(model, self->path, self->data, &how, G_OBJECT(self), prepared_cb,
                            GUINT_TO_POINTER(self->serial));
  show_state(self);
}

static void
cancel_cb(VitrineExamineDialog *self)
{
  stop(self);
  gtk_label_set_text(self->status, _("Cancelled"));
  show_state(self);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void
saved_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrineExamineDialog *self = VITRINE_EXAMINE_DIALOG(source);
  g_autoptr(GError) error = NULL;
  gboolean saved = vitrine_examination_save_finish(result, &error);

  if (!self->session)
    return;
  if (saved)
    gtk_label_set_text(self->status, _("The report was saved"));
  else
    vitrine_dialogs_message(GTK_WINDOW(self), _("The Report Was Not Saved"), error->message);
}

static void
save_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineExamineDialog) self = data;

  if (file && self->found)
    vitrine_examination_save(self->found, file, G_OBJECT(self), saved_cb, NULL);
}

static void
save_cb(VitrineExamineDialog *self)
{
  g_autofree char *base = g_filename_display_basename(self->path);
  g_autofree char *name = g_strconcat(base, ".html", NULL);

  vitrine_file_dialog_save(GTK_WINDOW(self), _("Save Report"), name, NULL, save_chosen_cb,
                           g_object_ref(self));
}

void
vitrine_examine_dialog_choose(VitrineExamineDialog *self, GFile *file)
{
  g_return_if_fail(VITRINE_IS_EXAMINE_DIALOG(self));
  SgModel *model = vitrine_session_get_model(self->session);
  g_autofree char *path = g_file_get_path(file);

  if (is_running(self) || !model)
    return;
  g_free(self->data);
  self->data = path ? g_steal_pointer(&path) : g_file_get_uri(file);
  vitrine_examining_keep_data(model->hash, self->data);
  show_data(self);
}

static void
data_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineExamineDialog) self = data;

  if (file && self->session)
    vitrine_examine_dialog_choose(self, file);
}

static void
choose_file_cb(VitrineExamineDialog *self)
{
  vitrine_file_dialog_open(GTK_WINDOW(self), _("Data Set in a File"), NULL, data_chosen_cb,
                           g_object_ref(self));
}

static void
choose_folder_cb(VitrineExamineDialog *self)
{
  vitrine_file_dialog_folder(GTK_WINDOW(self), _("Folder of Real Pictures"), data_chosen_cb,
                             g_object_ref(self));
}

/* ---- the dialog ------------------------------------------------------------------------------ */

/* The session has ended every task without news; another model has its own data set. */
static void
model_changed_cb(VitrineSession *session, VitrineExamineDialog *self)
{
  SgModel *model = vitrine_session_get_model(session);

  self->task = 0;
  stop(self);
  g_free(self->data);
  self->data = model ? vitrine_examining_data(model->hash) : NULL;
  forget_found(self);
  show_data(self);
  show_state(self);
}

static void
set_path(VitrineExamineDialog *self, const char *path)
{
  g_autofree char *name = g_filename_display_basename(path);
  g_autofree char *title = g_strdup_printf(_("Examine %s"), name);

  stop(self);
  g_free(self->path);
  self->path = g_strdup(path);
  gtk_window_set_title(GTK_WINDOW(self), title);
  gtk_label_set_text(self->status, "");
  forget_found(self);
  show_state(self);
}

static void
vitrine_examine_dialog_dispose(GObject *object)
{
  VitrineExamineDialog *self = VITRINE_EXAMINE_DIALOG(object);

  if (self->session) {
    stop(self);
    g_signal_handlers_disconnect_by_data(self->session, self);
  }
  g_clear_object(&self->session);
  g_clear_pointer(&self->found, vitrine_examination_unref);
  G_OBJECT_CLASS(vitrine_examine_dialog_parent_class)->dispose(object);
}

static void
vitrine_examine_dialog_finalize(GObject *object)
{
  VitrineExamineDialog *self = VITRINE_EXAMINE_DIALOG(object);

  g_free(self->path);
  g_free(self->data);
  G_OBJECT_CLASS(vitrine_examine_dialog_parent_class)->finalize(object);
}

static void
bind_children(GtkWidgetClass *class)
{
  gtk_widget_class_bind_template_child(class, VitrineExamineDialog, pictures);
  gtk_widget_class_bind_template_child(class, VitrineExamineDialog, witnesses);
  gtk_widget_class_bind_template_child(class, VitrineExamineDialog, provenance);
  gtk_widget_class_bind_template_child(class, VitrineExamineDialog, provenance_box);
  gtk_widget_class_bind_template_child(class, VitrineExamineDialog, limits);
  gtk_widget_class_bind_template_child(class, VitrineExamineDialog, limits_box);
  gtk_widget_class_bind_template_child(class, VitrineExamineDialog, data_row);
  gtk_widget_class_bind_template_child(class, VitrineExamineDialog, settings);
  gtk_widget_class_bind_template_child(class, VitrineExamineDialog, stress);
  gtk_widget_class_bind_template_child(class, VitrineExamineDialog, references);
  gtk_widget_class_bind_template_child(class, VitrineExamineDialog, steps);
  gtk_widget_class_bind_template_child(class, VitrineExamineDialog, status);
  gtk_widget_class_bind_template_child(class, VitrineExamineDialog, progress);
  gtk_widget_class_bind_template_child(class, VitrineExamineDialog, start_button);
  gtk_widget_class_bind_template_child(class, VitrineExamineDialog, cancel_button);
  gtk_widget_class_bind_template_child(class, VitrineExamineDialog, save_button);
}

static void
vitrine_examine_dialog_class_init(VitrineExamineDialogClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_examine_dialog_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_examine_dialog_finalize;
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-examine-dialog.ui");
  bind_children(widget_class);
  gtk_widget_class_bind_template_callback(widget_class, start_cb);
  gtk_widget_class_bind_template_callback(widget_class, cancel_cb);
  gtk_widget_class_bind_template_callback(widget_class, save_cb);
  gtk_widget_class_bind_template_callback(widget_class, choose_file_cb);
  gtk_widget_class_bind_template_callback(widget_class, choose_folder_cb);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_w, GDK_CONTROL_MASK, "window.close",
                                      NULL);
}

static void
vitrine_examine_dialog_init(VitrineExamineDialog *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
  for (int w = 0; w < SG_WITNESSES; w++) {
    self->views[w] = vitrine_witness_view_new((SgWitness)w);
    gtk_box_append(self->witnesses, self->views[w]);
  }
}

static void
forget(GtkWidget *dialog, GObject *parent)
{
  g_object_set_data(parent, "vitrine-examine-dialog", NULL);
}

GtkWidget *
vitrine_examine_dialog_present(GtkWindow *parent, VitrineSession *session, const char *path)
{
  VitrineExamineDialog *self = g_object_get_data(G_OBJECT(parent), "vitrine-examine-dialog");

  if (!self) {
    self = g_object_new(VITRINE_TYPE_EXAMINE_DIALOG, NULL);
    vitrine_dialogs_attach(GTK_WINDOW(self), parent);
    self->session = g_object_ref(session);
    g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self, 0);
    g_object_set_data(G_OBJECT(parent), "vitrine-examine-dialog", self);
    g_signal_connect_object(self, "destroy", G_CALLBACK(forget), parent, 0);
    model_changed_cb(session, self);
    vitrine_accessible_name_all(GTK_WIDGET(self));
    vitrine_numeric_all(GTK_WIDGET(self));
    gtk_widget_grab_focus(self->start_button);
  }
  set_path(self, path);
  gtk_window_present(GTK_WINDOW(self));
  return GTK_WIDGET(self);
}
