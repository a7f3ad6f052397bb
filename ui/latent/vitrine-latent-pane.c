#include "ui/latent/vitrine-latent-pane.h"

#include "ui/latent/vitrine-dimension-list.h"
#include "ui/latent/vitrine-generation.h"

struct _VitrineLatentPane {
  VitrinePane parent_instance;
  VitrineSession *session; /* borrowed from the parent */
  VitrineGeneration *generation;
  VitrineDimensionList *list;
};

G_DEFINE_FINAL_TYPE(VitrineLatentPane, vitrine_latent_pane, VITRINE_TYPE_PANE)

/* ---- actions -- */

static void
jump_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
  vitrine_latent_pane_jump(VITRINE_LATENT_PANE(widget));
}

static void
seed_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
  VitrineLatentPane *self = VITRINE_LATENT_PANE(widget);
  vitrine_generation_step_seed(self->generation, g_str_equal(name, "pane.next-seed")       ? 1
                                                 : g_str_equal(name, "pane.previous-seed") ? -1
                                                                                           : 0);
}

/* ---- life -- */

static void
vitrine_latent_pane_init(VitrineLatentPane *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
}

static void
vitrine_latent_pane_dispose(GObject *object)
{
  VitrineLatentPane *self = VITRINE_LATENT_PANE(object);
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_LATENT_PANE);
  self->session = NULL;
  G_OBJECT_CLASS(vitrine_latent_pane_parent_class)->dispose(object);
}

/* What is below the pointer must not move meanwhile. */
static void
vitrine_latent_pane_set_pressed(VitrinePane *pane, gboolean pressed)
{
  vitrine_dimension_list_set_dragging(VITRINE_LATENT_PANE(pane)->list, pressed);
}

static void
vitrine_latent_pane_start(VitrinePane *pane, VitrineSession *session)
{
  VitrineLatentPane *self = VITRINE_LATENT_PANE(pane);
  self->session = session;
  vitrine_dimension_list_set_session(self->list, session);
}

static void
vitrine_latent_pane_class_init(VitrineLatentPaneClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
  G_OBJECT_CLASS(class)->dispose = vitrine_latent_pane_dispose;
  VITRINE_PANE_CLASS(class)->start = vitrine_latent_pane_start;
  VITRINE_PANE_CLASS(class)->set_pressed = vitrine_latent_pane_set_pressed;
  g_type_ensure(VITRINE_TYPE_GENERATION);
  g_type_ensure(VITRINE_TYPE_DIMENSION_LIST);
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-latent-pane.ui");
  gtk_widget_class_bind_template_child(widget_class, VitrineLatentPane, generation);
  gtk_widget_class_bind_template_child(widget_class, VitrineLatentPane, list);
  gtk_widget_class_install_action(widget_class, "pane.jump", NULL, jump_action);
  gtk_widget_class_install_action(widget_class, "pane.next-seed", NULL, seed_action);
  gtk_widget_class_install_action(widget_class, "pane.previous-seed", NULL, seed_action);
  gtk_widget_class_install_action(widget_class, "pane.random-seed", NULL, seed_action);
}

void
vitrine_latent_pane_jump(VitrineLatentPane *self)
{
  g_return_if_fail(VITRINE_IS_LATENT_PANE(self));
  vitrine_dimension_list_jump(self->list);
}

gboolean
vitrine_latent_pane_go_to(VitrineLatentPane *self, int index)
{
  g_return_val_if_fail(VITRINE_IS_LATENT_PANE(self), FALSE);
  return vitrine_dimension_list_go_to(self->list, index);
}
