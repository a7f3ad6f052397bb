#include "ui/shell/vitrine-needle.h"
#include <glib/gi18n.h>
#include <math.h>
#include "app/work/vitrine-score-humps.h"
#include "engine/directions/ranks.h"
#include "ui/charts/vitrine-axes.h"

#define WIDTH  88
#define HEIGHT 18

struct _VitrineNeedle {
  GtkWidget parent_instance;
  VitrineSession *session;
  VitrineScoreHumps *humps; /* NULL: not known */
  guint serial;             /* of the newest look; older ones are dropped */
  guint task;
};

G_DEFINE_FINAL_TYPE(VitrineNeedle, vitrine_needle, GTK_TYPE_WIDGET)

/* ---- drawing --------------------------------------------------------------------------------- */

typedef struct {
  double low, high;
} Range;

/* A little room on both sides: a hump has a foot. */
static Range
range_of(const VitrineScoreHumps *h)
{
  double low = MIN(h->real[0], h->generated[0]);
  double high = MAX(h->real[h->n_real - 1], h->generated[h->n_generated - 1]);
  double room = MAX(0.15 * (high - low), 1e-3);

  return (Range){low - room, high + room};
}

static double
deviation(int n, const double *v)
{
  double mean = 0, squares = 0;

  for (int i = 0; i < n; i++)
    mean += v[i] / n;
  for (int i = 0; i < n; i++)
    squares += (v[i] - mean) * (v[i] - mean) / n;
  return sqrt(squares);
}

/* A Gaussian kernel's density (Silverman's rule), as high as there is room. */
static void
draw_hump(cairo_t *cr, const Range *r, int n, const double *v, int width, int height)
{
  double h = MAX(1.06 * deviation(n, v) * pow(n, -0.2), 1e-6), most = 0;
  g_autofree double *y = g_new0(double, width + 1);

  for (int x = 0; x <= width; x++) {
    double at = r->low + (r->high - r->low) * x / width;
    for (int i = 0; i < n; i++)
      y[x] += exp(-0.5 * (at - v[i]) * (at - v[i]) / (h * h));
    most = MAX(most, y[x]);
  }
  cairo_move_to(cr, 0, height);
  for (int x = 0; x <= width; x++)
    cairo_line_to(cr, x, height - y[x] / most * (height - 3));
  cairo_line_to(cr, width, height);
  cairo_fill(cr);
}

static void
vitrine_needle_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
  VitrineNeedle *self = VITRINE_NEEDLE(widget);
  const VitrinePen pen = vitrine_pen(widget, snapshot);
  double score = vitrine_view_get_score(vitrine_session_get_view(self->session));

  if (!self->humps)
    return;
  Range r = range_of(self->humps);
  cairo_t *cr = gtk_snapshot_append_cairo(
      snapshot, &GRAPHENE_RECT_INIT(0, 0, (float)pen.width, (float)pen.height));
  const double *const values[2] = {self->humps->real, self->humps->generated};
  const int counts[2] = {self->humps->n_real, self->humps->n_generated};
  for (guint i = 0; i < 2; i++) {
    GdkRGBA colour = vitrine_pen_colour(&pen, i);
    colour.alpha = 0.6f;
    gdk_cairo_set_source_rgba(cr, &colour);
    draw_hump(cr, &r, counts[i], values[i], pen.width, pen.height);
  }
  cairo_destroy(cr);
  if (isnan(score))
    return;
  double at = CLAMP((score - r.low) / (r.high - r.low), 0, 1) * (pen.width - 2);
  vitrine_pen_rect(&pen, round(at), 0, 2, pen.height, pen.text);
}

static void
vitrine_needle_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                       int *natural, int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? WIDTH : HEIGHT;
}

/* ---- what it knows --------------------------------------------------------------------------- */

static void
describe(VitrineNeedle *self)
{
  const VitrineScoreHumps *h = self->humps;
  double score = h ? vitrine_view_get_score(vitrine_session_get_view(self->session)) : NAN;

  gtk_widget_set_visible(GTK_WIDGET(self), h && !isnan(score));
  if (!h || isnan(score))
    return;
  g_autofree char *text = g_strdup_printf(
      _("Score %+.2f. Half of %d pictures of the data set have more than %+.2f (blue), half of %d "
        "generated ones more than %+.2f (orange); each was judged alone"),
      score, h->n_real, sg_ranks_median((gsize)h->n_real, h->real), h->n_generated,
      sg_ranks_median((gsize)h->n_generated, h->generated));
  gtk_widget_set_tooltip_text(GTK_WIDGET(self), text);
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void
set_humps(VitrineNeedle *self, VitrineScoreHumps *humps)
{
  vitrine_score_humps_free(self->humps);
  self->humps = humps;
  describe(self);
}

static void
measured_cb(gpointer news, gboolean finished, gpointer user_data)
{
  VitrineNeedle *self = user_data;

  if (finished)
    self->task = 0;
  else
    set_humps(self, vitrine_score_humps_copy(news));
}

static void
looked_cb(GObject *source, GAsyncResult *result, gpointer serial)
{
  VitrineNeedle *self = VITRINE_NEEDLE(source);
  const VitrineTaskClass class = vitrine_score_humps_class(measured_cb);
  gpointer job;
  VitrineScoreHumps *humps = vitrine_score_humps_finish(result, &job);

  if (!self->session || GPOINTER_TO_UINT(serial) != self->serial) {
    vitrine_score_humps_free(humps);
    vitrine_score_humps_job_free(job);
    return;
  }
  if (humps)
    set_humps(self, humps);
  if (job)
    self->task =
        vitrine_view_start_task(vitrine_session_get_view(self->session), &class, job, self);
}

void
vitrine_needle_look(VitrineNeedle *self)
{
  g_return_if_fail(VITRINE_IS_NEEDLE(self));
  SgModel *model = vitrine_session_get_model(self->session);

  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  self->serial++;
  if (model && model->info.has_d &&
      !vitrine_view_get_unscored(vitrine_session_get_view(self->session)))
    vitrine_score_humps_look(model, G_OBJECT(self), looked_cb, GUINT_TO_POINTER(self->serial));
}

/* Humps are of weights; those of a training that is followed change too often to be measured. */
static void
weights_changed_cb(VitrineNeedle *self)
{
  set_humps(self, NULL);
}

static void
model_changed_cb(VitrineNeedle *self)
{
  self->task = 0; /* the session has ended the old model's */
  set_humps(self, NULL);
  vitrine_needle_look(self);
}

/* ---- life ------------------------------------------------------------------------------------ */

void
vitrine_needle_set_session(VitrineNeedle *self, VitrineSession *session)
{
  g_return_if_fail(VITRINE_IS_NEEDLE(self));
  self->session = g_object_ref(session);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(model_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "weights-changed", G_CALLBACK(weights_changed_cb), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(vitrine_session_get_view(session), "notify::unscored",
                          G_CALLBACK(vitrine_needle_look), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(vitrine_session_get_view(session), "notify::score-text",
                          G_CALLBACK(describe), self, G_CONNECT_SWAPPED);
  model_changed_cb(self);
}

static void
vitrine_needle_dispose(GObject *object)
{
  VitrineNeedle *self = VITRINE_NEEDLE(object);

  if (self->session)
    vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  g_clear_pointer(&self->humps, vitrine_score_humps_free);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_needle_parent_class)->dispose(object);
}

static void
vitrine_needle_class_init(VitrineNeedleClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_needle_dispose;
  widget_class->snapshot = vitrine_needle_snapshot;
  widget_class->measure = vitrine_needle_measure;
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
vitrine_needle_init(VitrineNeedle *self)
{
  gtk_widget_set_visible(GTK_WIDGET(self), FALSE);
  gtk_widget_set_valign(GTK_WIDGET(self), GTK_ALIGN_CENTER);
}
