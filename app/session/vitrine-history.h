/* VitrineHistory: the line of states a person can walk back and forth on. Recipes in it are never
 * changed; neighbouring edits with the same merge key (one drag of one slider) become one step. */
#pragma once

#include "engine/explore/recipe.h"

G_BEGIN_DECLS

#define VITRINE_HISTORY_MAX_STEPS 500
/* Outside a gesture, edits with one key closer together than this are one step. */
#define VITRINE_HISTORY_MERGE_USEC G_USEC_PER_SEC

typedef struct _VitrineHistory VitrineHistory;

/* Takes `first`, the state nothing leads back from. */
VitrineHistory *vitrine_history_new(SgRecipe *first);
void vitrine_history_free(VitrineHistory *self);

/* Borrowed; valid until the next push. */
const SgRecipe *vitrine_history_current(VitrineHistory *self);

/* Takes `recipe`, copies the strings. What had been undone is forgotten. `now` is monotonic time in
 * microseconds; `in_gesture` lets a merge happen however long the drag pauses. */
void vitrine_history_push(VitrineHistory *self, SgRecipe *recipe, const char *label,
                          const char *merge_key, gboolean in_gesture, gint64 now);
/* A step that changes something besides the recipe, which may be the same as before: `turn` is
 * called with `data` when it is undone (`back`) and done again; it has been done already. Takes
 * `data`, whose end may come at any later call. */
typedef void (*VitrineTurn)(gpointer data, gboolean back);
void vitrine_history_push_deed(VitrineHistory *self, SgRecipe *recipe, const char *label,
                               VitrineTurn turn, gpointer data, GDestroyNotify free_data);
/* The next push starts a step of its own, whatever its key. */
void vitrine_history_break_merge(VitrineHistory *self);

/* FALSE when there is nothing to undo or redo. */
gboolean vitrine_history_undo(VitrineHistory *self);
gboolean vitrine_history_redo(VitrineHistory *self);
/* What the step is called, borrowed; NULL when there is none. */
const char *vitrine_history_undo_label(VitrineHistory *self);
const char *vitrine_history_redo_label(VitrineHistory *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VitrineHistory, vitrine_history_free)

G_END_DECLS
