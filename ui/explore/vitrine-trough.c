#include "ui/explore/vitrine-trough.h"
#include <math.h>
#include "ui/parts/vitrine-checkerboard.h"
#include "ui/parts/vitrine-number.h"

#define TILE     40
#define GAP      3
#define REACH    2.5 /* steps to each side */
#define PER_STEP 20  /* places where a drag stops */
#define MOST     1e6

struct _VitrineTrough {
  GtkWidget parent_instance;
  GtkWidget *scale;
  GtkAdjustment *adjustment;
  double step;
  GdkTexture *strip;
  int n;
  gboolean stale;
};

G_DEFINE_FINAL_TYPE(VitrineTrough, vitrine_trough, GTK_TYPE_WIDGET)

/* ---- the slider -------------------------------------------------------------------------- */

/* A drag moves in small even steps, so that dragging back undoes. Keys do not come by here. */
static gboolean
change_value_cb(GtkRange *range, GtkScrollType scroll, double value, VitrineTrough *self)
{
  double unit = self->step / PER_STEP;

  if (scroll != GTK_SCROLL_JUMP)
    return FALSE;
  value = CLAMP(value, -REACH * self->step, REACH * self->step);
  gtk_range_set_value(range, round(value / unit) * unit);
  return TRUE;
}

void
vitrine_trough_fit(VitrineTrough *self, double value)
{
  g_return_if_fail(VITRINE_IS_TROUGH(self));
  double step = value == 0 ? 1 : self->step;

  while (fabs(value) > REACH * step && step < MOST)
    step *= 2;
  if (step == self->step)
    return;
  self->step = step;
  gtk_adjustment_configure(self->adjustment, value, -REACH * step, REACH * step, step / 10, step,
                           0);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

/* ---- the pictures ------------------------------------------------------------------------ */

static float
tile_size(VitrineTrough *self, double from, double to)
{
  return (float)MIN(TILE, (to - from) / (2 * REACH) - GAP);
}

static double
x_of(VitrineTrough *self, int i, double from, double to)
{
  double at = 0.5 + (i - (self->n - 1) / 2.0) / (2 * REACH);
  gboolean mirrored = gtk_widget_get_direction(GTK_WIDGET(self)) == GTK_TEXT_DIR_RTL;

  return from + (to - from) * (mirrored ? 1 - at : at);
}

static void
append_tile(VitrineTrough *self, GtkSnapshot *snapshot, int i, float x, float size)
{
  float width = (float)gdk_texture_get_width(self->strip) / (float)self->n;
  float height = (float)gdk_texture_get_height(self->strip);
  float scale = size / MAX(width, height); /* pictures need not be square */
  float w = width * scale, h = height * scale, left = x + (size - w) / 2, top = (size - h) / 2;
  graphene_rect_t tile = GRAPHENE_RECT_INIT(left, top, w, h);
  graphene_rect_t strip = GRAPHENE_RECT_INIT(left - w * (float)i, top, w * (float)self->n, h);
  GskRoundedRect clip;

  gsk_rounded_rect_init_from_rect(&clip, &tile, 4);
  gtk_snapshot_push_rounded_clip(snapshot, &clip);
  vitrine_append_ground(snapshot, self->strip, &tile);
  gtk_snapshot_append_texture(snapshot, self->strip, &strip);
  gtk_snapshot_pop(snapshot);
}

static void
vitrine_trough_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
  VitrineTrough *self = VITRINE_TROUGH(widget);
  double from, to;

  vitrine_range_get_span(self->scale, widget, &from, &to);
  float size = tile_size(self, from, to);
  if (self->strip && size > 4) {
    gtk_snapshot_push_opacity(snapshot, self->stale ? 0.4 : 1);
    for (int i = 0; i < self->n; i++)
      append_tile(self, snapshot, i, (float)x_of(self, i, from, to) - size / 2, size);
    gtk_snapshot_pop(snapshot);
  }
  gtk_widget_snapshot_child(widget, self->scale, snapshot);
}

void
vitrine_trough_set_strip(VitrineTrough *self, GdkTexture *strip, int n)
{
  g_return_if_fail(VITRINE_IS_TROUGH(self));
  g_set_object(&self->strip, strip);
  self->n = n;
  self->stale = FALSE;
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

GdkTexture *
vitrine_trough_get_strip(VitrineTrough *self)
{
  g_return_val_if_fail(VITRINE_IS_TROUGH(self), NULL);
  return self->strip;
}

void
vitrine_trough_set_stale(VitrineTrough *self, gboolean stale)
{
  g_return_if_fail(VITRINE_IS_TROUGH(self));
  if (self->stale == stale)
    return;
  self->stale = stale;
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

/* A click on a picture goes there. */
static void
pressed_cb(GtkGestureClick *click, int n, double x, double y, VitrineTrough *self)
{
  double from, to;

  vitrine_range_get_span(self->scale, GTK_WIDGET(self), &from, &to);
  float size = tile_size(self, from, to);
  if (!self->strip || y > (double)size)
    return;
  for (int i = 0; i < self->n; i++)
    if (fabs(x - x_of(self, i, from, to)) <= (double)size / 2) {
      gtk_widget_grab_focus(self->scale);
      gtk_adjustment_set_value(self->adjustment, self->step * (i - (self->n - 1) / 2.0));
    }
}

/* ---- layout ------------------------------------------------------------------------------ */

static void
vitrine_trough_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                       int *natural, int *minimum_baseline, int *natural_baseline)
{
  VitrineTrough *self = VITRINE_TROUGH(widget);

  gtk_widget_measure(self->scale, orientation, -1, minimum, natural, NULL, NULL);
  if (orientation == GTK_ORIENTATION_VERTICAL) {
    *minimum += TILE;
    *natural += TILE;
  }
}

static void
vitrine_trough_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
  VitrineTrough *self = VITRINE_TROUGH(widget);

  gtk_widget_size_allocate(self->scale, &(GtkAllocation){0, TILE, width, height - TILE}, -1);
}

/* ---- the object -------------------------------------------------------------------------- */

GtkAdjustment *
vitrine_trough_get_adjustment(VitrineTrough *self)
{
  g_return_val_if_fail(VITRINE_IS_TROUGH(self), NULL);
  return self->adjustment;
}

GtkWidget *
vitrine_trough_get_scale(VitrineTrough *self)
{
  g_return_val_if_fail(VITRINE_IS_TROUGH(self), NULL);
  return self->scale;
}

double
vitrine_trough_get_step(VitrineTrough *self)
{
  g_return_val_if_fail(VITRINE_IS_TROUGH(self), 1);
  return self->step;
}

static void
vitrine_trough_dispose(GObject *object)
{
  VitrineTrough *self = VITRINE_TROUGH(object);

  g_clear_pointer(&self->scale, gtk_widget_unparent);
  g_clear_object(&self->strip);
  G_OBJECT_CLASS(vitrine_trough_parent_class)->dispose(object);
}

static void
vitrine_trough_class_init(VitrineTroughClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_trough_dispose;
  widget_class->measure = vitrine_trough_measure;
  widget_class->size_allocate = vitrine_trough_size_allocate;
  widget_class->snapshot = vitrine_trough_snapshot;
  gtk_widget_class_set_css_name(widget_class, "trough-strip");
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
vitrine_trough_init(VitrineTrough *self)
{
  GtkGesture *click = gtk_gesture_click_new();

  self->step = 1;
  self->adjustment = gtk_adjustment_new(0, -REACH, REACH, 0.1, 1, 0);
  self->scale = gtk_scale_new(GTK_ORIENTATION_HORIZONTAL, self->adjustment);
  gtk_scale_set_has_origin(GTK_SCALE(self->scale), FALSE);
  vitrine_range_ignore_wheel(self->scale);
  g_signal_connect(self->scale, "change-value", G_CALLBACK(change_value_cb), self);
  gtk_widget_set_parent(self->scale, GTK_WIDGET(self));
  g_signal_connect(click, "pressed", G_CALLBACK(pressed_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(click));
}

GtkWidget *
vitrine_trough_new(void)
{
  return g_object_new(VITRINE_TYPE_TROUGH, NULL);
}
