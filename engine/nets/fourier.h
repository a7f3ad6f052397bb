/* The input of StyleGAN3: sines over the plane, which w moves and turns. */
#pragma once

#include "engine/backend/backend.h"
#include "engine/models/network.h"

G_BEGIN_DECLS

typedef struct {
  int channels, size;                /* pixels along both axes */
  double rate, bandwidth;            /* SgLayer's */
  const float *frequencies, *phases; /* [channels, 2], [channels]: cycles in a unit, and cycles */
  const float *transform;            /* [3, 3] */
} SgFourier;

/* What a person has done to the picture: degrees anticlockwise, and parts of its width and height
 * to the right and down. */
typedef struct {
  double degrees, x, y;
} SgMotion;

gboolean sg_motion_is_none(const SgMotion *m);

/* What was moved is moved further: turned around the middle, then moved. */
SgMotion sg_motion_then(const SgMotion *first, const SgMotion *more);

typedef double SgPlaneMap[3][3];
/* How the plane lies before w has its say: the file's transform [3, 3], or what a motion that is
 * one makes of it. motion may be NULL. */
void sg_fourier_lie(const float *transform, const SgMotion *motion, SgPlaneMap to);
/* The sines for n samples, PLAIN or ACT [n, channels, size, size]; styles [n, 4] in host memory:
 * the cosine and sine of a turn, not normalised, and a shift. A motion that is none leaves the
 * file's transform in place, another one takes its place (Karras et al. 2021, appendix F; NVlabs'
 * gen_images.py). FALSE: memory. */
gboolean sg_fourier_fill(const SgFourier *f, int n, const float *styles, const SgMotion *motion,
                         SgBuf *to, GError **error);

G_END_DECLS
