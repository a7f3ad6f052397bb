/* libcublasLt.so as NVIDIA documents the calls that cuda-blas.c makes, on host memory, for
 * test-vendor.c. Matrices are by columns: D = alpha op (A) op (B) + beta C. */
#include <cublasLt.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  int compute, ta, tb;
} Product;
typedef struct {
  unsigned long rows, columns;
  long ld;
} Layout;
typedef struct {
  size_t space;
  unsigned alignment[4];
} Wish;

int blas_wrong; /* calls that break a rule */
int blas_chosen;

cublasStatus_t
cublasLtCreate(cublasLtHandle_t *handle)
{
  *handle = calloc(1, 8);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtDestroy(cublasLtHandle_t handle)
{
  free(handle);
  return CUBLAS_STATUS_SUCCESS;
}

const char *
cublasLtGetStatusString(cublasStatus_t status)
{
  return "an error on the host";
}

cublasStatus_t
cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *d, cublasComputeType_t compute, cudaDataType_t scale)
{
  Product *p = calloc(1, sizeof *p);
  p->compute = (int)compute;
  *d = (cublasLtMatmulDesc_t)p;
  return scale == CUDA_R_32F ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t
cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t d, cublasLtMatmulDescAttributes_t attribute,
                               const void *v, size_t size)
{
  Product *p = (Product *)d;
  if (size != sizeof(cublasOperation_t))
    return CUBLAS_STATUS_INVALID_VALUE;
  if (attribute == CUBLASLT_MATMUL_DESC_TRANSA)
    p->ta = *(const cublasOperation_t *)v == CUBLAS_OP_T;
  else if (attribute == CUBLASLT_MATMUL_DESC_TRANSB)
    p->tb = *(const cublasOperation_t *)v == CUBLAS_OP_T;
  else
    return CUBLAS_STATUS_INVALID_VALUE;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t d)
{
  free(d);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *l, cudaDataType type, uint64_t rows,
                           uint64_t columns, int64_t ld)
{
  Layout *p = calloc(1, sizeof *p);
  *p = (Layout){rows, columns, ld};
  *l = (cublasLtMatrixLayout_t)p;
  return type == CUDA_R_32F && ld >= (long)rows ? CUBLAS_STATUS_SUCCESS
                                                : CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t
cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t l)
{
  free(l);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *w)
{
  *w = calloc(1, sizeof(Wish));
  for (int i = 0; i < 4; i++)
    ((Wish *)*w)->alignment[i] = 256;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t w,
                                     cublasLtMatmulPreferenceAttributes_t attribute, const void *v,
                                     size_t size)
{
  Wish *wish = (Wish *)w;
  if (attribute == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES && size == sizeof(uint64_t))
    wish->space = *(const uint64_t *)v;
  else if (attribute >= CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES &&
           attribute <= CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES && size == sizeof(uint32_t))
    wish->alignment[attribute - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES] = *(const uint32_t *)v;
  else
    return CUBLAS_STATUS_INVALID_VALUE;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t w)
{
  free(w);
  return CUBLAS_STATUS_SUCCESS;
}

/* The algorithm remembers what it may count on: alignment and workspace. */
cublasStatus_t
cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t d,
                               cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                               cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t to,
                               cublasLtMatmulPreference_t w, int wanted,
                               cublasLtMatmulHeuristicResult_t results[], int *found)
{
  const Wish *wish = (const Wish *)w;
  memset(results, 0, sizeof *results);
  memcpy(results[0].algo.data, wish, sizeof *wish);
  *found = 1;
  blas_chosen++;
  return wanted == 1 ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}

static double
at(const float *v, const Layout *l, int transposed, unsigned long row, unsigned long column)
{
  return transposed ? v[row * l->ld + column] : v[column * l->ld + row];
}

cublasStatus_t
cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t d, const void *alpha, const void *av,
               cublasLtMatrixLayout_t al, const void *bv, cublasLtMatrixLayout_t bl,
               const void *beta, const void *cv, cublasLtMatrixLayout_t cl, void *dv,
               cublasLtMatrixLayout_t dl, const cublasLtMatmulAlgo_t *algo, void *space,
               size_t bytes, cudaStream_t stream)
{
  const Product *p = (const Product *)d;
  const Layout *a = (const Layout *)al, *b = (const Layout *)bl, *c = (const Layout *)cl;
  const Wish *wish = (const Wish *)algo->data;
  const void *all[] = {av, bv, cv, dv};
  unsigned long m = p->ta ? a->columns : a->rows, k = p->ta ? a->rows : a->columns;

  for (int i = 0; i < 4; i++)
    blas_wrong += (size_t)all[i] % wish->alignment[i] != 0;
  blas_wrong += bytes < wish->space || !space || !stream || p->compute != CUBLAS_COMPUTE_32F ||
                *(const float *)beta != 0 || cv != dv || cl != dl;
  if ((p->tb ? b->columns : b->rows) != k || c->rows != m ||
      c->columns != (p->tb ? b->rows : b->columns))
    return CUBLAS_STATUS_INVALID_VALUE;
  for (unsigned long i = 0; i < m; i++)
    for (unsigned long j = 0; j < c->columns; j++) {
      double sum = 0;
      for (unsigned long l = 0; l < k; l++)
        sum += at(av, a, p->ta, i, l) * at(bv, b, p->tb, l, j);
      ((float *)dv)[j * c->ld + i] = *(const float *)alpha * (float)sum;
    }
  return CUBLAS_STATUS_SUCCESS;
}
