/* Comparing two model files, in a process of its own ("vitrine compare"): the window's networks
 * stay as they are. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  char *folder; /* holds compare.csv, compare.png and, where faces can be compared, faces.png;
                 * removed when this is freed */
  double generator, discriminator; /* mean change of their weights; NaN: nothing to compare */
  double pixels;                   /* mean difference of faces, of 255; NaN: none drawn */
  gboolean same;                   /* the same weights */
  char *refused;                   /* why nothing lies between, or faces are not compared; NULL */
} VitrineComparison;

void vitrine_comparison_free(VitrineComparison *c);

/* Errors: the command's sentence; cancelled. */
void vitrine_compare_models(const char *a, const char *b, GCancellable *cancellable,
                            GAsyncReadyCallback done, gpointer data);
VitrineComparison *vitrine_compare_models_finish(GAsyncResult *result, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VitrineComparison, vitrine_comparison_free)

G_END_DECLS
