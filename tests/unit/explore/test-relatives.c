/* Relatives of faces: neighbours lie where the formula says, layers of a child are one parent's. */
#include "engine/explore/nets.h"
#include "engine/journey/relatives.h"
#include "tests/support/models.h"
#include <math.h>

#define FIXTURE "sg2.safetensors"

typedef struct {
  SgModel *model;
  SgRenderer *renderer;
  SgNets *nets; /* borrowed */
  SgRecipe *a, *b;
  gsize n; /* numbers of all layers' w */
} Fixture;

static void
set_up(Fixture *f)
{
  const SgPrune none = {0};
  g_autoptr(GError) error = NULL;

  f->model = test_load_model(FIXTURE);
  f->renderer = test_renderer_new(f->model, NULL, 0);
  f->nets = sg_renderer_nets(f->renderer, &none, &error);
  g_assert_no_error(error);
  f->a = sg_recipe_new_for(&f->model->info);
  f->b = sg_recipe_new_for(&f->model->info);
  f->a->seed = 4;
  f->b->seed = 9;
  f->n = (gsize)f->model->info.num_ws * (gsize)f->model->info.w_dim;
}

static void
tear_down(Fixture *f)
{
  sg_recipe_free(f->a);
  sg_recipe_free(f->b);
  sg_renderer_free(f->renderer);
  sg_model_unref(f->model);
}

static void
relatives(Fixture *f, const SgRecipe *b, int draw, double difference, SgRecipe *out[SG_RELATIVES])
{
  g_autoptr(GError) error = NULL;

  g_assert_true(sg_relatives(f->nets, f->a, b, &(SgRelation){draw, difference}, out, &error));
  g_assert_no_error(error);
}

static void
drop(SgRecipe *out[SG_RELATIVES])
{
  for (int i = 0; i < SG_RELATIVES; i++)
    sg_recipe_free(out[i]);
}

/* [num_ws, w_dim] of a recipe, as it is drawn. */
static float *
ws_of(Fixture *f, const SgRecipe *r)
{
  float *ws = g_new(float, f->n);
  g_autoptr(GError) error = NULL;

  g_assert_true(sg_nets_single_ws(f->nets, r, ws, &error));
  g_assert_no_error(error);
  return ws;
}

static void
test_neighbours(void)
{
  Fixture f;
  SgRecipe *near[SG_RELATIVES], *far[SG_RELATIVES], *other[SG_RELATIVES];

  set_up(&f);
  relatives(&f, NULL, 0, 0.25, near);
  relatives(&f, NULL, 0, 1, far);
  relatives(&f, NULL, 1, 1, other);
  g_autofree float *w = ws_of(&f, f.a);
  g_assert_true(sg_recipe_equal(near[4], f.a));
  for (int i = 0; i < SG_RELATIVES; i++) {
    g_autofree float *x = ws_of(&f, near[i]), *y = ws_of(&f, far[i]), *z = ws_of(&f, other[i]);
    double moved = 0, again = 0;
    for (gsize k = 0; k < f.n; k++) {
      g_assert_cmpfloat_with_epsilon(x[k], 0.75 * (double)w[k] + 0.25 * (double)y[k], 1e-5);
      moved += fabs((double)(x[k] - w[k]));
      again += fabs((double)(z[k] - y[k]));
    }
    g_assert_true((moved > 0) == (i != 4) && (again > 0) == (i != 4));
  }
  drop(near);
  drop(far);
  drop(other);
  tear_down(&f);
}

/* What else is done to the face stays, and is done once. */
static void
test_edits_stay(void)
{
  Fixture f;
  SgRecipe *out[SG_RELATIVES];

  set_up(&f);
  f.a->w_offset[1] = 2;
  f.a->psi = 0.5;
  f.a->prune.threshold = 0.1;
  relatives(&f, NULL, 0, 0, out);
  g_autofree float *w = ws_of(&f, f.a), *same = ws_of(&f, out[0]);
  g_assert_cmpfloat(out[0]->psi, ==, 0.5);
  g_assert_cmpfloat(out[0]->w_offset[1], ==, 2);
  g_assert_cmpfloat(out[0]->prune.threshold, ==, 0.1);
  for (gsize k = 0; k < f.n; k++)
    g_assert_cmpfloat_with_epsilon(w[k], same[k], 1e-5);
  drop(out);
  tear_down(&f);
}

static gboolean
same_layer(Fixture *f, const float *x, const float *y, int layer)
{
  gsize w_dim = (gsize)f->model->info.w_dim;

  for (gsize k = (gsize)layer * w_dim; k < ((gsize)layer + 1) * w_dim; k++)
    if (fabsf(x[k] - y[k]) > 1e-5f)
      return FALSE;
  return TRUE;
}

static void
test_children(void)
{
  Fixture f;
  SgRecipe *out[SG_RELATIVES], *drawn[SG_RELATIVES], *again[SG_RELATIVES];

  set_up(&f);
  const int layers = f.model->info.num_ws;
  relatives(&f, f.b, 0, 0, out);
  relatives(&f, f.b, 1, 0, drawn);
  relatives(&f, f.b, 1, 0, again);
  g_autofree float *a = ws_of(&f, f.a), *b = ws_of(&f, f.b);
  for (int i = 0; i < SG_RELATIVES; i++) {
    g_autofree float *x = ws_of(&f, out[i]), *y = ws_of(&f, drawn[i]);
    for (int k = 0; k < layers; k++) {
      gboolean first = k < layers * (i % 3 + 1) / 4.0;
      if (i / 3 != 1)
        g_assert_true(same_layer(&f, x, (i < 3) == first ? a : b, k));
      g_assert_true(same_layer(&f, y, a, k) != same_layer(&f, y, b, k));
    }
    g_assert_true(sg_recipe_equal(drawn[i], again[i]));
  }
  g_autofree float *half = ws_of(&f, out[4]);
  for (gsize k = 0; k < f.n; k++)
    g_assert_cmpfloat_with_epsilon(half[k], 0.5 * (double)(a[k] + b[k]), 1e-5);
  drop(out);
  drop(drawn);
  drop(again);
  tear_down(&f);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/relatives/neighbours", test_neighbours);
  g_test_add_func("/relatives/edits-stay", test_edits_stay);
  g_test_add_func("/relatives/children", test_children);
  return g_test_run();
}
