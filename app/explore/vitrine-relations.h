/* What a direction has to do with the others of the pane. */
#pragma once

#include "app/explore/vitrine-shelf.h"

G_BEGIN_DECLS

typedef struct {
  char *name;
  double cosine;
  double moved; /* by how many of its own σ it moves for one σ; NAN: nothing is known of w yet */
} VitrineRelation;

/* Of every other direction of the shelf, what moves most first; to be unreferenced. */
GArray *vitrine_relations_of(VitrineShelf *shelf, VitrineDirection *direction);

G_END_DECLS
