/* VitrineEditor: the recipe that is being edited and its history.
 *
 * Who edits reads vitrine_editor_get_recipe(), copies it, changes the copy and hands it to
 * vitrine_editor_apply(); or sets one of the properties below, which does the same. Who shows
 * listens to "changed" (an undo, a dropped picture, another pane) or binds to the properties. */
#pragma once

#include <glib-object.h>
#include "app/session/vitrine-history.h"
#include "engine/explore/vector-file.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_EDITOR (vitrine_editor_get_type())
G_DECLARE_FINAL_TYPE(VitrineEditor, vitrine_editor, VITRINE, EDITOR, GObject)

/* Properties, all notify.
 *
 * Read-only: "has-recipe" boolean (FALSE: no model is open), "modified" boolean (something differs
 * from the seed's own face), "can-undo", "can-redo" boolean, "undo-label", "redo-label" string or
 * NULL, "gesture" boolean (between vitrine_editor_begin_gesture() and _end_gesture()).
 *
 * Read-write, of the recipe; to set one is an edit with an undo label, to set it to what it is is
 * nothing: "seed", "noise-seed" uint, "faces", "label", "cutoff", "noise-mode", "scale-space" int,
 * "psi", "scale", "threshold" (of pruning) double, "unequalised" boolean, "magnitude" SgMagnitude
 * as int.
 *
 * Read-write, not of the recipe: "space" SgSpace as int, the space whose dimensions are listed.
 *
 * Signals: "changed": the recipe is another one. */

VitrineEditor *vitrine_editor_new(void);

/* How many models' histories wait until their model is opened again. */
#define VITRINE_EDITOR_PARKED 8

/* The model whose weights have this hash is left: its history waits under `hash`. */
void vitrine_editor_park(VitrineEditor *self, const char *hash);
/* The model of that hash is open: goes on with the history that waits for it, else begins one with
 * `first` (taken). `then` (taken, may be NULL), if it is another recipe, is a step of it, which
 * undo calls `label`. Nobody is told: whoever opens a model says first that it is another one, then
 * lets _tell() say that the recipe is. */
void vitrine_editor_begin(VitrineEditor *self, const char *hash, SgRecipe *first, SgRecipe *then,
                          const char *label);
void vitrine_editor_tell(VitrineEditor *self);

const SgRecipe *vitrine_editor_get_recipe(VitrineEditor *self); /* borrowed, NULL without a model */
/* Takes `recipe`. `label` (translated) is what undo shows, NULL: what the
 * recipe's field table calls the change. Successive edits with the same non-NULL
 * `merge_key` (borrowed; "z3") become one step of the history until end_gesture or a second
 * passes. A recipe for vectors of other lengths is dropped. */
void vitrine_editor_apply(VitrineEditor *self, SgRecipe *recipe, const char *label,
                          const char *merge_key);
/* A step that changes something besides the recipe, which may be as it was; see
 * vitrine_history_push_deed(). Takes `recipe` and `data`. */
void vitrine_editor_apply_deed(VitrineEditor *self, SgRecipe *recipe, const char *label,
                               VitrineTurn turn, gpointer data, GDestroyNotify free_data);
/* Between them a slider is dragged: pictures may be smaller if frames take long; the end renders
 * fully. */
void vitrine_editor_begin_gesture(VitrineEditor *self);
void vitrine_editor_end_gesture(VitrineEditor *self);
gboolean vitrine_editor_in_gesture(VitrineEditor *self);
void vitrine_editor_undo(VitrineEditor *self);
void vitrine_editor_redo(VitrineEditor *self);

/* Edits with a name of their own, each one step of the history. */
void vitrine_editor_set_seed(VitrineEditor *self, guint32 seed); /* drops loaded vectors */
/* The seed after or before this one; a quick row of them is one step. */
void vitrine_editor_step_seed(VitrineEditor *self, int by);
/* 0…99,999: a number that a person can read out to another. */
void vitrine_editor_random_seed(VitrineEditor *self);
void vitrine_editor_set_faces(VitrineEditor *self, int faces);
void vitrine_editor_reset(VitrineEditor *self); /* no offsets, scale 1, no loaded vectors */
/* Face 0's own z or w came from a file: the first of `vectors`. */
void vitrine_editor_adopt_vectors(VitrineEditor *self, const SgVectors *vectors);

/* What is edited besides that space's dimensions, as undo calls it ("Scale, Pruning"), to be freed;
 * NULL: nothing. */
char *vitrine_editor_other_edits(VitrineEditor *self, SgSpace space);

/* z of face 0 before offsets, [z_dim], borrowed; NULL without a model. */
const double *vitrine_editor_get_base_z(VitrineEditor *self);

SgSpace vitrine_editor_get_space(VitrineEditor *self);
void vitrine_editor_set_space(VitrineEditor *self, SgSpace space);

G_END_DECLS
