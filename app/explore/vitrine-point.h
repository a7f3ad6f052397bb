/* What moves a spot of the picture: everything that can be moved, ranked by how strongly the spot
 * answers to one σ of it, from gradients; then the strongest really moved. A task on the render
 * thread. */
#pragma once

#include "app/pointing/vitrine-spot.h"
#include "app/explore/vitrine-shelf.h"

G_BEGIN_DECLS

/* So many are listed, and so many of them are really moved. */
#define VITRINE_POINT_LISTED   24
#define VITRINE_POINT_MEASURED 10

typedef struct _VitrinePoint VitrinePoint;

/* Told on the main thread: `list` has another order or other notes. */
typedef void (*VitrinePointNews)(gpointer data);

VitrinePoint *vitrine_point_new(VitrineShelf *shelf, VitrinePointNews news, gpointer data);
void vitrine_point_free(VitrinePoint *self);
/* Of VitrineDirection, the strongest first: directions, components, dimensions of w, channels of
 * styles; borrowed. Their notes say how far the spot moves. */
GListModel *vitrine_point_get_list(VitrinePoint *self);
/* Asks for what is marked; the newest question counts. Without a mark the list is empty. */
void vitrine_point_ask(VitrinePoint *self);
/* Has the newest question been answered whole? */
gboolean vitrine_point_is_answered(VitrinePoint *self);
/* Seconds that the ranking of the last answer took on the render thread. */
double vitrine_point_get_seconds(VitrinePoint *self);
/* Why there is no answer, for people; NULL: there is. */
const char *vitrine_point_get_error(VitrinePoint *self);

G_END_DECLS
