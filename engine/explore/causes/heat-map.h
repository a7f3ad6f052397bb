/* Where in a picture something acts: how much each pixel changes when it is moved there and
 * back. */
#pragma once

#include "engine/explore/causes/influence.h"

G_BEGIN_DECLS

typedef struct {
  int h, w, faces;
  double *change; /* [h, w]: root mean square over faces and colours, grey levels of 255 */
} SgHeatMap;

SgHeatMap *sg_heat_map_new(int h, int w);
void sg_heat_map_free(SgHeatMap *m);
/* One more face: its pictures [channels, h, w], -1…1, moved one way and the other. Half of what
 * they differ by counts. */
void sg_heat_map_add(SgHeatMap *m, int channels, const float *up, const float *down);

typedef struct {
  double mean, most; /* root mean square over the picture, and the largest change */
  int x, y;          /* where that is, from the top left */
  double cx, cy;     /* centre of the squared changes, pixels; NaN where nothing changes */
  double tenth;      /* share of the squared changes in the tenth of the pixels that change most */
} SgHeatStats;
SgHeatStats sg_heat_map_stats(const SgHeatMap *m);

/* The map over the grey picture it is of, [h, w, 3], to be freed: black through red and yellow to
 * white at `most` levels (> 0). `rgb` [h, w, 3]. */
guint8 *sg_heat_map_draw(const SgHeatMap *m, const guint8 *rgb, double most);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgHeatMap, sg_heat_map_free)

G_END_DECLS
