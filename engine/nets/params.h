/* Weights on their way from a model to a back end. */
#pragma once

#include "engine/backend/backend.h"
#include "engine/models/model.h"

G_BEGIN_DECLS

/* The tensor seen as [rows, numel / rows, 1, 1], times `gain`, plus `add`. */
SgBuf *sg_params_matrix(SgBackend *b, const SgTensor *t, int rows, float gain, float add,
                        GError **error);
/* [1, numel, 1, 1] */
SgBuf *sg_params_vector(SgBackend *b, const SgTensor *t, float add, GError **error);
/* Squared weights summed over the kernel: [O, I, k, k] -> [O, I, 1, 1] (for demodulation). */
SgBuf *sg_params_squares(SgBackend *b, const SgTensor *t, GError **error);
/* A constant [1, n, 1, 1]. */
SgBuf *sg_params_constant(SgBackend *b, int n, float value, GError **error);
/* Copy of a tensor times gain. */
SgTensor *sg_params_scaled(const SgTensor *t, float gain);
/* Each of the O filters divided by its root mean square: [O, I, k, k] */
SgTensor *sg_params_unit_filters(const SgTensor *t);
/* The sum of the four shifts by one pixel, times gain: [O, I, k, k] -> [O, I, k + 1, k + 1] */
SgTensor *sg_params_widened(const SgTensor *t, float gain);

G_END_DECLS
