#include "engine/formats/unpack.h"
#include "engine/formats/archive-builder.h"
#include "engine/formats/format-error.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static gboolean
begins(const guint8 *head, gsize n, const char *magic, gsize length)
{
  return n >= length && memcmp(head, magic, length) == 0;
}

#define BEGINS(magic) begins(head, n, magic, sizeof(magic) - 1)

gboolean
sg_is_packed(SgSource *source, const guint8 *head, gsize n)
{
  if (BEGINS("PK\3\4") || BEGINS("PK\5\6"))
    return !sg_torch_zip_recognises(source) && !sg_npz_recognises(source);
  return BEGINS("\x1f\x8b") || BEGINS("BZh") ||
         BEGINS("\xfd"
                "7zXZ") ||
         BEGINS("\x28\xb5\x2f\xfd") || (n > 262 && memcmp(head + 257, "ustar", 5) == 0);
}

/* Zeros of a pruned network shrink, too; what shrinks more is not made of weights. */
#define MAX_RATIO 64

guint64
sg_unpacked_most(SgSource *packed)
{
  return MAX_RATIO * sg_source_size(packed) + (1 << 20);
}

#ifdef SG_HAVE_LIBARCHIVE

#  include <archive.h>
#  include <archive_entry.h>

#  define CHUNK       65536
#  define MAX_ENTRIES 100000

static const char zip_advice[] = " (a PyTorch file would have data.pkl in it)";
static const char tar_advice[] =
    " (torch 0.1 stored models as tar archives; save such a model again with a newer torch)";

typedef struct {
  struct archive *archive;
  SgSource *packed;
  enum { ZIP, TAR, COMPRESSED } kind;
  guint64 position;
  guint8 buffer[CHUNK];
  guint64 bytes_left; /* that may still be unpacked, wanted or not */
  GError *why;        /* the first read that failed: libarchive does not always keep why */
} Unpacker;

static gboolean
failed(Unpacker *u, const char *advice, GError **error)
{
  const char *said = archive_error_string(u->archive);

  return sg_broken(error, "it cannot be unpacked: %s%s",
                   u->why ? u->why->message
                   : said ? said
                          : "it is damaged",
                   advice);
}

static la_ssize_t
read_cb(struct archive *archive, void *user, const void **data)
{
  Unpacker *u = user;
  gsize n = MIN(sg_source_size(u->packed) - u->position, CHUNK);

  if (!sg_source_read(u->packed, u->position, u->buffer, n, u->why ? NULL : &u->why)) {
    archive_set_error(archive, EIO, "it cannot be read");
    return -1;
  }
  u->position += n;
  *data = u->buffer;
  return (la_ssize_t)n;
}

static la_int64_t
seek_cb(struct archive *archive, void *user, la_int64_t offset, int whence)
{
  Unpacker *u = user;
  gint64 size = (gint64)sg_source_size(u->packed);
  gint64 base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (gint64)u->position : size;

  if (offset < -base || offset > size - base) {
    archive_set_error(archive, EINVAL, "it leads outside of itself");
    return ARCHIVE_FATAL;
  }
  u->position = (guint64)(base + offset);
  return base + offset;
}

/* Filters by name: libarchive would run programs for some others. */
static gboolean
open_archive(Unpacker *u, GError **error)
{
  struct archive *a = u->archive = archive_read_new();

  if (!a)
    return sg_no_memory(error, "to unpack it");
  if (u->kind == ZIP) {
    archive_read_support_format_zip(a);
  } else if (u->kind == TAR) {
    archive_read_support_format_tar(a);
  } else {
    /* Without zip: what is compressed may be a file of PyTorch, which is one. */
    archive_read_support_filter_gzip(a);
    archive_read_support_filter_bzip2(a);
    archive_read_support_filter_xz(a);
    archive_read_support_filter_zstd(a);
    archive_read_support_format_tar(a);
    archive_read_support_format_raw(a);
  }
  archive_read_set_read_callback(a, read_cb);
  archive_read_set_seek_callback(a, seek_cb);
  archive_read_set_callback_data(a, u);
  return archive_read_open1(a) == ARCHIVE_OK || failed(u, u->kind == TAR ? tar_advice : "", error);
}

/* Takes the next piece; *n is 0 at the end. */
static gboolean
next_piece(Unpacker *u, const void **data, gsize *n, GError **error)
{
  la_int64_t offset;
  int status = archive_read_data_block(u->archive, data, n, &offset);

  if (status == ARCHIVE_EOF) {
    *n = 0;
    return TRUE;
  }
  if (status != ARCHIVE_OK)
    return failed(u, "", error);
  if (*n > u->bytes_left)
    return sg_broken(error, "it unpacks to more than %d times its size, which no model does",
                     MAX_RATIO);
  u->bytes_left -= *n;
  return TRUE;
}

static gboolean
write_all(int fd, const guint8 *data, gsize n, GError **error)
{
  while (n > 0) {
    gssize written = write(fd, data, n);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0) {
      int saved = errno;
      g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(saved),
                  "it cannot be unpacked into %s: %s", g_get_tmp_dir(), g_strerror(saved));
      return FALSE;
    }
    data += written;
    n -= (gsize)written;
  }
  return TRUE;
}

/* The entry that was reached last, as a source. */
static SgSource *
unpack_entry(Unpacker *u, GError **error)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp("vitrine-unpack-XXXXXX", &path, error);
  const void *data;
  gsize n = 0;
  gboolean ok;

  if (fd < 0)
    return NULL;
  g_unlink(path);
  while ((ok = next_piece(u, &data, &n, error)) && n > 0)
    if (!(ok = write_all(fd, data, n, error)))
      break;
  if (ok)
    return sg_source_new_fd(fd, error);
  close(fd);
  return NULL;
}

/* "net.pkl", and compressed once more "net.pkl.gz". */
static gboolean
is_model_name(const char *name)
{
  static const char *const ends[] = {".pkl",         ".pickle", ".pt",    ".pth",
                                     ".safetensors", ".ckpt",   ".model", ".bin"};
  static const char *const packed[] = {".gz", ".bz2", ".xz", ".zst"};
  g_autofree char *lower = g_ascii_strdown(name, -1);

  for (gsize i = 0; i < G_N_ELEMENTS(packed); i++)
    if (g_str_has_suffix(lower, packed[i])) {
      lower[strlen(lower) - strlen(packed[i])] = '\0';
      break;
    }
  for (gsize i = 0; i < G_N_ELEMENTS(ends); i++)
    if (g_str_has_suffix(lower, ends[i]))
      return TRUE;
  return FALSE;
}

/* "a zip archive", "a gzip-compressed tar archive", "gzip"; to be freed. */
static char *
describe(struct archive *a)
{
  int format = archive_format(a) & ARCHIVE_FORMAT_BASE_MASK;
  const char *filter =
      archive_filter_code(a, 0) == ARCHIVE_FILTER_NONE ? "" : archive_filter_name(a, 0);
  const char *kind = format == ARCHIVE_FORMAT_ZIP ? "a zip archive" : "a tar archive";

  if (format == ARCHIVE_FORMAT_RAW)
    return g_strdup(filter);
  return filter[0] ? g_strdup_printf("%s (%s)", kind, filter) : g_strdup(kind);
}

/* What macOS puts beside each file of an archive. */
static gboolean
is_clutter(const char *name)
{
  const char *slash = strrchr(name, '/');

  return g_str_has_prefix(name, "__MACOSX/") || strstr(name, "/__MACOSX/") ||
         g_str_has_prefix(slash ? slash + 1 : name, "._");
}

typedef struct {
  SgSource *found;
  GString *names; /* of the models in it */
  char *first;    /* the first file of any kind */
  guint models, files;
} Search;

/* Looks at the entry; unpacks it if it is the first that can be a model. */
static gboolean
consider(Unpacker *u, Search *s, struct archive_entry *entry, GError **error)
{
  gboolean raw = archive_format(u->archive) == ARCHIVE_FORMAT_RAW;
  const char *stored = archive_entry_pathname(entry);
  g_autofree char *name = g_utf8_make_valid(stored ? stored : "?", -1);

  if (++s->files > MAX_ENTRIES)
    return sg_broken(error, "it is an archive of more than %d files", MAX_ENTRIES);
  if (!raw && archive_entry_filetype(entry) != AE_IFREG)
    return TRUE;
  if (archive_entry_is_encrypted(entry))
    return sg_unsupported(error, "the archive is encrypted");
  if (!s->first)
    s->first = g_strdup(name);
  if (!raw && (!is_model_name(name) || is_clutter(name)))
    return TRUE;
  s->models++;
  if (s->names->len < 200)
    g_string_append_printf(s->names, "%s%s", s->models > 1 ? ", " : "", name);
  if (s->models == 1 && !(s->found = unpack_entry(u, error)))
    return FALSE;
  return TRUE;
}

static gboolean
search(Unpacker *u, Search *s, GError **error)
{
  struct archive_entry *entry;
  int status;

  while ((status = archive_read_next_header(u->archive, &entry)) == ARCHIVE_OK ||
         status == ARCHIVE_WARN)
    if (!consider(u, s, entry, error))
      return FALSE;
  if (status != ARCHIVE_EOF)
    return failed(u, u->kind == TAR ? tar_advice : "", error);
  if (s->models == 1)
    return TRUE;
  if (s->models > 1)
    return sg_unsupported(error, "it is an archive with %u models (%s); unpack it and open one",
                          s->models, s->names->str);
  return sg_unsupported(error,
                        "it is an archive without a model file; the first of its %u files is "
                        "“%s”%s",
                        s->files, s->first ? s->first : "",
                        u->kind == TAR   ? tar_advice
                        : u->kind == ZIP ? zip_advice
                                         : "");
}

static int
kind_of(SgSource *packed)
{
  guint8 head[262] = "";

  if (!sg_source_read(packed, 0, head, MIN(sg_source_size(packed), sizeof head), NULL))
    return COMPRESSED;
  return memcmp(head, "PK", 2) == 0 ? ZIP : memcmp(head + 257, "ustar", 5) == 0 ? TAR : COMPRESSED;
}

SgSource *
sg_unpack(SgSource *packed, guint64 most, char **where, GError **error)
{
  g_autofree Unpacker *u = g_new0(Unpacker, 1);
  Search s = {.names = g_string_new(NULL)};

  u->kind = kind_of(packed);
  u->packed = packed;
  u->bytes_left = most;
  if (open_archive(u, error) && search(u, &s, error)) {
    g_autofree char *archive = describe(u->archive);
    *where = archive_format(u->archive) == ARCHIVE_FORMAT_RAW
                 ? g_strdup(archive)
                 : g_strdup_printf("%s in %s", s.names->str, archive);
  } else
    g_clear_pointer(&s.found, sg_source_unref);
  archive_read_free(u->archive);
  g_clear_error(&u->why);
  g_string_free(s.names, TRUE);
  g_free(s.first);
  return s.found;
}

#else

SgSource *
sg_unpack(SgSource *packed, guint64 most, char **where, GError **error)
{
  sg_unsupported(error, "this is a compressed file or an archive, which this Vitrine was built "
                        "without libarchive to read; unpack it first");
  return NULL;
}

#endif
