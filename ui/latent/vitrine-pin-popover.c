#include "ui/latent/vitrine-pin-popover.h"

#include <glib/gi18n.h>

typedef struct {
  VitrinePinFunc func;
  gpointer data;
  int index;
  GtkWidget *popover, *title, *entry, *unpin; /* borrowed: the popover's own */
} PinPopover;

#define KEY "vitrine-pin-popover"

static void
save_cb(GtkWidget *widget, PinPopover *self)
{
  g_autofree char *name = g_strstrip(g_strdup(gtk_editable_get_text(GTK_EDITABLE(self->entry))));
  /* Without a name a favourite is called by its number. */
  g_autofree char *number = g_strdup_printf("%d", self->index);
  gtk_popover_popdown(GTK_POPOVER(self->popover));
  self->func(self->index, name[0] != '\0' ? name : number, self->data);
}

static void
unpin_cb(GtkWidget *widget, PinPopover *self)
{
  gtk_popover_popdown(GTK_POPOVER(self->popover));
  self->func(self->index, NULL, self->data);
}

GtkWidget *
vitrine_pin_popover_new(VitrinePinFunc func, gpointer data)
{
  PinPopover *self = g_new0(PinPopover, 1);
  self->func = func;
  self->data = data;
  self->popover = gtk_popover_new();
  gtk_widget_set_name(self->popover, "pin-popover");
  g_object_set_data_full(G_OBJECT(self->popover), KEY, self, g_free);

  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 9);
  self->title = gtk_label_new(NULL);
  gtk_widget_add_css_class(self->title, "heading");
  self->entry = gtk_entry_new();
  gtk_widget_set_name(self->entry, "pin-name");
  gtk_entry_set_placeholder_text(GTK_ENTRY(self->entry), _("Name, such as “hair”"));
  gtk_entry_set_max_length(GTK_ENTRY(self->entry), 40);
  gtk_accessible_update_property(GTK_ACCESSIBLE(self->entry), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                 _("Name of the favourite"), -1);
  g_signal_connect(self->entry, "activate", G_CALLBACK(save_cb), self);
  GtkWidget *buttons = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_box_set_homogeneous(GTK_BOX(buttons), TRUE);
  self->unpin = gtk_button_new_with_mnemonic(_("_Unpin"));
  gtk_widget_set_name(self->unpin, "pin-remove");
  g_signal_connect(self->unpin, "clicked", G_CALLBACK(unpin_cb), self);
  GtkWidget *save = gtk_button_new_with_mnemonic(_("_Pin"));
  gtk_widget_set_name(save, "pin-save");
  gtk_widget_add_css_class(save, "suggested-action");
  gtk_widget_set_hexpand(save, TRUE);
  g_signal_connect(save, "clicked", G_CALLBACK(save_cb), self);
  gtk_box_append(GTK_BOX(buttons), self->unpin);
  gtk_box_append(GTK_BOX(buttons), save);
  gtk_box_append(GTK_BOX(box), self->title);
  gtk_box_append(GTK_BOX(box), self->entry);
  gtk_box_append(GTK_BOX(box), buttons);
  gtk_popover_set_child(GTK_POPOVER(self->popover), box);
  return self->popover;
}

void
vitrine_pin_popover_show(GtkWidget *popover, GtkWidget *button, int index, const char *name)
{
  PinPopover *self = g_object_get_data(G_OBJECT(popover), KEY);
  self->index = index;
  g_autofree char *title = g_strdup_printf(_("Favourite: dimension %d"), index);
  gtk_label_set_text(GTK_LABEL(self->title), title);
  gtk_editable_set_text(GTK_EDITABLE(self->entry), name != NULL ? name : "");
  gtk_widget_set_visible(self->unpin, name != NULL);
  graphene_rect_t bounds;
  if (gtk_widget_compute_bounds(button, gtk_widget_get_parent(popover), &bounds)) {
    GdkRectangle at = {(int)bounds.origin.x, (int)bounds.origin.y, (int)bounds.size.width,
                       (int)bounds.size.height};
    gtk_popover_set_pointing_to(GTK_POPOVER(popover), &at);
  }
  gtk_popover_popup(GTK_POPOVER(popover));
  gtk_widget_grab_focus(self->entry);
}
