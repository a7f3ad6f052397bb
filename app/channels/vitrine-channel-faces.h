/* VitrineChannelFaces: which faces of the open model excite a channel most and least, of so many
 * that are drawn once and kept in the user's cache (engine/explore/causes/channel-sample.h), as the
 * command "channels" does. Newer weights, and another model, end it. Main thread. */
#pragma once

#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_CHANNEL_FACES (vitrine_channel_faces_get_type())
G_DECLARE_FINAL_TYPE(VitrineChannelFaces, vitrine_channel_faces, VITRINE, CHANNEL_FACES, GObject)

#define VITRINE_CHANNEL_SAMPLES 2000

/* Signal "changed": more are drawn, or there is no sample any more. */

VitrineChannelFaces *vitrine_channel_faces_new(VitrineSession *session);
/* Looks into the cache and, with `draw`, draws what is not there, while nobody waits for a
 * picture. */
void vitrine_channel_faces_ask(VitrineChannelFaces *self, gboolean draw);
void vitrine_channel_faces_cancel(VitrineChannelFaces *self);
/* 0…1 while faces are drawn, else below 0. */
double vitrine_channel_faces_get_progress(VitrineChannelFaces *self);
/* Why there are none, for people; NULL. */
const char *vitrine_channel_faces_get_error(VitrineChannelFaces *self);
/* Seeds of the faces that excite a channel most (or least), at most `count`; 0: there is no sample
 * (yet), or no such channel. */
int vitrine_channel_faces_get(VitrineChannelFaces *self, guint stage, int channel, gboolean most,
                              int count, int *seeds);

G_END_DECLS
