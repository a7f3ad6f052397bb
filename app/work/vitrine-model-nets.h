/* What a training has to be told to have a model's networks: read on a worker. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  char *summary;      /* for people */
  GHashTable *values; /* name of an option -> its value */
} VitrineModelNets;

void vitrine_model_nets_free(VitrineModelNets *nets);
/* Error: it cannot be read, or no training can go on from it. */
void vitrine_model_nets_load(const char *path, GCancellable *cancellable, GAsyncReadyCallback done,
                             gpointer user_data);
VitrineModelNets *vitrine_model_nets_load_finish(GAsyncResult *result, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VitrineModelNets, vitrine_model_nets_free)

G_END_DECLS
