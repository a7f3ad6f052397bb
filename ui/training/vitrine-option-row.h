/* VitrineOptionRow: one training option (engine/learn/options.h) as a row: a switch, a choice or an
 * entry, what it is when nothing is set, what is wrong with what was typed, and a way back. */
#pragma once

#include <adwaita.h>
#include "app/runs/vitrine-run-setup.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_OPTION_ROW (vitrine_option_row_get_type())
G_DECLARE_FINAL_TYPE(VitrineOptionRow, vitrine_option_row, VITRINE, OPTION_ROW, AdwActionRow)

/* A choice that sets nothing. */
#define VITRINE_OPTION_AUTOMATIC "automatic"

/* `title`: NULL for the option's own name, then the row carries its help and its default.
 * `choices`: what an entry would take too much for granted, NULL for the table's own. The control
 * is named "option-NAME". Keeps a reference on `setup`. */
GtkWidget *vitrine_option_row_new(VitrineRunSetup *setup, const char *name, const char *title,
                                  const char *const *choices);
/* What the row says below its title while nothing is wrong. */
void vitrine_option_row_set_note(VitrineOptionRow *self, const char *note);

G_END_DECLS
