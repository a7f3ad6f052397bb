/* VitrinePreviewQueue: which row of the Explore pane gets its previews next. One row at a time, on
 * the render thread, only while nobody drags and no picture is asked for; rows that can be seen
 * only, the one that the person was at last first. */
#pragma once

#include "app/session/vitrine-session.h"
#include "ui/explore/vitrine-direction-row.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_PREVIEW_QUEUE (vitrine_preview_queue_get_type())
G_DECLARE_FINAL_TYPE(VitrinePreviewQueue, vitrine_preview_queue, VITRINE, PREVIEW_QUEUE, GObject)

/* `viewport` is what the rows are seen through. */
VitrinePreviewQueue *vitrine_preview_queue_new(VitrineSession *session, GtkWidget *viewport);
/* Until the row is gone. */
void vitrine_preview_queue_add(VitrinePreviewQueue *self, VitrineDirectionRow *row);
/* Something has changed: what is shown may be of another face, other rows may be seen. */
void vitrine_preview_queue_wake(VitrinePreviewQueue *self);
/* Nothing is wanted any more. */
void vitrine_preview_queue_close(VitrinePreviewQueue *self);
/* How many rows have been drawn, ever. */
guint vitrine_preview_queue_get_count(VitrinePreviewQueue *self);

G_END_DECLS
