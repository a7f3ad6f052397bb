#include "ui/latent/vitrine-factor-scale.h"

#include <glib/gi18n.h>
#include <math.h>

#include "ui/parts/vitrine-number.h"

/* GtkScale's own marks pull from 12 pixels away: with nine of them nothing else could be
 * reached. */
#define SNAP_PIXELS 4.0

struct _VitrineFactorScale {
  GtkWidget parent_instance;
  GtkWidget *scale;
  GtkWidget *marks[VITRINE_N_FACTORS];
  double factor;
};

static GParamSpec *factor_property;

G_DEFINE_FINAL_TYPE(VitrineFactorScale, vitrine_factor_scale, GTK_TYPE_WIDGET)

static void
set_factor(VitrineFactorScale *self, double factor)
{
  self->factor = factor;
  gtk_range_set_value(GTK_RANGE(self->scale), vitrine_factor_to_position(factor));
  g_autofree char *text = g_strdup_printf("%.3g", factor);
  gtk_accessible_update_property(GTK_ACCESSIBLE(self->scale), GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT,
                                 text, -1);
  for (int i = 0; i < VITRINE_N_FACTORS; i++) {
    if (vitrine_factors[i] == factor)
      gtk_widget_add_css_class(self->marks[i], "current");
    else
      gtk_widget_remove_css_class(self->marks[i], "current");
  }
}

static void
choose(VitrineFactorScale *self, double factor)
{
  if (factor == self->factor)
    return;
  set_factor(self, factor);
  g_object_notify_by_pspec(G_OBJECT(self), factor_property);
}

static void
value_changed_cb(GtkRange *range, VitrineFactorScale *self)
{
  double position = gtk_range_get_value(range);

  /* Where the factor itself puts it is no choice. */
  if (position != CLAMP(vitrine_factor_to_position(self->factor), 0, 1))
    choose(self, vitrine_factor_snap(position, 1e-6));
}

/* The next of the nine, up or down. */
static double
neighbour(double factor, gboolean up)
{
  if (up) {
    for (int i = 0; i < VITRINE_N_FACTORS; i++)
      if (vitrine_factors[i] > factor + 1e-9)
        return vitrine_factors[i];
    return vitrine_factors[VITRINE_N_FACTORS - 1];
  }
  for (int i = VITRINE_N_FACTORS - 1; i >= 0; i--)
    if (vitrine_factors[i] < factor - 1e-9)
      return vitrine_factors[i];
  return vitrine_factors[0];
}

static gboolean
change_value_cb(GtkRange *range, GtkScrollType scroll, double position, VitrineFactorScale *self)
{
  switch (scroll) {
  case GTK_SCROLL_JUMP:
    choose(self, vitrine_factor_snap(CLAMP(position, 0, 1),
                                     SNAP_PIXELS / MAX(1, gtk_widget_get_width(self->scale))));
    return TRUE;
  case GTK_SCROLL_PAGE_FORWARD:
  case GTK_SCROLL_PAGE_RIGHT:
  case GTK_SCROLL_PAGE_UP:
    choose(self, neighbour(self->factor, TRUE));
    return TRUE;
  case GTK_SCROLL_PAGE_BACKWARD:
  case GTK_SCROLL_PAGE_LEFT:
  case GTK_SCROLL_PAGE_DOWN:
    choose(self, neighbour(self->factor, FALSE));
    return TRUE;
  default:
    return FALSE;
  }
}

static void
mark_clicked_cb(GtkWidget *mark, VitrineFactorScale *self)
{
  for (int i = 0; i < VITRINE_N_FACTORS; i++)
    if (self->marks[i] == mark)
      choose(self, vitrine_factors[i]);
}

static void
vitrine_factor_scale_init(VitrineFactorScale *self)
{
  GtkAdjustment *adjustment = gtk_adjustment_new(0, 0, 1, 0.01, 0.1, 0);
  self->scale = gtk_scale_new(GTK_ORIENTATION_HORIZONTAL, adjustment);
  gtk_widget_set_name(self->scale, "scale-scale");
  gtk_scale_set_has_origin(GTK_SCALE(self->scale), FALSE);
  gtk_widget_set_tooltip_text(self->scale, _("Multiplies the whole latent vector (logarithmic)"));
  gtk_accessible_update_property(GTK_ACCESSIBLE(self->scale), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                 _("Global scale"), -1);
  g_signal_connect(self->scale, "value-changed", G_CALLBACK(value_changed_cb), self);
  g_signal_connect(self->scale, "change-value", G_CALLBACK(change_value_cb), self);
  gtk_widget_set_parent(self->scale, GTK_WIDGET(self));
  for (int i = 0; i < VITRINE_N_FACTORS; i++) {
    g_autofree char *text = g_strdup_printf("%g", vitrine_factors[i]);
    g_autofree char *name = g_strdup_printf("scale-mark-%d", i);
    g_autofree char *label = g_strdup_printf(_("Scale by %s"), text);
    GtkWidget *mark = self->marks[i] = gtk_button_new_with_label(text);
    gtk_widget_set_name(mark, name);
    gtk_widget_add_css_class(mark, "flat");
    gtk_widget_add_css_class(mark, "factor-mark");
    gtk_widget_set_focus_on_click(mark, FALSE);
    /* Page Up and Page Down go from mark to mark; nine more stops for Tab would only be in the
     * way. */
    gtk_widget_set_focusable(mark, FALSE);
    gtk_widget_set_tooltip_text(mark, label);
    gtk_accessible_update_property(GTK_ACCESSIBLE(mark), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
    g_signal_connect(mark, "clicked", G_CALLBACK(mark_clicked_cb), self);
    gtk_widget_set_parent(mark, GTK_WIDGET(self));
  }
  set_factor(self, 1);
}

static void
vitrine_factor_scale_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_double(value, VITRINE_FACTOR_SCALE(object)->factor);
}

static void
vitrine_factor_scale_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  choose(VITRINE_FACTOR_SCALE(object), g_value_get_double(value));
}

static void
vitrine_factor_scale_dispose(GObject *object)
{
  GtkWidget *child;
  while ((child = gtk_widget_get_first_child(GTK_WIDGET(object))) != NULL)
    gtk_widget_unparent(child);
  VITRINE_FACTOR_SCALE(object)->scale = NULL;
  G_OBJECT_CLASS(vitrine_factor_scale_parent_class)->dispose(object);
}

static void
vitrine_factor_scale_measure(GtkWidget *widget, GtkOrientation orientation, int for_size,
                             int *minimum, int *natural, int *minimum_baseline,
                             int *natural_baseline)
{
  VitrineFactorScale *self = VITRINE_FACTOR_SCALE(widget);
  int marks = 0, size;
  gtk_widget_measure(self->scale, orientation, -1, minimum, natural, NULL, NULL);
  for (int i = 0; i < VITRINE_N_FACTORS; i++) {
    gtk_widget_measure(self->marks[i], orientation, -1, &size, NULL, NULL, NULL);
    marks = orientation == GTK_ORIENTATION_HORIZONTAL ? marks + size : MAX(marks, size);
  }
  if (orientation == GTK_ORIENTATION_HORIZONTAL) {
    *minimum = *natural = MAX(*minimum, marks);
  } else {
    *minimum += marks;
    *natural += marks;
  }
}

static void
vitrine_factor_scale_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
  VitrineFactorScale *self = VITRINE_FACTOR_SCALE(widget);
  gboolean rtl = gtk_widget_get_direction(widget) == GTK_TEXT_DIR_RTL;
  int marks_height, scale_height;
  gtk_widget_measure(self->scale, GTK_ORIENTATION_VERTICAL, -1, &scale_height, NULL, NULL, NULL);
  marks_height = height - scale_height;
  gtk_widget_size_allocate(self->scale, &(GtkAllocation){0, 0, width, scale_height}, -1);
  double from, to;
  vitrine_range_get_span(self->scale, widget, &from, &to);
  int edge = 0; /* where the previous mark ends: the first ones stand close and must not overlap */
  for (int i = 0; i < VITRINE_N_FACTORS; i++) {
    int w;
    gtk_widget_measure(self->marks[i], GTK_ORIENTATION_HORIZONTAL, -1, &w, NULL, NULL, NULL);
    double centre = from + (to - from) * vitrine_factor_to_position(vitrine_factors[i]);
    int x = CLAMP((int)lrint(centre - w / 2.0), edge, MAX(edge, width - w));
    edge = x + w;
    gtk_widget_size_allocate(
        self->marks[i], &(GtkAllocation){rtl ? width - x - w : x, scale_height, w, marks_height},
        -1);
  }
}

static void
vitrine_factor_scale_class_init(VitrineFactorScaleClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
  G_OBJECT_CLASS(class)->dispose = vitrine_factor_scale_dispose;
  widget_class->measure = vitrine_factor_scale_measure;
  widget_class->size_allocate = vitrine_factor_scale_size_allocate;
  gtk_widget_class_set_css_name(widget_class, "factor-scale");
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  G_OBJECT_CLASS(class)->get_property = vitrine_factor_scale_get_property;
  G_OBJECT_CLASS(class)->set_property = vitrine_factor_scale_set_property;
  factor_property =
      g_param_spec_double("factor", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 1,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_property(G_OBJECT_CLASS(class), 1, factor_property);
}
