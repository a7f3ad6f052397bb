/* StyleGAN (Karras et al. 2019): styles by adaptive instance normalisation, a progressive generator
 * and its discriminator, which may be unfinished. The model's metadata has what no tensor tells:
 *   lod, d_lod          how many doublings are not trained yet; the fraction blends the last one in
 *   fused_scale, d_fused_scale
 *                       which resolutions double, and halve, by one convolution: "auto" (from 128
 *                       on), "True", "False", or the pixels from which on
 *   bias_before_blur    "True" where the bias of a doubling layer is blurred with the rest
 *   instance_norm_eps   1e-8
 *   truncation_psi, truncation_cutoff
 *                       by what its pictures are usually truncated (0.7, the first 8 vectors);
 *                       "None" for not at all */
#include "engine/formats/format-error.h"
#include "engine/models/family.h"
#include "engine/models/importer.h"
#include <math.h>
#include <string.h>

#define MAX_LOG2   12
#define FUSED_FROM 128

/* ---- what the file says ---------------------------------------------------------------------- */

static double
stated_number(const SgModel *m, const char *key, double otherwise)
{
  const char *text = m ? g_hash_table_lookup(m->metadata, key) : NULL;
  char *end;
  double v = text ? g_ascii_strtod(text, &end) : otherwise;

  return text && (end == text || *end || !isfinite(v)) ? NAN : v;
}

/* Whole doublings that are missing, and the fraction of the next one; of at most `most`. */
typedef struct {
  int missing;
  double fraction;
} Lod;

static Lod
lod_of(const SgModel *m, const char *key, int most)
{
  double lod = stated_number(m, key, 0);

  if (!(lod > 0))
    return (Lod){0, 0};
  if (lod >= most)
    return (Lod){most, 0};
  return (Lod){(int)lod, lod - (int)lod};
}

static gboolean
is_fused(const SgModel *m, const char *key, int r)
{
  const char *text = m ? g_hash_table_lookup(m->metadata, key) : NULL;

  if (!text || strcmp(text, "auto") == 0)
    return r >= FUSED_FROM;
  int from;
  return sg_parse_int(text, 1, 65536, &from) ? r >= from : strcmp(text, "True") == 0;
}

/* The authors' pictures are truncated unless somebody wants it otherwise. */
static void
read_truncation(const SgModel *m, SgModelInfo *info)
{
  const char *psi = g_hash_table_lookup(m->metadata, "truncation_psi");
  const char *cutoff = g_hash_table_lookup(m->metadata, "truncation_cutoff");
  double v = stated_number(m, "truncation_psi", 0.7);

  info->usual_psi = 1;
  info->usual_cutoff = -1;
  if (g_strcmp0(psi, "None") == 0 || g_strcmp0(cutoff, "None") == 0 || !(fabs(v) < 1e6))
    return;
  info->usual_psi = v;
  if (!cutoff || !sg_parse_int(cutoff, 0, 65536, &info->usual_cutoff))
    info->usual_cutoff = 8;
  info->usual_cutoff = MIN(info->usual_cutoff, info->num_ws);
}

static gboolean
check_metadata(const SgModel *m, GError **error)
{
  static const char *const numbers[] = {"lod", "d_lod", "instance_norm_eps"};
  static const char *const choices[] = {"fused_scale", "d_fused_scale"};

  for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
    double v = stated_number(m, numbers[i], 0);
    if (!(v >= 0 && v <= MAX_LOG2))
      return sg_broken(error, "it states “%s” for %s, which should be a number from 0 to %d",
                       (char *)g_hash_table_lookup(m->metadata, numbers[i]), numbers[i], MAX_LOG2);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(choices); i++) {
    const char *v = g_hash_table_lookup(m->metadata, choices[i]);
    int from;
    if (v && strcmp(v, "auto") != 0 && strcmp(v, "True") != 0 && strcmp(v, "False") != 0 &&
        !sg_parse_int(v, 1, 65536, &from))
      return sg_broken(error, "it states “%s” for %s, which should be auto, True or False", v,
                       choices[i]);
  }
  return TRUE;
}

/* ---- from tensors to an architecture --------------------------------------------------------- */

static gboolean
infer_generator(const SgModel *m, const char *prefix, SgModelInfo *info, GError **error)
{
  int k = g_bit_nth_msf(
      (gulong)sg_family_largest_block(m, prefix, "synthesis.b", ".conv1.weight", 1 << MAX_LOG2),
      -1);
  Lod lod = lod_of(m, "lod", MAX_LOG2 - k);
  g_autofree char *rgb = g_strdup_printf("synthesis.b%d.torgb.weight", 1 << k);

  info->img_resolution = 1 << (k + lod.missing);
  info->num_ws = 2 * k - 2;
  info->w_dim = sg_family_size(m, prefix, 1, "synthesis.b4.epilogue.affine.weight");
  if (info->w_dim <= 0)
    return sg_broken(error,
                     "the tensor %ssynthesis.b4.epilogue.affine.weight is missing or has no second "
                     "size",
                     prefix);
  info->img_channels = sg_family_size(m, prefix, 0, rgb);
  info->c_dim = MAX(sg_family_size(m, prefix, 1, "mapping.label.weight"), 0);
  info->mapping_layers = sg_family_count(m, prefix, "mapping.fc", ".weight");
  int label = MAX(sg_family_size(m, prefix, 0, "mapping.label.weight"), 0);
  read_truncation(m, info);
  info->z_dim =
      (info->mapping_layers ? sg_family_size(m, prefix, 1, "mapping.fc0.weight") : info->w_dim) -
      label;
  return TRUE;
}

static gboolean
infer_discriminator(const SgModel *m, SgModelInfo *info, GError **error)
{
  int k = g_bit_nth_msf(
      (gulong)sg_family_largest_block(m, "D.", "b", ".conv0.weight", 1 << MAX_LOG2), -1);
  Lod lod = lod_of(m, "d_lod", MAX_LOG2 - k);

  if (1 << (k + lod.missing) != info->img_resolution)
    return sg_broken(error, "the discriminator takes pictures of %d×%d, the generator makes %d×%d",
                     1 << (k + lod.missing), 1 << (k + lod.missing), info->img_resolution,
                     info->img_resolution);
  int before = sg_family_size(m, "D.", 0, k == 2 ? "b4.fromrgb.weight" : "b8.conv1.weight");
  info->mbstd_num_channels = sg_family_size(m, "D.", 1, "b4.conv.weight") - before;
  return TRUE;
}

static gboolean
infer(SgModel *m, const char *prefix, SgModelInfo *info, GError **error)
{
  if (!check_metadata(m, error))
    return FALSE;
  return prefix[0] == 'D' ? infer_discriminator(m, info, error)
                          : infer_generator(m, prefix, info, error);
}

/* ---- describing: what both networks have ----------------------------------------------------- */

typedef struct {
  const SgBlueprint *b;
  SgNetwork *n;
} Describe;

/* ---- the generator --------------------------------------------------------------------------- */

static int
add_vector(const Describe *d, SgLayerKind kind, const char *name, int input, int second, int size)
{
  SgLayer l = sg_family_layer(kind, SG_SECTION_MAPPING, "mapping", "%s", name);

  l.input = input;
  l.second = second;
  l.in = l.out = size;
  return sg_network_add_next(d->n, &l);
}

/* The label's vector stands behind z, and both are normalised together. */
static int
add_latent(const Describe *d)
{
  int z_dim = d->n->z_dim;

  if (d->n->c_dim == 0)
    return add_vector(d, SG_KIND_NORMALIZE, "normalize", SG_FROM_Z, SG_FROM_NOTHING, z_dim);
  SgLayer l = sg_family_layer(SG_KIND_DENSE, SG_SECTION_MAPPING, "mapping", "label");
  l.input = SG_FROM_LABEL;
  l.in = d->n->c_dim;
  l.out = sg_blueprint_size(d->b, 0, z_dim, "mapping.label.weight");
  l.wgain = sqrt(l.in); /* a row of the matrix as it is */
  int label = sg_network_add_next(d->n, &l), size = z_dim + l.out;
  sg_family_declare(d->n, label, 3, FALSE, SHAPE(l.out, l.in));
  int both = add_vector(d, SG_KIND_CONCAT, "concat", SG_FROM_Z, label, size);
  return add_vector(d, SG_KIND_NORMALIZE, "normalize", both, SG_FROM_NOTHING, size);
}

static void
add_mapping(const Describe *d)
{
  const SgModelInfo *i = &d->b->info;
  int x = add_latent(d);

  for (int k = 0; k < i->mapping_layers; k++) {
    SgLayer l = sg_family_layer(SG_KIND_DENSE, SG_SECTION_MAPPING, "mapping", "fc%d", k);
    l.input = x;
    l.in = sg_network_layer(d->n, x)->out;
    l.out = sg_blueprint_size(d->b, 0, i->w_dim, "%s.weight", l.name);
    l.lr = i->mapping_lr_mul;
    l.wgain = G_SQRT2;
    l.slope = 0.2;
    x = sg_network_add_next(d->n, &l);
    sg_family_declare(d->n, x, k ? 1 : 3, TRUE, SHAPE(l.out, l.in));
  }
  int average = add_vector(d, SG_KIND_AVERAGE, "w_avg", x, SG_FROM_NOTHING, i->w_dim);
  sg_network_declare(d->n, average, SG_ROLE_AVERAGE, SHAPE(i->w_dim), "mapping.w_avg")->optional =
      TRUE;
  d->n->mapped = average;
}

static int
add_constant(const Describe *d)
{
  SgLayer l = sg_family_layer(SG_KIND_CONSTANT, SG_SECTION_SYNTHESIS, "synthesis.b4", "const");

  l.in = l.out = sg_blueprint_size(d->b, 0, 0, "synthesis.b4.const");
  l.in_h = l.in_w = l.out_h = l.out_w = 4;
  int i = sg_network_add_next(d->n, &l);
  sg_network_declare(d->n, i, SG_ROLE_WEIGHT, SHAPE(l.out, 4, 4), "%s", l.name)->free_axes = 1;
  return i;
}

/* Noise, bias and style of a layer of `out` channels. */
static void
declare_epilogue(const Describe *d, int layer, gboolean bias)
{
  const SgLayer *l = sg_network_layer(d->n, layer);
  g_autofree char *name = g_strdup(l->name);
  int out = l->out, size = l->out_h;

  if (bias)
    sg_network_declare(d->n, layer, SG_ROLE_BIAS, SHAPE(out), "%s.bias", name);
  sg_network_declare(d->n, layer, SG_ROLE_NOISE_STRENGTH, SHAPE(out), "%s.noise_strength", name);
  sg_network_declare(d->n, layer, SG_ROLE_NOISE_CONST, SHAPE(size, size), "%s.noise_const", name)
      ->optional = TRUE;
  sg_network_declare(d->n, layer, SG_ROLE_AFFINE_WEIGHT, SHAPE(2 * out, d->n->w_dim),
                     "%s.affine.weight", name);
  sg_network_declare(d->n, layer, SG_ROLE_AFFINE_BIAS, SHAPE(2 * out), "%s.affine.bias", name);
}

static SgLayer
styled(const Describe *d, const char *block, const char *name, int x, int w_index)
{
  SgLayer l = sg_family_layer(SG_KIND_ADAIN, SG_SECTION_SYNTHESIS, block, "%s", name);

  l.input = x;
  l.w_index = w_index;
  l.style_offset = 1;
  l.demod_eps = stated_number(d->b->model, "instance_norm_eps", 1e-8);
  l.wgain = G_SQRT2;
  l.slope = 0.2;
  return l;
}

/* What follows the constant: no convolution. */
static int
add_epilogue(const Describe *d, int x)
{
  const SgLayer *from = sg_network_layer(d->n, x);
  SgLayer l = styled(d, "synthesis.b4", "epilogue", x, 0);

  sg_layer_set_sizes(&l, from, from->out, from->out_h, from->out_w);
  l.group = sg_style_group(l.out_h);
  int i = sg_network_add_next(d->n, &l);
  declare_epilogue(d, i, TRUE);
  return i;
}

/* Doubles either in the convolution or ahead of it by nearest neighbours; both are blurred. The two
 * are mirror images of each other: a network trained with one draws nonsense with the other. */
static void
set_doubling(const Describe *d, SgLayer *l)
{
  if (is_fused(d->b->model, "fused_scale", l->out_h)) {
    l->stride_up = 2;
    l->widen = 1;
  } else {
    l->before = sg_filter_nearest(d->n, 2);
  }
  l->after = sg_filter_blur();
  l->bias_first =
      d->b->model &&
      g_strcmp0(g_hash_table_lookup(d->b->model->metadata, "bias_before_blur"), "True") == 0;
}

static int
add_conv(const Describe *d, int k, int conv, int x, int w_index)
{
  const SgLayer *from = sg_network_layer(d->n, x);
  g_autofree char *block = g_strdup_printf("synthesis.b%d", 1 << k);
  SgLayer l = styled(d, block, conv ? "conv1" : "conv0", x, w_index);

  sg_layer_set_sizes(&l, from, sg_blueprint_size(d->b, 0, 0, "%s.weight", l.name),
                     from->out_h * (conv ? 1 : 2), from->out_w * (conv ? 1 : 2));
  l.kernel = 3;
  l.pad = l.pad_end = 1;
  l.group = sg_style_group(l.out_h);
  if (!conv)
    set_doubling(d, &l);
  int i = sg_network_add_next(d->n, &l);
  sg_family_declare(d->n, i, 1, TRUE, SHAPE(l.out, l.in, 3, 3));
  declare_epilogue(d, i, FALSE);
  return i;
}

/* The picture of block k in the size of the whole picture, times `factor`, added to another one. */
static int
add_to_rgb(const Describe *d, int k, int x, double factor, int add)
{
  const SgLayer *from = sg_network_layer(d->n, x);
  g_autofree char *block = g_strdup_printf("synthesis.b%d", 1 << k);
  SgLayer l = sg_family_layer(SG_KIND_TO_RGB, SG_SECTION_SYNTHESIS, block, "torgb");
  int times = d->n->height / MAX(from->out_h, 1);

  l.input = x;
  sg_layer_set_sizes(&l, from, d->n->channels, d->n->height, d->n->width);
  l.kernel = 1;
  l.branch = factor;
  l.add = add;
  if (times > 1)
    l.after = sg_filter_nearest(d->n, times);
  int i = sg_network_add_next(d->n, &l);
  sg_family_declare(d->n, i, 0, TRUE, SHAPE(l.out, l.in, 1, 1));
  return i;
}

static SgNetwork *
describe_generator(const SgBlueprint *b)
{
  const SgModelInfo *i = &b->info;
  Describe d = {b, sg_network_new(&sg_family_stylegan)};
  int full = g_bit_nth_msf((gulong)i->img_resolution, -1), rgb = SG_FROM_NOTHING;
  Lod lod = lod_of(b->model, "lod", full - 2);
  int last = full - lod.missing;

  d.n->z_dim = i->z_dim;
  d.n->c_dim = i->c_dim;
  d.n->w_dim = i->w_dim;
  d.n->num_ws = i->num_ws;
  d.n->channels = i->img_channels;
  d.n->height = d.n->width = i->img_resolution;
  add_mapping(&d);
  int x = add_conv(&d, 2, 1, add_epilogue(&d, add_constant(&d)), 1);
  for (int k = 3; k <= last; k++) {
    if (k == last && lod.fraction > 0)
      rgb = add_to_rgb(&d, k - 1, x, lod.fraction, SG_FROM_NOTHING);
    x = add_conv(&d, k, 0, x, 2 * k - 4);
    x = add_conv(&d, k, 1, x, 2 * k - 3);
  }
  d.n->output = add_to_rgb(&d, last, x, rgb < 0 ? 1 : 1 - lod.fraction, rgb);
  return d.n;
}

/* ---- the discriminator ----------------------------------------------------------------------- */

/* Reads the picture at the size of block k, by the mean of so many pixels. */
static int
add_from_rgb(const Describe *d, int k, double factor)
{
  g_autofree char *block = g_strdup_printf("b%d", 1 << k);
  SgLayer half = sg_family_layer(SG_KIND_RESAMPLE, SG_SECTION_DISCRIMINATOR, block, "mean");
  SgLayer l = sg_family_layer(SG_KIND_FROM_RGB, SG_SECTION_DISCRIMINATOR, block, "fromrgb");
  int times = d->n->height >> k;

  l.input = SG_FROM_PICTURE;
  if (times > 1) {
    half.input = SG_FROM_PICTURE;
    half.in = half.out = d->n->channels;
    half.in_h = half.in_w = d->n->height;
    half.out_h = half.out_w = 1 << k;
    half.before = sg_filter_box(d->n, times);
    l.input = sg_network_add_next(d->n, &half);
  }
  l.in = d->n->channels;
  l.in_h = l.in_w = l.out_h = l.out_w = 1 << k;
  l.out = sg_blueprint_size(d->b, 0, 0, "%s.weight", l.name);
  l.kernel = 1;
  l.wgain = G_SQRT2;
  l.slope = 0.2;
  l.branch = factor;
  int i = sg_network_add_next(d->n, &l);
  sg_family_declare(d->n, i, 1, TRUE, SHAPE(l.out, l.in, 1, 1));
  return i;
}

/* A halving one is the blur, the convolution and the mean of four; the last two are one
 * convolution. */
static int
add_d_conv(const Describe *d, const char *block, const char *name, int x, gboolean half, int in)
{
  const SgLayer *from = sg_network_layer(d->n, x);
  SgLayer l = sg_family_layer(SG_KIND_CONV, SG_SECTION_DISCRIMINATOR, block, "%s", name);

  l.input = x;
  sg_layer_set_sizes(&l, from, sg_blueprint_size(d->b, 0, 0, "%s.weight", l.name),
                     from->out_h / (half ? 2 : 1), from->out_w / (half ? 2 : 1));
  l.in = in < 0 ? l.in : in;
  l.kernel = 3;
  l.pad = l.pad_end = 1;
  l.wgain = G_SQRT2;
  l.slope = 0.2;
  if (half) {
    l.before = sg_filter_blur();
    l.stride_down = 2;
    l.widen = 0.25;
  }
  int i = sg_network_add_next(d->n, &l);
  sg_family_declare(d->n, i, in < 0 ? 1 : 3, TRUE, SHAPE(l.out, l.in, 3, 3));
  return i;
}

static int
add_batch_std(const Describe *d, int x)
{
  const SgLayer *from = sg_network_layer(d->n, x);
  SgLayer l = sg_family_layer(SG_KIND_BATCH_STD, SG_SECTION_DISCRIMINATOR, "b4", "mbstd");
  int features = d->b->info.mbstd_num_channels;

  if (features <= 0)
    return x;
  l.input = x;
  sg_layer_set_sizes(&l, from, from->out + features, from->out_h, from->out_w);
  l.features = features;
  l.batch_group = d->b->info.mbstd_group_size;
  return sg_network_add_next(d->n, &l);
}

static int
add_d_dense(const Describe *d, const char *name, int x, gboolean linear)
{
  const SgLayer *from = sg_network_layer(d->n, x);
  SgLayer l = sg_family_layer(SG_KIND_DENSE, SG_SECTION_DISCRIMINATOR, "b4", "%s", name);

  l.input = x;
  l.in = from->out * from->out_h * from->out_w;
  l.out = linear ? MAX(d->n->c_dim, 1) : sg_blueprint_size(d->b, 0, 0, "%s.weight", l.name);
  l.wgain = linear ? 1 : G_SQRT2;
  l.slope = linear ? 1 : 0.2;
  int i = sg_network_add_next(d->n, &l);
  sg_family_declare(d->n, i, linear ? 0 : 1, TRUE, SHAPE(l.out, l.in));
  return i;
}

/* A conditional one has a score for each class. */
static int
add_choice(const Describe *d, int x)
{
  SgLayer l = sg_family_layer(SG_KIND_PROJECT, SG_SECTION_DISCRIMINATOR, "b4", "project");

  if (d->n->c_dim == 0)
    return x;
  l.input = x;
  l.second = SG_FROM_LABEL;
  l.in = sg_network_layer(d->n, x)->out;
  l.out = 1;
  return sg_network_add_next(d->n, &l);
}

static SgNetwork *
describe_discriminator(const SgBlueprint *b)
{
  const SgModelInfo *i = &b->info;
  Describe d = {b, sg_network_new(&sg_family_stylegan)};
  int full = g_bit_nth_msf((gulong)i->img_resolution, -1);
  Lod lod = lod_of(b->model, "d_lod", full - 2);
  int first = full - lod.missing;

  d.n->c_dim = i->c_dim;
  d.n->channels = i->img_channels;
  d.n->height = d.n->width = i->img_resolution;
  int x = add_from_rgb(&d, first, 1);
  for (int k = first; k > 2; k--) {
    g_autofree char *block = g_strdup_printf("b%d", 1 << k);
    gboolean blend = k == first && lod.fraction > 0;
    int coarse = blend ? add_from_rgb(&d, k - 1, lod.fraction) : SG_FROM_NOTHING;
    x = add_d_conv(&d, block, "conv0", x, FALSE, -1);
    x = add_d_conv(&d, block, "conv1", x, TRUE, -1);
    if (blend) {
      sg_network_edit(d.n, x)->branch = 1 - lod.fraction;
      sg_network_edit(d.n, x)->add = coarse;
    }
  }
  int head = add_batch_std(&d, x);
  x = add_d_conv(&d, "b4", "conv", head, FALSE, sg_blueprint_size(b, 1, 0, "b4.conv.weight"));
  x = add_d_dense(&d, "out", add_d_dense(&d, "fc", x, FALSE), TRUE);
  d.n->output = add_choice(&d, x);
  return d.n;
}

/* ---- what must hold between tensors ---------------------------------------------------------- */

static gboolean
agree(const SgNetwork *n, const char *prefix, SgModelInfo *info, GError **error)
{
  if (prefix[0] == 'D') {
    const SgParam *conv = sg_network_find(n, "b4.conv.weight");
    int extra = info->mbstd_num_channels, in = (int)conv->shape[1] - extra;
    return (extra >= 0 && (extra == 0 || in % extra == 0)) ||
           sg_broken(error,
                     "the tensor %s%s takes %d channels, which does not fit the %d of the block "
                     "before it",
                     prefix, conv->name, (int)conv->shape[1], in);
  }
  const SgLayer *average = sg_network_layer(n, n->mapped);
  int outputs = sg_network_layer(n, average->input)->out;
  return (info->z_dim > 0 && outputs == info->w_dim) ||
         sg_broken(error,
                   "the mapping network takes %d numbers and gives %d, but the styles take %d",
                   info->z_dim, outputs, info->w_dim);
}

static gboolean
recognise(const SgModel *m)
{
  return sg_model_tensor(m, "G_ema.", "synthesis.b4.epilogue.affine.weight") ||
         sg_model_tensor(m, "G.", "synthesis.b4.epilogue.affine.weight");
}

const SgFamily sg_family_stylegan = {
    .name = "stylegan",
    .title = "StyleGAN",
    .recognise = recognise,
    .infer = infer,
    .describe_generator = describe_generator,
    .describe_discriminator = describe_discriminator,
    .agree = agree,
};
