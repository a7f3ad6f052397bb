/* From a file to a picture and its score: whatever a file holds, there is a picture or a sentence,
 * and no assertion is reached on the way. */
#include "engine/explore/renderer.h"
#include "tests/unit/formats/formats-support.h"
#include <string.h>

#define MUTATIONS 300

/* Draws two faces and scores them, as far as the model goes; TRUE if there is a picture. */
static gboolean
draw_and_score(SgModel *m)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgRenderer) r = sg_renderer_new(m, NULL, &error);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(m->info.z_dim, m->info.w_dim);
  double logits[2];
  int labels[2] = {0, 0};

  if (!r)
    return FALSE;
  recipe->faces = 2;
  recipe->label = m->info.c_dim > 0 ? 0 : -1;
  recipe->psi = 0.7;
  g_autoptr(SgPicture) picture = sg_renderer_render(r, recipe, 0, &error);
  g_assert_true((picture != NULL) != (error != NULL));
  g_clear_error(&error);
  g_autoptr(SgTensor) floats = sg_renderer_render_float(r, recipe, &error);
  if (floats && m->info.has_d)
    sg_renderer_score(r, floats, m->info.c_dim > 0 ? labels : NULL, 1, logits, NULL);
  return picture != NULL;
}

/* One to four colours are drawn and scored; more are refused before anything is. */
static void
test_colours(void)
{
  for (int colours = 1; colours <= 6; colours++) {
    g_autofree char *path = fixture("sg2_ada_p3.pkl");
    g_autoptr(TensorSet) s = tensor_set_from(path);
    g_autoptr(GError) error = NULL;
    for (int r = 4, width = 12; r <= 16; r *= 2, width /= 2)
      for (int g = 0; g < 2; g++) {
        const char *prefix = g ? "G" : "G_ema";
        g_autofree char *weight = g_strdup_printf("%s.synthesis.b%d.torgb.weight", prefix, r);
        g_autofree char *bias = g_strdup_printf("%s.synthesis.b%d.torgb.bias", prefix, r);
        tensor_set_put(s, weight, 4, (gint64[]){colours, width, 1, 1});
        tensor_set_put(s, bias, 1, (gint64[]){colours});
      }
    tensor_set_put(s, "D.b16.fromrgb.weight", 4, (gint64[]){3, colours, 1, 1});
    g_autoptr(SgModel) m = tensor_set_load(s, &error);
    g_assert_true((m != NULL) == (colours <= 4));
    if (!m) {
      assert_contains(error->message, "colour channels");
      continue;
    }
    g_assert_cmpint(m->info.img_channels, ==, colours);
    g_assert_true(m->info.has_d);
    g_assert_true(draw_and_score(m));
  }
}

/* Digits of a header changed at random: other shapes, other offsets, other metadata. */
static void
change_digits(guint8 *data, gsize size, GRand *random)
{
  for (int n = g_rand_int_range(random, 1, 4); n > 0;) {
    gsize at = (gsize)g_rand_int_range(random, 8, (gint32)size);
    if (!g_ascii_isdigit(data[at]))
      continue;
    data[at] = (guint8)('0' + g_rand_int_range(random, 0, 10));
    n--;
  }
}

static void
change_bytes(guint8 *data, gsize size, GRand *random)
{
  for (int n = g_rand_int_range(random, 1, 4); n > 0; n--)
    data[g_rand_int_range(random, 0, (gint32)size)] = (guint8)g_rand_int_range(random, 0, 256);
}

static void
test_mutations(void)
{
  static const struct {
    const char *name;
    void (*change)(guint8 *data, gsize size, GRand *random);
    gsize part; /* of the file that is changed; 0: all of it */
  } files[] = {
      {"sg2.safetensors", change_digits, 6000},
      {"sg2_states.pkl", change_bytes, 0},
      {"sg2_numpy.pkl", change_bytes, 0},
      {"sg2_rosinality_legacy.pt", change_bytes, 0},
  };
  g_autoptr(GRand) random = g_rand_new_with_seed(5);
  int drawn = 0, refused = 0;

  for (gsize f = 0; f < G_N_ELEMENTS(files); f++)
    for (int i = 0; i < MUTATIONS / (int)G_N_ELEMENTS(files); i++) {
      g_autofree guint8 *data = NULL;
      g_autoptr(GError) error = NULL;
      gsize size;
      read_fixture(files[f].name, &data, &size);
      files[f].change(data, files[f].part ? files[f].part : size, random);
      g_autoptr(SgArchive) a = sg_archive_open_memory("mutated", data, size, &error);
      g_autoptr(SgModel) m = a ? sg_model_from_archive(a, &error) : NULL;
      g_assert_true((m != NULL) != (error != NULL));
      if (m)
        draw_and_score(m);
      drawn += m != NULL;
      refused += m == NULL;
    }
  /* Otherwise nothing was tried. */
  g_assert_cmpint(drawn, >, 20);
  g_assert_cmpint(refused, >, 20);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/file-to-picture/colours", test_colours);
  g_test_add_func("/file-to-picture/mutations", test_mutations);
  int result = g_test_run();
  cleanup();
  return result;
}
