#include "engine/explore/vector-file.h"
#include "engine/formats/archive.h"
#include "engine/formats/format-error.h"
#include "engine/formats/npy.h"
#include "engine/formats/npz.h"
#include "engine/formats/writer.h"
#include <math.h>
#include <string.h>

/* As a file has them, before it is known what they are. */
typedef struct {
  int ndim;
  gint64 shape[SG_MAX_DIMS];
  double *v;
  int space; /* that a key tells; < 0: none does */
} Array;

static gboolean
ends_with(const char *path, const char *end)
{
  gsize n = strlen(path), k = strlen(end);
  return n >= k && g_ascii_strcasecmp(path + n - k, end) == 0;
}

gboolean
sg_vectors_is_name(const char *path)
{
  return ends_with(path, ".npy") || ends_with(path, ".npz") || ends_with(path, ".pt");
}

void
sg_vectors_free(SgVectors *vectors)
{
  if (!vectors)
    return;
  g_free(vectors->v);
  g_free(vectors);
}

/* ---- reading --------------------------------------------------------------------------------- */

static gsize
most_numbers(const SgModelInfo *info)
{
  return SG_VECTORS_MAX * (gsize)MAX(info->num_ws, 1) * (gsize)MAX(info->z_dim, info->w_dim);
}

/* A file of nothing but one tensor, as PTI keeps pivots and e4e writes latents: what it is its
 * shape or the file's name has to tell. */
static gboolean
read_only_tensor(const char *path, const SgTensor *t, gsize most, Array *a, GError **error)
{
  if (t->ndim < 1 || t->numel < 1 || t->numel > most)
    return sg_unsupported(error,
                          "%s: expected vectors, found a tensor of %" G_GSIZE_FORMAT " numbers",
                          path, t->numel);
  a->ndim = t->ndim;
  memcpy(a->shape, t->shape, sizeof a->shape[0] * (gsize)t->ndim);
  a->v = g_new(double, t->numel);
  for (gsize i = 0; i < t->numel; i++)
    if (!isfinite(a->v[i] = (double)t->data[i])) {
      g_clear_pointer(&a->v, g_free);
      return sg_broken(error, "%s: number %" G_GSIZE_FORMAT " is not finite", path, i);
    }
  return TRUE;
}

/* Latents of a torch file, one after the other: [N, …] of the first one's shape. */
static gboolean
read_torch(const char *path, gsize most, Array *a, GError **error)
{
  g_autoptr(SgArchive) archive = sg_archive_open(path, error);
  g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(double));
  const SgTensor *first = NULL;
  gint64 n = 0;

  for (guint i = 0; archive && i < archive->entries->len && n < SG_VECTORS_MAX; i++) {
    const SgEntry *entry = archive->entries->pdata[i];
    const SgTensor *t = entry->tensor;
    if (!g_str_has_suffix(entry->name, ".latent") && !g_str_equal(entry->name, "latent"))
      continue;
    if (first && (t->ndim != first->ndim ||
                  memcmp(t->shape, first->shape, sizeof t->shape[0] * (gsize)t->ndim) != 0))
      continue;
    first = first ? first : t;
    for (gsize k = 0; k < t->numel; k++) {
      double v = (double)t->data[k];
      if (!isfinite(v))
        return sg_broken(error, "%s: a latent holds values that are not finite", path);
      g_array_append_val(numbers, v);
    }
    n++;
  }
  if (!archive)
    return FALSE;
  if (!first && archive->entries->len == 1)
    return read_only_tensor(path, ((SgEntry *)archive->entries->pdata[0])->tensor, most, a, error);
  if (!first || first->ndim < 1 || first->ndim > SG_MAX_DIMS - 1)
    return sg_unsupported(error, "%s: expected latents of a projection, found %s", path,
                          archive->kind);
  a->ndim = first->ndim + 1;
  a->shape[0] = n;
  memcpy(a->shape + 1, first->shape, sizeof a->shape[0] * (gsize)first->ndim);
  a->v = (double *)(gpointer)g_array_free(g_steal_pointer(&numbers), FALSE);
  a->space = SG_SPACE_W; /* rosinality's projector knows no other */
  return TRUE;
}

/* Keys of .npz files: ours and NVlabs' first, then what other tools call them, of which only some
 * tell what it is; arr_0 is NumPy's name where nobody gave one. */
static const char *const keys_of_w[] = {"w",       "ws",     "w_plus", "dlatents",
                                        "latents", "latent", "arr_0",  NULL};
static const char *const keys_of_z[] = {"z", "latents", "latent", "arr_0", NULL};
static const char *const keys_of_both[] = {"w",       "z",      "ws",    "w_plus", "dlatents",
                                           "latents", "latent", "arr_0", NULL};

static int
space_of_key(const char *key)
{
  if (g_str_equal(key, "latents") || g_str_equal(key, "latent") || g_str_equal(key, "arr_0"))
    return -1;
  return *key == 'z' ? SG_SPACE_Z : SG_SPACE_W;
}

static gboolean
read_array(const char *path, const SgModelInfo *info, int space, Array *a, GError **error)
{
  const char *const *keys = space < 0 ? keys_of_both : space == SG_SPACE_W ? keys_of_w : keys_of_z;
  const char *key;

  *a = (Array){.space = -1};
  if (ends_with(path, ".pt"))
    return read_torch(path, most_numbers(info), a, error);
  if (!ends_with(path, ".npz")) {
    a->v = sg_npy_read_doubles(path, most_numbers(info), &a->ndim, a->shape, error);
    return a->v != NULL;
  }
  a->v = sg_npz_read(path, keys, most_numbers(info), &key, &a->ndim, a->shape, error);
  a->space = a->v ? space_of_key(key) : -1;
  return a->v != NULL;
}

/* "face-z.npy", "projected_w.npz", "w.npy"; < 0: says nothing. */
static int
space_of_name(const char *path)
{
  g_autofree char *base = g_path_get_basename(path);
  char *dot = strrchr(base, '.');
  gsize n;

  if (dot)
    *dot = '\0';
  n = strlen(base);
  if (n == 0 || (n > 1 && !strchr("-_. ", base[n - 2])))
    return -1;
  switch (g_ascii_tolower(base[n - 1])) {
  case 'z':
    return SG_SPACE_Z;
  case 'w':
    return SG_SPACE_W;
  default:
    return -1;
  }
}

/* How an array is read as vectors of a space; FALSE: it cannot be. */
static gboolean
fits(const Array *a, const SgModelInfo *info, SgSpace space, gint64 *n, gint64 *layers)
{
  const gint64 *s = a->shape;
  int dim = space == SG_SPACE_Z ? info->z_dim : info->w_dim;

  *n = *layers = 1;
  if (a->ndim < 1 || a->ndim > 3 || s[a->ndim - 1] != dim)
    return FALSE;
  if (a->ndim == 3) {
    *n = s[0];
    *layers = s[1];
  } else if (a->ndim == 2 && space == SG_SPACE_W && s[0] == info->num_ws) {
    *layers = s[0];
  } else if (a->ndim == 2) {
    *n = s[0];
  }
  return *n >= 1 && *n <= SG_VECTORS_MAX &&
         (*layers == 1 || (space == SG_SPACE_W && *layers == info->num_ws));
}

static gboolean
wrong_shape(const Array *a, const char *path, const SgModelInfo *info, int space, GError **error)
{
  g_autofree char *found = sg_shape_to_string(a->ndim, a->shape);
  g_autofree char *z = g_strdup_printf("z [%d] or [N, %d]", info->z_dim, info->z_dim);
  g_autofree char *w =
      g_strdup_printf("w [%d], [N, %d], [%d, %d] or [N, %d, %d]", info->w_dim, info->w_dim,
                      info->num_ws, info->w_dim, info->num_ws, info->w_dim);

  return sg_unsupported(error, "%s: this model takes %s%s%s, the array is %s", path,
                        space == SG_SPACE_W ? "" : z, space < 0 ? ", or " : "",
                        space == SG_SPACE_Z ? "" : w, found);
}

/* The space of the array, < 0 and an error if it stays in doubt. */
static int
find_space(const Array *a, const char *path, const SgModelInfo *info, int space, int fallback,
           const char *option, GError **error)
{
  gint64 n, layers;
  gboolean z = fits(a, info, SG_SPACE_Z, &n, &layers), w = fits(a, info, SG_SPACE_W, &n, &layers);
  int told = space >= 0 ? space : a->space >= 0 ? a->space : space_of_name(path);

  if (told >= 0) {
    if (told == SG_SPACE_Z ? z : w)
      return told;
    wrong_shape(a, path, info, told, error);
  } else if (!z && !w) {
    wrong_shape(a, path, info, -1, error);
  } else if (z != w) {
    return z ? SG_SPACE_Z : SG_SPACE_W;
  } else if (fallback >= 0) {
    return fallback;
  } else {
    sg_unsupported(error,
                   "%s: could be z or w; say which with %s, or by a name that ends in -z or -w",
                   path, option);
  }
  return -1;
}

SgVectors *
sg_vectors_read(const char *path, const SgModelInfo *info, int space, int fallback,
                const char *option, GError **error)
{
  Array a;
  gint64 n, layers;

  if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) { /* a pipe would never end */
    sg_unsupported(error, "%s: expected a file of vectors, found %s", path,
                   g_file_test(path, G_FILE_TEST_EXISTS) ? "something else" : "nothing");
    return NULL;
  }
  if (!read_array(path, info, space, &a, error))
    return NULL;
  space = find_space(&a, path, info, space, fallback, option, error);
  if (space < 0 || !fits(&a, info, (SgSpace)space, &n, &layers)) {
    g_free(a.v);
    return NULL;
  }
  SgVectors *v = g_new0(SgVectors, 1);
  *v = (SgVectors){.space = (SgSpace)space,
                   .n = (int)n,
                   .layers = (int)layers,
                   .dim = space == SG_SPACE_Z ? info->z_dim : info->w_dim,
                   .v = a.v};
  return v;
}

void
sg_vectors_apply(const SgVectors *vectors, int i, SgRecipe *r)
{
  gsize size = (gsize)vectors->layers * (gsize)vectors->dim;
  const double *v = vectors->v + (gsize)i * size;

  if (vectors->space == SG_SPACE_W) {
    sg_recipe_set_w(r, vectors->layers, v);
  } else {
    sg_recipe_drop_vectors(r);
    r->z_base = g_memdup2(v, sizeof *v * size);
  }
}

/* ---- writing --------------------------------------------------------------------------------- */

gboolean
sg_vectors_write(const char *path, SgSpace space, int layers, int dim, const double *v,
                 GError **error)
{
  static const char *const endings[] = {".npy", ".npz", NULL};
  gint64 shape[3] = {1, layers, dim};

  if (!sg_check_ending(path, endings, error))
    return FALSE;
  if (ends_with(path, ".npz")) {
    gint64 z_shape[2] = {1, dim};
    return space == SG_SPACE_Z ? sg_npz_write_double(path, "z", 2, z_shape, v, error)
                               : sg_npz_write_double(path, "w", 3, shape, v, error);
  }
  g_autoptr(GBytes) npy = layers > 1 ? sg_npy_bytes_double(2, shape + 1, v, error)
                                     : sg_npy_bytes_double(1, shape + 2, v, error);
  return npy && sg_write_file(path, g_bytes_get_data(npy, NULL), g_bytes_get_size(npy), error);
}
