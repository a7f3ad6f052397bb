/* What can be measured in a picture without anybody's labels. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  SG_MEASURE_BRIGHTNESS, /* mean luma (Rec. 601), 0…1 */
  SG_MEASURE_CONTRAST,   /* standard deviation of luma */
  SG_MEASURE_SATURATION, /* mean of (max - min) / max over the colours */
  SG_MEASURE_WARMTH,     /* mean of red - blue */
  SG_MEASURE_SYMMETRY,   /* 1 - mean difference of luma from the mirrored picture's */
  SG_MEASURE_EDGES,      /* mean length of luma's gradient (central differences) */
  SG_MEASURE_BACKGROUND, /* mean luma of the outermost eighth at top, left and right */
  SG_MEASURE_COUNT
} SgMeasure;

const char *sg_measure_name(SgMeasure m); /* "brightness" */
gboolean sg_measure_parse(const char *name, SgMeasure *m);
/* image [channels, h, w] in -1…1 (clamped); one channel counts as grey, more than three as
 * three. */
double sg_measure(SgMeasure m, int channels, int h, int w, const float *image);

G_END_DECLS
