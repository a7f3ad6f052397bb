/* A whole training run: `vitrine train` without the command line. */
#pragma once

#include "engine/data/dataset.h"
#include "engine/learn/group.h"
#include "engine/learn/options.h"

G_BEGIN_DECLS

/* Runs to the end of options->kimg, until it is stopped (control socket, SIGINT, SIGTERM: TRUE,
 * with a final snapshot), or fails. Makes the run directory (or goes on in the one of
 * options->resume), prints the preflight and status lines. `o` is resolved
 * (sg_train_options_resolve) and fits `ds`. Blocks; one at a time in a process.
 *
 * With a group (NULL: alone) every process of it calls this with the same options and data, which
 * is checked; rank 0 does all of the above, and an error is the same in all. If the group has not
 * ended by an error (sg_group_has_ended()), it is this process's alone. */
gboolean sg_train_run(SgTrainOptions *o, SgDataset *ds, SgGroup *group, GError **error);
/* Prints what a run would need, without making anything: parameters, memory, time. FALSE if it
 * cannot fit. */
gboolean sg_train_dry_run(SgTrainOptions *o, SgDataset *ds, SgGroup *group, GError **error);

G_END_DECLS
