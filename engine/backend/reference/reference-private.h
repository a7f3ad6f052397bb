/* Shared by the files of the reference back end: every buffer is [N, C, H, W] doubles. */
#pragma once

#include "engine/backend/backend.h"

static inline double *
ref_at(const SgBuf *b, int n, int c, int y, int x)
{
  return (double *)b->data + (((gsize)n * b->c + c) * b->h + y) * b->w + x;
}

/* Loops over every element of a buffer, with n, c, y, x and v pointing at it. */
#define REF_EACH(buf)                                                                              \
  for (int n = 0; n < (buf)->n; n++)                                                               \
    for (int c = 0; c < (buf)->c; c++)                                                             \
      for (int y = 0; y < (buf)->h; y++)                                                           \
        for (int x = 0; x < (buf)->w; x++)                                                         \
          for (double *v = ref_at(buf, n, c, y, x); v; v = NULL)

/* reference.c */
/* What the noise of channel c is multiplied with beside noise_strength. */
double ref_strength(const SgEpilogue *e, int c);

/* reference-filtered.c */
void ref_adain(SgBuf *y, const SgBuf *x, const SgBuf *s, float eps);
void ref_filtered(SgBuf *y, const SgBuf *x, const SgFiltered *f);

/* reference-train.c */
gboolean ref_train_conv(const SgConvGeometry *g, SgConvPass pass, SgBuf *x, const SgBuf *style,
                        SgBuf *w, SgBuf *y, GError **error);
void ref_matmul(SgBuf *c, const SgBuf *a, gboolean ta, const SgBuf *b, gboolean tb, double alpha);
void ref_combine(SgBuf *y, double a, const SgBuf *x, double b, const SgBuf *z);
void ref_mul(SgBuf *y, const SgBuf *a, const SgBuf *b);
void ref_map(SgMap fn, double a, SgBuf *y, const SgBuf *x);
void ref_scale(SgBuf *y, const SgBuf *x, const SgBuf *s);
void ref_dot(SgBuf *s, const SgBuf *a, const SgBuf *b);
void ref_expand(SgBuf *y, const SgBuf *x);
void ref_sum_to(SgBuf *y, const SgBuf *x);
void ref_train_epilogue(SgBuf *y, const SgBuf *x, const SgEpilogue *e);
void ref_epilogue_grad(const SgEpilogueGrad *g);
void ref_rgb(SgConvPass pass, SgBuf *x, SgBuf *w, SgBuf *img);
void ref_channels(SgBuf *y, int to, const SgBuf *x, int from, int count);
void ref_adam(SgBuf *p, SgBuf *m, SgBuf *v, const SgBuf *grad, const SgAdam *a);

/* reference-augment.c */
void ref_augment(SgBuf *y, const SgBuf *x, const SgAugmentArgs *a, SgAugmentMode mode);
