/* VitrineFilmStrip: the keyframes of a timeline as pictures over time. One stop of the Tab key:
 * Left and Right choose a keyframe, with Alt they move it before or behind its neighbour, with
 * Shift in time; Return shows it, Delete removes it, Space plays. Pictures are dragged in time and
 * past each other; beside them a click goes to that second.
 *
 * Properties: "selected" int, -1: none. */
#pragma once

#include <gtk/gtk.h>
#include "app/journey/vitrine-player.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_FILM_STRIP (vitrine_film_strip_get_type())
G_DECLARE_FINAL_TYPE(VitrineFilmStrip, vitrine_film_strip, VITRINE, FILM_STRIP, GtkWidget)

/* Keeps references. */
void vitrine_film_strip_set_player(VitrineFilmStrip *self, VitrineTimeline *timeline,
                                   VitrinePlayer *player);
int vitrine_film_strip_get_selected(VitrineFilmStrip *self);
void vitrine_film_strip_select(VitrineFilmStrip *self, int i);

G_END_DECLS
