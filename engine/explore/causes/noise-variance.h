/* What noise does to a face: how much each pixel differs from draw to draw, and which layers' noise
 * that comes from (Karras et al. 2019, figures 4 and 5). */
#pragma once

#include "engine/explore/causes/heat-map.h"

G_BEGIN_DECLS

/* Moments of the grey level, the mean of a pixel's colours, over draws (Welford 1962). Levels are
 * of 255 and neither clamped nor rounded: noise below half a level counts. */
typedef struct {
  int size, draws;
  double *mean, *squares; /* [size, size]; squares: summed squared distances from the mean */
} SgNoiseVariance;

SgNoiseVariance *sg_noise_variance_new(void);
void sg_noise_variance_free(SgNoiseVariance *v);
/* One more draw of face 0 of the recipe, whose noise gains count and whose noise mode does not: the
 * planes are random, of another seed each time. At most max_resolution pixels (0: whole). Leaves
 * the renderer's stages alone. */
gboolean sg_noise_variance_draw(SgNoiseVariance *v, SgRenderer *r, const SgRecipe *recipe,
                                int max_resolution, GError **error);
/* The variance of a pixel, unbiased, as a mean over all; 0 before the second draw. Levels². */
double sg_noise_variance_mean(const SgNoiseVariance *v);
/* Standard deviations, levels; to be freed. */
SgHeatMap *sg_noise_variance_map(const SgNoiseVariance *v);

/* The same recipe with the noise of one convolution alone (conv, from 0), or of all those up to 32
 * × 32 pixels (SG_NOISE_COARSE), or from 64 × 64 on (SG_NOISE_FINE). Its own gains count. */
#define SG_NOISE_COARSE       -1
#define SG_NOISE_FINE         -2
#define SG_NOISE_COARSE_UP_TO 32
SgRecipe *sg_noise_only(SgRenderer *r, const SgRecipe *recipe, int conv, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgNoiseVariance, sg_noise_variance_free)

G_END_DECLS
