#include "engine/formats/archive.h"
#include "engine/formats/archive-builder.h"
#include "engine/formats/format-error.h"
#include "engine/formats/unpack.h"
#include "engine/formats/zip-reader.h"
#include <string.h>

/* Names are paths of short words; longer ones are an attempt to use up memory. */
#define MAX_NAME 512

static void
free_entry(gpointer data)
{
  SgEntry *e = data;
  g_free(e->name);
  g_free(e->dtype);
  sg_tensor_unref(e->tensor);
  g_free(e);
}

SgArchive *
sg_archive_new(const char *path, SgContainer container, const char *kind)
{
  SgArchive *a = g_new0(SgArchive, 1);
  g_atomic_ref_count_init(&a->ref);
  a->path = g_strdup(path);
  a->container = container;
  a->kind = g_strdup(kind);
  a->entries = g_ptr_array_new_with_free_func(free_entry);
  a->by_name = g_hash_table_new(g_str_hash, g_str_equal);
  a->attributes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return a;
}

SgArchive *
sg_archive_ref(SgArchive *a)
{
  g_atomic_ref_count_inc(&a->ref);
  return a;
}

void
sg_archive_unref(SgArchive *a)
{
  if (!a || !g_atomic_ref_count_dec(&a->ref))
    return;
  g_hash_table_unref(a->by_name);
  g_hash_table_unref(a->attributes);
  g_ptr_array_unref(a->entries);
  g_free(a->kind);
  g_free(a->path);
  g_free(a);
}

SgTensor *
sg_archive_tensor(const SgArchive *a, const char *name)
{
  SgEntry *e = g_hash_table_lookup(a->by_name, name);
  return e ? e->tensor : NULL;
}

const char *
sg_archive_attribute(const SgArchive *a, const char *name)
{
  return g_hash_table_lookup(a->attributes, name);
}

gboolean
sg_archive_add(SgArchive *a, const char *name, const char *dtype, SgTensor *tensor)
{
  if (g_hash_table_contains(a->by_name, name))
    return FALSE;
  SgEntry *e = g_new0(SgEntry, 1);
  e->name = g_strdup(name);
  e->dtype = g_strdup(dtype);
  e->tensor = sg_tensor_ref(tensor);
  g_ptr_array_add(a->entries, e);
  g_hash_table_insert(a->by_name, e->name, e);
  return TRUE;
}

/* ---- the builder ----------------------------------------------------------------------------- */

static void
builder_init(SgArchiveBuilder *b, SgArchive *archive, SgSource *source)
{
  guint64 size = sg_source_size(source);
  memset(b, 0, sizeof *b);
  b->archive = archive;
  b->source = source;
  b->storages = g_ptr_array_new_with_free_func((GDestroyNotify)sg_storage_free);
  b->views = g_ptr_array_new_with_free_func((GDestroyNotify)sg_view_free);
  b->names = g_hash_table_new(g_str_hash, g_str_equal);
  b->pickles = g_ptr_array_new_with_free_func((GDestroyNotify)sg_pickle_free);
  b->elements_left = 4 * size + 65536;
  b->text_left = 4 * size + (1 << 20);
}

static void
builder_clear(SgArchiveBuilder *b)
{
  g_hash_table_unref(b->names);
  g_ptr_array_unref(b->views);
  g_ptr_array_unref(b->storages);
  g_ptr_array_unref(b->pickles);
  g_clear_pointer(&b->zip, sg_zip_close);
}

SgStorage *
sg_archive_builder_add_storage(SgArchiveBuilder *b, SgStorage *storage)
{
  g_ptr_array_add(b->storages, storage);
  return storage;
}

static gboolean
take_text(SgArchiveBuilder *b, const char *name, gsize extra, GError **error)
{
  gsize length = strlen(name);
  if (length > MAX_NAME)
    return sg_broken(error, "a name in it is %" G_GSIZE_FORMAT " bytes long", length);
  if (!g_utf8_validate(name, (gssize)length, NULL))
    return sg_broken(error, "a name in it is not UTF-8 text");
  if (length + extra + 64 > b->text_left)
    return sg_broken(error, "it holds more names than a file of its size can");
  b->text_left -= length + extra + 64;
  return TRUE;
}

gboolean
sg_archive_builder_add_view(SgArchiveBuilder *b, const char *name, const SgView *view,
                            GError **error)
{
  guint64 numel;
  SgView named = *view, *known;

  if (!take_text(b, name, sizeof(SgView), error))
    return FALSE;
  named.name = (char *)name;
  if (!sg_view_check(&named, &numel, error))
    return FALSE;
  if (numel > b->elements_left)
    return sg_broken(error, "its tensors have more elements than a file of its size can hold");
  b->elements_left -= numel;
  view->storage->uses++;
  known = g_hash_table_lookup(b->names, name);
  if (known) {
    named.name = known->name;
    known->storage->uses--;
    *known = named;
    return TRUE;
  }
  known = g_memdup2(&named, sizeof named);
  known->name = g_strdup(name);
  g_ptr_array_add(b->views, known);
  g_hash_table_insert(b->names, known->name, known);
  return TRUE;
}

gboolean
sg_archive_builder_add_attribute(SgArchiveBuilder *b, const char *name, const char *text,
                                 GError **error)
{
  if (!take_text(b, name, strlen(text), error))
    return FALSE;
  g_hash_table_insert(b->archive->attributes, g_strdup(name), g_strdup(text));
  return TRUE;
}

static gboolean
read_tensors(SgArchiveBuilder *b, GError **error)
{
  for (guint i = 0; i < b->views->len; i++) {
    const SgView *view = b->views->pdata[i];
    g_autoptr(SgTensor) tensor = sg_view_read(view, error);
    if (!tensor)
      return FALSE;
    sg_archive_add(b->archive, view->name, sg_dtype_name(view->storage->dtype), tensor);
  }
  return TRUE;
}

/* ---- telling files apart --------------------------------------------------------------------- */

#define PEEK 512

static gboolean
begins(const guint8 *head, gsize n, const char *magic, gsize length)
{
  return n >= length && memcmp(head, magic, length) == 0;
}

#define BEGINS(magic) begins(head, n, magic, sizeof(magic) - 1)

/* A protocol buffer whose first field is a small version number, and whose second a text (the
 * program that wrote it) or the graph. */
static gboolean
is_onnx(const guint8 *head, gsize n)
{
  return n > 8 && head[0] == 0x08 && head[1] >= 3 && head[1] <= 20 &&
         (head[2] == 0x12 || head[2] == 0x3a);
}

/* What people open by mistake, by its first bytes. */
static const char *
name_foreign_file(const guint8 *head, gsize n)
{
  if (BEGINS("\x89PNG\r\n\x1a\n"))
    return "a PNG picture, not a model";
  if (BEGINS("\xff\xd8\xff"))
    return "a JPEG picture, not a model";
  if (BEGINS("GIF8"))
    return "a GIF picture, not a model";
  if (BEGINS("RIFF"))
    return "a picture, sound or video (RIFF), not a model";
  if (BEGINS("\x93NUMPY"))
    return "a NumPy vector (.npy), not a model";
  if (BEGINS("\x89HDF"))
    return "an HDF5 file (Keras); Vitrine reads PyTorch, NVlabs and safetensors files";
  if (BEGINS("\x1f\x8b") || BEGINS("BZh") ||
      BEGINS("\xfd"
             "7zXZ"))
    return "compressed more than once; unpack it first";
  if (BEGINS("7z\xbc\xaf") || BEGINS("Rar!"))
    return "a compressed archive; unpack it first";
  if (BEGINS("GGUF"))
    return "a GGUF file, as language models come; it holds no GAN";
  if (is_onnx(head, n))
    return "an ONNX program; Vitrine reads weights, not programs: open the file it was made from";
  if (BEGINS("%PDF"))
    return "a PDF document, not a model";
  if (BEGINS("\x7f"
             "ELF"))
    return "a program, not a model";
  if (n >= 4 && memcmp(head, "version https://git-lfs", MIN(n, 23)) == 0)
    return "only a Git LFS pointer to the model; fetch the file itself (git lfs pull)";
  return NULL;
}

static gboolean
is_html(const guint8 *head, gsize n)
{
  while (n > 0 && g_ascii_isspace(*head))
    head++, n--;
  return (n >= 5 && g_ascii_strncasecmp((const char *)head, "<html", 5) == 0) ||
         (n >= 9 && g_ascii_strncasecmp((const char *)head, "<!doctype", 9) == 0);
}

static gboolean
is_safetensors(const guint8 *head, gsize n)
{
  guint64 length;
  if (n < 8)
    return FALSE;
  memcpy(&length, head, 8);
  /* A length that cannot be right still makes it a safetensors file, a broken one. */
  return GUINT64_FROM_LE(length) > 0 && n > 8 && head[8] == '{';
}

static gboolean
unknown_file(const guint8 *head, gsize n, GError **error)
{
  const char *foreign = name_foreign_file(head, n);
  if (foreign)
    return sg_unsupported(error, "this is %s", foreign);
  if (is_html(head, n))
    return sg_unsupported(error, "this is a web page, not a model: the download has failed");
  if (strchr("(c]})l", head[0]))
    return sg_unsupported(error, "this is a pickle of protocol 0 or 1, or no model at all; Vitrine "
                                 "reads protocols 2 to 5");
  return sg_unsupported(error,
                        "this is neither a safetensors file nor a pickle nor a PyTorch file");
}

static gboolean
read_container(SgArchiveBuilder *b, GError **error)
{
  static const char legacy[] = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e";
  guint8 head[PEEK];
  gsize n = MIN(sg_source_size(b->source), PEEK);

  if (n == 0)
    return sg_broken(error, "the file is empty");
  if (!sg_source_read(b->source, 0, head, n, error))
    return FALSE;
  if (BEGINS("PK\3\4") && sg_npz_recognises(b->source)) {
    b->archive->container = SG_CONTAINER_NPZ;
    return sg_npz_archive_read(b, error);
  }
  if (BEGINS("PK\3\4") || BEGINS("PK\5\6")) {
    b->archive->container = SG_CONTAINER_TORCH_ZIP;
    return sg_torch_zip_read(b, error);
  }
  if (begins(head, n, legacy, sizeof legacy - 1)) {
    b->archive->container = SG_CONTAINER_TORCH_LEGACY;
    return sg_torch_legacy_read(b, error);
  }
  /* A safetensors header may be 0x…80 bytes long, so a pickle's first byte alone proves nothing. */
  if (head[0] == 0x80 && !(is_safetensors(head, n) && head[6] == 0 && head[7] == 0)) {
    b->archive->container = SG_CONTAINER_PICKLE;
    return sg_pickle_file_read(b, error);
  }
  if (is_safetensors(head, n) && !is_html(head, n)) {
    b->archive->container = SG_CONTAINER_SAFETENSORS;
    return sg_safetensors_read(b, error);
  }
  return unknown_file(head, n, error);
}

/* An archive, in it a compressed file, in it another archive: nobody packs more often. */
#define MAX_PACKED 3

/* What is packed in `packed`, which goes; NULL stays NULL. *where tells all the ways in. */
static SgSource *
unpack_once(SgSource *packed, guint64 most, int depth, char **where, GError **error)
{
  char *within = NULL, *outside = *where;
  SgSource *inner = NULL;

  if (depth < MAX_PACKED)
    inner = sg_unpack(packed, most, &within, error);
  else
    sg_unsupported(error, "it is packed more than %d times; unpack it", MAX_PACKED);
  sg_source_unref(packed);
  if (within && outside) {
    *where = g_strdup_printf("%s, %s", within, outside);
    g_free(within);
    g_free(outside);
  } else if (within) {
    *where = within;
  }
  return inner;
}

/* `source` itself, or what is packed in it. */
static SgSource *
unpacked(SgSource *source, char **where, GError **error)
{
  SgSource *now = sg_source_ref(source);
  guint64 most = sg_unpacked_most(source);

  for (int depth = 0; now; depth++) {
    guint8 head[PEEK];
    gsize n = MIN(sg_source_size(now), PEEK);

    if (!sg_source_read(now, 0, head, n, error)) {
      sg_source_unref(now);
      return NULL;
    }
    if (!sg_is_packed(now, head, n))
      return now;
    now = unpack_once(now, most, depth, where, error);
  }
  return NULL;
}

static gboolean
read_source(SgArchive *archive, SgSource *source, GError **error)
{
  SgArchiveBuilder b;
  gboolean ok;

  builder_init(&b, archive, source);
  ok = read_container(&b, error) && read_tensors(&b, error);
  builder_clear(&b);
  if (ok && archive->entries->len == 0)
    ok = sg_unsupported(error, "%s that holds no tensors, so no model",
                        archive->kind ? archive->kind : "a file");
  return ok;
}

static SgArchive *
read_archive(const char *path, SgSource *source, GError **error)
{
  g_autoptr(SgArchive) archive = sg_archive_new(path, SG_CONTAINER_PICKLE, NULL);
  g_autofree char *where = NULL;
  g_autoptr(SgSource) inner = unpacked(source, &where, error);

  if (!inner || !read_source(archive, inner, error)) {
    if (where)
      g_prefix_error(error, "%s: ", where);
    g_prefix_error(error, "%s: ", path);
    return NULL;
  }
  if (where) {
    g_autofree char *kind = g_steal_pointer(&archive->kind);
    archive->kind = g_strdup_printf("%s, %s", kind, where);
  }
  return g_steal_pointer(&archive);
}

SgArchive *
sg_archive_open(const char *path, GError **error)
{
  g_autoptr(SgSource) source = sg_source_open(path, error);
  if (!source) {
    g_prefix_error(error, "%s: ", path);
    return NULL;
  }
  return read_archive(path, source, error);
}

SgArchive *
sg_archive_open_memory(const char *path, const guint8 *data, gsize size, GError **error)
{
  g_autoptr(SgSource) source = sg_source_new_memory(data, size);
  return read_archive(path, source, error);
}
