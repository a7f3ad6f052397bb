/* Lines of stats.jsonl: the fast way has to find what jansson finds, and no order of rows may upset
 * the curves. */
#include "engine/runs/run-reader-private.h"
#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static gboolean
same(double a, double b)
{
  return a == b || (isnan(a) && isnan(b));
}

static void
compare_columns(SgStatsParser *a, SgStatsParser *b)
{
  for (guint i = 0; i < a->columns->len; i++) {
    const SgStatsColumn *x = a->columns->pdata[i];
    gpointer at = NULL;
    gboolean there = g_hash_table_lookup_extended(b->by_name, x->name, NULL, &at);
    const SgStatsColumn *y = there ? b->columns->pdata[GPOINTER_TO_INT(at)] : NULL;
    g_assert_cmpuint(x->entries->len, ==, y ? y->entries->len : 0);
    for (guint k = 0; k < x->entries->len; k++) {
      const SgStatsEntry *e = &g_array_index(x->entries, SgStatsEntry, k),
                         *f = &g_array_index(y->entries, SgStatsEntry, k);
      g_assert_true(e->row == f->row && same(e->mean, f->mean) && same(e->std, f->std));
    }
  }
}

static void
compare(SgStatsParser *a, SgStatsParser *b)
{
  g_assert_cmpuint(a->bad, ==, b->bad);
  g_assert_cmpuint(a->rows->len, ==, b->rows->len);
  g_assert_cmpuint(a->histograms->len, ==, b->histograms->len);
  for (guint i = 0; i < a->rows->len; i++) {
    const SgStatsRow *x = &g_array_index(a->rows, SgStatsRow, i),
                     *y = &g_array_index(b->rows, SgStatsRow, i);
    g_assert_true(same(x->kimg, y->kimg) && same(x->time, y->time) &&
                  same(x->total_sec, y->total_sec));
  }
  compare_columns(a, b);
  compare_columns(b, a);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  SgStatsParser *fast = sg_stats_parser_new(), *plain = sg_stats_parser_new();
  SgStatsTable *table = sg_stats_table_new();

  plain->plain = TRUE;
  table->max_points = 50;
  /* Twice: the second time all tags are known. */
  for (int round = 0; round < 2; round++) {
    sg_stats_parse(fast, (const char *)data, size);
    sg_stats_parse(plain, (const char *)data, size);
    compare(fast, plain);
    sg_stats_table_add(table, fast);
    sg_stats_parser_clear(fast);
    sg_stats_parser_clear(plain);
  }
  sg_stats_table_free(table);
  sg_stats_parser_free(fast);
  sg_stats_parser_free(plain);
  return 0;
}
