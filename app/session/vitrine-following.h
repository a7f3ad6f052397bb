/* VitrineFollowing: the training whose newest weights are shown. Where they come from is
 * vitrine-follow.h; where they go is for whoever listens to "model" (the opener). */
#pragma once

#include "app/session/vitrine-favourites.h"
#include "app/session/vitrine-messages.h"
#include "engine/models/model.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_FOLLOWING (vitrine_following_get_type())
G_DECLARE_FINAL_TYPE(VitrineFollowing, vitrine_following, VITRINE, FOLLOWING, GObject)

/* Properties, read-only: "directory" string (the run whose newest weights are shown, or NULL),
 * "kimg" double (of the weights in use; NAN: not known), "live" boolean (the training hands them
 * out itself; otherwise its snapshots are shown as they appear), "followable" string (the run of
 * the open model when it is training now and is not followed, or NULL), "waiting" boolean (no model
 * is open, and the first weights have not come yet). Signals: "model" (pointer, SgModel): newer
 * weights, borrowed during the signal. */

/* Keeps references: the names of dimensions are the run's while it is followed. */
VitrineFollowing *vitrine_following_new(VitrineFavourites *favourites, VitrineMessages *messages);

/* Shows the newest weights of the run in that directory, under the same sliders if they are of the
 * open model's architecture; also with no model open. Ends, with a message, when the person opens
 * another model. */
void vitrine_following_start(VitrineFollowing *self, const char *run_dir);
/* What is shown stays. */
void vitrine_following_stop(VitrineFollowing *self);
const char *vitrine_following_get_directory(VitrineFollowing *self); /* borrowed, or NULL */
gboolean vitrine_following_is_waiting(VitrineFollowing *self);
/* "12.3 kimg", from what the open model says of itself; NULL if it does not. To be freed. */
char *vitrine_following_weights_text(VitrineFollowing *self);

/* ---- for the opener ---- */

/* That model is open (its weights are in use) from now on, or none. */
void vitrine_following_set_open(VitrineFollowing *self, SgModel *model);
/* The weights that came last are in use, as set_open() has them. */
void vitrine_following_in_use(VitrineFollowing *self);
/* "No longer following", if so: another model is opened. */
void vitrine_following_end(VitrineFollowing *self);
/* What came last is in use or dropped: the next is looked for. */
void vitrine_following_ready(VitrineFollowing *self);
/* Grows whenever following begins or ends: weights that are packed for an earlier one are
 * dropped. */
guint vitrine_following_get_serial(VitrineFollowing *self);
/* The run the open model lies in, training now; taken, may be NULL. */
void vitrine_following_set_followable(VitrineFollowing *self, char *run_dir);

G_END_DECLS
