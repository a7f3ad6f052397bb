#include "ui/pruning/vitrine-pruning-sweep.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "app/figures/figure.h"
#include "ui/parts/vitrine-dialogs.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "ui/parts/vitrine-number.h"
#include "ui/charts/vitrine-plot.h"
#include "ui/parts/vitrine-accessible.h"
#include "ui/parts/vitrine-wrap.h"

#define N         VITRINE_SWEEP_STEPS
#define REDRAW_MS 100 /* between two redraws while results come in */
/* Pixels of a side up to which a sweep takes minutes, and begins by itself. */
#define SMALL_MODEL 128

struct _VitrinePruningSweep {
  GtkBox parent_instance;
  VitrineSession *session;
  VitrinePruningWork *work;
  const SgPruneCounter *counter; /* borrowed */
  VitrinePlot *plot;
  GtkButton *button;
  GtkProgressBar *progress;
  GtkWidget *export_button;

  SgPrune base;       /* what the results belong to; its threshold means nothing */
  guint task;         /* 0: not running */
  gboolean cancelled; /* by the person: it does not begin again by itself */
  int done;
  /* [k]: score mean and deviation, logit mean and deviation; NAN: not measured yet */
  double result[N][4];
  int label;   /* class, conditional models only */
  double real; /* mean score of real pictures; NAN: not known */
  double pace; /* seconds that one threshold takes; 0: not known */
  guint redraw;
  char *hash, *weights; /* of the weights that are scored: their name, "12.3 kimg" or NULL */
};

G_DEFINE_FINAL_TYPE(VitrinePruningSweep, vitrine_pruning_sweep, GTK_TYPE_BOX)

/* ---- the order --------------------------------------------------------------------------- */

void
vitrine_pruning_sweep_order(int order[VITRINE_SWEEP_STEPS])
{
  static const int steps[] = {100, 50, 25, 10, 5, 2, 1};
  gboolean taken[VITRINE_SWEEP_STEPS] = {FALSE};
  int n = 0;

  for (gsize i = 0; i < G_N_ELEMENTS(steps); i++)
    for (int k = 0; k < N; k += steps[i])
      if (!taken[k]) {
        taken[k] = TRUE;
        order[n++] = k;
      }
}

/* ---- what is shown ----------------------------------------------------------------------- */

static gboolean
has_discriminator(VitrinePruningSweep *self)
{
  SgModel *model = vitrine_session_get_model(self->session);
  return model && model->info.has_d;
}

/* The part of the weights that stays at each threshold. */
static void
remaining_at(VitrinePruningSweep *self, int k, guint64 *remaining, double *share)
{
  SgPrune p;

  sg_prune_copy(&p, &self->base);
  p.threshold = k / 1000.0;
  *remaining = sg_prune_counter_remaining(self->counter, &p);
  *share = (double)*remaining / (double)MAX(sg_prune_counter_total(self->counter), 1);
  sg_prune_clear(&p);
}

static void
show_remaining(VitrinePruningSweep *self)
{
  g_autofree double *x = g_new(double, N);
  g_autofree double *y = g_new(double, N);
  guint64 unused;

  for (int k = 0; self->counter && k < N; k++) {
    x[k] = k / 1000.0;
    remaining_at(self, k, &unused, &y[k]);
  }
  vitrine_plot_set_series(self->plot, 1, _("remaining"), VITRINE_PLOT_DASHED, self->counter ? N : 0,
                          x, y);
}

/* A training goes on while its weights are scored; the curve is of the weights it began with. */
static gboolean
is_older(VitrinePruningSweep *self)
{
  SgModel *model = vitrine_session_get_model(self->session);
  return self->hash && model && strcmp(self->hash, model->hash) != 0;
}

static gboolean
is_large(VitrinePruningSweep *self)
{
  SgModel *model = vitrine_session_get_model(self->session);
  return model && model->info.img_resolution > SMALL_MODEL;
}

/* "3 of 1001 · 2 h 10 min left"; before it is started, how long it takes. */
static char *
progress_text(VitrinePruningSweep *self)
{
  g_autofree char *count = g_strdup_printf(_("%d of %d"), self->done, N);
  g_autofree char *time = vitrine_duration_text(self->pace * (N - self->done));
  g_autofree char *left = g_strdup_printf(self->task ? _("%s left") : _("takes %s"), time);

  if (is_older(self))
    return g_strdup_printf("%s · %s", count, self->weights ? self->weights : _("earlier weights"));
  if (self->pace <= 0 || self->done == N || !(self->task || is_large(self)))
    return g_steal_pointer(&count);
  return g_strdup_printf("%s · %s", count, left);
}

/* Only what was measured: a curve through few points first, through all of them at the end. */
static void
show_score(VitrinePruningSweep *self)
{
  g_autofree double *x = g_new(double, N);
  g_autofree double *y = g_new(double, N);
  gsize n = 0;

  for (int k = 0; k < N; k++)
    if (!isnan(self->result[k][0])) {
      x[n] = k / 1000.0;
      y[n++] = self->result[k][0];
    }
  vitrine_plot_set_series(self->plot, 0, _("score (mean sigmoid)"), VITRINE_PLOT_LINE, n, x, y);
  g_autofree char *text = progress_text(self);
  gtk_progress_bar_set_fraction(self->progress, (double)self->done / N);
  gtk_progress_bar_set_text(self->progress, text);
}

static void
update_button(VitrinePruningSweep *self)
{
  gboolean can = has_discriminator(self);

  gtk_button_set_label(self->button, self->task                          ? _("Cancel")
                                     : self->done == N || is_older(self) ? _("Again")
                                     : self->done > 0                    ? _("Go on")
                                                                         : _("Start"));
  gtk_widget_set_visible(GTK_WIDGET(self->button), can);
  gtk_widget_set_visible(GTK_WIDGET(self->progress), can);
  gtk_widget_set_sensitive(self->export_button, self->counter != NULL);
}

static gboolean
redraw_cb(gpointer data)
{
  VitrinePruningSweep *self = data;

  self->redraw = 0;
  show_score(self);
  return G_SOURCE_REMOVE;
}

/* ---- the sweep --------------------------------------------------------------------------- */

static void
stop(VitrinePruningSweep *self)
{
  if (self->task)
    vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
}

static void
forget(VitrinePruningSweep *self)
{
  stop(self);
  for (int k = 0; k < N; k++)
    self->result[k][0] = NAN;
  self->done = 0;
  if (is_older(self))
    g_clear_pointer(&self->work, vitrine_pruning_work_unref);
  g_clear_pointer(&self->hash, g_free);
  g_clear_pointer(&self->weights, g_free);
}

static void
news_cb(gpointer news, gboolean finished, gpointer user_data)
{
  VitrinePruningSweep *self = user_data;
  const VitrineScore *score = news;

  if (score && !score->error) {
    self->pace = self->pace > 0 ? 0.8 * self->pace + 0.2 * score->seconds : score->seconds;
    int k = CLAMP((int)lrint(score->prune.threshold * 1000), 0, N - 1);
    self->done += isnan(self->result[k][0]);
    memcpy(self->result[k],
           (double[]){score->score, score->score_std, score->logit, score->logit_std},
           sizeof self->result[k]);
  }
  if (finished || (score && score->error)) {
    stop(self);
    g_clear_handle_id(&self->redraw, g_source_remove);
    show_score(self);
    update_button(self);
    if (score && score->error)
      gtk_progress_bar_set_text(self->progress, score->error);
  } else if (!self->redraw) {
    self->redraw = g_timeout_add(REDRAW_MS, redraw_cb, self);
  }
}

static void
start(VitrinePruningSweep *self)
{
  int order[N], todo[N];
  guint n = 0;

  if (self->task || !has_discriminator(self))
    return;
  vitrine_pruning_sweep_order(order);
  for (int i = 0; i < N; i++)
    if (isnan(self->result[order[i]][0]))
      todo[n++] = order[i];
  if (n == 0)
    return;
  SgModel *model = vitrine_session_get_model(self->session);
  if (!self->work)
    self->work = vitrine_pruning_work_new(model);
  if (!self->hash) {
    self->hash = g_strdup(model->hash);
    self->weights = vitrine_following_weights_text(vitrine_session_get_following(self->session));
  }
  self->task = vitrine_pruning_start_sweep(self->session, self->work, &self->base, self->label, n,
                                           todo, news_cb, self);
}

/* By itself only while it can be seen: nobody waits for a curve on a hidden page. What takes hours
 * is asked for. */
static void
start_if_seen(VitrinePruningSweep *self)
{
  if (!self->cancelled && !is_large(self) && gtk_widget_get_mapped(GTK_WIDGET(self))) {
    if (!self->task && is_older(self))
      forget(self);
    start(self);
  }
  update_button(self);
}

/* What runs goes on: a training may send weights faster than a sweep ends. */
static void
weights_changed_cb(VitrinePruningSweep *self)
{
  show_score(self);
  update_button(self);
}

static void
unmap_cb(VitrinePruningSweep *self)
{
  stop(self);
  update_button(self);
}

static void
button_cb(GtkButton *button, VitrinePruningSweep *self)
{
  self->cancelled = self->task != 0;
  if (self->task) {
    stop(self);
  } else {
    if (self->done == N || is_older(self))
      forget(self);
    start(self);
  }
  show_score(self);
  update_button(self);
}

static void
clicked_cb(VitrinePlot *plot, double x, VitrinePruningSweep *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);

  if (!r)
    return;
  SgRecipe *recipe = sg_recipe_copy(r);
  recipe->prune.threshold = CLAMP(round(x * 1000) / 1000, 0, 1);
  vitrine_session_apply(self->session, recipe, _("Pruning"), "prune");
}

/* ---- what it depends on ------------------------------------------------------------------ */

static void
recipe_changed_cb(VitrinePruningSweep *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);
  SgPrune base;

  if (!r)
    return;
  vitrine_plot_set_marker(self->plot, r->prune.threshold);
  sg_prune_copy(&base, &r->prune);
  base.threshold = 0;
  if (sg_prune_equal(&base, &self->base) && r->label == self->label) {
    sg_prune_clear(&base);
    return;
  }
  forget(self);
  sg_prune_clear(&self->base);
  self->base = base;
  self->label = r->label;
  show_remaining(self);
  show_score(self);
  start_if_seen(self);
}

static void
model_changed_cb(VitrinePruningSweep *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);

  self->task = 0; /* the session has ended the old model's */
  forget(self);
  g_clear_pointer(&self->work, vitrine_pruning_work_unref);
  self->counter = NULL;
  self->cancelled = FALSE;
  self->pace = 0;
  sg_prune_clear(&self->base);
  self->base = (SgPrune){0};
  if (r) {
    sg_prune_copy(&self->base, &r->prune);
    self->base.threshold = 0;
    self->label = r->label;
    vitrine_plot_set_marker(self->plot, r->prune.threshold);
  }
  show_remaining(self);
  show_score(self);
  start_if_seen(self);
}

void
vitrine_pruning_sweep_set_counter(VitrinePruningSweep *self, const SgPruneCounter *counter)
{
  g_return_if_fail(VITRINE_IS_PRUNING_SWEEP(self));
  self->counter = counter;
  show_remaining(self);
  update_button(self);
}

void
vitrine_pruning_sweep_set_pace(VitrinePruningSweep *self, double seconds)
{
  g_return_if_fail(VITRINE_IS_PRUNING_SWEEP(self));
  if (!self->task)
    self->pace = seconds;
  show_score(self);
}

void
vitrine_pruning_sweep_set_real(VitrinePruningSweep *self, double score)
{
  g_return_if_fail(VITRINE_IS_PRUNING_SWEEP(self));
  const double x[] = {0, 1}, y[] = {score, score};

  self->real = score;
  vitrine_plot_set_series(self->plot, 2, _("real images"), VITRINE_PLOT_DASHED,
                          isnan(score) ? 0 : 2, x, y);
}

/* ---- export ------------------------------------------------------------------------------ */

/* As "vitrine prune" writes it; thresholds that were not scored yet leave their score empty. */
static char *
csv_text(VitrinePruningSweep *self)
{
  GString *csv = g_string_new(SG_PRUNE_CSV_HEADER);
  guint64 total = sg_prune_counter_total(self->counter);

  for (int k = 0; k < N; k++) {
    guint64 remaining;
    double share;
    remaining_at(self, k, &remaining, &share);
    sg_prune_csv_row(csv, k / 1000.0, remaining, total, self->result[k]);
  }
  return g_string_free(csv, FALSE);
}

static gboolean
write_figure(VitrinePruningSweep *self, const char *path, GError **error)
{
  g_autofree double *x = g_new(double, N);
  g_autofree double *share = g_new(double, N);
  g_autofree double *mean = g_new(double, N);
  const double ends[] = {0, 1}, level[] = {self->real, self->real};
  VitrineAxes axes = {NULL, _("threshold"), NULL, 0, 1};
  const VitrineCurve curves[] = {{_("remaining weights"), N, x, share},
                                 {_("score (mean sigmoid)"), N, x, mean},
                                 {_("score of real pictures"), 2, ends, level}};
  guint64 unused;

  for (int k = 0; k < N; k++) {
    x[k] = k / 1000.0;
    mean[k] = self->result[k][0];
    remaining_at(self, k, &unused, &share[k]);
  }
  return vitrine_figure_curves(path, &axes,
                               !has_discriminator(self) ? 1
                               : isnan(self->real)      ? 2
                                                        : 3,
                               curves, error);
}

gboolean
vitrine_pruning_sweep_export(VitrinePruningSweep *self, const char *path, GError **error)
{
  g_return_val_if_fail(VITRINE_IS_PRUNING_SWEEP(self), FALSE);
  if (g_str_has_suffix(path, ".png") || g_str_has_suffix(path, ".svg"))
    return write_figure(self, path, error);
  g_autofree char *csv = csv_text(self);
  return g_file_set_contents(path, csv, -1, error);
}

static void
export_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrinePruningSweep) self = data;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = file ? g_file_get_path(file) : NULL;

  if (path && self->session && self->counter && !vitrine_pruning_sweep_export(self, path, &error))
    vitrine_dialogs_message(GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))), _("Not exported"),
                            error->message);
}

static void
export_clicked_cb(GtkButton *button, VitrinePruningSweep *self)
{
  vitrine_file_dialog_save(GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))),
                           _("Export as CSV, PNG or SVG"), "prune.csv", NULL, export_cb,
                           g_object_ref(self));
}

/* ---- life -------------------------------------------------------------------------------- */

void
vitrine_pruning_sweep_set_session(VitrinePruningSweep *self, VitrineSession *session)
{
  g_return_if_fail(VITRINE_IS_PRUNING_SWEEP(self));
  self->session = g_object_ref(session);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(recipe_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "weights-changed", G_CALLBACK(weights_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect(self, "map", G_CALLBACK(start_if_seen), NULL);
  g_signal_connect(self, "unmap", G_CALLBACK(unmap_cb), NULL);
  model_changed_cb(self);
}

static void
vitrine_pruning_sweep_init(VitrinePruningSweep *self)
{
  GtkWidget *line = vitrine_wrap_new(8);

  for (int k = 0; k < N; k++)
    self->result[k][0] = NAN;
  self->real = NAN;
  gtk_orientable_set_orientation(GTK_ORIENTABLE(self), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing(GTK_BOX(self), 8);
  gtk_widget_set_margin_top(GTK_WIDGET(self), 6);
  self->plot = VITRINE_PLOT(vitrine_plot_new());
  gtk_widget_set_name(GTK_WIDGET(self->plot), "prune-plot");
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->plot), NULL);
  vitrine_plot_set_labels(self->plot, _("threshold"), NULL);
  vitrine_plot_set_x_range(self->plot, 0, 1);
  vitrine_plot_set_y_range(self->plot, 0, 1);
  g_signal_connect(self->plot, "clicked", G_CALLBACK(clicked_cb), self);
  self->button = GTK_BUTTON(gtk_button_new());
  gtk_widget_set_name(GTK_WIDGET(self->button), "prune-sweep-button");
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->button),
                              _("Scores all thresholds in the background"));
  g_signal_connect(self->button, "clicked", G_CALLBACK(button_cb), self);
  self->progress = GTK_PROGRESS_BAR(gtk_progress_bar_new());
  gtk_progress_bar_set_show_text(self->progress, TRUE);
  gtk_progress_bar_set_ellipsize(self->progress, PANGO_ELLIPSIZE_END);
  gtk_widget_set_name(GTK_WIDGET(self->progress), "prune-sweep-progress");
  vitrine_accessible_set_name(GTK_WIDGET(self->progress), _("Thresholds that are scored"));
  gtk_widget_set_hexpand(GTK_WIDGET(self->progress), TRUE);
  gtk_widget_set_valign(GTK_WIDGET(self->progress), GTK_ALIGN_CENTER);
  self->export_button = gtk_button_new_with_label(_("Export…"));
  gtk_widget_set_name(self->export_button, "prune-export");
  gtk_widget_set_halign(self->export_button, GTK_ALIGN_END);
  gtk_widget_set_tooltip_text(self->export_button,
                              _("The curves as a table (CSV) or as a picture (PNG, SVG)"));
  g_signal_connect(self->export_button, "clicked", G_CALLBACK(export_clicked_cb), self);
  vitrine_wrap_append(VITRINE_WRAP(line), GTK_WIDGET(self->button));
  vitrine_wrap_append(VITRINE_WRAP(line), GTK_WIDGET(self->progress));
  vitrine_wrap_append(VITRINE_WRAP(line), self->export_button);
  gtk_box_append(GTK_BOX(self), GTK_WIDGET(self->plot));
  gtk_box_append(GTK_BOX(self), line);
}

static void
vitrine_pruning_sweep_dispose(GObject *object)
{
  VitrinePruningSweep *self = VITRINE_PRUNING_SWEEP(object);

  if (self->session)
    stop(self);
  g_clear_handle_id(&self->redraw, g_source_remove);
  self->counter = NULL;
  g_clear_pointer(&self->work, vitrine_pruning_work_unref);
  sg_prune_clear(&self->base);
  g_clear_pointer(&self->hash, g_free);
  g_clear_pointer(&self->weights, g_free);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_pruning_sweep_parent_class)->dispose(object);
}

static void
vitrine_pruning_sweep_class_init(VitrinePruningSweepClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_pruning_sweep_dispose;
}
