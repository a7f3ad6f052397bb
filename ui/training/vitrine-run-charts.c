/* A run's page of charts: its curves, and those of other runs to compare with. */
#include <glib/gi18n.h>
#include <string.h>
#include "ui/training/vitrine-run-charts-private.h"
#include "engine/metrics/metric.h"

#define CURVES 4
/* Pixels that a chart should have before another stands beside it. */
#define COLUMN 380

typedef struct {
  const char *tag, *label; /* label NULL: none but the chart's */
  guint colour;
  gboolean band;
} Curve;

typedef struct VitrineRunPlan {
  const char *id, *title;
  Curve curves[CURVES];
} Plan;

static const Plan plans[] = {
    {"losses", N_("Losses"), {{"Loss/G/loss", N_("G"), 0}, {"Loss/D/loss", N_("D"), 1}}},
    {"scores",
     N_("Scores"),
     {{"Loss/scores/real", N_("D(x)"), 2, TRUE}, {"Loss/scores/fake", N_("D(G(z))"), 3, TRUE}}},
    {"signs",
     N_("Signs of the Scores"),
     {{"Loss/signs/real", N_("real"), 2}, {"Loss/signs/fake", N_("generated"), 3}}},
    /* Not on one axis: path length is hundreds of times larger at first, and R1 a flat line. */
    {"r1", N_("R1 Penalty"), {{"Loss/r1_penalty", N_("R1"), 1}}},
    {"path-length", N_("Path Length Penalty"), {{"Loss/pl_penalty", N_("path length"), 0}}},
    {"augment", N_("Augmentation p"), {{"Progress/augment", N_("p"), 4}}},
    {"rates", N_("Learning Rate"), {{"Progress/lr_g", N_("G"), 0}, {"Progress/lr_d", N_("D"), 1}}},
    {"speed", N_("Pictures per Second"), {{"Timing/images_per_sec", N_("pictures/s"), 5}}},
    {"kimg-time", N_("Seconds per kimg"), {{"Timing/sec_per_kimg", N_("s/kimg"), 5}}},
    {"memory",
     N_("Memory, GB"),
     {{"Resources/cpu_mem_gb", N_("CPU"), 6}, {"Resources/peak_gpu_mem_gb", N_("GPU"), 7}}},
};

G_DEFINE_FINAL_TYPE(VitrineRunCharts, vitrine_run_charts, GTK_TYPE_BOX)

static void
entry_free(gpointer data)
{
  VitrineRunChart *e = data;

  g_free(e->id);
  g_free(e->title);
  g_free(e->tag);
  g_free(e);
}

/* ---- curves ---------------------------------------------------------------------------------- */

/* `nth` other run, 0: the page's own. */
static guint
add_curve(VitrineRunChart *e, VitrineRun *run, guint nth, const Curve *curve)
{
  SgRunReader *reader = vitrine_run_get_reader(run);
  g_autoptr(SgSeries) series = reader ? sg_run_reader_series(reader, curve->tag) : NULL;

  if (!series)
    return 0;
  g_autoptr(SgSeries) band =
      curve->band && nth == 0 ? sg_run_reader_deviation(reader, curve->tag) : NULL;
  const char *label = curve->label ? _(curve->label) : e->title;
  g_autofree char *full =
      nth ? g_strdup_printf("%s · %s", label, vitrine_run_charts_name(run)) : NULL;
  vitrine_chart_add(e->chart, full ? full : label, (curve->colour + 2 * nth) % 8, nth > 0, series,
                    band);
  return 1;
}

static guint
add_run(VitrineRunChart *e, VitrineRun *run, guint nth)
{
  const Curve alone = {e->tag, NULL, 0, FALSE};
  guint n = 0;

  for (int i = 0; e->plan && i < CURVES && e->plan->curves[i].tag; i++)
    n += add_curve(e, run, nth, &e->plan->curves[i]);
  return e->plan ? n : add_curve(e, run, nth, &alone);
}

static guint
count_curves(VitrineRunChart *e, VitrineRun *run)
{
  const char *const *tags = vitrine_run_get_tags(run);
  guint n = 0;

  if (!tags)
    return 0;
  if (!e->plan)
    return g_strv_contains(tags, e->tag) ? 1 : 0;
  for (int i = 0; i < CURVES && e->plan->curves[i].tag; i++)
    n += g_strv_contains(tags, e->plan->curves[i].tag) ? 1 : 0;
  return n;
}

/* Curves come as the run first writes them, and with other runs. */
static void
refresh_entry(VitrineRunCharts *self, VitrineRunChart *e)
{
  guint n = count_curves(e, self->run);

  for (guint i = 0; i < self->others->len; i++)
    n += count_curves(e, self->others->pdata[i]) << (8 * (i % 3 + 1)); /* which ones, too */
  if (n == e->curves) {
    vitrine_chart_refresh(e->chart);
    return;
  }
  e->curves = n;
  vitrine_chart_clear(e->chart);
  add_run(e, self->run, 0);
  for (guint i = 0; i < self->others->len; i++)
    add_run(e, self->others->pdata[i], i + 1);
  vitrine_chart_refresh(e->chart);
}

/* ---- one range for all ----------------------------------------------------------------------- */

static void
range_cb(VitrineChart *chart, VitrineRunChart *e)
{
  VitrineRunCharts *self = e->page;

  if (self->linking)
    return;
  self->linking = TRUE;
  for (guint i = 0; i < self->entries->len; i++) {
    VitrineRunChart *other = self->entries->pdata[i];
    if (other != e)
      vitrine_chart_copy_range(other->chart, chart);
  }
  self->linking = FALSE;
}

static void
show_all_cb(VitrineRunCharts *self)
{
  self->linking = TRUE;
  for (guint i = 0; i < self->entries->len; i++)
    vitrine_chart_set_range(((VitrineRunChart *)self->entries->pdata[i])->chart, 0, 0);
  self->linking = FALSE;
}

/* All charts begin and end with the run. */
static void
show_extent(VitrineRunCharts *self)
{
  const SgRunStatus *status = vitrine_run_get_status(self->run);
  double end = status ? status->kimg : 0;

  for (guint i = 0; i < self->others->len; i++) {
    const SgRunStatus *other = vitrine_run_get_status(self->others->pdata[i]);
    if (other && other->kimg > end)
      end = other->kimg;
  }
  for (guint i = 0; end > 0 && i < self->entries->len; i++)
    vitrine_chart_set_extent(((VitrineRunChart *)self->entries->pdata[i])->chart, 0, end);
}

/* ---- the list of charts ---------------------------------------------------------------------- */

static void
apply_view(VitrineRunCharts *self, VitrineRunChart *e)
{
  vitrine_chart_set_smoothing(e->chart, gtk_range_get_value(GTK_RANGE(self->smoothing)));
  vitrine_chart_set_logarithmic(e->chart, gtk_toggle_button_get_active(self->logarithmic));
}

static void
view_cb(VitrineRunCharts *self)
{
  for (guint i = 0; i < self->entries->len; i++)
    apply_view(self, self->entries->pdata[i]);
}

/* "Metrics/fid50k_full" is known to people as fid50k_full. */
static const char *
title_of(const Plan *plan, const char *tag)
{
  if (plan)
    return _(plan->title);
  const SgMetric *metric = sg_metric_of_tag(tag);
  if (metric)
    return _(metric->title);
  return g_str_has_prefix(tag, "Metrics/") ? tag + strlen("Metrics/") : tag;
}

static VitrineRunChart *
add_entry(VitrineRunCharts *self, const Plan *plan, const char *tag, VitrineTiles *box)
{
  VitrineRunChart *e = g_new0(VitrineRunChart, 1);
  GtkWidget *frame = gtk_overlay_new();
  g_autofree char *name = NULL;

  e->plan = plan;
  e->tag = g_strdup(tag);
  e->title = g_strdup(title_of(plan, tag));
  e->id = g_strdelimit(g_strdup(plan ? plan->id : tag), "/", '-');
  e->page = self;
  e->chart = VITRINE_CHART(vitrine_chart_new(e->title, "kimg"));
  name = g_strconcat("chart-", e->id, NULL);
  gtk_widget_set_name(GTK_WIDGET(e->chart), name);
  gtk_widget_set_size_request(GTK_WIDGET(e->chart), -1, 190);
  vitrine_chart_set_corner(e->chart, 36); /* the menu button */
  gtk_overlay_set_child(GTK_OVERLAY(frame), GTK_WIDGET(e->chart));
  gtk_overlay_add_overlay(GTK_OVERLAY(frame), vitrine_run_chart_menu_new(e, frame));
  vitrine_tiles_append(box, frame);
  g_signal_connect(e->chart, "range-changed", G_CALLBACK(range_cb), e);
  g_ptr_array_add(self->entries, e);
  apply_view(self, e);
  return e;
}

static gboolean
is_planned(const char *tag)
{
  for (gsize i = 0; i < G_N_ELEMENTS(plans); i++)
    for (int k = 0; k < CURVES && plans[i].curves[k].tag; k++)
      if (g_str_equal(plans[i].curves[k].tag, tag))
        return TRUE;
  return FALSE;
}

static VitrineRunChart *
find_entry(VitrineRunCharts *self, const Plan *plan, const char *tag)
{
  for (guint i = 0; i < self->entries->len; i++) {
    VitrineRunChart *e = self->entries->pdata[i];
    if (plan ? e->plan == plan : g_strcmp0(e->tag, tag) == 0)
      return e;
  }
  return NULL;
}

/* Metrics are what a run is judged by: they stand with the planned charts. */
static gboolean
is_metric(const char *tag)
{
  return g_str_has_prefix(tag, "Metrics/") && !strchr(tag + strlen("Metrics/"), '/');
}

static void
add_new(VitrineRunCharts *self)
{
  const char *const *tags = vitrine_run_get_tags(self->run);

  for (gsize i = 0; tags && i < G_N_ELEMENTS(plans); i++)
    for (int k = 0; k < CURVES && plans[i].curves[k].tag; k++)
      if (g_strv_contains(tags, plans[i].curves[k].tag) && !find_entry(self, &plans[i], NULL))
        add_entry(self, &plans[i], NULL, self->main);
  for (guint i = 0; tags && tags[i]; i++)
    if (!is_planned(tags[i]) && !find_entry(self, NULL, tags[i]))
      add_entry(self, NULL, tags[i], is_metric(tags[i]) ? self->main : self->more);
}

static void
refresh(VitrineRunCharts *self)
{
  if (!gtk_widget_get_mapped(GTK_WIDGET(self)) || !vitrine_run_is_loaded(self->run))
    return;
  add_new(self);
  for (guint i = 0; i < self->entries->len; i++)
    refresh_entry(self, self->entries->pdata[i]);
  show_extent(self);
  gtk_widget_set_visible(self->more_box,
                         gtk_widget_get_first_child(GTK_WIDGET(self->more)) != NULL);
  gtk_widget_set_visible(self->empty, self->entries->len == 0);
  gtk_widget_set_visible(self->scrolled, self->entries->len > 0);
}

void
vitrine_run_charts_compare(VitrineRunCharts *self, VitrineRun *other, gboolean on)
{
  g_return_if_fail(VITRINE_IS_RUN_CHARTS(self));
  gboolean had = g_ptr_array_find(self->others, other, NULL);

  if (had == on || other == self->run)
    return;
  if (on) {
    g_ptr_array_add(self->others, g_object_ref(other));
    g_signal_connect_object(other, "changed", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  } else {
    g_signal_handlers_disconnect_by_data(other, self);
    g_ptr_array_remove(self->others, other);
  }
  for (guint i = 0; i < self->entries->len; i++)
    ((VitrineRunChart *)self->entries->pdata[i])->curves = G_MAXUINT; /* all of them anew */
  refresh(self);
}

GPtrArray *
vitrine_run_charts_get_others(VitrineRunCharts *self)
{
  g_return_val_if_fail(VITRINE_IS_RUN_CHARTS(self), NULL);
  return self->others;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
add_controls(VitrineRunCharts *self)
{
  GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *label = gtk_label_new(_("Smoothing"));

  self->smoothing = GTK_SCALE(gtk_scale_new_with_range(GTK_ORIENTATION_HORIZONTAL, 0, 0.99, 0.01));
  gtk_widget_set_name(GTK_WIDGET(self->smoothing), "chart-smoothing");
  gtk_widget_set_hexpand(GTK_WIDGET(self->smoothing), TRUE);
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->smoothing),
                              _("Exponential smoothing of the curves, as in TensorBoard"));
  gtk_accessible_update_relation(GTK_ACCESSIBLE(self->smoothing),
                                 GTK_ACCESSIBLE_RELATION_LABELLED_BY, label, NULL, -1);
  self->logarithmic = GTK_TOGGLE_BUTTON(gtk_toggle_button_new_with_label(_("Log Scale")));
  gtk_widget_set_name(GTK_WIDGET(self->logarithmic), "chart-log");
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->logarithmic), _("Logarithmic scale"));
  self->all_button = gtk_button_new_from_icon_name("zoom-fit-best-symbolic");
  gtk_widget_set_name(self->all_button, "chart-all");
  gtk_widget_set_tooltip_text(self->all_button, _("Show the whole run in every chart"));
  gtk_widget_add_css_class(label, "dim-label");
  gtk_box_append(GTK_BOX(row), label);
  gtk_box_append(GTK_BOX(row), GTK_WIDGET(self->smoothing));
  gtk_box_append(GTK_BOX(row), GTK_WIDGET(self->logarithmic));
  gtk_box_append(GTK_BOX(row), self->all_button);
  gtk_widget_add_css_class(row, "run-controls");
  gtk_box_append(GTK_BOX(self), row);
  g_signal_connect_swapped(self->smoothing, "value-changed", G_CALLBACK(view_cb), self);
  g_signal_connect_swapped(self->logarithmic, "toggled", G_CALLBACK(view_cb), self);
  g_signal_connect_swapped(self->all_button, "clicked", G_CALLBACK(show_all_cb), self);
}

static void
vitrine_run_charts_dispose(GObject *object)
{
  VitrineRunCharts *self = VITRINE_RUN_CHARTS(object);

  if (self->entries)
    for (guint i = 0; i < self->entries->len; i++) {
      VitrineRunChart *e = self->entries->pdata[i];
      g_signal_handlers_disconnect_by_data(e->chart, e);
      g_object_set_data(G_OBJECT(gtk_widget_get_parent(GTK_WIDGET(e->chart))), "entry", NULL);
    }
  g_clear_pointer(&self->entries, g_ptr_array_unref);
  g_clear_pointer(&self->others, g_ptr_array_unref);
  g_clear_object(&self->run);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_run_charts_parent_class)->dispose(object);
}

static void
vitrine_run_charts_class_init(VitrineRunChartsClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_run_charts_dispose;
}

static void
vitrine_run_charts_init(VitrineRunCharts *self)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);

  gtk_orientable_set_orientation(GTK_ORIENTABLE(self), GTK_ORIENTATION_VERTICAL);
  self->entries = g_ptr_array_new_with_free_func(entry_free);
  self->others = g_ptr_array_new_with_free_func(g_object_unref);
  add_controls(self);
  self->main = VITRINE_TILES(vitrine_tiles_new(COLUMN, 3, 6));
  self->more = VITRINE_TILES(vitrine_tiles_new(COLUMN, 3, 6));
  /* Not a GtkExpander: the Tab key stumbles over what one has folded away. */
  self->more_box = gtk_toggle_button_new_with_label(_("More"));
  gtk_widget_set_name(self->more_box, "charts-more");
  gtk_widget_set_halign(self->more_box, GTK_ALIGN_START);
  gtk_widget_set_tooltip_text(self->more_box, _("Everything else that the run has written down"));
  g_object_bind_property(self->more_box, "active", self->more, "visible", G_BINDING_SYNC_CREATE);
  gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->main));
  gtk_box_append(GTK_BOX(box), self->more_box);
  gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->more));
  gtk_widget_add_css_class(box, "run-charts");
  self->scrolled = gtk_scrolled_window_new();
  gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(self->scrolled), GTK_POLICY_NEVER,
                                 GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(self->scrolled), box);
  gtk_widget_set_vexpand(self->scrolled, TRUE);
  self->empty = gtk_label_new(_("Curves appear here with the first status line of the run."));
  gtk_label_set_wrap(GTK_LABEL(self->empty), TRUE);
  gtk_widget_set_vexpand(self->empty, TRUE);
  gtk_widget_add_css_class(self->empty, "dim-label");
  gtk_box_append(GTK_BOX(self), self->empty);
  gtk_box_append(GTK_BOX(self), self->scrolled);
  gtk_widget_set_visible(self->scrolled, FALSE);
  g_signal_connect_after(self, "map", G_CALLBACK(refresh), NULL);
}

GtkWidget *
vitrine_run_charts_new(VitrineRun *run, VitrineSession *session)
{
  g_return_val_if_fail(VITRINE_IS_RUN(run), NULL);
  VitrineRunCharts *self = g_object_new(VITRINE_TYPE_RUN_CHARTS, "name", "run-charts", NULL);

  self->run = g_object_ref(run);
  self->session = g_object_ref(session);
  g_signal_connect_object(run, "changed", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET(self);
}
