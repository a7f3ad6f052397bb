/* The nearest z: a w that a z gives is found again, one that none gives is come nearer to than by
 * trying, and what is told of it is true. */
#include "engine/directions/seeds.h"
#include "engine/explore/nets.h"
#include "engine/projection/nearest-z.h"
#include "tests/support/models.h"
#include <math.h>
#include <string.h>

typedef struct {
  SgModel *model;
  SgRenderer *renderer;
  SgMapping *mapping;
  SgWeights *g;
} Setup;

static void
setup_init(Setup *s, const char *fixture)
{
  const SgPrune as_stored = {0};
  g_autoptr(GError) error = NULL;

  s->model = test_load_model(fixture);
  s->renderer = test_renderer_new(s->model, NULL, 0);
  s->mapping = sg_renderer_nets(s->renderer, &as_stored, &error)->mapping;
  s->g = sg_weights_new_generator(sg_renderer_backend(s->renderer), s->model, FALSE, &error);
  g_assert_no_error(error);
}

static void
setup_clear(Setup *s)
{
  sg_weights_free(s->g);
  sg_renderer_free(s->renderer);
  sg_model_unref(s->model);
}

static double *
w_of(const Setup *s, guint32 seed)
{
  g_autofree float *w = g_new(float, s->mapping->w_dim);
  double *out = g_new(double, s->mapping->w_dim);

  g_assert_true(sg_seeds_map(s->mapping, seed, 1, -1, NULL, w, NULL));
  for (int j = 0; j < s->mapping->w_dim; j++)
    out[j] = (double)w[j];
  return out;
}

/* What the mapping network makes of its z is the w that is told, as far away as is told. */
static void
assert_true_to(const Setup *s, const SgNearestZ *n, const double *wanted)
{
  g_autofree float *z = g_new(float, n->z_dim), *w = g_new(float, n->w_dim);
  double squares = 0, length = 0;

  for (int j = 0; j < n->z_dim; j++) {
    z[j] = (float)n->z[j];
    length += n->z[j] * n->z[j];
  }
  g_assert_cmpfloat_with_epsilon(length, n->z_dim, 1e-9 * n->z_dim);
  g_assert_true(sg_mapping_run(s->mapping, 1, z, NULL, w, NULL));
  for (int j = 0; j < n->w_dim; j++) {
    g_assert_cmpfloat_with_epsilon((double)w[j], n->w[j], 1e-4 * (1 + fabs(n->w[j])));
    squares += (n->w[j] - wanted[j]) * (n->w[j] - wanted[j]);
  }
  g_assert_cmpfloat_with_epsilon(sqrt(squares), n->distance, 1e-6 * (1 + n->distance));
}

static void
test_found_again(void)
{
  SgNearestZOptions o = {.samples = 200, .starts = 4, .steps = 300, .rate = 0.1};
  g_autoptr(GError) error = NULL;
  Setup s;

  setup_init(&s, "sg2.safetensors");
  g_autofree double *w = w_of(&s, 100000);
  g_autoptr(SgNearestZ) n = sg_nearest_z_new(s.mapping, s.g, w, -1, &o, NULL, NULL, &error);
  g_assert_no_error(error);
  assert_true_to(&s, n, w);
  g_assert_cmpfloat(n->distance, <, 0.1 * n->first);
  g_autoptr(SgNearestZ) again = sg_nearest_z_new(s.mapping, s.g, w, -1, &o, NULL, NULL, NULL);
  g_assert_cmpmem(n->z, sizeof(double) * (gsize)n->z_dim, again->z,
                  sizeof(double) * (gsize)n->z_dim);
  setup_clear(&s);
}

static gboolean
stop_at_5(gint64 done, gint64 total, gpointer data)
{
  return done < 5;
}

/* Far out no z gives the w; what is found is nearer than what was tried at first. */
static void
test_none_gives_it(void)
{
  const SgNearestZOptions o = {.samples = 200, .starts = 4, .steps = 60, .rate = 0.1};
  g_autoptr(GError) error = NULL;
  Setup s;

  setup_init(&s, "sg2.safetensors");
  g_autofree double *w = w_of(&s, 3);
  for (int j = 0; j < s.mapping->w_dim; j++)
    w[j] += 50 * cos(j);
  g_autoptr(SgNearestZ) n = sg_nearest_z_new(s.mapping, s.g, w, -1, &o, NULL, NULL, &error);
  g_assert_no_error(error);
  assert_true_to(&s, n, w);
  g_assert_cmpfloat(n->distance, <, n->first);
  g_assert_cmpfloat(n->distance, >, 1);
  g_assert_null(sg_nearest_z_new(s.mapping, s.g, w, -1, &o, stop_at_5, NULL, &error));
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_INTR);
  g_clear_error(&error);
  w[0] = NAN;
  g_assert_null(sg_nearest_z_new(s.mapping, s.g, w, -1, &o, NULL, NULL, &error));
  g_assert_nonnull(strstr(error->message, "not finite"));
  setup_clear(&s);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/nearest-z/found-again", test_found_again);
  g_test_add_func("/nearest-z/none-gives-it", test_none_gives_it);
  return g_test_run();
}
