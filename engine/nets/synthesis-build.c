/* From a model's tensors to stages: the one place that knows the families' layers by name. Shapes
 * were checked when the model was loaded. */
#include "engine/nets/params.h"
#include "engine/nets/synthesis.h"
#include "engine/models/family.h"
#include <math.h>

/* Where a layer's tensors are: "G_ema." + "synthesis.b8.conv0" + ".weight". */
typedef struct {
  SgSynthesis *net;
  const char *prefix;
  GError **error;
} Builder;

static SgTensor *
layer_tensor(const Builder *b, const char *layer, const char *what)
{
  return sg_model_tensorf(b->net->model, b->prefix, "%s.%s", layer, what);
}

static float
scalar(const SgTensor *t)
{
  return t && t->numel ? t->data[0] : 0;
}

/* `add` is 1 where the network adds one to its styles at run time. */
static gboolean
build_style(const Builder *b, SgStage *stage, const char *layer, const char *affine, float add)
{
  gboolean mystylegan = b->net->model->info.family == &sg_family_mystylegan;
  g_autofree char *weight = g_strconcat(affine, mystylegan ? ".weight_orig" : ".weight", NULL);
  g_autofree char *bias = g_strconcat(affine, ".bias", NULL);
  SgTensor *w = layer_tensor(b, layer, weight), *v = layer_tensor(b, layer, bias);

  stage->in_channels = (int)w->shape[0];
  stage->affine_gain = 1 / sqrtf((float)w->shape[1]);
  stage->affine_w = sg_params_matrix(b->net->backend, w, (int)w->shape[0], 1, 0, b->error);
  if (stage->affine_w)
    stage->affine_b = sg_params_vector(b->net->backend, v, add, b->error);
  return stage->affine_b != NULL;
}

/* weight [O, I, 3, 3]: convolution, demodulation and bias. Takes `weight`. */
static gboolean
build_conv(const Builder *b, SgStage *stage, SgTensor *weight, const SgTensor *bias,
           const SgConvGeometry *geometry, float demod_eps)
{
  SgBackend *backend = b->net->backend;
  stage->weight = weight;
  stage->out_channels = (int)weight->shape[0];
  stage->demod_eps = demod_eps;
  stage->conv = backend->conv_new(backend, weight->data, stage->out_channels, (int)weight->shape[1],
                                  geometry, b->error);
  return stage->conv && (stage->squares = sg_params_squares(backend, weight, b->error)) &&
         (stage->bias = sg_params_vector(backend, bias, 0, b->error));
}

static gboolean
build_rgb(const Builder *b, SgStage *stage, const char *layer, const char *weight_name)
{
  SgTensor *w = layer_tensor(b, layer, weight_name), *bias = layer_tensor(b, layer, "bias");
  stage->kind = SG_STAGE_RGB;
  stage->out_channels = (int)w->shape[0];
  stage->rgb_w = sg_params_matrix(b->net->backend, w, (int)w->shape[0],
                                  1 / sqrtf((float)w->shape[1]), 0, b->error);
  stage->rgb_b = stage->rgb_w ? sg_params_vector(b->net->backend, bias, 0, b->error) : NULL;
  return stage->rgb_b != NULL;
}

static SgStage *
add_stage(SgSynthesis *net, int resolution, int w_index, const char *name)
{
  SgStage stage = {.backend = net->backend,
                   .resolution = resolution,
                   .w_index = w_index,
                   .clamp = -1,
                   .gain = 1};
  g_strlcpy(stage.name, name, sizeof stage.name);
  g_array_append_val(net->stages, stage);
  return sg_synthesis_stage(net, net->stages->len - 1);
}

/* ---- StyleGAN2 ------------------------------------------------------------------------------- */

static gboolean
stylegan2_noise(const Builder *b, SgStage *stage, const char *layer)
{
  SgTensor *noise = layer_tensor(b, layer, "noise_const");
  int r = stage->resolution;
  stage->noise_strength = scalar(layer_tensor(b, layer, "noise_strength"));
  if (!noise)
    return TRUE;
  stage->noise_const = sg_buf_from_floats(b->net->backend, noise->data, 1, 1, r, r, b->error);
  return stage->noise_const != NULL;
}

static gboolean
stylegan2_conv(const Builder *b, int r, int conv, int w_index)
{
  static const SgConvGeometry up = {SG_CONV_UP_FIR, 3, 2, 0, 0};
  static const SgConvGeometry same = {SG_CONV_FORWARD, 3, 1, 1, 1};
  SgSynthesis *net = b->net;
  gboolean resnet = net->arch == SG_ARCH_RESNET && r > 4;
  g_autofree char *name = g_strdup_printf("b%d.conv%d", r, conv);
  g_autofree char *layer = g_strconcat("synthesis.", name, NULL);
  float half = resnet && conv == 1 ? (float)G_SQRT2 / 2 : 1;
  double clamp = net->model->info.g_conv_clamp;

  SgStage *stage = add_stage(net, r, w_index, name);
  stage->up = conv == 0;
  stage->gain = (float)G_SQRT2 * half;
  stage->clamp = clamp >= 0 ? (float)clamp * half : -1;
  stage->block_start = resnet && conv == 0;
  if (!build_style(b, stage, layer, "affine", 0) ||
      !build_conv(b, stage, sg_tensor_ref(layer_tensor(b, layer, "weight")),
                  layer_tensor(b, layer, "bias"), conv == 0 ? &up : &same, 1e-8f) ||
      !stylegan2_noise(b, stage, layer))
    return FALSE;
  if (!resnet || conv == 0)
    return TRUE;
  static const SgConvGeometry point = {SG_CONV_FORWARD, 1, 1, 0, 0};
  SgTensor *w = sg_model_tensorf(net->model, b->prefix, "synthesis.b%d.skip.weight", r);
  stage->skip_weight = sg_params_scaled(w, sqrtf(0.5f / (float)w->shape[1]));
  stage->skip = net->backend->conv_new(net->backend, stage->skip_weight->data, (int)w->shape[0],
                                       (int)w->shape[1], &point, b->error);
  return stage->skip != NULL;
}

static gboolean
stylegan2_rgb(const Builder *b, int r, int w_index)
{
  g_autofree char *name = g_strdup_printf("b%d.torgb", r);
  g_autofree char *layer = g_strconcat("synthesis.", name, NULL);
  SgStage *stage = add_stage(b->net, r, w_index, name);
  stage->clamp = (float)b->net->model->info.g_conv_clamp;
  return build_style(b, stage, layer, "affine", 0) && build_rgb(b, stage, layer, "weight");
}

static gboolean
build_stylegan2(const Builder *b)
{
  SgSynthesis *net = b->net;
  SgTensor *c = sg_model_tensor(net->model, b->prefix, "synthesis.b4.const");

  net->slope = 0.2f;
  net->constant = sg_buf_new(net->backend, SG_FMT_ACT, 1, (int)c->shape[0], 4, 4, b->error);
  if (!net->constant)
    return FALSE;
  net->backend->upload(net->constant, c->data);
  for (int r = 4, w = 0; r <= net->resolution; r *= 2) {
    if (r > 4 && !stylegan2_conv(b, r, 0, w++))
      return FALSE;
    if (!stylegan2_conv(b, r, 1, w++))
      return FALSE;
    if ((net->arch == SG_ARCH_SKIP || r == net->resolution) && !stylegan2_rgb(b, r, w))
      return FALSE;
  }
  return TRUE;
}

/* ---- mystylegan (simplerick/stylegan2_pytorch) ------------------------------------------- */

static gboolean
mystylegan_conv(const Builder *b, int block, int r, gboolean up)
{
  static const SgConvGeometry doubling = {SG_CONV_TRANSPOSED, 3, 2, 1, 0};
  static const SgConvGeometry same = {SG_CONV_FORWARD, 3, 1, 1, 1};
  g_autofree char *layer = g_strdup_printf("%d.%s", block, up ? "upconv" : "conv");
  SgTensor *stored = layer_tensor(b, layer, "weight_orig");
  /* The transposed convolution stores its input channels first, and counts them as its fan-in;
   * demodulation cancels the 1 / sqrt (fan_in) but for the epsilon. */
  SgTensor *weight = up ? sg_params_swap_io(stored) : sg_tensor_ref(stored);
  float fan_in = (float)(weight->shape[1] * weight->shape[2] * weight->shape[3]);

  SgStage *stage = add_stage(b->net, r, block, layer);
  stage->up = up;
  stage->gain = 1.3867504905630728f;
  stage->noise_strength = scalar(sg_model_tensorf(b->net->model, b->prefix, "%d.%s.noise_strength",
                                                  block, up ? "noise" : "noise2"));
  return build_conv(b, stage, weight, layer_tensor(b, layer, "bias"), up ? &doubling : &same,
                    1e-8f * fan_in) &&
         build_style(b, stage, layer, "style", 1);
}

static gboolean
mystylegan_rgb(const Builder *b, int block, int r)
{
  g_autofree char *layer = g_strdup_printf("%d.to_channels", block);
  SgStage *stage = add_stage(b->net, r, block, layer);
  return build_style(b, stage, layer, "style", 1) && build_rgb(b, stage, layer, "weight_orig");
}

static gboolean
build_mystylegan(const Builder *b)
{
  SgSynthesis *net = b->net;
  SgTensor *c = sg_model_tensor(net->model, b->prefix, "const");
  int r = (int)c->shape[1];

  net->slope = 0.2f;
  net->arch = SG_ARCH_SKIP;
  net->bilinear_rgb = TRUE;
  net->constant = sg_buf_new(net->backend, SG_FMT_ACT, 1, (int)c->shape[0], r, r, b->error);
  if (!net->constant)
    return FALSE;
  net->backend->upload(net->constant, c->data);
  for (int block = 0; block < net->num_ws; block++) {
    r *= 2;
    if (!mystylegan_conv(b, block, r, TRUE) || !mystylegan_conv(b, block, r, FALSE) ||
        !mystylegan_rgb(b, block, r))
      return FALSE;
  }
  net->full_resolution = r;
  return TRUE;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
stage_clear(gpointer data)
{
  SgStage *s = data;
  if (s->conv)
    s->backend->conv_free(s->conv);
  if (s->skip)
    s->backend->conv_free(s->skip);
  sg_buf_unref(s->affine_w);
  sg_buf_unref(s->affine_b);
  sg_buf_unref(s->squares);
  sg_buf_unref(s->bias);
  sg_buf_unref(s->noise_const);
  sg_buf_unref(s->rgb_w);
  sg_buf_unref(s->rgb_b);
  sg_tensor_unref(s->weight);
  sg_tensor_unref(s->skip_weight);
}

SgSynthesis *
sg_synthesis_new(SgBackend *backend, SgModel *model, const char *prefix, GError **error)
{
  g_autoptr(SgSynthesis) net = g_new0(SgSynthesis, 1);
  const SgModelInfo *info = &model->info;
  Builder b = {net, prefix, error};

  net->backend = backend;
  net->model = sg_model_ref(model);
  net->num_ws = info->num_ws;
  net->w_dim = info->w_dim;
  net->channels = info->img_channels;
  net->resolution = net->full_resolution = info->img_resolution;
  net->arch = info->g_arch;
  net->stages = g_array_new(FALSE, FALSE, sizeof(SgStage));
  g_array_set_clear_func(net->stages, stage_clear);
  gboolean ok = info->family == &sg_family_mystylegan ? build_mystylegan(&b) : build_stylegan2(&b);
  for (guint i = 0; i < net->stages->len; i++)
    if (sg_synthesis_stage(net, i)->kind == SG_STAGE_CONV)
      sg_synthesis_stage(net, i)->conv_index = net->num_convs++;
  return ok ? g_steal_pointer(&net) : NULL;
}

void
sg_synthesis_free(SgSynthesis *s)
{
  if (!s)
    return;
  g_array_unref(s->stages);
  sg_buf_unref(s->constant);
  sg_model_unref(s->model);
  g_free(s);
}
