/* SgJourney: from face to face in time.
 *
 * A keyframe is a whole recipe and when it is shown. Between keyframes either w moves (each layer's
 * by itself, with all edits and the mixing in it, before truncation) or z, and w is what the
 * mapping network makes of it. Everything else that is a number moves with it (blend.h); what is
 * none changes halfway to the next keyframe. Noise is that of the first keyframe throughout, so
 * that it does not flicker. */
#pragma once

#include "engine/explore/renderer.h"
#include "engine/journey/ease.h"
#include "engine/journey/spline.h"

G_BEGIN_DECLS

typedef struct {
  SgRecipe *recipe; /* its face 0 */
  double at;        /* seconds */
  SgEase ease;      /* of the way that begins here */
} SgKeyframe;

typedef struct {
  SgSpace space;
  SgCurve curve;
  gboolean closed; /* comes back to the first keyframe… */
  double end;      /* …at this second */
} SgJourneyOptions;

typedef struct _SgJourney SgJourney;

/* Copies the keyframes, which are of this renderer's model, in rising order. Errors say which
 * keyframe: it does not fit the model, or it is a loaded w and z shall move. */
SgJourney *sg_journey_new(SgRenderer *r, int n, const SgKeyframe *keys, const SgJourneyOptions *o,
                          GError **error);
void sg_journey_free(SgJourney *j);
/* Seconds from the first keyframe to the last, or back to the first. */
double sg_journey_duration(const SgJourney *j);
/* The recipe at a second from the first keyframe on, of one face; at a keyframe it is that
 * keyframe's. Any thread. */
SgRecipe *sg_journey_recipe(const SgJourney *j, double second);
/* How long the way from `from` to `to` is, in `steps` pieces: in w Euclidean, the root of the mean
 * square over the layers, before truncation; in z the sum of the angles, radians (0 where w
 * moves). */
gboolean sg_journey_length(const SgJourney *j, SgRenderer *r, double from, double to, int steps,
                           double *w, double *z, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgJourney, sg_journey_free)

G_END_DECLS
