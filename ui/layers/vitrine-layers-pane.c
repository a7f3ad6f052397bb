#include "ui/layers/vitrine-layers-pane.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "app/work/vitrine-layer-probe.h"
#include "app/work/vitrine-layers-export.h"
#include "ui/parts/vitrine-noise-list.h"
#include "ui/parts/vitrine-pixels.h"
#include "ui/charts/vitrine-plot.h"
#include "ui/layers/vitrine-channel-extremes.h"
#include "ui/layers/vitrine-dissect-box.h"
#include "ui/parts/vitrine-wrap.h"

struct _VitrineLayersPane {
  VitrinePane parent_instance;
  VitrineSession *session; /* borrowed from the parent */
  VitrineTaskClass class;
  guint task;
  gboolean stale;     /* what is shown is of another recipe or stage */
  gboolean behind;    /* new weights have come since `task` was started */
  gboolean new_model; /* the list of stages is out of date */
  int channel;        /* -1: the mean */
  guint wanted;       /* the stage that is asked for */
  guint shown;        /* the stage that is shown */
  SgProbe *probe;     /* what is shown */
  SgChannelStats *stats;
  char *stage_name;
  int columns;

  GBindingGroup *bindings; /* of "stage"; none while another model changes the list */
  GtkDropDown *stage;
  GtkToggleButton *common;
  GtkLabel *summary, *numbers;
  GdkTexture *mean; /* of the probe's channels, or NULL */
  GtkPicture *grid, *channel_picture;
  GtkSpinButton *channel_spin;
  GtkFlowBox *contributions;
  AdwBin *style_bin, *extremes_bin;
  VitrineDissectBox *dissect;
  VitrineChannelExtremes *extremes;
  GtkBox *content;
  VitrinePlot *style;
  VitrineNoiseList *noise;
};

enum { PROP_0, PROP_STAGE, PROP_CHANNEL, N_PROPS };

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE(VitrineLayersPane, vitrine_layers_pane, VITRINE_TYPE_PANE)

/* ---- what is shown ----------------------------------------------------------------------- */

static int
n_channels(const VitrineLayersPane *self)
{
  return self->probe ? (int)self->probe->activation->shape[0] : 0;
}

static void
set_pixels(GtkPicture *picture, GdkTexture *texture)
{
  g_autoptr(GdkPaintable) pixels = vitrine_pixels_new(texture);
  gtk_picture_set_paintable(picture, pixels);
}

static void
show_channel(VitrineLayersPane *self)
{
  if (self->probe)
    self->channel = CLAMP(self->channel, -1, n_channels(self) - 1);
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_CHANNEL]);
  if (!self->probe)
    return;
  vitrine_dissect_box_set_channel(self->dissect, self->shown, self->stage_name, self->channel);
  vitrine_channel_extremes_set_channel(self->extremes, self->shown, self->channel);
  /* The mean was made with the rest: it takes longer than a frame where layers are large. */
  g_autoptr(GdkTexture) texture =
      self->channel < 0 && self->mean
          ? g_object_ref(self->mean)
          : vitrine_layer_channel_texture(self->probe->activation, self->channel);
  if (texture)
    set_pixels(self->channel_picture, texture);
  if (self->channel < 0) {
    gtk_label_set_text(self->numbers, _("Mean of all channels"));
    return;
  }
  const SgChannelStats *s = &self->stats[self->channel];
  g_autofree char *text = g_strdup_printf(
      _("minimum %.4g\nmaximum %.4g\nmean %.4g\nstandard deviation %.4g\nzeros %.1f %%%s"), s->min,
      s->max, s->mean, s->std, 100 * s->zeros,
      s->dead ? _("\nDead: the same number everywhere") : "");
  gtk_label_set_text(self->numbers, text);
}

static void
set_channel(VitrineLayersPane *self, int channel)
{
  self->channel = channel;
  show_channel(self);
}

static void
show_summary(VitrineLayersPane *self)
{
  GString *dead = g_string_new(NULL);
  int n = 0;

  for (int c = 0; c < n_channels(self); c++)
    if (self->stats[c].dead && ++n <= 8)
      g_string_append_printf(dead, "%s%d", n > 1 ? ", " : "", c);
  g_autofree char *numbers = g_string_free(dead, FALSE);
  g_autofree char *text =
      n ? g_strdup_printf(ngettext("%d channels, %d of them dead: %s%s",
                                   "%d channels, %d of them dead: %s%s", n_channels(self)),
                          n_channels(self), n, numbers, n > 8 ? "…" : "")
        : g_strdup_printf(
              ngettext("%d channel, none dead", "%d channels, none dead", n_channels(self)),
              n_channels(self));
  gtk_label_set_text(self->summary, text);
}

static void
show_style(VitrineLayersPane *self)
{
  const SgTensor *s = self->probe->style;
  gsize n = s->numel;
  g_autofree double *x = g_new(double, n + 1), *y = g_new(double, n + 1);

  for (gsize i = 0; i <= n; i++) {
    x[i] = (double)i;
    y[i] = i < n ? (double)s->data[i] : 0;
  }
  vitrine_plot_set_series(self->style, 0, _("style"), VITRINE_PLOT_BARS, n + 1, x, y);
}

static void
show_contributions(VitrineLayersPane *self, const VitrineLayerView *view)
{
  GtkWidget *child;
  guint next = 0;

  while ((child = gtk_widget_get_first_child(GTK_WIDGET(self->contributions))))
    gtk_flow_box_remove(self->contributions, child);
  for (guint i = 0; i < view->stages->len && next < view->contributions->len; i++) {
    const SgProbeStage *stage = &g_array_index(view->stages, SgProbeStage, i);
    if (stage->kind != SG_STAGE_RGB)
      continue;
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2);
    GtkWidget *picture = gtk_picture_new();
    set_pixels(GTK_PICTURE(picture), view->contributions->pdata[next++]);
    g_autofree char *size = g_strdup_printf("%d×%d", stage->width, stage->resolution);
    GtkWidget *label = gtk_label_new(size);
    gtk_widget_add_css_class(label, "caption");
    gtk_widget_set_size_request(picture, 72, 72);
    gtk_picture_set_alternative_text(GTK_PICTURE(picture), size);
    gtk_box_append(GTK_BOX(box), picture);
    gtk_box_append(GTK_BOX(box), label);
    gtk_flow_box_insert(self->contributions, box, -1);
  }
  vitrine_accessible_name_all(GTK_WIDGET(self->contributions));
}

static void
show_stages(VitrineLayersPane *self, const GArray *stages, guint selected)
{
  GtkStringList *names = gtk_string_list_new(NULL);

  for (guint i = 0; i < stages->len; i++) {
    const SgProbeStage *s = &g_array_index(stages, SgProbeStage, i);
    g_autofree char *w = s->w_index < 0 ? g_strdup("") : g_strdup_printf(" · w%d", s->w_index);
    g_autofree char *text = g_strdup_printf("%s · %d×%d%s", s->name, s->width, s->resolution, w);
    gtk_string_list_append(names, text);
  }
  self->wanted = selected;
  g_binding_group_set_source(self->bindings, NULL);
  gtk_drop_down_set_model(self->stage, G_LIST_MODEL(names));
  g_binding_group_set_source(self->bindings, self);
  g_object_unref(names);
  vitrine_noise_list_set_stages(self->noise, stages);
  self->new_model = FALSE;
}

static void ask(VitrineLayersPane *self);

/* ---- the task ---------------------------------------------------------------------------- */

static void
news_cb(gpointer news, gboolean finished, gpointer user_data)
{
  VitrineLayersPane *self = user_data;
  VitrineLayerView *view = news;

  if (finished) {
    self->task = 0;
    if (self->behind)
      ask(self);
    return;
  }
  if (self->new_model)
    show_stages(self, view->stages, view->stage);
  if (view->error) {
    gtk_label_set_text(self->summary, view->error);
    return;
  }
  sg_probe_free(self->probe);
  self->probe = g_steal_pointer(&view->probe);
  g_set_object(&self->mean, view->mean);
  g_free(self->stats);
  self->stats = g_steal_pointer(&view->stats);
  g_free(self->stage_name);
  self->stage_name = g_strdup(g_array_index(view->stages, SgProbeStage, view->stage).name);
  self->shown = view->stage;
  self->columns = view->columns;
  set_pixels(self->grid, view->grid);
  int channel = self->channel;
  gtk_spin_button_set_range(self->channel_spin, -1, n_channels(self) - 1);
  set_channel(self, channel); /* the spin button may have had to let go of it */
  show_summary(self);
  show_style(self);
  show_contributions(self, view);
  self->stale = FALSE;
}

/* Grids near a square, whatever the number of channels. */
static int
grid_columns(VitrineLayersPane *self)
{
  return n_channels(self) > 256 ? 32 : 16;
}

/* The newest question replaces one that waits; one that runs is finished and dropped. Nothing is
 * asked while nobody looks. */
static void
ask(VitrineLayersPane *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);

  self->stale = TRUE;
  if (!recipe || !gtk_widget_get_mapped(GTK_WIDGET(self)))
    return;
  self->behind = FALSE;
  VitrineLayerQuery *query = g_new0(VitrineLayerQuery, 1);
  query->recipe = sg_recipe_copy(recipe);
  query->stage = self->wanted;
  query->columns = grid_columns(self);
  query->common_scale = gtk_toggle_button_get_active(self->common);
  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task =
      vitrine_view_start_task(vitrine_session_get_view(self->session), &self->class, query, self);
}

/* What is asked for already is shown first, however often new weights come. */
static void
weights_changed_cb(VitrineLayersPane *self)
{
  if (self->task)
    self->behind = TRUE;
  else
    ask(self);
}

static void
model_changed_cb(VitrineLayersPane *self)
{
  self->task = 0;
  self->new_model = TRUE;
  self->channel = -1;
  ask(self);
}

/* ---- what the person does ---------------------------------------------------------------- */

static void
set_stage(VitrineLayersPane *self, guint stage)
{
  if (stage == self->wanted || stage == GTK_INVALID_LIST_POSITION)
    return;
  self->wanted = stage;
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_STAGE]);
  ask(self);
}

static void
common_cb(GtkToggleButton *button, VitrineLayersPane *self)
{
  ask(self);
}

/* Which channel of the grid lies at a point of its widget; -1: none. */
static int
channel_at(VitrineLayersPane *self, double x, double y)
{
  GdkPaintable *grid = gtk_picture_get_paintable(self->grid);

  if (!grid || !self->probe)
    return -1;
  double width = gdk_paintable_get_intrinsic_width(grid);
  double height = gdk_paintable_get_intrinsic_height(grid);
  double all_width = gtk_widget_get_width(GTK_WIDGET(self->grid));
  double all_height = gtk_widget_get_height(GTK_WIDGET(self->grid));
  double zoom = MIN(all_width / width, all_height / height);
  int w = (int)self->probe->activation->shape[2], h = (int)self->probe->activation->shape[1];
  double px = (x - (all_width - width * zoom) / 2) / zoom;
  double py = (y - (all_height - height * zoom) / 2) / zoom;
  int across = MIN(self->columns, n_channels(self));

  if (px < 0 || py < 0 || px >= width || py >= height)
    return -1;
  int channel = (int)(py / (h + 1)) * across + (int)(px / (w + 1));
  return channel < n_channels(self) ? channel : -1;
}

static void
pressed_cb(GtkGestureClick *gesture, int n, double x, double y, VitrineLayersPane *self)
{
  gtk_widget_grab_focus(GTK_WIDGET(self->grid));
  set_channel(self, channel_at(self, x, y));
}

static gboolean
key_cb(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
       VitrineLayersPane *self)
{
  int step = key == GDK_KEY_Left    ? -1
             : key == GDK_KEY_Right ? 1
             : key == GDK_KEY_Up    ? -self->columns
             : key == GDK_KEY_Down  ? self->columns
                                    : 0;
  if (!step)
    return GDK_EVENT_PROPAGATE;
  set_channel(self, self->channel + step);
  return GDK_EVENT_STOP;
}

static void
saved_picture_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineLayersPane) self = data;
  GdkPaintable *grid = gtk_picture_get_paintable(self->grid);

  if (file && VITRINE_IS_PIXELS(grid))
    vitrine_layers_export_picture(self->session, vitrine_pixels_get_texture(VITRINE_PIXELS(grid)),
                                  file);
}

static void
save_picture_cb(GtkButton *button, VitrineLayersPane *self)
{
  g_autofree char *name = g_strdup_printf("%s.png", self->stage_name ? self->stage_name : "layer");

  vitrine_file_dialog_save(GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))), _("Save Channels"),
                           name, NULL, saved_picture_cb, g_object_ref(self));
}

static void
saved_csv_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineLayersPane) self = data;

  if (file && self->probe)
    vitrine_layers_export_csv(self->session, self->probe, self->stats, file);
}

static void
save_csv_cb(GtkButton *button, VitrineLayersPane *self)
{
  g_autofree char *name = g_strdup_printf("%s.csv", self->stage_name ? self->stage_name : "layer");

  vitrine_file_dialog_save(GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))), _("Export CSV"), name,
                           NULL, saved_csv_cb, g_object_ref(self));
}

/* ---- for others -------------------------------------------------------------------------- */

void
vitrine_layers_pane_show(VitrineLayersPane *self, guint stage, int channel)
{
  g_return_if_fail(VITRINE_IS_LAYERS_PANE(self));
  set_channel(self, channel);
  set_stage(self, stage);
}

gboolean
vitrine_layers_pane_is_current(VitrineLayersPane *self)
{
  g_return_val_if_fail(VITRINE_IS_LAYERS_PANE(self), FALSE);
  return !self->stale;
}

/* ---- life -------------------------------------------------------------------------------- */

static void
add_controllers(VitrineLayersPane *self)
{
  GtkGesture *click = gtk_gesture_click_new();
  GtkEventController *keys = gtk_event_controller_key_new();

  g_signal_connect(click, "pressed", G_CALLBACK(pressed_cb), self);
  g_signal_connect(keys, "key-pressed", G_CALLBACK(key_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self->grid), GTK_EVENT_CONTROLLER(click));
  gtk_widget_add_controller(GTK_WIDGET(self->grid), keys);
}

static void
vitrine_layers_pane_init(VitrineLayersPane *self)
{
  self->class = vitrine_layer_probe_class(news_cb);
  self->channel = -1;
  self->new_model = TRUE;
  self->columns = 16;
  gtk_widget_init_template(GTK_WIDGET(self));
  self->style = VITRINE_PLOT(vitrine_plot_new());
  gtk_widget_set_name(GTK_WIDGET(self->style), "layer-style");
  vitrine_plot_set_labels(self->style, _("channel"), _("style"));
  adw_bin_set_child(self->style_bin, GTK_WIDGET(self->style));
  add_controllers(self);
  self->bindings = g_binding_group_new();
  g_binding_group_bind(self->bindings, "stage", self->stage, "selected", G_BINDING_BIDIRECTIONAL);
  g_signal_connect(self, "map", G_CALLBACK(ask), NULL);
}

static void
vitrine_layers_pane_dispose(GObject *object)
{
  VitrineLayersPane *self = VITRINE_LAYERS_PANE(object);

  if (self->session)
    vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  g_clear_object(&self->bindings);
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_LAYERS_PANE);
  self->session = NULL;
  G_OBJECT_CLASS(vitrine_layers_pane_parent_class)->dispose(object);
}

static void
vitrine_layers_pane_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VitrineLayersPane *self = VITRINE_LAYERS_PANE(object);

  if (id == PROP_STAGE)
    g_value_set_uint(value, self->wanted);
  else if (id == PROP_CHANNEL)
    g_value_set_int(value, self->channel);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void
vitrine_layers_pane_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  VitrineLayersPane *self = VITRINE_LAYERS_PANE(object);

  if (id == PROP_STAGE)
    set_stage(self, g_value_get_uint(value));
  else if (id == PROP_CHANNEL && g_value_get_int(value) != self->channel)
    set_channel(self, g_value_get_int(value));
}

/* For the template, whose controls are bound to them. */
static void
install_properties(GObjectClass *class)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  class->get_property = vitrine_layers_pane_get_property;
  class->set_property = vitrine_layers_pane_set_property;
  props[PROP_STAGE] = g_param_spec_uint("stage", NULL, NULL, 0, G_MAXUINT, 0, flags);
  props[PROP_CHANNEL] = g_param_spec_int("channel", NULL, NULL, -1, G_MAXINT, -1, flags);
  g_object_class_install_properties(class, N_PROPS, props);
}

static void
vitrine_layers_pane_finalize(GObject *object)
{
  VitrineLayersPane *self = VITRINE_LAYERS_PANE(object);

  sg_probe_free(self->probe);
  g_free(self->stats);
  g_free(self->stage_name);
  g_clear_object(&self->mean);
  G_OBJECT_CLASS(vitrine_layers_pane_parent_class)->finalize(object);
}

static void
vitrine_layers_pane_start(VitrinePane *pane, VitrineSession *session)
{
  VitrineLayersPane *self = VITRINE_LAYERS_PANE(pane);

  self->session = session;
  self->noise = VITRINE_NOISE_LIST(vitrine_noise_list_new(session));
  gtk_box_append(self->content, GTK_WIDGET(self->noise));
  self->extremes = VITRINE_CHANNEL_EXTREMES(vitrine_channel_extremes_new(session));
  adw_bin_set_child(self->extremes_bin, GTK_WIDGET(self->extremes));
  vitrine_dissect_box_start(self->dissect, session);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(ask), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "weights-changed", G_CALLBACK(weights_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self,
                          G_CONNECT_SWAPPED);
  ask(self);
}

static void
vitrine_layers_pane_class_init(VitrineLayersPaneClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_layers_pane_dispose;
  VITRINE_PANE_CLASS(class)->start = vitrine_layers_pane_start;
  G_OBJECT_CLASS(class)->finalize = vitrine_layers_pane_finalize;
  install_properties(G_OBJECT_CLASS(class));
  g_type_ensure(VITRINE_TYPE_DISSECT_BOX);
  g_type_ensure(VITRINE_TYPE_WRAP);
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/ui/vitrine-layers-pane.ui");
#define CHILD(name) gtk_widget_class_bind_template_child(widget_class, VitrineLayersPane, name)
  CHILD(stage);
  CHILD(common);
  CHILD(summary);
  CHILD(numbers);
  CHILD(grid);
  CHILD(channel_picture);
  CHILD(contributions);
  CHILD(style_bin);
  CHILD(content);
  CHILD(dissect);
  CHILD(extremes_bin);
#undef CHILD
  gtk_widget_class_bind_template_child_full(widget_class, "channel", FALSE,
                                            G_STRUCT_OFFSET(VitrineLayersPane, channel_spin));
  gtk_widget_class_bind_template_callback(widget_class, common_cb);
  gtk_widget_class_bind_template_callback(widget_class, save_picture_cb);
  gtk_widget_class_bind_template_callback(widget_class, save_csv_cb);
}
