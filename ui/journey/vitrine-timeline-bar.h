/* VitrineTimelineBar: the timeline below the picture: strip of keyframes, play, scrub, loop, the
 * chosen keyframe's moment and easing, and the recording of the film. */
#pragma once

#include <gtk/gtk.h>
#include "app/journey/vitrine-player.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_TIMELINE_BAR (vitrine_timeline_bar_get_type())
G_DECLARE_FINAL_TYPE(VitrineTimelineBar, vitrine_timeline_bar, VITRINE, TIMELINE_BAR, GtkBox)

/* Once. */
void vitrine_timeline_bar_set_session(VitrineTimelineBar *self, VitrineSession *session);
/* Frames are drawn while it is shown; the strip gets the focus when it is shown. */
void vitrine_timeline_bar_set_shown(VitrineTimelineBar *self, gboolean shown);
VitrineTimeline *vitrine_timeline_bar_get_timeline(VitrineTimelineBar *self);
VitrinePlayer *vitrine_timeline_bar_get_player(VitrineTimelineBar *self);
/* The face that is shown becomes a keyframe behind the chosen one, and the chosen one. */
void vitrine_timeline_bar_add(VitrineTimelineBar *self);

G_END_DECLS
