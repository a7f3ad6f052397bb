/* The network of "Tackling fake images in cybersecurity" (docs/formats.md, Mystylegan), under its
 * own layer names: a StyleGAN2 whose blocks double by a transposed convolution without a filter,
 * whose picture is doubled bilinearly, and whose pictures may be cropped. */
#include "engine/formats/format-error.h"
#include "engine/models/family.h"
#include "engine/models/importer.h"
#include <string.h>

#define MAX_BLOCKS 10
#define GAIN       1.3867504905630728 /* √(2 / 1.04), of a leaky ReLU of slope 0.2 */
#define HALF       (G_SQRT2 / 2)      /* the sum of two branches is divided by √2 */

/* ---- from tensors to an architecture --------------------------------------------------------- */

static int
count(const SgModel *m, const char *prefix, const char *format_before, const char *after, int most)
{
  int i = 0;

  while (i < most && sg_model_tensorf(m, prefix, "%s%d%s", format_before, i, after))
    i++;
  return i;
}

static gboolean
read_resolution(const SgModel *m, int full, SgModelInfo *info, GError **error)
{
  const char *stated = g_hash_table_lookup(m->metadata, "img_resolution");

  /* The crop is not stored; the only net that is known to have one is that of the MNIST
   * notebook. */
  info->img_resolution = full == 32 && info->img_channels == 1 ? 28 : full;
  if (stated && !sg_parse_int(stated, full / 2 + 1, full, &info->img_resolution))
    return sg_broken(error, "the file claims pictures of %s×%s, but its network makes %d×%d",
                     stated, stated, full, full);
  return TRUE;
}

static gboolean
infer_generator(const SgModel *m, const char *prefix, SgModelInfo *info, GError **error)
{
  SgBlueprint b = {.model = m, .prefix = prefix};
  int h = sg_blueprint_size(&b, 1, -1, "const"), w = sg_blueprint_size(&b, 2, -1, "const");
  SgTensor *first = sg_model_tensor(m, prefix, "mapping.0.weight_orig");

  if (!sg_model_tensor(m, prefix, "const"))
    return sg_broken(error, "the tensor %sconst is missing", prefix);
  if (w >= 0 && (h != w || h > 64))
    return sg_broken(error, "the tensor %sconst is not square", prefix);
  if (!first || first->ndim != 2 || first->numel == 0)
    return sg_broken(error, "the tensor %smapping.0.weight_orig is missing or no matrix", prefix);
  info->z_dim = info->w_dim = sg_blueprint_size(&b, 0, -1, "mapping.0.weight_orig");
  info->mapping_layers = count(m, prefix, "mapping.", ".weight_orig", G_MAXINT);
  info->num_ws = count(m, prefix, "", ".upconv.weight_orig", MAX_BLOCKS);
  if (info->num_ws == 0)
    return sg_broken(error, "the tensor %s0.upconv.weight_orig is missing", prefix);
  info->img_channels = sg_blueprint_size(&b, 0, -1, "0.to_channels.weight_orig");
  return w < 0 || read_resolution(m, h << info->num_ws, info, error);
}

static gboolean
infer_discriminator(const SgModel *m, SgModelInfo *info, GError **error)
{
  int size = info->img_resolution;

  for (int i = count(m, "D.", "", ".conv.weight_orig", SG_MAX_BLOCKS); i > 0; i--)
    size = (size + 1) / 2;
  if (size <= 2) /* the last convolution has no padding */
    return sg_broken(error, "the discriminator has more blocks than pictures of %d×%d allow",
                     info->img_resolution, info->img_resolution);
  info->mbstd_num_channels = 1;
  return TRUE;
}

static gboolean
infer(SgModel *m, const char *prefix, SgModelInfo *info, GError **error)
{
  return prefix[0] == 'D' ? infer_discriminator(m, info, error)
                          : infer_generator(m, prefix, info, error);
}

/* ---- describing ------------------------------------------------------------------------------ */

typedef struct {
  const SgBlueprint *b;
  SgNetwork *n;
} Describe;

static SgLayer
named(SgLayerKind kind, SgSection section, const char *block, const char *name)
{
  SgLayer l = sg_layer_new(kind, section);

  g_strlcpy(l.name, name, sizeof l.name);
  g_strlcpy(l.block, block, sizeof l.block);
  return l;
}

static void
declare(const Describe *d, int layer, guint free_axes, int out_axis, int ndim, const gint64 *shape)
{
  const char *name = sg_network_layer(d->n, layer)->name;

  sg_network_declare(d->n, layer, SG_ROLE_WEIGHT, ndim, shape, "%s.weight_orig", name)->free_axes =
      free_axes;
  sg_network_declare(d->n, layer, SG_ROLE_BIAS, SHAPE(shape[out_axis]), "%s.bias", name);
}

static void
add_mapping(const Describe *d)
{
  SgLayer z = named(SG_KIND_NORMALIZE, SG_SECTION_MAPPING, "mapping", "mapping.z");
  int x;

  z.input = SG_FROM_Z;
  z.in = z.out = d->n->z_dim;
  x = sg_network_add_next(d->n, &z);
  for (int i = 0; i < d->b->info.mapping_layers; i++) {
    g_autofree char *name = g_strdup_printf("mapping.%d", i);
    SgLayer l = named(SG_KIND_DENSE, SG_SECTION_MAPPING, "mapping", name);
    l.input = x;
    l.in = l.out = d->n->w_dim;
    l.lr = d->b->info.mapping_lr_mul;
    l.slope = 0.2;
    l.gain = GAIN;
    x = sg_network_add_next(d->n, &l);
    declare(d, x, 0, 0, SHAPE(l.out, l.in));
  }
  SgLayer average = named(SG_KIND_AVERAGE, SG_SECTION_MAPPING, "", "dlatent_avg");
  average.input = x;
  average.in = average.out = d->n->w_dim;
  d->n->mapped = sg_network_add_next(d->n, &average);
  sg_network_declare(d->n, d->n->mapped, SG_ROLE_AVERAGE, SHAPE(d->n->w_dim), "dlatent_avg")
      ->optional = TRUE;
}

/* A modulated layer of a block. */
static SgLayer
styled(const Describe *d, SgLayerKind kind, int block, const char *what, int x)
{
  g_autofree char *number = g_strdup_printf("%d", block);
  g_autofree char *name = g_strdup_printf("%d.%s", block, what);
  SgLayer l = named(kind, SG_SECTION_SYNTHESIS, number, name);

  l.input = x;
  l.w_index = block;
  l.style_offset = 1;
  return l;
}

static void
declare_style(const Describe *d, int layer)
{
  const SgLayer *l = sg_network_layer(d->n, layer);
  g_autofree char *name = g_strconcat(l->name, ".style", NULL);
  int in = l->in;

  sg_network_declare(d->n, layer, SG_ROLE_AFFINE_WEIGHT, SHAPE(in, d->n->w_dim), "%s.weight_orig",
                     name);
  sg_network_declare(d->n, layer, SG_ROLE_AFFINE_BIAS, SHAPE(in), "%s.bias", name);
}

static int
add_conv(const Describe *d, int block, gboolean up, int x)
{
  const SgLayer *from = sg_network_layer(d->n, x);
  SgLayer l = styled(d, SG_KIND_MODULATED, block, up ? "upconv" : "conv", x);

  sg_layer_set_sizes(&l, from, sg_blueprint_size(d->b, up ? 1 : 0, 0, "%s.weight_orig", l.name),
                     from->out_h * (up ? 2 : 1), from->out_w * (up ? 2 : 1));
  l.kernel = 3;
  l.stride_up = up ? 2 : 1;
  l.pad = 1;
  l.pad_end = up ? 0 : 1;
  /* A transposed convolution stores its input channels first, and counts them as its fan-in. */
  l.in_first = up;
  l.equalised = TRUE;
  l.demod_eps = 1e-8;
  l.slope = 0.2;
  l.gain = GAIN;
  l.group = sg_style_group(l.out_h);
  int i = sg_network_add_next(d->n, &l);
  if (up)
    declare(d, i, 2, 1, SHAPE(l.in, l.out, 3, 3));
  else
    declare(d, i, 1, 0, SHAPE(l.out, l.in, 3, 3));
  declare_style(d, i);
  return i;
}

static int
add_to_rgb(const Describe *d, int block, int x, int before)
{
  const SgLayer *from = sg_network_layer(d->n, x);
  SgLayer l = styled(d, SG_KIND_TO_RGB, block, "to_channels", x);

  sg_layer_set_sizes(&l, from, d->n->channels, from->out_h, from->out_w);
  l.kernel = 1;
  l.group = sg_style_group(l.out_h);
  l.add = before;
  if (before >= 0) { /* bilinear */
    l.add_filter = sg_filter_binomial(2, 1, 2, 1, 4);
    l.add_filter.clamp_edge = TRUE;
  }
  int i = sg_network_add_next(d->n, &l);
  declare(d, i, before < 0, 0, SHAPE(l.out, l.in, 1, 1));
  declare_style(d, i);
  return i;
}

static SgNetwork *
describe_generator(const SgBlueprint *b)
{
  Describe d = {b, sg_network_new(&sg_family_mystylegan)};
  SgLayer constant = named(SG_KIND_CONSTANT, SG_SECTION_SYNTHESIS, "", "const");
  int x, rgb = SG_FROM_NOTHING;

  d.n->z_dim = b->info.z_dim;
  d.n->w_dim = b->info.w_dim;
  d.n->num_ws = b->info.num_ws;
  d.n->channels = b->info.img_channels;
  d.n->height = d.n->width = b->info.img_resolution;
  constant.in = constant.out = sg_blueprint_size(b, 0, 0, "const");
  constant.in_h = constant.in_w = sg_blueprint_size(b, 1, 0, "const");
  constant.out_h = constant.out_w = constant.in_h;
  x = sg_network_add_next(d.n, &constant);
  sg_network_declare(d.n, x, SG_ROLE_WEIGHT, SHAPE(constant.out, constant.out_h, constant.out_w),
                     "const")
      ->free_axes = 7;
  add_mapping(&d);
  for (int block = 0; block < d.n->num_ws; block++) {
    int up = add_conv(&d, block, TRUE, x);
    x = add_conv(&d, block, FALSE, up);
    sg_network_declare(d.n, up, SG_ROLE_NOISE_STRENGTH, SHAPE(1), "%d.noise.noise_strength", block);
    sg_network_declare(d.n, x, SG_ROLE_NOISE_STRENGTH, SHAPE(1), "%d.noise2.noise_strength", block);
    rgb = add_to_rgb(&d, block, x, rgb);
  }
  d.n->output = rgb;
  return d.n;
}

/* ---- the discriminator ----------------------------------------------------------------------- */

static int
add_d_conv(const Describe *d, const char *block, const char *name, int x, SgLayer like)
{
  SgLayer l = named(SG_KIND_CONV, SG_SECTION_DISCRIMINATOR, block, name);
  const SgLayer *from = sg_network_layer(d->n, x);

  l.input = x;
  sg_layer_set_sizes(&l, from, sg_blueprint_size(d->b, 0, 0, "%s.weight_orig", name),
                     (from->out_h + 2 * like.pad - like.kernel) / like.stride_down + 1,
                     (from->out_w + 2 * like.pad - like.kernel) / like.stride_down + 1);
  l.kernel = like.kernel;
  l.pad = l.pad_end = like.pad;
  l.stride_down = like.stride_down;
  l.branch = like.branch;
  l.slope = like.slope;
  l.gain = like.slope == 1 ? 1 : GAIN;
  int i = sg_network_add(d->n, &l);
  declare(d, i, 1, 0, SHAPE(l.out, l.in, l.kernel, l.kernel));
  return i;
}

/* Returns the layer that leaves the sum of both branches. */
static int
add_d_block(const Describe *d, int block, int x)
{
  g_autofree char *conv = g_strdup_printf("%d.conv", block);
  g_autofree char *down = g_strdup_printf("%d.downconv", block);
  g_autofree char *skip = g_strdup_printf("%d.skip", block);
  g_autofree char *number = g_strdup_printf("%d", block);
  SgLayer same = {.kernel = 3, .pad = 1, .stride_down = 1, .slope = 0.2, .branch = 1};
  SgLayer half = {.kernel = 3, .pad = 1, .stride_down = 2, .slope = 0.2, .branch = HALF};
  SgLayer point = {.kernel = 1, .stride_down = 2, .slope = 1, .branch = HALF};
  int a = add_d_conv(d, number, conv, x, same), b = add_d_conv(d, number, down, a, half);
  int c = add_d_conv(d, number, skip, x, point);

  sg_network_edit(d->n, b)->add = c;
  sg_network_run_next(d->n, c);
  sg_network_run_next(d->n, a);
  sg_network_run_next(d->n, b);
  return b;
}

static int
add_d_dense(const Describe *d, const char *name, int x, gboolean linear)
{
  SgLayer l = named(SG_KIND_DENSE, SG_SECTION_DISCRIMINATOR, name, name);
  const SgLayer *from = sg_network_layer(d->n, x);

  l.input = x;
  l.in = from->out * from->out_h * from->out_w;
  l.out = linear ? 1 : sg_blueprint_size(d->b, 0, 0, "%s.weight_orig", name);
  l.slope = linear ? 1 : 0.2;
  l.gain = linear ? 1 : GAIN;
  int i = sg_network_add_next(d->n, &l);
  declare(d, i, linear ? 0 : 1, 0, SHAPE(l.out, l.in));
  return i;
}

static int
add_from_rgb(const Describe *d)
{
  SgLayer l = named(SG_KIND_FROM_RGB, SG_SECTION_DISCRIMINATOR, "from_channels", "from_channels");

  l.input = SG_FROM_PICTURE;
  l.in = d->n->channels;
  l.in_h = l.in_w = l.out_h = l.out_w = d->n->height;
  l.out = sg_blueprint_size(d->b, 0, 0, "from_channels.weight_orig");
  l.kernel = 1;
  l.slope = 0.2;
  l.gain = GAIN;
  int i = sg_network_add_next(d->n, &l);
  declare(d, i, 1, 0, SHAPE(l.out, l.in, 1, 1));
  return i;
}

static int
add_batch_std(const Describe *d, int x)
{
  SgLayer l = named(SG_KIND_BATCH_STD, SG_SECTION_DISCRIMINATOR, "", "mbstd");
  const SgLayer *from = sg_network_layer(d->n, x);

  l.input = x;
  sg_layer_set_sizes(&l, from, from->out + 1, from->out_h, from->out_w);
  l.features = 1;
  l.batch_group = d->b->info.mbstd_group_size;
  return sg_network_add_next(d->n, &l);
}

static SgNetwork *
describe_discriminator(const SgBlueprint *b)
{
  Describe d = {b, sg_network_new(&sg_family_mystylegan)};
  SgLayer last = {.kernel = 3, .stride_down = 1, .slope = 0.2, .branch = 1};

  d.n->channels = b->info.img_channels;
  d.n->height = d.n->width = b->info.img_resolution;
  int x = add_from_rgb(&d);
  for (int i = 0; i < SG_MAX_BLOCKS && b->model &&
                  sg_model_tensorf(b->model, b->prefix, "%d.conv.weight_orig", i);
       i++)
    x = add_d_block(&d, i, x);
  x = add_d_conv(&d, "conv", "conv", add_batch_std(&d, x), last);
  sg_network_run_next(d.n, x);
  d.n->output = add_d_dense(&d, "output", add_d_dense(&d, "dense", x, FALSE), TRUE);
  return d.n;
}

/* ---- what must hold between tensors ---------------------------------------------------------- */

static gboolean
agree(const SgNetwork *n, const char *prefix, SgModelInfo *info, GError **error)
{
  for (guint i = 0; i < n->layers->len; i++) {
    const SgLayer *l = sg_network_layer(n, (int)i);
    const SgLayer *other =
        l->add >= 0 && l->kind == SG_KIND_CONV ? sg_network_layer(n, l->add) : NULL;
    if (other && other->out != l->out)
      return sg_broken(error, "block %s of the discriminator adds %d to %d channels", l->block,
                       other->out, l->out);
  }
  return TRUE;
}

static gboolean
recognise(const SgModel *m)
{
  return sg_model_tensor(m, "G_ema.", "const") || sg_model_tensor(m, "G.", "const") ||
         sg_model_tensor(m, "D.", "from_channels.weight_orig");
}

const SgFamily sg_family_mystylegan = {
    .name = "mystylegan",
    .title = "mystylegan",
    .recognise = recognise,
    .infer = infer,
    .describe_generator = describe_generator,
    .describe_discriminator = describe_discriminator,
    .agree = agree,
};
