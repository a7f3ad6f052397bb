/* Moving WebP, by libwebpmux, which keeps what is compressed until the end. */
#include "engine/film/film-private.h"
#include "engine/formats/format-error.h"
#include "engine/pictures/picture.h"
#include <webp/encode.h>
#include <webp/mux.h>

#define USUAL_QUALITY 90

typedef struct {
  SgFilmFormat format;
  SgWriter *writer;
  WebPAnimEncoder *encoder;
  WebPConfig config;
} Webp;

static void
webp_free(gpointer film)
{
  Webp *w = film;

  if (w->encoder)
    WebPAnimEncoderDelete(w->encoder);
  g_free(w);
}

static gpointer
webp_open(const char *path, SgWriter *writer, const SgFilmFormat *format, GError **error)
{
  WebPAnimEncoderOptions options;
  Webp *w = g_new0(Webp, 1);

  w->format = *format;
  w->writer = writer;
  if (format->width > WEBP_MAX_DIMENSION || format->height > WEBP_MAX_DIMENSION) {
    sg_unsupported(error,
                   "%s: WebP holds pictures of up to %d pixels across; these would be %d × %d",
                   path, WEBP_MAX_DIMENSION, format->width, format->height);
    webp_free(w);
    return NULL;
  }
  if (WebPConfigInit(&w->config) && WebPAnimEncoderOptionsInit(&options)) {
    w->config.lossless = w->config.exact = format->lossless;
    w->config.quality = (float)(format->quality ? format->quality : USUAL_QUALITY);
    /* Lossless: how much is tried. */
    if (format->lossless)
      w->config.quality = 20;
    w->config.method = format->lossless ? 0 : 2;
    options.anim_params.loop_count = format->once;
    w->encoder = WebPAnimEncoderNew(format->width, format->height, &options);
  }
  if (w->encoder)
    return w;
  sg_no_memory(error, "for the film");
  webp_free(w);
  return NULL;
}

static gboolean
failed(GError **error, const char *why)
{
  return sg_broken(error, "libwebp could not write the film: %s", why);
}

static gboolean
webp_add(gpointer film, guint64 frame, const guint8 *pixels, const char *recipe_json,
         GError **error)
{
  Webp *w = film;
  WebPPicture picture;
  int stride = w->format.width * w->format.bytes;

  if (!WebPPictureInit(&picture))
    return failed(error, "another version of the library");
  picture.use_argb = 1;
  picture.width = w->format.width;
  picture.height = w->format.height;
  gboolean ok = (w->format.bytes == 4 ? WebPPictureImportRGBA
                                      : WebPPictureImportRGB)(&picture, pixels, stride);
  if (!ok)
    sg_no_memory(error, "for a frame");
  else if (!(ok = WebPAnimEncoderAdd(w->encoder, &picture,
                                     (int)sg_film_moment(&w->format, frame, 1000), &w->config)))
    failed(error, WebPAnimEncoderGetError(w->encoder));
  WebPPictureFree(&picture);
  return ok;
}

/* With the XMP packet that says what made it. */
static gboolean
write_marked(Webp *w, const WebPData *film, GError **error)
{
  gsize length;
  const char *xmp = sg_picture_mark(&length);
  const WebPData packet = {(const guint8 *)xmp, length};
  WebPData whole = {0};
  WebPMux *mux = WebPMuxCreate(film, 0);
  gboolean ok = mux && WebPMuxSetChunk(mux, "XMP ", &packet, 0) == WEBP_MUX_OK &&
                WebPMuxAssemble(mux, &whole) == WEBP_MUX_OK;

  if (!ok)
    failed(error, "its parts could not be put together");
  ok = ok && sg_writer_write(w->writer, whole.bytes, whole.size, error);
  WebPDataClear(&whole);
  WebPMuxDelete(mux);
  return ok;
}

static gboolean
webp_finish(gpointer film, guint64 frames, GError **error)
{
  Webp *w = film;
  WebPData data = {0};
  gboolean ok =
      WebPAnimEncoderAdd(w->encoder, NULL, (int)sg_film_moment(&w->format, frames, 1000), NULL) &&
      WebPAnimEncoderAssemble(w->encoder, &data);

  if (!ok)
    failed(error, WebPAnimEncoderGetError(w->encoder));
  ok = ok && write_marked(w, &data, error);
  WebPDataClear(&data);
  return ok;
}

const SgFilmKind sg_film_webp = {.ending = ".webp",
                                 .lossless = TRUE,
                                 .open = webp_open,
                                 .add = webp_add,
                                 .finish = webp_finish,
                                 .free = webp_free};
