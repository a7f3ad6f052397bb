#include "engine/explore/prune-save.h"
#include "engine/explore/renderer.h"
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---- the file -------------------------------------------------------------------------------- */

static guint64
count_zeros(const SgModel *model, guint64 *weights)
{
  g_autoptr(GArray) layers = sg_weight_layers(model);
  guint64 zeros = 0;

  *weights = 0;
  for (guint i = 0; i < layers->len; i++) {
    const SgTensor *t = g_array_index(layers, SgWeightLayer, i).tensor;
    *weights += t->numel;
    for (gsize k = 0; k < t->numel; k++)
      zeros += t->data[k] == 0;
  }
  return zeros;
}

/* Bytes of all tensors, one after the other, through zlib. */
static gboolean
compressed_size(const SgModel *model, guint64 *size, GError **error)
{
  g_autofree guint8 *out = g_malloc(1 << 16);
  z_stream z = {0};
  int status;

  if (deflateInit(&z, 6) != Z_OK) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough memory to compress");
    return FALSE;
  }
  *size = 0;
  for (guint i = 0; i <= model->names->len; i++) {
    gboolean end = i == model->names->len;
    const SgTensor *t = end ? NULL : g_hash_table_lookup(model->tensors, model->names->pdata[i]);
    guint8 *data = t ? (guint8 *)t->data : NULL;
    gsize left = t ? t->numel * sizeof(float) : 0;
    do { /* zlib counts in 32 bits */
      z.next_in = data;
      z.avail_in = (uInt)MIN(left, (gsize)1 << 30);
      data += z.avail_in;
      left -= z.avail_in;
      do {
        z.next_out = out;
        z.avail_out = 1 << 16;
        status = deflate(&z, end ? Z_FINISH : Z_NO_FLUSH);
        *size += (1 << 16) - z.avail_out;
      } while (z.avail_out == 0);
    } while (left > 0);
  }
  deflateEnd(&z);
  g_assert(status == Z_STREAM_END);
  return TRUE;
}

static char *
describe(const SgPrune *p)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  GString *s = g_string_new("threshold ");

  g_string_append(s, g_ascii_dtostr(number, sizeof number, p->threshold));
  g_string_append(s, p->magnitude == SG_MAGNITUDE_EFFECTIVE ? " of effective weights"
                                                            : " of stored weights");
  for (guint i = 0; p->layers && i < p->layers->len; i++) {
    const SgLayerThreshold *one = &g_array_index(p->layers, SgLayerThreshold, i);
    g_string_append_printf(s, ", %s %s", one->layer,
                           g_ascii_dtostr(number, sizeof number, one->threshold));
  }
  return g_string_free(s, FALSE);
}

/* The setting without the switch that is not about weights; to be cleared. */
static SgPrune
weights_only(const SgPrune *p)
{
  SgPrune plain;

  sg_prune_copy(&plain, p);
  plain.unequalised = FALSE;
  return plain;
}

static gboolean
fill_saving(const SgModel *before, const SgModel *after, const char *path, SgPruneSaving *s,
            GError **error)
{
  GStatBuf file;

  memset(s, 0, sizeof *s);
  s->zeros_before = count_zeros(before, &s->weights);
  s->zeros = count_zeros(after, &s->weights);
  if (g_stat(path, &file) == 0)
    s->bytes = (guint64)file.st_size;
  return compressed_size(before, &s->compressed_before, error) &&
         compressed_size(after, &s->compressed, error);
}

gboolean
sg_prune_save(SgModel *model, const SgPrune *p, const char *path, SgPruneSaving *saving,
              GError **error)
{
  g_autoptr(SgModel) light = sg_model_new_light(model);
  SgPrune plain = weights_only(p);
  g_autoptr(SgModel) pruned = sg_prune_apply(light, &plain, error);

  if (pruned)
    g_hash_table_replace(pruned->metadata, g_strdup("pruned"), describe(&plain));
  sg_prune_clear(&plain);
  return pruned && sg_model_save(pruned, path, error) &&
         (!saving || fill_saving(light, pruned, path, saving, error));
}

/* ---- the speed ------------------------------------------------------------------------------- */

#define PICTURES    31
#define MOST_TIME   (2 * G_USEC_PER_SEC) /* for all pictures together */
#define MAX_RUNNERS 3

static int
compare_doubles(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double
median(double *v, int n)
{
  qsort(v, (size_t)n, sizeof *v, compare_doubles);
  return v[n / 2];
}

static SgTensor *
timed_picture(SgRenderer *r, const SgRecipe *recipe, double *ms, GError **error)
{
  gint64 start = g_get_monotonic_time();
  SgTensor *t = sg_renderer_render_float(r, recipe, error);
  *ms = (double)(g_get_monotonic_time() - start) / 1e3;
  return t;
}

static double
largest_difference(const SgTensor *a, const SgTensor *b)
{
  double worst = 0;

  for (gsize i = 0; i < a->numel; i++)
    worst = MAX(worst, fabs((double)a->data[i] - b->data[i]));
  return worst;
}

/* One face by every runner in turn, so that what else the machine does meets all of them alike. */
static gboolean
race_round(SgRenderer *const *r, int n, const SgRecipe *recipe, double *ms, double *difference,
           GError **error)
{
  SgTensor *picture[MAX_RUNNERS] = {NULL};
  gboolean ok = TRUE;

  for (int k = 0; ok && k < n; k++)
    ok = (picture[k] = timed_picture(r[k], recipe, &ms[k], error)) != NULL;
  if (ok && n == MAX_RUNNERS)
    *difference = MAX(*difference, largest_difference(picture[1], picture[2]));
  for (int k = 0; k < n; k++)
    sg_tensor_unref(picture[k]);
  return ok;
}

static gboolean
race(SgRenderer *const *r, int n, const SgModelInfo *info, double *ms, double *difference,
     GError **error)
{
  g_autoptr(SgRecipe) recipe = sg_recipe_new(info->z_dim, info->w_dim);
  double times[MAX_RUNNERS][PICTURES], one[MAX_RUNNERS];
  gint64 start = g_get_monotonic_time();
  int rounds = 0;

  *difference = 0;
  recipe->label = info->c_dim > 0 ? 0 : -1;
  if (!race_round(r, n, recipe, one, difference, error)) /* warms up */
    return FALSE;
  do {
    recipe->seed++;
    if (!race_round(r, n, recipe, one, difference, error))
      return FALSE;
    for (int k = 0; k < n; k++)
      times[k][rounds] = one[k];
    rounds++;
  } while (rounds < PICTURES && g_get_monotonic_time() - start < MOST_TIME);
  for (int k = 0; k < n; k++)
    ms[k] = median(times[k], rounds);
  return TRUE;
}

gboolean
sg_prune_measure(SgModel *model, const SgPrune *p, SgPruneSpeed *speed, GError **error)
{
  SgPrune plain = weights_only(p);
  g_autoptr(SgModel) pruned = sg_prune_apply(model, &plain, error);
  SgModel *models[MAX_RUNNERS] = {model, pruned, NULL};
  SgRenderer *runner[MAX_RUNNERS] = {NULL};
  double ms[MAX_RUNNERS] = {0};
  gboolean ok = pruned != NULL;
  int n = 2;

  sg_prune_clear(&plain);
  memset(speed, 0, sizeof *speed);
  g_autoptr(SgModel) slim =
      ok ? sg_prune_slim(pruned, &speed->channels, &speed->removed, error) : NULL;
  ok = slim != NULL;
  if (ok && speed->removed > 0)
    models[n++] = slim;
  for (int k = 0; ok && k < n; k++) {
    ok = (runner[k] = sg_renderer_new(models[k], NULL, error)) != NULL;
    if (ok)
      sg_renderer_set_cache_budget(runner[k], 0);
  }
  ok = ok && race(runner, n, &model->info, ms, &speed->difference, error);
  for (int k = 0; k < n; k++)
    sg_renderer_free(runner[k]);
  if (!ok)
    return FALSE;
  count_zeros(model, &speed->weights);
  count_zeros(slim, &speed->kept);
  speed->ms_before = ms[0];
  speed->ms_pruned = ms[1];
  speed->ms_slim = n == MAX_RUNNERS ? ms[2] : ms[1];
  return TRUE;
}
