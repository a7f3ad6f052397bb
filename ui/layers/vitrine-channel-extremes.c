#include "ui/layers/vitrine-channel-extremes.h"
#include <glib/gi18n.h>
#include "app/explore/vitrine-face-pictures.h"
#include "app/channels/vitrine-channel-faces.h"
#include "ui/parts/vitrine-pixels.h"
#include "ui/parts/vitrine-tiles.h"

#define SHOWN 9
#define TILE  64

struct _VitrineChannelExtremes {
  GtkBox parent_instance;
  VitrineSession *session; /* a reference */
  VitrineChannelFaces *faces;
  VitrineFacePictures *pictures;
  guint stage;
  int channel;
  int seeds[2][SHOWN], n[2]; /* most, least */

  GtkWidget *ask, *progress, *bar, *state, *rows;
  GtkWidget *tiles[2][SHOWN]; /* buttons, borrowed */
};

G_DEFINE_FINAL_TYPE(VitrineChannelExtremes, vitrine_channel_extremes, GTK_TYPE_BOX)

/* ---- what is shown ----------------------------------------------------------------------- */

static void
show_tile(VitrineChannelExtremes *self, int end, int i)
{
  GtkWidget *tile = self->tiles[end][i];
  gboolean there = i < self->n[end];
  GdkTexture *texture =
      there ? vitrine_face_pictures_get(self->pictures, (guint32)self->seeds[end][i]) : NULL;
  g_autoptr(GdkPaintable) pixels = texture ? vitrine_pixels_new(texture) : NULL;

  gtk_widget_set_visible(tile, there);
  if (!there)
    return;
  g_autofree char *text = g_strdup_printf(_("Open the face of seed %d"), self->seeds[end][i]);
  gtk_picture_set_paintable(GTK_PICTURE(gtk_button_get_child(GTK_BUTTON(tile))), pixels);
  gtk_widget_set_tooltip_text(tile, text);
  gtk_accessible_update_property(GTK_ACCESSIBLE(tile), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
}

static void
show_state(VitrineChannelExtremes *self)
{
  double progress = vitrine_channel_faces_get_progress(self->faces);
  const char *error = vitrine_channel_faces_get_error(self->faces);
  gboolean there = self->n[0] > 0;

  gtk_widget_set_visible(self->progress, progress >= 0);
  gtk_progress_bar_set_fraction(GTK_PROGRESS_BAR(self->bar), MAX(progress, 0));
  gtk_widget_set_visible(self->ask, progress < 0 && !there);
  gtk_widget_set_sensitive(self->ask, self->channel >= 0);
  gtk_widget_set_visible(self->rows, there);
  gtk_widget_set_visible(self->state, error != NULL);
  gtk_label_set_text(GTK_LABEL(self->state), error ? error : "");
}

static void
show(VitrineChannelExtremes *self)
{
  guint32 wanted[2 * SHOWN];
  gsize n = 0;

  for (int end = 0; end < 2; end++) {
    self->n[end] = vitrine_channel_faces_get(self->faces, self->stage, self->channel, end == 0,
                                             SHOWN, self->seeds[end]);
    for (int i = 0; i < SHOWN; i++) {
      show_tile(self, end, i);
      if (i < self->n[end])
        wanted[n++] = (guint32)self->seeds[end][i];
    }
  }
  vitrine_face_pictures_want(self->pictures, n, wanted);
  show_state(self);
}

static void
drawn_cb(VitrineChannelExtremes *self, guint seed)
{
  for (int end = 0; end < 2; end++)
    for (int i = 0; i < self->n[end]; i++)
      if (self->seeds[end][i] == (int)seed)
        show_tile(self, end, i);
}

/* ---- what the person does ---------------------------------------------------------------- */

static void
ask_cb(VitrineChannelExtremes *self)
{
  vitrine_channel_faces_ask(self->faces, TRUE);
}

static void
cancel_cb(VitrineChannelExtremes *self)
{
  vitrine_channel_faces_cancel(self->faces);
}

static void
open_cb(VitrineChannelExtremes *self, GtkWidget *tile)
{
  for (int end = 0; end < 2; end++)
    for (int i = 0; i < self->n[end]; i++)
      if (self->tiles[end][i] == tile)
        vitrine_editor_set_seed(vitrine_session_get_editor(self->session),
                                (guint32)self->seeds[end][i]);
}

static void
map_cb(VitrineChannelExtremes *self)
{
  vitrine_channel_faces_ask(self->faces, FALSE);
}

void
vitrine_channel_extremes_set_channel(VitrineChannelExtremes *self, guint stage, int channel)
{
  g_return_if_fail(VITRINE_IS_CHANNEL_EXTREMES(self));
  self->stage = stage;
  self->channel = channel;
  show(self);
}

/* ---- life -------------------------------------------------------------------------------- */

static GtkWidget *
row_new(VitrineChannelExtremes *self, int end, const char *title)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 4), *label = gtk_label_new(title);
  GtkWidget *tiles = vitrine_tiles_new(TILE, SHOWN, 4);

  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_widget_add_css_class(label, "dim-label");
  for (int i = 0; i < SHOWN; i++) {
    GtkWidget *tile = self->tiles[end][i] = gtk_button_new(), *picture = gtk_picture_new();
    g_autofree char *name = g_strdup_printf("extreme-%s-%d", end ? "least" : "most", i);
    gtk_widget_set_name(tile, name);
    gtk_widget_set_size_request(picture, -1, TILE);
    gtk_picture_set_can_shrink(GTK_PICTURE(picture), TRUE);
    gtk_button_set_child(GTK_BUTTON(tile), picture);
    gtk_widget_add_css_class(tile, "flat");
    g_signal_connect_object(tile, "clicked", G_CALLBACK(open_cb), self, G_CONNECT_SWAPPED);
    vitrine_tiles_append(VITRINE_TILES(tiles), tile);
  }
  gtk_box_append(GTK_BOX(box), label);
  gtk_box_append(GTK_BOX(box), tiles);
  return box;
}

static GtkWidget *
progress_new(VitrineChannelExtremes *self)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *cancel = gtk_button_new_with_label(_("Cancel"));

  self->bar = gtk_progress_bar_new();
  gtk_widget_set_hexpand(self->bar, TRUE);
  gtk_widget_set_valign(self->bar, GTK_ALIGN_CENTER);
  gtk_widget_set_name(cancel, "extremes-cancel");
  gtk_accessible_update_property(GTK_ACCESSIBLE(self->bar), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                 _("Faces that have been drawn"), -1);
  g_signal_connect_object(cancel, "clicked", G_CALLBACK(cancel_cb), self, G_CONNECT_SWAPPED);
  gtk_box_append(GTK_BOX(box), self->bar);
  gtk_box_append(GTK_BOX(box), cancel);
  return box;
}

static void
vitrine_channel_extremes_init(VitrineChannelExtremes *self)
{
  GtkWidget *title = gtk_label_new(_("Faces that excite the channel most and least"));

  self->channel = -1;
  gtk_orientable_set_orientation(GTK_ORIENTABLE(self), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing(GTK_BOX(self), 6);
  gtk_label_set_xalign(GTK_LABEL(title), 0);
  gtk_label_set_wrap(GTK_LABEL(title), TRUE);
  gtk_widget_add_css_class(title, "heading");
  self->ask = gtk_button_new_with_label(_("Draw 2,000 Faces"));
  gtk_widget_set_name(self->ask, "extremes-ask");
  gtk_widget_set_halign(self->ask, GTK_ALIGN_START);
  gtk_widget_set_tooltip_text(self->ask,
                              _("Once for this model, while nothing else is drawn; they are kept"));
  g_signal_connect_object(self->ask, "clicked", G_CALLBACK(ask_cb), self, G_CONNECT_SWAPPED);
  self->progress = progress_new(self);
  self->state = gtk_label_new(NULL);
  gtk_label_set_wrap(GTK_LABEL(self->state), TRUE);
  gtk_label_set_xalign(GTK_LABEL(self->state), 0);
  self->rows = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
  gtk_box_append(GTK_BOX(self->rows), row_new(self, 0, _("Most")));
  gtk_box_append(GTK_BOX(self->rows), row_new(self, 1, _("Least")));
  gtk_box_append(GTK_BOX(self), title);
  gtk_box_append(GTK_BOX(self), self->ask);
  gtk_box_append(GTK_BOX(self), self->progress);
  gtk_box_append(GTK_BOX(self), self->state);
  gtk_box_append(GTK_BOX(self), self->rows);
  g_signal_connect(self, "map", G_CALLBACK(map_cb), NULL);
}

static void
vitrine_channel_extremes_dispose(GObject *object)
{
  VitrineChannelExtremes *self = VITRINE_CHANNEL_EXTREMES(object);

  if (self->pictures)
    vitrine_face_pictures_close(self->pictures);
  g_clear_object(&self->pictures);
  g_clear_object(&self->faces);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_channel_extremes_parent_class)->dispose(object);
}

static void
vitrine_channel_extremes_class_init(VitrineChannelExtremesClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_channel_extremes_dispose;
}

GtkWidget *
vitrine_channel_extremes_new(VitrineSession *session)
{
  VitrineChannelExtremes *self = g_object_new(VITRINE_TYPE_CHANNEL_EXTREMES, NULL);

  self->session = g_object_ref(session);
  self->faces = vitrine_channel_faces_new(session);
  self->pictures = vitrine_face_pictures_new(session);
  g_signal_connect_object(self->faces, "changed", G_CALLBACK(show), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->pictures, "drawn", G_CALLBACK(drawn_cb), self, G_CONNECT_SWAPPED);
  show(self);
  return GTK_WIDGET(self);
}
