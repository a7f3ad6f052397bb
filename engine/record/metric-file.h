/* metric-NAME.jsonl of a run directory: a line for each snapshot that was measured, as NVlabs'
 * programs write them. Whoever measures writes them; a training does not. */
#pragma once

#include "engine/metrics/metric.h"

G_BEGIN_DECLS

/* Whether the snapshot (a file of the run directory, by its name) has a line there. */
gboolean sg_metric_file_has(const char *run_dir, const SgMetric *m, const char *snapshot);
/* One line, all of it or none: value, parts as "NAME/PART", how long it took. Errors name the
 * file. */
gboolean sg_metric_file_append(const char *run_dir, const SgMetric *m, const char *snapshot,
                               const SgMetricResult *result, double seconds, GError **error);

G_END_DECLS
