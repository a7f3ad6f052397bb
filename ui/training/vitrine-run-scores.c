/* A run's page with the discriminator's scores of real and generated pictures as densities over
 * time. */
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "app/figures/figure.h"
#include "ui/parts/vitrine-file-dialog.h"
#include "ui/parts/vitrine-number.h"
#include "ui/charts/vitrine-plot.h"
#include "ui/training/vitrine-run-pages.h"

struct _VitrineRunScores {
  GtkBox parent_instance;
  VitrineRun *run;
  VitrineSession *session;
  GPtrArray *real, *fake; /* of SgRunHistogram */
  int at;
  gboolean newest;
  VitrinePlot *plot;
  GtkScale *scale;
  GtkLabel *label;
  GtkWidget *empty, *content;
};

G_DEFINE_FINAL_TYPE(VitrineRunScores, vitrine_run_scores, GTK_TYPE_BOX)

/* ---- densities ------------------------------------------------------------------------------- */

typedef struct {
  gsize n; /* bins + 1 */
  double *x, *y;
} Density;

static void
density_clear(Density *d)
{
  g_free(d->x);
  g_free(d->y);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Density, density_clear)

/* Bars as VitrinePlot takes them: edges, and the share of all scores in each bin, in per cent. */
static void
fill(Density *d, const SgRunHistogram *h)
{
  double sum = 0;

  d->n = h->bins + 1;
  d->x = g_new(double, d->n);
  d->y = g_new0(double, d->n);
  for (guint i = 0; i < h->bins; i++)
    sum += h->counts[i];
  for (guint i = 0; i <= h->bins; i++)
    d->x[i] = h->lo + (h->hi - h->lo) * i / MAX(h->bins, 1);
  for (guint i = 0; i < h->bins; i++)
    d->y[i] = sum > 0 ? 100 * h->counts[i] / sum : 0;
  d->y[h->bins] = NAN;
}

/* The histogram of the other kind at the same time; NULL if there is none. */
static const SgRunHistogram *
same_time(GPtrArray *list, double kimg)
{
  for (guint i = 0; list && i < list->len; i++) {
    const SgRunHistogram *h = list->pdata[i];
    if (fabs(h->kimg - kimg) < 1e-6)
      return h;
  }
  return NULL;
}

static const SgRunHistogram *
nth(GPtrArray *list, int i)
{
  return list && i >= 0 && (guint)i < list->len ? list->pdata[i] : NULL;
}

/* The real ones decide the times; a run that has only the others is still shown. */
static GPtrArray *
times(VitrineRunScores *self)
{
  return self->real && self->real->len ? self->real : self->fake;
}

/* ---- what is shown --------------------------------------------------------------------------- */

static void
show_series(VitrineRunScores *self, guint index, const char *label, const SgRunHistogram *h)
{
  g_auto(Density) d = {0};

  if (h)
    fill(&d, h);
  vitrine_plot_set_series(self->plot, index, label, VITRINE_PLOT_BARS, d.n, d.x, d.y);
}

/* Histograms hold probabilities, between 0 and 1, or logits. */
static const char *
unit(VitrineRunScores *self)
{
  const SgRunHistogram *h = nth(times(self), 0);
  return h && h->lo >= 0 && h->hi <= 1 ? _("sigmoid of the logit") : _("logit");
}

/* One range for all times, so that one sees the scores wander and not the axis. */
static void
show_range(VitrineRunScores *self)
{
  double lo = INFINITY, hi = -INFINITY;
  GPtrArray *lists[] = {self->real, self->fake};

  for (int k = 0; k < 2; k++)
    for (guint i = 0; lists[k] && i < lists[k]->len; i++) {
      const SgRunHistogram *h = lists[k]->pdata[i];
      for (guint b = 0; b < h->bins; b++) {
        if (h->counts[b] <= 0)
          continue;
        lo = fmin(lo, h->lo + (h->hi - h->lo) * b / h->bins);
        hi = fmax(hi, h->lo + (h->hi - h->lo) * (b + 1) / h->bins);
      }
    }
  if (lo < hi)
    vitrine_plot_set_x_range(self->plot, lo, hi);
  vitrine_plot_set_labels(self->plot, unit(self), "%");
}

static void
show(VitrineRunScores *self)
{
  const SgRunHistogram *h = nth(times(self), self->at);

  if (!h)
    return;
  show_series(self, 0, _("D(x), real"), same_time(self->real, h->kimg));
  show_series(self, 1, _("D(G(z)), generated"), same_time(self->fake, h->kimg));
  g_autofree char *kimg = vitrine_run_kimg(h->kimg);
  g_autofree char *text =
      g_strdup_printf(_("%s kimg (%'d of %'u)"), kimg, self->at + 1, times(self)->len);
  gtk_label_set_text(self->label, text);
}

static void
files_cb(VitrineRunScores *self)
{
  GPtrArray *real = vitrine_run_get_histograms(self->run, "real");
  GPtrArray *fake = vitrine_run_get_histograms(self->run, "fake");

  g_clear_pointer(&self->real, g_ptr_array_unref);
  g_clear_pointer(&self->fake, g_ptr_array_unref);
  self->real = real ? g_ptr_array_ref(real) : NULL;
  self->fake = fake ? g_ptr_array_ref(fake) : NULL;
  int n = times(self) ? (int)times(self)->len : 0;
  gtk_widget_set_visible(self->empty, n == 0);
  gtk_widget_set_visible(self->content, n > 0);
  if (n == 0 || !gtk_widget_get_mapped(GTK_WIDGET(self)))
    return;
  if (self->newest || self->at >= n)
    self->at = n - 1;
  gtk_range_set_range(GTK_RANGE(self->scale), 0, n > 1 ? n - 1 : 1);
  gtk_range_set_value(GTK_RANGE(self->scale), self->at);
  gtk_widget_set_sensitive(GTK_WIDGET(self->scale), n > 1);
  show_range(self);
  show(self);
}

static void
scale_cb(VitrineRunScores *self)
{
  int at = (int)(gtk_range_get_value(GTK_RANGE(self->scale)) + 0.5);

  if (at == self->at || !times(self))
    return;
  self->at = CLAMP(at, 0, (int)times(self)->len - 1);
  self->newest = self->at == (int)times(self)->len - 1;
  show(self);
}

/* ---- the figure ------------------------------------------------------------------------------ */

typedef struct {
  char *path, *title;
  const char *unit;
  Density steps[2];
} Figure;

static void
figure_free(gpointer data)
{
  Figure *f = data;

  g_free(f->path);
  g_free(f->title);
  density_clear(&f->steps[0]);
  density_clear(&f->steps[1]);
  g_free(f);
}

/* Bars as the outline of stairs. */
static void
stairs(Density *d, const SgRunHistogram *h)
{
  g_auto(Density) bars = {0};

  if (!h)
    return;
  fill(&bars, h);
  d->n = 2 * (bars.n - 1);
  d->x = g_new(double, d->n);
  d->y = g_new(double, d->n);
  for (gsize i = 0; i + 1 < bars.n; i++) {
    d->x[2 * i] = bars.x[i];
    d->x[2 * i + 1] = bars.x[i + 1];
    d->y[2 * i] = d->y[2 * i + 1] = bars.y[i];
  }
}

static void
figure_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Figure *f = data;
  const VitrineCurve curves[] = {
      {_("D(x), real"), f->steps[0].n, f->steps[0].x, f->steps[0].y},
      {_("D(G(z)), generated"), f->steps[1].n, f->steps[1].x, f->steps[1].y}};
  const VitrineAxes axes = {f->title, f->unit, _("share of the pictures, %"), 0, 0};
  GError *error = NULL;

  if (vitrine_figure_curves(f->path, &axes, G_N_ELEMENTS(curves), curves, &error))
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

static void
figure_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrineSession *session = VITRINE_SESSION(source);
  const Figure *f = g_task_get_task_data(G_TASK(result));
  g_autoptr(GError) error = NULL;
  g_autofree char *name = g_filename_display_basename(f->path), *text = NULL;

  vitrine_saver_add(vitrine_session_get_saver(session), -1);
  if (g_task_propagate_boolean(G_TASK(result), &error))
    text = g_strdup_printf(_("Saved %s"), name);
  else
    text = g_strdup_printf("%s\n\n%s", _("The figure could not be saved"), error->message);
  vitrine_session_say(session, text, error != NULL);
}

static void
chosen_cb(GFile *file, gpointer data)
{
  g_autoptr(VitrineRunScores) self = data;
  const SgRunHistogram *h = self->run ? nth(times(self), self->at) : NULL;
  const SgRunStatus *status = self->run ? vitrine_run_get_status(self->run) : NULL;

  if (!file || !h || !g_file_peek_path(file))
    return;
  Figure *f = g_new0(Figure, 1);
  f->path = g_file_get_path(file);
  f->title = g_strdup_printf(_("%s, %g kimg"), status ? status->name : "", h->kimg);
  f->unit = unit(self);
  stairs(&f->steps[0], same_time(self->real, h->kimg));
  stairs(&f->steps[1], same_time(self->fake, h->kimg));
  g_autoptr(GTask) task = g_task_new(self->session, NULL, figure_cb, NULL);
  vitrine_saver_add(vitrine_session_get_saver(self->session), 1);
  g_task_set_task_data(task, f, figure_free);
  g_task_run_in_thread(task, figure_thread);
}

static void
export_cb(VitrineRunScores *self)
{
  const SgRunHistogram *h = nth(times(self), self->at);
  g_autoptr(GtkFileFilter) filter = gtk_file_filter_new();

  if (!h)
    return;
  g_autofree char *name = g_strdup_printf("scores-%06.0f.png", h->kimg);
  gtk_file_filter_set_name(filter, _("PNG and SVG pictures"));
  gtk_file_filter_add_pattern(filter, "*.png");
  gtk_file_filter_add_pattern(filter, "*.svg");
  vitrine_file_dialog_save(GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))), _("Export Figure"),
                           name, filter, chosen_cb, g_object_ref(self));
}

/* ---- life ------------------------------------------------------------------------------------ */

static GtkWidget *
time_row_new(VitrineRunScores *self)
{
  GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *export = gtk_button_new_from_icon_name("document-save-symbolic");

  self->scale = GTK_SCALE(gtk_scale_new_with_range(GTK_ORIENTATION_HORIZONTAL, 0, 1, 1));
  gtk_widget_set_name(GTK_WIDGET(self->scale), "scores-scale");
  gtk_widget_set_hexpand(GTK_WIDGET(self->scale), TRUE);
  gtk_range_set_round_digits(GTK_RANGE(self->scale), 0);
  gtk_widget_set_tooltip_text(GTK_WIDGET(self->scale), _("Which snapshot, from first to newest"));
  gtk_accessible_update_property(GTK_ACCESSIBLE(self->scale), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                 _("Time of the scores"), -1);
  g_signal_connect_swapped(self->scale, "value-changed", G_CALLBACK(scale_cb), self);
  self->label = GTK_LABEL(gtk_label_new(NULL));
  gtk_widget_set_name(GTK_WIDGET(self->label), "scores-label");
  vitrine_numeric(GTK_WIDGET(self->label));
  gtk_widget_set_name(export, "scores-export");
  gtk_widget_add_css_class(export, "flat");
  gtk_widget_set_tooltip_text(export, _("Export the figure as PNG or SVG"));
  g_signal_connect_swapped(export, "clicked", G_CALLBACK(export_cb), self);
  gtk_box_append(GTK_BOX(row), GTK_WIDGET(self->scale));
  gtk_box_append(GTK_BOX(row), GTK_WIDGET(self->label));
  gtk_box_append(GTK_BOX(row), export);
  gtk_widget_add_css_class(row, "run-controls");
  return row;
}

static void
vitrine_run_scores_dispose(GObject *object)
{
  VitrineRunScores *self = VITRINE_RUN_SCORES(object);

  g_clear_pointer(&self->real, g_ptr_array_unref);
  g_clear_pointer(&self->fake, g_ptr_array_unref);
  g_clear_object(&self->run);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_run_scores_parent_class)->dispose(object);
}

static void
vitrine_run_scores_class_init(VitrineRunScoresClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_run_scores_dispose;
}

static void
vitrine_run_scores_init(VitrineRunScores *self)
{
  GtkWidget *help = gtk_label_new(
      _("What the discriminator says about real and generated pictures. Where both lie over one "
        "another it cannot tell them apart."));

  self->newest = TRUE;
  gtk_orientable_set_orientation(GTK_ORIENTABLE(self), GTK_ORIENTATION_VERTICAL);
  self->empty = gtk_label_new(_("Histograms appear here with the first snapshot of a run that "
                                "writes them. NVlabs' programs do not."));
  gtk_label_set_wrap(GTK_LABEL(self->empty), TRUE);
  gtk_widget_set_vexpand(self->empty, TRUE);
  gtk_widget_add_css_class(self->empty, "dim-label");
  self->content = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
  self->plot = VITRINE_PLOT(vitrine_plot_new());
  gtk_widget_set_name(GTK_WIDGET(self->plot), "scores-plot");
  gtk_widget_set_vexpand(GTK_WIDGET(self->plot), TRUE);
  gtk_widget_add_css_class(GTK_WIDGET(self->plot), "run-figure");
  gtk_label_set_wrap(GTK_LABEL(help), TRUE);
  gtk_label_set_xalign(GTK_LABEL(help), 0);
  gtk_widget_add_css_class(help, "dim-label");
  gtk_widget_add_css_class(help, "run-controls");
  gtk_box_append(GTK_BOX(self->content), time_row_new(self));
  gtk_box_append(GTK_BOX(self->content), GTK_WIDGET(self->plot));
  gtk_box_append(GTK_BOX(self->content), help);
  gtk_box_append(GTK_BOX(self), self->empty);
  self->content = vitrine_run_page_scrolled(self->content);
  gtk_box_append(GTK_BOX(self), self->content);
  gtk_widget_set_visible(self->content, FALSE);
  g_signal_connect_after(self, "map", G_CALLBACK(files_cb), NULL);
}

GtkWidget *
vitrine_run_scores_new(VitrineRun *run, VitrineSession *session)
{
  g_return_val_if_fail(VITRINE_IS_RUN(run), NULL);
  VitrineRunScores *self = g_object_new(VITRINE_TYPE_RUN_SCORES, "name", "run-scores", NULL);

  self->run = g_object_ref(run);
  self->session = g_object_ref(session);
  g_signal_connect_object(run, "files-changed", G_CALLBACK(files_cb), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET(self);
}
