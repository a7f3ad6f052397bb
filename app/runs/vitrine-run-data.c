#include "app/runs/vitrine-run-data.h"
#include <glib/gi18n.h>
#include "engine/data/dataset.h"

/* Twice what the strip shows, for dense screens. */
#define THUMBNAIL 128

void
vitrine_run_data_free(VitrineRunData *data)
{
  if (!data)
    return;
  g_free(data->path);
  g_free(data->summary);
  g_clear_pointer(&data->refused, g_ptr_array_unref);
  g_clear_pointer(&data->pictures, g_ptr_array_unref);
  g_free(data);
}

/* ---- thumbnails ------------------------------------------------------------------------------ */

/* [C, r, r] to RGB of r / k pixels a side: the mean of k × k. Resolutions are powers of two, unless
 * a file says otherwise; then the rest is left out. */
static GdkTexture *
shrink(const guint8 *planes, int channels, int r)
{
  int k = 1;

  while (r / k > THUMBNAIL)
    k *= 2;
  int side = r / k;
  guint8 *rgb = g_malloc((gsize)side * (gsize)side * 3);
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++)
      for (int c = 0; c < 3; c++) {
        const guint8 *plane = planes + (gsize)(channels == 3 ? c : 0) * (gsize)r * (gsize)r;
        guint sum = 0;
        for (int j = 0; j < k; j++)
          for (int i = 0; i < k; i++)
            sum += plane[(gsize)(y * k + j) * (gsize)r + (gsize)(x * k + i)];
        rgb[((gsize)y * (gsize)side + (gsize)x) * 3 + (gsize)c] = (guint8)(sum / (guint)(k * k));
      }
  g_autoptr(GBytes) bytes = g_bytes_new_take(rgb, (gsize)side * (gsize)side * 3);
  return gdk_memory_texture_new(side, side, GDK_MEMORY_R8G8B8, bytes, (gsize)side * 3);
}

static void
add_refusal(VitrineRunData *data, const char *name, const char *reason)
{
  if (data->n_refused++ < VITRINE_RUN_DATA_REFUSALS)
    g_ptr_array_add(data->refused, g_strdup_printf("%s\n%s", name, reason));
}

static void
read_pictures(VitrineRunData *data, SgDataset *ds, GCancellable *cancellable)
{
  guint wanted = MIN(VITRINE_RUN_DATA_PICTURES, ds->n);
  gsize plane = (gsize)ds->resolution * (gsize)ds->resolution;
  g_autofree guint8 *planes = g_try_malloc(plane * (gsize)ds->channels);

  for (guint i = 0; planes && i < wanted && !g_cancellable_is_cancelled(cancellable); i++) {
    g_autoptr(GError) error = NULL;
    guint at = (guint)((guint64)i * ds->n / wanted);
    if (sg_dataset_read(ds, at, planes, &error))
      g_ptr_array_add(data->pictures, shrink(planes, ds->channels, ds->resolution));
    else
      add_refusal(data, _("A picture that looked good"), error->message);
  }
}

/* ---- the worker ------------------------------------------------------------------------------ */

/* Labels are refused when there are none: one picture is enough to know. */
static int
count_labels(const char *path, GCancellable *cancellable)
{
  const SgDatasetOptions options = {.use_labels = TRUE, .max_images = 1};
  g_autoptr(SgDataset) ds =
      g_cancellable_is_cancelled(cancellable) ? NULL : sg_dataset_open(path, &options, NULL);

  return ds ? ds->label_dim : 0;
}

static char *
summarise(const SgDataset *ds, int label_dim)
{
  g_autofree char *kind = g_strdup(ds->kind);
  GString *text;

  kind[0] = g_ascii_toupper(kind[0]);
  text = g_string_new(kind);
  g_string_append_printf(text, ngettext(": %'u picture", ": %'u pictures", ds->n), ds->n);
  g_string_append_printf(text, ", %d × %d, %s", ds->resolution, ds->resolution,
                         ds->channels == 1 ? _("grey") : _("colour"));
  if (label_dim)
    g_string_append_printf(text, ngettext(", %d label", ", %d labels", (gulong)label_dim),
                           label_dim);
  return g_string_free(text, FALSE);
}

static void
load_thread(GTask *task, gpointer source, gpointer path, GCancellable *cancellable)
{
  GError *error = NULL;
  g_autoptr(SgDataset) ds = sg_dataset_open(path, NULL, &error);

  if (!ds) {
    g_task_return_error(task, error);
    return;
  }
  VitrineRunData *data = g_new0(VitrineRunData, 1);
  data->path = g_strdup(path);
  data->n = ds->n;
  data->resolution = ds->resolution;
  data->channels = ds->channels;
  data->refused = g_ptr_array_new_with_free_func(g_free);
  data->pictures = g_ptr_array_new_with_free_func(g_object_unref);
  for (guint i = 0; i < ds->refused->len; i++) {
    const SgRefusal *r = ds->refused->pdata[i];
    add_refusal(data, r->name, r->reason);
  }
  read_pictures(data, ds, cancellable);
  data->label_dim = count_labels(path, cancellable);
  data->summary = summarise(ds, data->label_dim);
  g_task_return_pointer(task, data, (GDestroyNotify)vitrine_run_data_free);
}

void
vitrine_run_data_load(const char *path, GCancellable *cancellable, GAsyncReadyCallback done,
                      gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new(NULL, cancellable, done, user_data);

  g_task_set_return_on_cancel(task, TRUE);
  g_task_set_task_data(task, g_strdup(path), g_free);
  g_task_run_in_thread(task, load_thread);
}

VitrineRunData *
vitrine_run_data_load_finish(GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer(G_TASK(result), error);
}
