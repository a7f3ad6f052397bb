/* The gradient of a convolution's weights by oneDNN, with the same bits for every number of
 * threads.
 *
 * Left alone, oneDNN gives each thread some samples and adds the threads' sums: how many there are
 * shows in the last bits. So the work is cut here, by shape alone, into jobs of some samples and
 * some channels; oneDNN does each on one thread, and the sums of the samples' parts are added in
 * their order. */
#include "engine/backend/cpu/cpu-dnnl.h"
#include <omp.h>
#include <string.h>

/* A job has at least so many pixels of the gradient: a part's sum is written and read once more,
 * which is to cost little beside what it takes to compute it. Less where sums stay in the cache. */
#define MIN_PIXELS       4096
#define MIN_PIXELS_SMALL 1024
#define SMALL            (1 << 20) /* bytes of weights */
/* And so many channels, for each job reads all of the wide side; half of it before there are fewer
 * than FEW jobs. */
#define MIN_CHANNELS 128
#define FEW          4
/* More jobs than this serve only machines with more threads. */
#define JOBS 16

/* A primitive for some samples and some channels of the narrow side. */
typedef struct {
  int n, co;
  dnnl_primitive_t primitive;
  dnnl_primitive_desc_t pd;
} Kernel;

typedef struct {
  int n0, n, co0, co;
  dnnl_stream_t stream;
  dnnl_memory_t src, dst, weights, scratch;
  dnnl_primitive_t primitive;
  float *sum;   /* while it runs, in the layout that the primitive asked for */
  gsize packed; /* bytes of it */
  gsize narrow; /* of its samples and channels of the narrow side; 0: they lie together */
} Job;

/* Sums of some channels, from packed to plain. */
typedef struct {
  dnnl_primitive_t primitive;
  dnnl_memory_t from, to;
  gsize first; /* number of the plain weights */
} Unpack;

struct _SgDnnlWeightPlan {
  SgDnnlKey key;
  int block, ci_padded, co_padded;
  int per_n, per_co, parts, pieces; /* parts of the samples, pieces of the channels */
  Kernel kernels[4];
  int n_kernels;
  Job *jobs; /* [pieces][parts] */
  Unpack *unpacks;
  gsize
      padded; /* bytes of [co, ci, k, k] with whole blocks of channels; 0: the caller's are whole */
  gsize sums; /* bytes of all jobs' packed sums */
  gsize desk; /* bytes of what one job needs while it runs: narrow side and scratch pad */
};

/* ---- cutting --------------------------------------------------------------------------------- */

static int
ceil_div(int a, int b)
{
  return (a + b - 1) / b;
}

static void
cut(SgDnnlWeightPlan *p)
{
  int pixels = p->key.ho * p->key.wo, n = p->key.n, taps = p->key.g.kernel * p->key.g.kernel;
  gsize bytes = sizeof(float) * (gsize)p->ci_padded * (gsize)(p->co_padded * taps);
  int least = bytes < SMALL ? MIN_PIXELS_SMALL : MIN_PIXELS;
  p->per_n = CLAMP(ceil_div(least, pixels), ceil_div(n, JOBS), n);
  p->parts = ceil_div(n, p->per_n);
  int pieces = MIN(ceil_div(JOBS, p->parts), MAX(1, p->co_padded / MIN_CHANNELS));
  if (p->parts * pieces < FEW)
    pieces = MAX(1, p->co_padded / (MIN_CHANNELS / 2));
  p->per_co = ceil_div(ceil_div(p->co_padded, pieces), p->block) * p->block;
  p->pieces = ceil_div(p->co_padded, p->per_co);
}

/* ---- primitives ------------------------------------------------------------------------------ */

static dnnl_status_t
describe(dnnl_primitive_desc_t *pd, const SgDnnlWeightPlan *p, int n, int co,
         dnnl_primitive_attr_t attr)
{
  const SgDnnlKey *k = &p->key;
  dnnl_format_tag_t act = p->block == 16 ? dnnl_aBcd16b : dnnl_aBcd8b;
  dnnl_dims_t xd = {n, p->ci_padded, k->hi, k->wi}, yd = {n, co, k->ho, k->wo};
  dnnl_dims_t wd = {co, p->ci_padded, k->g.kernel, k->g.kernel};
  MemDesc src = {0}, dst = {0}, any = {0};
  dnnl_primitive_desc_t forward = NULL;

  dnnl_status_t status = sg_dnnl_desc_new(&src, 4, xd, act);
  if (status == dnnl_success)
    status = sg_dnnl_desc_new(&dst, 4, yd, act);
  if (status == dnnl_success)
    status = sg_dnnl_desc_new(&any, 4, wd, dnnl_format_tag_any);
  if (status == dnnl_success)
    status = sg_dnnl_forward_desc(&forward, &k->g, &src, &any, &dst);
  if (status == dnnl_success)
    status = sg_dnnl_backward_desc(pd, &k->g, SG_PASS_WEIGHT, &src, &any, &dst, forward, attr);
  if (forward)
    dnnl_primitive_desc_destroy(forward);
  sg_dnnl_desc_free(&src);
  sg_dnnl_desc_free(&dst);
  sg_dnnl_desc_free(&any);
  return status;
}

/* For so many samples and channels, made once: of both there is one number and a remainder. */
static Kernel *
find_kernel(SgDnnlWeightPlan *p, int n, int co, GError **error)
{
  dnnl_primitive_attr_t attr = NULL;

  for (int i = 0; i < p->n_kernels; i++)
    if (p->kernels[i].n == n && p->kernels[i].co == co)
      return &p->kernels[i];
  g_assert(p->n_kernels < (int)G_N_ELEMENTS(p->kernels));
  Kernel *kernel = &p->kernels[p->n_kernels++];
  kernel->n = n;
  kernel->co = co;
  /* The memory that it works in is the job's: several run at a time. */
  gboolean ok =
      sg_dnnl_check(dnnl_primitive_attr_create(&attr), "plan a gradient", error) &&
      sg_dnnl_check(dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user),
                    "plan a gradient", error) &&
      sg_dnnl_check(describe(&kernel->pd, p, n, co, attr), "plan a gradient", error) &&
      sg_dnnl_check(dnnl_primitive_create(&kernel->primitive, kernel->pd), "make a convolution",
                    error);
  if (attr)
    dnnl_primitive_attr_destroy(attr);
  return ok ? kernel : NULL;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static gboolean
job_init(SgDnnlWeightPlan *p, Job *j, GError **error)
{
  Kernel *kernel = find_kernel(p, j->n, j->co, error);
  if (!kernel)
    return FALSE;
  ConstMemDesc src = dnnl_primitive_desc_query_md(kernel->pd, dnnl_query_src_md, 0);
  ConstMemDesc dst = dnnl_primitive_desc_query_md(kernel->pd, dnnl_query_diff_dst_md, 0);
  ConstMemDesc weights = dnnl_primitive_desc_query_md(kernel->pd, dnnl_query_diff_weights_md, 0);
  ConstMemDesc scratch = dnnl_primitive_desc_query_md(kernel->pd, dnnl_query_scratchpad_md, 0);

  j->primitive = kernel->primitive;
  j->packed = sg_dnnl_piece(sg_dnnl_desc_size(weights));
  j->narrow = j->n == 1 || p->pieces == 1 ? 0 : sg_dnnl_piece(sg_dnnl_desc_size(dst));
  p->sums += j->packed;
  p->desk = MAX(p->desk, j->narrow + sg_dnnl_piece(sg_dnnl_desc_size(scratch)));
  return sg_dnnl_check(dnnl_stream_create(&j->stream, sg_dnnl_engine, dnnl_stream_default_flags),
                       "start on this processor", error) &&
         sg_dnnl_check(dnnl_memory_create(&j->src, src, sg_dnnl_engine, NULL), "wrap input",
                       error) &&
         sg_dnnl_check(dnnl_memory_create(&j->dst, dst, sg_dnnl_engine, NULL), "wrap output",
                       error) &&
         sg_dnnl_check(dnnl_memory_create(&j->weights, weights, sg_dnnl_engine, NULL),
                       "wrap weights", error) &&
         sg_dnnl_check(dnnl_memory_create(&j->scratch, scratch, sg_dnnl_engine, NULL),
                       "wrap weights", error);
}

/* The plain weights of channels [co0, co0 + co) of the narrow side, as they lie among all. A
 * transposed convolution's have their channel axes swapped, unless they are gathered. */
static dnnl_status_t
plain_desc(const SgDnnlWeightPlan *p, int co0, int co, MemDesc *md, gsize *first)
{
  dnnl_dim_t taps = (dnnl_dim_t)p->key.g.kernel * p->key.g.kernel;
  gboolean swap = p->key.g.kind == SG_CONV_TRANSPOSED && !p->padded;
  dnnl_dims_t dims = {co, p->ci_padded, p->key.g.kernel, p->key.g.kernel};
  dnnl_dims_t strides = {swap ? taps : taps * p->ci_padded, swap ? taps * p->co_padded : taps,
                         p->key.g.kernel, 1};
  *first = (gsize)(co0 * strides[0]);
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_memory_desc_create_with_strides(md, 4, dims, dnnl_f32, strides);
#else
  return dnnl_memory_desc_init_by_strides(md, 4, dims, dnnl_f32, strides);
#endif
}

static gboolean
unpack_init(SgDnnlWeightPlan *p, Unpack *u, const Job *j, GError **error)
{
  MemDesc plain = {0};
  ConstMemDesc packed = NULL;
  dnnl_primitive_desc_t pd = NULL;

  u->from = j->weights;
  dnnl_memory_get_memory_desc(j->weights, &packed);
  gboolean ok =
      sg_dnnl_check(plain_desc(p, j->co0, j->co, &plain, &u->first), "describe weights", error) &&
      sg_dnnl_check(dnnl_memory_create(&u->to, MD_ARG(plain), sg_dnnl_engine, NULL), "wrap weights",
                    error) &&
      sg_dnnl_check(dnnl_reorder_primitive_desc_create(&pd, packed, sg_dnnl_engine, MD_ARG(plain),
                                                       sg_dnnl_engine, NULL),
                    "describe a weight layout", error) &&
      sg_dnnl_check(dnnl_primitive_create(&u->primitive, pd), "make a reorder", error);
  if (pd)
    dnnl_primitive_desc_destroy(pd);
  sg_dnnl_desc_free(&plain);
  return ok;
}

/* ---- plans ----------------------------------------------------------------------------------- */

static gboolean
plan_init(SgDnnlWeightPlan *p, GError **error)
{
  const SgDnnlKey *k = &p->key;

  cut(p);
  if (p->ci_padded != k->ci || p->co_padded != k->co)
    p->padded = sizeof(float) * (gsize)p->ci_padded * (gsize)p->co_padded *
                (gsize)(k->g.kernel * k->g.kernel);
  p->jobs = g_new0(Job, p->pieces * p->parts);
  p->unpacks = g_new0(Unpack, p->pieces);
  for (int i = 0; i < p->pieces * p->parts; i++) {
    Job *j = &p->jobs[i];
    j->co0 = i / p->parts * p->per_co;
    j->co = MIN(p->per_co, p->co_padded - j->co0);
    j->n0 = i % p->parts * p->per_n;
    j->n = MIN(p->per_n, k->n - j->n0);
    if (!job_init(p, j, error))
      return FALSE;
  }
  for (int i = 0; i < p->pieces; i++)
    if (!unpack_init(p, &p->unpacks[i], &p->jobs[i * p->parts], error))
      return FALSE;
  return TRUE;
}

SgDnnlWeightPlan *
sg_dnnl_weight_plan_new(const SgDnnlKey *key, int block, GError **error)
{
  SgDnnlWeightPlan *p = g_new0(SgDnnlWeightPlan, 1);
  int threads = omp_get_max_threads();

  memcpy(&p->key, key, sizeof *key);
  p->block = block;
  p->ci_padded = ceil_div(key->ci, block) * block;
  p->co_padded = ceil_div(key->co, block) * block;
  /* Primitives are planned for as many threads as there are now. */
  omp_set_num_threads(1);
  gboolean ok = plan_init(p, error);
  omp_set_num_threads(threads);
  if (ok)
    return p;
  sg_dnnl_weight_plan_free(p);
  return NULL;
}

static void
job_clear(Job *j)
{
  dnnl_memory_t memories[] = {j->src, j->dst, j->weights, j->scratch};
  for (guint i = 0; i < G_N_ELEMENTS(memories); i++)
    if (memories[i])
      dnnl_memory_destroy(memories[i]);
  if (j->stream)
    dnnl_stream_destroy(j->stream);
}

void
sg_dnnl_weight_plan_free(SgDnnlWeightPlan *p)
{
  for (int i = 0; p->unpacks && i < p->pieces; i++) {
    if (p->unpacks[i].primitive)
      dnnl_primitive_destroy(p->unpacks[i].primitive);
    if (p->unpacks[i].to)
      dnnl_memory_destroy(p->unpacks[i].to);
  }
  for (int i = 0; p->jobs && i < p->pieces * p->parts; i++)
    job_clear(&p->jobs[i]);
  for (int i = 0; i < p->n_kernels; i++) {
    if (p->kernels[i].primitive)
      dnnl_primitive_destroy(p->kernels[i].primitive);
    if (p->kernels[i].pd)
      dnnl_primitive_desc_destroy(p->kernels[i].pd);
  }
  g_free(p->jobs);
  g_free(p->unpacks);
  g_free(p);
}

const SgDnnlKey *
sg_dnnl_weight_plan_key(const SgDnnlWeightPlan *p)
{
  return &p->key;
}

/* ---- running --------------------------------------------------------------------------------- */

/* The room of a run: the jobs' sums [jobs], a desk for each job that runs at the same time, the
 * padded weights. */
static guint8 *
lay_out(SgDnnlWeightPlan *p, int desks, GError **error)
{
  guint8 *room = sg_dnnl_room(p->sums + (gsize)desks * p->desk + p->padded, error), *at = room;

  for (int i = 0; room && i < p->pieces * p->parts; at += p->jobs[i++].packed) {
    p->jobs[i].sum = (float *)(gpointer)at;
    dnnl_memory_set_data_handle(p->jobs[i].weights, at);
  }
  return room;
}

static dnnl_status_t
run_job(const SgDnnlWeightPlan *p, Job *j, guint8 *desk, SgBuf *wide, SgBuf *narrow)
{
  gsize plane = (gsize)p->key.ho * p->key.wo, sample = plane * p->co_padded;
  float *from = (float *)narrow->data + j->n0 * sample + j->co0 * plane;
  float *src = (float *)wide->data + (gsize)j->n0 * p->ci_padded * p->key.hi * p->key.wi;
  float *together = (float *)(gpointer)desk;
  dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, j->src},
                            {DNNL_ARG_DIFF_DST, j->dst},
                            {DNNL_ARG_DIFF_WEIGHTS, j->weights},
                            {DNNL_ARG_SCRATCHPAD, j->scratch}};

  for (int n = 0; j->narrow && n < j->n; n++)
    memcpy(together + n * plane * j->co, from + n * sample, sizeof(float) * plane * j->co);
  dnnl_memory_set_data_handle(j->src, src);
  dnnl_memory_set_data_handle(j->dst, j->narrow ? together : from);
  dnnl_memory_set_data_handle(j->scratch, desk + j->narrow);
  dnnl_status_t status = dnnl_primitive_execute(j->primitive, j->stream, 4, args);
  return status == dnnl_success ? dnnl_stream_wait(j->stream) : status;
}

/* The parts' sums into the first one's memory, in order. */
static void
add_parts(const SgDnnlWeightPlan *p, SgBuf *any)
{
  const SgCpuRows *rows = CPU(any->backend)->rows;
  const gsize chunk = 4096;

  for (int i = 0; i < p->pieces; i++) {
    Job *jobs = &p->jobs[i * p->parts];
    gsize count = jobs->packed / sizeof(float), chunks = (count + chunk - 1) / chunk;
#pragma omp parallel for schedule(static) if (chunks > 1)
    for (gsize c = 0; c < chunks; c++) {
      gsize at = c * chunk, n = MIN(chunk, count - at);
      for (int k = 1; k < p->parts; k++)
        rows->combine(jobs->sum + at, 1, jobs->sum + at, 1, jobs[k].sum + at, n);
    }
  }
}

static gboolean
unpack(const SgDnnlWeightPlan *p, float *plain, GError **error)
{
  for (int i = 0; i < p->pieces; i++) {
    Unpack *u = &p->unpacks[i];
    dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, u->from}, {DNNL_ARG_TO, u->to}};
    dnnl_memory_set_data_handle(u->to, plain + u->first);
    if (!sg_dnnl_check(dnnl_primitive_execute(u->primitive, sg_dnnl_stream, 2, args),
                       "unpack weights", error))
      return FALSE;
  }
  return sg_dnnl_check(dnnl_stream_wait(sg_dnnl_stream), "unpack weights", error);
}

gboolean
sg_dnnl_weight_plan_run(SgDnnlWeightPlan *p, SgBuf *wide, SgBuf *w, SgBuf *narrow, GError **error)
{
  int jobs = p->pieces * p->parts, worst = dnnl_success;
  int desks = MIN(jobs, omp_get_max_threads());
  guint8 *room = lay_out(p, desks, error);

  if (!room)
    return FALSE;
  guint8 *first = room + p->sums;
  float *padded = p->padded ? (float *)(gpointer)(first + (gsize)desks * p->desk) : NULL;
#pragma omp parallel reduction(max : worst)
  {
    omp_set_num_threads(1); /* of what this thread calls */
#pragma omp for schedule(dynamic)
    for (int i = 0; i < jobs; i++) {
      int desk = desks == jobs ? i : omp_get_thread_num();
      int status = run_job(p, &p->jobs[i], first + (gsize)desk * p->desk, wide, narrow);
      worst = MAX(worst, status);
    }
  }
  if (!sg_dnnl_check((dnnl_status_t)worst, "convolve", error))
    return FALSE;
  if (p->parts > 1)
    add_parts(p, wide);
  if (!unpack(p, padded ? padded : w->data, error))
    return FALSE;
  if (padded)
    sg_dnnl_pad_weights(&p->key, p->ci_padded, padded, w->data, TRUE);
  return TRUE;
}
