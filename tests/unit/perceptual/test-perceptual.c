/* LPIPS equals the lpips package's, in value and gradient, of weights as torchvision stores them;
 * files of other networks are refused in a sentence. Weights are random: nobody's are shipped. */
#include "engine/autograd/ops.h"
#include "engine/backend/backend.h"
#include "engine/perceptual/lpips.h"
#include "tests/support/random-vgg.h"
#include "tests/unit/perceptual/lpips-table.h"
#include <math.h>
#include <string.h>

#define SIZE  32
#define COUNT (2 * 3 * SIZE * SIZE)

static void
fill(float *v, int count, int channels, int size, int enlarge, int shift)
{
  for (int n = 0; n < count; n++)
    for (int c = 0; c < channels; c++)
      for (int i = 0; i < size * size; i++) {
        int x = i % size / enlarge, y = i / size / enlarge;
        int k = (x * x * (n + 2) + 3 * y * y + 29 * c * x + x * y * (5 + shift) + 11 * shift) % 251;
        *v++ = (float)(k / 125.0 - 1);
      }
}

/* ---- as the package has it ------------------------------------------------------------------- */

static void
check(const SgLpips *l, const double *distance, const double *gradient)
{
  g_autofree float *a = g_new(float, COUNT), *b = g_new(float, COUNT), *d = g_new(float, COUNT);
  SgBackend *device = sg_backend_cpu();
  g_autoptr(SgTape) t = sg_tape_new(device);
  g_autoptr(GError) error = NULL;
  SgVar *grads[1] = {NULL};

  fill(a, 2, 3, SIZE, 1, 0);
  fill(b, 2, 3, SIZE, 1, 1);
  g_autoptr(SgBuf) x = sg_buf_from_floats(device, a, 2, 3, SIZE, SIZE, NULL);
  g_autoptr(SgBuf) y = sg_buf_from_floats(device, b, 2, 3, SIZE, SIZE, NULL);
  g_auto(SgFeatures) wanted = {0};
  g_assert_true(sg_lpips_features(t, l, y, &wanted));
  sg_tape_enter(t);
  SgVar *leaf = sg_var_leaf(t, x), *two = sg_lpips_distance(t, l, leaf, &wanted);
  float found[2];
  device->download(two->value, found);
  for (int i = 0; i < 2; i++)
    g_assert_cmpfloat_with_epsilon((double)found[i], distance[i], 1e-4 * distance[i]);
  sg_tape_grad(t, two, NULL, &leaf, 1, FALSE, grads);
  device->download(grads[0]->value, d);
  int step = COUNT / (int)G_N_ELEMENTS(table_plain_gradient);
  double largest = 0;
  for (guint i = 0; i < G_N_ELEMENTS(table_plain_gradient); i++)
    largest = MAX(largest, fabs(gradient[i]));
  for (guint i = 0; i < G_N_ELEMENTS(table_plain_gradient); i++)
    g_assert_cmpfloat_with_epsilon((double)d[(int)i * step], gradient[i], 1e-3 * largest);
  sg_tape_leave(t, NULL);
  g_assert_true(sg_tape_reset(t, &error));
}

static void
check_distances(const SgLpips *l, int n, int c, int size, int enlarge, const double *expected)
{
  gsize count = (gsize)n * (gsize)c * (gsize)size * (gsize)size;
  g_autofree float *a = g_new(float, count), *b = g_new(float, count);
  g_autoptr(GError) error = NULL;
  double found[2];

  fill(a, n, c, size, enlarge, 0);
  fill(b, n, c, size, enlarge, 1);
  g_assert_true(sg_lpips_distances(l, n, c, size, size, a, b, found, &error));
  g_assert_no_error(error);
  for (int i = 0; i < n; i++)
    g_assert_cmpfloat_with_epsilon(found[i], expected[i], 1e-4 * expected[i]);
}

static void
test_package(void)
{
  g_autofree SgRandomState *random = g_new(SgRandomState, 1);
  g_autoptr(GError) error = NULL;

  sg_random_state_seed(random, 7);
  g_autoptr(SgArchive) vgg = random_vgg_new("", 1, random), factors = random_factors_new(1, random);
  g_autoptr(SgLpips) plain = sg_lpips_new_of(sg_backend_cpu(), vgg, NULL, &error);
  g_assert_no_error(error);
  check(plain, table_plain, table_plain_gradient);
  g_autoptr(SgLpips) learnt = sg_lpips_new_of(sg_backend_cpu(), vgg, factors, &error);
  g_assert_no_error(error);
  check(learnt, table_learnt, table_learnt_gradient);
  check_distances(learnt, 2, 3, SIZE, 1, table_learnt);
  check_distances(learnt, 2, 1, SIZE, 1, table_grey);
  check_distances(learnt, 1, 3, 512, 16, table_large);
  g_assert_true(sg_lpips_is_learnt(learnt) && !sg_lpips_is_learnt(plain));
  g_assert_cmpstr(sg_lpips_identity(learnt), !=, sg_lpips_identity(plain));
}

/* ---- files ----------------------------------------------------------------------------------- */

static void
add(SgArchive *a, const char *name, int ndim, const gint64 *shape)
{
  g_autoptr(SgTensor) t = sg_tensor_new(ndim, shape);

  g_assert_true(sg_archive_add(a, name, "float32", t));
}

static void
refuses(const SgArchive *vgg, const SgArchive *factors, const char *word)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgLpips) l = sg_lpips_new_of(sg_backend_cpu(), vgg, factors, &error);

  g_assert_null(l);
  g_assert_nonnull(error);
  g_assert_true(strstr(error->message, ".pth: ") != NULL);
  if (!strstr(error->message, word))
    g_error("“%s” does not say “%s”", error->message, word);
}

static void
test_files(void)
{
  g_autoptr(SgArchive) empty = sg_archive_new("x.pth", SG_CONTAINER_TORCH_ZIP, "made here");
  g_autoptr(SgArchive) narrow = random_vgg_new("net.", 16, NULL),
                       vgg = random_vgg_new("", 16, NULL);
  g_autoptr(SgArchive) factors = random_factors_new(16, NULL), wide = random_factors_new(8, NULL);
  g_autoptr(GError) error = NULL;
  const gint64 four[4] = {32, 32, 3, 3};

  g_autoptr(SgLpips) l = sg_lpips_new_of(sg_backend_cpu(), narrow, factors, &error);
  g_assert_no_error(error);
  g_assert_false(sg_lpips_check_size(15, 32, NULL));
  refuses(empty, NULL, "0 convolutions");
  refuses(vgg, wide, "lin0");
  refuses(vgg, empty, "lin0");
  sg_archive_tensor(factors, "lin3.model.1.weight")->data[1] = -1;
  refuses(vgg, factors, "negative");
  /* a VGG19 has other places, so one of VGG16's is missing */
  g_autoptr(SgArchive) other = sg_archive_new("y.pth", SG_CONTAINER_TORCH_ZIP, "made here");
  add(other, "features.0.weight", 4, four);
  add(other, "features.28.weight", 4, four);
  refuses(other, NULL, "features.0.bias");
  /* in the file's order, under names that nobody knows: as in a program's file */
  g_autoptr(SgArchive) program = sg_archive_new("z.pth", SG_CONTAINER_TORCH_ZIP, "made here");
  for (guint i = 0; i < vgg->entries->len; i++) {
    SgEntry *e = vgg->entries->pdata[i];
    g_autofree char *name = g_strdup_printf("layers.conv.%u", i);
    sg_archive_add(program, name, e->dtype, e->tensor);
  }
  g_autoptr(SgLpips) ordered = sg_lpips_new_of(sg_backend_cpu(), program, NULL, &error);
  g_assert_no_error(error);
  add(program, "layers.more", 4, four);
  refuses(program, NULL, "14 convolutions");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/perceptual/package", test_package);
  g_test_add_func("/perceptual/files", test_files);
  return g_test_run();
}
