/* VitrineView: the pictures of the editor's recipe. Owns the render thread; asks for at most one
 * picture a frame, the newest wins; smaller ones while a slow one is dragged. */
#pragma once

#include <gdk/gdk.h>
#include "app/session/vitrine-device-choice.h"
#include "app/session/vitrine-editor.h"
#include "app/session/vitrine-messages.h"
#include "app/session/vitrine-render-thread.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_VIEW (vitrine_view_get_type())
G_DECLARE_FINAL_TYPE(VitrineView, vitrine_view, VITRINE, VIEW, GObject)

/* Properties, read-only, all notify: "texture" GdkTexture (the newest picture, a grid when faces >
 * 1; NULL before the first), "original-texture" GdkTexture (the unmodified faces; NULL: not known),
 * "render-seconds" double, "score-text" string (the discriminator's logit and sigmoid of the faces
 * shown, "" without one), "overflow" boolean (the newest picture's numbers were too large for
 * float: it is not what the formulas give), "rough" boolean (the newest picture was drawn in bf16
 * because something moves; the exact one follows), "busy" boolean (the picture of the recipe has
 * been waited for longer than a moment), "unscored" boolean (there is a discriminator, which is too
 * large to be used unasked: see vitrine_view_score()).
 *
 * Signals: "picture-changed": texture is new, base w may be too. "influence-changed": the
 * background measurement has more values. */

/* Keeps references. What cannot be drawn is said: a device's error as its trouble, all else as a
 * message. */
VitrineView *vitrine_view_new(VitrineEditor *editor, VitrineDeviceChoice *device,
                              VitrineMessages *messages);
/* Joins the render thread; nothing is delivered any more. */
void vitrine_view_close(VitrineView *self);

/* Another model: takes `renderer`. Waiting pictures and tasks are dropped. */
void vitrine_view_set_renderer(VitrineView *self, SgRenderer *renderer);
/* Takes `renderer`, of other weights of the same model or on another device: the picture that is
 * shown, and tasks, stay. `faster`: how long a picture takes is to be learnt anew. */
void vitrine_view_set_weights(VitrineView *self, SgRenderer *renderer, gboolean faster);

/* Borrowed. The texture may be smaller than the picture's size (of all faces together, in the
 * model's pixels): while a slider is dragged, and where the screen shows no more of it. */
GdkTexture *vitrine_view_get_texture(VitrineView *self);
GdkTexture *vitrine_view_get_original(VitrineView *self);
void vitrine_view_get_picture_size(VitrineView *self, int *width, int *height);
/* Of what is shown, or of the faces that were drawn last if others follow; NULL: nothing is. */
const SgRecipe *vitrine_view_get_drawn(VitrineView *self);
/* The newest picture is of the current recipe and weights, and exact. */
gboolean vitrine_view_is_current(VitrineView *self);
/* The mean logit of the faces shown, each judged alone, as "score-text" has it; NaN: none. */
double vitrine_view_get_score(VitrineView *self);
/* Pictures of this model are scored from now on. Up to 512 pixels a side they are from the
 * beginning; a larger discriminator takes some hundred megabytes and a second. */
void vitrine_view_score(VitrineView *self);
gboolean vitrine_view_get_unscored(VitrineView *self);
gboolean vitrine_view_get_overflow(VitrineView *self);
gboolean vitrine_view_get_rough(VitrineView *self);
/* Whether what moves may be drawn in bf16 where the exact picture would take longer than a frame
 * (on until set), and whether this processor and the device in use would. Nothing else is. */
void vitrine_view_set_rough_allowed(VitrineView *self, gboolean allowed);
gboolean vitrine_view_can_be_rough(VitrineView *self);
/* A face takes so many of the screen's pixels a side: it is not drawn larger than that needs. 0:
 * not known, faces are drawn whole. */
void vitrine_view_set_shown_size(VitrineView *self, double pixels);
gboolean vitrine_view_get_busy(VitrineView *self);
/* How many faces of the picture that is waited for are there, of all; both 0: none is. */
void vitrine_view_get_progress(VitrineView *self, int *drawn, int *faces);
/* What of one space face 0 has before offsets: [z_dim] or [w_dim]; NULL while w is not known. */
const double *vitrine_view_get_base(VitrineView *self, SgSpace space);

/* Influence of each dimension of a space, [dim], NAN where not measured yet; borrowed, NULL without
 * a model. start is cheap to call again; it measures the edited space in the render thread's idle
 * time. */
const double *vitrine_view_get_influence(VitrineView *self, SgSpace space);
void vitrine_view_start_influence(VitrineView *self);
void vitrine_view_stop_influence(VitrineView *self);

/* Work on the render thread (vitrine-tasks.h). Opening another model ends every task without news.
 * Returns an id, 0 without a model (then `data` is freed). */
guint vitrine_view_start_task(VitrineView *self, const VitrineTaskClass *class, gpointer data,
                              gpointer user_data);
void vitrine_view_stop_task(VitrineView *self, guint id);
/* As vitrine_render_thread_run(). */
void vitrine_view_run(VitrineView *self, VitrineJobFunc run, gpointer data);

G_END_DECLS
