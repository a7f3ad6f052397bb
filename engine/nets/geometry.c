#include "engine/nets/geometry.h"
#include "engine/formats/format-error.h"
#include <math.h>

/* ---- filters --------------------------------------------------------------------------------- */

static const struct {
  int up, down, pad, pad_end, gain;
  SgFir fir;
} firs[] = {
    {1, 1, 1, 1, 4, SG_FIR_BLUR_AFTER_UP},
    {1, 1, 2, 2, 1, SG_FIR_BLUR_BEFORE_DOWN},
    {2, 1, 2, 1, 4, SG_FIR_UP},
    {1, 2, 1, 1, 1, SG_FIR_DOWN},
};

static gboolean
has_binomial_taps(const SgFilter *f)
{
  static const double taps[] = {0.125, 0.375, 0.375, 0.125};
  gboolean same = f->n == 4 && !f->radial;

  for (int i = 0; same && i < 4; i++)
    same = fabs(f->taps[i] - taps[i]) < 1e-6;
  return same;
}

/* Index into firs, or -1. */
static int
find_fir(const SgFilter *f)
{
  for (gsize i = 0; has_binomial_taps(f) && i < G_N_ELEMENTS(firs); i++)
    if (f->up == firs[i].up && f->down == firs[i].down && f->pad == firs[i].pad &&
        f->pad_end == firs[i].pad_end && f->gain == firs[i].gain)
      return (int)i;
  return -1;
}

SgFir
sg_filter_fir(const SgFilter *f)
{
  int i = find_fir(f);
  g_assert(i >= 0);
  return firs[i].fir;
}

static gboolean
check_filter(const SgLayer *l, const SgFilter *f, gboolean bilinear, GError **error)
{
  if (f->n == 0 || (find_fir(f) >= 0 && (!f->clamp_edge || (bilinear && f->up == 2))))
    return TRUE;
  return sg_unsupported(error,
                        "the layer %s resamples %d:%d with %d taps and padding %d, %d, which this "
                        "version cannot run",
                        l->name, f->up, f->down, f->n, f->pad, f->pad_end);
}

/* ---- layers ---------------------------------------------------------------------------------- */

SgConvGeometry
sg_layer_geometry(const SgLayer *l)
{
  gboolean up = l->stride_up > 1;
  return (SgConvGeometry){up ? SG_CONV_TRANSPOSED : SG_CONV_FORWARD, l->kernel,
                          up ? l->stride_up : l->stride_down, l->pad, l->pad_end};
}

int
sg_layer_conv_size(const SgLayer *l)
{
  int size = sg_filter_size(&l->before, l->in_h);
  return l->stride_up > 1 ? (size - 1) * l->stride_up + l->kernel - l->pad - l->pad_end
                          : (size + l->pad + l->pad_end - l->kernel) / l->stride_down + 1;
}

static gboolean
check_kind(const SgLayer *l, GError **error)
{
  if (l->kind == SG_KIND_ADAIN || l->kind == SG_KIND_FOURIER)
    return sg_unsupported(error, "the layer %s %s, which this version cannot run", l->name,
                          l->kind == SG_KIND_ADAIN ? "normalises by its style (AdaIN)"
                                                   : "begins with Fourier features");
  if (l->act_up.n || l->act_down.n)
    return sg_unsupported(error,
                          "the layer %s filters around its activation, which this version "
                          "cannot run",
                          l->name);
  return TRUE;
}

static gboolean
check_sizes(const SgLayer *l, GError **error)
{
  if (l->in_h != l->in_w || l->out_h != l->out_w)
    return sg_unsupported(error, "the layer %s is %d×%d pixels; this version runs square ones only",
                          l->name, l->out_w, l->out_h);
  if (l->stride_up > 2 || l->stride_down > 2)
    return sg_unsupported(error, "the layer %s has a stride of %d; this version runs 1 and 2",
                          l->name, MAX(l->stride_up, l->stride_down));
  return TRUE;
}

gboolean
sg_network_check_runnable(const SgNetwork *n, GError **error)
{
  for (guint k = 0; k < n->run->len; k++) {
    const SgLayer *l = sg_network_running(n, k);
    if (!check_kind(l, error) || !check_sizes(l, error) ||
        !check_filter(l, &l->before, FALSE, error) || !check_filter(l, &l->after, FALSE, error) ||
        !check_filter(l, &l->add_filter, TRUE, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
sg_layer_ends_block(const SgLayer *l)
{
  return l->section == SG_SECTION_DISCRIMINATOR && l->kind == SG_KIND_CONV && l->kernel > 1 &&
         l->stride_down > 1;
}
