/* The noise of a recipe's face for networks on the tape (gradients/networks.h), which know no
 * recipe. */
#pragma once

#include "engine/explore/stage-cache.h"

G_BEGIN_DECLS

/* Writes the plane of each layer that takes noise, PLAIN [1, 1, h, w] times its gain, to planes (as
 * many as there are convolutions, at most); NULL: it has none. Random noise has no part in it: then
 * all are NULL. Each is to be unreferenced; FALSE and error (memory): none of them. */
gboolean sg_face_noise(const SgSynthesis *net, const SgStageEdits *edits, SgBackend *b,
                       SgBuf **planes, GError **error);

G_END_DECLS
