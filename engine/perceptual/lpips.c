#include "engine/perceptual/lpips.h"
#include "engine/autograd/ops.h"
#include "engine/backend/backend.h"
#include "engine/base/room.h"
#include "engine/formats/format-error.h"
#include "engine/perceptual/pooling.h"
#include <math.h>
#include <string.h>

#define V(x) ((x)->value)

/* From -1 … 1 to what torchvision's networks take: (x - shift) / scale, as lpips has it (ImageNet's
 * mean and deviation of 0 … 1). */
static const double shifts[3] = {-0.030, -0.088, -0.188};
static const double scales[3] = {0.458, 0.448, 0.450};

struct _SgLpips {
  SgVgg *vgg;
  SgVar *factor[SG_VGG_TAPS];  /* constants [1, C, 1, 1], roots of the weights; or NULL all */
  SgVar *multiplier, *summand; /* constants [1, 3, 1, 1] of the pictures */
  char *identity;
};

/* ---- the factors ----------------------------------------------------------------------------- */

/* The tensor of tap k's factors: any name with "lin" or "lpips" and k in it; NULL: none. */
static const SgTensor *
find_factors(const SgArchive *a, int k)
{
  char lin[8], lpips[8];

  g_snprintf(lin, sizeof lin, "lin%d", k);
  g_snprintf(lpips, sizeof lpips, "lpips%d", k);
  for (guint i = 0; i < a->entries->len; i++) {
    const SgEntry *e = a->entries->pdata[i];
    if (strstr(e->name, lin) || strstr(e->name, lpips))
      return e->tensor;
  }
  return NULL;
}

static gboolean
check_factors(const SgArchive *a, const SgTensor *f, int k, int channels, GError **error)
{
  if (!f)
    return sg_unsupported(
        error, "%s: has no factors “lin%d”; expected the lpips package's v0.1/vgg.pth", a->path, k);
  if (f->numel != (gsize)channels)
    return sg_unsupported(error,
                          "%s: “lin%d” has %" G_GSIZE_FORMAT " factors and the network %d channels "
                          "there; factors of another network (alex, squeeze) do not fit",
                          a->path, k, f->numel, channels);
  for (gsize i = 0; i < f->numel; i++)
    if (!(f->data[i] >= 0) || !isfinite(f->data[i]))
      return sg_broken(error, "%s: “lin%d” has a factor that is negative or no number", a->path, k);
  return TRUE;
}

static gboolean
take_factors(SgLpips *l, const SgArchive *a, GChecksum *sum, GError **error)
{
  for (int k = 0; k < SG_VGG_TAPS; k++) {
    int channels = sg_vgg_channels(l->vgg, k);
    const SgTensor *f = find_factors(a, k);
    if (!check_factors(a, f, k, channels, error))
      return FALSE;
    g_autofree float *roots = sg_room((gsize)channels, sizeof *roots);
    if (!roots)
      return sg_room_check(error);
    for (int c = 0; c < channels; c++)
      roots[c] = sqrtf(f->data[c]);
    g_checksum_update(sum, (const guint8 *)f->data, (gssize)(f->numel * sizeof *f->data));
    g_autoptr(SgBuf) buf = sg_buf_from_floats(l->vgg->backend, roots, 1, channels, 1, 1, error);
    if (!buf)
      return FALSE;
    l->factor[k] = sg_var_new_constant(buf);
  }
  return TRUE;
}

/* ---- life ------------------------------------------------------------------------------------ */

static gboolean
take_scales(SgLpips *l, GError **error)
{
  float multiplier[3], summand[3];

  for (int i = 0; i < 3; i++) {
    multiplier[i] = (float)(1 / scales[i]);
    summand[i] = (float)(-shifts[i] / scales[i]);
  }
  g_autoptr(SgBuf) a = sg_buf_from_floats(l->vgg->backend, multiplier, 1, 3, 1, 1, error);
  g_autoptr(SgBuf) b = a ? sg_buf_from_floats(l->vgg->backend, summand, 1, 3, 1, 1, error) : NULL;
  if (!b)
    return FALSE;
  l->multiplier = sg_var_new_constant(a);
  l->summand = sg_var_new_constant(b);
  return TRUE;
}

SgLpips *
sg_lpips_new_of(SgBackend *b, const SgArchive *vgg, const SgArchive *linear, GError **error)
{
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  g_autoptr(SgLpips) l = g_new0(SgLpips, 1);
  const SgArchive *factors = linear ? linear : find_factors(vgg, 0) ? vgg : NULL;

  if (!(l->vgg = sg_vgg_new(b, vgg, error)) || !take_scales(l, error))
    return NULL;
  g_checksum_update(sum, (const guint8 *)l->vgg->sha256, -1);
  if (factors && !take_factors(l, factors, sum, error))
    return NULL;
  l->identity = g_strdup(g_checksum_get_string(sum));
  return g_steal_pointer(&l);
}

SgLpips *
sg_lpips_new(SgBackend *b, const char *vgg, const char *linear, GError **error)
{
  g_autoptr(SgArchive) network = sg_archive_open(vgg, error);
  g_autoptr(SgArchive) factors = network && linear ? sg_archive_open(linear, error) : NULL;

  return network && (factors || !linear) ? sg_lpips_new_of(b, network, factors, error) : NULL;
}

void
sg_lpips_free(SgLpips *l)
{
  if (!l)
    return;
  for (int k = 0; k < SG_VGG_TAPS; k++)
    sg_var_unref(l->factor[k]);
  sg_var_unref(l->multiplier);
  sg_var_unref(l->summand);
  sg_vgg_free(l->vgg);
  g_free(l->identity);
  g_free(l);
}

const char *
sg_lpips_identity(const SgLpips *l)
{
  return l->identity;
}

gboolean
sg_lpips_is_learnt(const SgLpips *l)
{
  return l->factor[0] != NULL;
}

gboolean
sg_lpips_check_size(int h, int w, GError **error)
{
  if (MIN(h, w) >= SG_VGG_LEAST)
    return TRUE;
  return sg_unsupported(error,
                        "pictures of %d × %d pixels are too small for VGG16, which halves "
                        "them four times: at least %d × %d",
                        w, h, SG_VGG_LEAST, SG_VGG_LEAST);
}

/* ---- on the tape ----------------------------------------------------------------------------- */

/* Three colours, not larger than they have to be, normalised. */
static SgVar *
prepared(SgTape *t, const SgLpips *l, SgVar *x)
{
  if (!x)
    return NULL;
  int n = V(x)->n, c = V(x)->c;
  if (c == 2 || c == 4)
    x = sg_op_slice(t, x, 0, c - 1);
  int k = x ? MIN(V(x)->h, V(x)->w) / SG_LPIPS_MOST : 0;
  if (k > 1 && V(x)->h % k == 0 && V(x)->w % k == 0)
    x = sg_op_mean_pool(t, x, k);
  if (!x)
    return NULL;
  int h = V(x)->h, w = V(x)->w;
  if (V(x)->c == 1)
    x = sg_op_expand(t, x, SG_FMT_PLAIN, n, 3, h, w);
  x = sg_op_mul(t, x, sg_op_expand(t, l->multiplier, SG_FMT_PLAIN, n, 3, h, w));
  return sg_op_add(t, x, sg_op_expand(t, l->summand, SG_FMT_PLAIN, n, 3, h, w));
}

gboolean
sg_lpips_features(SgTape *t, const SgLpips *l, const SgBuf *pictures, SgFeatures *f)
{
  SgVar *taps[SG_VGG_TAPS] = {NULL};
  gboolean recorded = sg_tape_record(t, FALSE);

  sg_tape_enter(t);
  sg_vgg_run(t, l->vgg, prepared(t, l, sg_var_constant(t, (SgBuf *)pictures)), taps);
  gboolean ok = sg_features_keep(t, SG_VGG_TAPS, taps, f);
  sg_tape_leave(t, NULL);
  sg_tape_record(t, recorded);
  return ok;
}

SgVar *
sg_lpips_distance(SgTape *t, const SgLpips *l, SgVar *pictures, const SgFeatures *wanted)
{
  SgVar *taps[SG_VGG_TAPS] = {NULL};

  if (!pictures)
    return NULL;
  sg_tape_enter(t);
  sg_vgg_run(t, l->vgg, prepared(t, l, pictures), taps);
  SgVar *d = sg_features_distance(t, taps, wanted, l->factor);
  return sg_tape_leave(t, d);
}

gboolean
sg_lpips_distances(const SgLpips *l, int n, int c, int h, int w, const float *a, const float *b,
                   double *out, GError **error)
{
  SgBackend *device = l->vgg->backend;
  g_autoptr(SgTape) t = sg_tape_new(device);
  g_autofree float *v = sg_room((gsize)n, sizeof *v);
  g_auto(SgFeatures) wanted = {0};

  if (!v)
    return sg_room_check(error);
  if (!sg_lpips_check_size(h, w, error))
    return FALSE;
  g_autoptr(SgBuf) x = sg_buf_from_floats(device, a, n, c, h, w, error);
  g_autoptr(SgBuf) y = x ? sg_buf_from_floats(device, b, n, c, h, w, error) : NULL;
  if (!y)
    return FALSE;
  sg_tape_record(t, FALSE);
  sg_tape_enter(t);
  sg_lpips_features(t, l, y, &wanted);
  SgVar *d = sg_lpips_distance(t, l, sg_var_constant(t, x), &wanted);
  if (d)
    device->download(V(d), v);
  sg_tape_leave(t, NULL);
  if (!sg_tape_reset(t, error) || !sg_backend_check(device, error))
    return FALSE;
  for (int i = 0; i < n; i++)
    out[i] = (double)v[i];
  return TRUE;
}
