/* SgDataset: a set of images as the trainer wants them, whatever it lies in.
 *
 * Sources: a folder (searched deeply) or a zip of PNG, JPEG and WebP files of any size and colour
 * type; NVlabs dataset.json labels, labels.csv or class folders in either; a CelebA folder
 * (img_align_celeba/ beside list_attr_celeba.txt); IDX files of the MNIST family (images,
 * optionally .gz, labels beside them by name); LMDB databases of such files, as LSUN's; TFRecords
 * of NVlabs' tools. Pixels are decoded when asked for: memory does not
 * grow with the set, only the list of names does. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What becomes of a picture that is no square. */
typedef enum {
  SG_TRANSFORM_CENTER_CROP,      /* its middle square */
  SG_TRANSFORM_CENTER_CROP_WIDE, /* its middle in the shape resolution × wide_height, on black */
  SG_TRANSFORM_PAD,              /* all of it, on black */
  SG_TRANSFORM_STRETCH,          /* all of it, out of proportion */
} SgTransform;

typedef struct {
  int resolution;      /* 0: the largest power of two that most images have on their shorter side
                          (IDX of 28 pixels: 32, with a black border of 2) */
  int channels;        /* 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha; 0: 1 if every image
                          looked at is grey, else 3 */
  gboolean use_labels; /* read labels; an error if the source has none */
  const char *labels;  /* where they are: NULL: found by itself; "folders": the names of the
                          folders; else a .json, .csv or .txt file */
  guint max_images;    /* 0: all; else the first usable ones */
  gboolean drawn;      /* …or so many of all usable ones, drawn by subset_seed */
  guint64 subset_seed;
  gboolean all_frames; /* each picture of a GIF, TIFF or moving WebP is one of the set */
  SgTransform transform;
  int wide_height;
  int min_size; /* images with a shorter side are refused */
} SgDatasetOptions;

typedef struct {
  char *name;   /* file in the folder or zip */
  char *reason; /* why it is not used, for people */
} SgRefusal;

typedef struct {
  char *path, *name; /* name: last part of path without extension, for the run directory */
  char *kind;        /* "zip of images", "IDX", "TFRecords"… for people */
  guint n;           /* usable images, in sorted order of their names (IDX: file order) */
  int resolution, channels;
  int label_dim;       /* 0: no labels */
  gboolean one_hot;    /* labels are class numbers */
  char **label_names;  /* label_dim names (CelebA attributes, classes), or NULL */
  GPtrArray *refused;  /* of SgRefusal: found while opening (headers are checked then) */
  GPtrArray *warnings; /* of char *: what is odd about the labels, for people */
} SgDataset;

/* What sg_dataset_read_change() did to an image. */
typedef struct {
  int width, height;    /* that it has, upright */
  gboolean first_frame; /* the file has several */
  gboolean turned;      /* by its EXIF orientation */
  gboolean cropped, padded, stretched, enlarged, shrunk;
  gboolean flattened; /* alpha that was not opaque everywhere is gone */
  gboolean coloured;  /* grey, written as three colours */
  gboolean greyed;
} SgImageChange;

/* NULL and error (which file, what was expected, what was found) when nothing usable is there. */
SgDataset *sg_dataset_open(const char *path, const SgDatasetOptions *options, GError **error);
void sg_dataset_free(SgDataset *ds);
/* Image `index` as [C, R, R] uint8 (0..255), upright, made a square as the options say and resized
 * (Lanczos-3, area-aware when shrinking) when its size differs. Thread-safe. FALSE: this one cannot
 * be decoded after all. */
gboolean sg_dataset_read(SgDataset *ds, guint index, guint8 *pixels, GError **error);
/* The same; `change` is filled if it is TRUE. */
gboolean sg_dataset_read_change(SgDataset *ds, guint index, guint8 *pixels, SgImageChange *change,
                                GError **error);
/* Its name in the folder or zip as people may see it (visible.h); to be freed. */
char *sg_dataset_picture_name(SgDataset *ds, guint index);
/* Images of each class, [label_dim]; NULL unless labels are class numbers. Free with g_free(). */
guint *sg_dataset_class_counts(SgDataset *ds);
/* Its label [label_dim]: one-hot or a float vector (zeros without labels). */
void sg_dataset_label(SgDataset *ds, guint index, float *label);

/* The loader: threads (0: half of the cores) that keep at most `ahead` batches decoded before they
 * are asked for. The order is a function of (seed, position) alone: epoch e is a permutation of
 * 0..n-1 drawn from (seed, e), so a loader started at a position gives bit for bit what an
 * uninterrupted one would give from there. With `mirror` every image is also there flipped (twice
 * the set). An image that fails to decode is replaced by the next one of the order, remembered in
 * ds->refused once, and costs no position. */
typedef struct _SgLoader SgLoader;
typedef enum { SG_MIRROR_X = 1, SG_MIRROR_Y = 2 } SgMirror; /* flags; both: four times the set */
SgLoader *sg_loader_new(SgDataset *ds, guint mirror, guint64 seed, guint64 position, int batch,
                        int ahead, int threads);
/* One process's part of a group's: of each `batch` positions the `part`-th and every parts-th after
 * it, batch / parts pictures (parts divides batch). */
SgLoader *sg_loader_new_part(SgDataset *ds, guint mirror, guint64 seed, guint64 position, int batch,
                             int part, int parts, int ahead, int threads);
/* images [batch, C, R, R] floats as uint8 / 127.5 - 1; labels [batch, label_dim] or NULL. FALSE
 * only if too few images decode at all. */
gboolean sg_loader_next(SgLoader *l, float *images, float *labels, GError **error);
guint64 sg_loader_position(const SgLoader *l); /* images handed out, counted from 0 */
void sg_loader_free(SgLoader *l);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgDataset, sg_dataset_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgLoader, sg_loader_free)

G_END_DECLS
