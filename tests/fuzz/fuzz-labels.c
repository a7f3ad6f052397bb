/* Lists of labels: the same bytes as dataset.json, as a table and as CelebA's attributes. */
#include "engine/data/dataset-labels.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static const char *const pictures[] = {"00000/img00000000.png", "0.png", "a/1.png", "b/1.png",
                                       "000001.jpg"};

static void
check(SgLabels *labels, GError *error, gboolean may_be_none)
{
  int rows[G_N_ELEMENTS(pictures)];
  g_autoptr(SgLabels) l = labels;
  g_autoptr(GError) why = error;
  g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);

  g_assert_true(!l || !why);
  g_assert_true(l || why || may_be_none);
  if (!l)
    return;
  g_assert_true(l->n > 0 && l->dim > 0 && l->dim <= SG_LABELS_MAX_DIM);
  g_assert_true(!l->names || g_strv_length(l->names) == l->dim);
  sg_labels_match(l, pictures, G_N_ELEMENTS(pictures), rows, warnings);
  for (gsize i = 0; i < G_N_ELEMENTS(pictures); i++) {
    g_assert_cmpint(rows[i], <, (int)l->n);
    g_assert_true(rows[i] < 0 || !l->one_hot || l->classes[rows[i]] < l->dim);
  }
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  const char *text = (const char *)data;
  GError *error = NULL;
  SgLabels *l = sg_labels_parse_json("dataset.json", text, size, &error);

  check(l, error, TRUE);
  error = NULL;
  l = sg_labels_parse_table("labels.csv", text, size, &error);
  check(l, error, FALSE);
  error = NULL;
  l = sg_labels_parse_celeba("list_attr_celeba.txt", text, size, &error);
  check(l, error, FALSE);
  return 0;
}
