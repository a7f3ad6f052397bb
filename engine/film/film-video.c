/* WebM and MP4, by GStreamer, which is loaded when such a film is first asked for. */
#include "engine/backend/module.h"
#include "engine/film/film-private.h"
#include "engine/formats/format-error.h"
#include "engine/pictures/picture.h"

static const SgModuleFile video_file = {.file = "libvitrine-video.so",
                                        .variable = "VITRINE_VIDEO_MODULE",
                                        .folder = "engine",
                                        .name = "video"};

typedef struct {
  const SgVideoTable *table;
  gpointer video;
  guint8 *rgba;
  gsize pixels;
  int bytes;
} Video;

static const SgVideoTable *
video_table(GError **error)
{
  SgVideoEntry entry = (SgVideoEntry)sg_module_symbol(&video_file, "vitrine_video", error);

  if (!entry)
    g_prefix_error(error, "WebM and MP4 are written by GStreamer (.webp, .gif and a folder of PNGs "
                          "need none): ");
  return entry ? entry() : NULL;
}

static gboolean
failed(char *why, GError **error)
{
  sg_unsupported(error, "%s", why ? why : "GStreamer could not write the film");
  g_free(why);
  return FALSE;
}

static gboolean
video_there(const char *ending, GError **error)
{
  const SgVideoTable *table = video_table(error);
  char *why = NULL;

  return table && (table->there(ending, &why) || failed(why, error));
}

static gboolean
webm_there(GError **error)
{
  return video_there(".webm", error);
}

static gboolean
mp4_there(GError **error)
{
  return video_there(".mp4", error);
}

static void
video_free(gpointer film)
{
  Video *v = film;

  if (v->video)
    v->table->free(v->video);
  g_free(v->rgba);
  g_free(v);
}

static gpointer
video_open(const char *path, const char *ending, SgWriter *writer, const SgFilmFormat *format,
           GError **error)
{
  const SgVideoSettings settings = {.ending = ending,
                                    .width = format->width,
                                    .height = format->height,
                                    .fps_n = format->fps_n,
                                    .fps_d = format->fps_d,
                                    .quality = format->quality,
                                    .threads = (int)g_get_num_processors(),
                                    .comment = SG_PICTURE_SOURCE_TYPE};
  char *why = NULL;

  if (format->width % 2 || format->height % 2 || format->width > 16384 || format->height > 16384) {
    sg_unsupported(error,
                   "%s: videos have an even width and height of up to 16384 pixels; these "
                   "would be %d × %d",
                   path, format->width, format->height);
    return NULL;
  }
  Video *v = g_new0(Video, 1);
  v->pixels = (gsize)format->width * (gsize)format->height;
  v->bytes = format->bytes;
  v->rgba = g_malloc(4 * v->pixels);
  v->table = video_table(error);
  v->video = v->table ? v->table->open(&settings, sg_writer_fd(writer), &why) : NULL;
  if (v->video)
    return v;
  if (v->table)
    failed(why, error);
  video_free(v);
  return NULL;
}

static gpointer
webm_open(const char *path, SgWriter *writer, const SgFilmFormat *format, GError **error)
{
  return video_open(path, ".webm", writer, format, error);
}

static gpointer
mp4_open(const char *path, SgWriter *writer, const SgFilmFormat *format, GError **error)
{
  return video_open(path, ".mp4", writer, format, error);
}

static gboolean
video_add(gpointer film, guint64 frame, const guint8 *pixels, const char *recipe_json,
          GError **error)
{
  Video *v = film;
  char *why = NULL;

  sg_film_opaque(pixels, v->pixels, v->bytes, 4, v->rgba);
  return v->table->add(v->video, v->rgba, &why) || failed(why, error);
}

static gboolean
video_finish(gpointer film, guint64 frames, GError **error)
{
  Video *v = film;
  char *why = NULL;

  return v->table->finish(v->video, &why) || failed(why, error);
}

const SgFilmKind sg_film_webm = {.ending = ".webm",
                                 .open = webm_open,
                                 .add = video_add,
                                 .finish = video_finish,
                                 .free = video_free,
                                 .there = webm_there};
const SgFilmKind sg_film_mp4 = {.ending = ".mp4",
                                .open = mp4_open,
                                .add = video_add,
                                .finish = video_finish,
                                .free = video_free,
                                .there = mp4_there};
