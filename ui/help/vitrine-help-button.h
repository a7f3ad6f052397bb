/* VitrineHelpButton: "What is this?" A question mark that opens a few sentences and a small drawing
 * of one of the field's terms.
 *
 * Property "topic" (string): "z", "w", "style", "truncation", "noise", "score" or "pruning". */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_HELP_BUTTON (vitrine_help_button_get_type())
G_DECLARE_FINAL_TYPE(VitrineHelpButton, vitrine_help_button, VITRINE, HELP_BUTTON, GtkWidget)

GtkWidget *vitrine_help_button_new(const char *topic);
/* The names of all topics, NULL at the end. */
const char *const *vitrine_help_topics(void);

G_END_DECLS
