#include "engine/models/import-tensors.h"
#include "engine/models/importer.h"
#include <string.h>

SgTensor *
sg_tensor_flipped(const SgTensor *t)
{
  gint64 h = t->shape[t->ndim - 2], w = t->shape[t->ndim - 1], plane = h * w;
  SgTensor *out = sg_tensor_copy(t);

  for (gsize i = 0; out && plane > 0 && i < t->numel; i++) {
    gsize first = i / (gsize)plane * (gsize)plane;
    out->data[first + (gsize)plane - 1 - (i - first)] = t->data[i];
  }
  return out;
}

SgTensor *
sg_tensor_plus(const SgTensor *t, gsize count, float value)
{
  SgTensor *out = sg_tensor_copy(t);

  for (gsize i = 0; out && i < MIN(count, out->numel); i++)
    out->data[i] += value;
  return out;
}

SgTensor *
sg_tensor_times(const SgTensor *t, double factor)
{
  SgTensor *out = sg_tensor_copy(t);

  for (gsize i = 0; out && i < out->numel; i++)
    out->data[i] = (float)(out->data[i] * factor);
  return out;
}

SgTensor *
sg_tensor_drop_ones(SgTensor *t)
{
  int first = 0;

  while (first < t->ndim - 2 && t->shape[first] == 1)
    first++;
  return first ? sg_tensor_reshaped(t, t->ndim - first, t->shape + first) : sg_tensor_ref(t);
}

SgTensor *
sg_tensor_squeezed(SgTensor *t, int ndim)
{
  gint64 shape[SG_MAX_DIMS];
  int surplus = t->ndim - ndim, n = 0;

  if (surplus <= 0)
    return sg_tensor_ref(t);
  for (int i = 0; i < t->ndim; i++)
    if (surplus > 0 && t->shape[i] == 1)
      surplus--;
    else
      shape[n++] = t->shape[i];
  return sg_tensor_reshaped(t, n, shape);
}

SgTensor *
sg_tensor_swapped(const SgTensor *t)
{
  gint64 i = t->shape[0], o = t->shape[1];
  gsize taps = (gsize)(t->shape[2] * t->shape[3]);
  SgTensor *out = sg_tensor_new(4, (gint64[]){o, i, t->shape[2], t->shape[3]});

  for (gint64 a = 0; out && a < i; a++)
    for (gint64 c = 0; c < o; c++)
      memcpy(out->data + (gsize)(c * i + a) * taps, t->data + (gsize)(a * o + c) * taps,
             taps * sizeof(float));
  return out;
}
