/* One picture that is examined. */
#include "engine/examine/examine-private.h"
#include "engine/base/sha256.h"
#include "engine/data/square.h"
#include "engine/explore/picture-model.h"
#include "engine/formats/read-file.h"
#include "engine/pictures/picture-write.h"
#include <math.h>
#include <string.h>

#define MAX_FILE ((gsize)1 << 30)

SgSubject *
sg_subject_new(const char *path)
{
  SgSubject *s = g_new0(SgSubject, 1);

  s->out.path = g_strdup(path);
  for (int w = 0; w < SG_WITNESSES; w++) {
    s->out.value[w] = NAN;
    for (int k = 0; k < SG_STRESS_COUNT; k++)
      s->out.stressed[w][k] = NAN;
  }
  return s;
}

void
sg_subject_free(SgSubject *s)
{
  g_free(s->out.path);
  g_free(s->out.sha256);
  g_free(s->out.error);
  g_free(s->out.recipe_hash);
  g_free(s->out.pixels);
  g_free(s->out.face);
  for (int i = 0; i < SG_NEAREST; i++) {
    g_free(s->out.nearest[i].name);
    g_free(s->out.nearest[i].pixels);
  }
  sg_provenance_clear(&s->out.provenance);
  g_free(s->features);
  g_free(s->distances);
  g_free(s);
}

/* ---- the file -------------------------------------------------------------------------------- */

static char *
sha256_of(const guint8 *data, gsize size)
{
  struct sha256_ctx sum;

  sha256_init(&sum);
  sha256_update(&sum, size, data);
  return sg_sha256_hex(&sum);
}

/* Does the model draw these pixels from the recipe? Whatever goes wrong with it: no. */
static gboolean
draws(SgExamination *e, SgRecipe *recipe, const SgPixels *picture)
{
  int channels = e->model->info.img_channels;
  g_auto(SgPixels) p = *picture;

  p.pixels = g_memdup2(picture->pixels, (gsize)p.width * (gsize)p.height * (gsize)p.channels);
  sg_pixels_convert(&p, channels % 2 == 0 ? 4 : 3);
  if (!sg_recipe_check(recipe, &e->model->info, NULL))
    return FALSE;
  g_autoptr(SgPicture) drawn = sg_renderer_render(e->renderer, recipe, 0, NULL);
  return drawn && drawn->faces == 1 && drawn->width == p.width && drawn->height == p.height &&
         drawn->bytes == p.channels &&
         memcmp(drawn->rgb, p.pixels, (gsize)p.width * (gsize)p.height * (gsize)p.channels) == 0;
}

static void
follow_recipe(SgExamination *e, SgSubject *s, const guint8 *data, gsize size, const SgPixels *p)
{
  g_autofree char *json = sg_picture_read_recipe_memory(s->out.path, data, size, NULL);
  g_autoptr(SgRecipe) recipe =
      json ? sg_recipe_from_json(json, -1, &s->out.recipe_hash, NULL, NULL) : NULL;

  if (!recipe || g_strcmp0(s->out.recipe_hash, e->model->hash) != 0)
    return;
  sg_find_recipe_files(recipe, s->out.path);
  s->out.redrawn = draws(e, recipe, p);
}

static gboolean
is_plain(const SgExamination *e, const guint8 *planes)
{
  gsize n = e->size / (gsize)e->model->info.img_channels;

  for (gsize i = 0; i < e->size; i++)
    if (planes[i] != planes[i / n * n])
      return FALSE;
  return TRUE;
}

static gboolean
read_file(SgExamination *e, SgSubject *s, GError **error)
{
  const SgModelInfo *info = &e->model->info;
  g_autofree char *data = sg_read_file(s->out.path, MAX_FILE, &s->out.bytes, error);
  g_auto(SgPixels) p = {0};

  if (!data)
    return FALSE;
  s->out.sha256 = sha256_of((const guint8 *)data, s->out.bytes);
  sg_provenance_read(&s->out.provenance, (const guint8 *)data, s->out.bytes);
  if (!sg_pixels_decode(&p, s->out.path, (const guint8 *)data, s->out.bytes, error))
    return FALSE;
  s->out.width = p.width;
  s->out.height = p.height;
  s->out.enlarged = MIN(p.width, p.height) < info->img_resolution;
  if (s->out.provenance.has_recipe)
    follow_recipe(e, s, (const guint8 *)data, s->out.bytes, &p);
  s->out.pixels = g_malloc(e->size);
  sg_picture_square(&p, info->img_channels, info->img_resolution, SG_TRANSFORM_CENTER_CROP,
                    s->out.pixels);
  s->out.plain = is_plain(e, s->out.pixels);
  return TRUE;
}

/* ---- numbers --------------------------------------------------------------------------------- */

guint8 *
sg_subject_variant(SgExamination *e, int i, gpointer subject, GError **error)
{
  const SgSubject *s = subject;
  const SgModelInfo *info = &e->model->info;
  const SgDamage none = {SG_DAMAGE_NONE, 0};

  return sg_damage(i ? &sg_stress[s->stress[i]] : &none, info->img_channels, info->img_resolution,
                   s->out.pixels, error);
}

static gboolean
describe(SgExamination *e, SgSubject *s, GError **error)
{
  gsize count = (gsize)sg_describer_count(e->describer);

  s->features = g_new(float, count *(gsize)s->variants);
  s->distances = g_new(double, s->variants);
  for (int i = 0; i < s->variants; i++) {
    g_autofree guint8 *planes = sg_subject_variant(e, i, s, error);
    s->distances[i] = INFINITY;
    if (!planes ||
        !sg_describer_run(e->describer, 1, planes, s->features + (gsize)i * count, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
sg_subject_read(SgExamination *e, SgSubject *s, GError **error)
{
  g_autoptr(GError) why = NULL;

  if (!read_file(e, s, &why)) {
    s->out.error = g_strdup(why->message);
    return TRUE;
  }
  s->variants = 1;
  for (int k = 0; k < SG_STRESS_COUNT; k++)
    if (e->o.stress & 1u << k)
      s->stress[s->variants++] = k;
  return !e->describer || describe(e, s, error);
}

static void
insert_nearest(SgExamination *e, SgSubject *s, double distance, const guint8 *planes,
               const char *name)
{
  int at = s->out.n_nearest;

  while (at > 0 && s->out.nearest[at - 1].distance > distance)
    at--;
  if (at == SG_NEAREST)
    return;
  if (s->out.n_nearest == SG_NEAREST) {
    g_free(s->out.nearest[SG_NEAREST - 1].name);
    g_free(s->out.nearest[SG_NEAREST - 1].pixels);
  } else {
    s->out.n_nearest++;
  }
  memmove(&s->out.nearest[at + 1], &s->out.nearest[at],
          sizeof s->out.nearest[0] * (gsize)(s->out.n_nearest - 1 - at));
  s->out.nearest[at].name = g_strdup(name);
  s->out.nearest[at].distance = distance;
  s->out.nearest[at].pixels = g_memdup2(planes, e->size);
}

void
sg_subject_meet(SgExamination *e, SgSubject *s, const float *features, const guint8 *planes,
                const char *name)
{
  gsize count = (gsize)sg_describer_count(e->describer);

  for (int i = 0; i < s->variants; i++) {
    double distance = sg_describer_distance(e->describer, s->features + (gsize)i * count, features);
    s->distances[i] = MIN(s->distances[i], distance);
    if (i == 0)
      insert_nearest(e, s, distance, planes, name);
  }
}

void
sg_subject_set(SgSubject *s, SgWitness w, int variant, double value)
{
  if (variant == 0)
    s->out.value[w] = value;
  else
    s->out.stressed[w][s->stress[variant]] = value;
}

gboolean
sg_subject_measure(SgExamination *e, SgSubject *s, GError **error)
{
  for (int i = 0; i < s->variants; i++) {
    g_autofree guint8 *planes = sg_subject_variant(e, i, s, error);
    double logit = NAN;
    if (!planes || (e->model->info.has_d && !sg_examine_logit(e, planes, &logit, error)))
      return FALSE;
    sg_subject_set(s, SG_WITNESS_LOGIT, i, logit);
    /* Enlarging leaves a spectrum of its own. */
    sg_subject_set(s, SG_WITNESS_SPECTRUM, i,
                   s->out.enlarged ? NAN : sg_examine_spectrum(e, planes));
    sg_subject_set(s, SG_WITNESS_NEAREST, i, e->scanned > 0 ? s->distances[i] : NAN);
  }
  return TRUE;
}

/* ---- words ----------------------------------------------------------------------------------- */

void
sg_subject_ask(SgExamination *e, SgSubject *s)
{
  for (int w = 0; w < SG_WITNESSES; w++) {
    const SgEvidence *v = e->evidence[w];
    SgTestimony *t = &s->out.testimony[w];
    *t = (SgTestimony){NAN, NAN, NAN, SG_VERDICT_CANNOT_TELL, SG_REASON_NOT_MEASURED};
    if (!v)
      continue;
    *t = w == SG_WITNESS_NEAREST ? sg_evidence_ask_copy(v, s->out.value[w])
                                 : sg_evidence_ask(v, s->out.value[w]);
    if (s->out.plain) { /* what such a picture gives says nothing about where it comes from */
      t->verdict = SG_VERDICT_CANNOT_TELL;
      t->reason = SG_REASON_PLAIN;
    }
  }
}
