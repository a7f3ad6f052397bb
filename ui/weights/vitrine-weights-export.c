#include "ui/weights/vitrine-weights-export.h"
#include <glib/gi18n.h>
#include <string.h>
#include "ui/parts/vitrine-file-dialog.h"
#include "app/work/vitrine-weight-data.h"

typedef struct {
  SgModel *model;
  GFile *file;
} Export;

static void
export_free(gpointer data)
{
  Export *export = data;

  sg_model_unref(export->model);
  g_object_unref(export->file);
  g_free(export);
}

static void
export_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Export *export = data;
  g_autofree char *csv = vitrine_weight_data_csv(export->model, VITRINE_WEIGHT_BINS);
  GError *error = NULL;

  if (g_file_replace_contents(export->file, csv, strlen(csv), NULL, FALSE, G_FILE_CREATE_NONE, NULL,
                              cancellable, &error))
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

static void
exported_cb(GObject *session, GAsyncResult *result, gpointer data)
{
  Export *export = g_task_get_task_data(G_TASK(result));
  g_autofree char *name = g_file_get_basename(export->file);
  g_autoptr(GError) error = NULL;
  gboolean good = g_task_propagate_boolean(G_TASK(result), &error);
  g_autofree char *text =
      good ? g_strdup_printf(_("Saved %s"), name)
           : g_strdup_printf("%s\n\n%s", _("The file could not be saved"), error->message);

  vitrine_session_say(VITRINE_SESSION(session), text, !good);
}

void
vitrine_weights_export_to(VitrineSession *session, GFile *file)
{
  SgModel *model = vitrine_session_get_model(session);

  if (!model)
    return;
  Export *export = g_new0(Export, 1);
  g_autoptr(GTask) task = g_task_new(session, NULL, exported_cb, NULL);

  export->model = sg_model_ref(model);
  export->file = g_object_ref(file);
  g_task_set_task_data(task, export, export_free);
  g_task_run_in_thread(task, export_thread);
}

static void
chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineSession) session = data;

  if (file)
    vitrine_weights_export_to(session, file);
}

void
vitrine_weights_export(VitrineSession *session, GtkWindow *parent)
{
  vitrine_file_dialog_save(parent, _("Export Weights"), "weights.csv", NULL, chosen_cb,
                           g_object_ref(session));
}
