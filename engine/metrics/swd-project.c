/* Projections of patches and the distance of two projected sets: nearly all of the metric's
 * time. */
#include "engine/metrics/swd-private.h"
#include <math.h>
#include <string.h>

#define TILE 64 /* patches converted to floats at a time */
#define ROWS 4  /* patches whose sums are held in registers together */

/* A vector of the processor's own length: a longer one would live in memory. The sums of one lane
 * are added in the same order whatever the length. */
#define DEFINE_DOT(name, target, type, lanes)                                                      \
  target static void name(const float *x, int dims, const float *d, float *out)                    \
  {                                                                                                \
    for (int lane = 0; lane < SG_SWD_LANES; lane += 2 * (lanes)) {                                 \
      type sum[ROWS][2] = {0};                                                                     \
      for (int k = 0; k < dims; k++) {                                                             \
        type d0 = *(const type *)(d + k * SG_SWD_LANES + lane);                                    \
        type d1 = *(const type *)(d + k * SG_SWD_LANES + lane + (lanes));                          \
        for (int i = 0; i < ROWS; i++) {                                                           \
          sum[i][0] += x[i * dims + k] * d0;                                                       \
          sum[i][1] += x[i * dims + k] * d1;                                                       \
        }                                                                                          \
      }                                                                                            \
      for (int i = 0; i < ROWS; i++) {                                                             \
        *(type *)(out + i * SG_SWD_LANES + lane) = sum[i][0];                                      \
        *(type *)(out + i * SG_SWD_LANES + lane + (lanes)) = sum[i][1];                            \
      }                                                                                            \
    }                                                                                              \
  }

typedef float Floats4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef void (*DotFunc)(const float *x, int dims, const float *d, float *out);

/* out[ROWS][LANES] = x[ROWS][dims] · d[dims][LANES] */
DEFINE_DOT(dot_generic, , Floats4, 4)

#if defined(__x86_64__)
typedef float Floats8 __attribute__((vector_size(32), aligned(4), may_alias));
DEFINE_DOT(dot_avx2, __attribute__((target("avx2,fma"))), Floats8, 8)
#endif

/* VITRINE_ISA=generic as in the CPU back end. */
static DotFunc
choose_dot(void)
{
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      g_strcmp0(g_getenv("VITRINE_ISA"), "generic") != 0)
    return dot_avx2;
#endif
  return dot_generic;
}

/* One tile: its floats are cut from the integers once, its results are transposed on the way
 * out. */
static void
project_tile(DotFunc dot, const gint16 *patches, gsize n, gsize at, int dims,
             const float *directions, const float *offset, float *out)
{
  gsize count = MIN((gsize)TILE, n - at), values = count * (gsize)dims;
  float *x = g_newa(float, TILE *(gsize)dims);
  float y[TILE][SG_SWD_LANES];

  for (gsize i = 0; i < values; i++)
    x[i] = patches[at * (gsize)dims + i];
  memset(x + values, 0, (TILE * (gsize)dims - values) * sizeof(float));
  for (int i = 0; i < TILE; i += ROWS)
    dot(x + i * dims, dims, directions, y[i]);
  for (int lane = 0; lane < SG_SWD_LANES; lane++)
    for (gsize i = 0; i < count; i++)
      out[(gsize)lane * n + at + i] = y[i][lane] + offset[lane];
}

void
sg_swd_project(const gint16 *patches, gsize n, int dims, const float *directions,
               const float offset[SG_SWD_LANES], float *out)
{
  DotFunc dot = choose_dot();
  gsize tiles = (n + TILE - 1) / TILE;

#pragma omp parallel for schedule(static)
  for (gsize tile = 0; tile < tiles; tile++)
    project_tile(dot, patches, n, tile * TILE, dims, directions, offset, out);
}

/* Floats in an order that integers have too: negative ones reversed, below the others. */
static inline guint32
to_key(guint32 bits)
{
  return bits ^ ((guint32) - (gint32)(bits >> 31) | 0x80000000u);
}

static inline float
from_key(guint32 key)
{
  guint32 bits = key ^ (((key >> 31) - 1) | 0x80000000u);
  float v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

#define DIGIT   11 /* bits; three digits make a key */
#define BUCKETS (1 << DIGIT)

static inline guint
digit(guint32 key, int pass)
{
  return (key >> (pass * DIGIT)) & (BUCKETS - 1);
}

static void
scatter(const guint32 *from, guint32 *to, gsize n, int pass, guint32 *count)
{
  guint32 sum = 0;

  for (int b = 0; b < BUCKETS; b++) {
    guint32 here = count[b];
    count[b] = sum;
    sum += here;
  }
  for (gsize i = 0; i < n; i++)
    to[count[digit(from[i], pass)]++] = from[i];
}

/* Radix sort of n floats: linear, and no comparison to mispredict. The keys end in `to`; `values`
 * is destroyed. */
static void
sort(float *values, guint32 *to, gsize n)
{
  guint32 count[3][BUCKETS] = {0};
  guint32 *keys = (guint32 *)(gpointer)values;

  for (gsize i = 0; i < n; i++) {
    guint32 bits;
    memcpy(&bits, values + i, sizeof bits);
    guint32 key = to_key(bits);
    memcpy(values + i, &key, sizeof key);
    for (int pass = 0; pass < 3; pass++)
      count[pass][digit(key, pass)]++;
  }
  scatter(keys, to, n, 0, count[0]);
  scatter(to, keys, n, 1, count[1]);
  scatter(keys, to, n, 2, count[2]);
}

double
sg_swd_sorted_distance(float *a, float *b, gsize n, guint32 *scratch)
{
  const guint32 *x = scratch, *y = scratch + n;
  double sum[4] = {0}; /* four chains: one would wait for its own additions */

  sort(a, scratch, n);
  sort(b, scratch + n, n);
  for (gsize i = 0; i < n; i++)
    sum[i % 4] += fabsf(from_key(x[i]) - from_key(y[i]));
  return (sum[0] + sum[1] + sum[2] + sum[3]) / (double)n;
}
