/* Networks that were trained elsewhere and only look at pictures: convolutions with bias and ReLU,
 * pools, channels put together. They run on the CPU by oneDNN in layouts of its own, and learn
 * nothing.
 *
 * A network is a list of steps from place to place. A place is a set of planes; place 0 is the
 * picture. Several steps may write one place, each its own channels. */
#pragma once

#include "engine/backend/backend.h"

G_BEGIN_DECLS

typedef enum {
  SG_FROZEN_CONV,
  SG_FROZEN_MAX,  /* pools of what lies within the planes */
  SG_FROZEN_MEAN, /* likewise: padding does not count */
} SgFrozenKind;

typedef struct {
  SgFrozenKind kind;
  int from, to, at; /* places, and the first channel that it writes there */
  int kh, kw, stride, pad_h, pad_w;
  int out;             /* CONV: channels; pools have as many as they read */
  const float *weight; /* CONV: [out, in, kh, kw] and [out], borrowed for the call */
  const float *bias;
  gboolean relu;
} SgFrozenStep;

typedef struct {
  int channels, h, w;
  gboolean keep; /* it is read after a run */
} SgFrozenPlace;

typedef struct _SgFrozenNet SgFrozenNet;

/* For up to n pictures at a time. Steps are in an order in which they can be done, and their sizes
 * agree with the places' (a program error, else). FP32 or BF16, which a processor without matrix
 * units refuses; no memory. */
SgFrozenNet *sg_frozen_net_new(int n, const SgFrozenPlace *places, int n_places,
                               const SgFrozenStep *steps, int n_steps, SgPrecision precision,
                               GError **error);
void sg_frozen_net_free(SgFrozenNet *net);
/* pictures [count, C, H, W], count at most n. */
gboolean sg_frozen_net_run(SgFrozenNet *net, int count, const float *pictures, GError **error);
/* What a run has left in a place that is kept: [count, channels, h, w]. */
gboolean sg_frozen_net_read(SgFrozenNet *net, int place, int count, float *out, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgFrozenNet, sg_frozen_net_free)

G_END_DECLS
