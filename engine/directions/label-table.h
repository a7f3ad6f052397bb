/* Tables of labels of the faces of seeds: "seed,beard,glasses", then a line a face. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint rows, columns;
  char **names;   /* [columns], NULL behind them */
  guint32 *seeds; /* [rows], rising */
  double *values; /* [rows, columns], finite */
} SgLabelTable;

/* Seeds in any order, each once. Errors name the file, the line and what was expected. */
SgLabelTable *sg_label_table_read(const char *path, GError **error);
void sg_label_table_free(SgLabelTable *t);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgLabelTable, sg_label_table_free)

G_END_DECLS
