#include "tests/support/random-vgg.h"
#include "engine/perceptual/vgg.h"
#include <math.h>

static const int widths[SG_VGG_CONVS] = {64,  64,  128, 128, 256, 256, 256,
                                         512, 512, 512, 512, 512, 512};
static const int places[SG_VGG_CONVS] = {0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28};
static const int taps[SG_VGG_TAPS] = {64, 128, 256, 512, 512};

static SgTensor *
add(SgArchive *a, const char *name, int ndim, const gint64 *shape)
{
  g_autoptr(SgTensor) t = sg_tensor_new(ndim, shape);

  g_assert_true(sg_archive_add(a, name, "float32", t));
  return t;
}

static void
fill(SgTensor *t, SgRandomState *random, double scale)
{
  if (!random)
    return;
  sg_random_state_randn_f32(random, t->numel, t->data);
  for (gsize i = 0; i < t->numel; i++)
    t->data[i] = (float)((double)t->data[i] * scale);
}

SgArchive *
random_vgg_new(const char *prefix, int divide, SgRandomState *random)
{
  SgArchive *a = sg_archive_new("vgg16.pth", SG_CONTAINER_TORCH_ZIP, "made here");
  gint64 in = 3;

  for (int k = 0; k < SG_VGG_CONVS; k++) {
    g_autofree char *weight = g_strdup_printf("%sfeatures.%d.weight", prefix, places[k]);
    g_autofree char *bias = g_strdup_printf("%sfeatures.%d.bias", prefix, places[k]);
    const gint64 shape[4] = {widths[k] / divide, in, 3, 3};
    fill(add(a, weight, 4, shape), random, sqrt(2 / (9.0 * (double)in)));
    fill(add(a, bias, 1, shape), random, 0.1);
    in = shape[0];
  }
  return a;
}

SgArchive *
random_factors_new(int divide, SgRandomState *random)
{
  SgArchive *a = sg_archive_new("lin.pth", SG_CONTAINER_TORCH_LEGACY, "made here");

  for (int k = 0; k < SG_VGG_TAPS; k++) {
    g_autofree char *name = g_strdup_printf("lin%d.model.1.weight", k);
    const gint64 shape[4] = {1, taps[k] / divide, 1, 1};
    SgTensor *t = add(a, name, 4, shape);
    fill(t, random, 1);
    for (gsize i = 0; i < t->numel; i++)
      t->data[i] = fabsf(t->data[i]);
  }
  return a;
}
