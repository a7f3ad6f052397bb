/* VitrinePane: what all panes at the side of the picture are. A pane is made with the session that
 * it shows and edits; its class says what happens then.
 *
 * What the window must know before it makes one stands in a table of VitrinePaneInfo
 * (ui/shell/vitrine-panes.c): a new pane is a class with this parent and a line there. */
#pragma once

#include <gtk/gtk.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_PANE (vitrine_pane_get_type())
G_DECLARE_DERIVABLE_TYPE(VitrinePane, vitrine_pane, VITRINE, PANE, GtkBox)

/* Properties: "session" VitrineSession, construct-only: templates bind to it and to what it
 * owns. */

struct _VitrinePaneClass {
  GtkBoxClass parent_class;
  /* Once, when the pane has been built: connects it with `session`, which the pane keeps until it
   * is disposed of. May be NULL. */
  void (*start)(VitrinePane *self, VitrineSession *session);
  /* A button or finger is down somewhere in the panes (TRUE), or no longer. May be NULL. */
  void (*set_pressed)(VitrinePane *self, gboolean pressed);
};

typedef struct {
  const char *name;  /* of the page, and in the stored state and in actions: "latent" */
  const char *title; /* untranslated, but marked for it */
  const char *icon;
  const char *key; /* "F2" */
  GType (*type)(void);
} VitrinePaneInfo;

/* The table of all panes, in the order of the switcher. */
const VitrinePaneInfo *vitrine_panes(guint *n);

GtkWidget *vitrine_pane_new(const VitrinePaneInfo *info, VitrineSession *session);
VitrineSession *vitrine_pane_get_session(VitrinePane *self); /* borrowed */
void vitrine_pane_set_pressed(VitrinePane *self, gboolean pressed);

G_END_DECLS
