#include "ui/relatives/vitrine-relatives-dialog.h"
#include <glib/gi18n.h>
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-dialogs.h"

#define TILE 150

struct _VitrineRelativesDialog {
  AdwWindow parent_instance;
  VitrineSession *session;
  SgRecipe *a, *b; /* b NULL: neighbours */
  SgRelation how;
  guint task;
  SgRecipe *recipes[SG_RELATIVES];
  gboolean done;

  GtkWidget *tiles[SG_RELATIVES], *pictures[SG_RELATIVES];
  GtkWidget *scale;
  GtkLabel *hint, *error;
};

G_DEFINE_FINAL_TYPE(VitrineRelativesDialog, vitrine_relatives_dialog, ADW_TYPE_WINDOW)

gboolean
vitrine_relatives_dialog_is_done(VitrineRelativesDialog *self)
{
  g_return_val_if_fail(VITRINE_IS_RELATIVES_DIALOG(self), FALSE);
  return self->done;
}

/* ---- what is shown ----------------------------------------------------------------------- */

static void
news_cb(const VitrineRelativesNews *news, gpointer data)
{
  VitrineRelativesDialog *self = data;

  gtk_label_set_text(self->error, news->error ? news->error : "");
  gtk_widget_set_visible(GTK_WIDGET(self->error), news->error != NULL);
  for (int i = 0; i < SG_RELATIVES && !news->error; i++) {
    sg_recipe_free(self->recipes[i]);
    self->recipes[i] = sg_recipe_copy(news->recipes[i]);
    if (news->textures[i])
      gtk_picture_set_paintable(GTK_PICTURE(self->pictures[i]), GDK_PAINTABLE(news->textures[i]));
    gtk_widget_set_sensitive(self->tiles[i], news->textures[i] != NULL);
  }
  self->done = news->done == SG_RELATIVES;
}

/* Those of before stay until the new ones come. */
static void
draw(VitrineRelativesDialog *self)
{
  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->done = FALSE;
  self->how.difference = gtk_range_get_value(GTK_RANGE(self->scale));
  self->task = vitrine_relatives_start(self->session, self->a, self->b, &self->how, news_cb, self);
}

static void
name_tiles(VitrineRelativesDialog *self)
{
  for (int i = 0; i < SG_RELATIVES; i++) {
    g_autofree char *name = NULL;
    if (self->b)
      name = g_strdup_printf(_("Child %d"), i + 1);
    else if (i == SG_RELATIVES / 2)
      name = g_strdup(_("The face itself"));
    else
      name = g_strdup_printf(_("Neighbour %d"), i < SG_RELATIVES / 2 ? i + 1 : i);
    gtk_widget_set_tooltip_text(self->tiles[i], name);
    vitrine_accessible_set_name(self->tiles[i], name);
  }
  gtk_widget_set_visible(self->scale, !self->b);
  gtk_label_set_text(
      self->hint,
      self->b ? _("Every layer takes its w from one parent (style mixing): coarse layers give the "
                  "shape of the head, fine ones the colours. Click a child to go on from it.")
              : _("Each is a part of the way from the face in the middle to another face "
                  "(interpolation in w). Click one to go on from it."));
}

/* ---- what the person does ---------------------------------------------------------------- */

static void
chosen_cb(GtkButton *tile, VitrineRelativesDialog *self)
{
  int i = 0;

  while (i < SG_RELATIVES && self->tiles[i] != GTK_WIDGET(tile))
    i++;
  g_return_if_fail(i < SG_RELATIVES && self->recipes[i]);
  vitrine_session_apply(self->session, sg_recipe_copy(self->recipes[i]),
                        self->b ? _("Child of two faces") : _("Neighbour of a face"), NULL);
  sg_recipe_free(self->a);
  self->a = sg_recipe_copy(self->recipes[i]);
  g_clear_pointer(&self->b, sg_recipe_free);
  name_tiles(self);
  draw(self);
}

static void
again_cb(GtkButton *button, VitrineRelativesDialog *self)
{
  self->how.draw++;
  draw(self);
}

/* ---- life -------------------------------------------------------------------------------- */

static void
vitrine_relatives_dialog_dispose(GObject *object)
{
  VitrineRelativesDialog *self = VITRINE_RELATIVES_DIALOG(object);

  if (self->session)
    vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  g_clear_object(&self->session);
  g_clear_pointer(&self->a, sg_recipe_free);
  g_clear_pointer(&self->b, sg_recipe_free);
  for (int i = 0; i < SG_RELATIVES; i++)
    g_clear_pointer(&self->recipes[i], sg_recipe_free);
  G_OBJECT_CLASS(vitrine_relatives_dialog_parent_class)->dispose(object);
}

static void
vitrine_relatives_dialog_class_init(VitrineRelativesDialogClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_relatives_dialog_dispose;
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding_action(widget_class, GDK_KEY_w, GDK_CONTROL_MASK, "window.close",
                                      NULL);
}

static GtkWidget *
label_new(const char *class)
{
  GtkWidget *label = gtk_label_new(NULL);

  gtk_label_set_wrap(GTK_LABEL(label), TRUE);
  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_label_set_max_width_chars(GTK_LABEL(label), 50);
  gtk_widget_add_css_class(label, class);
  return label;
}

static GtkWidget *
grid_new(VitrineRelativesDialog *self)
{
  GtkWidget *grid = gtk_grid_new();

  gtk_widget_set_halign(grid, GTK_ALIGN_CENTER);
  for (int i = 0; i < SG_RELATIVES; i++) {
    GtkWidget *tile = gtk_button_new(), *picture = gtk_picture_new();
    g_autofree char *name = g_strdup_printf("relative-%d", i);
    gtk_widget_set_size_request(picture, TILE, TILE);
    gtk_button_set_child(GTK_BUTTON(tile), picture);
    gtk_widget_set_name(tile, name);
    gtk_widget_add_css_class(tile, "flat");
    gtk_widget_add_css_class(tile, "face-tile");
    gtk_widget_set_sensitive(tile, FALSE);
    g_signal_connect(tile, "clicked", G_CALLBACK(chosen_cb), self);
    gtk_grid_attach(GTK_GRID(grid), tile, i % 3, i / 3, 1, 1);
    self->tiles[i] = tile;
    self->pictures[i] = picture;
  }
  return grid;
}

static GtkWidget *
controls_new(VitrineRelativesDialog *self)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *again = gtk_button_new_with_mnemonic(_("_Others"));

  self->scale = gtk_scale_new_with_range(GTK_ORIENTATION_HORIZONTAL, 0.05, 0.8, 0.05);
  gtk_range_set_value(GTK_RANGE(self->scale), 0.25);
  gtk_widget_set_name(self->scale, "relatives-difference");
  gtk_widget_set_hexpand(self->scale, TRUE);
  gtk_widget_set_tooltip_text(self->scale, _("How different: the part of the way to another face"));
  vitrine_accessible_set_name(self->scale, _("How different"));
  g_signal_connect_swapped(self->scale, "value-changed", G_CALLBACK(draw), self);
  gtk_widget_set_name(again, "relatives-again");
  gtk_widget_set_halign(again, GTK_ALIGN_END);
  gtk_widget_set_tooltip_text(again, _("Draw other relatives"));
  g_signal_connect(again, "clicked", G_CALLBACK(again_cb), self);
  gtk_box_append(GTK_BOX(box), self->scale);
  gtk_box_append(GTK_BOX(box), again);
  return box;
}

static void
vitrine_relatives_dialog_init(VitrineRelativesDialog *self)
{
  GtkWidget *all = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
  GtkWidget *header = adw_header_bar_new();

  gtk_widget_set_name(GTK_WIDGET(self), "relatives-dialog");
  gtk_widget_add_css_class(header, "flat");
  gtk_widget_set_margin_start(box, 18);
  gtk_widget_set_margin_end(box, 18);
  gtk_widget_set_margin_bottom(box, 18);
  self->hint = GTK_LABEL(label_new("dim-label"));
  self->error = GTK_LABEL(label_new("error"));
  gtk_widget_set_visible(GTK_WIDGET(self->error), FALSE);
  gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->hint));
  gtk_box_append(GTK_BOX(box), grid_new(self));
  gtk_box_append(GTK_BOX(box), controls_new(self));
  gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->error));
  gtk_box_append(GTK_BOX(all), header);
  gtk_box_append(GTK_BOX(all), box);
  adw_window_set_content(ADW_WINDOW(self), all);
}

GtkWidget *
vitrine_relatives_dialog_present(GtkWindow *parent, VitrineSession *session, const SgRecipe *a,
                                 const SgRecipe *b)
{
  g_return_val_if_fail(VITRINE_IS_SESSION(session) && a, NULL);
  VitrineRelativesDialog *self =
      g_object_new(VITRINE_TYPE_RELATIVES_DIALOG, "destroy-with-parent", TRUE, "title",
                   b ? _("Children of Two Faces") : _("More Like This"), NULL);
  vitrine_dialogs_attach(GTK_WINDOW(self), parent);

  self->session = g_object_ref(session);
  self->a = sg_recipe_copy(a);
  self->b = b ? sg_recipe_copy(b) : NULL;
  g_signal_connect_object(session, "model-changed", G_CALLBACK(gtk_window_destroy), self,
                          G_CONNECT_SWAPPED);
  name_tiles(self);
  vitrine_accessible_name_all(GTK_WIDGET(self));
  draw(self);
  gtk_window_present(GTK_WINDOW(self));
  return GTK_WIDGET(self);
}
