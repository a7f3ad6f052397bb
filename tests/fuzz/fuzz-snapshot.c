/* A training's snapshot, as the run that is resumed from it reads it: how far it is, its options,
 * its weights and state into a tiny learner, the statistics of the tick it was saved in. */
#include "engine/learn/adopt.h"
#include "engine/learn/snapshot.h"
#include "engine/record/run-dir-private.h"
#include "tests/fuzz/tiny-learner.h"
#include "tests/fuzz/files.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void
adopt(const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgModel) m = sg_model_load(path, NULL);
  g_autoptr(SgTrainOptions) o = m ? sg_train_options_new("auto", NULL) : NULL;

  if (!m)
    return;
  gboolean ok = sg_train_options_adopt(o, m, &error);
  g_assert_true(ok == (error == NULL));
  g_autoptr(SgAdopted) adopted = sg_learn_adopt(tiny_learner(), m, NULL);
  g_autofree char *text = adopted ? sg_adopted_text(adopted) : NULL;
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  g_autofree char *path = fuzz_put("network-snapshot-000000.safetensors", data, size);
  g_autofree char *note = NULL;
  g_autoptr(GError) error = NULL;

  sg_snapshot_nimg(path);
  gboolean ok = sg_snapshot_load(tiny_learner(), path, TINY_IMAGES, &note, &error);
  g_assert_true(ok == (error == NULL));
  if (note) {
    g_autoptr(SgStats) stats = sg_stats_new();
    sg_stats_restore(stats, note);
  }
  adopt(path);
  return 0;
}
