/* StyleGAN2 (Karras et al. 2020), with the names of NVlabs' PyTorch code: skip, orig and resnet
 * generators and discriminators, conditional or not. Widths are whatever the shapes say. */
#include "engine/formats/format-error.h"
#include "engine/models/family.h"
#include <string.h>

#define MAX_RESOLUTION 4096
#define MAX_BASE       64
#define HALF           (G_SQRT2 / 2) /* where two branches are added */

/* ---- from tensors to an architecture --------------------------------------------------------- */

static SgArch
find_g_arch(const SgModel *m, const char *prefix, const SgModelInfo *info)
{
  if (info->img_resolution == 4) /* one block looks the same in all three */
    return info->g_arch;
  if (sg_family_size(m, prefix, 0, "synthesis.b4.torgb.weight") >= 0)
    return SG_ARCH_SKIP;
  return sg_family_size(m, prefix, 0, "synthesis.b8.skip.weight") >= 0 ? SG_ARCH_RESNET
                                                                       : SG_ARCH_ORIG;
}

static gboolean
infer_generator(const SgModel *m, const char *prefix, SgModelInfo *info, GError **error)
{
  int r = sg_family_largest_block(m, prefix, "synthesis.b", ".conv1.weight", MAX_RESOLUTION);
  int base_h = sg_family_size(m, prefix, 1, "synthesis.b4.const");
  int base_w = sg_family_size(m, prefix, 2, "synthesis.b4.const");

  info->img_resolution = r;
  /* A constant that is not 4 × 4 makes pictures that are not r × r. */
  if (base_h > MAX_BASE || base_w > MAX_BASE || base_h == 0 || base_w == 0)
    return sg_broken(error, "its smallest picture is %d×%d; Vitrine draws from 1 to %d pixels",
                     base_w, base_h, MAX_BASE);
  info->img_height = base_h > 0 ? r / 4 * base_h : 0;
  info->img_width = base_w > 0 ? r / 4 * base_w : 0;
  info->w_dim = sg_family_size(m, prefix, 1, "synthesis.b4.conv1.affine.weight");
  if (info->w_dim <= 0)
    return sg_broken(error,
                     "the tensor %ssynthesis.b4.conv1.affine.weight is missing or has no "
                     "second size",
                     prefix);
  info->g_arch = find_g_arch(m, prefix, info);
  info->num_ws = 0;
  for (int block = 4; block <= r; block *= 2)
    info->num_ws += 2;
  g_autofree char *rgb =
      g_strdup_printf("synthesis.b%d.torgb.weight", info->g_arch == SG_ARCH_SKIP ? 4 : r);
  info->img_channels = sg_family_size(m, prefix, 0, rgb);
  info->c_dim = MAX(sg_family_size(m, prefix, 1, "mapping.embed.weight"), 0);
  int label = MAX(sg_family_size(m, prefix, 0, "mapping.embed.weight"), 0);
  info->mapping_layers = sg_family_count(m, prefix, "mapping.fc", ".weight");
  int inputs =
      info->mapping_layers ? sg_family_size(m, prefix, 1, "mapping.fc0.weight") : info->w_dim;
  info->z_dim = inputs - label;
  return TRUE;
}

static SgArch
find_d_arch(const SgModel *m, int resolution, SgArch stated)
{
  g_autofree char *skip = g_strdup_printf("b%d.skip.weight", resolution);

  if (resolution == 4)
    return stated;
  if (sg_family_size(m, "D.", 0, "b4.fromrgb.weight") >= 0)
    return SG_ARCH_SKIP;
  return sg_family_size(m, "D.", 0, skip) >= 0 ? SG_ARCH_RESNET : SG_ARCH_ORIG;
}

static gboolean
infer_discriminator(const SgModel *m, SgModelInfo *info, GError **error)
{
  int r = sg_family_largest_block(m, "D.", "b", ".conv0.weight", MAX_RESOLUTION);

  if (r != info->img_resolution)
    return sg_broken(error, "the discriminator takes pictures of %d×%d, the generator makes %d×%d",
                     r, r, info->img_resolution, info->img_resolution);
  info->d_arch = find_d_arch(m, r, info->d_arch);
  info->d_mapping_layers = info->c_dim ? sg_family_count(m, "D.", "mapping.fc", ".weight") : 0;
  int before = sg_family_size(m, "D.", 0, r == 4 ? "b4.fromrgb.weight" : "b8.conv1.weight");
  info->mbstd_num_channels = sg_family_size(m, "D.", 1, "b4.conv.weight") - before;
  return TRUE;
}

static gboolean
infer(SgModel *m, const char *prefix, SgModelInfo *info, GError **error)
{
  return prefix[0] == 'D' ? infer_discriminator(m, info, error)
                          : infer_generator(m, prefix, info, error);
}

/* ---- describing: what both networks have ----------------------------------------------------- */

typedef struct {
  const SgBlueprint *b;
  SgNetwork *n;
  GArray *mapping; /* of int: its layers, in the order they run */
} Describe;

static int
add_mapping_layer(const Describe *d, SgLayer l)
{
  int i = sg_network_add(d->n, &l);
  g_array_append_val(d->mapping, i);
  return i;
}

static int
add_normalize(const Describe *d, const char *name, int input, int size)
{
  SgLayer l = sg_family_layer(SG_KIND_NORMALIZE, SG_SECTION_MAPPING, "mapping", "%s", name);
  l.input = input;
  l.in = l.out = size;
  return add_mapping_layer(d, l);
}

static int
add_embedding(const Describe *d, int classes, int wanted)
{
  SgLayer l = sg_family_layer(SG_KIND_DENSE, SG_SECTION_MAPPING, "mapping", "embed");
  l.input = SG_FROM_LABEL;
  l.in = classes;
  l.out = sg_blueprint_size(d->b, 0, wanted, "mapping.embed.weight");
  int i = add_mapping_layer(d, l);
  sg_family_declare(d->n, i, 3, TRUE, SHAPE(l.out, l.in));
  return add_normalize(d, "embed.normalize", i, l.out);
}

static int
add_concat(const Describe *d, int z, int label)
{
  SgLayer l = sg_family_layer(SG_KIND_CONCAT, SG_SECTION_MAPPING, "mapping", "concat");
  l.input = z;
  l.second = label;
  l.in = l.out = sg_network_layer(d->n, z)->out + sg_network_layer(d->n, label)->out;
  return add_mapping_layer(d, l);
}

/* Returns the last layer. z_dim 0: the label alone. */
static int
add_mapping(const Describe *d, int z_dim, int wanted, int layers, double lr)
{
  int x = z_dim > 0 ? add_normalize(d, "z.normalize", SG_FROM_Z, z_dim) : SG_FROM_NOTHING;

  if (d->n->c_dim > 0) {
    int label = add_embedding(d, d->n->c_dim, wanted);
    x = x < 0 ? label : add_concat(d, x, label);
  }
  for (int i = 0; i < layers; i++) {
    SgLayer l = sg_family_layer(SG_KIND_DENSE, SG_SECTION_MAPPING, "mapping", "fc%d", i);
    l.input = x;
    l.in = x >= 0 ? sg_network_layer(d->n, x)->out
                  : sg_blueprint_size(d->b, 1, 0, "mapping.fc0.weight");
    l.out = sg_blueprint_size(d->b, 0, wanted, "mapping.fc%d.weight", i);
    l.lr = lr;
    l.slope = 0.2;
    l.gain = G_SQRT2;
    x = add_mapping_layer(d, l);
    sg_family_declare(d->n, x, i ? 1 : 3, TRUE, SHAPE(l.out, l.in));
  }
  return x;
}

static void
run_mapping(const Describe *d)
{
  for (guint k = 0; k < d->mapping->len; k++)
    sg_network_run_next(d->n, g_array_index(d->mapping, int, k));
}

static void
draw_mapping(const Describe *d)
{
  for (guint k = 0; k < d->mapping->len; k++)
    sg_network_draw_next(d->n, g_array_index(d->mapping, int, k));
}

/* ---- the generator --------------------------------------------------------------------------- */

typedef struct {
  int r, conv0, conv1, skip, rgb; /* layers, < 0: none */
} Block;

static void
declare_style(const Describe *d, int layer)
{
  const SgLayer *l = sg_network_layer(d->n, layer);
  g_autofree char *name = g_strconcat(l->name, ".affine", NULL);
  int in = l->in;

  sg_network_declare(d->n, layer, SG_ROLE_AFFINE_WEIGHT, SHAPE(in, d->n->w_dim), "%s.weight", name);
  sg_network_declare(d->n, layer, SG_ROLE_AFFINE_BIAS, SHAPE(in), "%s.bias", name);
}

static int
add_constant(const Describe *d)
{
  SgLayer l = sg_family_layer(SG_KIND_CONSTANT, SG_SECTION_SYNTHESIS, "synthesis.b4", "const");

  l.in = l.out = sg_blueprint_size(d->b, 0, d->b->width[2], "synthesis.b4.const");
  l.in_h = l.out_h = sg_info_height(&d->b->info) * 4 / MAX(d->b->info.img_resolution, 1);
  l.in_w = l.out_w = sg_info_width(&d->b->info) * 4 / MAX(d->b->info.img_resolution, 1);
  int i = sg_network_add(d->n, &l);
  sg_network_declare(d->n, i, SG_ROLE_WEIGHT, SHAPE(l.out, l.out_h, l.out_w), "%s", l.name)
      ->free_axes = 1;
  return i;
}

/* Convolution 0 doubles the picture, 1 does not. `k`: the block is of 2^k pixels. */
static int
add_conv(const Describe *d, int k, int conv, int x, int w_index)
{
  const SgLayer *from = sg_network_layer(d->n, x);
  int r = 1 << k, times = conv ? 1 : 2;
  gboolean residual = d->b->info.g_arch == SG_ARCH_RESNET && r > 4;
  g_autofree char *block = g_strdup_printf("synthesis.b%d", r);
  SgLayer l = sg_family_layer(SG_KIND_MODULATED, SG_SECTION_SYNTHESIS, block, "conv%d", conv);

  l.input = x;
  sg_layer_set_sizes(&l, from, sg_blueprint_size(d->b, 0, d->b->width[k], "%s.weight", l.name),
                     from->out_h * times, from->out_w * times);
  l.kernel = 3;
  l.stride_up = times;
  l.pad = l.pad_end = conv ? 1 : 0;
  if (conv == 0)
    l.after = sg_filter_binomial(1, 1, 1, 1, 4);
  l.w_index = w_index;
  l.demod_eps = 1e-8;
  l.slope = 0.2;
  l.gain = G_SQRT2;
  l.clamp = d->b->info.g_conv_clamp;
  l.branch = residual && conv ? HALF : 1;
  l.group = sg_style_group(MAX(l.out_h, l.out_w));
  int i = sg_network_add(d->n, &l);
  sg_family_declare(d->n, i, 1, TRUE, SHAPE(l.out, l.in, 3, 3));
  sg_network_declare(d->n, i, SG_ROLE_NOISE_STRENGTH, 0, NULL, "%s.noise_strength", l.name);
  sg_network_declare(d->n, i, SG_ROLE_NOISE_CONST, SHAPE(l.out_h, l.out_w), "%s.noise_const",
                     l.name)
      ->optional = TRUE;
  declare_style(d, i);
  return i;
}

/* The resnet's other branch: 1×1, then doubled. */
static int
add_g_skip(const Describe *d, int r, int x, int conv1)
{
  const SgLayer *from = sg_network_layer(d->n, x), *to = sg_network_layer(d->n, conv1);
  g_autofree char *block = g_strdup_printf("synthesis.b%d", r);
  SgLayer l = sg_family_layer(SG_KIND_CONV, SG_SECTION_SYNTHESIS, block, "skip");

  l.input = x;
  sg_layer_set_sizes(&l, from, to->out, to->out_h, to->out_w);
  l.kernel = 1;
  l.after = sg_filter_binomial(2, 1, 2, 1, 4);
  l.branch = HALF;
  int i = sg_network_add(d->n, &l);
  sg_family_declare(d->n, i, 0, FALSE, SHAPE(l.out, l.in, 1, 1));
  sg_network_edit(d->n, conv1)->add = i;
  return i;
}

static int
add_to_rgb(const Describe *d, int r, int x, int before, int w_index)
{
  const SgLayer *from = sg_network_layer(d->n, x);
  g_autofree char *block = g_strdup_printf("synthesis.b%d", r);
  SgLayer l = sg_family_layer(SG_KIND_TO_RGB, SG_SECTION_SYNTHESIS, block, "torgb");

  l.input = x;
  sg_layer_set_sizes(&l, from, d->n->channels, from->out_h, from->out_w);
  l.kernel = 1;
  l.w_index = w_index;
  l.clamp = d->b->info.g_conv_clamp;
  l.group = sg_style_group(MAX(l.out_h, l.out_w));
  l.add = before;
  if (before >= 0)
    l.add_filter = sg_filter_binomial(2, 1, 2, 1, 4);
  int i = sg_network_add(d->n, &l);
  sg_family_declare(d->n, i, before < 0, TRUE, SHAPE(l.out, l.in, 1, 1));
  declare_style(d, i);
  return i;
}

/* `x` is what the block before left, `rgb` its picture. */
static Block
add_block(const Describe *d, int k, int x, int rgb, int *w_index)
{
  const SgModelInfo *i = &d->b->info;
  Block b = {.r = 1 << k, .conv0 = -1, .skip = -1, .rgb = -1};
  int in = x;

  if (b.r > 4)
    x = b.conv0 = add_conv(d, k, 0, x, (*w_index)++);
  b.conv1 = add_conv(d, k, 1, x, (*w_index)++);
  if (i->g_arch == SG_ARCH_RESNET && b.r > 4)
    b.skip = add_g_skip(d, b.r, in, b.conv1);
  if (i->g_arch == SG_ARCH_SKIP || b.r == i->img_resolution)
    b.rgb = add_to_rgb(d, b.r, b.conv1, rgb, *w_index);
  return b;
}

static void
add_average(const Describe *d, int x)
{
  SgLayer l = sg_layer_new(SG_KIND_AVERAGE, SG_SECTION_MAPPING);

  g_strlcpy(l.name, "mapping.w_avg", sizeof l.name);
  g_strlcpy(l.block, "mapping", sizeof l.block);
  l.input = x;
  l.in = l.out = d->n->w_dim;
  d->n->mapped = add_mapping_layer(d, l);
  sg_network_declare(d->n, d->n->mapped, SG_ROLE_AVERAGE, SHAPE(d->n->w_dim), "%s", l.name)
      ->optional = TRUE;
}

static void
order_generator(const Describe *d, int constant, const Block *blocks, int n)
{
  run_mapping(d);
  draw_mapping(d);
  sg_network_run_next(d->n, constant);
  sg_network_draw_next(d->n, constant);
  for (int i = 0; i < n; i++) {
    const Block *b = &blocks[i];
    const int run[] = {b->skip, b->conv0, b->conv1, b->rgb};
    const int draw[] = {b->conv0, b->conv1, b->rgb, b->skip};
    for (guint k = 0; k < G_N_ELEMENTS(run); k++) {
      sg_network_run_next(d->n, run[k]);
      sg_network_draw_next(d->n, draw[k]);
    }
  }
}

static SgNetwork *
describe_generator(const SgBlueprint *b)
{
  const SgModelInfo *i = &b->info;
  g_autoptr(GArray) mapping = g_array_new(FALSE, FALSE, sizeof(int));
  Describe d = {b, sg_network_new(&sg_family_stylegan2), mapping};
  Block blocks[SG_MAX_BLOCKS];
  int n = 0, w_index = 0, rgb = SG_FROM_NOTHING;

  d.n->z_dim = i->z_dim;
  d.n->c_dim = i->c_dim;
  d.n->w_dim = i->w_dim;
  d.n->num_ws = i->num_ws;
  d.n->channels = i->img_channels;
  int constant = add_constant(&d), x = constant;
  for (int k = 2; k < SG_MAX_BLOCKS && 1 << k <= i->img_resolution; k++) {
    blocks[n] = add_block(&d, k, x, rgb, &w_index);
    x = blocks[n].conv1;
    rgb = blocks[n].rgb >= 0 ? blocks[n].rgb : rgb;
    n++;
  }
  int last = add_mapping(&d, i->z_dim, i->w_dim, i->mapping_layers, i->mapping_lr_mul);
  add_average(&d, last);
  order_generator(&d, constant, blocks, n);
  d.n->output = rgb;
  d.n->height = sg_network_layer(d.n, x)->out_h;
  d.n->width = sg_network_layer(d.n, x)->out_w;
  return d.n;
}

/* ---- the discriminator ----------------------------------------------------------------------- */

typedef struct {
  int rgb, conv0, conv1, skip, half; /* half: the picture, for the next block */
} DBlock;

/* Pixels of the block that is named after r. */
static int
height_of(const Describe *d, int r)
{
  return d->n->height / MAX(d->b->info.img_resolution / r, 1);
}

static int
width_of(const Describe *d, int r)
{
  return d->n->width / MAX(d->b->info.img_resolution / r, 1);
}

static int
add_from_rgb(const Describe *d, int r, int image, int add, int out)
{
  g_autofree char *block = g_strdup_printf("b%d", r);
  SgLayer l = sg_family_layer(SG_KIND_FROM_RGB, SG_SECTION_DISCRIMINATOR, block, "fromrgb");

  l.input = image;
  l.in = d->n->channels;
  l.in_h = l.out_h = height_of(d, r);
  l.in_w = l.out_w = width_of(d, r);
  l.out = out;
  l.kernel = 1;
  l.slope = 0.2;
  l.gain = G_SQRT2;
  l.clamp = r == 4 ? -1 : d->b->info.d_conv_clamp;
  l.add = add;
  int i = sg_network_add(d->n, &l);
  sg_family_declare(d->n, i, 0, TRUE, SHAPE(l.out, l.in, 1, 1));
  return i;
}

static int
add_d_conv(const Describe *d, const char *block, const char *name, int x, int wanted, int in)
{
  const SgLayer *from = sg_network_layer(d->n, x);
  gboolean down = g_str_equal(name, "conv1");
  SgLayer l = sg_family_layer(SG_KIND_CONV, SG_SECTION_DISCRIMINATOR, block, "%s", name);

  l.input = x;
  sg_layer_set_sizes(&l, from, sg_blueprint_size(d->b, 0, wanted, "%s.weight", l.name),
                     from->out_h / (down ? 2 : 1), from->out_w / (down ? 2 : 1));
  l.in = in < 0 ? l.in : in;
  l.kernel = 3;
  l.stride_down = down ? 2 : 1;
  l.pad = l.pad_end = down ? 0 : 1;
  if (down)
    l.before = sg_filter_binomial(1, 1, 2, 2, 1);
  l.slope = 0.2;
  l.gain = G_SQRT2;
  l.clamp = d->b->info.d_conv_clamp;
  l.branch = down && d->b->info.d_arch == SG_ARCH_RESNET ? HALF : 1;
  int i = sg_network_add(d->n, &l);
  sg_family_declare(d->n, i, in < 0 ? 1 : 3, TRUE, SHAPE(l.out, l.in, 3, 3));
  return i;
}

static int
add_d_skip(const Describe *d, const char *block, int x, int conv1)
{
  const SgLayer *from = sg_network_layer(d->n, x), *to = sg_network_layer(d->n, conv1);
  SgLayer l = sg_family_layer(SG_KIND_CONV, SG_SECTION_DISCRIMINATOR, block, "skip");

  l.input = x;
  sg_layer_set_sizes(&l, from, to->out, to->out_h, to->out_w);
  l.kernel = 1;
  l.before = sg_filter_binomial(1, 2, 1, 1, 1);
  l.branch = HALF;
  int i = sg_network_add(d->n, &l);
  sg_family_declare(d->n, i, 0, FALSE, SHAPE(l.out, l.in, 1, 1));
  sg_network_edit(d->n, conv1)->add = i;
  return i;
}

/* The picture at half its size. */
static int
add_half(const Describe *d, const char *block, int r, int image)
{
  SgLayer l = sg_family_layer(SG_KIND_RESAMPLE, SG_SECTION_DISCRIMINATOR, block, "half");

  l.input = image;
  l.in = l.out = d->n->channels;
  l.in_h = height_of(d, r);
  l.in_w = width_of(d, r);
  l.out_h = l.in_h / 2;
  l.out_w = l.in_w / 2;
  l.before = sg_filter_binomial(1, 2, 1, 1, 1);
  return sg_network_add(d->n, &l);
}

static DBlock
add_d_block(const Describe *d, int k, int x, int image)
{
  const SgModelInfo *i = &d->b->info;
  int r = 1 << k;
  gboolean top = r == i->img_resolution, skip = i->d_arch == SG_ARCH_SKIP;
  g_autofree char *block = g_strdup_printf("b%d", r);
  DBlock b = {-1, -1, -1, -1, -1};

  if (top || skip)
    x = b.rgb =
        add_from_rgb(d, r, image, x,
                     top ? sg_blueprint_size(d->b, 0, d->b->width[k], "b%d.fromrgb.weight", r)
                         : sg_network_layer(d->n, x)->out);
  if (r == 4)
    return b;
  b.conv0 = add_d_conv(d, block, "conv0", x, d->b->width[k], -1);
  b.conv1 = add_d_conv(d, block, "conv1", b.conv0, d->b->width[k - 1], -1);
  if (i->d_arch == SG_ARCH_RESNET)
    b.skip = add_d_skip(d, block, x, b.conv1);
  if (skip)
    b.half = add_half(d, block, r, image);
  return b;
}

static int
add_batch_std(const Describe *d, int x)
{
  const SgLayer *from = sg_network_layer(d->n, x);
  const SgModelInfo *i = &d->b->info;
  SgLayer l = sg_family_layer(SG_KIND_BATCH_STD, SG_SECTION_DISCRIMINATOR, "b4", "mbstd");

  if (i->mbstd_num_channels <= 0)
    return -1;
  l.input = x;
  sg_layer_set_sizes(&l, from, from->out + i->mbstd_num_channels, from->out_h, from->out_w);
  l.features = i->mbstd_num_channels;
  l.batch_group = i->mbstd_group_size;
  return sg_network_add(d->n, &l);
}

static int
add_d_dense(const Describe *d, const char *name, int x, int out, gboolean linear)
{
  const SgLayer *from = sg_network_layer(d->n, x);
  SgLayer l = sg_family_layer(SG_KIND_DENSE, SG_SECTION_DISCRIMINATOR, "b4", "%s", name);

  l.input = x;
  l.in = from->out * from->out_h * from->out_w;
  l.out = out;
  l.slope = linear ? 1 : 0.2;
  l.gain = linear ? 1 : G_SQRT2;
  int i = sg_network_add(d->n, &l);
  sg_family_declare(d->n, i, linear ? 0 : 1, TRUE, SHAPE(l.out, l.in));
  return i;
}

static int
add_project(const Describe *d, int x, int map)
{
  SgLayer l = sg_family_layer(SG_KIND_PROJECT, SG_SECTION_DISCRIMINATOR, "b4", "project");

  l.input = x;
  l.second = map;
  l.in = sg_network_layer(d->n, x)->out;
  l.out = 1;
  return sg_network_add(d->n, &l);
}

/* b4: minibatch standard deviation, convolution, two matrices, and the label's projection. */
static void
add_head(const Describe *d, int x)
{
  const SgModelInfo *i = &d->b->info;
  int last = sg_network_layer(d->n, x)->out, outputs = 1, map = -1;

  if (d->n->c_dim) {
    map = add_mapping(d, 0, last, i->d_mapping_layers, i->d_mapping_lr_mul);
    outputs = sg_network_layer(d->n, map)->out;
  }
  int std = add_batch_std(d, x), from = std < 0 ? x : std;
  int conv = add_d_conv(d, "b4", "conv", from, last,
                        sg_blueprint_size(d->b, 1, last + i->mbstd_num_channels, "b4.conv.weight"));
  int fc = add_d_dense(d, "fc", conv, sg_blueprint_size(d->b, 0, last, "b4.fc.weight"), FALSE);
  int out = add_d_dense(d, "out", fc, outputs, TRUE);
  int project = map < 0 ? -1 : add_project(d, out, map);
  const int ours[] = {std, conv, fc, out};
  for (guint k = 0; k < G_N_ELEMENTS(ours); k++) {
    sg_network_run_next(d->n, ours[k]);
    sg_network_draw_next(d->n, ours[k]);
  }
  run_mapping(d);
  draw_mapping(d);
  sg_network_run_next(d->n, project);
  sg_network_draw_next(d->n, project);
  d->n->output = project < 0 ? out : project;
}

static SgNetwork *
describe_discriminator(const SgBlueprint *b)
{
  const SgModelInfo *i = &b->info;
  g_autoptr(GArray) mapping = g_array_new(FALSE, FALSE, sizeof(int));
  Describe d = {b, sg_network_new(&sg_family_stylegan2), mapping};
  int x = SG_FROM_NOTHING, image = SG_FROM_PICTURE;

  d.n->c_dim = MAX(sg_blueprint_size(b, 1, i->c_dim, "mapping.embed.weight"), 0);
  d.n->channels = i->img_channels;
  d.n->height = sg_info_height(i);
  d.n->width = sg_info_width(i);
  for (int k = g_bit_nth_msf((gulong)i->img_resolution, -1); k >= 2; k--) {
    DBlock block = add_d_block(&d, k, x, image);
    const int run[] = {block.rgb, block.skip, block.conv0, block.conv1, block.half};
    const int draw[] = {block.rgb, block.conv0, block.conv1, block.skip, block.half};
    for (guint j = 0; j < G_N_ELEMENTS(run); j++) {
      sg_network_run_next(d.n, run[j]);
      sg_network_draw_next(d.n, draw[j]);
    }
    x = block.conv1 >= 0 ? block.conv1 : block.rgb >= 0 ? block.rgb : x;
    image = block.half;
  }
  add_head(&d, x);
  return d.n;
}

/* ---- what must hold between tensors ---------------------------------------------------------- */

static gboolean
agree_generator(const SgNetwork *n, const SgModelInfo *info, GError **error)
{
  const SgLayer *average = sg_network_layer(n, n->mapped);
  int outputs = info->w_dim;

  if (average->input >= 0 && info->mapping_layers)
    outputs = sg_network_layer(n, average->input)->out;
  if (info->z_dim <= 0 || outputs != info->w_dim)
    return sg_broken(error,
                     "the mapping network takes %d numbers and gives %d, but the styles take %d",
                     info->z_dim, outputs, info->w_dim);
  return TRUE;
}

static gboolean
agree_discriminator(const SgNetwork *n, const char *prefix, const SgModelInfo *info, GError **error)
{
  const SgParam *conv = sg_network_find(n, "b4.conv.weight");
  int extra = info->mbstd_num_channels, in = (int)conv->shape[1] - extra;

  if (n->c_dim != info->c_dim)
    return sg_broken(error, "the discriminator knows %d classes, the generator %d", n->c_dim,
                     info->c_dim);
  if (extra < 0 || (extra > 0 && in % extra != 0))
    return sg_broken(error,
                     "the tensor %s%s takes %d channels, which does not fit the %d of the block "
                     "before it",
                     prefix, conv->name, (int)conv->shape[1], in);
  return TRUE;
}

static gboolean
agree(const SgNetwork *n, const char *prefix, SgModelInfo *info, GError **error)
{
  return prefix[0] == 'D' ? agree_discriminator(n, prefix, info, error)
                          : agree_generator(n, info, error);
}

/* Whatever no other family wants: what is wrong with it is said when its shapes are checked. */
static gboolean
recognise(const SgModel *m)
{
  return TRUE;
}

const SgFamily sg_family_stylegan2 = {
    .name = "stylegan2",
    .title = "StyleGAN2",
    .architectures = TRUE,
    .trainable = TRUE,
    .recognise = recognise,
    .infer = infer,
    .describe_generator = describe_generator,
    .describe_discriminator = describe_discriminator,
    .agree = agree,
};
