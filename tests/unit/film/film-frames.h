/* Frames of which each is another, and folders to put films of them in. */
#pragma once

#include "engine/film/film.h"

G_BEGIN_DECLS

#define FRAMES 12
#define WIDTH  48
#define HEIGHT 32

/* Frame i, [HEIGHT, WIDTH, bytes], to be freed: smooth colours that move, so that a film may lose
 * something and still be near. */
guint8 *film_frame(int i, int bytes);
/* 10 frames a second. */
SgFilmFormat film_format(int bytes);
/* Writes FRAMES frames; FALSE with an error. */
gboolean film_write(const char *path, const SgFilmFormat *format, GError **error);
/* dB of b [n] against a. */
double film_psnr(const guint8 *a, const guint8 *b, gsize n);
/* A new empty folder, and the folder with all that is in it taken away; freed. */
char *film_folder(void);
void film_folder_free(char *folder);
guint film_count_entries(const char *folder);

G_END_DECLS
