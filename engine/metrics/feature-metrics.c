#include "engine/metrics/feature-metrics.h"
#include "engine/metrics/frechet.h"
#include "engine/metrics/kernel-distance.h"
#include "engine/metrics/manifold.h"
#include "engine/metrics/sliced.h"
#include <glib/gi18n.h>
#include <math.h>

/* As NVlabs and torch-fidelity take them. */
#define SUBSETS    100
#define SUBSET     1000
#define NEIGHBOURS 3
#define DIRECTIONS 1000

#define PICTURES (SG_METRIC_NEEDS_REALS | SG_METRIC_NEEDS_FAKES)

static void
add_part(SgMetricResult *r, const char *name, double value)
{
  SgMetricPart *part = &r->parts[r->n];

  if (!isfinite(value))
    return;
  r->n++;
  g_strlcpy(part->name, name, sizeof part->name);
  g_strlcpy(part->label, name, sizeof part->label);
  part->value = value;
}

static gboolean
judge_frechet(const SgMetric *m, const SgFeatureSet *real, const SgFeatureSet *fake, guint64 seed,
              SgMetricResult *r, GError **error)
{
  return sg_frechet_distance(real, fake, SG_COVARIANCE_UNBIASED, &r->value, error);
}

static gboolean
judge_kernel(const SgMetric *m, const SgFeatureSet *real, const SgFeatureSet *fake, guint64 seed,
             SgMetricResult *r, GError **error)
{
  SgKernelDistance d;

  if (!sg_kernel_distance(real, fake, SUBSETS, SUBSET, seed, &d, error))
    return FALSE;
  r->value = d.value;
  add_part(r, "deviation", d.deviation);
  add_part(r, "low", d.low);
  add_part(r, "high", d.high);
  return TRUE;
}

static gboolean
judge_sliced(const SgMetric *m, const SgFeatureSet *real, const SgFeatureSet *fake, guint64 seed,
             SgMetricResult *r, GError **error)
{
  return sg_sliced_distance(real, fake, DIRECTIONS, seed, &r->value, error);
}

static gboolean
judge_manifold(const SgMetric *m, const SgFeatureSet *real, const SgFeatureSet *fake, guint64 seed,
               SgMetricResult *r, GError **error)
{
  double precision, recall;

  if (!sg_precision_recall(real, fake, m->neighbours, &precision, &recall, error))
    return FALSE;
  add_part(r, "precision", precision);
  add_part(r, "recall", recall);
  r->value = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
  return TRUE;
}

static gboolean
judge_path_length(const SgMetric *m, double *distances, int n, SgMetricResult *r, GError **error)
{
  SgPathLength l;

  if (!sg_path_length(distances, n, &l, error))
    return FALSE;
  r->value = l.value;
  add_part(r, "low", l.low);
  add_part(r, "high", l.high);
  return TRUE;
}

#define OF_D ", of the model's own discriminator's features"

const SgMetric sg_feature_metrics[SG_FEATURE_METRICS] = {
    [SG_FEATURE_FD_D] = {.name = "fd-d",
                         .title = N_("Fréchet Distance (Discriminator)"),
                         .summary = "Fréchet distance" OF_D,
                         .unit = "",
                         .needs = PICTURES,
                         .less_is_better = TRUE,
                         .grows_with_few = TRUE,
                         .min_images = 2,
                         .whole = "value",
                         .source = "d",
                         .judge = judge_frechet},
    [SG_FEATURE_KID_D] = {.name = "kid-d",
                          .title = N_("Kernel Distance (Discriminator)"),
                          .summary = "kernel distance" OF_D,
                          .unit = "",
                          .needs = PICTURES,
                          .less_is_better = TRUE,
                          .min_images = 2,
                          .parts = "spread",
                          .part = "name",
                          .part_value = "value",
                          .whole = "value",
                          .source = "d",
                          .judge = judge_kernel},
    [SG_FEATURE_MIND_D] = {.name = "mind-d",
                           .title = N_("Sliced Distance (Discriminator)"),
                           .summary = "sliced Wasserstein distance of second order" OF_D,
                           .unit = "",
                           .needs = PICTURES,
                           .less_is_better = TRUE,
                           .min_images = 2,
                           .whole = "value",
                           .source = "d",
                           .judge = judge_sliced},
    [SG_FEATURE_PR_D] = {.name = "pr-d",
                         .title = N_("Precision and Recall (Discriminator)"),
                         .summary = "harmonic mean of precision and recall" OF_D,
                         .unit = "",
                         .needs = PICTURES,
                         .less_is_better = FALSE,
                         .min_images = 2,
                         .parts = "shares",
                         .part = "name",
                         .part_value = "value",
                         .whole = "f1",
                         .source = "d",
                         .neighbours = NEIGHBOURS,
                         .judge = judge_manifold},
    [SG_FEATURE_PPL_D] = {.name = "ppl-d",
                          .title = N_("Path Length (Discriminator)"),
                          .summary = "perceptual path length" OF_D,
                          .unit = "",
                          .needs = SG_METRIC_NEEDS_PATHS,
                          .less_is_better = TRUE,
                          .min_images = 2,
                          .parts = "spread",
                          .part = "name",
                          .part_value = "value",
                          .whole = "value",
                          .source = "d",
                          .judge_paths = judge_path_length},
};
