/* Tables of names and labels: CSV (RFC 4180) with commas, semicolons or tabs, or words with spaces
 * between, as lists like train.txt have. A first line of column names says which columns matter;
 * without one there are two, the name and the label. */
#include "engine/data/dataset-labels.h"
#include "engine/formats/format-error.h"
#include <math.h>
#include <string.h>

#define MAX_CELLS (32 * 1024 * 1024)

typedef struct {
  const char *at, *end;
  guint line;
  char between;
  guint cells;
} Table;

/* ---- rows ------------------------------------------------------------------------------------ */

/* What the first line has between its columns. */
static char
find_separator(const char *text, const char *end)
{
  static const char separators[] = {'\t', ';', ','};
  const char *stop = memchr(text, '\n', (gsize)(end - text));

  for (gsize i = 0; i < sizeof separators; i++)
    if (memchr(text, separators[i], (gsize)((stop ? stop : end) - text)))
      return separators[i];
  return ' ';
}

/* One cell, at whose end `at` stands: on a separator, a line's end or the end. */
static char *
take_cell(Table *t)
{
  GString *cell = g_string_new(NULL);
  gboolean quoted = t->at < t->end && *t->at == '"';

  for (t->at += quoted; t->at < t->end; t->at++) {
    if (quoted && *t->at == '"') {
      if (t->at + 1 == t->end || t->at[1] != '"') {
        quoted = FALSE;
        continue;
      }
      t->at++;
    } else if (!quoted && (*t->at == t->between || *t->at == '\n')) {
      break;
    }
    t->line += *t->at == '\n';
    g_string_append_c(cell, *t->at);
  }
  return g_strstrip(g_string_free(cell, FALSE));
}

/* The cells of the next line that has any, NULL at the end. */
static char **
take_row(Table *t)
{
  while (t->at < t->end) {
    GPtrArray *cells = g_ptr_array_new();
    t->line++;
    for (;;) {
      char *cell = take_cell(t);
      gboolean more = t->at < t->end && *t->at == t->between;
      if (t->between == ' ' && !*cell) /* several spaces are one */
        g_free(cell);
      else
        g_ptr_array_add(cells, cell);
      if (!more)
        break;
      t->at++;
    }
    t->at += t->at < t->end;
    t->cells += cells->len;
    gboolean empty = cells->len == 0 || (cells->len == 1 && !*(char *)cells->pdata[0]);
    g_ptr_array_add(cells, NULL);
    char **row = (char **)g_ptr_array_free(cells, FALSE);
    if (!empty)
      return row;
    g_strfreev(row);
  }
  return NULL;
}

/* ---- columns --------------------------------------------------------------------------------- */

typedef struct {
  int name, label; /* label -1: all other columns are numbers of a vector */
  guint n;
  gboolean header;
  gboolean *words; /* [n] columns of a vector that hold no numbers; NULL until a row has shown it */
} Columns;

static const char *const name_words[] = {"filename", "file_name",  "file", "image",
                                         "image_id", "img",        "path", "filepath",
                                         "name",     "image_path", "id",   NULL};
static const char *const label_words[] = {"label",    "class",  "labels",     "class_id",
                                          "category", "target", "class_name", "label_name",
                                          "y",        NULL};

static int
find_column(char **row, const char *const *words)
{
  for (; *words; words++)
    for (int i = 0; row[i]; i++)
      if (g_ascii_strcasecmp(row[i], *words) == 0)
        return i;
  return -1;
}

static gboolean
find_columns(char **first, Columns *c, GError **error)
{
  int name = find_column(first, name_words), label = find_column(first, label_words);

  *c = (Columns){.name = 0, .label = 1, .n = g_strv_length(first)};
  c->header = name >= 0 || label >= 0;
  if (c->n < 2)
    return sg_unsupported(
        error, "expected a name and a label in each line, found “%s” in the first", first[0]);
  if (!c->header && c->n > 2)
    return sg_unsupported(error,
                          "expected two columns, or a first line that names them (“filename”, "
                          "“label”), found %u columns",
                          c->n);
  if (name >= 0)
    c->name = name;
  else if (label == 0)
    c->name = 1;
  c->label = label >= 0 ? label : c->n > 2 ? -1 : 1 - c->name;
  return TRUE;
}

static gboolean
add_vector(SgLabels *l, const Columns *c, char **row, GError **error)
{
  g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(float));

  for (int i = 0; row[i]; i++) {
    char *end;
    float x = (float)g_ascii_strtod(row[i], &end);
    if (i == c->name || c->words[i])
      continue;
    if (end == row[i] || *end || !isfinite(x))
      return sg_unsupported(error,
                            "%s: expected numbers in all other columns, found “%s”; if only one "
                            "column is the label, call it “label”",
                            row[c->name], row[i]);
    g_array_append_val(values, x);
  }
  return sg_labels_add_vector(l, row[c->name], (float *)values->data, values->len, error);
}

/* Which columns hold words, by the first row of a vector; not all of them may. */
static void
find_words(Columns *c, char **row)
{
  gboolean any = FALSE;

  c->words = g_new0(gboolean, c->n);
  for (guint i = 0; i < c->n; i++) {
    char *end;
    g_ascii_strtod(row[i], &end);
    c->words[i] = (int)i != c->name && (end == row[i] || *end);
    any |= (int)i != c->name && !c->words[i];
  }
  if (!any)
    memset(c->words, 0, sizeof(gboolean) * c->n);
}

static gboolean
add_row(SgLabels *l, const Table *t, Columns *c, char **row, GError **error)
{
  guint n = g_strv_length(row);

  if (n != c->n)
    return sg_broken(error, "line %u: expected %u columns, found %u", t->line, c->n, n);
  if (t->cells > MAX_CELLS)
    return sg_unsupported(error, "expected at most %d values, found more", MAX_CELLS);
  if (c->label < 0 && !c->words)
    find_words(c, row);
  gboolean ok = c->label < 0 ? add_vector(l, c, row, error)
                             : sg_labels_add_text(l, row[c->name], row[c->label], error);
  if (!ok)
    g_prefix_error(error, "line %u: ", t->line);
  return ok;
}

static void
name_vector(SgLabels *l, const Columns *c, char **header)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GString) words = g_string_new(NULL);

  for (int i = 0; header[i]; i++) {
    g_autofree char *name = g_utf8_make_valid(header[i], -1);
    if (i == c->name)
      continue;
    if (c->words && c->words[i])
      g_string_append_printf(words, "%s%s", words->len ? ", " : "", name);
    else
      g_ptr_array_add(names, g_steal_pointer(&name));
  }
  g_ptr_array_add(names, NULL);
  if (words->len)
    l->left_out = g_strdup_printf("%s: columns of words are left out: %s", l->source, words->str);
  l->names = (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

static gboolean
parse_rows(SgLabels *l, Table *t, Columns *c, char **first, GError **error)
{
  if (!find_columns(first, c, error) || (!c->header && !add_row(l, t, c, first, error)))
    return FALSE;
  for (;;) {
    g_auto(GStrv) row = take_row(t);
    if (!row)
      break;
    if (!add_row(l, t, c, row, error))
      return FALSE;
  }
  if (!sg_labels_finish(l, error))
    return FALSE;
  if (c->label < 0)
    name_vector(l, c, first);
  return TRUE;
}

static gboolean
parse(SgLabels *l, Table *t, GError **error)
{
  g_auto(GStrv) first = take_row(t);
  Columns c = {0};

  if (!first)
    return sg_unsupported(error, "expected labels for the pictures, found an empty file");
  gboolean ok = parse_rows(l, t, &c, first, error);
  g_free(c.words);
  return ok;
}

SgLabels *
sg_labels_parse_table(const char *source, const char *text, gsize size, GError **error)
{
  g_autoptr(SgLabels) l = sg_labels_new(source);

  if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* Windows' mark of UTF-8 */
    text += 3;
    size -= 3;
  }
  if (memchr(text, '\0', size)) {
    sg_broken(error, "expected a text file, found binary data");
    return NULL;
  }
  Table t = {.at = text, .end = text + size, .between = find_separator(text, text + size)};
  return parse(l, &t, error) ? g_steal_pointer(&l) : NULL;
}
