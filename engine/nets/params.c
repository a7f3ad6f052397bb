#include "engine/nets/params.h"
#include "engine/formats/format-error.h"
#include <math.h>
#include <string.h>

static SgBuf *
no_memory(GError **error)
{
  sg_no_memory(error, "for the weights that are drawn with");
  return NULL;
}

SgBuf *
sg_params_matrix(SgBackend *b, const SgTensor *t, int rows, float gain, float add, GError **error)
{
  int columns = (int)(t->numel / (gsize)rows);
  g_autofree float *v = g_try_new(float, MAX(t->numel, 1));
  if (!v)
    return no_memory(error);
  for (gsize i = 0; i < t->numel; i++)
    v[i] = t->data[i] * gain + add;
  return sg_buf_from_floats(b, v, rows, columns, 1, 1, error);
}

SgBuf *
sg_params_vector(SgBackend *b, const SgTensor *t, float add, GError **error)
{
  return sg_params_matrix(b, t, 1, 1, add, error);
}

SgBuf *
sg_params_squares(SgBackend *b, const SgTensor *t, GError **error)
{
  int o = (int)t->shape[0], i = (int)t->shape[1];
  gsize taps = (gsize)(t->shape[2] * t->shape[3]), n = (gsize)o * (gsize)i;
  g_autofree float *v = g_try_new(float, MAX(n, 1));
  if (!v)
    return no_memory(error);
  for (gsize j = 0; j < n; j++) {
    double sum = 0;
    for (gsize k = 0; k < taps; k++)
      sum += (double)t->data[j * taps + k] * t->data[j * taps + k];
    v[j] = (float)sum;
  }
  return sg_buf_from_floats(b, v, o, i, 1, 1, error);
}

SgBuf *
sg_params_constant(SgBackend *b, int n, float value, GError **error)
{
  g_autofree float *v = g_try_new(float, n);
  if (!v)
    return no_memory(error);
  for (int i = 0; i < n; i++)
    v[i] = value;
  return sg_buf_from_floats(b, v, 1, n, 1, 1, error);
}

SgTensor *
sg_params_scaled(const SgTensor *t, float gain)
{
  SgTensor *copy = sg_tensor_copy(t);
  for (gsize i = 0; copy && i < copy->numel; i++)
    copy->data[i] *= gain;
  return copy;
}

SgTensor *
sg_params_widened(const SgTensor *t, float gain)
{
  gint64 k = t->shape[2], wide = k + 1;
  SgTensor *out = sg_tensor_new(4, (gint64[]){t->shape[0], t->shape[1], wide, wide});

  for (gint64 f = 0; out && f < t->shape[0] * t->shape[1]; f++)
    for (gint64 y = 0; y < wide; y++)
      for (gint64 x = 0; x < wide; x++) {
        double sum = 0;
        for (gint64 dy = 0; dy < 2; dy++)
          for (gint64 dx = 0; dx < 2; dx++)
            if (y - dy >= 0 && y - dy < k && x - dx >= 0 && x - dx < k)
              sum += (double)t->data[(f * k + y - dy) * k + x - dx];
        out->data[(f * wide + y) * wide + x] = (float)sum * gain;
      }
  return out;
}

SgTensor *
sg_params_unit_filters(const SgTensor *t)
{
  gsize filters = (gsize)t->shape[0], n = t->numel / MAX(filters, 1);
  SgTensor *out = sg_tensor_copy(t);

  for (gsize o = 0; out && o < filters; o++) {
    double sum = 0;
    for (gsize i = 0; i < n; i++)
      sum += (double)t->data[o * n + i] * (double)t->data[o * n + i];
    double factor = 1 / sqrt(sum / (double)n);
    for (gsize i = 0; i < n; i++)
      out->data[o * n + i] = (float)(out->data[o * n + i] * factor);
  }
  return out;
}
