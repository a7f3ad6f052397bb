/* VitrineSession's pictures: asked for at most once a frame, smaller while a slow one is dragged,
 * and what came back. */
#include "app/session/vitrine-picture.h"
#include "app/session/vitrine-session-private.h"

/* Slower than this, and a drag shows smaller pictures where the model has them. */
#define SMOOTH_SECONDS 0.040
#define MIN_RESOLUTION 32

static void
set_texture(VitrineSession *self, GdkTexture **place, GdkTexture *texture, VitrineSessionProp prop)
{
  if (g_set_object(place, texture))
    vitrine_session_notify(self, prop);
}

/* The next drag's pictures: halved until they are smooth, whole again when even those are fast. */
static void
adapt_resolution(VitrineSession *self, const VitrineFrame *frame)
{
  int full = self->model->info.img_resolution;

  if (!frame->reduced) {
    self->full_seconds = frame->seconds;
    if (frame->seconds <= SMOOTH_SECONDS)
      self->reduced_resolution = 0;
    else if (!self->reduced_resolution && full / 2 >= MIN_RESOLUTION)
      self->reduced_resolution = full / 2;
  } else if (frame->seconds > SMOOTH_SECONDS && self->reduced_resolution / 2 >= MIN_RESOLUTION) {
    self->reduced_resolution /= 2;
  }
}

static gboolean
submit_cb(gpointer data)
{
  VitrineSession *self = data;
  gboolean reduce = self->gesture && self->full_seconds > SMOOTH_SECONDS;

  self->submit_source = 0;
  vitrine_render_thread_request(self->render, vitrine_history_current(self->history),
                                reduce ? self->reduced_resolution : 0);
  return G_SOURCE_REMOVE;
}

/* After the events that are waiting, before GTK draws: at most one request a frame. */
void
vitrine_session_queue_submit(VitrineSession *self)
{
  self->stale = TRUE;
  if (!self->submit_source)
    self->submit_source = g_idle_add_full(G_PRIORITY_HIGH_IDLE + 5, submit_cb, self, NULL);
}

static void
take_frame(VitrineSession *self, VitrineFrame *frame)
{
  const SgRecipe *recipe = vitrine_history_current(self->history);
  int columns, rows;

  if (frame->error && vitrine_session_take_device_error(self, frame->error))
    return;
  if (frame->error) {
    vitrine_session_error(self, "The picture could not be made", frame->error->message);
    return;
  }
  if (self->trouble_while_drawing)
    vitrine_session_set_trouble(self, NULL, FALSE);
  vitrine_session_set_memory(self, &frame->device);
  vitrine_picture_layout(frame->recipe->faces, &columns, &rows);
  self->picture_width = columns * self->model->info.img_resolution;
  self->picture_height = rows * self->model->info.img_resolution;
  g_free(self->w_base);
  self->w_base = g_steal_pointer(&frame->w);
  self->render_seconds = frame->seconds;
  self->overflow = frame->overflow;
  self->stale = !sg_recipe_equal(frame->recipe, recipe) ||
                frame->weights != vitrine_render_thread_get_weights(self->render);
  sg_recipe_free(self->shown);
  self->shown = g_steal_pointer(&frame->recipe);
  adapt_resolution(self, frame);
  if (frame->reduced && !self->gesture && !self->stale)
    vitrine_session_queue_submit(self);
  set_texture(self, &self->texture, frame->texture, PROP_TEXTURE);
  vitrine_session_notify(self, PROP_RENDER_SECONDS);
}

/* NULL beside a new picture: not known yet. One of older weights stays until then: whoever compares
 * sees no gap. */
static void
take_original(VitrineSession *self, GdkTexture *original)
{
  SgRecipe *plain = self->shown ? sg_recipe_unmodified(self->shown) : NULL;

  if (!original && plain && self->original_of && sg_recipe_equal(plain, self->original_of)) {
    sg_recipe_free(plain);
    return;
  }
  sg_recipe_free(self->original_of);
  self->original_of = plain;
  set_texture(self, &self->original, original, PROP_ORIGINAL);
}

void
vitrine_session_drop_original(VitrineSession *self)
{
  set_texture(self, &self->original, NULL, PROP_ORIGINAL);
}

void
vitrine_session_deliver(VitrineReport *report, gpointer user_data)
{
  VitrineSession *self = user_data;

  g_object_ref(self);
  if (report->frame)
    take_frame(self, report->frame);
  if (report->frame || report->original)
    take_original(self, report->original);
  if (report->frame)
    vitrine_session_emit(self, SIGNAL_PICTURE_CHANGED);
  if (report->score_text)
    vitrine_session_set_score_text(self, report->score_text);
  if (report->influence) {
    for (guint i = 0; i < report->influence->len; i++) {
      VitrineInfluence *one = &g_array_index(report->influence, VitrineInfluence, i);
      self->influence[one->space][one->dim] = one->value;
    }
    vitrine_session_emit(self, SIGNAL_INFLUENCE_CHANGED);
  }
  if (report->frame && !self->stale)
    vitrine_session_write_waiting_vectors(self);
  g_object_unref(self);
}

GdkTexture *
vitrine_session_get_texture(VitrineSession *self)
{
  return self->texture;
}

GdkTexture *
vitrine_session_get_original(VitrineSession *self)
{
  return self->original;
}

gboolean
vitrine_session_is_current(VitrineSession *self)
{
  return self->texture && !self->stale && !self->submit_source;
}

gboolean
vitrine_session_get_overflow(VitrineSession *self)
{
  return self->overflow;
}

void
vitrine_session_get_picture_size(VitrineSession *self, int *width, int *height)
{
  *width = self->picture_width;
  *height = self->picture_height;
}
