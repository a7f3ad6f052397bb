/* The networks that learn against those that draw: the same weights give the same pictures and
 * scores, in every architecture, with a clamp that is reached and without. */
#include "engine/nets/discriminator.h"
#include "engine/nets/synthesis.h"
#include "network-case.h"
#include "tests/support/going-on.h"
#include <math.h>
#include <string.h>

static const char *const archs[] = {"skip", "resnet", "orig"};

static SgBuf *
noise_of(guint stage, int n, gpointer data, GError **error)
{
  SgBuf *noise = sg_synthesis_stage(data, stage)->noise_const;
  return noise ? sg_buf_ref(noise) : NULL;
}

static void
draw(SgModel *m, SgBackend *b, const float *z, const int *labels, int n, float *out)
{
  g_autoptr(SgMapping) map = sg_mapping_new_generator(b, m, "G_ema.", NULL);
  g_autoptr(SgSynthesis) net = sg_synthesis_new(b, m, "G_ema.", NULL);
  g_autofree float *w = g_new(float, n * net->w_dim),
                   *ws = g_new(float, n * net->num_ws * net->w_dim);

  g_assert_true(sg_mapping_run(map, n, z, labels, w, NULL));
  for (int i = 0; i < n * net->num_ws; i++)
    memcpy(ws + i * net->w_dim, w + i / net->num_ws * net->w_dim,
           sizeof(float) * (gsize)net->w_dim);
  SgPass pass = {.net = net, .n = n, .ws = ws, .noise = noise_of, .noise_data = net};
  g_autoptr(SgBuf) img = sg_synthesis_run(&pass, 0, net->stages->len, NULL, NULL, NULL, NULL);
  g_assert_nonnull(img);
  b->download(img, out);
}

static void
assert_equal(const char *what, const float *a, const float *b, gsize n)
{
  double largest = 0, off = 0;
  for (gsize i = 0; i < n; i++) {
    largest = MAX(largest, fabs((double)a[i]));
    off = MAX(off, fabs((double)a[i] - b[i]));
  }
  if (!(off <= 1e-5 * largest))
    g_test_fail_printf("%s: off by %g of %g", what, off, largest);
}

static void
check(const char *g_arch, const char *d_arch, int c_dim, double clamp)
{
  enum { N = 4, SIZE = 3 * 16 * 16 };
  NetCase c = {.name = g_arch,
               .g_arch = g_arch,
               .d_arch = d_arch,
               .widths = {"4:4", "8:5", "16:3"},
               .resolution = 16,
               .channels = 3,
               .c_dim = c_dim,
               .batch = N,
               .group = 2,
               .features = 1,
               .clamp = clamp};
  SgBackend *b = sg_backend_reference();
  const int label[N] = {1, 0, 1, 1};
  float x[N * SIZE], y[N * SIZE], sx[N], sy[N], z[N * 8], hot[N * 2] = {0, 1, 1, 0, 0, 1, 0, 1};
  SgPhilox rng = {.seed = 31};
  NetSetup s;

  net_setup_init(&s, &c, b);
  sg_philox_normals(&rng, G_N_ELEMENTS(z), z);
  g_autoptr(SgModel) m = sg_model_new("learner", &s.l->shape.info);
  sg_weights_store(s.l->ema, "G_ema.", m, NULL);
  sg_weights_store(s.l->d, "D.", m, NULL);
  g_assert_true(sg_learn_pictures(s.l, z, c_dim ? hot : NULL, N, x, NULL));
  draw(m, b, z, c_dim ? label : NULL, N, y);
  assert_equal("pictures", x, y, N * SIZE);
  g_autoptr(SgDiscriminator) d = sg_discriminator_new(b, m, NULL);
  /* sg_learn_scores() goes in batches of a group: one such */
  g_assert_true(sg_learn_scores(s.l, x, c_dim ? hot : NULL, 2, sx, NULL));
  g_assert_true(sg_discriminator_run(d, 2, x, c_dim ? label : NULL, sy, NULL));
  assert_equal("scores", sx, sy, 2);
  net_setup_clear(&s);
}

static void
test_arch(gconstpointer data)
{
  guint i = GPOINTER_TO_UINT(data);
  const char *d_arch = archs[(i + 1) % G_N_ELEMENTS(archs)];
  check(archs[i], d_arch, 0, -1);
  check(archs[i], d_arch, 2, 0.15);
}

int
main(int argc, char **argv)
{
  test_init_going_on(argc, argv);
  for (guint i = 0; i < G_N_ELEMENTS(archs); i++) {
    g_autofree char *path = g_strdup_printf("/learner-nets/%s", archs[i]);
    g_test_add_data_func(path, GUINT_TO_POINTER(i), test_arch);
  }
  return g_test_run();
}
