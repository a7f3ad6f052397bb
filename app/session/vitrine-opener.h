/* VitrineOpener: the open model and where it came from. Reads model files, run directories,
 * pictures with a recipe and vectors on a worker; nothing that is open changes unless all of it
 * turned out good. Takes newer weights of the open model, and brings it to another device. */
#pragma once

#include <gio/gio.h>
#include "app/session/vitrine-following.h"
#include "app/session/vitrine-saver.h"
#include "app/session/vitrine-view.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_OPENER (vitrine_opener_get_type())
G_DECLARE_FINAL_TYPE(VitrineOpener, vitrine_opener, VITRINE, OPENER, GObject)

/* Properties, read-only: "model-path" string, "loading" boolean (something is being opened, or the
 * first weights of a training are waited for), "summary" string (what the open model is, a line).
 *
 * Signals: "model-changed": another model is open; the editor's "changed" follows.
 * "weights-changed": the model has new weights; recipe, history, tasks and what is shown stay. */

/* What is opened goes to them. */
typedef struct {
  VitrineEditor *editor;
  VitrineView *view;
  VitrineDeviceChoice *device;
  VitrineFollowing *following;
  VitrineFavourites *favourites;
  VitrineSaver *saver;
  VitrineMessages *messages;
} VitrineOpenerParts;
/* Keeps a reference on each. */
VitrineOpener *vitrine_opener_new(const VitrineOpenerParts *parts);
/* How many faces a model is opened with that nobody has edited yet, if its pictures are small; 1 at
 * first. */
void vitrine_opener_set_first_faces(VitrineOpener *self, int faces);
/* The window is closed: what is still being read or packed is dropped. */
void vitrine_opener_close(VitrineOpener *self);

/* A model file, a PNG with a recipe, a .npy vector, a run directory. */
void vitrine_opener_open(VitrineOpener *self, GFile *file);
/* A .npy vector of that space, or of the other if it only fits there. */
void vitrine_opener_load_vector(VitrineOpener *self, SgSpace space, GFile *file);
/* What a stored session names: takes `recipe`. `recent`: becomes a recent file. */
void vitrine_opener_reopen(VitrineOpener *self, const char *path, SgRecipe *recipe,
                           gboolean recent);

SgModel *vitrine_opener_get_model(VitrineOpener *self); /* borrowed, NULL if none */
gboolean vitrine_opener_is_loading(VitrineOpener *self);
/* How many models have been opened: new weights do not count. What is computed in the background is
 * of the open model as long as this stays. */
guint vitrine_opener_get_serial(VitrineOpener *self);

/* Newest weights under the same sliders: takes `model`, which must have the SgModelInfo of the open
 * one. Returns at once; a worker packs the weights, they are in use when "weights-changed" comes.
 * While it packs the newest call counts. Another model that is opened meanwhile wins. */
void vitrine_opener_update_weights(VitrineOpener *self, SgModel *model);

G_END_DECLS
