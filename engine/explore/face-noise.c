#include "engine/explore/face-noise.h"
#include "engine/base/room.h"
#include <string.h>

/* NULL without error: it has none. */
static SgBuf *
plane_of(const SgStage *stage, const SgStageEdits *e, SgBackend *b, GError **error)
{
  const SgTensor *map = e->noise_maps ? e->noise_maps[stage->conv_index] : NULL;
  double gain = e->noise_gain ? e->noise_gain[stage->conv_index] : 1;
  gsize count = (gsize)stage->resolution * (gsize)stage->width;
  g_autoptr(SgBuf) own = NULL;

  if (e->noise != SG_NOISE_CONST)
    return NULL;
  if (!map && !(own = stage->noise_const ? sg_buf_ref(stage->noise_const)
                                         : sg_stage_fixed_noise(stage, error)))
    return NULL;
  g_autofree float *v = sg_room(count, sizeof *v);
  if (!v) {
    sg_room_check(error);
    return NULL;
  }
  if (own)
    own->backend->download(own, v);
  else
    memcpy(v, map->data, count * sizeof *v);
  for (gsize i = 0; i < count; i++)
    v[i] *= (float)gain;
  return sg_buf_from_floats(b, v, 1, 1, stage->resolution, stage->width, error);
}

gboolean
sg_face_noise(const SgSynthesis *net, const SgStageEdits *edits, SgBackend *b, SgBuf **planes,
              GError **error)
{
  GError *failed = NULL;
  int count = 0;

  for (guint i = 0; i < net->stages->len && !failed; i++) {
    const SgStage *stage = sg_synthesis_stage(net, i);
    if (stage->layer->param[SG_ROLE_NOISE_STRENGTH] >= 0)
      planes[count++] = plane_of(stage, edits, b, &failed);
  }
  if (!failed)
    return TRUE;
  for (int k = 0; k < count; k++)
    g_clear_pointer(&planes[k], sg_buf_unref);
  g_propagate_error(error, failed);
  return FALSE;
}
