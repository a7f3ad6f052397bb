#include "engine/directions/label-table.h"
#include "engine/base/visible.h"
#include "engine/formats/format-error.h"
#include "engine/formats/read-file.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES ((gsize)256 << 20)
/* Of a cell that is told. */
#define TOLD 40

typedef struct {
  guint32 seed;
  guint at; /* its row of values as read */
} Row;

static gboolean
bad_cell(GError **error, guint line, const char *expected, const char *found)
{
  g_autofree char *start = g_strndup(found, TOLD);
  g_autofree char *seen = sg_visible(start);

  return sg_broken(error, "expected %s in line %u, found \"%s\"", expected, line, seen);
}

static gboolean
read_line(const SgLabelTable *t, char **cells, guint line, GArray *rows, GArray *values,
          GError **error)
{
  guint64 seed;

  if (g_strv_length(cells) != t->columns + 1)
    return sg_broken(error, "expected %u values in line %u, found %u", t->columns + 1, line,
                     g_strv_length(cells));
  if (!g_ascii_string_to_unsigned(g_strstrip(cells[0]), 10, 0, G_MAXUINT32, &seed, NULL))
    return bad_cell(error, line, "a seed", cells[0]);
  const Row row = {(guint32)seed, rows->len};
  g_array_append_val(rows, row);
  for (guint i = 0; i < t->columns; i++) {
    char *end;
    double v = g_ascii_strtod(cells[i + 1], &end);
    if (end == cells[i + 1] || *g_strstrip(end) || !isfinite(v)) {
      g_autofree char *name = sg_visible(t->names[i]);
      g_autofree char *expected = g_strconcat("a number for ", name, NULL);
      return bad_cell(error, line, expected, cells[i + 1]);
    }
    g_array_append_val(values, v);
  }
  return TRUE;
}

static int
by_seed(gconstpointer a, gconstpointer b)
{
  guint32 x = ((const Row *)a)->seed, y = ((const Row *)b)->seed;

  return (x > y) - (x < y);
}

static gboolean
in_order(SgLabelTable *t, GArray *rows, const GArray *values, GError **error)
{
  gsize columns = t->columns;

  t->rows = rows->len;
  t->seeds = g_new(guint32, t->rows);
  t->values = g_new(double, t->rows *columns);
  g_array_sort(rows, by_seed);
  for (guint i = 0; i < t->rows; i++) {
    const Row *row = &g_array_index(rows, Row, i);
    t->seeds[i] = row->seed;
    memcpy(t->values + i * columns, &g_array_index(values, double, row->at *columns),
           columns * sizeof(double));
    if (i && t->seeds[i - 1] == row->seed)
      return sg_broken(error, "the seed %u has two lines", row->seed);
  }
  return TRUE;
}

static gboolean
read_text(SgLabelTable *t, char *text, gsize length, GError **error)
{
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Row));
  g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
  char *next = text;
  guint line = 0;

  if (strlen(text) != length || !g_utf8_validate(text, -1, NULL))
    return sg_broken(error, "expected a table of text");
  while (next && *next) {
    char *start = next, *end = strchr(next, '\n');
    next = end ? end + 1 : NULL;
    if (end)
      *end = 0;
    line++;
    g_auto(GStrv) cells = g_strsplit(g_strstrip(start), ",", -1);
    if (line == 1) {
      t->columns = g_strv_length(cells) ? g_strv_length(cells) - 1 : 0;
      if (t->columns < 1)
        return sg_broken(error, "expected a first line like \"seed,beard,glasses\"");
      t->names = g_strdupv(cells + 1);
    } else if (*start && !read_line(t, cells, line, rows, values, error)) {
      return FALSE;
    }
  }
  if (line == 0)
    return sg_broken(error, "expected a first line like \"seed,beard,glasses\", found nothing");
  if (rows->len == 0)
    return sg_broken(error, "expected a line for each labelled face, found none");
  return in_order(t, rows, values, error);
}

SgLabelTable *
sg_label_table_read(const char *path, GError **error)
{
  gsize length;
  g_autofree char *text = sg_read_file(path, MAX_BYTES, &length, error);
  g_autoptr(SgLabelTable) t = g_new0(SgLabelTable, 1);

  if (!text)
    return NULL;
  if (!read_text(t, text, length, error)) {
    g_autofree char *name = g_filename_display_name(path);
    g_autofree char *seen = sg_visible(name);
    g_prefix_error(error, "%s: ", seen);
    return NULL;
  }
  return g_steal_pointer(&t);
}

void
sg_label_table_free(SgLabelTable *t)
{
  if (!t)
    return;
  g_strfreev(t->names);
  g_free(t->seeds);
  g_free(t->values);
  g_free(t);
}
