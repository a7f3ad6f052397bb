/* Where the labels of generated faces come from: measurements, a table, or readers made from
 * labelled real pictures. */
#include "app/cli/directions/attribute.h"
#include "app/cli/directions/labelled-set.h"
#include "engine/directions/label-table.h"
#include <math.h>
#include <string.h>

static Attribute *
add(AttributeJob *job, const char *name)
{
  Attribute *a = g_new0(Attribute, 1);

  a->name = g_strdup(name);
  a->reader_auc = NAN;
  g_ptr_array_add(job->all, a);
  return a;
}

static gboolean
is_wanted(const AttributeJob *job, const char *name)
{
  if (!job->opt->attributes)
    return TRUE;
  g_auto(GStrv) wanted = g_strsplit(job->opt->attributes, ",", -1);
  return g_strv_contains((const char *const *)wanted, name);
}

static void
label_by(Attribute *a, gsize n, const double *values)
{
  a->label = labels_of(n, values);
  if (!a->label)
    a->refused = g_strdup("all have the same value: there is nothing to tell apart");
}

static gboolean
progress(gint64 done, gint64 total, gpointer data)
{
  cli_progress_update(data, (gsize)done);
  return TRUE;
}

static gboolean
draw_faces(AttributeJob *job, int n, const guint32 *seeds, SgDiscriminator *d, GError **error)
{
  CliProgress *p = &job->base.progress;

  cli_progress_begin(p, "faces", (gsize)n);
  job->faces =
      sg_face_sample_new(job->base.renderer, d, n, seeds, job->opt->label, progress, p, error);
  cli_progress_end(p);
  return job->faces != NULL;
}

/* ---- measurements ---------------------------------------------------------------------------- */

static void
label_by_measure(AttributeJob *job, SgMeasure m)
{
  g_autofree double *values = g_new(double, job->faces->n);

  for (int i = 0; i < job->faces->n; i++)
    values[i] = job->faces->measures[i * SG_MEASURE_COUNT + (int)m];
  label_by(add(job, sg_measure_name(m)), (gsize)job->faces->n, values);
}

static gboolean
from_measures(AttributeJob *job, GError **error)
{
  g_auto(GStrv) names = g_strsplit(job->opt->measure, ",", -1);
  gboolean chosen[SG_MEASURE_COUNT] = {FALSE};
  SgMeasure m;

  for (char **name = names; *name; name++)
    if (g_str_equal(g_strstrip(*name), "all")) {
      for (int i = 0; i < SG_MEASURE_COUNT; i++)
        chosen[i] = TRUE;
    } else if (sg_measure_parse(*name, &m)) {
      chosen[m] = TRUE;
    } else {
      cli_set_usage_error(error,
                          "--measure: expected brightness, contrast, saturation, warmth, "
                          "symmetry, edges, background or all, found \"%s\"",
                          *name);
      return FALSE;
    }
  if (!draw_faces(job, job->opt->samples, NULL, NULL, error))
    return FALSE;
  for (int i = 0; i < SG_MEASURE_COUNT; i++)
    if (chosen[i])
      label_by_measure(job, (SgMeasure)i);
  return TRUE;
}

/* ---- a table of seeds ------------------------------------------------------------------------ */

static gboolean
label_by_table(AttributeJob *job, const SgLabelTable *t, GError **error)
{
  int n = (int)MIN((guint)job->opt->samples, t->rows);
  g_autofree double *column = g_new(double, n);

  if (!draw_faces(job, n, t->seeds, NULL, error))
    return FALSE;
  for (guint c = 0; c < t->columns; c++) {
    if (!is_wanted(job, t->names[c]))
      continue;
    for (int i = 0; i < n; i++)
      column[i] = t->values[(gsize)i * t->columns + c];
    label_by(add(job, t->names[c]), (gsize)n, column);
  }
  return TRUE;
}

static gboolean
from_table(AttributeJob *job, GError **error)
{
  g_autoptr(SgLabelTable) t = sg_label_table_read(job->opt->labels, error);

  if (t && t->rows < 2) {
    cli_set_usage_error(error, "--labels: %s has labels of fewer than two faces", job->opt->labels);
    return FALSE;
  }
  return t && label_by_table(job, t, error);
}

/* ---- readers --------------------------------------------------------------------------------- */

static void
label_by_reader(AttributeJob *job, const LabelledSet *s, int column, const char *name)
{
  Attribute *a = add(job, name);
  g_autofree double *told = g_new(double, job->faces->n);
  g_autoptr(SgReader) reader = labelled_set_reader(s, column, &a->reader_auc, &a->refused);

  if (!reader)
    return;
  for (int i = 0; i < job->faces->n; i++)
    told[i] = sg_reader_decide(reader, job->faces->features + (gsize)i * (gsize)s->dim) > 0;
  label_by(a, (gsize)job->faces->n, told);
}

static gboolean
from_set(AttributeJob *job, GError **error)
{
  g_autoptr(LabelledSet) s = labelled_set_open(&job->base, job->opt->data, job->opt->reals, error);

  if (!s || !draw_faces(job, job->opt->samples, NULL, s->d, error))
    return FALSE;
  for (int c = 0; c < s->set->label_dim; c++) {
    g_autofree char *name = labelled_set_name(s, c);
    if (is_wanted(job, name))
      label_by_reader(job, s, c, name);
  }
  return TRUE;
}

gboolean
attribute_labels(AttributeJob *job, GError **error)
{
  const AttributeOptions *o = job->opt;
  gboolean ok = o->measure  ? from_measures(job, error)
                : o->labels ? from_table(job, error)
                            : from_set(job, error);

  if (!ok || job->all->len > 0)
    return ok;
  cli_set_usage_error(error, "--attributes: none of \"%s\" is there", o->attributes);
  return FALSE;
}
