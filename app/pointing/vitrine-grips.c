#include "app/pointing/vitrine-grips.h"
#include <math.h>
#include <string.h>

struct _VitrineGrips {
  GObject parent_instance;
  gboolean active;
  VitrineGripsTool tool;
  int width, height;
  VitrineGrip points[VITRINE_GRIPS_MAX];
  int n, chosen;
  guint8 *held; /* [height, width] or NULL */
};

enum { PROP_0, PROP_ACTIVE, N_PROPS };
static GParamSpec *props[N_PROPS];
static guint changed;

G_DEFINE_FINAL_TYPE(VitrineGrips, vitrine_grips, G_TYPE_OBJECT)

static void
tell(VitrineGrips *self)
{
  g_signal_emit(self, changed, 0);
}

gboolean
vitrine_grips_get_active(VitrineGrips *self)
{
  g_return_val_if_fail(VITRINE_IS_GRIPS(self), FALSE);
  return self->active;
}

void
vitrine_grips_set_active(VitrineGrips *self, gboolean active)
{
  g_return_if_fail(VITRINE_IS_GRIPS(self));
  if (self->active == active)
    return;
  self->active = active;
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_ACTIVE]);
  tell(self);
}

VitrineGripsTool
vitrine_grips_get_tool(VitrineGrips *self)
{
  g_return_val_if_fail(VITRINE_IS_GRIPS(self), VITRINE_GRIPS_POINTS);
  return self->tool;
}

void
vitrine_grips_set_tool(VitrineGrips *self, VitrineGripsTool tool)
{
  g_return_if_fail(VITRINE_IS_GRIPS(self));
  if (self->tool == tool)
    return;
  self->tool = tool;
  tell(self);
}

void
vitrine_grips_set_size(VitrineGrips *self, int width, int height)
{
  g_return_if_fail(VITRINE_IS_GRIPS(self));
  if (self->width == width && self->height == height)
    return;
  self->width = width;
  self->height = height;
  vitrine_grips_clear(self);
}

void
vitrine_grips_get_size(VitrineGrips *self, int *width, int *height)
{
  g_return_if_fail(VITRINE_IS_GRIPS(self));
  *width = self->width;
  *height = self->height;
}

/* ---- points ---------------------------------------------------------------------------------- */

const VitrineGrip *
vitrine_grips_get_points(VitrineGrips *self, int *n)
{
  g_return_val_if_fail(VITRINE_IS_GRIPS(self), NULL);
  *n = self->n;
  return self->points;
}

int
vitrine_grips_get_chosen(VitrineGrips *self)
{
  g_return_val_if_fail(VITRINE_IS_GRIPS(self), -1);
  return self->chosen;
}

void
vitrine_grips_choose(VitrineGrips *self, int i)
{
  g_return_if_fail(VITRINE_IS_GRIPS(self));
  self->chosen = CLAMP(i, -1, self->n - 1);
  tell(self);
}

static double
inside(double v, int size)
{
  return CLAMP(v, 0, MAX(size - 1, 0));
}

gboolean
vitrine_grips_add(VitrineGrips *self, double x, double y)
{
  g_return_val_if_fail(VITRINE_IS_GRIPS(self), FALSE);
  if (self->n == VITRINE_GRIPS_MAX || self->width == 0)
    return FALSE;
  x = inside(x, self->width);
  y = inside(y, self->height);
  self->chosen = self->n;
  self->points[self->n++] = (VitrineGrip){x, y, x, y};
  tell(self);
  return TRUE;
}

void
vitrine_grips_move_target(VitrineGrips *self, double x, double y)
{
  g_return_if_fail(VITRINE_IS_GRIPS(self));
  if (self->chosen < 0)
    return;
  self->points[self->chosen].target_x = inside(x, self->width);
  self->points[self->chosen].target_y = inside(y, self->height);
  tell(self);
}

void
vitrine_grips_move_handle(VitrineGrips *self, double x, double y)
{
  g_return_if_fail(VITRINE_IS_GRIPS(self));
  if (self->chosen < 0)
    return;
  self->points[self->chosen].x = inside(x, self->width);
  self->points[self->chosen].y = inside(y, self->height);
  tell(self);
}

void
vitrine_grips_remove_chosen(VitrineGrips *self)
{
  g_return_if_fail(VITRINE_IS_GRIPS(self));
  if (self->chosen < 0)
    return;
  self->n--;
  memmove(&self->points[self->chosen], &self->points[self->chosen + 1],
          sizeof *self->points * (gsize)(self->n - self->chosen));
  self->chosen = MIN(self->chosen, self->n - 1);
  tell(self);
}

void
vitrine_grips_set_points(VitrineGrips *self, int n, const VitrineGrip *points)
{
  g_return_if_fail(VITRINE_IS_GRIPS(self));
  self->n = MIN(n, VITRINE_GRIPS_MAX);
  memcpy(self->points, points, sizeof *points * (gsize)self->n);
  self->chosen = MIN(self->chosen, self->n - 1);
  tell(self);
}

/* ---- what is held ---------------------------------------------------------------------------- */

void
vitrine_grips_paint(VitrineGrips *self, double x, double y, double radius, gboolean hold)
{
  g_return_if_fail(VITRINE_IS_GRIPS(self));
  if (self->width == 0 || (!hold && !self->held))
    return;
  if (!self->held)
    self->held = g_malloc0_n((gsize)self->width, (gsize)self->height);
  for (int row = 0; row < self->height; row++)
    for (int column = 0; column < self->width; column++)
      if (hypot(column - x, row - y) < radius)
        self->held[(gsize)row * (gsize)self->width + (gsize)column] = hold ? 1 : 0;
  tell(self);
}

const guint8 *
vitrine_grips_get_held(VitrineGrips *self)
{
  g_return_val_if_fail(VITRINE_IS_GRIPS(self), NULL);
  return self->held;
}

void
vitrine_grips_clear(VitrineGrips *self)
{
  g_return_if_fail(VITRINE_IS_GRIPS(self));
  self->n = 0;
  self->chosen = -1;
  g_clear_pointer(&self->held, g_free);
  tell(self);
}

/* ---- the object ------------------------------------------------------------------------------ */

static void
vitrine_grips_finalize(GObject *object)
{
  g_free(VITRINE_GRIPS(object)->held);
  G_OBJECT_CLASS(vitrine_grips_parent_class)->finalize(object);
}

static void
vitrine_grips_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_boolean(value, VITRINE_GRIPS(object)->active);
}

static void
vitrine_grips_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  vitrine_grips_set_active(VITRINE_GRIPS(object), g_value_get_boolean(value));
}

static void
vitrine_grips_class_init(VitrineGripsClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);

  object_class->finalize = vitrine_grips_finalize;
  object_class->get_property = vitrine_grips_get_property;
  object_class->set_property = vitrine_grips_set_property;
  props[PROP_ACTIVE] =
      g_param_spec_boolean("active", NULL, NULL, FALSE,
                           G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties(object_class, N_PROPS, props);
  changed = g_signal_new("changed", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                         NULL, G_TYPE_NONE, 0);
}

static void
vitrine_grips_init(VitrineGrips *self)
{
  self->chosen = -1;
}

VitrineGrips *
vitrine_grips_new(void)
{
  return g_object_new(VITRINE_TYPE_GRIPS, NULL);
}
