/* What the files of the command "project" share. */
#pragma once

#include "app/cli/cli.h"
#include "engine/data/align.h"
#include "engine/data/dataset.h"
#include "engine/explore/projected.h"
#include <jansson.h>

G_BEGIN_DECLS

typedef struct {
  char *network, *target, *outdir, *space, *loss, *align, *vgg, *lpips;
  int steps, noise_steps, tune_steps, seed, num, label, self_test;
  gboolean tune, json;
} ProjectOptions;

typedef struct {
  ProjectOptions *opt;
  SgModel *model;
  SgRenderer *renderer;
  SgProjection *projection;
  SgLpips *lpips;    /* of --vgg, or NULL */
  SgDataset *data;   /* of a folder or zip; NULL: one file */
  SgPoint points[3]; /* of --align */
  int pictures;      /* of people */
  int count;         /* with the self-test's, which come last */
  SgTensor *targets; /* [n, C, R, R]: of those that are worked on */
  json_t *results;
  CliProgress progress;
  gsize done; /* steps */
} ProjectJob;

/* ---- project-files.c ---- */

/* Looks what --target is, and counts. */
gboolean project_targets_open(ProjectJob *job, GError **error);
void project_targets_close(ProjectJob *job);
/* Pictures first … first + n - 1 to job->targets. */
gboolean project_targets_load(ProjectJob *job, int first, int n, GError **error);
/* Result `number` of the job, `i` of those that are worked on, to its folder and to the results. */
gboolean project_write(ProjectJob *job, int number, int i, const SgTuning *tuning, GError **error);
/* Says it all: projection.json, and standard output. */
gboolean project_report(ProjectJob *job, GError **error);

G_END_DECLS
