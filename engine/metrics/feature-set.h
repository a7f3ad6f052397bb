/* What a network makes of pictures, a row each: what distances between distributions compare.
 *
 * A source is where rows come from; it is handed in by whoever has the network. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  int dim, n, room; /* rows in use, and how many there is memory for */
  float *rows;      /* [room, dim] */
} SgFeatureSet;

/* NULL and error: no memory for so many. */
SgFeatureSet *sg_feature_set_new(int dim, int room, GError **error);
void sg_feature_set_free(SgFeatureSet *s);
/* FALSE and SG_FORMAT_ERROR if a number of the first n rows is not finite: which picture. */
gboolean sg_feature_set_check(const SgFeatureSet *s, int n, const char *whose, GError **error);
/* The first n rows alone, which stay the other's. */
SgFeatureSet sg_feature_set_head(const SgFeatureSet *s, int n);

/* out [a->n, b->n] = rows of a · rows of b, in double. */
void sg_feature_products(const SgFeatureSet *a, const SgFeatureSet *b, double *out);
/* The same of n and m rows of double. */
void sg_row_products(int n, int m, int dim, const double *a, const double *b, double *out);

/* What a network sees. Each is used by one thread at a time. */
typedef struct _SgFeatureSource SgFeatureSource;
struct _SgFeatureSource {
  const char *name; /* "d": what metrics ask for */
  char *identity;   /* of network and preprocessing, for caches; owned */
  int dim;
  /* n pictures [n, C, R, R], floats -1…1 -> rows [n, dim]. */
  gboolean (*rows)(SgFeatureSource *s, int n, const float *pictures, float *rows, GError **error);
  /* Of 2 n pictures the distance between i and n + i, squared: [n]. NULL: it has none. */
  gboolean (*distances)(SgFeatureSource *s, int n, const float *pictures, double *distances,
                        GError **error);
  /* Rows -> logits [n, dim] of the classes it knows. NULL: it knows none. */
  SgFeatureSet *(*logits)(SgFeatureSource *s, const SgFeatureSet *rows, GError **error);
  void (*release)(SgFeatureSource *s); /* itself, too */
  gpointer data;
};
void sg_feature_source_free(SgFeatureSource *s);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgFeatureSet, sg_feature_set_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgFeatureSource, sg_feature_source_free)

G_END_DECLS
