#include "app/pointing/vitrine-spot.h"

struct _VitrineSpot {
  GObject parent_instance;
  gboolean active;
  VitrineSpotArea area;
};

enum { PROP_0, PROP_ACTIVE, PROP_MARKED, N_PROPS };
enum { CHANGED, GRASP, PULL, RELEASE, N_SIGNALS };

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(VitrineSpot, vitrine_spot, G_TYPE_OBJECT)

gboolean
vitrine_spot_get_active(VitrineSpot *self)
{
  g_return_val_if_fail(VITRINE_IS_SPOT(self), FALSE);
  return self->active;
}

void
vitrine_spot_set_active(VitrineSpot *self, gboolean active)
{
  g_return_if_fail(VITRINE_IS_SPOT(self));
  const VitrineSpotArea none = {0};

  if (self->active == active)
    return;
  self->active = active;
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_ACTIVE]);
  if (!active)
    vitrine_spot_set_area(self, &none, TRUE);
}

VitrineSpotArea
vitrine_spot_get_area(VitrineSpot *self)
{
  const VitrineSpotArea none = {0};

  g_return_val_if_fail(VITRINE_IS_SPOT(self), none);
  return self->area;
}

void
vitrine_spot_set_area(VitrineSpot *self, const VitrineSpotArea *area, gboolean done)
{
  g_return_if_fail(VITRINE_IS_SPOT(self));
  gboolean had = self->area.width > 0;

  self->area = *area;
  if (had != (area->width > 0))
    g_object_notify_by_pspec(G_OBJECT(self), props[PROP_MARKED]);
  if (done)
    g_signal_emit(self, signals[CHANGED], 0);
}

void
vitrine_spot_grasp(VitrineSpot *self)
{
  g_return_if_fail(VITRINE_IS_SPOT(self));
  g_signal_emit(self, signals[GRASP], 0);
}

void
vitrine_spot_pull(VitrineSpot *self, double distance)
{
  g_return_if_fail(VITRINE_IS_SPOT(self));
  g_signal_emit(self, signals[PULL], 0, distance);
}

void
vitrine_spot_release(VitrineSpot *self)
{
  g_return_if_fail(VITRINE_IS_SPOT(self));
  g_signal_emit(self, signals[RELEASE], 0);
}

static void
vitrine_spot_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VitrineSpot *self = VITRINE_SPOT(object);

  g_value_set_boolean(value, id == PROP_ACTIVE ? self->active : self->area.width > 0);
}

static void
vitrine_spot_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  vitrine_spot_set_active(VITRINE_SPOT(object), g_value_get_boolean(value));
}

static void
vitrine_spot_class_init(VitrineSpotClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);
  GType type = G_TYPE_FROM_CLASS(class);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = vitrine_spot_get_property;
  object_class->set_property = vitrine_spot_set_property;
  props[PROP_ACTIVE] = g_param_spec_boolean("active", NULL, NULL, FALSE, flags | G_PARAM_WRITABLE);
  props[PROP_MARKED] = g_param_spec_boolean("marked", NULL, NULL, FALSE, flags);
  g_object_class_install_properties(object_class, N_PROPS, props);
  signals[CHANGED] =
      g_signal_new("changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[GRASP] =
      g_signal_new("grasp", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[PULL] = g_signal_new("pull", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                               G_TYPE_DOUBLE);
  signals[RELEASE] =
      g_signal_new("release", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
vitrine_spot_init(VitrineSpot *self)
{
}

VitrineSpot *
vitrine_spot_new(void)
{
  return g_object_new(VITRINE_TYPE_SPOT, NULL);
}
