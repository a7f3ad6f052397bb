/* The spectrum of what is left of a picture when its smooth part is taken away. Layers that enlarge
 * leave traces at certain frequencies, however good the picture looks (Durall et al. 2020, "Watch
 * your Up-Convolution"; Frank et al. 2020, "Leveraging Frequency Analysis for Deep Fake Image
 * Recognition"). So do JPEG and every resizing, which is why references are measured after these,
 * too. */
#pragma once

#include "engine/examine/damage.h"

G_BEGIN_DECLS

#define SG_SPECTRUM_BINS 32

/* Whether the program was built with what it takes (kissfft). */
gboolean sg_spectrum_available(void);
/* How many bins a picture of r × r has: r / 2, at most SG_SPECTRUM_BINS. */
int sg_spectrum_bins(int r);
/* planes [channels, r, r] -> log10 of the mean power in rings of equal width around frequency 0, up
 * to r / 2 (what is further out in the corners is left out), [sg_spectrum_bins (r)]. The picture is
 * its luma (Rec. 601) less its 3 × 3 median (edges repeated), less the mean of that, under a Hann
 * window; the power is |DFT|² + 1. FALSE, and zeros: nothing is left, the picture has one colour,
 * say. */
gboolean sg_spectrum(int channels, int r, const guint8 *planes, double *bins);

/* Tells two kinds of profiles apart: Fisher's linear discriminant, the covariance within the kinds
 * drawn towards its diagonal by a fifth. */
typedef struct {
  int bins;
  double *weights; /* [bins]; larger sums are more like the second kind */
} SgDiscriminant;

/* Rows x [n, bins] of the first kind and y [m, bins] of the second. A row of `without` (its number
 * in x, n + its number in y; -1: none) and the `each` - 1 behind it are left out. NULL: all rows
 * are alike. */
SgDiscriminant *sg_discriminant_new(int bins, int n, const double *x, int m, const double *y,
                                    int each, int without);
void sg_discriminant_free(SgDiscriminant *d);
double sg_discriminant_score(const SgDiscriminant *d, const double *row);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgDiscriminant, sg_discriminant_free)

G_END_DECLS
