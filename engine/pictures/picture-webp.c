/* Still WebP pictures. */
#include "engine/formats/format-error.h"
#include "engine/pictures/picture-private.h"
#include <string.h>
#include <webp/decode.h>

gboolean
sg_webp_recognise(const guint8 *data, gsize size)
{
  return size >= 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0;
}

gboolean
sg_webp_decode(SgPixels *p, const guint8 *data, gsize size, GError **error)
{
  WebPBitstreamFeatures f;

  if (WebPGetFeatures(data, size, &f) != VP8_STATUS_OK)
    return sg_broken(error, "not a readable WebP");
  if (f.has_animation)
    return sg_unsupported(error, "this is an animated WebP; Vitrine reads still pictures");
  if (!sg_picture_check_size((guint64)f.width, (guint64)f.height, error))
    return FALSE;
  gsize stride = (gsize)f.width * (f.has_alpha ? 4 : 3);
  g_autofree guint8 *decoded = g_try_malloc(stride * (gsize)f.height);
  if (!decoded)
    return sg_broken(error, "not enough memory for the picture");
  guint8 *done =
      f.has_alpha ? WebPDecodeRGBAInto(data, size, decoded, stride * (gsize)f.height, (int)stride)
                  : WebPDecodeRGBInto(data, size, decoded, stride * (gsize)f.height, (int)stride);
  if (!done)
    return sg_broken(error, "not a readable WebP: it is damaged or cut off");
  p->width = f.width;
  p->height = f.height;
  p->channels = f.has_alpha ? 4 : 3;
  p->pixels = g_steal_pointer(&decoded);
  return TRUE;
}
