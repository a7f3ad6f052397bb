/* CIFAR-10 and CIFAR-100 as they are handed out (cs.toronto.edu/~kriz/cifar.html): a tarball or its
 * folder with files of 32×32 pictures, plane after plane. Of the binary version each record is one
 * label (CIFAR-100: a coarse and a fine one) and 3,072 bytes; the Python version's files are
 * pickles of a dictionary, read by the machine that executes nothing. The test pictures are left
 * for testing. */
#include "engine/data/dataset-private.h"
#include "engine/formats/format-error.h"
#include "engine/formats/pickle.h"
#include <string.h>

#define SIDE        32
#define PLANE       (SIDE * SIDE)
#define BYTES       (3 * PLANE)
#define MAX_CLASSES 1000
#define MAX_TAR     (1024 * 1024 * 1024)
#define TAR_BLOCK   512

typedef struct {
  SgSource *source;
  guint n, record, skip; /* pictures; bytes of a record and of what stands before its pixels */
} Batch;

typedef struct {
  SgStore store;       /* first: an SgStore* is one of these */
  GHashTable *members; /* name without folders -> SgSource */
  GPtrArray *pickles;  /* of SgPickle: the nodes that batches borrow from */
  GArray *batches;     /* of Batch */
  GArray *labels;      /* of guint32 */
} Cifar;

/* ---- files ----------------------------------------------------------------------------------- */

static const char *const wanted[] = {"data_batch_1",
                                     "data_batch_2",
                                     "data_batch_3",
                                     "data_batch_4",
                                     "data_batch_5",
                                     "data_batch_1.bin",
                                     "data_batch_2.bin",
                                     "data_batch_3.bin",
                                     "data_batch_4.bin",
                                     "data_batch_5.bin",
                                     "train",
                                     "train.bin",
                                     "batches.meta",
                                     "batches.meta.txt",
                                     "meta",
                                     "fine_label_names.txt"};

static gboolean
is_wanted(const char *base)
{
  for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++)
    if (g_str_equal(wanted[i], base))
      return TRUE;
  return FALSE;
}

/* The folder that holds the files: `path` or the one that the tarball makes in it, or NULL. */
static char *
find_folder(const char *path)
{
  static const char *const folders[] = {".", "cifar-10-batches-py", "cifar-10-batches-bin",
                                        "cifar-100-python", "cifar-100-binary"};
  static const char *const signs[] = {"data_batch_1", "data_batch_1.bin", "fine_label_names.txt",
                                      "meta"};

  for (gsize i = 0; i < G_N_ELEMENTS(folders); i++)
    for (gsize k = 0; k < G_N_ELEMENTS(signs); k++) {
      g_autofree char *file = g_build_filename(path, folders[i], signs[k], NULL);
      if (g_file_test(file, G_FILE_TEST_IS_REGULAR))
        return g_build_filename(path, folders[i], NULL);
    }
  return NULL;
}

static gboolean
is_tarball(const char *path)
{
  g_autofree char *base = g_path_get_basename(path);

  return strstr(base, "cifar") &&
         (g_str_has_suffix(base, ".tar.gz") || g_str_has_suffix(base, ".tgz") ||
          g_str_has_suffix(base, ".tar"));
}

gboolean
sg_cifar_recognise(const char *path)
{
  if (!g_file_test(path, G_FILE_TEST_IS_DIR))
    return is_tarball(path);
  g_autofree char *folder = find_folder(path);
  return folder != NULL;
}

static gboolean
open_folder(Cifar *c, const char *path, GError **error)
{
  g_autofree char *folder = find_folder(path);

  for (gsize i = 0; folder && i < G_N_ELEMENTS(wanted); i++) {
    g_autofree char *file = g_build_filename(folder, wanted[i], NULL);
    if (!g_file_test(file, G_FILE_TEST_EXISTS))
      continue;
    SgSource *source = sg_source_open(file, error);
    if (!source) {
      g_prefix_error(error, "%s: ", wanted[i]);
      return FALSE;
    }
    g_hash_table_insert(c->members, g_strdup(wanted[i]), source);
  }
  return TRUE;
}

/* The wanted files of a tar archive (POSIX ustar: blocks of 512 bytes, a header before each). */
static gboolean
open_tar(Cifar *c, SgSource *tar, GError **error)
{
  guint64 size = sg_source_size(tar), at = 0;
  guint8 head[TAR_BLOCK];

  while (at + TAR_BLOCK <= size && sg_source_read(tar, at, head, TAR_BLOCK, error)) {
    g_autofree char *name = g_strndup((char *)head, 100), *text = g_strndup((char *)head + 124, 12);
    g_autofree char *base = g_path_get_basename(name);
    guint64 length = g_ascii_strtoull(text, NULL, 8);
    if (!*name)
      return TRUE;
    if (length > size - at - TAR_BLOCK)
      return sg_broken(error, "the tar archive is damaged or cut off");
    if ((head[156] == '0' || head[156] == '\0') && is_wanted(base)) {
      SgSource *part = sg_source_new_part(tar, at + TAR_BLOCK, length, error);
      if (!part)
        return FALSE;
      g_hash_table_insert(c->members, g_steal_pointer(&base), part);
    }
    at += TAR_BLOCK + (length + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
  }
  return at + TAR_BLOCK > size;
}

static gboolean
open_members(Cifar *c, const char *path, GError **error)
{
  if (g_file_test(path, G_FILE_TEST_IS_DIR))
    return open_folder(c, path, error);
  gboolean packed = !g_str_has_suffix(path, ".tar");
  g_autoptr(SgSource) tar =
      packed ? sg_gz_unpack(path, MAX_TAR, FALSE, error) : sg_source_open(path, error);
  return tar && open_tar(c, tar, error);
}

/* ---- the binary version ---------------------------------------------------------------------- */

static gboolean
add_binary(Cifar *c, SgSource *source, guint labels, GError **error)
{
  guint64 size = sg_source_size(source);
  Batch b = {.source = sg_source_ref(source), .record = BYTES + labels, .skip = labels};

  g_array_append_val(c->batches, b);
  if (size == 0 || size % b.record != 0 || size / b.record > G_MAXINT32 / 8)
    return sg_broken(error, "expected records of %u bytes, found %" G_GUINT64_FORMAT " in all",
                     b.record, size);
  b.n = (guint)(size / b.record);
  g_array_index(c->batches, Batch, c->batches->len - 1) = b;
  for (guint i = 0; i < b.n; i++) {
    guint8 label; /* the last one before the pixels: of two the fine one */
    if (!sg_source_read(source, (guint64)i * b.record + labels - 1, &label, 1, error))
      return FALSE;
    guint32 value = label;
    g_array_append_val(c->labels, value);
  }
  return TRUE;
}

static void
read_text_names(Cifar *c, const char *name)
{
  SgSource *source = g_hash_table_lookup(c->members, name);
  g_autofree char *text = NULL;
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

  if (!source || sg_source_size(source) > 65536)
    return;
  text = g_malloc0(sg_source_size(source) + 1);
  if (!sg_source_read(source, 0, text, sg_source_size(source), NULL))
    return;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line; line++)
    if (*g_strstrip(*line))
      g_ptr_array_add(names, g_utf8_make_valid(*line, -1));
  g_ptr_array_add(names, NULL);
  c->store.label_names = (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

/* ---- the Python version ---------------------------------------------------------------------- */

/* Text and bytes alike: Python 2 wrote no difference. NULL: neither; to be freed. */
static SgSource *
bytes_of(const SgPickleNode *node, GError **error)
{
  if (node && node->type == SG_PK_STRING)
    return sg_source_new_memory((const guint8 *)node->text.data, node->text.length);
  if (node && node->type == SG_PK_BYTES)
    return sg_source_new_part(node->bytes.source, node->bytes.offset, node->bytes.length, error);
  return NULL;
}

static char *
text_of(const SgPickleNode *node)
{
  g_autoptr(SgSource) source = bytes_of(node, NULL);
  gsize n = source ? sg_source_size(source) : 0;

  if (!source || n > 256)
    return NULL;
  g_autofree char *text = g_malloc0(n + 1);
  return sg_source_read(source, 0, text, n, NULL) ? g_steal_pointer(&text) : NULL;
}

static const SgPickleNode *
value_at(const SgPickleNode *dict, const char *key)
{
  const SgPickleNode *found = NULL;

  for (gsize i = 0; dict && dict->type == SG_PK_DICT && i + 1 < dict->seq.n; i += 2) {
    g_autofree char *text = text_of(dict->seq.items[i]);
    if (text && g_str_equal(text, key))
      found = dict->seq.items[i + 1];
  }
  return found;
}

static const SgPickleNode *
load_dict(Cifar *c, SgSource *source, GError **error)
{
  SgPickle *pickle = sg_pickle_new();
  guint64 offset = 0;

  g_ptr_array_add(c->pickles, pickle);
  const SgPickleNode *root = sg_pickle_load(pickle, source, &offset, error);
  if (root && root->type != SG_PK_DICT) {
    sg_unsupported(error, "expected a dictionary with “data” and “labels”, found another object");
    return NULL;
  }
  return root;
}

static gboolean
add_labels(Cifar *c, const SgPickleNode *list, guint n, GError **error)
{
  for (guint i = 0; i < n; i++) {
    gint64 label = -1;
    if (!list || !sg_pickle_int(sg_pickle_item(list, i), &label) || label < 0 ||
        label >= MAX_CLASSES)
      return sg_broken(error, "expected %u labels from 0 on, found something else at place %u", n,
                       i);
    guint32 value = (guint32)label;
    g_array_append_val(c->labels, value);
  }
  return TRUE;
}

/* An array's bytes are the last of what its state has. */
static gboolean
add_pickle(Cifar *c, SgSource *source, GError **error)
{
  const SgPickleNode *dict = load_dict(c, source, error);
  const SgPickleNode *data = value_at(dict, "data"), *fine = value_at(dict, "fine_labels");
  Batch b = {.record = BYTES};

  if (!dict)
    return FALSE;
  if (data && data->type == SG_PK_CALL)
    data = sg_pickle_item(data->call.state, 4);
  b.source = bytes_of(data, NULL);
  guint64 size = b.source ? sg_source_size(b.source) : 0;
  b.n = (guint)(size / BYTES);
  g_array_append_val(c->batches, b);
  if (size == 0 || size % BYTES != 0 || size / BYTES > G_MAXINT32 / 8)
    return sg_broken(error,
                     "expected pixels in rows of %d bytes under “data”, found %" G_GUINT64_FORMAT
                     " bytes",
                     BYTES, size);
  return add_labels(c, fine ? fine : value_at(dict, "labels"), b.n, error);
}

static void
read_pickled_names(Cifar *c, const char *file, const char *key)
{
  SgSource *source = g_hash_table_lookup(c->members, file);
  const SgPickleNode *list = source ? value_at(load_dict(c, source, NULL), key) : NULL;
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

  for (gsize i = 0; sg_pickle_item(list, i); i++) {
    g_autofree char *text = text_of(sg_pickle_item(list, i));
    g_ptr_array_add(names, g_utf8_make_valid(text ? text : "", -1));
  }
  if (names->len == 0)
    return;
  g_ptr_array_add(names, NULL);
  c->store.label_names = (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

/* ---- the store ------------------------------------------------------------------------------- */

static gboolean
cifar_read(SgStore *store, guint index, guint8 *pixels, GError **error)
{
  Cifar *c = (Cifar *)store;
  guint8 planes[BYTES];
  guint k = 0;

  for (; index >= g_array_index(c->batches, Batch, k).n; k++)
    index -= g_array_index(c->batches, Batch, k).n;
  const Batch *b = &g_array_index(c->batches, Batch, k);
  if (!sg_source_read(b->source, (guint64)index * b->record + b->skip, planes, BYTES, error))
    return FALSE;
  for (gsize i = 0; i < PLANE; i++)
    for (gsize channel = 0; channel < 3; channel++)
      pixels[3 * i + channel] = planes[channel * PLANE + i];
  return TRUE;
}

static char *
cifar_name(const SgStore *store, guint index)
{
  return g_strdup_printf("picture %u", index);
}

static void
cifar_free(SgStore *store)
{
  Cifar *c = (Cifar *)store;

  for (guint i = 0; i < c->batches->len; i++)
    sg_source_unref(g_array_index(c->batches, Batch, i).source);
  g_array_unref(c->batches);
  g_array_unref(c->labels);
  g_ptr_array_unref(c->pickles);
  g_hash_table_unref(c->members);
  g_free(c);
}

static gboolean
add_batch(Cifar *c, const char *name, GError **error)
{
  SgSource *source = g_hash_table_lookup(c->members, name);
  gboolean binary = g_str_has_suffix(name, ".bin");

  if (!source)
    return TRUE;
  if (binary ? add_binary(c, source, g_str_equal(name, "train.bin") ? 2 : 1, error)
             : add_pickle(c, source, error))
    return TRUE;
  g_prefix_error(error, "%s: ", name);
  return FALSE;
}

static void
take_labels(Cifar *c)
{
  SgStore *s = &c->store;

  for (guint i = 0; i < c->labels->len; i++)
    s->label_dim = MAX(s->label_dim, g_array_index(c->labels, guint32, i) + 1);
  read_text_names(c, "batches.meta.txt");
  if (!s->label_names)
    read_text_names(c, "fine_label_names.txt");
  if (!s->label_names)
    read_pickled_names(c, "batches.meta", "label_names");
  if (!s->label_names)
    read_pickled_names(c, "meta", "fine_label_names");
  guint named = s->label_names ? g_strv_length(s->label_names) : 0;
  if (named < s->label_dim || named > MAX_CLASSES)
    g_clear_pointer(&s->label_names, g_strfreev);
  else
    s->label_dim = named;
  s->classes = g_memdup2(c->labels->data, c->labels->len * sizeof(guint32));
}

static gboolean
open_all(Cifar *c, const char *path, gboolean use_labels, GError **error)
{
  if (!open_members(c, path, error))
    return (error && *error) ? FALSE : sg_broken(error, "the tar archive is cut off");
  for (gsize i = 0; i < 12; i++) /* those that hold pictures */
    if (!add_batch(c, wanted[i], error))
      return FALSE;
  for (guint i = 0; i < c->batches->len; i++)
    c->store.n += g_array_index(c->batches, Batch, i).n;
  if (c->store.n == 0)
    return sg_unsupported(error, "expected data_batch_1 to data_batch_5 or train, as CIFAR has "
                                 "them, found none of these files");
  if (use_labels)
    take_labels(c);
  return TRUE;
}

SgStore *
sg_cifar_open(const char *path, gboolean use_labels, GError **error)
{
  Cifar *c = g_new0(Cifar, 1);
  g_autoptr(SgStore) store = &c->store;

  c->store = (SgStore){.kind = g_strdup("CIFAR"),
                       .width = SIDE,
                       .height = SIDE,
                       .channels = 3,
                       .read = cifar_read,
                       .name = cifar_name,
                       .free = cifar_free};
  c->members =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)sg_source_unref);
  c->pickles = g_ptr_array_new_with_free_func((GDestroyNotify)sg_pickle_free);
  c->batches = g_array_new(FALSE, FALSE, sizeof(Batch));
  c->labels = g_array_new(FALSE, FALSE, sizeof(guint32));
  if (open_all(c, path, use_labels, error))
    return g_steal_pointer(&store);
  g_prefix_error(error, "%s: ", path);
  return NULL;
}
