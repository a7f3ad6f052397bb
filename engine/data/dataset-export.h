/* Writing a data set as NVlabs' dataset_tool lays it out: NNNNN/imgNNNNNNNN.png, a thousand a
 * folder, and dataset.json with the labels. */
#pragma once

#include "engine/data/dataset.h"

G_BEGIN_DECLS

typedef void (*SgExportProgress)(guint done, gpointer user_data);

/* `dest` ends in .zip: a zip, which replaces what has that name; else a folder, which must not
 * exist or be empty. It appears only when whole. Images that cannot be decoded are left out and
 * join ds->refused. */
gboolean sg_dataset_export(SgDataset *ds, const char *dest, SgExportProgress progress,
                           gpointer user_data, guint *written, GError **error);

G_END_DECLS
