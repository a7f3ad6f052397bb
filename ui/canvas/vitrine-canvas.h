/* VitrineCanvas: shows the picture. Fit, 1:1, zoom at the pointer, pan; smooth, and from 400 % on
 * sharp pixels; the unmodified picture on a held key or on one side of a divider.
 *
 * Properties, read-only: "zoom" double, "show-original", "divider" (it compares) and
 * "difference" (it shows how they differ) boolean.
 * Signals: "view-changed": zoom, divider or what is shown has changed. "face-activated" (int): a
 * face among several was clicked, counted row by row. "moved" (double degrees, double x, double y,
 * boolean key): the picture itself was turned anticlockwise and moved by parts of a face's width
 * and height, by a key or a drag. */
#pragma once

#include <gtk/gtk.h>
#include "app/pointing/vitrine-grips.h"
#include "app/pointing/vitrine-spot.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_CANVAS (vitrine_canvas_get_type())
G_DECLARE_FINAL_TYPE(VitrineCanvas, vitrine_canvas, VITRINE, CANVAS, GtkWidget)

GtkWidget *vitrine_canvas_new(void);

/* `width` and `height` are the picture's own size; `texture` may be smaller for a moment. NULL
 * shows nothing. A picture of another size is fitted again. */
void vitrine_canvas_set_picture(VitrineCanvas *self, GdkTexture *texture, int width, int height);
/* How many faces are side by side in the picture: each is divided for itself. 1 at first. */
void vitrine_canvas_set_columns(VitrineCanvas *self, int columns);
/* Which face is at that place of the widget, row by row; -1: none. */
int vitrine_canvas_face_at(VitrineCanvas *self, double x, double y);
/* What to compare with; NULL: nothing yet. */
void vitrine_canvas_set_original(VitrineCanvas *self, GdkTexture *original);
/* Whether Ctrl and a drag, or an arrow, move the picture itself (with Shift: turn it). FALSE at
 * first. */
void vitrine_canvas_set_movable(VitrineCanvas *self, gboolean movable);
/* What a screen reader says of the picture. */
void vitrine_canvas_set_description(VitrineCanvas *self, const char *description);

/* What a person points at is marked there. Keeps a reference. */
void vitrine_canvas_set_spot(VitrineCanvas *self, VitrineSpot *spot);

/* Points that a person takes hold of are marked there. Keeps a reference. */
void vitrine_canvas_set_grips(VitrineCanvas *self, VitrineGrips *grips);

/* How an enlarged picture is drawn: smooth below 400 % and then sharp (at first), or one always. */
typedef enum { VITRINE_SCALING_AUTO, VITRINE_SCALING_SMOOTH, VITRINE_SCALING_SHARP } VitrineScaling;
void vitrine_canvas_set_scaling(VitrineCanvas *self, VitrineScaling scaling);

/* How "divider" compares: left and right of a divider in each face (at first), both pictures in
 * full side by side, or how they differ, four times as strong. */
typedef enum {
  VITRINE_COMPARE_WIPE,
  VITRINE_COMPARE_BESIDE,
  VITRINE_COMPARE_DIFFERENCE
} VitrineCompare;
void vitrine_canvas_set_compare(VitrineCanvas *self, VitrineCompare compare);

void vitrine_canvas_zoom_fit(VitrineCanvas *self);
void vitrine_canvas_zoom_one(VitrineCanvas *self);
void vitrine_canvas_zoom_in(VitrineCanvas *self);
void vitrine_canvas_zoom_out(VitrineCanvas *self);
/* Device pixels per pixel of the picture. */
double vitrine_canvas_get_zoom(VitrineCanvas *self);
gboolean vitrine_canvas_is_fit(VitrineCanvas *self);

void vitrine_canvas_set_show_original(VitrineCanvas *self, gboolean show);
gboolean vitrine_canvas_get_show_original(VitrineCanvas *self);
void vitrine_canvas_set_divider(VitrineCanvas *self, gboolean divider);
gboolean vitrine_canvas_get_divider(VitrineCanvas *self);

G_END_DECLS
