#include "engine/export/onnx-fourier.h"
#include "engine/formats/format-error.h"

/* a x + b y */
static const char *
combined(SgOnnxGraph *g, const char *a, const char *x, const char *b, const char *y)
{
  return sg_onnx_node2(g, "Add", sg_onnx_node2(g, "Mul", a, x), sg_onnx_node2(g, "Mul", b, y));
}

static const char *
numbers(SgOnnxGraph *g, double a, const char *x, double b, const char *y)
{
  return combined(g, sg_onnx_number(g, a), x, sg_onnx_number(g, b), y);
}

static const char *
length_of(SgOnnxGraph *g, const char *x, const char *y)
{
  return sg_onnx_node1(g, "Sqrt", combined(g, x, x, y, y));
}

/* Every `step`-th number from `first` on as a row: [1, C] */
static const char *
row(SgOnnxGraph *g, const SgTensor *t, int first, int step, int count)
{
  SgTensor *part = sg_tensor_new(2, (gint64[]){1, count});

  for (int i = 0; part && i < count; i++)
    part->data[i] = t->data[first + i * step];
  return sg_onnx_tensor(g, part, 0, NULL);
}

/* Where pixels lie on the plane, counted from its middle: [1, 1, H, 1] or [1, 1, 1, W] */
static const char *
positions(SgOnnxGraph *g, int size, double rate, gboolean down)
{
  SgTensor *t = sg_tensor_new(4, (gint64[]){1, 1, down ? size : 1, down ? 1 : size});

  for (int i = 0; t && i < size; i++)
    t->data[i] = (float)(((2.0 * i + 1) / size - 1) * 0.5 * size / rate);
  return sg_onnx_tensor(g, t, 0, NULL);
}

/* Frequencies and phase of each channel: [N, C] */
typedef struct {
  const char *x, *y, *phase;
} Waves;

/* The style's four numbers turn the plane, then move it; its length does not matter. */
static Waves
moved(SgOnnxGraph *g, const char *style, const SgOnnxFourier *f)
{
  int n = f->layer->in;
  const char *s[4];

  for (int i = 0; i < 4; i++)
    s[i] = sg_onnx_part(g, style, i, i + 1);
  const char *length = length_of(g, s[0], s[1]);
  for (int i = 0; i < 4; i++)
    s[i] = sg_onnx_node2(g, "Div", s[i], length);
  const char *fx = row(g, f->frequencies, 0, 2, n), *fy = row(g, f->frequencies, 1, 2, n);
  const char *x = combined(g, fx, s[0], fy, s[1]);
  const char *y =
      sg_onnx_node2(g, "Sub", sg_onnx_node2(g, "Mul", fy, s[0]), sg_onnx_node2(g, "Mul", fx, s[1]));
  return (Waves){
      x, y, sg_onnx_node2(g, "Sub", row(g, f->phases, 0, 1, n), combined(g, x, s[2], y, s[3]))};
}

/* The same behind the model's own transform. */
static Waves
transformed(SgOnnxGraph *g, Waves w, const float *m)
{
  return (Waves){
      numbers(g, (double)m[0], w.x, (double)m[3], w.y),
      numbers(g, (double)m[1], w.x, (double)m[4], w.y),
      sg_onnx_node2(g, "Add", w.phase, numbers(g, (double)m[2], w.x, (double)m[5], w.y))};
}

/* 1 up to the bandwidth, 0 from half the rate on: [N, C, 1, 1] */
static const char *
amplitude(SgOnnxGraph *g, Waves w, const SgLayer *l)
{
  double width = l->rate / 2 - l->bandwidth;
  const char *beyond =
      sg_onnx_node2(g, "Sub", length_of(g, w.x, w.y), sg_onnx_number(g, l->bandwidth + width));
  const char *a = sg_onnx_node2(g, "Mul", beyond, sg_onnx_number(g, -1 / width));

  a = sg_onnx_node(g, "Clip", (const char *[]){a, sg_onnx_number(g, 0), sg_onnx_number(g, 1), NULL},
                   NULL);
  return sg_onnx_as_planes(g, a, l->in);
}

const char *
sg_onnx_fourier(SgOnnxGraph *g, const char *style, const SgOnnxFourier *f, GError **error)
{
  const SgLayer *l = f->layer;
  const float *m = f->transform->data;

  if (m[6] != 0 || m[7] != 0 || m[8] != 1) {
    sg_unsupported(error, "the transform of the layer %s is none of a plane", l->name);
    return NULL;
  }
  Waves w = transformed(g, moved(g, style, f), m);
  const char *angle = sg_onnx_node2(
      g, "Add", sg_onnx_as_planes(g, w.phase, l->in),
      combined(g, sg_onnx_as_planes(g, w.x, l->in), positions(g, l->out_w, l->rate, FALSE),
               sg_onnx_as_planes(g, w.y, l->in), positions(g, l->out_h, l->rate, TRUE)));
  const char *sine =
      sg_onnx_node1(g, "Sin", sg_onnx_node2(g, "Mul", angle, sg_onnx_number(g, 2 * G_PI)));
  return sg_onnx_node2(g, "Mul", sine, amplitude(g, w, l));
}
