/* SgCoordinate: one number of a recipe as people write it, for --set and --lock, and for strips.
 *
 *   z3       dimension 3 of z                 w0:3      of w in layer 0 alone
 *   w17      dimension 17 of w                w0-3:5    of w in layers 0 to 3
 *   s7.123   channel 123 of the style of stage 7, counted as they run: as StyleSpace has them
 *            (Wu et al. 2021) and "vitrine layers" lists them
 *   d1       strength of the first direction  d1:0-3    the same, for layers 0 to 3 alone */
#pragma once

#include "engine/explore/recipe.h"

G_BEGIN_DECLS

typedef enum { SG_AT_Z, SG_AT_W, SG_AT_STYLE, SG_AT_DIRECTION } SgCoordinateKind;

typedef struct {
  SgCoordinateKind kind;
  int index;       /* dimension, channel or direction (from 0) */
  int stage;       /* STYLE */
  int first, last; /* layers of W and DIRECTION, both included; first < 0: all */
} SgCoordinate;

/* FALSE for anything else; letters of either case. */
gboolean sg_coordinate_parse(const char *text, SgCoordinate *c);
char *sg_coordinate_name(const SgCoordinate *c); /* and back; to be freed */
/* Has a recipe for a model of so many layers this coordinate? What depends on its stages is told
 * when it is drawn. Errors: SG_FORMAT_ERROR, a sentence for people. */
gboolean sg_coordinate_check(const SgCoordinate *c, const SgRecipe *r, int num_ws, GError **error);
/* The offset of a coordinate, in every layer that it names; of a direction its strength, and its
 * layers if it names some. FALSE: there are too many offsets. */
gboolean sg_coordinate_set(const SgCoordinate *c, SgRecipe *r, double value);
/* Z and W only. FALSE: there are too many locks. */
gboolean sg_coordinate_lock(const SgCoordinate *c, SgRecipe *r, double value);

G_END_DECLS
