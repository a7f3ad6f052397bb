/* TIFF: a page of a file, as libtiff turns every kind of it into RGBA. */
#include "engine/formats/format-error.h"
#include "engine/pictures/picture-private.h"
#include <string.h>
#include <tiffio.h>

typedef struct {
  const guint8 *data;
  gsize size;
  guint64 at;
} Bytes;

static tmsize_t
read_bytes(thandle_t handle, void *to, tmsize_t n)
{
  Bytes *b = handle;
  gsize have = b->at < b->size ? MIN((gsize)MAX(n, 0), b->size - b->at) : 0;

  memcpy(to, b->data + MIN(b->at, b->size), have);
  b->at += have;
  return (tmsize_t)have;
}

static tmsize_t
write_bytes(thandle_t handle, void *from, tmsize_t n)
{
  return 0;
}

static toff_t
seek_to(thandle_t handle, toff_t offset, int whence)
{
  Bytes *b = handle;

  b->at = whence == SEEK_SET ? offset : whence == SEEK_CUR ? b->at + offset : b->size + offset;
  return b->at;
}

static int
close_bytes(thandle_t handle)
{
  return 0;
}

static toff_t
size_of(thandle_t handle)
{
  return ((Bytes *)handle)->size;
}

static gpointer
be_quiet(gpointer unused)
{
  TIFFSetErrorHandler(NULL);
  TIFFSetWarningHandler(NULL);
  return NULL;
}

/* libtiff multiplies alpha in. */
static void
unpack(const guint32 *raster, SgPixels *p, gboolean alpha)
{
  gsize n = (gsize)p->width * (gsize)p->height;
  guint8 *to = p->pixels;

  for (gsize i = 0; i < n; i++, to += p->channels) {
    guint a = alpha ? TIFFGetA(raster[i]) : 255;
    const guint c[3] = {TIFFGetR(raster[i]), TIFFGetG(raster[i]), TIFFGetB(raster[i])};
    for (int k = 0; k < 3; k++)
      to[k] = (guint8)(a ? MIN(255, (c[k] * 255 + a / 2) / a) : 0);
    if (alpha)
      to[3] = (guint8)a;
  }
}

/* As stored: the orientation is for sg_pixels_turn(), which knows those that libtiff does not. */
static gboolean
decode(TIFF *tiff, SgPixels *p, GError **error)
{
  TIFFRGBAImage image;
  char why[1024] = "";

  if (!TIFFRGBAImageBegin(&image, tiff, 1, why))
    return sg_broken(error, "not a readable TIFF: %s", why);
  gboolean ok = sg_picture_check_size(image.width, image.height, error);
  gsize n = (gsize)image.width * image.height;
  g_autofree guint32 *raster = ok ? g_try_malloc0_n(n, sizeof *raster) : NULL;
  gboolean alpha = image.alpha != 0;
  p->width = (int)image.width;
  p->height = (int)image.height;
  p->channels = alpha ? 4 : 3;
  p->grey =
      image.photometric == PHOTOMETRIC_MINISBLACK || image.photometric == PHOTOMETRIC_MINISWHITE;
  p->orientation = image.orientation >= 1 && image.orientation <= 8 ? image.orientation : 1;
  image.req_orientation = image.orientation;
  if (ok && (!raster || !(p->pixels = g_try_malloc_n(n, (gsize)p->channels))))
    ok = sg_no_memory(error, "for the picture");
  if (ok && !TIFFRGBAImageGet(&image, raster, image.width, image.height))
    ok = sg_broken(error, "not a readable TIFF: it is damaged or cut off");
  if (ok)
    unpack(raster, p, alpha);
  TIFFRGBAImageEnd(&image);
  return ok;
}

static TIFF *
open_bytes(Bytes *bytes)
{
  static GOnce once = G_ONCE_INIT;

  g_once(&once, be_quiet, NULL);
  return TIFFClientOpen("picture", "rm", bytes, read_bytes, write_bytes, seek_to, close_bytes,
                        size_of, NULL, NULL);
}

gboolean
sg_tiff_decode(SgPixels *p, const guint8 *data, gsize size, guint frame, GError **error)
{
  Bytes bytes = {data, size, 0};
  TIFF *tiff = open_bytes(&bytes);

  if (!tiff)
    return sg_broken(error, "not a readable TIFF");
  gboolean ok = frame == 0 || TIFFSetDirectory(tiff, (tdir_t)frame);
  ok = ok ? decode(tiff, p, error) : sg_broken(error, "not a readable TIFF: it lacks a page");
  p->frames = ok && (frame > 0 || TIFFReadDirectory(tiff)) ? 2 : 1;
  TIFFClose(tiff);
  return ok;
}

guint
sg_tiff_frames(const guint8 *data, gsize size)
{
  Bytes bytes = {data, size, 0};
  TIFF *tiff = open_bytes(&bytes);
  guint n = 1;

  /* libtiff notices pages that lead back. */
  while (tiff && n < SG_PICTURE_MAX_FRAMES && TIFFReadDirectory(tiff))
    n++;
  if (tiff)
    TIFFClose(tiff);
  return n;
}
