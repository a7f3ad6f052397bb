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
  gboolean show_original;
  gboolean divider;
  int columns;       /* faces side by side, each with the divider at the same place */
  double divider_at; /* 0..1 of a face's width */
  int dragging_face; /* whose divider is dragged */

  gboolean dragging_divider;
  double drag_x, drag_y; /* where a pan has got to */
  double pinch_zoom;     /* at the start of a pinch */
  double pointer_x, pointer_y;
  guint notify_source;
};

/* Gestures and keys (vitrine-canvas-input.c). */
void vitrine_canvas_init_input(VitrineCanvas *self);
/* Redraws and tells. */
void vitrine_canvas_view_changed(VitrineCanvas *self);

G_END_DECLS
