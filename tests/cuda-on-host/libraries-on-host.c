/* What cuDNN and cuBLASLt do for the back end, as loops. */
#include "engine/backend/cuda/cuda-private.h"
#include <string.h>
#include "engine/kernels/half.h"

typedef struct {
  int kernel, stride, pad, wh, ww, nh, nw;
} Shape;

/* The part of one row that one tap touches: nx from *from to *to. */
static void
columns(const Shape *s, int kx, int *from, int *to)
{
  *from = 0;
  while (*from < s->nw && *from * s->stride + kx - s->pad < 0)
    (*from)++;
  *to = s->nw;
  while (*to > *from && (*to - 1) * s->stride + kx - s->pad >= s->ww)
    (*to)--;
}

/* One plane of each side and the filter between them. */
static void
planes(const Shape *s, SgConvPass pass, float *wide, float *filter, float *narrow)
{
  for (int ky = 0; ky < s->kernel; ky++)
    for (int kx = 0; kx < s->kernel; kx++) {
      int from, to, at = kx - s->pad;
      float *f = &filter[ky * s->kernel + kx], sum = 0;
      columns(s, kx, &from, &to);
      for (int ny = 0; ny < s->nh; ny++) {
        int wy = ny * s->stride + ky - s->pad;
        if (wy < 0 || wy >= s->wh)
          continue;
        float *w = wide + (gsize)wy * s->ww + at, *n = narrow + (gsize)ny * s->nw;
        for (int nx = from; nx < to; nx++)
          if (pass == SG_PASS_OUTPUT)
            n[nx] += w[nx * s->stride] * *f;
          else if (pass == SG_PASS_INPUT)
            w[nx * s->stride] += n[nx] * *f;
          else
            sum += w[nx * s->stride] * n[nx];
      }
      if (pass == SG_PASS_WEIGHT)
        *f += sum;
    }
}

/* ---- 16 bits ---- */

static float
decode(guint16 v, int type)
{
  return type == CU_FP16 ? k_from_fp16(v) : k_from_bf16(v);
}

/* [n, pixels, c] halves as [n, c, pixels] floats, to be freed. */
static float *
to_floats(const guint16 *v, int type, gsize n, gsize c, gsize pixels)
{
  float *out = g_new(float, (n * c * pixels));
  for (gsize k = 0; k < n; k++)
    for (gsize p = 0; p < pixels; p++)
      for (gsize i = 0; i < c; i++)
        out[(k * c + i) * pixels + p] = decode(v[(k * pixels + p) * c + i], type);
  return out;
}

static void
to_halves(guint16 *out, const float *v, int type, float alpha, gsize n, gsize c, gsize pixels)
{
  for (gsize k = 0; k < n; k++)
    for (gsize p = 0; p < pixels; p++)
      for (gsize i = 0; i < c; i++) {
        float x = v[(k * c + i) * pixels + p] * alpha;
        out[(k * pixels + p) * c + i] = type == CU_FP16 ? k_to_fp16(x) : k_to_bf16(x);
      }
}

/* ---- the form ---- */

static void
run_floats(const CudaForm *f, float *wide, float *filter, float *narrow)
{
  const Shape s = {f->kernel, f->stride, f->pad, f->wide_h, f->wide_w, f->narrow_h, f->narrow_w};
  gsize wp = (gsize)f->wide_h * f->wide_w, np = (gsize)f->narrow_h * f->narrow_w;
  gsize fp = (gsize)f->kernel * f->kernel;

  if (f->pass == SG_PASS_OUTPUT)
    memset(narrow, 0, f->n * f->narrow * np * sizeof(float));
  else if (f->pass == SG_PASS_INPUT)
    memset(wide, 0, f->n * f->wide * wp * sizeof(float));
  else
    memset(filter, 0, f->narrow * f->wide * fp * sizeof(float));
  for (int n = 0; n < f->n; n++)
    for (int o = 0; o < f->narrow; o++)
      for (int i = 0; i < f->wide; i++)
        planes(&s, (SgConvPass)f->pass, wide + ((gsize)n * f->wide + i) * wp,
               filter + ((gsize)o * f->wide + i) * fp, narrow + ((gsize)n * f->narrow + o) * np);
}

static void
run_halves(const CudaForm *f, float alpha, gpointer wide, gpointer filter, gpointer narrow)
{
  gsize wp = (gsize)f->wide_h * f->wide_w, np = (gsize)f->narrow_h * f->narrow_w;
  gsize fp = (gsize)f->kernel * f->kernel;
  g_autofree float *w = to_floats(wide, f->type, f->n, f->wide, wp);
  g_autofree float *k = to_floats(filter, f->type, f->narrow, f->wide, fp);
  g_autofree float *n = to_floats(narrow, f->type, f->n, f->narrow, np);

  run_floats(f, w, k, n);
  if (f->pass == SG_PASS_OUTPUT)
    to_halves(narrow, n, f->type, alpha, f->n, f->narrow, np);
  else if (f->pass == SG_PASS_INPUT)
    to_halves(wide, w, f->type, alpha, f->n, f->wide, wp);
  else
    to_halves(filter, k, f->type, alpha, f->narrow, f->wide, fp);
}

typedef struct {
  CudaForm form;
  float alpha;
  gpointer wide, filter, narrow;
} Convolution;

static void
convolve(const void *data)
{
  const Convolution *c = data;
  if (c->form.type == CU_FLOAT)
    run_floats(&c->form, c->wide, c->filter, c->narrow);
  else
    run_halves(&c->form, c->alpha, c->wide, c->filter, c->narrow);
}

gboolean
cuda_dnn_form(SgBackend *b, const CudaForm *f, float alpha, gpointer wide, gpointer filter,
              gpointer narrow, gboolean *none, GError **error)
{
  const Convolution c = {*f, alpha, wide, filter, narrow};

  /* As cuDNN sees to it. */
  g_assert((f->wide_h + 2 * f->pad - f->kernel) / f->stride + 1 == f->narrow_h);
  g_assert((f->wide_w + 2 * f->pad - f->kernel) / f->stride + 1 == f->narrow_w);
  cuda_on_host_call(cuda_stream(b), convolve, &c, sizeof c);
  return TRUE;
}

typedef struct {
  gboolean ta, tb;
  int m, n, k, lda, ldb;
  float alpha;
  const float *a, *b;
  float *c;
} Product;

static void
multiply(const void *data)
{
  const Product *p = data;
  for (int i = 0; i < p->m; i++)
    for (int j = 0; j < p->n; j++) {
      double sum = 0;
      for (int l = 0; l < p->k; l++)
        sum += (double)(p->ta ? p->a[(gsize)l * p->lda + i] : p->a[(gsize)i * p->lda + l]) *
               (p->tb ? p->b[(gsize)j * p->ldb + l] : p->b[(gsize)l * p->ldb + j]);
      p->c[(gsize)i * p->n + j] = p->alpha * (float)sum;
    }
}

gboolean
cuda_gemm(SgBackend *backend, gboolean ta, gboolean tb, int m, int n, int k, float alpha,
          const float *a, int lda, const float *b, int ldb, float *c, GError **error)
{
  const Product p = {ta, tb, m, n, k, lda, ldb, alpha, a, b, c};
  cuda_on_host_call(cuda_stream(backend), multiply, &p, sizeof p);
  return TRUE;
}
