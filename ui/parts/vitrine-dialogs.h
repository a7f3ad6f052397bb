/* Messages and the about box, by whichever widgets this libadwaita has. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A heading and whole sentences, one button. Returns the dialog, borrowed, for the caller to
 * watch. */
GtkWidget *vitrine_dialogs_message(GtkWindow *parent, const char *heading, const char *body);
void vitrine_dialogs_close(GtkWidget *dialog);
/* Makes `window` transient for `parent`. GTK leaves a window that goes with its parent
 * (destroy-with-parent) a pointer to it, which is followed once more when the window is finalized:
 * later than the parent, where a worker's answer still holds it. So the parent's end is
 * heard here, too. */
void vitrine_dialogs_attach(GtkWindow *window, GtkWindow *parent);

typedef enum {
  VITRINE_CHOICE_PLAIN,
  VITRINE_CHOICE_SUGGESTED,
  VITRINE_CHOICE_DESTRUCTIVE
} VitrineChoiceLook;
typedef struct {
  const char *id, *label; /* untranslated; id NULL ends the list */
  VitrineChoiceLook look;
} VitrineChoice;
typedef void (*VitrineAnswerFunc)(const char *id, gpointer data);
/* A question with several answers; the first is also what closing the dialog means. `extra` (taken)
 * stands below the text, or NULL. Returns the dialog, borrowed. */
GtkWidget *vitrine_dialogs_ask(GtkWindow *parent, const char *heading, const char *body,
                               const VitrineChoice *choices, GtkWidget *extra,
                               VitrineAnswerFunc done, gpointer data);
/* A modal window of its own for `page` (taken), closed by Escape or Ctrl+W. */
void vitrine_dialogs_present_page(GtkWindow *parent, const char *title, int width, int height,
                                  GtkWidget *page);
void vitrine_dialogs_about(GtkWindow *parent);

G_END_DECLS
