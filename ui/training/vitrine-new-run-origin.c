/* The group of the dialog for a new run that says what it starts from: nothing, a run's options, a
 * model. */
#include <glib/gi18n.h>
#include "engine/record/changes.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "app/work/vitrine-model-nets.h"
#include "ui/training/vitrine-new-run-private.h"
#include "ui/parts/vitrine-path.h"

struct _VitrineNewRunOrigin {
  AdwPreferencesGroup parent_instance;
  VitrineRunSetup *setup;
  GCancellable *reading; /* NULL: nothing is read */
  GHashTable *taken;     /* options that have a chosen model's values */
  AdwComboRow *kind;
  AdwActionRow *file;
  GtkWidget *choose;
};

G_DEFINE_FINAL_TYPE(VitrineNewRunOrigin, vitrine_new_run_origin, ADW_TYPE_PREFERENCES_GROUP)

/* ---- what is shown --------------------------------------------------------------------------- */

static const char *
help_of(VitrineRunOrigin origin)
{
  return origin == VITRINE_FROM_RUN
             ? _("It goes on exactly where its newest snapshot was made")
             : _("A snapshot, or any StyleGAN2 with its discriminator that can be opened");
}

/* `note`: NULL for what there is to say before anything is known. */
static void
show_file(VitrineNewRunOrigin *self, VitrineRunOrigin origin, const char *path, const char *note,
          gboolean is_error)
{
  g_autofree char *name = path ? g_filename_display_basename(path) : NULL;
  g_autofree char *title = name ? g_markup_escape_text(name, -1) : NULL;
  const char *empty =
      origin == VITRINE_FROM_RUN ? _("No run chosen yet") : _("No model chosen yet");
  g_autofree char *subtitle = g_markup_escape_text(note ? note : help_of(origin), -1);

  adw_combo_row_set_selected(self->kind, (guint)origin);
  gtk_widget_set_visible(GTK_WIDGET(self->file), origin != VITRINE_FROM_SCRATCH);
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self->file), title ? title : empty);
  adw_action_row_set_subtitle(self->file, subtitle);
  vitrine_path_tooltip(GTK_WIDGET(self->file), path);
  if (is_error)
    gtk_widget_add_css_class(GTK_WIDGET(self->file), "error");
  else
    gtk_widget_remove_css_class(GTK_WIDGET(self->file), "error");
}

/* ---- a run's options, with what was changed while it ran; it may lie on a slow disk ------ */

static void
read_thread(GTask *task, gpointer source, gpointer path, GCancellable *cancellable)
{
  GError *error = NULL;
  g_autoptr(SgTrainOptions) o = sg_changes_options(path, &error);

  if (o)
    g_task_return_pointer(task, sg_train_options_to_json(o), g_free);
  else
    g_task_return_error(task, error);
}

static void
read_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
  VitrineNewRunOrigin *self = VITRINE_NEW_RUN_ORIGIN(source);
  const char *path = g_task_get_task_data(G_TASK(result));
  g_autoptr(GError) error = NULL;
  g_autofree char *json = g_task_propagate_pointer(G_TASK(result), &error);

  if (self->reading != g_task_get_cancellable(G_TASK(result)))
    return; /* something else was chosen since, or the dialog is gone */
  g_clear_object(&self->reading);
  if (json)
    vitrine_run_setup_set_origin(self->setup, VITRINE_FROM_RUN, path, json, &error);
  show_file(self, VITRINE_FROM_RUN, path, error ? error->message : NULL, error != NULL);
}

static void
read_run(VitrineNewRunOrigin *self, const char *path)
{
  self->reading = g_cancellable_new();
  g_autoptr(GTask) task = g_task_new(self, self->reading, read_cb, NULL);
  g_task_set_task_data(task, g_strdup(path), g_free);
  g_task_run_in_thread(task, read_thread);
}

/* ---- a model's networks: the training has to have the same ------------------------------- */

static void
forget_taken(VitrineNewRunOrigin *self)
{
  g_autoptr(GHashTable) taken = g_steal_pointer(&self->taken);
  GHashTableIter iter;
  gpointer name, value;

  if (!taken)
    return;
  g_hash_table_iter_init(&iter, taken);
  while (g_hash_table_iter_next(&iter, &name, &value))
    if (g_strcmp0(vitrine_run_setup_get(self->setup, name), value) == 0)
      vitrine_run_setup_set(self->setup, name, NULL, NULL);
}

static void
take(VitrineNewRunOrigin *self, GHashTable *values)
{
  GHashTableIter iter;
  gpointer name, value;

  self->taken = g_hash_table_ref(values);
  g_hash_table_iter_init(&iter, values);
  while (g_hash_table_iter_next(&iter, &name, &value))
    vitrine_run_setup_set(self->setup, name, value, NULL);
}

typedef struct {
  VitrineNewRunOrigin *self; /* owned */
  char *path;
  GCancellable *cancellable;
} Reading;

static void
nets_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
  Reading *reading = user_data;
  g_autoptr(VitrineNewRunOrigin) self = reading->self;
  g_autofree char *path = reading->path;
  g_autoptr(GCancellable) cancellable = reading->cancellable;
  g_autoptr(GError) error = NULL;
  g_autoptr(VitrineModelNets) nets = vitrine_model_nets_load_finish(result, &error);

  g_free(reading);
  if (self->reading != cancellable)
    return; /* something else was chosen since, or the dialog is gone */
  g_clear_object(&self->reading);
  if (nets) {
    take(self, nets->values);
    vitrine_run_setup_set_origin(self->setup, VITRINE_FROM_MODEL, path, NULL, NULL);
  }
  show_file(self, VITRINE_FROM_MODEL, path, nets ? nets->summary : error->message, nets == NULL);
}

static void
read_model(VitrineNewRunOrigin *self, const char *path)
{
  Reading *reading = g_new(Reading, 1);

  self->reading = g_cancellable_new();
  *reading = (Reading){g_object_ref(self), g_strdup(path), g_object_ref(self->reading)};
  vitrine_model_nets_load(path, self->reading, nets_cb, reading);
}

void
vitrine_new_run_origin_set(VitrineNewRunOrigin *self, VitrineRunOrigin origin, const char *path)
{
  g_return_if_fail(VITRINE_IS_NEW_RUN_ORIGIN(self));
  if (self->reading)
    g_cancellable_cancel(self->reading);
  g_clear_object(&self->reading);
  forget_taken(self);
  /* It is not one before it has been read. */
  vitrine_run_setup_set_origin(self->setup, origin, NULL, NULL, NULL);
  show_file(self, origin, path, path ? _("Reading…") : NULL, FALSE);
  if (path && origin == VITRINE_FROM_RUN)
    read_run(self, path);
  else if (path && origin == VITRINE_FROM_MODEL)
    read_model(self, path);
}

/* ---- choosing -------------------------------------------------------------------------------- */

static void
kind_cb(VitrineNewRunOrigin *self)
{
  VitrineRunOrigin chosen = (VitrineRunOrigin)adw_combo_row_get_selected(self->kind);

  if (self->setup && chosen != vitrine_run_setup_get_origin(self->setup))
    vitrine_new_run_origin_set(self, chosen, NULL);
}

static void
chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineNewRunOrigin) self = data;

  if (file && self->setup && g_file_peek_path(file))
    vitrine_new_run_origin_set(self, vitrine_run_setup_get_origin(self->setup),
                               g_file_peek_path(file));
}

static void
choose_cb(VitrineNewRunOrigin *self)
{
  GtkWindow *window = GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self)));
  const char *patterns[] = {"*.safetensors", "*.pkl", "*.pt", "*.pth", NULL};

  if (vitrine_run_setup_get_origin(self->setup) == VITRINE_FROM_RUN) {
    vitrine_file_dialog_folder(window, _("Run to Go On With"), chosen_cb, g_object_ref(self));
    return;
  }
  g_autoptr(GtkFileFilter) filter = gtk_file_filter_new();
  gtk_file_filter_set_name(filter, _("Models"));
  for (int i = 0; patterns[i]; i++)
    gtk_file_filter_add_pattern(filter, patterns[i]);
  vitrine_file_dialog_open(window, _("Model to Start From"), filter, chosen_cb, g_object_ref(self));
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
vitrine_new_run_origin_dispose(GObject *object)
{
  VitrineNewRunOrigin *self = VITRINE_NEW_RUN_ORIGIN(object);

  if (self->reading)
    g_cancellable_cancel(self->reading);
  g_clear_object(&self->reading);
  g_clear_pointer(&self->taken, g_hash_table_unref);
  g_clear_object(&self->setup);
  G_OBJECT_CLASS(vitrine_new_run_origin_parent_class)->dispose(object);
}

static void
vitrine_new_run_origin_class_init(VitrineNewRunOriginClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_new_run_origin_dispose;
}

static void
vitrine_new_run_origin_init(VitrineNewRunOrigin *self)
{
  const char *kinds[] = {_("From scratch"), _("Go on with a run"), _("Weights of a model"), NULL};
  g_autoptr(GtkStringList) model = gtk_string_list_new(kinds);

  self->kind = ADW_COMBO_ROW(adw_combo_row_new());
  gtk_widget_set_name(GTK_WIDGET(self->kind), "run-origin");
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self->kind), _("Start"));
  adw_combo_row_set_model(self->kind, G_LIST_MODEL(model));
  g_signal_connect_swapped(self->kind, "notify::selected", G_CALLBACK(kind_cb), self);
  self->file = ADW_ACTION_ROW(adw_action_row_new());
  gtk_widget_set_name(GTK_WIDGET(self->file), "run-origin-file");
  adw_action_row_set_title_lines(self->file, 0);
  adw_action_row_set_subtitle_lines(self->file, 0);
  self->choose = gtk_button_new_with_mnemonic(_("_Choose…"));
  gtk_widget_set_name(self->choose, "run-origin-choose");
  gtk_widget_set_valign(self->choose, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text(self->choose, _("Choose what to start from"));
  g_signal_connect_swapped(self->choose, "clicked", G_CALLBACK(choose_cb), self);
  adw_action_row_add_suffix(self->file, self->choose);
  adw_preferences_group_add(ADW_PREFERENCES_GROUP(self), GTK_WIDGET(self->kind));
  adw_preferences_group_add(ADW_PREFERENCES_GROUP(self), GTK_WIDGET(self->file));
  gtk_widget_set_visible(GTK_WIDGET(self->file), FALSE);
}

GtkWidget *
vitrine_new_run_origin_new(VitrineRunSetup *setup)
{
  VitrineNewRunOrigin *self = g_object_new(VITRINE_TYPE_NEW_RUN_ORIGIN, NULL);

  self->setup = g_object_ref(setup);
  return GTK_WIDGET(self);
}
