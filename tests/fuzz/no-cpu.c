/* The CPU's back end needs oneDNN and a compiler's OpenMP: the fuzz targets, whose only networks
 * are tiny, compute on the reference. */
#include "engine/backend/backend.h"

SgBackend *
sg_backend_cpu(void)
{
  return sg_backend_reference();
}

void
sg_backend_cpu_keep_memory(void)
{
}

gboolean
sg_backend_is_cpu(const SgBackend *backend)
{
  return FALSE;
}
