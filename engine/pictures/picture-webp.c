/* WebP: still pictures, and the pictures of moving ones. */
#include "engine/formats/format-error.h"
#include "engine/pictures/picture-private.h"
#include <string.h>
#include <webp/decode.h>
#include <webp/demux.h>

gboolean
sg_webp_recognise(const guint8 *data, gsize size)
{
  return size >= 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0;
}

/* A frame as it is shown. */
static gboolean
decode_frame(SgPixels *p, WebPAnimDecoder *decoder, guint frame, GError **error)
{
  WebPAnimInfo info;
  guint8 *canvas = NULL;
  int timestamp;
  gboolean ok = WebPAnimDecoderGetInfo(decoder, &info) && frame < info.frame_count;

  for (guint i = 0; ok && i <= frame; i++)
    ok = WebPAnimDecoderGetNext(decoder, &canvas, &timestamp);
  if (!ok)
    return sg_broken(error, "not a readable WebP: it is damaged or cut off");
  p->pixels = g_try_malloc(4 * (gsize)info.canvas_width * info.canvas_height);
  if (!p->pixels)
    return sg_no_memory(error, "for the picture");
  memcpy(p->pixels, canvas, 4 * (gsize)info.canvas_width * info.canvas_height);
  p->width = (int)info.canvas_width;
  p->height = (int)info.canvas_height;
  p->channels = 4;
  p->frames = info.frame_count > 1 ? 2 : 1;
  return TRUE;
}

static gboolean
decode_animation(SgPixels *p, const guint8 *data, gsize size, guint frame, GError **error)
{
  const WebPData bytes = {data, size};
  WebPBitstreamFeatures f;

  if (WebPGetFeatures(data, size, &f) != VP8_STATUS_OK ||
      !sg_picture_check_size((guint64)f.width, (guint64)f.height, error))
    return error && *error ? FALSE : sg_broken(error, "not a readable WebP");
  WebPAnimDecoder *decoder = WebPAnimDecoderNew(&bytes, NULL);
  if (!decoder)
    return sg_broken(error, "not a readable WebP: it is damaged or cut off");
  gboolean ok = decode_frame(p, decoder, frame, error);
  WebPAnimDecoderDelete(decoder);
  return ok;
}

/* Lossy pictures are decoded row by row and can be shrunk meanwhile; of the others libwebp keeps
 * all pixels. */
static gboolean
choose_size(WebPDecoderConfig *config, GError **error)
{
  const WebPBitstreamFeatures *f = &config->input;
  guint shrink = sg_picture_shrink((guint64)f->width, (guint64)f->height);

  if (shrink > 1 && f->format != 2) {
    config->options.use_scaling = 1;
    config->options.scaled_width = MAX(f->width / (int)shrink, 1);
    config->options.scaled_height = MAX(f->height / (int)shrink, 1);
    return TRUE;
  }
  if (shrink > 1)
    return sg_unsupported(error,
                          "the picture is %d×%d and lossless WebP, which is decoded whole; Vitrine "
                          "reads up to %d million pixels of that: save it as PNG",
                          f->width, f->height, SG_PICTURE_MAX_PIXELS / 1000000);
  return sg_picture_check_size((guint64)f->width, (guint64)f->height, error);
}

guint
sg_webp_frames(const guint8 *data, gsize size)
{
  const WebPData bytes = {data, size};
  WebPDemuxer *demuxer = WebPDemux(&bytes);
  guint n = demuxer ? WebPDemuxGetI(demuxer, WEBP_FF_FRAME_COUNT) : 1;

  WebPDemuxDelete(demuxer);
  return n;
}

gboolean
sg_webp_decode(SgPixels *p, const guint8 *data, gsize size, guint frame, GError **error)
{
  WebPDecoderConfig config;
  const WebPBitstreamFeatures *f = &config.input;

  if (!WebPInitDecoderConfig(&config) ||
      WebPGetFeatures(data, size, &config.input) != VP8_STATUS_OK)
    return sg_broken(error, "not a readable WebP");
  if (f->has_animation)
    return decode_animation(p, data, size, frame, error);
  if (!choose_size(&config, error))
    return FALSE;
  int width = config.options.use_scaling ? config.options.scaled_width : f->width;
  int height = config.options.use_scaling ? config.options.scaled_height : f->height;
  gsize stride = (gsize)width * (f->has_alpha ? 4 : 3);
  g_autofree guint8 *decoded = g_try_malloc(stride * (gsize)height);
  if (!decoded)
    return sg_no_memory(error, "for the picture");
  config.output.colorspace = f->has_alpha ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = decoded;
  config.output.u.RGBA.stride = (int)stride;
  config.output.u.RGBA.size = stride * (gsize)height;
  VP8StatusCode status = WebPDecode(data, size, &config);
  if (status == VP8_STATUS_OUT_OF_MEMORY)
    return sg_no_memory(error, "for the picture");
  if (status != VP8_STATUS_OK)
    return sg_broken(error, "not a readable WebP: it is damaged or cut off");
  p->width = width;
  p->height = height;
  p->channels = f->has_alpha ? 4 : 3;
  p->pixels = g_steal_pointer(&decoded);
  return TRUE;
}
