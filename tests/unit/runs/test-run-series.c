/* A growing curve: every answer against the plain loop over all points. */
#include <math.h>

#include "engine/runs/run-series.h"

/* The plain copy that answers are compared with. */
typedef struct {
  GArray *x, *y; /* double */
} Plain;

static Plain
plain_new(void)
{
  return (Plain){g_array_new(FALSE, FALSE, sizeof(double)),
                 g_array_new(FALSE, FALSE, sizeof(double))};
}

static void
plain_free(Plain *p)
{
  g_array_unref(p->x);
  g_array_unref(p->y);
}

#define X(p, i) g_array_index((p)->x, double, i)
#define Y(p, i) g_array_index((p)->y, double, i)

static void
add(SgSeries *s, Plain *p, double x, double y)
{
  y = (double)(float)y;
  sg_series_append(s, 1, &x, &y);
  g_array_append_val(p->x, x);
  g_array_append_val(p->y, y);
}

/* n points at uneven distances, some gaps, some negative and some large values. */
static void
fill(SgSeries *s, Plain *p, GRand *rand, guint n)
{
  double x = p->x->len > 0 ? X(p, p->x->len - 1) : 0;
  for (guint i = 0; i < n; i++) {
    x += g_rand_double_range(rand, 0.001, 1);
    int kind = g_rand_int_range(rand, 0, 20);
    add(s, p, x,
        kind == 0   ? NAN
        : kind == 1 ? (double)INFINITY
        : kind == 2 ? g_rand_double_range(rand, -1000, 1000)
                    : g_rand_double_range(rand, -1, 1));
  }
}

static void
assert_same(double a, double b)
{
  if (isnan(b))
    g_assert_true(isnan(a));
  else
    g_assert_cmpfloat_with_epsilon(a, b, 1e-6 * MAX(1, fabs(b)));
}

/* The smoothed curve by its definition: every point's weight anew, no state kept. */
static double
plain_smooth(const Plain *p, guint last, double factor)
{
  if (factor == 0)
    return Y(p, last);
  double sum = 0, weights = 0, weight = 1 - factor;
  for (guint i = last + 1; i-- > 0;) {
    if (!isfinite(Y(p, i)))
      continue;
    sum += weight * Y(p, i);
    weights += weight;
    weight *= factor;
  }
  return weights > 0 ? sum / weights : NAN;
}

static void
check_column(const SgSeriesColumn *c, const Plain *p, double from, double to, double factor)
{
  guint64 n = 0, finite = 0;
  double first = NAN, min = INFINITY, max = -INFINITY, sum = 0;
  guint last = 0;
  for (guint i = 0; i < p->x->len; i++) {
    if (X(p, i) < from || X(p, i) >= to)
      continue;
    if (n++ == 0)
      first = X(p, i);
    last = i;
    if (!isfinite(Y(p, i)))
      continue;
    finite++;
    min = MIN(min, Y(p, i));
    max = MAX(max, Y(p, i));
    sum += Y(p, i);
  }
  g_assert_cmpuint(c->n, ==, n);
  assert_same(c->x, first);
  assert_same(c->min, finite ? min : NAN);
  assert_same(c->max, finite ? max : NAN);
  assert_same(c->mean, finite ? sum / (double)finite : NAN);
  double smooth = n > 0 ? plain_smooth(p, last, factor) : NAN;
  if (isfinite(smooth) || isnan(smooth))
    assert_same(c->smooth, smooth);
}

static void
check_query(SgSeries *s, const Plain *p, GRand *rand, double factor)
{
  double end = p->x->len > 0 ? X(p, p->x->len - 1) : 1;
  double x0 = g_rand_double_range(rand, -0.1 * end, end),
         x1 = x0 + g_rand_double_range(rand, 0.01, 1.2 * end);
  guint n = (guint)g_rand_int_range(rand, 1, 40);
  g_autofree SgSeriesColumn *columns = g_new(SgSeriesColumn, n);
  SgSeriesColumn left, right;
  sg_series_query(s, x0, x1, n, columns, &left, &right);
  for (guint i = 0; i < n; i++)
    check_column(&columns[i], p, x0 + (x1 - x0) * i / n,
                 i + 1 == n ? x1 : x0 + (x1 - x0) * (i + 1) / n, factor);
  double before = NAN, after = NAN;
  for (guint i = 0; i < p->x->len; i++)
    if (X(p, i) < x0)
      before = X(p, i);
  for (guint i = p->x->len; i-- > 0;)
    if (X(p, i) >= x1)
      after = X(p, i);
  g_assert_cmpuint(left.n, ==, isnan(before) ? 0 : 1);
  g_assert_cmpuint(right.n, ==, isnan(after) ? 0 : 1);
  assert_same(left.x, before);
  assert_same(right.x, after);
}

static void
check_bounds(SgSeries *s, const Plain *p, GRand *rand, gboolean positive)
{
  double end = p->x->len > 0 ? X(p, p->x->len - 1) : 1;
  double x0 = g_rand_double_range(rand, -0.1 * end, end),
         x1 = x0 + g_rand_double_range(rand, 0, end);
  double first = NAN, last = NAN, min = INFINITY, max = -INFINITY;
  for (guint i = 0; i < p->x->len; i++) {
    if (X(p, i) < x0 || X(p, i) > x1)
      continue;
    if (isnan(first))
      first = X(p, i);
    last = X(p, i);
    if (!isfinite(Y(p, i)) || (positive && Y(p, i) <= 0))
      continue;
    min = MIN(min, Y(p, i));
    max = MAX(max, Y(p, i));
  }
  double a, b, c, d;
  gboolean have = sg_series_bounds(s, x0, x1, positive, &a, &b, &c, &d);
  g_assert_cmpint(have, ==, isfinite(min));
  if (!have)
    return;
  assert_same(a, first);
  assert_same(b, last);
  assert_same(c, min);
  assert_same(d, max);
}

static void
check_nearest(SgSeries *s, const Plain *p, GRand *rand)
{
  double x = g_rand_double_range(rand, -1, X(p, p->x->len - 1) + 1), px, py;
  guint best = 0;
  for (guint i = 1; i < p->x->len; i++)
    if (fabs(X(p, i) - x) < fabs(X(p, best) - x))
      best = i;
  g_assert_true(sg_series_nearest(s, x, &px, &py, NULL));
  assert_same(px, X(p, best));
  if (isfinite(Y(p, best)))
    assert_same(py, Y(p, best));
}

static void
check_all(SgSeries *s, const Plain *p, GRand *rand, double factor)
{
  g_assert_cmpuint(sg_series_length(s), ==, p->x->len);
  for (int i = 0; i < 12; i++) {
    check_query(s, p, rand, factor);
    check_bounds(s, p, rand, i & 1);
    if (p->x->len > 0)
      check_nearest(s, p, rand);
  }
}

/* Lengths around the pyramid's steps, filled at once and in parts, with and without smoothing. */
static void
test_queries(void)
{
  static const guint lengths[] = {0, 1, 2, 15, 16, 17, 255, 256, 257, 300, 1000, 4096, 5003};
  static const double factors[] = {0, 0.6, 0.99};
  GRand *rand = g_rand_new_with_seed(5);
  for (guint l = 0; l < G_N_ELEMENTS(lengths); l++) {
    for (guint f = 0; f < G_N_ELEMENTS(factors); f++) {
      g_autoptr(SgSeries) s = sg_series_new();
      Plain p = plain_new();
      fill(s, &p, rand, lengths[l] / 3);
      sg_series_set_smoothing(s, factors[f]);
      fill(s, &p, rand, lengths[l] - lengths[l] / 3);
      check_all(s, &p, rand, factors[f]);
      plain_free(&p);
    }
  }
  g_rand_free(rand);
}

static void
test_cut(void)
{
  GRand *rand = g_rand_new_with_seed(6);
  for (int round = 0; round < 60; round++) {
    g_autoptr(SgSeries) s = sg_series_new();
    Plain p = plain_new();
    sg_series_set_smoothing(s, 0.9);
    fill(s, &p, rand, (guint)g_rand_int_range(rand, 1, 1200));
    for (int i = 0; i < 3; i++) {
      guint keep = i == 2 ? 0 : (guint)g_rand_int_range(rand, 0, (gint32)p.x->len + 1);
      guint64 serial = sg_series_serial(s);
      gboolean less = keep < p.x->len;
      sg_series_cut(s, keep > 0 ? X(&p, keep - 1) : -1);
      g_assert_cmpint(sg_series_serial(s) > serial, ==, less);
      g_array_set_size(p.x, keep);
      g_array_set_size(p.y, keep);
      check_all(s, &p, rand, 0.9);
      fill(s, &p, rand, 37);
      check_all(s, &p, rand, 0.9);
    }
    plain_free(&p);
  }
  g_rand_free(rand);
}

/* Half the points, their means, but a column over whole nodes still shows the extremes. */
static void
test_thin(void)
{
  g_autoptr(SgSeries) s = sg_series_new();
  for (int i = 0; i < 1001; i++) {
    double x = i, y = i == 500 ? 1000 : i == 96 ? -7 : i % 2 ? 3 : 1;
    sg_series_append(s, 1, &x, &y);
  }
  gsize bytes = sg_series_bytes(s);
  sg_series_thin(s);
  g_assert_cmpuint(sg_series_length(s), ==, 501);
  g_assert_cmpuint(sg_series_bytes(s), <, bytes * 2 / 3);
  double x, y, first, last, min, max;
  g_assert_true(sg_series_point(s, 3, &x, &y));
  g_assert_cmpfloat(x, ==, 6);
  g_assert_cmpfloat(y, ==, 2);
  g_assert_true(sg_series_point(s, 500, &x, &y));
  g_assert_cmpfloat(x, ==, 1000);
  g_assert_cmpfloat(y, ==, 1);
  g_assert_false(sg_series_point(s, 501, &x, &y));
  g_assert_true(sg_series_bounds(s, 0, 2000, FALSE, &first, &last, &min, &max));
  g_assert_cmpfloat(min, ==, -7);
  g_assert_cmpfloat(max, ==, 1000);
  SgSeriesColumn c;
  sg_series_query(s, 0, 2000, 1, &c, NULL, NULL);
  /* The pairs: 500 of (1 + 3) / 2 but for two, and the last one alone. */
  double mean = (498 * 2.0 + (1000 + 3) / 2.0 + (-7 + 3) / 2.0 + 1) / 501;
  g_assert_cmpfloat_with_epsilon(c.mean, mean, 1e-9);
  /* It goes on growing and cutting after that. */
  x = 1003, y = 5;
  sg_series_append(s, 1, &x, &y);
  g_assert_cmpuint(sg_series_length(s), ==, 502);
  sg_series_query(s, 0, 2000, 1, &c, NULL, NULL);
  g_assert_cmpfloat_with_epsilon(c.mean, (mean * 501 + 5) / 502, 1e-9);
  sg_series_cut(s, 50);
  sg_series_query(s, 0, 2000, 1, &c, NULL, NULL);
  g_assert_cmpfloat(c.max, ==, 3); /* as the points were before */
  g_assert_cmpfloat(c.min, ==, 1);
  for (int i = 0; i < 12; i++)
    sg_series_thin(s);
  g_assert_cmpuint(sg_series_length(s), ==, 1);

  /* An extreme that was in no whole node yet, and is in one of the half as many points. */
  g_autoptr(SgSeries) short_one = sg_series_new();
  for (int i = 0; i < 31; i++) {
    x = i, y = i == 20 ? 9 : 1;
    sg_series_append(short_one, 1, &x, &y);
  }
  sg_series_thin(short_one);
  g_assert_true(sg_series_bounds(short_one, 0, 99, FALSE, &first, &last, &min, &max));
  g_assert_cmpfloat(max, ==, 9);
}

/* What does not ascend or is nowhere is dropped; a huge value is no gap. */
static void
test_append(void)
{
  g_autoptr(SgSeries) s = sg_series_new();
  const double x[] = {NAN, 1, 1, 0.5, 2, INFINITY, 3}, y[] = {1, 2, 3, 4, 1e300, 6, -1e300};
  sg_series_append(s, G_N_ELEMENTS(x), x, y);
  g_assert_cmpuint(sg_series_length(s), ==, 3);
  double first, last, min, max;
  g_assert_true(sg_series_bounds(s, 0, 9, TRUE, &first, &last, &min, &max));
  g_assert_cmpfloat(min, ==, 2);
  g_assert_cmpfloat(max, >, 3e38);
  guint64 serial = sg_series_serial(s);
  sg_series_append(s, 2, x, y);
  g_assert_cmpuint(sg_series_serial(s), ==, serial);
}

/* TensorBoard's numbers for 1, 0, 0, 4 at 0.6, worked out by hand: the biased averages are 0.4,
 * 0.24, 0.144, 1.6864, the divisors 0.4, 0.64, 0.784, 0.8704. */
static void
test_smoothing(void)
{
  g_autoptr(SgSeries) s = sg_series_new();
  const double x[] = {0, 1, 2, 3, 4}, y[] = {1, 0, NAN, 0, 4};
  const double expected[] = {1, 0.375, 0.375, 0.144 / 0.784, 1.6864 / 0.8704};
  sg_series_append(s, 5, x, y);
  sg_series_set_smoothing(s, 0.6);
  for (int i = 0; i < 5; i++) {
    double px, py, smooth;
    g_assert_true(sg_series_nearest(s, x[i], &px, &py, &smooth));
    g_assert_cmpfloat_with_epsilon(smooth, expected[i], 1e-6);
  }
}

/* Growing and asking at once; what is asked is always of whole appends. */
static gpointer
grow(gpointer data)
{
  SgSeries *s = data;
  for (int i = 0; i < 20000; i++) {
    double x[2] = {2 * i, 2 * i + 1}, y[2] = {1, 3};
    sg_series_append(s, 2, x, y);
  }
  return NULL;
}

static void
test_threads(void)
{
  g_autoptr(SgSeries) s = sg_series_new();
  GThread *thread = g_thread_new("grow", grow, sg_series_ref(s));
  SgSeriesColumn c;
  do {
    sg_series_query(s, 0, 1e9, 1, &c, NULL, NULL);
    if (c.n > 0)
      g_assert_cmpfloat(c.mean, ==, 2);
  } while (c.n < 40000);
  g_thread_join(thread);
  sg_series_unref(s);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/run-series/queries", test_queries);
  g_test_add_func("/run-series/cut", test_cut);
  g_test_add_func("/run-series/thin", test_thin);
  g_test_add_func("/run-series/append", test_append);
  g_test_add_func("/run-series/smoothing", test_smoothing);
  g_test_add_func("/run-series/threads", test_threads);
  return g_test_run();
}
