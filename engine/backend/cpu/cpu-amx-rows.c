/* See cpu-amx-rows.h. The compiler does not know what tiles read and write: barriers say it. */
#include "engine/backend/cpu/cpu-amx-rows.h"
#include <immintrin.h>
#include <string.h>

#define BARRIER() __asm__ volatile("" ::: "memory")

/* As the instruction LDTILECFG wants it. */
typedef struct {
  guint8 palette, start_row, reserved[14];
  guint16 bytes[16];
  guint8 rows[16];
} Configuration;

/* Eight whole tiles. */
static void
configure(void)
{
  Configuration c __attribute__((aligned(64))) = {.palette = 1};
  for (int t = 0; t < 8; t++) {
    c.bytes[t] = 64;
    c.rows[t] = 16;
  }
  BARRIER();
  _tile_loadconfig(&c);
}

static __m512
as_floats(__m256i halves)
{
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

void
sg_amx_pack_row(guint16 *to, guint16 *rest, const float *x0, const float *x1, gsize step, int count,
                const float *style)
{
  __m512 one = _mm512_set1_ps(1), s0 = style ? _mm512_loadu_ps(style) : one;
  __m512 s1 = style ? _mm512_loadu_ps(style + 16) : one, none = _mm512_setzero_ps();

  for (int i = 0; i < count; i++, to += SG_AMX_DEPTH) {
    __m512 a = _mm512_mul_ps(_mm512_loadu_ps(x0 + (gsize)i * step), s0);
    __m512 b = x1 ? _mm512_mul_ps(_mm512_loadu_ps(x1 + (gsize)i * step), s1) : none;
    __m512i high = (__m512i)_mm512_cvtne2ps_pbh(b, a);
    _mm512_storeu_si512(to, high);
    if (rest) {
      a = _mm512_sub_ps(a, as_floats(_mm512_castsi512_si256(high)));
      b = _mm512_sub_ps(b, as_floats(_mm512_extracti64x4_epi64(high, 1)));
      _mm512_storeu_si512(rest + (gsize)i * SG_AMX_DEPTH, (__m512i)_mm512_cvtne2ps_pbh(b, a));
    }
  }
}

/* 16 numbers as lanes of 32 bits, and what rounding took away of them. */
static __m512i
rounded(__m512 v, __m512 *left)
{
  __m256i halves = (__m256i)_mm512_cvtneps_pbh(v);

  *left = _mm512_sub_ps(v, as_floats(halves));
  return _mm512_cvtepu16_epi32(halves);
}

void
sg_amx_pack_tile(guint16 *to, guint16 *rest, const float *w, gsize out_step, gsize in_step,
                 int outs, int ins)
{
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i at = _mm512_mullo_epi32(lane, _mm512_set1_epi32((int)out_step));
  const __m512 none = _mm512_setzero_ps();
  __mmask16 some = (__mmask16)((1u << outs) - 1);

  for (int i = 0; i < SG_AMX_DEPTH; i += 2, to += 32, w += 2 * in_step) {
    __m512 a = none, b = none;
    if (i < ins)
      a = _mm512_mask_i32gather_ps(none, some, at, w, 4);
    if (i + 1 < ins)
      b = _mm512_mask_i32gather_ps(none, some, at, w + in_step, 4);
    __m512i low = rounded(a, &a), high = rounded(b, &b);
    _mm512_storeu_si512(to, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
    if (!rest)
      continue;
    low = rounded(a, &a);
    high = rounded(b, &b);
    _mm512_storeu_si512(rest, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
    rest += 32;
  }
}

/* ---- products: to [tiles][32 positions][16] -------------------------------------------------- */

static void
product_two(float *to, const SgAmxProduct *p, const guint16 *x)
{
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int k = 0; k < p->steps; k++) {
    const guint16 *a = x + (gsize)p->step[k].x * SG_AMX_DEPTH;
    const guint16 *w = p->w + (gsize)p->step[k].w * (2 * SG_AMX_TILE);
    _tile_loadd(4, a, 64);
    _tile_loadd(6, w, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, w + SG_AMX_TILE, 64);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, a + SG_AMX_TILE, 64);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, to, 64);
  _tile_stored(2, to + 256, 64);
  _tile_stored(1, to + 512, 64);
  _tile_stored(3, to + 768, 64);
}

static void
product_one(float *to, const SgAmxProduct *p, const guint16 *x)
{
  _tile_zero(0);
  _tile_zero(2);
  for (int k = 0; k < p->steps; k++) {
    const guint16 *a = x + (gsize)p->step[k].x * SG_AMX_DEPTH;
    const guint16 *w = p->w + (gsize)p->step[k].w * SG_AMX_TILE;
    _tile_loadd(4, a, 64);
    _tile_loadd(6, w, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(5, a + SG_AMX_TILE, 64);
    _tile_dpbf16ps(2, 5, 6);
  }
  _tile_stored(0, to, 64);
  _tile_stored(2, to + 256, 64);
}

/* ---- results --------------------------------------------------------------------------------- */

typedef struct {
  __m512 scale, bias, strength, gain, low_gain, clamp;
} Vectors;

static inline __attribute__((always_inline)) void
finish(float *y, gsize step, const float *sums, int count, const Vectors *v, const float *noise,
       gsize noise_step, const gboolean with_noise, const gboolean clamp)
{
  __m512 low = _mm512_sub_ps(_mm512_setzero_ps(), v->clamp);

  for (int i = 0; i < count; i++) {
    __m512 r = _mm512_fmadd_ps(_mm512_load_ps(sums + 16 * i), v->scale, v->bias);
    if (with_noise)
      r = _mm512_fmadd_ps(_mm512_set1_ps(noise[(gsize)i * noise_step]), v->strength, r);
    __mmask16 above = _mm512_cmp_ps_mask(r, _mm512_setzero_ps(), _CMP_GT_OQ);
    r = _mm512_mul_ps(r, _mm512_mask_blend_ps(above, v->low_gain, v->gain));
    if (clamp) /* in this order a NaN stays one */
      r = _mm512_min_ps(v->clamp, _mm512_max_ps(low, r));
    _mm512_storeu_ps(y + (gsize)i * step, r);
  }
}

/* `count` results of one row, from column `at` on. */
static void
store_row(const SgAmxStore *to, int block, int sample, int row, int at, const float *sums,
          int count)
{
  float *y = to->y[block] + (gsize)sample * to->sample_step + (gsize)row * to->row_step +
             (gsize)at * to->step;
  if (!to->epilogue) {
    for (int i = 0; i < count; i++)
      _mm512_storeu_ps(y + (gsize)i * to->step, _mm512_load_ps(sums + 16 * i));
    return;
  }
  __mmask16 lanes = to->lanes[block];
  const float *scale = to->scale[block], *noise = NULL;
  Vectors v = {.scale = scale ? _mm512_maskz_loadu_ps(lanes, scale + (gsize)sample * to->scale_step)
                              : _mm512_set1_ps(1),
               .bias = to->bias[block] ? _mm512_maskz_loadu_ps(lanes, to->bias[block])
                                       : _mm512_setzero_ps(),
               .strength = _mm512_maskz_mov_ps(lanes, _mm512_set1_ps(to->strength)),
               .gain = _mm512_set1_ps(to->gain),
               .low_gain = _mm512_set1_ps(to->gain * to->slope),
               .clamp = _mm512_set1_ps(to->clamp)};
  if (to->learnt[block])
    v.strength = _mm512_mul_ps(v.strength, _mm512_maskz_loadu_ps(lanes, to->learnt[block]));
  if (to->noise)
    noise = to->noise + (gsize)sample * to->noise_sample_step + (gsize)row * to->noise_row_step +
            (gsize)at * to->noise_step;
  gsize step = to->step, noise_step = to->noise_step;
  if (noise && to->clamp >= 0)
    finish(y, step, sums, count, &v, noise, noise_step, TRUE, TRUE);
  else if (noise)
    finish(y, step, sums, count, &v, noise, noise_step, TRUE, FALSE);
  else if (to->clamp >= 0)
    finish(y, step, sums, count, &v, noise, noise_step, FALSE, TRUE);
  else
    finish(y, step, sums, count, &v, noise, noise_step, FALSE, FALSE);
}

/* Positions [from, from + 32), of which only those go anywhere that belong to a picture. */
static void
store(const SgAmxStore *to, const float *sums, int tiles, int from)
{
  int end = MIN(from + SG_AMX_AT_ONCE, to->positions);

  for (int at = from; at < end;) {
    int line = at / to->pitch, column = at % to->pitch, next = (line + 1) * to->pitch;
    int row = line % to->period, count = MIN(MIN(next, end) - at, to->columns - column);
    for (int t = 0; t < tiles && row < to->rows && count > 0; t++)
      if (to->y[t])
        store_row(to, t, line / to->period, row, column, sums + 512 * t + 16 * (at - from), count);
    at = next;
  }
}

void
sg_amx_panel(const SgAmxProduct *p, const SgAmxStore *to)
{
  float sums[2 * 16 * SG_AMX_AT_ONCE] __attribute__((aligned(64)));

  configure();
  for (int at = 0; at < to->positions; at += SG_AMX_AT_ONCE) {
    const guint16 *x = p->x + (gsize)at * SG_AMX_DEPTH;
    BARRIER();
    if (p->tiles == 2)
      product_two(sums, p, x);
    else
      product_one(sums, p, x);
    BARRIER();
    store(to, sums, p->tiles, at);
  }
  _tile_release();
}

/* ---- the gradient of weights ----------------------------------------------------------------- */

void
sg_amx_round_row(guint16 *to, const float *x, gsize step, int count)
{
  for (int i = 0; i < count; i++)
    _mm256_storeu_si256((__m256i *)(to + 16 * i),
                        (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(x + (gsize)i * step)));
}

/* Two positions of 16 channels: their numbers side by side. */
static inline __m512i
side_by_side(const guint16 *x)
{
  __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23,
                                   7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order, _mm512_loadu_si512(x));
}

void
sg_amx_pair(guint16 *even, guint16 *odd, const guint16 *x, int pairs)
{
  for (int i = 0; i < pairs; i++, x += 32) {
    _mm512_storeu_si512(even + 32 * i, side_by_side(x));
    _mm512_storeu_si512(odd + 32 * i, side_by_side(x + 16));
  }
}

/* Rows become columns: 16 × 16 numbers of 32 bits, in four rounds of halves that change places. */
static void
transpose(__m512i r[16])
{
  __m512i t[16];

  for (int i = 0; i < 8; i++) {
    t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 4; i++)
    for (int k = 0; k < 2; k++) {
      r[4 * i + 2 * k] = _mm512_unpacklo_epi64(t[4 * i + k], t[4 * i + 2 + k]);
      r[4 * i + 2 * k + 1] = _mm512_unpackhi_epi64(t[4 * i + k], t[4 * i + 2 + k]);
    }
  for (int i = 0; i < 2; i++)
    for (int k = 0; k < 4; k++) {
      t[8 * i + k] = _mm512_shuffle_i32x4(r[8 * i + k], r[8 * i + 4 + k], 0x88);
      t[8 * i + 4 + k] = _mm512_shuffle_i32x4(r[8 * i + k], r[8 * i + 4 + k], 0xdd);
    }
  for (int k = 0; k < 8; k++) {
    r[k] = _mm512_shuffle_i32x4(t[k], t[8 + k], 0x88);
    r[8 + k] = _mm512_shuffle_i32x4(t[k], t[8 + k], 0xdd);
  }
}

void
sg_amx_turn(guint16 *to, gsize to_step, const guint16 *x, int steps)
{
  for (int s = 0; s < steps; s++, to += to_step, x += SG_AMX_TILE) {
    __m512i r[16];
    for (int i = 0; i < 16; i++)
      r[i] = side_by_side(x + 32 * i);
    transpose(r);
    for (int i = 0; i < 16; i++)
      _mm512_storeu_si512(to + 32 * i, r[i]);
  }
}

void
sg_amx_begin(void)
{
  configure();
}

void
sg_amx_end(void)
{
  _tile_release();
}

static void
outer_three(float *sums, const SgAmxOuter *p)
{
  const guint16 *a = p->a, *b0 = p->b[0], *b1 = p->b[1], *b2 = p->b[2];

  if (p->add) {
    _tile_loadd(0, sums, 64);
    _tile_loadd(1, sums + 256, 64);
    _tile_loadd(2, sums + 512, 64);
    _tile_loadd(3, sums + 768, 64);
    _tile_loadd(4, sums + 1024, 64);
    _tile_loadd(5, sums + 1280, 64);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
  }
  for (int s = 0; s < p->steps; s++) {
    gsize at = (gsize)s * SG_AMX_TILE;
    _tile_loadd(6, a, 64);
    _tile_loadd(7, b0 + at, 64);
    _tile_dpbf16ps(0, 6, 7);
    _tile_loadd(7, b1 + at, 64);
    _tile_dpbf16ps(2, 6, 7);
    _tile_loadd(7, b2 + at, 64);
    _tile_dpbf16ps(4, 6, 7);
    _tile_loadd(6, a + SG_AMX_TILE, 64);
    _tile_dpbf16ps(5, 6, 7);
    _tile_loadd(7, b1 + at, 64);
    _tile_dpbf16ps(3, 6, 7);
    _tile_loadd(7, b0 + at, 64);
    _tile_dpbf16ps(1, 6, 7);
    a += p->a_step;
  }
  _tile_stored(0, sums, 64);
  _tile_stored(1, sums + 256, 64);
  _tile_stored(2, sums + 512, 64);
  _tile_stored(3, sums + 768, 64);
  _tile_stored(4, sums + 1024, 64);
  _tile_stored(5, sums + 1280, 64);
}

static void
outer_one(float *sums, const SgAmxOuter *p)
{
  const guint16 *a = p->a;

  if (p->add) {
    _tile_loadd(0, sums, 64);
    _tile_loadd(1, sums + 256, 64);
  } else {
    _tile_zero(0);
    _tile_zero(1);
  }
  for (int s = 0; s < p->steps; s++) {
    _tile_loadd(7, p->b[0] + (gsize)s * SG_AMX_TILE, 64);
    _tile_loadd(6, a, 64);
    _tile_dpbf16ps(0, 6, 7);
    _tile_loadd(5, a + SG_AMX_TILE, 64);
    _tile_dpbf16ps(1, 5, 7);
    a += p->a_step;
  }
  _tile_stored(0, sums, 64);
  _tile_stored(1, sums + 256, 64);
}

void
sg_amx_outer(float *sums, const SgAmxOuter *p)
{
  BARRIER();
  if (p->taps == 3)
    outer_three(sums, p);
  else
    outer_one(sums, p);
  BARRIER();
}
