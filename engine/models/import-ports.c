/* StyleGAN of 2018 in PyTorch, as genforce, huangzh13 (StyleGAN.pytorch), lernapparat and
 * rosinality (style-based-gan-pytorch) wrote it anew (docs/formats.md, StyleGAN): the network of
 * family-stylegan.c under other names and with other factors. Generators only. Where a file does
 * not say how far it is trained, noise strengths that are still at their initial 0 tell it, or
 * whoever opens the file (SgModel.asked_resolution). */
#include "engine/formats/format-error.h"
#include "engine/models/import-tensors.h"
#include "engine/models/importer.h"
#include <math.h>
#include <string.h>

#define MAX_BLOCKS 11 /* of 4 to 4096 pixels */
#define SQRT2      1.4142135623730951

typedef enum { GENFORCE, HUANGZH13, LERNAPPARAT, ROSINALITY, N_PORTS } Which;

/* Names of a port; %b is the block, from 0, and %r its pixels. Of block 0 conv0 is the layer of the
 * constant. NULL: as the block's other names with nothing more. */
typedef struct {
  const char *title, *constant, *constant_bias, *dense, *average;
  const char *conv0, *conv1, *first; /* `first`: conv1 of block 0 */
  const char *epilogue0, *epilogue1, *first0, *first1;
  const char *noise, *plane, *style, *bias, *weight;
  const char *rgb;
  const char *eps, *psi;
} Port;

static const Port ports[N_PORTS] = {
    [GENFORCE] = {"genforce StyleGAN",
                  "synthesis.layer0.const",
                  "synthesis.layer0.bias",
                  "mapping.dense%b",
                  "truncation.w_avg",
                  "synthesis.layer%0",
                  "synthesis.layer%1",
                  "synthesis.layer%1",
                  "synthesis.layer%0",
                  "synthesis.layer%1",
                  "synthesis.layer%0",
                  "synthesis.layer%1",
                  "apply_noise.weight",
                  "apply_noise.noise",
                  "style",
                  "bias",
                  "weight",
                  "synthesis.output%b",
                  "1e-08",
                  "0.7"},
    [HUANGZH13] = {"StyleGAN.pytorch",
                   "g_synthesis.init_block.const",
                   "g_synthesis.init_block.bias",
                   "g_mapping.map.dense%b",
                   "truncation.avg_latent",
                   "g_synthesis.blocks.%-.conv0_up",
                   "g_synthesis.blocks.%-.conv1",
                   "g_synthesis.init_block.conv",
                   "g_synthesis.blocks.%-.epi1",
                   "g_synthesis.blocks.%-.epi2",
                   "g_synthesis.init_block.epi1",
                   "g_synthesis.init_block.epi2",
                   "top_epi.noise.weight",
                   NULL,
                   "style_mod.lin",
                   "bias",
                   "weight",
                   "g_synthesis.to_rgb.%b",
                   "1e-05",
                   "0.7"},
    [LERNAPPARAT] = {"lernapparat's StyleGAN",
                     "g_synthesis.blocks.4x4.const",
                     "g_synthesis.blocks.4x4.bias",
                     "g_mapping.dense%b",
                     NULL,
                     "g_synthesis.blocks.%rx%r.conv0_up",
                     "g_synthesis.blocks.%rx%r.conv1",
                     "g_synthesis.blocks.4x4.conv",
                     "g_synthesis.blocks.%rx%r.epi1",
                     "g_synthesis.blocks.%rx%r.epi2",
                     "g_synthesis.blocks.4x4.epi1",
                     "g_synthesis.blocks.4x4.epi2",
                     "top_epi.noise.weight",
                     NULL,
                     "style_mod.lin",
                     "bias",
                     "weight",
                     "g_synthesis.torgb",
                     "1e-05",
                     "0.7"},
    [ROSINALITY] = {"rosinality's StyleGAN",
                    "generator.progression.0.conv1.input",
                    NULL,
                    "style.%m.linear",
                    NULL,
                    "generator.progression.%b.conv1.1.conv",
                    "generator.progression.%b.conv2.conv",
                    "generator.progression.0.conv2.conv",
                    "generator.progression.%b",
                    "generator.progression.%b",
                    "generator.progression.0",
                    "generator.progression.0",
                    "noise%e.weight_orig",
                    NULL,
                    "adain%e.style.linear",
                    "bias",
                    "weight_orig",
                    "generator.to_rgb.%b.conv",
                    "1e-05",
                    "None"},
};

/* One network of a file. */
typedef struct {
  const SgArchive *archive;
  SgModel *model;
  const char *prefix; /* "G_ema." */
  const Port *port;
  Which which;
  int blocks;        /* in the file */
  int last;          /* the block whose picture is drawn; < 0: not known yet */
  gboolean idle;     /* tensors are taken, but go nowhere */
  GHashTable *taken; /* of char*: names whose tensors were used or set aside */
  GError **error;
} Read;

/* `format` for block b and epilogue e (0 or 1); to be freed. */
static char *
name_of(const char *format, int b, int e)
{
  GString *s = g_string_new(NULL);

  for (const char *p = format; *p; p++) {
    if (*p != '%') {
      g_string_append_c(s, *p);
      continue;
    }
    p++;
    int number = *p == 'r'   ? 4 << b
                 : *p == '-' ? b - 1
                 : *p == '0' ? 2 * b
                 : *p == '1' ? 2 * b + 1
                 : *p == 'e' ? e + 1
                 : *p == 'm' ? 2 * b + 1
                             : b;
    g_string_append_printf(s, "%d", number);
  }
  return g_string_free(s, FALSE);
}

static SgTensor *
lookup(const SgArchive *a, const char *prefix, const char *name)
{
  g_autofree char *full = g_strconcat(prefix, name, NULL);
  return sg_archive_tensor(a, full);
}

/* The tensor BASE.PART, which is used from now on. */
static SgTensor *
take(const Read *r, const char *base, const char *part)
{
  g_autofree char *name = part ? g_strconcat(base, ".", part, NULL) : g_strdup(base);
  SgTensor *t = lookup(r->archive, r->prefix, name);

  if (t)
    g_hash_table_add(r->taken, g_steal_pointer(&name));
  return t;
}

G_GNUC_PRINTF(5, 6)
static void
put(const Read *r, SgTensor *t, int ndim, double factor, const char *format, ...)
{
  va_list args;

  if (!t || r->idle)
    return;
  va_start(args, format);
  g_autofree char *to = g_strdup_vprintf(format, args);
  va_end(args);
  SgTensor *shaped = sg_tensor_squeezed(t, ndim);
  if (shaped && factor != 1) {
    SgTensor *scaled = sg_tensor_times(shaped, factor);
    sg_tensor_unref(shaped);
    shaped = scaled;
  }
  sg_model_add(r->model, r->prefix, to, shaped);
}

/* ---- parts of a layer ------------------------------------------------------------------------ */

/* What follows a convolution, or the constant. rosinality's factors are sqrt (2 / fan in), where
 * the network's are 1 for the noise and 1 / sqrt (fan in) for the style, to whose first half the
 * network adds 1. */
static void
map_epilogue(const Read *r, const char *base, int b, int e, const char *to)
{
  const Port *p = r->port;
  gboolean equalised = r->which == ROSINALITY;
  g_autofree char *noise = name_of(p->noise, b, e), *style = name_of(p->style, b, e);
  g_autofree char *layer = g_strconcat(base, ".", style, NULL);
  SgTensor *strength = take(r, base, noise);
  double channels = strength ? (double)MAX(strength->numel, 1) : 1;

  put(r, strength, 1, equalised ? sqrt(2 / channels) : 1, "%s.noise_strength", to);
  if (p->plane)
    put(r, take(r, base, p->plane), 2, 1, "%s.noise_const", to);
  put(r, take(r, layer, p->weight), 2, equalised ? SQRT2 : 1, "%s.affine.weight", to);
  SgTensor *bias = take(r, layer, "bias");
  g_autoptr(SgTensor) less = bias && equalised ? sg_tensor_plus(bias, bias->numel / 2, -1) : NULL;
  put(r, less ? less : bias, 1, 1, "%s.affine.bias", to);
}

/* A doubling convolution of rosinality's that is fused lies under another name, [I, O, k, k], and
 * runs as a quarter of the sum of its shifts. */
static gboolean
map_fused(const Read *r, int b, const char *to)
{
  g_autofree char *base = g_strdup_printf("generator.progression.%d.conv1.0", b);
  SgTensor *t = r->which == ROSINALITY ? take(r, base, "weight") : NULL;

  if (!t)
    return FALSE;
  g_autoptr(SgTensor) swapped = t->ndim == 4 ? sg_tensor_swapped(t) : sg_tensor_ref(t);
  put(r, swapped, 4, 0.25, "%s.weight", to);
  put(r, take(r, base, "bias"), 1, 1, "%s.bias", to);
  return TRUE;
}

static void
map_conv(const Read *r, const char *base, const char *to)
{
  put(r, take(r, base, r->port->weight), 4, 1, "%s.weight", to);
  put(r, take(r, base, "bias"), 1, 1, "%s.bias", to);
}

static void
map_block(const Read *r, int b)
{
  const Port *p = r->port;
  g_autofree char *conv0 = name_of(p->conv0, b, 0);
  g_autofree char *conv1 = name_of(b ? p->conv1 : p->first, b, 1);
  g_autofree char *epilogue0 = name_of(b ? p->epilogue0 : p->first0, b, 0);
  g_autofree char *epilogue1 = name_of(b ? p->epilogue1 : p->first1, b, 1);
  g_autofree char *to0 = g_strdup_printf("synthesis.b%d.%s", 4 << b, b ? "conv0" : "epilogue");
  g_autofree char *to1 = g_strdup_printf("synthesis.b%d.conv1", 4 << b);

  if (b && !map_fused(r, b, to0))
    map_conv(r, conv0, to0);
  map_epilogue(r, epilogue0, b, 0, to0);
  map_conv(r, conv1, to1);
  map_epilogue(r, epilogue1, b, 1, to1);
}

static void
map_rgb(const Read *r, int b)
{
  g_autofree char *base = name_of(r->port->rgb, b, 0);

  put(r, take(r, base, r->port->weight), 4, r->which == ROSINALITY ? SQRT2 : 1,
      "synthesis.b%d.torgb.weight", 4 << b);
  put(r, take(r, base, "bias"), 1, 1, "synthesis.b%d.torgb.bias", 4 << b);
}

static void
map_start(const Read *r)
{
  const Port *p = r->port;
  SgTensor *constant = take(r, p->constant, NULL);

  put(r, constant, 3, 1, "synthesis.b4.const");
  if (p->constant_bias)
    put(r, take(r, p->constant_bias, NULL), 1, 1, "synthesis.b4.epilogue.bias");
  else if (constant)
    sg_model_add(r->model, r->prefix, "synthesis.b4.epilogue.bias",
                 sg_tensor_new(1, &constant->shape[constant->ndim - 3]));
  for (int i = 0; i < 64; i++) {
    g_autofree char *base = name_of(p->dense, i, 0);
    put(r, take(r, base, p->weight), 2, 1, "mapping.fc%d.weight", i);
    put(r, take(r, base, "bias"), 1, 1, "mapping.fc%d.bias", i);
  }
  if (p->average)
    put(r, take(r, p->average, NULL), 1, 1, "mapping.w_avg");
}

/* ---- how far it is trained ------------------------------------------------------------------- */

static SgTensor *
conv1_of(const Read *r, int b)
{
  g_autofree char *base = name_of(b ? r->port->conv1 : r->port->first, b, 1);
  g_autofree char *name = g_strconcat(base, ".", r->port->weight, NULL);
  return lookup(r->archive, r->prefix, name);
}

static int
count_blocks(const Read *r)
{
  int n = 0;

  while (n < MAX_BLOCKS && conv1_of(r, n))
    n++;
  return n;
}

/* Noise begins with a strength of 0, and no training leaves it there. */
static gboolean
is_trained(const Read *r, int b)
{
  const Port *p = r->port;

  for (int e = 0; e < 2; e++) {
    g_autofree char *base =
        name_of(e ? (b ? p->epilogue1 : p->first1) : (b ? p->epilogue0 : p->first0), b, e);
    g_autofree char *noise = name_of(p->noise, b, e);
    g_autofree char *name = g_strconcat(base, ".", noise, NULL);
    const SgTensor *t = lookup(r->archive, r->prefix, name);
    for (gsize i = 0; t && i < t->numel; i++)
      if (t->data[i] != 0)
        return TRUE;
  }
  return FALSE;
}

static gboolean
has_rgb(const Read *r, int b)
{
  g_autofree char *base = name_of(r->port->rgb, b, 0);
  g_autofree char *name = g_strconcat(base, ".", r->port->weight, NULL);
  return lookup(r->archive, r->prefix, name) != NULL;
}

/* The largest block whose picture is asked for, or that is trained; < 0 and error. */
static int
last_block(const Read *r)
{
  int asked = r->model->asked_resolution, last = r->blocks - 1;

  if (asked > 0) {
    for (int b = 0; b < r->blocks; b++)
      if (4 << b == asked && has_rgb(r, b))
        return b;
    sg_unsupported(r->error,
                   "it draws pictures of 4, 8, 16… up to %d pixels, but %d were asked for "
                   "(--network-resolution)",
                   4 << last, asked);
    return -1;
  }
  while (last >= 0 && !is_trained(r, last))
    last--;
  if (last < 0)
    last = r->blocks - 1;
  else if (last < r->blocks - 1)
    sg_model_warn(
        r->model,
        "The file does not say how far it is trained: its layers from %d×%d pixels on are "
        "as they began, so pictures are %d×%d (another size: --network-resolution=N)",
        8 << last, 8 << last, 4 << last, 4 << last);
  else if (r->which == ROSINALITY)
    sg_model_warn(r->model,
                  "The file does not say how far it is trained: pictures are %d×%d, the largest "
                  "that it has layers for (another size: --network-resolution=N)",
                  4 << last, 4 << last);
  return last;
}

/* genforce's says it as NVlabs' does: how many doublings are missing. */
static gboolean
read_lod(const Read *r, double *lod)
{
  const SgTensor *t = take(r, "synthesis.lod", NULL);

  *lod = t && t->numel == 1 ? (double)t->data[0] : 0;
  if (*lod >= 0 && *lod <= r->blocks - 1)
    return TRUE;
  return sg_broken(r->error,
                   "synthesis.lod is %g, which should be from 0 to %d: how many doublings are not "
                   "trained yet",
                   *lod, r->blocks - 1);
}

static void
remember(SgModel *m, const char *key, const char *text)
{
  g_hash_table_replace(m->metadata, g_strdup(key), g_strdup(text));
}

/* The doubling convolutions that are fused have another name: from which size on. */
static gboolean
read_fused(const Read *r)
{
  int first = 0;

  for (int b = 1; b < r->blocks; b++) {
    g_autofree char *name = g_strdup_printf("generator.progression.%d.conv1.0.weight", b);
    gboolean fused = lookup(r->archive, r->prefix, name) != NULL;
    if (fused && !first)
      first = 4 << b;
    if (!fused && first)
      return sg_unsupported(r->error,
                            "its layers of %d×%d pixels double by a convolution, those of %d×%d do "
                            "not, which no StyleGAN has",
                            first, first, 4 << b, 4 << b);
  }
  g_autofree char *text = first ? g_strdup_printf("%d", first) : g_strdup("False");
  remember(r->model, "fused_scale", text);
  remember(r->model, "bias_before_blur", "True");
  r->model->info.mapping_lr_mul = 1;
  return TRUE;
}

/* ---- what is left over ----------------------------------------------------------------------- */

/* A blur, [C, 1, 3, 3] or [1, 1, 3, 3], that is the network's own. */
static gboolean
is_blur(const SgTensor *t)
{
  static const float taps[3] = {0.25f, 0.5f, 0.25f};

  if (t->ndim != 4 || t->shape[1] != 1 || t->shape[2] != 3 || t->shape[3] != 3)
    return FALSE;
  for (gsize i = 0; i < t->numel; i++)
    if (!(fabsf(t->data[i] - taps[i % 9 / 3] * taps[i % 3]) < 1e-5f))
      return FALSE;
  return TRUE;
}

/* Blocks beyond the last one and pictures of others are not computed with. */
static void
set_aside_idle(const Read *r, int last)
{
  Read idle = *r;

  idle.idle = TRUE;
  for (int b = last + 1; b < r->blocks; b++)
    map_block(&idle, b);
  for (int b = 0; b < r->blocks; b++)
    map_rgb(&idle, b);
}

static gboolean
keep_surplus(const Read *r)
{
  gsize length = strlen(r->prefix);

  for (guint i = 0; i < r->archive->entries->len; i++) {
    const SgEntry *e = r->archive->entries->pdata[i];
    const char *name = e->name + length;
    if (!g_str_has_prefix(e->name, r->prefix) || g_hash_table_contains(r->taken, name))
      continue;
    if (g_str_has_suffix(name, ".kernel") || g_str_has_suffix(name, "weight_flip") ||
        is_blur(e->tensor)) {
      if (!is_blur(e->tensor))
        return sg_unsupported(r->error, "%s is not the [1, 2, 1] blur, the only one Vitrine knows",
                              e->name);
      continue;
    }
    sg_model_add(r->model, r->prefix, name, sg_tensor_ref(e->tensor));
  }
  return TRUE;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static gboolean
is_port(const SgArchive *a, const char *prefix, Which which)
{
  const SgTensor *t = lookup(a, prefix, ports[which].constant);
  return t && t->ndim >= 3;
}

static gboolean
find_port(const SgArchive *a, const char *prefix, Which *which)
{
  for (int i = 0; i < N_PORTS; i++)
    if (is_port(a, prefix, (Which)i)) {
      *which = (Which)i;
      return TRUE;
    }
  return FALSE;
}

static gboolean
matches(const SgArchive *a)
{
  Which which;
  return find_port(a, "G_ema.", &which) || find_port(a, "G.", &which);
}

static gboolean
read_generator(Read *r)
{
  double lod = 0;

  r->blocks = count_blocks(r);
  if (r->blocks == 0)
    return sg_broken(r->error, "it has a constant, but no convolution behind it");
  if ((r->which == GENFORCE && !read_lod(r, &lod)) || (r->which == ROSINALITY && !read_fused(r)))
    return FALSE;
  if (r->last < 0)
    r->last = r->which == LERNAPPARAT ? r->blocks - 1
              : lod > 0               ? r->blocks - 1 - (int)lod
                                      : last_block(r);
  if (r->last < 0)
    return FALSE;
  int last = MIN(r->last, r->blocks - 1);
  map_start(r);
  for (int b = 0; b <= last; b++)
    map_block(r, b);
  map_rgb(r, last);
  if (lod != floor(lod) && last > 0)
    map_rgb(r, last - 1);
  set_aside_idle(r, last);
  remember(r->model, "instance_norm_eps", r->port->eps);
  remember(r->model, "truncation_psi", r->port->psi);
  if (lod > 0) {
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    remember(r->model, "lod", g_ascii_dtostr(text, sizeof text, lod));
  }
  return keep_surplus(r);
}

static gboolean
import(const SgArchive *a, SgModel *m, GError **error)
{
  static const char *const prefixes[] = {"G_ema.", "G."};
  int last = -1; /* the averaged network's counts for both */

  for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
    g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Read r = {.archive = a,
              .model = m,
              .prefix = prefixes[i],
              .last = last,
              .taken = taken,
              .error = error};
    if (!find_port(a, prefixes[i], &r.which))
      continue;
    r.port = &ports[r.which];
    g_free(m->kind);
    m->kind = g_strdup_printf("%s, %s", r.port->title, a->kind);
    if (!read_generator(&r))
      return FALSE;
    last = r.last;
  }
  return TRUE;
}

const SgImporter sg_import_ports = {matches, import};
