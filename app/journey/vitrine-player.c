#include "app/journey/vitrine-player.h"
#include "app/grid/vitrine-picture.h"
#include <math.h>

/* Bytes of frames that are kept. */
#define BUDGET ((gsize)256 << 20)
/* Milliseconds after the last edit until frames are drawn anew. */
#define SETTLE_MSEC 120

/* ---- drawing, on the render thread ----------------------------------------------------------- */

typedef struct {
  SgKeyframe *keys;
  int n;
  SgJourneyOptions options;
  gboolean *pictured;     /* [n]: the keyframe has a picture */
  int total, from, count; /* frames of the film; those to be drawn, around its end */
  double fps;
  SgRenderer *renderer; /* its own: the stages of the picture that is shown stay */
  SgJourney *journey;
  int key, frame; /* next */
} Job;

typedef struct {
  SgRecipe *recipe; /* of a keyframe; NULL: a frame */
  int frame;
  GdkTexture *texture;
  char *error;
} News;

static void
job_free(gpointer data)
{
  Job *job = data;

  vitrine_timeline_free_keys(job->keys, job->n);
  g_free(job->pictured);
  sg_journey_free(job->journey);
  sg_renderer_free(job->renderer);
  g_free(job);
}

static void
news_free(gpointer data)
{
  News *news = data;

  sg_recipe_free(news->recipe);
  g_clear_object(&news->texture);
  g_free(news->error);
  g_free(news);
}

static GdkTexture *
draw(Job *job, const SgRecipe *recipe, GError **error)
{
  g_autoptr(SgPicture) picture = sg_renderer_render(job->renderer, recipe, 0, error);

  return picture ? vitrine_picture_texture(picture) : NULL;
}

/* The next keyframe without a picture, then the next frame; *more: there are others. */
static gboolean
advance(Job *job, News *news, gboolean *more, GError **error)
{
  while (job->key < job->n && job->pictured[job->key])
    job->key++;
  *more = TRUE;
  if (job->key < job->n) {
    news->recipe = sg_recipe_copy(job->keys[job->key++].recipe);
    return (news->texture = draw(job, news->recipe, error)) != NULL;
  }
  *more = job->frame < job->count;
  if (!*more)
    return TRUE;
  if (!job->journey)
    job->journey = sg_journey_new(job->renderer, job->n, job->keys, &job->options, error);
  if (!job->journey)
    return FALSE;
  news->frame = (job->from + job->frame++) % job->total;
  g_autoptr(SgRecipe) recipe = sg_journey_recipe(job->journey, news->frame / job->fps);
  return (news->texture = draw(job, recipe, error)) != NULL;
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  Job *job = data;
  News *news = g_new0(News, 1);
  g_autoptr(GError) error = NULL;
  gboolean more = FALSE;

  if ((!job->renderer && !(job->renderer = sg_renderer_new_beside(renderer, &error))) ||
      !advance(job, news, &more, &error)) {
    news->error = g_strdup(error->message);
    more = FALSE;
  }
  *out = news;
  return more;
}

/* ---- the player ------------------------------------------------------------------------------ */

struct _VitrinePlayer {
  GObject parent_instance;
  VitrineTimeline *timeline;
  gboolean active, playing, showing;
  double second;
  gint64 last; /* monotonic, of the last tick */
  guint tick, settle, task;
  GdkTexture **frames;            /* [total] */
  int total, drawn, from, window; /* frames from `from` on, at most `window`, are kept */
  char *error;
};

static guint changed_signal;

G_DEFINE_FINAL_TYPE(VitrinePlayer, vitrine_player, G_TYPE_OBJECT)

static void
tell(VitrinePlayer *self)
{
  g_signal_emit(self, changed_signal, 0);
}

static VitrineView *
view_of(VitrinePlayer *self)
{
  return vitrine_session_get_view(vitrine_timeline_get_session(self->timeline));
}

static void
drop_frames(VitrinePlayer *self)
{
  if (self->task)
    vitrine_view_stop_task(view_of(self), self->task);
  self->task = 0;
  for (int i = 0; i < self->total; i++)
    g_clear_object(&self->frames[i]);
  g_clear_pointer(&self->frames, g_free);
  g_clear_pointer(&self->error, g_free);
  self->total = self->drawn = 0;
}

static int
frame_at(VitrinePlayer *self, double second)
{
  return self->total ? CLAMP((int)floor(second * VITRINE_PLAYER_FPS + 1e-6), 0, self->total - 1)
                     : 0;
}

static void
news_cb(gpointer data, gboolean finished, gpointer user_data)
{
  VitrinePlayer *self = user_data;
  News *news = data;

  if (finished) {
    self->task = 0;
  } else if (news->error) {
    g_free(self->error);
    self->error = g_steal_pointer(&news->error);
  } else if (news->recipe) {
    vitrine_timeline_set_picture(self->timeline, news->recipe, news->texture);
  } else if (news->texture && news->frame < self->total && !self->frames[news->frame]) {
    self->frames[news->frame] = g_steal_pointer(&news->texture);
    self->drawn++;
  }
  tell(self);
}

/* Draws from frame `from` on what is to be kept; others go. */
static void
start(VitrinePlayer *self, int from)
{
  const VitrineTaskClass class = {
      .step = step, .news = news_cb, .free_news = news_free, .free_data = job_free};
  Job *job = g_new0(Job, 1);

  if (self->task)
    vitrine_view_stop_task(view_of(self), self->task);
  job->keys = vitrine_timeline_keys(self->timeline, &job->n, &job->options);
  job->pictured = g_new(gboolean, MAX(job->n, 1));
  for (int i = 0; i < job->n; i++)
    job->pictured[i] = vitrine_timeline_get_picture(self->timeline, i) != NULL;
  job->total = self->total;
  job->from = self->from = from;
  job->count = MIN(self->window, self->total);
  job->fps = VITRINE_PLAYER_FPS;
  for (int i = job->count; i < self->total; i++) {
    GdkTexture **gone = &self->frames[(from + i) % self->total];
    self->drawn -= *gone != NULL;
    g_clear_object(gone);
  }
  while (job->count > 0 && self->frames[job->from]) { /* those that are there already */
    job->from = (job->from + 1) % self->total;
    job->count--;
  }
  self->task = vitrine_view_start_task(view_of(self), &class, job, self);
}

static gboolean
settle_cb(gpointer data)
{
  VitrinePlayer *self = data;
  SgModel *model = vitrine_session_get_model(vitrine_timeline_get_session(self->timeline));
  double duration = vitrine_timeline_duration(self->timeline);

  self->settle = 0;
  drop_frames(self);
  if (!self->active || !model || vitrine_timeline_count(self->timeline) == 0)
    return G_SOURCE_REMOVE;
  gsize bytes = 4 * (gsize)sg_info_width(&model->info) * (gsize)sg_info_height(&model->info);
  self->total = (int)MIN(
      llround(duration * VITRINE_PLAYER_FPS) + !vitrine_timeline_get_loop(self->timeline), 1000000);
  if (duration == 0)
    self->total = 0;
  self->frames = g_new0(GdkTexture *, MAX(self->total, 1));
  self->window = (int)CLAMP(BUDGET / bytes, 32, 1000000);
  start(self, frame_at(self, self->second));
  return G_SOURCE_REMOVE;
}

static void
changed_cb(VitrinePlayer *self)
{
  double duration = vitrine_timeline_duration(self->timeline);

  self->second = MIN(self->second, duration);
  if (duration == 0)
    vitrine_player_leave(self);
  g_clear_handle_id(&self->settle, g_source_remove);
  self->settle = g_timeout_add(SETTLE_MSEC, settle_cb, self);
  tell(self);
}

/* All tasks of the session have ended without news. */
static void
model_changed_cb(VitrinePlayer *self)
{
  self->task = 0;
  vitrine_player_leave(self);
  changed_cb(self);
}

static void
weights_changed_cb(VitrinePlayer *self)
{
  vitrine_timeline_forget_pictures(self->timeline);
  changed_cb(self);
}

static void
face_changed_cb(VitrinePlayer *self)
{
  vitrine_player_leave(self);
}

/* ---- going through it ------------------------------------------------------------------------ */

/* Frames that lie far ahead are drawn when they come near. */
static void
look_ahead(VitrinePlayer *self)
{
  int at = frame_at(self, self->second),
      passed = (at - self->from + self->total) % MAX(self->total, 1);

  if (!self->task && self->total > self->window && passed > self->window / 2)
    start(self, at);
}

static gboolean
tick_cb(gpointer data)
{
  VitrinePlayer *self = data;
  gint64 now = g_get_monotonic_time();
  double duration = vitrine_timeline_duration(self->timeline),
         next = self->second + (double)(now - self->last) / 1e6;

  self->last = now;
  if (duration > 0 && next >= duration)
    next = vitrine_timeline_get_loop(self->timeline) ? fmod(next, duration) : duration;
  /* It waits for frames rather than leave some out. */
  if (!self->total || !self->frames[frame_at(self, next)])
    return G_SOURCE_CONTINUE;
  self->second = next;
  look_ahead(self);
  if (next == duration) { /* the end of what is no loop */
    self->tick = 0;
    self->playing = FALSE;
  }
  tell(self);
  return self->playing ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void
vitrine_player_set_playing(VitrinePlayer *self, gboolean playing)
{
  g_return_if_fail(VITRINE_IS_PLAYER(self));
  playing = playing && self->active && vitrine_timeline_duration(self->timeline) > 0;
  if (playing == self->playing)
    return;
  self->playing = playing;
  g_clear_handle_id(&self->tick, g_source_remove);
  if (playing) {
    if (self->second >= vitrine_timeline_duration(self->timeline))
      self->second = 0;
    self->showing = TRUE;
    self->last = g_get_monotonic_time();
    self->tick = g_timeout_add(1000 / VITRINE_PLAYER_FPS, tick_cb, self);
  }
  tell(self);
}

gboolean
vitrine_player_get_playing(VitrinePlayer *self)
{
  g_return_val_if_fail(VITRINE_IS_PLAYER(self), FALSE);
  return self->playing;
}

double
vitrine_player_get_second(VitrinePlayer *self)
{
  g_return_val_if_fail(VITRINE_IS_PLAYER(self), 0);
  return self->second;
}

void
vitrine_player_seek(VitrinePlayer *self, double second)
{
  g_return_if_fail(VITRINE_IS_PLAYER(self));
  self->second = CLAMP(second, 0, vitrine_timeline_duration(self->timeline));
  self->showing = self->active;
  if (self->total > self->window && !self->frames[frame_at(self, self->second)])
    start(self, frame_at(self, self->second));
  tell(self);
}

void
vitrine_player_leave(VitrinePlayer *self)
{
  g_return_if_fail(VITRINE_IS_PLAYER(self));
  gboolean was = self->showing || self->playing;

  self->showing = self->playing = FALSE;
  g_clear_handle_id(&self->tick, g_source_remove);
  if (was)
    tell(self);
}

GdkTexture *
vitrine_player_get_frame(VitrinePlayer *self)
{
  g_return_val_if_fail(VITRINE_IS_PLAYER(self), NULL);
  return self->showing && self->total ? self->frames[frame_at(self, self->second)] : NULL;
}

int
vitrine_player_get_drawn(VitrinePlayer *self, int *total)
{
  *total = self->total;
  return self->drawn;
}

const char *
vitrine_player_get_error(VitrinePlayer *self)
{
  return self->error;
}

void
vitrine_player_set_active(VitrinePlayer *self, gboolean active)
{
  g_return_if_fail(VITRINE_IS_PLAYER(self));
  if (active == self->active)
    return;
  self->active = active;
  if (!active)
    vitrine_player_leave(self);
  changed_cb(self);
}

/* ---- the object ------------------------------------------------------------------------------ */

static void
vitrine_player_dispose(GObject *object)
{
  VitrinePlayer *self = VITRINE_PLAYER(object);

  g_clear_handle_id(&self->tick, g_source_remove);
  g_clear_handle_id(&self->settle, g_source_remove);
  if (self->timeline)
    drop_frames(self);
  g_clear_object(&self->timeline);
  G_OBJECT_CLASS(vitrine_player_parent_class)->dispose(object);
}

static void
vitrine_player_class_init(VitrinePlayerClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_player_dispose;
  changed_signal = g_signal_new("changed", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 0);
}

static void
vitrine_player_init(VitrinePlayer *self)
{
}

VitrinePlayer *
vitrine_player_new(VitrineTimeline *timeline)
{
  VitrinePlayer *self = g_object_new(VITRINE_TYPE_PLAYER, NULL);
  VitrineSession *session = vitrine_timeline_get_session(timeline);

  self->timeline = g_object_ref(timeline);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "weights-changed", G_CALLBACK(weights_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(face_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(timeline, "changed", G_CALLBACK(changed_cb), self, G_CONNECT_SWAPPED);
  return self;
}
