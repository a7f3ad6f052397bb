/* Augmentation on the CPU, a plane at a time.
 *
 * Only what the picture's samples reach is padded and upsampled, in tiles that bound the memory and
 * fit the cache. The colour matrix comes first although C.5 applies it last: it acts on channels
 * alone and the geometry on positions alone, so they commute, and one sweep does both. */
#include "engine/backend/cpu/cpu-private.h"
#include "engine/backend/cpu/cpu-augment-rows.h"
#include "engine/kernels/augment.h"
#include <string.h>

#define MAX_CHANNELS 4
/* Floats of a tile's upsampled plane and grid together (if 16 × 16 pixels fit at all). */
#define TILE_FLOATS (192 << 10)
#define MIN_TILE    16

/* The way of a tile along one axis, as ranges (first, count) at each step. */
typedef struct {
  int out, n_out;   /* pixels of the result */
  int grid, n_grid; /* of the grid that these reach: 2 n_out + 10 */
  int up, n_up;     /* of the upsampled plane; `up` is odd, so that filters start with tap 0. May
                       hold the positions -1 and `up_size`, which are zero */
  int pad, n_pad;   /* of the padded plane, zero outside it */
  int src, n_src;   /* of the picture: what the padded range reflects */
  int size, margin, padded_size, up_size;
} Axis;

/* One thread's memory: one block, divided anew for each tile. */
typedef struct {
  gpointer block;
  gsize bytes;
  float *up;            /* [y.n_up, x.n_up] */
  float *grid;          /* [y.n_grid, x.n_grid] */
  float *lines;         /* [y.n_src, x.n_up] filtered along x only */
  float *pixels;        /* a row of the picture, and a place for what lies outside */
  float *narrow, *wide; /* rows before and after doubling, with zeros around */
  float *zeros;
  int *fold_x, *fold_y; /* [n_pad] index of the source, n_src outside the padded plane */
  gsize missing;        /* bytes that could not be had */
} Scratch;

/* One plane of one sample. */
typedef struct {
  const SgAugmentArgs *a;
  const SgAugmentRows *rows;
  double map[6]; /* of k_aug_map */
  float *to;
  const float *from[MAX_CHANNELS]; /* all channels of the sample */
  float weight[MAX_CHANNELS];      /* what of them the plane takes */
} Plane;

/* ---- plan ------------------------------------------------------------------------------------ */

static Axis
axis_new(int out, int n_out, int size, int margin, int margin_end)
{
  Axis x = {.out = out, .n_out = n_out, .size = size, .margin = margin};
  x.grid = 2 * out + 1;
  x.n_grid = 2 * n_out + 10;
  x.padded_size = size + margin + margin_end;
  x.up_size = 2 * x.padded_size;
  return x;
}

/* From the positions that the grid reads, lowest and highest, back to the picture. FALSE if it
 * reads nothing but zeros. */
static gboolean
axis_reach(Axis *x, double low, double high)
{
  if (!(high > -1 && low < x->up_size))
    return FALSE;
  /* One position more on each side, for rounding. */
  x->up = MAX((int)floor(MAX(low, -1)) - 1, -1);
  x->up -= 1 - (x->up & 1);
  int last = MIN((int)MIN(high, x->up_size) + 2, x->up_size);
  last += last & 1;
  x->n_up = last - x->up + 1;
  x->pad = (x->up + 5) / 2 - 5;
  x->n_pad = x->n_up / 2 + 5;
  int first = x->size, end = 0;
  for (int p = MAX(x->pad, 0); p < MIN(x->pad + x->n_pad, x->padded_size); p++) {
    int i = k_reflect(p - x->margin, x->size);
    first = MIN(first, i);
    end = MAX(end, i + 1);
  }
  x->src = first;
  x->n_src = end - first;
  return TRUE;
}

static gboolean
tile_reach(const double map[6], Axis *y, Axis *x)
{
  double low[2], high[2];
  for (int i = 0; i < 2; i++) {
    const double *m = map + 3 * i;
    double start = m[0] * x->grid + m[1] * y->grid + m[2];
    double along = m[0] * (x->n_grid - 1), down = m[1] * (y->n_grid - 1);
    low[i] = start + MIN(along, 0) + MIN(down, 0);
    high[i] = start + MAX(along, 0) + MAX(down, 0);
  }
  return axis_reach(x, low[0], high[0]) && axis_reach(y, low[1], high[1]);
}

static void
tile_size(const Plane *p, int *h, int *w)
{
  const SgAugmentArgs *a = p->a;
  double all_w = 2 * (a->w + a->margin[0] + a->margin[2] + 1);
  double all_h = 2 * (a->h + a->margin[1] + a->margin[3] + 1);
  *h = a->h;
  *w = a->w;
  for (;;) {
    double gw = 2 * *w + 10, gh = 2 * *h + 10;
    double uw = MIN(fabs(p->map[0]) * gw + fabs(p->map[1]) * gh + 6, all_w);
    double uh = MIN(fabs(p->map[3]) * gw + fabs(p->map[4]) * gh + 6, all_h);
    if (gw * gh + uw * uh <= TILE_FLOATS || MAX(*h, *w) <= MIN_TILE)
      return;
    if (*h >= *w)
      *h = (*h + 1) / 2;
    else
      *w = (*w + 1) / 2;
  }
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void
fold_axis(int *fold, const Axis *x)
{
  for (int q = 0; q < x->n_pad; q++) {
    int p = x->pad + q;
    gboolean inside = p >= 0 && p < x->padded_size;
    fold[q] = inside ? k_reflect(p - x->margin, x->size) - x->src : x->n_src;
  }
}

/* The next piece of the block; pieces start on cache lines. Without a block only counts. */
static gpointer
carve(gsize *used, const Scratch *s, gsize count)
{
  gpointer at = s->block ? (char *)s->block + *used : NULL;
  *used += (count * sizeof(float) + 63) & ~(gsize)63;
  return at;
}

static gsize
divide(Scratch *s, const Axis *y, const Axis *x)
{
  gsize used = 0, n_up = (gsize)x->n_up, n_grid = (gsize)x->n_grid, wide = MAX(n_up, n_grid) + 20;
  s->up = carve(&used, s, (gsize)y->n_up * n_up);
  s->grid = carve(&used, s, (gsize)y->n_grid * n_grid);
  s->lines = carve(&used, s, (gsize)y->n_src * n_up);
  s->pixels = carve(&used, s, (gsize)MAX(x->n_src, x->n_out) + 1);
  s->narrow = carve(&used, s, (gsize)MAX(x->n_pad, x->n_out + 10));
  s->wide = carve(&used, s, wide);
  s->zeros = carve(&used, s, wide);
  s->fold_x = carve(&used, s, (gsize)x->n_pad);
  s->fold_y = carve(&used, s, (gsize)y->n_pad);
  return used;
}

static gboolean
scratch_fit(Scratch *s, const Axis *y, const Axis *x)
{
  gsize bytes = divide(s, y, x);
  if (bytes > s->bytes) {
    sg_aligned_free(s->block);
    s->block = sg_aligned_alloc(bytes);
    s->bytes = s->block ? bytes : 0;
    if (!s->block) {
      s->missing = bytes;
      return FALSE;
    }
    divide(s, y, x);
  }
  memset(s->zeros, 0, sizeof(float) * (gsize)(MAX(x->n_up, x->n_grid) + 20));
  fold_axis(s->fold_x, x);
  fold_axis(s->fold_y, y);
  return TRUE;
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* n pixels of row y of the picture, colours mixed. */
static void
read_row(float *to, const Plane *p, int y, int x, int n)
{
  const float *rows[MAX_CHANNELS];
  for (int c = 0; c < p->a->channels; c++)
    rows[c] = p->from[c] + (gsize)y * p->a->w + x;
  p->rows->mix(to, rows, p->weight, p->a->channels, n);
}

/* The positions -1 and up_size of a row of the upsampled plane. */
static void
clear_ends(float *row, const Axis *x)
{
  if (x->up < 0)
    row[0] = 0;
  if (x->up + x->n_up > x->up_size)
    row[x->n_up - 1] = 0;
}

static gboolean
in_plane(const Axis *y, int r)
{
  return r >= 0 && r < y->n_up && y->up + r >= 0 && y->up + r < y->up_size;
}

static SgAugmentRay
ray_of(const Plane *p, const Axis *y, const Axis *x, int i)
{
  const double *m = p->map;
  double at[2];
  for (int k = 0; k < 2; k++)
    at[k] = m[3 * k] * x->grid + m[3 * k + 1] * (y->grid + i) + m[3 * k + 2];
  return (SgAugmentRay){
      (float)(at[0] - x->up), (float)(at[1] - y->up), (float)m[0], (float)m[3], y->n_up, x->n_up};
}

/* The picture, padded and upsampled: what the tile reads of it. */
static void
fill_up(const Plane *p, Scratch *s, const Axis *y, const Axis *x)
{
  for (int r = 0; r < y->n_src; r++) {
    float *line = s->lines + (gsize)r * x->n_up;
    read_row(s->pixels, p, y->src + r, x->src, x->n_src);
    s->pixels[x->n_src] = 0;
    for (int q = 0; q < x->n_pad; q++)
      s->narrow[q] = s->pixels[s->fold_x[q]];
    p->rows->up_h(line, s->narrow, x->n_up / 2, 2);
    clear_ends(line, x);
  }
  for (int r = 0; r < y->n_up; r++) {
    const float *in[6];
    for (int t = 0; t < 6; t++) {
      int from = s->fold_y[r / 2 + t];
      in[t] = from < y->n_src ? s->lines + (gsize)from * x->n_up : s->zeros;
    }
    float *to = s->up + (gsize)r * x->n_up;
    if (in_plane(y, r))
      p->rows->up_v(to, in, r & 1, x->n_up, 2);
    else
      memset(to, 0, sizeof(float) * (gsize)x->n_up);
  }
}

static void
tile_forward(const Plane *p, Scratch *s, const Axis *y, const Axis *x)
{
  fill_up(p, s, y, x);
  for (int i = 0; i < y->n_grid; i++) {
    SgAugmentRay ray = ray_of(p, y, x, i);
    p->rows->sample(s->grid + (gsize)i * x->n_grid, s->up, &ray, x->n_grid);
  }
  for (int o = 0; o < y->n_out; o++) {
    const float *in[12];
    for (int k = 0; k < 12; k++)
      in[k] = s->grid + (gsize)(2 * o + k) * x->n_grid;
    memset(s->wide, 0, sizeof(float) * (gsize)x->n_grid);
    p->rows->down_v(s->wide, in, x->n_grid, 1);
    p->rows->down_h(p->to + (gsize)(y->out + o) * p->a->w + x->out, s->wide, x->n_out, 1);
  }
}

/* fill_up transposed: adds what the upsampled plane holds to the picture. */
static void
drain_up(const Plane *p, Scratch *s, const Axis *y, const Axis *x)
{
  memset(s->lines, 0, sizeof(float) * (gsize)y->n_src * (gsize)x->n_up);
  for (int q = 0; q < y->n_pad; q++) {
    const float *in[12];
    for (int k = 0; k < 12; k++) {
      int r = 2 * q + k - 10;
      in[k] = in_plane(y, r) ? s->up + (gsize)r * x->n_up : s->zeros;
    }
    if (s->fold_y[q] < y->n_src)
      p->rows->down_v(s->lines + (gsize)s->fold_y[q] * x->n_up, in, x->n_up, 2);
  }
  memset(s->wide, 0, sizeof(float) * (gsize)(x->n_up + 20));
  for (int r = 0; r < y->n_src; r++) {
    float *to = p->to + (gsize)(y->src + r) * p->a->w + x->src;
    memcpy(s->wide + 10, s->lines + (gsize)r * x->n_up, sizeof(float) * (gsize)x->n_up);
    clear_ends(s->wide + 10, x);
    p->rows->down_h(s->narrow, s->wide, x->n_pad, 2);
    memset(s->pixels, 0, sizeof(float) * (gsize)(x->n_src + 1));
    for (int q = 0; q < x->n_pad; q++)
      s->pixels[s->fold_x[q]] += s->narrow[q];
    for (int i = 0; i < x->n_src; i++)
      to[i] += s->pixels[i];
  }
}

/* Row by row of the tile's result: filter, sample, filter, each transposed. `grid` holds the rows
 * that are filtered along x only. */
static void
tile_adjoint(const Plane *p, Scratch *s, const Axis *y, const Axis *x)
{
  memset(s->narrow, 0, sizeof(float) * (gsize)(x->n_out + 10));
  for (int o = 0; o < y->n_out; o++) {
    read_row(s->narrow + 5, p, y->out + o, x->out, x->n_out);
    p->rows->up_h(s->grid + (gsize)o * x->n_grid, s->narrow, x->n_out + 5, 1);
  }
  memset(s->up, 0, sizeof(float) * (gsize)y->n_up * (gsize)x->n_up);
  for (int i = 0; i < y->n_grid; i++) {
    const float *in[6];
    for (int t = 0; t < 6; t++) {
      int o = i / 2 + t - 5;
      in[t] = o >= 0 && o < y->n_out ? s->grid + (gsize)o * x->n_grid : s->zeros;
    }
    SgAugmentRay ray = ray_of(p, y, x, i);
    p->rows->up_v(s->wide, in, i & 1, x->n_grid, 1);
    p->rows->scatter(s->up, s->wide, &ray, x->n_grid);
  }
  drain_up(p, s, y, x);
}

/* ---- planes ---------------------------------------------------------------------------------- */

static void
plane_run(const Plane *p, Scratch *s, gboolean adjoint)
{
  const SgAugmentArgs *a = p->a;
  int h, w;

  if (!a->geometry) {
    for (int row = 0; row < a->h; row++)
      read_row(p->to + (gsize)row * a->w, p, row, 0, a->w);
    return;
  }
  memset(p->to, 0, sizeof(float) * (gsize)a->h * (gsize)a->w);
  tile_size(p, &h, &w);
  for (int top = 0; top < a->h; top += h)
    for (int left = 0; left < a->w; left += w) {
      Axis y = axis_new(top, MIN(h, a->h - top), a->h, a->margin[1], a->margin[3]);
      Axis x = axis_new(left, MIN(w, a->w - left), a->w, a->margin[0], a->margin[2]);
      if (!tile_reach(p->map, &y, &x))
        continue;
      if (!scratch_fit(s, &y, &x))
        continue;
      if (adjoint)
        tile_adjoint(p, s, &y, &x);
      else
        tile_forward(p, s, &y, &x);
    }
}

static const SgAugmentRows *
rows_for(const SgBackend *b)
{
#ifdef SG_HAVE_X86_64_LEVELS
  if (CPU(b)->rows == &sg_cpu_rows_v4)
    return &sg_cpu_augment_v4;
  if (CPU(b)->rows == &sg_cpu_rows_v3)
    return &sg_cpu_augment_v3;
#endif
  return &sg_cpu_augment_generic;
}

static void
plane_init(Plane *p, SgBuf *y, const SgBuf *x, const SgAugmentArgs *a, int job, gboolean adjoint)
{
  int channels = a->channels, n = job / channels, c = job % channels;
  gsize pixels = (gsize)a->h * (gsize)a->w;
  const double *color = a->color + (gsize)n * channels * (channels + 1);

  *p = (Plane){.a = a, .rows = rows_for(y->backend), .to = (float *)y->data + pixels * (gsize)job};
  if (a->geometry)
    k_aug_map(p->map, a->g_inv + (gsize)n * 9, a->h, a->w, a->margin);
  for (int k = 0; k < channels; k++) {
    p->from[k] = (const float *)x->data + pixels * ((gsize)n * channels + k);
    p->weight[k] = (float)(adjoint ? color[k * (channels + 1) + c] : color[c * (channels + 1) + k]);
  }
}

void
cpu_augment(SgBuf *y, const SgBuf *x, const SgAugmentArgs *a, SgAugmentMode mode)
{
  int jobs = a->n * a->channels, pixels = a->h * a->w;
  gboolean adjoint = mode == SG_AUGMENT_ADJOINT;

  g_assert(a->channels <= MAX_CHANNELS && x->n == a->n && x->c == a->channels && x->h == a->h &&
           x->w == a->w);
  gsize missing = 0;

#pragma omp parallel reduction(max : missing)
  {
    Scratch s = {0};
#pragma omp for schedule(dynamic)
    for (int job = 0; job < jobs; job++) {
      Plane p;
      plane_init(&p, y, x, a, job, adjoint);
      plane_run(&p, &s, adjoint);
      float t = (float)a->color[(gsize)job * (a->channels + 1) + a->channels];
      if (mode == SG_AUGMENT_FORWARD)
        for (int i = 0; i < pixels; i++)
          p.to[i] += t;
    }
    sg_aligned_free(s.block);
    missing = s.missing;
  }
  if (missing > 0)
    sg_room_missing(missing);
}
