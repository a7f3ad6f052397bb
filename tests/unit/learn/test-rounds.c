/* A phase in rounds (--batch-gpu) against the same one at once: gradients, statistics, what it
 * leaves. In double they differ by rounding of sums alone. */
#include "engine/learn/draws.h"
#include "engine/learn/losses.h"
#include "engine/learn/rounds.h"
#include "tests/support/tested-backend.h"
#include <math.h>

#define BATCH 12
#define SIZE  8

static SgBackend *backend;
static const char *const widths[] = {"4:6", "8:4", NULL};

static SgTrainOptions
options(const char *g_arch, const char *d_arch, int group, int shrink)
{
  return (SgTrainOptions){.seed = 3,
                          .resolution = SIZE,
                          .channels = 3,
                          .z_dim = 8,
                          .w_dim = 8,
                          .mapping_layers = 2,
                          .mapping_lr_mul = 0.01,
                          .g_arch = (char *)g_arch,
                          .d_arch = (char *)d_arch,
                          .conv_clamp = 256,
                          .mbstd_group = group,
                          .mbstd_channels = 1,
                          .channel_max = 8,
                          .batch = BATCH,
                          .lr_g = 0.002,
                          .lr_d = 0.002,
                          .beta2 = 0.99,
                          .eps = 1e-8,
                          .r1_gamma = 1,
                          .r1_interval = 16,
                          .pl_weight = 2,
                          .pl_interval = 4,
                          .pl_batch_shrink = shrink,
                          .pl_decay = 0.1,
                          .w_avg_beta = 0.9,
                          .style_mixing = 0.7,
                          .aug = (char *)"fixed",
                          .ada_p = 0.7};
}

/* ---- what a phase comes to ------------------------------------------------------------------- */

static void
keep(GArray *to, double v)
{
  g_array_append_val(to, v);
}

static void
keep_buf(GArray *to, const SgBuf *b)
{
  g_autofree float *v = g_new(float, sg_buf_count(b));

  b->backend->download(b, v);
  for (gsize i = 0; i < sg_buf_count(b); i++)
    keep(to, (double)v[i]);
}

static void
keep_list(GArray *to, const GArray *list)
{
  for (guint i = 0; i < list->len; i++)
    keep(to, (double)g_array_index(list, float, i));
}

/* Of fresh networks: gradients of the phase, w_avg, and every number that is told. */
static GArray *
numbers_of(SgTrainOptions *o, SgPhase phase, int batch_gpu, int *rounds)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgLearn) l = sg_learn_new_with_widths(backend, o, widths, &error);
  g_autofree float *pictures = g_new(float, BATCH * 3 * SIZE * SIZE);
  SgPhilox rng = {.seed = 4};
  GArray *to = g_array_new(FALSE, FALSE, sizeof(double));

  g_assert_no_error(error);
  o->batch_gpu = batch_gpu;
  sg_learn_init(l);
  l->pl_mean = 0.5;
  sg_philox_normals(&rng, BATCH * 3 * SIZE * SIZE, pictures);
  g_autoptr(SgBuf) real = sg_buf_from_floats(backend, pictures, BATCH, 3, SIZE, SIZE, &error);
  SgDraw *d =
      sg_draw_new(l, phase, NULL, SG_AUG_BLIT | SG_AUG_GEOM | SG_AUG_COLOR, real, NULL, &error);
  g_assert_no_error(error);
  g_assert_true(sg_learn_gradients(l, phase, d, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(sg_tape_length(l->tape), ==, 0);
  sg_draw_free(d);
  *rounds = l->rounds;
  keep_buf(to, sg_learn_optimizer(l, phase)->grad);
  keep_buf(to, sg_weights_average(l->g));
  keep_list(to, l->scores_fake);
  keep_list(to, l->scores_real);
  keep_list(to, l->lengths);
  keep(to, l->loss);
  keep(to, l->penalty);
  keep(to, l->pl_mean);
  keep(to, l->variance_fake);
  keep(to, l->variance_real);
  return to;
}

/* Of the largest number: gradients of one network are of one kind, and so is the rest. */
static void
assert_close(const GArray *a, const GArray *b, double tolerance)
{
  double most = 0, off = 0;

  g_assert_cmpuint(a->len, ==, b->len);
  for (guint i = 0; i < a->len; i++) {
    double x = g_array_index(a, double, i), y = g_array_index(b, double, i);
    g_assert_true(isfinite(x) && isfinite(y));
    most = MAX(most, fabs(x));
    off = MAX(off, fabs(x - y) / MAX(1e-3, fabs(x)));
  }
  g_assert_cmpfloat(most, >, 0.1);
  g_test_message("off by %.2g of itself at most", off);
  g_assert_cmpfloat(off, <, tolerance);
}

/* ---- tests ----------------------------------------------------------------------------------- */

typedef struct {
  const char *g_arch, *d_arch;
  int group, shrink;
  int batch_gpu, rounds, path_rounds; /* path length has batch / shrink pictures */
} Case;

static const Case cases[] = {
    {"skip", "resnet", 2, 2, 6, 2, 2},  {"skip", "resnet", 2, 2, 2, 6, 6},
    {"orig", "skip", 3, 2, 3, 4, 4},   /* rounds of 2, 2, 1 and 1 path lengths */
    {"resnet", "orig", 4, 6, 4, 3, 2}, /* two path lengths for three rounds */
    {"skip", "resnet", 4, 2, 12, 1, 1},
};

static void
test_close(gconstpointer data)
{
  const Case *c = data;
  double tolerance = g_str_equal(backend->name, "reference") ? 1e-5 : 2e-3;

  for (int phase = 0; phase < SG_PHASES; phase++) {
    SgTrainOptions o = options(c->g_arch, c->d_arch, c->group, c->shrink);
    int rounds;
    g_autoptr(GArray) whole = numbers_of(&o, (SgPhase)phase, 0, &rounds);
    g_assert_cmpint(rounds, ==, 1);
    g_autoptr(GArray) parts = numbers_of(&o, (SgPhase)phase, c->batch_gpu, &rounds);
    g_assert_cmpint(rounds, ==, phase == SG_PHASE_GREG ? c->path_rounds : c->rounds);
    assert_close(whole, parts, tolerance);
  }
}

/* Memory that ends in the midst of a round leaves no gradient behind, and the next phase is as
 * ever. */
static gint countdown = -1;
static gboolean (*own_alloc)(SgBuf *, GError **);

static gboolean
weak_alloc(SgBuf *buf, GError **error)
{
  if (countdown >= 0 && countdown-- == 0) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "this allocation fails");
    return FALSE;
  }
  return own_alloc(buf, error);
}

static void
test_short(void)
{
  SgTrainOptions o = options("skip", "resnet", 2, 2);
  g_autoptr(GError) error = NULL;
  g_autoptr(SgLearn) l = sg_learn_new_with_widths(backend, &o, widths, &error);

  g_assert_no_error(error);
  o.batch_gpu = 2;
  sg_learn_init(l);
  for (int phase = 0; phase < SG_PHASES; phase++) {
    g_autoptr(SgBuf) real = sg_buf_new(backend, SG_FMT_PLAIN, BATCH, 3, SIZE, SIZE, &error);
    sg_buf_fill(real, 0.5, &error);
    SgDraw *d = sg_draw_new(l, (SgPhase)phase, NULL, 0, real, NULL, &error);
    g_assert_no_error(error);
    for (int at = 0, failed = 1; failed; at = at * 2 + 1) {
      countdown = at;
      failed = !sg_learn_gradients(l, (SgPhase)phase, d, &error);
      g_assert_cmpint(failed, ==, error != NULL);
      g_assert_true(!failed || g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM));
      g_assert_cmpuint(sg_tape_length(l->tape), ==, 0);
      g_clear_error(&error);
      g_assert_true(!failed || countdown == -1);
    }
    countdown = -1;
    sg_draw_free(d);
  }
}

int
main(int argc, char **argv)
{
  backend = g_getenv("VITRINE_TEST_REFERENCE") ? sg_backend_reference() : tested_backend();
  g_test_init(&argc, &argv, NULL);
  own_alloc = backend->buf_alloc;
  backend->buf_alloc = weak_alloc;
  /* A pretended device is slow. */
  guint step = g_getenv("VITRINE_TEST_DEVICE") ? 3 : 1;
  for (guint i = 0; i < G_N_ELEMENTS(cases); i += step) {
    g_autofree char *path = g_strdup_printf("/rounds/close/%s-%s-%d", cases[i].g_arch,
                                            cases[i].d_arch, cases[i].batch_gpu);
    g_test_add_data_func(path, &cases[i], test_close);
  }
  if (step == 1)
    g_test_add_func("/rounds/short", test_short);
  return g_test_run();
}
