/* Cropping and resizing: the part that is wanted, then Lanczos-3 in both directions. When the
 * picture shrinks the filter grows by the same factor, so that every source pixel counts (plain
 * interpolation would skip most of them and alias). */
#include "engine/base/room.h"
#include "engine/data/dataset-private.h"
#include "engine/data/square.h"
#include <math.h>
#include <string.h>

#define LOBES 3

/* For each output pixel the source pixels it is made of and their weights, which sum to one. */
typedef struct {
  int side, r;
  int *first, *count;
  float *weights; /* [r, most] */
  int most;
} Filter;

static double
sinc(double x)
{
  return x == 0 ? 1 : sin(G_PI * x) / (G_PI * x);
}

static double
lanczos(double x)
{
  return fabs(x) < LOBES ? sinc(x) * sinc(x / LOBES) : 0;
}

static void
make_taps(Filter *f, int i, int side, double scale)
{
  double stretch = MAX(scale, 1), reach = LOBES * stretch, centre = (i + 0.5) * scale, sum = 0;
  int first = MAX(0, (int)(centre - reach + 0.5));
  int end = MIN(side, (int)(centre + reach + 0.5));
  float *w = f->weights + (gsize)i * (gsize)f->most;

  f->first[i] = first;
  f->count[i] = end - first;
  for (int k = first; k < end; k++)
    sum += lanczos((k + 0.5 - centre) / stretch);
  for (int k = first; k < end; k++)
    w[k - first] = (float)(lanczos((k + 0.5 - centre) / stretch) / sum);
}

static void
filter_free(gpointer filter)
{
  Filter *f = filter;
  g_free(f->first);
  g_free(f->count);
  g_free(f->weights);
  g_free(f);
}

/* The last one of this thread for each direction: pictures of a set mostly have one size, and the
 * sines would take half of the time for resizing. */
static const Filter *
get_filter(int side, int r, gboolean down)
{
  static GPrivate last_down = G_PRIVATE_INIT(filter_free),
                  last_across = G_PRIVATE_INIT(filter_free);
  GPrivate *last = down ? &last_down : &last_across;
  Filter *f = g_private_get(last);
  double scale = (double)side / r;

  if (f && f->side == side && f->r == r)
    return f;
  f = g_new(Filter, 1);
  f->side = side;
  f->r = r;
  f->most = (int)ceil(LOBES * MAX(scale, 1)) * 2 + 1;
  f->first = sg_room((gsize)r, sizeof *f->first);
  f->count = sg_room((gsize)r, sizeof *f->count);
  f->weights = sg_room((gsize)r * (gsize)f->most, sizeof *f->weights);
  if (!f->first || !f->count || !f->weights) {
    filter_free(f);
    return NULL;
  }
  for (int i = 0; i < r; i++)
    make_taps(f, i, side, scale);
  g_private_replace(last, f);
  return f;
}

/* The source rows that make row y of the result, added up; `n` values a row. First down and then
 * across: this loop runs along whole rows, so it is the one to give the many source pixels to. */
static void
mix_rows(const Filter *f, const guint8 *from, gsize stride, gsize n, int y, float *sum)
{
  const float *w = f->weights + (gsize)y * (gsize)f->most;

  memset(sum, 0, n * sizeof *sum);
  for (int k = 0; k < f->count[y]; k++) {
    const guint8 *row = from + (gsize)(f->first[y] + k) * stride;
    for (gsize i = 0; i < n; i++)
      sum[i] += w[k] * row[i];
  }
}

/* Interleaved pixels -> pixels in each of the planes, which are `plane` apart. Inlined with a
 * constant number of channels. */
static inline __attribute__((always_inline)) void
mix_columns(const Filter *f, const float *row, int channels, gsize plane, guint8 *planes)
{
  for (int i = 0; i < f->r; i++) {
    const float *w = f->weights + (gsize)i * (gsize)f->most;
    const float *p = row + (gsize)f->first[i] * (gsize)channels;
    float sum[4] = {0};
    for (int k = 0; k < f->count[i]; k++, p += channels)
      for (int c = 0; c < channels; c++)
        sum[c] += w[k] * p[c];
    for (int c = 0; c < channels; c++) /* Lanczos overshoots at edges */
      planes[(gsize)c * plane + (gsize)i] = (guint8)(CLAMP(sum[c], 0, 255) + 0.5f);
  }
}

static void
mix_columns_of(const Filter *f, const float *row, int channels, gsize plane, guint8 *planes)
{
  switch (channels) {
  case 1:
    mix_columns(f, row, 1, plane, planes);
    break;
  case 2:
    mix_columns(f, row, 2, plane, planes);
    break;
  case 3:
    mix_columns(f, row, 3, plane, planes);
    break;
  default:
    mix_columns(f, row, 4, plane, planes);
  }
}

/* ---- what goes where ------------------------------------------------------------------------- */

/* The middle of a picture that has the shape across × down. */
static SgFit
middle(int width, int height, int across, int down)
{
  SgFit fit = {.width = width, .height = height, .across = across, .down = down};

  if ((gint64)width * down > (gint64)height * across)
    fit.width = MAX(1, (int)(((gint64)height * across + down / 2) / down));
  else
    fit.height = MAX(1, (int)(((gint64)width * down + across / 2) / across));
  fit.x = (width - fit.width) / 2;
  fit.y = (height - fit.height) / 2;
  return fit;
}

SgFit
sg_fit(int width, int height, int r, const SgDatasetOptions *options)
{
  SgFit fit = {.width = width, .height = height, .across = r, .down = r};
  int longer = MAX(width, height);

  switch (options->transform) {
  case SG_TRANSFORM_CENTER_CROP:
    fit = middle(width, height, r, r);
    break;
  case SG_TRANSFORM_CENTER_CROP_WIDE:
    fit = middle(width, height, r, options->wide_height);
    break;
  case SG_TRANSFORM_PAD:
    fit.across = MAX(1, (int)(((gint64)width * r + longer / 2) / longer));
    fit.down = MAX(1, (int)(((gint64)height * r + longer / 2) / longer));
    break;
  case SG_TRANSFORM_STRETCH:
    break;
  }
  fit.left = (r - fit.across) / 2;
  fit.top = (r - fit.down) / 2;
  return fit;
}

void
sg_fit_border(SgFit *fit, int r)
{
  if (fit->width != fit->height || fit->across != fit->down || fit->width >= r ||
      r - fit->width > r / 8)
    return;
  fit->across = fit->down = fit->width;
  fit->left = fit->top = (r - fit->width) / 2;
}

/* ---- alpha ----------------------------------------------------------------------------------- */

/* The colour of what cannot be seen must not run into what can. */
static void
multiply_alpha(SgPixels *p)
{
  gsize n = (gsize)p->width * (gsize)p->height, colours = (gsize)p->channels - 1;

  for (gsize i = 0; i < n; i++) {
    guint8 *pixel = p->pixels + i * (colours + 1);
    for (gsize c = 0; c < colours; c++)
      pixel[c] = (guint8)((pixel[c] * pixel[colours] + 127) / 255);
  }
}

static void
divide_alpha(guint8 *planes, gsize plane, gsize colours)
{
  const guint8 *alpha = planes + colours * plane;

  for (gsize c = 0; c < colours; c++)
    for (gsize i = 0; i < plane; i++)
      if (alpha[i] > 0)
        planes[c * plane + i] =
            (guint8)MIN(255, (planes[c * plane + i] * 255 + alpha[i] / 2) / alpha[i]);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void
copy_planes(const guint8 *from, gsize stride, const SgFit *fit, int channels, int r, guint8 *planes)
{
  for (int c = 0; c < channels; c++, planes += (gsize)r * (gsize)r)
    for (int y = 0; y < fit->down; y++)
      for (int x = 0; x < fit->across; x++)
        planes[(gsize)y * (gsize)r + (gsize)x] =
            from[(gsize)y * stride + (gsize)(x * channels + c)];
}

static void
mix(const guint8 *from, gsize stride, const SgFit *fit, int channels, int r, guint8 *planes)
{
  const Filter *down = get_filter(fit->height, fit->down, TRUE),
               *across = get_filter(fit->width, fit->across, FALSE);
  gsize n = (gsize)fit->width * (gsize)channels;
  g_autofree float *sum = sg_room(n, sizeof *sum);

  if (!down || !across || !sum)
    return;
  for (int y = 0; y < fit->down; y++) {
    mix_rows(down, from, stride, n, y, sum);
    mix_columns_of(across, sum, channels, (gsize)r * (gsize)r, planes + (gsize)y * (gsize)r);
  }
}

void
sg_resize(SgPixels *p, const SgFit *fit, int r, guint8 *planes)
{
  int channels = p->channels;
  gsize stride = (gsize)p->width * (gsize)channels, plane = (gsize)r * (gsize)r;
  gsize skip = (gsize)fit->y * stride + (gsize)fit->x * (gsize)channels;
  guint8 *to = planes + (gsize)fit->top * (gsize)r + (gsize)fit->left;

  if (fit->across < r || fit->down < r)
    memset(planes, 0, plane * (gsize)channels);
  if (fit->width == fit->across && fit->height == fit->down) {
    copy_planes(p->pixels + skip, stride, fit, channels, r, to);
    return;
  }
  if (channels % 2 == 0)
    multiply_alpha(p);
  mix(p->pixels + skip, stride, fit, channels, r, to);
  if (channels % 2 == 0)
    divide_alpha(planes, plane, (gsize)channels - 1);
}

void
sg_picture_square(SgPixels *p, int channels, int r, SgTransform transform, guint8 *planes)
{
  const SgDatasetOptions options = {.resolution = r, .channels = channels, .transform = transform};
  SgFit fit = sg_fit(p->width, p->height, r, &options);

  sg_pixels_convert(p, channels);
  sg_resize(p, &fit, r, planes);
}

/* ---- enlarging ------------------------------------------------------------------------------- */

/* Interleaved pixels of a row, each of the r new ones in float. */
static void
enlarge_row(const Filter *f, const guint8 *row, int channels, float *to)
{
  for (int i = 0; i < f->r; i++, to += channels) {
    const float *w = f->weights + (gsize)i * (gsize)f->most;
    const guint8 *p = row + (gsize)f->first[i] * (gsize)channels;
    for (int c = 0; c < channels; c++)
      to[c] = 0;
    for (int k = 0; k < f->count[i]; k++, p += channels)
      for (int c = 0; c < channels; c++)
        to[c] += w[k] * p[c];
  }
}

/* First across and then down: the loops along whole rows, which compilers vectorise, are the many
 * ones here. */
void
sg_picture_enlarge(const guint8 *pixels, int width, int height, int channels, int r, guint8 *out,
                   gsize stride)
{
  const Filter *down = get_filter(height, r, TRUE), *across = get_filter(width, r, FALSE);
  gsize n = (gsize)r * (gsize)channels;
  g_autofree float *rows = g_new(float, n *(gsize)height), *sum = g_new(float, n);

  for (int y = 0; y < height; y++)
    enlarge_row(across, pixels + (gsize)y * (gsize)width * (gsize)channels, channels,
                rows + (gsize)y * n);
  for (int y = 0; y < r; y++, out += stride) {
    const float *w = down->weights + (gsize)y * (gsize)down->most;
    memset(sum, 0, n * sizeof *sum);
    for (int k = 0; k < down->count[y]; k++) {
      const float *row = rows + (gsize)(down->first[y] + k) * n;
      for (gsize i = 0; i < n; i++)
        sum[i] += w[k] * row[i];
    }
    for (gsize i = 0; i < n; i++)
      out[i] = (guint8)(CLAMP(sum[i], 0, 255) + 0.5f);
  }
}
