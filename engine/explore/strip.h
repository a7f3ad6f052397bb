/* SgStrip: the same faces over one parameter, a picture for every value, with what can be measured
 * of each. What a report shows of scaling factors, thresholds or one dimension from -10 to +10.
 *
 * A strip has a row for every face of its base recipe and a column for every value. The value
 * replaces what the base recipe has there; everything else of the base stays. */
#pragma once

#include "engine/explore/coordinate.h"
#include "engine/explore/renderer.h"

G_BEGIN_DECLS

typedef enum {
  SG_STRIP_SCALE,     /* of the whole vector, in the base's scale_space */
  SG_STRIP_PRUNE,     /* global threshold; layers with one of their own keep it */
  SG_STRIP_DIMENSION, /* one dimension of z or w, as a slider shows it: base + offset */
  SG_STRIP_PSI,       /* truncation */
  SG_STRIP_BLEND,     /* of every layer that mixes two sources */
  SG_STRIP_NOISE,     /* factor of every convolution's noise */
  SG_STRIP_AT,        /* any other coordinate: of w of some layers the value as of a dimension, of a
                       * style what is added, of a direction its strength */
  SG_STRIP_FIELD,     /* any other real number of the recipe's field table */
} SgStripKind;

typedef struct {
  SgStripKind kind;
  SgSpace space; /* DIMENSION only */
  int dim;
  SgCoordinate at; /* AT only */
  guint field;     /* FIELD only: its row in the table */
} SgStripParameter;

#define SG_STRIP_MAX_VALUES 1001

/* "scale", "prune", "psi", "blend", "noise", "z3", "w17", "w0:3", "s7.123", "d1"; FALSE for
 * anything else. Fields are parameters by their names where the field table has values for a
 * strip. */
gboolean sg_strip_parse_parameter(const char *text, SgStripParameter *p);
char *sg_strip_parameter_name(const SgStripParameter *p); /* and back; to be freed */
/* Reads numbers, an array of double: "0.5,1,2" as given, "-10:10:2.5" from, to (included when it is
 * hit) and step. Errors: SG_FORMAT_ERROR. */
GArray *sg_strip_parse_values(const char *text, GError **error);
/* The values that a report would take: the paper's nine factors, thresholds 0 to 1 in tenths, a
 * dimension from -10 to 10 in steps of 2.5… */
GArray *sg_strip_default_values(const SgStripParameter *p);
/* Can these values stand in `base`? Errors: SG_FORMAT_ERROR, a sentence for people. */
gboolean sg_strip_check(const SgStripParameter *p, const SgRecipe *base, int n,
                        const double *values, GError **error);

/* Face `row` of `base` alone, with its mixing, noise and pruning: the same picture as in the
 * grid. */
SgRecipe *sg_strip_row(const SgRecipe *base, int row);
/* One picture: the face `row` (from sg_strip_row()) with the parameter at `value`. w [w_dim] is the
 * face's own after the mapping network and only needed for a dimension of w; num_convs is how many
 * convolutions the generator has and only needed for noise. */
SgRecipe *sg_strip_recipe(const SgStripParameter *p, const SgRecipe *row, const double *w,
                          int num_convs, double value);

typedef struct {
  int row, column;
  double value;
  int width, height;
  int bytes;        /* 3, or 4 where the model draws alpha */
  guint8 *rgb;      /* [height, width, bytes]; owned */
  double logit;     /* the discriminator's, of the picture alone as a file would hold it; NAN:
                     * none */
  double remaining; /* share of the generator's prunable weights that are left, 0..1 */
  double change;    /* mean absolute difference of the colour values 0..255 from the row's picture
                     * as the base recipe has it */
} SgStripTile;
void sg_strip_tile_free(SgStripTile *tile);

typedef struct _SgStrip SgStrip;

/* Copies recipe and values, references the model; does nothing else yet (any thread). Rows are the
 * base's faces. */
SgStrip *sg_strip_new(SgModel *model, const SgRecipe *base, const SgStripParameter *p, int n,
                      const double *values);
void sg_strip_free(SgStrip *s);
int sg_strip_rows(const SgStrip *s);
/* One slice of the work: a picture or a score, one thread at a time. *tile is the next picture with
 * its numbers (transfer full), or NULL. Column after column. FALSE: all of it is done, or an
 * error. */
gboolean sg_strip_step(SgStrip *s, SgStripTile **tile, GError **error);

/* face,seed,value,logit,sigmoid,remaining,change: a header and a line for every tile that is not
 * NULL, row after row. tiles [rows * n]; a loaded face has no seed, a model without discriminator
 * no logit. To be freed. */
char *sg_strip_csv(const SgRecipe *base, int n, SgStripTile *const *tiles);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgStrip, sg_strip_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgStripTile, sg_strip_tile_free)

G_END_DECLS
