#include "engine/explore/tuned.h"
#include "engine/base/sha256.h"
#include "engine/formats/format-error.h"
#include "engine/formats/safetensors.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

/* ---- the content's hash ---------------------------------------------------------------------- */

static void
add_tensor(struct sha256_ctx *sum, const char *name, const SgTensor *t)
{
  sha256_update(sum, strlen(name) + 1, (const guint8 *)name);
  sha256_update(sum, t->numel * sizeof(float), (const guint8 *)t->data);
}

static char *
hash_of(const SgArchive *a)
{
  struct sha256_ctx sum;

  sha256_init(&sum);
  for (guint i = 0; i < a->entries->len; i++) {
    const SgEntry *e = a->entries->pdata[i];
    add_tensor(&sum, e->name, e->tensor);
  }
  return sg_sha256_hex(&sum);
}

/* ---- saving ---------------------------------------------------------------------------------- */

/* a - b; NULL: they are equal. */
static SgTensor *
difference(const SgTensor *a, const SgTensor *b, GError **error)
{
  if (memcmp(a->data, b->data, a->numel * sizeof(float)) == 0)
    return NULL;
  SgTensor *d = sg_tensor_try_new(a->ndim, a->shape, error);
  for (gsize i = 0; d && i < a->numel; i++)
    d->data[i] = a->data[i] - b->data[i];
  return d;
}

static SgArchive *
delta_of(const SgModel *model, const SgModel *tuned, GError **error)
{
  const char *prefix = sg_model_generator_prefix(model);
  g_autoptr(SgArchive) a = sg_archive_new("", SG_CONTAINER_SAFETENSORS, "");
  GError *inner = NULL;

  for (guint i = 0; i < tuned->names->len; i++) {
    const char *name = tuned->names->pdata[i];
    SgTensor *old = sg_model_tensor(model, prefix, name + strlen(prefix));
    SgTensor *now = sg_model_tensor(tuned, "", name);
    if (!old || old->numel != now->numel)
      continue;
    SgTensor *d = difference(now, old, &inner);
    if (inner) {
      g_propagate_error(error, inner);
      return NULL;
    }
    if (d) {
      sg_archive_add(a, name, "float32", d);
      sg_tensor_unref(d);
    }
  }
  return g_steal_pointer(&a);
}

static gboolean
write_archive(const SgArchive *a, const SgModel *model, const char *path, GError **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  g_autoptr(GHashTable) tensors = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) metadata = g_hash_table_new(g_str_hash, g_str_equal);

  g_hash_table_insert(metadata, (gpointer) "vitrine", (gpointer) "tuning");
  g_hash_table_insert(metadata, (gpointer) "model", model->hash ? model->hash : (gpointer) "");
  for (guint i = 0; i < a->entries->len; i++) {
    SgEntry *e = a->entries->pdata[i];
    g_ptr_array_add(names, e->name);
    g_hash_table_insert(tensors, e->name, e->tensor);
  }
  return sg_safetensors_write(path, names, tensors, metadata, error);
}

gboolean
sg_tuned_save(const SgModel *model, const SgModel *tuned, const char *folder, SgRecipe *recipe,
              GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename(folder, NULL);
  g_autoptr(SgArchive) a = delta_of(model, tuned, error);

  if (!a)
    return FALSE;
  if (!g_utf8_validate(absolute, -1, NULL))
    return sg_unsupported(error,
                          "%s: a picture can only name files whose path is UTF-8; choose another "
                          "folder",
                          absolute);
  g_autofree char *sha256 = hash_of(a);
  g_autofree char *name = g_strdup_printf("tuned-%.12s.safetensors", sha256);
  g_autofree char *path = g_build_filename(absolute, name, NULL);
  if (!write_archive(a, model, path, error))
    return FALSE;
  sg_recipe_set_tuning(recipe, name, path, sha256);
  return TRUE;
}

/* ---- applying -------------------------------------------------------------------------------- */

static gsize
model_bytes(const SgModel *model)
{
  const char *prefix = sg_model_generator_prefix(model);
  gsize sum = 0;

  for (guint i = 0; i < model->names->len; i++)
    if (g_str_has_prefix(model->names->pdata[i], prefix))
      sum += sg_model_tensor(model, "", model->names->pdata[i])->numel * sizeof(float);
  return sum;
}

static SgArchive *
open_delta(const SgModel *model, const SgTunedWeights *t, GError **error)
{
  GStatBuf info;

  if (!g_path_is_absolute(t->file) || g_stat(t->file, &info) != 0 || !S_ISREG(info.st_mode)) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                "the tuned weights “%s” are not where they were, in %s; put the file back, or draw "
                "the face with the model's own weights",
                t->name, t->file);
    return NULL;
  }
  if ((guint64)info.st_size > 2 * (guint64)model_bytes(model) + (1 << 20)) {
    sg_unsupported(error, "%s: is larger than this model's generator", t->file);
    return NULL;
  }
  g_autoptr(SgArchive) a = sg_archive_open(t->file, error);
  g_autofree char *hash = a ? hash_of(a) : NULL;
  if (a && strcmp(hash, t->sha256) != 0) {
    sg_broken(error,
              "%s: holds other numbers than the tuned weights that the picture was made with",
              t->file);
    return NULL;
  }
  return g_steal_pointer(&a);
}

static gboolean
same_shape(const SgTensor *a, const SgTensor *b)
{
  return a->ndim == b->ndim && memcmp(a->shape, b->shape, sizeof a->shape[0] * (gsize)a->ndim) == 0;
}

/* Every tensor of the file is one of the generator's, and finite. */
static gboolean
check_delta(const SgModel *model, const SgArchive *a, const char *file, GError **error)
{
  const char *prefix = sg_model_generator_prefix(model);

  for (guint i = 0; i < a->entries->len; i++) {
    const SgEntry *e = a->entries->pdata[i];
    const SgTensor *t =
        g_str_has_prefix(e->name, prefix) ? sg_model_tensor(model, "", e->name) : NULL;
    if (!t || !same_shape(t, e->tensor))
      return sg_unsupported(error,
                            "%s: the tensor “%.80s” is none of this model's generator; the weights "
                            "were tuned for another model",
                            file, e->name);
    for (gsize k = 0; k < e->tensor->numel; k++)
      if (!isfinite(e->tensor->data[k]))
        return sg_broken(error, "%s: holds values that are not finite", file);
  }
  return TRUE;
}

static SgTensor *
sum_of(const SgTensor *a, const SgTensor *b, GError **error)
{
  SgTensor *s = sg_tensor_try_new(a->ndim, a->shape, error);

  for (gsize i = 0; s && i < a->numel; i++)
    s->data[i] = a->data[i] + b->data[i];
  return s;
}

static void
copy_metadata(gpointer key, gpointer value, gpointer to)
{
  g_hash_table_replace(to, g_strdup(key), g_strdup(value));
}

SgModel *
sg_tuned_apply(SgModel *model, const SgTunedWeights *tuning, GError **error)
{
  g_autoptr(SgArchive) a = open_delta(model, tuning, error);
  g_autoptr(SgModel) tuned = sg_model_new(model->path, &model->info);

  if (!a || !check_delta(model, a, tuning->file, error))
    return NULL;
  sg_model_share_networks(tuned, model);
  for (guint i = 0; i < model->names->len; i++) {
    const char *name = model->names->pdata[i];
    SgTensor *t = g_hash_table_lookup(model->tensors, name), *d = sg_archive_tensor(a, name);
    SgTensor *now = d ? sum_of(t, d, error) : sg_tensor_ref(t);
    if (!now)
      return NULL;
    sg_model_take(tuned, "", name, now);
  }
  g_hash_table_foreach(model->metadata, copy_metadata, tuned->metadata);
  return g_steal_pointer(&tuned);
}
