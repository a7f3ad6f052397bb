#include "ui/parts/vitrine-wrap.h"

struct _VitrineWrap {
  GtkWidget parent_instance;
  int spacing;
};

G_DEFINE_FINAL_TYPE(VitrineWrap, vitrine_wrap, GTK_TYPE_WIDGET)

/* Some of the children, which stand in one line. */
typedef struct {
  GtkWidget *first, *behind; /* the first of the next line, NULL: none */
  int least, natural;        /* of all of them and the room between */
  int n, expanding;
  int height;
} Line;

static void
measure(GtkWidget *child, GtkOrientation orientation, int for_size, int *least, int *natural)
{
  gtk_widget_measure(child, orientation, for_size, least, natural, NULL, NULL);
}

static GtkWidget *
next_shown(GtkWidget *child)
{
  while (child && !gtk_widget_should_layout(child))
    child = gtk_widget_get_next_sibling(child);
  return child;
}

/* As many as fit, and one at least. FALSE: there is none left. */
static gboolean
take_line(VitrineWrap *self, GtkWidget *from, int width, Line *line)
{
  *line = (Line){.first = next_shown(from)};
  for (GtkWidget *c = line->first; c; c = next_shown(gtk_widget_get_next_sibling(c))) {
    int least, natural, gap = line->n ? self->spacing : 0;
    measure(c, GTK_ORIENTATION_HORIZONTAL, -1, &least, &natural);
    if (line->n && line->least + gap + least > width) {
      line->behind = c;
      break;
    }
    line->least += gap + least;
    line->natural += gap + natural;
    line->n++;
    line->expanding += gtk_widget_compute_expand(c, GTK_ORIENTATION_HORIZONTAL);
  }
  return line->n > 0;
}

/* What a child gets in its line: what it needs, of the rest up to what it wants, and of what is
 * left then as much as others who want to expand. */
static int
width_in(const Line *line, GtkWidget *child, int width)
{
  int least, natural, wanted = line->natural - line->least, rest = width - line->least;

  measure(child, GTK_ORIENTATION_HORIZONTAL, -1, &least, &natural);
  if (rest < wanted)
    return least + (int)((double)(natural - least) * MAX(rest, 0) / wanted);
  gboolean expands = gtk_widget_compute_expand(child, GTK_ORIENTATION_HORIZONTAL);
  return natural + (expands ? (rest - wanted) / line->expanding : 0);
}

static int
height_of(Line *line, int width)
{
  for (GtkWidget *c = line->first; c != line->behind; c = gtk_widget_get_next_sibling(c)) {
    int least;
    if (!gtk_widget_should_layout(c))
      continue;
    measure(c, GTK_ORIENTATION_VERTICAL, width_in(line, c, width), &least, NULL);
    line->height = MAX(line->height, least);
  }
  return line->height;
}

static GtkSizeRequestMode
vitrine_wrap_get_request_mode(GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static int
height_for(VitrineWrap *self, int width)
{
  GtkWidget *child = gtk_widget_get_first_child(GTK_WIDGET(self));
  int height = 0;
  Line line;

  while (child && take_line(self, child, width, &line)) {
    height += height_of(&line, width) + (height ? self->spacing : 0);
    child = line.behind;
  }
  return height;
}

static void
vitrine_wrap_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                     int *natural, int *minimum_baseline, int *natural_baseline)
{
  VitrineWrap *self = VITRINE_WRAP(widget);
  Line all = {0};

  *minimum = 0;
  for (GtkWidget *c = next_shown(gtk_widget_get_first_child(widget)); c;
       c = next_shown(gtk_widget_get_next_sibling(c))) {
    int least;
    measure(c, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL);
    *minimum = MAX(*minimum, least);
  }
  take_line(self, gtk_widget_get_first_child(widget), G_MAXINT, &all);
  *natural = MAX(all.natural, *minimum);
  if (orientation == GTK_ORIENTATION_VERTICAL)
    *minimum = *natural = height_for(self, for_size < 0 ? *natural : MAX(for_size, *minimum));
}

static void
allocate_line(VitrineWrap *self, const Line *line, int y, int width)
{
  gboolean rtl = gtk_widget_get_direction(GTK_WIDGET(self)) == GTK_TEXT_DIR_RTL;
  int x = 0;

  for (GtkWidget *c = line->first; c != line->behind; c = gtk_widget_get_next_sibling(c)) {
    if (!gtk_widget_should_layout(c))
      continue;
    int w = width_in(line, c, width);
    const GtkAllocation at = {rtl ? width - x - w : x, y, w, line->height};
    gtk_widget_size_allocate(c, &at, -1);
    x += w + self->spacing;
  }
}

static void
vitrine_wrap_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
  VitrineWrap *self = VITRINE_WRAP(widget);
  GtkWidget *child = gtk_widget_get_first_child(widget);
  int y = 0;
  Line line;

  while (child && take_line(self, child, width, &line)) {
    y += y ? self->spacing : 0;
    height_of(&line, width);
    allocate_line(self, &line, y, width);
    y += line.height;
    child = line.behind;
  }
}

static void
vitrine_wrap_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_int(value, VITRINE_WRAP(object)->spacing);
}

static void
vitrine_wrap_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  VITRINE_WRAP(object)->spacing = g_value_get_int(value);
  gtk_widget_queue_resize(GTK_WIDGET(object));
}

static void
vitrine_wrap_dispose(GObject *object)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child(GTK_WIDGET(object))))
    gtk_widget_unparent(child);
  G_OBJECT_CLASS(vitrine_wrap_parent_class)->dispose(object);
}

static void
vitrine_wrap_class_init(VitrineWrapClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_wrap_dispose;
  G_OBJECT_CLASS(class)->get_property = vitrine_wrap_get_property;
  G_OBJECT_CLASS(class)->set_property = vitrine_wrap_set_property;
  widget_class->get_request_mode = vitrine_wrap_get_request_mode;
  widget_class->measure = vitrine_wrap_measure;
  widget_class->size_allocate = vitrine_wrap_size_allocate;
  gtk_widget_class_set_css_name(widget_class, "box");
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  g_object_class_install_property(G_OBJECT_CLASS(class), 1,
                                  g_param_spec_int("spacing", NULL, NULL, 0, G_MAXINT, 0,
                                                   G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
}

static void
vitrine_wrap_init(VitrineWrap *self)
{
}

GtkWidget *
vitrine_wrap_new(int spacing)
{
  return g_object_new(VITRINE_TYPE_WRAP, "spacing", spacing, NULL);
}

void
vitrine_wrap_append(VitrineWrap *self, GtkWidget *child)
{
  g_return_if_fail(VITRINE_IS_WRAP(self));
  gtk_widget_set_parent(child, GTK_WIDGET(self));
}
