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
