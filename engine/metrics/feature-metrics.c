#include "engine/metrics/feature-metrics.h"
#include "engine/metrics/frechet.h"
#include "engine/metrics/inception-score.h"
#include "engine/metrics/kernel-distance.h"
#include "engine/metrics/manifold.h"
#include "engine/metrics/sliced.h"
#include "engine/perceptual/fit-picture.h"
#include <glib/gi18n.h>
#include <math.h>

/* As NVlabs and torch-fidelity take them. */
#define SUBSETS    100
#define SUBSET     1000
#define NEIGHBOURS 3
#define DIRECTIONS 1000
#define SPLITS     10

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
judge_frechet(const SgMetric *m, SgFeatureSource *source, const SgFeatureSet *real,
              const SgFeatureSet *fake, guint64 seed, SgMetricResult *r, GError **error)
{
  /* NVlabs' divide by n. */
  SgCovariance how = m->mode && g_str_equal(m->mode, sg_fit_name(SG_FIT_TF))
                         ? SG_COVARIANCE_BIASED
                         : SG_COVARIANCE_UNBIASED;

  return sg_frechet_distance(real, fake, how, &r->value, error);
}

static gboolean
judge_kernel(const SgMetric *m, SgFeatureSource *source, const SgFeatureSet *real,
             const SgFeatureSet *fake, guint64 seed, SgMetricResult *r, GError **error)
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
judge_sliced(const SgMetric *m, SgFeatureSource *source, const SgFeatureSet *real,
             const SgFeatureSet *fake, guint64 seed, SgMetricResult *r, GError **error)
{
  return sg_sliced_distance(real, fake, DIRECTIONS, seed, &r->value, error);
}

static gboolean
judge_manifold(const SgMetric *m, SgFeatureSource *source, const SgFeatureSet *real,
               const SgFeatureSet *fake, guint64 seed, SgMetricResult *r, GError **error)
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

static gboolean
judge_score(const SgMetric *m, SgFeatureSource *source, const SgFeatureSet *real,
            const SgFeatureSet *fake, guint64 seed, SgMetricResult *r, GError **error)
{
  g_autoptr(SgFeatureSet) logits = source->logits(source, fake, error);
  double deviation;

  if (!logits || !sg_inception_score(logits, SPLITS, &r->value, &deviation, error))
    return FALSE;
  add_part(r, "deviation", deviation);
  return TRUE;
}

/* ---- the rows -------------------------------------------------------------------------------- */

#define OF_D         ", of the model's own discriminator's features"
#define OF_RAND      ", of the features of an Inception network with random weights"
#define OF_INCEPTION ", of the Inception network's features"

#define NAMED(n, t, s) .name = n, .title = t, .summary = s, .unit = "", .min_images = 2
#define PARTS(p, w)    .parts = p, .part = "name", .part_value = "value", .whole = w

#define FRECHET                                                                                    \
  .needs = PICTURES, .less_is_better = TRUE, .grows_with_few = TRUE, .whole = "value",             \
  .judge = judge_frechet
#define KERNEL                                                                                     \
  .needs = PICTURES, .less_is_better = TRUE, PARTS("spread", "value"), .judge = judge_kernel
#define SLICED .needs = PICTURES, .less_is_better = TRUE, .whole = "value", .judge = judge_sliced
#define MANIFOLD                                                                                   \
  .needs = PICTURES, PARTS("shares", "f1"), .neighbours = NEIGHBOURS, .judge = judge_manifold
#define PATHS                                                                                      \
  .needs = SG_METRIC_NEEDS_PATHS, .less_is_better = TRUE, PARTS("spread", "value"),                \
  .judge_paths = judge_path_length
#define SCORE .needs = SG_METRIC_NEEDS_FAKES, PARTS("spread", "value"), .judge = judge_score

#define INCEPTION .source = "inception", .by_mode = TRUE

const SgMetric sg_feature_metrics[SG_FEATURE_METRICS] = {
    [SG_FEATURE_FD_D] = {NAMED("fd-d", N_("Fréchet Distance (Discriminator)"),
                               "Fréchet distance" OF_D),
                         FRECHET, .source = "d"},
    [SG_FEATURE_KID_D] = {NAMED("kid-d", N_("Kernel Distance (Discriminator)"),
                                "kernel distance" OF_D),
                          KERNEL, .source = "d"},
    [SG_FEATURE_MIND_D] = {NAMED("mind-d", N_("Sliced Distance (Discriminator)"),
                                 "sliced Wasserstein distance of second order" OF_D),
                           SLICED, .source = "d"},
    [SG_FEATURE_PR_D] = {NAMED("pr-d", N_("Precision and Recall (Discriminator)"),
                               "harmonic mean of precision and recall" OF_D),
                         MANIFOLD, .source = "d"},
    [SG_FEATURE_PPL_D] = {NAMED("ppl-d", N_("Path Length (Discriminator)"),
                                "perceptual path length" OF_D),
                          PATHS, .source = "d"},
    [SG_FEATURE_FD_RAND] = {NAMED("fd-rand", N_("Fréchet Distance (Random Network)"),
                                  "Fréchet distance" OF_RAND),
                            FRECHET, .source = "rand"},
    [SG_FEATURE_KID_RAND] = {NAMED("kid-rand", N_("Kernel Distance (Random Network)"),
                                   "kernel distance" OF_RAND),
                             KERNEL, .source = "rand"},
    [SG_FEATURE_MIND_RAND] = {NAMED("mind-rand", N_("Sliced Distance (Random Network)"),
                                    "sliced Wasserstein distance of second order" OF_RAND),
                              SLICED, .source = "rand"},
    [SG_FEATURE_PR_RAND] = {NAMED("pr-rand", N_("Precision and Recall (Random Network)"),
                                  "harmonic mean of precision and recall" OF_RAND),
                            MANIFOLD, .source = "rand"},
    [SG_FEATURE_FID] = {NAMED("fid", N_("Fréchet Inception Distance"),
                              "Fréchet distance" OF_INCEPTION),
                        FRECHET, INCEPTION},
    [SG_FEATURE_KID] = {NAMED("kid", N_("Kernel Inception Distance"),
                              "kernel distance" OF_INCEPTION),
                        KERNEL, INCEPTION},
    [SG_FEATURE_MIND] = {NAMED("mind", N_("Sliced Inception Distance"),
                               "sliced Wasserstein distance of second order" OF_INCEPTION),
                         SLICED, INCEPTION},
    [SG_FEATURE_IS] = {NAMED("is", N_("Inception Score"), "Inception score"), SCORE, INCEPTION},
    [SG_FEATURE_PR] = {NAMED("pr", N_("Precision and Recall"),
                             "harmonic mean of precision and recall, of VGG16's features"),
                       MANIFOLD, .source = "vgg"},
    [SG_FEATURE_PPL] = {NAMED("ppl", N_("Perceptual Path Length (Face)"),
                              "perceptual path length by LPIPS of the part that a face fills"),
                        PATHS, .source = "lpips-crop"},
    [SG_FEATURE_PPL2] = {NAMED("ppl2", N_("Perceptual Path Length"),
                               "perceptual path length by LPIPS"),
                         PATHS, .source = "lpips", .whole_name = TRUE},
};
