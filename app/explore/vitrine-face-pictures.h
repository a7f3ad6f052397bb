/* VitrineFacePictures: small pictures of the faces of seeds, with nothing edited, for whoever shows
 * many faces of one model. They are drawn while nobody waits for the face on the screen, and kept
 * until another model, or newer weights, are open. Main thread. */
#pragma once

#include <gdk/gdk.h>
#include "app/session/vitrine-session.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_FACE_PICTURES (vitrine_face_pictures_get_type())
G_DECLARE_FINAL_TYPE(VitrineFacePictures, vitrine_face_pictures, VITRINE, FACE_PICTURES, GObject)

/* Signals: "drawn" (guint seed): its picture is there. "failed" (string): why faces cannot be
 * drawn; once, until another model is open. */

VitrineFacePictures *vitrine_face_pictures_new(VitrineSession *session);
/* Borrowed; NULL: it is not there yet. */
GdkTexture *vitrine_face_pictures_get(VitrineFacePictures *self, guint32 seed);
/* The faces to draw next, in this order; those that waited before and are not among them are
 * dropped. */
void vitrine_face_pictures_want(VitrineFacePictures *self, gsize n, const guint32 *seeds);
/* Nothing is drawn any more. */
void vitrine_face_pictures_close(VitrineFacePictures *self);

G_END_DECLS
