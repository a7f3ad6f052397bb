/* A convolution as the matrix units see it: planes of the input, taps that shift them, and phases
 * of the output. Shared by cpu-amx*.c. */
#pragma once

#include "engine/backend/cpu/cpu-amx-rows.h"
#include "engine/backend/cpu/cpu-amx.h"
#include "engine/backend/cpu/cpu-private.h"

/* One product: position (i + y, j + x) of a plane with number `weight` of the kernel's. */
typedef struct {
  guint8 plane, y, x, weight;
} SgAmxTap;

/* Plane (a, b) of the stride² planes has x[stride i + a - pad][stride j + b - pad] at (i, j); zero
 * outside of x. Phase (p, q) of the step² phases gives the outputs (step i + p, step j + q). */
typedef struct {
  int stride, pad, more; /* a plane has so many more rows and columns than there are positions */
  int lead;              /* rows of positions that are wanted before and after */
  int step;
  int phases, taps_of[4];
  SgAmxTap taps[4][9];
} SgAmxForm;

struct _SgAmx {
  SgConvGeometry g;
  SgAmxForm form;
  int in, out, depth; /* depth: steps of SG_AMX_DEPTH channels */
  int terms;          /* numbers that a number is the sum of: 1, or 2 of 16 bits together */
  int panels;         /* of 32 output channels */
  int tiles_of_last;
  gsize first[4];  /* of each phase in `packed` */
  guint16 *packed; /* [phase][panel][depth][tap][term][tile][16][16][2] */
};

/* FALSE: not this one. */
gboolean sg_amx_form(SgAmxForm *f, const SgConvGeometry *g);

static inline int
sg_amx_tiles(const SgAmx *amx, int panel)
{
  return panel == amx->panels - 1 ? amx->tiles_of_last : 2;
}

/* Products of numbers: of two terms each, the one of the two rests is left out. */
static inline int
sg_amx_steps(const SgAmx *amx, int phase)
{
  return (2 * amx->terms - 1) * amx->depth * amx->form.taps_of[phase];
}

static inline gsize
sg_amx_panel_at(const SgAmx *amx, int phase, int panel)
{
  gsize steps = (gsize)(amx->terms * amx->depth * amx->form.taps_of[phase]);
  return amx->first[phase] + (gsize)panel * steps * 2 * SG_AMX_TILE;
}
