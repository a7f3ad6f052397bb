/* VitrineTrough: a slider whose trough shows what it leads to: small pictures above it, each over
 * the value that it is of. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_TROUGH (vitrine_trough_get_type())
G_DECLARE_FINAL_TYPE(VitrineTrough, vitrine_trough, VITRINE, TROUGH, GtkWidget)

/* The slider spans -2.5…2.5 times its step, which grows with what it has to show; the pictures are
 * those of -2, -1, 0, 1, 2 times the step. */
GtkWidget *vitrine_trough_new(void);
/* Its range fits itself to a value that is set by vitrine_trough_fit(). */
GtkAdjustment *vitrine_trough_get_adjustment(VitrineTrough *self); /* borrowed */
GtkWidget *vitrine_trough_get_scale(VitrineTrough *self);          /* borrowed */
/* Makes room for a value, and takes the adjustment there. */
void vitrine_trough_fit(VitrineTrough *self, double value);
double vitrine_trough_get_step(VitrineTrough *self);
/* Pictures side by side, NULL: none yet. Old ones are shown pale. */
void vitrine_trough_set_strip(VitrineTrough *self, GdkTexture *strip, int n);
GdkTexture *vitrine_trough_get_strip(VitrineTrough *self); /* borrowed */
void vitrine_trough_set_stale(VitrineTrough *self, gboolean stale);

G_END_DECLS
