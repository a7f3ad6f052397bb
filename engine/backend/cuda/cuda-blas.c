/* Matrix products by cuBLASLt. */
#include "engine/backend/cuda/cuda-private.h"
#include "engine/backend/cuda/cuda-library.h"
#include <cublasLt.h>
#include <string.h>

#define LIBRARY   "libcublasLt.so." G_STRINGIFY(CUBLAS_VER_MAJOR)
#define WORKSPACE ((gsize)32 << 20)

#define FUNCTIONS(F)                                                                               \
  F(cublasLtCreate)                                                                                \
  F(cublasLtDestroy)                                                                               \
  F(cublasLtGetStatusString)                                                                       \
  F(cublasLtMatmulDescCreate)                                                                      \
  F(cublasLtMatmulDescSetAttribute)                                                                \
  F(cublasLtMatmulDescDestroy)                                                                     \
  F(cublasLtMatrixLayoutCreate)                                                                    \
  F(cublasLtMatrixLayoutDestroy)                                                                   \
  F(cublasLtMatmulPreferenceCreate)                                                                \
  F(cublasLtMatmulPreferenceSetAttribute)                                                          \
  F(cublasLtMatmulPreferenceDestroy)                                                               \
  F(cublasLtMatmulAlgoGetHeuristic)                                                                \
  F(cublasLtMatmul)

typedef struct {
  int ta, tb, m, n, k, lda, ldb, alignment, tf32;
} Shape;

typedef struct {
  Shape shape;
  cublasLtMatmulDesc_t product;
  cublasLtMatrixLayout_t a, b, c;
  cublasLtMatmulHeuristicResult_t how;
} Plan;

struct _CudaBlas {
  cublasLtHandle_t handle;
  GHashTable *plans; /* Shape of Plan -> Plan */
  gpointer space;
  gsize taken;
  SgBackend *backend;
#define MEMBER(name) __typeof__(name) *name;
  FUNCTIONS(MEMBER)
};

#define PLANS 1024

static gboolean
blas_ok(CudaBlas *l, cublasStatus_t status, const char *what, GError **error)
{
  if (status == CUBLAS_STATUS_SUCCESS)
    return TRUE;
  if (status == CUBLAS_STATUS_ALLOC_FAILED)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough GPU memory for cuBLAS");
  else
    g_set_error(error, SG_BACKEND_ERROR,
                status == CUBLAS_STATUS_EXECUTION_FAILED ? SG_BACKEND_ERROR_LOST
                                                         : SG_BACKEND_ERROR_FAILED,
                "cuBLAS failed: %s: %s", what, l->cublasLtGetStatusString(status));
  return FALSE;
}

static guint
shape_hash(gconstpointer shape)
{
  const int *v = shape;
  guint hash = 5381;
  for (gsize i = 0; i < sizeof(Shape) / sizeof(int); i++)
    hash = hash * 33 + (guint)v[i];
  return hash;
}

static gboolean
shape_equal(gconstpointer a, gconstpointer b)
{
  return memcmp(a, b, sizeof(Shape)) == 0;
}

static void
plan_free(CudaBlas *l, Plan *p)
{
  if (p->product)
    l->cublasLtMatmulDescDestroy(p->product);
  cublasLtMatrixLayout_t layouts[] = {p->a, p->b, p->c};
  for (guint i = 0; i < G_N_ELEMENTS(layouts); i++)
    if (layouts[i])
      l->cublasLtMatrixLayoutDestroy(layouts[i]);
  g_free(p);
}

static void
forget_plans(CudaBlas *l)
{
  GHashTableIter iter;
  gpointer plan;

  g_hash_table_iter_init(&iter, l->plans);
  while (g_hash_table_iter_next(&iter, NULL, &plan)) {
    g_hash_table_iter_steal(&iter);
    plan_free(l, plan);
  }
}

/* cuBLAS counts by columns: a row-major matrix is its transpose there, and C = op (A) op (B) is
 * Cᵀ = op (B)ᵀ op (A)ᵀ. So b is its first factor, and nothing else changes. */
static gboolean
describe(CudaBlas *l, Plan *p, GError **error)
{
  const Shape *s = &p->shape;
  cublasOperation_t first = s->tb ? CUBLAS_OP_T : CUBLAS_OP_N;
  cublasOperation_t second = s->ta ? CUBLAS_OP_T : CUBLAS_OP_N;
  guint64 m = (guint64)s->m, n = (guint64)s->n, k = (guint64)s->k;

  return blas_ok(l,
                 l->cublasLtMatmulDescCreate(
                     &p->product, s->tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F,
                     CUDA_R_32F),
                 "describe", error) &&
         blas_ok(l,
                 l->cublasLtMatmulDescSetAttribute(p->product, CUBLASLT_MATMUL_DESC_TRANSA, &first,
                                                   sizeof first),
                 "describe", error) &&
         blas_ok(l,
                 l->cublasLtMatmulDescSetAttribute(p->product, CUBLASLT_MATMUL_DESC_TRANSB, &second,
                                                   sizeof second),
                 "describe", error) &&
         blas_ok(
             l,
             l->cublasLtMatrixLayoutCreate(&p->b, CUDA_R_32F, s->tb ? k : n, s->tb ? n : k, s->ldb),
             "describe", error) &&
         blas_ok(
             l,
             l->cublasLtMatrixLayoutCreate(&p->a, CUDA_R_32F, s->ta ? m : k, s->ta ? k : m, s->lda),
             "describe", error) &&
         blas_ok(l, l->cublasLtMatrixLayoutCreate(&p->c, CUDA_R_32F, n, m, (gint64)n), "describe",
                 error);
}

/* Views may start at any number: `alignment` is what their addresses have in common. */
static gboolean
choose(CudaBlas *l, Plan *p, GError **error)
{
  static const cublasLtMatmulPreferenceAttributes_t sides[] = {
      CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
      CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES};
  cublasLtMatmulPreference_t wish = NULL;
  guint64 space = WORKSPACE;
  guint32 alignment = (guint32)p->shape.alignment;
  int found = 0;

  if (!blas_ok(l, l->cublasLtMatmulPreferenceCreate(&wish), "choose", error))
    return FALSE;
  cublasStatus_t status = l->cublasLtMatmulPreferenceSetAttribute(
      wish, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &space, sizeof space);
  for (guint i = 0; i < G_N_ELEMENTS(sides) && status == CUBLAS_STATUS_SUCCESS; i++)
    status = l->cublasLtMatmulPreferenceSetAttribute(wish, sides[i], &alignment, sizeof alignment);
  if (status == CUBLAS_STATUS_SUCCESS)
    status = l->cublasLtMatmulAlgoGetHeuristic(l->handle, p->product, p->b, p->a, p->c, p->c, wish,
                                               1, &p->how, &found);
  l->cublasLtMatmulPreferenceDestroy(wish);
  if (status == CUBLAS_STATUS_SUCCESS && found == 0)
    status = CUBLAS_STATUS_NOT_SUPPORTED;
  return blas_ok(l, status, "choose an algorithm", error);
}

static Plan *
find_plan(CudaBlas *l, const Shape *shape, GError **error)
{
  Plan *plan = g_hash_table_lookup(l->plans, shape);

  if (plan)
    return plan;
  if (g_hash_table_size(l->plans) >= PLANS)
    forget_plans(l);
  plan = g_new0(Plan, 1);
  plan->shape = *shape;
  if (!describe(l, plan, error) || !choose(l, plan, error)) {
    plan_free(l, plan);
    return NULL;
  }
  g_hash_table_insert(l->plans, &plan->shape, plan);
  return plan;
}

/* ---- life ------------------------------------------------------------------------------------ */

static CudaBlas *
blas_open(SgBackend *b, GError **error)
{
  GError *missing = NULL;
  void *lib = cuda_library(LIBRARY, error);
  if (!lib)
    return NULL;
  CudaBlas *l = g_new0(CudaBlas, 1);
  l->backend = b;
#define FIND(name) *(void **)&l->name = cuda_symbol(lib, LIBRARY, #name, &missing);
  FUNCTIONS(FIND)
  if (missing)
    g_propagate_error(error, missing);
  if (missing || !(l->space = cuda_pool_take(b, WORKSPACE, &l->taken, error)) ||
      !blas_ok(l, l->cublasLtCreate(&l->handle), "start", error)) {
    cuda_pool_give(b, l->space, l->taken);
    g_free(l);
    return NULL;
  }
  l->plans = g_hash_table_new(shape_hash, shape_equal);
  return l;
}

void
cuda_blas_close(CudaBlas *l)
{
  if (!l)
    return;
  forget_plans(l);
  g_hash_table_unref(l->plans);
  l->cublasLtDestroy(l->handle);
  cuda_pool_give(l->backend, l->space, l->taken);
  g_free(l);
}

/* ---- running --------------------------------------------------------------------------------- */

static int
alignment_of(const void *a, const void *b, const void *c)
{
  guintptr all = (guintptr)a | (guintptr)b | (guintptr)c | 256;
  return (int)(all & -all);
}

gboolean
cuda_gemm(SgBackend *backend, gboolean ta, gboolean tb, int m, int n, int k, float alpha,
          const float *a, int lda, const float *b, int ldb, float *c, GError **error)
{
  CudaBackend *cu = CU(backend);
  const Shape shape = {.ta = ta != FALSE,
                       .tb = tb != FALSE,
                       .m = m,
                       .n = n,
                       .k = k,
                       .lda = lda,
                       .ldb = ldb,
                       .alignment = alignment_of(a, b, c),
                       .tf32 = cu->precision != SG_PRECISION_FP32};
  const float zero = 0;
  cudaStream_t stream = cuda_stream(backend);
  gboolean ok = FALSE;

  g_mutex_lock(&cu->library_lock);
  if (cu->blas || (cu->blas = blas_open(backend, error))) {
    CudaBlas *l = cu->blas;
    Plan *p = find_plan(l, &shape, error);
    ok = p && blas_ok(l,
                      l->cublasLtMatmul(l->handle, p->product, &alpha, b, p->b, a, p->a, &zero, c,
                                        p->c, c, p->c, &p->how.algo, l->space, WORKSPACE, stream),
                      "multiply", error);
  }
  g_mutex_unlock(&cu->library_lock);
  return ok;
}
