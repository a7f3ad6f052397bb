/* The model readers. Compiled once per container (FUZZ_CONTAINER), each with seeds of its own; a
 * run takes the input as far as a model, so that the importers are tried as well. */
#include "engine/models/model.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  g_autoptr(GError) error = NULL, why = NULL;
  g_autoptr(SgArchive) a = sg_archive_open_memory("fuzz", data, size, &error);

  /* Either an archive or a reason, and never both. */
  g_assert_true((a != NULL) != (error != NULL));
  if (!a)
    return 0;
  g_autoptr(SgModel) m = sg_model_from_archive(a, &why);
  g_assert_true((m != NULL) != (why != NULL));
  return 0;
}
