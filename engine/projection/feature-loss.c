#include "engine/projection/feature-loss.h"

gboolean
sg_features_of(SgTape *t, const SgWeights *d, const SgBuf *pictures, SgFeatures *f)
{
  SgVar *blocks[SG_FEATURE_BLOCKS];
  gboolean recorded = sg_tape_record(t, FALSE);

  sg_tape_enter(t);
  int count = sg_discriminator_blocks(t, d, sg_var_constant(t, (SgBuf *)pictures),
                                      SG_FEATURE_BLOCKS, blocks);
  gboolean ok = sg_features_keep(t, count, blocks, f);
  sg_tape_leave(t, NULL);
  sg_tape_record(t, recorded);
  return ok;
}

SgVar *
sg_feature_loss(SgTape *t, const SgWeights *d, SgVar *pictures, const SgFeatures *wanted)
{
  SgVar *blocks[SG_FEATURE_BLOCKS];

  if (!pictures)
    return NULL;
  sg_tape_enter(t);
  sg_discriminator_blocks(t, d, pictures, wanted->count, blocks);
  return sg_tape_leave(t, sg_features_distance(t, blocks, wanted, NULL));
}
