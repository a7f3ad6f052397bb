/* Convolutions by cuDNN: one plan (descriptors, algorithm, workspace) for each shape. */
#include "engine/backend/cuda/cuda-private.h"
#include "engine/backend/cuda/cuda-library.h"
#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <cudnn.h>

#define LIBRARY "libcudnn.so." G_STRINGIFY(CUDNN_MAJOR)
/* An algorithm that wants more is taken only where there is no other. */
#define WORKSPACE ((gsize)512 << 20)
#define PLANS     1024
#define CHOICES   16

#define FUNCTIONS(F)                                                                               \
  F(cudnnCreate)                                                                                   \
  F(cudnnDestroy)                                                                                  \
  F(cudnnSetStream)                                                                                \
  F(cudnnGetErrorString)                                                                           \
  F(cudnnCreateTensorDescriptor)                                                                   \
  F(cudnnSetTensor4dDescriptor)                                                                    \
  F(cudnnDestroyTensorDescriptor)                                                                  \
  F(cudnnCreateFilterDescriptor)                                                                   \
  F(cudnnSetFilter4dDescriptor)                                                                    \
  F(cudnnDestroyFilterDescriptor)                                                                  \
  F(cudnnCreateConvolutionDescriptor)                                                              \
  F(cudnnSetConvolution2dDescriptor)                                                               \
  F(cudnnSetConvolutionMathType)                                                                   \
  F(cudnnDestroyConvolutionDescriptor)                                                             \
  F(cudnnGetConvolutionForwardAlgorithm_v7)                                                        \
  F(cudnnGetConvolutionBackwardDataAlgorithm_v7)                                                   \
  F(cudnnGetConvolutionBackwardFilterAlgorithm_v7)                                                 \
  F(cudnnConvolutionForward)                                                                       \
  F(cudnnConvolutionBackwardData)                                                                  \
  F(cudnnConvolutionBackwardFilter)

typedef struct {
  int algorithm;
  size_t workspace;
} Choice;

typedef struct {
  CudaForm shape;
  cudnnTensorDescriptor_t wide, narrow;
  cudnnFilterDescriptor_t filter;
  cudnnConvolutionDescriptor_t conv;
  Choice choices[CHOICES]; /* the first one that cuDNN does not refuse when it is run is kept to */
  int count, at;           /* equal: there is none */
  cudnnStatus_t refusal;   /* of the last one that was refused */
} Plan;

struct _CudaDnn {
  cudnnHandle_t handle;
  GHashTable *plans; /* CudaForm of Plan -> Plan */
#define MEMBER(name) __typeof__(name) *name;
  FUNCTIONS(MEMBER)
};

/* Since 9.0 a status is a category and a reason. */
#ifdef CUDNN_STATUS_CATEGORY
#  define CATEGORY(status) CUDNN_STATUS_CATEGORY((int)(status))
#  define NO_DEVICE_MEMORY CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED
#else
#  define CATEGORY(status) ((int)(status))
#  define NO_DEVICE_MEMORY CUDNN_STATUS_ALLOC_FAILED
#endif

static gboolean
is_no_memory(cudnnStatus_t status)
{
  return status == CUDNN_STATUS_ALLOC_FAILED || status == NO_DEVICE_MEMORY;
}

/* What cuDNN's guess holds for possible it may still refuse to run, or fail in by itself. */
static gboolean
is_refusal(cudnnStatus_t status)
{
  return CATEGORY(status) == CUDNN_STATUS_NOT_SUPPORTED || status == CUDNN_STATUS_ARCH_MISMATCH ||
         (CATEGORY(status) == CUDNN_STATUS_INTERNAL_ERROR && !is_no_memory(status));
}

static gboolean
dnn_ok(CudaDnn *d, cudnnStatus_t status, const char *what, GError **error)
{
  if (status == CUDNN_STATUS_SUCCESS)
    return TRUE;
  if (is_no_memory(status))
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough GPU memory for cuDNN");
  else
    g_set_error(error, SG_BACKEND_ERROR,
                CATEGORY(status) == CUDNN_STATUS_EXECUTION_FAILED ? SG_BACKEND_ERROR_LOST
                                                                  : SG_BACKEND_ERROR_FAILED,
                "cuDNN failed: %s: %s", what, d->cudnnGetErrorString(status));
  return FALSE;
}

/* ---- plans ----------------------------------------------------------------------------------- */

static guint
shape_hash(gconstpointer shape)
{
  const int *v = shape;
  guint hash = 5381;
  for (gsize i = 0; i < sizeof(CudaForm) / sizeof(int); i++)
    hash = hash * 33 + (guint)v[i];
  return hash;
}

static gboolean
shape_equal(gconstpointer a, gconstpointer b)
{
  return memcmp(a, b, sizeof(CudaForm)) == 0;
}

static void
plan_free(CudaDnn *d, Plan *plan)
{
  if (plan->wide)
    d->cudnnDestroyTensorDescriptor(plan->wide);
  if (plan->narrow)
    d->cudnnDestroyTensorDescriptor(plan->narrow);
  if (plan->filter)
    d->cudnnDestroyFilterDescriptor(plan->filter);
  if (plan->conv)
    d->cudnnDestroyConvolutionDescriptor(plan->conv);
  g_free(plan);
}

static void
forget_plans(CudaDnn *d)
{
  GHashTableIter iter;
  gpointer plan;

  g_hash_table_iter_init(&iter, d->plans);
  while (g_hash_table_iter_next(&iter, NULL, &plan)) {
    g_hash_table_iter_steal(&iter);
    plan_free(d, plan);
  }
}

static gboolean
describe(CudaDnn *d, Plan *plan, GError **error)
{
  const CudaForm *s = &plan->shape;
  static const cudnnDataType_t types[] = {
      [CU_FLOAT] = CUDNN_DATA_FLOAT, [CU_FP16] = CUDNN_DATA_HALF, [CU_BF16] = CUDNN_DATA_BFLOAT16};
  const cudnnDataType_t type = types[s->type];
  const cudnnTensorFormat_t order = s->type == CU_FLOAT ? CUDNN_TENSOR_NCHW : CUDNN_TENSOR_NHWC;
  const cudnnMathType_t math = s->type != CU_FLOAT ? CUDNN_TENSOR_OP_MATH
                               : s->tf32           ? CUDNN_DEFAULT_MATH
                                                   : CUDNN_FMA_MATH;

  return dnn_ok(d, d->cudnnCreateTensorDescriptor(&plan->wide), "describe", error) &&
         dnn_ok(d, d->cudnnCreateTensorDescriptor(&plan->narrow), "describe", error) &&
         dnn_ok(d, d->cudnnCreateFilterDescriptor(&plan->filter), "describe", error) &&
         dnn_ok(d, d->cudnnCreateConvolutionDescriptor(&plan->conv), "describe", error) &&
         dnn_ok(d,
                d->cudnnSetTensor4dDescriptor(plan->wide, order, type, s->n, s->wide, s->wide_h,
                                              s->wide_w),
                "describe the wide side", error) &&
         dnn_ok(d,
                d->cudnnSetTensor4dDescriptor(plan->narrow, order, type, s->n, s->narrow,
                                              s->narrow_h, s->narrow_w),
                "describe the narrow side", error) &&
         dnn_ok(d,
                d->cudnnSetFilter4dDescriptor(plan->filter, type, order, s->narrow, s->wide,
                                              s->kernel, s->kernel),
                "describe the filter", error) &&
         dnn_ok(d,
                d->cudnnSetConvolution2dDescriptor(plan->conv, s->pad, s->pad, s->stride, s->stride,
                                                   1, 1, CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
                "describe the convolution", error) &&
         dnn_ok(d, d->cudnnSetConvolutionMathType(plan->conv, math), "choose the precision", error);
}

/* The three kinds of answer differ in nothing but the type of `algo`, an enumeration. */
G_STATIC_ASSERT(sizeof(cudnnConvolutionFwdAlgoPerf_t) == sizeof(cudnnConvolutionBwdDataAlgoPerf_t));
G_STATIC_ASSERT(sizeof(cudnnConvolutionFwdAlgoPerf_t) ==
                sizeof(cudnnConvolutionBwdFilterAlgoPerf_t));

/* The descriptor asks for fused multiply-adds; "default" then means them too. */
static gboolean
is_exact(cudnnMathType_t math)
{
  return math == CUDNN_FMA_MATH || math == CUDNN_DEFAULT_MATH;
}

static cudnnStatus_t
ask(CudaDnn *d, const Plan *plan, int *count, cudnnConvolutionFwdAlgoPerf_t all[CHOICES])
{
  if (plan->shape.pass == SG_PASS_OUTPUT)
    return d->cudnnGetConvolutionForwardAlgorithm_v7(d->handle, plan->wide, plan->filter,
                                                     plan->conv, plan->narrow, CHOICES, count, all);
  if (plan->shape.pass == SG_PASS_INPUT)
    return d->cudnnGetConvolutionBackwardDataAlgorithm_v7(
        d->handle, plan->filter, plan->narrow, plan->conv, plan->wide, CHOICES, count,
        (cudnnConvolutionBwdDataAlgoPerf_t *)(gpointer)all);
  return d->cudnnGetConvolutionBackwardFilterAlgorithm_v7(
      d->handle, plan->wide, plan->narrow, plan->conv, plan->filter, CHOICES, count,
      (cudnnConvolutionBwdFilterAlgoPerf_t *)(gpointer)all);
}

static int
by_workspace(const void *a, const void *b)
{
  size_t x = ((const Choice *)a)->workspace, y = ((const Choice *)b)->workspace;
  return x < y ? -1 : x > y;
}

/* Adds those that give the same result every time, in cuDNN's order. */
static void
add_choices(Plan *plan, gboolean greedy, int count, const cudnnConvolutionFwdAlgoPerf_t *all)
{
  gboolean exact = plan->shape.type == CU_FLOAT && !plan->shape.tf32;

  for (int i = 0; i < count; i++)
    if (all[i].status == CUDNN_STATUS_SUCCESS && all[i].determinism == CUDNN_DETERMINISTIC &&
        (all[i].memory > WORKSPACE) == greedy && (!exact || is_exact(all[i].mathType)))
      plan->choices[plan->count++] = (Choice){(int)all[i].algo, all[i].memory};
}

/* The fastest first, as cuDNN guesses; floats, which nothing else can take, then also have the
 * greedy ones, the most modest first. */
static void
sort_choices(Plan *plan, int count, const cudnnConvolutionFwdAlgoPerf_t *all)
{
  add_choices(plan, FALSE, count, all);
  if (plan->shape.type != CU_FLOAT)
    return;
  int modest = plan->count;
  add_choices(plan, TRUE, count, all);
  qsort(plan->choices + modest, (gsize)(plan->count - modest), sizeof(Choice), by_workspace);
}

static gboolean
no_choice(CudaDnn *d, const Plan *plan, GError **error)
{
  const CudaForm *s = &plan->shape;
  g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_FAILED,
              "cuDNN has no convolution for %d × %d × %d × %d with %d filters of %d × %d%s%s", s->n,
              s->wide, s->wide_h, s->wide_w, s->narrow, s->kernel, s->kernel,
              plan->refusal ? ": " : "",
              plan->refusal ? d->cudnnGetErrorString(plan->refusal) : "");
  return FALSE;
}

/* In halves there may be none; that is no error. */
static gboolean
choose(CudaDnn *d, Plan *plan, GError **error)
{
  cudnnConvolutionFwdAlgoPerf_t all[CHOICES];
  int count = 0;
  cudnnStatus_t status = ask(d, plan, &count, all);
  gboolean halves = plan->shape.type != CU_FLOAT;

  if (status != CUDNN_STATUS_SUCCESS)
    return halves || dnn_ok(d, status, "choose an algorithm", error);
  sort_choices(plan, MIN(count, CHOICES), all);
  return halves || plan->count > 0 || no_choice(d, plan, error);
}

static Plan *
find_plan(CudaDnn *d, const CudaForm *shape, GError **error)
{
  Plan *plan = g_hash_table_lookup(d->plans, shape);

  if (plan)
    return plan;
  if (g_hash_table_size(d->plans) >= PLANS)
    forget_plans(d);
  plan = g_new0(Plan, 1);
  plan->shape = *shape;
  if (!describe(d, plan, error) || !choose(d, plan, error)) {
    plan_free(d, plan);
    return NULL;
  }
  g_hash_table_insert(d->plans, &plan->shape, plan);
  return plan;
}

/* ---- life ------------------------------------------------------------------------------------ */

static CudaDnn *
dnn_open(GError **error)
{
  GError *missing = NULL;
  void *lib = cuda_library(LIBRARY, error);
  if (!lib)
    return NULL;
  CudaDnn *d = g_new0(CudaDnn, 1);
#define FIND(name) *(void **)&d->name = cuda_symbol(lib, LIBRARY, #name, &missing);
  FUNCTIONS(FIND)
  if (missing)
    g_propagate_error(error, missing);
  if (missing || !dnn_ok(d, d->cudnnCreate(&d->handle), "start", error)) {
    g_free(d);
    return NULL;
  }
  d->plans = g_hash_table_new(shape_hash, shape_equal);
  return d;
}

void
cuda_dnn_close(CudaDnn *d)
{
  if (!d)
    return;
  forget_plans(d);
  g_hash_table_unref(d->plans);
  d->cudnnDestroy(d->handle);
  g_free(d);
}

/* ---- running --------------------------------------------------------------------------------- */

static cudnnStatus_t
run(CudaDnn *d, const Plan *p, float alpha, gpointer const sides[3], gpointer space)
{
  const float zero = 0;
  const Choice *c = &p->choices[p->at];
  gpointer wide = sides[SG_PASS_INPUT], filter = sides[SG_PASS_WEIGHT];
  gpointer narrow = sides[SG_PASS_OUTPUT];

  if (p->shape.pass == SG_PASS_OUTPUT)
    return d->cudnnConvolutionForward(d->handle, &alpha, p->wide, wide, p->filter, filter, p->conv,
                                      (cudnnConvolutionFwdAlgo_t)c->algorithm, space, c->workspace,
                                      &zero, p->narrow, narrow);
  if (p->shape.pass == SG_PASS_INPUT)
    return d->cudnnConvolutionBackwardData(d->handle, &alpha, p->filter, filter, p->narrow, narrow,
                                           p->conv, (cudnnConvolutionBwdDataAlgo_t)c->algorithm,
                                           space, c->workspace, &zero, p->wide, wide);
  return d->cudnnConvolutionBackwardFilter(d->handle, &alpha, p->wide, wide, p->narrow, narrow,
                                           p->conv, (cudnnConvolutionBwdFilterAlgo_t)c->algorithm,
                                           space, c->workspace, &zero, p->filter, filter);
}

/* FALSE without error: refused. */
static gboolean
try_choice(SgBackend *b, Plan *plan, float alpha, gpointer const sides[3], GError **error)
{
  CudaDnn *d = CU(b)->dnn;
  gsize taken = 0, bytes = plan->choices[plan->at].workspace;
  gpointer space = NULL;

  if (bytes && !(space = cuda_pool_take(b, bytes, &taken, error)))
    return FALSE;
  cudnnStatus_t status = d->cudnnSetStream(d->handle, cuda_stream(b));
  gboolean ok = dnn_ok(d, status, "choose the stream", error);
  if (ok) {
    status = run(d, plan, alpha, sides, space);
    if (is_refusal(status))
      plan->refusal = status;
    ok = !is_refusal(status) && dnn_ok(d, status, "convolve", error);
  }
  cuda_pool_give(b, space, taken);
  return ok;
}

static gboolean
form_locked(SgBackend *b, const CudaForm *form, float alpha, gpointer const sides[3],
            gboolean *none, GError **error)
{
  CudaBackend *cu = CU(b);
  GError *failed = NULL;

  if (!cu->dnn && !(cu->dnn = dnn_open(error)))
    return FALSE;
  CudaForm shape = *form;
  shape.tf32 = form->type == CU_FLOAT && cu->precision != SG_PRECISION_FP32;
  Plan *plan = find_plan(cu->dnn, &shape, error);
  if (!plan)
    return FALSE;
  for (; plan->at < plan->count; plan->at++) {
    if (try_choice(b, plan, alpha, sides, &failed))
      return TRUE;
    if (failed) {
      g_propagate_error(error, failed);
      return FALSE;
    }
  }
  if (shape.type == CU_FLOAT)
    return no_choice(cu->dnn, plan, error);
  *none = TRUE;
  return FALSE;
}

gboolean
cuda_dnn_form(SgBackend *b, const CudaForm *form, float alpha, gpointer wide, gpointer filter,
              gpointer narrow, gboolean *none, GError **error)
{
  gpointer sides[3];

  sides[SG_PASS_OUTPUT] = narrow;
  sides[SG_PASS_INPUT] = wide;
  sides[SG_PASS_WEIGHT] = filter;
  cuda_stream(b);
  g_mutex_lock(&CU(b)->library_lock);
  gboolean ok = form_locked(b, form, alpha, sides, none, error);
  g_mutex_unlock(&CU(b)->library_lock);
  return ok;
}
