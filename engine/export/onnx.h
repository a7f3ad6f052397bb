/* A network as an ONNX file, which other programs run without Vitrine (onnxruntime, browsers,
 * OpenCV): the same computation, layer by layer, as its description tells it (network.h). */
#pragma once

#include "engine/formats/view.h"
#include "engine/models/model.h"

G_BEGIN_DECLS

typedef enum {
  SG_EXPORT_PICTURE,       /* "z" [N, z_dim] ("label" [N, c_dim]; "psi" [], 1) -> "picture" */
  SG_EXPORT_SYNTHESIS,     /* "ws" [N, num_ws, w_dim] -> "picture" [N, C, H, W], −1 to 1 */
  SG_EXPORT_MAPPING,       /* "z" ("label") -> "w" [N, w_dim], not truncated */
  SG_EXPORT_DISCRIMINATOR, /* "picture" ("label") -> "logit" [N, 1] */
} SgExportPart;

typedef enum {
  SG_EXPORT_NOISE_CONST, /* the planes that the model stores */
  SG_EXPORT_NOISE_INPUT, /* inputs "noise.b8.conv0" [N, 1, h, w], normally distributed */
  SG_EXPORT_NOISE_NONE,
} SgExportNoise;

/* Writes one network, its constants as float32 or float16 (computed with in float32). Minibatch
 * standard deviation is over groups of the model's size, or of N where that is smaller, and N has
 * to be a multiple of it. Errors: what a model lacks, what ONNX cannot hold, files. */
gboolean sg_model_export_onnx(SgModel *model, SgExportPart part, SgExportNoise noise, SgDtype dtype,
                              const char *path, GError **error);

G_END_DECLS
