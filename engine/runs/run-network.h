/* The model that a path stands for. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A file is itself; a folder is a training's, ours or NVlabs', and stands for the snapshot
 * (network-snapshot-KIMG.safetensors or .pkl) that is furthest on. To be freed; NULL with
 * SG_FORMAT_ERROR for a folder without one. A path that is not there is left to whoever opens
 * it. */
char *sg_run_network(const char *path, GError **error);

G_END_DECLS
