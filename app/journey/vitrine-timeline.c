#include "app/journey/vitrine-timeline-private.h"
#include <glib/gi18n.h>

#define MOST_STEPS 200
/* Milliseconds from the last edit until it is written down. */
#define STORE_MSEC 1000

struct _VitrineTimeline {
  GObject parent_instance;
  VitrineSession *session; /* borrowed: the window has both */
  char *hash;              /* of the model that `state` is for; NULL: none */
  VitrineTimelineState *state;
  GQueue undo, redo; /* of VitrineTimelineState */
  guint gesture;     /* of the last step */
  guint store_source;
};

enum { CHANGED, PICTURES, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(VitrineTimeline, vitrine_timeline, G_TYPE_OBJECT)

static VitrineTimelineKey *
key_at(VitrineTimeline *self, int i)
{
  g_assert(i >= 0 && i < (int)self->state->keys->len);
  return &g_array_index(self->state->keys, VitrineTimelineKey, i);
}

/* ---- history and store ----------------------------------------------------------------------- */

static void
free_states(GQueue *queue)
{
  g_queue_clear_full(queue, (GDestroyNotify)vitrine_timeline_state_free);
}

void
vitrine_timeline_store(VitrineTimeline *self)
{
  g_return_if_fail(VITRINE_IS_TIMELINE(self));
  g_clear_handle_id(&self->store_source, g_source_remove);
  if (self->hash)
    vitrine_journeys_keep(self->hash, self->state);
}

static gboolean
store_cb(gpointer data)
{
  VitrineTimeline *self = data;

  self->store_source = 0;
  vitrine_timeline_store(self);
  return G_SOURCE_REMOVE;
}

static void
tell(VitrineTimeline *self)
{
  if (!self->store_source)
    self->store_source = g_timeout_add(STORE_MSEC, store_cb, self);
  g_signal_emit(self, signals[CHANGED], 0);
}

/* Before an edit. */
static void
begin_step(VitrineTimeline *self, guint gesture)
{
  free_states(&self->redo);
  if (!gesture || gesture != self->gesture)
    g_queue_push_head(&self->undo, vitrine_timeline_state_copy(self->state));
  if (self->undo.length > MOST_STEPS)
    vitrine_timeline_state_free(g_queue_pop_tail(&self->undo));
  self->gesture = gesture;
}

static gboolean
go(VitrineTimeline *self, GQueue *from, GQueue *to)
{
  VitrineTimelineState *state = g_queue_pop_head(from);

  if (!state)
    return FALSE;
  g_queue_push_head(to, self->state);
  self->state = state;
  self->gesture = 0;
  tell(self);
  return TRUE;
}

gboolean
vitrine_timeline_undo(VitrineTimeline *self)
{
  g_return_val_if_fail(VITRINE_IS_TIMELINE(self), FALSE);
  return go(self, &self->undo, &self->redo);
}

gboolean
vitrine_timeline_redo(VitrineTimeline *self)
{
  g_return_val_if_fail(VITRINE_IS_TIMELINE(self), FALSE);
  return go(self, &self->redo, &self->undo);
}

/* ---- what it is ------------------------------------------------------------------------------ */

VitrineSession *
vitrine_timeline_get_session(VitrineTimeline *self)
{
  return self->session;
}

int
vitrine_timeline_count(VitrineTimeline *self)
{
  return (int)self->state->keys->len;
}

const SgRecipe *
vitrine_timeline_get_recipe(VitrineTimeline *self, int i)
{
  return key_at(self, i)->face->recipe;
}

GdkTexture *
vitrine_timeline_get_picture(VitrineTimeline *self, int i)
{
  return key_at(self, i)->face->picture;
}

void
vitrine_timeline_set_picture(VitrineTimeline *self, const SgRecipe *recipe, GdkTexture *picture)
{
  g_return_if_fail(VITRINE_IS_TIMELINE(self));
  for (int i = 0; i < vitrine_timeline_count(self); i++)
    if (sg_recipe_equal(key_at(self, i)->face->recipe, recipe))
      g_set_object(&key_at(self, i)->face->picture, picture);
  g_signal_emit(self, signals[PICTURES], 0);
}

void
vitrine_timeline_forget_pictures(VitrineTimeline *self)
{
  g_return_if_fail(VITRINE_IS_TIMELINE(self));
  for (int i = 0; i < vitrine_timeline_count(self); i++)
    g_clear_object(&key_at(self, i)->face->picture);
}

double
vitrine_timeline_get_at(VitrineTimeline *self, int i)
{
  return key_at(self, i)->at;
}

SgEase
vitrine_timeline_get_ease(VitrineTimeline *self, int i)
{
  return key_at(self, i)->ease;
}

gboolean
vitrine_timeline_get_loop(VitrineTimeline *self)
{
  return self->state->loop;
}

SgSpace
vitrine_timeline_get_space(VitrineTimeline *self)
{
  return self->state->space;
}

double
vitrine_timeline_duration(VitrineTimeline *self)
{
  int n = vitrine_timeline_count(self);

  return n < 2 ? 0 : key_at(self, n - 1)->at + (self->state->loop ? self->state->back : 0);
}

SgKeyframe *
vitrine_timeline_keys(VitrineTimeline *self, int *n, SgJourneyOptions *options)
{
  SgKeyframe *keys = g_new(SgKeyframe, MAX(*n = vitrine_timeline_count(self), 1));

  for (int i = 0; i < *n; i++) {
    const VitrineTimelineKey *key = key_at(self, i);
    keys[i] = (SgKeyframe){sg_recipe_copy(key->face->recipe), key->at, key->ease};
  }
  *options = (SgJourneyOptions){self->state->space, SG_CURVE_CUBIC, self->state->loop,
                                vitrine_timeline_duration(self)};
  return keys;
}

void
vitrine_timeline_free_keys(SgKeyframe *keys, int n)
{
  for (int i = 0; i < n; i++)
    sg_recipe_free(keys[i].recipe);
  g_free(keys);
}

/* ---- edits ----------------------------------------------------------------------------------- */

static SgRecipe *
shown_face(VitrineTimeline *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);

  return recipe ? sg_recipe_face(recipe, 0) : NULL;
}

int
vitrine_timeline_add(VitrineTimeline *self, int i)
{
  g_return_val_if_fail(VITRINE_IS_TIMELINE(self), -1);
  int n = vitrine_timeline_count(self), to = CLAMP(i + 1, 0, n);
  SgRecipe *recipe = n < VITRINE_TIMELINE_MAX ? shown_face(self) : NULL;

  if (!recipe)
    return -1;
  begin_step(self, 0);
  double step = VITRINE_TIMELINE_STEP;
  const VitrineTimelineKey key = {vitrine_timeline_face_new(recipe),
                                  to ? key_at(self, to - 1)->at + step : 0, SG_EASE_LINEAR};
  g_array_insert_val(self->state->keys, (guint)to, key);
  for (int k = to + 1; k <= n; k++)
    key_at(self, k)->at += step;
  tell(self);
  return to;
}

void
vitrine_timeline_replace(VitrineTimeline *self, int i)
{
  g_return_if_fail(VITRINE_IS_TIMELINE(self));
  SgRecipe *recipe = shown_face(self);

  if (!recipe)
    return;
  begin_step(self, 0);
  vitrine_timeline_face_unref(key_at(self, i)->face);
  key_at(self, i)->face = vitrine_timeline_face_new(recipe);
  tell(self);
}

/* What follows moves up by the time that the face had. */
void
vitrine_timeline_remove(VitrineTimeline *self, int i)
{
  g_return_if_fail(VITRINE_IS_TIMELINE(self));
  int n = vitrine_timeline_count(self);

  begin_step(self, 0);
  double gap = i + 1 < n ? key_at(self, i + 1)->at - key_at(self, i)->at : 0;
  g_array_remove_index(self->state->keys, (guint)i);
  for (int k = i; k < n - 1; k++)
    key_at(self, k)->at -= gap;
  tell(self);
}

void
vitrine_timeline_swap(VitrineTimeline *self, int i, int k, guint gesture)
{
  g_return_if_fail(VITRINE_IS_TIMELINE(self));
  int n = vitrine_timeline_count(self);

  if (i == k || i < 0 || k < 0 || i >= n || k >= n)
    return;
  begin_step(self, gesture);
  VitrineTimelineKey *a = key_at(self, i), *b = key_at(self, k), kept = *a;
  a->face = b->face;
  a->ease = b->ease;
  b->face = kept.face;
  b->ease = kept.ease;
  tell(self);
}

void
vitrine_timeline_set_at(VitrineTimeline *self, int i, double second, guint gesture)
{
  g_return_if_fail(VITRINE_IS_TIMELINE(self));
  int n = vitrine_timeline_count(self);

  if (i < 1 || i >= n)
    return;
  double least = key_at(self, i - 1)->at + VITRINE_TIMELINE_LEAST;
  double most = i + 1 < n ? key_at(self, i + 1)->at - VITRINE_TIMELINE_LEAST : 3600;
  second = CLAMP(second, least, MAX(least, most));
  if (second == key_at(self, i)->at)
    return;
  begin_step(self, gesture);
  key_at(self, i)->at = second;
  tell(self);
}

void
vitrine_timeline_set_ease(VitrineTimeline *self, int i, SgEase ease)
{
  g_return_if_fail(VITRINE_IS_TIMELINE(self));
  if (ease == key_at(self, i)->ease)
    return;
  begin_step(self, 0);
  key_at(self, i)->ease = ease;
  tell(self);
}

void
vitrine_timeline_set_loop(VitrineTimeline *self, gboolean loop)
{
  g_return_if_fail(VITRINE_IS_TIMELINE(self));
  if (loop == self->state->loop)
    return;
  begin_step(self, 0);
  self->state->loop = loop;
  tell(self);
}

void
vitrine_timeline_set_space(VitrineTimeline *self, SgSpace space)
{
  g_return_if_fail(VITRINE_IS_TIMELINE(self));
  if (space == self->state->space)
    return;
  begin_step(self, 0);
  self->state->space = space;
  tell(self);
}

void
vitrine_timeline_show(VitrineTimeline *self, int i)
{
  g_return_if_fail(VITRINE_IS_TIMELINE(self));
  vitrine_session_apply(self->session, sg_recipe_copy(vitrine_timeline_get_recipe(self, i)),
                        _("Keyframe"), NULL);
}

/* ---- the object ------------------------------------------------------------------------------ */

static void
model_changed_cb(VitrineSession *session, VitrineTimeline *self)
{
  SgModel *model = vitrine_session_get_model(session);

  vitrine_timeline_store(self);
  free_states(&self->undo);
  free_states(&self->redo);
  vitrine_timeline_state_free(self->state);
  g_free(self->hash);
  self->hash = model ? g_strdup(model->hash) : NULL;
  self->state =
      self->hash ? vitrine_journeys_find(self->hash, &model->info) : vitrine_timeline_state_new();
  g_signal_emit(self, signals[CHANGED], 0);
}

static void
vitrine_timeline_dispose(GObject *object)
{
  VitrineTimeline *self = VITRINE_TIMELINE(object);

  if (self->store_source)
    vitrine_timeline_store(self);
  G_OBJECT_CLASS(vitrine_timeline_parent_class)->dispose(object);
}

static void
vitrine_timeline_finalize(GObject *object)
{
  VitrineTimeline *self = VITRINE_TIMELINE(object);

  free_states(&self->undo);
  free_states(&self->redo);
  vitrine_timeline_state_free(self->state);
  g_free(self->hash);
  G_OBJECT_CLASS(vitrine_timeline_parent_class)->finalize(object);
}

static void
vitrine_timeline_class_init(VitrineTimelineClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_timeline_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_timeline_finalize;
  signals[CHANGED] = g_signal_new("changed", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 0);
  signals[PICTURES] = g_signal_new("pictures", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
vitrine_timeline_init(VitrineTimeline *self)
{
  self->state = vitrine_timeline_state_new();
}

VitrineTimeline *
vitrine_timeline_new(VitrineSession *session)
{
  VitrineTimeline *self = g_object_new(VITRINE_TYPE_TIMELINE, NULL);

  self->session = session;
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self, 0);
  model_changed_cb(session, self);
  return self;
}
