/* The logarithmic slider of the global factor, 0.05…10, with the paper's nine factors under it as
 * small buttons. Signal "factor-changed" (double): the person chose another one. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_FACTOR_SCALE (vitrine_factor_scale_get_type())
G_DECLARE_FINAL_TYPE(VitrineFactorScale, vitrine_factor_scale, VITRINE, FACTOR_SCALE, GtkWidget)

/* Shows `factor`; emits nothing. A factor beyond the ends shows at the end. */
void vitrine_factor_scale_set(VitrineFactorScale *self, double factor);

G_END_DECLS
