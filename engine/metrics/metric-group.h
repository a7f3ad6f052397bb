/* What several metrics collect of the pictures of one side, in one pass: those that look at the
 * same features share them. */
#pragma once

#include "engine/metrics/metric.h"

G_BEGIN_DECLS

typedef struct {
  SgMetricNeeds side;
  int channels, resolution;
  int all, images; /* real pictures that are there, and how many are asked for */
  guint64 seed;
  SgFeatureSource *const *sources; /* NULL-terminated, or NULL: none; borrowed */
} SgMetricGroupSetup;

typedef struct _SgMetricGroup SgMetricGroup;

/* NULL and error: a source that a metric asks for is not there, no memory, as their prepare(). */
SgMetricGroup *sg_metric_group_new(const SgMetric *const *list, const SgMetricGroupSetup *setup,
                                   GError **error);
void sg_metric_group_free(SgMetricGroup *g);
/* How many pictures it still wants; pairs, for paths. */
int sg_metric_group_wants(const SgMetricGroup *g);
/* n pictures [n, C, R, R] in -1…1; of paths 2 n. More than each wants are not for it. */
gboolean sg_metric_group_add(SgMetricGroup *g, const float *pictures, int n, GError **error);

/* The features of a source, or NULL if nobody wants them: filled from elsewhere, that many fewer
 * are wanted. */
SgFeatureSet *sg_metric_group_features(SgMetricGroup *g, const char *source);

/* Metric i of the list. What is not needed is NULL. */
gboolean sg_metric_group_measure(const SgMetric *m, int i, const SgMetricGroup *real,
                                 const SgMetricGroup *fake, SgMetricGroup *paths, guint64 seed,
                                 SgMetricResult *result, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgMetricGroup, sg_metric_group_free)

G_END_DECLS
