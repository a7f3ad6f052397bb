#include "engine/pictures/picture-write.h"
#include "engine/formats/format-error.h"
#include "engine/formats/source.h"
#include "engine/formats/writer.h"
#include "engine/kernels/element.h"
#include "engine/pictures/picture-xmp.h"
#include "engine/pictures/picture.h"
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
/* jpeglib.h needs stdio.h before it. */
#include <jpeglib.h>
#include <webp/encode.h>
#include <webp/mux.h>

#define USUAL_QUALITY 92

/* Of 1 (grey), 2 (grey and alpha), 3 or 4 channels. */
typedef struct {
  guint8 *pixels; /* [height, width, channels] */
  int width, height, channels;
} Image;

static const char *const endings[] = {".png", ".jpg", ".jpeg", ".webp", NULL};

gboolean
sg_picture_can_write(const char *path, GError **error)
{
  return sg_check_ending(path, endings, error);
}

static gboolean
ends_in(const char *path, const char *ending)
{
  gsize n = strlen(path), m = strlen(ending);

  return n >= m && g_ascii_strcasecmp(path + n - m, ending) == 0;
}

/* ---- sizes ----------------------------------------------------------------------------------- */

/* A grey network's picture is drawn as RGB; here it has the channels that it has. */
static gboolean
from_drawn(Image *image, const guint8 *drawn, int width, int height, int channels, GError **error)
{
  gsize n = (gsize)width * (gsize)height, bytes = k_drawn_bytes((unsigned)channels);
  int kept = channels < 3 ? channels : (int)bytes;

  *image = (Image){g_try_malloc(n * (gsize)kept), width, height, kept};
  if (!image->pixels)
    return sg_no_memory(error, "to write the picture");
  for (gsize i = 0; i < n; i++)
    for (int k = 0; k < kept; k++)
      image->pixels[i * (gsize)kept + (gsize)k] =
          drawn[i * bytes + (channels == 2 && k == 1 ? 3 : (gsize)k)];
  return TRUE;
}

static gboolean
make_sharp(Image *image, int factor, GError **error)
{
  gsize c = (gsize)image->channels, w = (gsize)image->width * (gsize)factor;
  gsize h = (gsize)image->height * (gsize)factor;
  guint8 *out = g_try_malloc(w * h * c);

  if (!out)
    return sg_no_memory(error, "for the larger picture");
  for (gsize y = 0; y < h; y++)
    for (gsize x = 0; x < w; x++)
      memcpy(out + (y * w + x) * c,
             image->pixels + (y / (gsize)factor * (gsize)image->width + x / (gsize)factor) * c, c);
  g_free(image->pixels);
  *image = (Image){out, (int)w, (int)h, image->channels};
  return TRUE;
}

/* libwebp's pictures: grey becomes RGB, alpha stays. `rgba` is borrowed until it is imported. */
static gboolean
import(WebPPicture *picture, const Image *image, GError **error)
{
  gsize n = (gsize)image->width * (gsize)image->height, c = (gsize)image->channels;
  g_autofree guint8 *rgba = g_try_malloc(n * 4);

  if (!rgba)
    return sg_no_memory(error, "to write the picture");
  for (gsize i = 0; i < n; i++) {
    const guint8 *p = image->pixels + i * c;
    for (gsize k = 0; k < 3; k++)
      rgba[4 * i + k] = p[c < 3 ? 0 : k];
    rgba[4 * i + 3] = c == 2 ? p[1] : c == 4 ? p[3] : 255;
  }
  picture->width = image->width;
  picture->height = image->height;
  return WebPPictureImportRGBA(picture, rgba, 4 * image->width) ||
         sg_no_memory(error, "to write the picture");
}

static gboolean
read_back(Image *image, const WebPPicture *picture, GError **error)
{
  gsize c = (gsize)image->channels;
  guint8 *out = g_try_malloc((gsize)picture->width * (gsize)picture->height * c);

  if (!out)
    return sg_no_memory(error, "for the larger picture");
  for (gsize y = 0; y < (gsize)picture->height; y++)
    for (gsize x = 0; x < (gsize)picture->width; x++) {
      guint32 argb = picture->argb[y * (gsize)picture->argb_stride + x];
      guint8 *to = out + (y * (gsize)picture->width + x) * c;
      for (gsize k = 0; k < c; k++)
        to[k] = (guint8)(argb >> (k == 3 || (c == 2 && k == 1) ? 24 : 16 - 8 * (k % 3)));
    }
  g_free(image->pixels);
  *image = (Image){out, picture->width, picture->height, image->channels};
  return TRUE;
}

static gboolean
make_smooth(Image *image, int factor, GError **error)
{
  WebPPicture picture;

  if (!WebPPictureInit(&picture))
    return sg_broken(error, "another version of libwebp");
  picture.use_argb = 1;
  gboolean ok = import(&picture, image, error);
  if (ok && !WebPPictureRescale(&picture, factor * image->width, factor * image->height))
    ok = sg_no_memory(error, "for the larger picture");
  ok = ok && read_back(image, &picture, error);
  WebPPictureFree(&picture);
  return ok;
}

/* ---- JPEG ------------------------------------------------------------------------------------ */

typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf jump;
  char why[JMSG_LENGTH_MAX];
} JpegErrors;

static void
jpeg_failed(j_common_ptr c)
{
  JpegErrors *errors = (JpegErrors *)c->err;

  c->err->format_message(c, errors->why);
  longjmp(errors->jump, 1);
}

/* Over white: JPEG has no alpha. */
static guint8 *
opaque(const Image *image, int channels)
{
  gsize n = (gsize)image->width * (gsize)image->height, c = (gsize)image->channels;
  guint8 *out = g_try_malloc(n * (gsize)channels);

  for (gsize i = 0; out && i < n; i++)
    for (gsize k = 0; k < (gsize)channels; k++) {
      const guint8 *p = image->pixels + i * c;
      guint alpha = c == 2 ? p[1] : c == 4 ? p[3] : 255;
      out[i * (gsize)channels + k] = (guint8)((p[k] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  return out;
}

static void
compress_jpeg(j_compress_ptr c, const guint8 *pixels, int channels, int quality,
              const GByteArray *xmp)
{
  c->input_components = channels;
  c->in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(c);
  jpeg_set_quality(c, quality, TRUE);
  if (channels == 3) /* faces have fine colours: as many samples of them as of brightness */
    c->comp_info[0].h_samp_factor = c->comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(c, TRUE);
  for (guint at = 0; at < xmp->len;) {
    guint length = (guint)xmp->data[at + 2] << 8 | xmp->data[at + 3];
    jpeg_write_marker(c, JPEG_APP0 + 1, xmp->data + at + 4, length - 2);
    at += 2 + length;
  }
  while (c->next_scanline < c->image_height) {
    JSAMPROW row = (JSAMPROW)pixels + (gsize)c->next_scanline * c->image_width * (gsize)channels;
    jpeg_write_scanlines(c, &row, 1);
  }
  jpeg_finish_compress(c);
}

static GBytes *
encode_jpeg(const Image *image, int quality, const char *recipe_json, GError **error)
{
  struct jpeg_compress_struct c;
  JpegErrors errors;
  int channels = image->channels < 3 ? 1 : 3;
  g_autofree guint8 *pixels = opaque(image, channels);
  g_autoptr(GByteArray) xmp = sg_xmp_segments(recipe_json);
  unsigned char *volatile data = NULL;
  volatile unsigned long size = 0;

  if (!pixels) {
    sg_no_memory(error, "to write the picture");
    return NULL;
  }
  c.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = jpeg_failed;
  if (setjmp(errors.jump)) {
    jpeg_destroy_compress(&c);
    free(data);
    sg_broken(error, "libjpeg: %s", errors.why);
    return NULL;
  }
  jpeg_create_compress(&c);
  jpeg_mem_dest(&c, (unsigned char **)&data, (unsigned long *)&size);
  c.image_width = (JDIMENSION)image->width;
  c.image_height = (JDIMENSION)image->height;
  compress_jpeg(&c, pixels, channels, quality, xmp);
  jpeg_destroy_compress(&c);
  return g_bytes_new_with_free_func(data, size, free, data);
}

/* ---- WebP ------------------------------------------------------------------------------------ */

static GBytes *
with_packet(const WebPMemoryWriter *compressed, const char *recipe_json, GError **error)
{
  gsize length;
  const char *mark = sg_picture_mark(&length);
  g_autofree char *packet = recipe_json ? sg_xmp_packet(recipe_json) : g_strdup(mark);
  const WebPData picture = {compressed->mem, compressed->size};
  const WebPData xmp = {(const guint8 *)packet, strlen(packet)};
  WebPMux *mux = WebPMuxCreate(&picture, 0);
  WebPData whole = {0};
  gboolean ok = mux && WebPMuxSetChunk(mux, "XMP ", &xmp, 0) == WEBP_MUX_OK &&
                WebPMuxAssemble(mux, &whole) == WEBP_MUX_OK;
  GBytes *bytes = ok ? g_bytes_new(whole.bytes, whole.size) : NULL;

  if (!ok)
    sg_no_memory(error, "to write the picture");
  WebPMuxDelete(mux);
  WebPDataClear(&whole);
  return bytes;
}

static GBytes *
encode_webp(const Image *image, const SgPictureWrite *o, int quality, const char *recipe_json,
            GError **error)
{
  WebPConfig config;
  WebPPicture picture;
  WebPMemoryWriter compressed;
  GBytes *bytes = NULL;

  if (image->width > WEBP_MAX_DIMENSION || image->height > WEBP_MAX_DIMENSION) {
    sg_unsupported(error, "WebP holds pictures of up to %d pixels across; this would be %d × %d",
                   WEBP_MAX_DIMENSION, image->width, image->height);
    return NULL;
  }
  if (!WebPConfigInit(&config) || !WebPPictureInit(&picture)) {
    sg_broken(error, "another version of libwebp");
    return NULL;
  }
  config.lossless = config.exact = o->lossless;
  config.quality = o->lossless ? 60 : (float)quality;
  config.use_sharp_yuv = 1; /* lossy WebP has a quarter of the colours */
  picture.use_argb = 1;
  WebPMemoryWriterInit(&compressed);
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &compressed;
  if (import(&picture, image, error)) {
    if (WebPEncode(&config, &picture))
      bytes = with_packet(&compressed, recipe_json, error);
    else
      sg_no_memory(error, "to write the picture");
  }
  WebPPictureFree(&picture);
  WebPMemoryWriterClear(&compressed);
  return bytes;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static GBytes *
encode(const char *path, const Image *image, const SgPictureWrite *o, const char *recipe_json,
       GError **error)
{
  int quality = o->quality ? CLAMP(o->quality, 1, 100) : USUAL_QUALITY;
  const char *recipe = o->no_recipe ? NULL : recipe_json;

  if (ends_in(path, ".webp"))
    return encode_webp(image, o, quality, recipe, error);
  if (ends_in(path, ".jpg") || ends_in(path, ".jpeg"))
    return encode_jpeg(image, quality, recipe, error);
  return sg_png_encode_channels(image->pixels, image->width, image->height, image->channels,
                                recipe ? recipe : "", error);
}

static gboolean
enlarge(Image *image, const SgPictureWrite *o, GError **error)
{
  int factor = CLAMP(o->factor, 1, SG_PICTURE_MAX_FACTOR);

  if (!sg_picture_check_size((guint64)image->width * (guint64)factor,
                             (guint64)image->height * (guint64)factor, error))
    return FALSE;
  return factor == 1 || (o->sharp ? make_sharp : make_smooth)(image, factor, error);
}

gboolean
sg_picture_write(const char *path, const guint8 *pixels, int width, int height, int channels,
                 const SgPictureWrite *options, const char *recipe_json, GError **error)
{
  const SgPictureWrite usual = {0}, *o = options ? options : &usual;
  Image image;

  if (!sg_picture_can_write(path, error))
    return FALSE;
  gboolean ok =
      from_drawn(&image, pixels, width, height, channels, error) && enlarge(&image, o, error);
  g_autoptr(GBytes) bytes = ok ? encode(path, &image, o, recipe_json, error) : NULL;
  g_free(image.pixels);
  if (!bytes) {
    g_prefix_error(error, "%s: ", path);
    return FALSE;
  }
  return sg_write_file(path, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), error);
}

/* ---- the recipe ------------------------------------------------------------------------------ */

char *
sg_picture_read_recipe_memory(const char *name, const guint8 *data, gsize size, GError **error)
{
  gboolean readable;
  const char *kind = sg_picture_kind(data, size, &readable);
  char *recipe;
  GError *why = NULL;

  if (g_strcmp0(kind, "JPEG") == 0)
    recipe = sg_xmp_of_jpeg(data, size, &why);
  else if (g_strcmp0(kind, "WebP") == 0)
    recipe = sg_xmp_of_webp(data, size, &why);
  else if (kind && g_strcmp0(kind, "PNG") != 0)
    return NULL;
  else
    return sg_png_read_recipe_memory(name, data, size, error);
  if (why)
    g_propagate_prefixed_error(error, why, "%s: ", name);
  return recipe;
}

/* Of PNG only the chunks are read; of the others no program writes larger ones. */
#define MOST_BYTES (256 * 1024 * 1024)

char *
sg_picture_read_recipe(const char *path, GError **error)
{
  guint8 head[16] = {0};
  gboolean readable;
  g_autoptr(SgSource) source = sg_source_open(path, error);

  if (!source) {
    g_prefix_error(error, "%s: ", path);
    return NULL;
  }
  gsize size = sg_source_size(source), n = MIN(size, sizeof head);
  if (!sg_source_read(source, 0, head, n, NULL))
    n = 0;
  const char *kind = sg_picture_kind(head, n, &readable);
  if (!kind || g_strcmp0(kind, "PNG") == 0)
    return sg_png_read_recipe(path, error);
  if ((g_strcmp0(kind, "JPEG") != 0 && g_strcmp0(kind, "WebP") != 0) || size > MOST_BYTES)
    return NULL;
  g_autofree guint8 *data = g_try_malloc(MAX(size, 1));
  if (!data) {
    sg_no_memory(error, "to read the picture");
    return NULL;
  }
  if (!sg_source_read(source, 0, data, size, error)) {
    g_prefix_error(error, "%s: ", path);
    return NULL;
  }
  return sg_picture_read_recipe_memory(path, data, size, error);
}
