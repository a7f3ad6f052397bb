#include "engine/formats/stored.h"
#include "engine/formats/format-error.h"
#include "engine/kernels/half.h"
#include <math.h>

#define FLOAT16_MAX 65504.0f

GBytes *
sg_stored_numbers(const char *name, const SgTensor *t, SgDtype dtype, GError **error)
{
  if (dtype == SG_DTYPE_FLOAT32)
    return g_bytes_new_static(t->data, t->numel * sizeof(float));
  g_return_val_if_fail(dtype == SG_DTYPE_FLOAT16, NULL);
  guint16 *half = g_try_new(guint16, MAX(t->numel, 1));
  if (!half) {
    sg_no_memory(error, "for numbers of 16 bits");
    return NULL;
  }
  for (gsize i = 0; i < t->numel; i++) {
    if (fabsf(t->data[i]) > FLOAT16_MAX) {
      sg_unsupported(error, "“%s” holds %g, but float16 ends at %g", name, (double)t->data[i],
                     (double)FLOAT16_MAX);
      g_free(half);
      return NULL;
    }
    half[i] = k_to_fp16(t->data[i]);
  }
  return g_bytes_new_take(half, t->numel * sizeof *half);
}
