/* From seeds to w, many at once. */
#pragma once

#include "engine/nets/mapping.h"

G_BEGIN_DECLS

/* Seeds first … first + n - 1, each a latent of its own as in NVlabs' tools: z [n, z_dim] (or NULL)
 * and w [n, w_dim] are filled. label as in sg_face_sample_new(). */
gboolean sg_seeds_map(const SgMapping *m, guint32 first, int n, int label, float *z, float *w,
                      GError **error);
/* The class that sample i has where `label` (-1: any) was asked for; -1 for a model without
 * classes. */
int sg_seeds_label(const SgMapping *m, int label, gint64 i);

G_END_DECLS
