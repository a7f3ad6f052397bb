/* PNG of more pixels than are kept: read row by row and averaged meanwhile. Nobody here wants a
 * picture of that size as it is; JPEG and lossy WebP are shrunk by their libraries. */
#include "engine/formats/format-error.h"
#include "engine/pictures/picture-private.h"
#include <png.h>
#include <setjmp.h>
#include <string.h>

/* Of a side: a gigapixel takes some ten seconds, and a file of ten megabytes may claim more. */
#define MAX_SHRINK 4

typedef struct {
  png_structp png;
  png_infop info;
  const guint8 *data;
  gsize size, at;
  char message[128];
  guint8 *row;
  guint32 *sums; /* [width / shrink, channels] */
} Reader;

guint
sg_picture_shrink(guint64 width, guint64 height)
{
  for (guint shrink = 1; shrink <= MAX_SHRINK; shrink *= 2)
    if (width > 0 && height > 0 && width / shrink <= SG_PICTURE_MAX_PIXELS &&
        (width / shrink == 0 || height / shrink <= SG_PICTURE_MAX_PIXELS / (width / shrink)))
      return shrink;
  return 0;
}

gboolean
sg_picture_check_stored(guint64 width, guint64 height, GError **error)
{
  if (sg_picture_shrink(width, height) > 0)
    return TRUE;
  return sg_unsupported(error,
                        "the picture is %" G_GUINT64_FORMAT "×%" G_GUINT64_FORMAT
                        "; Vitrine reads up to %d million pixels, and keeps a part of them",
                        width, height, SG_PICTURE_MAX_PIXELS / 1000000 * MAX_SHRINK * MAX_SHRINK);
}

/* ---- libpng ---------------------------------------------------------------------------------- */

static void
fail(png_structp png, png_const_charp message)
{
  Reader *r = png_get_error_ptr(png);
  g_strlcpy(r->message, message, sizeof r->message);
  longjmp(png_jmpbuf(png), 1);
}

static void
ignore(png_structp png, png_const_charp message)
{
}

static void
read_bytes(png_structp png, png_bytep to, png_size_t n)
{
  Reader *r = png_get_io_ptr(png);

  if (n > r->size - r->at)
    png_error(png, "it is cut off");
  memcpy(to, r->data + r->at, n);
  r->at += n;
}

/* 8-bit RGB or RGBA, as sg_pixels_decode() has it. */
static void
ask_for_rgb(const Reader *r)
{
  png_set_expand(r->png);
  png_set_gray_to_rgb(r->png);
  png_set_scale_16(r->png);
  png_read_update_info(r->png, r->info);
}

/* ---- averaging ------------------------------------------------------------------------------- */

/* What does not fill a whole square at the right and the bottom is left out: three pixels of ten
 * thousand at most. */
static void
add_row(const Reader *r, int width, guint shrink, int channels)
{
  const guint8 *from = r->row;
  guint32 *to = r->sums;

  for (int x = 0; x < width; x++, to += channels)
    for (guint k = 0; k < shrink; k++)
      for (int c = 0; c < channels; c++)
        to[c] += *from++;
}

static void
average(const Reader *r, guint8 *out, int width, guint shrink, int channels)
{
  guint n = shrink * shrink;

  for (int i = 0; i < width * channels; i++)
    out[i] = (guint8)((r->sums[i] + n / 2) / n);
  memset(r->sums, 0, sizeof *r->sums * (gsize)width * (gsize)channels);
}

static gboolean
read_rows(Reader *r, SgPixels *p, guint shrink, GError **error)
{
  gsize row_bytes = png_get_rowbytes(r->png, r->info);
  gsize stride = (gsize)p->width * (gsize)p->channels;

  r->row = g_try_malloc(row_bytes);
  r->sums = g_try_malloc0(sizeof *r->sums * stride);
  p->pixels = g_try_malloc(stride * (gsize)p->height);
  if (!r->row || !r->sums || !p->pixels)
    return sg_no_memory(error, "for the picture");
  for (int y = 0; y < p->height; y++) {
    for (guint k = 0; k < shrink; k++) {
      png_read_row(r->png, r->row, NULL);
      add_row(r, p->width, shrink, p->channels);
    }
    average(r, p->pixels + stride * (gsize)y, p->width, shrink, p->channels);
  }
  return TRUE;
}

static gboolean
read_all(Reader *r, SgPixels *p, guint shrink, GError **error)
{
  if (setjmp(png_jmpbuf(r->png)))
    return strstr(r->message, "memory") ? sg_no_memory(error, "for the picture")
                                        : sg_broken(error, "not a readable PNG: %s", r->message);
  png_set_read_fn(r->png, r, read_bytes);
  png_set_user_limits(r->png, 0x7fffffff, 0x7fffffff);
  png_read_info(r->png, r->info);
  guint width = png_get_image_width(r->png, r->info),
        height = png_get_image_height(r->png, r->info);
  if (png_get_interlace_type(r->png, r->info) != PNG_INTERLACE_NONE)
    return sg_unsupported(
        error,
        "the picture is %u×%u and interlaced, so that it would have to be decoded "
        "whole; Vitrine reads up to %d million pixels of that: save it without",
        width, height, SG_PICTURE_MAX_PIXELS / 1000000);
  ask_for_rgb(r);
  p->channels = png_get_channels(r->png, r->info);
  p->width = (int)(width / shrink);
  p->height = (int)(height / shrink);
  if (p->width < 1 || p->height < 1)
    return sg_unsupported(error, "the picture is %u×%u, too narrow to be made smaller", width,
                          height);
  return read_rows(r, p, shrink, error);
}

gboolean
sg_png_decode_shrunk(SgPixels *p, const guint8 *data, gsize size, guint shrink, GError **error)
{
  Reader r = {.data = data, .size = size};

  r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, fail, ignore);
  r.info = r.png ? png_create_info_struct(r.png) : NULL;
  gboolean ok = r.info ? read_all(&r, p, shrink, error) : sg_no_memory(error, "for the picture");
  png_destroy_read_struct(&r.png, &r.info, NULL);
  g_free(r.row);
  g_free(r.sums);
  return ok;
}
