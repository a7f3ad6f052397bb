/* The picture of the recipe as large as the model draws it, which the screen may not have shown. */
#pragma once

#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

/* Main thread, once, unless another model is opened or the window closes first. NULL: it could not
 * be drawn, `error` says why. */
typedef void (*VitrineWholePictureFunc)(GdkTexture *texture, const char *error, gpointer data);
/* Calls back at once if that is what is shown already; otherwise it is drawn. Takes `data`. */
void vitrine_whole_picture(VitrineSession *session, VitrineWholePictureFunc done, gpointer data,
                           GDestroyNotify free_data);

G_END_DECLS
