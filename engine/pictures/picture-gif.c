/* GIF: a picture of a file as its screen shows it, with what the ones before have left there. */
#include "engine/formats/format-error.h"
#include "engine/pictures/picture-private.h"
#include <gif_lib.h>
#include <string.h>

/* LZW packs at most 4,096 equal pixels into 12 bits. */
#define MAX_RATIO 2800

typedef struct {
  const guint8 *data;
  gsize size, at;
} Bytes;

static int
read_bytes(GifFileType *gif, GifByteType *to, int n)
{
  Bytes *b = gif->UserData;
  gsize have = MIN((gsize)MAX(n, 0), b->size - b->at);

  memcpy(to, b->data + b->at, have);
  b->at += have;
  return (int)have;
}

/* Remembers which colour is none (-1: all are) and what becomes of the picture afterwards. */
static gboolean
read_extension(GifFileType *gif, GraphicsControlBlock *now)
{
  GifByteType *block;
  int code;

  if (DGifGetExtension(gif, &code, &block) == GIF_ERROR)
    return FALSE;
  while (block) {
    GraphicsControlBlock control;
    if (code == GRAPHICS_EXT_FUNC_CODE &&
        DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
      *now = control;
    if (DGifGetExtensionNext(gif, &block) == GIF_ERROR)
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_rows(GifFileType *gif, SgPixels *p, int transparent)
{
  static const int starts[] = {0, 4, 2, 1}, steps[] = {8, 8, 4, 2};
  const GifImageDesc *d = &gif->Image;
  const ColorMapObject *map = d->ColorMap ? d->ColorMap : gif->SColorMap;
  int passes = d->Interlace ? 4 : 1;

  if (!map || d->Left < 0 || d->Top < 0 || d->Width < 1 || d->Height < 1 ||
      d->Width > p->width - d->Left || d->Height > p->height - d->Top)
    return FALSE;
  g_autofree guint8 *row = g_malloc((gsize)d->Width);
  for (int pass = 0; pass < passes; pass++)
    for (int y = d->Interlace ? starts[pass] : 0; y < d->Height;
         y += d->Interlace ? steps[pass] : 1) {
      if (DGifGetLine(gif, row, d->Width) == GIF_ERROR)
        return FALSE;
      guint8 *to = p->pixels + 4 * ((gsize)(d->Top + y) * (gsize)p->width + (gsize)d->Left);
      for (int x = 0; x < d->Width; x++, to += 4) {
        if (row[x] == transparent)
          continue;
        const GifColorType *c = &map->Colors[MIN(row[x], map->ColorCount - 1)];
        to[0] = c->Red;
        to[1] = c->Green;
        to[2] = c->Blue;
        to[3] = 255;
      }
    }
  return TRUE;
}

static gboolean
skip_picture(GifFileType *gif)
{
  GifByteType *block;
  int size;

  if (DGifGetImageDesc(gif) == GIF_ERROR || DGifGetCode(gif, &size, &block) == GIF_ERROR)
    return FALSE;
  while (block)
    if (DGifGetCodeNext(gif, &block) == GIF_ERROR)
      return FALSE;
  return TRUE;
}

/* What is to become of a picture once the next one comes. */
static void
dispose(SgPixels *p, const GifImageDesc *d, int mode, guint8 *before)
{
  gsize stride = 4 * (gsize)p->width;

  if (mode == DISPOSE_PREVIOUS && before)
    memcpy(p->pixels, before, stride * (gsize)p->height);
  else if (mode == DISPOSE_BACKGROUND)
    for (int y = 0; y < d->Height; y++)
      memset(p->pixels + stride * (gsize)(d->Top + y) + 4 * (gsize)d->Left, 0, 4 * (gsize)d->Width);
}

/* The next picture onto what the last has left. */
static gboolean
draw(GifFileType *gif, SgPixels *p, const GraphicsControlBlock *control, gboolean last)
{
  gsize bytes = 4 * (gsize)p->width * (gsize)p->height;
  gboolean back = !last && control->DisposalMode == DISPOSE_PREVIOUS;
  g_autofree guint8 *before = back ? g_try_malloc(bytes) : NULL;

  if (before)
    memcpy(before, p->pixels, bytes);
  if (DGifGetImageDesc(gif) == GIF_ERROR || !read_rows(gif, p, control->TransparentColor))
    return FALSE;
  if (!last)
    dispose(p, &gif->Image, control->DisposalMode, before);
  return TRUE;
}

/* Up to `frame` and one more: how many there are matters only as one or several. */
static gboolean
read_records(GifFileType *gif, SgPixels *p, guint frame)
{
  static const GraphicsControlBlock none = {.TransparentColor = NO_TRANSPARENT_COLOR};
  GraphicsControlBlock control = none;
  GifRecordType type;
  guint n = 0;

  while (n < MAX(frame + 1, 2) && DGifGetRecordType(gif, &type) == GIF_OK) {
    if (type == TERMINATE_RECORD_TYPE)
      break;
    if (type == EXTENSION_RECORD_TYPE) {
      if (!read_extension(gif, &control))
        break;
    } else if (type == IMAGE_DESC_RECORD_TYPE) {
      if (n <= frame ? !draw(gif, p, &control, n == frame) : !skip_picture(gif))
        break;
      control = none;
      n++;
    }
  }
  p->frames = n > 1 ? 2 : 1;
  return n > frame;
}

static gboolean
is_opaque(const SgPixels *p)
{
  gsize n = (gsize)p->width * (gsize)p->height;

  for (gsize i = 0; i < n; i++)
    if (p->pixels[4 * i + 3] != 255)
      return FALSE;
  return TRUE;
}

static gboolean
decode(GifFileType *gif, SgPixels *p, gsize size, guint frame, GError **error)
{
  guint64 n = (guint64)gif->SWidth * (guint64)gif->SHeight;

  if (gif->SWidth < 1 || gif->SHeight < 1 ||
      !sg_picture_check_size((guint64)gif->SWidth, (guint64)gif->SHeight, error))
    return gif->SWidth < 1 || gif->SHeight < 1
               ? sg_broken(error, "not a readable GIF: it has no pixels")
               : FALSE;
  if (n / MAX_RATIO > size)
    return sg_broken(error, "the picture ends too early");
  p->width = gif->SWidth;
  p->height = gif->SHeight;
  p->channels = 4;
  if (!(p->pixels = g_try_malloc0(4 * n)))
    return sg_no_memory(error, "for the picture");
  if (!read_records(gif, p, frame))
    return sg_broken(error, "not a readable GIF: it is damaged or cut off");
  if (is_opaque(p))
    sg_pixels_convert(p, 3);
  return TRUE;
}

gboolean
sg_gif_decode(SgPixels *p, const guint8 *data, gsize size, guint frame, GError **error)
{
  Bytes bytes = {data, size, 0};
  GifFileType *gif = DGifOpen(&bytes, read_bytes, NULL);

  if (!gif)
    return sg_broken(error, "not a readable GIF: it ends in its header");
  gboolean ok = decode(gif, p, size, frame, error);
  DGifCloseFile(gif, NULL);
  return ok;
}

guint
sg_gif_frames(const guint8 *data, gsize size)
{
  Bytes bytes = {data, size, 0};
  GifFileType *gif = DGifOpen(&bytes, read_bytes, NULL);
  GraphicsControlBlock control;
  GifRecordType type;
  guint n = 0;

  while (gif && n < SG_PICTURE_MAX_FRAMES && DGifGetRecordType(gif, &type) == GIF_OK &&
         type != TERMINATE_RECORD_TYPE) {
    if (type == EXTENSION_RECORD_TYPE ? !read_extension(gif, &control)
                                      : type == IMAGE_DESC_RECORD_TYPE && !skip_picture(gif))
      break;
    n += type == IMAGE_DESC_RECORD_TYPE;
  }
  if (gif)
    DGifCloseFile(gif, NULL);
  return n;
}
