/* The layers of the Inception network as a list of steps; weights come afterwards. */
#pragma once

#include "engine/perceptual/inception.h"

G_BEGIN_DECLS

typedef struct {
  char *name; /* "Mixed_5b.branch1x1": before ".conv.weight"; NULL for pools */
  int in;
} SgInceptionLayer;

typedef struct {
  GArray *places;                 /* of SgFrozenPlace */
  GArray *steps;                  /* of SgFrozenStep, weights NULL */
  GArray *layers;                 /* of SgInceptionLayer, one a step */
  int block[SG_INCEPTION_BLOCKS]; /* places */
} SgInceptionPlan;

void sg_inception_plan_init(SgInceptionPlan *p);
void sg_inception_plan_clear(SgInceptionPlan *p);

G_END_DECLS
