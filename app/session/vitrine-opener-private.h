/* What the files of VitrineOpener share: opener (the object, what is open), files (reading),
 * weights (packing). */
#pragma once

#include "app/session/vitrine-opener.h"

G_BEGIN_DECLS

struct _VitrineOpener {
  GObject parent_instance;
  VitrineOpenerParts with;
  gboolean closed;
  int first_faces;

  SgModel *model;
  guint serial; /* grows when another model is opened */

  guint file_serial;        /* of the newest file; results of older ones are dropped */
  gboolean reading, moving; /* a file; the model, to another device */
  gboolean told_loading;

  gboolean packing;
  SgModel *next_weights; /* waits while others are being packed, or NULL */
  guint next_following;  /* vitrine_following_get_serial() of those */
};

/* Tells "loading" if it is another. */
void vitrine_opener_update_loading(VitrineOpener *self);
/* Take what they are given. The model's edits of before come back; a recipe (may be NULL) is a step
 * on top of them, which undo calls `label`. */
void vitrine_opener_adopt_model(VitrineOpener *self, SgModel *model, SgRenderer *renderer,
                                SgRecipe *recipe, const char *label);
void vitrine_opener_adopt_weights(VitrineOpener *self, SgModel *model, SgRenderer *renderer);
/* Is `model` of the same architecture as the open one? */
gboolean vitrine_opener_takes_weights(VitrineOpener *self, const SgModel *model);
/* Packs `model` (taken) on a worker and opens it as another, with the recipe of now if it fits. */
void vitrine_opener_pack_model(VitrineOpener *self, SgModel *model);
/* Brings the open model to the device that is wanted, if it is not there. */
void vitrine_opener_check_device(VitrineOpener *self);

/* Emits "foreign-picture". */
void vitrine_opener_tell_picture(VitrineOpener *self, const char *path, GdkTexture *preview);

G_END_DECLS
