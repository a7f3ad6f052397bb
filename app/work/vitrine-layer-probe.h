/* What the Layers pane shows of one stage, computed as a task on the render thread. */
#pragma once

#include <gdk/gdk.h>
#include "app/session/vitrine-tasks.h"
#include "engine/explore/probe.h"

G_BEGIN_DECLS

typedef struct {
  SgRecipe *recipe; /* owned */
  guint stage;
  int columns; /* of the grid of channels */
  gboolean common_scale;
} VitrineLayerQuery;

/* Everything is owned by it; absent parts are NULL. */
typedef struct {
  GArray *stages; /* of SgProbeStage */
  guint stage;
  SgProbe *probe;
  SgChannelStats *stats; /* [channels of probe->activation] */
  int columns;           /* of the grid */
  GdkTexture *grid, *mean;
  GPtrArray *contributions; /* of GdkTexture */
  char *error;
} VitrineLayerView;

/* Its data is a VitrineLayerQuery (taken), its only news a VitrineLayerView. */
VitrineTaskClass vitrine_layer_probe_class(void (*news)(gpointer, gboolean, gpointer));
/* One channel (-1: the mean), stretched over black to white; NULL if memory is short. */
GdkTexture *vitrine_layer_channel_texture(const SgTensor *activation, int channel);

G_END_DECLS
