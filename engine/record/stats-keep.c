/* What has been measured since the last line, as text that a snapshot keeps: a run that goes on
 * from there writes the same line as one that was not interrupted. */
#include "engine/record/run-dir-private.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* More than any training measures; a file may say anything. */
#define MAX_TAGS 1024
#define MAX_BINS 4096

static json_t *
real(double v)
{
  return isfinite(v) ? json_real(v) : json_null();
}

static json_t *
histogram_to_json(const SgHistogram *h)
{
  json_t *counts = json_array();

  for (guint i = 0; i < h->bins; i++)
    json_array_append_new(counts, json_integer((json_int_t)h->counts[i]));
  return json_pack("{s:f, s:f, s:I, s:o, s:o, s:f, s:f, s:o}", "lo", h->lo, "hi", h->hi, "num",
                   (json_int_t)h->num, "min", real(h->min), "max", real(h->max), "sum", h->sum,
                   "sumsq", h->sumsq, "counts", counts);
}

char *
sg_stats_keep(const SgStats *s)
{
  g_autoptr(GPtrArray) tags = sg_stats_tags(s);
  json_t *all = json_object();

  for (guint i = 0; i < tags->len; i++) {
    const SgStat *stat = sg_stats_get(s, tags->pdata[i]);
    json_t *one = json_pack("{s:I, s:o, s:o}", "num", (json_int_t)stat->num, "mean",
                            real(stat->mean), "m2", real(stat->m2));
    if (stat->histogram)
      json_object_set_new(one, "histogram", histogram_to_json(stat->histogram));
    json_object_set_new(all, tags->pdata[i], one);
  }
  char *text = json_dumps(all, JSON_COMPACT | JSON_REAL_PRECISION(17)), *copy = g_strdup(text);
  free(text);
  json_decref(all);
  return copy;
}

static double
get(const json_t *o, const char *name, double otherwise)
{
  const json_t *v = json_object_get(o, name);
  return json_is_number(v) ? json_number_value(v) : otherwise;
}

static guint64
count(const json_t *v)
{
  return json_is_integer(v) && json_integer_value(v) > 0 ? (guint64)json_integer_value(v) : 0;
}

static SgHistogram *
histogram_from_json(const json_t *o)
{
  const json_t *counts = json_object_get(o, "counts");
  gsize bins = json_array_size(counts);
  double lo = get(o, "lo", 0), hi = get(o, "hi", 0);

  if (bins == 0 || bins > MAX_BINS || !(hi > lo))
    return NULL;
  SgHistogram *h = g_new0(SgHistogram, 1);
  h->lo = lo, h->hi = hi;
  h->bins = (guint)bins;
  h->counts = g_new0(guint64, bins);
  for (gsize i = 0; i < bins; i++)
    h->counts[i] = count(json_array_get(counts, i));
  h->num = count(json_object_get(o, "num"));
  h->min = get(o, "min", INFINITY);
  h->max = get(o, "max", -INFINITY);
  h->sum = get(o, "sum", 0);
  h->sumsq = get(o, "sumsq", 0);
  return h;
}

gboolean
sg_stats_restore(SgStats *s, const char *text)
{
  json_t *all = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *one;
  gboolean ok = json_is_object(all) && json_object_size(all) <= MAX_TAGS;
  const char *tag;

  sg_stats_clear(s);
  if (ok)
    json_object_foreach (all, tag, one) {
      guint64 num = count(json_object_get(one, "num"));
      sg_stats_put(s, tag, num, num ? get(one, "mean", NAN) : 0, num ? get(one, "m2", NAN) : 0,
                   histogram_from_json(json_object_get(one, "histogram")));
    }
  json_decref(all);
  return ok;
}
