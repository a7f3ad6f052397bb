/* Still WebP pictures. */
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

/* The first frame as it is shown. */
static gboolean
decode_frame(SgPixels *p, WebPAnimDecoder *decoder, GError **error)
{
  WebPAnimInfo info;
  guint8 *canvas;
  int timestamp;

  if (!WebPAnimDecoderGetInfo(decoder, &info) ||
      !WebPAnimDecoderGetNext(decoder, &canvas, &timestamp))
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
decode_animation(SgPixels *p, const guint8 *data, gsize size, GError **error)
{
  const WebPData bytes = {data, size};
  WebPBitstreamFeatures f;

  if (WebPGetFeatures(data, size, &f) != VP8_STATUS_OK ||
      !sg_picture_check_size((guint64)f.width, (guint64)f.height, error))
    return error && *error ? FALSE : sg_broken(error, "not a readable WebP");
  WebPAnimDecoder *decoder = WebPAnimDecoderNew(&bytes, NULL);
  if (!decoder)
    return sg_broken(error, "not a readable WebP: it is damaged or cut off");
  gboolean ok = decode_frame(p, decoder, error);
  WebPAnimDecoderDelete(decoder);
  return ok;
}

gboolean
sg_webp_decode(SgPixels *p, const guint8 *data, gsize size, GError **error)
{
  WebPDecoderConfig config;
  const WebPBitstreamFeatures *f = &config.input;

  if (!WebPInitDecoderConfig(&config) ||
      WebPGetFeatures(data, size, &config.input) != VP8_STATUS_OK)
    return sg_broken(error, "not a readable WebP");
  if (f->has_animation)
    return decode_animation(p, data, size, error);
  if (!sg_picture_check_size((guint64)f->width, (guint64)f->height, error))
    return FALSE;
  gsize stride = (gsize)f->width * (f->has_alpha ? 4 : 3);
  g_autofree guint8 *decoded = g_try_malloc(stride * (gsize)f->height);
  if (!decoded)
    return sg_no_memory(error, "for the picture");
  config.output.colorspace = f->has_alpha ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = decoded;
  config.output.u.RGBA.stride = (int)stride;
  config.output.u.RGBA.size = stride * (gsize)f->height;
  VP8StatusCode status = WebPDecode(data, size, &config);
  if (status == VP8_STATUS_OUT_OF_MEMORY)
    return sg_no_memory(error, "for the picture");
  if (status != VP8_STATUS_OK)
    return sg_broken(error, "not a readable WebP: it is damaged or cut off");
  p->width = f->width;
  p->height = f->height;
  p->channels = f->has_alpha ? 4 : 3;
  p->pixels = g_steal_pointer(&decoded);
  return TRUE;
}
