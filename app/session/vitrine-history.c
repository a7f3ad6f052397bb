#include "app/session/vitrine-history.h"

typedef struct {
  SgRecipe *recipe;
  char *label;      /* of the edit that led here; NULL for the first state */
  VitrineTurn turn; /* of a deed that led here, or NULL */
  gpointer data;
  GDestroyNotify free_data;
} State;

struct _VitrineHistory {
  GPtrArray *states;
  guint index; /* of the current state */
  char *merge_key;
  gint64 merge_time;
};

static void
state_free(gpointer data)
{
  State *state = data;
  sg_recipe_free(state->recipe);
  g_free(state->label);
  if (state->free_data)
    state->free_data(state->data);
  g_free(state);
}

static State *
state_new(SgRecipe *recipe, const char *label)
{
  State *state = g_new0(State, 1);
  state->recipe = recipe;
  state->label = g_strdup(label);
  return state;
}

VitrineHistory *
vitrine_history_new(SgRecipe *first)
{
  VitrineHistory *self = g_new0(VitrineHistory, 1);
  self->states = g_ptr_array_new_with_free_func(state_free);
  g_ptr_array_add(self->states, state_new(first, NULL));
  return self;
}

void
vitrine_history_free(VitrineHistory *self)
{
  if (!self)
    return;
  g_ptr_array_unref(self->states);
  g_free(self->merge_key);
  g_free(self);
}

static State *
state_at(VitrineHistory *self, guint index)
{
  return g_ptr_array_index(self->states, index);
}

const SgRecipe *
vitrine_history_current(VitrineHistory *self)
{
  return state_at(self, self->index)->recipe;
}

static gboolean
can_merge(VitrineHistory *self, const char *merge_key, gboolean in_gesture, gint64 now)
{
  if (!merge_key || self->index == 0 || g_strcmp0(merge_key, self->merge_key) != 0)
    return FALSE;
  return in_gesture || now - self->merge_time < VITRINE_HISTORY_MERGE_USEC;
}

void
vitrine_history_push(VitrineHistory *self, SgRecipe *recipe, const char *label,
                     const char *merge_key, gboolean in_gesture, gint64 now)
{
  gboolean merge = can_merge(self, merge_key, in_gesture, now);

  if (self->index + 1 < self->states->len)
    g_ptr_array_set_size(self->states, (int)self->index + 1);
  if (merge) {
    State *state = state_at(self, self->index);
    sg_recipe_free(state->recipe);
    state->recipe = recipe;
  } else {
    g_ptr_array_add(self->states, state_new(recipe, label));
    if (self->states->len > VITRINE_HISTORY_MAX_STEPS + 1)
      g_ptr_array_remove_index(self->states, 0);
    self->index = self->states->len - 1;
  }
  if (g_strcmp0(self->merge_key, merge_key) != 0) {
    g_free(self->merge_key);
    self->merge_key = g_strdup(merge_key);
  }
  self->merge_time = now;
}

void
vitrine_history_push_deed(VitrineHistory *self, SgRecipe *recipe, const char *label,
                          VitrineTurn turn, gpointer data, GDestroyNotify free_data)
{
  vitrine_history_push(self, recipe, label, NULL, FALSE, 0);
  State *state = state_at(self, self->index);
  state->turn = turn;
  state->data = data;
  state->free_data = free_data;
}

void
vitrine_history_break_merge(VitrineHistory *self)
{
  g_clear_pointer(&self->merge_key, g_free);
}

gboolean
vitrine_history_undo(VitrineHistory *self)
{
  vitrine_history_break_merge(self);
  if (self->index == 0)
    return FALSE;
  const State *left = state_at(self, self->index--);
  if (left->turn)
    left->turn(left->data, TRUE);
  return TRUE;
}

gboolean
vitrine_history_redo(VitrineHistory *self)
{
  vitrine_history_break_merge(self);
  if (self->index + 1 >= self->states->len)
    return FALSE;
  const State *entered = state_at(self, ++self->index);
  if (entered->turn)
    entered->turn(entered->data, FALSE);
  return TRUE;
}

const char *
vitrine_history_undo_label(VitrineHistory *self)
{
  return self->index > 0 ? state_at(self, self->index)->label : NULL;
}

const char *
vitrine_history_redo_label(VitrineHistory *self)
{
  return self->index + 1 < self->states->len ? state_at(self, self->index + 1)->label : NULL;
}
