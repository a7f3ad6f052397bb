/* VitrineGrid: faces side by side that come one after the other.
 *
 * A grid of large faces takes seconds: each is shown as it comes, and where none has come yet there
 * is what was there before, as large as the others. One thread at a time. */
#pragma once

#include "app/grid/vitrine-picture.h"

G_BEGIN_DECLS

typedef struct _VitrineGrid VitrineGrid;

VitrineGrid *vitrine_grid_new(void);
void vitrine_grid_free(VitrineGrid *g);
/* The next picture has so many faces, drawn with so many bytes a pixel. */
void vitrine_grid_begin(VitrineGrid *g, int faces, int bytes);
/* Faces [first, first + n) as SgFacesFunc gives them; all of a picture are of one size. FALSE:
 * there is no memory for so many of that size. */
gboolean vitrine_grid_put(VitrineGrid *g, const guint8 *rgb, int h, int w, int first, int n);
/* How many have come since it was begun. */
int vitrine_grid_drawn(const VitrineGrid *g);
/* As it is now; NULL before the first face. */
GdkTexture *vitrine_grid_texture(VitrineGrid *g);
/* Pixels of a face [h, w, bytes], borrowed until the next picture begins. */
const guint8 *vitrine_grid_face(const VitrineGrid *g, int face);

G_END_DECLS
