/* The group of the dialog for a new run that chooses the data set and says what was found in it. */
#include <glib/gi18n.h>
#include "ui/parts/vitrine-file-dialog.h"
#include "ui/training/vitrine-new-run-private.h"
#include "app/runs/vitrine-run-data.h"
#include "ui/parts/vitrine-path.h"

struct _VitrineNewRunData {
  AdwPreferencesGroup parent_instance;
  VitrineRunSetup *setup;
  GCancellable *looking; /* NULL: nothing is looked at */
  gboolean good;
  guint n_refused;
  char *first_refusal; /* or NULL */
  AdwActionRow *row;
  GtkSpinner *spinner;
  GtkWidget *strip_row, *strip;
  AdwExpanderRow *refused;
  GPtrArray *refusals; /* rows in it, borrowed */
};

G_DEFINE_FINAL_TYPE(VitrineNewRunData, vitrine_new_run_data, ADW_TYPE_PREFERENCES_GROUP)

/* ---- what was found -------------------------------------------------------------------------- */

static void
set_subtitle(AdwActionRow *row, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text(text, -1);
  adw_action_row_set_subtitle(row, escaped);
}

static GtkWidget *
refusal_row_new(const char *text)
{
  g_auto(GStrv) parts = g_strsplit(text, "\n", 2);
  GtkWidget *row = adw_action_row_new();
  g_autofree char *name = g_markup_escape_text(parts[0], -1);

  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), name);
  adw_action_row_set_title_lines(ADW_ACTION_ROW(row), 0);
  adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 0);
  if (parts[1])
    set_subtitle(ADW_ACTION_ROW(row), parts[1]);
  return row;
}

static void
add_refusal(VitrineNewRunData *self, const char *text)
{
  GtkWidget *row = refusal_row_new(text);

  adw_expander_row_add_row(self->refused, row);
  g_ptr_array_add(self->refusals, row);
}

static void
forget_found(VitrineNewRunData *self)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child(self->strip)))
    gtk_box_remove(GTK_BOX(self->strip), child);
  for (guint i = 0; i < self->refusals->len; i++)
    adw_expander_row_remove(self->refused, self->refusals->pdata[i]);
  g_ptr_array_set_size(self->refusals, 0);
  self->n_refused = 0;
  g_clear_pointer(&self->first_refusal, g_free);
  gtk_widget_set_visible(self->strip_row, FALSE);
  gtk_widget_set_visible(GTK_WIDGET(self->refused), FALSE);
  gtk_widget_remove_css_class(GTK_WIDGET(self->row), "error");
}

static void
show_refused(VitrineNewRunData *self, const VitrineRunData *data)
{
  g_autofree char *title = g_strdup_printf(
      ngettext("%'u file is not used", "%'u files are not used", data->n_refused), data->n_refused);

  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self->refused), title);
  self->n_refused = data->n_refused;
  self->first_refusal = data->refused->len ? g_strdup(data->refused->pdata[0]) : NULL;
  adw_expander_row_set_expanded(self->refused, FALSE);
  for (guint i = 0; i < data->refused->len; i++)
    add_refusal(self, data->refused->pdata[i]);
  if (data->n_refused > data->refused->len) {
    guint more = data->n_refused - data->refused->len;
    g_autofree char *text = g_strdup_printf(ngettext("and %'u more", "and %'u more", more), more);
    add_refusal(self, text);
  }
  gtk_widget_set_visible(GTK_WIDGET(self->refused), data->n_refused > 0);
}

static void
show_found(VitrineNewRunData *self, const VitrineRunData *data)
{
  set_subtitle(self->row, data->summary);
  for (guint i = 0; i < data->pictures->len; i++) {
    GtkWidget *picture = gtk_picture_new_for_paintable(data->pictures->pdata[i]);
    gtk_widget_set_size_request(picture, 64, 64);
    gtk_picture_set_alternative_text(GTK_PICTURE(picture), _("A picture of the data set"));
    gtk_box_append(GTK_BOX(self->strip), picture);
  }
  gtk_widget_set_visible(self->strip_row, data->pictures->len > 0);
  show_refused(self, data);
}

/* ---- looking --------------------------------------------------------------------------------- */

typedef struct {
  VitrineNewRunData *self; /* owned: lives until the answer is here */
  GCancellable *cancellable;
} Look;

static void
stop(VitrineNewRunData *self)
{
  if (self->looking)
    g_cancellable_cancel(self->looking);
  g_clear_object(&self->looking);
  gtk_spinner_stop(self->spinner);
}

static void
looked_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
  Look *look = user_data;
  g_autoptr(VitrineNewRunData) self = look->self;
  g_autoptr(GCancellable) cancellable = look->cancellable;
  g_autoptr(GError) error = NULL;
  g_autoptr(VitrineRunData) data = vitrine_run_data_load_finish(result, &error);

  g_free(look);
  if (self->looking != cancellable)
    return; /* something else was chosen since, or the dialog is gone */
  stop(self);
  self->good = data != NULL;
  if (data) {
    show_found(self, data);
    vitrine_run_setup_set_found(self->setup, data->resolution, data->channels, data->label_dim);
  } else {
    set_subtitle(self->row, error->message);
    gtk_widget_add_css_class(GTK_WIDGET(self->row), "error");
    vitrine_run_setup_set_found(self->setup, 0, 0, 0);
  }
}

void
vitrine_new_run_data_open(VitrineNewRunData *self, const char *path)
{
  g_return_if_fail(VITRINE_IS_NEW_RUN_DATA(self));
  g_autofree char *name = g_filename_display_basename(path),
                  *title = g_markup_escape_text(name, -1);
  Look *look = g_new(Look, 1);

  stop(self);
  forget_found(self);
  self->good = FALSE;
  self->looking = g_cancellable_new();
  look->self = g_object_ref(self);
  look->cancellable = g_object_ref(self->looking);
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self->row), title);
  vitrine_path_tooltip(GTK_WIDGET(self->row), path);
  set_subtitle(self->row, _("Looking at the pictures…"));
  gtk_spinner_start(self->spinner);
  vitrine_run_data_load(path, self->looking, looked_cb, look);
  vitrine_run_setup_set(self->setup, "data", path, NULL);
  vitrine_run_setup_set_found(self->setup, 0, 0, 0);
}

guint
vitrine_new_run_data_get_refused(VitrineNewRunData *self, const char **first)
{
  g_return_val_if_fail(VITRINE_IS_NEW_RUN_DATA(self), 0);
  if (first)
    *first = self->first_refusal;
  return self->n_refused;
}

gboolean
vitrine_new_run_data_is_good(VitrineNewRunData *self)
{
  g_return_val_if_fail(VITRINE_IS_NEW_RUN_DATA(self), FALSE);
  return self->good;
}

/* ---- choosing -------------------------------------------------------------------------------- */

static void
chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineNewRunData) self = data;

  if (file && self->setup && g_file_peek_path(file))
    vitrine_new_run_data_open(self, g_file_peek_path(file));
}

static void
folder_cb(VitrineNewRunData *self)
{
  vitrine_file_dialog_folder(GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))),
                             _("Folder of Pictures"), chosen_cb, g_object_ref(self));
}

static void
file_cb(VitrineNewRunData *self)
{
  const char *patterns[] = {"*.zip", "*.gz", "*ubyte", "*.idx", NULL};
  g_autoptr(GtkFileFilter) filter = gtk_file_filter_new();

  gtk_file_filter_set_name(filter, _("Zip and IDX files"));
  for (int i = 0; patterns[i]; i++)
    gtk_file_filter_add_pattern(filter, patterns[i]);
  vitrine_file_dialog_open(GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))), _("File of Pictures"),
                           filter, chosen_cb, g_object_ref(self));
}

static gboolean
drop_cb(GtkDropTarget *target, const GValue *value, double x, double y, VitrineNewRunData *self)
{
  GSList *files = g_value_get_boxed(value); /* a GdkFileList is one; borrowed */

  if (!files || !g_file_peek_path(files->data))
    return FALSE;
  vitrine_new_run_data_open(self, g_file_peek_path(files->data));
  return TRUE;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
add_button(VitrineNewRunData *self, const char *name, const char *label, const char *tooltip,
           GCallback callback)
{
  GtkWidget *button = gtk_button_new_with_mnemonic(label);

  gtk_widget_set_name(button, name);
  gtk_widget_set_tooltip_text(button, tooltip);
  gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
  g_signal_connect_swapped(button, "clicked", callback, self);
  adw_action_row_add_suffix(self->row, button);
}

static void
add_strip(VitrineNewRunData *self)
{
  GtkWidget *scrolled = gtk_scrolled_window_new();

  self->strip = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_widget_set_name(self->strip, "run-data-pictures");
  gtk_widget_set_margin_start(self->strip, 12);
  gtk_widget_set_margin_end(self->strip, 12);
  gtk_widget_set_margin_top(self->strip, 10);
  gtk_widget_set_margin_bottom(self->strip, 10);
  gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scrolled), GTK_POLICY_AUTOMATIC,
                                 GTK_POLICY_NEVER);
  gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), self->strip);
  self->strip_row = adw_preferences_row_new();
  gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(self->strip_row), scrolled);
  gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(self->strip_row), FALSE);
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self->strip_row), _("Some of the pictures"));
  adw_preferences_group_add(ADW_PREFERENCES_GROUP(self), self->strip_row);
}

static void
add_rows(VitrineNewRunData *self)
{
  self->row = ADW_ACTION_ROW(adw_action_row_new());
  gtk_widget_set_name(GTK_WIDGET(self->row), "run-data");
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self->row), _("Nothing chosen yet"));
  set_subtitle(self->row, _("A folder, a zip, MNIST-like IDX files or CelebA; drop it here"));
  adw_action_row_set_title_lines(self->row, 0);
  adw_action_row_set_subtitle_lines(self->row, 0);
  self->spinner = GTK_SPINNER(gtk_spinner_new());
  adw_action_row_add_suffix(self->row, GTK_WIDGET(self->spinner));
  add_button(self, "run-data-folder", _("_Folder…"), _("Learn from the pictures in a folder"),
             G_CALLBACK(folder_cb));
  add_button(self, "run-data-file", _("F_ile…"), _("Learn from a zip of pictures or an IDX file"),
             G_CALLBACK(file_cb));
  adw_preferences_group_add(ADW_PREFERENCES_GROUP(self), GTK_WIDGET(self->row));
  add_strip(self);
  self->refused = ADW_EXPANDER_ROW(adw_expander_row_new());
  gtk_widget_set_name(GTK_WIDGET(self->refused), "run-data-refused");
  adw_preferences_group_add(ADW_PREFERENCES_GROUP(self), GTK_WIDGET(self->refused));
}

static void
vitrine_new_run_data_dispose(GObject *object)
{
  VitrineNewRunData *self = VITRINE_NEW_RUN_DATA(object);

  if (self->looking)
    g_cancellable_cancel(self->looking);
  g_clear_object(&self->looking);
  g_clear_object(&self->setup);
  G_OBJECT_CLASS(vitrine_new_run_data_parent_class)->dispose(object);
}

static void
vitrine_new_run_data_finalize(GObject *object)
{
  g_ptr_array_unref(VITRINE_NEW_RUN_DATA(object)->refusals);
  g_free(VITRINE_NEW_RUN_DATA(object)->first_refusal);
  G_OBJECT_CLASS(vitrine_new_run_data_parent_class)->finalize(object);
}

static void
vitrine_new_run_data_class_init(VitrineNewRunDataClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_new_run_data_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_new_run_data_finalize;
}

static void
vitrine_new_run_data_init(VitrineNewRunData *self)
{
  GtkDropTarget *target = gtk_drop_target_new(GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  self->refusals = g_ptr_array_new();
  adw_preferences_group_set_title(ADW_PREFERENCES_GROUP(self), _("Pictures"));
  add_rows(self);
  forget_found(self);
  g_signal_connect(target, "drop", G_CALLBACK(drop_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(target));
}

GtkWidget *
vitrine_new_run_data_new(VitrineRunSetup *setup)
{
  VitrineNewRunData *self = g_object_new(VITRINE_TYPE_NEW_RUN_DATA, NULL);

  self->setup = g_object_ref(setup);
  return GTK_WIDGET(self);
}
