/* A training's snapshot: a native model (G_ema, G, D) with what an exact resume needs besides, as
 * tensors "train.…" and metadata "train.…", which everything else that reads models passes over. */
#pragma once

#include "engine/learn/learn.h"

G_BEGIN_DECLS

/* Appears under `path` only when all of it is on disk. `dataset` and its size go into the
 * metadata. */
gboolean sg_snapshot_save(SgLearn *l, const char *path, const char *dataset, guint images,
                          GError **error);
/* `exact`: continues a snapshot with its state, on a set of as many images. Else takes over the
 * weights of any model of the same shape (G_ema for a missing G) and starts counting from 0. */
gboolean sg_snapshot_load(SgLearn *l, const char *path, guint images, gboolean exact,
                          GError **error);

/* Images seen at that snapshot, from the file's header alone; 0 if it does not say. */
guint64 sg_snapshot_nimg(const char *path);

G_END_DECLS
