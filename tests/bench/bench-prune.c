/* The pruning dial: from a threshold to its pictures and scores, and where the time goes. Prints
 * milliseconds, min / median / max over thresholds that differ every time. */
#include "engine/explore/weights/prune-score.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WEIGHTS, FIRST, PICTURES, SCORES, LONGEST, TOTAL, PARTS };

static int
compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double
now(void)
{
  return (double)g_get_monotonic_time() / 1e3;
}

/* One position of the dial; ms[PARTS]. */
static void
turn(SgPruneScorer *scorer, double threshold, double *ms)
{
  SgPrune prune = {.threshold = threshold};
  g_autoptr(GError) error = NULL;
  SgPruneStep step = SG_PRUNE_STEP_MORE;
  const SgPruneResult *r = sg_prune_scorer_result(scorer);

  memset(ms, 0, sizeof(double) * PARTS);
  sg_prune_scorer_begin(scorer, &prune);
  for (int i = 0; step == SG_PRUNE_STEP_MORE; i++) {
    int drawn = r->drawn;
    double start = now();
    step = sg_prune_scorer_step(scorer, &error);
    double taken = now() - start;
    ms[TOTAL] += taken;
    ms[LONGEST] = MAX(ms[LONGEST], taken);
    ms[i == 0 ? WEIGHTS : r->drawn > drawn ? PICTURES : SCORES] += taken;
    if (drawn == 0 && r->drawn > 0)
      ms[FIRST] = ms[TOTAL];
  }
  if (step == SG_PRUNE_STEP_ERROR)
    g_error("%s", error->message);
}

int
main(int argc, char **argv)
{
  static const char *const names[PARTS] = {"weights", "first pictures after", "pictures",
                                           "scores",  "longest slice",        "total"};
  g_autoptr(GError) error = NULL;
  int images = 32, rounds = argc > 2 ? atoi(argv[2]) : 40;
  g_autoptr(SgModel) model = argc > 1 ? sg_model_load(argv[1], &error) : NULL;
  g_autoptr(SgPruneScorer) scorer = model ? sg_prune_scorer_new(model, images, 0, 1, &error) : NULL;

  if (!scorer || rounds < 1) {
    fprintf(stderr, "bench-prune MODEL [ROUNDS]: %s\n", error ? error->message : "which model?");
    return 1;
  }
  g_autofree double *ms = g_new(double, ((gsize)rounds * PARTS)), *sorted = g_new(double, rounds);
  turn(scorer, 0.5, ms); /* warm up */
  for (int i = 0; i < rounds; i++)
    turn(scorer, 0.001 + (double)i / rounds, ms + i * PARTS);
  for (int p = 0; p < PARTS; p++) {
    for (int i = 0; i < rounds; i++)
      sorted[i] = ms[i * PARTS + p];
    qsort(sorted, (size_t)rounds, sizeof *sorted, compare);
    printf("%-22s%8.1f%8.1f%8.1f\n", names[p], sorted[0], sorted[rounds / 2], sorted[rounds - 1]);
  }
  return 0;
}
