/* training_options.json and the same text in a snapshot. What is accepted has to survive being
 * written and read again, also after it was completed. */
#include "engine/learn/options.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void
check_again(const SgTrainOptions *o)
{
  g_autofree char *json = sg_train_options_to_json(o);
  g_autoptr(GError) error = NULL;
  g_autoptr(SgTrainOptions) again = sg_train_options_from_json("again", json, &error);

  g_assert_no_error(error);
  g_autofree char *second = sg_train_options_to_json(again);
  g_assert_cmpstr(json, ==, second);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup((const char *)data, size);
  g_autoptr(GError) error = NULL, why = NULL;
  g_autoptr(SgTrainOptions) o = sg_train_options_from_json("fuzz", text, &error);

  g_assert_true((o != NULL) != (error != NULL));
  if (!o)
    return 0;
  check_again(o);
  gboolean resolved = sg_train_options_resolve(o, &why);
  g_assert_true(resolved == (why == NULL));
  if (resolved)
    check_again(o);
  for (int n = 1; resolved && n < 10; n++)
    sg_train_options_check_processes(o, n, NULL);
  return 0;
}
