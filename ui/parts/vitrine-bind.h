/* Bindings between properties and widgets that stand for one of a few values. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* While `button` (of a group) is active the source's property, an int, is `value`; and the other
 * way round. */
void vitrine_bind_choice(GBindingGroup *group, const char *property, GtkToggleButton *button,
                         int value);
/* The source's property, a double, in steps of 1 / `per_unit` where the widget is moved; what the
 * source has of its own accord is shown as it is. */
void vitrine_bind_rounded(GBindingGroup *group, const char *property, gpointer target,
                          const char *target_property, int per_unit);

G_END_DECLS
