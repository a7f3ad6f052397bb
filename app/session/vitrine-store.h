/* VitrineStore: small JSON files in the user's state directory ($XDG_STATE_HOME/vitrine).
 *
 *   "session"     what is open and how it is edited
 *   "favourites"  names of dimensions, per model hash
 *   "window"      size, pane, colour scheme
 *   "edits"       how other models are edited
 *   "recent"      model files, newest first
 *   "runs"        directories of trainings, newest first
 *   "labels"      faces that a person has labelled, per model (app/explore)
 *
 * Writing happens on a thread of its own, in order: a slow disk must not hold the window. */
#pragma once

#include <glib.h>
#include <jansson.h>
#include "engine/explore/recipe.h"

G_BEGIN_DECLS

/* A new reference; an empty object when there is no such file or it is not a JSON object. */
json_t *vitrine_store_load(const char *name);
/* Queues `root` (borrowed, read before returning) to be written under `name` by rename. A failure
 * is a warning on stderr: what is lost is convenience, not work. */
void vitrine_store_save(const char *name, const json_t *root);
/* Returns when everything queued is on disk. At the end of the program. */
void vitrine_store_flush(void);

/* A path as text for JSON, an action or a label's target, and back; to be freed. A path that is no
 * UTF-8 becomes a file URI, others stay as they are. NULL for NULL. */
char *vitrine_store_encode_path(const char *path);
char *vitrine_store_decode_path(const char *text);

/* The path of the recent models, newest first, of files that still exist. NULL-terminated. */
char **vitrine_store_recent(void);
/* The model that comes with Vitrine, or NULL; to be freed. */
char *vitrine_store_bundled_model(void);
/* Where the model of a picture may be: the recent ones, and the one that comes with Vitrine. To be
 * freed with g_strfreev(). */
char **vitrine_store_model_places(void);
void vitrine_store_add_recent(const char *path);

/* ---- "edits": {"models": [{"hash", "space", "recipe"}…]}, newest first, bounded in number and in
 * bytes; what was not touched for longest goes. */

#define VITRINE_EDITS_MAX 64
/* Of all recipes together, as text; the newest is kept in any case. */
#define VITRINE_EDITS_BYTES (1024 * 1024)

/* Remembers the recipe (read before returning) and the space that is listed for the model of that
 * hash, in the place of what was there. */
void vitrine_edits_keep(const char *hash, const SgRecipe *recipe, SgSpace space);
/* A recipe to be freed, NULL: nothing is remembered, or it does not fit. *space is set with it. */
SgRecipe *vitrine_edits_find(const char *hash, const SgModelInfo *info, SgSpace *space);

G_END_DECLS
