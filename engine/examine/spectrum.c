#include "engine/examine/spectrum.h"
#ifdef SG_HAVE_KISSFFT
#  include <kiss_fftnd.h>
#endif
#include <math.h>
#include <string.h>

/* Of the diagonal. */
#define SHRINK 0.2

int
sg_spectrum_bins(int r)
{
  return CLAMP(r / 2, 1, SG_SPECTRUM_BINS);
}

gboolean
sg_spectrum_available(void)
{
#ifdef SG_HAVE_KISSFFT
  return TRUE;
#else
  return FALSE;
#endif
}

/* ---- what is left ---------------------------------------------------------------------------- */

static void
luma(int channels, gsize n, const guint8 *planes, float *out)
{
  for (gsize i = 0; i < n; i++)
    out[i] = channels < 3
                 ? planes[i]
                 : 0.299f * planes[i] + 0.587f * planes[n + i] + 0.114f * planes[2 * n + i];
}

static float
median_of_nine(float v[9])
{
  for (int i = 0; i < 5; i++) { /* the five smallest, in order */
    int least = i;
    for (int k = i + 1; k < 9; k++)
      if (v[k] < v[least])
        least = k;
    float t = v[i];
    v[i] = v[least];
    v[least] = t;
  }
  return v[4];
}

static void
residual(int r, const float *picture, float *out)
{
  for (int y = 0; y < r; y++)
    for (int x = 0; x < r; x++) {
      float v[9];
      int k = 0;
      for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++)
          v[k++] = picture[CLAMP(y + dy, 0, r - 1) * r + CLAMP(x + dx, 0, r - 1)];
      out[y * r + x] = picture[y * r + x] - median_of_nine(v);
    }
}

/* ---- rings ----------------------------------------------------------------------------------- */

#ifdef SG_HAVE_KISSFFT
static void
transform(int r, const float *picture, float *power)
{
  gsize n = (gsize)r * (gsize)r;
  const int dims[2] = {r, r};
  kiss_fft_cpx *in = g_new0(kiss_fft_cpx, n), *out = g_new(kiss_fft_cpx, n);
  kiss_fftnd_cfg plan = kiss_fftnd_alloc(dims, 2, 0, NULL, NULL);

  for (int y = 0; y < r; y++)
    for (int x = 0; x < r; x++) {
      double hann = (0.5 - 0.5 * cos(2 * G_PI * y / r)) * (0.5 - 0.5 * cos(2 * G_PI * x / r));
      in[y * r + x].r = (float)hann * picture[y * r + x];
    }
  kiss_fftnd(plan, in, out);
  for (gsize i = 0; i < n; i++)
    power[i] = out[i].r * out[i].r + out[i].i * out[i].i;
  kiss_fft_free(plan);
  g_free(in);
  g_free(out);
}
#else
static void
transform(int r, const float *picture, float *power)
{
  memset(power, 0, (gsize)r * (gsize)r * sizeof *power);
}
#endif

/* Ring k has the frequencies whose length is in (k, k + 1] times r / 2 / bins. */
static void
rings(int r, const float *power, int bins, double *out)
{
  g_autofree double *sum = g_new0(double, bins);
  g_autofree gint64 *count = g_new0(gint64, bins);
  double width = r / 2.0 / bins;

  for (int y = 0; y < r; y++)
    for (int x = 0; x < r; x++) {
      double fy = y <= r / 2 ? y : y - r, fx = x <= r / 2 ? x : x - r;
      int k = (int)ceil(sqrt(fx * fx + fy * fy) / width - 1e-9) - 1;
      if (k < 0 || k >= bins)
        continue;
      sum[k] += (double)power[y * r + x] + 1;
      count[k]++;
    }
  for (int k = 0; k < bins; k++)
    out[k] = log10(sum[k] / (double)MAX(1, count[k]));
}

gboolean
sg_spectrum(int channels, int r, const guint8 *planes, double *bins)
{
  gsize n = (gsize)r * (gsize)r;
  g_autofree float *picture = g_new(float, n), *rest = g_new(float, n), *power = g_new(float, n);
  double left = 0, mean = 0;

  memset(bins, 0, sizeof *bins * (gsize)sg_spectrum_bins(r));
  luma(channels, n, planes, picture);
  residual(r, picture, rest);
  for (gsize i = 0; i < n; i++) {
    left += (double)fabsf(rest[i]);
    mean += (double)rest[i] / (double)n;
  }
  if (left == 0 || !sg_spectrum_available())
    return FALSE;
  for (gsize i = 0; i < n; i++)
    rest[i] -= (float)mean; /* the window would spread it */
  transform(r, rest, power);
  rings(r, power, sg_spectrum_bins(r), bins);
  return TRUE;
}

/* ---- telling two kinds apart ----------------------------------------------------------------- */

typedef struct {
  int bins, each, without;
  gsize used;
  double *mean, *covariance; /* sums until they are divided */
} Kind;

static gboolean
counts(const Kind *k, int row)
{
  return k->without < 0 || row < k->without || row >= k->without + k->each;
}

static void
add_mean(Kind *k, int n, const double *rows)
{
  k->used = 0;
  memset(k->mean, 0, sizeof *k->mean * (gsize)k->bins);
  for (int i = 0; i < n; i++) {
    if (!counts(k, i))
      continue;
    k->used++;
    for (int j = 0; j < k->bins; j++)
      k->mean[j] += rows[(gsize)i * (gsize)k->bins + (gsize)j];
  }
  for (int j = 0; j < k->bins; j++)
    k->mean[j] /= (double)MAX((gsize)1, k->used);
}

static void
add_covariance(Kind *k, int n, const double *rows)
{
  for (int i = 0; i < n; i++) {
    const double *row = rows + (gsize)i * (gsize)k->bins;
    for (int a = 0; counts(k, i) && a < k->bins; a++)
      for (int b = 0; b <= a; b++)
        k->covariance[a * k->bins + b] += (row[a] - k->mean[a]) * (row[b] - k->mean[b]);
  }
}

/* Solves a x = b in place by Cholesky's factors; a [n, n], of which the lower half counts, is
 * positive definite. */
static void
solve(int n, double *a, double *b)
{
  for (int j = 0; j < n; j++) {
    for (int k = 0; k < j; k++)
      a[j * n + j] -= a[j * n + k] * a[j * n + k];
    a[j * n + j] = sqrt(a[j * n + j]);
    for (int i = j + 1; i < n; i++) {
      for (int k = 0; k < j; k++)
        a[i * n + j] -= a[i * n + k] * a[j * n + k];
      a[i * n + j] /= a[j * n + j];
    }
  }
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < i; k++)
      b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (int i = n - 1; i >= 0; i--) {
    for (int k = i + 1; k < n; k++)
      b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
}

/* Towards the diagonal, which is kept away from 0 for bins that never change. */
static double
shrink(int n, double *a, double rows)
{
  double most = 0;

  for (int i = 0; i < n * n; i++)
    a[i] /= rows;
  for (int i = 0; i < n; i++)
    most = MAX(most, a[i * n + i]);
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < i; j++)
      a[i * n + j] *= 1 - SHRINK;
    a[i * n + i] += 1e-6 * most;
  }
  return most;
}

SgDiscriminant *
sg_discriminant_new(int bins, int n, const double *x, int m, const double *y, int each, int without)
{
  g_autofree double *means = g_new0(double, 2 * bins);
  g_autofree double *covariance = g_new0(double, bins *bins);
  Kind first = {bins, each, without, 0, means, covariance};
  Kind second = {bins, each, without < n ? -1 : without - n, 0, means + bins, covariance};

  if (without >= n)
    first.without = -1;
  add_mean(&first, n, x);
  add_mean(&second, m, y);
  add_covariance(&first, n, x);
  add_covariance(&second, m, y);
  if (first.used == 0 || second.used == 0 ||
      shrink(bins, covariance, (double)(first.used + second.used)) <= 0)
    return NULL;
  SgDiscriminant *d = g_new0(SgDiscriminant, 1);
  d->bins = bins;
  d->weights = g_new(double, bins);
  for (int j = 0; j < bins; j++)
    d->weights[j] = second.mean[j] - first.mean[j];
  solve(bins, covariance, d->weights);
  return d;
}

void
sg_discriminant_free(SgDiscriminant *d)
{
  if (!d)
    return;
  g_free(d->weights);
  g_free(d);
}

double
sg_discriminant_score(const SgDiscriminant *d, const double *row)
{
  double sum = 0;

  for (int j = 0; j < d->bins; j++)
    sum += d->weights[j] * row[j];
  return sum;
}
