/* What the parts of the mixing pane share: edits of the recipe, and the small widgets they
 * build. */
#include "ui/mixing/vitrine-mixing-private.h"

#include <glib/gi18n.h>

#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-number.h"
#include "ui/parts/vitrine-wrap.h"

SgRecipe *
vitrine_mixing_edit(VitrineMixingPane *self)
{
  const SgRecipe *recipe = self->session ? vitrine_session_get_recipe(self->session) : NULL;
  return recipe ? sg_recipe_copy(recipe) : NULL;
}

void
vitrine_mixing_apply(VitrineMixingPane *self, SgRecipe *r, const SgMixLayer *mix,
                     const char *merge_key)
{
  sg_recipe_set_mix(r, self->num_ws, mix);
  vitrine_session_apply(self->session, r, _("Mixing"), merge_key);
}

int
vitrine_mixing_row_of(GtkWidget *widget)
{
  return GPOINTER_TO_INT(g_object_get_data(G_OBJECT(widget), "row"));
}

void
vitrine_mixing_set_row(GtkWidget *widget, int row)
{
  g_object_set_data(G_OBJECT(widget), "row", GINT_TO_POINTER(row));
}

GtkWidget *
vitrine_mixing_named(GtkWidget *widget, const char *label, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  g_autofree char *name = g_strdup_vprintf(format, args);
  va_end(args);
  gtk_widget_set_name(widget, name);
  gtk_widget_set_tooltip_text(widget, label);
  vitrine_accessible_set_name(widget, label);
  vitrine_accessible_name_all(widget);
  vitrine_numeric_all(widget);
  return widget;
}

void
vitrine_mixing_empty(GtkWidget *box)
{
  for (GtkWidget *child; (child = gtk_widget_get_first_child(box));)
    GTK_IS_GRID(box) ? gtk_grid_remove(GTK_GRID(box), child) : gtk_box_remove(GTK_BOX(box), child);
}

GtkWidget *
vitrine_mixing_small_picture(int size)
{
  GtkWidget *picture = gtk_picture_new();

  gtk_widget_set_size_request(picture, size, size);
  gtk_widget_set_halign(picture, GTK_ALIGN_CENTER);
  gtk_widget_set_valign(picture, GTK_ALIGN_CENTER);
  gtk_picture_set_can_shrink(GTK_PICTURE(picture), TRUE);
  return picture;
}

GtkWidget *
vitrine_mixing_text_button(VitrineMixingPane *self, GtkWidget *box, const char *text,
                           const char *tip, const char *name, int row, GCallback func)
{
  GtkWidget *button = gtk_button_new_with_label(text);

  vitrine_mixing_set_row(button, row);
  g_signal_connect(button, "clicked", func, self);
  gtk_widget_set_hexpand(button, TRUE);
  gtk_widget_insert_before(button, box, NULL); /* a GtkBox, or a row that wraps */
  gtk_widget_set_name(button, name);
  gtk_widget_set_tooltip_text(button, tip);
  return button;
}

GtkWidget *
vitrine_mixing_heading(const char *text)
{
  GtkWidget *label = gtk_label_new(text);

  gtk_widget_add_css_class(label, "heading");
  gtk_widget_set_halign(label, GTK_ALIGN_START);
  return label;
}

GtkWidget *
vitrine_mixing_row_box(GtkWidget *parent, int spacing)
{
  GtkWidget *box = vitrine_wrap_new(spacing);

  gtk_box_append(GTK_BOX(parent), box);
  return box;
}
