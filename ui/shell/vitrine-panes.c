/* The table of panes: the one place that knows which there are. The switcher, the keys, the list of
 * keys and the actions loop over it. */
#include <glib/gi18n.h>
#include "ui/parts/vitrine-pane.h"

#define PANES(PANE)                                                                                \
  PANE(explore, N_("Explore"), "F8", "find-location-symbolic")                                     \
  PANE(latent, N_("Latent"), "F2", "view-list-symbolic")                                           \
  PANE(mixing, N_("Mixing"), "F3", "media-playlist-shuffle-symbolic")                              \
  PANE(pruning, N_("Pruning"), "F4", "edit-cut-symbolic")                                          \
  PANE(weights, N_("Weights"), "F5", "network-cellular-signal-excellent-symbolic")                 \
  PANE(layers, N_("Layers"), "F6", "view-grid-symbolic")                                           \
  PANE(training, N_("Training"), "F7", "media-record-symbolic")

/* A pane that nobody else calls needs no header of its own. */
#define DECLARE(name, title, key, icon) GType vitrine_##name##_pane_get_type(void);
PANES(DECLARE)
#undef DECLARE

static const VitrinePaneInfo panes[] = {
#define INFO(name, title, key, icon) {#name, title, icon, key, vitrine_##name##_pane_get_type},
    PANES(INFO)
#undef INFO
};

const VitrinePaneInfo *
vitrine_panes(guint *n)
{
  *n = G_N_ELEMENTS(panes);
  return panes;
}
