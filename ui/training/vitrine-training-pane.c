#include "ui/training/vitrine-training-pane.h"
#include <adwaita.h>
#include <glib/gi18n.h>
#include "app/runs/vitrine-run-ask.h"
#include "app/session/vitrine-store.h"
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-number.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "ui/training/vitrine-new-run.h"
#include "ui/training/vitrine-run-leave.h"
#include "ui/parts/vitrine-path.h"

struct _VitrineTrainingPane {
  VitrinePane parent_instance;
  VitrineSession *session; /* borrowed from the parent */
  VitrineRunView *view;    /* in the bin; NULL: none */
  GSimpleActionGroup *actions;
  GtkMenuButton *chooser;
  GtkLabel *chosen;
  GMenu *recent_menu;
  GtkStack *stack;
  AdwBin *bin;
};

G_DEFINE_FINAL_TYPE(VitrineTrainingPane, vitrine_training_pane, VITRINE_TYPE_PANE)

/* ---- showing a run --------------------------------------------------------------------------- */

static void open_run_cb(VitrineRunView *view, const char *run_dir, VitrineTrainingPane *self);

/* What turned out to be no run is not offered again. */
static void
remember_cb(VitrineRun *run)
{
  if (!vitrine_run_get_status(run))
    return;
  g_signal_handlers_disconnect_by_func(run, remember_cb, NULL);
  vitrine_run_remember(vitrine_run_get_path(run));
}

void
vitrine_training_pane_open(VitrineTrainingPane *self, const char *run_dir)
{
  g_return_if_fail(VITRINE_IS_TRAINING_PANE(self));
  g_autoptr(VitrineRun) run = vitrine_run_watch(run_dir);
  g_autofree char *name = g_filename_display_basename(vitrine_run_get_path(run));

  if (self->view && vitrine_run_view_get_run(self->view) == run)
    return;
  g_signal_connect(run, "changed", G_CALLBACK(remember_cb), NULL);
  remember_cb(run);
  g_autofree char *page = self->view ? g_strdup(vitrine_run_view_get_page(self->view)) : NULL;
  self->view = VITRINE_RUN_VIEW(vitrine_run_view_new(run, self->session));
  if (page)
    vitrine_run_view_show(self->view, page);
  g_signal_connect_object(self->view, "open-run", G_CALLBACK(open_run_cb), self, 0);
  adw_bin_set_child(self->bin, GTK_WIDGET(self->view));
  vitrine_accessible_name_all(GTK_WIDGET(self->view));
  vitrine_numeric_all(GTK_WIDGET(self->view));
  gtk_label_set_text(self->chosen, name);
  vitrine_path_tooltip(GTK_WIDGET(self->chooser), vitrine_run_get_path(run));
  gtk_stack_set_visible_child_name(self->stack, "run");
  g_simple_action_set_enabled(
      G_SIMPLE_ACTION(g_action_map_lookup_action(G_ACTION_MAP(self->actions), "large")), TRUE);
}

static void
open_started(VitrineTrainingPane *self, const char *run_dir)
{
  vitrine_run_leave_add(run_dir);
  vitrine_training_pane_open(self, run_dir);
}

static void
open_run_cb(VitrineRunView *view, const char *run_dir, VitrineTrainingPane *self)
{
  open_started(self, run_dir);
}

VitrineRunView *
vitrine_training_pane_get_view(VitrineTrainingPane *self)
{
  g_return_val_if_fail(VITRINE_IS_TRAINING_PANE(self), NULL);
  return self->view;
}

/* ---- coming back ----------------------------------------------------------------------------- */

static void
found_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrineTrainingPane *self = VITRINE_TRAINING_PANE(source);
  g_autofree char *path = vitrine_run_find_recent_finish(result);

  if (path && self->session && !self->view)
    vitrine_training_pane_open(self, path);
}

static void
fill_recent(VitrineTrainingPane *self)
{
  g_auto(GStrv) recent = vitrine_run_recent();

  g_menu_remove_all(self->recent_menu);
  for (int i = 0; recent[i]; i++) {
    g_autofree char *target = vitrine_store_encode_path(recent[i]);
    vitrine_path_append_item(self->recent_menu, "", recent[i], (const char *const *)recent,
                             "training.open-path", target);
  }
}

static void
chooser_cb(GtkWidget *button, GParamSpec *pspec, VitrineTrainingPane *self)
{
  if (gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(button)))
    fill_recent(self);
}

/* ---- actions --------------------------------------------------------------------------------- */

static GtkWindow *
window_of(VitrineTrainingPane *self)
{
  return GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self)));
}

static void
started_cb(VitrineNewRun *dialog, const char *run_dir, VitrineTrainingPane *self)
{
  open_started(self, run_dir);
}

static void
new_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineNewRun *dialog = vitrine_new_run_present(window_of(data));

  g_signal_connect_object(dialog, "started", G_CALLBACK(started_cb), data, 0);
}

static void
chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineTrainingPane) self = data;

  if (file && self->session && g_file_peek_path(file))
    vitrine_training_pane_open(self, g_file_peek_path(file));
}

static void
open_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  vitrine_file_dialog_folder(window_of(data), _("Directory of a Run"), chosen_cb,
                             g_object_ref(data));
}

static void
open_path_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  g_autofree char *path = vitrine_store_decode_path(g_variant_get_string(parameter, NULL));

  vitrine_training_pane_open(data, path);
}

static void
large_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineTrainingPane *self = data;

  if (self->view)
    vitrine_run_view_present_large(self->view, window_of(self));
}

static const GActionEntry entries[] = {
    {"new", new_action},
    {"open", open_action},
    {"open-path", open_path_action, "s"},
    {"large", large_action},
};

/* ---- life ------------------------------------------------------------------------------------ */

static void
vitrine_training_pane_dispose(GObject *object)
{
  VitrineTrainingPane *self = VITRINE_TRAINING_PANE(object);

  self->view = NULL;
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_TRAINING_PANE);
  self->session = NULL;
  g_clear_object(&self->actions);
  G_OBJECT_CLASS(vitrine_training_pane_parent_class)->dispose(object);
}

static void
vitrine_training_pane_start(VitrinePane *pane, VitrineSession *session)
{
  VitrineTrainingPane *self = VITRINE_TRAINING_PANE(pane);

  self->session = session;
  vitrine_run_find_recent(G_OBJECT(self), found_cb);
}

static void
vitrine_training_pane_class_init(VitrineTrainingPaneClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_training_pane_dispose;
  VITRINE_PANE_CLASS(class)->start = vitrine_training_pane_start;
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-training-pane.ui");
  gtk_widget_class_bind_template_child(widget_class, VitrineTrainingPane, chooser);
  gtk_widget_class_bind_template_child(widget_class, VitrineTrainingPane, chosen);
  gtk_widget_class_bind_template_child(widget_class, VitrineTrainingPane, recent_menu);
  gtk_widget_class_bind_template_child(widget_class, VitrineTrainingPane, stack);
  gtk_widget_class_bind_template_child(widget_class, VitrineTrainingPane, bin);
}

static void
vitrine_training_pane_init(VitrineTrainingPane *self)
{
  self->actions = g_simple_action_group_new();
  g_action_map_add_action_entries(G_ACTION_MAP(self->actions), entries, G_N_ELEMENTS(entries),
                                  self);
  gtk_widget_insert_action_group(GTK_WIDGET(self), "training", G_ACTION_GROUP(self->actions));
  g_simple_action_set_enabled(
      G_SIMPLE_ACTION(g_action_map_lookup_action(G_ACTION_MAP(self->actions), "large")), FALSE);
  gtk_widget_init_template(GTK_WIDGET(self));
  g_signal_connect_object(gtk_widget_get_first_child(GTK_WIDGET(self->chooser)), "notify::active",
                          G_CALLBACK(chooser_cb), self, 0);
}
