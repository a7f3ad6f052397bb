#include "ui/mixing/vitrine-mixing-private.h"

#include "engine/explore/mix.h"
#include "ui/parts/vitrine-bind.h"

G_DEFINE_FINAL_TYPE(VitrineMixingPane, vitrine_mixing_pane, VITRINE_TYPE_PANE)

static void
build(VitrineMixingPane *self, const SgRecipe *r)
{
  vitrine_mixing_build_sources(self, r);
  vitrine_mixing_build_grid(self, r->num_sources);
  if (r->num_sources > 0 && self->shown_sources <= 0)
    vitrine_mixing_offer_source(self);
  self->shown_sources = r->num_sources;
}

static void
update(VitrineMixingPane *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);

  vitrine_mixing_stop_pictures(self);
  if (!r)
    return;
  vitrine_mixing_note_rows(self, r);
  if (r->num_sources != self->shown_sources)
    build(self, r);
  vitrine_mixing_show_sources(self, r);
  gtk_widget_set_visible(self->mixing, r->num_sources > 0);
  vitrine_mixing_update_takes(self, r);
  if (gtk_widget_get_mapped(GTK_WIDGET(self)))
    vitrine_mixing_start_pictures(self);
}

static void
update_model(VitrineMixingPane *self)
{
  SgModel *model = vitrine_session_get_model(self->session);

  g_ptr_array_set_size(self->row_values, 0);
  g_ptr_array_set_size(self->source_values, 0);
  self->num_ws = model ? MIN(model->info.num_ws, SG_RECIPE_MAX_LAYERS) : 0;
  self->shown_sources = -1;
  if (model) {
    g_autoptr(SgRecipe) plain = sg_recipe_new(1, 1);
    vitrine_mixing_build_rows(self);
    vitrine_mixing_update_takes(self, plain);
  }
  update(self);
}

static void
vitrine_mixing_pane_init(VitrineMixingPane *self)
{
  GtkWidget *scroller = gtk_scrolled_window_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 9);

  self->row_values = vitrine_bind_values_new();
  self->source_values = vitrine_bind_values_new();
  self->names = gtk_string_list_new((const char *const[]){"A", NULL});
  self->shown_sources = -1;
  gtk_widget_set_name(GTK_WIDGET(self), "mixing-pane");
  gtk_widget_set_size_request(GTK_WIDGET(self), 340, -1);
  gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroller), GTK_POLICY_NEVER,
                                 GTK_POLICY_AUTOMATIC);
  gtk_widget_set_vexpand(scroller, TRUE);
  gtk_widget_set_hexpand(scroller, TRUE);
  gtk_widget_set_margin_top(box, 12);
  gtk_widget_set_margin_bottom(box, 12);
  gtk_widget_set_margin_start(box, 12);
  gtk_widget_set_margin_end(box, 12);
  vitrine_mixing_make_sources(self, box);
  self->mixing = gtk_box_new(GTK_ORIENTATION_VERTICAL, 9);
  gtk_box_append(GTK_BOX(box), self->mixing);
  vitrine_mixing_make_rows(self, self->mixing);
  vitrine_mixing_make_grid(self, self->mixing);
  gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), box);
  gtk_box_append(GTK_BOX(self), scroller);
}

static void
vitrine_mixing_pane_map(GtkWidget *widget)
{
  GTK_WIDGET_CLASS(vitrine_mixing_pane_parent_class)->map(widget);
  update(VITRINE_MIXING_PANE(widget)); /* nothing was drawn while nobody looked */
}

static void
vitrine_mixing_pane_unmap(GtkWidget *widget)
{
  vitrine_mixing_stop_pictures(VITRINE_MIXING_PANE(widget));
  GTK_WIDGET_CLASS(vitrine_mixing_pane_parent_class)->unmap(widget);
}

static void
vitrine_mixing_pane_dispose(GObject *object)
{
  VitrineMixingPane *self = VITRINE_MIXING_PANE(object);

  g_ptr_array_set_size(self->row_values, 0);
  g_ptr_array_set_size(self->source_values, 0);
  vitrine_mixing_stop_pictures(self);
  self->session = NULL;
  g_clear_object(&self->names);
  G_OBJECT_CLASS(vitrine_mixing_pane_parent_class)->dispose(object);
}

static void
vitrine_mixing_pane_finalize(GObject *object)
{
  VitrineMixingPane *self = VITRINE_MIXING_PANE(object);

  g_ptr_array_unref(self->row_values);
  g_ptr_array_unref(self->source_values);
  G_OBJECT_CLASS(vitrine_mixing_pane_parent_class)->finalize(object);
}

static void
vitrine_mixing_pane_start(VitrinePane *pane, VitrineSession *session)
{
  VitrineMixingPane *self = VITRINE_MIXING_PANE(pane);

  self->session = session;
  g_object_bind_property(vitrine_session_get_editor(session), "has-recipe", self, "sensitive",
                         G_BINDING_SYNC_CREATE);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(update_model), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "weights-changed", G_CALLBACK(vitrine_mixing_new_weights), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(vitrine_session_get_editor(session), "changed",
                          G_CALLBACK(vitrine_mixing_trim_names), self,
                          G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  update_model(self);
}

static void
vitrine_mixing_pane_class_init(VitrineMixingPaneClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_mixing_pane_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_mixing_pane_finalize;
  VITRINE_PANE_CLASS(class)->start = vitrine_mixing_pane_start;
  GTK_WIDGET_CLASS(class)->map = vitrine_mixing_pane_map;
  GTK_WIDGET_CLASS(class)->unmap = vitrine_mixing_pane_unmap;
}
