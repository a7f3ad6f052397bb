/* Two models: how far the weights of one are from those of the other, and what lies between. */
#pragma once

#include "engine/models/model.h"

G_BEGIN_DECLS

/* One tensor of both. */
typedef struct {
  char network;         /* 'G': the (averaged) generator, 'D' */
  const SgLayer *layer; /* the first model's, as all that is borrowed here */
  const SgParam *param;
  gsize numel;
  double change; /* |b - a| / |a| (Frobenius norms); NaN: b has none of that shape */
  double cosine; /* of both as vectors; NaN likewise, and where one is zero */
} SgTensorChange;

/* Of every tensor of a's generator and, where it has one, discriminator: [n] of SgTensorChange. */
GArray *sg_model_changes(const SgModel *a, const SgModel *b);
/* The mean change of a network's numbers, each with its tensor's, since layers are of different
 * scales; over the tensors that both have. NaN: there is none. */
double sg_model_changes_mean(const GArray *changes, char network);

/* The model whose weights are (1 - t) a + t b, t from 0 to 1: its generator, and the discriminator
 * where both have one of the same shapes. What a file says besides is the first one's, and "blend"
 * names both. Errors: networks of other shapes, or that compute otherwise; memory. */
SgModel *sg_model_between(const SgModel *a, const SgModel *b, double t, GError **error);

G_END_DECLS
