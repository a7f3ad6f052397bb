/* VitrineSaver: writes pictures with their recipe, vectors, and what panes have made. Pictures are
 * rendered anew on the render thread at full resolution; a worker writes. Messages tell. */
#pragma once

#include <gio/gio.h>
#include "app/session/vitrine-view.h"
#include "engine/pictures/picture-write.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_SAVER (vitrine_saver_get_type())
G_DECLARE_FINAL_TYPE(VitrineSaver, vitrine_saver, VITRINE, SAVER, GObject)

/* Properties: "saving" boolean, read-only: a file is being written and the program should not
 * end. Signals: "saved" (GFile): it is there. */

/* Keeps references. */
VitrineSaver *vitrine_saver_new(VitrineEditor *editor, VitrineView *view,
                                VitrineMessages *messages);

/* The picture as shown, of the kind that the name ends in (".png", ".jpg", ".webp"); `options` may
 * be NULL. */
void vitrine_saver_save_picture(VitrineSaver *self, GFile *file, const SgPictureWrite *options);
/* The edited vector of `space` for face 0 ((base + offset) * scale), as .npy / as text. One of w is
 * written once a picture of the current recipe has told what w is. */
void vitrine_saver_save_vector(VitrineSaver *self, SgSpace space, GFile *file);
char *vitrine_saver_vector_text(VitrineSaver *self, SgSpace space);
/* What a pane has made. */
void vitrine_saver_save_bytes(VitrineSaver *self, GBytes *bytes, GFile *file);
/* A file of somebody else's is being written (1), or no longer (-1): "saving". */
void vitrine_saver_add(VitrineSaver *self, int count);
gboolean vitrine_saver_is_saving(VitrineSaver *self);
/* Another model, with so many w, is open: vectors that wait for a picture are forgotten. */
void vitrine_saver_begin(VitrineSaver *self, int num_ws);

G_END_DECLS
