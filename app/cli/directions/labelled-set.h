/* A labelled set of real pictures as the model's discriminator sees them, for readers of its
 * attributes. */
#pragma once

#include "app/cli/directions/direction-job.h"
#include "engine/directions/reader.h"
#include "engine/explore/face-sample.h"

G_BEGIN_DECLS

typedef struct {
  SgDiscriminator *d;
  SgDataset *set;
  gsize n;         /* pictures that could be read */
  float *features; /* [n, dim] */
  guint *index;    /* [n]: which pictures of the set */
  int dim, grid;
} LabelledSet;

/* Describes the first `reals` pictures. Errors: the model has no discriminator, the set has no
 * labels, memory. */
LabelledSet *labelled_set_open(DirectionJob *job, const char *path, int reals, GError **error);
void labelled_set_free(LabelledSet *s);
/* "beard", or "label3" where the set has no names; to be freed. */
char *labelled_set_name(const LabelledSet *s, int column);
/* A reader of one label, with its AUC on held-out pictures in *auc. NULL and a sentence for people
 * in *refused (to be freed) where it cannot be believed: below an AUC of 0.9 it labels by
 * chance. */
SgReader *labelled_set_reader(const LabelledSet *s, int column, double *auc, char **refused);
/* Values [n] as labels: 0 and 1 as they are, other numbers by their median. NULL if all are
 * equal. */
guint8 *labels_of(gsize n, const double *values);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LabelledSet, labelled_set_free)

G_END_DECLS
