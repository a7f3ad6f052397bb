#include "ui/strip/vitrine-strip-view.h"
#include "ui/parts/vitrine-number.h"
#include "app/grid/vitrine-picture.h"
#include "ui/parts/vitrine-checkerboard.h"

#define TILE  72
#define GAP   8
#define LABEL 22

struct _VitrineStripView {
  GtkWidget parent_instance;
  int rows, n, count;
  char **labels;         /* [n] */
  GdkTexture **textures; /* [rows * n], NULL where a picture is still to come */
};

G_DEFINE_FINAL_TYPE(VitrineStripView, vitrine_strip_view, GTK_TYPE_WIDGET)

static void
clear(VitrineStripView *self)
{
  for (int i = 0; i < self->rows * self->n; i++)
    g_clear_object(&self->textures[i]);
  g_clear_pointer(&self->textures, g_free);
  g_clear_pointer(&self->labels, g_strfreev);
  self->rows = self->n = self->count = 0;
}

void
vitrine_strip_view_reset(VitrineStripView *self, int rows, int n, char **labels)
{
  g_return_if_fail(VITRINE_IS_STRIP_VIEW(self));
  clear(self);
  self->rows = rows;
  self->n = n;
  self->labels = g_strdupv(labels);
  self->textures = g_new0(GdkTexture *, rows * n);
  gtk_widget_queue_resize(GTK_WIDGET(self));
}

void
vitrine_strip_view_add(VitrineStripView *self, const SgStripTile *tile)
{
  g_return_if_fail(VITRINE_IS_STRIP_VIEW(self));
  gsize stride = (gsize)tile->width * (gsize)tile->bytes;
  g_autoptr(GBytes) bytes = g_bytes_new(tile->rgb, stride * (gsize)tile->height);

  g_return_if_fail(tile->row < self->rows && tile->column < self->n);
  GdkTexture **slot = &self->textures[tile->row * self->n + tile->column];
  self->count += *slot == NULL;
  g_clear_object(slot);
  *slot = gdk_memory_texture_new(tile->width, tile->height,
                                 tile->bytes == 4 ? GDK_MEMORY_R8G8B8A8 : GDK_MEMORY_R8G8B8, bytes,
                                 stride);
  if (tile->bytes == 4)
    g_object_set_data(G_OBJECT(*slot), VITRINE_TEXTURE_ALPHA, *slot);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

int
vitrine_strip_view_count(VitrineStripView *self)
{
  g_return_val_if_fail(VITRINE_IS_STRIP_VIEW(self), 0);
  return self->count;
}

static void
vitrine_strip_view_measure(GtkWidget *widget, GtkOrientation orientation, int for_size,
                           int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  VitrineStripView *self = VITRINE_STRIP_VIEW(widget);

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    *minimum = MAX(0, self->n * (TILE + GAP) - GAP);
  else
    *minimum = MAX(1, self->rows) * (TILE + GAP) - GAP + LABEL;
  *natural = *minimum;
  *minimum_baseline = *natural_baseline = -1;
}

static void
snapshot_label(GtkWidget *widget, GtkSnapshot *snapshot, const char *text, float x, float y)
{
  g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout(widget, text);
  GdkRGBA colour;
  int width, height;

  gtk_style_context_get_color(gtk_widget_get_style_context(widget), &colour);
  pango_layout_get_pixel_size(layout, &width, &height);
  gtk_snapshot_save(snapshot);
  gtk_snapshot_translate(
      snapshot, &GRAPHENE_POINT_INIT(x + (float)((TILE - width) / 2), y + (LABEL - height) / 2));
  gtk_snapshot_append_layout(snapshot, layout, &colour);
  gtk_snapshot_restore(snapshot);
}

static void
snapshot_frame(GtkWidget *widget, GtkSnapshot *snapshot, const graphene_rect_t *rect)
{
  GdkRGBA colour;

  gtk_style_context_get_color(gtk_widget_get_style_context(widget), &colour);
  colour.alpha *= 0.08f;
  gtk_snapshot_append_color(snapshot, &colour, rect);
}

/* Columns that can be seen: a strip may have a thousand. */
static void
visible_columns(VitrineStripView *self, float left, int *first, int *end)
{
  GtkWidget *widget = GTK_WIDGET(self), *parent = gtk_widget_get_parent(widget);
  double x = 0, y = 0;

  *first = 0;
  *end = self->n;
  if (!parent || !gtk_widget_translate_coordinates(parent, widget, 0, 0, &x, &y))
    return;
  *first = (int)CLAMP((x - left) / (TILE + GAP) - 1, 0, self->n);
  *end = (int)CLAMP((x - left + gtk_widget_get_width(parent)) / (TILE + GAP) + 2, 0, self->n);
}

static void
vitrine_strip_view_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
  VitrineStripView *self = VITRINE_STRIP_VIEW(widget);
  int used = MAX(0, self->n * (TILE + GAP) - GAP);
  float left = (float)MAX(0, (gtk_widget_get_width(widget) - used) / 2);

  int first, end;
  visible_columns(self, left, &first, &end);
  for (int c = first; c < end; c++) {
    float x = left + (float)(c * (TILE + GAP));
    for (int r = 0; r < self->rows; r++) {
      graphene_rect_t rect = GRAPHENE_RECT_INIT(x, (float)(r * (TILE + GAP)), TILE, TILE);
      GdkTexture *texture = self->textures[r * self->n + c];
      if (texture) {
        vitrine_append_ground(snapshot, texture, &rect);
        gtk_snapshot_append_texture(snapshot, texture, &rect);
      } else {
        snapshot_frame(widget, snapshot, &rect);
      }
    }
    snapshot_label(widget, snapshot, self->labels[c], x, (float)(self->rows * (TILE + GAP) - GAP));
  }
}

/* What is scrolled in was not drawn before. */
static void
vitrine_strip_view_root(GtkWidget *widget)
{
  GTK_WIDGET_CLASS(vitrine_strip_view_parent_class)->root(widget);
  GtkWidget *scrolled = gtk_widget_get_ancestor(widget, GTK_TYPE_SCROLLED_WINDOW);
  if (scrolled)
    g_signal_connect_object(gtk_scrolled_window_get_hadjustment(GTK_SCROLLED_WINDOW(scrolled)),
                            "value-changed", G_CALLBACK(gtk_widget_queue_draw), widget,
                            G_CONNECT_SWAPPED);
}

static void
vitrine_strip_view_finalize(GObject *object)
{
  clear(VITRINE_STRIP_VIEW(object));
  G_OBJECT_CLASS(vitrine_strip_view_parent_class)->finalize(object);
}

static void
vitrine_strip_view_class_init(VitrineStripViewClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->finalize = vitrine_strip_view_finalize;
  widget_class->measure = vitrine_strip_view_measure;
  widget_class->root = vitrine_strip_view_root;
  widget_class->snapshot = vitrine_strip_view_snapshot;
  gtk_widget_class_set_css_name(widget_class, "strip-view");
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
vitrine_strip_view_init(VitrineStripView *self)
{
  vitrine_numeric(GTK_WIDGET(self)); /* its axes run from left to right */
}
