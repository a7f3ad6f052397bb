/* Lines of stats.jsonl into columns.
 *
 * Both programs write a line as Python's json does, {"TAG": {"num": 1, "mean": 0.5, "std": 0.0},
 * …, "timestamp": 1.5}, and the next line with the same tags in the same order: so each key is
 * compared with that of the line before, and all else is fixed text and numbers. Whatever looks
 * different goes to jansson (run-stats-json.c), which decides what a line means. */
#include "engine/runs/run-reader-private.h"
#include <math.h>
#include <string.h>

#define TIMESTAMP (-1)
#define UNKNOWN   (-2)

static void
column_free(gpointer data)
{
  SgStatsColumn *c = data;
  g_array_unref(c->entries);
  g_free(c->name);
  g_free(c);
}

static void
histogram_clear(gpointer data)
{
  sg_run_histogram_free(((SgStatsHistogram *)data)->histogram);
}

SgStatsParser *
sg_stats_parser_new(void)
{
  SgStatsParser *p = g_new0(SgStatsParser, 1);
  p->columns = g_ptr_array_new_with_free_func(column_free);
  p->by_name = g_hash_table_new(g_str_hash, g_str_equal);
  p->rows = g_array_new(FALSE, FALSE, sizeof(SgStatsRow));
  p->histograms = g_array_new(FALSE, FALSE, sizeof(SgStatsHistogram));
  g_array_set_clear_func(p->histograms, histogram_clear);
  p->order = g_array_new(FALSE, FALSE, sizeof(gint));
  p->pending = g_array_new(FALSE, FALSE, sizeof(SgStatsPending));
  /* Wherever they come in a line, the table asks for these. */
  sg_stats_column(p, "Progress/kimg", strlen("Progress/kimg"));
  sg_stats_column(p, "Timing/total_sec", strlen("Timing/total_sec"));
  return p;
}

#define KIMG      0
#define TOTAL_SEC 1

void
sg_stats_parser_free(SgStatsParser *p)
{
  if (!p)
    return;
  g_hash_table_unref(p->by_name);
  g_ptr_array_unref(p->columns);
  g_array_unref(p->rows);
  g_array_unref(p->histograms);
  g_array_unref(p->order);
  g_array_unref(p->pending);
  g_free(p);
}

void
sg_stats_parser_clear(SgStatsParser *p)
{
  for (guint i = 0; i < p->columns->len; i++)
    g_array_set_size(((SgStatsColumn *)p->columns->pdata[i])->entries, 0);
  g_array_set_size(p->rows, 0);
  g_array_set_size(p->histograms, 0);
  p->bad = 0;
}

gint
sg_stats_column(SgStatsParser *p, const char *name, gsize length)
{
  if (length == 0 || length > SG_STATS_MAX_NAME)
    return UNKNOWN;
  g_autofree char *key = g_strndup(name, length);
  gpointer index;
  if (g_hash_table_lookup_extended(p->by_name, key, NULL, &index))
    return GPOINTER_TO_INT(index);
  if (p->columns->len >= SG_STATS_MAX_TAGS)
    return UNKNOWN;
  SgStatsColumn *c = g_new0(SgStatsColumn, 1);
  c->name = g_steal_pointer(&key);
  c->length = length;
  c->entries = g_array_new(FALSE, FALSE, sizeof(SgStatsEntry));
  g_ptr_array_add(p->columns, c);
  g_hash_table_insert(p->by_name, c->name, GINT_TO_POINTER((gint)p->columns->len - 1));
  return (gint)p->columns->len - 1;
}

void
sg_stats_pend(SgStatsParser *p, gint column, double num, double mean, double std)
{
  SgStatsPending pending = {column, num == 0, num == 0 ? NAN : mean, std};
  if (column >= 0)
    g_array_append_val(p->pending, pending);
}

/* ---- the usual line -------------------------------------------------------------------------- */

typedef struct {
  const char *at, *end;
} Cursor;

static inline gboolean
fixed(Cursor *c, const char *text, gsize n)
{
  if ((gsize)(c->end - c->at) < n || memcmp(c->at, text, n) != 0)
    return FALSE;
  c->at += n;
  return TRUE;
}
#define FIXED(c, text) fixed(c, "" text, sizeof text - 1)

static gint
known_name(SgStatsParser *p, const char *name, gsize length)
{
  char key[SG_STATS_MAX_NAME + 1];
  gpointer index;

  if (length == strlen("timestamp") && memcmp(name, "timestamp", length) == 0)
    return TIMESTAMP;
  if (length > SG_STATS_MAX_NAME || memchr(name, '\0', length))
    return UNKNOWN;
  memcpy(key, name, length);
  key[length] = '\0';
  return g_hash_table_lookup_extended(p->by_name, key, NULL, &index) ? GPOINTER_TO_INT(index)
                                                                     : UNKNOWN;
}

/* The column of the key at the cursor, which moves behind its closing quote. Only names that
 * jansson has let pass are known, so there are no escapes and no broken UTF-8 in them. */
static gint
take_key(SgStatsParser *p, Cursor *c, guint i)
{
  gint expected = i < p->order->len ? g_array_index(p->order, gint, i) : UNKNOWN;

  if (!FIXED(c, "\""))
    return UNKNOWN;
  if (expected >= 0) {
    const SgStatsColumn *column = p->columns->pdata[expected];
    if ((gsize)(c->end - c->at) > column->length && c->at[column->length] == '"' &&
        memcmp(c->at, column->name, column->length) == 0) {
      c->at += column->length + 1;
      return expected;
    }
  }
  const char *quote = memchr(c->at, '"', (gsize)(c->end - c->at));
  if (!quote)
    return UNKNOWN;
  gint column = known_name(p, c->at, (gsize)(quote - c->at));
  c->at = quote + 1;
  if (column != UNKNOWN) {
    if (i >= p->order->len)
      g_array_set_size(p->order, i + 1);
    g_array_index(p->order, gint, i) = column;
  }
  return column;
}

/* {"num": 1, "mean": 0.5, "std": 0.0} */
static gboolean
take_statistics(Cursor *c, double *num, double *mean, double *std)
{
  return FIXED(c, "{\"num\": ") && sg_run_number(&c->at, c->end, num) && !isnan(*num) &&
         FIXED(c, ", \"mean\": ") && sg_run_number(&c->at, c->end, mean) &&
         FIXED(c, ", \"std\": ") && sg_run_number(&c->at, c->end, std) && FIXED(c, "}");
}

static gboolean
parse_usual(SgStatsParser *p, const char *line, gsize n)
{
  Cursor c = {line, line + n};

  if (!FIXED(&c, "{"))
    return FALSE;
  for (guint i = 0;; i++) {
    double num = 1, mean, std = NAN;
    gint column = take_key(p, &c, i);
    if (column == UNKNOWN || !FIXED(&c, ": ") || (column == TIMESTAMP && *c.at == '{'))
      return FALSE;
    if (c.at < c.end && *c.at == '{' ? !take_statistics(&c, &num, &mean, &std)
                                     : !sg_run_number(&c.at, c.end, &mean))
      return FALSE;
    if (column == TIMESTAMP)
      p->time = mean;
    else
      sg_stats_pend(p, column, num, mean, std);
    if (FIXED(&c, "}"))
      return c.at == c.end;
    if (!FIXED(&c, ", "))
      return FALSE;
  }
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Of a key that comes twice the last one counts, as with jansson. */
static void
commit(SgStatsParser *p, guint32 row)
{
  for (guint i = 0; i < p->pending->len; i++) {
    const SgStatsPending *pending = &g_array_index(p->pending, SgStatsPending, i);
    GArray *entries = ((SgStatsColumn *)p->columns->pdata[pending->column])->entries;
    SgStatsEntry entry = {row, pending->mean, pending->std};
    if (entries->len > 0 && g_array_index(entries, SgStatsEntry, entries->len - 1).row == row)
      g_array_set_size(entries, entries->len - 1);
    if (!pending->none)
      g_array_append_val(entries, entry);
  }
}

/* The value of a column in this row, or NAN. */
static double
value_of(const SgStatsParser *p, gint column)
{
  for (guint i = p->pending->len; i-- > 0;) {
    const SgStatsPending *pending = &g_array_index(p->pending, SgStatsPending, i);
    if (pending->column == column)
      return pending->mean;
  }
  return NAN;
}

static gboolean
parse_line(SgStatsParser *p, const char *line, gsize n)
{
  guint histograms = p->histograms->len;

  g_array_set_size(p->pending, 0);
  p->time = 0;
  if (n > SG_STATS_MAX_LINE)
    return FALSE;
  if (p->plain || !parse_usual(p, line, n)) {
    g_array_set_size(p->pending, 0);
    p->time = 0;
    if (!sg_stats_parse_json(p, line, n))
      return FALSE;
  }
  SgStatsRow row = {value_of(p, KIMG), p->time, value_of(p, TOTAL_SEC)};
  if (!isfinite(row.kimg)) {
    g_array_set_size(p->histograms, histograms);
    return FALSE;
  }
  row.time = isfinite(row.time) ? row.time : 0;
  for (guint i = histograms; i < p->histograms->len; i++)
    g_array_index(p->histograms, SgStatsHistogram, i).histogram->kimg = row.kimg;
  commit(p, p->rows->len);
  g_array_append_val(p->rows, row);
  return TRUE;
}

static gboolean
is_blank(const char *line, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (!g_ascii_isspace(line[i]))
      return FALSE;
  return TRUE;
}

void
sg_stats_parse(SgStatsParser *p, const char *text, gsize n)
{
  for (const char *end = text + n; text < end;) {
    const char *lf = memchr(text, '\n', (gsize)(end - text));
    if (!lf)
      return;
    if (!parse_line(p, text, (gsize)(lf - text)) && !is_blank(text, (gsize)(lf - text)))
      p->bad++;
    text = lf + 1;
  }
}
