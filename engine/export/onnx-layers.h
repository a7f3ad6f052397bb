/* Each kind of layer as ONNX operations. */
#pragma once

#include "engine/export/onnx-ops.h"
#include "engine/export/onnx.h"

G_BEGIN_DECLS

typedef struct {
  SgOnnxGraph *g;
  const SgModel *model;
  const SgNetwork *n;
  const char *prefix;
  SgExportNoise noise;
  /* Names of values, as far as they are there. w: of every layer, else ws: [N, num_ws, w_dim] */
  const char *z, *label, *picture, *w, *ws;
  const char **values; /* [layers], what each gave */
  GError **error;
} SgOnnxBuild;

/* The layers of a section, in the order in which they run. */
gboolean sg_onnx_add_section(SgOnnxBuild *b, SgSection section);
/* h × w pixels from (y, x) on. */
const char *sg_onnx_crop(SgOnnxGraph *g, const char *picture, int y, int x, int h, int w);

G_END_DECLS
