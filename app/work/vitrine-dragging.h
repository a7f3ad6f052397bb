/* Dragging a face by points, for the window: steps on the render thread, and each few of them a
 * step of the history, so that undo leads back by steps; the points go along. */
#pragma once

#include "app/pointing/vitrine-grips.h"
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

typedef struct _VitrineDragging VitrineDragging;

/* What there is to say, borrowed. */
typedef struct {
  gboolean running, there; /* there: all points have arrived */
  int steps;               /* of the newest run; 0: none yet */
  double distance;         /* pixels, in the mean of the points */
  double percentile;       /* w lies farther out than so many of the model's, per cent; NaN */
  const char *error;       /* NULL: none */
} VitrineDraggingNews;

typedef void (*VitrineDraggingFunc)(const VitrineDraggingNews *news, gpointer data);

/* Borrows the session, keeps the grips. `news` on the main thread. */
VitrineDragging *vitrine_dragging_new(VitrineSession *session, VitrineGrips *grips,
                                      VitrineDraggingFunc news, gpointer data);
void vitrine_dragging_free(VitrineDragging *self);
/* Is there anything to drag: a point that is not at its target, one face, a square model? */
gboolean vitrine_dragging_can_start(VitrineDragging *self);
void vitrine_dragging_start(VitrineDragging *self);
void vitrine_dragging_stop(VitrineDragging *self);
gboolean vitrine_dragging_is_running(VitrineDragging *self);

G_END_DECLS
