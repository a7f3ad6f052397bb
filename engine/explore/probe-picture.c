/* What is shown of activations: statistics of channels, pictures of them, a table. */
#include "engine/explore/probe.h"
#include "engine/base/room.h"
#include <math.h>

static const float *
plane(const SgTensor *activation, gsize channel)
{
  return activation->data + channel * (gsize)(activation->shape[1] * activation->shape[2]);
}

SgChannelStats *
sg_activation_stats(const SgTensor *activation)
{
  gsize channels = (gsize)activation->shape[0], n = activation->numel / MAX(channels, 1);
  SgChannelStats *all = g_new0(SgChannelStats, channels);

  for (gsize c = 0; c < channels; c++) {
    const float *v = plane(activation, c);
    SgChannelStats *s = &all[c];
    double sum = 0, squares = 0;
    gsize zeros = 0;
    s->min = s->max = (double)v[0];
    for (gsize i = 0; i < n; i++) {
      s->min = MIN(s->min, (double)v[i]);
      s->max = MAX(s->max, (double)v[i]);
      sum += (double)v[i];
      zeros += v[i] == 0;
    }
    s->mean = sum / (double)n;
    for (gsize i = 0; i < n; i++)
      squares += ((double)v[i] - s->mean) * ((double)v[i] - s->mean);
    s->std = sqrt(squares / (double)n);
    s->zeros = (double)zeros / (double)n;
    s->dead = s->min == s->max;
  }
  return all;
}

/* Black at `low`, white at `high`; middle grey when they are the same. What is not a finite number
 * is black. */
static guint8
grey(double v, double low, double high)
{
  if (!isfinite(v))
    return 0;
  if (!isfinite(low) || !isfinite(high))
    return 128;
  return high > low ? (guint8)CLAMP((v - low) / (high - low) * 255 + 0.5, 0, 255) : 128;
}

guint8 *
sg_activation_grid(const SgTensor *activation, int columns, SgNormalise normalise, int *width,
                   int *height)
{
  gsize channels = (gsize)activation->shape[0], w = (gsize)activation->shape[2],
        h = (gsize)activation->shape[1];
  gsize across = (gsize)CLAMP(columns, 1, (int)channels), down = (channels + across - 1) / across;
  gsize stride = across * (w + 1) - 1;
  g_autofree SgChannelStats *stats = sg_activation_stats(activation);
  double low = stats[0].min, high = stats[0].max;

  for (gsize c = 0; c < channels; c++) {
    low = MIN(low, stats[c].min);
    high = MAX(high, stats[c].max);
  }
  *width = (int)stride;
  *height = (int)(down * (h + 1) - 1);
  guint8 *rgb = sg_room0(stride * (gsize)*height, 3);
  if (!rgb)
    return NULL;
  for (gsize c = 0; c < channels; c++) {
    const float *v = plane(activation, c);
    gsize left = c % across * (w + 1), top = c / across * (h + 1);
    double from = normalise == SG_NORMALISE_EACH ? stats[c].min : low;
    double to = normalise == SG_NORMALISE_EACH ? stats[c].max : high;
    for (gsize i = 0; i < w * h; i++) {
      guint8 *p = rgb + ((top + i / w) * stride + left + i % w) * 3;
      p[0] = p[1] = p[2] = grey((double)v[i], from, to);
    }
  }
  return rgb;
}

guint8 *
sg_activation_channel(const SgTensor *activation, int channel)
{
  gsize channels = (gsize)activation->shape[0],
        n = (gsize)(activation->shape[1] * activation->shape[2]);
  g_autofree double *v = sg_room0(n, sizeof *v);
  guint8 *rgb = v ? sg_room(n, 3) : NULL;

  if (!rgb)
    return NULL;
  for (gsize c = 0; c < channels; c++)
    for (gsize i = 0; i < n; i++)
      if (channel < 0)
        v[i] += (double)plane(activation, c)[i] / (double)channels;
      else if (c == (gsize)channel)
        v[i] = (double)plane(activation, c)[i];
  double low = v[0], high = v[0];
  for (gsize i = 0; i < n; i++) {
    low = MIN(low, v[i]);
    high = MAX(high, v[i]);
  }
  for (gsize i = 0; i < n; i++)
    rgb[i * 3] = rgb[i * 3 + 1] = rgb[i * 3 + 2] = grey(v[i], low, high);
  return rgb;
}

char *
sg_probe_csv(const SgProbe *probe, const SgChannelStats *stats)
{
  GString *csv = g_string_new("kind,channel,style,minimum,maximum,mean,std,zeros,dead\n");

  for (gsize c = 0; c < (gsize)probe->activation->shape[0]; c++) {
    const SgChannelStats *s = &stats[c];
    g_string_append_printf(csv, "activation,%" G_GSIZE_FORMAT ",,%.9g,%.9g,%.9g,%.9g,%.9g,%d\n", c,
                           s->min, s->max, s->mean, s->std, s->zeros, s->dead);
  }
  for (gsize c = 0; c < probe->style->numel; c++)
    g_string_append_printf(csv, "style,%" G_GSIZE_FORMAT ",%.9g,,,,,,\n", c,
                           (double)probe->style->data[c]);
  return g_string_free(csv, FALSE);
}
