/* The arithmetic of dragging a point (DragGAN: Pan et al. 2023, sections 3.2.1 and 3.2.2): features
 * under a handle are to move towards its target, and where they have gone is looked up again.
 *
 * Features are numbers [size, size, channels] in host memory, the channels of a place beside each
 * other, of a picture of `height` × `width` pixels. Places are pixels of the picture, (0, 0) the
 * middle of the top left one. The features there are those that the plane has once it is enlarged
 * bilinearly to the picture (half pixels at the edges repeated), and between these pixels a
 * bilinear mean of them, as DragGAN takes them. Sums are double. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  double x, y;
} SgPlace;

typedef struct {
  int size, channels;
  int height, width; /* of the picture */
} SgFeatureMap;

gsize sg_feature_count(const SgFeatureMap *m);
/* The features at a place, which is moved inside the picture: out [channels]. */
void sg_feature_at(const SgFeatureMap *m, const float *features, SgPlace at, float *out);

/* With q the pixels nearer than `radius` to `at` and d the unit vector from there to `to`: the mean
 * over q and channels of |F (q) - F (q + d)|, F (q) being a constant. Adds its gradient to
 * `gradient`, as large as the features. 0 where `at` is `to`. */
double sg_motion_loss(const SgFeatureMap *m, const float *features, SgPlace at, SgPlace to,
                      double radius, float *gradient);
/* The pixel, no further than `radius` from `at` along either axis, whose features are nearest to
 * `wanted` [channels] (Euclidean distance; of equal ones the first by rows). */
SgPlace sg_motion_track(const SgFeatureMap *m, const float *features, const float *wanted,
                        SgPlace at, int radius);
/* The mean over all features of |F - before| held, held [size, size] from 0 to 1. Adds `weight`
 * times its gradient to `gradient`. */
double sg_motion_hold(const SgFeatureMap *m, const float *features, const float *before,
                      const float *held, double weight, float *gradient);

G_END_DECLS
