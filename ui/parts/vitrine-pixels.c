#include "ui/parts/vitrine-pixels.h"
#include "app/grid/vitrine-picture.h"

struct _VitrinePixels {
  GObject parent_instance;
  GdkTexture *texture, *shown; /* shown: as large as it needs to be drawn, or the same; borrowed */
  cairo_surface_t *surface;    /* of what is shown, made when it is first enlarged */
};

static cairo_surface_t *
surface_of(VitrinePixels *self)
{
  if (!self->surface) {
    self->surface =
        cairo_image_surface_create(CAIRO_FORMAT_ARGB32, gdk_texture_get_width(self->shown),
                                   gdk_texture_get_height(self->shown));
    cairo_surface_flush(self->surface);
    gdk_texture_download(self->shown, cairo_image_surface_get_data(self->surface),
                         (gsize)cairo_image_surface_get_stride(self->surface));
    cairo_surface_mark_dirty(self->surface);
  }
  return self->surface;
}

/* GTK has had a filter of its own only since 4.10. */
static void
snapshot(GdkPaintable *paintable, GdkSnapshot *snapshot, double width, double height)
{
  VitrinePixels *self = VITRINE_PIXELS(paintable);
  int w = gdk_texture_get_width(self->shown), h = gdk_texture_get_height(self->shown);
  graphene_rect_t bounds = GRAPHENE_RECT_INIT(0, 0, (float)width, (float)height);

  if (width <= w && height <= h) {
    gtk_snapshot_append_texture(snapshot, self->shown, &bounds);
    return;
  }
  cairo_t *cr = gtk_snapshot_append_cairo(snapshot, &bounds);
  cairo_scale(cr, width / w, height / h);
  cairo_set_source_surface(cr, surface_of(self), 0, 0);
  cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
  cairo_paint(cr);
  cairo_destroy(cr);
}

static int
get_width(GdkPaintable *paintable)
{
  return gdk_texture_get_width(VITRINE_PIXELS(paintable)->texture);
}

static int
get_height(GdkPaintable *paintable)
{
  return gdk_texture_get_height(VITRINE_PIXELS(paintable)->texture);
}

static GdkPaintableFlags
get_flags(GdkPaintable *paintable)
{
  return GDK_PAINTABLE_STATIC_CONTENTS | GDK_PAINTABLE_STATIC_SIZE;
}

static void
paintable_init(GdkPaintableInterface *interface)
{
  interface->snapshot = snapshot;
  interface->get_intrinsic_width = get_width;
  interface->get_intrinsic_height = get_height;
  interface->get_flags = get_flags;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(VitrinePixels, vitrine_pixels, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(GDK_TYPE_PAINTABLE, paintable_init))

static void
vitrine_pixels_finalize(GObject *object)
{
  VitrinePixels *self = VITRINE_PIXELS(object);

  g_clear_object(&self->texture);
  g_clear_pointer(&self->surface, cairo_surface_destroy);
  G_OBJECT_CLASS(vitrine_pixels_parent_class)->finalize(object);
}

static void
vitrine_pixels_init(VitrinePixels *self)
{
}

static void
vitrine_pixels_class_init(VitrinePixelsClass *class)
{
  G_OBJECT_CLASS(class)->finalize = vitrine_pixels_finalize;
}

GdkPaintable *
vitrine_pixels_new(GdkTexture *texture)
{
  VitrinePixels *self = g_object_new(VITRINE_TYPE_PIXELS, NULL);

  self->texture = g_object_ref(texture);
  self->shown = g_object_get_data(G_OBJECT(texture), VITRINE_TEXTURE_SMALLER);
  if (!self->shown)
    self->shown = texture;
  return GDK_PAINTABLE(self);
}

GdkTexture *
vitrine_pixels_get_texture(VitrinePixels *self)
{
  g_return_val_if_fail(VITRINE_IS_PIXELS(self), NULL);
  return self->texture;
}
