/* VitrineTasks: work of the panes that runs on the render thread, in slices, between pictures.
 *
 * A pane that wants something computed (a score of 32 faces, a sweep over thresholds, a layer's
 * activations) starts a task with vitrine_view_start_task(). Its step is called on the render
 * thread again and again until it returns FALSE; each call should take at most some 20 ms where the
 * model allows, since a picture that somebody waits for comes only between two of them. What a step
 * found arrives on the main thread in order. */
#pragma once

#include "engine/explore/renderer.h"

G_BEGIN_DECLS

typedef struct {
  /* Before anything else that can wait, as soon as the newest picture is on its way; otherwise
   * only once no picture has been asked for a moment. */
  gboolean urgent;
  /* Render thread. May hand out one result in *news (transfer full). FALSE: there is nothing left
   * to do. The renderer is the one the pictures are made with; a task that renders with other
   * weights than the picture's makes a renderer of its own. */
  gboolean (*step)(gpointer data, SgRenderer *renderer, gpointer *news);
  /* Main thread, once for every result and once more with NULL and `finished`. Borrows the news. */
  void (*news)(gpointer news, gboolean finished, gpointer user_data);
  GDestroyNotify free_news;
  GDestroyNotify free_data; /* any thread, once, when no step will use data any more */
  /* A picture that somebody waits for may end a step early, between two layers
   * (base/interrupt.h): what the step handed out is thrown away, and it is called again, this
   * time to its end. Only for steps that leave nothing half done when they fail. Others are ended
   * only when the task is stopped. */
  gboolean resumes;
} VitrineTaskClass;

typedef struct _VitrineTasks VitrineTasks;

VitrineTasks *vitrine_tasks_new(void);
/* No step may be running. */
void vitrine_tasks_free(VitrineTasks *self);

/* Main thread. `class` is copied; takes `data`. Returns an id, never 0. */
guint vitrine_tasks_start(VitrineTasks *self, const VitrineTaskClass *class, gpointer data,
                          gpointer user_data);
/* Main thread. No news of the task comes after it; 0 and ids of ended tasks are allowed. */
void vitrine_tasks_stop(VitrineTasks *self, guint id);
/* Main thread. All of them. */
void vitrine_tasks_stop_all(VitrineTasks *self);

/* Any thread: is a task of this urgency waiting for a step? */
gboolean vitrine_tasks_pending(VitrineTasks *self, gboolean urgent);
/* Render thread: one step of one of them, in turn. */
void vitrine_tasks_step(VitrineTasks *self, gboolean urgent, SgRenderer *renderer);
/* Render thread, in a step: is it to end? `busy`: a picture is waited for. */
gboolean vitrine_tasks_interrupt(VitrineTasks *self, gboolean busy);

/* Calls free_func (data), if there is any, on a worker: giving some hundred megabytes back takes
 * its time, and the calling thread is waited for. Any thread. */
void vitrine_free_elsewhere(gpointer data, GDestroyNotify free_func);

G_END_DECLS
