/* VitrinePrunedModel: a model as its pruned weights are, to be written and to be timed. */
#pragma once

#include <gio/gio.h>
#include "app/session/vitrine-view.h"
#include "engine/explore/weights/prune-save.h"

G_BEGIN_DECLS

/* Reference counted, any thread. */
typedef struct _VitrinePrunedModel VitrinePrunedModel;
VitrinePrunedModel *vitrine_pruned_model_new(SgModel *model, const SgPrune *prune);
void vitrine_pruned_model_unref(gpointer pruned);

/* Writes a safetensors file, on a worker. */
void vitrine_pruned_model_write(VitrinePrunedModel *pruned, const char *path,
                                GAsyncReadyCallback done, gpointer data);
gboolean vitrine_pruned_model_write_finish(GAsyncResult *result, SgPruneSaving *saving,
                                           GError **error);

typedef struct {
  SgPruneSpeed speed; /* or */
  char *error;
} VitrinePrunedSpeed;
/* Called on the main thread with a VitrinePrunedSpeed, borrowed, and once with NULL at the end. */
typedef void (*VitrinePrunedSpeedFunc)(gpointer speed, gboolean finished, gpointer user_data);
/* How long pictures take with and without the zeros: a task of the view's; returns its id. */
guint vitrine_pruned_model_measure(VitrinePrunedModel *pruned, VitrineView *view,
                                   VitrinePrunedSpeedFunc done, gpointer user_data);

G_END_DECLS
