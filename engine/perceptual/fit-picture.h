/* Pictures as programs that measure them hand them to the Inception network. The way to 299×299
 * alone moves FID by more than most papers improve it (Parmar et al. 2022), so each is exactly that
 * program's. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  SG_FIT_TF,      /* TensorFlow 1's bilinear: corner of a pixel on corner, no filter; NVlabs,
                   * torch-fidelity */
  SG_FIT_PYTORCH, /* PyTorch's bilinear: middle on middle, no filter; pytorch-fid */
  SG_FIT_CLEAN,   /* Pillow's bicubic on floats, filtered where it shrinks; clean-fid */
  SG_FIT_MODES
} SgFitMode;

const char *sg_fit_name(SgFitMode mode); /* "tf", "pytorch", "clean" */
gboolean sg_fit_parse(const char *name, SgFitMode *mode);

/* n pictures [n, channels, size, size] in -1…1 -> [n, 3, to, to] in about -1…1. They are rounded to
 * the 256 steps of files first; grey is three times the same, alpha is left out. */
void sg_fit_pictures(SgFitMode mode, int n, int channels, int size, const float *pictures, int to,
                     float *out);

G_END_DECLS
