#include "ui/projection/vitrine-drag-bar.h"
#include <glib/gi18n.h>
#include <math.h>
#include "ui/parts/vitrine-wrap.h"

struct _VitrineDragBar {
  GtkBox parent_instance;
  VitrineSession *session;
  VitrineGrips *grips;
  VitrineDragging *dragging;
  VitrineDraggingNews news;
  char *error;

  GtkToggleButton *points_button, *hold_button, *free_button;
  GtkWidget *clear_button;
  GtkButton *start_button;
  GtkLabel *status;
  GtkLevelBar *gauge;
};

G_DEFINE_FINAL_TYPE(VitrineDragBar, vitrine_drag_bar, GTK_TYPE_BOX)

/* ---- what is said ---------------------------------------------------------------------------- */

static char *
status_text(VitrineDragBar *self)
{
  const VitrineDraggingNews *n = &self->news;
  int points;

  vitrine_grips_get_points(self->grips, &points);
  if (self->error)
    return g_strdup(self->error);
  if (n->running && n->steps == 0)
    return g_strdup(_("Getting ready…"));
  if (n->steps > 0 || n->there) {
    const char *end = n->running ? "" : n->there ? _(" · arrived") : _(" · not arrived");
    return g_strdup_printf(ngettext("%d step · %.1f pixels to go%s",
                                    "%d steps · %.1f pixels to go%s", (gulong)n->steps),
                           n->steps, n->distance, end);
  }
  return g_strdup(points == 0 ? _("Press on a point of the face and drag to where it goes")
                              : _("Drag moves the points there; Hold keeps the rest"));
}

static void
update(VitrineDragBar *self)
{
  gboolean running = vitrine_dragging_is_running(self->dragging);
  g_autofree char *text = status_text(self);
  int points;

  vitrine_grips_get_points(self->grips, &points);
  gtk_label_set_text(self->status, text);
  gtk_button_set_label(self->start_button, running ? _("_Stop") : _("_Drag"));
  gtk_widget_set_sensitive(GTK_WIDGET(self->start_button),
                           running || vitrine_dragging_can_start(self->dragging));
  gtk_widget_set_sensitive(self->clear_button,
                           !running && (points > 0 || vitrine_grips_get_held(self->grips)));
  gboolean known = !isnan(self->news.percentile);
  gtk_widget_set_visible(GTK_WIDGET(self->gauge), known);
  if (!known)
    return;
  g_autofree char *tooltip = g_strdup_printf(
      _("w lies farther out than %.1f %% of the model’s own"), self->news.percentile);
  gtk_level_bar_set_value(self->gauge, self->news.percentile);
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->gauge), tooltip);
  gtk_accessible_update_property(GTK_ACCESSIBLE(self->gauge), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                 tooltip, -1);
}

static void
news_cb(const VitrineDraggingNews *news, gpointer data)
{
  VitrineDragBar *self = data;

  self->news = *news;
  g_free(self->error);
  self->error = g_strdup(news->error);
  if (self->dragging)
    update(self);
}

static void
grips_cb(VitrineDragBar *self)
{
  if (self->dragging)
    update(self);
}

/* ---- what is done ---------------------------------------------------------------------------- */

static void
tool_cb(VitrineDragBar *self)
{
  vitrine_grips_set_tool(self->grips,
                         gtk_toggle_button_get_active(self->hold_button)   ? VITRINE_GRIPS_HOLD
                         : gtk_toggle_button_get_active(self->free_button) ? VITRINE_GRIPS_FREE
                                                                           : VITRINE_GRIPS_POINTS);
}

static void
clear_cb(VitrineDragBar *self)
{
  self->news = (VitrineDraggingNews){.percentile = self->news.percentile};
  g_clear_pointer(&self->error, g_free);
  vitrine_grips_clear(self->grips);
}

static void
start_cb(VitrineDragBar *self)
{
  if (vitrine_dragging_is_running(self->dragging))
    vitrine_dragging_stop(self->dragging);
  else if (vitrine_dragging_can_start(self->dragging))
    vitrine_dragging_start(self->dragging);
}

VitrineGrips *
vitrine_drag_bar_get_grips(VitrineDragBar *self)
{
  g_return_val_if_fail(VITRINE_IS_DRAG_BAR(self), NULL);
  return self->grips;
}

void
vitrine_drag_bar_set_shown(VitrineDragBar *self, gboolean shown)
{
  g_return_if_fail(VITRINE_IS_DRAG_BAR(self));
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);
  SgModel *model = vitrine_session_get_model(self->session);

  gtk_widget_set_visible(GTK_WIDGET(self), shown);
  if (shown && recipe && recipe->faces > 1)
    vitrine_session_apply(self->session, sg_recipe_face(recipe, 0), _("One face"), NULL);
  if (shown && model)
    vitrine_grips_set_size(self->grips, sg_info_width(&model->info), sg_info_height(&model->info));
  if (!shown)
    vitrine_dragging_stop(self->dragging);
  vitrine_grips_set_active(self->grips, shown);
  update(self);
}

void
vitrine_drag_bar_set_session(VitrineDragBar *self, VitrineSession *session)
{
  g_return_if_fail(VITRINE_IS_DRAG_BAR(self));
  g_return_if_fail(!self->session);
  self->session = g_object_ref(session);
  self->dragging = vitrine_dragging_new(session, self->grips, news_cb, self);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(grips_cb), self, G_CONNECT_SWAPPED);
  update(self);
}

/* ---- the object ------------------------------------------------------------------------------ */

static void
vitrine_drag_bar_dispose(GObject *object)
{
  VitrineDragBar *self = VITRINE_DRAG_BAR(object);

  g_clear_pointer(&self->dragging, vitrine_dragging_free);
  g_clear_object(&self->session);
  g_clear_object(&self->grips);
  g_clear_pointer(&self->error, g_free);
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_DRAG_BAR);
  G_OBJECT_CLASS(vitrine_drag_bar_parent_class)->dispose(object);
}

static void
vitrine_drag_bar_class_init(VitrineDragBarClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_drag_bar_dispose;
  g_type_ensure(VITRINE_TYPE_WRAP);
  gtk_widget_class_set_template_from_resource(widget_class,
                                              "/io/github/vitrine/Vitrine/ui/vitrine-drag-bar.ui");
#define BIND(name) gtk_widget_class_bind_template_child(widget_class, VitrineDragBar, name)
  BIND(points_button);
  BIND(hold_button);
  BIND(free_button);
  BIND(clear_button);
  BIND(start_button);
  BIND(status);
  BIND(gauge);
#undef BIND
  gtk_widget_class_bind_template_callback(widget_class, tool_cb);
  gtk_widget_class_bind_template_callback(widget_class, clear_cb);
  gtk_widget_class_bind_template_callback(widget_class, start_cb);
}

static void
vitrine_drag_bar_init(VitrineDragBar *self)
{
  self->grips = vitrine_grips_new();
  self->news.percentile = NAN;
  gtk_widget_init_template(GTK_WIDGET(self));
  g_signal_connect_object(self->grips, "changed", G_CALLBACK(grips_cb), self, G_CONNECT_SWAPPED);
}
