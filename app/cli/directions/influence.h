/* What the files of "vitrine influence" share. */
#pragma once

#include "app/cli/directions/direction-job.h"
#include "engine/explore/causes/influence.h"

G_BEGIN_DECLS

typedef struct {
  char *network, *region, *recipe, *directions, *csv, *where, *outdir;
  int seed, label, probes, top, faces;
  gboolean json;
} InfluenceOptions;

/* One thing that may move a picture. */
typedef struct {
  char *name;         /* "w17", "s7.123", "beard" */
  double sigma;       /* what one σ of it is */
  double predicted;   /* grey levels for one σ, to first order */
  double measured;    /* NaN: not tried */
  int dim;            /* of w; < 0: none */
  int stage, channel; /* of a style; stage < 0: none */
  const SgNamedDirection *direction;
} Mover;

typedef struct {
  const InfluenceOptions *opt;
  DirectionJob base;
  SgRegion region;
  GPtrArray *faces; /* of SgRecipe, one face each */
  SgMoments *moments;
  SgInfluence *influence; /* NULL: no region is asked about */
  SgDirectionSet *set;
  GArray *movers; /* of Mover */
} InfluenceJob;

/* Fills movers: dimensions of w, channels of convolutions, directions, with their σ and, where
 * there is an influence, what it predicts. */
void influence_add_movers(InfluenceJob *job);
/* A face with one of them moved by so many σ; to be freed. */
SgRecipe *influence_moved(const SgRecipe *face, const Mover *m, double sigmas);
/* --where: writes DIR/where.png, where.csv and a .npy for each that is named. */
gboolean influence_where(InfluenceJob *job, GError **error);

G_END_DECLS
