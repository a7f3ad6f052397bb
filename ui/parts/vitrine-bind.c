#include "ui/parts/vitrine-bind.h"
#include <math.h>

static gboolean
to_active(GBinding *binding, const GValue *from, GValue *to, gpointer value)
{
  g_value_set_boolean(to, g_value_get_int(from) == GPOINTER_TO_INT(value));
  return TRUE;
}

/* A button that goes off says nothing: another one of its group goes on. */
static gboolean
from_active(GBinding *binding, const GValue *from, GValue *to, gpointer value)
{
  g_value_set_int(to, GPOINTER_TO_INT(value));
  return g_value_get_boolean(from);
}

void
vitrine_bind_choice(GBindingGroup *group, const char *property, GtkToggleButton *button, int value)
{
  g_return_if_fail(GTK_IS_TOGGLE_BUTTON(button));
  g_binding_group_bind_full(group, property, button, "active", G_BINDING_BIDIRECTIONAL, to_active,
                            from_active, GINT_TO_POINTER(value), NULL);
}

static gboolean
rounded(GBinding *binding, const GValue *from, GValue *to, gpointer per_unit)
{
  double n = GPOINTER_TO_INT(per_unit);
  g_value_set_double(to, round(g_value_get_double(from) * n) / n);
  return TRUE;
}

void
vitrine_bind_rounded(GBindingGroup *group, const char *property, gpointer target,
                     const char *target_property, int per_unit)
{
  g_return_if_fail(G_IS_OBJECT(target));
  g_binding_group_bind_full(group, property, target, target_property, G_BINDING_BIDIRECTIONAL, NULL,
                            rounded, GINT_TO_POINTER(per_unit), NULL);
}

/* ---- numbers of the recipe ------------------------------------------------------------------- */

static gboolean
to_line(GBinding *binding, const GValue *from, GValue *to, gpointer unused)
{
  g_value_set_uint(to, (guint)g_value_get_double(from));
  return TRUE;
}

static gboolean
from_line(GBinding *binding, const GValue *from, GValue *to, gpointer unused)
{
  g_value_set_double(to, g_value_get_uint(from));
  return g_value_get_uint(from) != GTK_INVALID_LIST_POSITION;
}

static gboolean
to_switch(GBinding *binding, const GValue *from, GValue *to, gpointer unused)
{
  g_value_set_boolean(to, g_value_get_double(from) != 0);
  return TRUE;
}

static gboolean
from_switch(GBinding *binding, const GValue *from, GValue *to, gpointer unused)
{
  g_value_set_double(to, g_value_get_boolean(from) ? 1 : 0);
  return TRUE;
}

GPtrArray *
vitrine_bind_values_new(void)
{
  return g_ptr_array_new_with_free_func(g_object_unref);
}

static void
bind_value(GPtrArray *values, VitrineRecipeValue *value, gpointer widget, const char *property,
           GBindingTransformFunc to, GBindingTransformFunc from)
{
  g_ptr_array_add(values, value);
  g_object_bind_property_full(value, "value", widget, property,
                              G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE, to, from, NULL,
                              NULL);
}

void
vitrine_bind_range(GPtrArray *values, VitrineRecipeValue *value, GtkAdjustment *adjustment)
{
  g_return_if_fail(GTK_IS_ADJUSTMENT(adjustment));
  bind_value(values, value, adjustment, "value", NULL, NULL);
}

void
vitrine_bind_line(GPtrArray *values, VitrineRecipeValue *value, GtkDropDown *drop)
{
  g_return_if_fail(GTK_IS_DROP_DOWN(drop));
  bind_value(values, value, drop, "selected", to_line, from_line);
}

void
vitrine_bind_active(GPtrArray *values, VitrineRecipeValue *value, GtkWidget *button)
{
  g_return_if_fail(GTK_IS_WIDGET(button));
  bind_value(values, value, button, "active", to_switch, from_switch);
}
