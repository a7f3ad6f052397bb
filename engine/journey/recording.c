#include "engine/journey/recording.h"
#include "engine/explore/picture-model.h"
#include "engine/formats/format-error.h"
#include "engine/journey/frame.h"
#include <math.h>

/* A year's worth at 30 frames a second: beyond it somebody mistyped. */
#define MOST_FRAMES 1000000000

struct _SgRecording {
  SgRenderer *renderer;
  SgJourney *const *journeys;
  SgRecordingOptions o;
  SgFrame frame;
  SgFilm *film;
  guint64 frames, done;
  double duration;
};

SgRecording *
sg_recording_new(SgRenderer *r, SgJourney *const *journeys, const SgRecordingOptions *o,
                 const char *path, GError **error)
{
  g_autoptr(SgRecording) rec = g_new0(SgRecording, 1);
  const SgModelInfo *info = &sg_renderer_model(r)->info;
  SgFilmFormat format = o->film;

  rec->renderer = r;
  rec->journeys = journeys;
  rec->o = *o;
  rec->duration = sg_journey_duration(journeys[0]);
  double whole = rec->duration * format.fps_n / format.fps_d + (o->closed ? 0 : 1);
  if (o->frames > MOST_FRAMES || !(whole <= MOST_FRAMES)) {
    sg_unsupported(error, "a film has at most %d frames", MOST_FRAMES);
    return NULL;
  }
  rec->frames = o->frames ? o->frames : (guint64)MAX(llround(whole), 1);
  if (!sg_info_require_square(info, "a film", error))
    return NULL;
  if (!sg_frame_init(&rec->frame, info, o->columns, o->rows,
                     o->size ? o->size : info->img_resolution, o->sharp, error))
    return NULL;
  sg_recording_size(rec, &format.width, &format.height);
  format.bytes = rec->frame.bytes;
  rec->film = sg_film_new(path, &format, error);
  return rec->film ? g_steal_pointer(&rec) : NULL;
}

void
sg_recording_free(SgRecording *rec)
{
  if (!rec)
    return;
  sg_film_free(rec->film);
  sg_frame_clear(&rec->frame);
  g_free(rec);
}

guint64
sg_recording_frames(const SgRecording *rec)
{
  return rec->frames;
}

guint64
sg_recording_done(const SgRecording *rec)
{
  return rec->done;
}

void
sg_recording_size(const SgRecording *rec, int *width, int *height)
{
  *width = rec->frame.columns * rec->frame.size;
  *height = rec->frame.rows * rec->frame.size;
}

/* The journey's second of a frame: all of it is gone through, whatever the number of frames. */
static double
second_of(const SgRecording *rec, guint64 frame)
{
  guint64 pieces = rec->o.closed ? rec->frames : MAX(rec->frames - 1, 1);
  return rec->duration * (double)frame / (double)pieces;
}

gboolean
sg_recording_step(SgRecording *rec, GError **error)
{
  double second = second_of(rec, rec->done);
  int cells = rec->frame.columns * rec->frame.rows;
  g_autofree char *json = NULL;

  g_assert(rec->done < rec->frames);
  for (int i = 0; i < cells; i++) {
    g_autoptr(SgRecipe) recipe = sg_journey_recipe(rec->journeys[i], second);
    g_autoptr(SgPicture) picture = sg_renderer_render(rec->renderer, recipe, 0, error);
    if (!picture)
      return FALSE;
    if (picture->overflow)
      return sg_unsupported(error,
                            "frame %" G_GUINT64_FORMAT ": the numbers overflow: what a keyframe "
                            "asks for is far beyond what this model can draw",
                            rec->done);
    sg_frame_put(&rec->frame, i, picture);
    if (cells == 1)
      json = sg_picture_recipe(recipe, sg_renderer_model(rec->renderer));
  }
  if (!sg_film_add(rec->film, rec->frame.pixels, json, error))
    return FALSE;
  return ++rec->done < rec->frames || sg_film_finish(rec->film, error);
}
