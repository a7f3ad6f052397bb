/* The sliced Wasserstein distance's row in the table of metrics. */
#include "engine/metrics/metric.h"
#include "engine/metrics/swd.h"
#include <glib/gi18n.h>

static gpointer
prepare(const SgMetricSetup *s, GError **error)
{
  return sg_swd_new(s->channels, s->resolution, s->images, s->seed, error);
}

static void
add(gpointer set, const float *pictures, int n)
{
  sg_swd_add(set, pictures, n);
}

static void
measure(gconstpointer real, gconstpointer fake, guint64 seed, SgMetricResult *result)
{
  double distance[SG_METRIC_MAX_PARTS];

  result->value = sg_swd_distance(real, fake, seed, distance);
  result->n = sg_swd_levels(real);
  for (int i = 0; i < result->n; i++) {
    SgMetricPart *part = &result->parts[i];
    int size = sg_swd_level_resolution(real, i);
    g_snprintf(part->name, sizeof part->name, "%d", size);
    g_snprintf(part->label, sizeof part->label, "%dx%d", size, size);
    part->value = distance[i];
  }
}

static void
release(gpointer set)
{
  sg_swd_free(set);
}

const SgMetric sg_metric_swd = {
    .name = "swd",
    .title = N_("Sliced Wasserstein Distance"),
    .summary = "sliced Wasserstein distance",
    .unit = "× 1000",
    .needs = SG_METRIC_NEEDS_REALS | SG_METRIC_NEEDS_FAKES,
    .less_is_better = TRUE,
    .min_images = 2,
    .parts = "levels",
    .part = "resolution",
    .part_value = "distance",
    .whole = "average",
    .prepare = prepare,
    .add = add,
    .measure = measure,
    .release = release,
};
