/* A face from a file, for whoever adds one: a .npy vector or a picture that Vitrine saved. */
#pragma once

#include <gio/gio.h>
#include "engine/explore/recipe.h"

G_BEGIN_DECLS

/* Read on a worker. A vector is one of z or of w, whichever fits; of both, z if `prefers_z`.
 * `label` is the class of a face that is only a vector. `done` gets `source`. */
void vitrine_face_file_read(SgModel *model, GFile *file, int label, gboolean prefers_z,
                            GObject *source, GAsyncReadyCallback done);
/* To be freed. NULL and an error that names the file. */
SgRecipe *vitrine_face_file_finish(GAsyncResult *result, GError **error);
/* The model it was read for, borrowed. */
SgModel *vitrine_face_file_model(GAsyncResult *result);

G_END_DECLS
