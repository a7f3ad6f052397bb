/* Many faces of one model at once, described by what can be told of each: what directions are
 * learnt from. */
#pragma once

#include "engine/data/dataset.h"
#include "engine/directions/direction-set.h"
#include "engine/directions/logistic.h"
#include "engine/directions/measure.h"
#include "engine/directions/moments.h"
#include "engine/explore/renderer.h"
#include "engine/nets/discriminator.h"

G_BEGIN_DECLS

typedef struct {
  int n; /* faces of seeds, nothing edited */
  int z_dim, w_dim, s_dim;
  int feature_dim, grid; /* 0: the model has no discriminator */
  float *z, *w,
      *s; /* [n, z_dim], [n, w_dim], [n, s_dim]: styles of all convolutions, before demodulation */
  float *features;  /* [n, feature_dim] (discriminator.h), or NULL */
  double *measures; /* [n, SG_MEASURE_COUNT] */
} SgFaceSample;

/* Faces of seeds [n], rising (NULL: 0, 1, …), of class `label` (-1: none, or of a conditional model
 * the seed's rest by the number of classes). Without `d` (NULL) there are no features. Errors:
 * memory, cancelled. */
SgFaceSample *sg_face_sample_new(SgRenderer *r, SgDiscriminator *d, int n, const guint32 *seeds,
                                 int label, SgDirectionProgress progress, gpointer data,
                                 GError **error);
void sg_face_sample_free(SgFaceSample *f);
/* Cells for pooled features that keep their number within some thousands. */
int sg_feature_grid(const SgDiscriminator *d);
/* Features of the first n pictures of a data set, [n, count], to be freed; `used` [n] says whose
 * could be read (the rest is 0). */
float *sg_dataset_features(SgDataset *ds, SgDiscriminator *d, int grid, int n, gboolean *used,
                           SgDirectionProgress progress, gpointer data, GError **error);

typedef enum { SG_VIEW_W, SG_VIEW_Z, SG_VIEW_S, SG_VIEW_COUNT } SgLatentView;

typedef struct {
  int ones;                        /* faces that have the attribute */
  SgJudgement view[SG_VIEW_COUNT]; /* L1 logistic regression over the folds */
  int nonzero;                     /* coordinates of w that the direction uses */
} SgAttributeJudgement;

/* How well labels [n] can be told from w, z and s, and the direction of w: appended to `set` under
 * `name`, one σ of it being its deviation over these faces. Errors as sg_cross_validate(). */
gboolean sg_attribute_find(const SgFaceSample *f, const guint8 *label, double c, int folds,
                           const char *name, SgDirectionSet *set, SgAttributeJudgement *out,
                           GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgFaceSample, sg_face_sample_free)

G_END_DECLS
