/* How far a picture is from another one by its pixels, with the gradient: the part of a
 * projection's loss that needs no network. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Of planes [channels, h, w], numbers from -1 to 1. */
typedef struct {
  double pixels;  /* mean (a - b)² */
  double pyramid; /* sum over the levels of a Laplacian pyramid of the mean of |a - b| */
} SgPictureLoss;

/* Levels are x - blur (x), blur being [1 4 6 4 1] / 16 along both axes with the edge reflected; the
 * next one is every second pixel of the blurred picture; at most five, none smaller than 8 pixels;
 * what remains is the last one. (Burt & Adelson 1983; as a loss Bojanowski et al. 2018, with the
 * means of all levels counting alike.) |x| is sqrt (x² + 1e-6), so that its gradient is smooth.
 * Adds pixel_weight times the gradient of `pixels` and pyramid_weight times that of `pyramid` with
 * respect to `a` to `gradient`, as large as `a` (NULL: nothing). The sum of a row is one thread's:
 * their number changes nothing. Where memory is short (engine/base/room.h) it is 0 and adds
 * nothing. */
SgPictureLoss sg_picture_loss(int channels, int h, int w, const float *a, const float *b,
                              double pixel_weight, double pyramid_weight, float *gradient);

/* Peak signal-to-noise ratio of n 8-bit numbers, dB; infinite where they are equal. */
double sg_psnr(gsize n, const guint8 *a, const guint8 *b);

G_END_DECLS
