#include "engine/journey/blend.h"
#include "engine/explore/recipe-table.h"
#include <math.h>
#include <string.h>

typedef struct {
  int n;
  SgRecipe *const *keys;
  const double *weights;
} Keys;

static void
blend_scalars(const Keys *k, SgRecipe *r)
{
  for (guint f = 0; f < sg_recipe_field_count; f++) {
    const SgRecipeField *field = &sg_recipe_fields[f];
    double sum = 0;
    if (field->type != SG_FIELD_REAL)
      continue;
    for (int i = 0; i < k->n; i++)
      sum += k->weights[i] * sg_recipe_field_get(field, k->keys[i]);
    sg_recipe_field_set(field, r, CLAMP(sum, field->min, field->max));
  }
}

static void
blend_vectors(const Keys *k, SgRecipe *r)
{
  memset(r->z_offset, 0, sizeof(double) * (gsize)r->z_dim);
  memset(r->w_offset, 0, sizeof(double) * (gsize)r->w_dim);
  for (int i = 0; i < k->n; i++) {
    for (int d = 0; d < r->z_dim; d++)
      r->z_offset[d] += k->weights[i] * k->keys[i]->z_offset[d];
    for (int d = 0; d < r->w_dim; d++)
      r->w_offset[d] += k->weights[i] * k->keys[i]->w_offset[d];
  }
}

/* ---- offsets of layers ----------------------------------------------------------------------- */

typedef gboolean (*SetOffset)(SgRecipe *r, int layer, int index, double value);

static const GArray *
offsets_of(const SgRecipe *r, gboolean styles)
{
  return styles ? r->s_offset : r->w_layer_offset;
}

/* Each coordinate that some key moves, once, in the first key that does. */
static void
blend_offsets(const Keys *k, gboolean styles, SgRecipe *r)
{
  SetOffset set = styles ? sg_recipe_set_s_offset : sg_recipe_set_w_layer_offset;

  for (int i = 0; i < k->n; i++) {
    const GArray *offsets = offsets_of(k->keys[i], styles);
    for (guint o = 0; offsets && o < offsets->len; o++) {
      const SgLayerOffset *at = &g_array_index(offsets, SgLayerOffset, o);
      double sum = 0;
      for (int j = 0; j < k->n; j++)
        sum += k->weights[j] *
               sg_layer_offset_get(offsets_of(k->keys[j], styles), at->layer, at->index);
      set(r, at->layer, at->index, sum);
    }
  }
}

/* ---- directions ------------------------------------------------------------------------------ */

static gboolean
same_direction(const SgDirection *a, const SgDirection *b, int w_dim)
{
  return a->sigma == b->sigma && a->layers == b->layers && strcmp(a->name, b->name) == 0 &&
         memcmp(a->vector, b->vector, sizeof(double) * (gsize)w_dim) == 0;
}

static SgDirection *
find_direction(const SgRecipe *r, const SgDirection *d)
{
  for (guint i = 0; r->directions && i < r->directions->len; i++)
    if (same_direction(r->directions->pdata[i], d, r->w_dim))
      return r->directions->pdata[i];
  return NULL;
}

static void
blend_directions(const Keys *k, SgRecipe *r)
{
  while (r->directions && r->directions->len)
    sg_recipe_remove_direction(r, 0);
  for (int i = 0; i < k->n; i++) {
    const GPtrArray *list = k->keys[i]->directions;
    for (guint d = 0; list && d < list->len; d++) {
      const SgDirection *dir = list->pdata[d];
      double sum = 0;
      if (find_direction(r, dir))
        continue;
      for (int j = 0; j < k->n; j++) {
        const SgDirection *other = find_direction(k->keys[j], dir);
        sum += other ? k->weights[j] * other->strength : 0;
      }
      if (sum != 0)
        sg_recipe_add_direction(r, dir->name, dir->vector, dir->sigma, sum, dir->layers);
    }
  }
}

/* ---- locks, mixing, noise, pruning ----------------------------------------------------------- */

static void
blend_locks(const Keys *k, SgRecipe *r)
{
  for (guint l = 0; r->locks && l < r->locks->len; l++) {
    SgLock *lock = &g_array_index(r->locks, SgLock, l);
    double sum = 0;
    gboolean all = TRUE;
    for (int i = 0; i < k->n; i++) {
      const SgLock *other = sg_recipe_get_lock(k->keys[i], lock->space, lock->layer, lock->index);
      all = all && other;
      sum += other ? k->weights[i] * other->value : 0;
    }
    if (all)
      lock->value = sum;
  }
}

static gboolean
same_mixing(const SgRecipe *a, const SgRecipe *b)
{
  if (a->num_mix != b->num_mix || a->num_sources != b->num_sources)
    return FALSE;
  for (int i = 0; i < a->num_mix; i++)
    if (a->mix[i].a != b->mix[i].a || a->mix[i].b != b->mix[i].b)
      return FALSE;
  for (int i = 0; i < a->num_sources; i++)
    if (!sg_recipe_equal(a->sources[i], b->sources[i]))
      return FALSE;
  return TRUE;
}

static void
blend_mixing(const Keys *k, SgRecipe *r)
{
  for (int i = 0; i < k->n; i++)
    if (!same_mixing(k->keys[i], r))
      return;
  for (int l = 0; l < r->num_mix; l++) {
    double sum = 0;
    for (int i = 0; i < k->n; i++)
      sum += k->weights[i] * k->keys[i]->mix[l].blend;
    r->mix[l].blend = sum;
  }
}

static void
blend_noise(const Keys *k, SgRecipe *r)
{
  int n = 0;

  for (int i = 0; i < k->n; i++)
    n = MAX(n, k->keys[i]->num_noise);
  g_autofree double *gain = g_new0(double, n);
  for (int i = 0; i < k->n; i++)
    for (int c = 0; c < n; c++)
      gain[c] += k->weights[i] * (c < k->keys[i]->num_noise ? k->keys[i]->noise_gain[c] : 1);
  sg_recipe_set_noise_gain(r, n, n ? gain : NULL);
}

static void
blend_pruning(const Keys *k, SgRecipe *r)
{
  double global = 0;

  for (int i = 0; i < k->n; i++)
    global += k->weights[i] * k->keys[i]->prune.threshold;
  for (int i = 0; i < k->n; i++) {
    const GArray *layers = k->keys[i]->prune.layers;
    for (guint l = 0; layers && l < layers->len; l++) {
      const char *name = g_array_index(layers, SgLayerThreshold, l).layer;
      double sum = 0;
      for (int j = 0; j < k->n; j++)
        sum += k->weights[j] * sg_prune_layer_threshold(&k->keys[j]->prune, name);
      sg_prune_set_layer(&r->prune, name, MAX(sum, 0));
    }
  }
  r->prune.threshold = MAX(global, 0); /* a spline may swing below */
}

SgRecipe *
sg_recipe_blend(int n, SgRecipe *const *keys, const double *weights, int near)
{
  const Keys k = {n, keys, weights};
  SgRecipe *r = sg_recipe_face(keys[near], 0);

  blend_scalars(&k, r);
  blend_vectors(&k, r);
  blend_offsets(&k, FALSE, r);
  blend_offsets(&k, TRUE, r);
  blend_directions(&k, r);
  blend_locks(&k, r);
  blend_mixing(&k, r);
  blend_noise(&k, r);
  blend_pruning(&k, r);
  return r;
}
