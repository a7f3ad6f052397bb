/* Where the labels of generated faces come from: measurements, a table, or readers made from
 * labelled real pictures. */
#include "app/cli/directions/attribute.h"
#include "app/cli/directions/labelled-set.h"
#include "engine/formats/read-file.h"
#include <math.h>
#include <string.h>

#define MAX_TABLE ((gsize)256 << 20)

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
draw_faces(AttributeJob *job, int n, SgDiscriminator *d, GError **error)
{
  CliProgress *p = &job->base.progress;

  cli_progress_begin(p, "faces", (gsize)n);
  job->faces = sg_face_sample_new(job->base.renderer, d, n, job->opt->label, progress, p, error);
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
  if (!draw_faces(job, job->opt->samples, NULL, error))
    return FALSE;
  for (int i = 0; i < SG_MEASURE_COUNT; i++)
    if (chosen[i])
      label_by_measure(job, (SgMeasure)i);
  return TRUE;
}

/* ---- a table of seeds ------------------------------------------------------------------------ */

typedef struct {
  char **names; /* columns after the seed */
  guint columns;
  GArray *values; /* of double, [rows, columns] */
} Table;

static gboolean
read_row(Table *t, char **cells, guint row, GError **error)
{
  guint64 seed;

  if (!g_ascii_string_to_unsigned(g_strstrip(cells[0]), 10, 0, G_MAXUINT32, &seed, NULL) ||
      seed != row)
    return cli_set_usage_error(
               error,
               "--labels: expected the seed %u in line %u, found \"%s\" (a line for "
               "each of the seeds 0, 1, …)",
               row, row + 2, cells[0]),
           FALSE;
  for (guint i = 0; i < t->columns; i++) {
    char *end;
    double v = g_ascii_strtod(cells[i + 1], &end);
    if (end == cells[i + 1] || *g_strstrip(end) || !isfinite(v)) {
      cli_set_usage_error(error, "--labels: expected a number for %s in line %u, found \"%s\"",
                          t->names[i], row + 2, cells[i + 1]);
      return FALSE;
    }
    g_array_append_val(t->values, v);
  }
  return TRUE;
}

static gboolean
read_table(Table *t, const char *path, GError **error)
{
  g_autofree char *text = sg_read_file(path, MAX_TABLE, NULL, error);

  if (!text)
    return FALSE;
  g_auto(GStrv) lines = g_strsplit(g_strstrip(text), "\n", -1);
  g_auto(GStrv) head = lines[0] ? g_strsplit(g_strstrip(lines[0]), ",", -1) : NULL;
  t->columns = head ? g_strv_length(head) : 0;
  if (t->columns < 2 || !g_utf8_validate(text, -1, NULL)) {
    cli_set_usage_error(error, "--labels: expected a first line like \"seed,beard,glasses\" in %s",
                        path);
    return FALSE;
  }
  t->columns--;
  t->names = g_strdupv(head + 1);
  t->values = g_array_new(FALSE, FALSE, sizeof(double));
  for (guint i = 1; lines[i]; i++) {
    g_auto(GStrv) cells = g_strsplit(g_strstrip(lines[i]), ",", -1);
    if (g_strv_length(cells) != t->columns + 1) {
      cli_set_usage_error(error, "--labels: expected %u values in line %u, found %u",
                          t->columns + 1, i + 1, g_strv_length(cells));
      return FALSE;
    }
    if (!read_row(t, cells, i - 1, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
label_by_table(AttributeJob *job, const Table *t, GError **error)
{
  gsize rows = t->values->len / t->columns;
  g_autofree double *column = g_new(double, rows);

  if (!draw_faces(job, (int)MIN((gsize)job->opt->samples, rows), NULL, error))
    return FALSE;
  for (guint c = 0; c < t->columns; c++) {
    if (!is_wanted(job, t->names[c]))
      continue;
    for (gsize i = 0; i < rows; i++)
      column[i] = g_array_index(t->values, double, i * t->columns + c);
    label_by(add(job, t->names[c]), (gsize)job->faces->n, column);
  }
  return TRUE;
}

static gboolean
from_table(AttributeJob *job, GError **error)
{
  Table t = {0};
  gboolean ok = read_table(&t, job->opt->labels, error);

  if (ok && t.values->len < 2 * t.columns) {
    cli_set_usage_error(error, "--labels: %s has labels of fewer than two faces", job->opt->labels);
    ok = FALSE;
  }
  ok = ok && label_by_table(job, &t, error);
  g_strfreev(t.names);
  g_clear_pointer(&t.values, g_array_unref);
  return ok;
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

  if (!s || !draw_faces(job, job->opt->samples, s->d, error))
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
