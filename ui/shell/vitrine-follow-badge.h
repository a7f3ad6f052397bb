/* VitrineFollowBadge: over the picture: which training is followed and how far its weights are,
 * with a button that ends it; or that the open model's training runs, with a button that follows
 * it. */
#pragma once

#include <gtk/gtk.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_FOLLOW_BADGE (vitrine_follow_badge_get_type())
G_DECLARE_FINAL_TYPE(VitrineFollowBadge, vitrine_follow_badge, VITRINE, FOLLOW_BADGE, GtkBox)

/* Properties: "session" VitrineSession, set once. */

G_END_DECLS
