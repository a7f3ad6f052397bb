#include "engine/journey/journey.h"
#include "engine/explore/nets.h"
#include "engine/formats/format-error.h"
#include "engine/journey/blend.h"
#include "engine/journey/sphere.h"
#include <math.h>
#include <string.h>

/* The share of a way that is none: moments are sums of floating point numbers. */
#define NEAR 1e-9

struct _SgJourney {
  int n;
  SgRecipe **recipes; /* [n] */
  SgEase *eases;      /* [n] */
  SgSpline *spline;
  SgSpace space;
  int num_ws, rows;   /* of a w: 1 where all layers have the same */
  gsize dim;          /* numbers of a point: z_dim, or rows * w_dim */
  double *points;     /* [n, dim]: what moves */
  double *origin;     /* [dim] of a circle: the mean w, or 0 */
  guint32 noise_seed; /* of all frames */
};

/* ---- what moves ------------------------------------------------------------------------------ */

/* w of each layer before truncation, [num_ws, w_dim]. */
static gboolean
whole_w(SgRenderer *r, const SgRecipe *recipe, float *ws, GError **error)
{
  g_autoptr(SgRecipe) plain = sg_recipe_copy(recipe);
  SgNets *nets = sg_renderer_nets_of(r, recipe, error);

  plain->psi = 1;
  return nets && sg_nets_single_ws(nets, plain, ws, error);
}

static gboolean
layers_differ(const float *ws, gsize layers, gsize dim)
{
  for (gsize k = 1; k < layers; k++)
    if (memcmp(ws, ws + k * dim, dim * sizeof *ws) != 0)
      return TRUE;
  return FALSE;
}

static gboolean
find_w(SgJourney *j, SgRenderer *r, GError **error)
{
  gsize layers = (gsize)j->num_ws, dim = (gsize)j->recipes[0]->w_dim, all = layers * dim;
  g_autofree float *ws = g_new(float, (gsize)j->n *all);

  for (int i = 0; i < j->n; i++) {
    if (!whole_w(r, j->recipes[i], ws + (gsize)i * all, error)) {
      g_prefix_error(error, "keyframe %d: ", i + 1);
      return FALSE;
    }
    if (layers_differ(ws + (gsize)i * all, layers, dim))
      j->rows = j->num_ws;
  }
  j->dim = (gsize)j->rows * dim;
  j->points = g_new(double, (gsize)j->n * j->dim);
  for (int i = 0; i < j->n; i++)
    for (gsize d = 0; d < j->dim; d++)
      j->points[(gsize)i * j->dim + d] = ws[(gsize)i * all + d];
  return TRUE;
}

static gboolean
find_z(SgJourney *j, GError **error)
{
  j->dim = (gsize)j->recipes[0]->z_dim;
  j->points = g_new(double, (gsize)j->n * j->dim);
  for (int i = 0; i < j->n; i++) {
    g_autofree double *z = sg_recipe_edited_z(j->recipes[i], 0);
    if (j->recipes[i]->w_base)
      return sg_unsupported(error, "keyframe %d is a loaded w, to which there is no z: let w move",
                            i + 1);
    memcpy(j->points + (gsize)i * j->dim, z, sizeof *z * j->dim);
  }
  return TRUE;
}

static gboolean
find_origin(SgJourney *j, SgRenderer *r, GError **error)
{
  const SgPrune none = {0};
  SgNets *nets = sg_renderer_nets(r, &none, error);
  gsize dim = (gsize)j->recipes[0]->w_dim;

  j->origin = g_new0(double, j->dim);
  if (j->space == SG_SPACE_Z)
    return TRUE;
  if (!nets || !sg_nets_need_w_avg(nets, error))
    return FALSE;
  for (gsize d = 0; d < j->dim; d++)
    j->origin[d] = nets->w_avg[d % dim];
  return TRUE;
}

/* ---- the journey ----------------------------------------------------------------------------- */

static gboolean
check_keys(const SgJourney *j, const SgModelInfo *info, GError **error)
{
  for (int i = 0; i < j->n; i++)
    if (!sg_recipe_check(j->recipes[i], info, error)) {
      g_prefix_error(error, "keyframe %d: ", i + 1);
      return FALSE;
    }
  return TRUE;
}

SgJourney *
sg_journey_new(SgRenderer *r, int n, const SgKeyframe *keys, const SgJourneyOptions *o,
               GError **error)
{
  g_autoptr(SgJourney) j = g_new0(SgJourney, 1);
  const SgModelInfo *info = &sg_renderer_model(r)->info;
  g_autofree double *at = g_new(double, n);

  j->n = n;
  j->space = o->space;
  j->num_ws = info->num_ws;
  j->rows = 1;
  j->recipes = g_new0(SgRecipe *, n);
  j->eases = g_new(SgEase, n);
  for (int i = 0; i < n; i++) {
    j->recipes[i] = sg_recipe_face(keys[i].recipe, 0);
    j->eases[i] = keys[i].ease;
    at[i] = keys[i].at - keys[0].at;
  }
  j->noise_seed = sg_recipe_face_noise_seed(j->recipes[0], 0);
  j->spline = sg_spline_new(o->curve, n, at, o->closed, o->end - keys[0].at);
  if (!check_keys(j, info, error) ||
      !(o->space == SG_SPACE_Z ? find_z(j, error) : find_w(j, r, error)) ||
      !find_origin(j, r, error))
    return NULL;
  return g_steal_pointer(&j);
}

void
sg_journey_free(SgJourney *j)
{
  if (!j)
    return;
  for (int i = 0; i < j->n; i++)
    sg_recipe_free(j->recipes[i]);
  g_free(j->recipes);
  g_free(j->eases);
  sg_spline_free(j->spline);
  g_free(j->points);
  g_free(j->origin);
  g_free(j);
}

double
sg_journey_duration(const SgJourney *j)
{
  return j->spline->at[j->n];
}

/* ---- recipes --------------------------------------------------------------------------------- */

static double *
point_at(const SgJourney *j, const double *weights)
{
  double *p = g_new0(double, j->dim), left = 1;

  if (j->space == SG_SPACE_Z && j->spline->curve != SG_CURVE_CIRCLE) {
    sg_sphere_mean(j->n, (int)j->dim, j->points, weights, p);
    return p;
  }
  for (int i = 0; i < j->n; i++) {
    left -= weights[i];
    for (gsize d = 0; d < j->dim; d++)
      p[d] += weights[i] * j->points[(gsize)i * j->dim + d];
  }
  for (gsize d = 0; j->spline->curve == SG_CURVE_CIRCLE && d < j->dim; d++)
    p[d] += left * j->origin[d];
  return p;
}

/* Everything that was put into the point is taken out of the rest. */
static void
put_point(const SgJourney *j, const double *point, SgRecipe *r)
{
  sg_recipe_drop_vectors(r);
  sg_recipe_clear_edits(r, SG_SPACE_Z);
  if (j->space == SG_SPACE_Z) {
    r->z_base = g_memdup2(point, sizeof *point * j->dim);
    return;
  }
  sg_recipe_clear_edits(r, SG_SPACE_W);
  sg_recipe_set_mix(r, 0, NULL);
  sg_recipe_set_w(r, j->rows, point);
}

/* The numbers of a circle's keyframes: each has its full weight where the circle passes it. */
static void
number_weights(const SgJourney *j, double *weights)
{
  for (int i = 0; j->spline->curve == SG_CURVE_CIRCLE && i < j->n; i++)
    weights[i] *= weights[i];
}

SgRecipe *
sg_journey_recipe(const SgJourney *j, double second)
{
  const SgSpline *s = j->spline;
  g_autofree double *weights = g_new(double, j->n);
  SgRecipe *r;
  double u;
  int k;

  double at = sg_spline_find(s, second, &k, &u);
  int next = s->closed ? (k + 1) % j->n : MIN(k + 1, j->n - 1);
  u = u < NEAR ? 0 : u > 1 - NEAR ? 1 : u;
  if (s->curve != SG_CURVE_CIRCLE) {
    u = sg_ease(j->eases[k], u);
    at = s->at[k] + u * (s->at[k + 1] - s->at[k]);
  }
  sg_spline_weights(s, at, weights);
  int near = u < 0.5 ? k : next;
  if (u == 0 || u == 1) {
    r = sg_recipe_copy(j->recipes[near]);
  } else {
    g_autofree double *point = point_at(j, weights);
    number_weights(j, weights);
    r = sg_recipe_blend(j->n, j->recipes, weights, near);
    put_point(j, point, r);
  }
  if (r->noise_mode == SG_NOISE_RANDOM)
    r->noise_seed = j->noise_seed - r->seed;
  return r;
}

gboolean
sg_journey_length(const SgJourney *j, SgRenderer *r, double from, double to, int steps, double *w,
                  double *z, GError **error)
{
  gsize n = (gsize)j->num_ws * (gsize)j->recipes[0]->w_dim;
  g_autofree float *last = g_new(float, n), *now = g_new(float, n);
  g_autofree double *before = NULL;

  *w = *z = 0;
  for (int i = 0; i <= steps; i++) {
    g_autoptr(SgRecipe) recipe = sg_journey_recipe(j, from + (to - from) * i / steps);
    g_autofree double *here = sg_recipe_edited_z(recipe, 0);
    double sum = 0;
    if (!whole_w(r, recipe, now, error))
      return FALSE;
    for (gsize d = 0; i > 0 && d < n; d++)
      sum += ((double)now[d] - last[d]) * ((double)now[d] - last[d]);
    *w += sqrt(sum / j->num_ws);
    if (i > 0 && j->space == SG_SPACE_Z)
      *z += sg_angle(recipe->z_dim, before, here);
    memcpy(last, now, n * sizeof *now);
    g_free(before);
    before = g_steal_pointer(&here);
  }
  return TRUE;
}
