#include "engine/measure/feature-cache.h"
#include <glib/gstdio.h>
#include <nettle/sha2.h>
#include <utime.h>
#include <string.h>
#include "engine/base/sha256.h"
#include "engine/formats/npy.h"

#define VERSION 1  /* of what rows are */
#define LOOKED  16 /* pictures whose pixels are looked at */
#define MOST    12 /* files that are kept */
#define ENDING  ".features.npy"

static void
add_text(struct sha256_ctx *sum, const char *text)
{
  sha256_update(sum, strlen(text) + 1, (const guint8 *)text);
}

/* Size and date, where there is such a file. */
static void
add_stat(struct sha256_ctx *sum, const char *path)
{
  GStatBuf st;

  if (g_stat(path, &st) != 0)
    return;
  g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT,
                                          (gint64)st.st_size, (gint64)st.st_mtime);
  add_text(sum, text);
}

static void
add_pictures(struct sha256_ctx *sum, SgDataset *ds)
{
  gsize size = (gsize)ds->channels * (gsize)ds->resolution * (gsize)ds->resolution;
  g_autofree guint8 *pixels = g_malloc(size);

  add_text(sum, ds->path);
  add_stat(sum, ds->path);
  for (guint i = 0; i < ds->n; i++) {
    g_autofree char *name = sg_dataset_picture_name(ds, i);
    g_autofree char *path = g_build_filename(ds->path, name, NULL);
    add_text(sum, name);
    add_stat(sum, path);
  }
  for (guint k = 0; k < LOOKED; k++)
    if (sg_dataset_read(ds, (guint)((guint64)k * ds->n / LOOKED), pixels, NULL))
      sha256_update(sum, size, pixels);
}

/* To be freed. */
static char *
file_of(const SgMeasurement *m, const SgFeatureSource *source, int rows)
{
  struct sha256_ctx sum;
  g_autofree char *settings =
      g_strdup_printf("%d %d %" G_GUINT64_FORMAT " %d %d %d %d", VERSION, rows, m->seed, m->mirror,
                      m->data->resolution, m->data->channels, source->dim);

  sha256_init(&sum);
  add_text(&sum, settings);
  add_text(&sum, source->identity);
  add_pictures(&sum, m->data);
  g_autofree char *hash = sg_sha256_hex(&sum);
  g_autofree char *name = g_strdup_printf("%.32s" ENDING, hash);
  return g_build_filename(m->cache, name, NULL);
}

static gboolean
take(const char *path, SgFeatureSet *rows)
{
  g_autoptr(SgTensor) t =
      g_file_test(path, G_FILE_TEST_IS_REGULAR) ? sg_npy_read(path, NULL) : NULL;

  if (!t || !sg_tensor_has_shape(t, 2, rows->room, rows->dim))
    return FALSE;
  memcpy(rows->rows, t->data, sizeof(float) * (gsize)rows->room * (gsize)rows->dim);
  rows->n = rows->room;
  g_utime(path, NULL); /* the newest are kept */
  return TRUE;
}

gboolean
sg_feature_cache_take(const SgMeasurement *m, SgFeatureSource *const *sources, SgMetricGroup *g)
{
  gboolean all = TRUE;

  for (guint i = 0; m->cache && sources[i]; i++) {
    SgFeatureSet *rows = sg_metric_group_features(g, sources[i]->name);
    if (!rows)
      continue;
    g_autofree char *path = file_of(m, sources[i], rows->room);
    all = take(path, rows) && all;
  }
  return all;
}

/* ---- keeping --------------------------------------------------------------------------------- */

static gint64
date_of(const char *path)
{
  GStatBuf st;
  return g_stat(path, &st) == 0 ? (gint64)st.st_mtime : 0;
}

static int
newest_first(gconstpointer a, gconstpointer b)
{
  gint64 x = date_of(*(char *const *)a), y = date_of(*(char *const *)b);
  return (x < y) - (x > y);
}

static void
remove_old(const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
  const char *name;

  while (dir && (name = g_dir_read_name(dir)))
    if (g_str_has_suffix(name, ENDING))
      g_ptr_array_add(files, g_build_filename(folder, name, NULL));
  g_ptr_array_sort(files, newest_first);
  for (guint i = MOST; i < files->len; i++)
    g_unlink(files->pdata[i]);
}

void
sg_feature_cache_keep(const SgMeasurement *m, SgFeatureSource *const *sources, SgMetricGroup *g)
{
  if (!m->cache || g_mkdir_with_parents(m->cache, 0700) != 0)
    return;
  for (guint i = 0; sources[i]; i++) {
    SgFeatureSet *rows = sg_metric_group_features(g, sources[i]->name);
    if (!rows || rows->n != rows->room)
      continue;
    gint64 shape[2] = {rows->n, rows->dim};
    g_autofree char *path = file_of(m, sources[i], rows->room);
    g_autoptr(SgTensor) t = sg_tensor_try_new(2, shape, NULL);
    if (!t)
      continue;
    memcpy(t->data, rows->rows, sizeof(float) * (gsize)rows->n * (gsize)rows->dim);
    sg_npy_write(path, t, NULL);
  }
  remove_old(m->cache);
}
