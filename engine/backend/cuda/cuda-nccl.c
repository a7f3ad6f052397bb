/* Sums over the devices of several processes, by NCCL. */
#include "engine/backend/cuda/cuda-private.h"
#include "engine/backend/cuda/cuda-library.h"
#include <nccl.h>
#include <string.h>

#define LIBRARY "libnccl.so.2"

#define FUNCTIONS(F)                                                                               \
  F(ncclGetUniqueId)                                                                               \
  F(ncclGetErrorString)                                                                            \
  F(ncclCommInitRank)                                                                              \
  F(ncclCommAbort)                                                                                 \
  F(ncclAllReduce)

struct _CudaNccl {
  ncclComm_t comm; /* NULL: not joined */
#define MEMBER(name) __typeof__(name) *name;
  FUNCTIONS(MEMBER)
};

G_STATIC_ASSERT(sizeof(ncclUniqueId) == SG_REDUCE_ID);

static gboolean
nccl_ok(CudaNccl *n, ncclResult_t result, const char *what, GError **error)
{
  if (result == ncclSuccess)
    return TRUE;
  g_set_error(error, SG_BACKEND_ERROR,
              result == ncclUnhandledCudaError ? SG_BACKEND_ERROR_LOST : SG_BACKEND_ERROR_FAILED,
              "NCCL failed: %s: %s", what, n->ncclGetErrorString(result));
  return FALSE;
}

static CudaNccl *
nccl_open(GError **error)
{
  GError *missing = NULL;
  void *lib = cuda_library(LIBRARY, error);
  if (!lib)
    return NULL;
  CudaNccl *n = g_new0(CudaNccl, 1);
#define FIND(name) *(void **)&n->name = cuda_symbol(lib, LIBRARY, #name, &missing);
  FUNCTIONS(FIND)
  if (missing) {
    g_propagate_error(error, missing);
    g_clear_pointer(&n, g_free);
  }
  return n;
}

/* The training's thread alone calls these three. */
gboolean
cuda_reduce_id(SgBackend *b, char id[SG_REDUCE_ID], GError **error)
{
  CudaBackend *cu = CU(b);
  ncclUniqueId made;

  if (!cu->nccl)
    cu->nccl = nccl_open(error);
  if (!cu->nccl)
    return FALSE;
  cuda_stream(b); /* makes the device this thread's */
  if (!nccl_ok(cu->nccl, cu->nccl->ncclGetUniqueId(&made), "make a name", error))
    return FALSE;
  memcpy(id, &made, sizeof made);
  return TRUE;
}

gboolean
cuda_reduce_join(SgBackend *b, const char id[SG_REDUCE_ID], int rank, int size, GError **error)
{
  CudaNccl *n = CU(b)->nccl;
  ncclUniqueId told;

  if (n->comm)
    n->ncclCommAbort(n->comm);
  n->comm = NULL;
  memcpy(&told, id, sizeof told);
  cuda_stream(b);
  if (nccl_ok(n, n->ncclCommInitRank(&n->comm, size, told, rank), "meet the other devices", error))
    return TRUE;
  n->comm = NULL;
  return FALSE;
}

gboolean
cuda_reduce(SgBuf *buf, GError **error)
{
  SgBackend *b = buf->backend;
  CudaNccl *n = CU(b)->nccl;

  g_assert(n && n->comm && buf->fmt == SG_FMT_PLAIN);
  return nccl_ok(n,
                 n->ncclAllReduce(buf->data, buf->data, sg_buf_count(buf), ncclFloat, ncclSum,
                                  n->comm, cuda_stream(b)),
                 "sum gradients", error) &&
         cuda_check(b, error);
}
