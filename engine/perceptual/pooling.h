/* Pooling on the tape, for networks that are only led through: gradients of the first order alone.
 * Through host memory, since no other network here pools. */
#pragma once

#include "engine/autograd/tape.h"

G_BEGIN_DECLS

/* The largest of each 2 × 2, ACT [N, C, h, w] -> [N, C, h / 2, w / 2]; an odd last row or column is
 * left out. */
SgVar *sg_op_max_pool(SgTape *t, SgVar *x);
/* The mean of each `k` × `k`, PLAIN, whose sides k divides. */
SgVar *sg_op_mean_pool(SgTape *t, SgVar *x, int k);

G_END_DECLS
