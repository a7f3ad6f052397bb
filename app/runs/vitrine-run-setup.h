/* VitrineRunSetup: what a new training shall be, as the dialog's rows edit it: only what the person
 * has set is kept, everything else follows from preset and data as on the command line.
 *
 * Main thread; touches no files. */
#pragma once

#include <gio/gio.h>
#include "engine/learn/options.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_RUN_SETUP (vitrine_run_setup_get_type())
G_DECLARE_FINAL_TYPE(VitrineRunSetup, vitrine_run_setup, VITRINE, RUN_SETUP, GObject)

typedef enum {
  VITRINE_FROM_SCRATCH,
  VITRINE_FROM_RUN,   /* goes on exactly, in the same directory */
  VITRINE_FROM_MODEL, /* a new run from a model's weights */
} VitrineRunOrigin;

/* Signal "changed": an option, the data or the origin is another. */

VitrineRunSetup *vitrine_run_setup_new(void);
/* NULL or "": as if it had never been set. FALSE and error: the old value stays, and the error is
 * the setup's problem until the option is set again. */
gboolean vitrine_run_setup_set(VitrineRunSetup *self, const char *name, const char *value,
                               GError **error);
/* What the person set, NULL if nothing; borrowed. */
const char *vitrine_run_setup_get(VitrineRunSetup *self, const char *name);
/* What was tried last cannot be. */
gboolean vitrine_run_setup_is_wrong(VitrineRunSetup *self, const char *name);
/* What it will be: set, of the preset, of the data, of the resumed run. NULL when that is not known
 * yet. To be freed. */
char *vitrine_run_setup_effective(VitrineRunSetup *self, const char *name);
/* The preset while none is chosen: by the device, as on the command line. */
const char *vitrine_run_setup_default_preset(VitrineRunSetup *self);
/* A resumed run keeps what decides its numbers. */
gboolean vitrine_run_setup_may_change(VitrineRunSetup *self, const char *name);
/* What was found in the data; 0: not known. */
void vitrine_run_setup_set_found(VitrineRunSetup *self, int resolution, int channels,
                                 int label_dim);
/* `path`: a run directory or a model file, NULL while none is chosen. `json`: a run directory's
 * training_options.json, or NULL. FALSE: the options cannot be read. */
gboolean vitrine_run_setup_set_origin(VitrineRunSetup *self, VitrineRunOrigin origin,
                                      const char *path, const char *json, GError **error);
VitrineRunOrigin vitrine_run_setup_get_origin(VitrineRunSetup *self);
const char *vitrine_run_setup_get_origin_path(VitrineRunSetup *self);
/* Why it cannot be started as it is, or NULL; to be freed. */
char *vitrine_run_setup_problem(VitrineRunSetup *self);
/* Arguments for `vitrine train`, NULL-terminated, to be freed. */
char **vitrine_run_setup_argv(VitrineRunSetup *self);

const SgTrainOption *vitrine_run_option_find(const char *name);

G_END_DECLS
