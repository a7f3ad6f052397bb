/* Pictures and scores against PyTorch in float64 (make.py wrote expected/), for networks of
 * NVlabs' `auto` size at 128×128 in every architecture, and for the bundled model. */
#include "tests/support/tested-backend.h"
#include "engine/formats/npy.h"
#include "engine/pictures/picture.h"
#include "tests/golden/golden-compare.h"
#include "tests/support/random-model.h"
#include <jansson.h>
#include <string.h>

static char *
expected_file(const char *name, const char *suffix)
{
  g_autofree char *file = g_strconcat(name, suffix, NULL);
  return g_test_build_filename(G_TEST_DIST, "golden", "expected", file, NULL);
}

static const char *
text_of(json_t *c, const char *key)
{
  return json_string_value(json_object_get(c, key));
}

static int
integer_of(json_t *c, const char *key, int fallback)
{
  json_t *v = json_object_get(c, key);
  return v ? (int)json_integer_value(v) : fallback;
}

static double
number_of(json_t *c, const char *key, double fallback)
{
  json_t *v = json_object_get(c, key);
  return v ? json_number_value(v) : fallback;
}

static SgModel *
model_of(json_t *c)
{
  RandomModelSpec spec = RANDOM_MODEL_SPEC_INIT;
  g_autoptr(GError) error = NULL;
  SgModel *model;

  if (text_of(c, "file")) {
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", text_of(c, "file"), NULL);
    model = sg_model_load(path, &error);
  } else {
    g_assert_true(random_model_parse_arch(text_of(c, "g_arch"), &spec.g_arch));
    g_assert_true(random_model_parse_arch(text_of(c, "d_arch"), &spec.d_arch));
    spec.c_dim = integer_of(c, "c_dim", 0);
    spec.clamp = number_of(c, "clamp", -1);
    spec.seed = (guint32)integer_of(c, "seed", 0);
    model = random_model_new(&spec, &error);
    /* What the case asks for is what is tested. */
    g_assert_no_error(error);
    g_assert_true(model->info.g_arch == spec.g_arch && model->info.d_arch == spec.d_arch);
    g_assert_true(model->info.g_conv_clamp == spec.clamp && model->info.d_conv_clamp == spec.clamp);
    g_assert_true(model->info.c_dim == spec.c_dim);
  }
  g_assert_no_error(error);
  return model;
}

/* NAME.png holds the faces side by side: [faces, size, size, 3], to be freed. */
static guint8 *
read_faces(const char *name, int faces, int size)
{
  g_autofree char *path = expected_file(name, ".png");
  g_autofree guint8 *strip = NULL;
  g_autoptr(GError) error = NULL;
  gsize line = 3 * (gsize)size;
  int w, h;

  sg_picture_read(path, &strip, &w, &h, &error);
  g_assert_no_error(error);
  g_assert_cmpint(w, ==, faces * size);
  g_assert_cmpint(h, ==, size);
  guint8 *rgb = g_malloc(line * (gsize)h * (gsize)faces);
  for (int i = 0; i < faces; i++)
    for (int y = 0; y < size; y++)
      memcpy(rgb + line * (gsize)(i * size + y), strip + line * (gsize)(y * faces + i), line);
  return rgb;
}

/* Every eighth row of the first faces; NAME.npy says of how many. */
static void
compare_rows(const char *name, const SgTensor *images)
{
  g_autofree char *path = expected_file(name, ".npy");
  g_autoptr(GError) error = NULL;
  g_autoptr(SgTensor) expected = sg_npy_read(path, &error);
  g_assert_no_error(error);
  g_autoptr(SgTensor) found = sg_tensor_copy(expected);
  gsize width = (gsize)images->shape[3], rows = found->numel / width;

  g_assert_cmpint(expected->shape[2] * 8, ==, images->shape[2]);
  g_assert_cmpint(expected->shape[3], ==, images->shape[3]);
  for (gsize i = 0; i < rows; i++)
    memcpy(found->data + i * width, images->data + 8 * i * width, width * sizeof(float));
  golden_compare_floats("rows", found->numel, found->data, expected->data);
}

static void
compare_scores(json_t *c, const char *key, SgRenderer *r, const SgTensor *images, int batch)
{
  double expected[8], found[8];
  json_t *list = json_object_get(c, key), *v;
  size_t i;

  g_assert_cmpint(json_array_size(list), ==, images->shape[0]);
  g_assert_cmpint(images->shape[0], <=, G_N_ELEMENTS(expected));
  json_array_foreach (list, i, v)
    expected[i] = json_number_value(v);
  golden_score(r, images, integer_of(c, "label", -1), batch, found);
  golden_compare(key, (gsize)images->shape[0], found, expected);
}

static SgTensor *
images_from(const guint8 *rgb, int n, int size)
{
  const gint64 shape[] = {n, 3, size, size};
  SgTensor *all = sg_tensor_new(4, shape);

  for (int i = 0; i < n; i++) {
    gsize bytes = 3 * (gsize)size * (gsize)size;
    g_autoptr(SgTensor) one = sg_image_from_rgb8(rgb + (gsize)i * bytes, size, size, 3);
    memcpy(all->data + (gsize)i * one->numel, one->data, one->numel * sizeof(float));
  }
  return all;
}

static void
test_case(gconstpointer data)
{
  json_t *c = (json_t *)data;
  const char *name = text_of(c, "name");
  g_autoptr(SgModel) model = model_of(c);
  g_autoptr(SgRenderer) r = test_renderer_new(model, NULL, 0);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);

  recipe->faces = integer_of(c, "faces", 1);
  recipe->label = integer_of(c, "label", -1);
  recipe->psi = number_of(c, "psi", 1);
  recipe->cutoff = integer_of(c, "cutoff", -1);
  g_autoptr(SgTensor) images = test_render(r, recipe);
  compare_rows(name, images);

  int size = model->info.img_resolution;
  g_autofree guint8 *expected = read_faces(name, recipe->faces, size);
  g_autofree guint8 *found = g_malloc(images->numel);
  sg_image_to_rgb8(images, found);
  golden_compare_bytes("pixels", images->numel, found, expected);

  g_autoptr(SgTensor) seen = images_from(expected, recipe->faces, size);
  compare_scores(c, "scores_together", r, seen, recipe->faces);
  compare_scores(c, "scores_alone", r, seen, 1);
}

int
main(int argc, char **argv)
{
  json_error_t why;
  size_t i;
  json_t *c;

  tested_backend();
  g_test_init(&argc, &argv, NULL);
  g_autofree char *path = expected_file("expected", ".json");
  json_t *cases = json_load_file(path, 0, &why);
  if (!cases)
    g_error("%s: %s", path, why.text);
  json_array_foreach (cases, i, c) {
    g_autofree char *name = g_strconcat("/golden/", text_of(c, "name"), NULL);
    g_test_add_data_func(name, c, test_case);
  }
  int status = g_test_run();
  json_decref(cases);
  return status;
}
