/* VitrinePixels: a small picture of numbers, each a square of one colour however large it is shown.
 * GtkPicture smooths what it enlarges, which invents values between two activations. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_PIXELS (vitrine_pixels_get_type())
G_DECLARE_FINAL_TYPE(VitrinePixels, vitrine_pixels, VITRINE, PIXELS, GObject)

/* A GdkPaintable of the texture's size; keeps a reference on it. */
GdkPaintable *vitrine_pixels_new(GdkTexture *texture);
/* Borrowed. */
GdkTexture *vitrine_pixels_get_texture(VitrinePixels *self);

G_END_DECLS
