/* What a run leaves behind at a snapshot: networks, picture grid, histograms of D's scores, the
 * metrics (trainer-metric.c). */
#include "engine/base/room.h"
#include "engine/base/debug.h"
#include "engine/learn/learn-share.h"
#include "engine/learn/losses.h"
#include "engine/train/trainer-private.h"
#include <glib/gstdio.h>
#include <math.h>

#define HISTOGRAM_IMAGES 256
#define HISTOGRAM_BINS   50
/* Of SG_STREAM_GRID's kind: fixed for a seed, so that pictures compare over time. */
#define STREAM_SCORES 4

gsize
sg_trainer_picture_size(const SgTrainer *t)
{
  const SgModelInfo *i = &t->l->shape.info;
  return (gsize)(i->img_channels * i->img_resolution * i->img_resolution);
}

/* ---- grids ----------------------------------------------------------------------------------- */

void
sg_trainer_prepare_grid(SgTrainer *t)
{
  const SgModelInfo *i = &t->l->shape.info;

  /* 8 × 8, but no more than a screen holds. */
  t->grid_columns = CLAMP(1536 / i->img_resolution, 2, 8);
  t->grid_n = t->grid_columns * t->grid_columns;
  t->grid_z = sg_room((gsize)t->grid_n * (gsize)i->z_dim, sizeof *t->grid_z);
  t->grid_c = sg_room((gsize)t->grid_n * (gsize)i->c_dim, sizeof *t->grid_c);
  if (t->grid_z && (t->grid_c || !i->c_dim))
    sg_draw_latents(t->l, t->ds, SG_STREAM_GRID, t->grid_n, t->grid_z, t->grid_c);
}

int
sg_trainer_read_reals(SgTrainer *t, guint from, int n, float *out, float *labels)
{
  gsize size = sg_trainer_picture_size(t), c_dim = (gsize)t->l->shape.info.c_dim;
  g_autofree guint8 *pixels = g_try_new(guint8, size);
  int done = 0;

  for (guint k = 0; pixels && done < n && k < t->ds->n; k++) {
    /* Spread over the set: files are often sorted by what they show. */
    guint index = (guint)(((guint64)(from + k) * 2654435761u) % t->ds->n);
    if (!sg_dataset_read(t->ds, index, pixels, NULL))
      continue;
    for (gsize p = 0; p < size; p++)
      out[(gsize)done * size + p] = (float)pixels[p] / 127.5f - 1;
    if (labels)
      sg_dataset_label(t->ds, index, labels + (gsize)done * c_dim);
    done++;
  }
  return done;
}

static void
write_grid(SgTrainer *t, const char *name, const float *pictures, int n)
{
  const SgModelInfo *i = &t->l->shape.info;
  g_autoptr(GError) error = NULL;
  if (!sg_run_dir_grid(t->dir, name, pictures, n, t->grid_columns, i->img_channels,
                       i->img_resolution, &error))
    sg_run_dir_log(t->dir, "No picture grid: %s\n", error->message);
}

/* For n pictures, to be freed; NULL: no memory, which is said. */
static float *
room_for(SgTrainer *t, gsize n, const char *what)
{
  float *v = g_try_new(float, sg_trainer_picture_size(t) * n);

  if (!v)
    sg_run_dir_log(t->dir, "No %s: not enough memory for the pictures\n", what);
  return v;
}

void
sg_trainer_write_reals(SgTrainer *t)
{
  g_autofree float *v = room_for(t, (gsize)t->grid_n, "picture grid");

  if (!v)
    return;
  write_grid(t, "reals.png", v, sg_trainer_read_reals(t, 0, t->grid_n, v, NULL));
}

void
sg_trainer_write_fakes(SgTrainer *t, const char *name)
{
  g_autofree float *v = room_for(t, (gsize)t->grid_n, "picture grid");
  g_autoptr(GError) error = NULL;

  if (!v)
    return;
  if (sg_learn_pictures(t->l, t->grid_z, t->grid_c, t->grid_n, v, &error))
    write_grid(t, name, v, t->grid_n);
  else
    sg_run_dir_log(t->dir, "No picture grid: %s\n", error->message);
}

/* ---- D's opinion ----------------------------------------------------------------------------- */

/* The paper's figure: histograms of D (x) and D (G (z)), as probabilities. */
static void
report_histogram(SgTrainer *t, const char *tag, const float *pictures, const float *c, int n)
{
  g_autofree float *scores = g_try_new(float, n);
  g_autoptr(GError) error = NULL;

  if (!scores || !sg_learn_scores(t->l, pictures, c, n, scores, &error))
    return;
  for (int i = 0; i < n; i++)
    scores[i] = 1 / (1 + expf(-scores[i]));
  sg_run_dir_histogram(t->dir, tag, scores, (guint)n, 0, 1, HISTOGRAM_BINS);
}

static void
write_histograms(SgTrainer *t)
{
  const SgModelInfo *i = &t->l->shape.info;
  int group = i->mbstd_group_size > 0 ? i->mbstd_group_size : 1;
  int n = MAX(group, HISTOGRAM_IMAGES / group * group);
  g_autofree float *v = room_for(t, (gsize)n, "histograms of scores");
  g_autofree float *z = g_try_new(float, n * i->z_dim);
  g_autofree float *c = i->c_dim ? g_try_new(float, n * i->c_dim) : NULL;

  if (!v || !z || (i->c_dim && !c))
    return;
  sg_draw_latents(t->l, t->ds, STREAM_SCORES, n, z, c);
  if (sg_learn_pictures(t->l, z, c, n, v, NULL))
    report_histogram(t, "Scores/fake", v, c, n);
  int read = sg_trainer_read_reals(t, 7, n, v, c) / group * group;
  if (read > 0)
    report_histogram(t, "Scores/real", v, c, read);
}

/* ---- networks -------------------------------------------------------------------------------- */

/* Processes that do not compute the same (another processor, a broken one) train nothing. */
static gboolean
compare(SgTrainer *t)
{
  g_autoptr(GError) why = NULL;

  sg_trainer_order(t, SG_ORDER_COMPARE, NULL);
  if (!t->leading || sg_share_compare(t->l, &why))
    return TRUE;
  sg_run_dir_log(t->dir, "Broken at %.3f kimg: %s\n", (double)t->l->nimg / 1000, why->message);
  t->broken = "the processes have different weights";
  return FALSE;
}

gboolean
sg_trainer_save_networks(SgTrainer *t, GError **error)
{
  g_autofree char *name = sg_run_dir_snapshot_name(t->l->nimg / 1000);
  g_autofree char *path = g_build_filename(sg_run_dir_path(t->dir), name, NULL);
  gint64 start = g_get_monotonic_time();

  t->broken = sg_learn_is_finite(t->l) ? NULL : "weights are not numbers";
  if (t->broken || !compare(t))
    return sg_trainer_diverged(t, t->broken, error);
  g_autofree char *note = sg_trainer_note(t);
  gboolean named = t->l->o->cond && t->ds->one_hot;
  /* One that somebody wanted to stay is not made one that goes. */
  gboolean passing =
      t->due.clock && (g_strcmp0(path, t->passing) == 0 || !g_file_test(path, G_FILE_TEST_EXISTS));
  if (!sg_snapshot_save(t->l, path, t->ds->name, t->ds->n, named ? t->ds->label_names : NULL, note,
                        error)) {
    t->owed = !t->due.clock || t->owed;
    return FALSE;
  }
  sg_debug(SG_DEBUG_TRAIN, "snapshot %s: %.0f ms", path,
           (double)(g_get_monotonic_time() - start) / 1e3);
  if (t->owed)
    sg_run_dir_log(t->dir, "There is space again: saved as %s\n", path);
  t->owed = FALSE;
  t->saved = g_get_monotonic_time();
  t->saved_nimg = t->l->nimg;
  if (t->passing && !g_str_equal(t->passing, path))
    g_unlink(t->passing);
  g_free(t->passing);
  t->passing = passing ? g_strdup(path) : NULL;
  g_free(t->last_good);
  t->last_good = g_steal_pointer(&path);
  if (t->o->keep > 0)
    sg_run_dir_prune_snapshots(t->dir, t->o->keep);
  return TRUE;
}

/* A metric may take long: a snapshot that only the clock asks for comes with those that take a
 * small part of the time between two. */
static gboolean
is_affordable(const SgTrainer *t, double grid_seconds)
{
  double pictures = MIN(t->o->metric_images, (int)t->ds->n);
  double guess =
      t->metric_seconds > 0 ? t->metric_seconds : 2 * grid_seconds * pictures / MAX(1, t->grid_n);
  return guess < 0.05 * 60 * t->o->snap_minutes;
}

void
sg_trainer_look(SgTrainer *t, gboolean clock)
{
  gint64 start = g_get_monotonic_time();
  g_autofree char *grid = g_strdup_printf("fakes%06d.png", (int)(t->l->nimg / 1000));

  sg_trainer_write_fakes(t, grid);
  double seconds = sg_seconds_since(start);
  write_histograms(t);
  if (clock && !is_affordable(t, seconds))
    return;
  start = g_get_monotonic_time();
  sg_trainer_measure(t);
  t->metric_seconds = sg_seconds_since(start);
}

void
sg_trainer_snapshot(SgTrainer *t)
{
  gint64 start = g_get_monotonic_time();
  g_autoptr(GError) error = NULL;

  t->due.look = TRUE;
  if (!sg_trainer_save_networks(t, &error) && !t->broken)
    sg_run_dir_log(t->dir, "No snapshot at %.1f kimg: %s.%s\n", (double)t->l->nimg / 1000,
                   error->message, t->ending ? "" : " Training goes on and tries again.");
  if (t->broken)
    return;
  sg_trainer_measure_beside(t);
  sg_trainer_look(t, t->due.clock);
  t->due.look = FALSE;
  t->maintenance += sg_seconds_since(start);
}
