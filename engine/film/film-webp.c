/* Moving WebP, by libwebpmux, which keeps what is compressed until the end. Every frame is a whole
 * picture: libwebp's WebPAnimEncoder leaves out what differs by a few levels from the frame before,
 * and a slow film then stands still in blocks. */
#include "engine/film/film-private.h"
#include "engine/formats/format-error.h"
#include "engine/pictures/picture.h"
#include <webp/encode.h>
#include <webp/mux.h>

#define USUAL_QUALITY 90

typedef struct {
  SgFilmFormat format;
  SgWriter *writer;
  WebPMux *mux;
  WebPConfig config;
} Webp;

static void
webp_free(gpointer film)
{
  Webp *w = film;

  WebPMuxDelete(w->mux);
  g_free(w);
}

static gpointer
webp_open(const char *path, SgWriter *writer, const SgFilmFormat *format, GError **error)
{
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
  w->mux = WebPConfigInit(&w->config) ? WebPMuxNew() : NULL;
  w->config.lossless = w->config.exact = format->lossless;
  w->config.quality = (float)(format->quality ? format->quality : USUAL_QUALITY);
  /* Lossless: how much is tried. */
  if (format->lossless)
    w->config.quality = 20;
  w->config.method = format->lossless ? 0 : 2;
  if (w->mux)
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

/* Behind those that are there. */
static gboolean
push(Webp *w, guint64 frame, const WebPMemoryWriter *compressed, GError **error)
{
  gint64 begin = (gint64)sg_film_moment(&w->format, frame, 1000);
  const WebPMuxFrameInfo info = {
      .bitstream = {compressed->mem, compressed->size},
      .id = WEBP_CHUNK_ANMF,
      .duration = (int)((gint64)sg_film_moment(&w->format, frame + 1, 1000) - begin),
      .dispose_method = WEBP_MUX_DISPOSE_NONE,
      .blend_method = WEBP_MUX_NO_BLEND};

  if (WebPMuxPushFrame(w->mux, &info, TRUE) != WEBP_MUX_OK)
    return failed(error, "a frame could not be added");
  return TRUE;
}

static gboolean
webp_add(gpointer film, guint64 frame, const guint8 *pixels, const char *recipe_json,
         GError **error)
{
  Webp *w = film;
  WebPPicture picture;
  WebPMemoryWriter compressed;
  int stride = w->format.width * w->format.bytes;

  if (!WebPPictureInit(&picture))
    return failed(error, "another version of the library");
  WebPMemoryWriterInit(&compressed);
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &compressed;
  picture.use_argb = w->format.lossless;
  picture.width = w->format.width;
  picture.height = w->format.height;
  gboolean ok = (w->format.bytes == 4 ? WebPPictureImportRGBA
                                      : WebPPictureImportRGB)(&picture, pixels, stride) &&
                WebPEncode(&w->config, &picture);
  if (!ok)
    sg_no_memory(error, "for a frame");
  ok = ok && push(w, frame, &compressed, error);
  WebPPictureFree(&picture);
  WebPMemoryWriterClear(&compressed);
  return ok;
}

/* With the XMP packet that says what made it. */
static gboolean
webp_finish(gpointer film, guint64 frames, GError **error)
{
  Webp *w = film;
  gsize length;
  const char *xmp = sg_picture_mark(&length);
  const WebPData packet = {(const guint8 *)xmp, length};
  const WebPMuxAnimParams params = {.bgcolor = 0xffffffff, .loop_count = w->format.once};
  WebPData whole = {0};
  gboolean ok = WebPMuxSetAnimationParams(w->mux, &params) == WEBP_MUX_OK &&
                WebPMuxSetChunk(w->mux, "XMP ", &packet, 0) == WEBP_MUX_OK &&
                WebPMuxAssemble(w->mux, &whole) == WEBP_MUX_OK;

  if (!ok)
    failed(error, "its parts could not be put together");
  ok = ok && sg_writer_write(w->writer, whole.bytes, whole.size, error);
  WebPDataClear(&whole);
  return ok;
}

const SgFilmKind sg_film_webp = {.ending = ".webp",
                                 .lossless = TRUE,
                                 .open = webp_open,
                                 .add = webp_add,
                                 .finish = webp_finish,
                                 .free = webp_free};
