#include "ui/parts/vitrine-tiles.h"

#define ASPECT      0.42 /* height for width, where that is more than the tiles ask for */
#define MOST_HEIGHT 420

struct _VitrineTiles {
  GtkWidget parent_instance;
  int column_width, most_columns, spacing;
};

G_DEFINE_FINAL_TYPE(VitrineTiles, vitrine_tiles, GTK_TYPE_WIDGET)

static int
count(GtkWidget *widget)
{
  int n = 0;

  for (GtkWidget *c = gtk_widget_get_first_child(widget); c; c = gtk_widget_get_next_sibling(c))
    n += gtk_widget_should_layout(c) ? 1 : 0;
  return n;
}

/* The largest size that any of them asks for. */
static int
largest(GtkWidget *widget, GtkOrientation orientation, int for_size)
{
  int most = 0;

  for (GtkWidget *c = gtk_widget_get_first_child(widget); c; c = gtk_widget_get_next_sibling(c)) {
    int minimum = 0;
    if (gtk_widget_should_layout(c))
      gtk_widget_measure(c, orientation, for_size, &minimum, NULL, NULL, NULL);
    most = MAX(most, minimum);
  }
  return most;
}

static int
columns_in(VitrineTiles *self, int width)
{
  int most = (width + self->spacing) / (self->column_width + self->spacing);
  return CLAMP(most, 1, CLAMP(count(GTK_WIDGET(self)), 1, self->most_columns));
}

static int
tile_width(VitrineTiles *self, int width, int columns)
{
  return (width - (columns - 1) * self->spacing) / columns;
}

static int
tile_height(VitrineTiles *self, int width)
{
  int least = largest(GTK_WIDGET(self), GTK_ORIENTATION_VERTICAL, width);
  return MAX(least, MIN((int)(ASPECT * width), MOST_HEIGHT));
}

static GtkSizeRequestMode
vitrine_tiles_get_request_mode(GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
vitrine_tiles_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                      int *natural, int *minimum_baseline, int *natural_baseline)
{
  VitrineTiles *self = VITRINE_TILES(widget);

  if (orientation == GTK_ORIENTATION_HORIZONTAL) {
    *minimum = largest(widget, orientation, -1);
    *natural = MAX(*minimum, self->column_width);
    return;
  }
  int width = for_size < 0 ? self->column_width : for_size, columns = columns_in(self, width);
  int rows = (count(widget) + columns - 1) / columns;
  int height = tile_height(self, tile_width(self, width, columns));
  *minimum = *natural = rows * height + MAX(rows - 1, 0) * self->spacing;
}

static void
vitrine_tiles_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
  VitrineTiles *self = VITRINE_TILES(widget);
  int columns = columns_in(self, width), w = tile_width(self, width, columns), i = 0;
  int h = tile_height(self, w);

  for (GtkWidget *c = gtk_widget_get_first_child(widget); c; c = gtk_widget_get_next_sibling(c)) {
    if (!gtk_widget_should_layout(c))
      continue;
    GtkAllocation at = {i % columns * (w + self->spacing), i / columns * (h + self->spacing), w, h};
    gtk_widget_size_allocate(c, &at, -1);
    i++;
  }
}

static void
vitrine_tiles_dispose(GObject *object)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child(GTK_WIDGET(object))))
    gtk_widget_unparent(child);
  G_OBJECT_CLASS(vitrine_tiles_parent_class)->dispose(object);
}

static void
vitrine_tiles_class_init(VitrineTilesClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_tiles_dispose;
  widget_class->get_request_mode = vitrine_tiles_get_request_mode;
  widget_class->measure = vitrine_tiles_measure;
  widget_class->size_allocate = vitrine_tiles_size_allocate;
}

static void
vitrine_tiles_init(VitrineTiles *self)
{
}

GtkWidget *
vitrine_tiles_new(int column_width, int most_columns, int spacing)
{
  VitrineTiles *self = g_object_new(VITRINE_TYPE_TILES, NULL);

  self->column_width = column_width;
  self->most_columns = most_columns;
  self->spacing = spacing;
  return GTK_WIDGET(self);
}

void
vitrine_tiles_append(VitrineTiles *self, GtkWidget *child)
{
  g_return_if_fail(VITRINE_IS_TILES(self));
  gtk_widget_insert_before(child, GTK_WIDGET(self), NULL);
}
