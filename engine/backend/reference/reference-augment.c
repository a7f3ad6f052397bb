/* Augmentation, the reference: each step of it (docs/formats.md, Augmentation) on whole planes in
 * double. A step is a list of links "this much of that input goes into this output"; walking the
 * same links the other way is its transpose. */
#define REAL double
#include "engine/backend/reference/reference-private.h"
#include "engine/kernels/augment.h"

typedef struct {
  int h, w;
  double *v;
} Plane;

static Plane
plane_new(int h, int w)
{
  return (Plane){h, w, g_new0(double, ((gsize)h * (gsize)w))};
}

static Plane
plane_of(const SgBuf *b, int n, int c)
{
  return (Plane){b->h, b->w, (double *)b->data + ((gsize)n * b->c + c) * b->h * b->w};
}

/* Pixels outside a plane are zero and take nothing. */
static void
link_pixels(Plane *out, int oy, int ox, Plane *in, int iy, int ix, double weight, gboolean adjoint)
{
  if (oy < 0 || oy >= out->h || ox < 0 || ox >= out->w || iy < 0 || iy >= in->h || ix < 0 ||
      ix >= in->w)
    return;
  double *o = &out->v[(gsize)oy * out->w + ox], *i = &in->v[(gsize)iy * in->w + ix];
  if (adjoint)
    *i += weight * *o;
  else
    *o += weight * *i;
}

static void
pad(Plane *out, Plane *in, const int margin[4], gboolean adjoint)
{
  for (int y = 0; y < out->h; y++)
    for (int x = 0; x < out->w; x++)
      link_pixels(out, y, x, in, k_reflect(y - margin[1], in->h), k_reflect(x - margin[0], in->w),
                  1, adjoint);
}

/* Zeros between the pixels, then the filter (12 taps, five of them before a pixel), gain 4. */
static void
upsample(Plane *out, Plane *in, gboolean adjoint)
{
  for (int y = 0; y < in->h; y++)
    for (int x = 0; x < in->w; x++)
      for (int k = 0; k < K_AUG_TAPS; k++)
        for (int l = 0; l < K_AUG_TAPS; l++)
          link_pixels(out, 2 * y + k - 5, 2 * x + l - 5, in, y, x, 4 * k_aug_tap(k) * k_aug_tap(l),
                      adjoint);
}

static void
resample(Plane *out, Plane *in, const double map[6], gboolean adjoint)
{
  for (int i = 0; i < out->h; i++)
    for (int j = 0; j < out->w; j++) {
      double x = map[0] * j + map[1] * i + map[2], y = map[3] * j + map[4] * i + map[5];
      int x0 = (int)floor(x), y0 = (int)floor(y);
      double tx = x - x0, ty = y - y0;
      link_pixels(out, i, j, in, y0, x0, (1 - tx) * (1 - ty), adjoint);
      link_pixels(out, i, j, in, y0, x0 + 1, tx * (1 - ty), adjoint);
      link_pixels(out, i, j, in, y0 + 1, x0, (1 - tx) * ty, adjoint);
      link_pixels(out, i, j, in, y0 + 1, x0 + 1, tx * ty, adjoint);
    }
}

/* The flipped filter, every second pixel; the six grid positions beyond each border are cropped but
 * for what the taps reach. */
static void
downsample(Plane *out, Plane *in, gboolean adjoint)
{
  for (int y = 0; y < out->h; y++)
    for (int x = 0; x < out->w; x++)
      for (int k = 0; k < K_AUG_TAPS; k++)
        for (int l = 0; l < K_AUG_TAPS; l++)
          link_pixels(out, y, x, in, 2 * y + 1 + k, 2 * x + 1 + l, k_aug_tap(k) * k_aug_tap(l),
                      adjoint);
}

/* out and in are pictures; in the direction asked for, the result is added to zeros. */
static void
geometry(Plane *out, Plane *in, const SgAugmentArgs *a, int n, gboolean adjoint)
{
  double map[6];
  Plane padded = plane_new(a->h + a->margin[1] + a->margin[3], a->w + a->margin[0] + a->margin[2]);
  Plane up = plane_new(2 * padded.h, 2 * padded.w);
  Plane grid = plane_new(2 * (a->h + 2 * K_AUG_PAD), 2 * (a->w + 2 * K_AUG_PAD));

  k_aug_map(map, a->g_inv + (gsize)n * 9, a->h, a->w, a->margin);
  if (adjoint) {
    downsample(out, &grid, TRUE);
    resample(&grid, &up, map, TRUE);
    upsample(&up, &padded, TRUE);
    pad(&padded, in, a->margin, TRUE);
  } else {
    pad(&padded, in, a->margin, FALSE);
    upsample(&up, &padded, FALSE);
    resample(&grid, &up, map, FALSE);
    downsample(out, &grid, FALSE);
  }
  g_free(padded.v);
  g_free(up.v);
  g_free(grid.v);
}

/* to[c] += C from, or its transpose, over all pixels of all channels. */
static void
mix(Plane *to, const Plane *from, const SgAugmentArgs *a, int n, gboolean adjoint)
{
  int channels = a->channels;
  const double *color = a->color + (gsize)n * channels * (channels + 1);
  for (int c = 0; c < channels; c++)
    for (int k = 0; k < channels; k++) {
      double weight = adjoint ? color[k * (channels + 1) + c] : color[c * (channels + 1) + k];
      for (int i = 0; i < a->h * a->w; i++)
        to[c].v[i] += weight * from[k].v[i];
    }
}

/* One sample; y is zero before. */
static void
augment_sample(Plane *y, Plane *x, const SgAugmentArgs *a, int n, SgAugmentMode mode)
{
  g_autofree Plane *t = g_new(Plane, a->channels);
  gboolean adjoint = mode == SG_AUGMENT_ADJOINT;

  for (int c = 0; c < a->channels; c++) {
    t[c] = plane_new(a->h, a->w);
    if (a->geometry && !adjoint)
      geometry(&t[c], &x[c], a, n, FALSE);
  }
  if (a->geometry && adjoint) {
    mix(t, x, a, n, TRUE);
    for (int c = 0; c < a->channels; c++)
      geometry(&t[c], &y[c], a, n, TRUE);
  } else {
    mix(y, a->geometry ? t : x, a, n, adjoint);
  }
  for (int c = 0; c < a->channels; c++) {
    if (mode == SG_AUGMENT_FORWARD)
      for (int i = 0; i < a->h * a->w; i++)
        y[c].v[i] += a->color[(n * a->channels + c) * (a->channels + 1) + a->channels];
    g_free(t[c].v);
  }
}

void
ref_augment(SgBuf *y, const SgBuf *x, const SgAugmentArgs *a, SgAugmentMode mode)
{
  g_autofree Plane *to = g_new(Plane, x->c), *from = g_new(Plane, x->c);

  g_assert(x->n == a->n && x->c == a->channels && x->h == a->h && x->w == a->w);
  for (int n = 0; n < x->n; n++) {
    for (int c = 0; c < x->c; c++) {
      to[c] = plane_of(y, n, c);
      from[c] = plane_of(x, n, c);
      for (int i = 0; i < x->h * x->w; i++)
        to[c].v[i] = 0;
    }
    augment_sample(to, from, a, n, mode);
  }
}
