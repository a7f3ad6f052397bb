/* IDX, the format of MNIST and its relatives: a magic number, big-endian sizes, bytes. Images and
 * labels are two files whose names differ in one word; both may be gzipped. */
#include "engine/formats/format-error.h"
#include "engine/pictures/picture.h"
#include "engine/data/dataset-private.h"
#include <string.h>

#define MAGIC_IMAGES 0x0803 /* unsigned bytes, three dimensions */
#define MAGIC_LABELS 0x0801
#define IMAGES_HEAD  16
#define LABELS_HEAD  8

typedef struct {
  SgStore store;    /* first: an SgStore* is one of these */
  SgSource *pixels; /* whole images file, unpacked */
  char *images_name;
} SgIdx;

/* ---- names ----------------------------------------------------------------------------------- */

static gboolean
is_packed(const char *path)
{
  return g_str_has_suffix(path, ".gz");
}

/* "train-images-idx3-ubyte.gz", "train-images.idx3-ubyte", "train-images.idx3.ubyte" */
static gboolean
has_idx_name(const char *base, char dimensions)
{
  g_autofree char *word = g_strdup_printf("idx%c", dimensions);
  const char *at = strstr(base, word);

  return at && (g_str_has_prefix(at + 4, "-ubyte") || g_str_has_prefix(at + 4, ".ubyte"));
}

/* `from` -> `to` where it occurs last; NULL if it does not. */
static char *
swap_word(const char *text, const char *from, const char *to)
{
  const char *at = g_strrstr(text, from);
  if (!at)
    return NULL;
  g_autofree char *head = g_strndup(text, (gsize)(at - text));
  return g_strconcat(head, to, at + strlen(from), NULL);
}

/* The labels file beside an images file, packed or not; NULL if there is none. */
static char *
labels_path(const char *images)
{
  g_autofree char *folder = g_path_get_dirname(images), *base = g_path_get_basename(images);
  g_autofree char *named = swap_word(base, "images", "labels");
  g_autofree char *other = named ? swap_word(named, "idx3", "idx1") : NULL;
  if (!other)
    return NULL;
  if (is_packed(other))
    other[strlen(other) - 3] = '\0';
  g_autofree char *plain = g_build_filename(folder, other, NULL);
  g_autofree char *packed = g_strconcat(plain, ".gz", NULL);
  if (g_file_test(plain, G_FILE_TEST_EXISTS) && !is_packed(base))
    return g_steal_pointer(&plain);
  if (g_file_test(packed, G_FILE_TEST_EXISTS))
    return g_steal_pointer(&packed);
  return g_file_test(plain, G_FILE_TEST_EXISTS) ? g_steal_pointer(&plain) : NULL;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* Of a packed file no more is unpacked than its header asks for, and nothing before the header has
 * been looked at. */
typedef struct {
  SgSource *source; /* the file */
  guint64 size;     /* of the contents; of packed ones what they can be at most */
  guint8 head[IMAGES_HEAD];
  gboolean packed;
} Bytes;

static gboolean
open_bytes(Bytes *b, const char *path, gsize head, GError **error)
{
  b->packed = is_packed(path);
  b->source = sg_source_open(path, error);
  if (!b->source)
    return FALSE;
  b->size = sg_source_size(b->source);
  if (b->packed)
    return sg_gz_head(path, b->head, head, &b->size, error);
  return sg_source_read(b->source, 0, b->head, MIN(head, b->size), error);
}

static gboolean
check_head(const Bytes *b, gsize n, guint32 magic, const char *what, GError **error)
{
  if (b->size >= 4 && sg_be32(b->head) != magic)
    return sg_unsupported(error, "expected an IDX file of %s (it begins with %08x), found %08x",
                          what, magic, sg_be32(b->head));
  if (b->size < n)
    return sg_broken(
        error, "expected an IDX file of %s, found only %" G_GUINT64_FORMAT " bytes: it is cut off",
        what, b->size);
  return TRUE;
}

/* All of it, `expected` bytes. */
static SgSource *
whole(const Bytes *b, const char *path, guint64 expected, GError **error)
{
  g_autoptr(SgSource) source =
      b->packed ? sg_gz_unpack(path, expected, TRUE, error) : sg_source_ref(b->source);

  if (source && sg_source_size(source) != expected) {
    sg_broken(error,
              "expected %" G_GUINT64_FORMAT " bytes, as its header says, found "
              "%" G_GUINT64_FORMAT,
              expected, sg_source_size(source));
    return NULL;
  }
  return g_steal_pointer(&source);
}

/* ---- contents -------------------------------------------------------------------------------- */

static gboolean
read_images(SgIdx *idx, const Bytes *b, const char *path, GError **error)
{
  SgStore *store = &idx->store;
  guint32 n = sg_be32(b->head + 4), height = sg_be32(b->head + 8), width = sg_be32(b->head + 12);

  if (width == 0 || height == 0 || height > SG_PICTURE_MAX_PIXELS / width)
    return sg_unsupported(error, "its images are %u×%u; Vitrine reads 1 to %d million pixels",
                          width, height, SG_PICTURE_MAX_PIXELS / 1000000);
  if (n == 0 || n > G_MAXINT)
    return sg_broken(error, "expected at least one image, found %u", n);
  store->n = n;
  store->width = (int)width;
  store->height = (int)height;
  /* Below 2^31 images of 2^26 pixels: no overflow. */
  idx->pixels = whole(b, path, IMAGES_HEAD + (guint64)n * width * height, error);
  return idx->pixels != NULL;
}

static gboolean
open_images(SgIdx *idx, const char *path, GError **error)
{
  Bytes b = {0};
  gboolean ok = open_bytes(&b, path, IMAGES_HEAD, error) &&
                check_head(&b, IMAGES_HEAD, MAGIC_IMAGES, "images", error) &&
                read_images(idx, &b, path, error);

  g_clear_pointer(&b.source, sg_source_unref);
  return ok;
}

static gboolean
read_labels(SgIdx *idx, const Bytes *b, const char *path, GError **error)
{
  guint32 n = sg_be32(b->head + 4);

  if (n != idx->store.n)
    return sg_broken(error, "expected labels for the %u images of %s, found %u", idx->store.n,
                     idx->images_name, n);
  g_autoptr(SgSource) source = whole(b, path, LABELS_HEAD + (guint64)n, error);
  g_autofree guint8 *bytes = g_try_malloc(n);
  idx->store.classes = g_try_new(guint32, n);
  if (source && (!bytes || !idx->store.classes))
    return sg_no_memory(error, "for the labels");
  if (!source || !sg_source_read(source, LABELS_HEAD, bytes, n, error))
    return FALSE;
  for (guint32 i = 0; i < n; i++) {
    idx->store.classes[i] = bytes[i];
    idx->store.label_dim = MAX(idx->store.label_dim, (guint)bytes[i] + 1);
  }
  return TRUE;
}

static gboolean
open_labels(SgIdx *idx, const char *path, GError **error)
{
  Bytes b = {0};
  gboolean ok = open_bytes(&b, path, LABELS_HEAD, error) &&
                check_head(&b, LABELS_HEAD, MAGIC_LABELS, "labels", error) &&
                read_labels(idx, &b, path, error);

  g_clear_pointer(&b.source, sg_source_unref);
  return ok;
}

/* ---- which file ------------------------------------------------------------------------------ */

/* TRUE if all files of the folder have IDX names; the images among them, sorted. */
static gboolean
list_folder(const char *path, GPtrArray *images)
{
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  const char *base;

  while (dir && (base = g_dir_read_name(dir))) {
    if (base[0] == '.')
      continue;
    if (has_idx_name(base, '3'))
      g_ptr_array_add(images, g_build_filename(path, base, NULL));
    else if (!has_idx_name(base, '1'))
      return FALSE;
  }
  return images->len > 0;
}

gboolean
sg_idx_recognise(const char *path)
{
  g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *base = g_path_get_basename(path);
  guint8 magic[4];

  if (g_file_test(path, G_FILE_TEST_IS_DIR))
    return list_folder(path, images);
  if (has_idx_name(base, '3') || has_idx_name(base, '1'))
    return TRUE;
  g_autoptr(SgSource) s = sg_source_open(path, NULL);
  return s && sg_source_read(s, 0, magic, 4, NULL) && sg_be32(magic) == MAGIC_IMAGES;
}

/* The training images of a folder: a set ends with its own test images ("t10k-…"), which are left
 * for testing. */
static char *
choose_images(const char *path, GError **error)
{
  g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(g_free);
  const char *found = NULL;

  if (!g_file_test(path, G_FILE_TEST_IS_DIR))
    return g_strdup(path);
  list_folder(path, images);
  for (guint i = 0; i < images->len; i++) {
    const char *base = strrchr(images->pdata[i], '/');
    if (images->len > 1 && !strstr(base, "train"))
      continue;
    if (found) {
      sg_unsupported(error, "expected one file of training images, found several: choose %s or %s",
                     found, (char *)images->pdata[i]);
      return NULL;
    }
    found = images->pdata[i];
  }
  if (!found)
    sg_unsupported(error, "expected a file of training images, found %u others: choose one",
                   images->len);
  return g_strdup(found);
}

static gboolean
idx_read(SgStore *store, guint index, guint8 *pixels, GError **error)
{
  gsize n = (gsize)store->width * (gsize)store->height;
  return sg_source_read(((SgIdx *)store)->pixels, IMAGES_HEAD + (guint64)index * n, pixels, n,
                        error);
}

static char *
idx_name(const SgStore *store, guint index)
{
  return g_strdup_printf("%s[%u]", ((const SgIdx *)store)->images_name, index);
}

static void
idx_free(SgStore *store)
{
  SgIdx *idx = (SgIdx *)store;

  g_clear_pointer(&idx->pixels, sg_source_unref);
  g_free(idx->images_name);
  g_free(idx);
}

static gboolean
open_beside(SgIdx *idx, const char *images, GError **error)
{
  g_autofree char *labels = labels_path(images);

  if (!labels)
    return sg_unsupported(error,
                          "%s: expected a file of labels beside it (train-labels-idx1-ubyte for "
                          "train-images-idx3-ubyte), found none",
                          images);
  if (open_labels(idx, labels, error))
    return TRUE;
  g_prefix_error(error, "%s: ", labels);
  return FALSE;
}

SgStore *
sg_idx_open(const char *path, gboolean use_labels, GError **error)
{
  g_autofree char *images = choose_images(path, error);

  if (!images) {
    g_prefix_error(error, "%s: ", path);
    return NULL;
  }
  SgIdx *idx = g_new0(SgIdx, 1);
  idx->store = (SgStore){
      .kind = g_strdup("IDX"), .channels = 1, .read = idx_read, .name = idx_name, .free = idx_free};
  g_autoptr(SgStore) store = &idx->store;
  idx->images_name = g_path_get_basename(images);
  if (!open_images(idx, images, error)) {
    g_prefix_error(error, "%s: ", images);
    return NULL;
  }
  return !use_labels || open_beside(idx, images, error) ? g_steal_pointer(&store) : NULL;
}
