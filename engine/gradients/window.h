/* What part of each layer's result a part of the picture depends on, so that the rest need not be
 * computed. Private to gradients/. */
#pragma once

#include "engine/gradients/networks.h"

G_BEGIN_DECLS

static inline gboolean
sg_window_is_empty(const SgRegion *w)
{
  return w->w <= 0 || w->h <= 0;
}

/* Writes for each layer [layers of the network] the part of its result that `wanted`, a part of the
 * picture, depends on; empty where it depends on none. FALSE: the network has layers for which this
 * is not told (two branches, filters around activations), and all of them are to be computed
 * whole. */
gboolean sg_windows_plan(const SgNetwork *n, const SgRegion *wanted, SgRegion *needed);
/* The part of a convolution's result that comes of this part of its input; nearer to an edge that
 * is not the picture's than sg_windows_plan() allows for, it is wrong. */
SgRegion sg_window_behind(const SgLayer *l, const SgRegion *input);

G_END_DECLS
