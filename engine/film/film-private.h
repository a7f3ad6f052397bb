/* What each kind of film has (film.c chooses). */
#pragma once

#include "engine/film/film.h"
#include "engine/formats/writer.h"

G_BEGIN_DECLS

typedef struct {
  const char *ending; /* ".webm"; NULL: a folder */
  gboolean lossless;  /* can be */
  /* Checks what the format asks for and begins; `path` for a folder, `writer` for a file. NULL and
   * error. */
  gpointer (*open)(const char *path, SgWriter *writer, const SgFilmFormat *format, GError **error);
  gboolean (*add)(gpointer film, guint64 frame, const guint8 *pixels, const char *recipe_json,
                  GError **error);
  gboolean (*finish)(gpointer film, guint64 frames, GError **error);
  void (*free)(gpointer film); /* takes away what no finish has kept */
  /* NULL: always there */
  gboolean (*there)(GError **error);
} SgFilmKind;

extern const SgFilmKind sg_film_pngs, sg_film_webp, sg_film_gif, sg_film_webm, sg_film_mp4;

/* When a frame begins, in units of 1/per seconds, rounded: what is left over never adds up. */
gint64 sg_film_moment(const SgFilmFormat *format, guint64 frame, int per);
/* Pixels of `bytes` 3 or 4 over white as RGB, or RGBA with alpha 255, of `to` bytes. */
void sg_film_opaque(const guint8 *pixels, gsize n, int bytes, int to, guint8 *out);

/* ---- the video module (video-module.c) ---- */

typedef struct {
  const char *ending; /* ".webm" or ".mp4" */
  int width, height, fps_n, fps_d, quality, threads;
  const char *comment; /* goes into the file as a tag */
} SgVideoSettings;

typedef struct {
  /* Writes to fd, which can seek and stays the caller's. NULL and a text to be freed: what is
   * missing or wrong. */
  gpointer (*open)(const SgVideoSettings *settings, int fd, char **why);
  /* RGBA, whose alpha counts for nothing; waits while too much is on its way. */
  gboolean (*add)(gpointer video, const guint8 *rgba, char **why);
  gboolean (*finish)(gpointer video, char **why);
  void (*free)(gpointer video);
  gboolean (*there)(const char *ending, char **why);
} SgVideoTable;

typedef const SgVideoTable *(*SgVideoEntry)(void);

G_END_DECLS
