/* The parts of the sliced Wasserstein distance: pyramids and patches (swd-pyramid.c), projections
 * and sorting (swd-project.c). */
#pragma once

#include "engine/metrics/swd.h"

#define SG_SWD_PATCH       7   /* side */
#define SG_SWD_PER_PICTURE 128 /* patches per picture and level */
#define SG_SWD_LANES       16  /* directions projected together */
#define SG_SWD_MAX_LEVELS  16
/* Patches are kept as 16-bit integers, values of 0…255 times this: a Laplacian never leaves ±255.
 * The rounding is a thousandth of the levels' deviation and averages out. */
#define SG_SWD_SCALE 128

/* What decides a picture's patches. */
typedef struct {
  int channels, resolution, levels;
  guint64 seed; /* of the positions */
} SgSwdShape;

/* Values in one patch. */
static inline int
sg_swd_dims(const SgSwdShape *s)
{
  return s->channels * SG_SWD_PATCH * SG_SWD_PATCH;
}

/* Floats that sg_swd_extract() wants as scratch. */
gsize sg_swd_scratch(const SgSwdShape *s);
/* Patches of levels first … last of picture number `index`: patches[level - first] receives
 * [128, C, 7, 7]. */
void sg_swd_extract(const SgSwdShape *s, const guint8 *picture, guint64 index, int first, int last,
                    gint16 *const *patches, float *scratch);

/* out[lane][i] = offset[lane] + patches[i] · directions[][lane] for n patches of `dims` values. */
void sg_swd_project(const gint16 *patches, gsize n, int dims, const float *directions,
                    const float offset[SG_SWD_LANES], float *out);
/* Mean |difference| of two sorted sets of n values. Destroys a and b; scratch: 2 n. */
double sg_swd_sorted_distance(float *a, float *b, gsize n, guint32 *scratch);
