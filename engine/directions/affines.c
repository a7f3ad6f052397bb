#include "engine/directions/affines.h"

static void
affine_free(gpointer data)
{
  SgAffine *a = data;
  g_free(a->name);
  g_free(a->a);
  g_free(a);
}

static SgAffine *
affine_of(const SgStage *stage, int w_dim)
{
  SgAffine *a = g_new0(SgAffine, 1);
  gsize count = (gsize)stage->style_channels * (gsize)w_dim;

  a->name = g_strdup(stage->name);
  a->w_index = stage->w_index;
  a->rows = stage->style_channels;
  a->a = g_new(float, count);
  stage->backend->download(stage->affine_w, a->a);
  for (gsize i = 0; i < count; i++)
    a->a[i] *= stage->affine_gain;
  return a;
}

GPtrArray *
sg_affines_new(const SgSynthesis *net, int first, int last)
{
  GPtrArray *all = g_ptr_array_new_with_free_func(affine_free);

  for (guint i = 0; i < net->stages->len; i++) {
    const SgStage *stage = sg_synthesis_stage(net, i);
    if (stage->kind == SG_STAGE_CONV && stage->w_index >= first && stage->w_index <= last)
      g_ptr_array_add(all, affine_of(stage, net->w_dim));
  }
  return all;
}

int
sg_affines_rows(const GPtrArray *affines)
{
  int rows = 0;

  for (guint i = 0; i < affines->len; i++)
    rows += ((const SgAffine *)affines->pdata[i])->rows;
  return rows;
}

double *
sg_affines_gram(const GPtrArray *affines, int w_dim)
{
  gsize d = (gsize)w_dim;
  double *gram = g_new0(double, d *d);

  for (guint i = 0; i < affines->len; i++) {
    const SgAffine *a = affines->pdata[i];
#pragma omp parallel for schedule(static)
    for (int j = 0; j < w_dim; j++)
      for (int r = 0; r < a->rows; r++) {
        const float *row = a->a + (gsize)r * d;
        double v = (double)row[j], *out = gram + (gsize)j * d;
        for (gsize k = 0; k < d; k++)
          out[k] += v * (double)row[k];
      }
  }
  return gram;
}
