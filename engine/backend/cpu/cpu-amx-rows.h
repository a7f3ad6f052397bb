/* Matrix units (AMX) for bfloat16: the pieces of a convolution that run on one thread.
 *
 * A tile holds 16 rows of 64 bytes. Of activations a row is one position with 32 channels, so a
 * shift by a tap of the kernel is another start in memory and nothing is gathered; of weights it is
 * two input channels for 16 output channels. Products are exact, sums are float. Intel,
 * Architecture Instruction Set Extensions Programming Reference, chapter 3.
 *
 * cpu-amx-rows.c alone is compiled for such processors; sg_amx_find() says whether this is one. */
#pragma once

#include <glib.h>

#define SG_AMX_DEPTH   32  /* channels of a step */
#define SG_AMX_TILE    512 /* numbers of 16 bits that a tile holds */
#define SG_AMX_AT_ONCE 32  /* positions */

/* to[count][32] = x0, x1 [16 channels each] times style [32], rounded; pixels `step` floats apart;
 * x1 NULL: zeros; style NULL: ones. `rest` [count][32], or NULL: what rounding took away,
 * rounded. */
void sg_amx_pack_row(guint16 *to, guint16 *rest, const float *x0, const float *x1, gsize step,
                     int count, const float *style);

/* A tile of weights [16 pairs of inputs][16 outputs][2] for one tap, rounded: output o of input i
 * is at w[o out_step + i in_step]; of `outs` and `ins` (at most 16 and 32), zeros behind them.
 * `rest` as above. */
void sg_amx_pack_tile(guint16 *to, guint16 *rest, const float *w, gsize out_step, gsize in_step,
                      int outs, int ins);

/* Where results go, and what becomes of them. Positions lie in rows of `pitch`, of which the first
 * `columns` count; of every `period` rows, which belong to one sample, the first `rows` do. */
typedef struct {
  int positions, pitch, columns, rows, period;
  float *y[2];                       /* first result of each block of 16 channels; or NULL */
  gsize step, row_step, sample_step; /* floats from one result to the next */
  /* The epilogue (SgEpilogue); NULL: none of it. `lanes`: which channels of a block there are. */
  gboolean epilogue;
  guint16 lanes[2];
  const float *scale[2], *bias[2];
  gsize scale_step; /* from one sample to the next */
  const float *noise;
  gsize noise_step, noise_row_step, noise_sample_step;
  const float *learnt[2]; /* factors of strength, by channel; NULL: 1 */
  float strength, slope, gain, clamp;
} SgAmxStore;

typedef struct {
  guint32 x, w;
} SgAmxStep;

/* One or two blocks of 16 output channels of all positions: results = sum over steps k of
 * x[position + step[k].x] w[step[k].w]. x [...][32], w [...][tiles][16][16][2]. Reads up to
 * SG_AMX_AT_ONCE positions beyond. */
typedef struct {
  const guint16 *x, *w;
  const SgAmxStep *step;
  int steps, tiles;
} SgAmxProduct;
void sg_amx_panel(const SgAmxProduct *p, const SgAmxStore *to);

/* ---- the gradient of weights: sums over positions -------------------------------------------- */

/* to[count][16] = x [16 channels], rounded; pixels `step` floats apart. */
void sg_amx_round_row(guint16 *to, const float *x, gsize step, int count);
/* Of positions x [2 pairs + 1][16]: those of an even number with the next, even [pairs][16][2], and
 * those of an odd one, odd [pairs][16][2]. */
void sg_amx_pair(guint16 *even, guint16 *odd, const guint16 *x, int pairs);
/* to[steps][16][32] from x [32 steps][16]. */
void sg_amx_turn(guint16 *to, gsize to_step, const guint16 *x, int steps);

/* sums[tap][2][16][16] (+)= sum over 32 steps positions p of a [2][channel][p] b[tap] [p][channel];
 * a: both blocks [16][32] one behind the other, `a_step` numbers from one step to the next;
 * b: as sg_amx_pair() leaves it. taps: 1 or 3. */
typedef struct {
  const guint16 *a, *b[3];
  gsize a_step;
  int taps, steps;
  gboolean add; /* to what is in sums */
} SgAmxOuter;
void sg_amx_outer(float *sums, const SgAmxOuter *p);
void sg_amx_begin(void); /* before and after any number of sg_amx_outer(), on each thread */
void sg_amx_end(void);
