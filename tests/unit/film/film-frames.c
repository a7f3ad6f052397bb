#include "tests/unit/film/film-frames.h"
#include <glib/gstdio.h>
#include <math.h>

guint8 *
film_frame(int i, int bytes)
{
  guint8 *p = g_malloc((gsize)WIDTH * HEIGHT * (gsize)bytes);

  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      for (int c = 0; c < bytes; c++)
        p[(y * WIDTH + x) * bytes + c] =
            (guint8)lround(127.5 + 120 * sin(0.04 * (x + 3 * i) + 0.01 * y * (c + 1) + c));
  return p;
}

SgFilmFormat
film_format(int bytes)
{
  return (SgFilmFormat){.width = WIDTH, .height = HEIGHT, .bytes = bytes, .fps_n = 10, .fps_d = 1};
}

gboolean
film_write(const char *path, const SgFilmFormat *format, GError **error)
{
  g_autoptr(SgFilm) film = sg_film_new(path, format, error);
  gboolean ok = film != NULL;

  for (int i = 0; ok && i < FRAMES; i++) {
    g_autofree guint8 *frame = film_frame(i, format->bytes);
    ok = sg_film_add(film, frame, "{\"made\": \"up\"}", error);
  }
  return ok && sg_film_finish(film, error);
}

double
film_psnr(const guint8 *a, const guint8 *b, gsize n)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += (double)(a[i] - b[i]) * (a[i] - b[i]);
  return 10 * log10(255 * 255 / MAX(sum / (double)n, 1e-10));
}

char *
film_folder(void)
{
  g_autoptr(GError) error = NULL;
  char *folder = g_dir_make_tmp("vitrine-film-XXXXXX", &error);

  g_assert_no_error(error);
  return folder;
}

void
film_folder_free(char *folder)
{
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name(dir))) {
    char *path = g_build_filename(folder, name, NULL);
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
      film_folder_free(path);
    } else {
      g_unlink(path);
      g_free(path);
    }
  }
  g_rmdir(folder);
  g_free(folder);
}

guint
film_count_entries(const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name(dir))
    n++;
  return n;
}
