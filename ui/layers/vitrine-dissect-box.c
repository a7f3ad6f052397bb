#include "ui/layers/vitrine-dissect-box.h"
#include <glib/gi18n.h>
#include <math.h>
#include "app/grid/vitrine-picture.h"
#include "app/channels/vitrine-dissection.h"
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "ui/parts/vitrine-pixels.h"

struct _VitrineDissectBox {
  GtkBox parent_instance;
  VitrineSession *session; /* borrowed from the pane */
  guint stage;
  char *layer;
  int channel;
  guint task;
  gboolean stale;          /* what is shown is not what is asked for */
  VitrineDissection *seen; /* what is shown; NULL: nothing */

  GtkDropDown *act;
  GtkSpinButton *amount;
  GtkToggleButton *here;
  GtkPicture *picture;
  GtkLabel *numbers;
  GtkWidget *save, *controls;
};

G_DEFINE_FINAL_TYPE(VitrineDissectBox, vitrine_dissect_box, GTK_TYPE_BOX)

/* In the order of the drop-down. */
enum { NOTHING, MUTE, SOLO, ADD };

static const SgChannelAct acts[] = {
    [MUTE] = SG_CHANNEL_MUTE, [SOLO] = SG_CHANNEL_SOLO, [ADD] = SG_CHANNEL_ADD};

/* ---- what is shown ----------------------------------------------------------------------- */

static void
say(VitrineDissectBox *self, const char *text)
{
  gtk_label_set_text(self->numbers, text);
}

static void
show_nothing(VitrineDissectBox *self, const char *why)
{
  g_clear_pointer(&self->seen, vitrine_dissection_unref);
  gtk_picture_set_paintable(self->picture, NULL);
  gtk_widget_set_visible(GTK_WIDGET(self->picture), FALSE);
  gtk_widget_set_sensitive(self->save, FALSE);
  say(self, why);
  self->stale = FALSE;
}

static char *
change_text(const VitrineDissection *d)
{
  return isnan(d->outside)
             ? g_strdup_printf(_("Changed by %.1f of 255"), d->inside)
             : g_strdup_printf(_("Changed by %.1f of 255 in the spot, by %.1f elsewhere"),
                               d->inside, d->outside);
}

static char *
score_text(const VitrineDissection *d)
{
  return isnan(d->logit)
             ? g_strdup(_("This model has no discriminator: there is no score."))
             : g_strdup_printf(_("Score %.2f before, %.2f after"), d->logit_before, d->logit);
}

static void
show(VitrineDissectBox *self, VitrineDissection *d)
{
  if (d->error) {
    show_nothing(self, d->error);
    return;
  }
  g_autofree char *title = vitrine_dissection_title(d), *change = change_text(d);
  g_autofree char *score = score_text(d);
  g_autofree char *text = g_strdup_printf("%s\n%s\n%s", title, change, score);
  g_autoptr(GdkPaintable) pixels = vitrine_pixels_new(d->texture);

  g_clear_pointer(&self->seen, vitrine_dissection_unref);
  self->seen = vitrine_dissection_ref(d);
  gtk_picture_set_paintable(self->picture, pixels);
  gtk_picture_set_alternative_text(self->picture, text);
  gtk_widget_set_visible(GTK_WIDGET(self->picture), TRUE);
  gtk_widget_set_sensitive(self->save, TRUE);
  say(self, text);
  self->stale = FALSE;
}

/* ---- asking ------------------------------------------------------------------------------ */

static void
news_cb(gpointer news, gboolean finished, gpointer user_data)
{
  VitrineDissectBox *self = user_data;

  if (finished)
    self->task = 0;
  else
    show(self, news);
}

/* The face and the part of it that are meant: where the spot lies, or the first face all over. */
static gboolean
find_part(VitrineDissectBox *self, const SgRecipe *recipe, SgRegion *region, int *face)
{
  VitrineSpotArea area = vitrine_spot_get_area(vitrine_session_get_spot(self->session));
  const SgModelInfo *info = &vitrine_session_get_model(self->session)->info;

  *region = (SgRegion){0};
  *face = 0;
  if (!gtk_toggle_button_get_active(self->here))
    return TRUE;
  *region = (SgRegion){area.x, area.y, area.width, area.height};
  return area.width > 0 && vitrine_picture_locate(recipe->faces, sg_info_width(info),
                                                  sg_info_height(info), region, face);
}

/* The newest question counts; nothing is asked while nobody looks. */
static void
ask(VitrineDissectBox *self)
{
  const SgRecipe *recipe = self->session ? vitrine_session_get_recipe(self->session) : NULL;
  guint act = gtk_drop_down_get_selected(self->act);
  SgRegion region;
  int face;

  gtk_widget_set_sensitive(GTK_WIDGET(self->amount), act == ADD);
  if (!recipe || !gtk_widget_get_mapped(GTK_WIDGET(self)))
    return;
  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  if (self->channel < 0 || !self->layer) {
    show_nothing(self, _("Choose a channel above."));
    return;
  }
  if (act == NOTHING || act >= G_N_ELEMENTS(acts)) {
    show_nothing(self, "");
    return;
  }
  if (!find_part(self, recipe, &region, &face)) {
    show_nothing(self, _("Mark a spot on the picture: click, or draw a rectangle."));
    return;
  }
  VitrineDissectionQuery *q = g_new0(VitrineDissectionQuery, 1);
  q->recipe = sg_recipe_face(recipe, face);
  q->stage = self->stage;
  q->layer = g_strdup(self->layer);
  q->act = acts[act];
  q->channel = self->channel;
  q->amount = gtk_spin_button_get_value(self->amount);
  q->region = region;
  self->stale = TRUE;
  self->task = vitrine_dissection_start(vitrine_session_get_view(self->session), q, news_cb, self);
}

static void
changed_cb(VitrineDissectBox *self)
{
  ask(self);
}

static void
unmap_cb(VitrineDissectBox *self)
{
  if (self->session && gtk_toggle_button_get_active(self->here))
    vitrine_spot_set_active(vitrine_session_get_spot(self->session), FALSE);
}

static void
model_cb(VitrineDissectBox *self)
{
  self->task = 0;
  vitrine_dissect_box_set_channel(self, 0, NULL, -1);
}

static void
saved_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineDissectBox) self = data;

  if (file)
    vitrine_dissect_box_save(self, file);
}

static void
save_cb(VitrineDissectBox *self)
{
  g_autofree char *name = g_strdup_printf("%s-%d.png", self->layer, self->channel);

  vitrine_file_dialog_save(GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))),
                           _("Save Before and After"), name, NULL, saved_cb, g_object_ref(self));
}

/* ---- for others -------------------------------------------------------------------------- */

void
vitrine_dissect_box_set_channel(VitrineDissectBox *self, guint stage, const char *layer,
                                int channel)
{
  g_return_if_fail(VITRINE_IS_DISSECT_BOX(self));
  if (self->channel == channel && self->stage == stage && g_strcmp0(layer, self->layer) == 0)
    return;
  self->stage = stage;
  g_free(self->layer);
  self->layer = g_strdup(layer);
  self->channel = channel;
  gtk_widget_set_sensitive(self->controls, layer && channel >= 0);
  ask(self);
}

void
vitrine_dissect_box_save(VitrineDissectBox *self, GFile *file)
{
  g_return_if_fail(VITRINE_IS_DISSECT_BOX(self));
  if (self->seen && self->session)
    vitrine_dissection_save(self->seen, self->session, file);
}

gboolean
vitrine_dissect_box_is_current(VitrineDissectBox *self)
{
  g_return_val_if_fail(VITRINE_IS_DISSECT_BOX(self), FALSE);
  return !self->stale;
}

void
vitrine_dissect_box_start(VitrineDissectBox *self, VitrineSession *session)
{
  VitrineSpot *spot = vitrine_session_get_spot(session);

  self->session = session;
  g_object_bind_property(spot, "active", self->here, "active",
                         G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  g_signal_connect_object(self->here, "toggled", G_CALLBACK(ask), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(spot, "changed", G_CALLBACK(ask), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(ask), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "weights-changed", G_CALLBACK(ask), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_cb), self, G_CONNECT_SWAPPED);
  vitrine_accessible_name_all(GTK_WIDGET(self));
}

/* ---- life -------------------------------------------------------------------------------- */

static void
vitrine_dissect_box_init(VitrineDissectBox *self)
{
  self->channel = -1;
  gtk_widget_init_template(GTK_WIDGET(self));
  gtk_widget_set_sensitive(self->controls, FALSE);
  g_signal_connect(self, "map", G_CALLBACK(ask), NULL);
  g_signal_connect(self, "unmap", G_CALLBACK(unmap_cb), NULL);
}

static void
vitrine_dissect_box_dispose(GObject *object)
{
  VitrineDissectBox *self = VITRINE_DISSECT_BOX(object);

  if (self->session)
    vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  self->session = NULL;
  g_clear_pointer(&self->seen, vitrine_dissection_unref);
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_DISSECT_BOX);
  G_OBJECT_CLASS(vitrine_dissect_box_parent_class)->dispose(object);
}

static void
vitrine_dissect_box_finalize(GObject *object)
{
  g_free(VITRINE_DISSECT_BOX(object)->layer);
  G_OBJECT_CLASS(vitrine_dissect_box_parent_class)->finalize(object);
}

static void
vitrine_dissect_box_class_init(VitrineDissectBoxClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_dissect_box_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_dissect_box_finalize;
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-dissect-box.ui");
#define CHILD(name) gtk_widget_class_bind_template_child(widget_class, VitrineDissectBox, name)
  CHILD(act);
  CHILD(amount);
  CHILD(here);
  CHILD(picture);
  CHILD(numbers);
  CHILD(save);
  CHILD(controls);
#undef CHILD
  gtk_widget_class_bind_template_callback(widget_class, changed_cb);
  gtk_widget_class_bind_template_callback(widget_class, save_cb);
}
