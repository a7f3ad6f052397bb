/* See cpu-rows.h. Compiled with -DSG_ROWS=<table> -DSG_BLOCK=<8|16> and the flags of one
 * instruction set; fixed inner loops over SG_BLOCK channels become one or two vector
 * instructions. */
#include "engine/backend/cpu/cpu-rows.h"
#include "engine/kernels/element.h"
#include <string.h>

#define B             SG_BLOCK
#define STRINGIFY2(x) #x
#define STRINGIFY(x)  STRINGIFY2(x)

static void
row_scale(float *restrict y, const float *restrict x, const float *restrict s, int w)
{
  for (int i = 0; i < w; i++)
    for (int b = 0; b < B; b++)
      y[i * B + b] = x[i * B + b] * s[b];
}

/* The shape of an epilogue as literal arguments: an inlined function with constants is C's
 * template. */
K_FN void
epilogue_body(float *y, const float *x, int w, const SgRowEpilogue *e, const gboolean noise,
              const gboolean clamp)
{
  float scale[B], bias[B], strength[B];
  for (int b = 0; b < B; b++) {
    scale[b] = e->scale ? e->scale[b] : 1.0f;
    bias[b] = e->bias ? e->bias[b] : 0.0f;
    strength[b] = noise ? e->strength[b] : 0.0f;
  }
  for (int i = 0; i < w; i++) {
    float v[B];
    for (int b = 0; b < B; b++) {
      v[b] = x[i * B + b] * scale[b] + bias[b];
      if (noise)
        v[b] += e->noise[i] * strength[b];
      v[b] = k_lrelu(v[b], e->slope, e->gain);
      if (clamp)
        v[b] = k_clamp(v[b], e->clamp);
    }
    for (int b = 0; b < B; b++)
      y[i * B + b] = v[b];
  }
}

static void
row_epilogue(float *y, const float *x, int w, const SgRowEpilogue *e)
{
  gboolean clamp = e->clamp >= 0;
  if (e->noise && clamp)
    epilogue_body(y, x, w, e, TRUE, TRUE);
  else if (e->noise)
    epilogue_body(y, x, w, e, TRUE, FALSE);
  else if (clamp)
    epilogue_body(y, x, w, e, FALSE, TRUE);
  else
    epilogue_body(y, x, w, e, FALSE, FALSE);
}

static void
row_fir_v(float *restrict v, const float *const rows[4], int w, float gain)
{
  int n = w * B;
  if (rows[0] && rows[1] && rows[2] && rows[3]) {
    const float *restrict a = rows[0], *restrict b = rows[1];
    const float *restrict c = rows[2], *restrict d = rows[3];
    for (int i = 0; i < n; i++)
      v[i] = k_fir4(a[i], b[i], c[i], d[i], gain);
    return;
  }
  memset(v, 0, sizeof(float) * (gsize)n);
  for (int t = 0; t < 4; t++) {
    float tap = gain * (t == 0 || t == 3 ? 0.125f : 0.375f);
    for (int i = 0; rows[t] && i < n; i++)
      v[i] += rows[t][i] * tap;
  }
}

static void
row_fir_h(float *restrict y, const float *restrict v, int w, int ow, int step, int pad, float gain)
{
  for (int o = 0; o < ow; o++) {
    int at = o * step - pad;
    float *to = y + o * B;
    if (at >= 0 && at + 3 < w) {
      const float *p = v + at * B;
      for (int b = 0; b < B; b++)
        to[b] = k_fir4(p[b], p[B + b], p[2 * B + b], p[3 * B + b], gain);
      continue;
    }
    for (int b = 0; b < B; b++)
      to[b] = 0;
    for (int t = 0; t < 4; t++)
      if (at + t >= 0 && at + t < w)
        for (int b = 0; b < B; b++)
          to[b] += v[(at + t) * B + b] * (gain * (t == 0 || t == 3 ? 0.125f : 0.375f));
  }
}

/* Output o reads v[o / 2 - 1 .. o / 2 + 1]: the inserted zeros fall on every other tap. */
static void
row_fir_up(float *restrict y, const float *restrict v, int w, float gain)
{
  const float near = 0.375f * gain, far = 0.125f * gain;
  for (int i = 0; i < w; i++)
    for (int b = 0; b < B; b++) {
      float here = v[i * B + b] * near;
      float left = i > 0 ? v[(i - 1) * B + b] : 0, right = i + 1 < w ? v[(i + 1) * B + b] : 0;
      y[2 * i * B + b] = left * far + here;
      y[(2 * i + 1) * B + b] = here + right * far;
    }
}

/* ---- any filter ------------------------------------------------------------------------------ */

/* The taps [*first, *last) in steps of `up` that meet samples of a row of w, for the output that
 * begins at `base` of the stuffed row; returns the sample that the first of them meets. */
K_FN int
taps_range(int base, int w, const SgRowTaps *t, int *first, int *last)
{
  int k = base >= 0 ? (t->up - base % t->up) % t->up : -base;
  int beyond = (w - 1) * t->up + 1 - base; /* one tap past the last sample */

  *first = k;
  *last = beyond < t->n ? beyond : t->n;
  return (base + k) / t->up;
}

static void
row_taps_h(float *restrict y, const float *restrict x, int w, int ow, const SgRowTaps *t)
{
  for (int o = 0; o < ow; o++) {
    int first, last, i = taps_range(o * t->down - t->pad, w, t, &first, &last);
    float acc[B] = {0};
    for (int k = first; k < last; k += t->up, i++)
      for (int b = 0; b < B; b++)
        acc[b] += t->g[k] * x[(gsize)i * B + b];
    for (int b = 0; b < B; b++)
      y[(gsize)o * B + b] = acc[b];
  }
}

static void
row_taps_v(float *restrict y, const float *const *rows, const float *g, int count, int n)
{
  for (int i = 0; i < n; i += 4 * B) {
    int m = n - i < 4 * B ? n - i : 4 * B;
    float acc[4 * B] = {0};
    if (m == 4 * B) {
      for (int k = 0; k < count; k++)
        for (int b = 0; rows[k] && b < 4 * B; b++)
          acc[b] += g[k] * rows[k][i + b];
      memcpy(y + i, acc, sizeof acc);
      continue;
    }
    for (int k = 0; k < count; k++)
      for (int b = 0; rows[k] && b < m; b++)
        acc[b] += g[k] * rows[k][i + b];
    memcpy(y + i, acc, sizeof(float) * (gsize)m);
  }
}

static void
row_taps_2d(float *restrict y, const float *const *rows, int w, int ow, const SgRowTaps *t)
{
  for (int o = 0; o < ow; o++) {
    int first, last, i = taps_range(o * t->down - t->pad, w, t, &first, &last);
    float acc[B] = {0};
    for (int a = 0; a < t->n; a++)
      for (int k = first; rows[a] && k < last; k++)
        for (int b = 0; b < B; b++)
          acc[b] += t->g[a * t->n + k] * rows[a][(gsize)(i + k - first) * B + b];
    for (int b = 0; b < B; b++)
      y[(gsize)o * B + b] = acc[b];
  }
}

static void
row_spread(float *acc, const float *a, const float *mean, int w)
{
  float sum[B] = {0};
  for (int i = 0; i < w; i++)
    for (int b = 0; b < B; b++) {
      float d = a[(gsize)i * B + b] - mean[b];
      sum[b] += d * d;
    }
  for (int b = 0; b < B; b++)
    acc[b] += sum[b];
}

static void
row_standardize(float *y, const float *x, const float *mean, const float *scale, const float *shift,
                int w)
{
  for (int i = 0; i < w; i++)
    for (int b = 0; b < B; b++)
      y[(gsize)i * B + b] = (x[(gsize)i * B + b] - mean[b]) * scale[b] + shift[b];
}

static void
row_add(float *y, const float *a, const float *b, int w, float gain)
{
  for (int i = 0; i < w * B; i++)
    y[i] = (a[i] + b[i]) * gain;
}

K_FN void
to_rgb_body(float *const *out, const float *x, gsize stride, int blocks, const float *wk,
            const int k, int w)
{
  for (int i = 0; i < w; i++) {
    float acc[4][B] = {{0}};
    for (int cb = 0; cb < blocks; cb++) {
      const float *p = x + cb * stride + i * B;
      for (int j = 0; j < k; j++)
        for (int b = 0; b < B; b++)
          acc[j][b] += p[b] * wk[(j * blocks + cb) * B + b];
    }
    for (int j = 0; j < k; j++) {
      float sum = 0;
      for (int b = 0; b < B; b++)
        sum += acc[j][b];
      out[j][i] += sum;
    }
  }
}

static void
row_to_rgb(float *const *out, const float *x, gsize stride, int blocks, const float *wk, int k,
           int w)
{
  switch (k) {
  case 1:
    to_rgb_body(out, x, stride, blocks, wk, 1, w);
    break;
  case 3:
    to_rgb_body(out, x, stride, blocks, wk, 3, w);
    break;
  default:
    to_rgb_body(out, x, stride, blocks, wk, k, w);
    break;
  }
}

static void
row_from_rgb(float *restrict y, const float *const *img, const float *restrict wk, int k, int w)
{
  for (int i = 0; i < w; i++) {
    float v[B] = {0};
    for (int j = 0; j < k; j++)
      for (int b = 0; b < B; b++)
        v[b] += img[j][i] * wk[j * B + b];
    for (int b = 0; b < B; b++)
      y[i * B + b] = v[b];
  }
}

/* Four independent accumulators hide the latency of the additions. */
#define LANES 64

static float
row_dot(const float *restrict a, const float *restrict c, int n)
{
  float acc[LANES] = {0}, sum = 0;
  int i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int l = 0; l < LANES; l++)
      acc[l] += a[i + l] * c[i + l];
  for (; i < n; i++)
    sum += a[i] * c[i];
  for (int l = 0; l < LANES; l++)
    sum += acc[l];
  return sum;
}

static float
row_dot2(const float *restrict a, const float *restrict c, int n)
{
  float acc[LANES] = {0}, sum = 0;
  int i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int l = 0; l < LANES; l++)
      acc[l] += a[i + l] * a[i + l] * c[i + l];
  for (; i < n; i++)
    sum += a[i] * a[i] * c[i];
  for (int l = 0; l < LANES; l++)
    sum += acc[l];
  return sum;
}

/* ---- training ----------------------------------------------------------------------------- */

K_FN void
grad_body(const SgRowGrad *g, int w, const gboolean scaled, const gboolean noise,
          const gboolean clamp)
{
  float scale[B], ds[B] = {0}, sum[B] = {0}, dn[B] = {0};
  for (int b = 0; b < B; b++)
    scale[b] = scaled ? g->scale[b] : 1.0f;
  for (int i = 0; i < w; i++) {
    float d[B];
    for (int b = 0; b < B; b++)
      d[b] =
          k_lrelu_grad(g->dy[i * B + b], g->y[i * B + b], g->slope, g->gain, clamp ? g->clamp : -1);
    for (int b = 0; b < B; b++)
      sum[b] += d[b];
    if (scaled)
      for (int b = 0; b < B; b++)
        ds[b] += d[b] * g->x[i * B + b];
    if (noise)
      for (int b = 0; b < B; b++)
        dn[b] += d[b] * g->noise[i];
    for (int b = 0; b < B; b++)
      g->dx[i * B + b] = d[b] * scale[b];
  }
  for (int b = 0; b < B; b++) {
    g->dsum[b] += sum[b];
    if (scaled)
      g->dscale[b] += ds[b];
    if (noise)
      g->dstrength[b] += dn[b];
  }
}

static void
row_epilogue_grad(const SgRowGrad *g, int w)
{
  gboolean clamp = g->clamp >= 0;
  if (g->scale && g->noise)
    clamp ? grad_body(g, w, TRUE, TRUE, TRUE) : grad_body(g, w, TRUE, TRUE, FALSE);
  else if (g->scale)
    clamp ? grad_body(g, w, TRUE, FALSE, TRUE) : grad_body(g, w, TRUE, FALSE, FALSE);
  else if (g->noise)
    grad_body(g, w, FALSE, TRUE, clamp);
  else
    clamp ? grad_body(g, w, FALSE, FALSE, TRUE) : grad_body(g, w, FALSE, FALSE, FALSE);
}

static void
row_combine(float *y, float a, const float *x, float b, const float *z, gsize n)
{
  if (z)
    for (gsize i = 0; i < n; i++)
      y[i] = a * x[i] + b * z[i];
  else
    for (gsize i = 0; i < n; i++)
      y[i] = a * x[i];
}

static void
row_mul(float *y, const float *a, const float *b, gsize n)
{
  for (gsize i = 0; i < n; i++)
    y[i] = a[i] * b[i];
}

static void
row_dot_block(float *acc, const float *restrict x, const float *restrict z, int w)
{
  float sum[4][B] = {{0}};
  int i = 0;
  for (; i + 4 <= w; i += 4)
    for (int j = 0; j < 4; j++)
      for (int b = 0; b < B; b++)
        sum[j][b] += x[(i + j) * B + b] * (z ? z[(i + j) * B + b] : 1.0f);
  for (; i < w; i++)
    for (int b = 0; b < B; b++)
      sum[0][b] += x[i * B + b] * (z ? z[i * B + b] : 1.0f);
  for (int b = 0; b < B; b++)
    acc[b] += (sum[0][b] + sum[1][b]) + (sum[2][b] + sum[3][b]);
}

static void
row_pixel_sum(float *restrict out, const float *restrict x, int w)
{
  for (int i = 0; i < w; i++) {
    float sum = 0;
    for (int b = 0; b < B; b++)
      sum += x[i * B + b];
    out[i] += sum;
  }
}

K_FN void
rgb_weight_body(float *restrict acc, const float *restrict x, const float *const *img, const int k,
                int w)
{
  float sum[4][B] = {{0}};
  for (int i = 0; i < w; i++)
    for (int j = 0; j < k; j++)
      for (int b = 0; b < B; b++)
        sum[j][b] += x[i * B + b] * img[j][i];
  for (int j = 0; j < k; j++)
    for (int b = 0; b < B; b++)
      acc[j * B + b] += sum[j][b];
}

static void
row_rgb_weight(float *acc, const float *x, const float *const *img, int k, int w)
{
  if (k == 3)
    rgb_weight_body(acc, x, img, 3, w);
  else if (k == 1)
    rgb_weight_body(acc, x, img, 1, w);
  else
    rgb_weight_body(acc, x, img, k, w);
}

/* c: rate, beta1, beta2, eps, unbias */
static void
row_adam(float *restrict p, float *restrict m, float *restrict v, const float *restrict g, gsize n,
         const float c[5])
{
  for (gsize i = 0; i < n; i++)
    k_adam(&p[i], &m[i], &v[i], g[i], c[0], c[1], c[2], c[3], c[4]);
}

const SgCpuRows SG_ROWS = {
    .block = B,
    .isa = STRINGIFY(SG_ISA),
    .scale = row_scale,
    .epilogue = row_epilogue,
    .fir_v = row_fir_v,
    .fir_h = row_fir_h,
    .fir_up = row_fir_up,
    .add = row_add,
    .to_rgb = row_to_rgb,
    .from_rgb = row_from_rgb,
    .taps_h = row_taps_h,
    .taps_v = row_taps_v,
    .taps_2d = row_taps_2d,
    .spread = row_spread,
    .standardize = row_standardize,
    .dot = row_dot,
    .dot2 = row_dot2,
    .epilogue_grad = row_epilogue_grad,
    .combine = row_combine,
    .mul = row_mul,
    .dot_block = row_dot_block,
    .pixel_sum = row_pixel_sum,
    .rgb_weight = row_rgb_weight,
    .adam = row_adam,
};
