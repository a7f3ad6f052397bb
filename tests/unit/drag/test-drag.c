/* Dragging points: the arithmetic is DragGAN's, a handle goes where it is wanted, what is held
 * stays, and what comes out is a face like any other. */
#include "engine/drag/drag.h"
#include "engine/explore/nets.h"
#include "tests/support/models.h"
#include "tests/support/random-model.h"
#include "tests/unit/drag/motion-table.h"
#include <math.h>
#include <string.h>

/* ---- arithmetic: as motion-table.py ---------------------------------------------------------- */

#define CHANNELS 3
#define SIZE     8
#define COUNT    (SIZE * SIZE * CHANNELS)

static const SgFeatureMap map = {.size = SIZE, .channels = CHANNELS, .height = 16, .width = 16};
static const SgPlace handle = {6, 9}, target = {10.5, 7};

static void
fill(float *f, gboolean flip)
{
  for (int y = 0; y < SIZE; y++)
    for (int x = 0; x < SIZE; x++)
      for (int c = 0; c < CHANNELS; c++) {
        int k = flip ? SIZE - 1 - x : x;
        f[(y * SIZE + x) * CHANNELS + c] =
            (float)(((k * k * 5 + 3 * y * y + 17 * c * k + k * y * 7) % 61) / 30.0 - 1);
      }
}

static void
assert_near(const float *found, const double *expected, int n)
{
  for (int i = 0; i < n; i++)
    g_assert_cmpfloat_with_epsilon((double)found[i], expected[i], 1e-6);
}

static void
test_motion(void)
{
  float f[COUNT], gradient[COUNT] = {0}, here[CHANNELS];

  fill(f, FALSE);
  g_assert_cmpfloat_with_epsilon(sg_motion_loss(&map, f, handle, target, 2.5, gradient),
                                 TABLE_MOTION, 1e-6);
  assert_near(gradient, table_motion, COUNT);
  sg_feature_at(&map, f, (SgPlace){11, 5}, here);
  assert_near(here, table_at, CHANNELS);
  memset(gradient, 0, sizeof gradient);
  g_assert_cmpfloat(sg_motion_loss(&map, f, handle, handle, 2.5, gradient), ==, 0);
  for (int i = 0; i < COUNT; i++)
    g_assert_cmpfloat((double)gradient[i], ==, 0);
}

static void
test_track(void)
{
  const float wanted[] = {0.4f, -0.3f, 0.1f};
  float f[COUNT];

  fill(f, FALSE);
  SgPlace p = sg_motion_track(&map, f, wanted, handle, 3);
  g_assert_cmpfloat(p.x, ==, TABLE_TRACK_X);
  g_assert_cmpfloat(p.y, ==, TABLE_TRACK_Y);
  p = sg_motion_track(&map, f, wanted, (SgPlace){0, 15}, 3); /* at a corner */
  g_assert_true(p.x >= 0 && p.x <= 3 && p.y >= 12 && p.y <= 15);
}

static void
test_hold(void)
{
  float f[COUNT], before[COUNT], held[SIZE * SIZE], gradient[COUNT] = {0};

  fill(f, FALSE);
  fill(before, TRUE);
  for (int y = 0; y < SIZE; y++)
    for (int x = 0; x < SIZE; x++)
      held[y * SIZE + x] = (float)((x + 2 * y) % 5) / 4;
  g_assert_cmpfloat_with_epsilon(sg_motion_hold(&map, f, before, held, 7, gradient), TABLE_HOLD,
                                 1e-6);
  assert_near(gradient, table_hold, COUNT);
}

/* ---- faces ----------------------------------------------------------------------------------- */

typedef struct {
  SgModel *model;
  SgRenderer *renderer;
  SgRecipe *recipe;
  SgDrag *drag;
} Setup;

static void
setup_with(Setup *s, SgModel *model, guint32 seed)
{
  s->model = model;
  s->renderer = test_renderer_new(s->model, NULL, 0);
  s->recipe = sg_recipe_new_for(&s->model->info);
  s->recipe->seed = seed;
}

static void
setup_bundled(Setup *s, guint32 seed)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path =
      g_test_build_filename(G_TEST_DIST, "..", "data", "models", "lorelei64.safetensors", NULL);
  SgModel *model = sg_model_load(path, &error);

  g_assert_no_error(error);
  setup_with(s, model, seed);
}

static void
setup_random(Setup *s, guint32 seed)
{
  RandomModelSpec spec = RANDOM_MODEL_SPEC_INIT;
  g_autoptr(GError) error = NULL;

  spec.resolution = 32;
  spec.channel_base = 512;
  spec.channel_max = 16;
  spec.z_dim = spec.w_dim = 32;
  SgModel *model = random_model_new(&spec, &error);
  g_assert_no_error(error);
  setup_with(s, model, seed);
  s->recipe->noise_mode = SG_NOISE_NONE; /* smooth */
}

static void
setup_clear(Setup *s)
{
  sg_drag_free(s->drag);
  sg_recipe_free(s->recipe);
  sg_renderer_free(s->renderer);
  sg_model_unref(s->model);
}

static void
begin(Setup *s, const SgDragOptions *o)
{
  g_autoptr(GError) error = NULL;
  SgDragOptions own;

  sg_drag_options_init(&own, &s->model->info);
  s->drag = sg_drag_new(s->renderer, s->recipe, o ? o : &own, &error);
  g_assert_no_error(error);
}

static void
aim(Setup *s, SgPlace from, SgPlace to, const guint8 *held)
{
  const SgDragPair pair = {from, to};
  g_autoptr(GError) error = NULL;

  g_assert_true(sg_drag_aim(s->drag, 1, &pair, held, &error));
  g_assert_no_error(error);
}

static void
step(Setup *s)
{
  g_autoptr(GError) error = NULL;

  g_assert_true(sg_drag_step(s->drag, &error));
  g_assert_no_error(error);
}

/* Mean change of the pixels whose `held` is `which`, as a share of black to white. */
static double
change(const SgTensor *a, const SgTensor *b, const guint8 *held, gboolean which)
{
  gsize plane = (gsize)(a->shape[2] * a->shape[3]), count = 0;
  double sum = 0;

  for (gsize i = 0; i < a->numel; i++) {
    if ((held[i % plane] != 0) != which)
      continue;
    sum += fabs((double)CLAMP(a->data[i], -1, 1) - (double)CLAMP(b->data[i], -1, 1)) / 2;
    count++;
  }
  return sum / (double)count;
}

/* The issue's own: 6 pixels on the bundled model, the rest within 2 %. */
static void
test_arrives(void)
{
  g_autofree guint8 *held = g_malloc(64 * 64);
  Setup s = {0};

  setup_bundled(&s, 1);
  for (int i = 0; i < 64 * 64; i++)
    held[i] = !(i % 64 >= 16 && i % 64 < 48 && i / 64 >= 16 && i / 64 < 56);
  begin(&s, NULL);
  aim(&s, (SgPlace){32, 44}, (SgPlace){32, 38}, held);
  for (int i = 0; i < 120 && !(sg_drag_done(s.drag) && sg_drag_is_there(s.drag)); i++)
    step(&s);
  g_assert_true(sg_drag_is_there(s.drag));
  g_assert_cmpfloat(sg_drag_distance(s.drag), <=, 1);
  g_autoptr(SgRecipe) dragged = sg_drag_recipe(s.drag);
  g_autoptr(SgTensor) a = test_render(s.renderer, s.recipe), b = test_render(s.renderer, dragged);
  g_test_message("%d steps, held %.4f, free %.4f", sg_drag_done(s.drag), change(a, b, held, TRUE),
                 change(a, b, held, FALSE));
  g_assert_cmpfloat(change(a, b, held, TRUE), <, 0.02);
  g_assert_cmpfloat(change(a, b, held, FALSE), >, change(a, b, held, TRUE));
  for (int l = 0; l < s.model->info.num_ws; l++) /* only the first layers' w */
    g_assert_true((sg_drag_moved(s.drag, l) > 0) == (l < 6));
  setup_clear(&s);
}

/* On networks of random weights, looked at where enlarging makes their features smooth. */
static void
falls(guint32 seed, int features)
{
  double before = INFINITY;
  SgDragOptions o;
  Setup s = {0};

  setup_random(&s, seed);
  sg_drag_options_init(&o, &s.model->info);
  o.features = features;
  begin(&s, &o);
  aim(&s, (SgPlace){12, 16}, (SgPlace){18, 16}, NULL);
  for (int i = 0; i < 200; i++) {
    step(&s);
    g_assert_cmpfloat(sg_drag_distance(s.drag), <=, before);
    before = sg_drag_distance(s.drag);
    if (sg_drag_is_there(s.drag))
      break;
  }
  g_test_message("%d steps", sg_drag_done(s.drag));
  g_assert_true(sg_drag_is_there(s.drag));
  setup_clear(&s);
}

static void
test_falls(void)
{
  falls(1, 8);
  falls(3, 16);
}

/* What was edited, truncated and mixed is in the w, so that nothing changes before the first step;
 * style offsets and noise stay the recipe's. */
static void
test_same_face(void)
{
  Setup s = {0};

  setup_random(&s, 3);
  s.recipe->noise_mode = SG_NOISE_CONST;
  s.recipe->psi = 0.6;
  s.recipe->cutoff = 3;
  s.recipe->scale = 1.5;
  s.recipe->w_offset[4] = 2;
  sg_recipe_set_w_layer_offset(s.recipe, 2, 5, -1.5);
  sg_recipe_set_s_offset(s.recipe, 1, 3, 0.8);
  begin(&s, NULL);
  aim(&s, (SgPlace){12, 16}, (SgPlace){18, 16}, NULL);
  step(&s);
  g_autoptr(SgRecipe) r = sg_drag_recipe(s.drag);
  g_autoptr(SgTensor) a = test_render(s.renderer, s.recipe), b = test_render(s.renderer, r);
  g_assert_cmpfloat(test_difference(a, b), <, 1e-5);
  g_assert_cmpint(r->w_layers, ==, s.model->info.num_ws);
  setup_clear(&s);
}

/* The same numbers each time. */
static void
test_again(void)
{
  g_autofree double *first = NULL;

  for (int i = 0; i < 2; i++) {
    Setup s = {0};
    setup_random(&s, 4);
    begin(&s, NULL);
    aim(&s, (SgPlace){12, 16}, (SgPlace){20, 12}, NULL);
    for (int k = 0; k < 5; k++)
      step(&s);
    g_autoptr(SgRecipe) r = sg_drag_recipe(s.drag);
    gsize bytes = sizeof(double) * (gsize)r->w_layers * (gsize)r->w_dim;
    if (first)
      g_assert_cmpmem(first, bytes, r->w_base, bytes);
    else
      first = g_memdup2(r->w_base, bytes);
    setup_clear(&s);
  }
}

static void
test_refuses(void)
{
  const SgDragPair outside = {{12, 16}, {32, 16}}, nowhere = {{NAN, 3}, {3, 3}};
  g_autoptr(GError) error = NULL;
  SgDragOptions o;
  Setup s = {0};

  setup_random(&s, 0);
  sg_drag_options_init(&o, &s.model->info);
  o.features = 20;
  g_assert_null(sg_drag_new(s.renderer, s.recipe, &o, &error));
  g_assert_nonnull(strstr(error->message, "20 × 20"));
  g_clear_error(&error);
  begin(&s, NULL);
  g_assert_false(sg_drag_aim(s.drag, 1, &outside, NULL, &error));
  g_assert_nonnull(strstr(error->message, "target 32,16"));
  g_clear_error(&error);
  g_assert_false(sg_drag_aim(s.drag, 1, &nowhere, NULL, &error));
  g_assert_nonnull(error);
  setup_clear(&s);
  g_clear_error(&error);
  s = (Setup){0};
  setup_with(&s, test_load_model("sg3_small.safetensors"), 0);
  sg_drag_options_init(&o, &s.model->info);
  g_assert_null(sg_drag_new(s.renderer, s.recipe, &o, &error));
  g_assert_nonnull(strstr(error->message, "margins"));
  setup_clear(&s);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/drag/motion", test_motion);
  g_test_add_func("/drag/track", test_track);
  g_test_add_func("/drag/hold", test_hold);
  g_test_add_func("/drag/arrives", test_arrives);
  g_test_add_func("/drag/falls", test_falls);
  g_test_add_func("/drag/same-face", test_same_face);
  g_test_add_func("/drag/again", test_again);
  g_test_add_func("/drag/refuses", test_refuses);
  return g_test_run();
}
