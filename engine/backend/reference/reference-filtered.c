/* Adaptive instance normalisation, and filters around an activation, as plain loops in double. */
#define REAL double
#include "engine/kernels/element.h"
#include "engine/backend/reference/reference-private.h"

void
ref_adain(SgBuf *out, const SgBuf *in, const SgBuf *s, float eps)
{
  double pixels = (double)in->h * in->w;

  for (int n = 0; n < in->n; n++)
    for (int c = 0; c < in->c; c++) {
      const double *x = ref_at(in, n, c, 0, 0);
      double *y = ref_at(out, n, c, 0, 0), mean = 0, var = 0;
      for (int i = 0; i < in->h * in->w; i++)
        mean += x[i] / pixels;
      for (int i = 0; i < in->h * in->w; i++)
        var += (x[i] - mean) * (x[i] - mean) / pixels;
      for (int i = 0; i < in->h * in->w; i++)
        y[i] = (x[i] - mean) / sqrt(var + (double)eps) * *ref_at(s, n, c, 0, 0) +
               *ref_at(s, n, in->c + c, 0, 0);
    }
}

/* x with zeros between its samples. */
static double
stuffed(const SgBuf *x, int n, int c, int y, int xx, int up)
{
  gboolean there =
      y >= 0 && xx >= 0 && y % up == 0 && xx % up == 0 && y / up < x->h && xx / up < x->w;
  return there ? *ref_at(x, n, c, y / up, xx / up) : 0;
}

/* A convolution: the first tap meets the last sample. */
static void
resample(SgBuf *out, const SgBuf *in, const SgTaps *t)
{
  REF_EACH(out)
  {
    *v = 0;
    for (int i = 0; i < t->n; i++)
      for (int j = 0; j < t->n; j++) {
        int a = t->n - 1 - i, b = t->n - 1 - j;
        double tap = t->radial ? t->taps[a * t->n + b] : t->taps[a] * t->taps[b];
        *v += tap * t->gain *
              stuffed(in, n, c, y * t->down + i - t->pad, x * t->down + j - t->pad, t->up);
      }
  }
}

void
ref_filtered(SgBuf *out, const SgBuf *in, const SgFiltered *f)
{
  static const double one[] = {1};
  static const SgTaps none = {.n = 1, .taps = one, .up = 1, .down = 1, .gain = 1};
  g_autoptr(SgBuf) wide = sg_buf_new(in->backend, SG_FMT_ACT, in->n, in->c, f->h, f->w, NULL);

  g_assert(wide);
  resample(wide, in, f->up.n ? &f->up : &none);
  REF_EACH(wide)
  {
    *v = k_lrelu(*v, f->slope, f->gain);
    if (f->clamp >= 0)
      *v = k_clamp(*v, f->clamp);
  }
  resample(out, wide, f->down.n ? &f->down : &none);
}
