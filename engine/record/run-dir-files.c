/* Whole files of a run directory: picture grids and snapshots. */
#include "engine/pictures/picture.h"
#include "engine/kernels/element.h"
#include "engine/formats/format-error.h"
#include "engine/record/run-dir-private.h"
#include <glib/gstdio.h>
#include <string.h>

/* ---- grids ----------------------------------------------------------------------------------- */

/* Picture [channels, resolution, resolution] to its place among rows of `width` pixels. */
static void
place(guint8 *pixels, gsize width, const float *picture, int channels, int resolution)
{
  gsize plane = (gsize)resolution * (gsize)resolution;
  unsigned bytes = k_drawn_bytes((unsigned)channels);

  for (int y = 0; y < resolution; y++)
    for (int x = 0; x < resolution; x++) {
      guint8 *to = pixels + ((gsize)y * width + (gsize)x) * bytes;
      const float *from = picture + (gsize)y * (gsize)resolution + (gsize)x;
      for (unsigned k = 0; k < bytes; k++)
        to[k] = k_rgb8(from[k_drawn_channel((unsigned)channels, k) * plane]);
    }
}

static gboolean
grid_is_sound(const char *name, int n, int columns, int channels, int resolution, GError **error)
{
  gboolean sound = n > 0 && columns > 0 && resolution > 0 && channels >= 1 && channels <= 4 &&
                   !strchr(name, '/');
  gint64 rows = sound ? ((gint64)n + columns - 1) / columns : 0;

  if (sound && resolution <= G_MAXINT16 && columns <= G_MAXINT16 && rows <= G_MAXINT16 &&
      rows * columns <= SG_PICTURE_MAX_PIXELS / ((gint64)resolution * resolution))
    return TRUE;
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
              "%s: no grid of %d pictures in %d columns, %d channels, %d pixels wide", name, n,
              columns, channels, resolution);
  return FALSE;
}

gboolean
sg_run_dir_grid(SgRunDir *r, const char *name, const float *pictures, int n, int columns,
                int channels, int resolution, GError **error)
{
  if (!grid_is_sound(name, n, columns, channels, resolution, error))
    return FALSE;
  int rows = (n + columns - 1) / columns;
  gsize width = (gsize)columns * (gsize)resolution, height = (gsize)rows * (gsize)resolution;
  gsize one = (gsize)channels * (gsize)resolution * (gsize)resolution;
  gsize bytes = k_drawn_bytes((unsigned)channels);
  /* Places without a picture are black, with alpha empty. */
  g_autofree guint8 *pixels = g_try_malloc0(width * height * bytes);
  if (!pixels)
    return sg_no_memory(error, "for a picture grid");
  g_autofree char *path = g_build_filename(sg_run_dir_path(r), name, NULL);

  for (int i = 0; i < n; i++) {
    gsize top = (gsize)(i / columns) * (gsize)resolution;
    gsize left = (gsize)(i % columns) * (gsize)resolution;
    place(pixels + (top * width + left) * bytes, width, pictures + (gsize)i * one, channels,
          resolution);
  }
  return sg_png_write_drawn(path, pixels, (int)width, (int)height, channels, NULL, error);
}

/* ---- snapshots ------------------------------------------------------------------------------- */

#define SNAPSHOT_PREFIX "network-snapshot-"
#define SNAPSHOT_SUFFIX ".safetensors"

char *
sg_run_dir_snapshot_name(guint64 kimg)
{
  return g_strdup_printf(SNAPSHOT_PREFIX "%06" G_GUINT64_FORMAT SNAPSHOT_SUFFIX, kimg);
}

/* The kimg in such a name, or -1. */
static gint64
snapshot_kimg(const char *name)
{
  char *end;

  if (!g_str_has_prefix(name, SNAPSHOT_PREFIX))
    return -1;
  const char *digits = name + strlen(SNAPSHOT_PREFIX);
  gint64 kimg = g_ascii_isdigit(*digits) ? g_ascii_strtoll(digits, &end, 10) : -1;
  return kimg >= 0 && end - digits >= 6 && g_str_equal(end, SNAPSHOT_SUFFIX) ? kimg : -1;
}

static int
newest_first(gconstpointer a, gconstpointer b)
{
  gint64 x = snapshot_kimg(*(const char *const *)a), y = snapshot_kimg(*(const char *const *)b);
  return x < y ? 1 : x > y ? -1 : 0;
}

static GPtrArray *
snapshots(const char *path)
{
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

  for (const char *name; dir && (name = g_dir_read_name(dir));)
    if (snapshot_kimg(name) >= 0)
      g_ptr_array_add(names, g_strdup(name));
  g_ptr_array_sort(names, newest_first);
  return names;
}

char *
sg_run_dir_newest_snapshot(const char *path)
{
  g_autoptr(GPtrArray) names = snapshots(path);
  return names->len > 0 ? g_strdup(names->pdata[0]) : NULL;
}

/* A later file has a larger number; one that says it is the last is. */
static gint64
rank_of(const char *name)
{
  gint64 kimg = snapshot_kimg(name);

  if (kimg >= 0 || !g_str_has_suffix(name, ".pkl"))
    return kimg;
  if (g_str_equal(name, "network-final.pkl") || g_str_equal(name, SNAPSHOT_PREFIX "latest.pkl"))
    return G_MAXINT64;
  g_autofree char *as_ours =
      g_strdup_printf("%.*s" SNAPSHOT_SUFFIX, (int)(strlen(name) - strlen(".pkl")), name);
  return snapshot_kimg(as_ours);
}

char *
sg_run_dir_newest_model(const char *path)
{
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  g_autofree char *newest = NULL;
  gint64 best = -1;

  for (const char *name; dir && (name = g_dir_read_name(dir));) {
    gint64 rank = rank_of(name);
    if (rank < 0 || rank < best)
      continue;
    best = rank;
    g_free(newest);
    newest = g_strdup(name);
  }
  return g_steal_pointer(&newest);
}

void
sg_run_dir_prune_snapshots(SgRunDir *r, int keep)
{
  g_autoptr(GPtrArray) names = snapshots(sg_run_dir_path(r));

  for (guint i = (guint)MAX(keep, 0); keep > 0 && i < names->len; i++) {
    g_autofree char *path = g_build_filename(sg_run_dir_path(r), names->pdata[i], NULL);
    g_unlink(path);
  }
}

/* "NAME.0123abcd.tmp" of a name that the trainer writes. */
static gboolean
is_leftover(const char *name)
{
  static const char *const ours[] = {SNAPSHOT_PREFIX, "fakes", "reals.png", "stats.jsonl",
                                     "training_options.json"};
  gsize n = strlen(name), tail = strlen(".0123abcd.tmp");
  gboolean found = FALSE;

  if (n <= tail || !g_str_has_suffix(name, ".tmp") || name[n - tail] != '.')
    return FALSE;
  for (gsize i = n - tail + 1; i < n - 4; i++)
    if (!g_ascii_isxdigit(name[i]))
      return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS(ours); i++)
    found = found || g_str_has_prefix(name, ours[i]);
  return found;
}

void
sg_run_dir_remove_leftovers(const char *path)
{
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);

  for (const char *name; dir && (name = g_dir_read_name(dir));)
    if (is_leftover(name)) {
      g_autofree char *leftover = g_build_filename(path, name, NULL);
      g_unlink(leftover);
    }
}
