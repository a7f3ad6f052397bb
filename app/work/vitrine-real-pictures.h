/* VitrineRealPictures: pictures of a data set, scored by the open model's discriminator as it
 * scores the generator's. */
#pragma once

#include <gio/gio.h>
#include "app/session/vitrine-view.h"
#include "engine/explore/weights/real-score.h"

G_BEGIN_DECLS

/* Reference counted: the task that scores them may still be in its last step. One task at a
 * time. */
typedef struct _VitrineRealPictures VitrineRealPictures;
void vitrine_real_pictures_unref(VitrineRealPictures *pictures);

/* Reads some of the data set at `path` on a worker; NULL: of the one that the model's training
 * used. `done` gets `source`. */
void vitrine_real_pictures_read(SgModel *model, const char *path, GObject *source,
                                GAsyncReadyCallback done, gpointer data);
/* NULL without an error: no data set is known. *name is what to call it, to be freed. */
VitrineRealPictures *vitrine_real_pictures_finish(GAsyncResult *result, char **name,
                                                  GError **error);

typedef struct {
  SgScoreSummary summary; /* or */
  GError *error;
} VitrineRealScore;
/* Called on the main thread with a VitrineRealScore (borrowed), and once with NULL at the end. */
typedef void (*VitrineRealScoreFunc)(gpointer score, gboolean finished, gpointer user_data);
/* A task of the view's; returns its id. */
guint vitrine_real_pictures_score(VitrineRealPictures *pictures, VitrineView *view,
                                  VitrineRealScoreFunc done, gpointer user_data);

G_END_DECLS
