/* .npy vectors. */
#include "engine/formats/npy.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgTensor) t = sg_npy_read_memory("fuzz", data, size, &error);
  g_assert_true((t != NULL) != (error != NULL));
  return 0;
}
