/* Files of VGG16 and of LPIPS' factors with random numbers, which Python can make as well
 * (lpips-table.py, make-projection.py): nobody's weights are shipped. */
#pragma once

#include "engine/base/random.h"
#include "engine/formats/archive.h"

G_BEGIN_DECLS

/* torchvision's names under `prefix`, channels divided by `divide`. Layer after layer `random`
 * gives the weights, times sqrt (2 / (9 inputs)), and the bias, times 0.1; NULL: all are 0. */
SgArchive *random_vgg_new(const char *prefix, int divide, SgRandomState *random);
/* The lpips package's names: absolute values of what `random` gives. */
SgArchive *random_factors_new(int divide, SgRandomState *random);

G_END_DECLS
