#include "engine/nets/discriminator.h"
#include "engine/nets/params.h"
#include "engine/models/family.h"
#include <math.h>

#define MAX_BLOCKS 16

/* A convolution with equalised learning rate: y = act (conv (x, W) / sqrt (fan_in) + b). */
typedef struct {
  SgConv *conv;
  int out, stride, shrink; /* shrink: pixels lost to missing padding */
  SgBuf *scale, *bias;     /* [1, out]: 1 / sqrt (fan_in); bias NULL for none */
} Layer;

typedef struct {
  int resolution;       /* of the input */
  SgBuf *rgb_w, *rgb_b; /* fromRGB, NULL where the block has none */
  float rgb_gain, rgb_clamp;
  Layer conv0, conv1, skip;
} Block;

struct _SgDiscriminator {
  SgBackend *b;
  SgModel *model;
  gboolean mystylegan;
  SgArch arch;
  float act_gain, clamp;
  int blocks;
  Block block[MAX_BLOCKS];
  SgBuf *last_rgb_w, *last_rgb_b; /* skip: b4.fromrgb */
  float last_rgb_gain;
  Layer conv;
  SgBuf *fc_w, *fc_b, *out_w, *out_b;
  SgMapping *mapping; /* conditional only */
};

/* ---- building -------------------------------------------------------------------------------- */

static gboolean
layer_init(SgDiscriminator *d, Layer *l, const SgTensor *w, const SgTensor *bias, int stride,
           int pad, GError **error)
{
  int k = (int)w->shape[2];
  SgConvGeometry g = {SG_CONV_FORWARD, k, stride, pad, pad};
  float fan_in = (float)(w->shape[1] * k * k);

  l->out = (int)w->shape[0];
  l->stride = stride;
  l->shrink = k - 1 - 2 * pad;
  l->conv = d->b->conv_new(d->b, w->data, l->out, (int)w->shape[1], &g, error);
  return l->conv && (l->scale = sg_params_constant(d->b, l->out, 1 / sqrtf(fan_in), error)) &&
         (!bias || (l->bias = sg_params_vector(d->b, bias, 0, error)));
}

static SgTensor *
tensor(const SgDiscriminator *d, const char *layer, const char *what)
{
  return sg_model_tensorf(d->model, "D.", "%s.%s%s", layer, what,
                          d->mystylegan && g_str_equal(what, "weight") ? "_orig" : "");
}

static gboolean
named_layer(SgDiscriminator *d, Layer *l, const char *name, int stride, int pad, GError **error)
{
  return layer_init(d, l, tensor(d, name, "weight"), tensor(d, name, "bias"), stride, pad, error);
}

static gboolean
from_rgb_init(SgDiscriminator *d, const char *name, SgBuf **w, SgBuf **bias, float *gain,
              GError **error)
{
  SgTensor *t = tensor(d, name, "weight");
  *gain = 1 / sqrtf((float)t->shape[1]);
  *w = sg_params_matrix(d->b, t, (int)t->shape[0], 1, 0, error);
  return *w && (*bias = sg_params_vector(d->b, tensor(d, name, "bias"), 0, error));
}

static gboolean
stylegan2_block(SgDiscriminator *d, Block *block, int r, GError **error)
{
  gboolean top = r == d->model->info.img_resolution;
  g_autofree char *rgb = g_strdup_printf("b%d.fromrgb", r);
  g_autofree char *conv0 = g_strdup_printf("b%d.conv0", r);
  g_autofree char *conv1 = g_strdup_printf("b%d.conv1", r);
  g_autofree char *skip = g_strdup_printf("b%d.skip", r);

  block->resolution = r;
  block->rgb_clamp = d->clamp;
  if ((top || d->arch == SG_ARCH_SKIP) &&
      !from_rgb_init(d, rgb, &block->rgb_w, &block->rgb_b, &block->rgb_gain, error))
    return FALSE;
  return named_layer(d, &block->conv0, conv0, 1, 1, error) &&
         named_layer(d, &block->conv1, conv1, 2, 0, error) &&
         (d->arch != SG_ARCH_RESNET || named_layer(d, &block->skip, skip, 1, 0, error));
}

static gboolean
build_stylegan2(SgDiscriminator *d, GError **error)
{
  d->act_gain = (float)G_SQRT2;
  d->clamp = (float)d->model->info.d_conv_clamp;
  for (int r = d->model->info.img_resolution; r > 4; r /= 2)
    if (!stylegan2_block(d, &d->block[d->blocks++], r, error))
      return FALSE;
  if (d->arch == SG_ARCH_SKIP || d->blocks == 0)
    if (!from_rgb_init(d, "b4.fromrgb", &d->last_rgb_w, &d->last_rgb_b, &d->last_rgb_gain, error))
      return FALSE;
  if (d->model->info.c_dim && !(d->mapping = sg_mapping_new_discriminator(d->b, d->model, error)))
    return FALSE;
  return named_layer(d, &d->conv, "b4.conv", 1, 1, error);
}

static gboolean
mystylegan_block(SgDiscriminator *d, Block *block, int i, GError **error)
{
  g_autofree char *conv0 = g_strdup_printf("%d.conv", i);
  g_autofree char *conv1 = g_strdup_printf("%d.downconv", i);
  g_autofree char *skip = g_strdup_printf("%d.skip", i);

  block->rgb_clamp = -1;
  if (i == 0 &&
      !from_rgb_init(d, "from_channels", &block->rgb_w, &block->rgb_b, &block->rgb_gain, error))
    return FALSE;
  return named_layer(d, &block->conv0, conv0, 1, 1, error) &&
         named_layer(d, &block->conv1, conv1, 2, 1, error) &&
         named_layer(d, &block->skip, skip, 2, 0, error);
}

static gboolean
build_mystylegan(SgDiscriminator *d, GError **error)
{
  d->act_gain = 1.3867504905630728f;
  d->clamp = -1;
  while (d->blocks < MAX_BLOCKS &&
         sg_model_tensorf(d->model, "D.", "%d.conv.weight_orig", d->blocks)) {
    if (!mystylegan_block(d, &d->block[d->blocks], d->blocks, error))
      return FALSE;
    d->blocks++;
  }
  return named_layer(d, &d->conv, "conv", 1, 0, error);
}

static gboolean
build_head(SgDiscriminator *d, GError **error)
{
  const char *fc = d->mystylegan ? "dense" : "b4.fc", *out = d->mystylegan ? "output" : "b4.out";
  SgTensor *fw = tensor(d, fc, "weight"), *ow = tensor(d, out, "weight");
  return (d->fc_w = sg_params_matrix(d->b, fw, (int)fw->shape[0], 1, 0, error)) &&
         (d->fc_b = sg_params_vector(d->b, tensor(d, fc, "bias"), 0, error)) &&
         (d->out_w = sg_params_matrix(d->b, ow, (int)ow->shape[0], 1, 0, error)) &&
         (d->out_b = sg_params_vector(d->b, tensor(d, out, "bias"), 0, error));
}

SgDiscriminator *
sg_discriminator_new(SgBackend *b, SgModel *model, GError **error)
{
  g_autoptr(SgDiscriminator) d = g_new0(SgDiscriminator, 1);
  d->b = b;
  d->model = sg_model_ref(model);
  d->mystylegan = model->info.family == &sg_family_mystylegan;
  d->arch = d->mystylegan ? SG_ARCH_RESNET : model->info.d_arch;
  if (!(d->mystylegan ? build_mystylegan(d, error) : build_stylegan2(d, error)) ||
      !build_head(d, error))
    return NULL;
  return g_steal_pointer(&d);
}

static void
layer_clear(SgDiscriminator *d, Layer *l)
{
  if (l->conv)
    d->b->conv_free(l->conv);
  sg_buf_unref(l->scale);
  sg_buf_unref(l->bias);
}

void
sg_discriminator_free(SgDiscriminator *d)
{
  if (!d)
    return;
  for (int i = 0; i < MAX_BLOCKS; i++) {
    Block *block = &d->block[i];
    sg_buf_unref(block->rgb_w);
    sg_buf_unref(block->rgb_b);
    layer_clear(d, &block->conv0);
    layer_clear(d, &block->conv1);
    layer_clear(d, &block->skip);
  }
  layer_clear(d, &d->conv);
  SgBuf *bufs[] = {d->last_rgb_w, d->last_rgb_b, d->fc_w, d->fc_b, d->out_w, d->out_b};
  for (guint i = 0; i < G_N_ELEMENTS(bufs); i++)
    sg_buf_unref(bufs[i]);
  sg_mapping_free(d->mapping);
  sg_model_unref(d->model);
  g_free(d);
}

/* ---- running --------------------------------------------------------------------------------- */

/* act (conv (x)): `gain` multiplies the activation's, `linear` leaves the activation out. */
static SgBuf *
layer_run(const SgDiscriminator *d, const Layer *l, const SgBuf *x, float gain, gboolean linear,
          GError **error)
{
  int size = (x->h - 1 - l->shrink) / l->stride + 1;
  g_autoptr(SgBuf) y = sg_buf_new(d->b, SG_FMT_ACT, x->n, l->out, size, size, error);
  SgEpilogue e = {.scale = l->scale,
                  .bias = l->bias,
                  .slope = linear ? 1 : 0.2f,
                  .gain = linear ? gain : d->act_gain * gain,
                  .clamp = d->clamp >= 0 && !linear ? d->clamp * gain : -1};
  return y && d->b->conv_run(l->conv, y, x, NULL, &e, error) ? g_steal_pointer(&y) : NULL;
}

static SgBuf *
filtered(const SgDiscriminator *d, const SgBuf *x, SgFir mode, GError **error)
{
  int size = mode == SG_FIR_DOWN ? x->h / 2 : x->h + 1;
  SgBuf *y = sg_buf_new(d->b, x->fmt, x->n, x->c, size, size, error);
  if (y)
    d->b->fir(y, x, mode);
  return y;
}

/* The block's second, downsampling half, from the output of conv0 (main) and its input (skip). */
static SgBuf *
block_down(const SgDiscriminator *d, const Block *block, const SgBuf *x, const SgBuf *h,
           GError **error)
{
  /* mystylegan divides the sum by sqrt 2, StyleGAN2 each branch: the same but for the clamp. */
  float half = d->arch == SG_ARCH_RESNET ? (float)G_SQRT2 / 2 : 1;
  g_autoptr(SgBuf) main_in = NULL, skip_in = NULL, y = NULL, t = NULL;

  if (!d->mystylegan && !(main_in = filtered(d, h, SG_FIR_BLUR_BEFORE_DOWN, error)))
    return NULL;
  if (!(y = layer_run(d, &block->conv1, main_in ? main_in : h, half, FALSE, error)))
    return NULL;
  if (d->arch != SG_ARCH_RESNET)
    return g_steal_pointer(&y);
  if (!d->mystylegan && !(skip_in = filtered(d, x, SG_FIR_DOWN, error)))
    return NULL;
  if (!(t = layer_run(d, &block->skip, skip_in ? skip_in : x, half, TRUE, error)))
    return NULL;
  d->b->add(y, y, t, 1);
  return g_steal_pointer(&y);
}

/* x += fromRGB (img), or = where there is no x yet. Takes x. */
static SgBuf *
add_rgb(const SgDiscriminator *d, SgBuf *x, const SgBuf *img, const SgBuf *w, const SgBuf *bias,
        float gain, float clamp, GError **error)
{
  SgEpilogue e = {.bias = bias, .slope = 0.2f, .gain = d->act_gain, .clamp = clamp};
  gboolean accumulate = x != NULL;
  if (!x)
    x = sg_buf_new(d->b, SG_FMT_ACT, img->n, w->n, img->h, img->w, error);
  if (x)
    d->b->from_rgb(x, img, w, gain, &e, accumulate);
  return x;
}

/* All blocks: picture -> [n, C, 4, 4]. */
static SgBuf *
run_blocks(const SgDiscriminator *d, int n, const float *images, GError **error)
{
  const SgModelInfo *info = &d->model->info;
  int r = info->img_resolution;
  g_autoptr(SgBuf) img = sg_buf_from_floats(d->b, images, n, info->img_channels, r, r, error);
  g_autoptr(SgBuf) x = NULL;

  if (!img)
    return NULL;
  for (int i = 0; i < d->blocks; i++) {
    const Block *block = &d->block[i];
    if (block->rgb_w && !(x = add_rgb(d, x, img, block->rgb_w, block->rgb_b, block->rgb_gain,
                                      block->rgb_clamp, error)))
      return NULL;
    g_autoptr(SgBuf) h = layer_run(d, &block->conv0, x, 1, FALSE, error);
    SgBuf *y = h ? block_down(d, block, x, h, error) : NULL;
    if (!y)
      return NULL;
    sg_buf_unref(x);
    x = y;
    if (d->arch == SG_ARCH_SKIP) {
      SgBuf *small = filtered(d, img, SG_FIR_DOWN, error);
      if (!small)
        return NULL;
      sg_buf_unref(img);
      img = small;
    }
  }
  if (d->last_rgb_w &&
      !(x = add_rgb(d, x, img, d->last_rgb_w, d->last_rgb_b, d->last_rgb_gain, -1, error)))
    return NULL;
  return g_steal_pointer(&x);
}

/* Largest divisor of n that is at most the model's group size (0: the whole batch). */
static int
group_size(int n, int wanted)
{
  int size = wanted > 0 ? MIN(wanted, n) : n;
  while (n % size)
    size--;
  return size;
}

/* x [n, C, r, r] -> the network's outputs, PLAIN [n, out] */
static SgBuf *
run_head(const SgDiscriminator *d, SgBuf *x, GError **error)
{
  const SgModelInfo *info = &d->model->info;
  int features = info->mbstd_num_channels;
  g_autoptr(SgBuf) m = NULL, h = NULL, flat = NULL, f = NULL, out = NULL;

  if (features) {
    m = sg_buf_new(d->b, SG_FMT_ACT, x->n, x->c + features, x->h, x->w, error);
    if (!m)
      return NULL;
    d->b->minibatch_std(m, x, group_size(x->n, info->mbstd_group_size), features);
  }
  if (!(h = layer_run(d, &d->conv, m ? m : x, 1, FALSE, error)) ||
      !(flat = sg_buf_new(d->b, SG_FMT_PLAIN, h->n, h->c * h->h * h->w, 1, 1, error)))
    return NULL;
  d->b->copy(flat, h);
  if (!(f = sg_buf_new(d->b, SG_FMT_PLAIN, h->n, d->fc_w->n, 1, 1, error)) ||
      !(out = sg_buf_new(d->b, SG_FMT_PLAIN, h->n, d->out_w->n, 1, 1, error)))
    return NULL;
  d->b->dense(f, flat, d->fc_w, 1 / sqrtf((float)d->fc_w->c), d->fc_b, 1, TRUE, d->act_gain);
  d->b->dense(out, f, d->out_w, 1 / sqrtf((float)d->out_w->c), d->out_b, 1, FALSE, 1);
  return g_steal_pointer(&out);
}

/* Conditional (Miyato & Koyama 2018, projection): logit = out · mapping (class) / sqrt (size). */
static gboolean
project(const SgDiscriminator *d, int n, const float *out, int size, const int *labels,
        float *logits, GError **error)
{
  g_autofree float *cmap = g_new(float, ((gsize)n * size));
  if (!sg_mapping_run(d->mapping, n, NULL, labels, cmap, error))
    return FALSE;
  for (int i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; j < size; j++)
      sum += (double)out[(gsize)i * size + j] * cmap[(gsize)i * size + j];
    logits[i] = (float)(sum / sqrt(size));
  }
  return TRUE;
}

gboolean
sg_discriminator_run(SgDiscriminator *d, int n, const float *images, const int *labels,
                     float *logits, GError **error)
{
  g_autoptr(SgBuf) x = run_blocks(d, n, images, error);
  g_autoptr(SgBuf) out = x ? run_head(d, x, error) : NULL;
  if (!out)
    return FALSE;
  g_autofree float *values = g_new(float, (gsize)n * out->c);
  d->b->download(out, values);
  if (!sg_backend_check(d->b, error))
    return FALSE;
  if (d->mapping)
    return project(d, n, values, out->c, labels, logits, error);
  for (int i = 0; i < n; i++)
    logits[i] = values[(gsize)i * out->c];
  return TRUE;
}
