/* A bin that may be smaller than its child wants to be, and says so to whoever arranges the child
 * anew. libadwaita has this from 1.4 on (AdwBreakpointBin); Debian 12 has 1.2. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_ADAPTIVE (vitrine_adaptive_get_type())
G_DECLARE_FINAL_TYPE(VitrineAdaptive, vitrine_adaptive, VITRINE, ADAPTIVE, GtkWidget)

/* "child"; "least-width" and "least-height", in pixels: what it asks for; "narrow" (read-only):
 * the child as it is arranged for a wide window does not fit, however large its text is. What
 * listens to "narrow" is told outside the layout. */

G_END_DECLS
