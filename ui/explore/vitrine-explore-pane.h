/* The Explore pane: what the numbers of a latent mean. Named directions as sliders. */
#pragma once

#include "app/explore/vitrine-shelf.h"
#include "ui/parts/vitrine-pane.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_EXPLORE_PANE (vitrine_explore_pane_get_type())
G_DECLARE_FINAL_TYPE(VitrineExplorePane, vitrine_explore_pane, VITRINE, EXPLORE_PANE, VitrinePane)

VitrineShelf *vitrine_explore_pane_get_shelf(VitrineExplorePane *self); /* borrowed */
/* A file of directions joins the person's own; asks first where it is of another model. */
void vitrine_explore_pane_import(VitrineExplorePane *self, GFile *file);
/* How many rows have had their previews drawn, ever. */
guint vitrine_explore_pane_get_previews(VitrineExplorePane *self);

G_END_DECLS
