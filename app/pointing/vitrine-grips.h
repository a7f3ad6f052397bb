/* VitrineGrips: points of the picture that a person takes hold of, where each is to go, and what
 * is to stay as it is. The canvas marks them, the bar below it drags them. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_GRIPS (vitrine_grips_get_type())
G_DECLARE_FINAL_TYPE(VitrineGrips, vitrine_grips, VITRINE, GRIPS, GObject)

#define VITRINE_GRIPS_MAX 16

/* Pixels of the picture, (0, 0) the middle of the top left one. */
typedef struct {
  double x, y;               /* the handle */
  double target_x, target_y; /* where it goes */
} VitrineGrip;

/* What a press on the picture does. */
typedef enum {
  VITRINE_GRIPS_POINTS, /* sets and moves points */
  VITRINE_GRIPS_HOLD,   /* marks what stays */
  VITRINE_GRIPS_FREE,   /* unmarks it */
} VitrineGripsTool;

/* Properties: "active" boolean, read-write: the canvas takes hold instead of moving the picture.
 * Signals: "changed": points, what is held, the chosen point or the tool are others. */

VitrineGrips *vitrine_grips_new(void);
gboolean vitrine_grips_get_active(VitrineGrips *self);
void vitrine_grips_set_active(VitrineGrips *self, gboolean active);
VitrineGripsTool vitrine_grips_get_tool(VitrineGrips *self);
void vitrine_grips_set_tool(VitrineGrips *self, VitrineGripsTool tool);
/* Of the picture; another size forgets everything. */
void vitrine_grips_set_size(VitrineGrips *self, int width, int height);
void vitrine_grips_get_size(VitrineGrips *self, int *width, int *height);

/* Borrowed, until the next change. */
const VitrineGrip *vitrine_grips_get_points(VitrineGrips *self, int *n);
int vitrine_grips_get_chosen(VitrineGrips *self); /* -1: none */
void vitrine_grips_choose(VitrineGrips *self, int i);
/* A point whose target is where it is, moved into the picture, and chosen. FALSE: there are
 * VITRINE_GRIPS_MAX. */
gboolean vitrine_grips_add(VitrineGrips *self, double x, double y);
/* Of the chosen point: its target, or itself. */
void vitrine_grips_move_target(VitrineGrips *self, double x, double y);
void vitrine_grips_move_handle(VitrineGrips *self, double x, double y);
void vitrine_grips_remove_chosen(VitrineGrips *self);
/* All of them at once: they have been dragged. */
void vitrine_grips_set_points(VitrineGrips *self, int n, const VitrineGrip *points);

/* A round brush: what is nearer than `radius` is held, or free again. */
void vitrine_grips_paint(VitrineGrips *self, double x, double y, double radius, gboolean hold);
/* [height, width] bytes, not 0 where the picture stays; borrowed. NULL: nothing is held. */
const guint8 *vitrine_grips_get_held(VitrineGrips *self);
void vitrine_grips_clear(VitrineGrips *self);

G_END_DECLS
