#include "engine/explore/weights/prune-save.h"
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

typedef enum { RACE_PRUNE, RACE_SLIM, RACE_PACK, RACE_PICTURES } RacePhase;

struct _SgPruneRace {
  RacePhase phase;
  SgPrune plain;
  SgModel *models[MAX_RUNNERS]; /* as it was, pruned, without channels */
  SgRenderer *runner[MAX_RUNNERS];
  int n, at; /* runners, whose turn it is */
  SgRecipe *recipe;
  SgTensor *picture[MAX_RUNNERS]; /* of this round */
  double times[MAX_RUNNERS][PICTURES + 1];
  int rounds; /* the first warms up */
  double spent;
  SgPruneSpeed speed;
};

SgPruneRace *
sg_prune_race_new(SgModel *model, const SgPrune *p)
{
  SgPruneRace *race = g_new0(SgPruneRace, 1);

  race->plain = weights_only(p);
  race->models[0] = sg_model_ref(model);
  race->n = 2;
  race->recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  race->recipe->label = model->info.c_dim > 0 ? 0 : -1;
  return race;
}

void
sg_prune_race_free(SgPruneRace *race)
{
  if (!race)
    return;
  for (int k = 0; k < MAX_RUNNERS; k++) {
    sg_renderer_free(race->runner[k]);
    g_clear_pointer(&race->models[k], sg_model_unref);
    sg_tensor_unref(race->picture[k]);
  }
  sg_recipe_free(race->recipe);
  sg_prune_clear(&race->plain);
  g_free(race);
}

static gboolean
race_slim(SgPruneRace *race, GError **error)
{
  race->models[2] =
      sg_prune_slim(race->models[1], &race->speed.channels, &race->speed.removed, error);
  race->n = race->speed.removed > 0 ? 3 : 2;
  race->phase = RACE_PACK;
  return race->models[2] != NULL;
}

static gboolean
race_pack(SgPruneRace *race, GError **error)
{
  SgRenderer *r = sg_renderer_new(race->models[race->at], NULL, error);

  if (!r)
    return FALSE;
  sg_renderer_set_cache_budget(r, 0);
  race->runner[race->at++] = r;
  if (race->at == race->n) {
    race->at = 0;
    race->phase = RACE_PICTURES;
  }
  return TRUE;
}

/* One face by every runner in turn, so that what else the machine does meets all of them alike. */
static gboolean
race_picture(SgPruneRace *race, GError **error)
{
  int k = race->at;

  sg_tensor_unref(race->picture[k]);
  race->picture[k] =
      timed_picture(race->runner[k], race->recipe, &race->times[k][race->rounds], error);
  if (!race->picture[k])
    return FALSE;
  race->spent += race->times[k][race->rounds];
  race->at = (k + 1) % race->n;
  if (race->at > 0)
    return TRUE;
  if (race->n == MAX_RUNNERS)
    race->speed.difference =
        MAX(race->speed.difference, largest_difference(race->picture[1], race->picture[2]));
  race->recipe->seed++;
  race->rounds++;
  return TRUE;
}

static void
race_result(SgPruneRace *race, SgPruneSpeed *speed)
{
  double ms[MAX_RUNNERS];

  for (int k = 0; k < race->n; k++)
    ms[k] = median(race->times[k] + 1, race->rounds - 1);
  count_zeros(race->models[0], &race->speed.weights);
  count_zeros(race->models[2], &race->speed.kept);
  *speed = race->speed;
  speed->ms_before = ms[0];
  speed->ms_pruned = ms[1];
  speed->ms_slim = race->n == MAX_RUNNERS ? ms[2] : ms[1];
}

gboolean
sg_prune_race_step(SgPruneRace *race, SgPruneSpeed *speed, gboolean *done, GError **error)
{
  *done = FALSE;
  switch (race->phase) {
  case RACE_PRUNE:
    race->phase = RACE_SLIM;
    return (race->models[1] = sg_prune_apply(race->models[0], &race->plain, error)) != NULL;
  case RACE_SLIM:
    return race_slim(race, error);
  case RACE_PACK:
    return race_pack(race, error);
  case RACE_PICTURES:
  default:
    break;
  }
  if (!race_picture(race, error))
    return FALSE;
  *done = race->at == 0 && race->rounds > 1 &&
          (race->rounds == PICTURES + 1 || race->spent * 1e3 >= MOST_TIME);
  if (*done)
    race_result(race, speed);
  return TRUE;
}

gboolean
sg_prune_measure(SgModel *model, const SgPrune *p, SgPruneSpeed *speed, GError **error)
{
  g_autoptr(SgPruneRace) race = sg_prune_race_new(model, p);
  gboolean done = FALSE;

  while (!done)
    if (!sg_prune_race_step(race, speed, &done, error))
      return FALSE;
  return TRUE;
}
