/* VitrineSession: what one window works on. It owns the parts and joins them; each is an object
 * with properties of its own, used from the main thread only:
 *
 *   editor      the recipe, its history, the space that is edited
 *   view        its pictures, the render thread, the tasks that run there
 *   opener      the open model; files, runs, newer weights
 *   saver       pictures, vectors and whatever else is written
 *   device      what computes
 *   following   the training whose newest weights are shown
 *   favourites  the names of dimensions
 *   spot        the part of the picture that is pointed at
 *
 * They know of one another only in this order: editor, device, favourites; view; following, saver;
 * opener. None knows the session.
 *
 * A pane never starts the engine's work itself. In ui/ values may be read and changed (recipes,
 * prune settings, what a model says of itself); pictures, scores, statistics, files and data sets
 * are asked of the parts here, of app/work/ and of app/runs/: tests/house/test-engine-work.py. */
#pragma once

#include "app/session/vitrine-opener.h"
#include "app/pointing/vitrine-spot.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_SESSION (vitrine_session_get_type())
G_DECLARE_FINAL_TYPE(VitrineSession, vitrine_session, VITRINE, SESSION, GObject)

/* Properties, constant: "editor", "view", "opener", "saver", "device", "following", "favourites",
 * "spot".
 * "missing" (read-only): the path of the last session's model while it is not there, or NULL.
 *
 * Signals, the parts' own gathered in one place: "model-changed", "weights-changed" (opener),
 * "recipe-changed" (the editor's "changed"), "picture-changed", "influence-changed" (view),
 * "message" (string, gboolean is_error): something to tell the person (toast or dialog), as
 * VitrineMessages. */

VitrineSession *vitrine_session_new(void);

/* All borrowed. */
VitrineEditor *vitrine_session_get_editor(VitrineSession *self);
VitrineView *vitrine_session_get_view(VitrineSession *self);
VitrineOpener *vitrine_session_get_opener(VitrineSession *self);
VitrineSaver *vitrine_session_get_saver(VitrineSession *self);
VitrineDeviceChoice *vitrine_session_get_device(VitrineSession *self);
VitrineFollowing *vitrine_session_get_following(VitrineSession *self);
VitrineFavourites *vitrine_session_get_favourites(VitrineSession *self);
VitrineSpot *vitrine_session_get_spot(VitrineSession *self);

/* Short for the editor's and the opener's: everybody reads and edits. */
const SgRecipe *vitrine_session_get_recipe(VitrineSession *self); /* borrowed, NULL without one */
SgModel *vitrine_session_get_model(VitrineSession *self);         /* likewise */
void vitrine_session_apply(VitrineSession *self, SgRecipe *recipe, const char *label,
                           const char *merge_key);

/* Tells the person. */
void vitrine_session_say(VitrineSession *self, const char *text, gboolean is_error);
void vitrine_session_error(VitrineSession *self, const char *heading, const char *text);

/* What is open and how it is edited, to the user's state directory and back. restore is FALSE when
 * there is nothing to come back to; otherwise loading has begun. If the model's file is gone that
 * is FALSE with "missing" set: the stored session then stays as it is until another model is opened
 * than the one that comes with Vitrine, the file is located, or it is forgotten. */
void vitrine_session_store(VitrineSession *self);
gboolean vitrine_session_restore(VitrineSession *self);
/* The stored session's model is here now. */
void vitrine_session_locate(VitrineSession *self, GFile *file);
void vitrine_session_forget_missing(VitrineSession *self);

G_END_DECLS
