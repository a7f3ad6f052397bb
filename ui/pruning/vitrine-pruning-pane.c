#include "ui/pruning/vitrine-pruning-pane-private.h"
#include <glib/gi18n.h>
#include <math.h>
#include "ui/parts/vitrine-bind.h"
#include "ui/parts/vitrine-number.h"
#include "ui/pruning/vitrine-pruning-save.h"

#define FACE_COLUMNS 8

G_DEFINE_FINAL_TYPE(VitrinePruningPane, vitrine_pruning_pane, VITRINE_TYPE_PANE)

/* ---- the dial ---------------------------------------------------------------------------- */

static void
set_threshold(VitrinePruningPane *self, double threshold)
{
  threshold = CLAMP(round(threshold * 1000) / 1000, 0, 1);
  g_object_set(vitrine_session_get_editor(self->session), "threshold", threshold, NULL);
}

static gboolean
dial_key_cb(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
            VitrinePruningPane *self)
{
  double by = state & GDK_CONTROL_MASK ? 0.01 : 0.001;

  switch (key) {
  case GDK_KEY_Left:
  case GDK_KEY_KP_Left:
  case GDK_KEY_Down:
  case GDK_KEY_KP_Down:
    by = -by;
    break;
  case GDK_KEY_Right:
  case GDK_KEY_KP_Right:
  case GDK_KEY_Up:
  case GDK_KEY_KP_Up:
    break;
  case GDK_KEY_Page_Up:
  case GDK_KEY_KP_Page_Up:
    by = 0.1;
    break;
  case GDK_KEY_Page_Down:
  case GDK_KEY_KP_Page_Down:
    by = -0.1;
    break;
  case GDK_KEY_Delete:
  case GDK_KEY_KP_Delete:
    set_threshold(self, 0);
    return GDK_EVENT_STOP;
  default:
    return GDK_EVENT_PROPAGATE;
  }
  set_threshold(self, gtk_adjustment_get_value(self->adjustment) + by);
  return GDK_EVENT_STOP;
}

static void
reset_cb(GtkButton *button, VitrinePruningPane *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);

  if (!r)
    return;
  SgRecipe *recipe = sg_recipe_copy(r);
  gboolean unequalised = recipe->prune.unequalised; /* the weights pane's */
  sg_prune_clear(&recipe->prune);
  recipe->prune = (SgPrune){.unequalised = unequalised};
  vitrine_session_apply(self->session, recipe, _("Reset pruning"), NULL);
}

static void
update(VitrinePruningPane *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);

  if (!r)
    return;
  gtk_widget_set_sensitive(self->reset, r->prune.threshold > 0 || r->prune.layers ||
                                            r->prune.magnitude != SG_MAGNITUDE_STORED);
  vitrine_pruning_pane_show_counts(self);
  vitrine_pruning_pane_ask_score(self);
}

static void
update_model(VitrinePruningPane *self)
{
  /* The session has ended the old model's tasks. */
  self->score_task = self->original_task = 0;
  self->has_asked = self->has_original = self->shown = FALSE;
  self->behind = self->renewing = FALSE;
  vitrine_pruning_sweep_set_counter(self->sweep, NULL);
  g_clear_pointer(&self->counter, sg_prune_counter_free);
  g_clear_pointer(&self->work, vitrine_pruning_work_unref);
  for (int i = 0; i < VITRINE_SCORED_FACES; i++)
    gtk_picture_set_paintable(self->pictures[i], NULL);
  gboolean scored = vitrine_pruning_pane_has_discriminator(self);
  gtk_label_set_text(self->score_message,
                     _("This file holds no discriminator, so there is no score."));
  gtk_stack_set_visible_child_name(self->score_stack, scored ? "score" : "message");
  if (vitrine_session_get_model(self->session)) {
    self->work = vitrine_pruning_work_new(vitrine_session_get_model(self->session));
    vitrine_pruning_pane_start_renewal(self, FALSE);
  }
  update(self);
}

static void
save_cb(GtkButton *button, VitrinePruningPane *self)
{
  vitrine_pruning_save(self->session, GTK_WIDGET(button));
}

/* ---- faces ------------------------------------------------------------------------------- */

static void
face_clicked_cb(GtkButton *button, VitrinePruningPane *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);
  guint seed = GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(button), "seed"));

  if (!r)
    return;
  SgRecipe *recipe = sg_recipe_copy(r);
  sg_recipe_drop_vectors(recipe);
  recipe->seed = seed;
  recipe->faces = 1;
  if (vitrine_session_get_model(self->session)->info.c_dim > 0)
    recipe->label = MAX(recipe->label, 0); /* as it was scored */
  g_autofree char *label = g_strdup_printf(_("Seed %u"), seed);
  vitrine_session_apply(self->session, recipe, label, NULL);
}

static void
make_faces(VitrinePruningPane *self)
{
  for (guint i = 0; i < VITRINE_SCORED_FACES; i++) {
    GtkWidget *button = gtk_button_new(), *picture = gtk_picture_new();
    g_autofree char *name = g_strdup_printf("prune-face-%u", i);
    g_autofree char *tooltip = g_strdup_printf(_("Show seed %u"), i);
    gtk_widget_set_size_request(picture, 36, 36);
    gtk_widget_set_hexpand(picture, TRUE);
    gtk_button_set_child(GTK_BUTTON(button), picture);
    gtk_widget_set_name(button, name);
    gtk_widget_set_tooltip_text(button, tooltip);
    gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, tooltip,
                                   -1);
    gtk_widget_add_css_class(button, "flat");
    gtk_widget_add_css_class(button, "pruning-face");
    g_object_set_data(G_OBJECT(button), "seed", GUINT_TO_POINTER(i));
    g_signal_connect(button, "clicked", G_CALLBACK(face_clicked_cb), self);
    gtk_grid_attach(self->faces, button, (int)i % FACE_COLUMNS, (int)i / FACE_COLUMNS, 1, 1);
    self->pictures[i] = GTK_PICTURE(picture);
  }
}

/* ---- life -------------------------------------------------------------------------------- */

static void
unmap_cb(VitrinePruningPane *self)
{
  if (!self->score_task && !self->original_task)
    return;
  vitrine_pruning_pane_stop_scores(self);
  self->has_asked = FALSE; /* what was asked for has not come */
}

static void
map_cb(VitrinePruningPane *self)
{
  vitrine_pruning_pane_renew(self);
  if (!self->renewing || !self->has_asked)
    vitrine_pruning_pane_ask_score(self);
}

static void
vitrine_pruning_pane_init(VitrinePruningPane *self)
{
  GtkEventController *keys = gtk_event_controller_key_new();

  gtk_widget_init_template(GTK_WIDGET(self));
  make_faces(self);
  /* As the axis of the plot below and the arrow keys, where words run from right to left too. */
  gtk_widget_set_direction(GTK_WIDGET(self->dial), GTK_TEXT_DIR_LTR);
  vitrine_range_ignore_wheel(GTK_WIDGET(self->dial));
  vitrine_range_ignore_wheel(GTK_WIDGET(self->threshold_spin));
  gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
  g_signal_connect(keys, "key-pressed", G_CALLBACK(dial_key_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self->dial), keys);
  g_signal_connect(self, "map", G_CALLBACK(map_cb), NULL);
  g_signal_connect(self, "unmap", G_CALLBACK(unmap_cb), NULL);
}

static void
vitrine_pruning_pane_dispose(GObject *object)
{
  VitrinePruningPane *self = VITRINE_PRUNING_PANE(object);

  if (self->session)
    vitrine_pruning_pane_stop_scores(self);
  if (self->sweep)
    vitrine_pruning_sweep_set_counter(self->sweep, NULL);
  if (self->bindings) /* a spin button writes back what was typed when it goes */
    g_binding_group_set_source(self->bindings, NULL);
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_PRUNING_PANE);
  g_clear_object(&self->bindings);
  g_clear_pointer(&self->counter, sg_prune_counter_free);
  g_clear_pointer(&self->work, vitrine_pruning_work_unref);
  sg_prune_clear(&self->asked);
  self->session = NULL;
  G_OBJECT_CLASS(vitrine_pruning_pane_parent_class)->dispose(object);
}

#define BIND(child) gtk_widget_class_bind_template_child(widget_class, VitrinePruningPane, child)

static void
vitrine_pruning_pane_start(VitrinePane *pane, VitrineSession *session)
{
  VitrinePruningPane *self = VITRINE_PRUNING_PANE(pane);

  self->session = session;
  self->bindings = g_binding_group_new();
  vitrine_bind_rounded(self->bindings, "threshold", self->adjustment, "value", 1000);
  g_binding_group_set_source(self->bindings, vitrine_session_get_editor(session));
  vitrine_pruning_layers_set_session(self->layers, session);
  vitrine_pruning_sweep_set_session(self->sweep, session);
  vitrine_pruning_reals_set_session(self->reals, session, self->sweep);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(update_model), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "weights-changed",
                          G_CALLBACK(vitrine_pruning_pane_weights_changed), self,
                          G_CONNECT_SWAPPED);
  update_model(self);
}

static void
vitrine_pruning_pane_class_init(VitrinePruningPaneClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_pruning_pane_dispose;
  VITRINE_PANE_CLASS(class)->start = vitrine_pruning_pane_start;
  g_type_ensure(VITRINE_TYPE_PRUNING_SWEEP);
  g_type_ensure(VITRINE_TYPE_PRUNING_LAYERS);
  g_type_ensure(VITRINE_TYPE_PRUNING_REALS);
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-pruning-pane.ui");
  BIND(adjustment);
  BIND(threshold_spin);
  BIND(dial);
  BIND(reset);
  BIND(remaining);
  BIND(remaining_share);
  BIND(removed);
  BIND(removed_share);
  BIND(score_stack);
  BIND(sigmoid);
  BIND(sigmoid_original);
  BIND(logit);
  BIND(logit_original);
  BIND(score_message);
  BIND(faces);
  BIND(sweep);
  BIND(layers);
  BIND(reals);
  gtk_widget_class_bind_template_callback(widget_class, reset_cb);
  gtk_widget_class_bind_template_callback(widget_class, save_cb);
}
