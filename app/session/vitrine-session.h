/* VitrineSession: the one object the window edits. It owns the open model, the current recipe, the
 * history, and the render thread, and it is used from the main thread only.
 *
 * Panes never call the engine. They read vitrine_session_get_recipe(), copy it, change the copy and
 * hand it to vitrine_session_apply(); they listen to "recipe-changed" to show what an undo, a
 * dropped picture or another pane did. At most one request per frame goes to the render thread; the
 * newest wins. */
#pragma once

#include <gdk/gdk.h>
#include "app/session/vitrine-tasks.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_SESSION (vitrine_session_get_type())
G_DECLARE_FINAL_TYPE(VitrineSession, vitrine_session, VITRINE, SESSION, GObject)

/* Properties (all notify, all read-only for panes unless said otherwise):
 *   "model-path"        string
 *   "loading"           boolean
 *   "saving"            boolean: a file is being written and the program should not end
 *   "can-undo"          boolean, "can-redo" as well
 *   "undo-label"        string, "redo-label" as well
 *   "texture"           GdkTexture: the newest picture, a grid when faces > 1
 *   "original-texture"  GdkTexture: the unmodified faces
 *   "device"            string ("CPU, 2 threads"); notifies for its memory too
 *   "device-trouble"    VitrineDeviceTrouble as int
 *   "render-seconds"    double
 *   "space"             SgSpace as int, read-write: which space the latent pane edits; not part of
 *                       the recipe
 *   "score-text"        string: discriminator logit and sigmoid of the shown faces, "" without one
 *   "following"         string: the run directory whose newest weights are shown, or NULL
 *   "following-kimg"    double: of the weights in use; NAN: not known
 *   "following-live"    boolean: the training hands them out itself; otherwise its snapshots are
 *                       shown as they appear
 *   "followable"        string: the run of the open model when it is training now and is not
 *                       followed, or NULL
 *
 * Signals:
 *   "model-changed"      another model is open (recipe is new as well)
 *   "recipe-changed"     the recipe differs from what it was
 *   "picture-changed"    texture is new; base w may be new too
 *   "influence-changed"  the background measurement has more values
 *   "weights-changed"    the model has new weights; recipe, history, tasks and what is shown stay
 *   "message" (string, gboolean is_error)
 *                        something to tell the person (toast or dialog); errors are
 *                        "heading\n\nsentence", what is not an error is one short line */

VitrineSession *vitrine_session_new(void);

/* What computes: "auto", "cpu", "cuda:N"; until set, the process's default. A worker makes the open
 * model ready there; until then, and if it cannot be, pictures go on as before. A model that is
 * opened while the wanted device cannot be had is shown with the CPU. Both are told. */
void vitrine_session_set_device(VitrineSession *self, const char *device);
const char *vitrine_session_get_device_choice(VitrineSession *self); /* borrowed */
/* One of sg_precision_names, of devices that have more than fp32. In the same way. */
void vitrine_session_set_precision(VitrineSession *self, const char *name);
/* Of the device in use as of the newest picture; FALSE: its memory is the computer's. */
gboolean vitrine_session_get_device_info(VitrineSession *self, SgDeviceInfo *info);

typedef enum {
  VITRINE_DEVICE_FINE,
  VITRINE_DEVICE_MISSING, /* no module, driver or device of that name */
  VITRINE_DEVICE_FULL,    /* its memory is too small */
  VITRINE_DEVICE_FAILED,  /* something it was asked for */
  VITRINE_DEVICE_LOST,    /* it does not work any more */
} VitrineDeviceTrouble;
/* What is wrong with the wanted device, and the engine's words for it (borrowed). `replaced`: the
 * CPU computes in its place; `drawing`: the newest picture could not be made. */
VitrineDeviceTrouble vitrine_session_get_device_trouble(VitrineSession *self, const char **text,
                                                        gboolean *replaced, gboolean *drawing);
/* Pictures come from something else than the CPU, or would. */
gboolean vitrine_session_draws_on_device(VitrineSession *self);

/* Model files; nothing that is open changes unless the new file turns out good. Also takes a PNG
 * with a recipe, a .npy vector, a run directory. Errors arrive through "message". */
void vitrine_session_open(VitrineSession *self, GFile *file);
SgModel *vitrine_session_get_model(VitrineSession *self); /* borrowed, NULL if none */
gboolean vitrine_session_get_loading(VitrineSession *self);

/* Newest weights under the same sliders: takes `model`, which must have the SgModelInfo of the open
 * one. Returns at once; a worker packs the weights, they are in use when "weights-changed" comes.
 * While it packs the newest call counts. Another model that is opened meanwhile wins. */
void vitrine_session_update_weights(VitrineSession *self, SgModel *model);
/* How many models have been opened: new weights do not count. What is computed in the background is
 * of the open model as long as this stays. */
guint vitrine_session_get_model_serial(VitrineSession *self);
/* "12.3 kimg", from what the model says of itself; NULL if it does not. To be freed. */
char *vitrine_session_weights_text(VitrineSession *self);

/* Shows the newest weights of the run in that directory, under the same sliders if they are of the
 * open model's architecture; also with no model open. Ends, with a message, when the person opens
 * another model. */
void vitrine_session_follow(VitrineSession *self, const char *run_dir);
/* What is shown stays. */
void vitrine_session_unfollow(VitrineSession *self);
const char *vitrine_session_get_following(VitrineSession *self); /* borrowed, or NULL */

/* Borrowed, NULL before the first picture. The texture may be smaller than the picture's size (of
 * all faces together, in the model's pixels) while a slider is dragged. */
GdkTexture *vitrine_session_get_texture(VitrineSession *self);
GdkTexture *vitrine_session_get_original(VitrineSession *self);
/* The newest picture is of the current recipe. */
gboolean vitrine_session_is_current(VitrineSession *self);
/* The newest picture's numbers were too large for float: it is not what the formulas give. */
gboolean vitrine_session_get_overflow(VitrineSession *self);
void vitrine_session_get_picture_size(VitrineSession *self, int *width, int *height);

const SgRecipe *
vitrine_session_get_recipe(VitrineSession *self); /* borrowed, NULL without a model */
/* Takes `recipe`. `label` is what undo shows ("Dimension 3"). Successive edits with the same
 * non-NULL `merge_key` (borrowed; "z3") become one step of the history until end_gesture or a
 * second passes. */
void vitrine_session_apply(VitrineSession *self, SgRecipe *recipe, const char *label,
                           const char *merge_key);
/* TRUE while a slider is dragged: pictures may be smaller if frames take long; the end renders
 * fully. */
void vitrine_session_begin_gesture(VitrineSession *self);
void vitrine_session_end_gesture(VitrineSession *self);
void vitrine_session_undo(VitrineSession *self);
void vitrine_session_redo(VitrineSession *self);
/* Edits with a name of their own, for actions; each is one step of the history. */
void vitrine_session_set_seed(VitrineSession *self, guint32 seed); /* drops loaded vectors */
void vitrine_session_set_faces(VitrineSession *self, int faces);
void vitrine_session_reset(VitrineSession *self); /* no offsets, scale 1, no loaded vectors */
/* What of one space face 0 has before offsets: [z_dim] or [w_dim]; NULL while w is not known
 * yet. */
const double *vitrine_session_get_base(VitrineSession *self, SgSpace space);

SgSpace vitrine_session_get_space(VitrineSession *self);
void vitrine_session_set_space(VitrineSession *self, SgSpace space);

/* Influence of each dimension of the edited space, [dim], NAN where not measured yet. start is
 * cheap to call again; it measures in the render thread's idle time and emits
 * "influence-changed". */
const double *vitrine_session_get_influence(VitrineSession *self, SgSpace space);
void vitrine_session_start_influence(VitrineSession *self);
void vitrine_session_stop_influence(VitrineSession *self);

/* Work for a pane on the render thread (vitrine-tasks.h). Opening another model ends every task
 * without news. Returns an id, 0 without a model (then `data` is freed). */
guint vitrine_session_start_task(VitrineSession *self, const VitrineTaskClass *class, gpointer data,
                                 gpointer user_data);
void vitrine_session_stop_task(VitrineSession *self, guint id);

/* Favourites, kept per model hash in the user's state directory. */
const char *vitrine_session_get_favourite(VitrineSession *self, SgSpace space,
                                          int dim); /* name or NULL */
void vitrine_session_set_favourite(VitrineSession *self, SgSpace space, int dim,
                                   const char *name /* NULL unpins */);

/* The picture as shown, full resolution, rendered anew and written on a worker; "message" tells. */
void vitrine_session_save_picture(VitrineSession *self, GFile *file);
/* The edited vector of `space` for face 0 ((base + offset) * scale), as .npy / as text. */
void vitrine_session_save_vector(VitrineSession *self, SgSpace space, GFile *file);
char *vitrine_session_vector_text(VitrineSession *self, SgSpace space);
/* What a pane has made, written on a worker; "message" tells. */
void vitrine_session_save_bytes(VitrineSession *self, GBytes *bytes, GFile *file);
/* A file of a pane's is being written (1), or no longer (-1): "saving". */
void vitrine_session_add_saving(VitrineSession *self, int count);
void vitrine_session_load_vector(VitrineSession *self, SgSpace space, GFile *file);

/* What is open and how it is edited, to the user's state directory and back. restore is FALSE when
 * there is nothing to come back to (the model's file is gone); otherwise loading has begun. */
void vitrine_session_store(VitrineSession *self);
gboolean vitrine_session_restore(VitrineSession *self);

G_END_DECLS
