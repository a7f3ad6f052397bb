/* The picture as the bytes of a PNG with its recipe, and as a file in the cache: for the clipboard,
 * and for whoever it is dragged to. */
#pragma once

#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

/* Main thread, once; NULL: it could not be made, `error` says why. `texture` is the same
 * picture. */
typedef void (*VitrinePictureFileFunc)(GBytes *png, GFile *file, GdkTexture *texture,
                                       const char *error, gpointer data);
/* As large as the model draws it; the file, in a folder of the cache, is called `name`. Takes
 * `data`. */
void vitrine_picture_file(VitrineSession *session, const char *name, VitrinePictureFileFunc done,
                          gpointer data, GDestroyNotify free_data);

G_END_DECLS
