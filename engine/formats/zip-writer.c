#include "engine/formats/zip-writer.h"
#include "engine/formats/writer.h"
#include <string.h>
#include <zlib.h>

/* Fields of the records below, as PKWARE's APPNOTE.TXT describes them (4.3.7, 4.3.12,
 * 4.3.14-16). */
#define VERSION       20
#define VERSION_ZIP64 45
#define FLAG_UTF8     0x0800
/* 1980-01-01: the same pictures make the same file. */
#define DOS_DATE ((0 << 9) | (1 << 5) | 1)
#define FULL32   G_MAXUINT32

struct _SgZipWriter {
  SgWriter *out;
  GByteArray *directory; /* grows by the names only */
  guint64 offset, n;
};

static void
put(GByteArray *b, guint64 value, int bytes)
{
  for (int i = 0; i < bytes; i++) {
    guint8 byte = (guint8)(value >> 8 * i);
    g_byte_array_append(b, &byte, 1);
  }
}

static void
put_text(GByteArray *b, const char *text)
{
  g_byte_array_append(b, (const guint8 *)text, (guint)strlen(text));
}

static gboolean
emit(SgZipWriter *z, gconstpointer data, gsize n, GError **error)
{
  z->offset += n;
  return sg_writer_write(z->out, data, n, error);
}

SgZipWriter *
sg_zip_writer_new(const char *path, GError **error)
{
  SgWriter *out = sg_writer_new(path, error);
  if (!out)
    return NULL;
  SgZipWriter *z = g_new0(SgZipWriter, 1);
  z->out = out;
  z->directory = g_byte_array_new();
  return z;
}

/* The fields that an entry's own header and its place in the directory share. */
static void
put_common(GByteArray *b, guint version, guint32 crc, gsize size, const char *name, guint extra)
{
  put(b, version, 2);
  put(b, FLAG_UTF8, 2);
  put(b, 0, 2); /* stored */
  put(b, 0, 2); /* time */
  put(b, DOS_DATE, 2);
  put(b, crc, 4);
  put(b, size, 4);
  put(b, size, 4);
  put(b, strlen(name), 2);
  put(b, extra, 2);
}

static void
put_directory(SgZipWriter *z, const char *name, guint32 crc, gsize size)
{
  GByteArray *b = z->directory;
  gboolean far = z->offset >= FULL32;
  guint version = far ? VERSION_ZIP64 : VERSION;

  put_text(b, "PK\1\2");
  put(b, 3 << 8 | version, 2); /* made on Unix, so that the mode below counts */
  put_common(b, version, crc, size, name, far ? 12 : 0);
  put(b, 0, 6);                      /* no comment, disk 0, no internal attributes */
  put(b, (guint64)0100644 << 16, 4); /* a plain file */
  put(b, far ? FULL32 : z->offset, 4);
  put_text(b, name);
  if (far) {
    put(b, 1, 2);
    put(b, 8, 2);
    put(b, z->offset, 8);
  }
}

gboolean
sg_zip_writer_add(SgZipWriter *z, const char *name, gconstpointer data, gsize size, GError **error)
{
  g_return_val_if_fail(size < FULL32 && strlen(name) < 65536, FALSE);
  guint32 crc = (guint32)crc32_z(0, data, size);
  g_autoptr(GByteArray) head = g_byte_array_new();

  put_directory(z, name, crc, size);
  put_text(head, "PK\3\4");
  put_common(head, VERSION, crc, size, name, 0);
  put_text(head, name);
  z->n++;
  return emit(z, head->data, head->len, error) && emit(z, data, size, error);
}

static void
put_end64(GByteArray *b, const SgZipWriter *z, guint64 start, guint64 size)
{
  put_text(b, "PK\6\6");
  put(b, 44, 8);
  put(b, 3 << 8 | VERSION_ZIP64, 2);
  put(b, VERSION_ZIP64, 2);
  put(b, 0, 8); /* disks */
  put(b, z->n, 8);
  put(b, z->n, 8);
  put(b, size, 8);
  put(b, start, 8);
  put_text(b, "PK\6\7"); /* where the record above is */
  put(b, 0, 4);
  put(b, start + size, 8);
  put(b, 1, 4);
}

gboolean
sg_zip_writer_commit(SgZipWriter *z, GError **error)
{
  guint64 start = z->offset, size = z->directory->len;
  g_autoptr(GByteArray) end = g_byte_array_new();

  if (z->n >= 0xffff || start >= FULL32)
    put_end64(end, z, start, size);
  put_text(end, "PK\5\6");
  put(end, 0, 4); /* disks */
  put(end, MIN(z->n, 0xffff), 2);
  put(end, MIN(z->n, 0xffff), 2);
  put(end, size, 4);
  put(end, MIN(start, FULL32), 4);
  put(end, 0, 2); /* no comment */
  return emit(z, z->directory->data, size, error) && emit(z, end->data, end->len, error) &&
         sg_writer_commit(z->out, error);
}

void
sg_zip_writer_free(SgZipWriter *z)
{
  if (!z)
    return;
  sg_writer_free(z->out);
  g_byte_array_unref(z->directory);
  g_free(z);
}
