/* What must hold for every network, on random ones of all architectures, with classes and with a
 * clamp, which no fixture has: the stage cache never shows, the CPU equals the reference, and a
 * saved model is the same model. */
#include "tests/support/tested-backend.h"
#include "engine/base/random.h"
#include "tests/golden/golden-compare.h"
#include "tests/support/random-model.h"
#include <glib/gstdio.h>
#include <string.h>

typedef struct {
  const char *name;
  RandomModelSpec spec;
} Net;

#define SMALL(...)                                                                                 \
  {                                                                                                \
    .resolution = 32, .channel_base = 512, .channel_max = 40, .z_dim = 24, .w_dim = 20,            \
    .mapping_layers = 3, .seed = 7000, __VA_ARGS__                                                 \
  }
static const Net nets[] = {
    {"skip", SMALL(.g_arch = SG_ARCH_SKIP, .d_arch = SG_ARCH_SKIP, .clamp = -1)},
    {"orig", SMALL(.g_arch = SG_ARCH_ORIG, .d_arch = SG_ARCH_ORIG, .clamp = -1)},
    {"resnet", SMALL(.g_arch = SG_ARCH_RESNET, .d_arch = SG_ARCH_RESNET, .clamp = -1)},
    {"resnet-clamp-classes",
     SMALL(.g_arch = SG_ARCH_RESNET, .d_arch = SG_ARCH_RESNET, .clamp = 1, .c_dim = 5)},
    {"orig-clamp-classes",
     SMALL(.g_arch = SG_ARCH_ORIG, .d_arch = SG_ARCH_SKIP, .clamp = 1, .c_dim = 5)},
};

static SgModel *
model_of(const Net *net)
{
  g_autoptr(GError) error = NULL;
  SgModel *model = random_model_new(&net->spec, &error);

  g_assert_no_error(error);
  return model;
}

static SgRecipe *
recipe_of(const SgModel *model)
{
  SgRecipe *r = sg_recipe_new(model->info.z_dim, model->info.w_dim);

  r->label = model->info.c_dim ? 1 : -1;
  return r;
}

static guint
below(SgRandomState *s, guint n)
{
  return sg_random_state_next32(s) % n;
}

/* One random edit, of anything that decides a picture. */
static void
edit(SgRecipe *r, const SgModelInfo *info, SgRandomState *s)
{
  switch (below(s, 9)) {
  case 0:
    r->seed = below(s, 4);
    break;
  case 1:
    r->faces = 1 + (int)below(s, 4);
    break;
  case 2:
    r->z_offset[below(s, (guint)r->z_dim)] += 1.5;
    break;
  case 3:
    r->w_offset[below(s, (guint)r->w_dim)] -= 0.5;
    break;
  case 4:
    r->scale = r->scale == 1 ? 0.8 : 1;
    break;
  case 5:
    r->psi = r->psi == 1 ? 0.5 : 1;
    break;
  case 6:
    r->cutoff = (int)below(s, (guint)info->num_ws + 2) - 1;
    break;
  case 7:
    r->noise_mode = (SgNoiseMode)below(s, 3);
    r->noise_seed = below(s, 3);
    break;
  default:
    r->label = info->c_dim ? (int)below(s, (guint)info->c_dim) : -1;
    break;
  }
}

/* The same bits from a renderer that keeps everything, one that keeps a little, and one that keeps
 * nothing; and the cache must have saved work, or this would test nothing. */
static void
test_cache(gconstpointer data)
{
  g_autoptr(SgModel) model = model_of(data);
  g_autoptr(SgRenderer) all = test_renderer_new(model, NULL, G_MAXSIZE);
  g_autoptr(SgRenderer) some = test_renderer_new(model, NULL, 200 * 1024);
  g_autoptr(SgRenderer) none = test_renderer_new(model, NULL, 0);
  g_autoptr(SgRecipe) recipe = recipe_of(model);
  SgRandomState s;
  int saved = 0;

  sg_random_state_seed(&s, 12);
  for (int i = 0; i < 150; i++) {
    edit(recipe, &model->info, &s);
    g_autoptr(SgTensor) a = test_render(all, recipe), b = test_render(some, recipe);
    g_autoptr(SgTensor) c = test_render(none, recipe);
    g_autoptr(SgPicture) again = sg_renderer_render(all, recipe, 0, NULL);
    g_assert_cmpmem(a->data, a->numel * sizeof(float), c->data, c->numel * sizeof(float));
    g_assert_cmpmem(b->data, b->numel * sizeof(float), c->data, c->numel * sizeof(float));
    saved += again->first_layer > 0;
  }
  g_assert_cmpint(saved, >, 100);
}

static void
test_reference(gconstpointer data)
{
  g_autoptr(SgModel) model = model_of(data);
  g_autoptr(SgRenderer) cpu = test_renderer_new(model, NULL, 0);
  g_autoptr(SgRenderer) ref = test_renderer_new(model, sg_backend_reference(), 0);
  g_autoptr(SgRecipe) recipe = recipe_of(model);
  double a[4], b[4];

  recipe->faces = 4;
  recipe->psi = 0.8;
  recipe->noise_mode = SG_NOISE_RANDOM;
  g_autoptr(SgTensor) x = test_render(cpu, recipe), y = test_render(ref, recipe);
  golden_compare_floats("CPU and reference", x->numel, x->data, y->data);
  golden_score(cpu, y, recipe->label, 4, a);
  golden_score(ref, y, recipe->label, 4, b);
  golden_compare("scores of CPU and reference", 4, a, b);
}

static void
test_save(gconstpointer data)
{
  g_autoptr(SgModel) model = model_of(data);
  g_autofree char *folder = g_dir_make_tmp("vitrine-golden-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "net.safetensors", NULL);
  g_autoptr(GError) error = NULL;

  sg_model_save(model, path, &error);
  g_assert_no_error(error);
  g_autoptr(SgModel) back = sg_model_load(path, &error);
  g_remove(path);
  g_rmdir(folder);
  g_assert_no_error(error);
  g_assert_cmpstr(back->hash, ==, model->hash);
  g_assert_cmpmem(&back->info, sizeof back->info, &model->info, sizeof model->info);
}

int
main(int argc, char **argv)
{
  static const struct {
    const char *name;
    GTestDataFunc run;
  } tests[] = {{"cache", test_cache}, {"reference", test_reference}, {"save", test_save}};

  tested_backend();
  g_test_init(&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(nets); i++)
    for (guint k = 0; k < G_N_ELEMENTS(tests); k++) {
      g_autofree char *name = g_strdup_printf("/random-nets/%s/%s", tests[k].name, nets[i].name);
      g_test_add_data_func(name, &nets[i], tests[k].run);
    }
  return g_test_run();
}
