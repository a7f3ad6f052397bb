/* SgFilm: pictures one after the other to a file, which appears under its name when all of it is
 * there. Kinds go by the name's ending; a name without one is a folder of numbered PNGs.
 *
 * Each kind says of itself, where it can, that a model made it: PNG, WebP and GIF by an XMP packet
 * as saved pictures have it, WebM and MP4 by a tag. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  int width, height;
  int bytes;         /* of a pixel: 3, or 4 with alpha, which WebM, MP4 and GIF show over white */
  int fps_n, fps_d;  /* frames a second, as a fraction (sg_film_rate()) */
  gboolean lossless; /* WebP; a folder of PNGs is; the others refuse */
  gboolean once;     /* GIF and WebP: are not repeated for ever */
  int quality;       /* 1 … 100, where there is a choice; 0: what suits */
} SgFilmFormat;

typedef struct _SgFilm SgFilm;

/* Errors: the kind is unknown, cannot do what the format asks for, or its library is missing; the
 * file or folder cannot be written, or the folder has something in it. */
SgFilm *sg_film_new(const char *path, const SgFilmFormat *format, GError **error);
/* The next frame, [height, width, bytes]. A folder's PNG has `recipe_json` inside (NULL: none). */
gboolean sg_film_add(SgFilm *film, const guint8 *pixels, const char *recipe_json, GError **error);
/* Puts it under its name. After an error, or without this, nothing of it remains. */
gboolean sg_film_finish(SgFilm *film, GError **error);
void sg_film_free(SgFilm *film);

/* Is there a way to write a film of that name? Loads a module: not for the window's thread. */
gboolean sg_film_can_write(const char *path, GError **error);
/* "25", "29.97", "30000/1001" as a fraction from 1/10 to 1000. */
gboolean sg_film_rate(const char *text, int *fps_n, int *fps_d);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgFilm, sg_film_free)

G_END_DECLS
