/* A training whose phases are recorded and repeated is bit for bit the one whose phases are not, on
 * the device of VITRINE_TEST_DEVICE; also when memory runs out for it, and what it draws there. */
#include "tests/support/tested-backend.h"
#include "engine/learn/draws.h"
#include "engine/learn/losses.h"
#include <math.h>
#include <string.h>

#define ITERATIONS       8
#define PHASES_REPEATED  17 /* of 24, see test_same() */
#define ROUNDED_REPEATED 14 /* of those without Greg */

static SgBackend *backend;
static SgBackend own; /* its table, as it was */
static int repeats;
static struct {
  int countdown; /* allocations until one fails, < 0: none does */
  gboolean recorded_only;
  gboolean recording;
} memory = {-1, FALSE, FALSE};

static void
count_replay(SgReplay *r)
{
  repeats++;
  own.replay_run(r);
}

static gboolean
note_begin(SgBackend *b, const SgReplay *with)
{
  return memory.recording = own.record_begin(b, with);
}

static SgReplay *
note_end(SgBackend *b)
{
  memory.recording = FALSE;
  return own.record_end(b);
}

static gboolean
weak_alloc(SgBuf *buf, GError **error)
{
  gboolean counts = memory.countdown >= 0 && (memory.recording || !memory.recorded_only);
  if (counts && memory.countdown-- == 0) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "this allocation fails");
    return FALSE;
  }
  return own.buf_alloc(buf, error);
}

static const char *const widths[] = {"4:4", "8:3", NULL};

static SgTrainOptions
options(const char *g_arch, const char *d_arch)
{
  return (SgTrainOptions){.seed = 5,
                          .resolution = 8,
                          .channels = 3,
                          .z_dim = 8,
                          .w_dim = 8,
                          .mapping_layers = 2,
                          .mapping_lr_mul = 0.01,
                          .g_arch = (char *)g_arch,
                          .d_arch = (char *)d_arch,
                          .conv_clamp = 256,
                          .mbstd_group = 2,
                          .mbstd_channels = 1,
                          .channel_max = 4,
                          .batch = 4,
                          .lr_g = 0.002,
                          .lr_d = 0.002,
                          .beta2 = 0.99,
                          .eps = 1e-8,
                          .r1_gamma = 1,
                          .r1_interval = 2,
                          .pl_weight = 2,
                          .pl_interval = 2,
                          .pl_batch_shrink = 2,
                          .pl_decay = 0.01,
                          .w_avg_beta = 0.9,
                          .ema_kimg = 1,
                          .style_mixing = 0.7,
                          .aug = (char *)"noaug"};
}

/* ---- what a training comes to ---------------------------------------------------------------- */

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

static void
keep_phase(GArray *to, SgLearn *l, SgPhase phase)
{
  keep(to, l->loss);
  keep(to, l->penalty);
  keep(to, l->pl_mean);
  keep_list(to, l->scores_fake);
  keep_list(to, l->scores_real);
  keep_list(to, l->lengths);
  if (phase == SG_PHASE_DMAIN) {
    keep(to, l->variance_fake);
    keep(to, l->variance_real);
  }
}

static SgBuf *
reals(SgLearn *l, int t)
{
  SgPhilox rng = {.seed = 9, .stream = (guint64)t};
  float v[4 * 3 * 8 * 8];
  sg_philox_normals(&rng, G_N_ELEMENTS(v), v);
  return sg_buf_from_floats(l->backend, v, 4, 3, 8, 8, NULL);
}

static void
iterate(SgLearn *l, int t, GArray *to)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgBuf) real = reals(l, t);

  for (int phase = 0; phase < SG_PHASES; phase++) {
    int interval = sg_learn_interval(l, (SgPhase)phase);
    if (t % interval != 0)
      continue;
    SgDraw *d = sg_draw_new(l, (SgPhase)phase, NULL, SG_AUG_BLIT | SG_AUG_GEOM | SG_AUG_COLOR, real,
                            NULL, &error);
    g_assert_no_error(error);
    sg_learn_phase(l, (SgPhase)phase, d, &error);
    g_assert_no_error(error);
    sg_draw_free(d);
    keep_phase(to, l, (SgPhase)phase);
  }
  sg_learn_end_iteration(l, 4);
}

/* Augmentations begin halfway. fail_at: the iteration before which countdown is set, or -1. */
static GArray *
train(const SgTrainOptions *o, int fail_at, int countdown)
{
  g_autoptr(GError) error = NULL;
  SgLearn *l = sg_learn_new_with_widths(backend, o, widths, &error);
  GArray *to = g_array_new(FALSE, FALSE, sizeof(double));

  g_assert_no_error(error);
  sg_learn_init(l);
  for (int t = 0; t < ITERATIONS; t++) {
    l->ada_p = t < ITERATIONS / 2 ? 0 : 0.6;
    if (t == fail_at)
      memory.countdown = countdown;
    iterate(l, t, to);
  }
  keep_buf(to, l->g->flat);
  keep_buf(to, l->d->flat);
  keep_buf(to, l->ema->flat);
  sg_learn_free(l);
  return to;
}

static GArray *
train_unrecorded(const SgTrainOptions *o)
{
  backend->record_begin = NULL;
  GArray *v = train(o, -1, 0);
  backend->record_begin = own.record_begin ? note_begin : NULL;
  return v;
}

static void
assert_same(const GArray *a, const GArray *b)
{
  g_assert_cmpuint(a->len, ==, b->len);
  for (guint i = 0; i < a->len; i++) {
    double x = g_array_index(a, double, i), y = g_array_index(b, double, i);
    if (!(x == y) || !isfinite(x))
      g_error("number %u of %u is %.9g, unrecorded %.9g", i, a->len, x, y);
  }
}

static gboolean
refused(void)
{
  return g_getenv("VITRINE_ON_HOST_NO_GRAPHS") != NULL;
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* What is recorded is repeated at once: of Gmain's and Dmain's phases all but the first of each
 * half are, as of Dreg's, and of Greg's, which do not augment, all but the first. */
static void
test_same(gconstpointer arch)
{
  SgTrainOptions o = options(arch, g_str_equal(arch, "skip") ? "resnet" : "skip");
  SgDeviceInfo before, plain_info, info;
  int start = repeats;

  backend->trim(backend);
  backend->reset_peak(backend);
  sg_backend_device_info(backend, &before);
  g_autoptr(GArray) plain = train_unrecorded(&o);
  sg_backend_device_info(backend, &plain_info);
  g_assert_cmpint(repeats - start, ==, 0);
  backend->trim(backend);
  backend->reset_peak(backend);
  g_autoptr(GArray) recorded = train(&o, -1, 0);
  sg_backend_device_info(backend, &info);
  g_assert_cmpint(repeats - start, ==, refused() ? 0 : PHASES_REPEATED);
  assert_same(recorded, plain);
  g_assert_cmpuint(info.used, ==, before.used);
  /* Six recordings: what one does not leave is the next one's. */
  g_test_message("peak %" G_GUINT64_FORMAT " bytes unrecorded, %" G_GUINT64_FORMAT " recorded",
                 plain_info.peak_reserved, info.peak_reserved);
  g_assert_cmpuint(info.peak_reserved, <, 2 * plain_info.peak_reserved);
}

/* A round is recorded when its phase comes for the second time running, and then done for each:
 * Gmain, Dmain and Dreg are, path length is not. */
static void
test_rounds(void)
{
  SgTrainOptions o = options("skip", "resnet");
  int start = repeats;

  o.batch_gpu = 2;
  g_autoptr(GArray) plain = train_unrecorded(&o);
  g_autoptr(GArray) recorded = train(&o, -1, 0);
  assert_same(recorded, plain);
  g_assert_cmpint(repeats - start, ==, refused() ? 0 : 2 * ROUNDED_REPEATED);
}

/* …also where memory ends beside what was recorded, in the midst of a phase's rounds. */
static void
test_rounds_no_room(void)
{
  SgTrainOptions o = options("skip", "resnet");

  if (refused()) {
    g_test_skip("nothing is recorded");
    return;
  }
  o.batch_gpu = 2;
  g_autoptr(GArray) plain = train_unrecorded(&o);
  memory.recorded_only = FALSE;
  for (int countdown = 100; countdown < 1000; countdown += 800) {
    g_autoptr(GArray) v = train(&o, ITERATIONS / 2, countdown);
    g_assert_cmpint(memory.countdown, ==, -1);
    assert_same(v, plain);
  }
}

/* Memory ends while something is recorded, and nothing is any more; or beside what was, and it is
 * recorded anew. The training is the same. */
static void
test_no_room(gconstpointer recorded_only)
{
  /* A picture's buffer, a kernel's own, and one after some of the gradients. */
  static const int countdowns[] = {100, 350, 600};
  SgTrainOptions o = options("skip", "resnet");
  SgDeviceInfo before, after;

  if (refused()) {
    g_test_skip("nothing is recorded");
    return;
  }
  g_autoptr(GArray) plain = train_unrecorded(&o);

  memory.recorded_only = GPOINTER_TO_INT(recorded_only);
  sg_backend_device_info(backend, &before);
  for (guint i = 0; i < G_N_ELEMENTS(countdowns); i++) {
    int start = repeats;
    /* Before half of it nothing but what is drawn is allocated any more; that is not replaced. */
    g_autoptr(GArray) v = train(&o, memory.recorded_only ? 1 : ITERATIONS / 2, countdowns[i]);
    g_assert_cmpint(memory.countdown, ==, -1); /* it did fail */
    assert_same(v, plain);
    sg_backend_device_info(backend, &after);
    g_assert_cmpuint(after.used, ==, before.used);
    if (memory.recorded_only)
      g_assert_cmpint(repeats - start, <=, 2); /* in the iteration where it fails */
    else
      g_assert_cmpint(repeats - start, ==, PHASES_REPEATED);
    memory.countdown = -1;
  }
}

/* The device's own normals are the host's. */
static void
test_normals(void)
{
  static const struct {
    int n, c, h, w;
    guint64 first, step;
  } cases[] = {{1, 1, 1, 1, 0, 1}, {4, 8, 1, 1, 0, 1}, {3, 1, 5, 5, 0, 1},
               {3, 1, 7, 3, 1, 2}, {2, 3, 8, 8, 5, 3}, {5, 1, 3, 1, 2, 4}};

  for (guint k = 0; k < G_N_ELEMENTS(cases); k++) {
    SgPhilox rng = {.seed = 0x123456789abcdef0, .stream = ((guint64)7 << 32) + k};
    g_autoptr(SgBuf) b =
        sg_buf_new(backend, SG_FMT_PLAIN, cases[k].n, cases[k].c, cases[k].h, cases[k].w, NULL);
    gsize all = sg_buf_count(b), size = all / (gsize)b->n;
    g_autofree float *got = g_new(float, all), *want = g_new(float, all);
    backend->normals(b, rng.seed, rng.stream, cases[k].first, cases[k].step);
    backend->download(b, got);
    for (int i = 0; i < b->n; i++)
      sg_philox_normals_from(&rng, (cases[k].first + (guint64)i * cases[k].step) * size, size,
                             want + (gsize)i * size);
    for (gsize i = 0; i < all; i++)
      g_assert_cmpfloat_with_epsilon(got[i], want[i], 1e-6f * MAX(1, fabsf(want[i])));
  }
}

/* A number for the pictures' variance where they are. */
static void
test_variance(void)
{
  SgTrainOptions o = options("skip", "resnet");
  g_autoptr(SgLearn) l = sg_learn_new_with_widths(backend, &o, widths, NULL);
  g_autoptr(SgBuf) real = reals(l, 3);
  g_autofree float *v = g_new(float, sg_buf_count(real));
  g_autoptr(GError) error = NULL;

  sg_learn_init(l);
  backend->download(real, v);
  SgDraw *d = sg_draw_new(l, SG_PHASE_DMAIN, NULL, 0, real, NULL, &error);
  sg_learn_phase(l, SG_PHASE_DMAIN, d, &error);
  g_assert_no_error(error);
  g_assert_cmpfloat_with_epsilon(l->variance_real, sg_batch_variance(v, 4, 3 * 8 * 8), 1e-6);
  sg_draw_free(d);
}

int
main(int argc, char **argv)
{
  backend = tested_backend();
  g_test_init(&argc, &argv, NULL);
  own = *backend;
  backend->replay_run = count_replay;
  backend->record_begin = note_begin;
  backend->record_end = note_end;
  backend->buf_alloc = weak_alloc;
  g_test_add_data_func("/train-replay/same/skip", "skip", test_same);
  g_test_add_data_func("/train-replay/same/resnet", "resnet", test_same);
  g_test_add_data_func("/train-replay/no-room/beside", GINT_TO_POINTER(FALSE), test_no_room);
  g_test_add_data_func("/train-replay/no-room/recording", GINT_TO_POINTER(TRUE), test_no_room);
  g_test_add_func("/train-replay/rounds/same", test_rounds);
  g_test_add_func("/train-replay/rounds/no-room", test_rounds_no_room);
  g_test_add_func("/train-replay/normals", test_normals);
  g_test_add_func("/train-replay/variance", test_variance);
  return g_test_run();
}
