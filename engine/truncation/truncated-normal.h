/* BigGAN's truncation (Brock et al. 2018, 3.1): z of a normal distribution that is cut off. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* From here on nothing is cut: 3e-15 of the numbers of a normal distribution lie farther out, and
 * none of those that a seed of NumPy's draws in practice. */
#define SG_TAU_OFF 8.0

/* z [n] of a standard normal distribution, in place, to one that is cut off at -tau and tau (> 0),
 * by the inverse of its distribution function: each number goes to the one of the same quantile.
 * That is what drawing again until |z| <= tau gives, in distribution, without a loop; and a face
 * changes steadily with tau. tau >= SG_TAU_OFF leaves z as it is. */
void sg_truncate_normal(double tau, int n, double *z);

G_END_DECLS
