/* Charts as files: one as PNG or CSV, all as PNG, a run's numbers as CSV. */
#include <glib/gi18n.h>
#include "app/runs/vitrine-run-ask.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "ui/training/vitrine-run-charts-private.h"

const char *
vitrine_run_charts_name(VitrineRun *run)
{
  g_return_val_if_fail(VITRINE_IS_RUN(run), NULL);
  const SgRunStatus *status = vitrine_run_get_status(run);
  return status ? status->name : vitrine_run_get_path(run);
}

/* ---- one chart's own menu -------------------------------------------------------------------- */

static VitrineRunChart *
entry_of(GtkWidget *widget)
{
  return g_object_get_data(G_OBJECT(widget), "entry");
}

static void
png_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(GtkWidget) frame = data;
  VitrineRunChart *e = entry_of(frame);

  if (!file || !e || !e->page->session)
    return;
  g_autoptr(GBytes) bytes = vitrine_chart_to_png(e->chart, 2);
  vitrine_saver_save_bytes(vitrine_session_get_saver(e->page->session), bytes, file);
}

typedef struct {
  VitrineSession *session;
  GFile *file;
} CsvJob;

static void
csv_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  CsvJob *job = data;
  g_autoptr(GBytes) bytes = vitrine_chart_to_csv_finish(VITRINE_CHART(source), result, NULL);

  if (bytes)
    vitrine_saver_save_bytes(vitrine_session_get_saver(job->session), bytes, job->file);
  g_object_unref(job->session);
  g_object_unref(job->file);
  g_free(job);
}

static void
csv_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(GtkWidget) frame = data;
  VitrineRunChart *e = entry_of(frame);

  if (!file || !e || !e->page->session)
    return;
  CsvJob *job = g_new(CsvJob, 1);
  *job = (CsvJob){g_object_ref(e->page->session), g_object_ref(file)};
  vitrine_chart_to_csv_async(e->chart, NULL, csv_cb, job);
}

static void
export_action(GtkWidget *frame, const char *suffix, const char *filter_name, VitrineFileFunc done)
{
  VitrineRunChart *e = entry_of(frame);
  g_autofree char *name =
      g_strdup_printf("%s-%s%s", vitrine_run_charts_name(e->page->run), e->id, suffix);
  g_autofree char *pattern = g_strconcat("*", suffix, NULL);
  g_autoptr(GtkFileFilter) filter = gtk_file_filter_new();

  gtk_file_filter_set_name(filter, filter_name);
  gtk_file_filter_add_pattern(filter, pattern);
  vitrine_file_dialog_save(GTK_WINDOW(gtk_widget_get_root(frame)), _("Export Chart"), name, filter,
                           done, g_object_ref(frame));
}

static void
png_cb(GSimpleAction *action, GVariant *parameter, gpointer frame)
{
  export_action(frame, ".png", _("PNG pictures"), png_chosen_cb);
}

static void
chart_csv_cb(GSimpleAction *action, GVariant *parameter, gpointer frame)
{
  export_action(frame, ".csv", _("CSV tables"), csv_chosen_cb);
}

GtkWidget *
vitrine_run_chart_menu_new(VitrineRunChart *chart, GtkWidget *frame)
{
  static const GActionEntry actions[] = {{"png", png_cb}, {"csv", chart_csv_cb}};
  g_autoptr(GSimpleActionGroup) group = g_simple_action_group_new();
  g_autoptr(GMenu) menu = g_menu_new();
  GtkWidget *button = gtk_menu_button_new();
  g_autofree char *tooltip = g_strdup_printf(_("Export “%s”"), chart->title);

  g_object_set_data(G_OBJECT(frame), "entry", chart);
  g_action_map_add_action_entries(G_ACTION_MAP(group), actions, G_N_ELEMENTS(actions), frame);
  gtk_widget_insert_action_group(frame, "chart", G_ACTION_GROUP(group));
  g_menu_append(menu, _("Export as _PNG…"), "chart.png");
  g_menu_append(menu, _("Export as _CSV…"), "chart.csv");
  gtk_menu_button_set_menu_model(GTK_MENU_BUTTON(button), G_MENU_MODEL(menu));
  gtk_menu_button_set_icon_name(GTK_MENU_BUTTON(button), "view-more-symbolic");
  gtk_widget_set_tooltip_text(button, tooltip);
  gtk_widget_add_css_class(button, "flat");
  gtk_widget_set_halign(button, GTK_ALIGN_END);
  gtk_widget_set_valign(button, GTK_ALIGN_START);
  return button;
}

/* ---- export of all --------------------------------------------------------------------------- */

/* PNG files to be written together: GBytes by path. */
static void
png_thread(GTask *task, gpointer source, gpointer files, GCancellable *cancellable)
{
  GHashTableIter iter;
  gpointer path, bytes;
  GError *error = NULL;

  g_hash_table_iter_init(&iter, files);
  while (!error && g_hash_table_iter_next(&iter, &path, &bytes)) {
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    g_file_set_contents(path, data, (gssize)size, &error);
  }
  if (error)
    g_task_return_error(task, error);
  else
    g_task_return_int(task, g_hash_table_size(files));
}

static void
pngs_written_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrineSession *session = VITRINE_SESSION(source);
  g_autoptr(GError) error = NULL;
  gssize n = g_task_propagate_int(G_TASK(result), &error);
  g_autofree char *text =
      error ? g_strdup_printf("%s\n\n%s", _("The charts could not be saved"), error->message)
            : g_strdup_printf(ngettext("Saved %d chart", "Saved %d charts", (gulong)n), (int)n);

  vitrine_saver_add(vitrine_session_get_saver(session), -1);
  vitrine_session_say(session, text, error != NULL);
}

void
vitrine_run_charts_export_png(VitrineRunCharts *self, GFile *folder)
{
  g_return_if_fail(VITRINE_IS_RUN_CHARTS(self));
  GHashTable *files =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
  g_autoptr(GTask) task = g_task_new(self->session, NULL, pngs_written_cb, NULL);

  for (guint i = 0; i < self->entries->len; i++) {
    VitrineRunChart *e = self->entries->pdata[i];
    g_autofree char *name = g_strconcat(e->id, ".png", NULL);
    g_autoptr(GFile) file = g_file_get_child(folder, name);
    GBytes *bytes = g_file_peek_path(file) ? vitrine_chart_to_png(e->chart, 2) : NULL;
    if (bytes)
      g_hash_table_insert(files, g_file_get_path(file), bytes);
  }
  vitrine_saver_add(vitrine_session_get_saver(self->session), 1);
  g_task_set_task_data(task, files, (GDestroyNotify)g_hash_table_unref);
  g_task_run_in_thread(task, png_thread);
}

static void
csv_written_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr(VitrineSession) session = data;
  g_autoptr(GError) error = NULL;
  g_autofree char *name = g_filename_display_basename(g_task_get_task_data(G_TASK(result)));
  g_autofree char *text = NULL;

  vitrine_saver_add(vitrine_session_get_saver(session), -1);
  if (vitrine_run_write_csv_finish(result, &error))
    text = g_strdup_printf(_("Saved %s"), name);
  else
    text = g_strdup_printf("%s\n\n%s", _("The table could not be saved"), error->message);
  vitrine_session_say(session, text, error != NULL);
}

void
vitrine_run_charts_export_csv(VitrineRunCharts *self, GFile *file)
{
  g_return_if_fail(VITRINE_IS_RUN_CHARTS(self));
  g_autofree char *path = g_file_get_path(file);

  if (!vitrine_run_get_reader(self->run) || !path)
    return;
  vitrine_saver_add(vitrine_session_get_saver(self->session), 1);
  vitrine_run_write_csv(self->run, path, csv_written_cb, g_object_ref(self->session));
}
