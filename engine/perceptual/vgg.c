#include "engine/perceptual/vgg.h"
#include "engine/autograd/ops.h"
#include "engine/backend/backend.h"
#include "engine/perceptual/pooling.h"

#define V(x) ((x)->value)

/* Which are followed by pooling and are a tap. */
static const int last_of_block[SG_VGG_TAPS] = {1, 3, 6, 9, 12};

/* ---- on a device ----------------------------------------------------------------------------- */

static SgVar *
constant(SgBackend *b, const SgTensor *t, int o, int i, int k, GError **error)
{
  g_autoptr(SgBuf) buf = sg_buf_from_floats(b, t->data, o, i, k, k, error);
  return buf ? sg_var_new_constant(buf) : NULL;
}

static gboolean
take(SgVgg *v, const SgVggTensors *f, GError **error)
{
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

  for (int k = 0; k < SG_VGG_CONVS; k++) {
    const SgTensor *w = f->weight[k], *b = f->bias[k];
    int o = (int)w->shape[0];
    g_checksum_update(sum, (const guint8 *)w->data, (gssize)(w->numel * sizeof *w->data));
    g_checksum_update(sum, (const guint8 *)b->data, (gssize)(b->numel * sizeof *b->data));
    if (!(v->weight[k] = constant(v->backend, w, o, (int)w->shape[1], 3, error)) ||
        !(v->bias[k] = constant(v->backend, b, 1, o, 1, error)))
      return FALSE;
  }
  v->sha256 = g_strdup(g_checksum_get_string(sum));
  return TRUE;
}

SgVgg *
sg_vgg_new(SgBackend *b, const SgArchive *file, GError **error)
{
  g_autoptr(SgVgg) v = g_new0(SgVgg, 1);
  SgVggTensors f;

  v->backend = b;
  if (!sg_vgg_find(file, &f, error) || !take(v, &f, error))
    return NULL;
  return g_steal_pointer(&v);
}

void
sg_vgg_free(SgVgg *v)
{
  if (!v)
    return;
  for (int k = 0; k < SG_VGG_CONVS; k++) {
    sg_var_unref(v->weight[k]);
    sg_var_unref(v->bias[k]);
  }
  g_free(v->sha256);
  g_free(v);
}

int
sg_vgg_channels(const SgVgg *v, int tap)
{
  return V(v->weight[last_of_block[tap]])->n;
}

void
sg_vgg_run(SgTape *t, const SgVgg *v, SgVar *pictures, SgVar *taps[SG_VGG_TAPS])
{
  const SgConvGeometry geometry = {SG_CONV_FORWARD, .kernel = 3, .stride = 1, 1, 1};
  SgVar *x = sg_op_to_act(t, pictures);
  int tap = 0;

  for (int k = 0; k < SG_VGG_CONVS; k++) {
    const SgEpilogueVars relu = {.bias = v->bias[k], .slope = 0, .gain = 1, .clamp = -1};
    if (x)
      x = sg_op_conv(t, x, NULL, v->weight[k], &geometry, V(x)->h, V(x)->w);
    x = sg_op_epilogue(t, x, &relu);
    if (k != last_of_block[tap])
      continue;
    taps[tap++] = x;
    if (tap < SG_VGG_TAPS)
      x = sg_op_max_pool(t, x);
  }
}
