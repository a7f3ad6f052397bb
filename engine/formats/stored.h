/* A tensor's numbers as a file that is written holds them. */
#pragma once

#include "engine/base/tensor.h"
#include "engine/formats/view.h"

G_BEGIN_DECLS

/* SG_DTYPE_FLOAT32: as they are, borrowed from `t`, which has to live as long. SG_DTYPE_FLOAT16:
 * rounded to nearest, ties to even (IEEE 754 binary16). Errors, with the tensor's name: a number is
 * larger than binary16 can hold (65504), there is no memory. */
GBytes *sg_stored_numbers(const char *name, const SgTensor *t, SgDtype dtype, GError **error);

G_END_DECLS
