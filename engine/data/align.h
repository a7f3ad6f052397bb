/* Aligning a photograph as the faces of FFHQ are (Karras et al. 2019, appendix A): a turned square
 * around eyes and mouth. */
#pragma once

#include "engine/pictures/picture.h"

G_BEGIN_DECLS

typedef struct {
  double x, y; /* pixels; the middle of the first one is 0, 0 */
} SgPoint;

/* The corners top left, bottom left, bottom right, top right (the order of Pillow's QUAD) for the
 * eye on the left of the picture, that on its right, and the middle of the mouth. FALSE and error:
 * the points coincide. */
gboolean sg_align_quad(const SgPoint points[3], SgPoint quad[4], GError **error);
/* Means of n × n pixels (n at most the smaller side); what is left over at the right and below is
 * dropped. Errors: memory. */
gboolean sg_pixels_average(const SgPixels *p, int n, SgPixels *out, GError **error);
/* What lies in that quad, bilinearly, as a square of `size` pixels; a picture much larger than that
 * is averaged first. Beyond its edges the picture is mirrored. Errors: memory; the quad is larger
 * than 16 times the picture. `out` is cleared with sg_pixels_clear(). */
gboolean sg_align(const SgPixels *p, const SgPoint quad[4], int size, SgPixels *out,
                  GError **error);

/* The picture becomes the square around its eyes and mouth, for a model of `size` pixels: four
 * times as large as that, at most 4096, so that what is warped bilinearly is then resized well. On
 * error the picture stays. */
gboolean sg_align_face(SgPixels *p, const SgPoint points[3], int size, GError **error);

G_END_DECLS
