/* The small pictures of the mixing pane, as a task of the render thread: what one recipe looks like
 * under several mixings of its layers. */
#pragma once

#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

/* The picture of mixing `index` is there; borrowed; NULL if it could not be made. Main thread. */
typedef void (*VitrineMixingPictureFunc)(guint index, GdkTexture *texture, gpointer data);

/* Face 0 of `recipe` under each of n mixings, `mixes` [n, num_ws] (copied), one picture a step. At
 * most `size` pixels where the architecture allows. Stop with vitrine_view_stop_task(). */
guint vitrine_mixing_pictures_start(VitrineSession *session, const SgRecipe *recipe, guint n,
                                    int num_ws, const SgMixLayer *mixes, int size,
                                    VitrineMixingPictureFunc done, gpointer data);

G_END_DECLS
