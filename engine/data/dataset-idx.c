/* IDX, the format of MNIST and its relatives: a magic number, big-endian sizes, bytes. Images and
 * labels are two files whose names differ in one word; both may be gzipped. */
#include "engine/formats/format-error.h"
#include "engine/pictures/picture.h"
#include "engine/data/dataset-private.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define MAGIC_IMAGES 0x0803 /* unsigned bytes, three dimensions */
#define MAGIC_LABELS 0x0801
#define IMAGES_HEAD  16
#define LABELS_HEAD  8
#define CHUNK        (256 * 1024)

/* ---- names ----------------------------------------------------------------------------------- */

static gboolean
is_packed(const char *path)
{
  return g_str_has_suffix(path, ".gz");
}

/* "train-images-idx3-ubyte.gz", "train-images.idx3-ubyte" */
static gboolean
has_idx_name(const char *base, char dimensions)
{
  g_autofree char *word = g_strdup_printf("idx%c-ubyte", dimensions);
  return strstr(base, word) != NULL;
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

/* gzread() would take a file that is not packed as it is. */
static gboolean
unpack_to(gzFile in, int out, guint64 limit, GError **error)
{
  g_autofree guint8 *chunk = g_malloc(CHUNK);
  guint64 total = 0;
  int got, code;

  if (gzdirect(in))
    return sg_broken(error, "not a gzip file, though its name says so");
  while ((got = gzread(in, chunk, CHUNK)) > 0) {
    total += (guint64)got;
    if (total > limit)
      return sg_broken(error, "unpacks to more than gzip can pack");
    for (int done = 0; done < got;) {
      gssize n = write(out, chunk + done, (gsize)(got - done));
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return sg_broken(error, "cannot be unpacked to the folder for temporary files (%s): %s",
                         g_get_tmp_dir(), g_strerror(errno));
      done += (int)n;
    }
  }
  gzerror(in, &code);
  if (got < 0 || (code != Z_OK && code != Z_STREAM_END))
    return sg_broken(error, "the gzip file is damaged or cut off");
  return TRUE;
}

/* Packed files cannot be read here and there: they are unpacked once, to a file without a name that
 * goes when the set is closed. */
static SgSource *
unpack(const char *path, guint64 packed_size, GError **error)
{
  g_autofree char *temporary = NULL;
  SgSource *source = NULL;
  int fd = g_file_open_tmp("vitrine-idx-XXXXXX", &temporary, error);

  if (fd < 0)
    return NULL;
  gzFile in = gzopen(path, "rbe");
  if (!in)
    sg_broken(error, "cannot be opened: %s", g_strerror(errno));
  else if (unpack_to(in, fd, packed_size * SG_MAX_DEFLATE_RATIO + 1024, error))
    source = sg_source_open(temporary, error);
  if (in)
    gzclose(in);
  close(fd);
  g_unlink(temporary);
  return source;
}

static SgSource *
open_bytes(const char *path, GError **error)
{
  g_autoptr(SgSource) source = sg_source_open(path, error);

  if (!source || !is_packed(path))
    return g_steal_pointer(&source);
  return unpack(path, sg_source_size(source), error);
}

/* ---- contents -------------------------------------------------------------------------------- */

static gboolean
read_head(SgSource *s, guint8 *head, gsize n, guint32 magic, const char *what, GError **error)
{
  guint64 size = sg_source_size(s);

  if (!sg_source_read(s, 0, head, MIN(n, size), error))
    return FALSE;
  if (size >= 4 && sg_be32(head) != magic)
    return sg_unsupported(error, "expected an IDX file of %s (it begins with %08x), found %08x",
                          what, magic, sg_be32(head));
  if (size < n)
    return sg_broken(
        error, "expected an IDX file of %s, found only %" G_GUINT64_FORMAT " bytes: it is cut off",
        what, size);
  return TRUE;
}

static gboolean
check_length(SgSource *s, guint64 expected, GError **error)
{
  if (sg_source_size(s) == expected)
    return TRUE;
  return sg_broken(error,
                   "expected %" G_GUINT64_FORMAT " bytes, as its header says, found "
                   "%" G_GUINT64_FORMAT,
                   expected, sg_source_size(s));
}

static gboolean
open_images(SgIdx *idx, const char *path, GError **error)
{
  guint8 head[IMAGES_HEAD];

  if (!(idx->pixels = open_bytes(path, error)) ||
      !read_head(idx->pixels, head, sizeof head, MAGIC_IMAGES, "images", error))
    return FALSE;
  idx->n = sg_be32(head + 4);
  idx->height = sg_be32(head + 8);
  idx->width = sg_be32(head + 12);
  if (idx->width == 0 || idx->height == 0 || idx->height > SG_PICTURE_MAX_PIXELS / idx->width)
    return sg_unsupported(error, "its images are %u×%u; Vitrine reads 1 to %d million pixels",
                          idx->width, idx->height, SG_PICTURE_MAX_PIXELS / 1000000);
  if (idx->n == 0 || idx->n > G_MAXINT)
    return sg_broken(error, "expected at least one image, found %u", idx->n);
  /* Below 2^31 images of 2^26 pixels: no overflow. */
  return check_length(idx->pixels, IMAGES_HEAD + (guint64)idx->n * idx->width * idx->height, error);
}

static gboolean
open_labels(SgIdx *idx, const char *path, GError **error)
{
  g_autoptr(SgSource) s = open_bytes(path, error);
  guint8 head[LABELS_HEAD];

  if (!s || !read_head(s, head, sizeof head, MAGIC_LABELS, "labels", error) ||
      !check_length(s, LABELS_HEAD + (guint64)sg_be32(head + 4), error))
    return FALSE;
  if (sg_be32(head + 4) != idx->n)
    return sg_broken(error, "expected labels for the %u images of %s, found %u", idx->n,
                     idx->images_name, sg_be32(head + 4));
  idx->labels = g_try_malloc(idx->n);
  if (!idx->labels)
    return sg_broken(error, "not enough memory for the labels");
  return sg_source_read(s, LABELS_HEAD, idx->labels, idx->n, error);
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

SgIdx *
sg_idx_open(const char *path, gboolean use_labels, GError **error)
{
  g_autoptr(SgIdx) idx = g_new0(SgIdx, 1);
  g_autofree char *images = choose_images(path, error);

  if (!images) {
    g_prefix_error(error, "%s: ", path);
    return NULL;
  }
  idx->images_name = g_path_get_basename(images);
  if (!open_images(idx, images, error)) {
    g_prefix_error(error, "%s: ", images);
    return NULL;
  }
  if (!use_labels)
    return g_steal_pointer(&idx);
  g_autofree char *labels = labels_path(images);
  if (!labels) {
    sg_unsupported(error,
                   "%s: expected a file of labels beside it (train-labels-idx1-ubyte for "
                   "train-images-idx3-ubyte), found none",
                   images);
    return NULL;
  }
  if (!open_labels(idx, labels, error)) {
    g_prefix_error(error, "%s: ", labels);
    return NULL;
  }
  return g_steal_pointer(&idx);
}

void
sg_idx_free(SgIdx *idx)
{
  if (!idx)
    return;
  g_clear_pointer(&idx->pixels, sg_source_unref);
  g_free(idx->images_name);
  g_free(idx->labels);
  g_free(idx);
}

gboolean
sg_idx_read(SgIdx *idx, guint index, guint8 *pixels, GError **error)
{
  gsize n = (gsize)idx->width * idx->height;
  return sg_source_read(idx->pixels, IMAGES_HEAD + (guint64)index * n, pixels, n, error);
}
