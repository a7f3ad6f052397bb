/* Films of PNGs, WebP and GIF, read back by what reads pictures. */

#include "engine/pictures/picture.h"
#include "tests/unit/film/film-frames.h"
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>

#define MARK "trainedAlgorithmicMedia"

static char *
read_all(const char *path, gsize *size)
{
  g_autoptr(GError) error = NULL;
  char *data = NULL;

  g_file_get_contents(path, &data, size, &error);
  g_assert_no_error(error);
  return data;
}

static gboolean
holds(const char *data, gsize size, const char *text)
{
  return memmem(data, size, text, strlen(text)) != NULL;
}

static void
write_well(const char *path, const SgFilmFormat *format)
{
  g_autoptr(GError) error = NULL;

  film_write(path, format, &error);
  g_assert_no_error(error);
}

/* Frame i of the file, as `bytes` a pixel. */
static void
check_frame(const char *data, gsize size, int i, int bytes, double least)
{
  g_autoptr(GError) error = NULL;
  g_auto(SgPixels) p = {0};
  g_autofree guint8 *frame = film_frame(i, bytes);

  sg_pixels_decode_frame(&p, "film", (const guint8 *)data, size, (guint)i, &error);
  g_assert_no_error(error);
  sg_pixels_convert(&p, bytes);
  g_assert_cmpint(p.width, ==, WIDTH);
  g_assert_cmpint(p.height, ==, HEIGHT);
  if (least)
    g_assert_cmpfloat(film_psnr(frame, p.pixels, (gsize)WIDTH * HEIGHT * (gsize)bytes), >=, least);
  else
    g_assert_cmpmem(p.pixels, WIDTH * HEIGHT * bytes, frame, WIDTH * HEIGHT * bytes);
}

static void
test_pngs(void)
{
  char *folder = film_folder();
  g_autofree char *path = g_build_filename(folder, "film", NULL);

  for (int bytes = 3; bytes <= 4; bytes++) {
    g_autofree char *one = g_strdup_printf("%s%d", path, bytes);
    const SgFilmFormat format = film_format(bytes);
    write_well(one, &format);
    g_assert_cmpuint(film_count_entries(one), ==, FRAMES);
    for (int i = 0; i < FRAMES; i++) {
      gsize size;
      g_autofree char *name = g_strdup_printf("%s/frame%06d.png", one, i);
      g_autofree char *data = read_all(name, &size), *recipe = sg_png_read_recipe(name, NULL);
      g_auto(SgPixels) p = {0};
      g_autofree guint8 *frame = film_frame(i, bytes);
      g_assert_true(holds(data, size, MARK));
      g_assert_cmpstr(recipe, ==, "{\"made\": \"up\"}");
      g_assert_true(sg_pixels_load(&p, name, NULL));
      g_assert_cmpmem(p.pixels, WIDTH * HEIGHT * p.channels, frame, WIDTH * HEIGHT * bytes);
    }
  }
  g_assert_cmpuint(film_count_entries(folder), ==, 2);
  film_folder_free(folder);
}

/* Durations are whole milliseconds; at 30 frames a second they must not add up to something
 * else. */
static void
test_webp(gconstpointer lossless)
{
  char *folder = film_folder();
  g_autofree char *path = g_build_filename(folder, "film.WebP", NULL);

  for (int bytes = 3; bytes <= 4; bytes++) {
    SgFilmFormat format = film_format(bytes);
    gsize size;
    format.lossless = lossless != NULL;
    write_well(path, &format);
    g_autofree char *data = read_all(path, &size);
    g_assert_true(holds(data, size, MARK));
    g_assert_cmpuint(sg_picture_frames((const guint8 *)data, size), ==, FRAMES);
    for (int i = 0; i < FRAMES && (lossless || bytes == 3); i++)
      check_frame(data, size, i, bytes, lossless ? 0 : 35);
  }
  film_folder_free(folder);
}

/* What changes by a level a frame is followed, and no frame left out. */
static void
test_slow_webp(void)
{
  enum { N = 40 };
  char *folder = film_folder();
  g_autofree char *path = g_build_filename(folder, "film.webp", NULL);
  SgFilmFormat format = film_format(3);
  g_autoptr(GError) error = NULL;
  guint8 frame[WIDTH * HEIGHT * 3];
  gsize size;

  format.quality = 60;
  SgFilm *film = sg_film_new(path, &format, &error);
  for (int i = 0; i < N; i++) {
    memset(frame, 60 + i, sizeof frame);
    g_assert_true(sg_film_add(film, frame, "{}", &error));
  }
  g_assert_true(sg_film_finish(film, &error));
  sg_film_free(film);
  g_autofree char *data = read_all(path, &size);
  g_assert_cmpuint(sg_picture_frames((const guint8 *)data, size), ==, N);
  for (int i = 0; i < N; i++) {
    g_auto(SgPixels) p = {0};
    g_assert_true(sg_pixels_decode_frame(&p, "film", (const guint8 *)data, size, (guint)i, &error));
    sg_pixels_convert(&p, 3);
    for (int k = 0; k < WIDTH * HEIGHT * 3; k++)
      g_assert_cmpint(abs(p.pixels[k] - (60 + i)), <=, 2);
  }
  film_folder_free(folder);
}

static void
test_gif(void)
{
  char *folder = film_folder();
  g_autofree char *path = g_build_filename(folder, "film.gif", NULL);
  SgFilmFormat format = film_format(3);
  g_autoptr(GError) error = NULL;
  gsize size;

  if (!sg_film_can_write(path, NULL)) {
    g_test_skip("built without giflib's quantiser");
    film_folder_free(folder);
    return;
  }
  write_well(path, &format);
  g_autofree char *data = read_all(path, &size);
  g_assert_true(holds(data, size, MARK));
  g_assert_true(holds(data, size, "NETSCAPE2.0"));
  g_assert_cmpuint(sg_picture_frames((const guint8 *)data, size), ==, FRAMES);
  for (int i = 0; i < FRAMES; i++)
    check_frame(data, size, i, 3, 25);
  format.fps_n = 60;
  g_assert_false(film_write(path, &format, &error));
  g_assert_nonnull(strstr(error->message, "more than 50 frames a second"));
  film_folder_free(folder);
}

/* Without its last step, or after an error, nothing of a film is there, and what was there
 * stays. */
static void
test_left_half(gconstpointer name)
{
  char *folder = film_folder();
  g_autofree char *path = g_build_filename(folder, name, NULL);
  const SgFilmFormat format = film_format(3);
  g_autofree guint8 *frame = film_frame(0, 3);
  g_autoptr(GError) error = NULL;
  SgFilm *film = sg_film_new(path, &format, &error);

  g_assert_no_error(error);
  g_assert_true(sg_film_add(film, frame, NULL, &error));
  g_assert_cmpuint(film_count_entries(folder), ==, 1); /* under another name */
  g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
  sg_film_free(film);
  g_assert_cmpuint(film_count_entries(folder), ==, 0);
  film_folder_free(folder);
}

/* A limit of the file system stands for a full disk. */
static void
test_full_disk(gconstpointer name)
{
  char *folder = film_folder();
  g_autofree char *path = g_build_filename(folder, name, NULL);
  const SgFilmFormat format = film_format(3);
  g_autoptr(GError) error = NULL;
  struct rlimit before, small;

  signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &before);
  small = before;
  small.rlim_cur = 500;
  setrlimit(RLIMIT_FSIZE, &small);
  g_assert_false(film_write(path, &format, &error));
  setrlimit(RLIMIT_FSIZE, &before);
  g_assert_nonnull(error);
  g_assert_nonnull(strstr(error->message, path));
  g_assert_cmpuint(film_count_entries(folder), ==, 0);
  film_folder_free(folder);
}

static void
refused(const char *folder, const char *name, gboolean lossless, const char *says)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  SgFilmFormat format = film_format(3);
  GError *error = NULL;

  format.lossless = lossless;
  g_assert_false(film_write(path, &format, &error));
  g_assert_nonnull(error);
  if (!strstr(error->message, says))
    g_error("“%s” does not say “%s”", error->message, says);
  g_error_free(error);
}

static void
test_refusals(void)
{
  char *folder = film_folder();
  g_autofree char *file = g_build_filename(folder, "file", NULL);

  refused(folder, "film.avi", FALSE, "films are written as .webm");
  refused(folder, "film.gif", TRUE, "without loss there are .webp and a folder");
  refused(folder, "film.webm", TRUE, "without loss");
  refused(folder, "nowhere/film.webp", FALSE, "nowhere/film.webp: cannot be written");
  g_assert_true(g_file_set_contents(file, "mine", -1, NULL));
  refused(folder, "file", FALSE, "takes a new or an empty folder");
  refused(folder, ".", FALSE, "takes a new or an empty folder");
  g_assert_cmpuint(film_count_entries(folder), ==, 1);
  film_folder_free(folder);
}

static void
test_rates(void)
{
  static const struct {
    const char *text;
    int n, d;
  } rates[] = {{"30", 30, 1},    {"29.97", 2997, 100}, {"30000/1001", 30000, 1001},
               {"0.5", 1, 2},    {"0", 0, 0},          {"-3", 0, 0},
               {"nan", 0, 0},    {"30/0", 0, 0},       {"1001", 0, 0},
               {"thirty", 0, 0}, {"", 0, 0},           {"30/", 0, 0}};

  for (gsize i = 0; i < G_N_ELEMENTS(rates); i++) {
    int n = 0, d = 0;
    g_assert_true(sg_film_rate(rates[i].text, &n, &d) == (rates[i].n != 0));
    g_assert_cmpint(n, ==, rates[i].n);
    g_assert_cmpint(d, ==, rates[i].d);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/film/pngs", test_pngs);
  g_test_add_data_func("/film/webp", NULL, test_webp);
  g_test_add_data_func("/film/webp-lossless", "yes", test_webp);
  g_test_add_func("/film/webp-slow", test_slow_webp);
  g_test_add_func("/film/gif", test_gif);
  g_test_add_data_func("/film/half/pngs", "film", test_left_half);
  g_test_add_data_func("/film/half/webp", "film.webp", test_left_half);
  g_test_add_data_func("/film/full/pngs", "film", test_full_disk);
  g_test_add_data_func("/film/full/webp", "film.webp", test_full_disk);
  g_test_add_func("/film/refusals", test_refusals);
  g_test_add_func("/film/rates", test_rates);
  return g_test_run();
}
