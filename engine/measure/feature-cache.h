/* Features of real pictures that have been computed before. */
#pragma once

#include "engine/measure/measure.h"
#include "engine/metrics/metric-group.h"

G_BEGIN_DECLS

/* Files of measurement->cache are named by what decides the rows: network, pictures (names, sizes,
 * dates and some of their pixels), order, how many. TRUE: all that the group wants of `sources` is
 * there, and nothing has to be read for these. A file that is missing, short or damaged is no
 * error. */
gboolean sg_feature_cache_take(const SgMeasurement *m, SgFeatureSource *const *sources,
                               SgMetricGroup *g);
/* Writes them. What cannot be written is left. */
void sg_feature_cache_keep(const SgMeasurement *m, SgFeatureSource *const *sources,
                           SgMetricGroup *g);

G_END_DECLS
