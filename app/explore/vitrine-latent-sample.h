/* What a model's w look like as a cloud, and how its styles hear them: what the Explore pane finds
 * components in, and measures directions by. Drawn on the render thread while nobody waits for a
 * picture, worked on by a worker. */
#pragma once

#include <gio/gio.h>
#include "app/session/vitrine-tasks.h"
#include "app/explore/vitrine-direction-files.h"
#include "engine/directions/affines.h"
#include "engine/directions/gauge.h"
#include "engine/directions/pca.h"

G_BEGIN_DECLS

/* How many faces: enough for the first components of a window; "vitrine pca" draws more. */
#define VITRINE_SAMPLE_FACES 5000

/* Everything is owned by it; read by any thread once it has been handed out. */
typedef struct {
  gatomicrefcount ref;
  int n, w_dim, num_ws;
  float *w;           /* [n, w_dim], of the faces of seeds 0, 1, … */
  GPtrArray *affines; /* of SgAffine, of all convolutions */
  /* By vitrine_sample_work(), NULL before: */
  SgGauge *gauge;           /* NULL without LAPACK */
  GPtrArray *sigmas;        /* of double [rows], beside affines: what one σ of each style is */
  const SgMoments *moments; /* the gauge's */
  GMutex lock;              /* of: */
  SgPca *pca[2];            /* by vitrine_sample_pca() */
} VitrineSample;

VitrineSample *vitrine_sample_ref(VitrineSample *s);
void vitrine_sample_unref(VitrineSample *s);

/* Its news are VitrineSampleNews; the last holds the sample or an error. */
typedef struct {
  int done;
  VitrineSample *sample; /* owned by the news: take a reference */
  char *error;
} VitrineSampleNews;

/* Its data is vitrine_sample_job_new()'s. */
VitrineTaskClass vitrine_sample_class(void (*news)(gpointer, gboolean, gpointer));
gpointer vitrine_sample_job_new(void);

/* How strongly the styles hear `one_sigma` [w_dim]: the length of what it changes in them. */
double vitrine_sample_heard(const VitrineSample *s, const double *one_sigma);

/* Components of W (view 0) or of S (1), found when somebody first asks, owned by the sample. A
 * worker's, once vitrine_sample_work() has ended: some tenths of a second. Errors as
 * sg_pca_new(). */
const SgPca *vitrine_sample_pca(VitrineSample *s, int view, GError **error);

typedef struct {
  SgDirectionSet *sets[VITRINE_N_COMPONENTS]; /* NULL where LAPACK is missing */
  char *error;                                /* why there are none; NULL: there are */
} VitrineComponentSets;

void vitrine_component_sets_free(VitrineComponentSets *c);
/* On a worker: moments and gauge; with `components` also those of the model with that hash, which
 * go into the cache. */
void vitrine_sample_work(VitrineSample *s, const char *hash, gboolean components,
                         GCancellable *cancellable, GAsyncReadyCallback done, gpointer data);
/* NULL: cancelled. */
VitrineComponentSets *vitrine_sample_work_finish(GAsyncResult *result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VitrineSample, vitrine_sample_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VitrineComponentSets, vitrine_component_sets_free)

G_END_DECLS
