/* What was changed while a run ran, and where: changes.jsonl in its directory.
 *
 * A line {"nimg":…,"name":…,"from":…,"to":…,"timestamp":…} is on disk before the first iteration
 * that knows the new value. A run that is resumed from a snapshot at nimg Y has the options of
 * training_options.json with the changes up to Y, and makes the later ones again where they were
 * made: however often it is killed, it computes the same. */
#pragma once

#include "engine/learn/options.h"

G_BEGIN_DECLS

#define SG_CHANGES_NAME "changes.jsonl"

typedef struct {
  guint64 nimg; /* images seen when it takes effect */
  char *name, *from, *to;
  double timestamp; /* Unix time */
  gboolean resumed; /* on the command line that resumed the run: what was changed later before that
                       is void */
} SgChange;

/* What may change when a run is resumed: nothing of it is part of what is computed (but for the
 * last bits of sums). NULL-terminated. */
extern const char *const sg_change_resumable[];
/* What may change while a training runs; NULL-terminated. */
extern const char *const sg_change_names[];
/* Whether it is one of these (or "lr", both learning rates) and fits the options table. Error:
 * name, what is expected, what was found. */
gboolean sg_change_check(const char *name, const char *value, GError **error);
/* Whether a resumed run may be given it. */
gboolean sg_change_check_resumed(const char *name, const char *value, GError **error);
SgChange *sg_change_new(guint64 nimg, const char *name, const char *from, const char *to);
void sg_change_free(SgChange *c);

/* Of SgChange, in the order in which they take effect; empty without a file. A last line without
 * its break was never in effect and is left out. Error: file and line. */
GPtrArray *sg_changes_read(const char *run_dir, GError **error);
/* FALSE: nothing of it is in the file. */
gboolean sg_changes_append(const char *run_dir, const SgChange *change, GError **error);
/* The options of a run at its newest snapshot, or at its start when it has none. */
SgTrainOptions *sg_changes_options(const char *run_dir, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgChange, sg_change_free)

G_END_DECLS
