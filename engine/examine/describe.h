/* Pictures as vectors, for the nearest one of a data set. */
#pragma once

#include "engine/nets/discriminator.h"

G_BEGIN_DECLS

typedef struct _SgDescriber SgDescriber;

/* By what the model's discriminator sees of a picture; without one by its colours at 16 × 16. NULL
 * and error: memory. */
SgDescriber *sg_describer_new(SgModel *model, SgBackend *b, GError **error);
void sg_describer_free(SgDescriber *d);
int sg_describer_count(const SgDescriber *d); /* numbers a picture */
gboolean sg_describer_has_features(const SgDescriber *d);
/* n pictures [n, channels, r, r] -> out [n, count], each of length 1 (one that is 0 stays). */
gboolean sg_describer_run(SgDescriber *d, int n, const guint8 *planes, float *out, GError **error);
/* |a - b|, 0…2 */
double sg_describer_distance(const SgDescriber *d, const float *a, const float *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgDescriber, sg_describer_free)

G_END_DECLS
