/* What a data set holds, found out on a worker: for the preview of a new training. */
#pragma once

#include <gdk/gdk.h>

G_BEGIN_DECLS

#define VITRINE_RUN_DATA_PICTURES 12
#define VITRINE_RUN_DATA_REFUSALS 200

typedef struct {
  char *path, *summary; /* "Zip of images: 12 000 pictures, 64 × 64, colour, 40 labels" */
  guint n;
  int resolution, channels, label_dim;
  guint n_refused;
  GPtrArray *refused;  /* of char*: "name\nreason", at most VITRINE_RUN_DATA_REFUSALS */
  GPtrArray *pictures; /* of GdkTexture: spread over the set */
} VitrineRunData;

void vitrine_run_data_free(VitrineRunData *data);
/* Opens `path` on a worker. Cancelling lets `done` have its G_IO_ERROR_CANCELLED at once; the
 * worker ends by itself. */
void vitrine_run_data_load(const char *path, GCancellable *cancellable, GAsyncReadyCallback done,
                           gpointer user_data);
VitrineRunData *vitrine_run_data_load_finish(GAsyncResult *result, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VitrineRunData, vitrine_run_data_free)

G_END_DECLS
