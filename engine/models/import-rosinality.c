/* rosinality/stylegan2-pytorch: the same network under other names (docs/formats.md,
 * Rosinality). */
#include "engine/formats/format-error.h"
#include "engine/models/import-tensors.h"
#include "engine/models/importer.h"
#include <string.h>

/* One network of the file: where its tensors are, and where they go. */
typedef struct {
  const SgArchive *archive;
  SgModel *model;
  const char *from, *to;
} Mapping;

/* ---- names ----------------------------------------------------------------------------------- */

/* What mmgeneration and BasicSR call the parts of a generator's names; the first that fits counts,
 * and several of one name may. */
typedef struct {
  const char *ours, *theirs;
} Rename;

static const Rename mmgeneration[] = {
    {"style.%.weight", "style_mapping.%.linear.weight_orig"},
    {"style.%", "style_mapping.%"},
    {"input.input", "constant_input.input"},
    {"noises.noise_%", "injected_noise_%"},
    {"%.modulation.weight", "%.style_modulation.linear.weight_orig"},
    {"%.modulation.bias", "%.style_modulation.bias"},
    {"%.noise.weight", "%.noise_injector.weight"},
};
static const Rename basicsr_ends[] = {
    {"%.conv.weight", "%.modulated_conv.weight"},
    {"%.conv.modulation.weight", "%.modulated_conv.modulation.weight"},
    {"%.conv.modulation.bias", "%.modulated_conv.modulation.bias"},
    {"%.noise.weight", "%.weight"},
};
static const Rename basicsr_beginnings[] = {
    {"style.%", "style_mlp.%"},          {"input.input", "constant_input.weight"},
    {"noises.noise_%", "noises.noise%"}, {"conv1.%", "style_conv1.%"},
    {"convs.%", "style_convs.%"},
};

/* `name` with the first rename that fits, where '%' is any text; to be freed. */
static char *
renamed(const Rename *renames, gsize n, const char *name)
{
  for (gsize i = 0; i < n; i++) {
    const char *star = strchr(renames[i].ours, '%');
    gsize before = star ? (gsize)(star - renames[i].ours) : strlen(renames[i].ours);
    const char *after = star ? star + 1 : "";
    if (strncmp(name, renames[i].ours, before) != 0 ||
        (star ? !g_str_has_suffix(name + before, after) : name[before] != '\0'))
      continue;
    const char *to = strchr(renames[i].theirs, '%');
    if (!star)
      return g_strdup(renames[i].theirs);
    int middle = (int)(strlen(name) - before - strlen(after));
    return g_strdup_printf("%.*s%.*s%s", (int)(to - renames[i].theirs), renames[i].theirs, middle,
                           name + before, to + 1);
  }
  return g_strdup(name);
}

static SgTensor *
find(const Mapping *m, const char *name)
{
  g_autofree char *full = g_strconcat(m->from, name, NULL);
  return sg_archive_tensor(m->archive, full);
}

static gboolean
has_mmgeneration(const Mapping *m)
{
  return find(m, "constant_input.input") && find(m, "conv1.conv.style_modulation.bias");
}

static gboolean
has_basicsr(const Mapping *m)
{
  return find(m, "constant_input.weight") && find(m, "style_conv1.modulated_conv.weight");
}

/* The tensor that rosinality's code calls so. */
static SgTensor *
lookup(const Mapping *m, const char *name)
{
  if (has_mmgeneration(m)) {
    g_autofree char *theirs = renamed(mmgeneration, G_N_ELEMENTS(mmgeneration), name);
    return find(m, theirs);
  }
  if (!has_basicsr(m))
    return find(m, name);
  g_autofree char *end = renamed(basicsr_ends, G_N_ELEMENTS(basicsr_ends), name);
  g_autofree char *theirs = renamed(basicsr_beginnings, G_N_ELEMENTS(basicsr_beginnings), end);
  return find(m, theirs);
}

static gboolean
is_generator(const SgArchive *a, const char *prefix)
{
  Mapping m = {.archive = a, .from = prefix};
  return lookup(&m, "input.input") && lookup(&m, "conv1.conv.modulation.weight");
}

static gboolean
matches(const SgArchive *a)
{
  return is_generator(a, "g_ema.") || is_generator(a, "g.");
}

/* Copies `from` (if it is there) as `to` with `ndim` dimensions. */
static void
copy(const Mapping *m, const char *from, int ndim, const char *to)
{
  SgTensor *t = lookup(m, from);
  if (t)
    sg_model_add(m->model, m->to, to, sg_tensor_squeezed(t, ndim));
}

G_GNUC_PRINTF(5, 6)
static void
copyf(const Mapping *m, const char *base, const char *from, int ndim, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *to = g_strdup_vprintf(format, args);
  va_end(args);
  g_autofree char *full = g_strconcat(base, from, NULL);
  copy(m, full, ndim, to);
}

static gboolean
check_filters(const SgArchive *a, GError **error)
{
  for (guint i = 0; i < a->entries->len; i++) {
    const SgEntry *e = a->entries->pdata[i];
    if (g_str_has_suffix(e->name, ".kernel") && !sg_is_standard_filter(e->tensor))
      return sg_unsupported(error, "%s is not the [1, 3, 3, 1] filter, the only one Vitrine knows",
                            e->name);
  }
  return TRUE;
}

/* ---- the generator --------------------------------------------------------------------------- */

static void
map_styled(const Mapping *m, const char *base, int r, const char *to)
{
  copyf(m, base, ".conv.weight", 4, "synthesis.b%d.%s.weight", r, to);
  copyf(m, base, ".conv.modulation.weight", 2, "synthesis.b%d.%s.affine.weight", r, to);
  copyf(m, base, ".conv.modulation.bias", 1, "synthesis.b%d.%s.affine.bias", r, to);
}

static void
map_layer(const Mapping *m, const char *base, int noise, int r, const char *to)
{
  g_autofree char *plane = g_strdup_printf("noises.noise_%d", noise);
  map_styled(m, base, r, to);
  copyf(m, base, ".noise.weight", 0, "synthesis.b%d.%s.noise_strength", r, to);
  copyf(m, base, ".activate.bias", 1, "synthesis.b%d.%s.bias", r, to);
  copyf(m, plane, "", 2, "synthesis.b%d.%s.noise_const", r, to);
}

static void
map_torgb(const Mapping *m, const char *base, int r)
{
  map_styled(m, base, r, "torgb");
  copyf(m, base, ".bias", 1, "synthesis.b%d.torgb.bias", r);
}

static void
map_blocks(const Mapping *m)
{
  for (int j = 0, r = 8; r <= 4096; j++, r *= 2) {
    g_autofree char *conv0 = g_strdup_printf("convs.%d", 2 * j);
    g_autofree char *conv1 = g_strdup_printf("convs.%d", 2 * j + 1);
    g_autofree char *rgb = g_strdup_printf("to_rgbs.%d", j);
    map_layer(m, conv0, 2 * j + 1, r, "conv0");
    map_layer(m, conv1, 2 * j + 2, r, "conv1");
    map_torgb(m, rgb, r);
  }
}

/* The mean of w, stored once, or (pSp and its children) once per layer: [18, 512]. Where there is
 * none, or the layers' means differ, whoever truncates takes the mean of many mapped z. */
static void
map_average(const Mapping *m)
{
  SgTensor *t = sg_archive_tensor(m->archive, "latent_avg");

  if (!t || strcmp(m->to, "G_ema.") != 0 || t->ndim < 1)
    return;
  gint64 w_dim = t->shape[t->ndim - 1];
  gsize row = (gsize)w_dim * sizeof(float);
  for (gsize i = (gsize)w_dim; w_dim > 0 && i < t->numel; i += (gsize)w_dim)
    if (memcmp(t->data, t->data + i, row) != 0) {
      sg_model_warn(m->model, "Its mean of w differs from layer to layer; truncation goes towards "
                              "the mean of many mapped z instead");
      return;
    }
  SgTensor *mean = sg_tensor_new(1, &w_dim);
  if (mean && t->numel)
    memcpy(mean->data, t->data, row);
  sg_model_add(m->model, m->to, "mapping.w_avg", mean);
}

static void
map_generator(const Mapping *m)
{
  for (int i = 0; i < 64; i++) {
    g_autofree char *base = g_strdup_printf("style.%d", i + 1);
    copyf(m, base, ".weight", 2, "mapping.fc%d.weight", i);
    copyf(m, base, ".bias", 1, "mapping.fc%d.bias", i);
  }
  copy(m, "input.input", 3, "synthesis.b4.const");
  map_layer(m, "conv1", 0, 4, "conv1");
  map_torgb(m, "to_rgb1", 4);
  map_blocks(m);
  map_average(m);
}

/* ---- the discriminator ------------------------------------------------------------------- */

static void
map_discriminator(const Mapping *m)
{
  int blocks = 0, r = 4;

  for (;; blocks++, r *= 2) {
    g_autofree char *name = g_strdup_printf("convs.%d.conv1.0.weight", blocks + 1);
    if (r > 4096 || !lookup(m, name))
      break;
  }
  copyf(m, "convs.0.0", ".weight", 4, "b%d.fromrgb.weight", r);
  copyf(m, "convs.0.1", ".bias", 1, "b%d.fromrgb.bias", r);
  for (int i = 1; i <= blocks; i++, r /= 2) {
    g_autofree char *base = g_strdup_printf("convs.%d", i);
    copyf(m, base, ".conv1.0.weight", 4, "b%d.conv0.weight", r);
    copyf(m, base, ".conv1.1.bias", 1, "b%d.conv0.bias", r);
    copyf(m, base, ".conv2.1.weight", 4, "b%d.conv1.weight", r);
    copyf(m, base, ".conv2.2.bias", 1, "b%d.conv1.bias", r);
    copyf(m, base, ".skip.1.weight", 4, "b%d.skip.weight", r);
  }
  copy(m, "final_conv.0.weight", 4, "b4.conv.weight");
  copy(m, "final_conv.1.bias", 1, "b4.conv.bias");
  copy(m, "final_linear.0.weight", 2, "b4.fc.weight");
  copy(m, "final_linear.0.bias", 1, "b4.fc.bias");
  copy(m, "final_linear.1.weight", 2, "b4.out.weight");
  copy(m, "final_linear.1.bias", 1, "b4.out.bias");
}

static gboolean
import(const SgArchive *a, SgModel *model, GError **error)
{
  Mapping averaged = {a, model, "g_ema.", "G_ema."};
  Mapping plain = {a, model, "g.", "G."};
  Mapping d = {a, model, "d.", "D."};

  if (!check_filters(a, error))
    return FALSE;
  g_free(model->kind);
  const Mapping *first = is_generator(a, averaged.from) ? &averaged : &plain;
  model->kind = g_strdup_printf("%s StyleGAN2, %s",
                                has_mmgeneration(first) ? "mmgeneration"
                                : has_basicsr(first)    ? "BasicSR"
                                                        : "rosinality",
                                a->kind);
  if (is_generator(a, averaged.from))
    map_generator(&averaged);
  if (is_generator(a, plain.from))
    map_generator(&plain);
  if (lookup(&d, "final_linear.1.weight"))
    map_discriminator(&d);
  return TRUE;
}

const SgImporter sg_import_rosinality = {matches, import};
