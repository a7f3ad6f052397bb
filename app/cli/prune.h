/* Parts of `vitrine prune`. */
#pragma once

#include <jansson.h>
#include "engine/explore/prune.h"
#include "engine/models/model.h"

G_BEGIN_DECLS

/* Writes `model`, pruned, to `file`, and prints what that saves, or puts it into *report (to be
 * unreferenced). */
gboolean cli_prune_save(SgModel *model, const SgPrune *prune, const char *file, json_t **report,
                        GError **error);

G_END_DECLS
