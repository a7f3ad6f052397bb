#include <glib/gi18n.h>
#include <string.h>
#include "ui/vitrine-chart.h"
#include "ui/vitrine-file-dialog.h"
#include "ui/vitrine-run-pages.h"

#define CURVES 4

typedef struct {
  const char *tag, *label; /* label NULL: none but the chart's */
  guint colour;
  gboolean band;
} Curve;

typedef struct {
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
    {"regularisation",
     N_("Regularisation"),
     {{"Loss/r1_penalty", N_("R1"), 1}, {"Loss/pl_penalty", N_("path length"), 0}}},
    {"augment", N_("Augmentation p"), {{"Progress/augment", N_("p"), 4}}},
    {"rates", N_("Learning Rate"), {{"Progress/lr_g", N_("G"), 0}, {"Progress/lr_d", N_("D"), 1}}},
    {"speed", N_("Pictures per Second"), {{"Timing/images_per_sec", N_("pictures/s"), 5}}},
    {"kimg-time", N_("Seconds per kimg"), {{"Timing/sec_per_kimg", N_("s/kimg"), 5}}},
    {"memory",
     N_("Memory, GB"),
     {{"Resources/cpu_mem_gb", N_("CPU"), 6}, {"Resources/peak_gpu_mem_gb", N_("GPU"), 7}}},
};

/* A chart on the page: of a plan, or of one tag that no plan knows. */
typedef struct {
  char *id, *title;
  const Plan *plan; /* NULL: of `tag` alone */
  char *tag;
  guint curves; /* that it shows */
  VitrineChart *chart;
  VitrineRunCharts *page;
} Entry;

struct _VitrineRunCharts {
  GtkBox parent_instance;
  VitrineRun *run;
  VitrineSession *session;
  GPtrArray *entries; /* of Entry */
  GPtrArray *others;  /* of VitrineRun */
  gboolean linking;
  GtkFlowBox *main, *more;
  GtkWidget *more_box, *empty, *scrolled;
  GtkToggleButton *logarithmic;
  GtkScale *smoothing;
  GtkWidget *all_button;
};

G_DEFINE_FINAL_TYPE(VitrineRunCharts, vitrine_run_charts, GTK_TYPE_BOX)

static void
entry_free(gpointer data)
{
  Entry *e = data;

  g_free(e->id);
  g_free(e->title);
  g_free(e->tag);
  g_free(e);
}

/* ---- curves ---------------------------------------------------------------------------------- */

static const char *
name_of(VitrineRun *run)
{
  const SgRunStatus *status = vitrine_run_get_status(run);
  return status ? status->name : vitrine_run_get_path(run);
}

/* `nth` other run, 0: the page's own. */
static guint
add_curve(Entry *e, VitrineRun *run, guint nth, const Curve *curve)
{
  SgRunReader *reader = vitrine_run_get_reader(run);
  g_autoptr(SgSeries) series = reader ? sg_run_reader_series(reader, curve->tag) : NULL;

  if (!series)
    return 0;
  g_autoptr(SgSeries) band =
      curve->band && nth == 0 ? sg_run_reader_deviation(reader, curve->tag) : NULL;
  const char *label = curve->label ? _(curve->label) : e->title;
  g_autofree char *full = nth ? g_strdup_printf("%s · %s", label, name_of(run)) : NULL;
  vitrine_chart_add(e->chart, full ? full : label, (curve->colour + 2 * nth) % 8, nth > 0, series,
                    band);
  return 1;
}

static guint
add_run(Entry *e, VitrineRun *run, guint nth)
{
  const Curve alone = {e->tag, NULL, 0, FALSE};
  guint n = 0;

  for (int i = 0; e->plan && i < CURVES && e->plan->curves[i].tag; i++)
    n += add_curve(e, run, nth, &e->plan->curves[i]);
  return e->plan ? n : add_curve(e, run, nth, &alone);
}

static guint
count_curves(Entry *e, VitrineRun *run)
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
refresh_entry(VitrineRunCharts *self, Entry *e)
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
range_cb(VitrineChart *chart, Entry *e)
{
  VitrineRunCharts *self = e->page;

  if (self->linking)
    return;
  self->linking = TRUE;
  for (guint i = 0; i < self->entries->len; i++) {
    Entry *other = self->entries->pdata[i];
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
    vitrine_chart_set_range(((Entry *)self->entries->pdata[i])->chart, 0, 0);
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
    vitrine_chart_set_extent(((Entry *)self->entries->pdata[i])->chart, 0, end);
}

/* ---- one chart's own menu -------------------------------------------------------------------- */

static Entry *
entry_of(GtkWidget *widget)
{
  return g_object_get_data(G_OBJECT(widget), "entry");
}

static void
png_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(GtkWidget) frame = data;
  Entry *e = entry_of(frame);

  if (!file || !e || !e->page->session)
    return;
  g_autoptr(GBytes) bytes = vitrine_chart_to_png(e->chart, 2);
  vitrine_session_save_bytes(e->page->session, bytes, file);
}

typedef struct {
  VitrineSession *session;
  GFile *file;
} CsvJob;

static void
csv_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  CsvJob *job = data;
  g_autoptr(GBytes) bytes = vitrine_chart_to_csv_finish(VITRINE_CHART(source), result, NULL);

  if (bytes)
    vitrine_session_save_bytes(job->session, bytes, job->file);
  g_object_unref(job->session);
  g_object_unref(job->file);
  g_free(job);
}

static void
csv_chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(GtkWidget) frame = data;
  Entry *e = entry_of(frame);

  if (!file || !e || !e->page->session)
    return;
  CsvJob *job = g_new(CsvJob, 1);
  *job = (CsvJob){g_object_ref(e->page->session), g_object_ref(file)};
  vitrine_chart_to_csv_async(e->chart, NULL, csv_cb, job);
}

static void
export_action(GtkWidget *frame, const char *suffix, const char *filter_name, VitrineFileFunc done)
{
  Entry *e = entry_of(frame);
  g_autofree char *name = g_strdup_printf("%s-%s%s", name_of(e->page->run), e->id, suffix);
  g_autofree char *pattern = g_strconcat("*", suffix, NULL);
  g_autoptr(GtkFileFilter) filter = gtk_file_filter_new();

  gtk_file_filter_set_name(filter, filter_name);
  gtk_file_filter_add_pattern(filter, pattern);
  vitrine_file_dialog_save(GTK_WINDOW(gtk_widget_get_root(frame)), _("Export Chart"), name, filter,
                           done, g_object_ref(frame));
}

static void
png_cb(GSimpleAction *action, GVariant *parameter, gpointer frame)
{
  export_action(frame, ".png", _("PNG pictures"), png_chosen_cb);
}

static void
chart_csv_cb(GSimpleAction *action, GVariant *parameter, gpointer frame)
{
  export_action(frame, ".csv", _("CSV tables"), csv_chosen_cb);
}

static GtkWidget *
menu_button_new(GtkWidget *frame, const char *title)
{
  static const GActionEntry actions[] = {{"png", png_cb}, {"csv", chart_csv_cb}};
  g_autoptr(GSimpleActionGroup) group = g_simple_action_group_new();
  g_autoptr(GMenu) menu = g_menu_new();
  GtkWidget *button = gtk_menu_button_new();
  g_autofree char *tooltip = g_strdup_printf(_("Export “%s”"), title);

  g_action_map_add_action_entries(G_ACTION_MAP(group), actions, G_N_ELEMENTS(actions), frame);
  gtk_widget_insert_action_group(frame, "chart", G_ACTION_GROUP(group));
  g_menu_append(menu, _("Export as _PNG…"), "chart.png");
  g_menu_append(menu, _("Export as _CSV…"), "chart.csv");
  gtk_menu_button_set_menu_model(GTK_MENU_BUTTON(button), G_MENU_MODEL(menu));
  gtk_menu_button_set_icon_name(GTK_MENU_BUTTON(button), "view-more-symbolic");
  gtk_widget_set_tooltip_text(button, tooltip);
  gtk_widget_add_css_class(button, "flat");
  gtk_widget_set_halign(button, GTK_ALIGN_END);
  gtk_widget_set_valign(button, GTK_ALIGN_START);
  return button;
}

/* ---- the list of charts ---------------------------------------------------------------------- */

static void
apply_view(VitrineRunCharts *self, Entry *e)
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
  if (g_str_equal(tag, "Metrics/swd"))
    return _("Sliced Wasserstein Distance");
  return g_str_has_prefix(tag, "Metrics/") ? tag + strlen("Metrics/") : tag;
}

static Entry *
add_entry(VitrineRunCharts *self, const Plan *plan, const char *tag, GtkFlowBox *box)
{
  Entry *e = g_new0(Entry, 1);
  GtkWidget *frame = gtk_overlay_new(), *child = gtk_flow_box_child_new();
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
  g_object_set_data(G_OBJECT(frame), "entry", e);
  gtk_overlay_add_overlay(GTK_OVERLAY(frame), menu_button_new(frame, e->title));
  gtk_flow_box_child_set_child(GTK_FLOW_BOX_CHILD(child), frame);
  gtk_widget_set_focusable(child, FALSE);
  gtk_flow_box_append(box, child);
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

static Entry *
find_entry(VitrineRunCharts *self, const Plan *plan, const char *tag)
{
  for (guint i = 0; i < self->entries->len; i++) {
    Entry *e = self->entries->pdata[i];
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
    ((Entry *)self->entries->pdata[i])->curves = G_MAXUINT; /* all of them anew */
  refresh(self);
}

GPtrArray *
vitrine_run_charts_get_others(VitrineRunCharts *self)
{
  return self->others;
}

/* ---- export of all --------------------------------------------------------------------------- */

void
vitrine_run_charts_export_png(VitrineRunCharts *self, GFile *folder)
{
  for (guint i = 0; i < self->entries->len; i++) {
    Entry *e = self->entries->pdata[i];
    g_autofree char *name = g_strconcat(e->id, ".png", NULL);
    g_autoptr(GFile) file = g_file_get_child(folder, name);
    g_autoptr(GBytes) bytes = vitrine_chart_to_png(e->chart, 2);
    vitrine_session_save_bytes(self->session, bytes, file);
  }
}

static void
csv_thread(GTask *task, gpointer source, gpointer path, GCancellable *cancellable)
{
  GError *error = NULL;

  if (sg_run_reader_write_csv(vitrine_run_get_reader(source), NULL, path, &error))
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

static void
csv_written_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr(VitrineSession) session = data;
  g_autoptr(GError) error = NULL;
  g_autofree char *name = g_path_get_basename(g_task_get_task_data(G_TASK(result)));
  g_autofree char *text = NULL;

  vitrine_session_add_saving(session, -1);
  if (g_task_propagate_boolean(G_TASK(result), &error))
    text = g_strdup_printf(_("Saved %s"), name);
  else
    text = g_strdup_printf("%s\n\n%s", _("The table could not be saved"), error->message);
  g_signal_emit_by_name(session, "message", text, error != NULL);
}

void
vitrine_run_charts_export_csv(VitrineRunCharts *self, GFile *file)
{
  g_autoptr(GTask) task = g_task_new(self->run, NULL, csv_written_cb, g_object_ref(self->session));

  if (!vitrine_run_get_reader(self->run))
    return;
  vitrine_session_add_saving(self->session, 1);
  g_task_set_task_data(task, g_file_get_path(file), g_free);
  g_task_run_in_thread(task, csv_thread);
}

/* ---- life ------------------------------------------------------------------------------------ */

static GtkFlowBox *
flow_new(void)
{
  GtkFlowBox *box = GTK_FLOW_BOX(gtk_flow_box_new());

  gtk_flow_box_set_selection_mode(box, GTK_SELECTION_NONE);
  gtk_flow_box_set_max_children_per_line(box, 4);
  gtk_flow_box_set_homogeneous(box, TRUE);
  gtk_flow_box_set_row_spacing(box, 6);
  gtk_flow_box_set_column_spacing(box, 6);
  return box;
}

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
      Entry *e = self->entries->pdata[i];
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
  self->main = flow_new();
  self->more = flow_new();
  self->more_box = gtk_expander_new(_("More"));
  gtk_widget_set_name(self->more_box, "charts-more");
  gtk_expander_set_child(GTK_EXPANDER(self->more_box), GTK_WIDGET(self->more));
  gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->main));
  gtk_box_append(GTK_BOX(box), self->more_box);
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
  VitrineRunCharts *self = g_object_new(VITRINE_TYPE_RUN_CHARTS, "name", "run-charts", NULL);

  self->run = g_object_ref(run);
  self->session = g_object_ref(session);
  g_signal_connect_object(run, "changed", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET(self);
}
