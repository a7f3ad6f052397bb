/* Weights of other people's networks that a person has: where they are looked for, and what is said
 * where they are not. Nothing is fetched. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  SG_WEIGHTS_INCEPTION, /* pytorch-fid's pt_inception-2015-12-05-6726825d.pth */
  SG_WEIGHTS_VGG,       /* torchvision's vgg16-397923af.pth */
  SG_WEIGHTS_LPIPS,     /* the lpips package's v0.1/vgg.pth: factors for it */
  SG_WEIGHTS_KINDS
} SgWeightsKind;

/* From now on it is this file; NULL: where it is looked for, VITRINE_WEIGHTS or the folder
 * vitrine/weights of the user's data, under the name that its authors gave it. Before any thread
 * asks. */
void sg_weights_use(SgWeightsKind kind, const char *path);
/* To be freed; the file need not be there. */
char *sg_weights_path(SgWeightsKind kind);
gboolean sg_weights_have(SgWeightsKind kind);
const char *sg_weights_name(SgWeightsKind kind); /* of the file */
/* FALSE and SG_FORMAT_ERROR: what (“fid50k”) needs which file, where it is looked for, and what
 * does without. */
gboolean sg_weights_missing(const char *what, SgWeightsKind kind, GError **error);

G_END_DECLS
