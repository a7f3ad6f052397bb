/* What the timeline is at a moment of its history. */
#pragma once

#include "app/journey/vitrine-timeline.h"
#include <jansson.h>

G_BEGIN_DECLS

/* A face, shared by all states that have it. */
typedef struct {
  SgRecipe *recipe;
  GdkTexture *picture; /* NULL: not drawn yet */
} VitrineTimelineFace;

typedef struct {
  VitrineTimelineFace *face;
  double at;
  SgEase ease;
} VitrineTimelineKey;

typedef struct {
  GArray *keys; /* of VitrineTimelineKey */
  double back;  /* seconds from the last to the first */
  gboolean loop;
  SgSpace space;
} VitrineTimelineState;

VitrineTimelineState *vitrine_timeline_state_new(void);
VitrineTimelineState *vitrine_timeline_state_copy(const VitrineTimelineState *s);
void vitrine_timeline_state_free(VitrineTimelineState *s);
/* Takes the recipe. */
VitrineTimelineFace *vitrine_timeline_face_new(SgRecipe *recipe);
void vitrine_timeline_face_unref(VitrineTimelineFace *face);

/* "journeys": {"models": [{"hash", "space", "loop", "back", "keys": [{"at", "ease",
 * "recipe"}…]}…]}, newest first, at most this many. */
#define VITRINE_JOURNEYS_MAX 16
void vitrine_journeys_keep(const char *hash, const VitrineTimelineState *state);
/* An empty one if nothing is remembered or it does not fit. */
VitrineTimelineState *vitrine_journeys_find(const char *hash, const SgModelInfo *info);

G_END_DECLS
