/* Size and colour of a picture from its first bytes, so that opening a set need not decode it. */
#include "engine/formats/format-error.h"
#include "engine/pictures/picture.h"
#include "engine/data/dataset-private.h"
#include <string.h>
#include <webp/decode.h>

static guint
be16(const guint8 *p)
{
  return (guint)p[0] << 8 | p[1];
}

static SgProbeResult
bad(GError **error, const char *message)
{
  sg_broken(error, "%s", message);
  return SG_PROBE_BAD;
}

static SgProbeResult
more(gboolean whole, GError **error)
{
  return whole ? bad(error, "the picture ends in its header") : SG_PROBE_MORE;
}

static SgProbeResult
check(const SgProbe *probe, GError **error)
{
  return sg_picture_check_size(probe->width, probe->height, error) ? SG_PROBE_OK : SG_PROBE_BAD;
}

/* Where large ones are made smaller while they are read. */
static SgProbeResult
check_stored(const SgProbe *probe, GError **error)
{
  return sg_picture_check_stored(probe->width, probe->height, error) ? SG_PROBE_OK : SG_PROBE_BAD;
}

static SgProbeResult
probe_png(const guint8 *data, gsize size, gboolean whole, SgProbe *probe, GError **error)
{
  if (size < 33)
    return more(whole, error);
  if (sg_be32(data + 8) != 13 || memcmp(data + 12, "IHDR", 4) != 0)
    return bad(error, "not a readable PNG: it does not begin with its header");
  probe->width = sg_be32(data + 16);
  probe->height = sg_be32(data + 20);
  probe->grey = data[25] == 0 || data[25] == 4;
  return check_stored(probe, error);
}

/* Segments up to the frame header; what may stand before it (previews, colour profiles) can be
 * long. */
static SgProbeResult
probe_jpeg(const guint8 *data, gsize size, gboolean whole, SgProbe *probe, GError **error)
{
  for (gsize at = 2;;) {
    if (at + 4 > size)
      return more(whole, error);
    if (data[at] != 0xff)
      return bad(error, "not a readable JPEG: a segment does not begin where it should");
    guint8 marker = data[at + 1];
    if (marker == 0xff) { /* fill byte */
      at++;
      continue;
    }
    if (marker == 0xd9 || marker == 0xda)
      return bad(error, "not a readable JPEG: it has no frame header");
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) { /* no length */
      at += 2;
      continue;
    }
    guint length = be16(data + at + 2);
    if (length < 2)
      return bad(error, "not a readable JPEG: a segment is shorter than its own length");
    if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
      if (at + 10 > size)
        return more(whole, error);
      probe->height = be16(data + at + 5);
      probe->width = be16(data + at + 7);
      probe->grey = data[at + 9] == 1;
      /* Large ones are decoded at down to an eighth. */
      if (probe->width == 0 || probe->height == 0 ||
          (guint64)probe->width * probe->height / 64 > SG_PICTURE_MAX_PIXELS)
        return check(probe, error);
      return SG_PROBE_OK;
    }
    at += 2 + length;
  }
}

static SgProbeResult
probe_webp(const guint8 *data, gsize size, gboolean whole, SgProbe *probe, GError **error)
{
  WebPBitstreamFeatures f;
  VP8StatusCode status = WebPGetFeatures(data, size, &f);

  if (status == VP8_STATUS_NOT_ENOUGH_DATA)
    return more(whole, error);
  if (status != VP8_STATUS_OK)
    return bad(error, "not a readable WebP");
  probe->width = (guint)f.width;
  probe->height = (guint)f.height;
  probe->grey = FALSE; /* the format has no grey */
  return check_stored(probe, error);
}

/* Kinds that are rare in data sets: if anything is missing the file is read whole. */
static SgProbeResult
probe_other(const guint8 *data, gsize size, gboolean whole, SgProbe *probe, GError **error)
{
  gboolean readable;
  const char *kind = sg_picture_kind(data, size, &readable);

  if (!whole && kind && readable)
    return SG_PROBE_MORE;
  probe->grey = FALSE;
  return sg_picture_stored_size(data, size, &probe->width, &probe->height, error) ? SG_PROBE_OK
                                                                                  : SG_PROBE_BAD;
}

SgProbeResult
sg_probe(const guint8 *data, gsize size, gboolean whole, SgProbe *probe, GError **error)
{
  if (size == 0)
    return bad(error, "the file is empty");
  if (size >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0)
    return probe_png(data, size, whole, probe, error);
  if (size >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0)
    return probe_jpeg(data, size, whole, probe, error);
  if (size >= 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0)
    return probe_webp(data, size, whole, probe, error);
  return probe_other(data, size, whole, probe, error);
}
