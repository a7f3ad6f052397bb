/* What importers do to tensors on their way to canonical names. Private to models/. Each returns
 * a new tensor, or a new reference where nothing changes; NULL without memory. */
#pragma once

#include "engine/base/tensor.h"

G_BEGIN_DECLS

/* [.., h, w] with both spatial axes mirrored. */
SgTensor *sg_tensor_flipped(const SgTensor *t);
/* `value` is added to the first `count` numbers. */
SgTensor *sg_tensor_plus(const SgTensor *t, gsize count, float value);
SgTensor *sg_tensor_times(const SgTensor *t, double factor);
/* [1, C, 4, 4] -> [C, 4, 4], [1, 1, r, r] -> [r, r]. */
SgTensor *sg_tensor_drop_ones(SgTensor *t);
/* Drops sizes of 1 from the left until `ndim` are left; what does not fit so is refused later,
 * under its name: [1, O, I, 3, 3] -> [O, I, 3, 3], [1, C, 1, 1] -> [C]. */
SgTensor *sg_tensor_squeezed(SgTensor *t, int ndim);
/* [I, O, k, k] -> [O, I, k, k]; t has four sizes. */
SgTensor *sg_tensor_swapped(const SgTensor *t);

G_END_DECLS
