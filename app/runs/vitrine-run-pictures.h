/* VitrineRunPictures: picture files at the size they are shown, decoded on a worker one at a time,
 * the newest wish first, and kept within a bound. Main thread. */
#pragma once

#include <gdk/gdk.h>

G_BEGIN_DECLS

typedef struct {
  const char *path;
  int cell;      /* -1: the whole; else the nth square of `cell_size` pixels, in rows */
  int cell_size; /* pixels of the file */
  int max_side;  /* shrunk by whole numbers until it is below twice that; 0: as it is */
} VitrineRunPictureKey;

typedef struct {
  GdkTexture *texture;
  int width, height; /* of the file */
  char *error;       /* then there is no texture */
} VitrineRunPicture;

typedef struct _VitrineRunPictures VitrineRunPictures;

/* `loaded` comes, on the main thread, when something new can be got. */
VitrineRunPictures *vitrine_run_pictures_new(gsize max_bytes, GFunc loaded, gpointer user_data);
void vitrine_run_pictures_free(VitrineRunPictures *self);
/* Borrowed until the next call; NULL: not decoded yet, and now it will be, unless another wish
 * comes before its turn. `urgent` wishes come before others. */
const VitrineRunPicture *vitrine_run_pictures_get(VitrineRunPictures *self,
                                                  const VitrineRunPictureKey *key, gboolean urgent);
void vitrine_run_pictures_forget(VitrineRunPictures *self);

G_END_DECLS
