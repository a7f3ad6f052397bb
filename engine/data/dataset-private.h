/* What the files of the data sets share; only engine/data/dataset*.c includes it. */
#pragma once

#include "engine/formats/source.h"
#include "engine/data/dataset-labels.h"
#include "engine/data/dataset.h"
#include "engine/pictures/picture.h"

G_BEGIN_DECLS

/* ---- a tree of files, in a folder, a zip or a database (dataset-files.c) ---- */

/* Names are relative, with '/', sorted by their bytes, so that a set is the same on any machine. */
typedef struct _SgFiles SgFiles;
/* Files that cannot be used whatever they hold (a pipe, an encrypted entry) go to `refused`. */
SgFiles *sg_files_open(const char *path, GPtrArray *refused, GError **error);
void sg_files_free(SgFiles *f);
/* "zip", "folder" or "LMDB database". */
const char *sg_files_kind(const SgFiles *f);
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

/* ---- gzip (dataset-gz.c) ---- */

/* The first n bytes of what a gzipped file holds. *most: how many bytes it can hold at most; fewer
 * than n: all there are. */
gboolean sg_gz_head(const char *path, guint8 *head, gsize n, guint64 *most, GError **error);
/* All of it in a file without a name; an error if it holds more than `most` bytes. `exactly`: so
 * many are expected, and what so small a file cannot hold is not begun with. */
SgSource *sg_gz_unpack(const char *path, guint64 most, gboolean exactly, GError **error);

/* ---- pictures by number (dataset-idx.c) ---- */

/* A file that holds nothing but pictures of one size, and perhaps their labels. */
typedef struct _SgStore SgStore;
struct _SgStore {
  char *kind; /* for people */
  guint n;
  int width, height, channels; /* 1 or 3 */
  guint label_dim;             /* 0: it has no labels, or none were wanted */
  guint32 *classes;            /* [n] */
  char **label_names;          /* [label_dim] or NULL */
  /* One picture, [height, width, channels]. Thread-safe. */
  gboolean (*read)(SgStore *store, guint index, guint8 *pixels, GError **error);
  char *(*name)(const SgStore *store, guint index);
  void (*free)(SgStore *store);
};

void sg_store_free(SgStore *store);

/* TRUE if `path` is an IDX file of images or a folder that holds nothing but IDX files. */
gboolean sg_idx_recognise(const char *path);
SgStore *sg_idx_open(const char *path, gboolean use_labels, GError **error);
/* TRUE for a tarball of CIFAR by its name, and for a folder by its files (dataset-cifar.c). */
gboolean sg_cifar_recognise(const char *path);
SgStore *sg_cifar_open(const char *path, gboolean use_labels, GError **error);

/* TRUE for a .tfrecords file, and for a folder with some (dataset-tfrecords.c). */
gboolean sg_tfrecords_recognise(const char *path);
SgStore *sg_tfrecords_open(const char *path, gboolean use_labels, GError **error);

/* ---- LMDB (dataset-lmdb.c) ---- */

/* TRUE for a database, and for a folder that holds one as data.mdb; *file (or NULL): its path, to
 * be freed. */
gboolean sg_lmdb_recognise(const char *path, char **file);
/* Tells of every value, in the order of the keys, where in the file it is. The key lies in memory
 * for as long as the call lasts. */
typedef void (*SgLmdbFound)(const guint8 *key, gsize key_size, guint64 at, gsize size,
                            gpointer user_data);
gboolean sg_lmdb_list(SgSource *file, SgLmdbFound found, gpointer user_data, GError **error);

/* ---- which pictures (dataset-subset.c) ---- */

/* `count` of 0 … n - 1 drawn by `seed`, in rising order; to be freed. All of them if there are no
 * more. */
guint *sg_subset_draw(guint n, guint count, guint64 seed);

/* ---- pixels (dataset-resize.c) ---- */

/* What part of a picture goes where in a square. */
typedef struct {
  int x, y, width, height;     /* of the picture */
  int left, top, across, down; /* of the square; what it does not cover is black */
} SgFit;

SgFit sg_fit(int width, int height, int r, const SgDatasetOptions *options);
/* Small squares that almost fill the square get a black border, which is what the ground of their
 * kind (MNIST) is and keeps every pixel as it is: 28 -> 32, as NVlabs' dataset_tool does. */
void sg_fit_border(SgFit *fit, int r);
/* As planes [channels, r, r]. Alpha is multiplied in while pixels are mixed. */
void sg_resize(SgPixels *p, const SgFit *fit, int r, guint8 *planes);

/* ---- the set (dataset.c) ---- */

typedef struct {
  guint file;  /* in SgFiles */
  int row;     /* in SgLabels, -1: none */
  guint frame; /* of the file */
} SgImageRef;

typedef struct {
  SgDataset set; /* first: an SgDataset* is one of these */
  SgDatasetOptions options;
  SgFiles *files;
  GArray *refs; /* of SgImageRef, set.n of them; empty for a store */
  SgLabels *labels;
  SgStore *store;
  guint *chosen;    /* [n] numbers in the store; NULL: the first n */
  guint8 *reported; /* [n]: sg_dataset_refuse_image() has put it on set.refused */
} SgDatasetFull;

/* Pictures in a folder or zip (dataset-survey.c): finds files, labels and the size of most. */
gboolean sg_dataset_survey(SgDatasetFull *full, GError **error);
/* Warns of classes without pictures and the like, once the set is open (dataset-classes.c). */
void sg_dataset_warn_classes(SgDatasetFull *full);
/* What of 4 to 2048 is nearest below `side`, a power of two. */
int sg_dataset_power_below(guint side);

void sg_refuse(GPtrArray *refused, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* A name as people may see it, whatever bytes it has. */
char *sg_dataset_image_name(const SgDatasetFull *full, guint index);
/* An image that cannot be decoded after all goes to set.refused, once; `message` is the error's.
 * On the thread that set.refused belongs to. */
void sg_dataset_refuse_image(SgDatasetFull *full, guint index, const char *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgFiles, sg_files_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgStore, sg_store_free)

G_END_DECLS
