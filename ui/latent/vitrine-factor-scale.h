/* The logarithmic slider of the global factor, 0.05…10, with the paper's nine factors under it as
 * small buttons. Property: "factor" double, read-write; one beyond the ends shows at the end. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_FACTOR_SCALE (vitrine_factor_scale_get_type())
G_DECLARE_FINAL_TYPE(VitrineFactorScale, vitrine_factor_scale, VITRINE, FACTOR_SCALE, GtkWidget)

G_END_DECLS
