#include "ui/explore/vitrine-point-list.h"
#include <glib/gi18n.h>
#include "app/explore/vitrine-point.h"

struct _VitrinePointList {
  GtkBox parent_instance;
  VitrineShelf *shelf;
  VitrinePoint *point;
  GtkLabel *hint;
  SgRecipe *asked; /* the unmodified faces that the answer is of */
  VitrineDirection *pulled;
  double start; /* its strength when the spot was grasped */
};

G_DEFINE_FINAL_TYPE(VitrinePointList, vitrine_point_list, GTK_TYPE_BOX)

static VitrineSpot *
spot_of(VitrinePointList *self)
{
  return vitrine_session_get_spot(vitrine_shelf_get_session(self->shelf));
}

static void
show_hint(VitrinePointList *self)
{
  gboolean marked = vitrine_spot_get_area(spot_of(self)).width > 0;
  const char *error = vitrine_point_get_error(self->point);
  VitrineSample *sample = vitrine_shelf_get_sample(self->shelf);
  const char *text =
      !sample || !sample->moments ? _("The model's w are still being sampled.")
      : !marked ? _("Mark a spot on the picture: click, or draw a rectangle. With the keyboard: "
                    "arrows on the picture.")
      : error   ? error
              : _("The strongest first. Pull the spot sideways to move the first one (Shift+arrows "
                  "on the picture).");

  gtk_label_set_text(self->hint, text);
}

static void
news_cb(gpointer data)
{
  show_hint(VITRINE_POINT_LIST(data));
}

static void
ask(VitrinePointList *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(vitrine_shelf_get_session(self->shelf));

  g_clear_pointer(&self->asked, sg_recipe_free);
  if (!gtk_widget_get_mapped(GTK_WIDGET(self)) && vitrine_spot_get_active(spot_of(self)))
    return; /* the spot is for another pane */
  self->asked = recipe ? sg_recipe_unmodified(recipe) : NULL;
  vitrine_point_ask(self->point);
  show_hint(self);
}

/* Another face is another question; what is moved here is not. */
static void
recipe_cb(VitrinePointList *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(vitrine_shelf_get_session(self->shelf));

  if (!self->asked || vitrine_spot_get_area(spot_of(self)).width == 0)
    return;
  g_autoptr(SgRecipe) plain = sg_recipe_unmodified(recipe);
  if (!sg_recipe_equal(plain, self->asked))
    ask(self);
}

static void
model_cb(VitrinePointList *self)
{
  vitrine_spot_set_active(spot_of(self), FALSE);
}

/* ---- pulling ----------------------------------------------------------------------------- */

static VitrineEditor *
editor_of(VitrinePointList *self)
{
  return vitrine_session_get_editor(vitrine_shelf_get_session(self->shelf));
}

static void
grasp_cb(VitrinePointList *self)
{
  g_clear_object(&self->pulled);
  self->pulled = g_list_model_get_item(vitrine_point_get_list(self->point), 0);
  self->start = self->pulled ? vitrine_direction_get_strength(self->pulled) : 0;
  if (self->pulled)
    vitrine_editor_begin_gesture(editor_of(self));
}

static void
pull_cb(VitrinePointList *self, double distance)
{
  if (self->pulled)
    vitrine_direction_set_strength(self->pulled, self->start + distance);
}

static void
release_cb(VitrinePointList *self)
{
  if (self->pulled)
    vitrine_editor_end_gesture(editor_of(self));
  g_clear_object(&self->pulled);
}

/* ---- the object -------------------------------------------------------------------------- */

GListModel *
vitrine_point_list_get_list(VitrinePointList *self)
{
  g_return_val_if_fail(VITRINE_IS_POINT_LIST(self), NULL);
  return vitrine_point_get_list(self->point);
}

gboolean
vitrine_point_list_is_current(VitrinePointList *self)
{
  g_return_val_if_fail(VITRINE_IS_POINT_LIST(self), FALSE);
  return vitrine_point_is_answered(self->point);
}

double
vitrine_point_list_get_seconds(VitrinePointList *self)
{
  g_return_val_if_fail(VITRINE_IS_POINT_LIST(self), 0);
  return vitrine_point_get_seconds(self->point);
}

static void
vitrine_point_list_dispose(GObject *object)
{
  VitrinePointList *self = VITRINE_POINT_LIST(object);

  g_clear_object(&self->pulled);
  g_clear_pointer(&self->asked, sg_recipe_free);
  g_clear_pointer(&self->point, vitrine_point_free);
  g_clear_object(&self->shelf);
  G_OBJECT_CLASS(vitrine_point_list_parent_class)->dispose(object);
}

static void
vitrine_point_list_class_init(VitrinePointListClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_point_list_dispose;
}

static void
vitrine_point_list_init(VitrinePointList *self)
{
  gtk_orientable_set_orientation(GTK_ORIENTABLE(self), GTK_ORIENTATION_VERTICAL);
  gtk_widget_set_name(GTK_WIDGET(self), "explore-point-list");
}

static void
follow(VitrinePointList *self, gpointer object, const char *signal, GCallback handler)
{
  g_signal_connect_object(object, signal, handler, self, G_CONNECT_SWAPPED);
}

GtkWidget *
vitrine_point_list_new(VitrineShelf *shelf, VitrineRowFunc make, gpointer data)
{
  VitrinePointList *self = g_object_new(VITRINE_TYPE_POINT_LIST, NULL);

  self->shelf = g_object_ref(shelf);
  self->point = vitrine_point_new(shelf, news_cb, self);
  gtk_box_append(GTK_BOX(self), vitrine_direction_rows_new(_("What Moves This Spot"),
                                                           vitrine_point_get_list(self->point),
                                                           NULL, NULL, make, data));
  self->hint = GTK_LABEL(gtk_label_new(NULL));
  gtk_label_set_wrap(self->hint, TRUE);
  gtk_label_set_xalign(self->hint, 0);
  gtk_widget_add_css_class(GTK_WIDGET(self->hint), "direction-details");
  gtk_widget_add_css_class(GTK_WIDGET(self->hint), "explore-heading");
  gtk_box_prepend(GTK_BOX(self), GTK_WIDGET(self->hint));
  follow(self, spot_of(self), "changed", G_CALLBACK(ask));
  follow(self, spot_of(self), "grasp", G_CALLBACK(grasp_cb));
  follow(self, spot_of(self), "pull", G_CALLBACK(pull_cb));
  follow(self, spot_of(self), "release", G_CALLBACK(release_cb));
  follow(self, shelf, "sampled", G_CALLBACK(ask));
  follow(self, vitrine_shelf_get_session(shelf), "recipe-changed", G_CALLBACK(recipe_cb));
  follow(self, vitrine_shelf_get_session(shelf), "model-changed", G_CALLBACK(model_cb));
  show_hint(self);
  return GTK_WIDGET(self);
}
