/* Measures a model against real pictures, or one set of pictures against another, by metrics of the
 * table: one pass over each side, whatever they look at. */
#pragma once

#include "engine/data/dataset.h"
#include "engine/explore/renderer.h"
#include "engine/metrics/metric.h"

G_BEGIN_DECLS

typedef void (*SgMeasureProgress)(const char *what, int done, int total, gpointer data);

typedef struct {
  const SgMetric *const *metrics; /* NULL-terminated */
  SgDataset *data;                /* real pictures; NULL where no metric needs them */
  SgModel *model;                 /* either this */
  SgDataset *reference;           /* or other pictures in its place */
  SgModel *features;              /* whose discriminator is asked; NULL: the model's */
  int images;                     /* where a metric's name does not say it */
  guint64 seed;
  double psi;
  gboolean mirror;   /* every real picture also counts flipped */
  const char *cache; /* a folder for features of real pictures, or NULL */
  SgMeasureProgress progress;
  gpointer user_data;
} SgMeasurement;

/* Real pictures that there are, the flipped ones counted. */
int sg_measurement_all(const SgMeasurement *m);
/* results [metrics]. FALSE: a side cannot be read or drawn, memory, a source's error, or the model
 * has classes which the data does not have. */
gboolean sg_measurement_run(const SgMeasurement *m, SgMetricResult *results, GError **error);

G_END_DECLS
