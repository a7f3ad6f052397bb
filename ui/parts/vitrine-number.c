#include "ui/parts/vitrine-number.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

char *
vitrine_duration_text(double seconds)
{
  gint64 s = seconds >= 0 ? (gint64)(MIN(seconds, 1e12) + 0.5) : 0;

  if (s < 60)
    return g_strdup_printf(_("%d s"), (int)s);
  if (s < 3600)
    return g_strdup_printf(_("%d min"), (int)((s + 30) / 60));
  if (s < 86400)
    return g_strdup_printf(_("%d h %02d min"), (int)(s / 3600), (int)(s / 60 % 60));
  return g_strdup_printf(_("%d d %02d h"), (int)(s / 86400), (int)(s / 3600 % 24));
}

gboolean
vitrine_number_parse(const char *text, double *value)
{
  g_autoptr(GString) s = g_string_new(text);
  g_string_replace(s, "−", "-", 0);
  g_string_replace(s, ",", ".", 0);
  g_strstrip(s->str);
  if (s->str[0] == '\0')
    return FALSE;
  char *end;
  double v = g_ascii_strtod(s->str, &end);
  if (*end != '\0' || !isfinite(v))
    return FALSE;
  *value = v;
  return TRUE;
}

char *
vitrine_number_format(double value)
{
  /* -0.004 reads "0.00": a sign without a number behind it only puzzles. */
  return g_strdup_printf("%.2f", fabs(value) < 0.005 ? 0.0 : value);
}

char *
vitrine_number_format_exact(double value)
{
  char *text = g_strdup_printf("%.9g", value);
  double shown = g_strtod(text, NULL), rounded = round(value * 100) / 100;
  if (strchr(text, 'e') == NULL && fabs(shown - rounded) < 1e-9 * fmax(1, fabs(value))) {
    g_free(text);
    return vitrine_number_format(value);
  }
  return text;
}

/* ---- the entry -- */

typedef struct {
  double value;
  gboolean focused;
  VitrineNumberFunc func;
  gpointer data;
} NumberEntry;

#define KEY "vitrine-number-entry"

static NumberEntry *
number_entry(GtkWidget *entry)
{
  return g_object_get_data(G_OBJECT(entry), KEY);
}

static void
number_entry_show(GtkWidget *entry)
{
  NumberEntry *self = number_entry(entry);
  g_autofree char *text =
      self->focused ? vitrine_number_format_exact(self->value) : vitrine_number_format(self->value);
  if (strcmp(text, gtk_editable_get_text(GTK_EDITABLE(entry))) != 0)
    gtk_editable_set_text(GTK_EDITABLE(entry), text);
}

static gboolean
in_range(GtkWidget *entry, double value)
{
  if (fabs(value) <= VITRINE_NUMBER_MAX)
    return TRUE;
  g_autofree char *text = g_strdup_printf(_("%g is out of range: from −%'.0f to %'.0f"), value,
                                          VITRINE_NUMBER_MAX, VITRINE_NUMBER_MAX);
  gtk_widget_error_bell(entry);
  gtk_widget_activate_action(entry, "win.say", "s", text);
  return FALSE;
}

/* Hands over what was typed, if it is a number other than the one shown. */
static void
number_entry_commit(GtkWidget *entry)
{
  NumberEntry *self = number_entry(entry);
  const char *text = gtk_editable_get_text(GTK_EDITABLE(entry));
  g_autofree char *exact = vitrine_number_format_exact(self->value);
  g_autofree char *brief = vitrine_number_format(self->value);
  double value;
  if (strcmp(text, exact) != 0 && strcmp(text, brief) != 0 && vitrine_number_parse(text, &value) &&
      value != self->value && in_range(entry, value)) {
    self->value = value;
    self->func(entry, value, self->data);
  }
  number_entry_show(entry);
}

static void
activate_cb(GtkWidget *entry, gpointer data)
{
  number_entry_commit(entry);
  gtk_editable_select_region(GTK_EDITABLE(entry), 0, -1);
}

static void
focus_cb(GtkWidget *entry, GParamSpec *pspec, gpointer data)
{
  NumberEntry *self = number_entry(entry);
  gboolean focused = gtk_widget_has_focus(entry);
  if (focused == self->focused)
    return;
  if (!focused)
    number_entry_commit(entry);
  self->focused = focused;
  number_entry_show(entry);
  if (focused)
    gtk_editable_select_region(GTK_EDITABLE(entry), 0, -1);
}

static gboolean
key_cb(GtkEventControllerKey *controller, guint keyval, guint keycode, GdkModifierType state,
       gpointer data)
{
  GtkWidget *entry = gtk_event_controller_get_widget(GTK_EVENT_CONTROLLER(controller));
  if (keyval != GDK_KEY_Escape)
    return GDK_EVENT_PROPAGATE;
  vitrine_number_entry_revert(entry);
  gtk_editable_select_region(GTK_EDITABLE(entry), 0, -1);
  return GDK_EVENT_STOP;
}

GtkWidget *
vitrine_number_entry_new(int width_chars, VitrineNumberFunc func, gpointer data)
{
  /* GtkText has no role of its own; GtkEntry, which has, costs twice as much in a long list. */
  GtkWidget *entry =
      g_object_new(GTK_TYPE_TEXT, "accessible-role", GTK_ACCESSIBLE_ROLE_TEXT_BOX, "width-chars",
                   width_chars, "max-width-chars", width_chars, "xalign", 1.0, "input-purpose",
                   GTK_INPUT_PURPOSE_NUMBER, "valign", GTK_ALIGN_CENTER, NULL);
  gtk_widget_add_css_class(entry, "number-entry");
  vitrine_numeric(entry);
  NumberEntry *self = g_new0(NumberEntry, 1);
  self->func = func;
  self->data = data;
  g_object_set_data_full(G_OBJECT(entry), KEY, self, g_free);
  g_signal_connect(entry, "activate", G_CALLBACK(activate_cb), NULL);
  g_signal_connect(entry, "notify::has-focus", G_CALLBACK(focus_cb), NULL);
  GtkEventController *keys = gtk_event_controller_key_new();
  gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
  g_signal_connect(keys, "key-pressed", G_CALLBACK(key_cb), NULL);
  gtk_widget_add_controller(entry, keys);
  number_entry_show(entry);
  return entry;
}

void
vitrine_number_entry_set(GtkWidget *entry, double value)
{
  NumberEntry *self = number_entry(entry);
  g_autofree char *exact = vitrine_number_format_exact(self->value);
  gboolean typing = self->focused && strcmp(exact, gtk_editable_get_text(GTK_EDITABLE(entry))) != 0;
  self->value = value;
  if (!typing)
    number_entry_show(entry);
}

double
vitrine_number_entry_get(GtkWidget *entry)
{
  return number_entry(entry)->value;
}

void
vitrine_number_entry_revert(GtkWidget *entry)
{
  number_entry_show(entry);
}

/* ---- the factor's scale -- */

const double vitrine_factors[VITRINE_N_FACTORS] = {0.05, 0.10, 0.25, 0.5, 1, 1.5, 2.5, 5, 10};

double
vitrine_factor_to_position(double factor)
{
  double low = vitrine_factors[0], high = vitrine_factors[VITRINE_N_FACTORS - 1];
  return log(CLAMP(factor, low, high) / low) / log(high / low);
}

double
vitrine_factor_from_position(double position)
{
  double low = vitrine_factors[0], high = vitrine_factors[VITRINE_N_FACTORS - 1];
  for (int i = 0; i < VITRINE_N_FACTORS; i++)
    if (fabs(position - vitrine_factor_to_position(vitrine_factors[i])) < 1e-9)
      return vitrine_factors[i];
  return low * pow(high / low, CLAMP(position, 0, 1));
}

double
vitrine_factor_snap(double position, double reach)
{
  int nearest = 0;
  double distance = G_MAXDOUBLE;
  for (int i = 0; i < VITRINE_N_FACTORS; i++) {
    double d = fabs(position - vitrine_factor_to_position(vitrine_factors[i]));
    if (d < distance) {
      distance = d;
      nearest = i;
    }
  }
  if (distance <= reach)
    return vitrine_factors[nearest];
  double factor = vitrine_factor_from_position(position);
  double parts = factor < 0.1 ? 1000 : factor < 2.5 ? 100 : 20;
  return round(factor * parts) / parts;
}

void
vitrine_numeric(GtkWidget *widget)
{
  g_return_if_fail(GTK_IS_WIDGET(widget));
  gtk_widget_add_css_class(widget, "numeric");
  gtk_widget_set_direction(widget, GTK_TEXT_DIR_LTR);
}

void
vitrine_numeric_all(GtkWidget *root)
{
  g_return_if_fail(GTK_IS_WIDGET(root));
  GtkWidget *parent = gtk_widget_get_parent(root);

  if (gtk_widget_has_css_class(root, "numeric") ||
      (GTK_IS_TEXT(root) && parent && GTK_IS_SPIN_BUTTON(parent)))
    vitrine_numeric(root);
  for (GtkWidget *c = gtk_widget_get_first_child(root); c; c = gtk_widget_get_next_sibling(c))
    vitrine_numeric_all(c);
}

void
vitrine_range_ignore_wheel(GtkWidget *range)
{
  g_autoptr(GListModel) controllers = gtk_widget_observe_controllers(range);
  for (guint i = 0; i < g_list_model_get_n_items(controllers); i++) {
    g_autoptr(GtkEventController) controller = g_list_model_get_item(controllers, i);
    if (GTK_IS_EVENT_CONTROLLER_SCROLL(controller))
      gtk_event_controller_set_propagation_phase(controller, GTK_PHASE_NONE);
  }
}

void
vitrine_range_get_span(GtkWidget *range, GtkWidget *widget, double *from, double *to)
{
  GdkRectangle rect;
  graphene_point_t corner = GRAPHENE_POINT_INIT(0, 0);
  int start, end;

  gtk_range_get_range_rect(GTK_RANGE(range), &rect);
  gtk_range_get_slider_range(GTK_RANGE(range), &start, &end);
  double half = CLAMP((end - start) / 2.0, 0, 12);
  if (!gtk_widget_compute_point(range, widget, &GRAPHENE_POINT_INIT((float)rect.x, 0), &corner))
    corner.x = (float)rect.x;
  *from = corner.x + half;
  *to = corner.x + rect.width - half;
}
