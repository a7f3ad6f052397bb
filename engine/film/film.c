#include "engine/film/film-private.h"
#include "engine/formats/format-error.h"
#include <math.h>
#include <string.h>

struct _SgFilm {
  const SgFilmKind *kind;
  SgFilmFormat format;
  SgWriter *writer; /* of a file */
  gpointer film;
  guint64 frames;
  gboolean failed;
};

static const SgFilmKind *const kinds[] = {&sg_film_webm, &sg_film_mp4, &sg_film_webp, &sg_film_gif};

/* ---- what the kinds share -------------------------------------------------------------------- */

gint64
sg_film_moment(const SgFilmFormat *format, guint64 frame, int per)
{
  return llround((double)frame * format->fps_d * per / format->fps_n);
}

void
sg_film_opaque(const guint8 *pixels, gsize n, int bytes, int to, guint8 *out)
{
  for (gsize i = 0; i < n; i++, pixels += bytes, out += to) {
    int alpha = bytes == 4 ? pixels[3] : 255;
    for (int c = 0; c < 3; c++)
      out[c] = (guint8)((pixels[c] * alpha + 255 * (255 - alpha) + 127) / 255);
    if (to == 4)
      out[3] = 255;
  }
}

gboolean
sg_film_rate(const char *text, int *fps_n, int *fps_d)
{
  char *end;
  double n = g_ascii_strtod(text, &end), d = 1;

  if (end != text && *end == '/')
    d = g_ascii_strtod(text = end + 1, &end);
  if (end == text || *end || !(d > 0) || !(d <= 1e6) || !(n / d >= 0.1) || !(n / d <= 1000))
    return FALSE;
  gint64 a = llround(n * 1000), b = llround(d * 1000), x = a, y = b;
  while (y) {
    gint64 rest = x % y;
    x = y;
    y = rest;
  }
  if (b == 0 || a / x > G_MAXINT32)
    return FALSE;
  *fps_n = (int)(a / x);
  *fps_d = (int)(b / x);
  return TRUE;
}

/* ---- kinds ----------------------------------------------------------------------------------- */

static const SgFilmKind *
kind_of(const char *path, GError **error)
{
  g_autofree char *base = g_path_get_basename(path), *lower = g_ascii_strdown(base, -1);
  const char *dot = strrchr(lower, '.');

  if (!dot || dot == lower || g_str_has_suffix(path, "/"))
    return &sg_film_pngs;
  for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (g_str_equal(dot, kinds[i]->ending))
      return kinds[i];
  sg_unsupported(error,
                 "%s: films are written as .webm, .mp4, .webp or .gif, or, where the name has no "
                 "ending, as a folder of numbered PNGs",
                 path);
  return NULL;
}

gboolean
sg_film_can_write(const char *path, GError **error)
{
  const SgFilmKind *kind = kind_of(path, error);
  return kind && (!kind->there || kind->there(error));
}

SgFilm *
sg_film_new(const char *path, const SgFilmFormat *format, GError **error)
{
  g_autoptr(SgFilm) film = g_new0(SgFilm, 1);

  film->format = *format;
  film->kind = kind_of(path, error);
  if (!film->kind)
    return NULL;
  if (format->lossless && !film->kind->lossless) {
    sg_unsupported(error,
                   "%s: this kind of film loses something; without loss there are .webp and a "
                   "folder of PNGs",
                   path);
    return NULL;
  }
  if (film->kind->there && !film->kind->there(error))
    return NULL;
  if (film->kind->ending && !(film->writer = sg_writer_new(path, error)))
    return NULL;
  film->film = film->kind->open(path, film->writer, format, error);
  return film->film ? g_steal_pointer(&film) : NULL;
}

gboolean
sg_film_add(SgFilm *film, const guint8 *pixels, const char *recipe_json, GError **error)
{
  film->failed |= !film->kind->add(film->film, film->frames, pixels, recipe_json, error);
  film->frames += !film->failed;
  return !film->failed;
}

gboolean
sg_film_finish(SgFilm *film, GError **error)
{
  g_assert(!film->failed);
  film->failed = !film->kind->finish(film->film, film->frames, error) ||
                 (film->writer && !sg_writer_commit(film->writer, error));
  return !film->failed;
}

void
sg_film_free(SgFilm *film)
{
  if (!film)
    return;
  if (film->film)
    film->kind->free(film->film);
  sg_writer_free(film->writer);
  g_free(film);
}
