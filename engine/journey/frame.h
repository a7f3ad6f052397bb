/* What a film's frame shows: faces beside each other, at a size. */
#pragma once

#include "engine/explore/renderer.h"

G_BEGIN_DECLS

typedef struct {
  int columns, rows; /* of faces */
  int size;          /* pixels of a face */
  gboolean sharp;    /* pixels stay squares, else Lanczos-3 */
  int bytes;         /* of a pixel, as the model's pictures have them */
  guint8 *pixels;    /* [rows * size, columns * size, bytes] */
  guint8 *planes;    /* [bytes, size, size], for one face */
} SgFrame;

/* Errors: larger than a picture may be, or memory. */
gboolean sg_frame_init(SgFrame *f, const SgModelInfo *info, int columns, int rows, int size,
                       gboolean sharp, GError **error);
void sg_frame_clear(SgFrame *f);
/* Puts face 0 of a picture of the model into a cell. */
void sg_frame_put(SgFrame *f, int cell, const SgPicture *picture);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SgFrame, sg_frame_clear)

G_END_DECLS
