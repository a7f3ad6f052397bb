/* VitrinePlayer: shows the film of a timeline: draws its frames ahead on the render thread, between
 * pictures, and goes through them. Main thread. */
#pragma once

#include "app/journey/vitrine-timeline.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_PLAYER (vitrine_player_get_type())
G_DECLARE_FINAL_TYPE(VitrinePlayer, vitrine_player, VITRINE, PLAYER, GObject)

#define VITRINE_PLAYER_FPS 30

/* Signals: "changed": playing, the second, the frame that is shown or how many are drawn. */

/* Keeps a reference. */
VitrinePlayer *vitrine_player_new(VitrineTimeline *timeline);
/* Whether frames are drawn; FALSE stops everything. */
void vitrine_player_set_active(VitrinePlayer *self, gboolean active);
gboolean vitrine_player_get_playing(VitrinePlayer *self);
void vitrine_player_set_playing(VitrinePlayer *self, gboolean playing);
double vitrine_player_get_second(VitrinePlayer *self);
/* The frame of that second is shown, as soon as it is drawn. */
void vitrine_player_seek(VitrinePlayer *self, double second);
/* The edited face is shown again instead. */
void vitrine_player_leave(VitrinePlayer *self);
/* The frame that is shown instead of the edited face, borrowed; NULL: none. */
GdkTexture *vitrine_player_get_frame(VitrinePlayer *self);
/* Frames that are drawn, of how many. */
int vitrine_player_get_drawn(VitrinePlayer *self, int *total);
/* Why nothing can be drawn; borrowed, NULL: it can. */
const char *vitrine_player_get_error(VitrinePlayer *self);

G_END_DECLS
