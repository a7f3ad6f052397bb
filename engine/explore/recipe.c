#include "engine/explore/recipe.h"
#include "engine/base/random.h"
#include <string.h>

static double *
dup_doubles(const double *v, int n)
{
  return v ? g_memdup2(v, sizeof(double) * (gsize)n) : NULL;
}

SgRecipe *
sg_recipe_new(int z_dim, int w_dim)
{
  SgRecipe *r = g_new0(SgRecipe, 1);
  r->faces = 1;
  r->z_dim = z_dim;
  r->w_dim = w_dim;
  r->z_offset = g_new0(double, z_dim);
  r->w_offset = g_new0(double, w_dim);
  r->scale = 1;
  r->scale_space = SG_SPACE_W;
  r->psi = 1;
  r->cutoff = -1;
  r->label = -1;
  r->sources = g_new0(SgRecipe *, SG_RECIPE_MAX_SOURCES);
  return r;
}

SgRecipe *
sg_recipe_copy(const SgRecipe *r)
{
  SgRecipe *copy = g_memdup2(r, sizeof *r);
  copy->z_base = dup_doubles(r->z_base, r->z_dim);
  copy->w_base = dup_doubles(r->w_base, r->w_dim);
  copy->z_offset = dup_doubles(r->z_offset, r->z_dim);
  copy->w_offset = dup_doubles(r->w_offset, r->w_dim);
  copy->sources = g_new0(SgRecipe *, SG_RECIPE_MAX_SOURCES);
  for (int i = 0; i < r->num_sources; i++)
    copy->sources[i] = sg_recipe_copy(r->sources[i]);
  copy->mix = r->mix ? g_memdup2(r->mix, sizeof *r->mix * (gsize)r->num_mix) : NULL;
  copy->noise_gain = dup_doubles(r->noise_gain, r->num_noise);
  sg_prune_copy(&copy->prune, &r->prune);
  return copy;
}

void
sg_recipe_free(SgRecipe *r)
{
  if (!r)
    return;
  g_free(r->z_base);
  g_free(r->w_base);
  g_free(r->z_offset);
  g_free(r->w_offset);
  for (int i = 0; i < r->num_sources; i++)
    sg_recipe_free(r->sources[i]);
  g_free(r->sources);
  g_free(r->mix);
  g_free(r->noise_gain);
  sg_prune_clear(&r->prune);
  g_free(r);
}

static gboolean
same_doubles(const double *a, const double *b, int n)
{
  if (!a || !b)
    return a == b;
  return memcmp(a, b, sizeof(double) * (gsize)n) == 0;
}

static gboolean
same_mix(const SgRecipe *a, const SgRecipe *b)
{
  if (a->num_sources != b->num_sources || a->num_mix != b->num_mix)
    return FALSE;
  for (int i = 0; i < a->num_sources; i++)
    if (!sg_recipe_equal(a->sources[i], b->sources[i]))
      return FALSE;
  for (int k = 0; k < a->num_mix; k++)
    if (a->mix[k].a != b->mix[k].a || a->mix[k].b != b->mix[k].b ||
        a->mix[k].blend != b->mix[k].blend)
      return FALSE;
  return TRUE;
}

gboolean
sg_recipe_equal(const SgRecipe *a, const SgRecipe *b)
{
  return a->seed == b->seed && a->faces == b->faces && a->z_dim == b->z_dim &&
         a->w_dim == b->w_dim && a->scale == b->scale && a->scale_space == b->scale_space &&
         a->psi == b->psi && a->cutoff == b->cutoff && a->noise_mode == b->noise_mode &&
         a->noise_seed == b->noise_seed && a->label == b->label &&
         same_doubles(a->z_base, b->z_base, a->z_dim) &&
         same_doubles(a->w_base, b->w_base, a->w_dim) &&
         same_doubles(a->z_offset, b->z_offset, a->z_dim) &&
         same_doubles(a->w_offset, b->w_offset, a->w_dim) && a->num_noise == b->num_noise &&
         same_doubles(a->noise_gain, b->noise_gain, a->num_noise) && same_mix(a, b) &&
         sg_prune_equal(&a->prune, &b->prune);
}

/* ---- edits ---------------------------------------------------------------------------------- */

void
sg_recipe_set_mix(SgRecipe *r, int num_ws, const SgMixLayer *mix)
{
  gboolean any = FALSE;
  SgMixLayer *copy = mix ? g_memdup2(mix, sizeof *mix * (gsize)num_ws) : NULL;

  for (int k = 0; mix && k < num_ws; k++)
    any = any || mix[k].a != 0 || (mix[k].b != 0 && mix[k].blend != 0);
  if (!any)
    g_clear_pointer(&copy, g_free);
  g_free(r->mix);
  r->mix = copy;
  r->num_mix = copy ? num_ws : 0;
}

void
sg_recipe_set_noise_gain(SgRecipe *r, int n, const double *gain)
{
  gboolean any = FALSE;
  double *copy = dup_doubles(gain, n);

  for (int i = 0; gain && i < n; i++)
    any = any || gain[i] != 1;
  if (!any)
    g_clear_pointer(&copy, g_free);
  g_free(r->noise_gain);
  r->noise_gain = copy;
  r->num_noise = copy ? n : 0;
}

static void
drop_mix(SgRecipe *r)
{
  for (int i = 0; i < r->num_sources; i++)
    sg_recipe_free(r->sources[i]);
  r->num_sources = 0;
  sg_recipe_set_mix(r, 0, NULL);
}

static void
drop_weight_edits(SgRecipe *r)
{
  sg_recipe_set_noise_gain(r, 0, NULL);
  sg_prune_clear(&r->prune);
  r->prune = (SgPrune){0};
}

SgRecipe *
sg_recipe_single_face(const SgRecipe *r, int face)
{
  SgRecipe *one = sg_recipe_copy(r);

  drop_mix(one);
  drop_weight_edits(one);
  one->faces = 1;
  if (face > 0) { /* only face 0 can be a loaded one */
    one->seed += (guint32)face;
    g_clear_pointer(&one->z_base, g_free);
    g_clear_pointer(&one->w_base, g_free);
  }
  return one;
}

gboolean
sg_recipe_add_source(SgRecipe *r, const SgRecipe *face)
{
  if (r->num_sources == SG_RECIPE_MAX_SOURCES)
    return FALSE;
  r->sources[r->num_sources++] = sg_recipe_single_face(face, 0);
  return TRUE;
}

static int
without(int source, int removed)
{
  return source == removed ? 0 : source - (source > removed);
}

void
sg_recipe_remove_source(SgRecipe *r, int i)
{
  g_autofree SgMixLayer *mix = g_steal_pointer(&r->mix);

  g_return_if_fail(i >= 0 && i < r->num_sources);
  sg_recipe_free(r->sources[i]);
  r->num_sources--;
  for (int k = i; k < r->num_sources; k++)
    r->sources[k] = r->sources[k + 1];
  for (int k = 0; k < r->num_mix; k++) {
    mix[k].a = without(mix[k].a, i + 1);
    mix[k].b = without(mix[k].b, i + 1);
  }
  sg_recipe_set_mix(r, r->num_mix, mix);
}

SgRecipe *
sg_recipe_unmodified(const SgRecipe *r)
{
  SgRecipe *plain = sg_recipe_copy(r);
  memset(plain->z_offset, 0, sizeof(double) * (gsize)r->z_dim);
  memset(plain->w_offset, 0, sizeof(double) * (gsize)r->w_dim);
  plain->scale = 1;
  sg_recipe_set_mix(plain, 0, NULL);
  drop_weight_edits(plain);
  return plain;
}

gboolean
sg_recipe_is_modified(const SgRecipe *r)
{
  g_autoptr(SgRecipe) plain = sg_recipe_unmodified(r);
  return !sg_recipe_equal(r, plain);
}

void
sg_recipe_base_z(const SgRecipe *r, int face, double *z)
{
  SgRandomState state;

  if (face == 0 && r->z_base) {
    memcpy(z, r->z_base, sizeof(double) * (gsize)r->z_dim);
    return;
  }
  sg_random_state_seed(&state, r->seed + (guint32)face);
  sg_random_state_randn(&state, (gsize)r->z_dim, z);
}
