/* The references: pictures of the model's own and of the data set, and what they give. */
#include "engine/examine/examine-private.h"
#include "engine/base/sha256.h"
#include "engine/formats/format-error.h"
#include "engine/formats/read-file.h"
#include "engine/formats/writer.h"
#include "engine/backend/backend-device.h"
#include "engine/kernels/element.h"
#include <glib/gstdio.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Seeds that nobody has looked at. */
#define FIRST_SEED 1500000000u
#define MAX_CACHE  (16 * 1024 * 1024)
#define VERSION    1

/* ---- one of them ----------------------------------------------------------------------------- */

static gboolean
draw(SgExamination *e, int number, guint8 *planes, GError **error)
{
  const SgModelInfo *info = &e->model->info;
  g_autoptr(SgRecipe) recipe = sg_recipe_new(info->z_dim, info->w_dim);

  recipe->seed = FIRST_SEED + (guint32)(e->o.seed * 100003) + (guint32)number;
  recipe->label = info->c_dim > 0 ? e->o.label : -1;
  g_autoptr(SgTensor) t = sg_renderer_render_float(e->renderer, recipe, error);
  for (gsize i = 0; t && i < e->size; i++)
    planes[i] = k_rgb8(t->data[i]); /* as the saved picture has it */
  return t != NULL;
}

static gboolean
measure(SgExamination *e, int i, const guint8 *planes, GError **error)
{
  const SgModelInfo *info = &e->model->info;
  int bins = sg_spectrum_bins(info->img_resolution);

  for (int t = 0; t < SG_TREATMENTS; t++) {
    int row = i * SG_TREATMENTS + t;
    g_autofree guint8 *treated =
        sg_damage(&sg_treatments[t], info->img_channels, info->img_resolution, planes, error);
    if (!treated || (info->has_d && !sg_examine_logit(e, treated, &e->logits[row], error)))
      return FALSE;
    sg_spectrum(info->img_channels, info->img_resolution, treated,
                e->profiles + (gsize)row * (gsize)bins);
  }
  e->nearest[i] = INFINITY;
  return !e->describer ||
         sg_describer_run(e->describer, 1, planes,
                          e->features + (gsize)i * (gsize)sg_describer_count(e->describer), error);
}

/* The next picture of the data set that can be read; FALSE: there is none. */
static gboolean
read_real(SgExamination *e, int k, guint8 *planes)
{
  while (e->next_real < e->real->n) {
    guint index = e->next_real++;
    if (sg_dataset_read(e->real, index, planes, NULL)) {
      e->real_names[k] = sg_dataset_picture_name(e->real, index);
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
sg_examine_reference(SgExamination *e, GError **error)
{
  int i = e->at, k = i - e->n_generated;
  guint8 *planes = e->pixels + (gsize)i * e->size;

  e->done++;
  if (k < 0)
    return draw(e, i, planes, error) && measure(e, i, planes, error);
  if (read_real(e, k, planes))
    return measure(e, i, planes, error);
  e->n_real = k; /* fewer than were hoped for */
  return k > 0 || sg_broken(error, "%s: none of its pictures can be read", e->data);
}

/* ---- kept ------------------------------------------------------------------------------------ */

/* Everything that decides the distances. */
static char *
cache_path(const SgExamination *e)
{
  struct sha256_ctx sum;
  g_autofree char *settings = g_strdup_printf(
      "%d %s %d %d %d %d %d %s %s", VERSION, e->model->hash, e->n_generated, e->n_real, e->o.steps,
      e->o.tries, e->o.label, e->backend->name, sg_backend_precision(NULL));

  if (!e->cache)
    return NULL;
  sha256_init(&sum);
  sha256_update(&sum, strlen(settings), (const guint8 *)settings);
  sha256_update(&sum, e->size * (gsize)sg_examination_references(e), e->pixels);
  g_autofree char *hash = sg_sha256_hex(&sum);
  g_autofree char *name = g_strdup_printf("%.16s-%.16s.json", e->model->hash, hash);
  return g_build_filename(e->cache, name, NULL);
}

static gboolean
take(SgExamination *e, const json_t *list)
{
  int n = sg_examination_references(e);

  if (json_array_size(list) != (size_t)n)
    return FALSE;
  for (int i = 0; i < n; i++) {
    const json_t *v = json_array_get(list, (size_t)i);
    if (!json_is_number(v) || !isfinite(json_number_value(v)))
      return FALSE;
    e->distances[i] = json_number_value(v);
  }
  return TRUE;
}

gboolean
sg_examine_load(SgExamination *e)
{
  g_autofree char *path = cache_path(e);
  gsize length = 0;
  g_autofree char *text = path && g_file_test(path, G_FILE_TEST_IS_REGULAR)
                              ? sg_read_file(path, MAX_CACHE, &length, NULL)
                              : NULL;
  json_t *root = text ? json_loadb(text, length, 0, NULL) : NULL;

  e->cached = root && take(e, json_object_get(root, "distances"));
  json_decref(root);
  return e->cached;
}

/* Who cannot keep them measures them again. */
void
sg_examine_keep(const SgExamination *e)
{
  g_autofree char *path = cache_path(e);
  json_t *list = json_array();

  for (int i = 0; i < sg_examination_references(e); i++)
    json_array_append_new(list, json_real(e->distances[i]));
  json_t *root = json_pack("{s:s, s:o}", "model", e->model->hash, "distances", list);
  char *text = json_dumps(root, JSON_INDENT(1));
  if (path && g_mkdir_with_parents(e->cache, 0700) == 0)
    sg_write_file(path, text, strlen(text), NULL);
  free(text);
  json_decref(root);
}

/* ---- what they are worth --------------------------------------------------------------------- */

/* Numbers [references] as evidence. */
static SgEvidence *
evidence_of(const SgExamination *e, const double *numbers, gboolean high)
{
  return sg_evidence_new(1, e->n_real, numbers + e->n_generated, e->n_generated, numbers, high);
}

/* Numbers [references, treatments] as evidence, which has treatments first. */
static SgEvidence *
evidence_of_treated(const SgExamination *e, const double *numbers, gboolean high)
{
  enum { T = SG_TREATMENTS };
  int n = sg_examination_references(e);
  g_autofree double *own = g_new(double, (gsize)e->n_generated *T);
  g_autofree double *real = g_new(double, (gsize)e->n_real *T + 1);

  for (int i = 0; i < n; i++)
    for (int t = 0; t < T; t++) {
      double v = numbers[i * T + t];
      if (i < e->n_generated)
        own[t * e->n_generated + i] = v;
      else
        real[t * e->n_real + i - e->n_generated] = v;
    }
  return sg_evidence_new(T, e->n_real, real, e->n_generated, own, high);
}

/* Each reference is scored by a discriminant of the others: else the references would look further
 * apart than new pictures are. */
static void
weigh_spectrum(SgExamination *e)
{
  enum { T = SG_TREATMENTS };
  int bins = sg_spectrum_bins(e->model->info.img_resolution);
  int generated = e->n_generated * T, real = e->n_real * T;
  const double *y = e->profiles, *x = e->profiles + (gsize)generated * (gsize)bins;
  g_autofree double *scores = g_new(double, (gsize)(generated + real));

  e->discriminant = sg_discriminant_new(bins, real, x, generated, y, 1, -1);
  for (int i = 0; e->discriminant && i < sg_examination_references(e); i++) {
    gboolean own = i < e->n_generated;
    int row = own ? real + i * T : (i - e->n_generated) * T;
    g_autoptr(SgDiscriminant) others = sg_discriminant_new(bins, real, x, generated, y, T, row);
    if (!others) {
      g_clear_pointer(&e->discriminant, sg_discriminant_free);
      break;
    }
    for (int t = 0; t < T; t++)
      scores[i * T + t] =
          sg_discriminant_score(others, e->profiles + (gsize)(i * T + t) * (gsize)bins);
  }
  if (e->discriminant)
    e->evidence[SG_WITNESS_SPECTRUM] = evidence_of_treated(e, scores, TRUE);
}

static void
say(SgExamination *e, SgWitness w, const char *why)
{
  if (!e->evidence[w] && !e->absence[w])
    e->absence[w] = g_strdup(why);
}

void
sg_examine_weigh(SgExamination *e)
{
  if (e->model->info.has_d)
    e->evidence[SG_WITNESS_LOGIT] = evidence_of_treated(e, e->logits, FALSE);
  if (e->projection)
    e->evidence[SG_WITNESS_DISTANCE] = evidence_of(e, e->distances, FALSE);
  if (e->n_real > 0) {
    e->evidence[SG_WITNESS_NEAREST] = evidence_of(e, e->nearest, FALSE);
    if (sg_spectrum_available())
      weigh_spectrum(e);
  }
  say(e, SG_WITNESS_LOGIT, "this model's file has no discriminator");
  say(e, SG_WITNESS_DISTANCE, "left out: no steps were asked for");
  say(e, SG_WITNESS_NEAREST, "there is no data set to look through");
  say(e, SG_WITNESS_SPECTRUM,
      !sg_spectrum_available() ? "the program was built without kissfft"
      : e->n_real == 0         ? "there is no data set to compare spectra with"
                               : "all references have the same spectrum");
}
