#include "ui/latent/vitrine-dimension-row.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "ui/parts/vitrine-number.h"

#define LABEL_WIDTH  60
#define BAR_HEIGHT   3
#define HEARD_HEIGHT 2
#define SPACING      4
#define SCALE_MIN    90
#define SLIDER_STEPS 10 /* per unit */

/* ---- the item -- */

G_DEFINE_FINAL_TYPE(VitrineDimension, vitrine_dimension, G_TYPE_OBJECT)

static void
vitrine_dimension_finalize(GObject *object)
{
  g_free(VITRINE_DIMENSION(object)->name);
  G_OBJECT_CLASS(vitrine_dimension_parent_class)->finalize(object);
}

static void
vitrine_dimension_class_init(VitrineDimensionClass *class)
{
  G_OBJECT_CLASS(class)->finalize = vitrine_dimension_finalize;
}

static void
vitrine_dimension_init(VitrineDimension *self)
{
  self->influence = self->heard = NAN;
}

VitrineDimension *
vitrine_dimension_new(int index)
{
  VitrineDimension *self = g_object_new(VITRINE_TYPE_DIMENSION, NULL);
  self->index = index;
  return self;
}

void
vitrine_dimension_set_name(VitrineDimension *self, const char *name)
{
  g_return_if_fail(VITRINE_IS_DIMENSION(self));
  char *copy = g_strdup(name);
  g_free(self->name);
  self->name = copy;
}

/* ---- a coloured box, drawn by CSS: bars of influence, of hearing, and from base to value -- */

#define VITRINE_TYPE_BAR (vitrine_bar_get_type())
G_DECLARE_FINAL_TYPE(VitrineBar, vitrine_bar, VITRINE, BAR, GtkWidget)
struct _VitrineBar {
  GtkWidget parent_instance;
};
G_DEFINE_FINAL_TYPE(VitrineBar, vitrine_bar, GTK_TYPE_WIDGET)

static void
vitrine_bar_class_init(VitrineBarClass *class)
{
  gtk_widget_class_set_css_name(GTK_WIDGET_CLASS(class), "bar");
  gtk_widget_class_set_accessible_role(GTK_WIDGET_CLASS(class), GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
vitrine_bar_init(VitrineBar *self)
{
  gtk_widget_set_can_target(GTK_WIDGET(self), FALSE);
}

/* ---- the row -- */

struct _VitrineDimensionRow {
  GtkWidget parent_instance;
  VitrineDimension *item;
  GtkWidget *label, *scale, *entry, *reset, *pin; /* owned as children */
  GtkWidget *change, *influence, *heard;          /* bars */
  GtkAdjustment *adjustment;                      /* the scale's */
  gboolean stale;
  gboolean fresh; /* just bound: what follows is of another dimension */
  /* 0…1 of the label's width; 0 hides the bar */
  double influence_share, heard_share;
};

enum { VALUE_ENTERED, RESET, PIN, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(VitrineDimensionRow, vitrine_dimension_row, GTK_TYPE_WIDGET)

static void
entered_cb(GtkWidget *entry, double value, gpointer data)
{
  g_signal_emit(data, signals[VALUE_ENTERED], 0, value);
}

/* What the slider shows of the item by itself, as near as its range lets it, is no edit. */
static void
scale_changed_cb(GtkAdjustment *adjustment, VitrineDimensionRow *self)
{
  double value = gtk_adjustment_get_value(adjustment);

  if (self->item != NULL && value != CLAMP(self->item->value, gtk_adjustment_get_lower(adjustment),
                                           gtk_adjustment_get_upper(adjustment)))
    g_signal_emit(self, signals[VALUE_ENTERED], 0, value);
}

/* A drag moves in tenths, and the tenth next to where the face was by itself is exactly there, so
 * that dragging back undoes. Keys move by exact steps and do not come by here. */
static gboolean
change_value_cb(GtkRange *range, GtkScrollType scroll, double value, VitrineDimensionRow *self)
{
  if (scroll != GTK_SCROLL_JUMP || self->item == NULL)
    return FALSE;
  double lower = gtk_adjustment_get_lower(self->adjustment);
  double upper = gtk_adjustment_get_upper(self->adjustment);
  double pixel = (upper - lower) / MAX(1, gtk_widget_get_width(self->scale));
  double reach = fmax(0.5 / SLIDER_STEPS + 1e-9, 0.75 * pixel);
  value = round(CLAMP(value, lower, upper) * SLIDER_STEPS) / SLIDER_STEPS;
  if (fabs(value - self->item->base) <= reach)
    value = self->item->base;
  gtk_range_set_value(range, value);
  return TRUE;
}

static void
reset_cb(GtkWidget *button, VitrineDimensionRow *self)
{
  g_signal_emit(self, signals[RESET], 0);
}

static void
pin_cb(GtkWidget *button, VitrineDimensionRow *self)
{
  g_signal_emit(self, signals[PIN], 0);
}

static GtkWidget *
row_button(const char *icon, GCallback clicked, VitrineDimensionRow *self)
{
  GtkWidget *button = gtk_button_new_from_icon_name(icon);
  gtk_widget_add_css_class(button, "flat");
  gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
  g_signal_connect(button, "clicked", clicked, self);
  return button;
}

static void
vitrine_dimension_row_init(VitrineDimensionRow *self)
{
  GtkWidget *widget = GTK_WIDGET(self);
  self->label = gtk_inscription_new(NULL);
  gtk_inscription_set_xalign(GTK_INSCRIPTION(self->label), 0);
  gtk_inscription_set_text_overflow(GTK_INSCRIPTION(self->label),
                                    GTK_INSCRIPTION_OVERFLOW_ELLIPSIZE_END);
  vitrine_numeric(self->label);

  self->adjustment = gtk_adjustment_new(0, -10, 10, 1.0 / SLIDER_STEPS, 1, 0);
  self->scale = gtk_scale_new(GTK_ORIENTATION_HORIZONTAL, self->adjustment);
  gtk_scale_set_has_origin(GTK_SCALE(self->scale), FALSE);
  vitrine_range_ignore_wheel(self->scale);
  g_signal_connect(self->scale, "change-value", G_CALLBACK(change_value_cb), self);
  g_signal_connect(self->adjustment, "value-changed", G_CALLBACK(scale_changed_cb), self);

  self->entry = vitrine_number_entry_new(7, entered_cb, self);
  gtk_widget_set_tooltip_text(
      self->scale, _("One number of the latent vector; what is added here every face gets"));
  gtk_widget_set_tooltip_text(self->entry, _("Any number; this slider's range grows with it"));
  self->reset = row_button("edit-undo-symbolic", G_CALLBACK(reset_cb), self);
  gtk_widget_set_tooltip_text(self->reset, _("Back to the face's own value (Delete)"));
  self->pin = row_button("non-starred-symbolic", G_CALLBACK(pin_cb), self);

  self->change =
      g_object_new(VITRINE_TYPE_BAR, "css-classes", (const char *[]){"change", NULL}, NULL);
  self->influence =
      g_object_new(VITRINE_TYPE_BAR, "css-classes", (const char *[]){"influence", NULL}, NULL);
  self->heard =
      g_object_new(VITRINE_TYPE_BAR, "css-classes", (const char *[]){"heard", NULL}, NULL);
  /* The order is that of painting and of Tab: the bar of change lies under the translucent
   * trough. */
  GtkWidget *children[] = {self->label, self->influence, self->heard, self->change,
                           self->scale, self->entry,     self->reset, self->pin};
  for (guint i = 0; i < G_N_ELEMENTS(children); i++)
    gtk_widget_set_parent(children[i], widget);
}

static void
vitrine_dimension_row_dispose(GObject *object)
{
  VitrineDimensionRow *self = VITRINE_DIMENSION_ROW(object);
  GtkWidget *child;
  while ((child = gtk_widget_get_first_child(GTK_WIDGET(self))) != NULL)
    gtk_widget_unparent(child);
  g_clear_object(&self->item);
  G_OBJECT_CLASS(vitrine_dimension_row_parent_class)->dispose(object);
}

/* ---- layout: label and bar, slider, entry, two buttons -- */

static void
vitrine_dimension_row_measure(GtkWidget *widget, GtkOrientation orientation, int for_size,
                              int *minimum, int *natural, int *minimum_baseline,
                              int *natural_baseline)
{
  VitrineDimensionRow *self = VITRINE_DIMENSION_ROW(widget);
  GtkWidget *parts[] = {self->entry, self->reset, self->pin, self->label, self->scale};
  gboolean across = orientation == GTK_ORIENTATION_HORIZONTAL;
  int total = across ? LABEL_WIDTH + SCALE_MIN + 4 * SPACING : 0;
  for (guint i = 0; i < (across ? 3 : G_N_ELEMENTS(parts)); i++) {
    int size;
    gtk_widget_measure(parts[i], orientation, -1, across ? NULL : &size, across ? &size : NULL,
                       NULL, NULL);
    total = across ? total + size : MAX(total, size);
  }
  *minimum = total;
  *natural = across ? total + SCALE_MIN : total;
}

static void
allocate_part(GtkWidget *row, GtkWidget *part, int x, int y, int width, int height)
{
  if (gtk_widget_get_direction(row) == GTK_TEXT_DIR_RTL)
    x = gtk_widget_get_width(row) - x - width;
  gtk_widget_size_allocate(part, &(GtkAllocation){x, y, width, height}, -1);
}

static int
natural_width(GtkWidget *part)
{
  int width;
  gtk_widget_measure(part, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &width, NULL, NULL);
  return width;
}

/* The bar between base and value, on the scale's trough. */
static void
allocate_change(VitrineDimensionRow *self, const GtkAllocation *scale)
{
  gboolean show = self->item != NULL && self->item->known && self->item->changed;
  gtk_widget_set_child_visible(self->change, show);
  if (!show)
    return;
  double left, right;
  vitrine_range_get_span(self->scale, GTK_WIDGET(self), &left, &right);
  double lower = gtk_adjustment_get_lower(self->adjustment);
  double upper = gtk_adjustment_get_upper(self->adjustment);
  double from = (CLAMP(self->item->base, lower, upper) - lower) / (upper - lower);
  double to = (CLAMP(self->item->value, lower, upper) - lower) / (upper - lower);
  double x = left + (right - left) * fmin(from, to);
  int width = MAX(2, (int)lrint((right - left) * fabs(to - from))), height = 4;
  int y = scale->y + (scale->height - height) / 2;
  allocate_part(GTK_WIDGET(self), self->change, (int)lrint(x), y, width, height);
}

/* A bar below the label. */
static void
allocate_bar(VitrineDimensionRow *self, GtkWidget *bar, double share, int y)
{
  gtk_widget_set_child_visible(bar, share > 0);
  if (share > 0)
    allocate_part(GTK_WIDGET(self), bar, 0, y, MAX(1, (int)lrint(share * (LABEL_WIDTH - 8))),
                  bar == self->heard ? HEARD_HEIGHT : BAR_HEIGHT);
}

static void
vitrine_dimension_row_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
  VitrineDimensionRow *self = VITRINE_DIMENSION_ROW(widget);
  GtkWidget *right[] = {self->pin, self->reset, self->entry};
  int x = width;
  for (guint i = 0; i < G_N_ELEMENTS(right); i++) {
    int part = natural_width(right[i]);
    x -= part;
    allocate_part(widget, right[i], x, 0, part, height);
    if (i > 0)
      x -= SPACING;
  }
  GtkAllocation scale = {LABEL_WIDTH + SPACING, 0, MAX(1, x - LABEL_WIDTH - SPACING), height};
  /* An allocation below a widget's minimum is an error in GTK; when in doubt, be cut off. */
  int minimum;
  gtk_widget_measure(self->scale, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  scale.width = MAX(scale.width, minimum);
  allocate_part(widget, self->scale, scale.x, scale.y, scale.width, scale.height);
  allocate_change(self, &scale);

  /* One line's height, or an inscription wraps into what room there is instead of ellipsizing. */
  int line;
  gtk_widget_measure(self->label, GTK_ORIENTATION_VERTICAL, LABEL_WIDTH, NULL, &line, NULL, NULL);
  line = MIN(line, height);
  allocate_part(widget, self->label, 0, (height - line) / 2, LABEL_WIDTH, line);
  allocate_bar(self, self->heard, self->heard_share, height - HEARD_HEIGHT);
  allocate_bar(self, self->influence, self->influence_share,
               height - HEARD_HEIGHT - BAR_HEIGHT - 1);
}

static void
vitrine_dimension_row_class_init(VitrineDimensionRowClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
  G_OBJECT_CLASS(class)->dispose = vitrine_dimension_row_dispose;
  widget_class->measure = vitrine_dimension_row_measure;
  widget_class->size_allocate = vitrine_dimension_row_size_allocate;
  gtk_widget_class_set_css_name(widget_class, "dimension");
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  GType type = G_TYPE_FROM_CLASS(class);
  signals[VALUE_ENTERED] = g_signal_new("value-entered", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                        NULL, G_TYPE_NONE, 1, G_TYPE_DOUBLE);
  signals[RESET] =
      g_signal_new("reset", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[PIN] = g_signal_new("pin", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

GtkWidget *
vitrine_dimension_row_new(void)
{
  return g_object_new(VITRINE_TYPE_DIMENSION_ROW, NULL);
}

/* ---- showing an item -- */

static void
name_part(GtkWidget *part, const char *kind, int index, const char *label)
{
  char name[32];
  g_snprintf(name, sizeof name, "dim-%s-%d", kind, index);
  gtk_widget_set_name(part, name);
  gtk_accessible_update_property(GTK_ACCESSIBLE(part), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

void
vitrine_dimension_row_bind(VitrineDimensionRow *self, VitrineDimension *item)
{
  g_return_if_fail(VITRINE_IS_DIMENSION_ROW(self));
  if (!g_set_object(&self->item, item) || item == NULL)
    return;
  self->fresh = TRUE;
  vitrine_number_entry_revert(self->entry);
  g_autofree char *scale = g_strdup_printf(_("Dimension %d"), item->index);
  g_autofree char *entry = g_strdup_printf(_("Value of dimension %d"), item->index);
  g_autofree char *reset = g_strdup_printf(_("Reset dimension %d"), item->index);
  g_autofree char *pin = g_strdup_printf(_("Pin dimension %d"), item->index);
  name_part(self->scale, "scale", item->index, scale);
  name_part(self->entry, "entry", item->index, entry);
  name_part(self->reset, "reset", item->index, reset);
  name_part(self->pin, "pin", item->index, pin);
}

VitrineDimension *
vitrine_dimension_row_get_item(VitrineDimensionRow *self)
{
  g_return_val_if_fail(VITRINE_IS_DIMENSION_ROW(self), NULL);
  return self->item;
}

static void
refresh_label(VitrineDimensionRow *self)
{
  const VitrineDimension *item = self->item;
  char number[16];
  g_snprintf(number, sizeof number, "%d", item->index);
  const char *text = item->name != NULL ? item->name : number;
  if (g_strcmp0(text, gtk_inscription_get_text(GTK_INSCRIPTION(self->label))) == 0 && !self->fresh)
    return;
  gtk_inscription_set_text(GTK_INSCRIPTION(self->label), text);
  gtk_button_set_icon_name(GTK_BUTTON(self->pin),
                           item->name != NULL ? "starred-symbolic" : "non-starred-symbolic");
  gtk_widget_set_tooltip_text(self->pin, item->name != NULL ? _("Rename or unpin this favourite")
                                                            : _("Pin as a favourite"));
  if (item->name != NULL)
    gtk_widget_add_css_class(GTK_WIDGET(self), "pinned");
  else
    gtk_widget_remove_css_class(GTK_WIDGET(self), "pinned");
}

static double
share_of(double value, double most)
{
  return isnan(value) || most <= 0 ? 0 : CLAMP(value / most, 0.01, 1);
}

/* Bars, and what is said of them. */
static void
refresh_bars(VitrineDimensionRow *self, double max_influence, double max_heard)
{
  const VitrineDimension *item = self->item;
  double influence = share_of(item->influence, max_influence);
  double heard = share_of(item->heard, max_heard);

  if (influence == self->influence_share && heard == self->heard_share && !self->fresh)
    return;
  self->influence_share = influence;
  self->heard_share = heard;
  gtk_widget_queue_allocate(GTK_WIDGET(self));
  GString *tip = g_string_new(NULL);
  if (item->name)
    g_string_append_printf(tip, _("Dimension %d: %s"), item->index, item->name);
  else
    g_string_append_printf(tip, _("Dimension %d"), item->index);
  g_autofree char *hearing =
      heard > 0 ? g_strdup_printf(_("Heard %.0f %% as strongly as the strongest dimension"),
                                  100 * item->heard / max_heard)
                : g_strdup("");
  if (heard > 0)
    g_string_append_printf(tip, "\n%s", hearing);
  if (!isnan(item->influence))
    g_string_append_printf(tip, _("\nMoving it changes the picture by %.2f of 255"),
                           item->influence);
  gtk_widget_set_tooltip_text(self->label, tip->str);
  gtk_accessible_update_property(GTK_ACCESSIBLE(self->scale), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                 hearing, -1);
  g_string_free(tip, TRUE);
}

void
vitrine_dimension_row_refresh(VitrineDimensionRow *self, double range, double max_influence,
                              double max_heard)
{
  g_return_if_fail(VITRINE_IS_DIMENSION_ROW(self));
  const VitrineDimension *item = self->item;
  if (item == NULL)
    return;
  /* A value beyond the list's range widens this row, and no other. */
  if (item->known && fabs(item->value) > range)
    range = pow(10, ceil(log10(fabs(item->value))));
  gtk_adjustment_configure(self->adjustment, item->value, -range, range, 1.0 / SLIDER_STEPS, 1, 0);
  vitrine_number_entry_set(self->entry, item->value);
  gtk_widget_set_sensitive(self->scale, item->known);
  gtk_widget_set_sensitive(self->entry, item->known);
  gtk_widget_set_sensitive(self->reset, item->changed);
  if (item->changed != gtk_widget_has_css_class(GTK_WIDGET(self), "changed")) {
    if (item->changed)
      gtk_widget_add_css_class(GTK_WIDGET(self), "changed");
    else
      gtk_widget_remove_css_class(GTK_WIDGET(self), "changed");
  }
  gtk_widget_queue_allocate(GTK_WIDGET(self)); /* the bar of change */
  refresh_label(self);
  refresh_bars(self, max_influence, max_heard);
  self->fresh = self->stale = FALSE;
}

void
vitrine_dimension_row_set_stale(VitrineDimensionRow *self)
{
  g_return_if_fail(VITRINE_IS_DIMENSION_ROW(self));
  self->stale = TRUE;
}

gboolean
vitrine_dimension_row_is_stale(VitrineDimensionRow *self)
{
  g_return_val_if_fail(VITRINE_IS_DIMENSION_ROW(self), FALSE);
  return self->stale;
}

GtkWidget *
vitrine_dimension_row_get_part(VitrineDimensionRow *self, VitrineRowPart part)
{
  g_return_val_if_fail(VITRINE_IS_DIMENSION_ROW(self), NULL);
  GtkWidget *parts[] = {self->scale, self->entry, self->reset, self->pin};
  return parts[part];
}

VitrineRowPart
vitrine_dimension_row_find_part(VitrineDimensionRow *self, GtkWidget *widget)
{
  for (int part = VITRINE_ROW_SCALE; part <= VITRINE_ROW_PIN; part++) {
    GtkWidget *child = vitrine_dimension_row_get_part(self, part);
    if (widget == child || gtk_widget_is_ancestor(widget, child))
      return part;
  }
  return VITRINE_ROW_SCALE;
}
