/* oneDNN for training: convolutions of all three passes with weights that change at every step.
 * Primitives are kept per shape; weights are packed at every call, which costs little beside a
 * batch. The weights' own gradient is in cpu-dnnl-weight.c. */
#include "engine/backend/cpu/cpu-dnnl.h"
#include <string.h>

typedef struct {
  SgDnnlKey key;
  int ci_padded, co_padded;
  dnnl_primitive_t primitive, reorder;
  dnnl_memory_t src, dst, weights, plain; /* plain: [co, ci, k, k], padded or the caller's */
  gsize packed, padded; /* bytes: in the layout that the primitive asked for, and of whole blocks
                           of channels, or 0: the caller's are whole */
} Plan;

static GMutex lock;
static GPtrArray *plans, *weight_plans;
static struct {
  gpointer data;
  gsize bytes;
} room;

gsize
sg_dnnl_piece(gsize bytes)
{
  return (bytes + 63) / 64 * 64;
}

gpointer
sg_dnnl_room(gsize bytes, GError **error)
{
  if (bytes > room.bytes) {
    sg_aligned_free(room.data);
    room.data = sg_aligned_alloc(bytes);
    room.bytes = room.data ? bytes : 0;
  }
  if (!room.data)
    sg_dnnl_check(dnnl_out_of_memory, "pack weights", error);
  return room.data;
}

dnnl_status_t
sg_dnnl_forward_desc(dnnl_primitive_desc_t *pd, const SgConvGeometry *g, MemDesc *src, MemDesc *w,
                     MemDesc *dst)
{
  dnnl_dims_t s = {g->stride, g->stride}, lo = {g->pad, g->pad}, hi = {g->pad_end, g->pad_end};
#if DNNL_VERSION_MAJOR >= 3
  dnnl_dims_t d = {0, 0};
  return dnnl_convolution_forward_primitive_desc_create(pd, sg_dnnl_engine, dnnl_forward_training,
                                                        dnnl_convolution_direct, *src, *w, NULL,
                                                        *dst, s, d, lo, hi, NULL);
#else
  dnnl_convolution_desc_t desc;
  dnnl_status_t status = dnnl_convolution_forward_desc_init(
      &desc, dnnl_forward_training, dnnl_convolution_direct, src, w, NULL, dst, s, lo, hi);
  return status != dnnl_success ? status
                                : dnnl_primitive_desc_create(pd, &desc, NULL, sg_dnnl_engine, NULL);
#endif
}

dnnl_status_t
sg_dnnl_backward_desc(dnnl_primitive_desc_t *pd, const SgConvGeometry *g, SgConvPass pass,
                      MemDesc *src, MemDesc *w, MemDesc *dst, dnnl_primitive_desc_t hint,
                      dnnl_primitive_attr_t attr)
{
  dnnl_dims_t s = {g->stride, g->stride}, lo = {g->pad, g->pad}, hi = {g->pad_end, g->pad_end};
#if DNNL_VERSION_MAJOR >= 3
  dnnl_dims_t d = {0, 0};
  return pass == SG_PASS_INPUT ? dnnl_convolution_backward_data_primitive_desc_create(
                                     pd, sg_dnnl_engine, dnnl_convolution_direct, *src, *w, *dst, s,
                                     d, lo, hi, hint, attr)
                               : dnnl_convolution_backward_weights_primitive_desc_create(
                                     pd, sg_dnnl_engine, dnnl_convolution_direct, *src, *w, NULL,
                                     *dst, s, d, lo, hi, hint, attr);
#else
  dnnl_convolution_desc_t desc;
  dnnl_status_t status = pass == SG_PASS_INPUT
                             ? dnnl_convolution_backward_data_desc_init(
                                   &desc, dnnl_convolution_direct, src, w, dst, s, lo, hi)
                             : dnnl_convolution_backward_weights_desc_init(
                                   &desc, dnnl_convolution_direct, src, w, NULL, dst, s, lo, hi);
  return status != dnnl_success ? status
                                : dnnl_primitive_desc_create(pd, &desc, attr, sg_dnnl_engine, hint);
#endif
}

static void
plan_free(Plan *p)
{
  dnnl_memory_t memories[] = {p->src, p->dst, p->weights, p->plain};
  for (guint i = 0; i < G_N_ELEMENTS(memories); i++)
    if (memories[i])
      dnnl_memory_destroy(memories[i]);
  if (p->primitive)
    dnnl_primitive_destroy(p->primitive);
  if (p->reorder)
    dnnl_primitive_destroy(p->reorder);
  g_free(p);
}

/* Between the weights' plain layout and the one the primitive asked for. */
static gboolean
plan_weights(Plan *p, dnnl_primitive_desc_t pd, MemDesc *plain, GError **error)
{
  ConstMemDesc wanted = dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
  dnnl_primitive_desc_t reorder = NULL;
  gsize taps = (gsize)(p->key.g.kernel * p->key.g.kernel);

  if (p->ci_padded != p->key.ci || p->co_padded != p->key.co)
    p->padded = sizeof(float) * (gsize)p->ci_padded * (gsize)p->co_padded * taps;
  p->packed = sg_dnnl_piece(sg_dnnl_desc_size(wanted));
  gboolean ok =
      sg_dnnl_check(dnnl_memory_create(&p->weights, wanted, sg_dnnl_engine, NULL), "wrap weights",
                    error) &&
      sg_dnnl_check(dnnl_memory_create(&p->plain, MD_ARG(*plain), sg_dnnl_engine, NULL),
                    "wrap weights", error) &&
      sg_dnnl_check(dnnl_reorder_primitive_desc_create(&reorder, MD_ARG(*plain), sg_dnnl_engine,
                                                       wanted, sg_dnnl_engine, NULL),
                    "describe a weight layout", error) &&
      sg_dnnl_check(dnnl_primitive_create(&p->reorder, reorder), "make a reorder", error);
  if (reorder)
    dnnl_primitive_desc_destroy(reorder);
  return ok;
}

static gboolean
plan_init(Plan *p, int block, GError **error)
{
  const SgDnnlKey *k = &p->key;
  dnnl_format_tag_t act = block == 16 ? dnnl_aBcd16b : dnnl_aBcd8b;
  p->ci_padded = (k->ci + block - 1) / block * block;
  p->co_padded = (k->co + block - 1) / block * block;
  dnnl_dims_t xd = {k->n, p->ci_padded, k->hi, k->wi}, yd = {k->n, p->co_padded, k->ho, k->wo};
  dnnl_dims_t wd = {p->co_padded, p->ci_padded, k->g.kernel, k->g.kernel};
  /* Padded weights are gathered already swapped. */
  gboolean whole = p->ci_padded == k->ci && p->co_padded == k->co;
  dnnl_format_tag_t order = whole && k->g.kind == SG_CONV_TRANSPOSED ? dnnl_bacd : dnnl_abcd;
  MemDesc src = {0}, dst = {0}, any = {0}, plain = {0};
  dnnl_primitive_desc_t forward = NULL, backward = NULL;

  gboolean ok = sg_dnnl_check(sg_dnnl_desc_new(&src, 4, xd, act), "describe activations", error) &&
                sg_dnnl_check(sg_dnnl_desc_new(&dst, 4, yd, act), "describe activations", error) &&
                sg_dnnl_check(sg_dnnl_desc_new(&any, 4, wd, dnnl_format_tag_any),
                              "describe weights", error) &&
                sg_dnnl_check(sg_dnnl_desc_new(&plain, 4, wd, order), "describe weights", error) &&
                sg_dnnl_check(sg_dnnl_forward_desc(&forward, &k->g, &src, &any, &dst),
                              "plan a convolution", error) &&
                (k->pass == SG_PASS_OUTPUT ||
                 sg_dnnl_check(sg_dnnl_backward_desc(&backward, &k->g, k->pass, &src, &any, &dst,
                                                     forward, NULL),
                               "plan a gradient", error)) &&
                sg_dnnl_check(dnnl_primitive_create(&p->primitive, backward ? backward : forward),
                              "make a convolution", error) &&
                sg_dnnl_check(dnnl_memory_create(&p->src, MD_ARG(src), sg_dnnl_engine, NULL),
                              "wrap input", error) &&
                sg_dnnl_check(dnnl_memory_create(&p->dst, MD_ARG(dst), sg_dnnl_engine, NULL),
                              "wrap output", error) &&
                plan_weights(p, backward ? backward : forward, &plain, error);
  if (forward)
    dnnl_primitive_desc_destroy(forward);
  if (backward)
    dnnl_primitive_desc_destroy(backward);
  sg_dnnl_desc_free(&src);
  sg_dnnl_desc_free(&dst);
  sg_dnnl_desc_free(&any);
  sg_dnnl_desc_free(&plain);
  return ok;
}

static Plan *
find_plan(const SgDnnlKey *key, int block, GError **error)
{
  if (!plans)
    plans = g_ptr_array_new_with_free_func((GDestroyNotify)plan_free);
  for (guint i = 0; i < plans->len; i++) {
    Plan *p = g_ptr_array_index(plans, i);
    if (memcmp(&p->key, key, sizeof *key) == 0)
      return p;
  }
  Plan *p = g_new0(Plan, 1);
  memcpy(&p->key, key, sizeof *key);
  if (!plan_init(p, block, error)) {
    plan_free(p);
    return NULL;
  }
  g_ptr_array_add(plans, p);
  return p;
}

void
sg_dnnl_pad_weights(const SgDnnlKey *key, int ci_padded, float *ours, float *theirs, gboolean out)
{
  gboolean swap = key->g.kind == SG_CONV_TRANSPOSED;
  gsize taps = (gsize)(key->g.kernel * key->g.kernel);
  for (gsize o = 0; o < (gsize)key->co; o++)
    for (gsize i = 0; i < (gsize)key->ci; i++) {
      float *a = theirs + (swap ? i * (gsize)key->co + o : o * (gsize)key->ci + i) * taps;
      float *b = ours + (o * (gsize)ci_padded + i) * taps;
      memcpy(out ? a : b, out ? b : a, taps * sizeof(float));
    }
}

static gboolean
execute(Plan *p, SgBuf *wide, SgBuf *w, SgBuf *narrow, GError **error)
{
  SgConvPass pass = p->key.pass;
  dnnl_exec_arg_t reorder[] = {{DNNL_ARG_FROM, p->plain}, {DNNL_ARG_TO, p->weights}};
  dnnl_exec_arg_t args[] = {{pass == SG_PASS_INPUT ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, p->src},
                            {DNNL_ARG_WEIGHTS, p->weights},
                            {pass == SG_PASS_OUTPUT ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, p->dst}};
  guint8 *packed = sg_dnnl_room(p->packed + p->padded, error);

  if (!packed)
    return FALSE;
  float *padded = (float *)(gpointer)(packed + p->packed);
  dnnl_memory_set_data_handle(p->src, wide->data);
  dnnl_memory_set_data_handle(p->dst, narrow->data);
  dnnl_memory_set_data_handle(p->weights, packed);
  dnnl_memory_set_data_handle(p->plain, p->padded ? padded : w->data);
  if (p->padded) {
    memset(padded, 0, p->padded);
    sg_dnnl_pad_weights(&p->key, p->ci_padded, padded, w->data, FALSE);
  }
  return sg_dnnl_check(dnnl_primitive_execute(p->reorder, sg_dnnl_stream, 2, reorder),
                       "pack weights", error) &&
         sg_dnnl_check(dnnl_primitive_execute(p->primitive, sg_dnnl_stream, 3, args), "convolve",
                       error) &&
         sg_dnnl_check(dnnl_stream_wait(sg_dnnl_stream), "convolve", error);
}

static SgDnnlWeightPlan *
find_weight_plan(const SgDnnlKey *key, int block, GError **error)
{
  if (!weight_plans)
    weight_plans = g_ptr_array_new_with_free_func((GDestroyNotify)sg_dnnl_weight_plan_free);
  for (guint i = 0; i < weight_plans->len; i++) {
    SgDnnlWeightPlan *p = g_ptr_array_index(weight_plans, i);
    if (memcmp(sg_dnnl_weight_plan_key(p), key, sizeof *key) == 0)
      return p;
  }
  SgDnnlWeightPlan *p = sg_dnnl_weight_plan_new(key, block, error);
  if (p)
    g_ptr_array_add(weight_plans, p);
  return p;
}

static gboolean
run(const SgDnnlKey *key, SgBuf *wide, SgBuf *w, SgBuf *narrow, GError **error)
{
  int block = CPU(wide->backend)->block;
  if (key->pass == SG_PASS_WEIGHT) {
    SgDnnlWeightPlan *plan = find_weight_plan(key, block, error);
    return plan && sg_dnnl_weight_plan_run(plan, wide, w, narrow, error);
  }
  Plan *plan = find_plan(key, block, error);
  return plan && execute(plan, wide, w, narrow, error);
}

gboolean
cpu_dnnl_train_conv(const SgConvGeometry *g, SgConvPass pass, SgBuf *x, SgBuf *w, SgBuf *y,
                    GError **error)
{
  gboolean swap = g->kind == SG_CONV_TRANSPOSED;
  SgBuf *wide = swap ? y : x, *narrow = swap ? x : y;
  SgDnnlKey key;

  if (!sg_dnnl_start(error))
    return FALSE;
  memset(&key, 0, sizeof key); /* compared byte for byte */
  key.g.kind = g->kind;
  key.g.kernel = g->kernel;
  key.g.stride = g->stride;
  key.g.pad = g->pad;
  key.g.pad_end = g->pad_end;
  key.pass = !swap || pass == SG_PASS_WEIGHT ? pass
             : pass == SG_PASS_OUTPUT        ? SG_PASS_INPUT
                                             : SG_PASS_OUTPUT;
  key.n = x->n;
  key.ci = wide->c;
  key.hi = wide->h;
  key.wi = wide->w;
  key.co = narrow->c;
  key.ho = narrow->h;
  key.wo = narrow->w;
  g_mutex_lock(&lock);
  gboolean ok = run(&key, wide, w, narrow, error);
  g_mutex_unlock(&lock);
  return ok;
}
