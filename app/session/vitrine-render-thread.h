/* VitrineRenderThread: the one thread that renders for the window.
 *
 * Requests go into a slot that holds one: the newest replaces one that waits. Faces are shown as
 * they are drawn. A first answer that has begun goes on for a frame at least and draws whole faces,
 * the next one begins where it ended; what refines an answer, and what can wait, ends between two
 * layers as soon as something newer is asked for. Results come back through one pending idle that
 * carries the newest of each kind. When nothing has been asked for a moment, the thread spends its
 * time in short slices on what can wait: the unmodified picture to compare with, the
 * discriminator's score, the influence of each dimension.
 *
 * All functions are called from the main thread, and `deliver` runs there. */
#pragma once

#include <gdk/gdk.h>
#include "app/session/vitrine-tasks.h"

G_BEGIN_DECLS

typedef struct _VitrineRenderThread VitrineRenderThread;

typedef struct {
  SgRecipe *recipe; /* what was rendered */
  GdkTexture *texture;
  double *w; /* [w_dim] of face 0 before offset and scale */
  int w_dim;
  double seconds;             /* the renderer's own wall time */
  gboolean reduced, overflow; /* as SgPicture; what is rough is reduced, too */
  gboolean rough;             /* drawn in bf16, although the renderer is exact */
  int size;                   /* pixels of one face's side */
  int drawn; /* faces of it that are there; fewer than the recipe's: others follow, and what stands
              * in their place is older. Then w is NULL, and seconds is what all would take */
  gboolean settled;    /* nothing larger was to follow */
  SgDeviceInfo device; /* as of now; total 0: not asked, or the computer's memory */
  guint weights;       /* with the weights set as this, see vitrine_render_thread_set_weights() */
  GError *error;       /* set: nothing above but recipe */
} VitrineFrame;

typedef struct {
  SgSpace space;
  int dim;
  double value;
} VitrineInfluence;

/* What has arrived since the last delivery; absent parts are NULL. Owned by the caller of
 * `deliver`. */
typedef struct {
  VitrineFrame *frame;
  GdkTexture
      *original;     /* unmodified faces of the newest frame; NULL beside a frame: not known yet */
  char *score_text;  /* of the newest full picture; "" when there is no discriminator */
  double score;      /* beside score_text: the mean logit of the faces; NaN: none */
  GArray *influence; /* of VitrineInfluence */
} VitrineReport;

typedef void (*VitrineDeliverFunc)(VitrineReport *report, gpointer user_data);

VitrineRenderThread *vitrine_render_thread_new(VitrineDeliverFunc deliver, gpointer user_data);
/* Finishes the jobs handed in, joins the thread; nothing is delivered any more. */
void vitrine_render_thread_free(VitrineRenderThread *self);

/* Takes `renderer`. Waiting requests and undelivered reports of the previous model are dropped. */
void vitrine_render_thread_set_renderer(VitrineRenderThread *self, SgRenderer *renderer);
/* Takes `renderer`, which has other weights of the same model: it is used from the next picture on.
 * What waits and what runs (requests, tasks) goes on with it; nothing is dropped. */
void vitrine_render_thread_set_weights(VitrineRenderThread *self, SgRenderer *renderer);
/* Counts both of the above: frames with a smaller number are of older weights. */
guint vitrine_render_thread_get_weights(VitrineRenderThread *self);
typedef struct {
  int max_resolution; /* as sg_renderer_render() */
  gboolean rough;     /* in bf16 where the renderer is the exact CPU and the processor has matrix
                       * units; a second renderer is made for it */
  gboolean will_be_rough; /* the next change will be: its renderer is made, and tried, while nothing
                           * is to do */
  int first_resolution;   /* how large that will be, as max_resolution */
  gboolean refines; /* the recipe has had a first answer: this one may be given up for a newer */
  gboolean settles; /* nothing larger is to follow: this is what is scored and compared with */
} VitrinePictureWish;
/* Copies `recipe`. */
void vitrine_render_thread_request(VitrineRenderThread *self, const SgRecipe *recipe,
                                   VitrinePictureWish wish);
/* Runs `run` on the thread with the renderer of now, in order, each exactly once (renderer is NULL
 * without a model). */
typedef void (*VitrineJobFunc)(SgRenderer *renderer, gpointer data);
void vitrine_render_thread_run(VitrineRenderThread *self, VitrineJobFunc run, gpointer data);
/* As vitrine_tasks_start(), vitrine_tasks_stop(); another model ends all tasks without news, other
 * weights do not: a step takes the renderer it is given. */
guint vitrine_render_thread_start_task(VitrineRenderThread *self, const VitrineTaskClass *class,
                                       gpointer data, gpointer user_data);
void vitrine_render_thread_stop_task(VitrineRenderThread *self, guint id);
/* Whether faces that are shown are scored: not before this is said. */
void vitrine_render_thread_score(VitrineRenderThread *self, gboolean on);
/* Measures each dimension of `space` once for the faces now shown, again when they change. */
void vitrine_render_thread_measure(VitrineRenderThread *self, gboolean on, SgSpace space);

G_END_DECLS
