/* The page of charts in its parts: the charts themselves, and what leaves them as files. */
#pragma once

#include "ui/charts/vitrine-chart.h"
#include "ui/training/vitrine-run-pages.h"
#include "ui/parts/vitrine-tiles.h"

G_BEGIN_DECLS

struct VitrineRunPlan;

/* A chart on the page: of a plan, or of one tag that no plan knows. */
typedef struct {
  char *id, *title;
  const struct VitrineRunPlan *plan; /* NULL: of `tag` alone */
  char *tag;
  guint curves; /* that it shows */
  VitrineChart *chart;
  VitrineRunCharts *page;
} VitrineRunChart;

struct _VitrineRunCharts {
  GtkBox parent_instance;
  VitrineRun *run;
  VitrineSession *session;
  GPtrArray *entries; /* of VitrineRunChart */
  GPtrArray *others;  /* of VitrineRun */
  gboolean linking;
  VitrineTiles *main, *more;
  GtkWidget *more_box, *empty, *scrolled;
  GtkToggleButton *logarithmic;
  GtkScale *smoothing;
  GtkWidget *all_button;
};

/* What people call a run: the name of its directory. Borrowed. */
const char *vitrine_run_charts_name(VitrineRun *run);
/* For a chart's frame: a button whose menu exports the chart. */
GtkWidget *vitrine_run_chart_menu_new(VitrineRunChart *chart, GtkWidget *frame);

G_END_DECLS
