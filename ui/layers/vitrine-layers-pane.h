/* VitrineLayersPane: what a stage of the synthesis network computes for the face that is shown:
 * its channels, their mean, what each resolution adds to the picture, the style, the noise. */
#pragma once

#include "ui/parts/vitrine-pane.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_LAYERS_PANE (vitrine_layers_pane_get_type())
G_DECLARE_FINAL_TYPE(VitrineLayersPane, vitrine_layers_pane, VITRINE, LAYERS_PANE, VitrinePane)

/* The stage shown, and the channel enlarged (-1: the mean). Out of range is clamped. */
void vitrine_layers_pane_show(VitrineLayersPane *self, guint stage, int channel);
/* All that is shown is of the session's current recipe. */
gboolean vitrine_layers_pane_is_current(VitrineLayersPane *self);

G_END_DECLS
