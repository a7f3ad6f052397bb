/* Pictures a small step of latent apart, for perceptual path length. */
#pragma once

#include "engine/metrics/path-length.h"

G_BEGIN_DECLS

struct _SgNets;

/* Pairs first … first + n - 1 of `seed`: pictures [2 n, C, H, W], i and n + i a step apart and with
 * the same noise, which is new for each pair; without truncation. Classes are drawn evenly. */
gboolean sg_path_pictures(const struct _SgNets *nets, SgPathKind kind, guint64 seed, int first,
                          int n, float *pictures, GError **error);

G_END_DECLS
