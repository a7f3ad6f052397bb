#include "engine/backend/cpu-wino.h"
#include "engine/backend/cpu-private.h"
#include <omp.h>
#include <string.h>

#define PRODUCTS 36
/* Transformed tiles of one thread should stay in its second cache level. */
#define BLOCK_BYTES (768 * 1024)
/* Beyond this many bytes of weights, threads share a block of tiles and split the weights instead.
 */
#define SHARED_WEIGHTS (6 << 20)
#define SHARED_TILES   128

struct _SgWino {
  SgBackend *backend;
  int in, out; /* channels; out counts the four phases of an up-convolution */
  int in_blocks, out_blocks, panels;
  gboolean up;
  float *u; /* [36][panels][in_blocks * block][nv * block], nv 2 but for an odd last panel */
};

/* ---- weights --------------------------------------------------------------------------------- */

/* G g for one axis: 3 taps `step` apart to 6. */
static void
filter_axis(double *o, int ostep, const double *g, int step)
{
  const double a2 = SG_WINO_A * SG_WINO_A, b2 = SG_WINO_B * SG_WINO_B;
  const double p[5] = {0, SG_WINO_A, -SG_WINO_A, SG_WINO_B, -SG_WINO_B};
  const double f[5] = {1 / (a2 * b2), 1 / (2 * a2 * (a2 - b2)), 1 / (2 * a2 * (a2 - b2)),
                       1 / (2 * b2 * (b2 - a2)), 1 / (2 * b2 * (b2 - a2))};
  for (int j = 0; j < 5; j++)
    o[j * ostep] = f[j] * (g[0] + p[j] * g[step] + p[j] * p[j] * g[2 * step]);
  o[5 * ostep] = g[2 * step];
}

static void
transform_filter(double u[PRODUCTS], const double g[9])
{
  double t[18];
  for (int x = 0; x < 3; x++)
    filter_axis(t + x, 3, g + x, 3);
  for (int y = 0; y < 6; y++)
    filter_axis(u + y * 6, 1, t + y * 3, 1);
}

/* Transposed convolution by 2 followed by the [1, 3, 3, 1] / 4 filter, as four 3-tap correlations,
 * one for each parity of the output: y[2 j + p] = sum_d x[j + d] c[d + 1], d = -1..1, c_p[d] =
 * sum_t f[t] w[p - 1 + t - 2 d]. One axis: taps `step` apart. */
static void
phase_axis(double *c, int cstep, const double *w, int step, int phase)
{
  static const double f[4] = {0.25, 0.75, 0.75, 0.25};
  for (int d = -1; d <= 1; d++) {
    double sum = 0;
    for (int t = 0; t < 4; t++) {
      int k = phase - 1 + t - 2 * d;
      if (k >= 0 && k < 3)
        sum += f[t] * w[k * step];
    }
    c[(d + 1) * cstep] = sum;
  }
}

static void
phase_filter(double c[9], const double w[9], int phase)
{
  double t[9];
  for (int x = 0; x < 3; x++)
    phase_axis(t + x, 3, w + x, 3, phase >> 1);
  for (int y = 0; y < 3; y++)
    phase_axis(c + y * 3, 1, t + y * 3, 1, phase & 1);
}

/* Output channel o of the weights as they are run: for an up-convolution the phases follow one
 * another in whole blocks. */
static void
filter_of(const SgWino *wino, const float *weight, int outs, int phase, int o, int i, double g[9])
{
  double w[9];
  for (int k = 0; k < 9; k++)
    w[k] = weight[((gsize)o * (gsize)wino->in + (gsize)i) * 9 + (gsize)k];
  if (wino->up)
    phase_filter(g, w, phase);
  else
    memcpy(g, w, sizeof w);
}

static float *
panel_at(const SgWino *wino, int k, int p)
{
  gsize depth = (gsize)wino->in_blocks * (gsize)CPU(wino->backend)->block;
  gsize per_k = depth * (gsize)wino->out_blocks * (gsize)CPU(wino->backend)->block;
  return wino->u + (gsize)k * per_k + (gsize)p * depth * 2 * (gsize)CPU(wino->backend)->block;
}

static int
panel_width(const SgWino *wino, int p)
{
  return MIN(2, wino->out_blocks - 2 * p);
}

static void
pack(SgWino *wino, const float *weight, int outs)
{
  int block = CPU(wino->backend)->block, phases = wino->up ? 4 : 1;
  int blocks_a_phase = wino->out_blocks / phases;

#pragma omp parallel for collapse(2) schedule(static)
  for (int phase = 0; phase < phases; phase++)
    for (int o = 0; o < outs; o++) {
      int ob = phase * blocks_a_phase + o / block, p = ob / 2;
      gsize width = (gsize)(panel_width(wino, p) * block);
      gsize column = (gsize)(ob % 2 * block + o % block);
      for (int i = 0; i < wino->in; i++) {
        double g[9], u[PRODUCTS];
        filter_of(wino, weight, outs, phase, o, i, g);
        transform_filter(u, g);
        for (int k = 0; k < PRODUCTS; k++)
          panel_at(wino, k, p)[(gsize)i * width + column] = (float)u[k];
      }
    }
}

gboolean
sg_wino_suits(const SgConvGeometry *g, int o, int i, int h, int w)
{
  if (g->kind == SG_CONV_UP_FIR)
    /* As many products as directly, but the FIR pass is saved; the weights are 16 times larger. */
    return o >= 16 && i >= 32 && h >= 32 && o * i <= 256 * 128;
  return g->kind == SG_CONV_FORWARD && g->kernel == 3 && g->stride == 1 && g->pad == 1 &&
         g->pad_end == 1 && o >= 16 && i >= 16 && h >= 12 && w >= 12;
}

SgWino *
sg_wino_new(SgBackend *b, const float *weight, int o, int i, SgConvKind kind, GError **error)
{
  SgWino *wino = g_new0(SgWino, 1);
  int block = CPU(b)->block;

  wino->backend = b;
  wino->up = kind == SG_CONV_UP_FIR;
  wino->in = i;
  wino->in_blocks = (i + block - 1) / block;
  wino->out_blocks = (o + block - 1) / block * (wino->up ? 4 : 1);
  wino->panels = (wino->out_blocks + 1) / 2;
  gsize floats = (gsize)PRODUCTS * wino->in_blocks * block * wino->out_blocks * block;
  wino->u = sg_aligned_alloc(floats * sizeof(float));
  if (!wino->u) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough memory for packed weights");
    g_free(wino);
    return NULL;
  }
  memset(wino->u, 0, floats * sizeof(float));
  pack(wino, weight, o);
  return wino;
}

void
sg_wino_free(SgWino *wino)
{
  if (!wino)
    return;
  sg_aligned_free(wino->u);
  g_free(wino);
}

/* ---- running --------------------------------------------------------------------------------- */

/* One call: its shapes and the memory a block of tiles is worked on. Tiles are counted over whole
 * tile rows, over all samples; a block is some tile rows, so that the epilogue gets whole rows of
 * pixels. */
typedef struct {
  const SgWino *wino;
  const SgWinoRows *rows;
  SgBuf *y;
  const SgBuf *x, *style;
  const SgEpilogue *e;
  int block, tiles_x, tiles_y;
  int row_tiles;  /* tile rows a block has */
  gsize capacity; /* tiles a block has */
} Job;

static void
transform_inputs(const Job *job, float *v, int from, int to, int part, int parts)
{
  int depth = job->wino->in_blocks * job->block, blocks = job->wino->in_blocks;
  gsize stride = job->capacity * (gsize)depth;

  for (int j = part; j < (to - from) * blocks; j += parts) {
    int tile_row = from + j / blocks, cb = j % blocks;
    int n = tile_row / job->tiles_y, ty = tile_row % job->tiles_y;
    float storage[16];
    const float *style = cpu_block_of(job->style, n, cb, job->block, storage);
    const float *plane = cpu_row(job->x, n, cb, 0);
    gsize t = (gsize)(tile_row - from) * (gsize)job->tiles_x;
    for (int tx = 0; tx < job->tiles_x; tx++, t++)
      job->rows->input(v + t * (gsize)depth + (gsize)(cb * job->block), stride, plane, job->x->h,
                       job->x->w, ty, tx, style);
  }
}

static void
multiply(const Job *job, const float *v, float *m, int tiles, int part, int parts)
{
  const SgWino *wino = job->wino;
  int depth = wino->in_blocks * job->block;
  gsize block_stride = job->capacity * (gsize)job->block;

  for (int j = part; j < PRODUCTS * wino->panels; j += parts) {
    int k = j / wino->panels, p = j % wino->panels;
    job->rows->gemm(m + ((gsize)k * (gsize)wino->out_blocks + (gsize)(2 * p)) * block_stride,
                    block_stride, v + (gsize)k * job->capacity * (gsize)depth, panel_at(wino, k, p),
                    tiles, depth, panel_width(wino, p));
  }
}

/* One tile row of one block of output channels, all its phases, then the epilogue over its rows. */
static void
output_row(const Job *job, const float *m, int tile_row, gsize first_tile, int cb)
{
  const SgWino *wino = job->wino;
  SgBuf *y = job->y;
  int up = wino->up ? 2 : 1, n = tile_row / job->tiles_y, ty = tile_row % job->tiles_y;
  int y_blocks = wino->out_blocks / (up * up), top = 4 * up * ty;
  gsize block_stride = job->capacity * (gsize)job->block;
  gsize stride = (gsize)wino->out_blocks * block_stride, line = (gsize)y->w * (gsize)job->block;

  for (int phase = 0; phase < up * up; phase++) {
    const float *from = m + (gsize)(phase * y_blocks + cb) * block_stride;
    float *to =
        cpu_row(y, n, cb, 0) + (gsize)(top + phase / up) * line + (gsize)(phase % up * job->block);
    for (int tx = 0; tx < job->tiles_x; tx++)
      job->rows->output(to + (gsize)(4 * up * tx * job->block), (gsize)up * line,
                        (gsize)(up * job->block), MIN(4, job->x->h - 4 * ty),
                        MIN(4, job->x->w - 4 * tx),
                        from + (first_tile + (gsize)tx) * (gsize)job->block, stride);
  }
  if (job->e)
    cpu_epilogue_rows(y, job->e, n, cb, top, MIN(top + 4 * up, y->h));
}

static void
transform_outputs(const Job *job, const float *m, int from, int to, int part, int parts)
{
  int y_blocks = job->wino->out_blocks / (job->wino->up ? 4 : 1);
  for (int j = part; j < (to - from) * y_blocks; j += parts)
    output_row(job, m, from + j / y_blocks, (gsize)(j / y_blocks) * (gsize)job->tiles_x,
               j % y_blocks);
}

/* Each thread its own blocks of tiles, from input to output. */
static void
run_separate(const Job *job, float *scratch, gsize v_floats, gsize m_floats, int blocks, int total)
{
#pragma omp parallel
  {
    float *v = scratch + (gsize)omp_get_thread_num() * (v_floats + m_floats), *m = v + v_floats;
#pragma omp for schedule(dynamic)
    for (int b = 0; b < blocks; b++) {
      int from = b * job->row_tiles, to = MIN(from + job->row_tiles, total);
      transform_inputs(job, v, from, to, 0, 1);
      multiply(job, v, m, (to - from) * job->tiles_x, 0, 1);
      transform_outputs(job, m, from, to, 0, 1);
    }
  }
}

/* All threads on one block of tiles at a time, each with a part of the weights. */
static void
run_shared(const Job *job, float *scratch, gsize v_floats, int blocks, int total)
{
  float *v = scratch, *m = scratch + v_floats;
#pragma omp parallel
  {
    int part = omp_get_thread_num(), parts = omp_get_num_threads();
    for (int b = 0; b < blocks; b++) {
      int from = b * job->row_tiles, to = MIN(from + job->row_tiles, total);
      transform_inputs(job, v, from, to, part, parts);
#pragma omp barrier
      multiply(job, v, m, (to - from) * job->tiles_x, part, parts);
#pragma omp barrier
      transform_outputs(job, m, from, to, part, parts);
    }
  }
}

gboolean
sg_wino_run(SgWino *wino, SgBuf *y, const SgBuf *x, const SgBuf *style, const SgEpilogue *e,
            GError **error)
{
  int block = CPU(wino->backend)->block;
  Job job = {.wino = wino,
             .rows = CPU(wino->backend)->wino,
             .y = y,
             .x = x,
             .style = style,
             .e = e,
             .block = block,
             .tiles_x = (x->w + 3) / 4,
             .tiles_y = (x->h + 3) / 4};
  int total = x->n * job.tiles_y, channels = (wino->in_blocks + wino->out_blocks) * block;
  gsize weights = sizeof(float) * PRODUCTS * (gsize)(wino->in_blocks * wino->out_blocks) *
                  (gsize)(block * block);
  gboolean shared = weights > SHARED_WEIGHTS;
  int tiles =
      shared ? SHARED_TILES : (int)(BLOCK_BYTES / (sizeof(float) * PRODUCTS * (gsize)channels));
  int threads = shared ? 1 : omp_get_max_threads();

  job.row_tiles = CLAMP(tiles / job.tiles_x, 1, total);
  if (!shared && total / job.row_tiles < 2 * threads)
    job.row_tiles = MAX(1, total / (2 * threads));
  job.capacity = (gsize)job.row_tiles * (gsize)job.tiles_x;
  gsize v_floats = PRODUCTS * job.capacity * (gsize)(wino->in_blocks * block);
  gsize m_floats = PRODUCTS * job.capacity * (gsize)(wino->out_blocks * block);
  g_autoptr(SgBuf) scratch = NULL;
  gsize floats = (v_floats + m_floats) * (gsize)threads;
  if (floats > G_MAXINT ||
      !(scratch = sg_buf_new(wino->backend, SG_FMT_PLAIN, 1, 1, 1, (int)floats, error)))
    return FALSE;
  int blocks = (total + job.row_tiles - 1) / job.row_tiles;
  if (shared)
    run_shared(&job, scratch->data, v_floats, blocks, total);
  else
    run_separate(&job, scratch->data, v_floats, m_floats, blocks, total);
  return TRUE;
}
