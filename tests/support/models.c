#include "tests/support/models.h"
#include <math.h>

SgModel *
test_load_model(const char *name)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "fixtures", name, NULL);
  SgModel *model = sg_model_load(path, &error);

  g_assert_no_error(error);
  return model;
}

SgRenderer *
test_renderer_new(SgModel *model, SgBackend *backend, gsize budget)
{
  g_autoptr(GError) error = NULL;
  SgRenderer *r = sg_renderer_new(model, backend, &error);

  g_assert_no_error(error);
  sg_renderer_set_cache_budget(r, budget);
  return r;
}

SgTensor *
test_render(SgRenderer *r, const SgRecipe *recipe)
{
  g_autoptr(GError) error = NULL;
  SgTensor *t = sg_renderer_render_float(r, recipe, &error);

  g_assert_no_error(error);
  return t;
}

double
test_difference(const SgTensor *a, const SgTensor *b)
{
  double worst = 0, range = 1e-30;

  g_assert_cmpuint(a->numel, ==, b->numel);
  for (gsize i = 0; i < a->numel; i++) {
    g_assert_true(isfinite(a->data[i]) && isfinite(b->data[i]));
    worst = MAX(worst, fabs((double)a->data[i] - b->data[i]));
    range = MAX(range, fabs((double)b->data[i]));
  }
  return worst / range;
}
