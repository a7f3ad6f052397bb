/* Files of vectors and of directions: .npz, .npy, .pt and safetensors by their first bytes. */
#include "engine/directions/direction-set.h"
#include "engine/explore/vector-file.h"
#include "tests/fuzz/files.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void
read_vectors(const char *path)
{
  const SgModelInfo info = {
      .z_dim = 4, .w_dim = 8, .num_ws = 3, .img_resolution = 8, .img_channels = 3};

  for (int space = -1; space <= SG_SPACE_W; space++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(SgVectors) v = sg_vectors_read(path, &info, space, SG_SPACE_Z, "--space", &error);
    g_assert_true((v != NULL) != (error != NULL));
    if (!v)
      continue;
    g_assert_true(v->n > 0 && v->n <= SG_VECTORS_MAX);
    g_autoptr(SgRecipe) r = sg_recipe_new_for(&info);
    sg_vectors_apply(v, v->n - 1, r);
    g_autofree char *json = sg_recipe_to_json(r, NULL, NULL);
    g_autoptr(SgRecipe) again = sg_recipe_from_json(json, -1, NULL, NULL, NULL);
    g_assert_true(again && sg_recipe_equal(r, again));
  }
}

static void
read_directions(const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgDirectionSet) s = sg_direction_set_load(path, &error);

  g_assert_true((s != NULL) != (error != NULL));
  for (guint i = 0; s && i < s->list->len; i++) {
    const SgNamedDirection *d = s->list->pdata[i];
    double length = 0;
    for (int k = 0; k < s->w_dim; k++)
      length += d->vector[k] * d->vector[k];
    g_assert_true(fabs(length - 1) < 1e-6 && d->sigma > 0 && isfinite(d->sigma));
    g_assert_nonnull(sg_direction_set_find(s, d->name));
  }
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  gboolean zip = size >= 2 && memcmp(data, "PK", 2) == 0;
  gboolean npy = size >= 6 && memcmp(data, "\x93NUMPY", 6) == 0;

  if (zip || npy || (size && *data == 0x80)) {
    g_autofree char *path = fuzz_put(npy ? "v.npy" : zip ? "v.npz" : "v.pt", data, size);
    read_vectors(path);
    read_directions(path);
    g_unlink(path);
    if (zip) { /* torch's, too */
      g_autofree char *pt = fuzz_put("v.pt", data, size);
      read_vectors(pt);
    }
  } else {
    g_autofree char *path = fuzz_put("d.safetensors", data, size);
    read_directions(path);
  }
  return 0;
}
