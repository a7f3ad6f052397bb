/* The curves of a run as a table for other programs. */
#include "engine/formats/writer.h"
#include "engine/runs/run-reader-private.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  SgSeries *s;
  gsize next;
  gboolean more;
  double x, y;
} Column;

static void
advance(Column *c)
{
  c->more = sg_series_point(c->s, c->next++, &c->x, &c->y);
}

/* As RFC 4180 has it. */
static void
append_name(GString *line, const char *name)
{
  if (!strpbrk(name, ",\"\r\n")) {
    g_string_append(line, name);
    return;
  }
  g_string_append_c(line, '"');
  for (const char *p = name; *p; p++) {
    if (*p == '"')
      g_string_append_c(line, '"');
    g_string_append_c(line, *p);
  }
  g_string_append_c(line, '"');
}

/* The shortest text that reads as the same number: curves have single precision. */
static void
append_float(GString *line, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isfinite(value))
    return;
  for (int digits = 6; digits <= 9; digits++) {
    char format[8];
    g_snprintf(format, sizeof format, "%%.%dg", digits);
    g_ascii_formatd(text, sizeof text, format, value);
    if ((float)g_ascii_strtod(text, NULL) == (float)value)
      break;
  }
  g_string_append(line, text);
}

static void
append_x(GString *line, double x)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append(line, g_ascii_formatd(text, sizeof text, "%.15g", x));
}

/* One row; FALSE after the last. */
static gboolean
append_row(GString *line, Column *columns, guint n)
{
  double x = INFINITY;

  for (guint i = 0; i < n; i++)
    if (columns[i].more)
      x = MIN(x, columns[i].x);
  if (!isfinite(x))
    return FALSE;
  append_x(line, x);
  for (guint i = 0; i < n; i++) {
    g_string_append_c(line, ',');
    if (columns[i].more && columns[i].x <= x) {
      append_float(line, columns[i].y);
      advance(&columns[i]);
    }
  }
  g_string_append_c(line, '\n');
  return TRUE;
}

static gboolean
write_rows(SgWriter *w, Column *columns, guint n, GString *text, GError **error)
{
  gboolean more = TRUE;

  while (more) {
    more = append_row(text, columns, n);
    if (text->len > 64 * 1024 || !more) {
      if (!sg_writer_write(w, text->str, text->len, error))
        return FALSE;
      g_string_truncate(text, 0);
    }
  }
  return TRUE;
}

gboolean
sg_run_reader_write_csv(SgRunReader *r, const char *const *tags, const char *path, GError **error)
{
  g_auto(GStrv) all = tags ? NULL : sg_run_reader_tags(r);
  const char *const *names = tags ? tags : (const char *const *)all;
  guint n = g_strv_length((char **)names);
  g_autofree Column *columns = g_new0(Column, n + 1);
  g_autoptr(SgWriter) w = NULL;
  GString *text = g_string_new("kimg");
  gboolean done = TRUE;

  for (guint i = 0; done && i < n; i++) {
    columns[i].s = sg_run_reader_series(r, names[i]);
    done = columns[i].s != NULL;
    if (!done)
      g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: this run has no values \"%s\"",
                  path, names[i]);
    else
      advance(&columns[i]);
    g_string_append_c(text, ',');
    append_name(text, names[i]);
  }
  g_string_append_c(text, '\n');
  w = done ? sg_writer_new(path, error) : NULL;
  done = w && write_rows(w, columns, n, text, error) && sg_writer_commit(w, error);
  for (guint i = 0; i < n; i++)
    g_clear_pointer(&columns[i].s, sg_series_unref);
  g_string_free(text, TRUE);
  return done;
}
