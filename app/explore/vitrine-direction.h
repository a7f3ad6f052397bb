/* VitrineDirection: one named direction as a person moves along it: what the engine knows of it,
 * and how far the open face has gone. The strength is the recipe's: to set it is an edit. */
#pragma once

#include "app/session/vitrine-editor.h"
#include "engine/directions/direction-set.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_DIRECTION (vitrine_direction_get_type())
G_DECLARE_FINAL_TYPE(VitrineDirection, vitrine_direction, VITRINE, DIRECTION, GObject)

/* Where it comes from, in the order of the pane. */
typedef enum {
  VITRINE_DIRECTION_YOURS,
  VITRINE_DIRECTION_ATTRIBUTE,
  VITRINE_DIRECTION_COMPONENT,
  VITRINE_N_DIRECTION_GROUPS
} VitrineDirectionGroup;

/* Properties, all notify: "strength" double, in σ, read-write; "name", "title" (the name as people
 * read it), "details" string (how it was found, one line), "pinned", "locked" boolean, read-only.
 *
 * Signal "changed": a name, a layer or a sign of it is another one. */

/* Takes `facts`. `foreign`: it was found in another model. */
VitrineDirection *vitrine_direction_new(VitrineEditor *editor, VitrineDirectionGroup group,
                                        int w_dim, SgNamedDirection *facts, gboolean foreign);

/* One channel of a style instead of a way through w: one σ adds `sigma` to it. It has no vector,
 * and cannot be kept, locked or flipped. */
VitrineDirection *vitrine_direction_new_channel(VitrineEditor *editor, const char *name, int stage,
                                                int channel, double sigma);
gboolean vitrine_direction_is_channel(VitrineDirection *self);
/* What there is to say of it just now, in place of its details; NULL: nothing. */
void vitrine_direction_set_note(VitrineDirection *self, const char *note);

const SgNamedDirection *vitrine_direction_get_facts(VitrineDirection *self); /* borrowed */
VitrineDirectionGroup vitrine_direction_get_group(VitrineDirection *self);
gboolean vitrine_direction_is_foreign(VitrineDirection *self);
const char *vitrine_direction_get_name(VitrineDirection *self);
const char *vitrine_direction_get_title(VitrineDirection *self); /* the name as people read it */
int vitrine_direction_get_w_dim(VitrineDirection *self);

/* How strongly the synthesis network hears one σ of it, in σ of its styles; NAN: not known. */
double vitrine_direction_get_heard(VitrineDirection *self);
void vitrine_direction_set_heard(VitrineDirection *self, double heard);
gboolean vitrine_direction_get_pinned(VitrineDirection *self);
void vitrine_direction_set_pinned(VitrineDirection *self, gboolean pinned);

double vitrine_direction_get_strength(VitrineDirection *self);
void vitrine_direction_set_strength(VitrineDirection *self, double strength);

/* What a face on the screen has of it stays: names and layers change there too. */
void vitrine_direction_rename(VitrineDirection *self, const char *name);
/* w indices, both included; last < 0: all. */
void vitrine_direction_set_layers(VitrineDirection *self, int first, int last);
/* The other way round: its strength changes its sign with it. */
void vitrine_direction_flip(VitrineDirection *self);

/* `recipe` with strength `strength` of it instead of what it has, to be freed; NULL: there are too
 * many directions already. */
SgRecipe *vitrine_direction_apply(VitrineDirection *self, const SgRecipe *recipe, double strength);

/* The coordinates of w that carry it (for L1 regression: those that are not 0; else the largest
 * that hold nine tenths of its length) keep what the face on the screen has, whatever the seed.
 * w [w_dim]: of that face before offsets. */
void vitrine_direction_lock(VitrineDirection *self, const double *w);
void vitrine_direction_unlock(VitrineDirection *self);
gboolean vitrine_direction_is_locked(VitrineDirection *self);

G_END_DECLS
