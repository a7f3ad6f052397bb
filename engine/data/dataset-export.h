/* Writing a data set as NVlabs' dataset_tool lays it out: NNNNN/imgNNNNNNNN.png, a thousand a
 * folder, and dataset.json with the labels. */
#pragma once

#include "engine/data/dataset.h"

G_BEGIN_DECLS

typedef void (*SgExportProgress)(guint done, gpointer user_data);

/* What was written, and what was done to the pictures for it. */
typedef struct {
  guint written;
  guint first_frames, turned, cropped, padded, stretched, enlarged, shrunk, flattened, coloured,
      greyed;
  GHashTable *enlarged_from; /* of char *: "3×3" -> how many */
  guint *classes;            /* [label_dim] pictures of each; NULL unless labels are classes */
} SgExportReport;

void sg_export_report_clear(SgExportReport *report);

/* `dest` ends in .zip: a zip; else a folder, which must not exist or be empty. What has that name
 * is refused without `force`, and so is a folder even then unless it holds nothing but a data set.
 * It appears only when whole. Images that cannot be decoded are left out and join ds->refused. */
gboolean sg_dataset_export(SgDataset *ds, const char *dest, gboolean force,
                           SgExportProgress progress, gpointer user_data, SgExportReport *report,
                           GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SgExportReport, sg_export_report_clear)

G_END_DECLS
