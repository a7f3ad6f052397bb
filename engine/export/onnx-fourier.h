/* Fourier features as ONNX operations (Karras et al. 2021). */
#pragma once

#include "engine/export/onnx-ops.h"

G_BEGIN_DECLS

typedef struct {
  const SgLayer *layer;
  const SgTensor *frequencies, *phases, *transform; /* [C, 2], [C], [3, 3] */
} SgOnnxFourier;

/* Sines over the plane, which `style` [N, 4] turns and moves: [N, C, H, W]. NULL and an error: the
 * plane's transform is none of a plane. */
const char *sg_onnx_fourier(SgOnnxGraph *g, const char *style, const SgOnnxFourier *f,
                            GError **error);

G_END_DECLS
