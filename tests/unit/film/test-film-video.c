/* WebM and MP4, read back by GStreamer: how many frames, how long, how near. */
#include "tests/unit/film/film-frames.h"
#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Few installations have a decoder for H.264: without one its frames are counted as they are. */
static gboolean
can_decode(const char *path)
{
  GstElementFactory *factory = NULL;

  if (g_str_has_suffix(path, ".webm"))
    return TRUE;
  factory = gst_element_factory_find("avdec_h264");
  if (!factory)
    return FALSE;
  gst_object_unref(factory);
  return TRUE;
}

static GstElement *
open_film(const char *path, GstElement **sink)
{
  g_autoptr(GError) error = NULL;
  GstElement *pipeline = gst_parse_launch(
      can_decode(path) ? "filesrc name=source ! decodebin ! videoconvert ! "
                         "video/x-raw,format=RGBx ! appsink name=sink sync=false"
                       : "filesrc name=source ! qtdemux ! appsink name=sink sync=false",
      &error);
  g_assert_no_error(error);
  GstElement *source = gst_bin_get_by_name(GST_BIN(pipeline), "source");
  g_object_set(source, "location", path, NULL);
  gst_object_unref(source);
  *sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  return pipeline;
}

/* Its PSNR against the frame that went in. */
static double
compare(GstSample *sample, int i)
{
  GstBuffer *buffer = gst_sample_get_buffer(sample);
  g_autofree guint8 *frame = film_frame(i, 3), *rgb = g_malloc(3 * WIDTH * HEIGHT);
  GstMapInfo map;

  g_assert_true(gst_buffer_map(buffer, &map, GST_MAP_READ));
  g_assert_cmpuint(map.size, ==, 4 * WIDTH * HEIGHT);
  for (gsize p = 0; p < WIDTH * HEIGHT; p++)
    memcpy(rgb + 3 * p, map.data + 4 * p, 3);
  gst_buffer_unmap(buffer, &map);
  /* Containers count in milliseconds. */
  gint64 off = (gint64)GST_BUFFER_PTS(buffer) - i * (gint64)GST_SECOND / 10;
  g_assert_cmpint(ABS(off), <=, (gint64)GST_MSECOND);
  return film_psnr(frame, rgb, 3 * WIDTH * HEIGHT);
}

static void
check_film(const char *path)
{
  GstElement *sink, *pipeline = open_film(path, &sink);
  GstSample *sample;
  gint64 duration;
  int n = 0;

  while ((sample = gst_app_sink_pull_sample(GST_APP_SINK(sink)))) {
    if (can_decode(path))
      g_assert_cmpfloat(compare(sample, n), >=, 35);
    if (n++ == 0) {
      g_assert_true(gst_element_query_duration(pipeline, GST_FORMAT_TIME, &duration));
      g_assert_cmpint(ABS(duration - FRAMES * (gint64)GST_SECOND / 10), <=, (gint64)GST_MSECOND);
    }
    gst_sample_unref(sample);
  }
  g_assert_cmpint(n, ==, FRAMES);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(sink);
  gst_object_unref(pipeline);
}

static char *
film_path(const char *folder, const char *name)
{
  char *path = g_build_filename(folder, name, NULL);
  g_autoptr(GError) error = NULL;

  if (sg_film_can_write(path, &error))
    return path;
  g_assert_nonnull(strstr(error->message, "needs"));
  g_test_skip(error->message);
  g_free(path);
  return NULL;
}

static void
test_film(gconstpointer name)
{
  char *folder = film_folder();
  g_autofree char *path = film_path(folder, name), *data = NULL;
  const SgFilmFormat format = film_format(3);
  g_autoptr(GError) error = NULL;
  gsize size;

  if (path) {
    film_write(path, &format, &error);
    g_assert_no_error(error);
    check_film(path);
    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    g_assert_nonnull(memmem(data, size, "trainedAlgorithmicMedia", 23));
    g_assert_cmpuint(film_count_entries(folder), ==, 1);
  }
  film_folder_free(folder);
}

static void
test_left_half(gconstpointer name)
{
  char *folder = film_folder();
  g_autofree char *path = film_path(folder, name);
  const SgFilmFormat format = film_format(3);
  g_autofree guint8 *frame = film_frame(0, 3);
  g_autoptr(GError) error = NULL;
  g_autoptr(SgFilm) film = path ? sg_film_new(path, &format, &error) : NULL;

  for (int i = 0; film && i < 20; i++) /* more than are let ahead */
    g_assert_true(sg_film_add(film, frame, NULL, &error));
  g_clear_pointer(&film, sg_film_free);
  g_assert_cmpuint(film_count_entries(folder), ==, 0);
  film_folder_free(folder);
}

static void
test_full_disk(gconstpointer name)
{
  char *folder = film_folder();
  g_autofree char *path = film_path(folder, name);
  const SgFilmFormat format = film_format(3);
  g_autoptr(GError) error = NULL;
  struct rlimit before, small;

  signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &before);
  small = before;
  small.rlim_cur = 600;
  setrlimit(RLIMIT_FSIZE, &small);
  gboolean written = path && film_write(path, &format, &error);
  setrlimit(RLIMIT_FSIZE, &before);
  if (path) {
    g_assert_false(written);
    g_assert_nonnull(error);
  }
  g_assert_cmpuint(film_count_entries(folder), ==, 0);
  film_folder_free(folder);
}

static void
test_odd_size(void)
{
  SgFilmFormat format = film_format(3);
  char *folder = film_folder();
  g_autofree char *path = film_path(folder, "film.webm");
  g_autoptr(GError) error = NULL;

  format.width--;
  if (path) {
    g_assert_false(film_write(path, &format, &error));
    g_assert_nonnull(strstr(error->message, "even width and height"));
    g_assert_cmpuint(film_count_entries(folder), ==, 0);
  }
  film_folder_free(folder);
}

int
main(int argc, char **argv)
{
  /* No list of plug-ins in the home of whoever runs the tests, and no other process that makes
   * it. */
  g_autofree char *registry = g_strdup_printf("%s/vitrine-gst-%d.bin", g_get_tmp_dir(), getpid());
  g_setenv("GST_REGISTRY", registry, TRUE);
  g_setenv("GST_REGISTRY_FORK", "no", TRUE);
  g_test_init(&argc, &argv, NULL);
  gst_init(NULL, NULL);
  g_test_add_data_func("/film-video/webm", "film.webm", test_film);
  g_test_add_data_func("/film-video/mp4", "film.mp4", test_film);
  g_test_add_data_func("/film-video/half", "film.webm", test_left_half);
  g_test_add_data_func("/film-video/full", "film.webm", test_full_disk);
  g_test_add_func("/film-video/odd-size", test_odd_size);
  int status = g_test_run();
  g_unlink(registry);
  return status;
}
