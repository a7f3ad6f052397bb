/* A line of stats.jsonl by jansson: new tags, histograms, and whatever other programs write. */
#include "engine/runs/run-reader-private.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

static double
real(const json_t *v)
{
  return json_is_number(v) ? json_number_value(v) : NAN;
}

/* Python writes NaN, Infinity and -Infinity, which JSON does not have: null in their place. NULL
 * if there are none. */
static GString *
without_python_words(const char *line, gsize n)
{
  static const char *const words[] = {"NaN", "-Infinity", "Infinity"};
  GString *out = g_string_sized_new(n + 64);
  gboolean quoted = FALSE, any = FALSE;

  for (gsize i = 0; i < n;) {
    gsize skip = 0;
    if (quoted && line[i] == '\\' && i + 1 < n)
      g_string_append_c(out, line[i++]);
    else if (line[i] == '"')
      quoted = !quoted;
    else if (!quoted)
      for (guint w = 0; w < G_N_ELEMENTS(words) && !skip; w++)
        if (n - i >= strlen(words[w]) && memcmp(line + i, words[w], strlen(words[w])) == 0)
          skip = strlen(words[w]);
    if (skip)
      g_string_append(out, "null");
    else
      g_string_append_c(out, line[i]);
    any = any || skip;
    i += skip ? skip : 1;
  }
  if (!any)
    g_string_free(out, TRUE);
  return any ? out : NULL;
}

static json_t *
load(const char *line, gsize n)
{
  json_t *root = json_loadb(line, n, 0, NULL);

  if (root)
    return root;
  GString *plain = without_python_words(line, n);
  if (!plain)
    return NULL;
  root = json_loadb(plain->str, plain->len, 0, NULL);
  g_string_free(plain, TRUE);
  return root;
}

static void
add_histogram(SgStatsParser *p, const char *tag, const json_t *value)
{
  const json_t *counts = json_object_get(value, "counts");
  double lo = real(json_object_get(value, "lo")), hi = real(json_object_get(value, "hi"));
  gsize bins = json_array_size(counts);
  gboolean fake = g_str_has_suffix(tag, "/fake");

  if (bins == 0 || bins > SG_STATS_MAX_BINS || !isfinite(lo) || !isfinite(hi) || hi <= lo ||
      !(fake || g_str_has_suffix(tag, "/real")))
    return;
  SgRunHistogram *h = g_new0(SgRunHistogram, 1);
  h->lo = lo, h->hi = hi;
  h->bins = (guint)bins;
  h->counts = g_new(double, bins);
  for (gsize i = 0; i < bins; i++) {
    double count = real(json_array_get(counts, i));
    h->counts[i] = count >= 0 ? count : 0;
  }
  SgStatsHistogram entry = {p->rows->len, fake, h};
  g_array_append_val(p->histograms, entry);
}

/* {"num": …, "mean": …, "std": …}, of which only the mean must be there, or a number. */
static void
add_value(SgStatsParser *p, const char *tag, const json_t *value)
{
  const json_t *mean = json_is_object(value) ? json_object_get(value, "mean") : value;
  const json_t *num = json_object_get(value, "num");

  if (!json_is_number(mean) && !json_is_null(mean))
    return;
  sg_stats_pend(p, sg_stats_column(p, tag, strlen(tag)),
                json_is_number(num) ? json_number_value(num) : 1, real(mean),
                real(json_object_get(value, "std")));
}

gboolean
sg_stats_parse_json(SgStatsParser *p, const char *line, gsize n)
{
  json_t *root = load(line, n), *value;
  gboolean is_object = json_is_object(root);
  const char *tag;

  if (is_object)
    json_object_foreach (root, tag, value) {
      if (g_str_equal(tag, "timestamp")) {
        p->time = real(value);
        continue;
      }
      add_histogram(p, tag, value);
      add_value(p, tag, value);
    }
  json_decref(root);
  return is_object;
}
