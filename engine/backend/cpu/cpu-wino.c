#include "engine/backend/cpu/cpu-wino.h"
#include "engine/backend/cpu/cpu-private.h"
#include <omp.h>
#include <string.h>

/* Transformed tiles of one thread should stay in its second cache level. */
#define BLOCK_BYTES (768 * 1024)
/* Beyond this many bytes of weights, threads share a block of tiles and split the weights
 * instead. */
#define SHARED_WEIGHTS (6 << 20)
#define SHARED_TILES   128
#define MAX_AXIS       7

struct _SgWino {
  SgBackend *backend;
  int in, in_blocks, out_blocks, panels;
  gboolean up;
  int axis, products;    /* products per axis and in all: 6, 36 or 7, 49 */
  int in_step, out_step; /* pixels a tile advances by: 4, 4 or 3, 6 */
  float *u; /* [products][panels][in_blocks * block][nv * block], nv 2 but for an odd last panel */
};

/* ---- weights --------------------------------------------------------------------------------- */

/* A block of output channels at a time, in vectors of this many. */
#define LANES 16

/* One axis of the transformed filter: 3 taps `step` vectors apart to 6 (F(4, 3), see
 * cpu-wino-rows.c). */
static void
same_filter_axis(double (*o)[LANES], int ostep, const double (*g)[LANES], int step)
{
  const double a2 = SG_WINO_A * SG_WINO_A, b2 = SG_WINO_B * SG_WINO_B;
  const double p[5] = {0, SG_WINO_A, -SG_WINO_A, SG_WINO_B, -SG_WINO_B};
  const double f[5] = {1 / (a2 * b2), 1 / (2 * a2 * (a2 - b2)), 1 / (2 * a2 * (a2 - b2)),
                       1 / (2 * b2 * (b2 - a2)), 1 / (2 * b2 * (b2 - a2))};
  for (int j = 0; j < 5; j++)
    for (int l = 0; l < LANES; l++)
      o[j * ostep][l] = f[j] * (g[0][l] + p[j] * g[step][l] + p[j] * p[j] * g[2 * step][l]);
  for (int l = 0; l < LANES; l++)
    o[5 * ostep][l] = g[2 * step][l];
}

/* 3 taps to 7: F(3, 2) of [w2, w0], then w1 three times. */
static void
up_filter_axis(double (*o)[LANES], int ostep, const double (*w)[LANES], int step)
{
  for (int l = 0; l < LANES; l++) {
    double w0 = w[0][l], w1 = w[step][l], w2 = w[2 * step][l];
    o[0][l] = w2;
    o[ostep][l] = (w2 + w0) / 2;
    o[2 * ostep][l] = (w2 - w0) / 2;
    o[3 * ostep][l] = w0;
    o[4 * ostep][l] = o[5 * ostep][l] = o[6 * ostep][l] = w1;
  }
}

static void
transform_filter(const SgWino *wino, double (*u)[LANES], const double (*g)[LANES])
{
  void (*axis)(double(*)[LANES], int, const double(*)[LANES], int) =
      wino->up ? up_filter_axis : same_filter_axis;
  double t[3 * MAX_AXIS][LANES];
  for (int x = 0; x < 3; x++)
    axis(t + x, 3, g + x, 3);
  for (int y = 0; y < wino->axis; y++)
    axis(u + y * wino->axis, 1, (const double(*)[LANES])t + y * 3, 1);
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
  int block = CPU(wino->backend)->block;

#pragma omp parallel for collapse(2) schedule(static)
  for (int ob = 0; ob < wino->out_blocks; ob++)
    for (int i = 0; i < wino->in; i++) {
      int p = ob / 2, first = ob * block, count = MIN(block, outs - first);
      gsize width = (gsize)(panel_width(wino, p) * block), column = (gsize)(ob % 2 * block);
      double g[9][LANES] = {{0}}, u[MAX_AXIS * MAX_AXIS][LANES];
      for (int o = 0; o < count; o++)
        for (int k = 0; k < 9; k++)
          g[k][o] = weight[((gsize)(first + o) * (gsize)wino->in + (gsize)i) * 9 + (gsize)k];
      transform_filter(wino, u, (const double(*)[LANES])g);
      for (int k = 0; k < wino->products; k++) {
        float *to = panel_at(wino, k, p) + (gsize)i * width + column;
        for (int l = 0; l < block; l++)
          to[l] = (float)u[k][l];
      }
    }
}

gboolean
sg_wino_suits(const SgConvGeometry *g, int o, int i, int h, int w)
{
  /* At small sizes the weights' memory traffic decides, and transformed weights are 4 to 5 times
   * larger; many channels at 16×16 would gain a millisecond and cost 90 MB. */
  int smallest = o * i >= 256 * 256 ? 24 : 12;
  if (o < 16 || i < 16 || h < smallest || w < smallest || g->kernel != 3)
    return FALSE;
  if (g->kind == SG_CONV_UP_FIR)
    return TRUE;
  return g->kind == SG_CONV_FORWARD && g->stride == 1 && g->pad == 1 && g->pad_end == 1;
}

SgWino *
sg_wino_new(SgBackend *b, const float *weight, int o, int i, gboolean up, GError **error)
{
  SgWino *wino = g_new0(SgWino, 1);
  int block = CPU(b)->block;

  wino->backend = b;
  wino->up = up;
  wino->axis = up ? 7 : 6;
  wino->products = wino->axis * wino->axis;
  wino->in_step = up ? 3 : 4;
  wino->out_step = up ? 6 : 4;
  wino->in = i;
  wino->in_blocks = (i + block - 1) / block;
  wino->out_blocks = (o + block - 1) / block;
  wino->panels = (wino->out_blocks + 1) / 2;
  gsize floats =
      (gsize)(wino->products * wino->in_blocks) * (gsize)(block * wino->out_blocks * block);
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
  SgWinoInput input;
  SgWinoOutput output;
  SgBuf *y;
  const SgBuf *x, *style;
  const SgEpilogue *e;
  int block, tiles_x, tiles_y;
  int row_tiles;  /* tile rows a block has */
  gsize capacity; /* tiles a block has */
  /* Floats from one product's tiles to the next one's. An odd number of cache lines: with the power
   * of two that it would be, all 36 would fall into one set of the cache. */
  gsize v_stride, m_stride;
} Job;

static void
transform_inputs(const Job *job, float *v, int from, int to, int part, int parts)
{
  int depth = job->wino->in_blocks * job->block, blocks = job->wino->in_blocks;

  for (int j = part; j < (to - from) * blocks; j += parts) {
    int tile_row = from + j / blocks, cb = j % blocks;
    int n = tile_row / job->tiles_y, ty = tile_row % job->tiles_y;
    float storage[16];
    const float *style = cpu_block_of(job->style, n, cb, job->block, storage);
    const float *plane = cpu_row(job->x, n, cb, 0);
    gsize t = (gsize)(tile_row - from) * (gsize)job->tiles_x;
    for (int tx = 0; tx < job->tiles_x; tx++, t++)
      job->input(v + t * (gsize)depth + (gsize)(cb * job->block), job->v_stride, plane, job->x->h,
                 job->x->w, ty, tx, style);
  }
}

static void
multiply(const Job *job, const float *v, float *m, int tiles, int part, int parts)
{
  const SgWino *wino = job->wino;
  int depth = wino->in_blocks * job->block;
  gsize block_stride = job->capacity * (gsize)job->block;

  /* A contiguous run of panels each, so that the next one in memory is the next one needed. */
  int total = wino->products * wino->panels;
  for (int j = total * part / parts; j < total * (part + 1) / parts; j++) {
    int k = j / wino->panels, p = j % wino->panels;
    job->rows->gemm(m + (gsize)k * job->m_stride + (gsize)(2 * p) * block_stride, block_stride,
                    v + (gsize)k * job->v_stride, panel_at(wino, k, p), tiles, depth,
                    panel_width(wino, p));
  }
}

/* One tile row of one block of output channels, then the epilogue over its rows. */
static void
output_row(const Job *job, const float *m, int tile_row, gsize first_tile, int cb)
{
  const SgWino *wino = job->wino;
  SgBuf *y = job->y;
  int n = tile_row / job->tiles_y, top = tile_row % job->tiles_y * wino->out_step;
  int rows = MIN(wino->out_step, y->h - top);
  gsize block_stride = job->capacity * (gsize)job->block;
  const float *from = m + (gsize)cb * block_stride + first_tile * (gsize)job->block;

  for (int tx = 0; tx < job->tiles_x; tx++) {
    int left = tx * wino->out_step;
    job->output(cpu_row(y, n, cb, top) + (gsize)left * (gsize)job->block,
                (gsize)y->w * (gsize)job->block, rows, MIN(wino->out_step, y->w - left),
                from + (gsize)tx * (gsize)job->block, job->m_stride);
  }
  if (job->e)
    cpu_epilogue_rows(y, job->e, n, cb, top, top + rows);
}

static void
transform_outputs(const Job *job, const float *m, int from, int to, int part, int parts)
{
  int y_blocks = job->wino->out_blocks;
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
             .tiles_x = (y->w + wino->out_step - 1) / wino->out_step,
             .tiles_y = (y->h + wino->out_step - 1) / wino->out_step};
  int total = x->n * job.tiles_y, channels = (wino->in_blocks + wino->out_blocks) * block;
  gsize products = (gsize)wino->products, weights = sizeof(float) * products *
                                                    (gsize)(wino->in_blocks * wino->out_blocks) *
                                                    (gsize)(block * block);
  gboolean shared = weights > SHARED_WEIGHTS;
  int tiles =
      shared ? SHARED_TILES : (int)(BLOCK_BYTES / (sizeof(float) * products * (gsize)channels));
  int threads = shared ? 1 : omp_get_max_threads();

  job.input = wino->up ? job.rows->up_input : job.rows->same_input;
  job.output = wino->up ? job.rows->up_output : job.rows->same_output;
  job.row_tiles = CLAMP(tiles / job.tiles_x, 1, total);
  if (!shared && total / job.row_tiles < 2 * threads)
    job.row_tiles = MAX(1, total / (2 * threads));
  job.capacity = (gsize)job.row_tiles * (gsize)job.tiles_x;
  job.v_stride = job.capacity * (gsize)(wino->in_blocks * block) + 16;
  job.m_stride = job.capacity * (gsize)(wino->out_blocks * block) + 16;
  gsize v_floats = products * job.v_stride, m_floats = products * job.m_stride;
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
