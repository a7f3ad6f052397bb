/* What a run leaves behind at a snapshot: networks, picture grid, histograms of D's scores, the
 * metric. */
#include "engine/learn/learn-share.h"
#include "engine/learn/losses.h"
#include "engine/train/trainer-private.h"
#include <math.h>

#define HISTOGRAM_IMAGES 256
#define HISTOGRAM_BINS   50
#define METRIC_BATCH     32
/* Streams of SG_STREAM_GRID's kind: fixed for a seed, so that pictures and metrics compare over
 * time. */
#define STREAM_METRIC 3
#define STREAM_SCORES 4

static gsize
picture_size(const SgTrainer *t)
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
  t->grid_z = g_new(float, t->grid_n * i->z_dim);
  t->grid_c = i->c_dim ? g_new(float, t->grid_n * i->c_dim) : NULL;
  sg_draw_latents(t->l, t->ds, SG_STREAM_GRID, t->grid_n, t->grid_z, t->grid_c);
}

/* Pictures, and their labels unless NULL. Reading problems of single images are the loader's
 * business: here they are skipped. */
static int
read_reals(SgTrainer *t, guint from, int n, float *out, float *labels)
{
  gsize size = picture_size(t), c_dim = (gsize)t->l->shape.info.c_dim;
  g_autofree guint8 *pixels = g_new(guint8, size);
  int done = 0;

  for (guint k = 0; done < n && k < t->ds->n; k++) {
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

void
sg_trainer_write_reals(SgTrainer *t)
{
  g_autofree float *v = g_new(float, picture_size(t) * (gsize)t->grid_n);
  write_grid(t, "reals.png", v, read_reals(t, 0, t->grid_n, v, NULL));
}

void
sg_trainer_write_fakes(SgTrainer *t, const char *name)
{
  g_autofree float *v = g_new(float, picture_size(t) * (gsize)t->grid_n);
  g_autoptr(GError) error = NULL;
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
  g_autofree float *scores = g_new(float, n);
  g_autoptr(GError) error = NULL;

  if (!sg_learn_scores(t->l, pictures, c, n, scores, &error))
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
  g_autofree float *v = g_new(float, picture_size(t) * (gsize)n), *z = g_new(float, n * i->z_dim);
  g_autofree float *c = i->c_dim ? g_new(float, n * i->c_dim) : NULL;

  sg_draw_latents(t->l, t->ds, STREAM_SCORES, n, z, c);
  if (sg_learn_pictures(t->l, z, c, n, v, NULL))
    report_histogram(t, "Scores/fake", v, c, n);
  int read = read_reals(t, 7, n, v, c) / group * group;
  if (read > 0)
    report_histogram(t, "Scores/real", v, c, read);
}

/* ---- the metric ------------------------------------------------------------------------------ */

static int
metric_images(const SgTrainer *t)
{
  return MIN(t->o->metric_images, (int)t->ds->n);
}

static SgSwd *
new_swd(SgTrainer *t)
{
  const SgModelInfo *i = &t->l->shape.info;
  g_autoptr(GError) error = NULL;
  SgSwd *s = sg_swd_new(i->img_channels, i->img_resolution, metric_images(t), t->o->seed, &error);
  if (!s)
    sg_run_dir_log(t->dir, "No metric: %s\n", error->message);
  return s;
}

static gboolean
real_descriptors(SgTrainer *t)
{
  g_autofree float *v = g_new(float, picture_size(t) * METRIC_BATCH);
  int total = metric_images(t);

  if (t->swd_real)
    return TRUE;
  t->swd_real = new_swd(t);
  for (int done = 0; t->swd_real && done < total;) {
    int n = read_reals(t, (guint)done, MIN(METRIC_BATCH, total - done), v, NULL);
    if (n == 0)
      return FALSE;
    sg_swd_add(t->swd_real, v, n);
    done += n;
  }
  return t->swd_real != NULL;
}

static SgSwd *
fake_descriptors(SgTrainer *t)
{
  const SgModelInfo *i = &t->l->shape.info;
  int total = metric_images(t);
  SgSwd *s = new_swd(t);
  g_autofree float *v = g_new(float, picture_size(t) * METRIC_BATCH);
  g_autofree float *z = g_new(float, total * i->z_dim);
  g_autofree float *c = i->c_dim ? g_new(float, total * i->c_dim) : NULL;

  sg_draw_latents(t->l, t->ds, STREAM_METRIC, total, z, c);
  for (int from = 0; s && from < total; from += METRIC_BATCH) {
    int n = MIN(METRIC_BATCH, total - from);
    if (!sg_learn_pictures(t->l, z + (gsize)(from * i->z_dim),
                           c ? c + (gsize)(from * i->c_dim) : NULL, n, v, NULL)) {
      g_clear_pointer(&s, sg_swd_free);
      break;
    }
    sg_swd_add(s, v, n);
  }
  return s;
}

static void
run_metric(SgTrainer *t)
{
  if (!g_str_equal(t->o->metrics, "swd") || metric_images(t) < 2 || !real_descriptors(t))
    return;
  g_autoptr(SgSwd) fake = fake_descriptors(t);
  if (!fake)
    return;
  int levels = sg_swd_levels(fake);
  double distance[16];
  g_autoptr(GString) text = g_string_new(NULL);
  double mean = sg_swd_distance(t->swd_real, fake, t->o->seed, distance);
  for (int i = 0; i < levels; i++) {
    int r = sg_swd_level_resolution(fake, i);
    g_autofree char *tag = g_strdup_printf("Metrics/swd/%d", r);
    sg_run_dir_report(t->dir, tag, distance[i]);
    g_string_append_printf(text, "  %d: %.2f", r, distance[i]);
  }
  sg_run_dir_report(t->dir, "Metrics/swd", mean);
  sg_run_dir_log(t->dir, "swd %.3f at %.1f kimg (%d pictures)%s\n", mean, (double)t->l->nimg / 1000,
                 metric_images(t), text->str);
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

  t->broken = sg_learn_is_finite(t->l) ? NULL : "weights are not numbers";
  if (t->broken || !compare(t))
    return sg_trainer_diverged(t, t->broken, error);
  if (!sg_snapshot_save(t->l, path, t->ds->name, t->ds->n, error)) {
    t->owed = TRUE;
    return FALSE;
  }
  t->owed = FALSE;
  g_free(t->last_good);
  t->last_good = g_steal_pointer(&path);
  if (t->o->keep > 0)
    sg_run_dir_prune_snapshots(t->dir, t->o->keep);
  return TRUE;
}

void
sg_trainer_snapshot(SgTrainer *t)
{
  gint64 start = g_get_monotonic_time();
  g_autofree char *grid = g_strdup_printf("fakes%06d.png", (int)(t->l->nimg / 1000));
  g_autoptr(GError) error = NULL;

  if (!sg_trainer_save_networks(t, &error) && !t->broken)
    sg_run_dir_log(t->dir, "No snapshot at %.1f kimg: %s. Training goes on and tries again.\n",
                   (double)t->l->nimg / 1000, error->message);
  if (t->broken)
    return;
  sg_trainer_write_fakes(t, grid);
  write_histograms(t);
  run_metric(t);
  t->maintenance += sg_seconds_since(start);
}
