/* From a description and a model's tensors to stages. Shapes were checked when the model was
 * loaded. */
#include "engine/base/interrupt.h"
#include "engine/base/room.h"
#include "engine/models/import-tensors.h"
#include "engine/models/importer.h"
#include "engine/nets/geometry.h"
#include "engine/nets/params.h"
#include "engine/nets/synthesis.h"
#include <math.h>

typedef struct {
  SgSynthesis *net;
  const SgNetwork *n;
  const char *prefix; /* "G_ema." */
  GError **error;
} Builder;

/* The layer's tensor of a role; NULL: it has none, or the file lacks it. */
static SgTensor *
tensor(const Builder *b, const SgLayer *l, SgRole role)
{
  const SgParam *p = sg_layer_param(b->n, l, role);
  return p ? sg_model_tensor(b->net->model, b->prefix, p->name) : NULL;
}

static float
fan_in(const Builder *b, const SgLayer *l, SgRole role)
{
  return (float)sg_layer_param(b->n, l, role)->fan_in;
}

static gboolean
build_style(const Builder *b, SgStage *stage, const SgLayer *l)
{
  SgTensor *w = tensor(b, l, SG_ROLE_AFFINE_WEIGHT), *v = tensor(b, l, SG_ROLE_AFFINE_BIAS);

  if (!w)
    return TRUE;
  stage->style_channels = (int)w->shape[0];
  stage->affine_gain = 1 / sqrtf(fan_in(b, l, SG_ROLE_AFFINE_WEIGHT));
  stage->affine_w = sg_params_matrix(b->net->backend, w, (int)w->shape[0], 1, 0, b->error);
  if (!stage->affine_w)
    return FALSE;
  /* What moves is not what is counted from. */
  int offset = l->kind == SG_KIND_ADAIN ? l->out : stage->style_channels;
  g_autoptr(SgTensor) bias = sg_tensor_copy(v);
  if (!bias)
    return sg_room_check(b->error);
  for (int i = 0; i < offset; i++)
    bias->data[i] += (float)l->style_offset;
  stage->affine_b = sg_params_vector(b->net->backend, bias, 0, b->error);
  return stage->affine_b != NULL;
}

/* Upsampling and the filter behind it are one kernel. */
static SgConvGeometry
fused_geometry(const SgLayer *l)
{
  SgConvGeometry g = sg_layer_geometry(l);
  if (l->after.n && l->kind == SG_KIND_MODULATED)
    g.kind = SG_CONV_UP_FIR;
  return g;
}

/* Convolution, demodulation and bias. Demodulation cancels the 1 / sqrt (fan in) of an equalised
 * weight but for the epsilon, so the weight stays as stored. */
static gboolean
build_weight(const Builder *b, SgStage *stage, const SgLayer *l)
{
  SgBackend *backend = b->net->backend;
  SgTensor *stored = tensor(b, l, SG_ROLE_WEIGHT);
  SgConvGeometry g = fused_geometry(l);

  stage->weight = l->in_first ? sg_tensor_swapped(stored) : sg_tensor_ref(stored);
  stage->demod_eps = (float)l->demod_eps * (l->equalised ? fan_in(b, l, SG_ROLE_WEIGHT) : 1);
  if (!stage->weight)
    return sg_room_check(b->error);
  stage->conv = backend->conv_new(backend, stage->weight->data, l->out, l->in, &g, b->error);
  return stage->conv && (stage->squares = sg_params_squares(backend, stage->weight, b->error)) &&
         (stage->bias = sg_params_vector(backend, tensor(b, l, SG_ROLE_BIAS), 0, b->error));
}

/* A strength for each channel; where all are 0, there is no noise. */
static gboolean
build_strengths(const Builder *b, SgStage *stage, const SgTensor *strength)
{
  stage->noise_strength = 0;
  for (gsize i = 0; i < strength->numel; i++)
    if (strength->data[i] != 0)
      stage->noise_strength = 1;
  stage->strength = sg_params_vector(b->net->backend, strength, 0, b->error);
  return stage->strength != NULL;
}

static gboolean
build_noise(const Builder *b, SgStage *stage, const SgLayer *l)
{
  SgTensor *strength = tensor(b, l, SG_ROLE_NOISE_STRENGTH);
  SgTensor *plane = tensor(b, l, SG_ROLE_NOISE_CONST);

  stage->noise_strength = strength && strength->numel ? strength->data[0] : 0;
  if (strength && l->kind == SG_KIND_ADAIN && !build_strengths(b, stage, strength))
    return FALSE;
  if (!plane)
    return TRUE;
  stage->noise_const =
      sg_buf_from_floats(b->net->backend, plane->data, 1, 1, l->out_h, l->out_w, b->error);
  return stage->noise_const != NULL;
}

/* The other branch of a residual block, its factor folded into the weights. */
static gboolean
build_skip(const Builder *b, SgStage *stage, const SgLayer *l)
{
  SgBackend *backend = b->net->backend;
  SgConvGeometry g = sg_layer_geometry(l);
  float factor = sqrtf((float)(l->branch * l->branch) / fan_in(b, l, SG_ROLE_WEIGHT));

  stage->skip_weight = sg_params_scaled(tensor(b, l, SG_ROLE_WEIGHT), factor);
  if (!stage->skip_weight)
    return sg_room_check(b->error);
  stage->skip = backend->conv_new(backend, stage->skip_weight->data, l->out, l->in, &g, b->error);
  return stage->skip != NULL;
}

static SgStage *
add_stage(const Builder *b, const SgLayer *l, SgStageKind kind)
{
  SgStage stage = {.backend = b->net->backend,
                   .kind = kind,
                   .resolution = l->out_h,
                   .width = l->out_w,
                   .in_channels = l->in,
                   .out_channels = l->out,
                   .layer = l,
                   .w_index = l->w_index,
                   .up = l->stride_up > 1,
                   .slope = (float)l->slope,
                   .gain = (float)l->gain * (float)l->branch,
                   .clamp = l->clamp >= 0 ? (float)l->clamp * (float)l->branch : -1};

  g_strlcpy(stage.name, l->label, sizeof stage.name);
  g_array_append_val(b->net->stages, stage);
  return sg_synthesis_stage(b->net, b->net->stages->len - 1);
}

/* Does another branch begin at this layer's input? */
static gboolean
starts_block(const Builder *b, const SgLayer *l)
{
  for (guint k = 0; k < b->n->run->len; k++) {
    const SgLayer *other = sg_network_running(b->n, k);
    if (other->kind == SG_KIND_CONV && other->input == l->input)
      return TRUE;
  }
  return FALSE;
}

static gboolean
build_conv(const Builder *b, const SgLayer *l)
{
  SgStage *stage = add_stage(b, l, SG_STAGE_CONV);

  stage->block_start = starts_block(b, l);
  stage->conv_index = b->net->num_convs++;
  return build_style(b, stage, l) && build_weight(b, stage, l) && build_noise(b, stage, l) &&
         (l->add < 0 || build_skip(b, stage, sg_network_layer(b->n, l->add)));
}

static gboolean
build_fourier(const Builder *b, const SgLayer *l)
{
  SgBackend *backend = b->net->backend;
  SgStage *stage = add_stage(b, l, SG_STAGE_CONV);
  SgConvGeometry g = {SG_CONV_FORWARD, 1, 1, 0, 0};
  const SgTensor *w = tensor(b, l, SG_ROLE_WEIGHT);
  gint64 shape[] = {l->out, l->in, 1, 1};

  stage->conv_index = b->net->num_convs++;
  stage->fourier = g_new(SgFourier, 1);
  *stage->fourier = (SgFourier){l->in,
                                l->out_h,
                                l->rate,
                                l->bandwidth,
                                tensor(b, l, SG_ROLE_FREQUENCIES)->data,
                                tensor(b, l, SG_ROLE_PHASES)->data,
                                tensor(b, l, SG_ROLE_TRANSFORM)->data};
  g_autoptr(SgTensor) square = sg_tensor_reshaped(w, 4, shape);
  stage->weight = square ? sg_params_scaled(square, 1 / sqrtf((float)l->in)) : NULL;
  if (!stage->weight)
    return sg_room_check(b->error);
  stage->conv = backend->conv_new(backend, stage->weight->data, l->out, l->in, &g, b->error);
  return stage->conv && build_style(b, stage, l);
}

/* What a layer multiplies with because of how large its input was in training. */
static float
magnitude_gain(const Builder *b, const SgLayer *l)
{
  const SgTensor *t = tensor(b, l, SG_ROLE_MAGNITUDE);
  return t ? 1 / sqrtf(t->data[0]) : 1;
}

/* Each filter is divided by its root mean square, the magnitude comes behind the demodulation. */
static gboolean
build_filtered(const Builder *b, const SgLayer *l)
{
  SgBackend *backend = b->net->backend;
  SgStage *stage = add_stage(b, l, SG_STAGE_CONV);
  SgConvGeometry g = sg_layer_geometry(l);
  g_autoptr(SgTensor) w = sg_params_unit_filters(tensor(b, l, SG_ROLE_WEIGHT));

  stage->conv_index = b->net->num_convs++;
  stage->demod_eps = (float)l->demod_eps;
  stage->up = l->out_h > l->in_h;
  stage->weight = w ? sg_params_scaled(w, magnitude_gain(b, l)) : NULL;
  if (!stage->weight)
    return sg_room_check(b->error);
  stage->conv = backend->conv_new(backend, stage->weight->data, l->out, l->in, &g, b->error);
  return stage->conv && (stage->squares = sg_params_squares(backend, w, b->error)) &&
         (stage->bias = sg_params_vector(backend, tensor(b, l, SG_ROLE_BIAS), 0, b->error)) &&
         build_style(b, stage, l);
}

/* AdaIN's convolution, if it has one: its factor goes behind it. */
static gboolean
build_adain(const Builder *b, const SgLayer *l)
{
  SgBackend *backend = b->net->backend;
  SgStage *stage = add_stage(b, l, SG_STAGE_CONV);
  const SgParam *p = sg_layer_param(b->n, l, SG_ROLE_WEIGHT);
  SgConvGeometry g = sg_layer_geometry(l);

  stage->conv_index = b->net->num_convs++;
  stage->demod_eps = (float)l->demod_eps;
  if (!build_style(b, stage, l) || !build_noise(b, stage, l) ||
      !(stage->bias = sg_params_vector(backend, tensor(b, l, SG_ROLE_BIAS), 0, b->error)))
    return FALSE;
  if (!p)
    return TRUE;
  SgTensor *stored = tensor(b, l, SG_ROLE_WEIGHT);
  stage->up = l->out_h > l->in_h;
  stage->weight =
      l->widen != 0 ? sg_params_widened(stored, (float)l->widen) : sg_tensor_ref(stored);
  if (!stage->weight)
    return sg_room_check(b->error);
  stage->conv = backend->conv_new(backend, stage->weight->data, l->out, l->in, &g, b->error);
  stage->scale = sg_params_constant(backend, l->out, (float)sg_param_scale(b->n, p), b->error);
  return stage->conv && stage->scale;
}

static gboolean
build_rgb(const Builder *b, const SgLayer *l)
{
  SgTensor *w = tensor(b, l, SG_ROLE_WEIGHT), *bias = tensor(b, l, SG_ROLE_BIAS);
  SgStage *stage = add_stage(b, l, SG_STAGE_RGB);

  stage->bilinear = l->add_filter.clamp_edge;
  if (!build_style(b, stage, l))
    return FALSE;
  float scale = (float)(l->wgain * l->branch) / sqrtf(fan_in(b, l, SG_ROLE_WEIGHT));
  scale *= magnitude_gain(b, l);
  stage->rgb_w = sg_params_matrix(b->net->backend, w, l->out, scale, 0, b->error);
  stage->rgb_b = stage->rgb_w
                     ? sg_params_matrix(b->net->backend, bias, 1, (float)l->branch, 0, b->error)
                     : NULL;
  return stage->rgb_b != NULL;
}

static gboolean
build_constant(const Builder *b, const SgLayer *l)
{
  SgSynthesis *net = b->net;

  net->constant = sg_buf_new(net->backend, SG_FMT_ACT, 1, l->out, l->out_h, l->out_w, b->error);
  if (!net->constant)
    return FALSE;
  net->backend->upload(net->constant, tensor(b, l, SG_ROLE_WEIGHT)->data);
  return TRUE;
}

static gboolean
build_layer(const Builder *b, const SgLayer *l)
{
  switch (l->kind) {
  case SG_KIND_CONSTANT:
    return build_constant(b, l);
  case SG_KIND_FOURIER:
    return build_fourier(b, l);
  case SG_KIND_MODULATED:
    return l->prenormalised ? build_filtered(b, l) : build_conv(b, l);
  case SG_KIND_ADAIN:
    return build_adain(b, l);
  case SG_KIND_TO_RGB:
    return build_rgb(b, l);
  default: /* CONV is built with the layer that adds it */
    return TRUE;
  }
}

static gboolean
build(const Builder *b)
{
  gboolean ok = sg_network_check_runnable(b->n, b->net->backend, b->error);

  for (guint k = 0; ok && k < b->n->run->len; k++) {
    const SgLayer *l = sg_network_running(b->n, k);
    ok = l->section != SG_SECTION_SYNTHESIS || (!sg_interrupted(b->error) && build_layer(b, l));
  }
  return ok;
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
  sg_buf_unref(s->strength);
  sg_buf_unref(s->scale);
  g_free(s->fourier);
  sg_buf_unref(s->rgb_w);
  sg_buf_unref(s->rgb_b);
  sg_tensor_unref(s->weight);
  sg_tensor_unref(s->skip_weight);
}

SgSynthesis *
sg_synthesis_new(SgBackend *backend, SgModel *model, const char *prefix, GError **error)
{
  g_autoptr(SgSynthesis) net = g_new0(SgSynthesis, 1);
  const SgNetwork *n = sg_model_generator(model);
  Builder b = {net, n, prefix, error};

  net->backend = backend;
  net->model = sg_model_ref(model);
  net->num_ws = n->num_ws;
  net->w_dim = n->w_dim;
  net->channels = n->channels;
  net->resolution = n->height;
  net->width = n->width;
  net->full_resolution = sg_network_layer(n, n->output)->out_h;
  net->stages = g_array_new(FALSE, FALSE, sizeof(SgStage));
  g_array_set_clear_func(net->stages, stage_clear);
  return build(&b) ? g_steal_pointer(&net) : NULL;
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
