#include "tests/golden/golden-compare.h"
#include <math.h>

void
golden_compare(const char *what, gsize n, const double *found, const double *expected)
{
  double low = INFINITY, high = -INFINITY, worst = 0;
  gsize at = 0;

  for (gsize i = 0; i < n; i++) {
    double difference = fabs(found[i] - expected[i]);
    low = MIN(low, expected[i]);
    high = MAX(high, expected[i]);
    if (!(difference <= worst)) { /* also for NaN, which then stays */
      worst = difference;
      at = i;
    }
  }
  /* Of a single value, or of values close together, the size is the range. */
  double range = MAX(high - low, MAX(fabs(low), fabs(high)));
  g_test_message("%s: %" G_GSIZE_FORMAT " values from %g to %g, largest difference %.2e of it",
                 what, n, low, high, worst / range);
  if (n == 0 || !(worst <= GOLDEN_TOLERANCE * range))
    g_error("%s: value %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
            " is %.9g, expected %.9g; the range "
            "is %g to %g",
            what, at, n, found[at], expected[at], low, high);
}

void
golden_compare_floats(const char *what, gsize n, const float *found, const float *expected)
{
  g_autofree double *f = g_new(double, n);
  g_autofree double *e = g_new(double, n);

  for (gsize i = 0; i < n; i++) {
    f[i] = found[i];
    e[i] = expected[i];
  }
  golden_compare(what, n, f, e);
}

void
golden_compare_bytes(const char *what, gsize n, const guint8 *found, const guint8 *expected)
{
  gsize differ = 0;

  for (gsize i = 0; i < n; i++) {
    int difference = found[i] - expected[i];
    if (ABS(difference) > 1)
      g_error("%s: byte %" G_GSIZE_FORMAT " is %d, expected %d", what, i, found[i], expected[i]);
    differ += difference != 0;
  }
  g_test_message("%s: %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " bytes differ by one", what, differ,
                 n);
  /* Rounding alone moves a few values across a border; a systematic shift would move many. */
  if (n == 0 || differ > n / 50)
    g_error("%s: %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " bytes differ", what, differ, n);
}

void
golden_score(SgRenderer *r, const SgTensor *images, int label, int batch, double *logits)
{
  g_autoptr(GError) error = NULL;
  int n = (int)images->shape[0];
  g_autofree int *labels = g_new(int, n);

  for (int i = 0; i < n; i++)
    labels[i] = label;
  sg_renderer_score(r, images, label < 0 ? NULL : labels, batch, logits, &error);
  g_assert_no_error(error);
}
