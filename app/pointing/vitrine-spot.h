/* VitrineSpot: the part of the picture that a person points at. The canvas marks it, the Explore
 * pane asks what moves it. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_SPOT (vitrine_spot_get_type())
G_DECLARE_FINAL_TYPE(VitrineSpot, vitrine_spot, VITRINE, SPOT, GObject)

typedef struct {
  int x, y, width, height; /* pixels of the picture, of all faces together; width 0: none */
} VitrineSpotArea;

/* Properties: "active" boolean, read-write: the canvas marks spots instead of moving the picture;
 * "marked" boolean, read-only.
 *
 * Signals: "changed": another spot is marked, or none any more; "pull" (double distance): the spot
 * is pulled sideways, in hundreds of pixels since it was grasped; "grasp", "release". */

VitrineSpot *vitrine_spot_new(void);
gboolean vitrine_spot_get_active(VitrineSpot *self);
void vitrine_spot_set_active(VitrineSpot *self, gboolean active); /* off: nothing is marked */
VitrineSpotArea vitrine_spot_get_area(VitrineSpot *self);
/* While it is being drawn nobody is told but who draws: `done`. */
void vitrine_spot_set_area(VitrineSpot *self, const VitrineSpotArea *area, gboolean done);
void vitrine_spot_grasp(VitrineSpot *self);
void vitrine_spot_pull(VitrineSpot *self, double distance);
void vitrine_spot_release(VitrineSpot *self);

G_END_DECLS
