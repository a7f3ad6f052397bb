/* What is odd about the classes of a set. */
#include "engine/data/dataset-private.h"

#define MOST_NAMED 10

static char *
class_name(const SgDataset *ds, guint k)
{
  return ds->label_names ? g_strdup_printf("%u (%s)", k, ds->label_names[k])
                         : g_strdup_printf("%u", k);
}

/* "2, 3 (owl), 4": the classes of which there are `count` pictures. */
static char *
classes_with(const SgDataset *ds, const guint *counts, guint count, guint *n)
{
  g_autoptr(GString) text = g_string_new(NULL);

  *n = 0;
  for (guint k = 0; k < (guint)ds->label_dim; k++) {
    if (counts[k] != count || ++*n > MOST_NAMED)
      continue;
    g_autofree char *name = class_name(ds, k);
    g_string_append_printf(text, "%s%s", *n > 1 ? ", " : "", name);
  }
  if (*n > MOST_NAMED)
    g_string_append(text, "…");
  return g_string_free(g_steal_pointer(&text), FALSE);
}

void
sg_dataset_warn_classes(SgDatasetFull *full)
{
  SgDataset *ds = &full->set;
  g_autofree guint *counts = sg_dataset_class_counts(ds);
  guint empty, single;

  if (!counts)
    return;
  g_autofree char *empties = classes_with(ds, counts, 0, &empty);
  g_autofree char *singles = classes_with(ds, counts, 1, &single);
  if (empty > 0)
    g_ptr_array_add(ds->warnings, g_strdup_printf("%u of %d classes have no picture: %s", empty,
                                                  ds->label_dim, empties));
  if (single > 0)
    g_ptr_array_add(ds->warnings, g_strdup_printf("%u of %d classes have a single picture: %s",
                                                  single, ds->label_dim, singles));
  if ((guint)ds->label_dim - empty == 1)
    g_ptr_array_add(ds->warnings, g_strdup("all pictures have the same class"));
}
