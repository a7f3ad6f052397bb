/* What the readers of the picture formats share. */
#pragma once

#include "engine/pictures/picture.h"

G_BEGIN_DECLS

/* Alpha over white as picture viewers do it, on the stored values. In place works. */
void sg_picture_flatten(const guint8 *rgba, guint8 *rgb, gsize pixels);

gboolean sg_webp_recognise(const guint8 *data, gsize size);
gboolean sg_webp_read(const guint8 *data, gsize size, guint8 **rgb, int *width, int *height,
                      GError **error);

G_END_DECLS
