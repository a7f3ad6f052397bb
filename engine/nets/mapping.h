/* The mapping network: z (and class) -> w. Also the discriminator's, which maps a class alone. */
#pragma once

#include "engine/backend/backend.h"
#include "engine/models/model.h"

G_BEGIN_DECLS

typedef struct {
  SgBackend *backend;
  int z_dim, c_dim, w_dim, layers; /* z_dim 0: no z, c_dim 0: no class */
  float lr_mul;                    /* equalised learning rate: stored weights are divided by it */
  float gain;                      /* of the activation: sqrt 2, mystylegan sqrt (2 / 1.04) */
  float wgain;                     /* of the weights alone: 1, StyleGAN sqrt 2 */
  float embed_gain;                /* of the label's matrix */
  gboolean joint;                  /* z and the label's vector are normalised together, not each */
  SgBuf *embed_w, *embed_b;        /* embed_b may be NULL */
  SgBuf **w, **b;                  /* [layers] */
} SgMapping;

/* `prefix` as "G_ema." or "D.". NULL and error if memory is short. */
SgMapping *sg_mapping_new_generator(SgBackend *b, const SgModel *model, const char *prefix,
                                    GError **error);
SgMapping *sg_mapping_new_discriminator(SgBackend *b, const SgModel *model, GError **error);
void sg_mapping_free(SgMapping *m);
/* z [n, z_dim] row-major (NULL if z_dim is 0), labels [n] with -1 for none (NULL: all none)
 * -> w [n, w_dim], written to host memory. */
gboolean sg_mapping_run(const SgMapping *m, int n, const float *z, const int *labels, float *w,
                        GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgMapping, sg_mapping_free)

G_END_DECLS
