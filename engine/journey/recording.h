/* SgRecording: journeys as a film. A frame at a time, none left out; nothing is kept but the frame
 * that is being drawn. */
#pragma once

#include "engine/film/film.h"
#include "engine/journey/journey.h"

G_BEGIN_DECLS

typedef struct {
  int columns, rows; /* of journeys, which are shown side by side */
  int size;          /* pixels of a face; 0: as the model draws */
  gboolean sharp;
  guint64 frames;    /* 0: as many as the journey's duration has */
  gboolean closed;   /* the last frame is the one before the first, else the journey's end */
  SgFilmFormat film; /* all but width, height and bytes */
} SgRecordingOptions;

typedef struct _SgRecording SgRecording;

/* Borrows renderer and journeys [rows * columns], which have one duration. Errors: as of
 * sg_film_new(), or no frame is left. */
SgRecording *sg_recording_new(SgRenderer *r, SgJourney *const *journeys,
                              const SgRecordingOptions *o, const char *path, GError **error);
guint64 sg_recording_frames(const SgRecording *rec);
guint64 sg_recording_done(const SgRecording *rec);
/* Pixels of a frame. */
void sg_recording_size(const SgRecording *rec, int *width, int *height);
/* The next frame; the file has its name after the last one. FALSE: error. */
gboolean sg_recording_step(SgRecording *rec, GError **error);
/* Before the last frame: nothing remains of the film. */
void sg_recording_free(SgRecording *rec);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgRecording, sg_recording_free)

G_END_DECLS
