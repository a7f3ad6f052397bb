#include "app/explore/vitrine-relations.h"
#include <math.h>
#include "engine/directions/relations.h"

static void
clear(gpointer data)
{
  g_free(((VitrineRelation *)data)->name);
}

static int
by_size(gconstpointer a, gconstpointer b)
{
  const VitrineRelation *x = a, *y = b;
  double p = fabs(isnan(x->moved) ? x->cosine : x->moved);
  double q = fabs(isnan(y->moved) ? y->cosine : y->moved);

  return (p < q) - (p > q);
}

GArray *
vitrine_relations_of(VitrineShelf *shelf, VitrineDirection *direction)
{
  GArray *all = g_array_new(FALSE, FALSE, sizeof(VitrineRelation));
  VitrineSample *sample = vitrine_shelf_get_sample(shelf);

  g_array_set_clear_func(all, clear);
  for (int group = 0; group < VITRINE_N_DIRECTION_GROUPS; group++) {
    GListModel *list = vitrine_shelf_get_list(shelf, group);
    for (guint i = 0; i < g_list_model_get_n_items(list); i++) {
      g_autoptr(VitrineDirection) other = g_list_model_get_item(list, i);
      const SgNamedDirection *pair[] = {vitrine_direction_get_facts(direction),
                                        vitrine_direction_get_facts(other)};
      double cosine[4], moved[4] = {NAN, NAN, NAN, NAN};
      if (other == direction)
        continue;
      sg_relations(2, pair, vitrine_direction_get_w_dim(direction), sample ? sample->moments : NULL,
                   cosine, sample ? moved : NULL);
      VitrineRelation r = {g_strdup(vitrine_direction_get_title(other)), cosine[1], moved[1]};
      g_array_append_val(all, r);
    }
  }
  g_array_sort(all, by_size);
  return all;
}
