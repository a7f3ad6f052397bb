/* SgDataset: a set of images as the trainer wants them, whatever it lies in.
 *
 * Sources: a folder (searched deeply) or a zip of PNG, JPEG and WebP files of any size and colour
 * type; NVlabs dataset.json labels in either; a CelebA folder (img_align_celeba/ beside
 * list_attr_celeba.txt); IDX files of the MNIST family (images, optionally .gz, labels beside them
 * by name). Pixels are decoded when asked for: memory does not grow with the set, only the list of
 * names does. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  int resolution;      /* 0: the largest power of two that most images have on their shorter side
                          (IDX of 28 pixels: 32, with a black border of 2) */
  int channels;        /* 1 or 3; 0: 1 if every image looked at is grey, else 3 */
  gboolean use_labels; /* read labels; an error if the source has none */
  guint max_images;    /* 0: all; else the first usable ones */
} SgDatasetOptions;

typedef struct {
  char *name;   /* file in the folder or zip */
  char *reason; /* why it is not used, for people */
} SgRefusal;

typedef struct {
  char *path, *name; /* name: last part of path without extension, for the run directory */
  char *kind;        /* "zip of images", "IDX", "CelebA folder"… for people */
  guint n;           /* usable images, in sorted order of their names (IDX: file order) */
  int resolution, channels;
  int label_dim;      /* 0: no labels */
  gboolean one_hot;   /* labels are class numbers */
  char **label_names; /* label_dim names (CelebA attributes), or NULL */
  GPtrArray *refused; /* of SgRefusal: found while opening (headers are checked then) */
} SgDataset;

/* NULL and error (which file, what was expected, what was found) when nothing usable is there. */
SgDataset *sg_dataset_open(const char *path, const SgDatasetOptions *options, GError **error);
void sg_dataset_free(SgDataset *ds);
/* Image `index` as [C, R, R] uint8 (0..255), centre-cropped to a square and resized (Lanczos-3,
 * area-aware when shrinking) when its size differs. Thread-safe. FALSE: this one cannot be decoded
 * after all. */
gboolean sg_dataset_read(SgDataset *ds, guint index, guint8 *pixels, GError **error);
/* Its label [label_dim]: one-hot or a float vector (zeros without labels). */
void sg_dataset_label(SgDataset *ds, guint index, float *label);

/* The loader: threads (0: half of the cores) that keep at most `ahead` batches decoded before they
 * are asked for. The order is a function of (seed, position) alone: epoch e is a permutation of
 * 0..n-1 drawn from (seed, e), so a loader started at a position gives bit for bit what an
 * uninterrupted one would give from there. With `mirror` every image is also there flipped (twice
 * the set). An image that fails to decode is replaced by the next one of the order, remembered in
 * ds->refused once, and costs no position. */
typedef struct _SgLoader SgLoader;
SgLoader *sg_loader_new(SgDataset *ds, gboolean mirror, guint64 seed, guint64 position, int batch,
                        int ahead, int threads);
/* One process's part of a group's: of each `batch` positions the `part`-th and every parts-th after
 * it, batch / parts pictures (parts divides batch). */
SgLoader *sg_loader_new_part(SgDataset *ds, gboolean mirror, guint64 seed, guint64 position,
                             int batch, int part, int parts, int ahead, int threads);
/* images [batch, C, R, R] floats as uint8 / 127.5 - 1; labels [batch, label_dim] or NULL. FALSE
 * only if too few images decode at all. */
gboolean sg_loader_next(SgLoader *l, float *images, float *labels, GError **error);
guint64 sg_loader_position(const SgLoader *l); /* images handed out, counted from 0 */
void sg_loader_free(SgLoader *l);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgDataset, sg_dataset_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgLoader, sg_loader_free)

G_END_DECLS
