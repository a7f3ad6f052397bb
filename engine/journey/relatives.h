/* Relatives of a face: its neighbours in w, and the children of two faces. Each is a recipe of one
 * face with a w of its own for every layer; what else is done to the first parent stays. */
#pragma once

#include "engine/explore/nets.h"

G_BEGIN_DECLS

#define SG_RELATIVES 9 /* a square of them */

/* What relatives are asked for. */
typedef struct {
  int draw;          /* another number, other relatives */
  double difference; /* neighbours: 0 the same face, 1 other faces */
} SgRelation;

/* Fills `out`, each to be freed. `a` and `b` are recipes of one face each.
 *
 * b NULL: the middle one is `a` itself; the others are w + difference * (w_i - w), where w_i is the
 * face of a seed that `a`'s seed and the draw decide: a part of the way to other faces, which stays
 * among the w that the mapping network has.
 *
 * Else children: in every layer the w of one parent. Draw 0: 0 to 2 have the first quarter, half
 * and three quarters of the layers of `a`, 6 to 8 those of `b`; 3 to 5 are a quarter, half and
 * three quarters of the way from `a` to `b`. Other draws: a coin for every layer. FALSE and error
 * when the recipes are for another model. */
gboolean sg_relatives(SgNets *nets, const SgRecipe *a, const SgRecipe *b, const SgRelation *how,
                      SgRecipe *out[SG_RELATIVES], GError **error);

G_END_DECLS
