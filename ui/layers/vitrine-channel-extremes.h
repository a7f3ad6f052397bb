/* VitrineChannelExtremes: the nine faces that excite a channel most and the nine that do least, of
 * 2,000; a click opens one. They are drawn when the person asks for them, once per model. */
#pragma once

#include <gtk/gtk.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_CHANNEL_EXTREMES (vitrine_channel_extremes_get_type())
G_DECLARE_FINAL_TYPE(VitrineChannelExtremes, vitrine_channel_extremes, VITRINE, CHANNEL_EXTREMES,
                     GtkBox)

GtkWidget *vitrine_channel_extremes_new(VitrineSession *session);
/* channel < 0: none. */
void vitrine_channel_extremes_set_channel(VitrineChannelExtremes *self, guint stage, int channel);

G_END_DECLS
