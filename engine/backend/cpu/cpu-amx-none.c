/* In place of the other cpu-amx*.c where the compiler knows no matrix units: there are none. */
#include "engine/backend/backend-device.h"
#include "engine/backend/cpu/cpu-amx.h"

gboolean
sg_amx_find(GError **error)
{
  g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_DEVICE,
              "precision bf16 needs a CUDA device or a processor with AMX, which this program was "
              "built without; the CPU computes in fp32");
  return FALSE;
}

gboolean
sg_amx_suits(const SgConvGeometry *g, int out, int in)
{
  return FALSE;
}

gboolean
sg_amx_wants_two(int out, int in, int h, int w)
{
  return FALSE;
}

SgAmx *
sg_amx_new(const SgConvGeometry *g, int out, int in, const SgAmxWeights *w, gboolean two,
           GError **error)
{
  g_assert_not_reached();
}

void
sg_amx_free(SgAmx *amx)
{
}

gboolean
sg_amx_run(const SgAmx *amx, SgBuf *y, const SgBuf *x, const SgBuf *style, const SgEpilogue *e,
           GError **error)
{
  g_assert_not_reached();
}

gboolean
sg_amx_weight_suits(const SgConvGeometry *g, int out, int in)
{
  return FALSE;
}

gboolean
sg_amx_weight(const SgConvGeometry *g, const SgBuf *wide, const SgBuf *narrow, float *w,
              gsize out_step, gsize in_step, GError **error)
{
  g_assert_not_reached();
}
