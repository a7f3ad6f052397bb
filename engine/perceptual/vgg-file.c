#include "engine/perceptual/vgg-file.h"
#include "engine/formats/format-error.h"
#include <string.h>

/* Where torchvision's Sequential has them. */
static const int places[SG_VGG_CONVS] = {0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28};

static gboolean
is_conv(const SgTensor *w)
{
  return w->ndim == 4 && w->shape[2] == 3 && w->shape[3] == 3;
}

/* "net." of "net.features.28.weight", to be freed; NULL: there is no such name. */
static char *
find_prefix(const SgArchive *a)
{
  for (guint i = 0; i < a->entries->len; i++) {
    const SgEntry *e = a->entries->pdata[i];
    if (g_str_has_suffix(e->name, "features.28.weight"))
      return g_strndup(e->name, strlen(e->name) - strlen("features.28.weight"));
  }
  return NULL;
}

static gboolean
find_named(const SgArchive *a, const char *prefix, SgVggTensors *f, GError **error)
{
  for (int k = 0; k < SG_VGG_CONVS; k++) {
    g_autofree char *weight = g_strdup_printf("%sfeatures.%d.weight", prefix, places[k]);
    g_autofree char *bias = g_strdup_printf("%sfeatures.%d.bias", prefix, places[k]);
    f->weight[k] = sg_archive_tensor(a, weight);
    f->bias[k] = sg_archive_tensor(a, bias);
    if (!f->weight[k] || !f->bias[k])
      return sg_unsupported(error, "%s: has no tensor “%s”, so it is not torchvision's VGG16",
                            a->path, f->weight[k] ? bias : weight);
  }
  return TRUE;
}

/* All convolutions of 3 × 3 in the file's order, each with the vector after it. */
static gboolean
find_in_order(const SgArchive *a, SgVggTensors *f, GError **error)
{
  int n = 0;

  for (guint i = 0; i < a->entries->len; i++) {
    const SgEntry *e = a->entries->pdata[i], *next = NULL;
    if (!is_conv(e->tensor))
      continue;
    if (i + 1 < a->entries->len)
      next = a->entries->pdata[i + 1];
    if (n < SG_VGG_CONVS) {
      f->weight[n] = e->tensor;
      f->bias[n] = next ? next->tensor : NULL;
    }
    n++;
  }
  if (n == SG_VGG_CONVS)
    return TRUE;
  return sg_unsupported(error,
                        "%s: has %d convolutions of 3 × 3 where VGG16 has %d; expected "
                        "torchvision's vgg16-….pth or a file with the same layers",
                        a->path, n, SG_VGG_CONVS);
}

/* Each takes what the one before gives. */
static gboolean
check_shapes(const SgArchive *a, const SgVggTensors *f, GError **error)
{
  gint64 channels = 3;

  for (int k = 0; k < SG_VGG_CONVS; k++) {
    const SgTensor *w = f->weight[k], *b = f->bias[k];
    if (!is_conv(w) || w->shape[1] != channels || w->shape[0] < 1 || !b || b->ndim != 1 ||
        b->shape[0] != w->shape[0]) {
      g_autofree char *found = sg_shape_to_string(w->ndim, w->shape);
      return sg_unsupported(error,
                            "%s: convolution %d has weights of %s; VGG16 has [N, %d, 3, 3] there, "
                            "with a bias of [N]",
                            a->path, k, found, (int)channels);
    }
    channels = w->shape[0];
  }
  return TRUE;
}

gboolean
sg_vgg_find(const SgArchive *file, SgVggTensors *found, GError **error)
{
  g_autofree char *prefix = find_prefix(file);

  *found = (SgVggTensors){{NULL}, {NULL}};
  return (prefix ? find_named(file, prefix, found, error) : find_in_order(file, found, error)) &&
         check_shapes(file, found, error);
}

gboolean
sg_vgg_find_dense(const SgArchive *file, int k, gint64 inputs, SgTensor **weight, SgTensor **bias,
                  GError **error)
{
  g_autofree char *prefix = find_prefix(file);
  g_autofree char *layer = g_strdup_printf("%sclassifier.%d", prefix ? prefix : "", 3 * k);
  g_autofree char *w = g_strconcat(layer, ".weight", NULL), *b = g_strconcat(layer, ".bias", NULL);

  *weight = sg_archive_tensor(file, w);
  *bias = sg_archive_tensor(file, b);
  if (!*weight || !*bias)
    return sg_unsupported(error,
                          "%s: has no tensor “%s”, so it is not the whole of torchvision's VGG16, "
                          "whose dense layers precision and recall compare",
                          file->path, *weight ? b : w);
  if ((*weight)->ndim != 2 || (*weight)->shape[1] != inputs || (*weight)->shape[0] < 1 ||
      (*weight)->shape[0] > 65536 || (*bias)->ndim != 1 || (*bias)->shape[0] != (*weight)->shape[0])
    return sg_unsupported(
        error, "%s: “%s” does not fit what comes before it, %" G_GINT64_FORMAT " numbers a picture",
        file->path, w, inputs);
  return TRUE;
}
