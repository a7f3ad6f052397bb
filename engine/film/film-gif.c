/* Moving GIF, by giflib: 256 colours, chosen for each frame. */
#include "engine/film/film-private.h"
#include "engine/formats/format-error.h"
#ifdef SG_HAVE_GIF_WRITER
#  include "engine/pictures/picture.h"
#  include <gif_lib.h>
#  include <string.h>

#  define COLOURS  256
#  define FASTEST  50 /* frames a second: programs show shorter ones slowly */
#  define MAX_SIDE 65535

typedef struct {
  SgFilmFormat format;
  SgWriter *writer;
  GifFileType *gif;
  guint8 *rgb;                   /* [pixels, 3] */
  GifByteType *planes, *indices; /* [3, pixels], [pixels] */
  GError *why;                   /* of the last write */
} Gif;

static int
write_cb(GifFileType *file, const GifByteType *data, int n)
{
  Gif *g = file->UserData;

  if (!g->why && sg_writer_write(g->writer, data, (gsize)n, &g->why))
    return n;
  return 0;
}

static void
gif_free(gpointer film)
{
  Gif *g = film;

  if (g->gif)
    EGifCloseFile(g->gif, NULL);
  g_clear_error(&g->why);
  g_free(g->rgb);
  g_free(g->planes);
  g_free(g->indices);
  g_free(g);
}

/* The reason of a write, or giflib's. */
static gboolean
failed(Gif *g, GError **error)
{
  const char *why = g->gif ? GifErrorString(g->gif->Error) : NULL;

  if (g->why)
    g_propagate_error(error, g_steal_pointer(&g->why));
  else
    sg_broken(error, "giflib could not write the film: %s", why ? why : "no memory");
  return FALSE;
}

static gboolean
put_extension(Gif *g, const char *name, const guint8 *block, gsize n)
{
  return EGifPutExtensionLeader(g->gif, APPLICATION_EXT_FUNC_CODE) == GIF_OK &&
         EGifPutExtensionBlock(g->gif, 11, name) == GIF_OK &&
         (!n || EGifPutExtensionBlock(g->gif, (int)n, block) == GIF_OK) &&
         EGifPutExtensionTrailer(g->gif) == GIF_OK;
}

/* XMP in a GIF is no chain of blocks but the packet as it is, and after it 258 bytes through which
 * readers that know nothing of it fall out of any "block" (XMP specification, part 3). */
static gboolean
put_mark(Gif *g)
{
  static const guint8 leader[] = {0x21, 0xff, 11};
  guint8 trailer[258] = {1};
  gsize length;
  const char *xmp = sg_picture_mark(&length);

  for (int i = 0; i < 256; i++)
    trailer[i + 1] = (guint8)(255 - i);
  return sg_writer_write(g->writer, leader, sizeof leader, &g->why) &&
         sg_writer_write(g->writer, "XMP DataXMP", 11, &g->why) &&
         sg_writer_write(g->writer, xmp, length, &g->why) &&
         sg_writer_write(g->writer, trailer, sizeof trailer, &g->why);
}

static gboolean
begin(Gif *g)
{
  static const guint8 for_ever[] = {1, 0, 0};

  g->gif = EGifOpen(g, write_cb, NULL);
  if (!g->gif)
    return FALSE;
  EGifSetGifVersion(g->gif, TRUE);
  return EGifPutScreenDesc(g->gif, g->format.width, g->format.height, 8, 0, NULL) == GIF_OK &&
         (g->format.once || put_extension(g, "NETSCAPE2.0", for_ever, sizeof for_ever)) &&
         put_mark(g);
}

static gpointer
gif_open(const char *path, SgWriter *writer, const SgFilmFormat *format, GError **error)
{
  gsize pixels = (gsize)format->width * (gsize)format->height;

  if (format->width > MAX_SIDE || format->height > MAX_SIDE) {
    sg_unsupported(error, "%s: GIF holds pictures of up to %d pixels across", path, MAX_SIDE);
    return NULL;
  }
  if (format->fps_n > FASTEST * format->fps_d) {
    sg_unsupported(error,
                   "%s: programs show GIFs of more than %d frames a second too slowly; take fewer, "
                   "or another kind of film",
                   path, FASTEST);
    return NULL;
  }
  Gif *g = g_new0(Gif, 1);
  g->format = *format;
  g->writer = writer;
  g->rgb = g_malloc(3 * pixels);
  g->planes = g_malloc(3 * pixels);
  g->indices = g_malloc(pixels);
  if (begin(g))
    return g;
  failed(g, error);
  gif_free(g);
  return NULL;
}

/* Median cut; NULL: no memory. */
static ColorMapObject *
choose_colours(Gif *g, const guint8 *pixels)
{
  gsize n = (gsize)g->format.width * (gsize)g->format.height;
  ColorMapObject *map = GifMakeMapObject(COLOURS, NULL);
  int count = COLOURS;

  sg_film_opaque(pixels, n, g->format.bytes, 3, g->rgb);
  for (gsize i = 0; i < n; i++)
    for (gsize c = 0; c < 3; c++)
      g->planes[c * n + i] = g->rgb[3 * i + c];
  if (map &&
      GifQuantizeBuffer((unsigned)g->format.width, (unsigned)g->format.height, &count, g->planes,
                        g->planes + n, g->planes + 2 * n, g->indices, map->Colors) == GIF_OK)
    return map;
  GifFreeMapObject(map);
  return NULL;
}

static gboolean
put_frame(Gif *g, guint64 frame, const ColorMapObject *map)
{
  gint64 delay =
      sg_film_moment(&g->format, frame + 1, 100) - sg_film_moment(&g->format, frame, 100);
  const GraphicsControlBlock control = {.DisposalMode = DISPOSE_DO_NOT,
                                        .DelayTime = (int)MIN(delay, 65535),
                                        .TransparentColor = NO_TRANSPARENT_COLOR};
  GifByteType block[4];
  gsize length = EGifGCBToExtension(&control, block);
  int width = g->format.width, height = g->format.height;

  if (EGifPutExtension(g->gif, GRAPHICS_EXT_FUNC_CODE, (int)length, block) != GIF_OK ||
      EGifPutImageDesc(g->gif, 0, 0, width, height, FALSE, map) != GIF_OK)
    return FALSE;
  for (int y = 0; y < height; y++)
    if (EGifPutLine(g->gif, g->indices + (gsize)y * (gsize)width, width) != GIF_OK)
      return FALSE;
  return TRUE;
}

static gboolean
gif_add(gpointer film, guint64 frame, const guint8 *pixels, const char *recipe_json, GError **error)
{
  Gif *g = film;
  ColorMapObject *map = choose_colours(g, pixels);
  gboolean ok = map && put_frame(g, frame, map) && !g->why;

  GifFreeMapObject(map);
  return ok || failed(g, error);
}

static gboolean
gif_finish(gpointer film, guint64 frames, GError **error)
{
  Gif *g = film;
  int why = 0;
  gboolean ok = EGifCloseFile(g_steal_pointer(&g->gif), &why) == GIF_OK && !g->why;

  return ok || failed(g, error);
}

const SgFilmKind sg_film_gif = {
    .ending = ".gif", .open = gif_open, .add = gif_add, .finish = gif_finish, .free = gif_free};
#else

static gboolean
gif_there(GError **error)
{
  return sg_unsupported(error, "this Vitrine was built without giflib's quantiser, which writing "
                               "GIFs needs: take .webp, .webm or a folder of PNGs");
}

const SgFilmKind sg_film_gif = {.ending = ".gif", .there = gif_there};
#endif
