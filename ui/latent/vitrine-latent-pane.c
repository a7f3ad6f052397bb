#include "ui/latent/vitrine-latent-pane.h"

#include "ui/latent/vitrine-dimension-list.h"
#include "ui/latent/vitrine-generation.h"
#include "ui/vitrine-pane-resources.h"

struct _VitrineLatentPane {
  GtkBox parent_instance;
  VitrineSession *session;
  VitrineGeneration *generation;
  VitrineDimensionList *list;
};

G_DEFINE_FINAL_TYPE(VitrineLatentPane, vitrine_latent_pane, GTK_TYPE_BOX)

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
load_css(void)
{
  static gsize once = 0;
  if (!g_once_init_enter(&once))
    return;
  g_autoptr(GtkCssProvider) provider = gtk_css_provider_new();
  gtk_css_provider_load_from_resource(provider,
                                      "/io/github/vitrine/Vitrine/pane/vitrine-latent-pane.css");
  gtk_style_context_add_provider_for_display(gdk_display_get_default(),
                                             GTK_STYLE_PROVIDER(provider),
                                             GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
  g_once_init_leave(&once, 1);
}

static void
vitrine_latent_pane_init(VitrineLatentPane *self)
{
  load_css();
  gtk_widget_init_template(GTK_WIDGET(self));
}

static void
vitrine_latent_pane_dispose(GObject *object)
{
  VitrineLatentPane *self = VITRINE_LATENT_PANE(object);
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_LATENT_PANE);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_latent_pane_parent_class)->dispose(object);
}

static void
vitrine_latent_pane_class_init(VitrineLatentPaneClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
  G_OBJECT_CLASS(klass)->dispose = vitrine_latent_pane_dispose;
  vitrine_pane_register_resource();
  g_type_ensure(VITRINE_TYPE_GENERATION);
  g_type_ensure(VITRINE_TYPE_DIMENSION_LIST);
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/pane/vitrine-latent-pane.ui");
  gtk_widget_class_bind_template_child(widget_class, VitrineLatentPane, generation);
  gtk_widget_class_bind_template_child(widget_class, VitrineLatentPane, list);
  gtk_widget_class_install_action(widget_class, "pane.jump", NULL, jump_action);
  gtk_widget_class_install_action(widget_class, "pane.next-seed", NULL, seed_action);
  gtk_widget_class_install_action(widget_class, "pane.previous-seed", NULL, seed_action);
  gtk_widget_class_install_action(widget_class, "pane.random-seed", NULL, seed_action);
}

GtkWidget *
vitrine_latent_pane_new(VitrineSession *session)
{
  VitrineLatentPane *self = g_object_new(VITRINE_TYPE_LATENT_PANE, NULL);
  self->session = g_object_ref(session);
  vitrine_generation_set_session(self->generation, session);
  vitrine_dimension_list_set_session(self->list, session);
  return GTK_WIDGET(self);
}

void
vitrine_latent_pane_jump(VitrineLatentPane *self)
{
  vitrine_dimension_list_jump(self->list);
}

gboolean
vitrine_latent_pane_go_to(VitrineLatentPane *self, int index)
{
  return vitrine_dimension_list_go_to(self->list, index);
}

void
vitrine_latent_pane_set_pressed(VitrineLatentPane *self, gboolean pressed)
{
  vitrine_dimension_list_set_dragging(self->list, pressed);
}
