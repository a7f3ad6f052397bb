/* Directions in the files of other tools: NumPy's arrays, GANSpace's components, torch tensors. */
#include "engine/directions/direction-foreign.h"
#include "engine/formats/format-error.h"
#include "engine/formats/npy.h"
#include "engine/formats/npz.h"
#include <math.h>
#include <string.h>

/* Of one file. */
#define MOST_NUMBERS ((gsize)1 << 24)

static const char *
base_of(const char *path)
{
  const char *slash = strrchr(path, G_DIR_SEPARATOR);
  return slash ? slash + 1 : path;
}

static gboolean
bad_shape(int ndim, const gint64 *shape, GError **error)
{
  g_autofree char *found = sg_shape_to_string(ndim, shape);
  return sg_unsupported(error,
                        "directions are [w_dim], [count, w_dim] or, of W+, [1, layers, w_dim], "
                        "this is %s",
                        found);
}

static gboolean
check_shape(int ndim, const gint64 *shape, GError **error)
{
  gint64 dim = ndim ? shape[ndim - 1] : 0, rows = ndim < 2 ? 1 : shape[ndim - 2];

  if (ndim < 1 || ndim > 3 || (ndim == 3 && shape[0] != 1) || rows < 1 ||
      rows > SG_DIRECTIONS_MAX || dim < 1 || dim > G_MAXUINT16)
    return bad_shape(ndim, shape, error);
  return TRUE;
}

/* Row k is for layer k alone; its name was k. */
static void
make_layered(SgDirectionSet *s, int layers)
{
  s->layers = layers;
  for (guint i = 0; i < s->list->len; i++) {
    SgNamedDirection *d = s->list->pdata[i];
    char *name = g_strconcat("layer ", d->name, NULL);
    d->first = d->last = (int)g_ascii_strtoll(d->name, NULL, 10);
    g_free(d->name);
    d->name = name;
  }
}

void
sg_direction_set_fit(SgDirectionSet *s, int num_ws)
{
  if (g_str_equal(s->method, "npy") && !s->layers && num_ws > 1 && s->list->len == (guint)num_ws)
    make_layered(s, num_ws);
}

/* A row of zeros says that a layer stays as it is; among directions of their own it would be
 * none. */
static SgDirectionSet *
from_array(int ndim, const gint64 *shape, const double *v, GError **error)
{
  if (!check_shape(ndim, shape, error))
    return NULL;
  gint64 rows = ndim < 2 ? 1 : shape[ndim - 2], dim = shape[ndim - 1];
  g_autoptr(SgDirectionSet) s = sg_direction_set_new((int)dim, "", "npy", "");
  for (gint64 i = 0; i < rows; i++) {
    g_autofree char *name = g_strdup_printf("%d", (int)i);
    gboolean zero = TRUE;
    for (gint64 k = 0; k < dim; k++)
      zero &= v[i * dim + k] == 0;
    if (!zero && !sg_direction_set_add(s, name, v + i * dim)) {
      sg_broken(error, "direction %d has numbers that are not finite or too large", (int)i);
      return NULL;
    }
  }
  if (s->list->len == 0) {
    sg_broken(error, "every number is 0: this is no direction");
    return NULL;
  }
  if (rows > 1 && (ndim == 3 || s->list->len < (guint)rows))
    make_layered(s, (int)rows);
  return g_steal_pointer(&s);
}

/* InterFaceGAN calls a boundary of w "stylegan_ffhq_age_w_boundary.npy", one of z the same without
 * "_w". */
static gboolean
check_boundary(const char *path, GError **error)
{
  const char *name = base_of(path);

  if (!g_str_has_suffix(name, "_boundary.npy") || strstr(name, "_w_") || strstr(name, "-w_"))
    return TRUE;
  return sg_unsupported(error, "by its name this boundary is one of z (those of w are called "
                               "\"…_w_boundary.npy\"): the mapping network bends what is straight "
                               "in z. If it is of w, give the file another name");
}

static SgDirectionSet *
from_npy(const char *path, GError **error)
{
  int ndim;
  gint64 shape[SG_MAX_DIMS];

  if (!check_boundary(path, error))
    return NULL;
  g_autofree double *v = sg_npy_read_doubles(path, MOST_NUMBERS, &ndim, shape, error);
  return v ? from_array(ndim, shape, v, error) : NULL;
}

static double *
component_array(const char *path, const char *key, int *ndim, gint64 *shape, GError **error)
{
  const char *const keys[] = {key, NULL}, *found;
  return sg_npz_read(path, keys, MOST_NUMBERS, &found, ndim, shape, error);
}

/* GANSpace's decomposition.py: w goes by x * lat_stdev[k] * lat_comp[k], lat_comp of length 1;
 * where components are of z, lat_stdev is 1 throughout. */
static SgDirectionSet *
from_ganspace(const char *path, GError **error)
{
  int ndim, ndim_sd;
  gint64 shape[SG_MAX_DIMS], shape_sd[SG_MAX_DIMS];
  g_autofree double *v = component_array(path, "lat_comp", &ndim, shape, error);
  g_autofree double *sd = v ? component_array(path, "lat_stdev", &ndim_sd, shape_sd, error) : NULL;
  gboolean of_z = TRUE;

  if (!sd)
    return NULL;
  if (ndim < 2 || ndim > 4 || ndim_sd != 1 || shape[0] != shape_sd[0] || shape[0] < 1 ||
      shape[0] > SG_DIRECTIONS_MAX || shape[ndim - 1] < 1 || shape[ndim - 1] > G_MAXUINT16) {
    bad_shape(ndim, shape, error);
    return NULL;
  }
  for (int i = 1; i < ndim - 1; i++)
    if (shape[i] != 1) {
      bad_shape(ndim, shape, error);
      return NULL;
    }
  gint64 n = shape[0], dim = shape[ndim - 1];
  for (gint64 i = 0; i < n; i++)
    of_z &= sd[i] == 1;
  if (of_z) {
    sg_unsupported(error, "these components are of z (every lat_stdev is 1): the mapping network "
                          "bends what is straight in z. GANSpace's --use_w finds those of w");
    return NULL;
  }
  g_autoptr(SgDirectionSet) s = sg_direction_set_new((int)dim, "", "ganspace", "");
  for (gint64 i = 0; i < n; i++) {
    g_autofree char *name = g_strdup_printf("pc%d", (int)i + 1);
    for (gint64 k = 0; k < dim; k++)
      v[i * dim + k] *= sd[i];
    if (!sg_direction_set_add(s, name, v + i * dim)) {
      sg_broken(error, "component %d is 0 or has numbers that are not finite", (int)i + 1);
      return NULL;
    }
  }
  return g_steal_pointer(&s);
}

/* An archive whose only tensor is a direction. */
static SgDirectionSet *
from_tensor(const SgArchive *a, GError **error)
{
  const SgTensor *t = a->entries->len == 1 ? ((const SgEntry *)a->entries->pdata[0])->tensor : NULL;

  if (!t || t->numel > MOST_NUMBERS) {
    sg_unsupported(error, "expected directions: one tensor [w_dim], or a file that Vitrine wrote");
    return NULL;
  }
  g_autofree double *v = g_new(double, MAX(t->numel, 1));
  for (gsize i = 0; i < t->numel; i++)
    v[i] = (double)t->data[i];
  return from_array(t->ndim, t->shape, v, error);
}

gboolean
sg_direction_is_foreign(const char *path)
{
  return g_str_has_suffix(path, ".npy") || g_str_has_suffix(path, ".npz") ||
         g_str_has_suffix(path, ".pt");
}

SgDirectionSet *
sg_direction_foreign_load(const char *path, GError **error)
{
  GError *inner = NULL;
  SgDirectionSet *s = NULL;

  if (g_str_has_suffix(path, ".npy"))
    s = from_npy(path, &inner);
  else if (g_str_has_suffix(path, ".npz"))
    s = from_ganspace(path, &inner);
  else {
    g_autoptr(SgArchive) a = sg_archive_open(path, &inner);
    s = a ? from_tensor(a, &inner) : NULL;
  }
  if (s)
    return s;
  if (strstr(inner->message, path))
    g_propagate_error(error, inner);
  else
    g_propagate_prefixed_error(error, inner, "%s: ", path);
  return NULL;
}
