/* Statistics and histograms of stored weights, for the window, `inspect` and CSV files. Everything
 * is summed in double; numbers that are not finite are counted and otherwise left out. Any
 * thread. */
#pragma once

#include "engine/base/tensor.h"

G_BEGIN_DECLS

typedef struct {
  guint64 count, finite, zeros, not_finite; /* count = finite + not_finite */
  double min, max, mean, std; /* of the finite numbers; +inf, -inf, 0, 0 when there is none */
} SgWeightStats;

/* Measures n floats; std is that of the population (divided by n), as numpy.std. */
SgWeightStats sg_weight_stats_measure(const float *data, gsize n);
/* Nothing measured: what sums begin with. */
SgWeightStats sg_weight_stats_none(void);
/* What measuring both sets of numbers together would give (Chan, Golub & LeVeque 1979). */
void sg_weight_stats_add(SgWeightStats *to, const SgWeightStats *from);

/* Adds to counts [bins] how many of n floats lie in each of `bins` equal parts of min..max (min <
 * max, or equal: everything there goes into the first), as numpy.histogram: a part has its lower
 * edge, the last one both. Returns how many finite numbers lie outside. */
guint64 sg_weight_histogram(const float *data, gsize n, double min, double max, int bins,
                            guint64 *counts);

/* The density of N(0, sigma²) at x. */
double sg_normal_density(double x, double sigma);

#define SG_WEIGHT_CSV_MAX_BINS 10000

/* The first line of a CSV, and that of one tensor (both end in a line feed), appended. `bins` 0:
 * without a histogram, which goes over the tensor's own min..max. beyond_2 is the share of weights
 * with |w| > 2, normal_beyond_2 what it is for N(0, 1): erfc (√2). */
void sg_weight_csv_header(GString *csv, int bins);
void sg_weight_csv_row(GString *csv, const char *name, const SgTensor *tensor, int bins);

G_END_DECLS
