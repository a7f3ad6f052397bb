#include "ui/help/vitrine-help-button.h"
#include <glib/gi18n.h>
#include "ui/help/vitrine-help-drawings.h"
#include "ui/parts/vitrine-accessible.h"

typedef struct {
  const char *name, *title, *text;
  VitrineHelpDrawFunc draw;
} Topic;

static const Topic topics[] = {
    {"z", N_("z, the random numbers"),
     N_("Every face begins as a list of random numbers, often 512, which the seed draws like dice: "
        "the latent vector z. The same seed gives the same numbers, and so the same face. One "
        "number of z changes many things at once, since z knows nothing of faces yet."),
     vitrine_help_draw_z},
    {"w", N_("w, the disentangled code"),
     N_("A small network (the mapping network) turns z into another list of numbers, w. It has "
        "learnt to sort them: a way through w changes rather one thing, such as the beard, and "
        "leaves the rest. That is why directions are looked for in w, not in z."),
     vitrine_help_draw_w},
    {"style", N_("Style: what each layer hears of w"),
     N_("The picture is drawn by layers, from 4×4 pixels to the full size. Each hears w through "
        "numbers of its own, its style, one for each channel. Coarse layers decide pose and shape "
        "of the head, fine ones colours. Style mixing gives some layers the w of another face."),
     vitrine_help_draw_style},
    {"truncation", N_("Truncation: nearer to the average"),
     N_("Psi (ψ) draws every face towards the average face of the model. At 1 nothing is changed; "
        "at 0.7 faces are more alike and have fewer faults; at 0 all are the average. Less "
        "variety is the price of quality; below 0 a face becomes its own opposite."),
     vitrine_help_draw_truncation},
    {"noise", N_("Noise: what the seed does not decide"),
     N_("Each layer adds random grain to what it draws. It decides where single hairs and pores "
        "lie, and nothing about who the face is. Switch it off to see how much of a picture is "
        "chance; models differ a lot, and the one that comes with Vitrine hardly uses it."),
     vitrine_help_draw_noise},
    {"score", N_("The discriminator's score"),
     N_("While it learnt, the generator had an opponent, the discriminator, which tells real "
        "pictures from made ones. Its score is higher for what looks real to it. It is no "
        "probability, and only means something beside the scores of other pictures: the two "
        "humps, made and real."),
     vitrine_help_draw_score},
    {"pruning", N_("Pruning: weights that are not needed"),
     N_("A network is millions of numbers, its weights, and most are nearly zero. Pruning sets "
        "all to zero that are smaller than a threshold. Small thresholds change almost nothing; "
        "at some point the face falls apart. Where that happens shows how much of the network "
        "was needed."),
     vitrine_help_draw_pruning},
};

struct _VitrineHelpButton {
  GtkWidget parent_instance;
  const Topic *topic;
  GtkWidget *button;
};

G_DEFINE_FINAL_TYPE(VitrineHelpButton, vitrine_help_button, GTK_TYPE_WIDGET)

const char *const *
vitrine_help_topics(void)
{
  static const char *names[G_N_ELEMENTS(topics) + 1];

  for (gsize i = 0; i < G_N_ELEMENTS(topics); i++)
    names[i] = topics[i].name;
  return names;
}

/* ---- the popover ------------------------------------------------------------------------- */

static void
draw_cb(GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data)
{
  const VitrineHelpButton *self = data;
  GtkStyleContext *style = gtk_widget_get_style_context(GTK_WIDGET(area));
  GdkRGBA ink, accent;

  gtk_style_context_get_color(style, &ink);
  if (!gtk_style_context_lookup_color(style, "accent_color", &accent))
    accent = ink;
  cairo_translate(cr, (width - VITRINE_HELP_WIDTH) / 2.0, 0);
  self->topic->draw(cr, &ink, &accent);
}

static GtkWidget *
text_new(const char *text, const char *class)
{
  GtkWidget *label = gtk_label_new(text);

  gtk_label_set_wrap(GTK_LABEL(label), TRUE);
  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_label_set_max_width_chars(GTK_LABEL(label), 42);
  if (class)
    gtk_widget_add_css_class(label, class);
  return label;
}

/* Made when it is first opened: there are many buttons, and few are asked. */
static void
create_cb(GtkMenuButton *button, gpointer data)
{
  VitrineHelpButton *self = data;

  if (gtk_menu_button_get_popover(button))
    return;
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 9);
  GtkWidget *drawing = gtk_drawing_area_new(), *popover = gtk_popover_new();
  gtk_drawing_area_set_content_width(GTK_DRAWING_AREA(drawing), VITRINE_HELP_WIDTH);
  gtk_drawing_area_set_content_height(GTK_DRAWING_AREA(drawing), VITRINE_HELP_HEIGHT);
  gtk_drawing_area_set_draw_func(GTK_DRAWING_AREA(drawing), draw_cb, self, NULL);
  gtk_widget_add_css_class(box, "help");
  gtk_box_append(GTK_BOX(box), text_new(_(self->topic->title), "heading"));
  gtk_box_append(GTK_BOX(box), drawing);
  gtk_box_append(GTK_BOX(box), text_new(_(self->topic->text), NULL));
  gtk_popover_set_child(GTK_POPOVER(popover), box);
  gtk_menu_button_set_popover(button, popover);
}

/* ---- the widget -------------------------------------------------------------------------- */

static void
set_topic(VitrineHelpButton *self, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS(topics); i++)
    if (g_strcmp0(topics[i].name, name) == 0)
      self->topic = &topics[i];
  g_return_if_fail(self->topic != NULL);
  g_autofree char *label = g_strdup_printf(_("What is this? %s"), _(self->topic->title));
  gtk_widget_set_tooltip_text(self->button, label);
  vitrine_accessible_set_name(self->button, label);
}

static void
vitrine_help_button_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  const VitrineHelpButton *self = VITRINE_HELP_BUTTON(object);

  g_value_set_string(value, self->topic ? self->topic->name : NULL);
}

static void
vitrine_help_button_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  set_topic(VITRINE_HELP_BUTTON(object), g_value_get_string(value));
}

static void
vitrine_help_button_dispose(GObject *object)
{
  g_clear_pointer(&VITRINE_HELP_BUTTON(object)->button, gtk_widget_unparent);
  G_OBJECT_CLASS(vitrine_help_button_parent_class)->dispose(object);
}

static void
vitrine_help_button_class_init(VitrineHelpButtonClass *class)
{
  gtk_widget_class_set_accessible_role(GTK_WIDGET_CLASS(class), GTK_ACCESSIBLE_ROLE_GROUP);
  G_OBJECT_CLASS(class)->dispose = vitrine_help_button_dispose;
  G_OBJECT_CLASS(class)->get_property = vitrine_help_button_get_property;
  G_OBJECT_CLASS(class)->set_property = vitrine_help_button_set_property;
  g_object_class_install_property(
      G_OBJECT_CLASS(class), 1,
      g_param_spec_string("topic", NULL, NULL, NULL,
                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS));
  gtk_widget_class_set_layout_manager_type(GTK_WIDGET_CLASS(class), GTK_TYPE_BIN_LAYOUT);
}

static void
vitrine_help_button_init(VitrineHelpButton *self)
{
  self->button = gtk_menu_button_new();
  gtk_menu_button_set_child(GTK_MENU_BUTTON(self->button), gtk_label_new("?"));
  gtk_menu_button_set_create_popup_func(GTK_MENU_BUTTON(self->button), create_cb, self, NULL);
  gtk_widget_add_css_class(self->button, "flat");
  gtk_widget_add_css_class(self->button, "help-button");
  gtk_widget_set_valign(self->button, GTK_ALIGN_CENTER);
  gtk_widget_set_parent(self->button, GTK_WIDGET(self));
}

GtkWidget *
vitrine_help_button_new(const char *topic)
{
  return g_object_new(VITRINE_TYPE_HELP_BUTTON, "topic", topic, NULL);
}
