/* LPIPS (Zhang et al. 2018): how different people find pictures, by VGG16's features with a factor
 * for each channel that was learnt from what people said. Both are files that a person has: the
 * network (vgg.h) and the factors, as the lpips package's v0.1/vgg.pth holds them. */
#pragma once

#include "engine/perceptual/unit-features.h"
#include "engine/perceptual/vgg.h"

G_BEGIN_DECLS

#define SG_LPIPS_MOST 256 /* larger pictures are averaged down to this, as NVlabs' projector does */

typedef struct _SgLpips SgLpips;

/* `linear` NULL: the factors are those that `vgg` itself has, else 1 (Zhang's "baseline"). Errors
 * name the file: it holds another network, or factors of another one. */
SgLpips *sg_lpips_new_of(SgBackend *b, const SgArchive *vgg, const SgArchive *linear,
                         GError **error);
/* The same of paths. */
SgLpips *sg_lpips_new(SgBackend *b, const char *vgg, const char *linear, GError **error);
void sg_lpips_free(SgLpips *l);
/* Of all its numbers: for caches. */
const char *sg_lpips_identity(const SgLpips *l);
gboolean sg_lpips_is_learnt(const SgLpips *l); /* has factors */
/* FALSE and error: pictures of h × w pixels are too small for it. */
gboolean sg_lpips_check_size(int h, int w, GError **error);

/* Of pictures PLAIN [N, C, H, W] from -1 to 1, C as a network draws them (grey, grey and alpha,
 * colours, colours and alpha, which is left out), on the tape while it does not record. FALSE:
 * memory (sg_tape_reset() says). */
gboolean sg_lpips_features(SgTape *t, const SgLpips *l, const SgBuf *pictures, SgFeatures *f);
/* The distance of each picture from the one that is wanted: [N, 1, 1, 1]. */
SgVar *sg_lpips_distance(SgTape *t, const SgLpips *l, SgVar *pictures, const SgFeatures *wanted);
/* Of n pictures a, b [n, C, h, w] at once: [n], without a tape of the caller's. */
gboolean sg_lpips_distances(const SgLpips *l, int n, int c, int h, int w, const float *a,
                            const float *b, double *out, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgLpips, sg_lpips_free)

G_END_DECLS
