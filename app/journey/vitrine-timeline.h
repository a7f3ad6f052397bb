/* VitrineTimeline: the keyframes of a film, which a person makes of the faces that are shown. It
 * has a history of its own and is kept for each model. Main thread. */
#pragma once

#include "app/session/vitrine-session.h"
#include "engine/journey/journey.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_TIMELINE (vitrine_timeline_get_type())
G_DECLARE_FINAL_TYPE(VitrineTimeline, vitrine_timeline, VITRINE, TIMELINE, GObject)

#define VITRINE_TIMELINE_MAX 64
/* Seconds between two keyframes: at first, and at least. */
#define VITRINE_TIMELINE_STEP  2.0
#define VITRINE_TIMELINE_LEAST 0.1

/* Signals: "changed": keyframes, their moments or how they are gone through; "pictures": some have
 * a picture now. */

VitrineTimeline *vitrine_timeline_new(VitrineSession *session);
VitrineSession *vitrine_timeline_get_session(VitrineTimeline *self);

int vitrine_timeline_count(VitrineTimeline *self);
const SgRecipe *vitrine_timeline_get_recipe(VitrineTimeline *self, int i); /* borrowed */
GdkTexture *vitrine_timeline_get_picture(VitrineTimeline *self, int i);    /* borrowed, or NULL */
void vitrine_timeline_set_picture(VitrineTimeline *self, const SgRecipe *recipe,
                                  GdkTexture *picture);
/* They were of other weights. */
void vitrine_timeline_forget_pictures(VitrineTimeline *self);
double vitrine_timeline_get_at(VitrineTimeline *self, int i); /* seconds */
SgEase vitrine_timeline_get_ease(VitrineTimeline *self, int i);
gboolean vitrine_timeline_get_loop(VitrineTimeline *self);
SgSpace vitrine_timeline_get_space(VitrineTimeline *self);
double vitrine_timeline_duration(VitrineTimeline *self);
/* For the engine: copies [n], to be freed by vitrine_timeline_free_keys(). */
SgKeyframe *vitrine_timeline_keys(VitrineTimeline *self, int *n, SgJourneyOptions *options);
void vitrine_timeline_free_keys(SgKeyframe *keys, int n);

/* Edits, each a step of the timeline's history; those with one `gesture` != 0 in a row are one. */

/* The face that is shown (of several the first), after keyframe i; its number, -1: there are
 * VITRINE_TIMELINE_MAX, or there is no face. */
int vitrine_timeline_add(VitrineTimeline *self, int i);
void vitrine_timeline_replace(VitrineTimeline *self, int i); /* by the face that is shown */
void vitrine_timeline_remove(VitrineTimeline *self, int i);
void vitrine_timeline_swap(VitrineTimeline *self, int i, int k, guint gesture);
/* Keyframe i goes to that second, between its neighbours; the first stays at 0, and the last takes
 * the way back with it. */
void vitrine_timeline_set_at(VitrineTimeline *self, int i, double second, guint gesture);
void vitrine_timeline_set_ease(VitrineTimeline *self, int i, SgEase ease);
void vitrine_timeline_set_loop(VitrineTimeline *self, gboolean loop);
void vitrine_timeline_set_space(VitrineTimeline *self, SgSpace space);
gboolean vitrine_timeline_undo(VitrineTimeline *self);
gboolean vitrine_timeline_redo(VitrineTimeline *self);

/* Makes keyframe i the face that is edited. */
void vitrine_timeline_show(VitrineTimeline *self, int i);
/* Writes it down for this model. */
void vitrine_timeline_store(VitrineTimeline *self);

G_END_DECLS
