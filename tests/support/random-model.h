/* Networks with random weights that Python can make as well (stylegan2.py, random_params): nothing
 * of them needs to be stored but what they draw. */
#pragma once

#include "engine/models/model.h"

G_BEGIN_DECLS

typedef struct {
  int resolution;                /* 8, 16, …, a power of two */
  int channel_base, channel_max; /* a block of size r has min (base / r, max) channels */
  int z_dim, w_dim, c_dim, mapping_layers;
  int img_channels; /* 0: 3 */
  SgArch g_arch, d_arch;
  double clamp; /* of both networks; < 0: none */
  guint32 seed;
} RandomModelSpec;

/* NVlabs' `auto` widths at 128×128, skip and resnet, unconditional, no clamp. */
#define RANDOM_MODEL_SPEC_INIT                                                                     \
  {                                                                                                \
    .resolution = 128, .channel_base = 16384, .channel_max = 512, .z_dim = 512, .w_dim = 512,      \
    .mapping_layers = 2, .g_arch = SG_ARCH_SKIP, .d_arch = SG_ARCH_RESNET, .clamp = -1             \
  }

/* Tensor i of the generator is float32 (offset + scale * RandomState (seed + i).randn (shape)),
 * tensor i of the discriminator the same with seed + RANDOM_MODEL_D_SEED + i. Their order, offsets
 * and scales are those of stylegan2.py. Errors: what sg_model_from_archive() finds wrong. */
#define RANDOM_MODEL_D_SEED 500
SgModel *random_model_new(const RandomModelSpec *spec, GError **error);

/* "skip", "orig", "resnet"; FALSE for anything else. */
gboolean random_model_parse_arch(const char *text, SgArch *arch);

G_END_DECLS
