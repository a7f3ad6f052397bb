#include "ui/strip/vitrine-strip-dialog.h"
#include <glib/gi18n.h>
#include <string.h>
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-number.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "app/work/vitrine-strip-plan.h"
#include "app/work/vitrine-strip-save.h"
#include "ui/strip/vitrine-strip-view.h"

struct _VitrineStripDialog {
  AdwWindow parent_instance;
  VitrineSession *session;
  VitrineStripPlan *plan; /* as the settings say; NULL while they make no sense */
  guint task;             /* 0: nothing runs */

  AdwToastOverlay *toasts;
  AdwComboRow *kind_row, *faces_row;
  GtkWidget *dimension_row;
  GtkDropDown *space;
  GtkSpinButton *dimension;
  AdwEntryRow *values_row;
  VitrineStripView *view;
  GtkLabel *status;
  GtkProgressBar *progress;
  GtkWidget *start_button, *cancel_button, *save_button;
};

G_DEFINE_FINAL_TYPE(VitrineStripDialog, vitrine_strip_dialog, ADW_TYPE_WINDOW)

/* ---- the plan -------------------------------------------------------------------------------- */

static void
read_parameter(VitrineStripDialog *self, SgStripParameter *p)
{
  p->kind = (SgStripKind)adw_combo_row_get_selected(self->kind_row);
  p->space = gtk_drop_down_get_selected(self->space) == 0 ? SG_SPACE_Z : SG_SPACE_W;
  p->dim = gtk_spin_button_get_value_as_int(self->dimension);
}

static VitrineStripPlan *
plan_of_settings(VitrineStripDialog *self, GError **error)
{
  SgStripParameter p;

  read_parameter(self, &p);
  return vitrine_strip_plan_new(vitrine_session_get_model(self->session),
                                vitrine_session_get_recipe(self->session), &p,
                                gtk_editable_get_text(GTK_EDITABLE(self->values_row)),
                                adw_combo_row_get_selected(self->faces_row) != 0, error);
}

/* ---- what is shown --------------------------------------------------------------------------- */

static void
show_state(VitrineStripDialog *self)
{
  gboolean running = self->task != 0, complete = vitrine_strip_plan_complete(self->plan);
  g_autofree char *text = NULL;

  gtk_widget_set_visible(self->cancel_button, running);
  gtk_widget_set_sensitive(self->start_button, self->plan != NULL);
  gtk_widget_set_sensitive(self->save_button, complete);
  if (!self->plan)
    return;
  int total = (int)vitrine_strip_plan_total(self->plan);
  gtk_progress_bar_set_fraction(self->progress, (double)self->plan->done / total);
  if (running)
    text = g_strdup_printf(_("%'d of %'d pictures"), self->plan->done, total);
  else
    text = g_strdup_printf(ngettext("%'d picture", "%'d pictures", (gulong)total), total);
  gtk_label_set_text(self->status, text);
  /* The next step is the one that stands out. */
  if (complete) {
    gtk_widget_remove_css_class(self->start_button, "suggested-action");
    gtk_widget_add_css_class(self->save_button, "suggested-action");
  } else {
    gtk_widget_remove_css_class(self->save_button, "suggested-action");
    gtk_widget_add_css_class(self->start_button, "suggested-action");
  }
}

static void
stop(VitrineStripDialog *self)
{
  if (self->task)
    vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
}

static void
show_frames(VitrineStripDialog *self)
{
  VitrineStripPlan *plan = self->plan;
  g_auto(GStrv) labels = g_new0(char *, plan->n + 1);

  for (int i = 0; i < plan->n; i++)
    labels[i] = vitrine_strip_value_text(&plan->parameter, plan->values[i]);
  vitrine_strip_view_reset(self->view, plan->base->faces, plan->n, labels);
}

/* The settings, or the face they are about, have changed: what was drawn no longer holds. */
static void
renew(VitrineStripDialog *self)
{
  g_autoptr(GError) error = NULL;

  stop(self);
  g_clear_pointer(&self->plan, vitrine_strip_plan_unref);
  self->plan = plan_of_settings(self, &error);
  if (self->plan)
    show_frames(self);
  else if (error)
    gtk_label_set_text(self->status, error->message);
  if (self->plan)
    gtk_widget_remove_css_class(GTK_WIDGET(self->values_row), "error");
  else
    gtk_widget_add_css_class(GTK_WIDGET(self->values_row), "error");
  show_state(self);
}

static void
show_dimensions(VitrineStripDialog *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);
  gboolean z = gtk_drop_down_get_selected(self->space) == 0;

  if (recipe)
    gtk_adjustment_set_upper(gtk_spin_button_get_adjustment(self->dimension),
                             (z ? recipe->z_dim : recipe->w_dim) - 1);
}

static void
setting_cb(VitrineStripDialog *self)
{
  if (!self->session)
    return;
  show_dimensions(self);
  renew(self);
}

/* Another parameter brings the values that a report would take. */
static void
kind_cb(VitrineStripDialog *self)
{
  SgStripParameter p;
  GString *text = g_string_new(NULL);

  read_parameter(self, &p);
  g_autoptr(GArray) values = sg_strip_default_values(&p);
  for (guint i = 0; i < values->len; i++)
    g_string_append_printf(text, "%s%g", i ? ", " : "", g_array_index(values, double, i));
  gtk_widget_set_visible(self->dimension_row, p.kind == SG_STRIP_DIMENSION);
  gtk_editable_set_text(GTK_EDITABLE(self->values_row), text->str);
  g_string_free(text, TRUE);
  setting_cb(self); /* the values may be the same */
}

/* ---- the task -------------------------------------------------------------------------------- */

static void
news_cb(gpointer data, gboolean finished, gpointer user_data)
{
  VitrineStripDialog *self = user_data;
  VitrineStripNews *news = data;

  if (finished) {
    self->task = 0;
  } else if (news->error) {
    vitrine_dialogs_message(GTK_WINDOW(self), _("The strip could not be drawn"),
                            news->error->message);
  } else {
    SgStripTile *tile = g_steal_pointer(&news->tile);
    vitrine_strip_view_add(self->view, tile);
    self->plan->tiles[tile->row * self->plan->n + tile->column] = tile;
    self->plan->done++;
  }
  show_state(self);
}

static void
start_cb(VitrineStripDialog *self)
{
  if (self->task)
    return;
  renew(self);
  if (!self->plan)
    return;
  self->task =
      vitrine_strip_plan_start(self->plan, vitrine_session_get_view(self->session), news_cb, self);
  show_state(self);
  gtk_widget_grab_focus(self->cancel_button);
}

static void
cancel_cb(VitrineStripDialog *self)
{
  renew(self);
  gtk_widget_grab_focus(self->start_button);
}

/* ---- the files ------------------------------------------------------------------------------- */

static void
saved_cb(const char *text, const GError *error, gpointer data)
{
  g_autoptr(VitrineStripDialog) self = data;

  if (!self->session) { /* closed meanwhile */
    if (error)
      g_warning("%s", error->message);
  } else if (!error) {
    adw_toast_overlay_add_toast(self->toasts, adw_toast_new(text));
  } else {
    vitrine_dialogs_message(GTK_WINDOW(self), _("The file could not be saved"), error->message);
  }
}

/* A question about replacing a table. */
typedef struct {
  VitrineStripDialog *dialog;
  char *png;
} Question;

static void
replace_cb(const char *answer, gpointer data)
{
  Question *question = data;
  g_autoptr(VitrineStripDialog) self = question->dialog;

  if (g_str_equal(answer, "replace") && self->session && vitrine_strip_plan_complete(self->plan))
    vitrine_strip_save(self->plan, self->session, question->png, saved_cb, g_object_ref(self));
  g_free(question->png);
  g_free(question);
}

/* The file dialog has asked about the picture only. */
static void
ask_replace(VitrineStripDialog *self, const char *png, const char *csv)
{
  static const VitrineChoice choices[] = {
      {"cancel", N_("_Cancel"), VITRINE_CHOICE_PLAIN},
      {"replace", N_("_Replace"), VITRINE_CHOICE_DESTRUCTIVE},
      {NULL},
  };
  Question *question = g_new(Question, 1);
  g_autofree char *name = g_filename_display_basename(csv);
  g_autofree char *text = g_strdup_printf(
      _("%s stands beside the picture already. The strip's table would take its place."), name);

  question->dialog = g_object_ref(self);
  question->png = g_strdup(png);
  vitrine_dialogs_ask(GTK_WINDOW(self), _("Replace the Table?"), text, choices, NULL, replace_cb,
                      question);
}

void
vitrine_strip_dialog_save(VitrineStripDialog *self, GFile *file)
{
  g_return_if_fail(VITRINE_IS_STRIP_DIALOG(self));
  g_autofree char *path = g_file_get_path(file);
  g_autofree char *csv = path ? vitrine_strip_csv_path(path) : NULL;

  g_return_if_fail(vitrine_strip_plan_complete(self->plan));
  if (!path)
    vitrine_dialogs_message(GTK_WINDOW(self), _("This place cannot be written to"),
                            _("It is not on this computer. Choose a local folder."));
  else if (g_file_test(csv, G_FILE_TEST_EXISTS))
    ask_replace(self, path, csv);
  else
    vitrine_strip_save(self->plan, self->session, path, saved_cb, g_object_ref(self));
}

static void
chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineStripDialog) self = data;

  if (file && self->session && vitrine_strip_plan_complete(self->plan))
    vitrine_strip_dialog_save(self, file);
}

static void
save_cb(VitrineStripDialog *self)
{
  g_autoptr(GtkFileFilter) filter = gtk_file_filter_new();
  g_autofree char *base = g_filename_display_basename(self->plan->model->path);
  g_autofree char *parameter = sg_strip_parameter_name(&self->plan->parameter);
  char *dot = strrchr(base, '.');

  if (dot && dot != base)
    *dot = '\0';
  g_autofree char *name =
      g_strdup_printf("%s-seed%04u-%s.png", base, self->plan->base->seed, parameter);
  gtk_file_filter_set_name(filter, _("PNG pictures"));
  gtk_file_filter_add_pattern(filter, "*.png");
  vitrine_file_dialog_save(GTK_WINDOW(self), _("Save Strip"), name, filter, chosen_cb,
                           g_object_ref(self));
}

/* ---- the dialog ------------------------------------------------------------------------------ */

/* A strip that was begun stays about the face it was begun with. */
static void
recipe_changed_cb(VitrineSession *session, VitrineStripDialog *self)
{
  if (!self->task && !(self->plan && self->plan->done > 0))
    renew(self);
}

/* The session has ended every task without news. */
static void
model_changed_cb(VitrineSession *session, VitrineStripDialog *self)
{
  self->task = 0;
  setting_cb(self);
}

static void
set_session(VitrineStripDialog *self, VitrineSession *session)
{
  self->session = g_object_ref(session);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(recipe_changed_cb), self, 0);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self, 0);
  gtk_drop_down_set_selected(self->space,
                             vitrine_editor_get_space(vitrine_session_get_editor(session)));
  kind_cb(self);
}

static void
vitrine_strip_dialog_dispose(GObject *object)
{
  VitrineStripDialog *self = VITRINE_STRIP_DIALOG(object);

  if (self->session) {
    stop(self);
    g_signal_handlers_disconnect_by_data(self->session, self);
  }
  g_clear_object(&self->session);
  g_clear_pointer(&self->plan, vitrine_strip_plan_unref);
  G_OBJECT_CLASS(vitrine_strip_dialog_parent_class)->dispose(object);
}

static void
bind_children(GtkWidgetClass *class)
{
  gtk_widget_class_bind_template_child(class, VitrineStripDialog, toasts);
  gtk_widget_class_bind_template_child(class, VitrineStripDialog, kind_row);
  gtk_widget_class_bind_template_child(class, VitrineStripDialog, faces_row);
  gtk_widget_class_bind_template_child(class, VitrineStripDialog, dimension_row);
  gtk_widget_class_bind_template_child(class, VitrineStripDialog, space);
  gtk_widget_class_bind_template_child(class, VitrineStripDialog, dimension);
  gtk_widget_class_bind_template_child(class, VitrineStripDialog, values_row);
  gtk_widget_class_bind_template_child(class, VitrineStripDialog, view);
  gtk_widget_class_bind_template_child(class, VitrineStripDialog, status);
  gtk_widget_class_bind_template_child(class, VitrineStripDialog, progress);
  gtk_widget_class_bind_template_child(class, VitrineStripDialog, start_button);
  gtk_widget_class_bind_template_child(class, VitrineStripDialog, cancel_button);
  gtk_widget_class_bind_template_child(class, VitrineStripDialog, save_button);
}

static void
vitrine_strip_dialog_class_init(VitrineStripDialogClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  g_type_ensure(VITRINE_TYPE_STRIP_VIEW);
  G_OBJECT_CLASS(class)->dispose = vitrine_strip_dialog_dispose;
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-strip-dialog.ui");
  bind_children(widget_class);
  gtk_widget_class_bind_template_callback(widget_class, kind_cb);
  gtk_widget_class_bind_template_callback(widget_class, setting_cb);
  gtk_widget_class_bind_template_callback(widget_class, start_cb);
  gtk_widget_class_bind_template_callback(widget_class, cancel_cb);
  gtk_widget_class_bind_template_callback(widget_class, save_cb);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_w, GDK_CONTROL_MASK, "window.close",
                                      NULL);
}

static void
vitrine_strip_dialog_init(VitrineStripDialog *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
}

static void
forget(GtkWidget *dialog, GObject *parent)
{
  g_object_set_data(parent, "vitrine-strip-dialog", NULL);
}

GtkWidget *
vitrine_strip_dialog_present(GtkWindow *parent, VitrineSession *session)
{
  VitrineStripDialog *self = g_object_get_data(G_OBJECT(parent), "vitrine-strip-dialog");

  if (!self) {
    self = g_object_new(VITRINE_TYPE_STRIP_DIALOG, NULL);
    vitrine_dialogs_attach(GTK_WINDOW(self), parent);
    set_session(self, session);
    g_object_set_data(G_OBJECT(parent), "vitrine-strip-dialog", self);
    g_signal_connect_object(self, "destroy", G_CALLBACK(forget), parent, 0);
    gtk_widget_grab_focus(self->start_button);
  }
  vitrine_accessible_name_all(GTK_WIDGET(self));
  vitrine_numeric_all(GTK_WIDGET(self));
  gtk_window_present(GTK_WINDOW(self));
  return GTK_WIDGET(self);
}
