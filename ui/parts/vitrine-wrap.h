/* A row of widgets that goes on in the next line where they do not fit: in narrow windows, with
 * large text, in languages of long words. libadwaita has one from 1.7 on (AdwWrapBox). */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define VITRINE_TYPE_WRAP (vitrine_wrap_get_type())
G_DECLARE_FINAL_TYPE(VitrineWrap, vitrine_wrap, VITRINE, WRAP, GtkWidget)

/* "spacing", in pixels, between widgets and between lines. Room that is left over goes to those
 * that want to expand. */
GtkWidget *vitrine_wrap_new(int spacing);
void vitrine_wrap_append(VitrineWrap *self, GtkWidget *child);

G_END_DECLS
