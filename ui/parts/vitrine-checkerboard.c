#include "ui/parts/vitrine-checkerboard.h"
#include "app/grid/vitrine-picture.h"

#define FIELD 8.0f

void
vitrine_append_ground(GtkSnapshot *snapshot, GdkTexture *texture, const graphene_rect_t *rect)
{
  static const GdkRGBA light = {0.8f, 0.8f, 0.8f, 1}, dark = {0.6f, 0.6f, 0.6f, 1};
  float x = rect->origin.x, y = rect->origin.y;

  if (!g_object_get_data(G_OBJECT(texture), VITRINE_TEXTURE_ALPHA))
    return;
  gtk_snapshot_append_color(snapshot, &light, rect);
  gtk_snapshot_push_repeat(snapshot, rect, &GRAPHENE_RECT_INIT(x, y, 2 * FIELD, 2 * FIELD));
  gtk_snapshot_append_color(snapshot, &dark, &GRAPHENE_RECT_INIT(x + FIELD, y, FIELD, FIELD));
  gtk_snapshot_append_color(snapshot, &dark, &GRAPHENE_RECT_INIT(x, y + FIELD, FIELD, FIELD));
  gtk_snapshot_pop(snapshot);
}
