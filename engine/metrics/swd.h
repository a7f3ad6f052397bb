/* Sliced Wasserstein distance on Laplacian pyramids (Karras et al. 2018, "Progressive growing of
 * GANs", section 5): 7×7×C patches from every pyramid level (side R, R/2 … 16), normalised per
 * channel over the whole set, projected on random directions, sorted, and compared: mean
 * |difference|, averaged over repeats, times 1000. */
#pragma once

#include "engine/metrics/metric.h"

G_BEGIN_DECLS

typedef struct _SgSwd SgSwd;

/* Collects descriptors of up to `images` pictures [C, R, R]; patch positions come from `seed`. */
SgSwd *sg_swd_new(int channels, int resolution, int images, guint64 seed, GError **error);
/* n pictures [n, C, R, R], floats -1…1; more than `images` are ignored. */
void sg_swd_add(SgSwd *s, const float *pictures, int n);
int sg_swd_levels(const SgSwd *s);
int sg_swd_level_resolution(const SgSwd *s, int level);
/* distance[levels] per level (×1000), highest resolution first, and returns their mean. Both sets
 * must hold the same number of pictures (fewer is an assertion of the caller's). Neither
 * changes. */
double sg_swd_distance(const SgSwd *a, const SgSwd *b, guint64 seed, double *distance);
void sg_swd_free(SgSwd *s);

/* Its row in the table of metrics. */
extern const SgMetric sg_metric_swd;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgSwd, sg_swd_free)

G_END_DECLS
