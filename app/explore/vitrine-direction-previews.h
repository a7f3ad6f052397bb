/* What a direction would make of the face on the screen, in five tiny pictures: a task that waits
 * until nobody has asked for a picture a while. */
#pragma once

#include <gdk/gdk.h>
#include "app/session/vitrine-tasks.h"
#include "app/explore/vitrine-direction.h"

G_BEGIN_DECLS

#define VITRINE_PREVIEWS 5

/* Its news is a VitrinePreviewNews. */
typedef struct {
  GdkTexture *strip; /* VITRINE_PREVIEWS pictures side by side; NULL: */
  char *error;
} VitrinePreviewNews;

VitrineTaskClass vitrine_preview_class(void (*news)(gpointer, gboolean, gpointer));
/* The task's data: `recipe` with strengths of -2, -1, 0, 1 and 2 times `step` of the direction.
 * NULL: it cannot have so many directions. */
gpointer vitrine_preview_query(VitrineDirection *direction, const SgRecipe *recipe, double step);

G_END_DECLS
