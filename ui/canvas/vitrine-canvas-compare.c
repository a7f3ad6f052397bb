/* The picture beside what it was made from: left and right of a divider in each face, both in full,
 * or how they differ. */
#include "ui/canvas/vitrine-canvas-private.h"

#define HANDLE_RADIUS 9.0f
/* Small differences are to be seen. */
#define DIFFERENCE_GAIN 4.0f

static void
append_divider(GtkSnapshot *snapshot, float x, const graphene_rect_t *area)
{
  static const GdkRGBA line = {1, 1, 1, 0.95f}, shadow = {0, 0, 0, 0.45f};
  float middle = area->origin.y + area->size.height / 2;
  GskRoundedRect handle;

  gtk_snapshot_append_color(snapshot, &shadow,
                            &GRAPHENE_RECT_INIT(x - 2, area->origin.y, 4, area->size.height));
  gtk_snapshot_append_color(snapshot, &line,
                            &GRAPHENE_RECT_INIT(x - 1, area->origin.y, 2, area->size.height));
  gsk_rounded_rect_init_from_rect(&handle,
                                  &GRAPHENE_RECT_INIT(x - HANDLE_RADIUS, middle - HANDLE_RADIUS,
                                                      2 * HANDLE_RADIUS, 2 * HANDLE_RADIUS),
                                  HANDLE_RADIUS);
  gtk_snapshot_append_outset_shadow(snapshot, &handle, &shadow, 0, 1, 1, 3);
  gtk_snapshot_push_rounded_clip(snapshot, &handle);
  gtk_snapshot_append_color(snapshot, &line, &handle.bounds);
  gtk_snapshot_pop(snapshot);
}

/* Of each face the original left of the divider, what has become of it on the right. */
static void
append_wiped(VitrineCanvas *self, GtkSnapshot *snapshot, const graphene_rect_t *rect,
             const graphene_rect_t *visible)
{
  float face = rect->size.width / (float)self->columns;
  graphene_rect_t area;

  vitrine_canvas_append(self, snapshot, self->texture, rect, visible);
  for (int i = 0; i < self->columns; i++) {
    graphene_rect_t left = *rect;
    left.origin.x += (float)i * face;
    left.size.width = face * (float)self->divider_at;
    gtk_snapshot_push_clip(snapshot, &left);
    vitrine_canvas_append(self, snapshot, self->original, rect, visible);
    gtk_snapshot_pop(snapshot);
    if (graphene_rect_intersection(rect, visible, &area))
      append_divider(snapshot, left.origin.x + left.size.width, &area);
  }
}

/* Both in full, half as large. */
static void
append_beside(VitrineCanvas *self, GtkSnapshot *snapshot, const graphene_rect_t *rect,
              const graphene_rect_t *visible)
{
  graphene_rect_t half = *rect;

  half.size.width /= 2;
  half.size.height /= 2;
  half.origin.y += half.size.height / 2;
  vitrine_canvas_append(self, snapshot, self->original, &half, visible);
  half.origin.x += half.size.width;
  vitrine_canvas_append(self, snapshot, self->texture, &half, visible);
}

static void
append_difference(VitrineCanvas *self, GtkSnapshot *snapshot, const graphene_rect_t *rect,
                  const graphene_rect_t *visible)
{
  graphene_matrix_t gain;
  const graphene_vec4_t *none = graphene_vec4_zero();

  graphene_matrix_init_scale(&gain, DIFFERENCE_GAIN, DIFFERENCE_GAIN, DIFFERENCE_GAIN);
  gtk_snapshot_push_color_matrix(snapshot, &gain, none);
  gtk_snapshot_push_blend(snapshot, GSK_BLEND_MODE_DIFFERENCE);
  vitrine_canvas_append(self, snapshot, self->original, rect, visible);
  gtk_snapshot_pop(snapshot);
  vitrine_canvas_append(self, snapshot, self->texture, rect, visible);
  gtk_snapshot_pop(snapshot);
  gtk_snapshot_pop(snapshot);
}

void
vitrine_canvas_append_compared(VitrineCanvas *self, GtkSnapshot *snapshot,
                               const graphene_rect_t *rect, const graphene_rect_t *visible)
{
  switch (self->compare) {
  case VITRINE_COMPARE_BESIDE:
    append_beside(self, snapshot, rect, visible);
    break;
  case VITRINE_COMPARE_DIFFERENCE:
    append_difference(self, snapshot, rect, visible);
    break;
  default:
    append_wiped(self, snapshot, rect, visible);
  }
}

void
vitrine_canvas_uncompare(const VitrineCanvas *self, const graphene_rect_t *rect, double *x,
                         double *y)
{
  double half = (double)rect->size.width / 2;

  if (!self->divider || !self->original || self->show_original ||
      self->compare != VITRINE_COMPARE_BESIDE)
    return;
  *x = *x < half ? 2 * *x : 2 * (*x - half);
  *y = 2 * *y - (double)rect->size.height / 2;
}
