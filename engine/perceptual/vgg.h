/* VGG16 (Simonyan & Zisserman 2015) as it sees pictures in LPIPS: 13 convolutions of 3 × 3 with a
 * ReLU each, the largest of 2 × 2 after the 2nd, 4th, 7th and 10th. Its weights are a file that a
 * person has; nothing of it is executed. */
#pragma once

#include "engine/autograd/tape.h"
#include "engine/perceptual/vgg-file.h"

G_BEGIN_DECLS

#define SG_VGG_TAPS  5  /* behind convolutions 2, 4, 7, 10 and 13 */
#define SG_VGG_LEAST 16 /* pixels of a picture, along each axis */

typedef struct {
  SgBackend *backend;
  SgVar *weight[SG_VGG_CONVS]; /* constants, PLAIN [O, I, 3, 3] */
  SgVar *bias[SG_VGG_CONVS];   /* [1, O, 1, 1] */
  char *sha256;                /* of its numbers in order */
} SgVgg;

/* Errors: another network (vgg-file.h), memory. */
SgVgg *sg_vgg_new(SgBackend *b, const SgArchive *file, GError **error);
void sg_vgg_free(SgVgg *v);
/* Channels of the tap's result. */
int sg_vgg_channels(const SgVgg *v, int tap);
/* Pictures PLAIN [N, 3, H, W], as ImageNet's are normalised -> the taps, ACT [N, C, h, w]. NULL
 * where the tape has failed. */
void sg_vgg_run(SgTape *t, const SgVgg *v, SgVar *pictures, SgVar *taps[SG_VGG_TAPS]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgVgg, sg_vgg_free)

G_END_DECLS
