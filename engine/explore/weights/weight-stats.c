#include "engine/explore/weights/weight-stats.h"
#include <math.h>
#include <string.h>

SgWeightStats
sg_weight_stats_measure(const float *data, gsize n)
{
  SgWeightStats s = {.count = n, .min = INFINITY, .max = -INFINITY};
  double sum = 0, squares = 0;

  for (gsize i = 0; i < n; i++) {
    double v = data[i];
    if (!isfinite(v)) {
      s.not_finite++;
      continue;
    }
    s.min = MIN(s.min, v);
    s.max = MAX(s.max, v);
    s.zeros += v == 0;
    sum += v;
    s.finite++;
  }
  s.mean = s.finite ? sum / (double)s.finite : 0;
  /* A second pass: the difference of large sums would lose the small spread of a large mean. */
  for (gsize i = 0; i < n; i++)
    if (isfinite(data[i]))
      squares += (data[i] - s.mean) * (data[i] - s.mean);
  s.std = s.finite ? sqrt(squares / (double)s.finite) : 0;
  return s;
}

SgWeightStats
sg_weight_stats_none(void)
{
  return sg_weight_stats_measure(NULL, 0);
}

void
sg_weight_stats_add(SgWeightStats *to, const SgWeightStats *from)
{
  double a = (double)to->finite, b = (double)from->finite, n = a + b;
  double apart = from->mean - to->mean;

  to->count += from->count;
  to->not_finite += from->not_finite;
  if (from->finite == 0)
    return;
  double squares = to->std * to->std * a + from->std * from->std * b + apart * apart * a * b / n;
  to->min = MIN(to->min, from->min);
  to->max = MAX(to->max, from->max);
  to->mean += apart * b / n;
  to->std = sqrt(squares / n);
  to->zeros += from->zeros;
  to->finite += from->finite;
}

/* Edge i of the histogram; the last is max itself, whatever rounding says. */
static double
edge(double min, double max, int bins, int i)
{
  return i == bins ? max : min + (max - min) * i / bins;
}

guint64
sg_weight_histogram(const float *data, gsize n, double min, double max, int bins, guint64 *counts)
{
  double per_unit = max > min ? bins / (max - min) : 0;
  guint64 outside = 0;

  for (gsize i = 0; i < n; i++) {
    double v = data[i];
    if (!isfinite(v))
      continue;
    if (v < min || v > max) {
      outside++;
      continue;
    }
    int bin = CLAMP((int)((v - min) * per_unit), 0, bins - 1);
    /* The quotient may be a rounding off: the edges decide. */
    if (bin > 0 && v < edge(min, max, bins, bin))
      bin--;
    else if (bin < bins - 1 && per_unit > 0 && v >= edge(min, max, bins, bin + 1))
      bin++;
    counts[bin]++;
  }
  return outside;
}

double
sg_normal_density(double x, double sigma)
{
  double t = x / sigma;
  return exp(-0.5 * t * t) / (sigma * sqrt(2 * G_PI));
}

/* ---- CSV --------------------------------------------------------------------------------- */

void
sg_weight_csv_header(GString *csv, int bins)
{
  g_string_append(csv, "tensor,shape,count,zeros,not_finite,min,max,mean,std,beyond_2,"
                       "normal_beyond_2");
  for (int i = 0; i < bins; i++)
    g_string_append_printf(csv, ",bin_%d", i);
  g_string_append_c(csv, '\n');
}

/* 17 digits: the number survives exactly. Nothing for what does not exist. */
static void
append_number(GString *csv, gboolean known, double v)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_c(csv, ',');
  if (known)
    g_string_append(csv, g_ascii_formatd(text, sizeof text, "%.17g", v));
}

/* Names come from files: quoted when they would break the line. */
static void
append_text(GString *csv, const char *text)
{
  gboolean quote = strpbrk(text, ",\"\r\n") != NULL;

  if (quote)
    g_string_append_c(csv, '"');
  for (const char *p = text; *p; p++) {
    if (*p == '"')
      g_string_append_c(csv, '"');
    g_string_append_c(csv, *p);
  }
  if (quote)
    g_string_append_c(csv, '"');
}

static double
share_beyond(const SgTensor *t, double limit, guint64 finite)
{
  guint64 n = 0;

  for (gsize i = 0; i < t->numel; i++)
    n += isfinite(t->data[i]) && fabs((double)t->data[i]) > limit;
  return finite ? (double)n / (double)finite : 0;
}

void
sg_weight_csv_row(GString *csv, const char *name, const SgTensor *t, int bins)
{
  SgWeightStats s = sg_weight_stats_measure(t->data, t->numel);
  g_autofree guint64 *counts = g_new0(guint64, MAX(bins, 1));
  gboolean any = s.finite > 0;

  append_text(csv, name);
  g_string_append_c(csv, ',');
  for (int i = 0; i < t->ndim; i++)
    g_string_append_printf(csv, "%s%" G_GINT64_FORMAT, i ? "x" : "", t->shape[i]);
  g_string_append_printf(csv, ",%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT,
                         s.count, s.zeros, s.not_finite);
  append_number(csv, any, s.min);
  append_number(csv, any, s.max);
  append_number(csv, any, s.mean);
  append_number(csv, any, s.std);
  append_number(csv, any, share_beyond(t, 2, s.finite));
  append_number(csv, TRUE, erfc(G_SQRT2));
  if (bins > 0 && any)
    sg_weight_histogram(t->data, t->numel, s.min, s.max, bins, counts);
  for (int i = 0; i < bins; i++)
    g_string_append_printf(csv, ",%" G_GUINT64_FORMAT, counts[i]);
  g_string_append_c(csv, '\n');
}
