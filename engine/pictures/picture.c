/* Reading pictures of any kind, and what pixels become where another number of channels is
 * wanted. */
#include "engine/pictures/picture-private.h"
#include "engine/formats/format-error.h"
#include "engine/formats/source.h"
/* jpeglib.h needs stdio.h before it. */
#include <stdio.h>
#include <jpeglib.h>
#include <jerror.h>
#include <png.h>
#include <setjmp.h>
#include <string.h>

/* A JPEG that repeats its scans for ever would keep us busy for ever. */
#define MAX_JPEG_SCANS  64
#define MAX_JPEG_MEMORY (1024 * 1024 * 1024)
#define MAX_FILE        (1024 * 1024 * 1024)

gboolean
sg_picture_check_size(guint64 width, guint64 height, GError **error)
{
  if (width == 0 || height == 0 || width > SG_PICTURE_MAX_PIXELS ||
      height > SG_PICTURE_MAX_PIXELS / width)
    return sg_unsupported(error,
                          "the picture is %" G_GUINT64_FORMAT "×%" G_GUINT64_FORMAT
                          "; Vitrine reads up to %d million pixels",
                          width, height, SG_PICTURE_MAX_PIXELS / 1000000);
  return TRUE;
}

/* ---- PNG ------------------------------------------------------------------------------------- */

/* libpng has no codes, only sentences: "Out of memory", "insufficient memory…". */
static gboolean
png_failed(const png_image *image, GError **error)
{
  if (strstr(image->message, "memory"))
    return sg_no_memory(error, "for the picture");
  return sg_broken(error, "not a readable PNG: %s", image->message);
}

/* Frees what libpng holds, also on failure. */
static guint8 *
decode_png(png_image *image, GError **error)
{
  gboolean alpha = (image->format & PNG_FORMAT_FLAG_ALPHA) != 0;
  gsize pixels = (gsize)image->width * image->height;

  image->format = alpha ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
  /* Without this libpng takes 16-bit files that do not say otherwise as linear light. */
  image->flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  g_autofree guint8 *decoded = g_try_malloc(pixels * (alpha ? 4 : 3));
  if (!decoded) {
    png_image_free(image);
    sg_no_memory(error, "for the picture");
    return NULL;
  }
  if (!png_image_finish_read(image, NULL, decoded, 0, NULL)) {
    png_failed(image, error);
    return NULL;
  }
  return g_steal_pointer(&decoded);
}

static gboolean
read_png(SgPixels *p, const guint8 *data, gsize size, GError **error)
{
  png_image image = {.version = PNG_IMAGE_VERSION};

  if (!png_image_begin_read_from_memory(&image, data, size))
    return png_failed(&image, error);
  /* One bit per pixel is the least a PNG can store. */
  gboolean ok = sg_picture_check_stored(image.width, image.height, error);
  if (ok && (guint64)image.width * image.height / 8 / SG_MAX_DEFLATE_RATIO > size)
    ok = sg_broken(error, "the picture ends too early");
  if (!ok) {
    png_image_free(&image);
    return FALSE;
  }
  p->grey = (image.format & PNG_FORMAT_FLAG_COLOR) == 0;
  p->channels = image.format & PNG_FORMAT_FLAG_ALPHA ? 4 : 3;
  guint shrink = sg_picture_shrink(image.width, image.height);
  if (shrink > 1) {
    png_image_free(&image);
    return sg_png_decode_shrunk(p, data, size, shrink, error);
  }
  if (!(p->pixels = decode_png(&image, error)))
    return FALSE;
  p->width = (int)image.width;
  p->height = (int)image.height;
  return TRUE;
}

/* ---- JPEG ------------------------------------------------------------------------------------ */

typedef struct {
  struct jpeg_error_mgr base;
  struct jpeg_progress_mgr progress;
  jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
  guint8 *pixels, *row;
} JpegState;

static void
jpeg_fail(j_common_ptr c)
{
  JpegState *state = (JpegState *)c->err;
  c->err->format_message(c, state->message);
  longjmp(state->escape, 1);
}

/* libjpeg only warns when data is missing, and fills in grey. */
static void
jpeg_emit(j_common_ptr c, int level)
{
  if (level < 0 && (c->err->msg_code == JWRN_JPEG_EOF || c->err->msg_code == JWRN_HIT_MARKER)) {
    JpegState *state = (JpegState *)c->err;
    g_strlcpy(state->message,
              "it ends before its end marker, so it is cut off; if it looks whole, save it again",
              sizeof state->message);
    longjmp(state->escape, 1);
  }
}

static void
jpeg_watch(j_common_ptr c)
{
  if (c->is_decompressor && ((j_decompress_ptr)c)->input_scan_number > MAX_JPEG_SCANS) {
    c->err->msg_code = JERR_BAD_PROGRESSION;
    jpeg_fail(c);
  }
}

/* Adobe's CMYK is stored inverted: 255 is no ink. */
static void
cmyk_to_rgb(const guint8 *cmyk, guint8 *rgb, int width)
{
  for (int x = 0; x < width; x++)
    for (int i = 0; i < 3; i++)
      rgb[3 * x + i] = (guint8)(cmyk[4 * x + i] * cmyk[4 * x + 3] / 255);
}

static void
decode_rows(j_decompress_ptr c, JpegState *state)
{
  gboolean cmyk = c->out_color_space == JCS_CMYK;
  while (c->output_scanline < c->output_height) {
    guint8 *target = state->pixels + (gsize)c->output_scanline * c->output_width * 3;
    guint8 *row = cmyk ? state->row : target;
    jpeg_read_scanlines(c, &row, 1);
    if (cmyk)
      cmyk_to_rgb(row, target, (int)c->output_width);
  }
}

/* What has more pixels than are decoded is decoded at a half, a quarter or an eighth: nobody here
 * wants a picture of that size as it is. Of progressive files libjpeg keeps all coefficients. */
static gboolean
scale_down(j_decompress_ptr c, GError **error)
{
  c->mem->max_memory_to_use = MAX_JPEG_MEMORY;
  for (c->scale_denom = 1; c->scale_denom < 8; c->scale_denom *= 2) {
    jpeg_calc_output_dimensions(c);
    if ((guint64)c->output_width * c->output_height <= SG_PICTURE_MAX_PIXELS)
      break;
  }
  jpeg_calc_output_dimensions(c);
  return sg_picture_check_size(c->output_width, c->output_height, error);
}

static gboolean
decode_jpeg(j_decompress_ptr c, JpegState *state, const guint8 *data, gsize size, GError **error)
{
  if (setjmp(state->escape))
    return state->base.msg_code == JERR_OUT_OF_MEMORY
               ? sg_no_memory(error, "for the picture")
               : sg_broken(error, "not a readable JPEG: %s", state->message);
  jpeg_create_decompress(c);
  c->progress = &state->progress;
  jpeg_mem_src(c, data, (unsigned long)size);
  jpeg_read_header(c, TRUE);
  if (!scale_down(c, error))
    return FALSE;
  gboolean cmyk = c->jpeg_color_space == JCS_CMYK || c->jpeg_color_space == JCS_YCCK;
  c->out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(c);
  state->pixels = g_try_malloc((gsize)c->output_width * c->output_height * 3);
  state->row = g_malloc((gsize)c->output_width * 4);
  if (!state->pixels)
    return sg_no_memory(error, "for the picture");
  decode_rows(c, state);
  jpeg_finish_decompress(c);
  return TRUE;
}

static gboolean
read_jpeg(SgPixels *p, const guint8 *data, gsize size, GError **error)
{
  struct jpeg_decompress_struct c = {0};
  JpegState state = {0};
  gboolean ok;

  c.err = jpeg_std_error(&state.base);
  state.base.error_exit = jpeg_fail;
  state.base.emit_message = jpeg_emit;
  state.progress.progress_monitor = jpeg_watch;
  ok = decode_jpeg(&c, &state, data, size, error);
  if (ok) {
    p->width = (int)c.output_width;
    p->height = (int)c.output_height;
    p->channels = 3;
    p->grey = c.jpeg_color_space == JCS_GRAYSCALE;
    p->pixels = g_steal_pointer(&state.pixels);
  }
  jpeg_destroy_decompress(&c);
  g_free(state.pixels);
  g_free(state.row);
  return ok;
}

/* ---- any ------------------------------------------------------------------------------------- */

static gboolean
is_tiff(const guint8 *data, gsize size)
{
  return size >= 8 && (memcmp(data, "II*\0", 4) == 0 || memcmp(data, "MM\0*", 4) == 0 ||
                       memcmp(data, "II+\0", 4) == 0 || memcmp(data, "MM\0+", 4) == 0);
}

/* An ISO media file says which kind it is behind "ftyp". */
static const char *
kind_of_media(const guint8 *data, gsize size)
{
  if (size < 12 || memcmp(data + 4, "ftyp", 4) != 0)
    return NULL;
  if (memcmp(data + 8, "avi", 3) == 0)
    return "AVIF";
  return memcmp(data + 8, "hei", 3) == 0 || memcmp(data + 8, "mif1", 4) == 0 ? "HEIC" : NULL;
}

const char *
sg_picture_kind(const guint8 *data, gsize size, gboolean *readable)
{
  *readable = TRUE;
  if (size >= 8 && png_sig_cmp(data, 0, 8) == 0)
    return "PNG";
  if (size >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0)
    return "JPEG";
  if (sg_webp_recognise(data, size))
    return "WebP";
  if (sg_bmp_recognise(data, size))
    return "BMP";
#ifndef SG_HAVE_GIF
  *readable = FALSE;
#endif
  if (size >= 6 && memcmp(data, "GIF8", 4) == 0)
    return "GIF";
#ifdef SG_HAVE_TIFF
  *readable = TRUE;
#else
  *readable = FALSE;
#endif
  if (is_tiff(data, size))
    return "TIFF";
  *readable = FALSE;
  if (size >= 12 && memcmp(data, "\0\0\0\x0cJXL \r\n\x87\n", 12) == 0)
    return "JPEG XL";
  if (size >= 12 && memcmp(data, "\0\0\0\x0cjP  ", 8) == 0)
    return "JPEG 2000";
  return kind_of_media(data, size);
}

gboolean
sg_picture_refuse_kind(const guint8 *data, gsize size, GError **error)
{
  gboolean readable;
  const char *kind = sg_picture_kind(data, size, &readable);

  if (kind)
    return sg_unsupported(error,
                          "this is a picture of the kind %s, which is not read here; convert it "
                          "to PNG",
                          kind);
  return sg_unsupported(error, size ? "this is neither a PNG nor a JPEG nor a WebP picture, nor of "
                                      "another kind that is read here"
                                    : "the file is empty");
}

static gboolean
decode_any(SgPixels *p, const guint8 *data, gsize size, guint frame, GError **error)
{
  if (size >= 8 && png_sig_cmp(data, 0, 8) == 0)
    return read_png(p, data, size, error);
  if (size >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0)
    return read_jpeg(p, data, size, error);
  if (sg_webp_recognise(data, size))
    return sg_webp_decode(p, data, size, frame, error);
  if (sg_bmp_recognise(data, size))
    return sg_bmp_decode(p, data, size, error);
#ifdef SG_HAVE_GIF
  if (size >= 6 && memcmp(data, "GIF8", 4) == 0)
    return sg_gif_decode(p, data, size, frame, error);
#endif
#ifdef SG_HAVE_TIFF
  if (is_tiff(data, size))
    return sg_tiff_decode(p, data, size, frame, error);
#endif
  return sg_picture_refuse_kind(data, size, error);
}

gboolean
sg_picture_stored_size(const guint8 *data, gsize size, guint *width, guint *height, GError **error)
{
  if (sg_bmp_recognise(data, size))
    return sg_bmp_size(data, size, width, height, error);
  if (size >= 10 && memcmp(data, "GIF8", 4) == 0) {
    *width = (guint)data[7] << 8 | data[6];
    *height = (guint)data[9] << 8 | data[8];
    return sg_picture_check_size(*width, *height, error);
  }
  /* A TIFF has its size wherever it likes. */
  g_auto(SgPixels) p = {0};
  if (!decode_any(&p, data, size, 0, error))
    return FALSE;
  *width = (guint)p.width;
  *height = (guint)p.height;
  return TRUE;
}

guint
sg_picture_frames(const guint8 *data, gsize size)
{
  guint n = 1;

  if (sg_webp_recognise(data, size))
    n = sg_webp_frames(data, size);
#ifdef SG_HAVE_GIF
  if (size >= 6 && memcmp(data, "GIF8", 4) == 0)
    n = sg_gif_frames(data, size);
#endif
#ifdef SG_HAVE_TIFF
  if (is_tiff(data, size))
    n = sg_tiff_frames(data, size);
#endif
  return CLAMP(n, 1, SG_PICTURE_MAX_FRAMES);
}

gboolean
sg_pixels_decode(SgPixels *p, const char *name, const guint8 *data, gsize size, GError **error)
{
  return sg_pixels_decode_frame(p, name, data, size, 0, error);
}

gboolean
sg_pixels_decode_frame(SgPixels *p, const char *name, const guint8 *data, gsize size, guint frame,
                       GError **error)
{
  *p = (SgPixels){0};
  p->frames = 1;
  p->orientation = sg_picture_find_orientation(data, size);
  if (decode_any(p, data, size, frame, error) && sg_pixels_turn(p, p->orientation, error))
    return TRUE;
  sg_pixels_clear(p);
  g_prefix_error(error, "%s: ", name);
  return FALSE;
}

gboolean
sg_pixels_load(SgPixels *p, const char *path, GError **error)
{
  g_autoptr(SgSource) source = sg_source_open(path, error);
  g_autofree guint8 *data = NULL;
  gsize size;

  *p = (SgPixels){0};
  if (!source) {
    g_prefix_error(error, "%s: ", path);
    return FALSE;
  }
  size = MIN(sg_source_size(source), MAX_FILE);
  if (!(data = g_try_malloc(MAX(size, 1))) || !sg_source_read(source, 0, data, size, error)) {
    if (!data)
      sg_no_memory(error, "for the picture");
    g_prefix_error(error, "%s: ", path);
    return FALSE;
  }
  return sg_pixels_decode(p, path, data, size, error);
}

void
sg_pixels_clear(SgPixels *p)
{
  g_clear_pointer(&p->pixels, g_free);
}

gboolean
sg_picture_read_memory(const char *name, const guint8 *data, gsize size, guint8 **rgb, int *width,
                       int *height, GError **error)
{
  SgPixels p;

  if (!sg_pixels_decode(&p, name, data, size, error))
    return FALSE;
  sg_pixels_convert(&p, 3);
  *width = p.width;
  *height = p.height;
  *rgb = p.pixels;
  return TRUE;
}

gboolean
sg_picture_read(const char *path, guint8 **rgb, int *width, int *height, GError **error)
{
  SgPixels p;

  if (!sg_pixels_load(&p, path, error))
    return FALSE;
  sg_pixels_convert(&p, 3);
  *width = p.width;
  *height = p.height;
  *rgb = p.pixels;
  return TRUE;
}

/* ---- channels -------------------------------------------------------------------------------- */

/* Alpha over white as picture viewers do it, on the stored values: libpng would mix in linear
 * light. In place: each pixel is written at or before where it was read. */
static void
flatten(guint8 *pixels, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    guint alpha = pixels[4 * i + 3];
    for (gsize k = 0; k < 3; k++)
      pixels[3 * i + k] = (guint8)((pixels[4 * i + k] * alpha + 255 * (255 - alpha) + 127) / 255);
  }
}

/* ITU-R 601 luma in 16 bits of fraction; grey stays exactly what it is. In place, from `step` to
 * `to` values a pixel; the second is the fourth of before. */
static void
to_grey(guint8 *pixels, gsize n, gsize step, gsize to)
{
  for (gsize i = 0; i < n; i++) {
    const guint8 *p = pixels + step * i;
    guint8 alpha = step == 4 ? p[3] : 255;
    pixels[to * i] = (guint8)((19595u * p[0] + 38470u * p[1] + 7471u * p[2] + 0x8000) >> 16);
    if (to == 2)
      pixels[to * i + 1] = alpha;
  }
}

static void
add_alpha(SgPixels *p, gsize n)
{
  guint8 *rgba = g_malloc(4 * n);

  for (gsize i = 0; i < n; i++) {
    memcpy(rgba + 4 * i, p->pixels + 3 * i, 3);
    rgba[4 * i + 3] = 255;
  }
  g_free(p->pixels);
  p->pixels = rgba;
}

void
sg_pixels_convert(SgPixels *p, int channels)
{
  gsize n = (gsize)p->width * (gsize)p->height;

  if (channels % 2 == 1 && p->channels == 4) {
    flatten(p->pixels, n);
    p->channels = 3;
  }
  if (channels < 3)
    to_grey(p->pixels, n, (gsize)p->channels, (gsize)channels);
  else if (channels > p->channels)
    add_alpha(p, n);
  p->channels = channels;
}
