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

gboolean
sg_filter_find_fir(const SgFilter *f, SgFir *fir)
{
  int i = find_fir(f);
  if (i >= 0)
    *fir = firs[i].fir;
  return i >= 0;
}

SgFir
sg_filter_fir(const SgFilter *f)
{
  SgFir fir;
  gboolean found = sg_filter_find_fir(f, &fir);
  g_assert(found);
  return fir;
}

SgTaps
sg_filter_taps(const SgFilter *f)
{
  return (SgTaps){f->n, f->taps, f->up, f->down, f->pad, f->gain, f->radial};
}

/* What a back end's general filter takes and gives is ACT. */
static SgBuf *
run_taps(const SgFilter *f, const SgBuf *x, GError **error)
{
  SgBackend *b = x->backend;
  int h = sg_filter_size(f, x->h), w = sg_filter_size(f, x->w);
  gboolean up = f->down == 1 && !f->radial;
  SgTaps taps = sg_filter_taps(f);
  SgFiltered filtered = {
      .h = up ? h : x->h, .w = up ? w : x->w, .slope = 1, .gain = 1, .clamp = -1};
  g_autoptr(SgBuf) in = NULL, out = sg_buf_new(b, SG_FMT_ACT, x->n, x->c, h, w, error);

  *(up ? &filtered.up : &filtered.down) = taps;
  if (!out || !(in = sg_buf_new(b, SG_FMT_ACT, x->n, x->c, x->h, x->w, error)))
    return NULL;
  if (x->fmt == SG_FMT_ACT) {
    b->filtered(out, x, &filtered);
    return g_steal_pointer(&out);
  }
  SgBuf *y = sg_buf_new(b, SG_FMT_PLAIN, x->n, x->c, h, w, error);
  if (!y)
    return NULL;
  b->copy(in, x);
  b->filtered(out, in, &filtered);
  b->copy(y, out);
  return y;
}

SgBuf *
sg_filter_run(const SgFilter *f, const SgBuf *x, GError **error)
{
  SgFir fir;

  if (!sg_filter_find_fir(f, &fir))
    return run_taps(f, x, error);
  int h = sg_filter_size(f, x->h), w = sg_filter_size(f, x->w);
  SgBuf *y = sg_buf_new(x->backend, x->fmt, x->n, x->c, h, w, error);
  if (y)
    x->backend->fir(y, x, fir);
  return y;
}

/* ---- layers ---------------------------------------------------------------------------------- */

SgConvGeometry
sg_layer_geometry(const SgLayer *l)
{
  gboolean up = l->stride_up > 1;
  return (SgConvGeometry){up ? SG_CONV_TRANSPOSED : SG_CONV_FORWARD, l->kernel + (l->widen != 0),
                          up ? l->stride_up : l->stride_down, l->pad, l->pad_end};
}

int
sg_layer_conv_size_of(const SgLayer *l, int in)
{
  int size = sg_filter_size(&l->before, in), kernel = l->kernel + (l->widen != 0);
  return l->stride_up > 1 ? (size - 1) * l->stride_up + kernel - l->pad - l->pad_end
                          : (size + l->pad + l->pad_end - kernel) / l->stride_down + 1;
}

void
sg_layer_conv_size(const SgLayer *l, int *h, int *w)
{
  *h = sg_layer_conv_size_of(l, l->in_h);
  *w = sg_layer_conv_size_of(l, l->in_w);
}

/* Where a network is to be run: what it lacks is a reason not to. */
typedef struct {
  const SgLayer *l;
  const char *where; /* "the device cuda" */
  gboolean adain, filtered;
  GError **error;
} Check;

G_GNUC_PRINTF(2, 3)
static gboolean
refuse(const Check *c, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  return sg_unsupported(c->error, "the layer %s %s, which %s", c->l->name, what, c->where);
}

/* At most so many taps, and zeros between two samples: far beyond what networks have. */
#define MOST_TAPS   128
#define MOST_ZEROS  16
#define MOST_PIXELS 16384

static gboolean
check_filter(const Check *c, const SgFilter *f, gboolean added)
{
  if (f->n == 0 || (find_fir(f) >= 0 && (!f->clamp_edge || (added && f->up == 2))))
    return TRUE;
  if (c->filtered && !f->clamp_edge && !(f->up > 1 && (f->down > 1 || f->radial)) &&
      f->n <= MOST_TAPS && f->up <= MOST_ZEROS && f->down <= MOST_ZEROS)
    return TRUE;
  return refuse(c, "resamples %d:%d with %d taps and padding %d, %d", f->up, f->down, f->n, f->pad,
                f->pad_end);
}

static gboolean
check_kind(const Check *c)
{
  const SgLayer *l = c->l;

  if (l->kind == SG_KIND_ADAIN && !c->adain)
    return refuse(c, "normalises by its style (AdaIN)");
  if ((l->kind == SG_KIND_FOURIER) && !c->filtered)
    return refuse(c, "begins with Fourier features");
  if ((l->act_up.n || l->act_down.n) && !c->filtered)
    return refuse(c, "filters around its activation");
  return TRUE;
}

static gboolean
check_sizes(const Check *c)
{
  const SgLayer *l = c->l;

  if (l->stride_up > 2 || l->stride_down > 2)
    return sg_unsupported(c->error, "the layer %s has a stride of %d; this version runs 1 and 2",
                          l->name, MAX(l->stride_up, l->stride_down));
  if (MAX(l->out_h, l->out_w) > MOST_PIXELS ||
      sg_filter_size(&l->act_up, MAX(l->in_h, l->in_w)) > MOST_PIXELS)
    return sg_unsupported(c->error, "the layer %s has more than %d pixels along an axis", l->name,
                          MOST_PIXELS);
  return TRUE;
}

static gboolean
check_layer(const Check *c)
{
  const SgLayer *l = c->l;

  return check_kind(c) && check_sizes(c) && check_filter(c, &l->before, FALSE) &&
         check_filter(c, &l->after, FALSE) && check_filter(c, &l->add_filter, TRUE) &&
         check_filter(c, &l->act_up, FALSE) && check_filter(c, &l->act_down, FALSE);
}

static gboolean
check_layers(Check *c, const SgNetwork *n)
{
  for (guint k = 0; k < n->run->len; k++) {
    c->l = sg_network_running(n, k);
    if (!check_layer(c))
      return FALSE;
  }
  return TRUE;
}

gboolean
sg_network_check_runnable(const SgNetwork *n, const SgBackend *b, GError **error)
{
  g_autofree char *where =
      g_strdup_printf("the device %s cannot run; take the CPU (--device=cpu)", b->name);
  Check c = {
      .where = where, .adain = b->adain != NULL, .filtered = b->filtered != NULL, .error = error};

  return check_layers(&c, n);
}

/* AdaIN is made of operations that every back end has. */
gboolean
sg_network_check_differentiable(const SgNetwork *n, const SgBackend *b, GError **error)
{
  g_autofree char *where =
      g_strdup_printf("the device %s cannot differentiate; take the CPU (--device=cpu)", b->name);
  Check c = {.where = where, .adain = TRUE, .filtered = b->filtered != NULL, .error = error};

  return check_layers(&c, n);
}

gboolean
sg_layer_ends_block(const SgLayer *l)
{
  return l->section == SG_SECTION_DISCRIMINATOR && l->kind == SG_KIND_CONV && l->kernel > 1 &&
         l->stride_down > 1;
}
