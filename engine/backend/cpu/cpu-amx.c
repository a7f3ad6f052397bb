/* Whether there are matrix units, and weights in their layout. */
#include "engine/backend/backend-device.h"
#include "engine/backend/cpu/cpu-amx-private.h"
#include <cpuid.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the processor --------------------------------------------------------------------------- */

#define REQUEST_PERMISSION 0x1023 /* ARCH_REQ_XCOMP_PERM (arch_prctl(2)) */
#define TILE_DATA          18     /* XFEATURE_XTILEDATA */

static gboolean
has_instructions(void)
{
  unsigned a, b, c, d;

  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d >> 22 & 1) || !(d >> 24 & 1))
    return FALSE;                                                 /* AMX-BF16, AMX-TILE */
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 5 & 1); /* AVX512_BF16 */
}

gboolean
sg_amx_find(GError **error)
{
  static gsize once;
  enum { FINE = 1, NO_UNITS, NO_PERMISSION };

  if (g_once_init_enter(&once)) {
    gsize found = NO_UNITS;
    if (has_instructions() && CPU(sg_backend_cpu())->block == 16)
      found = syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0 ? FINE : NO_PERMISSION;
    g_once_init_leave(&once, found);
  }
  if (once == FINE)
    return TRUE;
  g_set_error(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_DEVICE, "%s",
              once == NO_UNITS
                  ? "precision bf16 needs a CUDA device or a processor with AMX, which this one "
                    "is not; the CPU computes in fp32"
                  : "precision bf16 needs the processor's AMX units, which the kernel (Linux 5.16 "
                    "or newer allows them) does not permit; the CPU computes in fp32");
  return FALSE;
}

/* ---- the form -------------------------------------------------------------------------------- */

static void
add_tap(SgAmxForm *f, int phase, int plane, int y, int x, int weight)
{
  f->taps[phase][f->taps_of[phase]++] =
      (SgAmxTap){(guint8)plane, (guint8)y, (guint8)x, (guint8)weight};
}

static void
forward_form(SgAmxForm *f, int kernel, int stride, int pad)
{
  *f = (SgAmxForm){
      .stride = stride, .pad = pad, .more = (kernel - 1) / stride, .step = 1, .phases = 1};
  for (int k = 0; k < kernel * kernel; k++) {
    int y = k / kernel, x = k % kernel;
    add_tap(f, 0, y % stride * stride + x % stride, y / stride, x / stride, k);
  }
}

/* Output 2a has x[a] w[0] + x[a - 1] w[2], output 2a + 1 has x[a] w[1]; likewise along rows. */
static void
transposed_form(SgAmxForm *f, int lead)
{
  static const struct {
    int n, at[2], weight[2];
  } axis[2] = {{2, {0, 1}, {2, 0}}, {1, {1}, {1}}};

  *f = (SgAmxForm){.stride = 1, .pad = 1, .more = 1, .lead = lead, .step = 2, .phases = 4};
  for (int p = 0; p < 4; p++)
    for (int i = 0; i < axis[p / 2].n; i++)
      for (int j = 0; j < axis[p % 2].n; j++)
        add_tap(f, p, 0, axis[p / 2].at[i], axis[p % 2].at[j],
                axis[p / 2].weight[i] * 3 + axis[p % 2].weight[j]);
}

gboolean
sg_amx_form(SgAmxForm *f, const SgConvGeometry *g)
{
  if (g->kind == SG_CONV_FORWARD && (g->kernel == 1 || g->kernel == 3) &&
      (g->stride == 1 || g->stride == 2) && g->pad >= 0 && g->pad <= g->kernel)
    forward_form(f, g->kernel, g->stride, g->pad);
  else if (g->kind == SG_CONV_TRANSPOSED && g->kernel == 3 && g->stride == 2 && g->pad == 0 &&
           g->pad_end == 0)
    transposed_form(f, 0);
  else if (g->kind == SG_CONV_UP_FIR && g->kernel == 3)
    transposed_form(f, 1); /* the filter needs rows on both sides */
  else
    return FALSE;
  return TRUE;
}

gboolean
sg_amx_suits(const SgConvGeometry *g, int out, int in)
{
  SgAmxForm f;
  return out >= 8 && in >= 8 && sg_amx_form(&f, g);
}

/* ---- weights --------------------------------------------------------------------------------- */

/* 32 input channels of one panel, in every phase. */
static void
pack(SgAmx *amx, const SgAmxWeights *w, int panel, int d)
{
  const SgAmxForm *f = &amx->form;
  int tiles = sg_amx_tiles(amx, panel), ins = MIN(SG_AMX_DEPTH, amx->in - SG_AMX_DEPTH * d);
  int last = amx->g.kernel * amx->g.kernel - 1;
  gsize term = (gsize)tiles * SG_AMX_TILE, tap = (gsize)amx->terms * term;

  for (int p = 0; p < f->phases; p++) {
    guint16 *to = amx->packed + sg_amx_panel_at(amx, p, panel) + (gsize)(d * f->taps_of[p]) * tap;
    for (int t = 0; t < f->taps_of[p]; t++, to += tap)
      for (int k = 0; k < tiles; k++) {
        int o = 32 * panel + 16 * k, weight = f->taps[p][t].weight;
        guint16 *tile = to + (gsize)k * SG_AMX_TILE;
        sg_amx_pack_tile(tile, amx->terms == 2 ? tile + term : NULL,
                         w->w + (gsize)o * w->out_step + (gsize)(SG_AMX_DEPTH * d) * w->in_step +
                             (w->flip ? last - weight : weight),
                         w->out_step, w->in_step, MIN(16, amx->out - o), ins);
      }
  }
}

gboolean
sg_amx_wants_two(int out, int in, int h, int w)
{
  return h * w <= 64 || (h * w <= 256 && out * in <= 128 * 128);
}

SgAmx *
sg_amx_new(const SgConvGeometry *g, int out, int in, const SgAmxWeights *w, gboolean two,
           GError **error)
{
  SgAmx *amx = g_new0(SgAmx, 1);
  gboolean known = sg_amx_form(&amx->form, g);
  int blocks = (out + 15) / 16;
  gsize total = 0;

  g_assert(known);
  amx->g = *g;
  amx->in = in;
  amx->out = out;
  amx->depth = (in + SG_AMX_DEPTH - 1) / SG_AMX_DEPTH;
  amx->terms = two ? 2 : 1;
  amx->panels = (blocks + 1) / 2;
  amx->tiles_of_last = blocks % 2 ? 1 : 2;
  for (int p = 0; p < amx->form.phases; p++) {
    amx->first[p] = total;
    total += (gsize)(amx->terms * amx->depth * amx->form.taps_of[p]) * (gsize)blocks * SG_AMX_TILE;
  }
  amx->packed = sg_aligned_alloc(total * sizeof(guint16));
  if (!amx->packed) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough memory for packed weights");
    g_free(amx);
    return NULL;
  }
#pragma omp parallel for collapse(2) schedule(static)
  for (int panel = 0; panel < amx->panels; panel++)
    for (int d = 0; d < amx->depth; d++)
      pack(amx, w, panel, d);
  return amx;
}

void
sg_amx_free(SgAmx *amx)
{
  if (!amx)
    return;
  sg_aligned_free(amx->packed);
  g_free(amx);
}
