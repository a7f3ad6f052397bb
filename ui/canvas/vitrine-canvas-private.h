/* What the files of the canvas share: the widget (vitrine-canvas.c), pointer and keys
 * (-input.c). */
#pragma once

#include "ui/canvas/vitrine-canvas.h"
#include "ui/canvas/vitrine-canvas-view.h"

G_BEGIN_DECLS

struct _VitrineCanvas {
  GtkWidget parent_instance;

  GdkTexture *texture, *original;
  VitrineCanvasView view;
  VitrineScaling scaling;
  gboolean show_original;
  gboolean divider; /* compares, in this way: */
  VitrineCompare compare;
  int columns;       /* faces side by side, each with the divider at the same place */
  double divider_at; /* 0..1 of a face's width */
  int dragging_face; /* whose divider is dragged */

  gboolean dragging_divider;
  double drag_x, drag_y; /* where a pan has got to */
  double pinch_zoom;     /* at the start of a pinch */
  double pointer_x, pointer_y;
  guint notify_source;

  VitrineSpot *spot; /* NULL: nobody points */
  gboolean dragging_spot, pulling;
  double spot_x, spot_y; /* where the drag began */

  VitrineGrips *grips; /* NULL: nobody takes hold */
  gboolean dragging_grip, moving_handle;
  double brush_x, brush_y; /* where the brush has painted last, pixels of the picture */

  gboolean movable; /* the model's pictures can be moved and turned */
  gboolean dragging_lie, turning;
  graphene_rect_t lie_face;         /* where the drag began */
  double lie_degrees, lie_x, lie_y; /* how far the picture is shown from where it was drawn */
};

/* Gestures and keys (vitrine-canvas-input.c). */
void vitrine_canvas_init_input(VitrineCanvas *self);
/* Pointing (vitrine-canvas-spot.c). FALSE: the drag, the key is not for it. */
gboolean vitrine_canvas_spot_begin(VitrineCanvas *self, double x, double y);
void vitrine_canvas_spot_drag(VitrineCanvas *self, double dx, double dy, gboolean done);
gboolean vitrine_canvas_spot_key(VitrineCanvas *self, guint key, GdkModifierType state);
void vitrine_canvas_spot_snapshot(VitrineCanvas *self, GtkSnapshot *snapshot,
                                  const graphene_rect_t *rect);
/* Taking hold of points (vitrine-canvas-grips.c). FALSE: the drag, the key is not for it. */
gboolean vitrine_canvas_grips_begin(VitrineCanvas *self, double x, double y);
void vitrine_canvas_grips_drag(VitrineCanvas *self, double x, double y);
gboolean vitrine_canvas_grips_key(VitrineCanvas *self, guint key, GdkModifierType state);
void vitrine_canvas_grips_snapshot(VitrineCanvas *self, GtkSnapshot *snapshot,
                                   const graphene_rect_t *rect);
gboolean vitrine_canvas_has_grips(VitrineCanvas *self);
void vitrine_canvas_activate_face(VitrineCanvas *self, int face);
/* One of its pictures, over its ground, smooth or sharp as the zoom asks. */
void vitrine_canvas_append(VitrineCanvas *self, GtkSnapshot *snapshot, GdkTexture *texture,
                           const graphene_rect_t *rect, const graphene_rect_t *visible);
/* Comparing (vitrine-canvas-compare.c). From a place inside `rect` to that of the picture there. */
void vitrine_canvas_append_compared(VitrineCanvas *self, GtkSnapshot *snapshot,
                                    const graphene_rect_t *rect, const graphene_rect_t *visible);
void vitrine_canvas_uncompare(const VitrineCanvas *self, const graphene_rect_t *rect, double *x,
                              double *y);
/* Moving the picture itself (vitrine-canvas-lie.c). FALSE: the drag, the key is not for it. */
gboolean vitrine_canvas_lie_begin(VitrineCanvas *self, double x, double y, GdkModifierType state);
void vitrine_canvas_lie_drag(VitrineCanvas *self, double x, double y, double dx, double dy,
                             gboolean done);
gboolean vitrine_canvas_lie_key(VitrineCanvas *self, guint key, GdkModifierType state);
void vitrine_canvas_lie_reset(VitrineCanvas *self);
void vitrine_canvas_append_askew(VitrineCanvas *self, GtkSnapshot *snapshot,
                                 const graphene_rect_t *rect, const graphene_rect_t *visible);
void vitrine_canvas_tell_moved(VitrineCanvas *self, double degrees, double x, double y,
                               gboolean key);
/* Where face k, row by row, lies inside the whole picture's `rect`. */
void vitrine_canvas_cell(VitrineCanvas *self, const graphene_rect_t *rect, int k,
                         graphene_rect_t *face);
/* Redraws and tells. */
void vitrine_canvas_view_changed(VitrineCanvas *self);

G_END_DECLS
