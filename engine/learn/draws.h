/* The random part of a training, a function of (seed, iteration, phase): a resumed run draws what
 * the uninterrupted one would. */
#pragma once

#include "engine/data/dataset.h"
#include "engine/learn/learn.h"

G_BEGIN_DECLS

/* Draws for a phase of the state's iteration: of the whole batch's those that are this process's
 * (learn-share.h). `real` and `real_c` are borrowed by D's phases. Labels of generated pictures are
 * those of random images. NULL: no memory. */
SgDraw *sg_draw_new(SgLearn *l, SgPhase phase, SgDataset *ds, SgAugPipe pipe, SgBuf *real,
                    SgBuf *real_c, GError **error);
void sg_draw_free(SgDraw *d);
/* Pictures first, first + step … of a draw, as a draw of their own (to be freed). */
SgDraw *sg_draw_part(const SgLearn *l, const SgDraw *d, int first, int step, GError **error);
/* SgDraw.mix of a cutoff. */
SgBuf *sg_draw_mix(const SgLearn *l, int cutoff, GError **error);

/* n latents [n, z_dim] and labels [n, c_dim] (NULL if unconditional) of a stream. */
void sg_draw_latents(SgLearn *l, SgDataset *ds, guint64 stream, int n, float *z, float *c);

G_END_DECLS
