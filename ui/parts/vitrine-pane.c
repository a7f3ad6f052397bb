#include "ui/parts/vitrine-pane.h"
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-number.h"

typedef struct {
  VitrineSession *session;
} VitrinePanePrivate;

enum { PROP_0, PROP_SESSION };

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE(VitrinePane, vitrine_pane, GTK_TYPE_BOX)

static VitrinePanePrivate *
private_of(VitrinePane *self)
{
  return vitrine_pane_get_instance_private(self);
}

static void
vitrine_pane_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_SESSION)
    g_value_set_object(value, private_of(VITRINE_PANE(object))->session);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void
vitrine_pane_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_SESSION)
    private_of(VITRINE_PANE(object))->session = g_value_dup_object(value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void
vitrine_pane_constructed(GObject *object)
{
  VitrinePane *self = VITRINE_PANE(object);
  VitrinePaneClass *class = VITRINE_PANE_GET_CLASS(self);

  G_OBJECT_CLASS(vitrine_pane_parent_class)->constructed(object);
  if (class->start && private_of(self)->session)
    class->start(self, private_of(self)->session);
}

static void
vitrine_pane_dispose(GObject *object)
{
  g_clear_object(&private_of(VITRINE_PANE(object))->session);
  G_OBJECT_CLASS(vitrine_pane_parent_class)->dispose(object);
}

static void
vitrine_pane_class_init(VitrinePaneClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);

  object_class->get_property = vitrine_pane_get_property;
  object_class->set_property = vitrine_pane_set_property;
  object_class->constructed = vitrine_pane_constructed;
  object_class->dispose = vitrine_pane_dispose;
  g_object_class_install_property(
      object_class, PROP_SESSION,
      g_param_spec_object("session", NULL, NULL, VITRINE_TYPE_SESSION,
                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS));
}

static void
vitrine_pane_init(VitrinePane *self)
{
}

GtkWidget *
vitrine_pane_new(const VitrinePaneInfo *info, VitrineSession *session)
{
  g_return_val_if_fail(info != NULL, NULL);
  g_return_val_if_fail(VITRINE_IS_SESSION(session), NULL);
  GtkWidget *pane = g_object_new(info->type(), "session", session, NULL);

  vitrine_accessible_name_all(pane);
  vitrine_numeric_all(pane);
  return pane;
}

VitrineSession *
vitrine_pane_get_session(VitrinePane *self)
{
  g_return_val_if_fail(VITRINE_IS_PANE(self), NULL);
  return private_of(self)->session;
}

void
vitrine_pane_set_pressed(VitrinePane *self, gboolean pressed)
{
  g_return_if_fail(VITRINE_IS_PANE(self));
  if (VITRINE_PANE_GET_CLASS(self)->set_pressed)
    VITRINE_PANE_GET_CLASS(self)->set_pressed(self, pressed);
}
