#include "engine/export/onnx-ops.h"
#include "engine/models/import-tensors.h"

#define INT(key, value)                                                                            \
  {                                                                                                \
    .name = (key), .kind = SG_ONNX_INT, .ints = {(value) }                                         \
  }
#define FLOAT(key, value)                                                                          \
  {                                                                                                \
    .name = (key), .kind = SG_ONNX_FLOAT, .number = (value)                                        \
  }
#define TEXT(key, value)                                                                           \
  {                                                                                                \
    .name = (key), .kind = SG_ONNX_TEXT, .text = (value)                                           \
  }
#define INTS(key, count, ...)                                                                      \
  {                                                                                                \
    .name = (key), .kind = SG_ONNX_INTS, .n = (count), .ints = { __VA_ARGS__ }                     \
  }

const char *
sg_onnx_dense(SgOnnxGraph *g, const char *x, const char *matrix, const char *bias)
{
  const SgOnnxAttribute a[] = {INT("transB", 1), {NULL}};
  return sg_onnx_node(g, "Gemm", (const char *[]){x, matrix, bias, NULL}, a);
}

const char *
sg_onnx_activate(SgOnnxGraph *g, const char *x, double slope, double gain, double clamp)
{
  const SgOnnxAttribute a[] = {FLOAT("alpha", slope), {NULL}};

  if (slope != 1)
    x = sg_onnx_node(g, "LeakyRelu", (const char *[]){x, NULL}, a);
  if (gain != 1)
    x = sg_onnx_node2(g, "Mul", x, sg_onnx_number(g, gain));
  if (clamp >= 0)
    x = sg_onnx_node(g, "Clip",
                     (const char *[]){x, sg_onnx_number(g, -clamp), sg_onnx_number(g, clamp), NULL},
                     NULL);
  return x;
}

static const char *
reshape(SgOnnxGraph *g, const char *x, int n, const gint64 *sizes)
{
  return sg_onnx_node2(g, "Reshape", x, sg_onnx_ints(g, n, sizes));
}

const char *
sg_onnx_as_planes(SgOnnxGraph *g, const char *x, int channels)
{
  return reshape(g, x, 4, (gint64[]){-1, channels, 1, 1});
}

const char *
sg_onnx_flat(SgOnnxGraph *g, const char *x, int size)
{
  return reshape(g, x, 2, (gint64[]){-1, size});
}

const char *
sg_onnx_rsqrt(SgOnnxGraph *g, const char *x, double eps)
{
  const char *sum = sg_onnx_node2(g, "Add", x, sg_onnx_number(g, eps));
  return sg_onnx_node1(g, "Reciprocal", sg_onnx_node1(g, "Sqrt", sum));
}

const char *
sg_onnx_normalize(SgOnnxGraph *g, const char *x)
{
  const SgOnnxAttribute a[] = {INTS("axes", 1, 1), {NULL}};
  const char *squares = sg_onnx_node2(g, "Mul", x, x);
  const char *mean = sg_onnx_node(g, "ReduceMean", (const char *[]){squares, NULL}, a);
  return sg_onnx_node2(g, "Mul", x, sg_onnx_rsqrt(g, mean, 1e-8));
}

const char *
sg_onnx_mean(SgOnnxGraph *g, const char *x, int first)
{
  const SgOnnxAttribute a[] = {first == 1 ? (SgOnnxAttribute)INTS("axes", 3, 1, 2, 3)
                                          : (SgOnnxAttribute)INTS("axes", 2, 2, 3),
                               {NULL}};
  return sg_onnx_node(g, "ReduceMean", (const char *[]){x, NULL}, a);
}

static const char *
slice(SgOnnxGraph *g, const char *x, gint64 axis, gint64 first, gint64 end, gint64 step)
{
  const char *from = sg_onnx_ints(g, 1, &first), *to = sg_onnx_ints(g, 1, &end);
  const char *along = sg_onnx_ints(g, 1, &axis), *by = sg_onnx_ints(g, 1, &step);
  return sg_onnx_node(g, "Slice", (const char *[]){x, from, to, along, by, NULL}, NULL);
}

const char *
sg_onnx_part(SgOnnxGraph *g, const char *x, int first, int end)
{
  return slice(g, x, 1, first, end, 1);
}

/* Zeros, or copies of the edge, beyond the edges; less than 0 crops. */
static const char *
pad(SgOnnxGraph *g, const char *x, const int top_left[2], const int bottom_right[2], gboolean edge)
{
  const SgOnnxAttribute a[] = {TEXT("mode", edge ? "edge" : "constant"), {NULL}};
  gint64 sizes[] = {0, 0, top_left[0], top_left[1], 0, 0, bottom_right[0], bottom_right[1]};
  return sg_onnx_node(g, "Pad", (const char *[]){x, sg_onnx_ints(g, 8, sizes), NULL}, a);
}

/* What a convolution pads by itself, which is never less than 0. */
static void
set_pads(SgOnnxAttribute *a, const int before[2], const int behind[2])
{
  *a = (SgOnnxAttribute)INTS("pads", 4, MAX(before[0], 0), MAX(before[1], 0), MAX(behind[0], 0),
                             MAX(behind[1], 0));
}

/* A convolution that may crop: beforehand what it reads, afterwards what it wrote if it stretches,
 * since padding means the reverse there. */
static const char *
convolve(SgOnnxGraph *g, const char *x, const char *w, gboolean up, const int stride[2],
         const int before[2], const int behind[2])
{
  int less[2], less_behind[2];
  SgOnnxAttribute a[] = {INTS("strides", 2, stride[0], stride[1]), {NULL}, {NULL}};
  gboolean crops = FALSE;

  for (int i = 0; i < 2; i++) {
    less[i] = up ? -MIN(before[i], 0) : MIN(before[i], 0);
    less_behind[i] = up ? -MIN(behind[i], 0) : MIN(behind[i], 0);
    crops |= less[i] != 0 || less_behind[i] != 0;
  }
  set_pads(&a[1], before, behind);
  if (crops && !up)
    x = pad(g, x, less, less_behind, FALSE);
  x = sg_onnx_node(g, up ? "ConvTranspose" : "Conv", (const char *[]){x, w, NULL}, a);
  return crops && up ? pad(g, x, less, less_behind, FALSE) : x;
}

const char *
sg_onnx_conv(SgOnnxGraph *g, const char *x, SgTensor *w, const SgLayer *l)
{
  gboolean up = l->stride_up > 1;
  int stride = up ? l->stride_up : l->stride_down;
  SgTensor *stored = up && w ? sg_tensor_swapped(w) : w;

  if (stored != w)
    sg_tensor_unref(w);
  return convolve(g, x, sg_onnx_tensor(g, stored, 0, NULL), up, (int[]){stride, stride},
                  (int[]){l->pad, l->pad}, (int[]){l->pad_end, l->pad_end});
}

/* ---- filters --------------------------------------------------------------------------------- */

/* The taps as [1, 1, n, 1], [1, 1, 1, n] or, radial, [1, 1, n, n]: as they stand for what
 * stretches, else the last one first, since ONNX correlates. */
static SgTensor *
kernel_of(const SgFilter *f, gboolean down_axis, gboolean across_axis, double gain)
{
  gint64 h = down_axis ? f->n : 1, w = across_axis ? f->n : 1;
  SgTensor *t = sg_tensor_new(4, (gint64[]){1, 1, h, w});

  for (gint64 i = 0; t && i < h * w; i++)
    t->data[i] = (float)(f->taps[f->up > 1 ? i : h * w - 1 - i] * gain);
  return t;
}

/* Along one axis or, radial, both: x is [N C, 1, H, W]. */
static const char *
run_axes(SgOnnxGraph *g, const char *x, const SgFilter *f, gboolean down_axis, gboolean across_axis,
         double gain)
{
  gboolean on[] = {down_axis, across_axis}, up = f->up > 1;
  int stride[2], before[2], behind[2];

  for (int i = 0; i < 2; i++) {
    stride[i] = !on[i] ? 1 : up ? f->up : f->down;
    before[i] = !on[i] ? 0 : up ? f->n - 1 - f->pad : f->pad;
    behind[i] = !on[i] ? 0 : up ? f->n - f->up - f->pad_end : f->pad_end;
  }
  SgTensor *kernel = kernel_of(f, down_axis, across_axis, gain);
  x = convolve(g, x, sg_onnx_tensor(g, kernel, 0, NULL), up, stride, before, behind);
  for (int i = 0; i < 2; i++)
    if (up && on[i] && f->down > 1)
      x = slice(g, x, 2 + i, 0, G_MAXINT32, f->down);
  return x;
}

const char *
sg_onnx_filter(SgOnnxGraph *g, const char *x, const SgFilter *f, int channels, int *h, int *w)
{
  int edge = f->clamp_edge ? f->down * f->n : 0, cut = -edge * f->up / MAX(f->down, 1);

  if (!f->n)
    return x;
  x = reshape(g, x, 4, (gint64[]){-1, 1, *h, *w});
  if (edge)
    x = pad(g, x, (int[]){edge, edge}, (int[]){edge, edge}, TRUE);
  if (f->radial) {
    x = run_axes(g, x, f, TRUE, TRUE, f->gain);
  } else {
    x = run_axes(g, x, f, TRUE, FALSE, f->gain);
    x = run_axes(g, x, f, FALSE, TRUE, 1);
  }
  if (edge)
    x = pad(g, x, (int[]){cut, cut}, (int[]){cut, cut}, FALSE);
  *h = sg_filter_size(f, *h);
  *w = sg_filter_size(f, *w);
  return reshape(g, x, 4, (gint64[]){-1, channels, *h, *w});
}
