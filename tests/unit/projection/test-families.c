/* A picture that a model has drawn is found again, whatever the family. */
#include "engine/projection/projection.h"
#include "tests/support/models.h"

#define STEPS 90

/* Random networks draw little else than noise. */
static void
quieten(SgModel *m)
{
  const SgNetwork *n = sg_model_generator(m);

  for (guint i = 0; i < n->params->len; i++) {
    const SgParam *p = sg_network_param(n, (int)i);
    SgTensor *t = sg_model_tensor(m, sg_model_generator_prefix(m), p->name);
    for (gsize k = 0; t && p->role == SG_ROLE_NOISE_STRENGTH && k < t->numel; k++)
      t->data[k] *= 0.02f;
  }
}

static void
test_own_picture(gconstpointer name)
{
  g_autoptr(GError) error = NULL;
  SgModel *model = test_load_model(name);
  quieten(model);
  SgRenderer *renderer = test_renderer_new(model, NULL, SG_RENDERER_BUDGET);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  SgProjectionOptions o;

  recipe->seed = 4;
  for (int i = 0; i < recipe->w_dim; i++)
    recipe->w_offset[i] = i % 2 ? 0.6 : -0.6; /* random mapping networks hardly move */
  g_autoptr(SgTensor) target = test_render(renderer, recipe);
  sg_projection_options_init(&o, STEPS, model->info.has_d);
  o.fine.features = 0; /* random weights see nothing */
  SgProjection *p = sg_projection_new(model, sg_renderer_backend(renderer), &o, &error);
  g_assert_no_error(error);
  g_assert_true(sg_projection_begin(p, 1, 0, target->data, &error));
  double first = 0, last = 0;
  for (int i = 0; i < STEPS; i++) {
    g_assert_true(sg_projection_step(p, &error));
    g_assert_no_error(error);
    const SgProjectionLoss *l = sg_projection_loss(p, 0);
    last = l->pixels;
    first = i == 0 ? last : first;
  }
  g_test_message("%s: pixels from %.3g to %.3g", (const char *)name, first, last);
  g_assert_cmpfloat(last, <, 0.1 * first);
  sg_projection_free(p);
  sg_renderer_free(renderer);
  sg_model_unref(model);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_data_func("/projection/stylegan", "sg1_small.safetensors", test_own_picture);
  g_test_add_data_func("/projection/stylegan3", "sg3_small.safetensors", test_own_picture);
  return g_test_run();
}
