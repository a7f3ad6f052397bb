#include "engine/base/tensor.h"
#include "engine/base/room.h"
#include "engine/base/sha256.h"
#include <glib/gstdio.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

gpointer
sg_aligned_alloc(gsize bytes)
{
  void *p = NULL;
  if (bytes > G_MAXSSIZE - 64 || posix_memalign(&p, 64, MAX(bytes, 64)) != 0)
    return NULL;
  return p;
}

void
sg_aligned_free(gpointer p)
{
  free(p);
}

static gboolean
count_elements(int ndim, const gint64 *shape, gsize *numel)
{
  *numel = 1;
  if (ndim < 0 || ndim > SG_MAX_DIMS)
    return FALSE;
  for (int i = 0; i < ndim; i++)
    if (shape[i] < 0 || !g_size_checked_mul(numel, *numel, (gsize)shape[i]))
      return FALSE;
  return *numel <= G_MAXSSIZE / sizeof(float);
}

SgTensor *
sg_tensor_try_new(int ndim, const gint64 *shape, GError **error)
{
  gsize numel;
  if (!count_elements(ndim, shape, &numel)) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "a tensor with impossible sizes");
    return NULL;
  }
  float *data = numel ? sg_aligned_alloc(numel * sizeof(float)) : NULL;
  if (numel && !data) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                "not enough memory for a tensor of %" G_GSIZE_FORMAT " bytes",
                numel * sizeof(float));
    return NULL;
  }
  SgTensor *t = g_new0(SgTensor, 1);
  g_atomic_ref_count_init(&t->ref);
  t->ndim = ndim;
  if (ndim > 0) /* a single number has no shape */
    memcpy(t->shape, shape, sizeof(gint64) * (gsize)ndim);
  t->numel = numel;
  t->data = data;
  return t;
}

SgTensor *
sg_tensor_new(int ndim, const gint64 *shape)
{
  g_autoptr(GError) error = NULL;
  SgTensor *t = sg_tensor_try_new(ndim, shape, &error);
  gsize numel;
  if (!t)
    sg_room_missing(count_elements(ndim, shape, &numel) ? numel * sizeof(float) : G_MAXSIZE);
  if (t && t->numel)
    memset(t->data, 0, t->numel * sizeof(float));
  return t;
}

SgTensor *
sg_tensor_ref(SgTensor *t)
{
  g_atomic_ref_count_inc(&t->ref);
  return t;
}

void
sg_tensor_unref(SgTensor *t)
{
  if (t && g_atomic_ref_count_dec(&t->ref)) {
    sg_aligned_free(t->data);
    g_free(t);
  }
}

SgTensor *
sg_tensor_copy(const SgTensor *t)
{
  SgTensor *copy = sg_tensor_new(t->ndim, t->shape);
  if (copy && t->numel)
    memcpy(copy->data, t->data, t->numel * sizeof(float));
  return copy;
}

gboolean
sg_tensor_has_shape(const SgTensor *t, int ndim, ...)
{
  va_list args;
  gboolean same = t && t->ndim == ndim;
  va_start(args, ndim);
  for (int i = 0; same && i < ndim; i++)
    same = t->shape[i] == va_arg(args, int);
  va_end(args);
  return same;
}

char *
sg_shape_to_string(int ndim, const gint64 *shape)
{
  GString *s = g_string_new("[");
  for (int i = 0; i < ndim; i++)
    g_string_append_printf(s, "%s%" G_GINT64_FORMAT, i ? ", " : "", shape[i]);
  g_string_append_c(s, ']');
  return g_string_free(s, FALSE);
}

char *
sg_sha256_hex(struct sha256_ctx *sum)
{
  guint8 digest[SHA256_DIGEST_SIZE];
  GString *hex = g_string_sized_new(2 * SHA256_DIGEST_SIZE);

  sha256_digest(sum, sizeof digest, digest);
  for (guint i = 0; i < sizeof digest; i++)
    g_string_append_printf(hex, "%02x", digest[i]);
  return g_string_free(hex, FALSE);
}

char *
sg_tensor_sha256(const SgTensor *t)
{
  struct sha256_ctx sum;

  sha256_init(&sum);
  sha256_update(&sum, t->numel * sizeof(float), (const guint8 *)t->data);
  return sg_sha256_hex(&sum);
}
