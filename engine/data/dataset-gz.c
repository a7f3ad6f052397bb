/* Gzipped files of data sets. They cannot be read here and there: they are unpacked once, to a file
 * without a name that goes when the set is closed. */
#include "engine/data/dataset-private.h"
#include "engine/formats/format-error.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define CHUNK (256 * 1024)
/* Pictures pack 2 to 20 times. What claims a great deal more is refused before it fills the
 * disk. */
#define LARGE      (256 * 1024 * 1024)
#define MOST_RATIO 200

/* gzread() would take a file that is not packed as it is. */
static gzFile
open_gz(const char *path, guint64 *packed, GError **error)
{
  g_autoptr(SgSource) source = sg_source_open(path, error); /* a regular file */
  guint8 magic[2] = "";

  if (!source)
    return NULL;
  *packed = sg_source_size(source);
  if (*packed >= 2 && !sg_source_read(source, 0, magic, 2, error))
    return NULL;
  if (magic[0] != 0x1f || magic[1] != 0x8b) {
    sg_broken(error, "not a gzip file, though its name says so");
    return NULL;
  }
  gzFile in = gzopen(path, "rbe");
  if (!in)
    sg_broken(error, "cannot be opened: %s", g_strerror(errno));
  return in;
}

/* After a gzread(): TRUE unless something went wrong; Z_BUF_ERROR is the end of a cut file. */
static gboolean
check(gzFile in, int got, gboolean may_be_cut, GError **error)
{
  int saved = errno, code;

  gzerror(in, &code);
  if (code == Z_ERRNO)
    return sg_broken(error, "cannot be read: %s", g_strerror(saved));
  if (code == Z_MEM_ERROR)
    return sg_no_memory(error, "to unpack it");
  return (got >= 0 &&
          (code == Z_OK || code == Z_STREAM_END || (may_be_cut && code == Z_BUF_ERROR))) ||
         sg_broken(error, "the gzip file is damaged or cut off");
}

gboolean
sg_gz_head(const char *path, guint8 *head, gsize n, guint64 *most, GError **error)
{
  guint64 packed;
  gzFile in = open_gz(path, &packed, error);

  if (!in)
    return FALSE;
  int got = gzread(in, head, (unsigned)n);
  gboolean ok = check(in, got, TRUE, error);
  gzclose(in);
  if (!ok)
    return FALSE;
  *most = got < (int)n ? (guint64)got : packed * SG_MAX_DEFLATE_RATIO + 1024;
  return TRUE;
}

static gboolean
put(int out, const guint8 *chunk, gsize n, GError **error)
{
  for (gsize done = 0; done < n;) {
    gssize put_now = write(out, chunk + done, n - done);
    if (put_now < 0 && errno == EINTR)
      continue;
    if (put_now < 0)
      return sg_broken(error, "cannot be unpacked to the folder for temporary files (%s): %s",
                       g_get_tmp_dir(), g_strerror(errno));
    done += (gsize)put_now;
  }
  return TRUE;
}

static gboolean
unpack_to(gzFile in, int out, guint64 most, GError **error)
{
  g_autofree guint8 *chunk = g_malloc(CHUNK);
  guint64 total = 0;
  int got;

  while ((got = gzread(in, chunk, CHUNK)) > 0) {
    total += (guint64)got;
    if (total > most)
      return sg_broken(error, "unpacks to more than the %" G_GUINT64_FORMAT " bytes expected",
                       most);
    if (!put(out, chunk, (gsize)got, error))
      return FALSE;
  }
  return check(in, got, FALSE, error);
}

SgSource *
sg_gz_unpack(const char *path, guint64 most, gboolean exactly, GError **error)
{
  g_autofree char *temporary = NULL;
  SgSource *source = NULL;
  guint64 packed;
  gzFile in = open_gz(path, &packed, error);

  if (!in)
    return NULL;
  if (exactly && most > LARGE && most / MOST_RATIO > packed) {
    gzclose(in);
    sg_broken(error,
              "%" G_GUINT64_FORMAT " bytes cannot hold the %" G_GUINT64_FORMAT
              " MB of pictures that are expected of it",
              packed, most >> 20);
    return NULL;
  }
  if (!exactly)
    most = MIN(most, MAX(LARGE, packed * MOST_RATIO));
  int fd = g_file_open_tmp("vitrine-set-XXXXXX", &temporary, error);
  if (fd >= 0 && unpack_to(in, fd, most, error))
    source = sg_source_open(temporary, error);
  gzclose(in);
  if (fd >= 0) {
    close(fd);
    g_unlink(temporary);
  }
  return source;
}
