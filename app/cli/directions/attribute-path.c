/* What regularisation leaves of an attribute's direction: how many numbers of w against C, how well
 * they tell it, and faces along the directions that 12, 7 and 1 of them give. */
#include "app/cli/directions/attribute.h"
#include "app/figures/figure.h"
#include "engine/directions/regularisation.h"
#include "engine/explore/nets.h"
#include "engine/formats/writer.h"
#include <math.h>

/* C from 10^-3 to 10, four a factor of ten. */
#define FIRST  -3.0
#define POINTS 17
#define EACH   4.0

/* The paper's figure 10. */
static const int sparse[] = {12, 7, 1};
#define SPARSE ((int)G_N_ELEMENTS(sparse))
#define STEPS  7

typedef struct {
  const Attribute *attribute;
  SgPathPoint point[POINTS];
} Path;

static gboolean
walk(AttributeJob *job, Path *p, gsize done, GError **error)
{
  const SgFaceSample *f = job->faces;
  const guint8 *label = p->attribute->label;
  g_autofree int *fold = g_new(int, f->n);

  sg_stratified_folds((gsize)f->n, label, job->opt->folds, fold);
  for (int i = 0; i < POINTS; i++) {
    double c = pow(10, FIRST + i / EACH);
    if (!sg_path_point((gsize)f->n, f->w_dim, f->w, label, fold, c, &p->point[i], error))
      return FALSE;
    cli_progress_update(&job->base.progress, done + (gsize)i + 1);
  }
  return TRUE;
}

/* ---- what is written ------------------------------------------------------------------------- */

static gboolean
write_table(const AttributeJob *job, GArray *paths, GError **error)
{
  g_autoptr(GString) s = g_string_new("attribute,c,nonzero,auc,accuracy\n");
  g_autofree char *file = g_build_filename(job->opt->outdir, "path.csv", NULL);
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  for (guint k = 0; k < paths->len; k++) {
    const Path *p = &g_array_index(paths, Path, k);
    for (int i = 0; i < POINTS; i++) {
      const SgPathPoint *q = &p->point[i];
      g_string_append_printf(s, "%s,%s,%d", p->attribute->name,
                             g_ascii_formatd(text, sizeof text, "%.6g", q->c), q->nonzero);
      attribute_put_number(s, q->auc);
      attribute_put_number(s, q->accuracy);
      g_string_append_c(s, '\n');
    }
  }
  return sg_write_file(file, s->str, s->len, error);
}

/* Two figures over log10 C: numbers left, and AUC. */
static gboolean
write_curves(const AttributeJob *job, GArray *paths, GError **error)
{
  double x[POINTS];
  g_autofree double *left = g_new(double, paths->len *POINTS);
  g_autofree double *auc = g_new(double, paths->len *POINTS);
  g_autofree VitrineCurve *curves = g_new0(VitrineCurve, paths->len);
  g_autofree char *file = g_build_filename(job->opt->outdir, "path.svg", NULL);
  g_autofree char *other = g_build_filename(job->opt->outdir, "path-auc.svg", NULL);
  const VitrineAxes numbers = {"What L1 regularisation leaves of w", "log10 C", "numbers used", 0,
                               0};
  const VitrineAxes areas = {"How well they tell it", "log10 C", "AUC of the first fold", 0.5, 1};

  for (int i = 0; i < POINTS; i++)
    x[i] = FIRST + i / EACH;
  for (guint k = 0; k < paths->len; k++) {
    const Path *p = &g_array_index(paths, Path, k);
    for (int i = 0; i < POINTS; i++) {
      left[(int)k * POINTS + i] = p->point[i].nonzero;
      auc[(int)k * POINTS + i] = p->point[i].auc;
    }
    curves[k] = (VitrineCurve){
        .label = p->attribute->name, .n = POINTS, .x = x, .y = left + (int)k * POINTS};
  }
  if (!vitrine_figure_curves(file, &numbers, paths->len, curves, error))
    return FALSE;
  for (guint k = 0; k < paths->len; k++)
    curves[k].y = auc + (int)k * POINTS;
  return vitrine_figure_curves(other, &areas, paths->len, curves, error);
}

/* ---- few numbers ----------------------------------------------------------------------------- */

/* A face moved along `sparse` until the whole regression's decision has moved by `steps` of its own
 * deviations: directions of few numbers have to go farther. */
static gboolean
add_tile(AttributeJob *job, DirectionTiles *tiles, const double *direction, double steps,
         GError **error)
{
  g_autoptr(SgRecipe) r = direction_job_recipe(&job->base, 0, job->opt->label);
  g_autofree char *text = g_strdup_printf("%+.0f σ", steps);

  for (int k = 0; k < r->w_dim; k++)
    r->w_offset[k] = steps * direction[k];
  return direction_tiles_recipe(tiles, &job->base, r, text, error);
}

/* What moves `whole` · w by its σ, along `m`. NULL if they have nothing in common. */
static double *
one_step(const SgNamedDirection *whole, const SgLogistic *m)
{
  double along = 0;

  for (int j = 0; j < m->dim; j++)
    along += whole->vector[j] * m->beta[j];
  if (!(along > 0))
    return NULL;
  double *out = g_new(double, m->dim);
  for (int j = 0; j < m->dim; j++)
    out[j] = whole->sigma / along * m->beta[j];
  return out;
}

static gboolean
add_row(AttributeJob *job, const Attribute *a, const SgNamedDirection *whole, int most,
        DirectionTiles *tiles, GError **error)
{
  const SgFaceSample *f = job->faces;
  double c;
  g_autoptr(SgLogistic) m =
      sg_logistic_fit_sparse((gsize)f->n, f->w_dim, f->w, a->label, most, job->opt->c, &c, NULL);
  g_autofree double *direction = m ? one_step(whole, m) : NULL;

  if (!direction) /* an attribute that so few numbers cannot tell */
    return TRUE;
  g_autofree char *label =
      g_strdup_printf("%d number%s\nC %.2g", m->nonzero, m->nonzero == 1 ? "" : "s", c);
  direction_tiles_row(tiles, label);
  for (int i = 0; i < STEPS; i++)
    if (!add_tile(job, tiles, direction, i - STEPS / 2, error))
      return FALSE;
  return TRUE;
}

static gboolean
write_sheet(AttributeJob *job, const Attribute *a, GError **error)
{
  const SgNamedDirection *whole = sg_direction_set_find(job->set, a->name);
  g_autofree char *name = g_strconcat(a->name, "-sparse.png", NULL);
  g_autofree char *path = g_build_filename(job->opt->outdir, name, NULL);
  g_autoptr(DirectionTiles) tiles = direction_tiles_new(&job->base, (SPARSE + 1) * STEPS);
  g_autofree char *label = g_strdup_printf("%d numbers\nC %.2g", a->judgement.nonzero, job->opt->c);
  g_autofree double *step = g_new(double, job->faces->w_dim);

  for (int j = 0; j < job->faces->w_dim; j++)
    step[j] = whole->sigma * whole->vector[j];
  direction_tiles_row(tiles, label);
  for (int i = 0; i < STEPS; i++)
    if (!add_tile(job, tiles, step, i - STEPS / 2, error))
      return FALSE;
  for (int k = 0; k < SPARSE; k++)
    if (!add_row(job, a, whole, sparse[k], tiles, error))
      return FALSE;
  return direction_tiles_write(tiles, path, a->name, STEPS, error);
}

gboolean
attribute_write_paths(AttributeJob *job, GError **error)
{
  g_autoptr(GArray) paths = g_array_new(FALSE, TRUE, sizeof(Path));

  for (guint i = 0; i < job->all->len; i++) {
    const Path p = {.attribute = job->all->pdata[i]};
    if (!p.attribute->refused)
      g_array_append_val(paths, p);
  }
  cli_progress_begin(&job->base.progress, "regularisations", (gsize)paths->len * POINTS);
  for (guint k = 0; k < paths->len; k++)
    if (!walk(job, &g_array_index(paths, Path, k), (gsize)k * POINTS, error))
      return FALSE;
  cli_progress_end(&job->base.progress);
  if (!write_table(job, paths, error) || !write_curves(job, paths, error))
    return FALSE;
  for (guint k = 0; k < paths->len; k++)
    if (!write_sheet(job, g_array_index(paths, Path, k).attribute, error))
      return FALSE;
  return TRUE;
}
