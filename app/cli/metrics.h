/* What the two ways of "vitrine metrics" share: one model, and the snapshots of a run. */
#pragma once

#include "app/cli/cli.h"
#include "engine/measure/measure.h"

G_BEGIN_DECLS

typedef struct {
  char *network, *data, *reference, *metrics, *features, *run;
  char *inception, *vgg, *lpips, *mode;
  int images;
  gint64 seed;
  double trunc;
  gboolean mirror, json, watch;
} CliMetricsOptions;

typedef struct {
  const CliMetricsOptions *opt;
  char *network; /* the file, also where a run directory was given */
  SgModel *model, *features;
  SgDataset *data, *reference;
  const SgMetric **metrics;
  SgMetricResult *results;
} CliMetricsJob;

/* The metrics of the options, which have been checked; to be freed. */
const SgMetric **cli_metrics_list(const CliMetricsOptions *opt);
/* --network, --features, --data and --reference, as far as they are given and needed. */
gboolean cli_metrics_open(CliMetricsJob *job, GError **error);
/* Fills job->results; shows how far it is. */
gboolean cli_metrics_measure(CliMetricsJob *job, GError **error);
/* What was opened; not metrics and results. */
void cli_metrics_close(CliMetricsJob *job);

/* metrics-run.c: --run. */
gboolean cli_metrics_run(const CliMetricsOptions *opt, GError **error);

G_END_DECLS
