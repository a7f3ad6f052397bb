/* Other faces that keep what carries a direction: three ways to take it over from one w to another
 * (the first is "Controlled Modification of Generated (Style)GAN Latent Vectors", figure 6; the
 * third is gauge.h's conditional distribution). */
#pragma once

#include "engine/directions/gauge.h"

G_BEGIN_DECLS

typedef enum {
  SG_KEEP_COORDINATES, /* those that carry the direction are copied */
  SG_KEEP_PROJECTION,  /* the new w is moved along the direction until it is as far along it */
  SG_KEEP_CONDITIONAL, /* those that carry it stay, the rest is drawn given them */
  SG_KEEP_WAYS
} SgKeep;

const char *sg_keep_name(SgKeep way); /* "coordinates", "projection", "conditional" */
gboolean sg_keep_parse(const char *name, SgKeep *way);

/* The coordinates that carry a direction [m->dim]: those where it is not 0; if these are more than
 * `most` (0: no limit), the ones with the largest |direction_j| σ_j. Rising, to be freed. */
int *sg_carriers(const double *direction, const SgMoments *m, int most, int *count);

/* w [dim], freshly drawn, takes over what `from` [dim] has. */
void sg_keep_coordinates(int count, const int *fixed, const double *from, double *w);
/* direction [dim] of any length but 0: afterwards direction · w is direction · from, and nothing
 * across the direction has changed. */
void sg_keep_projection(int dim, const double *direction, const double *from, double *w);

G_END_DECLS
