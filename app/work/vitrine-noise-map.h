/* VitrineNoiseMap: how much each pixel of what is shown differs from draw to draw of the noise,
 * measured on the render thread while nobody waits for a picture, and begun anew when the recipe or
 * the weights change. One a session. Main thread. */
#pragma once

#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_NOISE_MAP (vitrine_noise_map_get_type())
G_DECLARE_FINAL_TYPE(VitrineNoiseMap, vitrine_noise_map, VITRINE, NOISE_MAP, GObject)

#define VITRINE_NOISE_DRAWS 100

/* Properties: "active" boolean, read-write: somebody looks at it. Read-only, notify: "text" string:
 * what was found so far; "" while it is not active.
 *
 * Signal "changed": there is another map, or none. */

/* The session's own, borrowed. */
VitrineNoiseMap *vitrine_noise_map_of(VitrineSession *session);
/* All faces in the layout of the picture: grey, and red to white where noise acts. Borrowed; NULL:
 * not active, or nothing was drawn yet. */
GdkTexture *vitrine_noise_map_get_texture(VitrineNoiseMap *self);
/* How many draws it is of. */
int vitrine_noise_map_get_draws(VitrineNoiseMap *self);

G_END_DECLS
