#include "engine/export/onnx-layers.h"
#include "engine/export/onnx-fourier.h"
#include "engine/formats/format-error.h"
#include "engine/models/import-tensors.h"
#include "engine/nets/geometry.h"
#include "engine/nets/params.h"
#include <math.h>

/* ---- tensors --------------------------------------------------------------------------------- */

/* Borrowed; NULL: the layer has none, or the file lacks it. */
static SgTensor *
tensor(const SgOnnxBuild *b, const SgLayer *l, SgRole role)
{
  const SgParam *p = sg_layer_param(b->n, l, role);
  return p ? sg_model_tensor(b->model, b->prefix, p->name) : NULL;
}

static double
fan_in(const SgOnnxBuild *b, const SgLayer *l, SgRole role)
{
  return (double)sg_layer_param(b->n, l, role)->fan_in;
}

/* t · gain as a constant of that shape (ndim 0: its own). */
static const char *
scaled(const SgOnnxBuild *b, const SgTensor *t, double gain, int ndim, const gint64 *shape)
{
  return sg_onnx_tensor(b->g, sg_params_scaled(t, (float)gain), ndim, ndim ? shape : NULL);
}

/* One number a channel: [1, C, 1, 1] */
static const char *
per_channel(const SgOnnxBuild *b, const SgTensor *t, double gain)
{
  return scaled(b, t, gain, 4, (gint64[]){1, (gint64)t->numel, 1, 1});
}

static const char *
input_of(const SgOnnxBuild *b, int from)
{
  return from >= 0               ? b->values[from]
         : from == SG_FROM_Z     ? b->z
         : from == SG_FROM_LABEL ? b->label
                                 : b->picture;
}

/* y + what another layer gave, in this one's size. */
static const char *
added(const SgOnnxBuild *b, const SgLayer *l, const char *y)
{
  if (l->add < 0)
    return y;
  const SgLayer *other = sg_network_layer(b->n, l->add);
  int h = other->out_h, w = other->out_w;
  return sg_onnx_node2(b->g, "Add", y,
                       sg_onnx_filter(b->g, b->values[l->add], &l->add_filter, l->out, &h, &w));
}

/* ---- vectors --------------------------------------------------------------------------------- */

/* act (W x lr wgain / sqrt (in) + b lr); of a label the bias is as it is. */
static const char *
dense(const SgOnnxBuild *b, const SgLayer *l)
{
  const SgTensor *w = tensor(b, l, SG_ROLE_WEIGHT), *bias = tensor(b, l, SG_ROLE_BIAS);
  const char *x = input_of(b, l->input);
  gboolean label = l->input == SG_FROM_LABEL;
  double gain = l->lr * l->wgain / sqrt(fan_in(b, l, SG_ROLE_WEIGHT));
  gint64 columns = (gint64)w->numel / l->out;

  if (l->in != columns || (l->input >= 0 && sg_network_layer(b->n, l->input)->out_h > 1))
    x = sg_onnx_flat(b->g, x, (int)columns);
  const char *matrix = scaled(b, w, gain, 2, (gint64[]){l->out, columns});
  const char *vector = bias ? scaled(b, bias, label ? 1 : l->lr, 1, (gint64[]){l->out}) : NULL;
  return sg_onnx_activate(b->g, sg_onnx_dense(b->g, x, matrix, vector), l->slope, l->gain, -1);
}

/* Of a label's one place, or the product with its vector. */
static const char *
project(const SgOnnxBuild *b, const SgLayer *l)
{
  gboolean place = l->second == SG_FROM_LABEL;
  const SgOnnxAttribute axis[] = {{.name = "keepdims", .kind = SG_ONNX_INT, .ints = {1}}, {NULL}};
  const char *product = sg_onnx_node2(b->g, "Mul", input_of(b, l->input), input_of(b, l->second));
  const char *sum =
      sg_onnx_node(b->g, "ReduceSum",
                   (const char *[]){product, sg_onnx_ints(b->g, 1, (gint64[]){1}), NULL}, axis);

  return place ? sum
               : sg_onnx_node2(b->g, "Mul", sum, sg_onnx_number(b->g, 1 / sqrt((double)l->in)));
}

static const char *
concat(const SgOnnxBuild *b, const char *x, const char *y)
{
  const SgOnnxAttribute axis[] = {{.name = "axis", .kind = SG_ONNX_INT, .ints = {1}}, {NULL}};
  return sg_onnx_node(b->g, "Concat", (const char *[]){x, y, NULL}, axis);
}

/* ---- styles ---------------------------------------------------------------------------------- */

/* The layer's own w: [N, w_dim] */
static const char *
w_of(const SgOnnxBuild *b, const SgLayer *l)
{
  if (b->w)
    return b->w;
  return sg_onnx_flat(b->g, sg_onnx_part(b->g, b->ws, l->w_index, l->w_index + 1), b->n->w_dim);
}

/* A w + b, [N, C]; NULL: the layer takes none. */
static const char *
style_of(const SgOnnxBuild *b, const SgLayer *l)
{
  const SgTensor *w = tensor(b, l, SG_ROLE_AFFINE_WEIGHT), *v = tensor(b, l, SG_ROLE_AFFINE_BIAS);

  if (!w)
    return NULL;
  int moved = l->kind == SG_KIND_ADAIN ? l->out : (int)w->shape[0];
  SgTensor *bias = sg_tensor_copy(v);
  for (int i = 0; bias && i < moved; i++)
    bias->data[i] += (float)l->style_offset;
  const char *matrix = scaled(b, w, 1 / sqrt(fan_in(b, l, SG_ROLE_AFFINE_WEIGHT)), 0, NULL);
  const char *vector = sg_onnx_tensor(b->g, bias, 1, (gint64[]){w->shape[0]});
  return sg_onnx_dense(b->g, w_of(b, l), matrix, vector);
}

/* The squares of a filter's weights, summed: [O, I] */
static SgTensor *
squares(const SgTensor *t)
{
  gsize n = (gsize)t->shape[0] * (gsize)t->shape[1], taps = t->numel / MAX(n, 1);
  SgTensor *s = sg_tensor_new(2, t->shape);

  for (gsize i = 0; s && i < n; i++) {
    double sum = 0;
    for (gsize k = 0; k < taps; k++)
      sum += (double)t->data[i * taps + k] * (double)t->data[i * taps + k];
    s->data[i] = (float)sum;
  }
  return s;
}

/* y / sqrt (sum (W s)² + eps): what a filter's output is divided by (Karras et al. 2020). */
static const char *
demodulated(const SgOnnxBuild *b, const char *y, const char *style, const SgTensor *w, double eps)
{
  const char *sums = sg_onnx_dense(b->g, sg_onnx_node2(b->g, "Mul", style, style),
                                   sg_onnx_tensor(b->g, w ? squares(w) : NULL, 0, NULL), NULL);
  const char *factor = sg_onnx_rsqrt(b->g, sums, eps);
  return sg_onnx_node2(b->g, "Mul", y, sg_onnx_as_planes(b->g, factor, w ? (int)w->shape[0] : 1));
}

/* ---- noise and bias -------------------------------------------------------------------------- */

static const char *
noise_plane(const SgOnnxBuild *b, const SgLayer *l)
{
  const SgTensor *plane = tensor(b, l, SG_ROLE_NOISE_CONST);

  if (b->noise == SG_EXPORT_NOISE_CONST)
    return plane ? scaled(b, plane, 1, 4, (gint64[]){1, 1, l->out_h, l->out_w}) : NULL;
  g_autofree char *name = g_strdup_printf("noise.%s", l->label);
  return sg_onnx_input(b->g, name, 4, (gint64[]){-1, 1, l->out_h, l->out_w});
}

/* y + noise; NULL and an error: there is none. */
static const char *
noisy(const SgOnnxBuild *b, const SgLayer *l, const char *y)
{
  const SgTensor *strength = tensor(b, l, SG_ROLE_NOISE_STRENGTH);
  gboolean heard = FALSE;

  for (gsize i = 0; strength && i < strength->numel; i++)
    heard |= strength->data[i] != 0;
  if (!heard || b->noise == SG_EXPORT_NOISE_NONE)
    return y;
  const char *plane = noise_plane(b, l);
  if (!plane) {
    sg_unsupported(b->error,
                   "the model stores no noise for the layer %s; take --noise=input or "
                   "--noise=none",
                   l->name);
    return NULL;
  }
  return sg_onnx_node2(b->g, "Add", y,
                       sg_onnx_node2(b->g, "Mul", plane, per_channel(b, strength, 1)));
}

static const char *
biased(const SgOnnxBuild *b, const SgLayer *l, const char *y)
{
  const SgTensor *bias = tensor(b, l, SG_ROLE_BIAS);
  return bias ? sg_onnx_node2(b->g, "Add", y, per_channel(b, bias, 1)) : y;
}

static const char *
activated(const SgOnnxBuild *b, const SgLayer *l, const char *y)
{
  return sg_onnx_activate(b->g, y, l->slope, l->gain * l->branch,
                          l->clamp >= 0 ? l->clamp * l->branch : -1);
}

/* ---- pictures -------------------------------------------------------------------------------- */

static const char *
styled(const SgOnnxBuild *b, const char *x, const char *style, int channels)
{
  return style ? sg_onnx_node2(b->g, "Mul", x, sg_onnx_as_planes(b->g, style, channels)) : x;
}

/* Convolution and the filter behind it, of a picture behind `before`. */
static const char *
convolved(const SgOnnxBuild *b, const SgLayer *l, const char *x, SgTensor *w, gboolean blurs)
{
  int h = l->in_h, width = l->in_w, out_h, out_w;

  x = sg_onnx_filter(b->g, x, &l->before, l->in, &h, &width);
  x = sg_onnx_conv(b->g, x, w, l);
  if (!blurs || !l->after.n)
    return x;
  sg_layer_conv_size(l, &out_h, &out_w);
  return sg_onnx_filter(b->g, x, &l->after, l->out, &out_h, &out_w);
}

static const char *
modulated(const SgOnnxBuild *b, const SgLayer *l)
{
  SgTensor *stored = tensor(b, l, SG_ROLE_WEIGHT);
  SgTensor *w = l->in_first ? sg_tensor_swapped(stored) : sg_tensor_ref(stored);
  double eps = l->demod_eps * (l->equalised ? fan_in(b, l, SG_ROLE_WEIGHT) : 1);
  const char *style = style_of(b, l);
  const char *x = styled(b, input_of(b, l->input), style, l->in);
  const char *y = convolved(b, l, x, w ? sg_tensor_ref(w) : NULL, TRUE);

  y = demodulated(b, y, style, w, eps);
  sg_tensor_unref(w);
  if (!(y = noisy(b, l, y)))
    return NULL;
  return added(b, l, activated(b, l, biased(b, l, y)));
}

/* What a layer multiplies with because of how large its input was in training (Karras et al.
 * 2021). */
static double
magnitude_gain(const SgOnnxBuild *b, const SgLayer *l)
{
  const SgTensor *t = tensor(b, l, SG_ROLE_MAGNITUDE);
  return t ? 1 / sqrt((double)t->data[0]) : 1;
}

/* A modulated convolution whose activation is filtered (Karras et al. 2021). */
static const char *
filtered(const SgOnnxBuild *b, const SgLayer *l)
{
  SgTensor *unit = sg_params_unit_filters(tensor(b, l, SG_ROLE_WEIGHT));
  SgTensor *w = unit ? sg_params_scaled(unit, (float)magnitude_gain(b, l)) : NULL;
  const char *style = sg_onnx_normalize(b->g, style_of(b, l));
  const char *x = styled(b, input_of(b, l->input), style, l->in);
  const char *y = convolved(b, l, x, w, FALSE);
  int h, width;

  y = biased(b, l, demodulated(b, y, style, unit, l->demod_eps));
  sg_tensor_unref(unit);
  sg_layer_conv_size(l, &h, &width);
  y = sg_onnx_filter(b->g, y, &l->act_up, l->out, &h, &width);
  y = activated(b, l, y);
  return sg_onnx_filter(b->g, y, &l->act_down, l->out, &h, &width);
}

/* (x - mean) / sqrt (variance + eps) · s + t, of each plane (Huang & Belongie 2017). */
static const char *
normalised_by_style(const SgOnnxBuild *b, const SgLayer *l, const char *y)
{
  const char *style = style_of(b, l);
  const char *away = sg_onnx_node2(b->g, "Sub", y, sg_onnx_mean(b->g, y, 2));
  const char *variance = sg_onnx_mean(b->g, sg_onnx_node2(b->g, "Mul", away, away), 2);
  const char *unit = sg_onnx_node2(b->g, "Mul", away, sg_onnx_rsqrt(b->g, variance, l->demod_eps));
  const char *t = sg_onnx_part(b->g, style, l->out, 2 * l->out);

  y = styled(b, unit, sg_onnx_part(b->g, style, 0, l->out), l->out);
  return sg_onnx_node2(b->g, "Add", y, sg_onnx_as_planes(b->g, t, l->out));
}

/* The bias is blurred with the rest, or not. */
static const char *
adain(const SgOnnxBuild *b, const SgLayer *l)
{
  const SgParam *p = sg_layer_param(b->n, l, SG_ROLE_WEIGHT);
  const char *y = input_of(b, l->input);
  gboolean early = l->bias_first && p && l->after.n;

  if (p) {
    g_autoptr(SgTensor) w =
        sg_params_scaled(tensor(b, l, SG_ROLE_WEIGHT), (float)sg_param_scale(b->n, p));
    SgTensor *wide = !w              ? NULL
                     : l->widen != 0 ? sg_params_widened(w, (float)l->widen)
                                     : sg_tensor_ref(w);
    y = convolved(b, l, y, wide, !early);
  }
  if (early) {
    int h = l->out_h, width = l->out_w; /* the blur keeps the size */
    y = sg_onnx_filter(b->g, biased(b, l, y), &l->after, l->out, &h, &width);
  }
  if (!(y = noisy(b, l, y)))
    return NULL;
  return normalised_by_style(b, l, activated(b, l, early ? y : biased(b, l, y)));
}

static const char *
to_rgb(const SgOnnxBuild *b, const SgLayer *l)
{
  const SgTensor *w = tensor(b, l, SG_ROLE_WEIGHT), *bias = tensor(b, l, SG_ROLE_BIAS);
  const char *x = styled(b, input_of(b, l->input), style_of(b, l), l->in);
  double scale = l->wgain * l->branch * magnitude_gain(b, l) / sqrt(fan_in(b, l, SG_ROLE_WEIGHT));
  int h = l->in_h, width = l->in_w;
  const char *y = sg_onnx_conv(b->g, x, sg_params_scaled(w, (float)scale), l);

  if (bias)
    y = sg_onnx_node2(b->g, "Add", y, per_channel(b, bias, l->branch));
  y = sg_onnx_activate(b->g, y, 1, 1, l->clamp >= 0 ? l->clamp * l->branch : -1);
  return added(b, l, sg_onnx_filter(b->g, y, &l->after, l->out, &h, &width));
}

/* A discriminator's convolution, of a picture or of planes, and a generator's other branch. */
static const char *
conv(const SgOnnxBuild *b, const SgLayer *l)
{
  const SgParam *p = sg_layer_param(b->n, l, SG_ROLE_WEIGHT);
  double scale = l->lr * l->wgain / sqrt((double)p->fan_in);
  g_autoptr(SgTensor) w = sg_params_scaled(tensor(b, l, SG_ROLE_WEIGHT), (float)scale);
  SgTensor *wide = !w              ? NULL
                   : l->widen != 0 ? sg_params_widened(w, (float)l->widen)
                                   : sg_tensor_ref(w);
  const char *y = convolved(b, l, input_of(b, l->input), wide, TRUE);

  return added(b, l, activated(b, l, biased(b, l, y)));
}

/* ---- minibatch standard deviation ------------------------------------------------------------ */

/* [G, N / G, F, C / F, H, W], where G is at most N: sample g M + m belongs to group m. */
static const char *
grouped(const SgOnnxBuild *b, const SgLayer *l, const char *x, const char **group)
{
  const SgOnnxAttribute first[] = {{.name = "end", .kind = SG_ONNX_INT, .ints = {1}}, {NULL}};
  const SgOnnxAttribute axis[] = {{.name = "axis", .kind = SG_ONNX_INT, .ints = {0}}, {NULL}};
  const char *n = sg_onnx_node(b->g, "Shape", (const char *[]){x, NULL}, first);
  gint64 rest[] = {-1, l->features, l->in / MAX(l->features, 1), l->in_h, l->in_w};

  *group = l->batch_group > 0
               ? sg_onnx_node2(b->g, "Min", n, sg_onnx_ints(b->g, 1, (gint64[]){l->batch_group}))
               : n;
  const char *sizes = sg_onnx_node(
      b->g, "Concat", (const char *[]){*group, sg_onnx_ints(b->g, 5, rest), NULL}, axis);
  return sg_onnx_node2(b->g, "Reshape", x, sizes);
}

/* The mean over axes of six, and which. */
static const char *
mean_of(const SgOnnxBuild *b, const char *x, int n, const gint64 *axes)
{
  SgOnnxAttribute a[] = {{.name = "axes", .kind = SG_ONNX_INTS, .n = n}, {NULL}};

  for (int i = 0; i < n; i++)
    a[0].ints[i] = axes[i];
  return sg_onnx_node(b->g, "ReduceMean", (const char *[]){x, NULL}, a);
}

/* x, and planes of the standard deviation over groups (Karras et al. 2018, section 3). */
static const char *
batch_std(const SgOnnxBuild *b, const SgLayer *l)
{
  const SgOnnxAttribute axis[] = {{.name = "axis", .kind = SG_ONNX_INT, .ints = {0}}, {NULL}};
  const char *x = input_of(b, l->input), *group;
  const char *y = grouped(b, l, x, &group);
  const char *away = sg_onnx_node2(b->g, "Sub", y, mean_of(b, y, 1, (gint64[]){0}));
  const char *variance =
      mean_of(b, sg_onnx_node2(b->g, "Mul", away, away), 1, (gint64[]){0}); /* [1, M, F, …] */
  const char *deviation =
      sg_onnx_node1(b->g, "Sqrt", sg_onnx_node2(b->g, "Add", variance, sg_onnx_number(b->g, 1e-8)));
  const char *mean = mean_of(b, deviation, 3, (gint64[]){3, 4, 5}); /* [1, M, F, 1, 1, 1] */
  const char *sizes = sg_onnx_ints(b->g, 4, (gint64[]){-1, l->features, 1, 1});

  mean = sg_onnx_node2(b->g, "Reshape", mean, sizes); /* [M, F, 1, 1] */
  const char *repeats = sg_onnx_node(
      b->g, "Concat",
      (const char *[]){group, sg_onnx_ints(b->g, 3, (gint64[]){1, l->in_h, l->in_w}), NULL}, axis);
  return concat(b, x, sg_onnx_node2(b->g, "Tile", mean, repeats));
}

/* ---- all of them ----------------------------------------------------------------------------- */

static const char *
constant(const SgOnnxBuild *b, const SgLayer *l)
{
  return sg_onnx_tensor(b->g, sg_tensor_ref(tensor(b, l, SG_ROLE_WEIGHT)), 4,
                        (gint64[]){1, l->out, l->out_h, l->out_w});
}

static const char *
fourier(const SgOnnxBuild *b, const SgLayer *l)
{
  const SgTensor *w = tensor(b, l, SG_ROLE_WEIGHT);
  SgOnnxFourier f = {.layer = l,
                     .frequencies = tensor(b, l, SG_ROLE_FREQUENCIES),
                     .phases = tensor(b, l, SG_ROLE_PHASES),
                     .transform = tensor(b, l, SG_ROLE_TRANSFORM)};
  const char *x = sg_onnx_fourier(b->g, style_of(b, l), &f, b->error);
  SgLayer mix = sg_layer_new(SG_KIND_CONV, SG_SECTION_SYNTHESIS);
  SgTensor *square = sg_params_scaled(w, 1 / sqrtf((float)l->in));

  if (!x) {
    sg_tensor_unref(square);
    return NULL;
  }
  mix.kernel = 1;
  if (square) {
    square->ndim = 4;
    square->shape[2] = square->shape[3] = 1;
  }
  return sg_onnx_conv(b->g, x, square, &mix);
}

static const char *
layer_result(const SgOnnxBuild *b, const SgLayer *l)
{
  int h = l->in_h, w = l->in_w;

  switch (l->kind) {
  case SG_KIND_NORMALIZE:
    return sg_onnx_normalize(b->g, input_of(b, l->input));
  case SG_KIND_CONCAT:
    return concat(b, input_of(b, l->input), input_of(b, l->second));
  case SG_KIND_DENSE:
    return dense(b, l);
  case SG_KIND_AVERAGE:
    return input_of(b, l->input);
  case SG_KIND_CONSTANT:
    return constant(b, l);
  case SG_KIND_FOURIER:
    return fourier(b, l);
  case SG_KIND_MODULATED:
    return l->prenormalised ? filtered(b, l) : modulated(b, l);
  case SG_KIND_ADAIN:
    return adain(b, l);
  case SG_KIND_TO_RGB:
    return to_rgb(b, l);
  case SG_KIND_FROM_RGB:
  case SG_KIND_CONV:
    return conv(b, l);
  case SG_KIND_RESAMPLE:
    return sg_onnx_filter(b->g, input_of(b, l->input), &l->before, l->in, &h, &w);
  case SG_KIND_BATCH_STD:
    return batch_std(b, l);
  case SG_KIND_PROJECT:
    return project(b, l);
  }
  sg_unsupported(b->error, "the layer %s is of a kind that is not exported", l->name);
  return NULL;
}

gboolean
sg_onnx_add_section(SgOnnxBuild *b, SgSection section)
{
  for (guint k = 0; k < b->n->run->len; k++) {
    const SgLayer *l = sg_network_running(b->n, k);
    if (l->section != section)
      continue;
    sg_onnx_graph_set_scope(b->g, l->name);
    if (!(b->values[sg_layer_index(b->n, l)] = layer_result(b, l)))
      return FALSE;
  }
  return TRUE;
}

const char *
sg_onnx_crop(SgOnnxGraph *g, const char *picture, int y, int x, int h, int w)
{
  const char *from = sg_onnx_ints(g, 2, (gint64[]){y, x});
  const char *to = sg_onnx_ints(g, 2, (gint64[]){y + h, x + w});
  const char *axes = sg_onnx_ints(g, 2, (gint64[]){2, 3});
  return sg_onnx_node(g, "Slice", (const char *[]){picture, from, to, axes, NULL}, NULL);
}
