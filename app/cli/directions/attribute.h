/* What the files of "vitrine attribute" share. */
#pragma once

#include "app/cli/directions/direction-job.h"
#include "engine/explore/face-sample.h"

G_BEGIN_DECLS

typedef struct {
  char *network, *outdir, *data, *labels, *measure, *attributes;
  int samples, reals, folds, label;
  double c;
  gboolean json, path;
} AttributeOptions;

typedef struct {
  char *name;
  guint8 *label;     /* [faces], or NULL where it is refused before that */
  double reader_auc; /* NaN: labelled without a reader */
  char *refused;     /* why there is no direction, for people; NULL: there is */
  SgAttributeJudgement judgement;
} Attribute;

typedef struct {
  const AttributeOptions *opt;
  DirectionJob base;
  SgFaceSample *faces;
  GPtrArray *all; /* of Attribute */
  SgDirectionSet *set;
} AttributeJob;

/* Draws the faces and labels them by what the options name: fills faces and all. */
gboolean attribute_labels(AttributeJob *job, GError **error);

/* Appends ",NUMBER" of a line of CSV; nothing behind the comma where it is not finite. */
void attribute_put_number(GString *s, double v);
/* Writes path.csv, path.svg, path-auc.svg and a sheet NAME-sparse.png for every attribute that was
 * not refused. */
gboolean attribute_write_paths(AttributeJob *job, GError **error);

G_END_DECLS
