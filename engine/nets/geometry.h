/* From a description (models/network.h) to what a back end offers; what it does not offer is
 * refused in a sentence. For those who build networks: here and on the tape. */
#pragma once

#include "engine/backend/backend.h"
#include "engine/models/network.h"

G_BEGIN_DECLS

/* Can every layer be run there? The error names the first that cannot. */
gboolean sg_network_check_runnable(const SgNetwork *n, const SgBackend *b, GError **error);
/* Can every layer be put on a tape of that back end? */
gboolean sg_network_check_differentiable(const SgNetwork *n, const SgBackend *b, GError **error);

/* What follows is for a network that can be run. */

/* The filter, if it is one of those that every back end has; it must not be an empty one. */
gboolean sg_filter_find_fir(const SgFilter *f, SgFir *fir);
/* The same where it has to be one. */
SgFir sg_filter_fir(const SgFilter *f);
/* The filter's numbers for SgBackend.filtered; the taps are borrowed. */
SgTaps sg_filter_taps(const SgFilter *f);
/* x [N, C, H, W], either format, through any filter that is not empty; transfer full. */
SgBuf *sg_filter_run(const SgFilter *f, const SgBuf *x, GError **error);
/* The convolution alone, its filters to be run beside it. */
SgConvGeometry sg_layer_geometry(const SgLayer *l);
/* Pixels along an axis that the convolution leaves of so many, ahead of the filter `after`. */
int sg_layer_conv_size_of(const SgLayer *l, int in);
/* The same of the layer's own input. */
void sg_layer_conv_size(const SgLayer *l, int *h, int *w);

/* What ends a discriminator's block: a convolution that makes its input smaller, but not the short
 * way around it. */
gboolean sg_layer_ends_block(const SgLayer *l);

G_END_DECLS
