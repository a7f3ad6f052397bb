#include "ui/examine/vitrine-witness-view.h"
#include <glib/gi18n.h>
#include <math.h>
#include "app/examine/examine-words.h"
#include "engine/directions/ranks.h"
#include "ui/charts/vitrine-plot.h"

#define BINS 24

struct _VitrineWitnessView {
  GtkBox parent_instance;
  SgWitness witness;
  GtkLabel *verdict, *reason, *evidence;
  VitrinePlot *humps, *stress;
};

G_DEFINE_FINAL_TYPE(VitrineWitnessView, vitrine_witness_view, GTK_TYPE_BOX)

/* ---- curves ---------------------------------------------------------------------------------- */

typedef struct {
  double low, high;
} Range;

static void
widen(Range *r, int n, const double *v)
{
  for (int i = 0; i < n; i++)
    if (isfinite(v[i])) {
      r->low = MIN(r->low, v[i]);
      r->high = MAX(r->high, v[i]);
    }
}

/* Untouched references as shares of their number, so that as many of both kinds look alike. */
static void
show_hump(VitrineWitnessView *self, guint index, const char *label, const Range *r, int n,
          const double *v)
{
  double x[BINS + 1], y[BINS + 1] = {0};

  for (int k = 0; k <= BINS; k++)
    x[k] = r->low + (r->high - r->low) * k / BINS;
  for (int i = 0; i < n; i++) {
    int k = (int)((v[i] - r->low) / (r->high - r->low) * BINS);
    y[CLAMP(k, 0, BINS - 1)] += 100.0 / n;
  }
  y[BINS] = NAN;
  vitrine_plot_set_series(self->humps, index, label, VITRINE_PLOT_BARS, n ? BINS + 1 : 0, x, y);
}

static void
show_humps(VitrineWitnessView *self, const SgEvidence *e, double value, const char *unit)
{
  Range r = {INFINITY, -INFINITY};

  widen(&r, e->n_real, e->real);
  widen(&r, e->n_generated, e->generated);
  widen(&r, 1, &value);
  if (!(r.high > r.low))
    r = (Range){r.low - 0.5, r.low + 0.5};
  vitrine_plot_set_labels(self->humps, unit, _("%"));
  vitrine_plot_set_x_range(self->humps, r.low, r.high);
  show_hump(self, 0, _("data set"), &r, e->n_real, e->real);
  show_hump(self, 1, _("the model's"), &r, e->n_generated, e->generated);
  vitrine_plot_set_marker(self->humps, value);
}

/* A dashed line over all of the curve: where the middle of one kind lies. */
static void
show_level(VitrineWitnessView *self, guint index, const char *label, int n, const double *v)
{
  double x[2] = {0, 3}, y[2] = {n ? sg_ranks_median((gsize)n, v) : NAN};

  y[1] = y[0];

  vitrine_plot_set_series(self->stress, index, label, VITRINE_PLOT_DASHED, n ? 2 : 0, x, y);
}

/* One line for each kind of damage, from the picture as it is. */
static void
show_stress(VitrineWitnessView *self, const SgEvidence *e, const SgExamined *x)
{
  static const char *const labels[] = {"", N_("JPEG 90, 70, 50"), N_("size × 0.75, 0.5, 0.25"),
                                       N_("blur 0.5, 1")};

  show_level(self, 0, _("data set"), e->n_real, e->real);
  show_level(self, 1, _("the model's"), e->n_generated, e->generated);
  for (int kind = SG_DAMAGE_JPEG; kind <= SG_DAMAGE_BLUR; kind++) {
    double px[1 + SG_STRESS_COUNT] = {0}, py[1 + SG_STRESS_COUNT] = {x->value[self->witness]};
    gsize n = 1;
    for (int i = 0; i < SG_STRESS_COUNT; i++)
      if ((int)sg_stress[i].kind == kind) {
        px[n] = (double)n;
        py[n++] = x->stressed[self->witness][i];
      }
    vitrine_plot_set_series(self->stress, (guint)kind + 1, _(labels[kind]), VITRINE_PLOT_LINE, n,
                            px, py);
  }
  vitrine_plot_set_labels(self->stress, _("damage, from light to strong"), "");
  vitrine_plot_set_x_range(self->stress, 0, 3);
}

/* ---- what is said ---------------------------------------------------------------------------- */

static void
set_verdict_style(VitrineWitnessView *self, SgVerdict v)
{
  static const char *const styles[] = {"dim-label", "warning", "accent"};

  for (int i = 0; i < 3; i++)
    gtk_widget_remove_css_class(GTK_WIDGET(self->verdict), styles[i]);
  gtk_widget_add_css_class(GTK_WIDGET(self->verdict), styles[v]);
}

static void
show_found(VitrineWitnessView *self, const SgExamination *e)
{
  const SgExamined *x = sg_examination_get(e, 0);
  const SgEvidence *v = sg_examination_evidence(e, self->witness);
  const SgTestimony *t = &x->testimony[self->witness];
  gboolean stress = sg_examination_options(e)->stress != 0;
  g_autofree char *evidence = v ? vitrine_evidence_words(v) : NULL;

  gtk_label_set_text(self->verdict, vitrine_verdict_word(t->verdict));
  set_verdict_style(self, t->verdict);
  gtk_label_set_text(self->reason, v ? vitrine_reason_words(t->reason)
                                     : sg_examination_absence(e, self->witness));
  gtk_label_set_text(self->evidence, evidence ? evidence : "");
  gtk_widget_set_visible(GTK_WIDGET(self->humps), v != NULL);
  gtk_widget_set_visible(GTK_WIDGET(self->stress), v != NULL && stress);
  if (v)
    show_humps(self, v, x->value[self->witness],
               vitrine_witness_unit(self->witness, sg_examination_model(e)));
  if (v && stress)
    show_stress(self, v, x);
}

void
vitrine_witness_view_show(VitrineWitnessView *self, const SgExamination *e)
{
  g_return_if_fail(VITRINE_IS_WITNESS_VIEW(self));
  if (e && sg_examination_count(e) > 0 && !sg_examination_get(e, 0)->error) {
    show_found(self, e);
    return;
  }
  gtk_label_set_text(self->verdict, "");
  gtk_label_set_text(self->reason, "");
  gtk_label_set_text(self->evidence, "");
  gtk_widget_set_visible(GTK_WIDGET(self->humps), FALSE);
  gtk_widget_set_visible(GTK_WIDGET(self->stress), FALSE);
}

/* ---- life ------------------------------------------------------------------------------------ */

static GtkLabel *
add_label(GtkWidget *box, const char *style)
{
  GtkWidget *label = gtk_label_new("");

  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_label_set_wrap(GTK_LABEL(label), TRUE);
  if (style)
    gtk_widget_add_css_class(label, style);
  gtk_box_append(GTK_BOX(box), label);
  return GTK_LABEL(label);
}

static VitrinePlot *
add_plot(GtkWidget *box)
{
  GtkWidget *plot = vitrine_plot_new();

  gtk_widget_set_size_request(plot, -1, 150);
  gtk_widget_set_visible(plot, FALSE);
  gtk_box_append(GTK_BOX(box), plot);
  return VITRINE_PLOT(plot);
}

static void
vitrine_witness_view_class_init(VitrineWitnessViewClass *class)
{
}

static void
vitrine_witness_view_init(VitrineWitnessView *self)
{
  gtk_orientable_set_orientation(GTK_ORIENTABLE(self), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing(GTK_BOX(self), 4);
}

GtkWidget *
vitrine_witness_view_new(SgWitness w)
{
  VitrineWitnessView *self = g_object_new(VITRINE_TYPE_WITNESS_VIEW, NULL);
  GtkWidget *head = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12), *name;
  g_autofree char *id = g_strconcat("witness-", sg_witness_id(w), NULL);

  self->witness = w;
  gtk_widget_set_name(GTK_WIDGET(self), id);
  name = GTK_WIDGET(add_label(head, "heading"));
  gtk_label_set_text(GTK_LABEL(name), vitrine_witness_name(w));
  gtk_widget_set_hexpand(name, TRUE);
  self->verdict = add_label(head, "heading");
  gtk_widget_set_name(GTK_WIDGET(self->verdict), "witness-verdict");
  gtk_box_append(GTK_BOX(self), head);
  gtk_label_set_text(add_label(GTK_WIDGET(self), "dim-label"), vitrine_witness_question(w));
  self->humps = add_plot(GTK_WIDGET(self));
  self->reason = add_label(GTK_WIDGET(self), NULL);
  self->evidence = add_label(GTK_WIDGET(self), "dim-label");
  self->stress = add_plot(GTK_WIDGET(self));
  vitrine_witness_view_show(self, NULL);
  return GTK_WIDGET(self);
}
