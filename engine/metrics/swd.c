/* The sliced Wasserstein distance: collecting pictures, and comparing two collections.
 *
 * Memory: a collection of n pictures keeps what is smaller, the pictures (8 bits a value, as the
 * paper's code takes them) or the patches of all levels (12.5 KB a picture, channel and level).
 * sg_swd_distance() works on one level at a time and needs two levels' patches where pictures are
 * kept, plus 128 bytes a patch for projections. For 2 × 2,048 colour pictures that is at most
 * 240 MiB with 64×64 pixels, 390 MiB with 128×128, 790 MiB with 256×256, 1.1 GiB with 1024×1024. */
#include "engine/base/room.h"
#include "engine/metrics/swd-private.h"
#include <math.h>
#include <string.h>
#include "engine/formats/format-error.h"
#include "engine/base/philox.h"

#define SMALLEST 16 /* side of the last level */
/* 4 repeats × 128 of the paper: a mean of means of equal size is one mean. */
#define DIRECTIONS 512
/* Streams of the directions; those of the positions are the levels. */
#define DIRECTION_STREAM 1000

struct _SgSwd {
  SgSwdShape shape;
  int images, count;
  guint8 *pictures;                   /* [images, C, R, R], or NULL and */
  gint16 *patches[SG_SWD_MAX_LEVELS]; /* [images, 128, C, 7, 7] each */
};

/* Values of one level's patches of one picture. */
static gsize
patch_values(const SgSwdShape *s)
{
  return SG_SWD_PER_PICTURE * (gsize)sg_swd_dims(s);
}

static gsize
picture_values(const SgSwdShape *s)
{
  return (gsize)s->channels * (gsize)s->resolution * (gsize)s->resolution;
}

static int
count_levels(int resolution)
{
  int levels = 1;

  while (resolution % 2 == 0 && resolution / 2 >= SMALLEST) {
    resolution /= 2;
    levels++;
  }
  return levels;
}

static gboolean
allocate(SgSwd *s)
{
  gsize n = (gsize)s->images, patches = patch_values(&s->shape) * sizeof(gint16);

  if (picture_values(&s->shape) <= patches * (gsize)s->shape.levels) {
    s->pictures = g_try_malloc_n(n, picture_values(&s->shape));
    return s->pictures != NULL;
  }
  for (int level = 0; level < s->shape.levels; level++) {
    s->patches[level] = g_try_malloc_n(n, patches);
    if (!s->patches[level])
      return FALSE;
  }
  return TRUE;
}

SgSwd *
sg_swd_new(int channels, int resolution, int images, guint64 seed, GError **error)
{
  if (channels < 1 || channels > 4 || images < 1 || resolution < SG_SWD_PATCH ||
      resolution > 16384) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "the sliced Wasserstein distance compares patches of %d×%d pixels: %d pictures of "
                "%d×%d with %d channels cannot be compared",
                SG_SWD_PATCH, SG_SWD_PATCH, images, resolution, resolution, channels);
    return NULL;
  }
  g_autoptr(SgSwd) s = g_new0(SgSwd, 1);
  s->shape = (SgSwdShape){channels, resolution, count_levels(resolution), seed};
  s->images = images;
  if (!allocate(s)) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "not enough memory for the sliced Wasserstein distance of %d pictures of %d×%d",
                images, resolution, resolution);
    return NULL;
  }
  return g_steal_pointer(&s);
}

void
sg_swd_free(SgSwd *s)
{
  if (!s)
    return;
  g_free(s->pictures);
  for (int level = 0; level < SG_SWD_MAX_LEVELS; level++)
    g_free(s->patches[level]);
  g_free(s);
}

int
sg_swd_levels(const SgSwd *s)
{
  return s->shape.levels;
}

int
sg_swd_level_resolution(const SgSwd *s, int level)
{
  return s->shape.resolution >> level;
}

/* The paper's code takes pictures as files hold them: 8 bits. Not a number becomes 0. */
static void
quantise(const float *from, gsize n, guint8 *to)
{
  for (gsize i = 0; i < n; i++) {
    float v = (from[i] + 1) * 127.5f;
    to[i] = v > 0 ? (guint8)lrintf(MIN(v, 255)) : 0;
  }
}

void
sg_swd_add(SgSwd *s, const float *pictures, int n)
{
  gsize values = picture_values(&s->shape), patches = patch_values(&s->shape);
  int first = s->count, last = s->shape.levels - 1;

  gsize room = sg_swd_scratch(&s->shape);
  g_autofree float *scratches = s->pictures ? NULL : sg_room_each(room, sizeof(float));
  g_autofree guint8 *all = s->pictures ? NULL : sg_room_each(values, 1);

  n = MIN(n, s->images - s->count);
  if (!s->pictures && (!scratches || !all))
    return;
#pragma omp parallel
  {
    float *scratch = s->pictures ? NULL : sg_room_mine(scratches, room, sizeof(float));
    guint8 *bytes = s->pictures ? NULL : sg_room_mine(all, values, 1);
#pragma omp for schedule(static)
    for (int i = 0; i < n; i++) {
      gsize at = (gsize)(first + i);
      gint16 *to[SG_SWD_MAX_LEVELS];
      quantise(pictures + (gsize)i * values, values,
               s->pictures ? s->pictures + at * values : bytes);
      if (s->pictures)
        continue;
      for (int level = 0; level <= last; level++)
        to[level] = s->patches[level] + at * patches;
      sg_swd_extract(&s->shape, bytes, at, 0, last, to, scratch);
    }
  }
  s->count += n;
}

/* ---- distance ---- */

/* One level of one set. */
typedef struct {
  const gint16 *patches;
  gint16 *own;                /* to be freed, or NULL */
  gsize n;                    /* patches */
  double mean[4], inverse[4]; /* per channel; inverse of the standard deviation */
} Level;

/* Sums of integers: exact, so it does not matter which thread adds what. */
static void
measure_channel(Level *l, int channels, int c)
{
  const gsize area = SG_SWD_PATCH * SG_SWD_PATCH;
  gint64 sum = 0, squares = 0;

#pragma omp parallel for schedule(static) reduction(+ : sum, squares)
  for (gsize i = 0; i < l->n; i++) {
    const gint16 *p = l->patches + (i * (gsize)channels + (gsize)c) * area;
    gint32 here = 0;
    gint64 here2 = 0;
    for (gsize k = 0; k < area; k++) {
      here += p[k];
      here2 += (gint32)p[k] * p[k];
    }
    sum += here;
    squares += here2;
  }
  double count = (double)(l->n * area);
  l->mean[c] = (double)sum / count;
  double variance = (double)squares / count - l->mean[c] * l->mean[c];
  /* A channel of one colour has no details to compare: it becomes 0, not the paper's NaN. Half a
   * step of the integers is no variance but rounding. */
  l->inverse[c] = variance > 0.25 ? 1 / sqrt(variance) : 0;
}

static gboolean
level_open(Level *l, const SgSwd *s, int level)
{
  gsize values = picture_values(&s->shape), each = patch_values(&s->shape);
  gsize room = sg_swd_scratch(&s->shape);
  g_autofree float *scratches = s->pictures ? sg_room_each(room, sizeof(float)) : NULL;

  *l = (Level){.patches = s->patches[level], .n = (gsize)s->count * SG_SWD_PER_PICTURE};
  if (s->pictures) {
    l->patches = l->own = sg_room((gsize)s->count * each, sizeof(gint16));
    if (!l->own || !scratches)
      return FALSE;
#pragma omp parallel
    {
      float *scratch = sg_room_mine(scratches, room, sizeof(float));
#pragma omp for schedule(static)
      for (int i = 0; i < s->count; i++) {
        gint16 *to = l->own + (gsize)i * each;
        sg_swd_extract(&s->shape, s->pictures + (gsize)i * values, (guint64)i, level, level, &to,
                       scratch);
      }
    }
  }
  for (int c = 0; c < s->shape.channels; c++)
    measure_channel(l, s->shape.channels, c);
  return TRUE;
}

/* [512, dims], each of length 1, uniform on the sphere. */
static float *
draw_directions(guint64 seed, int level, int dims)
{
  SgPhilox rng = {.seed = seed, .stream = DIRECTION_STREAM + (guint64)level};
  float *d = sg_room(DIRECTIONS * (gsize)dims, sizeof *d);

  for (int i = 0; d && i < DIRECTIONS; i++) {
    float *v = d + (gsize)i * (gsize)dims;
    double length = 0;
    sg_philox_normals(&rng, (gsize)dims, v);
    for (int k = 0; k < dims; k++)
      length += (double)v[k] * v[k];
    for (int k = 0; k < dims; k++)
      v[k] = (float)(v[k] / sqrt(length));
  }
  return d;
}

/* Projects one level on LANES directions from d on. Normalising the patches first would write all
 * of them anew; it is the same to divide the directions and subtract a number afterwards. */
static void
project(const Level *l, int dims, const float *d, float *scaled, float *out)
{
  float offset[SG_SWD_LANES];

  for (int lane = 0; lane < SG_SWD_LANES; lane++) {
    double sum = 0;
    for (int k = 0; k < dims; k++) {
      int c = k / (SG_SWD_PATCH * SG_SWD_PATCH);
      float v = (float)(d[lane * dims + k] * l->inverse[c]);
      scaled[k * SG_SWD_LANES + lane] = v;
      sum -= v * l->mean[c];
    }
    offset[lane] = (float)sum;
  }
  sg_swd_project(l->patches, l->n, dims, scaled, offset, out);
}

static double
level_distance(const Level *a, const Level *b, int dims, const float *directions)
{
  gsize n = a->n;
  g_autofree float *pa = sg_room(SG_SWD_LANES * n, sizeof *pa);
  g_autofree float *pb = sg_room(SG_SWD_LANES * n, sizeof *pb);
  g_autofree float *scaled = sg_room(SG_SWD_LANES * (gsize)dims, sizeof *scaled);
  g_autofree guint32 *scratches = sg_room_each(2 * n, sizeof *scratches);
  double found[SG_SWD_LANES], sum = 0;

  if (!pa || !pb || !scaled || !scratches)
    return 0;
  for (int at = 0; at < DIRECTIONS; at += SG_SWD_LANES) {
    project(a, dims, directions + (gsize)at * (gsize)dims, scaled, pa);
    project(b, dims, directions + (gsize)at * (gsize)dims, scaled, pb);
#pragma omp parallel
    {
      guint32 *scratch = sg_room_mine(scratches, 2 * n, sizeof *scratch);
#pragma omp for schedule(dynamic)
      for (int lane = 0; lane < SG_SWD_LANES; lane++)
        found[lane] =
            sg_swd_sorted_distance(pa + (gsize)lane * n, pb + (gsize)lane * n, n, scratch);
    }
    for (int lane = 0; lane < SG_SWD_LANES; lane++)
      sum += found[lane];
  }
  return sum / DIRECTIONS;
}

double
sg_swd_distance(const SgSwd *a, const SgSwd *b, guint64 seed, double *distance)
{
  int levels = a->shape.levels, dims = sg_swd_dims(&a->shape);
  double sum = 0;

  g_assert(a->count == b->count && a->count > 0);
  g_assert(a->shape.channels == b->shape.channels && a->shape.resolution == b->shape.resolution);
  for (int level = 0; level < levels; level++) {
    Level la = {0}, lb = {0};
    g_autofree float *directions = draw_directions(seed, level, dims);
    gboolean ok = directions && level_open(&la, a, level) && level_open(&lb, b, level);
    distance[level] = ok ? 1000 * level_distance(&la, &lb, dims, directions) : 0;
    sum += distance[level];
    g_free(la.own);
    g_free(lb.own);
  }
  return sum / levels;
}
