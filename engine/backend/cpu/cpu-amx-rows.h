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
