/* Lines of stats.jsonl: the fast way against jansson, numbers against strtod, and bad files. */
#include "engine/runs/run-reader-private.h"
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers --------------------------------------------------------------------------------- */

static void
check_number(const char *text)
{
  g_autofree char *line = g_strconcat(text, ",", NULL);
  const char *p = line;
  double value = 0, expected = g_ascii_strtod(text, NULL);

  g_assert_true(sg_run_number(&p, line + strlen(line), &value));
  g_assert_true(p == line + strlen(text));
  if (value != expected)
    g_error("%s: read as %.17g, is %.17g", text, value, expected);
}

/* Numbers of 15 to 19 digits at all magnitudes, and doubles with as many digits as they need. */
static void
test_numbers(void)
{
  static const char *const some[] = {"0",
                                     "-0",
                                     "1",
                                     "-1.0",
                                     "0.1",
                                     "123456789012345678",
                                     "1e22",
                                     "1e23",
                                     "9007199254740993.0",
                                     "0.000000000000000000000000000001",
                                     "5e-324",
                                     "2.2250738585072014e-308",
                                     "1.7976931348623157e308",
                                     "1.00000000000000011102230246251565",
                                     "1.0E+5",
                                     "1600100694.7497823",
                                     "0e5",
                                     "0.0e-999",
                                     "100000000000000000000.0"};
  GRand *rand = g_rand_new_with_seed(7);
  char text[64];

  for (guint i = 0; i < G_N_ELEMENTS(some); i++)
    check_number(some[i]);
  for (int i = 0; i < 150000; i++) {
    guint64 digits =
        ((guint64)g_rand_int(rand) << 32 | g_rand_int(rand)) >> g_rand_int_range(rand, 0, 40);
    g_snprintf(text, sizeof text, "%s%" G_GUINT64_FORMAT "e%d", i % 2 ? "-" : "", digits,
               g_rand_int_range(rand, -330, 280));
    if (isfinite(g_ascii_strtod(text, NULL)))
      check_number(text);
    g_snprintf(text, sizeof text, "%" G_GUINT64_FORMAT "e%d", digits,
               g_rand_int_range(rand, -30, 30));
    check_number(text);
    g_snprintf(text, sizeof text, "%.*g", g_rand_int_range(rand, 1, 20),
               g_rand_double_range(rand, -3, 3) * pow(10, g_rand_int_range(rand, -6, 7)));
    check_number(text);
  }
  /* Middles between two doubles, which a result that is off by a hair takes to the wrong side. */
  for (int i = 0; i < 100000; i++) {
    guint64 odd = (G_GUINT64_CONSTANT(1) << 53) + 2 * (guint64)g_rand_int(rand) + 1;
    g_snprintf(text, sizeof text, "%" G_GUINT64_FORMAT ".0", odd);
    check_number(text);
    g_snprintf(text, sizeof text, "%" G_GUINT64_FORMAT ".%d", odd, g_rand_int_range(rand, 0, 10));
    check_number(text);
    g_snprintf(text, sizeof text, "%" G_GUINT64_FORMAT "e-%d", odd * 100 + 99,
               g_rand_int_range(rand, 1, 28));
    check_number(text);
  }
  g_rand_free(rand);
}

static void
test_no_numbers(void)
{
  static const char *const bad[] = {"01",    "+1",     ".5", "1.",  "1.e5",  "1e",  "1e+", "-",
                                    "--1",   "x",      "",   "0x",  "-.5",   "nul", "Na",  "Inf",
                                    "1e999", "-1e999", "00", "-01", "\"1\"", "-NaN"};
  static const char *const nothing[] = {"NaN", "Infinity", "-Infinity", "null"};
  double value;

  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autofree char *line = g_strconcat(bad[i], ",", NULL);
    const char *p = line;
    /* "0x": the number ends before the x, which the caller then refuses. */
    if (sg_run_number(&p, line + strlen(line), &value))
      g_assert_cmpstr(bad[i], ==, "0x");
  }
  for (guint i = 0; i < G_N_ELEMENTS(nothing); i++) {
    const char *p = nothing[i];
    g_assert_true(sg_run_number(&p, p + strlen(p), &value));
    g_assert_true(isnan(value) && *p == '\0');
  }
}

/* ---- both ways of reading a line ------------------------------------------------------------- */

static void
append_number(GString *s, GRand *rand)
{
  static const char *const odd[] = {"NaN",    "null", "Infinity", "-Infinity",
                                    "0",      "-0.0", "1e-7",     "12345678901234567890",
                                    "1.5E+3", "7",    "-12"};
  int kind = g_rand_int_range(rand, 0, 8);

  if (kind == 0)
    g_string_append(s, odd[g_rand_int_range(rand, 0, G_N_ELEMENTS(odd))]);
  else
    g_string_append_printf(s, kind == 1 ? "%.6g" : "%.17g", g_rand_double_range(rand, -2, 2));
}

static void
append_value(GString *s, GRand *rand)
{
  int kind = g_rand_int_range(rand, 0, 40);

  if (kind == 0) {
    append_number(s, rand);
  } else if (kind == 1) {
    g_string_append(s, "{\"lo\": 0.0, \"hi\": 1.0, \"counts\": [1, 2, 3]}");
  } else if (kind == 2) {
    g_string_append(s, "{\"mean\": 3}");
  } else {
    g_string_append_printf(s, "{\"num\": %d, \"mean\": ", g_rand_int_range(rand, 0, 5));
    append_number(s, rand);
    g_string_append(s, ", \"std\": ");
    append_number(s, rand);
    g_string_append_c(s, '}');
  }
}

static void
append_line(GString *s, GRand *rand, int row)
{
  static const char *const tags[] = {"a",      "Loss/D/loss", "Scores/real", "x\\u00e4",
                                     "\u00e4", "a",           "num",         "timestamp"};
  gsize from = s->len;

  g_string_append_c(s, '{');
  for (int i = g_rand_int_range(rand, 0, 6); i > 0; i--) {
    g_string_append_printf(s, "\"%s\": ", tags[g_rand_int_range(rand, 0, G_N_ELEMENTS(tags))]);
    append_value(s, rand);
    g_string_append(s, ", ");
  }
  g_string_append_printf(s, "\"Progress/kimg\": {\"num\": 1, \"mean\": %d.5, \"std\": 0.0}, ", row);
  g_string_append_printf(s, "\"timestamp\": 17%d.25}", row);
  /* Every other line broken in one place. */
  for (int i = g_rand_int_range(rand, -2, 3); i > 0; i--) {
    static const char bytes[] = "{}[]\",: 0129.eE+-nNIx\\/\t\r\xff\x01";
    gsize at = from + (gsize)g_rand_int_range(rand, 0, (gint32)(s->len - from));
    switch (g_rand_int_range(rand, 0, 3)) {
    case 0:
      s->str[at] = bytes[g_rand_int_range(rand, 0, sizeof bytes - 1)];
      break;
    case 1:
      g_string_erase(s, (gssize)at, 1);
      break;
    default:
      g_string_insert_c(s, (gssize)at, bytes[g_rand_int_range(rand, 0, sizeof bytes - 1)]);
    }
    if (s->len == from)
      break;
  }
  g_string_append_c(s, '\n');
}

static gboolean
same(double a, double b)
{
  return a == b || (isnan(a) && isnan(b));
}

static SgStatsColumn *
column_of(SgStatsParser *p, const char *name)
{
  gpointer i;
  return g_hash_table_lookup_extended(p->by_name, name, NULL, &i)
             ? p->columns->pdata[GPOINTER_TO_INT(i)]
             : NULL;
}

static void
assert_same_columns(SgStatsParser *a, SgStatsParser *b)
{
  for (guint i = 0; i < a->columns->len; i++) {
    const SgStatsColumn *x = a->columns->pdata[i], *y = column_of(b, x->name);
    if (!y) {
      g_assert_cmpuint(x->entries->len, ==, 0);
      continue;
    }
    g_assert_cmpuint(x->entries->len, ==, y->entries->len);
    for (guint k = 0; k < x->entries->len; k++) {
      const SgStatsEntry *e = &g_array_index(x->entries, SgStatsEntry, k),
                         *f = &g_array_index(y->entries, SgStatsEntry, k);
      g_assert_cmpuint(e->row, ==, f->row);
      g_assert_true(same(e->mean, f->mean));
      g_assert_true(same(e->std, f->std));
    }
  }
}

static void
test_both_ways(void)
{
  GRand *rand = g_rand_new_with_seed(11);
  guint64 rows = 0, bad = 0;

  for (int round = 0; round < 300; round++) {
    SgStatsParser *fast = sg_stats_parser_new(), *plain = sg_stats_parser_new();
    plain->plain = TRUE;
    for (int chunk = 0; chunk < 3; chunk++) {
      GString *s = g_string_new(NULL);
      for (int i = 0; i < 40; i++)
        append_line(s, rand, i + 1);
      sg_stats_parse(fast, s->str, s->len);
      sg_stats_parse(plain, s->str, s->len);
      g_assert_cmpuint(fast->rows->len, ==, plain->rows->len);
      g_assert_cmpuint(fast->bad, ==, plain->bad);
      g_assert_cmpuint(fast->histograms->len, ==, plain->histograms->len);
      for (guint i = 0; i < fast->rows->len; i++) {
        const SgStatsRow *a = &g_array_index(fast->rows, SgStatsRow, i),
                         *b = &g_array_index(plain->rows, SgStatsRow, i);
        g_assert_true(a->kimg == b->kimg && a->time == b->time && same(a->total_sec, b->total_sec));
      }
      assert_same_columns(fast, plain);
      assert_same_columns(plain, fast);
      rows += fast->rows->len, bad += fast->bad;
      sg_stats_parser_clear(fast);
      sg_stats_parser_clear(plain);
      g_string_free(s, TRUE);
    }
    sg_stats_parser_free(fast);
    sg_stats_parser_free(plain);
  }
  g_rand_free(rand);
  /* Enough of both kinds, or this says nothing. */
  g_assert_cmpuint(rows, >, 10000);
  g_assert_cmpuint(bad, >, 3000);
}

/* ---- lines one by one ------------------------------------------------------------------------ */

#define KIMG(x) "\"Progress/kimg\": {\"num\": 1, \"mean\": " #x ", \"std\": 0.0}"

/* How many rows, and in *value the mean of "a" in the first. */
static guint
rows_of(const char *text, gsize n, guint *bad, double *value)
{
  SgStatsParser *p = sg_stats_parser_new();
  guint rows;

  sg_stats_parse(p, text, n);
  SgStatsColumn *a = column_of(p, "a");
  *value = a && a->entries->len > 0 ? g_array_index(a->entries, SgStatsEntry, 0).mean : -1;
  *bad = (guint)p->bad;
  rows = p->rows->len;
  sg_stats_parser_free(p);
  return rows;
}

static void
test_lines(void)
{
  static const struct {
    const char *text;
    guint rows, bad;
    double a;
  } cases[] = {
      {"{" KIMG(1) ", \"a\": {\"num\": 2, \"mean\": 0.25, \"std\": 1.0}}\n", 1, 0, 0.25},
      {"{" KIMG(1) ", \"a\": {\"num\": 0, \"mean\": NaN, \"std\": NaN}}\n", 1, 0, -1},
      {"{" KIMG(1) ", \"a\": {\"num\": 2, \"mean\": NaN, \"std\": NaN}}\n", 1, 0, NAN},
      {"{" KIMG(1) ", \"a\": {\"num\": 2, \"mean\": -Infinity, \"std\": 0.0}}\n", 1, 0, NAN},
      {"{" KIMG(1) ", \"a\": {\"num\": 2, \"mean\": null, \"std\": null}}\n", 1, 0, NAN},
      {"{" KIMG(1) ", \"a\": 4, \"b\": \"NaN, \\\" Infinity\", \"c\": NaN}\n", 1, 0, 4},
      {"{" KIMG(1) ",\"a\":{\"std\":1,\"mean\":5}}\n", 1, 0, 5},
      {"  {" KIMG(1) " , \"a\" : {\"mean\": 6 } } \r\n", 1, 0, 6},
      {"{" KIMG(1) ", \"a\": 1, \"a\": 7}\n", 1, 0, 7},
      {"{" KIMG(1) ", \"a\": {\"mean\": \"8\"}}\n", 1, 0, -1},
      {"{" KIMG(1) ", \"a\": [1, 2, {\"mean\": 3}]}\n", 1, 0, -1},
      {"{" KIMG(NaN) ", \"a\": 4}\n", 0, 1, -1},
      {"{\"a\": 4}\n", 0, 1, -1},
      {"[1]\n\n   \nnonsense\n{}\n", 0, 3, -1},
      {"{" KIMG(1) ", \"a\": 1e999}\n", 0, 1, -1},
      {"{" KIMG(1) ", \"a\": 9}", 0, 0, -1}, /* not yet a line */
      {"", 0, 0, -1},
  };

  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    guint bad;
    double a;
    g_test_message("%s", cases[i].text);
    g_assert_cmpuint(rows_of(cases[i].text, strlen(cases[i].text), &bad, &a), ==, cases[i].rows);
    g_assert_cmpuint(bad, ==, cases[i].bad);
    g_assert_true(same(a, cases[i].a));
  }
}

/* Python's words are replaced where they are values, not within names. */
static void
test_words_in_names(void)
{
  static const char line[] =
      "{" KIMG(1) ", \"a \\\"NaN, Infinity\": NaN, \"b\": {\"mean\": -Infinity}}\n";
  SgStatsParser *p = sg_stats_parser_new();

  sg_stats_parse(p, line, sizeof line - 1);
  g_assert_cmpuint(p->rows->len, ==, 1);
  const SgStatsColumn *a = column_of(p, "a \"NaN, Infinity"), *b = column_of(p, "b");
  g_assert_true(a && a->entries->len == 1 && b && b->entries->len == 1);
  sg_stats_parser_free(p);
}

/* Names without end, lines without end, brackets without end, zeros, noise. */
static void
test_hostile_lines(void)
{
  GString *s = g_string_new(NULL);
  guint bad;
  double a;

  for (int i = 0; i < 5000; i++)
    g_string_append_printf(s, "{" KIMG(1) ", \"tag%d\": 1}\n", i);
  SgStatsParser *p = sg_stats_parser_new();
  sg_stats_parse(p, s->str, s->len);
  g_assert_cmpuint(p->columns->len, ==, SG_STATS_MAX_TAGS);
  g_assert_cmpuint(p->rows->len, ==, 5000);
  sg_stats_parser_free(p);

  g_string_assign(s, "{" KIMG(1) ", \"");
  for (int i = 0; i < 100000; i++)
    g_string_append_c(s, 'n');
  g_string_append(s, "\": 1, \"a\": 3}\n");
  g_assert_cmpuint(rows_of(s->str, s->len, &bad, &a), ==, 1);
  g_assert_cmpfloat(a, ==, 3);

  g_string_assign(s, "{" KIMG(1) ", \"a\": ");
  for (int i = 0; i < 500000; i++)
    g_string_append_c(s, '[');
  g_string_append_c(s, '\n');
  g_assert_cmpuint(rows_of(s->str, s->len, &bad, &a), ==, 0);
  g_assert_cmpuint(bad, ==, 1);

  g_string_assign(s, "{" KIMG(1) ", \"a\": [");
  while (s->len < 2 * SG_STATS_MAX_LINE)
    g_string_append(s, "1, ");
  g_string_append(s, "1]}\n");
  g_assert_cmpuint(rows_of(s->str, s->len, &bad, &a), ==, 0);
  g_assert_cmpuint(bad, ==, 1);

  static const char zeros[] = "{" KIMG(1) ", \"a\0b\": 1}\n\0\0\0\n\xff\xfe\n";
  g_assert_cmpuint(rows_of(zeros, sizeof zeros - 1, &bad, &a), ==, 0);
  g_assert_cmpuint(bad, ==, 3);
  g_string_free(s, TRUE);
}

/* ---- the table ------------------------------------------------------------------------------- */

/* A run without end stays within the bound, and keeps beginning, end and extremes. */
static void
test_thinning(void)
{
  SgStatsTable *t = sg_stats_table_new();
  SgStatsParser *p = sg_stats_parser_new();
  GString *s = g_string_new(NULL);
  double x, y, first, last, min, max;

  t->max_points = 6000;
  for (int i = 0; i < 20000; i++) {
    g_string_append_printf(s,
                           "{\"a\": {\"num\": 3, \"mean\": %d.0, \"std\": 1.0}, "
                           "\"Progress/kimg\": {\"num\": 1, \"mean\": %d.0, \"std\": 0.0}}\n",
                           i == 700 ? 1000 : i % 2, i + 1);
    if (i % 100 == 99) {
      sg_stats_parse(p, s->str, s->len);
      sg_stats_table_add(t, p);
      sg_stats_parser_clear(p);
      g_string_truncate(s, 0);
      g_assert_cmpuint(t->points, <=, t->max_points);
    }
  }
  SgStatsTag *a = sg_stats_table_tag(t, "a");
  g_assert_cmpuint(t->rows, ==, 20000);
  g_assert_cmpuint(t->thinned, >, 1);
  g_assert_cmpuint(sg_series_length(a->mean), <, 3000);
  g_assert_cmpuint(sg_series_length(a->mean), >, 700);
  g_assert_true(sg_series_point(a->mean, 0, &x, &y));
  g_assert_cmpfloat(x, ==, 1);
  g_assert_true(sg_series_bounds(a->mean, 0, 1e9, FALSE, &first, &last, &min, &max));
  g_assert_cmpfloat(last, >, 19990);
  g_assert_cmpfloat(min, ==, 0);
  g_assert_cmpfloat(max, ==, 1000);
  g_assert_nonnull(a->deviation);
  g_assert_null(sg_stats_table_tag(t, "Progress/kimg")->deviation);
  g_string_free(s, TRUE);
  sg_stats_parser_free(p);
  sg_stats_table_free(t);
}

/* Rows that jump back and forth, at random and in chunks: what is left ascends and is the same
 * as by the plain rule. */
static void
test_going_back(void)
{
  GRand *rand = g_rand_new_with_seed(3);

  for (int round = 0; round < 100; round++) {
    SgStatsTable *t = sg_stats_table_new();
    SgStatsParser *p = sg_stats_parser_new();
    g_autoptr(GArray) left = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
    double kimg = 0, x, y;
    for (int i = 0; i < 120; i++) {
      kimg = g_rand_int_range(rand, 0, 10) == 0 ? floor(g_rand_double_range(rand, 0, kimg + 1))
                                                : kimg + 1;
      while (left->len > 0 && g_array_index(left, double, left->len - 1) >= kimg)
        g_array_set_size(left, left->len - 1);
      g_array_append_val(left, kimg);
      double value = i; /* of two rows at one place the later one stays */
      g_array_set_size(values, left->len - 1);
      g_array_append_val(values, value);
      g_autofree char *line = g_strdup_printf("{\"Progress/kimg\": %g, \"a\": %d}\n", kimg, i);
      sg_stats_parse(p, line, strlen(line));
      if (g_rand_int_range(rand, 0, 7) == 0 || i == 119) {
        sg_stats_table_add(t, p);
        sg_stats_parser_clear(p);
      }
    }
    SgSeries *a = sg_stats_table_tag(t, "a")->mean;
    g_assert_cmpuint(sg_series_length(a), ==, left->len);
    for (guint i = 0; i < left->len; i++) {
      g_assert_true(sg_series_point(a, i, &x, &y));
      g_assert_cmpfloat(x, ==, g_array_index(left, double, i));
      g_assert_cmpfloat(y, ==, g_array_index(values, double, i));
    }
    /* The legs touch each other and end where the rows end. */
    const SgRunLeg *leg = NULL;
    for (guint i = 0; i < t->legs->len; i++) {
      const SgRunLeg *next = &g_array_index(t->legs, SgRunLeg, i);
      g_assert_cmpfloat(next->from_kimg, ==, leg ? leg->to_kimg : 0);
      leg = next;
    }
    g_assert_cmpfloat(leg->to_kimg, ==, g_array_index(left, double, left->len - 1));
    sg_stats_parser_free(p);
    sg_stats_table_free(t);
  }
  g_rand_free(rand);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/run-stats/numbers", test_numbers);
  g_test_add_func("/run-stats/no-numbers", test_no_numbers);
  g_test_add_func("/run-stats/both-ways", test_both_ways);
  g_test_add_func("/run-stats/lines", test_lines);
  g_test_add_func("/run-stats/words-in-names", test_words_in_names);
  g_test_add_func("/run-stats/hostile-lines", test_hostile_lines);
  g_test_add_func("/run-stats/thinning", test_thinning);
  g_test_add_func("/run-stats/going-back", test_going_back);
  return g_test_run();
}
