/* What makes the face before any dimension is touched: seed, faces, class, truncation, noise,
 * scale. */
#pragma once

#include <gtk/gtk.h>

#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_GENERATION (vitrine_generation_get_type())
G_DECLARE_FINAL_TYPE(VitrineGeneration, vitrine_generation, VITRINE, GENERATION, GtkBox)

/* Properties: "session" VitrineSession, set once, before it is shown. */

/* The seed after (1) or before (-1) this one, or a random one (0). */
void vitrine_generation_step_seed(VitrineGeneration *self, int step);

G_END_DECLS
