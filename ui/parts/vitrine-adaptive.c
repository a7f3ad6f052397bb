#include "ui/parts/vitrine-adaptive.h"

struct _VitrineAdaptive {
  GtkWidget parent_instance;
  GtkWidget *child;
  int least_width, least_height;
  gboolean narrow;
  int wide;     /* what the child needs at least while it is arranged for a wide window */
  guint source; /* the arrangement is about to change */
};

enum { PROP_CHILD = 1, PROP_LEAST_WIDTH, PROP_LEAST_HEIGHT, PROP_NARROW, N_PROPS };

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE(VitrineAdaptive, vitrine_adaptive, GTK_TYPE_WIDGET)

static int
least(GtkWidget *child, GtkOrientation orientation, int for_size)
{
  int minimum;

  gtk_widget_measure(child, orientation, for_size, &minimum, NULL, NULL, NULL);
  return minimum;
}

static void
vitrine_adaptive_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                         int *natural, int *minimum_baseline, int *natural_baseline)
{
  VitrineAdaptive *self = VITRINE_ADAPTIVE(widget);
  gboolean across = orientation == GTK_ORIENTATION_HORIZONTAL;
  int wanted = across ? self->least_width : self->least_height;

  *minimum = *natural = wanted;
  if (!self->child || !gtk_widget_get_visible(self->child))
    return;
  if (for_size >= 0) /* a child is not asked about less than it can be */
    for_size =
        MAX(for_size,
            least(self->child, across ? GTK_ORIENTATION_VERTICAL : GTK_ORIENTATION_HORIZONTAL, -1));
  gtk_widget_measure(self->child, orientation, for_size, NULL, natural, NULL, NULL);
  *natural = MAX(*natural, wanted);
}

static gboolean
arrange_cb(gpointer data)
{
  VitrineAdaptive *self = data;

  self->source = 0;
  self->narrow = !self->narrow;
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_NARROW]);
  gtk_widget_queue_resize(GTK_WIDGET(self));
  return G_SOURCE_REMOVE;
}

static void
vitrine_adaptive_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
  VitrineAdaptive *self = VITRINE_ADAPTIVE(widget);

  if (!self->child || !gtk_widget_get_visible(self->child))
    return;
  int across = least(self->child, GTK_ORIENTATION_HORIZONTAL, -1);
  if (!self->narrow)
    self->wide = across;
  gboolean narrow = width < self->wide;
  if (narrow != self->narrow && !self->source)
    self->source = g_idle_add_full(G_PRIORITY_HIGH_IDLE, arrange_cb, self, NULL);
  across = MAX(across, width); /* what is too much is cut off until it is arranged anew */
  gtk_widget_allocate(self->child, across,
                      MAX(height, least(self->child, GTK_ORIENTATION_VERTICAL, across)), baseline,
                      NULL);
}

static void
set_child(VitrineAdaptive *self, GtkWidget *child)
{
  g_clear_pointer(&self->child, gtk_widget_unparent);
  self->child = child;
  if (child)
    gtk_widget_set_parent(child, GTK_WIDGET(self));
}

static void
vitrine_adaptive_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VitrineAdaptive *self = VITRINE_ADAPTIVE(object);

  switch (id) {
  case PROP_CHILD:
    g_value_set_object(value, self->child);
    break;
  case PROP_LEAST_WIDTH:
    g_value_set_int(value, self->least_width);
    break;
  case PROP_LEAST_HEIGHT:
    g_value_set_int(value, self->least_height);
    break;
  default:
    g_value_set_boolean(value, self->narrow);
  }
}

static void
vitrine_adaptive_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  VitrineAdaptive *self = VITRINE_ADAPTIVE(object);

  if (id == PROP_CHILD)
    set_child(self, g_value_get_object(value));
  else if (id == PROP_LEAST_WIDTH)
    self->least_width = g_value_get_int(value);
  else
    self->least_height = g_value_get_int(value);
  gtk_widget_queue_resize(GTK_WIDGET(self));
}

static void
vitrine_adaptive_dispose(GObject *object)
{
  VitrineAdaptive *self = VITRINE_ADAPTIVE(object);

  g_clear_handle_id(&self->source, g_source_remove);
  set_child(self, NULL);
  G_OBJECT_CLASS(vitrine_adaptive_parent_class)->dispose(object);
}

static void
vitrine_adaptive_class_init(VitrineAdaptiveClass *class)
{
  const GParamFlags flags = G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  G_OBJECT_CLASS(class)->dispose = vitrine_adaptive_dispose;
  G_OBJECT_CLASS(class)->get_property = vitrine_adaptive_get_property;
  G_OBJECT_CLASS(class)->set_property = vitrine_adaptive_set_property;
  GTK_WIDGET_CLASS(class)->measure = vitrine_adaptive_measure;
  GTK_WIDGET_CLASS(class)->size_allocate = vitrine_adaptive_size_allocate;
  gtk_widget_class_set_accessible_role(GTK_WIDGET_CLASS(class), GTK_ACCESSIBLE_ROLE_GROUP);
  props[PROP_CHILD] =
      g_param_spec_object("child", NULL, NULL, GTK_TYPE_WIDGET, G_PARAM_READWRITE | flags);
  props[PROP_LEAST_WIDTH] =
      g_param_spec_int("least-width", NULL, NULL, 0, G_MAXINT, 0, G_PARAM_READWRITE | flags);
  props[PROP_LEAST_HEIGHT] =
      g_param_spec_int("least-height", NULL, NULL, 0, G_MAXINT, 0, G_PARAM_READWRITE | flags);
  props[PROP_NARROW] = g_param_spec_boolean("narrow", NULL, NULL, FALSE, G_PARAM_READABLE | flags);
  g_object_class_install_properties(G_OBJECT_CLASS(class), N_PROPS, props);
}

static void
vitrine_adaptive_init(VitrineAdaptive *self)
{
  gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN);
}
