/* Numbers in their order: medians, percentiles, who is first. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Sorts n finite values in place, the smallest first. */
void sg_ranks_sort(gsize n, double *values);
/* The median of n (at least 1) finite values in any order: of an even number, the mean of the two
 * in the middle. */
double sg_ranks_median(gsize n, const double *values);
/* The share of n sorted values that are less than `value`, in per cent. */
double sg_ranks_percentile(gsize n, const double *sorted, double value);

/* Which of n finite values come first when they rise, equal ones by their numbers: [n] numbers, to
 * be freed. */
guint32 *sg_ranks_order(gsize n, const double *values);

G_END_DECLS
