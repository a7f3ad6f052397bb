/* Small networks with everything that a phase of training needs, on any back end: the same numbers
 * on each. */
#pragma once

#include "engine/learn/draws.h"

typedef struct {
  const char *name, *g_arch, *d_arch;
  const char *widths[4]; /* "4:5" "8:4", NULL-terminated */
  int resolution, channels, c_dim;
  int batch, group, features; /* of the minibatch standard deviation */
  int cutoff;                 /* layers from here on have another latent, 0: none have */
  double clamp;               /* < 0: none */
  SgAugPipe pipe;             /* 0: no augmentation */
} NetCase;

typedef struct {
  const NetCase *c;
  SgTrainOptions o;
  SgLearn *l;
  SgDraw *draw[SG_PHASES];
} NetSetup;

void net_setup_init(NetSetup *s, const NetCase *c, SgBackend *backend);
void net_setup_clear(NetSetup *s);
/* What a case asks of the options; for those who make the rest themselves. */
void net_options(SgTrainOptions *o, const NetCase *c);
/* Puts back what a phase moves beside the optimiser's gradients: w_avg and the mean path length. */
void net_rewind(NetSetup *s);
/* sg_learn_gradients() of a fresh state. */
void net_gradients(NetSetup *s, SgPhase phase);
/* What a phase multiplies the loss by. */
double net_gain(const NetSetup *s, SgPhase phase);
/* Normal numbers of a stream, the same on each back end. */
SgBuf *net_normals(SgBackend *b, guint64 stream, double spread, int n, int c, int h, int w);
