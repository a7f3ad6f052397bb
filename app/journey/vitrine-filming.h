/* Recording a timeline's film, for the window: frame by frame on the render thread, between
 * pictures. None is left out. */
#pragma once

#include "app/journey/vitrine-timeline.h"
#include "engine/journey/recording.h"

G_BEGIN_DECLS

/* Its news. */
typedef struct {
  int done, total; /* frames */
  double left;     /* seconds, < 0: not known yet */
  char *error;     /* the end of it */
} VitrineFilmingNews;

/* Starts the task; `options` without journeys' layout. To stop it before its end leaves nothing of
 * the film. Called as vitrine_view_start_task() says, with VitrineFilmingNews. */
guint vitrine_filming_start(VitrineTimeline *timeline, const char *path,
                            const SgRecordingOptions *options,
                            void (*news)(gpointer news, gboolean finished, gpointer user_data),
                            gpointer user_data);

G_END_DECLS
