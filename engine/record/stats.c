/* What the trainer measures between two ticks, and the lines of stats.jsonl. */
#include "engine/record/run-dir-private.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

struct _SgStats {
  GHashTable *tags; /* char * -> SgStat * */
};

static void
histogram_free(SgHistogram *h)
{
  if (h)
    g_free(h->counts);
  g_free(h);
}

static void
stat_free(gpointer data)
{
  SgStat *stat = data;
  histogram_free(stat->histogram);
  g_free(stat);
}

SgStats *
sg_stats_new(void)
{
  SgStats *s = g_new0(SgStats, 1);
  s->tags = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, stat_free);
  return s;
}

static SgStat *
stat_for(SgStats *s, const char *tag)
{
  SgStat *stat = g_hash_table_lookup(s->tags, tag);
  if (!stat) {
    stat = g_new0(SgStat, 1);
    g_hash_table_insert(s->tags, g_strdup(tag), stat);
  }
  return stat;
}

/* Welford's update: the sum of squares minus the square of the sum would lose the deviation of
 * values that are far from zero. A NaN stays: it is what the user has to see. */
void
sg_stats_report(SgStats *s, const char *tag, double value)
{
  SgStat *stat = stat_for(s, tag);
  double before = value - stat->mean;

  stat->num++;
  stat->mean += before / (double)stat->num;
  stat->m2 += before * (value - stat->mean);
}

void
sg_stats_put(SgStats *s, const char *tag, guint64 num, double mean, double m2,
             SgHistogram *histogram)
{
  SgStat *stat = stat_for(s, tag);

  stat->num = num;
  stat->mean = mean;
  stat->m2 = m2;
  histogram_free(stat->histogram);
  stat->histogram = histogram;
}

double
sg_stat_std(const SgStat *stat)
{
  /* The values are all there are, not a sample: so NVlabs' training_stats, where one value has
   * 0. */
  return sqrt(stat->m2 / (double)stat->num);
}

static SgHistogram *
histogram_for(SgStat *stat, double lo, double hi, guint bins)
{
  SgHistogram *h = stat->histogram;

  if (h && h->lo == lo && h->hi == hi && h->bins == bins)
    return h;
  histogram_free(h);
  h = stat->histogram = g_new0(SgHistogram, 1);
  h->lo = lo;
  h->hi = hi;
  h->bins = bins;
  h->counts = g_new0(guint64, bins);
  h->min = INFINITY;
  h->max = -INFINITY;
  return h;
}

void
sg_stats_histogram(SgStats *s, const char *tag, const float *values, guint n, double lo, double hi,
                   guint bins)
{
  g_return_if_fail(bins > 0 && isfinite(lo) && isfinite(hi) && hi > lo);
  SgHistogram *h = histogram_for(stat_for(s, tag), lo, hi, bins);

  for (guint i = 0; i < n; i++) {
    double v = values[i];
    if (isnan(v))
      continue;
    double at = floor((v - lo) / (hi - lo) * bins);
    h->counts[(guint)CLAMP(at, 0, (double)(bins - 1))]++;
    h->num++;
    if (!isfinite(v))
      continue;
    h->min = MIN(h->min, v);
    h->max = MAX(h->max, v);
    h->sum += v;
    h->sumsq += v * v;
  }
}

const SgStat *
sg_stats_get(const SgStats *s, const char *tag)
{
  return g_hash_table_lookup(s->tags, tag);
}

static int
compare_tags(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
sg_stats_tags(const SgStats *s)
{
  GPtrArray *tags = g_ptr_array_new();
  GHashTableIter iter;
  gpointer tag;

  g_hash_table_iter_init(&iter, s->tags);
  while (g_hash_table_iter_next(&iter, &tag, NULL))
    g_ptr_array_add(tags, tag);
  g_ptr_array_sort(tags, compare_tags);
  return tags;
}

/* JSON has no word for NaN and infinity, and most readers refuse those that NVlabs' Python
 * writes. */
static json_t *
number(double v)
{
  return isfinite(v) ? json_real(v) : json_null();
}

static json_t *
stat_to_json(const SgStat *stat)
{
  json_t *object = json_object();
  const SgHistogram *h = stat->histogram;

  if (stat->num > 0) {
    json_object_set_new(object, "num", json_integer((json_int_t)stat->num));
    json_object_set_new(object, "mean", number(stat->mean));
    json_object_set_new(object, "std", number(sg_stat_std(stat)));
  }
  if (h) {
    json_t *counts = json_array();
    for (guint i = 0; i < h->bins; i++)
      json_array_append_new(counts, json_integer((json_int_t)h->counts[i]));
    json_object_set_new(object, "lo", number(h->lo));
    json_object_set_new(object, "hi", number(h->hi));
    json_object_set_new(object, "counts", counts);
  }
  return object;
}

char *
sg_stats_to_line(const SgStats *s, double timestamp)
{
  g_autoptr(GPtrArray) tags = sg_stats_tags(s);
  json_t *line = json_object();

  for (guint i = 0; i < tags->len; i++)
    json_object_set_new(line, tags->pdata[i], stat_to_json(sg_stats_get(s, tags->pdata[i])));
  json_object_set_new(line, "timestamp", json_real(timestamp));
  /* 15 digits: what was typed as 0.1 reads as 0.1, and a timestamp keeps its microseconds. */
  char *text = json_dumps(line, JSON_REAL_PRECISION(15));
  char *with_break = g_strconcat(text, "\n", NULL);
  free(text);
  json_decref(line);
  return with_break;
}

void
sg_stats_clear(SgStats *s)
{
  g_hash_table_remove_all(s->tags);
}

void
sg_stats_free(SgStats *s)
{
  if (!s)
    return;
  g_hash_table_unref(s->tags);
  g_free(s);
}

/* A line without a position is kept: it says nothing about being too late. */
static gboolean
line_stays(const char *line, gsize n, double kimg)
{
  json_t *object = json_loadb(line, n, 0, NULL);
  json_t *at = json_object_get(json_object_get(object, "Progress/kimg"), "mean");
  /* Half a picture: sums of thousandths need not meet exactly. */
  gboolean stays =
      json_is_object(object) && !(json_is_number(at) && json_number_value(at) > kimg + 0.0005);

  json_decref(object);
  return stays;
}

char *
sg_stats_cut(const char *text, gsize n, double kimg, gboolean *cut)
{
  GString *out = g_string_sized_new(n + 1);
  const char *end = text + n;

  for (const char *p = text; p < end;) {
    const char *lf = memchr(p, '\n', (gsize)(end - p));
    gsize length = (gsize)((lf ? lf : end) - p);
    if (line_stays(p, length, kimg)) {
      g_string_append_len(out, p, (gssize)length);
      g_string_append_c(out, '\n');
    }
    p += length + 1;
  }
  *cut = out->len != n || memcmp(out->str, text, n) != 0;
  return g_string_free(out, FALSE);
}
