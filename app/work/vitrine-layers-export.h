/* What the Layers pane writes to files. Both return at once; the session tells how it went. */
#pragma once

#include <gdk/gdk.h>
#include "app/session/vitrine-session.h"
#include "engine/explore/probe.h"

G_BEGIN_DECLS

void vitrine_layers_export_picture(VitrineSession *session, GdkTexture *texture, GFile *file);
void vitrine_layers_export_csv(VitrineSession *session, const SgProbe *probe,
                               const SgChannelStats *stats, GFile *file);

G_END_DECLS
