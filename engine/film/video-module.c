/* libvitrine-video.so: the only file that sees GStreamer (film-private.h). */
#include "engine/film/film-private.h"
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <string.h>

/* Frames that may wait for the encoder. */
#define AHEAD 8

typedef struct {
  GstElement *pipeline, *source;
  GstBus *bus;
  gsize bytes;
  guint64 frames;
  int fps_n, fps_d;
} Video;

typedef struct {
  const char *ending;
  const char *elements; /* those that not every installation has */
  const char *where;    /* …and where they come from */
  const char *launch;
} Kind;

/* A frame of 512 × 512 pixels in some 15 ms of a core, at about 40 dB. */
static const Kind kinds[] = {
    {".webm", "vp9enc webmmux",
     "GStreamer's good plug-ins (gstreamer1.0-plugins-good, gstreamer1.0-plugins-base)",
     "appsrc name=source ! videoconvert name=convert ! video/x-raw,format=I420,colorimetry=bt709 ! "
     "vp9enc name=encoder deadline=1 cpu-used=5 row-mt=true "
     "target-bitrate=100000000 keyframe-max-dist=120 ! webmmux name=mux writing-app=Vitrine ! "
     "fdsink name=sink"},
    {".mp4", "x264enc mp4mux",
     "GStreamer's x264 plug-in (gstreamer1.0-plugins-ugly; mp4mux: gstreamer1.0-plugins-good)",
     "appsrc name=source ! videoconvert name=convert ! video/x-raw,format=I420,colorimetry=bt709 ! "
     "x264enc name=encoder pass=qual speed-preset=veryfast key-int-max=120 ! "
     "mp4mux name=mux ! fdsink name=sink"},
};

static const Kind *
kind_of(const char *ending)
{
  return g_str_equal(ending, ".webm") ? &kinds[0] : &kinds[1];
}

static gboolean
start(char **why)
{
  GError *error = NULL;

  if (gst_init_check(NULL, NULL, &error))
    return TRUE;
  *why =
      g_strdup_printf("GStreamer does not start: %s", error ? error->message : "no reason given");
  g_clear_error(&error);
  return FALSE;
}

static gboolean
video_there(const char *ending, char **why)
{
  const Kind *kind = kind_of(ending);
  g_auto(GStrv) names = g_strsplit(kind->elements, " ", -1);

  if (!start(why))
    return FALSE;
  for (char **name = names; *name; name++) {
    GstElementFactory *factory = gst_element_factory_find(*name);
    if (!factory) {
      *why = g_strdup_printf("a film that ends in %s needs “%s”, which comes with %s", ending,
                             *name, kind->where);
      return FALSE;
    }
    gst_object_unref(factory);
  }
  return TRUE;
}

static void
video_free(gpointer video)
{
  Video *v = video;

  if (v->pipeline)
    gst_element_set_state(v->pipeline, GST_STATE_NULL);
  g_clear_pointer(&v->bus, gst_object_unref);
  g_clear_pointer(&v->source, gst_object_unref);
  g_clear_pointer(&v->pipeline, gst_object_unref);
  g_free(v);
}

/* What GStreamer has complained of, at most `wait` later; FALSE: nothing. */
static gboolean
complained(Video *v, GstClockTime wait, char **why)
{
  GstMessage *m = gst_bus_timed_pop_filtered(v->bus, wait, GST_MESSAGE_ERROR);
  GError *error = NULL;
  char *details = NULL;

  if (!m)
    return FALSE;
  gst_message_parse_error(m, &error, &details);
  *why = g_strdup_printf("the film cannot be written: %s (%s)", error->message,
                         GST_MESSAGE_SRC_NAME(m));
  g_error_free(error);
  g_free(details);
  gst_message_unref(m);
  return TRUE;
}

static void
configure(Video *v, const SgVideoSettings *s, int fd)
{
  GstBin *bin = GST_BIN(v->pipeline);
  GstElement *encoder = gst_bin_get_by_name(bin, "encoder"),
             *sink = gst_bin_get_by_name(bin, "sink"), *mux = gst_bin_get_by_name(bin, "mux"),
             *convert = gst_bin_get_by_name(bin, "convert");
  GstCaps *caps = gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "RGBx", "width",
                                      G_TYPE_INT, s->width, "height", G_TYPE_INT, s->height,
                                      "framerate", GST_TYPE_FRACTION, s->fps_n, s->fps_d, NULL);
  int quality = s->quality ? s->quality : 75; /* quantisers are 63 … 0 and 50 … 0 */

  g_object_set(v->source, "caps", caps, "format", GST_FORMAT_TIME, "max-bytes", (guint64)0, NULL);
  g_object_set(sink, "fd", fd, "sync", FALSE, NULL);
  g_object_set(convert, "n-threads", (guint)s->threads, NULL);
  if (g_str_equal(s->ending, ".webm"))
    /* Its one-pass modes heed "cq-level" little; a quantiser without choice is constant quality. */
    g_object_set(encoder, "min-quantizer", 63 - quality * 63 / 100, "max-quantizer",
                 63 - quality * 63 / 100, "threads", s->threads, NULL);
  else
    g_object_set(encoder, "quantizer", (guint)(50 - quality * 50 / 100), "threads",
                 (guint)s->threads, NULL);
  if (GST_IS_TAG_SETTER(mux))
    gst_tag_setter_add_tags(GST_TAG_SETTER(mux), GST_TAG_MERGE_REPLACE, GST_TAG_COMMENT, s->comment,
                            GST_TAG_APPLICATION_NAME, "Vitrine", NULL);
  gst_caps_unref(caps);
  gst_object_unref(convert);
  gst_object_unref(encoder);
  gst_object_unref(sink);
  gst_object_unref(mux);
}

static gpointer
video_open(const SgVideoSettings *s, int fd, char **why)
{
  Video *v = g_new0(Video, 1);
  GError *error = NULL;

  v->bytes = 4 * (gsize)s->width * (gsize)s->height;
  v->fps_n = s->fps_n;
  v->fps_d = s->fps_d;
  if (!start(why))
    goto failed;
  v->pipeline = gst_parse_launch(kind_of(s->ending)->launch, &error);
  if (error) {
    *why = g_strdup_printf("GStreamer cannot be used: %s", error->message);
    g_error_free(error);
    goto failed;
  }
  v->bus = gst_element_get_bus(v->pipeline);
  v->source = gst_bin_get_by_name(GST_BIN(v->pipeline), "source");
  configure(v, s, fd);
  if (gst_element_set_state(v->pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE)
    return v;
  if (!complained(v, 0, why))
    *why = g_strdup("GStreamer does not begin to write the film");
failed:
  video_free(v);
  return NULL;
}

static GstBuffer *
buffer_of(Video *v, const guint8 *rgba)
{
  GstBuffer *buffer = gst_buffer_new_allocate(NULL, v->bytes, NULL);
  guint64 second = GST_SECOND * (guint64)v->fps_d;

  gst_buffer_fill(buffer, 0, rgba, v->bytes);
  GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(v->frames, second, (guint64)v->fps_n);
  GST_BUFFER_DURATION(buffer) =
      gst_util_uint64_scale(v->frames + 1, second, (guint64)v->fps_n) - GST_BUFFER_PTS(buffer);
  v->frames++;
  return buffer;
}

static gboolean
video_add(gpointer video, const guint8 *rgba, char **why)
{
  Video *v = video;

  /* Not appsrc's own "block": after an error nobody would take frames any more, and it waited for
   * ever. */
  while (gst_app_src_get_current_level_bytes(GST_APP_SRC(v->source)) >= AHEAD * v->bytes)
    if (complained(v, GST_MSECOND, why))
      return FALSE;
  if (complained(v, 0, why))
    return FALSE;
  if (gst_app_src_push_buffer(GST_APP_SRC(v->source), buffer_of(v, rgba)) == GST_FLOW_OK)
    return TRUE;
  if (!complained(v, GST_SECOND, why))
    *why = g_strdup("GStreamer takes no more frames");
  return FALSE;
}

static gboolean
video_finish(gpointer video, char **why)
{
  Video *v = video;

  gst_app_src_end_of_stream(GST_APP_SRC(v->source));
  GstMessage *m =
      gst_bus_timed_pop_filtered(v->bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  gboolean ok = m && GST_MESSAGE_TYPE(m) == GST_MESSAGE_EOS;

  if (m && !ok) { /* put back, to be told like any other */
    gst_bus_post(v->bus, m);
    return complained(v, 0, why) && FALSE;
  }
  g_clear_pointer(&m, gst_message_unref);
  gst_element_set_state(v->pipeline, GST_STATE_NULL);
  return ok;
}

__attribute__((visibility("default"))) const SgVideoTable *vitrine_video(void);

const SgVideoTable *
vitrine_video(void)
{
  static const SgVideoTable table = {.open = video_open,
                                     .add = video_add,
                                     .finish = video_finish,
                                     .free = video_free,
                                     .there = video_there};
  return &table;
}
