/* The ground that pictures with alpha are seen on. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Draws the ground of `texture` if it has alpha (VITRINE_TEXTURE_ALPHA), else nothing. */
void vitrine_append_ground(GtkSnapshot *snapshot, GdkTexture *texture, const graphene_rect_t *rect);

G_END_DECLS
