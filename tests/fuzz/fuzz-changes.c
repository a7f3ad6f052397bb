/* changes.jsonl of a run directory, beside training_options.json. What can be read is written again
 * and read as the same. */
#include "engine/record/changes.h"
#include "tests/fuzz/files.h"
#include <glib/gstdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void
check_again(const GPtrArray *list)
{
  g_autofree char *dir = g_build_filename(fuzz_folder(), "again", NULL);
  g_autofree char *path = g_build_filename(dir, SG_CHANGES_NAME, NULL);
  g_autoptr(GError) error = NULL;

  g_mkdir(dir, 0700);
  g_unlink(path);
  for (guint i = 0; i < list->len; i++)
    g_assert_true(sg_changes_append(dir, list->pdata[i], &error));
  g_autoptr(GPtrArray) again = sg_changes_read(dir, &error);
  g_assert_no_error(error);
  for (guint i = 0; i < again->len; i++) {
    const SgChange *a = again->pdata[i];
    g_assert_true(a->resumed ? sg_change_check_resumed(a->name, a->to, NULL)
                             : sg_change_check(a->name, a->to, NULL));
    g_assert_true(i == 0 || ((SgChange *)again->pdata[i - 1])->nimg <= a->nimg);
  }
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  static const char options[] = "{\"cfg\": \"auto\", \"data\": \"x\"}";
  g_autofree char *beside =
      fuzz_put("training_options.json", (const guint8 *)options, strlen(options));
  g_autofree char *path = fuzz_put(SG_CHANGES_NAME, data, size);
  g_autoptr(GError) error = NULL, why = NULL;
  g_autoptr(GPtrArray) list = sg_changes_read(fuzz_folder(), &error);
  g_autoptr(SgTrainOptions) o = sg_changes_options(fuzz_folder(), &why);

  g_assert_true((list != NULL) != (error != NULL));
  g_assert_true((o != NULL) == (list != NULL) && (o != NULL) != (why != NULL));
  if (list && list->len < 20) /* each is synced to the disk */
    check_again(list);
  return 0;
}
