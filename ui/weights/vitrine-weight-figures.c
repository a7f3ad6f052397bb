#include "ui/weights/vitrine-weight-figures.h"
#include <glib/gi18n.h>
#include <inttypes.h> /* PRIu64: xgettext reads it, not G_GUINT64_FORMAT */
#include <math.h>
#include "ui/charts/vitrine-plot.h"

#define CURVE_POINTS 129 /* of the normal density */

struct _VitrineWeightFigures {
  GtkBox parent_instance;
  VitrineSession *session;
  VitrineWeightData *data;
  VitrineWeightNode *node; /* what is shown */
  guint count_task;
  SgPrune prune; /* whose removed weights are counted */

  GtkLabel *heading, *count, *zeros, *min, *max, *mean, *std, *threshold;
  GtkToggleButton *effective;
  GtkBox *plot_box;
  VitrinePlot *plot;
};

G_DEFINE_FINAL_TYPE(VitrineWeightFigures, vitrine_weight_figures, GTK_TYPE_BOX)

/* ---- what the threshold takes ------------------------------------------------------------ */

static gboolean
is_effective(VitrineWeightFigures *self)
{
  return gtk_toggle_button_get_active(self->effective);
}

static void
set_number(GtkLabel *label, gboolean known, double v)
{
  g_autofree char *text = known ? g_strdup_printf("%.5g", v) : g_strdup("…");
  gtk_label_set_text(label, text);
}

static void
set_count(GtkLabel *label, gboolean known, guint64 v)
{
  g_autofree char *text = known ? g_strdup_printf("%'" G_GUINT64_FORMAT, v) : g_strdup("…");
  gtk_label_set_text(label, text);
}

/* What the threshold takes: a line at ±t, and a sentence. `removed` NULL: being counted. */
static void
show_removed(VitrineWeightFigures *self, const guint64 *removed)
{
  GArray *indices = vitrine_weight_node_get_indices(self->node);
  double t = vitrine_weight_data_threshold(self->data, indices, is_effective(self), &self->prune);
  guint64 total = 0;

  for (guint i = 0; i < indices->len; i++) {
    const VitrineWeightRecord *r = self->data->records->pdata[g_array_index(indices, guint, i)];
    total += r->prunable ? r->tensor->numel : 0;
  }
  g_autofree char *text = NULL;
  g_autofree char *what = isnan(t) ? g_strdup(_("The layers' thresholds"))
                                   : g_strdup_printf(_("The threshold ±%.4g"), t);
  if (total == 0)
    text = g_strdup(_("Pruning leaves these numbers alone."));
  else if (t == 0)
    text = g_strdup(_("No pruning threshold is set here."));
  else if (!removed)
    text = g_strdup_printf(_("%s: counting…"), what);
  else
    text = g_strdup_printf(_("%s: %'" PRIu64 " of %'" PRIu64 " removed (%.2f %%)"), what, *removed,
                           total, 100.0 * (double)*removed / (double)total);
  gtk_label_set_text(self->threshold, text);
}

static void
counted_cb(gpointer removed, gboolean finished, gpointer user_data)
{
  VitrineWeightFigures *self = user_data;

  if (finished)
    self->count_task = 0;
  else if (self->node)
    show_removed(self, removed);
}

static void
count_removed(VitrineWeightFigures *self)
{
  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->count_task);
  self->count_task = 0;
  if (!self->node)
    return;
  show_removed(self, NULL);
  self->count_task = vitrine_weight_data_count(self->data, self->session,
                                               vitrine_weight_node_get_indices(self->node),
                                               &self->prune, counted_cb, self);
}

/* ---- the histogram ----------------------------------------------------------------------- */

/* Lines at -t and t, from the axis to the top. */
static void
plot_threshold(VitrineWeightFigures *self, const VitrineWeightSum *sum, double top)
{
  double t = vitrine_weight_data_threshold(self->data, vitrine_weight_node_get_indices(self->node),
                                           is_effective(self), &self->prune);
  double x[] = {-t, -t, -t, t, t}, y[] = {0, top, NAN, 0, top};
  gboolean seen = !isnan(t) && t > 0 && t <= MAX(fabs(sum->low), fabs(sum->high));

  vitrine_plot_set_series(self->plot, 2, _("Threshold"), VITRINE_PLOT_LINE, seen ? 5 : 0, x, y);
}

static void
plot_normal(VitrineWeightFigures *self, const VitrineWeightSum *sum)
{
  double x[CURVE_POINTS], y[CURVE_POINTS];
  g_autofree char *label =
      sum->sigma == 1 ? g_strdup("N(0, 1)") : g_strdup_printf("N(0, %.3g²)", sum->sigma);

  for (int i = 0; i < CURVE_POINTS && sum->sigma > 0; i++) {
    x[i] = sum->low + (sum->high - sum->low) * i / (CURVE_POINTS - 1);
    y[i] = sg_normal_density(x[i], sum->sigma);
  }
  vitrine_plot_set_series(self->plot, 1, label, VITRINE_PLOT_DASHED,
                          sum->sigma > 0 ? CURVE_POINTS : 0, x, y);
}

static void
plot_sum(VitrineWeightFigures *self, const VitrineWeightSum *sum)
{
  double x[VITRINE_WEIGHT_BINS + 1], y[VITRINE_WEIGHT_BINS + 1] = {0};
  double width = (sum->high - sum->low) / VITRINE_WEIGHT_BINS;
  double top = sum->sigma > 0 ? sg_normal_density(0, sum->sigma) : 0;

  for (int i = 0; i <= VITRINE_WEIGHT_BINS; i++)
    x[i] = sum->low + width * i;
  for (int i = 0; i < VITRINE_WEIGHT_BINS; i++) {
    y[i] = (double)sum->counts[i] / ((double)MAX(sum->stats.finite, 1) * width);
    top = MAX(top, y[i]);
  }
  top *= 1.05;
  vitrine_plot_set_x_range(self->plot, sum->low, sum->high);
  vitrine_plot_set_y_range(self->plot, 0, top > 0 ? top : 1);
  vitrine_plot_set_series(self->plot, 0, _("Weights"), VITRINE_PLOT_BARS, VITRINE_WEIGHT_BINS + 1,
                          x, y);
  plot_normal(self, sum);
  plot_threshold(self, sum, top);
}

/* ---- everything of a layer --------------------------------------------------------------- */

static void
show_node(VitrineWeightFigures *self)
{
  VitrineWeightSum sum = {.stats = sg_weight_stats_none()};
  gboolean known =
      self->node && vitrine_weight_data_sum(self->data, vitrine_weight_node_get_indices(self->node),
                                            is_effective(self), &sum);
  gboolean any = known && sum.stats.finite > 0;
  g_autofree char *outside =
      sum.outside
          ? g_strdup_printf(ngettext("%'" PRIu64 " lies outside the range drawn",
                                     "%'" PRIu64 " lie outside the range drawn", sum.outside),
                            sum.outside)
          : NULL;

  gtk_label_set_text(self->heading, self->node ? vitrine_weight_node_get_path(self->node) : "");
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->heading), gtk_label_get_text(self->heading));
  set_count(self->count, known, sum.stats.count);
  set_count(self->zeros, known, sum.stats.zeros);
  set_number(self->min, any, sum.stats.min);
  set_number(self->max, any, sum.stats.max);
  set_number(self->mean, any, sum.stats.mean);
  set_number(self->std, any, sum.stats.std);
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->plot), outside);
  if (known) {
    plot_sum(self, &sum);
    return;
  }
  for (guint i = 0; i < 3; i++)
    vitrine_plot_set_series(self->plot, i, "", VITRINE_PLOT_LINE, 0, NULL, NULL);
}

static void
view_cb(GtkToggleButton *button, VitrineWeightFigures *self)
{
  if (!self->node)
    return;
  show_node(self);
  count_removed(self);
}

void
vitrine_weight_figures_set_session(VitrineWeightFigures *self, VitrineSession *session)
{
  g_return_if_fail(VITRINE_IS_WEIGHT_FIGURES(self));
  g_set_object(&self->session, session);
}

void
vitrine_weight_figures_set_node(VitrineWeightFigures *self, VitrineWeightData *data,
                                VitrineWeightNode *node)
{
  g_return_if_fail(VITRINE_IS_WEIGHT_FIGURES(self));
  g_clear_pointer(&self->data, vitrine_weight_data_unref);
  self->data = data ? vitrine_weight_data_ref(data) : NULL;
  g_set_object(&self->node, node);
  show_node(self);
  count_removed(self);
}

void
vitrine_weight_figures_set_prune(VitrineWeightFigures *self, const SgPrune *prune)
{
  g_return_if_fail(VITRINE_IS_WEIGHT_FIGURES(self));
  if (sg_prune_equal(&self->prune, prune))
    return;
  sg_prune_clear(&self->prune);
  sg_prune_copy(&self->prune, prune);
  if (!self->node)
    return;
  show_node(self);
  count_removed(self);
}

void
vitrine_weight_figures_measured(VitrineWeightFigures *self, guint index)
{
  g_return_if_fail(VITRINE_IS_WEIGHT_FIGURES(self));
  if (self->node && vitrine_weight_node_holds(self->node, index))
    show_node(self);
}

static void
vitrine_weight_figures_dispose(GObject *object)
{
  VitrineWeightFigures *self = VITRINE_WEIGHT_FIGURES(object);

  if (self->session)
    vitrine_view_stop_task(vitrine_session_get_view(self->session), self->count_task);
  self->count_task = 0;
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_WEIGHT_FIGURES);
  g_clear_object(&self->node);
  g_clear_object(&self->session);
  g_clear_pointer(&self->data, vitrine_weight_data_unref);
  G_OBJECT_CLASS(vitrine_weight_figures_parent_class)->dispose(object);
}

static void
vitrine_weight_figures_finalize(GObject *object)
{
  sg_prune_clear(&VITRINE_WEIGHT_FIGURES(object)->prune);
  G_OBJECT_CLASS(vitrine_weight_figures_parent_class)->finalize(object);
}

static void
vitrine_weight_figures_class_init(VitrineWeightFiguresClass *class)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_weight_figures_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_weight_figures_finalize;
  gtk_widget_class_set_template_from_resource(
      widget, "/io/github/vitrine/Vitrine/ui/vitrine-weight-figures.ui");
#define BIND(child) gtk_widget_class_bind_template_child(widget, VitrineWeightFigures, child)
  BIND(heading);
  BIND(count);
  BIND(zeros);
  BIND(min);
  BIND(max);
  BIND(mean);
  BIND(std);
  BIND(threshold);
  BIND(effective);
  BIND(plot_box);
#undef BIND
  gtk_widget_class_bind_template_callback(widget, view_cb);
}

static void
vitrine_weight_figures_init(VitrineWeightFigures *self)
{
  gtk_widget_init_template(GTK_WIDGET(self));
  self->plot = VITRINE_PLOT(vitrine_plot_new());
  gtk_widget_set_name(GTK_WIDGET(self->plot), "weights-plot");
  gtk_widget_set_hexpand(GTK_WIDGET(self->plot), TRUE);
  vitrine_plot_set_labels(self->plot, NULL, NULL);
  gtk_box_append(self->plot_box, GTK_WIDGET(self->plot));
}
