/* Relatives of a face (engine/journey/relatives.h) with their pictures, drawn on the render thread
 * while nobody waits for the face on the screen. Main thread. */
#pragma once

#include "app/session/vitrine-session.h"
#include "engine/journey/relatives.h"

G_BEGIN_DECLS

typedef struct {
  int done; /* of the relatives: pictures so far */
  SgRecipe *recipes[SG_RELATIVES];
  GdkTexture *textures[SG_RELATIVES]; /* NULL: not yet */
  char *error;                        /* why there are none; NULL: there are */
} VitrineRelativesNews;

/* Borrows the news. */
typedef void (*VitrineRelativesFunc)(const VitrineRelativesNews *news, gpointer data);

/* Copies `a`, `b` (NULL: neighbours) and `how`. Returns a task for vitrine_view_stop_task(); 0: no
 * model is open. */
guint vitrine_relatives_start(VitrineSession *session, const SgRecipe *a, const SgRecipe *b,
                              const SgRelation *how, VitrineRelativesFunc func, gpointer data);

G_END_DECLS
