/* oneDNN behind two functions: convolution and sgemm. Debian 12 has version 2.6 (descriptors are
 * structs), Debian 13 version 3.x (descriptors are handles, primitive descriptors are made
 * directly): the #if below is the whole difference, and no file but cpu-dnnl*.c sees it. */
#include "engine/backend/cpu/cpu-dnnl.h"
#include <omp.h>
#include <string.h>

typedef struct {
  int n, h, w; /* of the input */
  dnnl_primitive_t primitive;
  dnnl_memory_t src, dst, weights; /* weights borrowed from the pack below */
} Plan;

typedef struct {
  dnnl_memory_t memory;
  float *data;
} Pack;

struct _SgDnnlConv {
  SgBackend *backend;
  const float *weight; /* [O, I, k, k], borrowed */
  int o, i;
  int o_padded,
      i_padded; /* to whole blocks: with fewer than a block oneDNN falls back to slow loops */
  SgConvGeometry g;
  GArray *plans; /* of Plan: one per input size */
  GArray *packs; /* of Pack: one per weight layout oneDNN asked for */
};

dnnl_engine_t sg_dnnl_engine;
dnnl_stream_t sg_dnnl_stream;

gboolean
sg_dnnl_check(dnnl_status_t status, const char *what, GError **error)
{
  if (status == dnnl_success)
    return TRUE;
  g_set_error(error, G_FILE_ERROR,
              status == dnnl_out_of_memory ? G_FILE_ERROR_NOMEM : G_FILE_ERROR_FAILED,
              "oneDNN could not %s (status %d)", what, (int)status);
  return FALSE;
}

gboolean
sg_dnnl_start(GError **error)
{
  static gsize once;
  if (g_once_init_enter(&once)) {
    if (dnnl_engine_create(&sg_dnnl_engine, dnnl_cpu, 0) == dnnl_success)
      dnnl_stream_create(&sg_dnnl_stream, sg_dnnl_engine, dnnl_stream_default_flags);
    g_once_init_leave(&once, 1);
  }
  return sg_dnnl_check(sg_dnnl_stream ? dnnl_success : dnnl_runtime_error,
                       "start on this processor", error);
}

/* ---- differences between the two C APIs ------------------------------------------------------ */

dnnl_status_t
sg_dnnl_desc_new(MemDesc *md, int ndims, const dnnl_dim_t *dims, dnnl_format_tag_t tag)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_memory_desc_create_with_tag(md, ndims, dims, dnnl_f32, tag);
#else
  return dnnl_memory_desc_init_by_tag(md, ndims, dims, dnnl_f32, tag);
#endif
}

void
sg_dnnl_desc_free(MemDesc *md)
{
#if DNNL_VERSION_MAJOR >= 3
  if (*md)
    dnnl_memory_desc_destroy(*md);
  *md = NULL;
#endif
}

gsize
sg_dnnl_desc_size(ConstMemDesc md)
{
  return dnnl_memory_desc_get_size(md);
}

gboolean
sg_dnnl_desc_equal(ConstMemDesc a, ConstMemDesc b)
{
  return dnnl_memory_desc_equal(a, b) != 0;
}

static dnnl_status_t
conv_desc_new(dnnl_primitive_desc_t *pd, const SgConvGeometry *g, MemDesc *src, MemDesc *weights,
              MemDesc *dst)
{
  dnnl_dims_t strides = {g->stride, g->stride}, lo = {g->pad, g->pad};
  dnnl_dims_t hi = {g->pad_end, g->pad_end};
#if DNNL_VERSION_MAJOR >= 3
  dnnl_dims_t dilates = {0, 0};
  if (g->kind == SG_CONV_TRANSPOSED)
    return dnnl_deconvolution_forward_primitive_desc_create(
        pd, sg_dnnl_engine, dnnl_forward_inference, dnnl_deconvolution_direct, *src, *weights, NULL,
        *dst, strides, dilates, lo, hi, NULL);
  return dnnl_convolution_forward_primitive_desc_create(pd, sg_dnnl_engine, dnnl_forward_inference,
                                                        dnnl_convolution_direct, *src, *weights,
                                                        NULL, *dst, strides, dilates, lo, hi, NULL);
#else
  dnnl_status_t status;
  if (g->kind == SG_CONV_TRANSPOSED) {
    dnnl_deconvolution_desc_t d;
    status =
        dnnl_deconvolution_forward_desc_init(&d, dnnl_forward_inference, dnnl_deconvolution_direct,
                                             src, weights, NULL, dst, strides, lo, hi);
    return status != dnnl_success ? status
                                  : dnnl_primitive_desc_create(pd, &d, NULL, sg_dnnl_engine, NULL);
  }
  dnnl_convolution_desc_t d;
  status = dnnl_convolution_forward_desc_init(&d, dnnl_forward_inference, dnnl_convolution_direct,
                                              src, weights, NULL, dst, strides, lo, hi);
  return status != dnnl_success ? status
                                : dnnl_primitive_desc_create(pd, &d, NULL, sg_dnnl_engine, NULL);
#endif
}

/* ---- weights --------------------------------------------------------------------------------- */

static gboolean
reorder(dnnl_memory_t from, dnnl_memory_t to, ConstMemDesc from_md, ConstMemDesc to_md,
        GError **error)
{
  dnnl_primitive_desc_t pd = NULL;
  dnnl_primitive_t primitive = NULL;
  dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
  gboolean ok = sg_dnnl_check(dnnl_reorder_primitive_desc_create(&pd, from_md, sg_dnnl_engine,
                                                                 to_md, sg_dnnl_engine, NULL),
                              "describe a weight layout", error) &&
                sg_dnnl_check(dnnl_primitive_create(&primitive, pd), "make a reorder", error) &&
                sg_dnnl_check(dnnl_primitive_execute(primitive, sg_dnnl_stream, 2, args),
                              "reorder weights", error) &&
                sg_dnnl_check(dnnl_stream_wait(sg_dnnl_stream), "reorder weights", error);
  if (primitive)
    dnnl_primitive_destroy(primitive);
  if (pd)
    dnnl_primitive_desc_destroy(pd);
  return ok;
}

static ConstMemDesc
memory_desc(dnnl_memory_t memory)
{
  ConstMemDesc md = NULL;
  dnnl_memory_get_memory_desc(memory, &md);
  return md;
}

static gboolean
is_padded(const SgDnnlConv *conv)
{
  return conv->o != conv->o_padded || conv->i != conv->i_padded;
}

/* The weights with zeros up to whole blocks of channels; NULL if they are whole as they are, or if
 * there is no memory. */
static float *
pad_weights(const SgDnnlConv *conv)
{
  gsize taps = (gsize)(conv->g.kernel * conv->g.kernel), row = (gsize)conv->i * taps;
  gsize padded_row = (gsize)conv->i_padded * taps;

  if (!is_padded(conv))
    return NULL;
  float *padded = g_try_new0(float, ((gsize)conv->o_padded * padded_row));
  for (int o = 0; padded && o < conv->o; o++)
    memcpy(padded + (gsize)o * padded_row, conv->weight + (gsize)o * row, row * sizeof(float));
  return padded;
}

/* The conv's weights in layout `wanted`: packed once, then shared by all input sizes. */
static dnnl_memory_t
packed_weights(SgDnnlConv *conv, ConstMemDesc wanted, MemDesc *plain_md, GError **error)
{
  for (guint p = 0; p < conv->packs->len; p++) {
    Pack *pack = &g_array_index(conv->packs, Pack, p);
    if (sg_dnnl_desc_equal(memory_desc(pack->memory), wanted))
      return pack->memory;
  }
  Pack pack = {NULL, sg_aligned_alloc(sg_dnnl_desc_size(wanted))};
  g_autofree float *padded = pad_weights(conv);
  dnnl_memory_t plain = NULL;
  gboolean ok = pack.data && (padded || !is_padded(conv));
  if (!ok)
    sg_dnnl_check(dnnl_out_of_memory, "pack weights", error);
  ok = ok &&
       sg_dnnl_check(dnnl_memory_create(&plain, MD_ARG(*plain_md), sg_dnnl_engine,
                                        padded ? padded : (void *)conv->weight),
                     "wrap weights", error) &&
       sg_dnnl_check(dnnl_memory_create(&pack.memory, wanted, sg_dnnl_engine, pack.data),
                     "wrap weights", error) &&
       reorder(plain, pack.memory, MD_ARG(*plain_md), wanted, error);
  if (plain)
    dnnl_memory_destroy(plain);
  if (!ok) {
    if (pack.memory)
      dnnl_memory_destroy(pack.memory);
    sg_aligned_free(pack.data);
    return NULL;
  }
  g_array_append_val(conv->packs, pack);
  return pack.memory;
}

/* ---- plans: a primitive for one input size --------------------------------------------------- */

static void
plan_clear(gpointer data)
{
  Plan *plan = data;
  if (plan->primitive)
    dnnl_primitive_destroy(plan->primitive);
  if (plan->src)
    dnnl_memory_destroy(plan->src);
  if (plan->dst)
    dnnl_memory_destroy(plan->dst);
}

static gboolean
plan_init(SgDnnlConv *conv, Plan *plan, const SgBuf *y, const SgBuf *x, GError **error)
{
  dnnl_format_tag_t act = CPU(conv->backend)->block == 16 ? dnnl_aBcd16b : dnnl_aBcd8b;
  dnnl_dims_t xd = {x->n, conv->i_padded, x->h, x->w};
  dnnl_dims_t yd = {y->n, conv->o_padded, y->h, y->w};
  dnnl_dims_t wd = {conv->o_padded, conv->i_padded, conv->g.kernel, conv->g.kernel};
  MemDesc src = {0}, dst = {0}, any = {0}, plain = {0};
  dnnl_primitive_desc_t pd = NULL;

  gboolean ok =
      sg_dnnl_check(sg_dnnl_desc_new(&src, 4, xd, act), "describe activations", error) &&
      sg_dnnl_check(sg_dnnl_desc_new(&dst, 4, yd, act), "describe activations", error) &&
      sg_dnnl_check(sg_dnnl_desc_new(&any, 4, wd, dnnl_format_tag_any), "describe weights",
                    error) &&
      sg_dnnl_check(sg_dnnl_desc_new(&plain, 4, wd, dnnl_abcd), "describe weights", error) &&
      sg_dnnl_check(conv_desc_new(&pd, &conv->g, &src, &any, &dst), "plan a convolution", error) &&
      sg_dnnl_check(dnnl_primitive_create(&plan->primitive, pd), "make a convolution", error) &&
      sg_dnnl_check(dnnl_memory_create(&plan->src, MD_ARG(src), sg_dnnl_engine, x->data),
                    "wrap input", error) &&
      sg_dnnl_check(dnnl_memory_create(&plan->dst, MD_ARG(dst), sg_dnnl_engine, y->data),
                    "wrap output", error);
  if (ok)
    plan->weights = packed_weights(conv, dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0),
                                   &plain, error);
  if (pd)
    dnnl_primitive_desc_destroy(pd);
  sg_dnnl_desc_free(&src);
  sg_dnnl_desc_free(&dst);
  sg_dnnl_desc_free(&any);
  sg_dnnl_desc_free(&plain);
  return ok && plan->weights;
}

static Plan *
find_plan(SgDnnlConv *conv, const SgBuf *y, const SgBuf *x, GError **error)
{
  for (guint p = 0; p < conv->plans->len; p++) {
    Plan *plan = &g_array_index(conv->plans, Plan, p);
    if (plan->n == x->n && plan->h == x->h && plan->w == x->w)
      return plan;
  }
  Plan plan = {.n = x->n, .h = x->h, .w = x->w};
  if (!plan_init(conv, &plan, y, x, error)) {
    plan_clear(&plan);
    return NULL;
  }
  g_array_append_val(conv->plans, plan);
  return &g_array_index(conv->plans, Plan, conv->plans->len - 1);
}

SgDnnlConv *
cpu_dnnl_conv_new(SgBackend *b, const float *weight, int o, int i, const SgConvGeometry *g,
                  GError **error)
{
  if (!sg_dnnl_start(error))
    return NULL;
  SgDnnlConv *conv = g_new0(SgDnnlConv, 1);
  conv->backend = b;
  conv->weight = weight;
  conv->o = o;
  conv->i = i;
  conv->o_padded = (o + CPU(b)->block - 1) / CPU(b)->block * CPU(b)->block;
  conv->i_padded = (i + CPU(b)->block - 1) / CPU(b)->block * CPU(b)->block;
  conv->g = *g;
  conv->plans = g_array_new(FALSE, FALSE, sizeof(Plan));
  g_array_set_clear_func(conv->plans, plan_clear);
  conv->packs = g_array_new(FALSE, FALSE, sizeof(Pack));
  return conv;
}

void
cpu_dnnl_conv_free(SgDnnlConv *conv)
{
  g_array_unref(conv->plans);
  for (guint p = 0; p < conv->packs->len; p++) {
    Pack *pack = &g_array_index(conv->packs, Pack, p);
    dnnl_memory_destroy(pack->memory);
    sg_aligned_free(pack->data);
  }
  g_array_unref(conv->packs);
  g_free(conv);
}

gboolean
cpu_dnnl_conv_run(SgDnnlConv *conv, SgBuf *y, const SgBuf *x, GError **error)
{
  g_assert(x->c == conv->i && y->c == conv->o && x->fmt == SG_FMT_ACT && y->fmt == SG_FMT_ACT);
  Plan *plan = find_plan(conv, y, x, error);
  if (!plan)
    return FALSE;
  dnnl_exec_arg_t args[] = {
      {DNNL_ARG_SRC, plan->src}, {DNNL_ARG_WEIGHTS, plan->weights}, {DNNL_ARG_DST, plan->dst}};
  return sg_dnnl_check(dnnl_memory_set_data_handle(plan->src, x->data), "set input", error) &&
         sg_dnnl_check(dnnl_memory_set_data_handle(plan->dst, y->data), "set output", error) &&
         sg_dnnl_check(dnnl_primitive_execute(plan->primitive, sg_dnnl_stream, 3, args), "convolve",
                       error) &&
         sg_dnnl_check(dnnl_stream_wait(sg_dnnl_stream), "convolve", error);
}

/* ---- matrices -------------------------------------------------------------------------------- */

/* A job of a product, on one thread: left alone, oneDNN cuts small products along k by the number
 * of threads, and adds the parts. */
#define JOB_ROWS    256
#define JOB_COLUMNS 128

void
cpu_sgemm_nt(int m, int n, int k, const float *a, const float *b, float *c)
{
  cpu_sgemm(FALSE, TRUE, m, n, k, 1.0f, a, k, b, k, c);
}

void
cpu_sgemm(gboolean ta, gboolean tb, int m, int n, int k, float alpha, const float *a, int lda,
          const float *b, int ldb, float *c)
{
  int down = (m + JOB_ROWS - 1) / JOB_ROWS, across = (n + JOB_COLUMNS - 1) / JOB_COLUMNS;

#pragma omp parallel if (down * across > 1)
  {
    omp_set_num_threads(1); /* of what this thread calls */
#pragma omp for schedule(dynamic)
    for (int j = 0; j < down * across; j++) {
      int row = j / across * JOB_ROWS, column = j % across * JOB_COLUMNS;
      const float *from_a = a + (gsize)row * (ta ? 1 : lda);
      const float *from_b = b + (gsize)column * (tb ? ldb : 1);
      dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', MIN(JOB_ROWS, m - row),
                 MIN(JOB_COLUMNS, n - column), k, alpha, from_a, lda, from_b, ldb, 0.0f,
                 c + (gsize)row * n + column, n);
    }
  }
}
