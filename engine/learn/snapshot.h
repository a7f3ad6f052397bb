/* A training's snapshot: a native model (G_ema, G, D) with what an exact resume needs besides, as
 * tensors "train.…" and metadata "train.…", which everything else that reads models passes over. */
#pragma once

#include "engine/learn/learn.h"

G_BEGIN_DECLS

/* Appears under `path` only when all of it is on disk. `dataset`, its size and what its classes are
 * called (NULL: they have no names) go into the metadata; `note` is a text that sg_snapshot_load()
 * gives back, or NULL. */
gboolean sg_snapshot_save(SgLearn *l, const char *path, const char *dataset, guint images,
                          char *const *class_names, const char *note, GError **error);
/* Continues a snapshot with its state, on a set of as many images; the networks are those of its
 * options. (Any model's weights: adopt.h.) */
/* *note: to be freed; NULL: it has none. */
gboolean sg_snapshot_load(SgLearn *l, const char *path, guint images, char **note, GError **error);

/* Images seen at that snapshot, from the file's header alone; 0 if it does not say. */
guint64 sg_snapshot_nimg(const char *path);

G_END_DECLS
