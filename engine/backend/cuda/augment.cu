/* The augmentation (docs/formats.md, Augmentation): pad, double, sample, halve; and its transpose.
 *
 * The doubled picture is never stored on the way there: a sample of the grid reads seven by seven
 * pixels with weights that combine the filter and the interpolation. On the way back it is, and
 * every pixel of it looks for the samples that read it: adding them from the other side would need
 * atomic additions, whose order, and so the last bits of a resumed training, is not fixed. */
#include "engine/backend/cuda/cuda-launch.h"
#include "engine/kernels/augment.h"
#include <string.h>

#define MAX_CHANNELS 4
#define TAPS         7                  /* pixels along one axis that one sample reads */
#define ROOM         ((gsize)256 << 20) /* for the planes that are worked on at a time */

/* The sizes of all steps. Margins are drawn: kernels read them (with_margin), so that what was
 * recorded serves other draws; the host reckons with the widest. */
typedef struct {
  int h, w, margin_x, margin_y;
  int pad_h, pad_w;    /* padded */
  int up_h, up_w;      /* doubled */
  int grid_h, grid_w;  /* sampled */
  int channels, first; /* first plane of this launch */
} Sizes;

static __host__ __device__ Sizes
with_margin(Sizes s, const int margin[4])
{
  s.margin_x = margin[0];
  s.margin_y = margin[1];
  s.pad_h = s.h + margin[1] + margin[3];
  s.pad_w = s.w + margin[0] + margin[2];
  s.up_h = 2 * s.pad_h;
  s.up_w = 2 * s.pad_w;
  return s;
}

static Sizes
sizes_of(const SgAugmentArgs *a)
{
  const int widest[4] = {a->w - 1, a->h - 1, a->w - 1, a->h - 1};
  Sizes s = {a->h, a->w};
  s.grid_h = 2 * (a->h + 2 * K_AUG_PAD);
  s.grid_w = 2 * (a->w + 2 * K_AUG_PAD);
  s.channels = a->channels;
  return with_margin(s, widest);
}

/* What is drawn for a batch, in a buffer: maps, six numbers a sample (k_aug_map); colours [n,
 * channels, channels + 1]; margins. */
typedef struct {
  const double *maps;
  const float *color;
  const int *margin;
} Params;

static gsize
color_count(const SgAugmentArgs *a)
{
  return (gsize)a->n * (gsize)(a->channels * (a->channels + 1));
}

static Params
params_in(const SgBuf *buf, const SgAugmentArgs *a)
{
  const float *color = floats(buf) + (gsize)a->n * 6 * (sizeof(double) / sizeof(float));
  Params p = {(const double *)buf->data, color, (const int *)(color + color_count(a))};
  return p;
}

SgBuf *
cuda_augment_params(SgBackend *b, const SgAugmentArgs *a, GError **error)
{
  gsize maps = (gsize)a->n * 6 * (sizeof(double) / sizeof(float)), colors = color_count(a);
  g_autofree float *v = (float *)g_malloc_n(maps + colors + 4, sizeof *v);

  for (int n = 0; n < a->n; n++)
    k_aug_map((double *)(gpointer)v + (gsize)n * 6, a->g_inv + (gsize)n * 9, a->h, a->w, a->margin);
  for (gsize i = 0; i < colors; i++)
    v[maps + i] = (float)a->color[i];
  memcpy(v + maps + colors, a->margin, sizeof a->margin);
  return sg_buf_from_floats(b, v, 1, 1, 1, (int)(maps + colors + 4), error);
}

static __device__ __forceinline__ float
tap(int k)
{
  return k >= 0 && k < K_AUG_TAPS ? k_aug_tap(k) : 0;
}

/* ---- colours --------------------------------------------------------------------------------- */

/* y = C x (+ t), or Cᵀ x; color [n, channels, channels + 1]. "Planes" are samples here. */
static __global__ void
mix_kernel(float *y, const float *x, const float *color, unsigned samples, unsigned channels,
           unsigned pixels, SgAugmentMode mode)
{
  EACH_PLANE(n, samples)
  {
    const float *m = color + (size_t)n * channels * (channels + 1);
    size_t at = (size_t)n * channels * pixels;
    EACH_PIXEL(i, pixels)
    {
      for (unsigned c = 0; c < channels; c++) {
        float sum = mode == SG_AUGMENT_FORWARD ? m[c * (channels + 1) + channels] : 0;
        for (unsigned k = 0; k < channels; k++)
          sum +=
              x[at + (size_t)k * pixels + i] *
              (mode == SG_AUGMENT_ADJOINT ? m[k * (channels + 1) + c] : m[c * (channels + 1) + k]);
        y[at + (size_t)c * pixels + i] = sum;
      }
    }
  }
}

/* ---- forward --------------------------------------------------------------------------------- */

/* Which pixels of an axis the doubled axis' position `at` reads, and how much of each. */
static __device__ void
read_axis(float weight[TAPS], int source[TAPS], double at, int size, int margin, int padded)
{
  int low = (int)floor(at), first = (low - 5) >> 1;
  float t = (float)(at - low);
  float here = low >= 0 ? 1 - t : 0, next = low + 1 < 2 * padded ? t : 0;

  for (int a = 0; a < TAPS; a++) {
    int p = first + a, k = low + 5 - 2 * p;
    gboolean inside = p >= 0 && p < padded;
    source[a] = inside ? k_reflect(p - margin, size) : 0;
    weight[a] = inside ? 2 * (tap(k) * here + tap(k + 1) * next) : 0;
  }
}

static __device__ float
sample(const float *pic, const Sizes &s, double y, double x)
{
  float wx[TAPS], wy[TAPS], sum = 0;
  int sx[TAPS], sy[TAPS];

  if (!(x > -1 && x < s.up_w && y > -1 && y < s.up_h))
    return 0;
  read_axis(wx, sx, x, s.w, s.margin_x, s.pad_w);
  read_axis(wy, sy, y, s.h, s.margin_y, s.pad_h);
  for (int a = 0; a < TAPS; a++) {
    const float *row = pic + (size_t)sy[a] * s.w;
    float v = 0;
    for (int b = 0; b < TAPS; b++)
      v += wx[b] * row[sx[b]];
    sum += wy[a] * v;
  }
  return sum;
}

static __global__ void
sample_kernel(float *grid, const float *x, Params drawn, Sizes widest, unsigned planes)
{
  Sizes s = with_margin(widest, drawn.margin);
  EACH_PLANE(p, planes)
  {
    unsigned plane = (unsigned)s.first + p;
    const double *m = drawn.maps + plane / (unsigned)s.channels * 6;
    const float *pic = x + (size_t)plane * s.h * s.w;
    EACH_PIXEL(at, (unsigned)(s.grid_h * s.grid_w))
    {
      int i = (int)at / s.grid_w, j = (int)at % s.grid_w;
      grid[(size_t)p * s.grid_h * s.grid_w + at] =
          sample(pic, s, m[3] * j + m[4] * i + m[5], m[0] * j + m[1] * i + m[2]);
    }
  }
}

static __global__ void
halve_kernel(float *y, const float *grid, Sizes s, unsigned planes)
{
  EACH_PLANE(p, planes)
  {
    const float *from = grid + (size_t)p * s.grid_h * s.grid_w;
    EACH_PIXEL(at, (unsigned)(s.h * s.w))
    {
      int oy = (int)at / s.w, ox = (int)at % s.w;
      float sum = 0;
      for (int k = 0; k < K_AUG_TAPS; k++) {
        const float *row = from + (size_t)(2 * oy + 1 + k) * s.grid_w + 2 * ox + 1;
        float v = 0;
        for (int l = 0; l < K_AUG_TAPS; l++)
          v += k_aug_tap(l) * row[l];
        sum += k_aug_tap(k) * v;
      }
      y[((size_t)s.first + p) * s.h * s.w + at] = sum;
    }
  }
}

/* ---- back ------------------------------------------------------------------------------------ */

/* halve_kernel transposed. */
static __global__ void
unhalve_kernel(float *grid, const float *y, Sizes s, unsigned planes)
{
  EACH_PLANE(p, planes)
  {
    const float *from = y + ((size_t)s.first + p) * s.h * s.w;
    EACH_PIXEL(at, (unsigned)(s.grid_h * s.grid_w))
    {
      int i = (int)at / s.grid_w, j = (int)at % s.grid_w;
      int y0 = (i - 11) >> 1, x0 = (j - 11) >> 1;
      float sum = 0;
      for (int oy = y0 < 0 ? 0 : y0; oy < y0 + 6 && oy < s.h; oy++) {
        float v = 0;
        for (int ox = x0 < 0 ? 0 : x0; ox < x0 + 6 && ox < s.w; ox++)
          v += tap(j - 1 - 2 * ox) * from[(size_t)oy * s.w + ox];
        sum += tap(i - 1 - 2 * oy) * v;
      }
      grid[(size_t)p * s.grid_h * s.grid_w + at] = sum;
    }
  }
}

typedef struct {
  int from[2], to[2]; /* rows, columns; inclusive */
} Box;

/* The samples that may lie within one pixel of (y, x). */
static __device__ Box
samples_near(const double *m, const Sizes &s, int y, int x)
{
  double det = m[0] * m[4] - m[1] * m[3], dx = x - m[2], dy = y - m[5];
  Box box = {{0, 0}, {s.grid_h - 1, s.grid_w - 1}};

  if (fabs(det) < 1e-9)
    return box;
  double j = (m[4] * dx - m[1] * dy) / det, i = (m[0] * dy - m[3] * dx) / det;
  double half_j = (fabs(m[4]) + fabs(m[1])) / fabs(det) + 1e-6;
  double half_i = (fabs(m[0]) + fabs(m[3])) / fabs(det) + 1e-6;
  box.from[0] = (int)fmax(ceil(i - half_i), 0.0);
  box.to[0] = (int)fmin(floor(i + half_i), s.grid_h - 1.0);
  box.from[1] = (int)fmax(ceil(j - half_j), 0.0);
  box.to[1] = (int)fmin(floor(j + half_j), s.grid_w - 1.0);
  return box;
}

/* What the samples of `box` take from (y, x). Where they lie is counted from the box's first one
 * on, in doubles, which few devices are quick at; from there on floats are exact enough. */
static __device__ float
taken_from(const float *from, const double *m, const Sizes &s, const Box &box, int y, int x)
{
  const int i0 = box.from[0], j0 = box.from[1];
  const float first_y = (float)(m[3] * j0 + m[4] * i0 + m[5] - y), y_j = (float)m[3];
  const float first_x = (float)(m[0] * j0 + m[1] * i0 + m[2] - x), x_j = (float)m[0];
  const float y_i = (float)m[4], x_i = (float)m[1];
  float sum = 0;

  for (int i = 0; i <= box.to[0] - i0; i++)
    for (int j = 0; j <= box.to[1] - j0; j++) {
      float ty = 1 - fabsf(first_y + y_j * (float)j + y_i * (float)i);
      float tx = 1 - fabsf(first_x + x_j * (float)j + x_i * (float)i);
      if (ty > 0 && tx > 0)
        sum += ty * tx * from[(size_t)(i0 + i) * s.grid_w + j0 + j];
    }
  return sum;
}

/* Bilinear sampling transposed. */
static __global__ void
unsample_kernel(float *up, const float *grid, Params drawn, Sizes widest, unsigned planes)
{
  Sizes s = with_margin(widest, drawn.margin);
  EACH_PLANE(p, planes)
  {
    const double *m = drawn.maps + ((unsigned)s.first + p) / (unsigned)s.channels * 6;
    const float *from = grid + (size_t)p * s.grid_h * s.grid_w;
    EACH_PIXEL(at, (unsigned)(s.up_h * s.up_w))
    {
      int y = (int)(at / (unsigned)s.up_w), x = (int)(at % (unsigned)s.up_w);
      up[(size_t)p * s.up_h * s.up_w + at] =
          taken_from(from, m, s, samples_near(m, s, y, x), y, x);
    }
  }
}

/* Padded position p of an axis takes from the doubled one: twelve taps of row 2 p - 5 + k. */
static __device__ float
undouble(const float *up, const Sizes &s, int py, int px)
{
  float sum = 0;
  for (int k = 0; k < K_AUG_TAPS; k++) {
    int r = 2 * py + k - 5;
    float v = 0;
    if (r < 0 || r >= s.up_h)
      continue;
    for (int l = 0; l < K_AUG_TAPS; l++) {
      int q = 2 * px + l - 5;
      if (q >= 0 && q < s.up_w)
        v += k_aug_tap(l) * up[(size_t)r * s.up_w + q];
    }
    sum += k_aug_tap(k) * v;
  }
  return 4 * sum;
}

/* The padded positions that repeat position `at` of an axis (k_reflect's other way), -1: none. */
static __device__ void
reflections(int p[3], int at, int size, int margin, int padded)
{
  p[0] = margin + at;
  p[1] = at > 0 ? margin - at : -1;
  p[2] = at < size - 1 ? margin + 2 * (size - 1) - at : -1;
  for (int i = 0; i < 3; i++)
    p[i] = p[i] < padded ? p[i] : -1;
}

/* Padding and doubling transposed. */
static __global__ void
undouble_kernel(float *x, const float *up, Params drawn, Sizes widest, unsigned planes)
{
  Sizes s = with_margin(widest, drawn.margin);
  EACH_PLANE(p, planes)
  {
    EACH_PIXEL(at, (unsigned)(s.h * s.w))
    {
      int py[3], px[3];
      float sum = 0;
      reflections(py, (int)at / s.w, s.h, s.margin_y, s.pad_h);
      reflections(px, (int)at % s.w, s.w, s.margin_x, s.pad_w);
      for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
          if (py[i] >= 0 && px[j] >= 0)
            sum += undouble(up + (size_t)p * s.up_h * s.up_w, s, py[i], px[j]);
      x[((size_t)s.first + p) * s.h * s.w + at] = sum;
    }
  }
}

/* ---- the steps together ---------------------------------------------------------------------- */

static void
planes_forward(SgBuf *y, const SgBuf *x, const Params &drawn, const Sizes &s, SgBuf *grid,
               unsigned planes)
{
  unsigned size = (unsigned)(s.grid_h * s.grid_w), pixels = (unsigned)(s.h * s.w);
  CU_PLANES(y->backend, sample_kernel, planes, size, floats(grid), floats(x), drawn, s, planes);
  CU_PLANES(y->backend, halve_kernel, planes, pixels, floats(y), floats(grid), s, planes);
}

static void
planes_back(SgBuf *y, const SgBuf *x, const Params &drawn, const Sizes &s, SgBuf *grid, SgBuf *up,
            unsigned planes)
{
  unsigned size = (unsigned)(s.grid_h * s.grid_w), pixels = (unsigned)(s.h * s.w);
  unsigned doubled = (unsigned)(s.up_h * s.up_w);
  CU_PLANES(y->backend, unhalve_kernel, planes, size, floats(grid), floats(x), s, planes);
  CU_PLANES(y->backend, unsample_kernel, planes, doubled, floats(up), floats(grid), drawn, s,
            planes);
  CU_PLANES(y->backend, undouble_kernel, planes, pixels, floats(y), floats(up), drawn, s,
            planes);
}

/* y = G x, or Gᵀ x; a few planes at a time. */
static void
geometry(SgBuf *y, const SgBuf *x, const SgAugmentArgs *a, const Params &drawn, gboolean back)
{
  Sizes s = sizes_of(a);
  gsize grid_size = (gsize)s.grid_h * (gsize)s.grid_w, up_size = (gsize)s.up_h * (gsize)s.up_w;
  gsize fit = ROOM / sizeof(float) / (grid_size + (back ? up_size : 0));
  int all = a->n * a->channels, each = (int)CLAMP(fit, 1, (gsize)all);
  g_autoptr(SgBuf) grid = cuda_temporary(y->backend, each, 1, s.grid_h, s.grid_w);
  g_autoptr(SgBuf) up = back ? cuda_temporary(y->backend, each, 1, s.up_h, s.up_w) : NULL;

  if (!grid || (back && !up))
    return;
  for (s.first = 0; s.first < all; s.first += each) {
    unsigned planes = (unsigned)MIN(each, all - s.first);
    if (back)
      planes_back(y, x, drawn, s, grid, up, planes);
    else
      planes_forward(y, x, drawn, s, grid, planes);
  }
}

static void
mix(SgBuf *y, const SgBuf *x, const Params &drawn, SgAugmentMode mode)
{
  unsigned samples = (unsigned)x->n, pixels = pixels_of(x);
  CU_PLANES(y->backend, mix_kernel, samples, pixels, floats(y), floats(x), drawn.color, samples,
            (unsigned)x->c, pixels, mode);
}

/* The draws on the device, referenced. */
static SgBuf *
params_of(SgBackend *b, const SgAugmentArgs *a)
{
  GError *error = NULL;
  SgBuf *params = a->params ? sg_buf_ref(a->params) : cuda_augment_params(b, a, &error);
  if (!params)
    cuda_note_error(b, error);
  return params;
}

void
cuda_augment(SgBuf *y, const SgBuf *x, const SgAugmentArgs *a, SgAugmentMode mode)
{
  SgBackend *b = y->backend;
  g_autoptr(SgBuf) params = params_of(b, a);
  g_autoptr(SgBuf) t = a->geometry ? cuda_temporary(b, x->n, x->c, x->h, x->w) : NULL;

  g_assert(a->channels <= MAX_CHANNELS && x->n == a->n && x->c == a->channels && x->h == a->h &&
           x->w == a->w);
  if (!params || (a->geometry && !t))
    return;
  Params drawn = params_in(params, a);
  if (!a->geometry) {
    mix(y, x, drawn, mode);
  } else if (mode == SG_AUGMENT_ADJOINT) {
    mix(t, x, drawn, mode);
    geometry(y, t, a, drawn, TRUE);
  } else {
    geometry(t, x, a, drawn, FALSE);
    mix(y, t, drawn, mode);
  }
}
