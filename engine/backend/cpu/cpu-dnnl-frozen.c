/* frozen-net.h by oneDNN. In float32 planes lie in blocks of channels, in bf16 channel by channel;
 * places are reused as soon as nobody reads them any more. */
#include "engine/backend/cpu/cpu-dnnl.h"
#include "engine/backend/frozen-net.h"
#include <string.h>

#define MAX_PARTS 8
#define FOREVER   G_MAXINT

/* Something that a step, or putting a place together, leaves. */
typedef struct {
  MemDesc desc;
  dnnl_memory_t memory;
  int last; /* the last step that reads it */
} Value;

typedef struct {
  float *data;
  gsize bytes;
  int busy; /* until the end of this step */
} Slot;

typedef struct {
  dnnl_primitive_t primitive;
  dnnl_exec_arg_t args[MAX_PARTS + 2];
  int n_args;
} Job;

typedef struct {
  SgFrozenPlace p;
  int value; /* in net->values, -1: nobody has written it yet */
  int parts, first_part[MAX_PARTS];
} Place;

struct _SgFrozenNet {
  int n;
  dnnl_data_type_t type;
  dnnl_format_tag_t tag;
  GArray *values, *slots, *jobs;
  GPtrArray *packed; /* memories of weights, with their data */
  Place *places;
  int n_places;
};

/* ---- differences between the two C APIs ------------------------------------------------------ */

static dnnl_status_t
desc_new(MemDesc *md, int ndims, const dnnl_dim_t *dims, dnnl_data_type_t type,
         dnnl_format_tag_t tag)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_memory_desc_create_with_tag(md, ndims, dims, type, tag);
#else
  return dnnl_memory_desc_init_by_tag(md, ndims, dims, type, tag);
#endif
}

static dnnl_status_t
conv_desc(dnnl_primitive_desc_t *pd, const SgFrozenStep *s, MemDesc *src, MemDesc *w, MemDesc *bias,
          MemDesc *dst, dnnl_primitive_attr_t attr)
{
  dnnl_dims_t strides = {s->stride, s->stride}, pad = {s->pad_h, s->pad_w};
#if DNNL_VERSION_MAJOR >= 3
  dnnl_dims_t dilates = {0, 0};
  return dnnl_convolution_forward_primitive_desc_create(pd, sg_dnnl_engine, dnnl_forward_inference,
                                                        dnnl_convolution_direct, *src, *w, *bias,
                                                        *dst, strides, dilates, pad, pad, attr);
#else
  dnnl_convolution_desc_t d;
  dnnl_status_t status = dnnl_convolution_forward_desc_init(
      &d, dnnl_forward_inference, dnnl_convolution_direct, src, w, bias, dst, strides, pad, pad);
  return status != dnnl_success ? status
                                : dnnl_primitive_desc_create(pd, &d, attr, sg_dnnl_engine, NULL);
#endif
}

static dnnl_status_t
pool_desc(dnnl_primitive_desc_t *pd, const SgFrozenStep *s, MemDesc *src, MemDesc *dst)
{
  dnnl_dims_t strides = {s->stride, s->stride}, kernel = {s->kh, s->kw}, pad = {s->pad_h, s->pad_w};
  dnnl_alg_kind_t alg =
      s->kind == SG_FROZEN_MAX ? dnnl_pooling_max : dnnl_pooling_avg_exclude_padding;
#if DNNL_VERSION_MAJOR >= 3
  dnnl_dims_t dilates = {0, 0};
  return dnnl_pooling_forward_primitive_desc_create(pd, sg_dnnl_engine, dnnl_forward_inference, alg,
                                                    *src, *dst, strides, kernel, dilates, pad, pad,
                                                    NULL);
#else
  dnnl_pooling_desc_t d;
  dnnl_status_t status = dnnl_pooling_forward_desc_init(&d, dnnl_forward_inference, alg, src, dst,
                                                        strides, kernel, pad, pad);
  return status != dnnl_success ? status
                                : dnnl_primitive_desc_create(pd, &d, NULL, sg_dnnl_engine, NULL);
#endif
}

static dnnl_status_t
concat_desc(dnnl_primitive_desc_t *pd, MemDesc *dst, int n, const MemDesc *src)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_concat_primitive_desc_create(pd, sg_dnnl_engine, *dst, n, 1,
                                           (const const_dnnl_memory_desc_t *)src, NULL);
#else
  return dnnl_concat_primitive_desc_create(pd, dst, n, 1, src, NULL, sg_dnnl_engine);
#endif
}

static dnnl_status_t
append_relu(dnnl_post_ops_t ops)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_relu, 0, 0);
#else
  return dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, 0, 0);
#endif
}

/* ---- values and where they lie --------------------------------------------------------------- */

static Value *
value_at(const SgFrozenNet *net, int i)
{
  return &g_array_index(net->values, Value, i);
}

/* The smallest slot that is free at step `now` and holds so much, or a new one. */
static float *
take_slot(SgFrozenNet *net, gsize bytes, int now, int last)
{
  Slot *best = NULL;

  for (guint i = 0; i < net->slots->len; i++) {
    Slot *s = &g_array_index(net->slots, Slot, i);
    if (s->busy < now && s->bytes >= bytes && (!best || s->bytes < best->bytes))
      best = s;
  }
  if (!best) {
    Slot fresh = {sg_aligned_alloc(bytes), bytes, 0};
    g_array_append_val(net->slots, fresh);
    best = &g_array_index(net->slots, Slot, net->slots->len - 1);
  }
  best->busy = last;
  return best->data;
}

/* Its place in net->values, or -1 and error. */
static int
value_new(SgFrozenNet *net, int channels, int h, int w, int now, int last, GError **error)
{
  dnnl_dims_t dims = {net->n, channels, h, w};
  dnnl_format_tag_t tag = channels < 8 && net->type == dnnl_f32 ? dnnl_abcd : net->tag;
  Value v = {.last = last};
  gboolean ok = sg_dnnl_check(desc_new(&v.desc, 4, dims, net->type, tag), "describe planes", error);
  float *data = ok ? take_slot(net, sg_dnnl_desc_size(MD_ARG(v.desc)), now, last) : NULL;

  ok = ok && sg_dnnl_check(data ? dnnl_success : dnnl_out_of_memory, "hold planes", error) &&
       sg_dnnl_check(dnnl_memory_create(&v.memory, MD_ARG(v.desc), sg_dnnl_engine, data),
                     "wrap planes", error);
  g_array_append_val(net->values, v);
  return ok ? (int)net->values->len - 1 : -1;
}

/* ---- weights --------------------------------------------------------------------------------- */

static void
packed_free(gpointer data)
{
  void *numbers = NULL;

  dnnl_memory_get_data_handle(data, &numbers);
  dnnl_memory_destroy(data);
  sg_aligned_free(numbers);
}

static gboolean
reorder(dnnl_memory_t from, ConstMemDesc from_md, dnnl_memory_t to, ConstMemDesc to_md,
        GError **error)
{
  dnnl_primitive_desc_t pd = NULL;
  dnnl_primitive_t primitive = NULL;
  dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
  gboolean ok =
      sg_dnnl_check(dnnl_reorder_primitive_desc_create(&pd, from_md, sg_dnnl_engine, to_md,
                                                       sg_dnnl_engine, NULL),
                    "describe a layout", error) &&
      sg_dnnl_check(dnnl_primitive_create(&primitive, pd), "make a reorder", error) &&
      sg_dnnl_check(dnnl_primitive_execute(primitive, sg_dnnl_stream, 2, args), "reorder", error) &&
      sg_dnnl_check(dnnl_stream_wait(sg_dnnl_stream), "reorder", error);
  if (primitive)
    dnnl_primitive_destroy(primitive);
  if (pd)
    dnnl_primitive_desc_destroy(pd);
  return ok;
}

/* A copy of `numbers` of the layout `from` in the layout `to`; net's. */
static dnnl_memory_t
pack(SgFrozenNet *net, const float *numbers, MemDesc *from, ConstMemDesc to, GError **error)
{
  float *data = sg_aligned_alloc(sg_dnnl_desc_size(to));
  dnnl_memory_t plain = NULL, packed = NULL;
  gboolean ok =
      sg_dnnl_check(data ? dnnl_success : dnnl_out_of_memory, "pack weights", error) &&
      sg_dnnl_check(dnnl_memory_create(&plain, MD_ARG(*from), sg_dnnl_engine, (gpointer)numbers),
                    "wrap weights", error) &&
      sg_dnnl_check(dnnl_memory_create(&packed, to, sg_dnnl_engine, data), "wrap weights", error) &&
      reorder(plain, MD_ARG(*from), packed, to, error);

  if (plain)
    dnnl_memory_destroy(plain);
  if (packed) {
    g_ptr_array_add(net->packed, packed);
    return ok ? packed : NULL;
  }
  sg_aligned_free(data);
  return NULL;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static gboolean
job_add(SgFrozenNet *net, dnnl_primitive_desc_t pd, const dnnl_exec_arg_t *args, int n,
        GError **error)
{
  Job job = {.n_args = n};

  memcpy(job.args, args, sizeof *args * (gsize)n);
  if (!sg_dnnl_check(dnnl_primitive_create(&job.primitive, pd), "make a step", error))
    return FALSE;
  g_array_append_val(net->jobs, job);
  return TRUE;
}

static gboolean
conv_attr(dnnl_primitive_attr_t *attr, gboolean relu, GError **error)
{
  dnnl_post_ops_t ops = NULL;
  gboolean ok =
      sg_dnnl_check(dnnl_primitive_attr_create(attr), "make attributes", error) &&
      sg_dnnl_check(dnnl_post_ops_create(&ops), "make attributes", error) &&
      (!relu || sg_dnnl_check(append_relu(ops), "make attributes", error)) &&
      sg_dnnl_check(dnnl_primitive_attr_set_post_ops(*attr, ops), "make attributes", error);

  if (ops)
    dnnl_post_ops_destroy(ops);
  return ok;
}

/* The descriptor's weights and bias, packed; then the step. */
static gboolean
conv_job(SgFrozenNet *net, const SgFrozenStep *s, dnnl_primitive_desc_t pd, MemDesc *w,
         MemDesc *bias, const Value *src, const Value *dst, GError **error)
{
  dnnl_memory_t weights =
      pack(net, s->weight, w, dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0), error);
  dnnl_memory_t biases = weights ? pack(net, s->bias, bias, MD_ARG(*bias), error) : NULL;
  const dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, src->memory},
                                  {DNNL_ARG_WEIGHTS, weights},
                                  {DNNL_ARG_BIAS, biases},
                                  {DNNL_ARG_DST, dst->memory}};
  return biases && job_add(net, pd, args, G_N_ELEMENTS(args), error);
}

static gboolean
add_conv(SgFrozenNet *net, const SgFrozenStep *s, int in, const Value *from, const Value *to,
         GError **error)
{
  dnnl_dims_t wd = {s->out, in, s->kh, s->kw}, bd = {s->out};
  MemDesc any = {0}, plain = {0}, bias = {0}, src = from->desc, dst = to->desc;
  dnnl_primitive_attr_t attr = NULL;
  dnnl_primitive_desc_t pd = NULL;
  gboolean ok =
      sg_dnnl_check(desc_new(&any, 4, wd, net->type, dnnl_format_tag_any), "describe weights",
                    error) &&
      sg_dnnl_check(desc_new(&plain, 4, wd, dnnl_f32, dnnl_abcd), "describe weights", error) &&
      sg_dnnl_check(desc_new(&bias, 1, bd, dnnl_f32, dnnl_a), "describe weights", error) &&
      conv_attr(&attr, s->relu, error) &&
      sg_dnnl_check(conv_desc(&pd, s, &src, &any, &bias, &dst, attr), "plan a convolution",
                    error) &&
      conv_job(net, s, pd, &plain, &bias, from, to, error);

  if (pd)
    dnnl_primitive_desc_destroy(pd);
  if (attr)
    dnnl_primitive_attr_destroy(attr);
  sg_dnnl_desc_free(&any);
  sg_dnnl_desc_free(&plain);
  sg_dnnl_desc_free(&bias);
  return ok;
}

static gboolean
add_pool(SgFrozenNet *net, const SgFrozenStep *s, const Value *from, const Value *to,
         GError **error)
{
  dnnl_primitive_desc_t pd = NULL;
  MemDesc src = from->desc, dst = to->desc;
  const dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, from->memory}, {DNNL_ARG_DST, to->memory}};
  gboolean ok = sg_dnnl_check(pool_desc(&pd, s, &src, &dst), "plan a pool", error) &&
                job_add(net, pd, args, 2, error);

  if (pd)
    dnnl_primitive_desc_destroy(pd);
  return ok;
}

/* A place's parts become one. */
static gboolean
add_concat(SgFrozenNet *net, Place *p, int now, int last, GError **error)
{
  int value = value_new(net, p->p.channels, p->p.h, p->p.w, now, last, error);
  dnnl_exec_arg_t args[MAX_PARTS + 1];
  MemDesc src[MAX_PARTS];
  dnnl_primitive_desc_t pd = NULL;

  if (value < 0)
    return FALSE;
  for (int i = 0; i < p->parts; i++) {
    src[i] = value_at(net, p->first_part[i])->desc;
    args[i] = (dnnl_exec_arg_t){DNNL_ARG_MULTIPLE_SRC + i, value_at(net, p->first_part[i])->memory};
  }
  args[p->parts] = (dnnl_exec_arg_t){DNNL_ARG_DST, value_at(net, value)->memory};
  MemDesc dst = value_at(net, value)->desc;
  gboolean ok = sg_dnnl_check(concat_desc(&pd, &dst, p->parts, src), "plan a place", error) &&
                job_add(net, pd, args, p->parts + 1, error);
  if (pd)
    dnnl_primitive_desc_destroy(pd);
  p->value = value;
  return ok;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* The last step that reads (or, `writes`, writes) a place. */
static int
last_step(const SgFrozenStep *steps, int n, int place, gboolean writes)
{
  int last = -1;

  for (int i = 0; i < n; i++)
    if ((writes ? steps[i].to : steps[i].from) == place)
      last = i;
  return last;
}

static gboolean
add_step(SgFrozenNet *net, const SgFrozenStep *steps, int n, int now, GError **error)
{
  const SgFrozenStep *s = &steps[now];
  const Place *from = &net->places[s->from];
  Place *to = &net->places[s->to];
  int out = s->kind == SG_FROZEN_CONV ? s->out : from->p.channels;
  int read = to->p.keep ? FOREVER : last_step(steps, n, s->to, FALSE);
  int written = last_step(steps, n, s->to, TRUE);
  gboolean alone = s->at == 0 && out == to->p.channels;

  g_assert(from->value >= 0 && (alone || to->parts < MAX_PARTS));
  int value = value_new(net, out, to->p.h, to->p.w, now, alone ? read : written, error);
  if (value < 0)
    return FALSE;
  const Value src = *value_at(net, from->value), dst = *value_at(net, value);
  if (!(s->kind == SG_FROZEN_CONV ? add_conv(net, s, from->p.channels, &src, &dst, error)
                                  : add_pool(net, s, &src, &dst, error)))
    return FALSE;
  if (alone)
    to->value = value;
  else
    to->first_part[to->parts++] = value;
  return alone || now < written || add_concat(net, to, now, read, error);
}

static SgFrozenNet *
net_new(int n, const SgFrozenPlace *places, int n_places, SgPrecision precision)
{
  SgFrozenNet *net = g_new0(SgFrozenNet, 1);
  int block = CPU(sg_backend_cpu())->block;

  net->n = n;
  net->type = precision == SG_PRECISION_BF16 ? dnnl_bf16 : dnnl_f32;
  net->tag = net->type == dnnl_bf16 ? dnnl_acdb : block == 16 ? dnnl_aBcd16b : dnnl_aBcd8b;
  net->values = g_array_new(FALSE, FALSE, sizeof(Value));
  net->slots = g_array_new(FALSE, FALSE, sizeof(Slot));
  net->jobs = g_array_new(FALSE, FALSE, sizeof(Job));
  net->packed = g_ptr_array_new_with_free_func(packed_free);
  net->places = g_new0(Place, n_places);
  net->n_places = n_places;
  for (int i = 0; i < n_places; i++)
    net->places[i] = (Place){.p = places[i], .value = -1};
  return net;
}

SgFrozenNet *
sg_frozen_net_new(int n, const SgFrozenPlace *places, int n_places, const SgFrozenStep *steps,
                  int n_steps, SgPrecision precision, GError **error)
{
  if (!sg_dnnl_start(error) || (precision == SG_PRECISION_BF16 && !sg_backend_cpu_bf16(error)))
    return NULL;
  g_autoptr(SgFrozenNet) net = net_new(n, places, n_places, precision);
  int value = value_new(net, places[0].channels, places[0].h, places[0].w, -1,
                        last_step(steps, n_steps, 0, FALSE), error);

  net->places[0].value = value;
  for (int i = 0; value >= 0 && i < n_steps; i++)
    if (!add_step(net, steps, n_steps, i, error))
      return NULL;
  return value >= 0 ? g_steal_pointer(&net) : NULL;
}

void
sg_frozen_net_free(SgFrozenNet *net)
{
  if (!net)
    return;
  for (guint i = 0; i < net->jobs->len; i++)
    dnnl_primitive_destroy(g_array_index(net->jobs, Job, i).primitive);
  for (guint i = 0; i < net->values->len; i++) {
    Value *v = value_at(net, (int)i);
    if (v->memory)
      dnnl_memory_destroy(v->memory);
    sg_dnnl_desc_free(&v->desc);
  }
  for (guint i = 0; i < net->slots->len; i++)
    sg_aligned_free(g_array_index(net->slots, Slot, i).data);
  g_array_unref(net->jobs);
  g_array_unref(net->values);
  g_array_unref(net->slots);
  g_ptr_array_unref(net->packed);
  g_free(net->places);
  g_free(net);
}

/* `count` samples of a value, from or to row-major floats. */
static gboolean
carry(SgFrozenNet *net, const Place *p, gboolean in, float *numbers, GError **error)
{
  dnnl_dims_t dims = {net->n, p->p.channels, p->p.h, p->p.w};
  const Value *v = value_at(net, p->value);
  MemDesc plain = {0};
  dnnl_memory_t memory = NULL;
  gboolean ok =
      sg_dnnl_check(desc_new(&plain, 4, dims, dnnl_f32, dnnl_abcd), "describe planes", error) &&
      sg_dnnl_check(dnnl_memory_create(&memory, MD_ARG(plain), sg_dnnl_engine, numbers),
                    "wrap planes", error) &&
      (in ? reorder(memory, MD_ARG(plain), v->memory, MD_ARG(v->desc), error)
          : reorder(v->memory, MD_ARG(v->desc), memory, MD_ARG(plain), error));

  if (memory)
    dnnl_memory_destroy(memory);
  sg_dnnl_desc_free(&plain);
  return ok;
}

/* Room for n samples of a place where `count` are given: oneDNN's plans are for n. */
static float *
padded(const SgFrozenNet *net, const Place *p, gsize *one, GError **error)
{
  *one = (gsize)p->p.channels * (gsize)p->p.h * (gsize)p->p.w;
  float *all = g_try_malloc0_n((gsize)net->n * *one, sizeof *all);

  sg_dnnl_check(all ? dnnl_success : dnnl_out_of_memory, "hold planes", error);
  return all;
}

gboolean
sg_frozen_net_run(SgFrozenNet *net, int count, const float *pictures, GError **error)
{
  const Place *p = &net->places[0];
  gsize one;
  g_autofree float *all = padded(net, p, &one, error);

  g_assert(count <= net->n);
  if (!all)
    return FALSE;
  memcpy(all, pictures, (gsize)count * one * sizeof(float));
  if (!carry(net, p, TRUE, all, error))
    return FALSE;
  for (guint i = 0; i < net->jobs->len; i++) {
    Job *job = &g_array_index(net->jobs, Job, i);
    if (!sg_dnnl_check(
            dnnl_primitive_execute(job->primitive, sg_dnnl_stream, job->n_args, job->args),
            "run a step", error))
      return FALSE;
  }
  return sg_dnnl_check(dnnl_stream_wait(sg_dnnl_stream), "run a network", error);
}

gboolean
sg_frozen_net_read(SgFrozenNet *net, int place, int count, float *out, GError **error)
{
  const Place *p = &net->places[place];
  gsize one;
  g_autofree float *all = padded(net, p, &one, error);

  g_assert(p->p.keep && p->value >= 0 && count <= net->n);
  if (!all || !carry(net, p, FALSE, all, error))
    return FALSE;
  memcpy(out, all, (gsize)count * one * sizeof(float));
  return TRUE;
}
