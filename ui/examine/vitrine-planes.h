/* Pictures as the engine's networks have them, for widgets. */
#pragma once

#include <gtk/gtk.h>
#include "engine/models/model.h"

G_BEGIN_DECLS

/* Planes [C, r, r] of the model's pictures, drawn pixel by pixel; alpha is left out. */
GdkPaintable *vitrine_planes_paintable(const SgModel *model, const guint8 *planes);

G_END_DECLS
