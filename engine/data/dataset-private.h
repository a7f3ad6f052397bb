/* What the files of the data sets share; only engine/data/dataset*.c includes it. */
#pragma once

#include "engine/formats/source.h"
#include "engine/data/dataset.h"

G_BEGIN_DECLS

/* ---- a tree of files, in a folder or a zip (dataset-files.c) ---- */

/* Names are relative, with '/', sorted by their bytes, so that a set is the same on any machine. */
typedef struct _SgFiles SgFiles;
/* Files that cannot be used whatever they hold (a pipe, an encrypted entry) go to `refused`. */
SgFiles *sg_files_open(const char *path, GPtrArray *refused, GError **error);
void sg_files_free(SgFiles *f);
gboolean sg_files_is_zip(const SgFiles *f);
guint sg_files_count(const SgFiles *f);
const char *sg_files_name(const SgFiles *f, guint i);
/* The first `limit` bytes, or everything. Thread-safe. Errors do not name the file. */
guint8 *sg_files_read(SgFiles *f, guint i, gsize limit, gsize *size, GError **error);
/* The file called `base` that lies least deep, or -1. */
int sg_files_find(const SgFiles *f, const char *base);

/* ---- what a picture says about itself (dataset-probe.c) ---- */

typedef struct {
  guint width, height;
  gboolean grey;
} SgProbe;

typedef enum {
  SG_PROBE_OK,
  SG_PROBE_MORE, /* the header does not end in these bytes */
  SG_PROBE_BAD,  /* error says why */
} SgProbeResult;

/* `whole`: there are no further bytes. */
SgProbeResult sg_probe(const guint8 *data, gsize size, gboolean whole, SgProbe *probe,
                       GError **error);

/* ---- labels beside pictures (dataset-labels.c, dataset-celeba.c) ---- */

typedef struct {
  GHashTable *rows; /* name of the file -> row + 1 */
  guint n, dim;
  gboolean one_hot;
  guint32 *classes; /* [n] if one_hot */
  float *values;    /* [n, dim] otherwise */
  char **names;     /* of the dim columns, or NULL */
  gboolean by_base; /* the keys of rows have no folder */
  char *prefix;     /* folder that the keys are relative to: "" or "set/" */
} SgLabels;

#define SG_LABELS_MAX_DIM 16384

SgLabels *sg_labels_new(void);
void sg_labels_free(SgLabels *l);
/* The row of a file, or -1. */
int sg_labels_row(const SgLabels *l, const char *name);
/* NVlabs' dataset.json. NULL without error: the file says that there are no labels. */
SgLabels *sg_labels_parse_json(const char *text, gsize size, GError **error);
/* CelebA's list_attr_celeba.txt (or .csv): -1 and 1 become 0 and 1. */
SgLabels *sg_labels_parse_celeba(const char *text, gsize size, GError **error);

/* ---- IDX (dataset-idx.c) ---- */

typedef struct {
  SgSource *pixels; /* whole images file, unpacked */
  char *images_name;
  guint n, width, height;
  guint8 *labels; /* [n], or NULL */
} SgIdx;

/* TRUE if `path` is an IDX file of images or a folder that holds nothing but IDX files. */
gboolean sg_idx_recognise(const char *path);
SgIdx *sg_idx_open(const char *path, gboolean use_labels, GError **error);
void sg_idx_free(SgIdx *idx);
/* One image, [height, width]. */
gboolean sg_idx_read(SgIdx *idx, guint index, guint8 *pixels, GError **error);

/* ---- pixels (dataset-resize.c) ---- */

/* The middle square of [height, width, channels] as planes [channels, r, r]. */
void sg_resize_square(const guint8 *pixels, int width, int height, int channels, int r,
                      guint8 *planes);

/* ---- the set (dataset.c) ---- */

typedef struct {
  guint file; /* in SgFiles */
  int row;    /* in SgLabels, -1: none */
} SgImageRef;

typedef struct {
  SgDataset set; /* first: an SgDataset* is one of these */
  SgFiles *files;
  GArray *refs; /* of SgImageRef, set.n of them; empty for IDX */
  SgLabels *labels;
  SgIdx *idx;
  guint8 *reported; /* [n]: sg_dataset_refuse_image() has put it on set.refused */
} SgDatasetFull;

void sg_refuse(GPtrArray *refused, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* For people, whatever bytes it has. */
char *sg_dataset_image_name(const SgDatasetFull *full, guint index);
/* An image that cannot be decoded after all goes to set.refused, once; `message` is the error's.
 * On the thread that set.refused belongs to. */
void sg_dataset_refuse_image(SgDatasetFull *full, guint index, const char *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgFiles, sg_files_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgLabels, sg_labels_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgIdx, sg_idx_free)

G_END_DECLS
