/* Bindings between properties and widgets that stand for one of a few values, or for a number of
 * the recipe. */
#pragma once

#include <gtk/gtk.h>
#include "app/session/vitrine-recipe-value.h"

G_BEGIN_DECLS

/* While `button` (of a group) is active the source's property, an int, is `value`; and the other
 * way round. */
void vitrine_bind_choice(GBindingGroup *group, const char *property, GtkToggleButton *button,
                         int value);
/* The source's property, a double, in steps of 1 / `per_unit` where the widget is moved; what the
 * source has of its own accord is shown as it is. */
void vitrine_bind_rounded(GBindingGroup *group, const char *property, gpointer target,
                          const char *target_property, int per_unit);

/* Numbers of the recipe and what shows them, in both directions. `values` owns them: whoever takes
 * a widget away, or changes what it can show, empties the array first, for a widget that goes
 * writes back what was typed into it. */
GPtrArray *vitrine_bind_values_new(void);
/* The value of a scale or spin button. */
void vitrine_bind_range(GPtrArray *values, VitrineRecipeValue *value, GtkAdjustment *adjustment);
/* The line of a drop-down. */
void vitrine_bind_line(GPtrArray *values, VitrineRecipeValue *value, GtkDropDown *drop);
/* "active" of a button: on stands for 1, off for 0. */
void vitrine_bind_active(GPtrArray *values, VitrineRecipeValue *value, GtkWidget *button);

G_END_DECLS
