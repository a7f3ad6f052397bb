#include "engine/models/model.h"
#include "engine/base/room.h"
#include "engine/formats/writer.h"
#include "engine/base/sha256.h"
#include "engine/formats/format-error.h"
#include "engine/models/family.h"
#include "engine/models/foreign.h"
#include "engine/models/importer.h"
#include "engine/models/statements.h"
#include "engine/formats/safetensors.h"
#include "engine/formats/torch-write.h"
#include "engine/models/model-save.h"
#include <math.h>
#include <stdarg.h>
#include <string.h>

static SgModel *
new_model(const char *path, const char *kind)
{
  SgModel *m = g_new0(SgModel, 1);
  g_atomic_ref_count_init(&m->ref);
  m->path = g_strdup(path);
  m->kind = g_strdup(kind);
  m->names = g_ptr_array_new_with_free_func(g_free);
  m->tensors =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)sg_tensor_unref);
  m->metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  m->warnings = g_ptr_array_new_with_free_func(g_free);
  m->info.family = &sg_family_stylegan2;
  m->info.mapping_lr_mul = m->info.d_mapping_lr_mul = 0.01;
  m->info.g_conv_clamp = m->info.d_conv_clamp = -1;
  m->info.mbstd_group_size = 4;
  m->info.usual_psi = 1;
  m->info.usual_cutoff = -1;
  return m;
}

SgModel *
sg_model_ref(SgModel *m)
{
  g_atomic_ref_count_inc(&m->ref);
  return m;
}

void
sg_model_unref(SgModel *m)
{
  if (!m || !g_atomic_ref_count_dec(&m->ref))
    return;
  g_ptr_array_unref(m->names);
  g_hash_table_unref(m->tensors);
  g_hash_table_unref(m->metadata);
  g_ptr_array_unref(m->warnings);
  sg_network_unref(m->generator);
  sg_network_unref(m->discriminator);
  g_free(m->path);
  g_free(m->kind);
  g_free(m->hash);
  g_free(m);
}

/* ---- looking up ------------------------------------------------------------------------------ */

SgTensor *
sg_model_tensor(const SgModel *m, const char *prefix, const char *name)
{
  char full[256];
  if (g_snprintf(full, sizeof full, "%s%s", prefix, name) >= (int)sizeof full)
    return NULL;
  return g_hash_table_lookup(m->tensors, full);
}

SgTensor *
sg_model_tensorf(const SgModel *m, const char *prefix, const char *format, ...)
{
  char name[256];
  va_list args;
  va_start(args, format);
  g_vsnprintf(name, sizeof name, format, args);
  va_end(args);
  return sg_model_tensor(m, prefix, name);
}

gboolean
sg_model_has(const SgModel *m, const char *prefix)
{
  for (guint i = 0; i < m->names->len; i++)
    if (g_str_has_prefix(m->names->pdata[i], prefix))
      return TRUE;
  return FALSE;
}

const char *
sg_model_generator_prefix(const SgModel *m)
{
  return sg_model_has(m, "G_ema.") ? "G_ema." : "G.";
}

/* ---- networks -------------------------------------------------------------------------------- */

/* Two threads that ask at once describe it twice, and keep one. */
static const SgNetwork *
described(const SgModel *m, SgNetwork **slot, const char *prefix)
{
  SgNetwork *n = g_atomic_pointer_get(slot);

  if (n)
    return n;
  n = sg_family_describe(m, prefix);
  if (!g_atomic_pointer_compare_and_exchange(slot, NULL, n))
    sg_network_unref(n);
  return g_atomic_pointer_get(slot);
}

const SgNetwork *
sg_model_generator(const SgModel *m)
{
  return described(m, &((SgModel *)m)->generator, sg_model_generator_prefix(m));
}

const SgNetwork *
sg_model_discriminator(const SgModel *m)
{
  return described(m, &((SgModel *)m)->discriminator, "D.");
}

void
sg_model_share_networks(SgModel *m, const SgModel *from)
{
  m->generator = sg_network_ref((SgNetwork *)sg_model_generator(from));
  if (from->info.has_d)
    m->discriminator = sg_network_ref((SgNetwork *)sg_model_discriminator(from));
}

static const char *const arch_names[] = {"skip", "orig", "resnet"};

char *
sg_model_summary(const SgModel *m)
{
  const SgModelInfo *i = &m->info;
  GString *s = g_string_new(NULL);

  g_string_printf(s, "%s, %d×%d", i->family->title, sg_info_width(i), sg_info_height(i));
  if (i->img_channels != 3)
    g_string_append_printf(s, " with %d colour %s", i->img_channels,
                           i->img_channels == 1 ? "channel" : "channels");
  if (i->family->architectures)
    g_string_append_printf(s, ", %s", arch_names[i->g_arch]);
  g_string_append_printf(s, ", %d-dimensional z, %d styles", i->z_dim, i->num_ws);
  if (i->c_dim > 0)
    g_string_append_printf(s, ", %d classes", i->c_dim);
  g_string_append(s, i->has_d ? ", with discriminator" : ", without discriminator");
  return g_string_free(s, FALSE);
}

/* ---- loading --------------------------------------------------------------------------------- */

static gboolean
check_finite(const SgModel *m, GError **error)
{
  guint64 bad = 0, total = 0;
  const char *first = NULL;

  for (guint i = 0; i < m->names->len; i++) {
    const SgTensor *t = g_hash_table_lookup(m->tensors, m->names->pdata[i]);
    guint64 before = bad;
    for (gsize k = 0; k < t->numel; k++)
      bad += !isfinite(t->data[k]);
    if (bad > before && !first)
      first = m->names->pdata[i];
    total += t->numel;
  }
  if (!bad)
    return TRUE;
  return sg_broken(
      error, "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " weights are not finite, first %s", bad,
      total, first);
}

void
sg_model_copy_metadata(SgModel *m, const SgArchive *a, gboolean (*skip)(const char *key))
{
  static const char prefix[] = "__metadata__.";
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init(&iter, a->attributes);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    const char *name = key;
    if (g_str_has_prefix(name, prefix))
      name += strlen(prefix);
    else if (skip && skip(name))
      continue;
    g_hash_table_replace(m->metadata, g_strdup(name), g_strdup(value));
  }
}

static char *
compute_hash(const SgModel *m)
{
  struct sha256_ctx sum;

  sha256_init(&sum);
  for (guint i = 0; i < m->names->len; i++) {
    const char *name = m->names->pdata[i];
    const SgTensor *t = g_hash_table_lookup(m->tensors, name);
    g_autofree char *shape = sg_shape_to_string(t->ndim, t->shape);
    sha256_update(&sum, strlen(name) + 1, (const guint8 *)name);
    sha256_update(&sum, strlen(shape) + 1, (const guint8 *)shape);
    sha256_update(&sum, t->numel * sizeof(float), (const guint8 *)t->data);
  }
  return sg_sha256_hex(&sum);
}

static const SgImporter *
find_importer(const SgArchive *networks)
{
  static const SgImporter *const importers[] = {
      &sg_import_canonical, &sg_import_rosinality, &sg_import_mystylegan, &sg_import_tensorflow,
      &sg_import_stylegan,  &sg_import_genforce,   &sg_import_ports};
  for (gsize i = 0; i < G_N_ELEMENTS(importers); i++)
    if (importers[i]->matches(networks))
      return importers[i];
  return NULL;
}

static gboolean
check_colours(const SgModel *m, GError **error)
{
  return m->info.img_channels <= SG_MAX_COLOURS ||
         sg_unsupported(error,
                        "its pictures have %d colour channels; Vitrine draws up to %d (red, green, "
                        "blue and alpha)",
                        m->info.img_channels, SG_MAX_COLOURS);
}

gboolean
sg_info_require_square(const SgModelInfo *i, const char *what, GError **error)
{
  int h = sg_info_height(i), w = sg_info_width(i);

  return h == w ||
         sg_unsupported(error, "this model's pictures are %d×%d; %s works on square ones only", w,
                        h, what);
}

static int asked_resolution;

void
sg_model_ask_resolution(int pixels)
{
  asked_resolution = pixels;
}

static gboolean
check_resolution(const SgModel *m, GError **error)
{
  int asked = m->asked_resolution, found = m->info.img_resolution;

  return asked <= 0 || asked == found ||
         sg_unsupported(error,
                        "its pictures are %d×%d, as the file says itself; --network-resolution is "
                        "for files that do not say it",
                        found, found);
}

static SgModel *
import(const SgImporter *importer, const SgArchive *networks, GError **error)
{
  g_autoptr(SgModel) m = new_model(networks->path, networks->kind);
  m->asked_resolution = asked_resolution;
  gboolean ok = importer->import(networks, m, error) && sg_model_recognise(m, error) &&
                check_colours(m, error) && check_resolution(m, error) &&
                sg_check_statements(networks, m, error) && check_finite(m, error);
  return ok ? g_steal_pointer(&m) : NULL;
}

/* A generator can be looked at without its discriminator. */
static SgModel *
import_generators(const SgImporter *importer, const SgUnwrapped *u, const GError *why,
                  GError **error)
{
  g_autoptr(SgArchive) generators = sg_unwrapped_generators(u);
  SgModel *m = import(importer, generators, error);
  if (m)
    sg_model_warn(m, "The discriminator cannot be read, so nothing can be scored: %s",
                  why->message);
  return m;
}

static SgModel *
import_archive(const SgArchive *archive, GError **error)
{
  g_autoptr(SgUnwrapped) u = sg_unwrap(archive);
  const SgImporter *importer = find_importer(u->archive);
  g_autoptr(GError) why = NULL, still = NULL;

  if (!importer) {
    sg_name_unknown_network(archive, u, error);
    return NULL;
  }
  SgModel *m = import(importer, u->archive, &why);
  if (!m && u->discriminator)
    m = import_generators(importer, u, why, &still);
  if (!m) {
    g_propagate_error(error, still ? g_steal_pointer(&still) : g_steal_pointer(&why));
    return NULL;
  }
  if (m && !u->discriminator)
    sg_warn_of_unknown_discriminator(archive, m);
  for (guint i = 0; m && i < u->notes->len; i++)
    sg_model_warn(m, "%s", (char *)u->notes->pdata[i]);
  return m;
}

SgModel *
sg_model_from_archive(SgArchive *archive, GError **error)
{
  GError *why = NULL, *shortage = NULL;
  SgModel *m = import_archive(archive, &why);
  if (!sg_room_check(&shortage)) { /* not a word of what seems to be missing then */
    g_clear_error(&why);
    why = shortage;
    g_clear_pointer(&m, sg_model_unref);
  }
  if (why)
    g_propagate_error(error, why);
  if (m)
    m->hash = compute_hash(m);
  else
    g_prefix_error(error, "%s: ", archive->path);
  return m;
}

SgModel *
sg_model_load(const char *path, GError **error)
{
  g_autoptr(SgArchive) archive = sg_archive_open(path, error);
  return archive ? sg_model_from_archive(archive, error) : NULL;
}

void
sg_model_warn(SgModel *m, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_ptr_array_add(m->warnings, g_strdup_vprintf(format, args));
  va_end(args);
}

/* ---- for importers --------------------------------------------------------------------------- */

void
sg_model_add(SgModel *m, const char *prefix, const char *name, SgTensor *tensor)
{
  if (tensor) /* else there is no memory, which sg_model_from_archive() notices */
    g_hash_table_replace(m->tensors, g_strconcat(prefix, name, NULL), tensor);
}

SgTensor *
sg_tensor_reshaped(const SgTensor *t, int ndim, const gint64 *shape)
{
  SgTensor *copy = sg_tensor_new(ndim, shape);
  g_assert(!copy || copy->numel == t->numel);
  if (copy)
    memcpy(copy->data, t->data, t->numel * sizeof(float));
  return copy;
}

gboolean
sg_is_standard_filter(const SgTensor *t)
{
  static const float taps[4] = {1, 3, 3, 1};
  int n = t->ndim;
  float sum = 0;

  /* [4, 4], or the separable [4] of newer code. */
  if (n < 1 || n > 2 || t->shape[0] != 4 || (n == 2 && t->shape[1] != 4))
    return FALSE;
  for (gsize i = 0; i < t->numel; i++)
    sum += t->data[i];
  for (gsize i = 0; i < t->numel; i++) {
    float expected = n == 1 ? taps[i] / 8 : taps[i / 4] * taps[i % 4] / 64;
    if (!(fabsf(t->data[i] - expected * sum) <= 1e-5f * fabsf(sum)))
      return FALSE;
  }
  return TRUE;
}

static gboolean
parse_double(const char *text, double *value)
{
  char *end;
  *value = g_ascii_strtod(text, &end);
  return end > text && !*end && isfinite(*value);
}

gboolean
sg_read_multiplier(const char *text, double *value, GError **error)
{
  double v;
  if (!text)
    return TRUE;
  if (!parse_double(text, &v) || v <= 0 || v > 1e6)
    return sg_broken(
        error, "it states the learning rate multiplier “%s”, which is no number above 0", text);
  *value = v;
  return TRUE;
}

gboolean
sg_read_clamp(const char *text, double *value, GError **error)
{
  double v = -1;
  if (!text)
    return TRUE;
  if (strcmp(text, "None") != 0 && (!parse_double(text, &v) || v < 0))
    return sg_broken(error, "it states the clamp “%s”, which is no number", text);
  *value = v;
  return TRUE;
}

gboolean
sg_read_architecture(const char *text, SgArch *arch, GError **error)
{
  for (gsize i = 0; text && i < G_N_ELEMENTS(arch_names); i++)
    if (strcmp(text, arch_names[i]) == 0) {
      *arch = (SgArch)i;
      return TRUE;
    }
  return !text || sg_unsupported(
                      error, "it states the architecture “%s”, which Vitrine does not know", text);
}

gboolean
sg_parse_int(const char *text, int min, int max, int *value)
{
  gint64 v;
  if (!text || !g_ascii_string_to_signed(text, 10, min, max, &v, NULL))
    return FALSE;
  *value = (int)v;
  return TRUE;
}

SgModel *
sg_model_new(const char *path, const SgModelInfo *info)
{
  SgModel *m = new_model(path, "Vitrine training");
  m->info = *info;
  return m;
}

void
sg_model_take(SgModel *m, const char *prefix, const char *name, SgTensor *tensor)
{
  g_ptr_array_add(m->names, g_strconcat(prefix, name, NULL));
  sg_model_add(m, prefix, name, tensor);
}

SgModel *
sg_model_new_light(const SgModel *model)
{
  SgModel *m = new_model(model->path, model->kind);
  const char *g = sg_model_generator_prefix(model);
  GHashTableIter iter;
  gpointer key, value;

  m->info = model->info;
  sg_model_share_networks(m, model);
  for (guint i = 0; i < model->warnings->len; i++)
    sg_model_warn(m, "%s", (char *)model->warnings->pdata[i]);
  for (guint i = 0; i < model->names->len; i++) {
    const char *name = model->names->pdata[i];
    if (!g_str_has_prefix(name, g) && !g_str_has_prefix(name, "D."))
      continue;
    g_ptr_array_add(m->names, g_strdup(name));
    g_hash_table_replace(m->tensors, g_strdup(name),
                         sg_tensor_ref(g_hash_table_lookup(model->tensors, name)));
  }
  g_hash_table_iter_init(&iter, model->metadata);
  while (g_hash_table_iter_next(&iter, &key, &value))
    if (!g_str_has_prefix(key, "train."))
      g_hash_table_replace(m->metadata, g_strdup(key), g_strdup(value));
  m->hash = compute_hash(m);
  return m;
}

/* ---- saving ---------------------------------------------------------------------------------- */

static void
put_int(GHashTable *meta, const char *key, int value)
{
  g_hash_table_replace(meta, g_strdup(key), g_strdup_printf("%d", value));
}

static void
put_double(GHashTable *meta, const char *key, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_hash_table_replace(meta, g_strdup(key), g_strdup(g_ascii_dtostr(text, sizeof text, value)));
}

static void
put_text(GHashTable *meta, const char *key, const char *value)
{
  g_hash_table_replace(meta, g_strdup(key), g_strdup(value));
}

/* "4:512,8:512,16:256": channels of each block's output. */
static char *
describe_channels(const SgModel *m)
{
  const SgNetwork *n = sg_model_generator(m);
  GString *s = g_string_new(NULL);

  for (guint k = 0; k < n->run->len; k++) {
    const SgLayer *l = sg_network_running(n, k);
    if (l->kind == SG_KIND_MODULATED && l->stride_up == 1)
      g_string_append_printf(s, "%s%d:%d", s->len ? "," : "", l->out_h, l->out);
  }
  return g_string_free(s, FALSE);
}

static GHashTable *
native_metadata(const SgModel *m)
{
  GHashTable *meta = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  const SgModelInfo *i = &m->info;
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init(&iter, m->metadata);
  while (g_hash_table_iter_next(&iter, &key, &value))
    put_text(meta, key, value);
  put_text(meta, "format", i->family->name);
  put_int(meta, "img_resolution", i->img_resolution);
  put_int(meta, "img_channels", i->img_channels);
  put_int(meta, "z_dim", i->z_dim);
  put_int(meta, "w_dim", i->w_dim);
  put_int(meta, "c_dim", i->c_dim);
  put_int(meta, "mapping_layers", i->mapping_layers);
  put_double(meta, "mapping_lr_mul", i->mapping_lr_mul);
  put_int(meta, "num_ws", i->num_ws);
  if (i->has_d) {
    put_int(meta, "mbstd_group_size", i->mbstd_group_size);
    put_int(meta, "mbstd_num_channels", i->mbstd_num_channels);
  }
  if (i->g_conv_clamp >= 0)
    put_double(meta, "g_conv_clamp", i->g_conv_clamp);
  if (i->has_d && i->d_conv_clamp >= 0)
    put_double(meta, "d_conv_clamp", i->d_conv_clamp);
  if (i->has_d && (i->family->architectures || i->c_dim))
    put_double(meta, "d_mapping_lr_mul", i->d_mapping_lr_mul);
  if (!i->family->architectures)
    return meta;
  g_hash_table_replace(meta, g_strdup("channels"), describe_channels(m));
  put_text(meta, "g_architecture", arch_names[i->g_arch]);
  if (i->has_d)
    put_text(meta, "d_architecture", arch_names[i->d_arch]);
  return meta;
}

gboolean
sg_model_save(SgModel *m, const char *path, GError **error)
{
  return sg_model_save_as(m, path, SG_MODEL_SAFETENSORS, SG_DTYPE_FLOAT32, error);
}

gboolean
sg_model_save_as(SgModel *m, const char *path, SgModelForm form, SgDtype dtype, GError **error)
{
  static const char *const native[] = {".safetensors", NULL};
  static const char *const torch[] = {".pt", ".pth", NULL};
  g_autoptr(GHashTable) meta = native_metadata(m);

  if (!sg_check_ending(path, form == SG_MODEL_TORCH ? torch : native, error))
    return FALSE;
  if (form == SG_MODEL_TORCH)
    return sg_torch_write(path, m->names, m->tensors, meta, dtype, error);
  return sg_safetensors_write_as(path, m->names, m->tensors, meta, dtype, error);
}

GBytes *
sg_model_head(const SgModel *m)
{
  g_autoptr(GHashTable) meta = native_metadata(m);
  return sg_safetensors_head(m->names, m->tensors, meta);
}
