/* VitrineShelf: the directions that there are for the open model: the person's own, attributes that
 * come with it, components that are computed when somebody first looks. Main thread. */
#pragma once

#include "app/session/vitrine-session.h"
#include "app/explore/vitrine-direction.h"
#include "app/explore/vitrine-latent-sample.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_SHELF (vitrine_shelf_get_type())
G_DECLARE_FINAL_TYPE(VitrineShelf, vitrine_shelf, VITRINE, SHELF, GObject)

/* Properties, all notify: "progress" double (0…1 while components are computed, else below 0),
 * "trouble" string (why there are none; NULL), "components" VitrineComponents as int, read-write:
 * which ones are listed; "reach" double, read-only (how far the face on the screen lies from what
 * the mapping network gives, as a percentile of sampled w; below 0: not known).
 *
 * Signal "sampled": the model's w have been sampled. */

VitrineShelf *vitrine_shelf_new(VitrineSession *session);

/* Of VitrineDirection, the pinned first, then the strongest; borrowed. */
GListModel *vitrine_shelf_get_list(VitrineShelf *self, VitrineDirectionGroup group);
/* Somebody looks: components and the sample are computed if they are not there. Cheap to call
 * again. `off`: nobody does any more; what is being computed is dropped. */
void vitrine_shelf_look(VitrineShelf *self, gboolean look);
/* The person does not want to wait: not until the next model. */
void vitrine_shelf_cancel(VitrineShelf *self);
/* Borrowed, NULL: not yet. */
VitrineSample *vitrine_shelf_get_sample(VitrineShelf *self);

/* Takes `facts`, with a name that no other of the person's has: a number is added if need be.
 * Returns the direction, borrowed. */
VitrineDirection *vitrine_shelf_add(VitrineShelf *self, SgNamedDirection *facts, gboolean foreign);
/* Of the person's own, with what the face on the screen has of it: one step of the history. */
void vitrine_shelf_remove(VitrineShelf *self, VitrineDirection *direction);
void vitrine_shelf_set_pinned(VitrineShelf *self, VitrineDirection *direction, gboolean pinned);
/* Names, layers or signs of the person's own have changed. */
void vitrine_shelf_keep(VitrineShelf *self);

/* Whose the person's own directions are: the model's hash, or the folder of a training; borrowed,
 * NULL without a model. */
const char *vitrine_shelf_get_key(VitrineShelf *self);
VitrineSession *vitrine_shelf_get_session(VitrineShelf *self);

G_END_DECLS
