/* What the menu of a run's view does. */
#include <glib/gi18n.h>
#include "app/session/vitrine-store.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "ui/parts/vitrine-path.h"
#include "ui/training/vitrine-new-run.h"
#include "ui/training/vitrine-run-view-private.h"

static GtkWindow *
window_of(VitrineRunView *self)
{
  return GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self)));
}

/* ---- starting from here ---------------------------------------------------------------------- */

static void
started_cb(VitrineNewRun *dialog, const char *run_dir, VitrineRunView *self)
{
  g_signal_emit_by_name(self, "open-run", run_dir);
}

static VitrineNewRun *
new_run(VitrineRunView *self, VitrineRunOrigin origin, const char *path)
{
  VitrineNewRun *dialog = vitrine_new_run_present(window_of(self));

  g_signal_connect_object(dialog, "started", G_CALLBACK(started_cb), self, 0);
  vitrine_new_run_set_origin(dialog, origin, path);
  return dialog;
}

/* What one goes on from is mostly learnt on again. */
static void
offer_data(VitrineRunView *self, VitrineNewRun *dialog)
{
  SgRunReader *reader = vitrine_run_get_reader(self->run);
  g_autoptr(GHashTable) options = reader ? sg_run_reader_options(reader) : NULL;
  const char *data = options ? g_hash_table_lookup(options, "data") : NULL;

  if (data)
    vitrine_new_run_set_data(dialog, data);
}

static const char *
newest_snapshot(VitrineRunView *self)
{
  GPtrArray *snapshots = vitrine_run_get_snapshots(self->run);
  const SgRunFile *newest =
      snapshots && snapshots->len ? snapshots->pdata[snapshots->len - 1] : NULL;

  return newest ? newest->path : NULL;
}

static void
resume_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineRunView *self = data;
  new_run(self, VITRINE_FROM_RUN, vitrine_run_get_path(self->run));
}

static void
fine_tune_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  offer_data(data, new_run(data, VITRINE_FROM_MODEL, newest_snapshot(data)));
}

static void
edit_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineRunView *self = data;
  vitrine_run_edit_present(window_of(self), self->run);
}

/* ---- looking --------------------------------------------------------------------------------- */

static void
explore_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineRunView *self = data;
  const char *path = newest_snapshot(self);

  if (!path)
    return;
  g_autoptr(GFile) file = g_file_new_for_path(path);
  vitrine_opener_open(vitrine_session_get_opener(self->session), file);
}

static void
large_view_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineRunView *self = data;
  vitrine_run_view_present_large(self, window_of(self));
}

static gboolean
is_compared(VitrineRunView *self, const char *path)
{
  GPtrArray *others = vitrine_run_charts_get_others(self->charts);

  for (guint i = 0; i < others->len; i++)
    if (g_str_equal(vitrine_run_get_path(others->pdata[i]), path))
      return TRUE;
  return FALSE;
}

static void
compare(VitrineRunView *self, const char *path, gboolean on)
{
  g_autoptr(VitrineRun) other = vitrine_run_watch(path);

  vitrine_run_charts_compare(self->charts, other, on);
  if (on)
    vitrine_run_view_show(self, "charts");
}

static void
compare_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  g_autofree char *path = vitrine_store_decode_path(g_variant_get_string(parameter, NULL));

  compare(data, path, !is_compared(data, path));
}

static void
compare_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineRunView) self = data;

  if (file && self->run && g_file_peek_path(file))
    compare(self, g_file_peek_path(file), TRUE);
}

static void
compare_choose_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  vitrine_file_dialog_folder(window_of(data), _("Run to Compare With"), compare_chosen_cb,
                             g_object_ref(data));
}

/* Recent runs, and those that are compared already. */
static void
fill_compare_menu(VitrineRunView *self)
{
  g_auto(GStrv) recent = vitrine_run_recent();
  g_autoptr(GPtrArray) paths = g_ptr_array_new();
  GPtrArray *others = vitrine_run_charts_get_others(self->charts);

  for (guint i = 0; i < others->len; i++)
    g_ptr_array_add(paths, (gpointer)vitrine_run_get_path(others->pdata[i]));
  for (int i = 0; recent[i]; i++)
    if (!g_str_equal(recent[i], vitrine_run_get_path(self->run)) && !is_compared(self, recent[i]))
      g_ptr_array_add(paths, recent[i]);
  g_menu_remove_all(self->compare_menu);
  g_ptr_array_add(paths, NULL);
  for (guint i = 0; paths->pdata[i]; i++) {
    g_autofree char *target = vitrine_store_encode_path(paths->pdata[i]);
    vitrine_path_append_item(self->compare_menu, i < others->len ? "✓ " : "", paths->pdata[i],
                             (const char *const *)paths->pdata, "run.compare", target);
  }
}

static void
menu_cb(VitrineRunView *self)
{
  if (gtk_toggle_button_get_active(
          GTK_TOGGLE_BUTTON(gtk_widget_get_first_child(GTK_WIDGET(self->menu_button)))))
    fill_compare_menu(self);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void
png_chosen_cb(GFile *folder, gpointer data)
{
  g_autoptr(VitrineRunView) self = data;

  if (folder && self->run)
    vitrine_run_charts_export_png(self->charts, folder);
}

static void
export_png_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  vitrine_file_dialog_folder(window_of(data), _("Folder for the Charts"), png_chosen_cb,
                             g_object_ref(data));
}

static void
csv_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineRunView) self = data;

  if (file && self->run)
    vitrine_run_charts_export_csv(self->charts, file);
}

static void
export_csv_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineRunView *self = data;
  g_autofree char *base = g_filename_display_basename(vitrine_run_get_path(self->run));
  g_autofree char *name = g_strconcat(base, ".csv", NULL);
  g_autoptr(GtkFileFilter) filter = gtk_file_filter_new();

  gtk_file_filter_set_name(filter, _("CSV tables"));
  gtk_file_filter_add_pattern(filter, "*.csv");
  vitrine_file_dialog_save(window_of(self), _("Export Numbers"), name, filter, csv_chosen_cb,
                           g_object_ref(self));
}

static void
open_folder_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineRunView *self = data;
  g_autofree char *uri = g_filename_to_uri(vitrine_run_get_path(self->run), NULL, NULL);

  if (uri)
    g_app_info_launch_default_for_uri_async(uri, NULL, NULL, NULL, NULL);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static const GActionEntry entries[] = {
    {"resume", resume_action},
    {"fine-tune", fine_tune_action},
    {"edit", edit_action},
    {"explore", explore_action},
    {"large-view", large_view_action},
    {"compare", compare_action, "s"},
    {"compare-choose", compare_choose_action},
    {"export-png", export_png_action},
    {"export-csv", export_csv_action},
    {"open-folder", open_folder_action},
};

static void
set_enabled(GActionMap *map, const char *name, gboolean on)
{
  g_simple_action_set_enabled(G_SIMPLE_ACTION(g_action_map_lookup_action(map, name)), on);
}

void
vitrine_run_view_update_actions(VitrineRunView *self)
{
  g_return_if_fail(VITRINE_IS_RUN_VIEW(self));
  GActionMap *map = g_object_get_data(G_OBJECT(self), "run-actions");
  const SgRunStatus *s = vitrine_run_get_status(self->run);
  gboolean ended = s && s->state != SG_RUN_RUNNING && s->state != SG_RUN_PAUSED;
  gboolean snapshot = newest_snapshot(self) != NULL, loaded = vitrine_run_is_loaded(self->run);

  /* NVlabs' runs cannot be gone on with exactly: their moments and random numbers are not there. */
  set_enabled(map, "resume",
              ended && s->state != SG_RUN_FOREIGN && g_strcmp0(s->program, "Vitrine") == 0);
  set_enabled(map, "fine-tune", snapshot);
  set_enabled(map, "edit", vitrine_run_can_steer(self->run));
  set_enabled(map, "explore", snapshot);
  set_enabled(map, "export-png", loaded);
  set_enabled(map, "export-csv", loaded);
}

void
vitrine_run_view_init_actions(VitrineRunView *self)
{
  g_return_if_fail(VITRINE_IS_RUN_VIEW(self));
  g_autoptr(GSimpleActionGroup) group = g_simple_action_group_new();

  g_action_map_add_action_entries(G_ACTION_MAP(group), entries, G_N_ELEMENTS(entries), self);
  gtk_widget_insert_action_group(GTK_WIDGET(self), "run", G_ACTION_GROUP(group));
  g_object_set_data(G_OBJECT(self), "run-actions", group);
  g_signal_connect_object(gtk_widget_get_first_child(GTK_WIDGET(self->menu_button)),
                          "notify::active", G_CALLBACK(menu_cb), self, G_CONNECT_SWAPPED);
}
