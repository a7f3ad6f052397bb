/* The augmentation. Draws and kernels against PyTorch's numbers (tests/golden/make-augment.py), the
 * two back ends against each other, transposes by inner products, and the draws' statistics. */
#include "engine/backend/backend.h"
#include "tests/support/tested-backend.h"
#include "engine/base/random.h"
#include "engine/formats/archive.h"
#include "engine/learn/augment.h"
#include <math.h>
#include <string.h>

#define STREAM 7 /* make-augment.py's */

static SgBackend *
backend(gboolean reference)
{
  return reference ? sg_backend_reference() : tested_backend();
}

static void
run(SgBuf *y, const SgBuf *x, const SgAugmentArgs *a, SgAugmentMode mode)
{
  x->backend->augment(y, x, a, mode);
}

static SgBuf *
buf_new(SgBackend *b, const SgAugmentArgs *a, const float *values)
{
  GError *error = NULL;
  SgBuf *buf = sg_buf_new(b, SG_FMT_PLAIN, a->n, a->channels, a->h, a->w, &error);
  g_assert_no_error(error);
  gsize count = (gsize)a->n * a->channels * a->h * a->w;
  g_autofree float *junk = g_new(float, count);
  for (gsize i = 0; i < count; i++)
    junk[i] = NAN; /* results are written, not added */
  b->upload(buf, values ? values : junk);
  return buf;
}

static SgBuf *
random_buf(SgBackend *b, const SgAugmentArgs *a, guint32 seed)
{
  SgRandomState random;
  gsize count = (gsize)a->n * a->channels * a->h * a->w;
  g_autofree float *values = g_new(float, count);
  sg_random_state_seed(&random, seed);
  sg_random_state_randn_f32(&random, count, values);
  return buf_new(b, a, values);
}

static gsize
count_of(const SgBuf *b)
{
  return (gsize)b->n * b->c * b->h * b->w;
}

/* All numbers in the back end's precision, to be freed. */
static double *
values(const SgBuf *b)
{
  gsize n = count_of(b);
  if (b->backend == sg_backend_reference())
    return g_memdup2(b->data, n * sizeof(double));
  g_autofree float *floats = g_new(float, n);
  double *v = g_new(double, n);
  b->backend->download(b, floats);
  for (gsize i = 0; i < n; i++)
    v[i] = (double)floats[i];
  return v;
}

static double
dot(const SgBuf *a, const SgBuf *b)
{
  g_autofree double *x = values(a), *y = values(b);
  double sum = 0;
  for (gsize i = 0; i < count_of(a); i++)
    sum += x[i] * y[i];
  return sum;
}

static double
difference(const SgBuf *a, const SgBuf *b)
{
  g_autofree double *x = values(a), *y = values(b);
  double worst = 0;
  for (gsize i = 0; i < count_of(a); i++) {
    g_assert_true(isfinite(x[i]) && isfinite(y[i]));
    worst = MAX(worst, fabs(x[i] - y[i]));
  }
  return worst;
}

/* ---- golden ---------------------------------------------------------------------------------- */

typedef struct {
  SgArchive *file;
  const char *name;
  const char *how; /* see make-augment.py */
  double g_inv[9 * 8], color[12 * 8];
  SgAugmentArgs a;
} Golden;

static SgTensor *
part(const Golden *g, const char *key)
{
  g_autofree char *name = g_strdup_printf("%s.%s", g->name, key);
  SgTensor *t = sg_archive_tensor(g->file, name);
  g_assert_nonnull(t);
  return t;
}

static void
golden_open(Golden *g, const char *name)
{
  GError *error = NULL;
  g_autofree char *path =
      g_test_build_filename(G_TEST_DIST, "golden", "expected", "augment.safetensors", NULL);
  g_autofree char *key = g_strdup_printf("__metadata__.%s", name);

  g->file = sg_archive_open(path, &error);
  g_assert_no_error(error);
  g->name = name;
  g->how = sg_archive_attribute(g->file, key);
  g_assert_nonnull(g->how);
  const SgTensor *x = part(g, "x"), *g_inv = part(g, "g_inv"), *color = part(g, "color");
  g_assert_true(g_inv->numel <= G_N_ELEMENTS(g->g_inv) && color->numel <= G_N_ELEMENTS(g->color));
  for (gsize i = 0; i < g_inv->numel; i++)
    g->g_inv[i] = (double)g_inv->data[i];
  for (gsize i = 0; i < color->numel; i++)
    g->color[i] = (double)color->data[i];
  g->a = (SgAugmentArgs){.n = (int)x->shape[0],
                         .channels = (int)x->shape[1],
                         .h = (int)x->shape[2],
                         .w = (int)x->shape[3],
                         .g_inv = g->g_inv,
                         .color = g->color,
                         .geometry = strstr(g->how, " color ") == NULL};
  for (int i = 0; i < 4; i++)
    g->a.margin[i] = (int)part(g, "margin")->data[i];
}

static void
compare_draw(const Golden *g)
{
  g_auto(GStrv) words = g_strsplit(g->how, " ", -1);
  if (g_strv_length(words) != 3)
    return;
  SgPhilox rng = {.seed = g_ascii_strtoull(words[0], NULL, 10), .stream = STREAM};
  SgAugPipe pipe;
  g_assert_true(sg_aug_pipe_parse(words[1], &pipe, NULL));
  const SgAugmentArgs *a = &g->a;
  g_autoptr(SgAugDraw) d =
      sg_aug_draw(&rng, pipe, g_ascii_strtod(words[2], NULL), a->n, a->channels, a->h, a->w);
  for (int i = 0; i < 9 * a->n; i++)
    g_assert_cmpfloat_with_epsilon(d->g_inv[i], g->g_inv[i], 1e-6 * (1 + fabs(g->g_inv[i])));
  for (int i = 0; i < a->n * a->channels * (a->channels + 1); i++)
    g_assert_cmpfloat_with_epsilon(d->color[i], g->color[i], 1e-6 * (1 + fabs(g->color[i])));
  g_assert_cmpint(d->geometry, ==, a->geometry);
  for (int i = 0; i < 4; i++)
    g_assert_cmpint(d->margin[i], ==, a->margin[i]);
}

static void
compare_kernel(const Golden *g, gboolean reference, SgAugmentMode mode, const char *in,
               const char *out, double limit)
{
  g_autoptr(SgBuf) x = buf_new(backend(reference), &g->a, part(g, in)->data);
  g_autoptr(SgBuf) expected = buf_new(backend(reference), &g->a, part(g, out)->data);
  g_autoptr(SgBuf) y = buf_new(backend(reference), &g->a, NULL);
  run(y, x, &g->a, mode);
  double worst = difference(y, expected);
  g_test_message("%s %s %s: %g", g->name, x->backend->name, out, worst);
  g_assert_cmpfloat(worst, <, limit);
}

static void
test_golden(gconstpointer name)
{
  Golden g = {0};
  golden_open(&g, name);
  compare_draw(&g);
  /* Half a unit in the last place of a float below 8. */
  for (int reference = 0; reference < 2; reference++) {
    double limit = reference ? 2.5e-7 : 1e-4;
    compare_kernel(&g, reference, SG_AUGMENT_FORWARD, "x", "y", limit);
    compare_kernel(&g, reference, SG_AUGMENT_ADJOINT, "dy", "dx", limit);
  }
  sg_archive_unref(g.file);
}

/* ---- kernels --------------------------------------------------------------------------------- */

/* A is linear but for t, and its transpose is one: <Ax, Ax> = <x, AᵀAx>, a sum of squares. */
static void
check_transpose(SgBackend *b, const SgAugmentArgs *a, double limit)
{
  g_autoptr(SgBuf) x = random_buf(b, a, 1);
  g_autoptr(SgBuf) z = random_buf(b, a, 2);
  g_autoptr(SgBuf) ax = buf_new(b, a, NULL);
  g_autoptr(SgBuf) back = buf_new(b, a, NULL);

  run(ax, x, a, SG_AUGMENT_LINEAR);
  run(back, ax, a, SG_AUGMENT_ADJOINT);
  double norm = dot(ax, ax);
  g_test_message("%s %d×%d: %g", b->name, a->h, a->w, fabs(dot(x, back) / norm - 1));
  g_assert_cmpfloat(fabs(dot(x, back) / norm - 1), <, limit);
  /* Unrelated vectors too: AᵀA could be right with a wrong A. */
  run(back, z, a, SG_AUGMENT_ADJOINT);
  double scale = sqrt(norm * dot(z, z));
  g_assert_cmpfloat(fabs(dot(ax, z) - dot(x, back)) / scale, <, limit);
}

static void
check_linear(SgBackend *b, const SgAugmentArgs *a, double limit)
{
  g_autoptr(SgBuf) x = random_buf(b, a, 1);
  g_autoptr(SgBuf) y = buf_new(b, a, NULL);
  g_autoptr(SgBuf) linear = buf_new(b, a, NULL);
  gsize pixels = (gsize)a->h * a->w;

  run(y, x, a, SG_AUGMENT_FORWARD);
  run(linear, x, a, SG_AUGMENT_LINEAR);
  g_autofree double *whole = values(y), *part_of = values(linear);
  for (gsize i = 0; i < count_of(y); i++) {
    double t = a->color[i / pixels * (a->channels + 1) + a->channels];
    g_assert_cmpfloat_with_epsilon(whole[i], part_of[i] + t, limit);
  }
}

static void
check_same(const SgAugmentArgs *a)
{
  static const SgAugmentMode modes[] = {SG_AUGMENT_FORWARD, SG_AUGMENT_ADJOINT};
  for (guint i = 0; i < G_N_ELEMENTS(modes); i++) {
    SgBuf *y[2];
    for (int reference = 0; reference < 2; reference++) {
      g_autoptr(SgBuf) x = random_buf(backend(reference), a, 3);
      y[reference] = buf_new(backend(reference), a, NULL);
      run(y[reference], x, a, modes[i]);
    }
    double worst = difference(y[0], y[1]);
    g_test_message("mode %d %d×%d: %g", modes[i], a->h, a->w, worst);
    g_assert_cmpfloat(worst, <, 2e-4);
    sg_buf_unref(y[0]);
    sg_buf_unref(y[1]);
  }
}

/* The large ones go in tiles on the CPU. */
static void
test_kernels(void)
{
  static const struct {
    int n, channels, h, w;
    const char *pipe;
  } cases[] = {{4, 3, 16, 16, "bgc"}, {3, 1, 21, 34, "bg"},    {2, 3, 64, 64, "bgc"},
               {2, 3, 9, 8, "color"}, {2, 1, 150, 150, "bgc"}, {1, 1, 40, 250, "geom"},
               {1, 3, 8, 8, "blit"}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    SgPhilox rng = {.seed = 100 + i};
    SgAugPipe pipe;
    g_assert_true(sg_aug_pipe_parse(cases[i].pipe, &pipe, NULL));
    g_autoptr(SgAugDraw) d =
        sg_aug_draw(&rng, pipe, 1, cases[i].n, cases[i].channels, cases[i].h, cases[i].w);
    SgAugmentArgs a = sg_aug_draw_args(d);
    check_same(&a);
    for (int reference = 0; reference < 2; reference++) {
      check_transpose(backend(reference), &a, reference ? 1e-10 : 1e-5);
      check_linear(backend(reference), &a, reference ? 1e-12 : 1e-5);
    }
  }
}

/* The filter's halves undo each other: a move by whole pixels moves pixels, and continues the
 * picture by reflection; no move gives it back. */
static void
test_whole_pixels(void)
{
  static const int moves[][2] = {{0, 0}, {3, 0}, {-2, 5}};
  const double color[] = {1, 0};
  for (guint k = 0; k < G_N_ELEMENTS(moves); k++)
    for (int reference = 0; reference < 2; reference++) {
      int dx = moves[k][0], dy = moves[k][1];
      const double g_inv[9] = {1, 0, dx, 0, 1, dy, 0, 0, 1};
      SgAugmentArgs a = {1, 1, 14, 15, g_inv, color, {11, 11, 11, 11}, TRUE};
      g_autoptr(SgBuf) x = random_buf(backend(reference), &a, 4);
      g_autoptr(SgBuf) y = buf_new(backend(reference), &a, NULL);
      run(y, x, &a, SG_AUGMENT_FORWARD);
      g_autofree double *from = values(x), *to = values(y);
      for (int i = 0; i < a.h; i++)
        for (int j = 0; j < a.w; j++) {
          int r = ABS(i + dy), c = ABS(j + dx);
          r = MIN(r, 2 * (a.h - 1) - r);
          c = MIN(c, 2 * (a.w - 1) - c);
          g_assert_cmpfloat_with_epsilon(to[i * a.w + j], from[r * a.w + c],
                                         reference ? 1e-9 : 1e-5);
        }
    }
}

/* ---- draws ----------------------------------------------------------------------------------- */

static void
test_pipe(void)
{
  static const struct {
    const char *text;
    int parts; /* -1: refused */
  } cases[] = {{"bgc", 7},   {"bg", 3},          {"blit", 1},    {"geom", 2},
               {"color", 4}, {"blit,color", 5},  {"geom+bg", 3}, {"", -1},
               {"bgcf", -1}, {"blit,,geom", -1}, {"noise", -1}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    SgAugPipe pipe = 0;
    gboolean ok = sg_aug_pipe_parse(cases[i].text, &pipe, &error);
    g_assert_cmpint(ok ? (int)pipe : -1, ==, cases[i].parts);
    g_assert_true(ok == (error == NULL));
  }
}

#define MANY 20000
#define SIZE 64

static SgAugDraw *
draw_many(SgAugPipe pipe, double p, int channels)
{
  SgPhilox rng = {.seed = 42};
  return sg_aug_draw(&rng, pipe, p, MANY, channels, SIZE, SIZE);
}

/* Five standard deviations. */
static void
assert_fraction(int hits, double expected)
{
  double sigma = sqrt(expected * (1 - expected) / MANY);
  g_assert_cmpfloat(fabs((double)hits / MANY - expected), <=, 5 * sigma);
}

/* t of g = A · translate (-t), for A a rotation or reflection. */
static void
translation(const double *g, double t[2])
{
  t[0] = -(g[0] * g[2] + g[3] * g[5]);
  t[1] = -(g[1] * g[2] + g[4] * g[5]);
}

static void
test_identity(void)
{
  g_autoptr(SgAugDraw) d = draw_many(SG_AUG_BLIT | SG_AUG_GEOM | SG_AUG_COLOR, 0, 3);
  for (int n = 0; n < MANY; n++) {
    for (int i = 0; i < 9; i++)
      g_assert_cmpfloat(d->g_inv[9 * n + i], ==, i % 4 == 0);
    for (int i = 0; i < 12; i++)
      g_assert_cmpfloat(d->color[12 * n + i], ==, i % 5 == 0);
  }
  for (int i = 0; i < 4; i++)
    g_assert_cmpint(d->margin[i], ==, 6);
  g_assert_true(d->geometry);
  g_autoptr(SgAugDraw) color = draw_many(SG_AUG_COLOR, 1, 1);
  g_assert_false(color->geometry);
}

static void
check_blit(double p)
{
  g_autoptr(SgAugDraw) d = draw_many(SG_AUG_BLIT, p, 1);
  int turned[4] = {0}, flipped = 0, moved = 0, most = 0;
  for (int n = 0; n < MANY; n++) {
    const double *g = d->g_inv + 9 * n;
    double t[2], det = g[0] * g[4] - g[1] * g[3];
    g_assert_cmpfloat(fabs(det), ==, 1);
    flipped += det < 0;
    /* The flip is on the left: it changes the sign of the first row. */
    turned[(int)lround(atan2(g[3], g[4]) * 2 / G_PI) & 3]++;
    translation(g, t);
    for (int i = 0; i < 2; i++) {
      g_assert_cmpfloat(t[i], ==, rint(t[i]));
      most = MAX(most, (int)fabs(t[i]));
    }
    moved += t[0] != 0 || t[1] != 0;
  }
  assert_fraction(flipped, p / 2);
  for (int i = 1; i < 4; i++)
    assert_fraction(turned[i], p / 4);
  g_assert_cmpint(most, ==, SIZE / 8);
  assert_fraction(moved, p * (1 - pow(1.0 / (SIZE / 4), 2)));
}

static void
check_geom(double p)
{
  g_autoptr(SgAugDraw) d = draw_many(SG_AUG_GEOM, p, 1);
  int scaled = 0, turned = 0, moved = 0;
  double squares = 0;
  for (int n = 0; n < MANY; n++) {
    const double *g = d->g_inv + 9 * n;
    /* Everything but the isotropic scale keeps areas. */
    double s = -log2(g[0] * g[4] - g[1] * g[3]) / 2;
    scaled += fabs(s) > 1e-9;
    squares += s * s;
    turned += g[1] != 0 || g[3] != 0;
    moved += g[2] != 0 || g[5] != 0;
  }
  assert_fraction(scaled, p);
  assert_fraction(turned, p);
  assert_fraction(moved, p);
  g_assert_cmpfloat_with_epsilon(sqrt(squares / MANY), 0.2 * sqrt(p), 0.006);
}

/* The matrix multiplies greys by ±contrast, and what is perpendicular to them by contrast and
 * saturation, turned by hue. */
static void
check_color(double p)
{
  g_autoptr(SgAugDraw) d = draw_many(SG_AUG_COLOR, p, 3);
  int bright = 0, contrast = 0, flipped = 0, hue = 0, saturated = 0;
  for (int n = 0; n < MANY; n++) {
    const double *m = d->color + 12 * n;
    double grey = m[0] + m[1] + m[2], trace = m[0] + m[5] + m[10];
    double turn = (m[4] - m[1]) * sqrt(3); /* 2 c s sin */
    double across = hypot(trace - grey, turn) / 2;
    bright += fabs(m[3]) > 1e-12;
    contrast += fabs(fabs(grey) - 1) > 1e-9;
    flipped += grey < 0;
    hue += fabs(turn) > 1e-9;
    saturated += fabs(across / fabs(grey) - 1) > 1e-9;
    g_assert_cmpfloat_with_epsilon(m[3], m[7], 1e-12);
  }
  assert_fraction(bright, p);
  assert_fraction(contrast, p);
  assert_fraction(flipped, p / 2);
  assert_fraction(hue, p);
  assert_fraction(saturated, p);
}

static void
test_statistics(void)
{
  check_blit(0.5);
  check_geom(0.5);
  check_color(0.5);
  check_blit(1);
  check_geom(1);
  check_color(1);
}

/* The same stream, the same draws; how far it advances depends on neither p nor luck. */
static void
test_determinism(void)
{
  SgAugPipe pipe = SG_AUG_BLIT | SG_AUG_GEOM | SG_AUG_COLOR;
  SgPhilox first = {.seed = 9, .stream = 3}, second = first, third = first;
  g_autoptr(SgAugDraw) a = sg_aug_draw(&first, pipe, 0.7, 5, 3, 32, 32);
  g_autoptr(SgAugDraw) b = sg_aug_draw(&second, pipe, 0.7, 5, 3, 32, 32);
  g_autoptr(SgAugDraw) c = sg_aug_draw(&third, pipe, 0, 5, 3, 32, 32);
  g_assert_cmpmem(a->g_inv, 45 * sizeof(double), b->g_inv, 45 * sizeof(double));
  g_assert_cmpmem(a->color, 60 * sizeof(double), b->color, 60 * sizeof(double));
  g_assert_cmpuint(first.index, ==, third.index);
  g_assert_cmpuint(first.index, ==, 5 * (7 + 11 + 10));
}

int
main(int argc, char **argv)
{
  static const char *const golden[] = {"bgc",  "half",  "grey", "oblong", "blit",
                                       "none", "color", "far",  "near"};
  tested_backend();
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(golden); i++) {
    g_autofree char *path = g_strdup_printf("/augment/golden/%s", golden[i]);
    g_test_add_data_func(path, golden[i], test_golden);
  }
  g_test_add_func("/augment/kernels", test_kernels);
  g_test_add_func("/augment/whole-pixels", test_whole_pixels);
  g_test_add_func("/augment/pipe", test_pipe);
  g_test_add_func("/augment/draw/identity", test_identity);
  g_test_add_func("/augment/draw/statistics", test_statistics);
  g_test_add_func("/augment/draw/determinism", test_determinism);
  return g_test_run();
}
