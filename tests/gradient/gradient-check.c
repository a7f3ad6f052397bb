#include "gradient-check.h"
#include "tests/support/tested-backend.h"
#include "engine/base/philox.h"
#include <math.h>
#include <string.h>

#define STEP 1e-5

/* One back end's copy of a case: inputs, the random weights that make scalars of results. */
typedef struct {
  const CheckCase *c;
  SgBackend *backend;
  int n;
  SgBuf *value[CHECK_MAX_INPUTS];
} Setup;

static int
count_inputs(const CheckCase *c)
{
  int n = 0;
  while (n < CHECK_MAX_INPUTS && c->in[n].n)
    n++;
  return n;
}

static void
setup_init(Setup *s, const CheckCase *c, SgBackend *backend)
{
  *s = (Setup){.c = c, .backend = backend, .n = count_inputs(c)};
  for (int i = 0; i < s->n; i++) {
    const CheckInput *in = &c->in[i];
    SgPhilox rng = {.seed = 7, .stream = (guint64)i + 1};
    gsize size = (gsize)in->n * in->c * in->h * in->w;
    g_autofree float *v = g_new(float, size);
    sg_philox_normals(&rng, size, v);
    for (gsize k = 0; k < size; k++)
      v[k] = (float)(in->offset + (in->spread ? in->spread : 1) * v[k]);
    s->value[i] = sg_buf_new(backend, in->fmt, in->n, in->c, in->h, in->w, NULL);
    backend->upload(s->value[i], v);
  }
}

static void
setup_clear(Setup *s)
{
  for (int i = 0; i < s->n; i++)
    sg_buf_unref(s->value[i]);
}

/* sum ((v + v² / 5) * random weights), a scalar. The square makes gradients depend on the result,
 * so that second order sees what a gradient does with the one that comes in. */
static SgVar *
scalar_of(SgTape *t, SgVar *v, guint64 stream)
{
  g_assert_nonnull(v);
  SgBuf *b = v->value;
  SgPhilox rng = {.seed = 99, .stream = stream};
  g_autofree float *w = g_new(float, sg_buf_count(b));
  sg_philox_normals(&rng, sg_buf_count(b), w);
  g_autoptr(SgBuf) weights = sg_buf_from_floats(b->backend, w, b->n, b->c, b->h, b->w, NULL);
  SgVar *plain = b->fmt == SG_FMT_ACT ? sg_op_to_plain(t, v, b->n, b->c, b->h, b->w) : v;
  SgVar *bent = sg_op_combine(t, 1, plain, 0.2, sg_op_mul(t, plain, plain));
  return sg_op_sum(t, sg_op_mul(t, bent, sg_var_constant(t, weights)));
}

static void
leaves(SgTape *t, const Setup *s, SgVar **in, SgVar **wrt)
{
  for (int i = 0; i < s->n; i++) {
    in[i] = s->c->in[i].constant ? sg_var_constant(t, s->value[i]) : sg_var_leaf(t, s->value[i]);
    wrt[i] = s->c->in[i].constant ? NULL : in[i];
  }
}

/* The case's scalar: order 0 of its result, order 1 of its gradients. wrt are the leaves. */
static SgVar *
scalar(SgTape *t, const Setup *s, int order, SgVar **wrt)
{
  SgVar *in[CHECK_MAX_INPUTS], *grads[CHECK_MAX_INPUTS], *sum = NULL;

  leaves(t, s, in, wrt);
  SgVar *f = scalar_of(t, s->c->build(t, in, s->c), 1);
  if (order == 0)
    return f;
  sg_tape_grad(t, f, NULL, wrt, s->n, TRUE, grads);
  for (int i = 0; i < s->n; i++)
    if (grads[i]) {
      SgVar *h = scalar_of(t, grads[i], (guint64)i + 2);
      sum = sum ? sg_op_add(t, sum, h) : h;
    }
  return sum;
}

static double
scalar_value(const Setup *s, int order)
{
  g_autoptr(SgTape) t = sg_tape_new(s->backend);
  SgVar *wrt[CHECK_MAX_INPUTS], *f = scalar(t, s, order, wrt);
  return f ? *(double *)f->value->data : 0;
}

/* Moves input i by `step` along a random direction; returns the direction's values. */
static void
move(const Setup *s, int i, double step)
{
  double *v = s->value[i]->data;
  gsize size = sg_buf_count(s->value[i]);
  SgPhilox rng = {.seed = 5, .stream = (guint64)i};
  g_autofree float *d = g_new(float, size);
  sg_philox_normals(&rng, size, d);
  for (gsize k = 0; k < size; k++)
    v[k] += step * d[k];
}

static double
along(const Setup *s, int i, const SgVar *grad)
{
  double sum = 0;
  gsize size = sg_buf_count(s->value[i]);
  SgPhilox rng = {.seed = 5, .stream = (guint64)i};
  g_autofree float *d = g_new(float, size);
  sg_philox_normals(&rng, size, d);
  for (gsize k = 0; grad && k < size; k++)
    sum += ((double *)grad->value->data)[k] * d[k];
  return sum;
}

/* `graph`: by the operations that can be differentiated again, else by fused kernels where there
 * are some. */
static void
check_order(const Setup *s, int order, gboolean graph)
{
  g_autoptr(SgTape) t = sg_tape_new(s->backend);
  SgVar *wrt[CHECK_MAX_INPUTS], *grads[CHECK_MAX_INPUTS] = {NULL};
  SgVar *f = scalar(t, s, order, wrt);

  sg_tape_grad(t, f, NULL, wrt, s->n, graph, grads);
  for (int i = 0; i < s->n; i++) {
    if (s->c->in[i].constant)
      continue;
    double analytic = along(s, i, grads[i]);
    move(s, i, STEP);
    double plus = scalar_value(s, order);
    move(s, i, -2 * STEP);
    double minus = scalar_value(s, order);
    move(s, i, STEP);
    double numeric = (plus - minus) / (2 * STEP);
    double scale = MAX(fabs(analytic), fabs(numeric)), off = fabs(analytic - numeric);
    /* What cancels in plus - minus limits the difference itself. */
    double noise = 1e-15 * (fabs(plus) + fabs(minus)) / STEP + 1e-9;
    if (off > 1e-6 * scale + noise)
      g_test_fail_printf("%s: order %d, input %d: gradient %.12g, finite difference %.12g",
                         s->c->name, order + 1, i, analytic, numeric);
  }
}

/* ---- another back end against the reference -------------------------------------------------- */

static void
compare(const CheckCase *c, const char *what, int i, const SgVar *a, const SgVar *b)
{
  g_assert_true((a != NULL) == (b != NULL));
  if (!a)
    return;
  gsize n = sg_buf_count(a->value);
  g_autofree float *x = g_new(float, n), *y = g_new(float, n);
  a->value->backend->download(a->value, x);
  b->value->backend->download(b->value, y);
  double worst = 0, range = 1e-6;
  for (gsize k = 0; k < n; k++) {
    worst = MAX(worst, fabs((double)x[k] - y[k]));
    range = MAX(range, fabs((double)x[k]));
  }
  if (!(worst <= 3e-5 * range))
    g_test_fail_printf("%s: %s %d: off by %g of %g", c->name, what, i, worst, range);
}

static void
check_backend(const Setup *ref, SgBackend *backend)
{
  Setup s;
  setup_init(&s, ref->c, backend);
  for (int order = 0; order < (ref->c->first_only ? 1 : 2); order++) {
    g_autoptr(SgTape) ta = sg_tape_new(ref->backend), tb = sg_tape_new(backend);
    SgVar *wa[CHECK_MAX_INPUTS], *wb[CHECK_MAX_INPUTS];
    SgVar *ga[CHECK_MAX_INPUTS] = {NULL}, *gb[CHECK_MAX_INPUTS] = {NULL};
    SgVar *fa = scalar(ta, ref, order, wa), *fb = scalar(tb, &s, order, wb);
    if (order == 0) {
      SgVar *ia[CHECK_MAX_INPUTS], *ib[CHECK_MAX_INPUTS], *la[CHECK_MAX_INPUTS];
      leaves(ta, ref, ia, la);
      leaves(tb, &s, ib, la);
      compare(ref->c, "value", 0, ref->c->build(ta, ia, ref->c), ref->c->build(tb, ib, ref->c));
    }
    sg_tape_grad(ta, fa, NULL, wa, ref->n, FALSE, ga);
    sg_tape_grad(tb, fb, NULL, wb, ref->n, FALSE, gb);
    for (int i = 0; i < ref->n; i++)
      compare(ref->c, order ? "second gradient" : "gradient", i, ga[i], gb[i]);
  }
  setup_clear(&s);
}

void
check_case(const CheckCase *c)
{
  Setup s;
  setup_init(&s, c, sg_backend_reference());
  check_order(&s, 0, FALSE);
  check_order(&s, 0, TRUE);
  if (!c->first_only)
    check_order(&s, 1, FALSE);
  setup_clear(&s);
  setup_init(&s, c, sg_backend_reference());
  check_backend(&s, tested_backend());
  setup_clear(&s);
}
