/* Names that say more than which metric: how many pictures, how many neighbours, along what. */
#pragma once

#include "engine/metrics/metric.h"

G_BEGIN_DECLS

/* "fd-d2k" of the row "fd-d": made when it is first asked for, the same one each time. NULL: no
 * row's name begins it, or what follows says nothing about that row. Any thread. */
const SgMetric *sg_metric_variant(const char *name);

G_END_DECLS
