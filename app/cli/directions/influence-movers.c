/* What may move a picture: dimensions of w, style channels, directions. */
#include "app/cli/directions/influence.h"
#include "engine/directions/affines.h"
#include "engine/explore/nets.h"
#include <math.h>

static void
add(InfluenceJob *job, Mover m)
{
  m.measured = NAN;
  m.predicted *= m.sigma;
  g_array_append_val(job->movers, m);
}

static void
add_dimensions(InfluenceJob *job)
{
  gsize dim = (gsize)job->moments->dim;

  for (gsize j = 0; j < dim; j++)
    add(job, (Mover){.name = g_strdup_printf("w%d", (int)j),
                     .sigma = sqrt(job->moments->covariance[j * dim + j]),
                     .predicted = job->influence ? job->influence->w[j] : NAN,
                     .dim = (int)j,
                     .stage = -1});
}

/* σ of a style channel: sqrt (a C a^T), a its row of the affine layer. */
static double
channel_sigma(const InfluenceJob *job, const float *row)
{
  g_autofree double *a = g_new(double, job->moments->dim);

  for (int j = 0; j < job->moments->dim; j++)
    a[j] = (double)row[j];
  return sg_moments_sigma(job->moments, a);
}

/* Strengths by stage and channel; they run as the styled layers do. */
static double
strength_of(const InfluenceJob *job, int layer, int channel)
{
  for (guint i = 0; job->influence && i < job->influence->channels->len; i++) {
    const SgChannelInfluence *c = &g_array_index(job->influence->channels, SgChannelInfluence, i);
    if (c->layer == layer && c->channel == channel)
      return c->strength;
  }
  return NAN;
}

/* Channels of convolutions; a toRGB's change colours alone. */
static void
add_channels(InfluenceJob *job)
{
  const SgSynthesis *net = job->base.nets->net;
  g_autoptr(GPtrArray) affines = sg_affines_new(net, 0, net->num_ws - 1);

  for (guint i = 0; i < net->stages->len; i++) {
    const SgStage *stage = sg_synthesis_stage(net, i);
    if (stage->kind != SG_STAGE_CONV)
      continue;
    const SgAffine *a = affines->pdata[stage->conv_index];
    for (int c = 0; c < a->rows; c++)
      add(job, (Mover){.name = g_strdup_printf("s%u.%d", i, c),
                       .sigma = channel_sigma(job, a->a + (gsize)c * (gsize)net->w_dim),
                       .predicted = strength_of(job, (int)i, c),
                       .dim = -1,
                       .stage = (int)i,
                       .channel = c});
  }
}

static void
add_directions(InfluenceJob *job)
{
  for (guint i = 0; job->set && i < job->set->list->len; i++) {
    const SgNamedDirection *d = job->set->list->pdata[i];
    add(job, (Mover){.name = g_strdup(d->name),
                     .sigma = d->sigma,
                     .predicted =
                         job->influence ? sg_influence_direction(job->influence, d->vector) : NAN,
                     .dim = -1,
                     .stage = -1,
                     .direction = d});
  }
}

void
influence_add_movers(InfluenceJob *job)
{
  add_dimensions(job);
  add_channels(job);
  add_directions(job);
}

SgRecipe *
influence_moved(const SgRecipe *face, const Mover *m, double sigmas)
{
  SgRecipe *r = sg_recipe_copy(face);
  double by = sigmas * m->sigma;

  if (m->dim >= 0)
    r->w_offset[m->dim] += by;
  for (int j = 0; m->direction && j < r->w_dim; j++)
    r->w_offset[j] += by * m->direction->vector[j];
  if (m->stage >= 0) {
    double was = r->s_offset ? sg_layer_offset_get(r->s_offset, m->stage, m->channel) : 0;
    sg_recipe_set_s_offset(r, m->stage, m->channel, was + by);
  }
  return r;
}
