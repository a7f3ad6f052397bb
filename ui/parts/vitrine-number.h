/* Numbers as people type and read them, and the logarithmic scale of the global factor. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* "3 d 04 h", "2 h 05 min", "14 min", "40 s"; to be freed. */
char *vitrine_duration_text(double seconds);
/* Accepts a decimal point or comma, a Unicode minus, surrounding blanks. FALSE, leaving `value`
 * alone, for anything else that is not wholly one finite number. */
gboolean vitrine_number_parse(const char *text, double *value);
/* With two decimals ("-0.00" becomes "0.00"); to be freed. */
char *vitrine_number_format(double value);
/* As many digits as matter, at least two decimals: what an entry shows while it is edited. To be
 * freed. */
char *vitrine_number_format_exact(double value);

/* Of an entry: what commands take, far beyond anything sensible. */
#define VITRINE_NUMBER_MAX 1e6

/* A light entry for one number (a bare GtkText). It shows two decimals, and every digit while
 * focused. `func` is called when another number was entered with Enter or by leaving the entry;
 * Escape and what is no number bring the old one back, and so does one beyond ±VITRINE_NUMBER_MAX,
 * which is said (by the action "win.say"). */
typedef void (*VitrineNumberFunc)(GtkWidget *entry, double value, gpointer data);
GtkWidget *vitrine_number_entry_new(int width_chars, VitrineNumberFunc func, gpointer data);
/* Shows `value`, unless the entry is being typed into. Does not call `func`. */
void vitrine_number_entry_set(GtkWidget *entry, double value);
double vitrine_number_entry_get(GtkWidget *entry);
/* Drops what is being typed: for a row that is about to show another dimension. */
void vitrine_number_entry_revert(GtkWidget *entry);

/* The paper's nine factors of the whole latent vector, ascending. */
#define VITRINE_N_FACTORS 9
extern const double vitrine_factors[VITRINE_N_FACTORS];
/* Position 0…1 along the logarithmic slider <-> factor 0.05…10. Positions of the nine factors give
 * exactly these factors. Both clamp. */
double vitrine_factor_to_position(double factor);
double vitrine_factor_from_position(double position);
/* The factor of the nine that lies within `reach` (in positions) of `position`, or else the
 * position's own, rounded to two significant decimals as a person would write it. */
double vitrine_factor_snap(double position, double reach);

/* Digits as wide as each other, and numbers from left to right whatever the language's direction:
 * without this "0.12 ± 0.03" and "−1.86" change their order among languages written from right to
 * left. For labels and entries whose text may be nothing but numbers, and for what draws some. */
void vitrine_numeric(GtkWidget *widget);
/* The same for all below `root` that a template has given the class "numeric", and for the texts of
 * spin buttons. */
void vitrine_numeric_all(GtkWidget *root);

/* Keeps the wheel for scrolling: without this a GtkRange under the pointer swallows it and
 * changes. */
void vitrine_range_ignore_wheel(GtkWidget *range);
/* Where the knob's centre is at the lowest and at the highest value, in the coordinates of
 * `widget`, which holds `range` (a widget's own coordinates begin inside its padding). Once `range`
 * is allocated. */
void vitrine_range_get_span(GtkWidget *range, GtkWidget *widget, double *from, double *to);

G_END_DECLS
