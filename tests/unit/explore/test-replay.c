/* Work that is recorded and repeated shows in no picture: drags through one renderer against a new
 * renderer for every step, on the device of VITRINE_TEST_DEVICE. Also how pictures leave it. */
#include "tests/support/models.h"
#include "tests/support/tested-backend.h"
#include "engine/explore/renderer.h"
#include <math.h>
#include <string.h>

static SgBackend *backend;
static void (*run_replay)(SgReplay *r);
static int repeats;

/* In the place of the back end's own. */
static void
count_replay(SgReplay *r)
{
  repeats++;
  run_replay(r);
}

static SgPicture *
draw(SgRenderer *r, const SgRecipe *recipe)
{
  g_autoptr(GError) error = NULL;
  SgPicture *p = sg_renderer_render(r, recipe, 0, &error);
  g_assert_no_error(error);
  return p;
}

static gsize
bytes_of(const SgPicture *p)
{
  return (gsize)p->faces * (gsize)p->width * (gsize)p->height * 3;
}

/* The same bits as from a renderer that has nothing to repeat, and its floats as bytes. */
static void
check(SgRenderer *r, SgModel *model, const SgRecipe *recipe)
{
  g_autoptr(SgRenderer) fresh = test_renderer_new(model, backend, 0);
  g_autoptr(SgPicture) p = draw(r, recipe), other = draw(fresh, recipe);
  g_autoptr(SgRenderer) third = test_renderer_new(model, backend, 0);
  g_autoptr(SgTensor) floats = sg_renderer_render_float(third, recipe, NULL);
  g_autofree guint8 *rgb = g_malloc(bytes_of(p));

  g_assert_cmpmem(p->rgb, bytes_of(p), other->rgb, bytes_of(other));
  sg_image_to_rgb8(floats, rgb);
  g_assert_cmpmem(p->rgb, bytes_of(p), rgb, bytes_of(p));
  g_assert_false(p->overflow);
}

/* `steps` moves of one number; all but the first two or three are repeats. */
static void
drag(SgRenderer *r, SgModel *model, SgRecipe *recipe, double *number, int steps)
{
  int before = repeats;
  for (int i = 0; i < steps; i++) {
    *number += 0.25;
    check(r, model, recipe);
  }
  if (run_replay && !g_getenv("VITRINE_ON_HOST_NO_GRAPHS"))
    g_assert_cmpint(repeats - before, >=, steps - 2);
  else
    g_assert_cmpint(repeats, ==, 0);
}

static void
mix_fine(SgRecipe *recipe, const SgModel *model)
{
  recipe->num_mix = model->info.num_ws;
  recipe->mix = g_new0(SgMixLayer, recipe->num_mix);
  recipe->num_sources = 1;
  recipe->sources[0] = sg_recipe_new(recipe->z_dim, recipe->w_dim);
  recipe->sources[0]->seed = 4;
  for (int k = recipe->num_mix / 2; k < recipe->num_mix; k++)
    recipe->mix[k] = (SgMixLayer){.a = 0, .b = 1, .blend = 0.25};
}

static void
test_drags(gconstpointer name)
{
  g_autoptr(SgModel) model = test_load_model(name);
  g_autoptr(SgRenderer) r = test_renderer_new(model, backend, G_MAXSIZE),
                        little = test_renderer_new(model, backend, 8 * 1024);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);

  recipe->seed = 2;
  drag(r, model, recipe, &recipe->w_offset[3], 6);
  drag(r, model, recipe, &recipe->z_offset[1], 4);
  drag(little, model, recipe, &recipe->w_offset[0], 5);
  recipe->noise_mode = SG_NOISE_RANDOM;
  drag(r, model, recipe, &recipe->w_offset[2], 5);
  recipe->noise_seed++; /* a picture of its own in the midst of a drag */
  drag(r, model, recipe, &recipe->w_offset[2], 5);
  recipe->noise_mode = SG_NOISE_NONE;
  mix_fine(recipe, model);
  drag(r, model, recipe, &recipe->sources[0]->w_offset[1], 6); /* from the middle on */
  drag(little, model, recipe, &recipe->sources[0]->w_offset[1], 6);
  recipe->faces = 3;
  drag(r, model, recipe, &recipe->w_offset[5], 5);
}

/* The gain of one noise is part of what was recorded: it may change with every picture. */
static void
test_noise_gain(void)
{
  g_autoptr(SgModel) model = test_load_model("sg2.safetensors");
  g_autoptr(SgRenderer) r = test_renderer_new(model, backend, G_MAXSIZE);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  int convs = 5;
  double gain[] = {1, 1, 1, 1, 1};

  g_assert_cmpint(model->info.img_resolution, ==, 16); /* so many convolutions */
  sg_recipe_set_noise_gain(recipe, convs, gain);
  drag(r, model, recipe, &recipe->w_offset[1], 4);
  for (int i = 0; i < 6; i++) {
    gain[1] = i;
    sg_recipe_set_noise_gain(recipe, convs, gain);
    recipe->w_offset[1] += 0.5 * (i % 2);
    check(r, model, recipe);
  }
}

/* Another precision is another picture, of another w, and back. The model is large enough for
 * halves to be worth it. */
static void
test_precision(void)
{
  g_autoptr(SgModel) model = test_load_model("../../data/models/lorelei64.safetensors");
  g_autoptr(SgRenderer) r = test_renderer_new(model, backend, G_MAXSIZE), fresh = NULL;
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  g_autoptr(SgPicture) exact = NULL;

  if (!backend->set_precision) {
    g_test_skip("this back end has one precision");
    return;
  }
  for (int i = 0; i < 3; i++) {
    recipe->w_offset[3] += 0.25;
    g_clear_pointer(&exact, sg_picture_free);
    exact = draw(r, recipe);
  }
  guint settings = backend->settings;
  g_assert_true(backend->set_precision(backend, SG_PRECISION_BF16, NULL));
  g_assert_cmpuint(backend->settings, !=, settings);
  g_autoptr(SgPicture) half = draw(r, recipe);
  g_assert_true(memcmp(half->rgb, exact->rgb, bytes_of(exact)) != 0);
  g_assert_cmpint(half->first_layer, ==, 0);
  fresh = test_renderer_new(model, backend, 0);
  g_autoptr(SgPicture) other = draw(fresh, recipe);
  g_assert_cmpmem(half->rgb, bytes_of(half), other->rgb, bytes_of(other));
  g_assert_cmpmem(half->w, sizeof(double) * 512, other->w, sizeof(double) * 512);
  g_assert_true(backend->set_precision(backend, SG_PRECISION_FP32, NULL));
  g_autoptr(SgPicture) back = draw(r, recipe);
  g_assert_cmpmem(back->rgb, bytes_of(back), exact->rgb, bytes_of(exact));
}

/* What another thread asks for meanwhile is done when it asks. */
static gpointer
work_beside(gpointer stop)
{
  float v[7], sum = 0;

  for (int i = 1; !g_atomic_int_get((int *)stop); i++) {
    g_autoptr(SgBuf) buf = sg_buf_new(backend, SG_FMT_PLAIN, 7, 1, 1, 1, NULL);
    g_assert_true(sg_buf_fill(buf, i % 1000, NULL));
    backend->combine(buf, 2, buf, 0, NULL);
    backend->download(buf, v);
    for (int k = 0; k < 7; k++)
      sum += fabsf(v[k] - (float)(2 * (i % 1000)));
  }
  return GINT_TO_POINTER(sum == 0);
}

static void
test_threads(void)
{
  g_autoptr(SgModel) model = test_load_model("sg2.safetensors");
  int stop = 0;
  GThread *beside = g_thread_new("beside", work_beside, &stop);

  for (int i = 0; i < 4; i++) {
    g_autoptr(SgRenderer) r = test_renderer_new(model, backend, G_MAXSIZE);
    g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
    drag(r, model, recipe, &recipe->w_offset[i], 4);
  }
  g_atomic_int_set(&stop, 1);
  g_assert_true(GPOINTER_TO_INT(g_thread_join(beside)));
}

/* Nothing stays with what was recorded. */
static void
test_memory(void)
{
  g_autoptr(SgModel) model = test_load_model("sg2.safetensors");
  SgDeviceInfo before, meanwhile, after;

  if (!sg_backend_device_info(backend, &before)) {
    g_test_skip("this back end has no memory of its own");
    return;
  }
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  SgRenderer *r = test_renderer_new(model, backend, G_MAXSIZE);
  drag(r, model, recipe, &recipe->w_offset[3], 5);
  sg_backend_device_info(backend, &meanwhile);
  sg_renderer_free(r);
  sg_backend_device_info(backend, &after);
  g_assert_cmpuint(meanwhile.used, >, before.used);
  g_assert_cmpuint(after.used, ==, before.used);
}

/* Bytes of a part of a picture, grey thrice and alpha behind the colours; a number that is none is
 * told. */
static void
test_rgb8(void)
{
  enum { N = 2, SIZE = 9 };
  for (int channels = 1; channels <= 4; channels++) {
    g_autofree float *v = g_new(float, (N * channels * SIZE * SIZE));
    guint8 rgb[N * 49 * 4];
    int bytes = channels % 2 ? 3 : 4, colours = channels < 3 ? 1 : 3;
    gboolean finite;
    for (int i = 0; i < N * channels * SIZE * SIZE; i++)
      v[i] = (float)((i * 37) % 301 - 150) / 140;
    g_autoptr(SgBuf) img = sg_buf_from_floats(backend, v, N, channels, SIZE, SIZE, NULL);
    sg_buf_rgb8(img, 1, 7, 7, rgb, &finite);
    g_assert_true(finite);
    for (int i = 0; i < N * 49 * bytes; i++) {
      int at = i / bytes, x = at % 7 + 1, y = at / 7 % 7 + 1, n = at / 49;
      int k = i % bytes == 3 ? channels - 1 : colours == 1 ? 0 : i % bytes;
      double want = v[((n * channels + k) * SIZE + y) * SIZE + x] * 127.5 + 128;
      g_assert_cmpint(rgb[i], ==, (int)CLAMP(floor(want + 1e-6), 0, 255));
    }
    v[SIZE] = NAN; /* outside */
    img->backend->upload(img, v);
    sg_buf_rgb8(img, 1, 7, 7, rgb, &finite);
    g_assert_true(finite);
    v[((N - 1) * channels + channels - 1) * SIZE * SIZE + 5 * SIZE + 4] = -INFINITY;
    img->backend->upload(img, v);
    sg_buf_rgb8(img, 1, 7, 7, rgb, &finite);
    g_assert_false(finite);
  }
}

int
main(int argc, char **argv)
{
  static const char *const models[] = {"sg2.safetensors", "sg2_ada_p3.pkl", "simplerick_zip.pt"};

  backend = tested_backend();
  g_test_init(&argc, &argv, NULL);
  run_replay = backend->replay_run;
  backend->replay_run = run_replay ? count_replay : NULL;
  for (guint i = 0; i < G_N_ELEMENTS(models); i++) {
    g_autofree char *drags = g_strconcat("/replay/drags/", models[i], NULL);
    g_test_add_data_func(drags, models[i], test_drags);
  }
  g_test_add_func("/replay/noise-gain", test_noise_gain);
  g_test_add_func("/replay/precision", test_precision);
  g_test_add_func("/replay/threads", test_threads);
  g_test_add_func("/replay/memory", test_memory);
  g_test_add_func("/replay/rgb8", test_rgb8);
  return g_test_run();
}
