#include "engine/explore/causes/channel-edit.h"
#include "engine/explore/nets.h"
#include "engine/formats/format-error.h"
#include "engine/pictures/picture.h"
#include <math.h>
#include <string.h>

/* ---- masks ----------------------------------------------------------------------------------- */

SgMask *
sg_mask_new(int h, int w)
{
  SgMask *m = g_new0(SgMask, 1);

  m->h = h;
  m->w = w;
  m->weight = g_new0(float, (gsize)h *(gsize)w);
  return m;
}

SgMask *
sg_mask_new_region(int h, int w, const SgRegion *r)
{
  SgMask *m = sg_mask_new(h, w);

  for (int y = MAX(r->y, 0); y < MIN(r->y + r->h, h); y++)
    for (int x = MAX(r->x, 0); x < MIN(r->x + r->w, w); x++)
      m->weight[y * w + x] = 1;
  return m;
}

double
sg_mask_change(const SgMask *m, const SgTensor *a, const SgTensor *b, gboolean inside)
{
  gsize plane = (gsize)(a->shape[2] * a->shape[3]);
  double squares = 0, weight = 0;

  for (gsize i = 0; i < a->numel; i++) {
    double has = m ? (double)m->weight[i % plane] : 1, part = inside ? has : 1 - has;
    double d = 127.5 * ((double)a->data[i] - (double)b->data[i]);
    squares += part * d * d;
    weight += part;
  }
  return weight > 0 ? sqrt(squares / weight) : NAN;
}

void
sg_mask_free(SgMask *m)
{
  if (!m)
    return;
  g_free(m->weight);
  g_free(m);
}

SgMask *
sg_mask_read(const char *path, int h, int w, GError **error)
{
  int height, width;
  g_autofree guint8 *rgb = NULL;

  if (!sg_picture_read(path, &rgb, &width, &height, error))
    return NULL;
  if (width != w || height != h) {
    sg_unsupported(error, "%s: a mask is as large as the pictures, %d × %d; this has %d × %d", path,
                   w, h, width, height);
    return NULL;
  }
  SgMask *m = sg_mask_new(h, w);
  for (gsize i = 0; i < (gsize)h * (gsize)w; i++)
    m->weight[i] = (float)(rgb[3 * i] + rgb[3 * i + 1] + rgb[3 * i + 2]) / 765.0f;
  return m;
}

/* Sum of the mask over rows [y0, y1) and columns [x0, x1) of the picture, in parts of pixels;
 * outside of it there is none. */
static double
sum_over(const SgMask *m, double y0, double y1, double x0, double x1)
{
  double sum = 0;

  for (int y = MAX(0, (int)floor(y0)); y < MIN(m->h, (int)ceil(y1)); y++)
    for (int x = MAX(0, (int)floor(x0)); x < MIN(m->w, (int)ceil(x1)); x++) {
      double dy = MIN(y1, y + 1) - MAX(y0, y), dx = MIN(x1, x + 1) - MAX(x0, x);
      sum += dy * dx * (double)m->weight[(gsize)y * (gsize)m->w + (gsize)x];
    }
  return sum;
}

/* The mask for a layer of h × w pixels, [h, w]: the network draws `full` pixels in height, of which
 * the picture is the middle (sg_nets_crop()). NULL mask: ones. To be freed. */
static float *
layer_mask(const SgMask *m, int h, int w, int full)
{
  float *out = g_new(float, (gsize)h *(gsize)w);
  double step = (double)full / h, full_w = step * w;

  for (int i = 0; i < h; i++)
    for (int j = 0; j < w; j++) {
      double y = i * step - (m ? (full - m->h + 1) / 2 : 0);
      double x = j * step - (m ? floor((full_w - m->w + 1) / 2) : 0);
      out[i * w + j] = m ? (float)(sum_over(m, y, y + step, x, x + step) / (step * step)) : 1.0f;
    }
  return out;
}

/* ---- the edit -------------------------------------------------------------------------------- */

typedef struct {
  const SgChannelEdit *edit;
  const SgSynthesis *net;
} Work;

static gboolean
is_chosen(const SgChannelEdit *e, int channel)
{
  for (int i = 0; i < e->n; i++)
    if (e->channels[i] == channel)
      return TRUE;
  return FALSE;
}

static double
deviation(gsize n, const float *v)
{
  double sum = 0, squares = 0;

  for (gsize i = 0; i < n; i++)
    sum += (double)v[i] / (double)n;
  for (gsize i = 0; i < n; i++)
    squares += ((double)v[i] - sum) * ((double)v[i] - sum) / (double)n;
  return sqrt(squares);
}

static void
edit_planes(const SgChannelEdit *e, int channels, gsize pixels, const float *mask, float *v)
{
  float more =
      e->act == SG_CHANNEL_ADD ? (float)(e->amount * deviation((gsize)channels * pixels, v)) : 0;

  for (int c = 0; c < channels; c++) {
    gboolean chosen = is_chosen(e, c);
    float *plane = v + (gsize)c * pixels;
    if (chosen == (e->act == SG_CHANNEL_SOLO))
      continue;
    for (gsize p = 0; p < pixels; p++)
      plane[p] = e->act == SG_CHANNEL_ADD ? plane[p] + more * mask[p] : plane[p] * (1 - mask[p]);
  }
}

/* What the stage has left is changed in place, before the next one reads it. */
static void
stage_done(guint i, SgBuf *x, SgBuf *img, gpointer data)
{
  const Work *w = data;

  if (i != w->edit->stage)
    return;
  gsize pixels = (gsize)x->h * (gsize)x->w;
  g_autofree float *v = g_new(float, sg_buf_count(x));
  g_autofree float *mask = layer_mask(w->edit->mask, x->h, x->w, w->net->full_resolution);
  x->backend->download(x, v);
  edit_planes(w->edit, x->c, pixels, mask, v);
  x->backend->upload(x, v);
}

static gboolean
check(const SgSynthesis *net, const SgChannelEdit *e, GError **error)
{
  const SgStage *stage = e->stage < net->stages->len ? sg_synthesis_stage(net, e->stage) : NULL;

  if (!stage || stage->kind != SG_STAGE_CONV)
    return sg_unsupported(error, "channels are those of a convolution");
  for (int i = 0; i < e->n; i++)
    if (e->channels[i] < 0 || e->channels[i] >= stage->out_channels)
      return sg_unsupported(error, "%s has channels 0 to %d, not %d", stage->name,
                            stage->out_channels - 1, e->channels[i]);
  if (!e->mask)
    return TRUE;
  if (sg_synthesis_stage(net, 0)->fourier)
    return sg_unsupported(error, "the layers of this network have margins: where a pixel of the "
                                 "picture lies in them is not known; without a mask it works");
  if (e->mask->h == net->resolution && e->mask->w == net->width)
    return TRUE;
  return sg_unsupported(error, "a mask is as large as the pictures, %d × %d; this has %d × %d",
                        net->width, net->resolution, e->mask->w, e->mask->h);
}

static SgTensor *
picture_of(const SgSynthesis *net, const SgBuf *img, GError **error)
{
  gint64 shape[] = {1, net->channels, net->resolution, net->width};
  g_autoptr(SgTensor) t = sg_tensor_try_new(4, shape, error);
  g_autofree float *v = g_new(float, sg_buf_count(img));

  if (!t)
    return NULL;
  img->backend->download(img, v);
  if (!sg_backend_check(img->backend, error))
    return NULL;
  sg_nets_crop(v, img->h, img->w, net->channels, net->resolution, net->width, t->data);
  return g_steal_pointer(&t);
}

SgTensor *
sg_channel_edit_draw(SgRenderer *r, const SgRecipe *recipe, const SgChannelEdit *e, GError **error)
{
  SgNets *nets = sg_renderer_nets_of(r, recipe, error);
  SgStageEdits edits;

  if (!nets || !check(nets->net, e, error))
    return NULL;
  g_autofree float *ws = g_new(float, (gsize)nets->net->num_ws *(gsize)nets->net->w_dim);
  if (!sg_nets_single_ws(nets, recipe, ws, error) ||
      !sg_nets_stage_edits(nets, recipe, &edits, error))
    return NULL;
  Work w = {e, nets->net};
  SgStageCache *pass = sg_stage_cache_new(nets->net, 0, 1, 0);
  sg_stage_cache_watch(pass, stage_done, &w);
  g_autoptr(SgBuf) img =
      sg_stage_cache_render(pass, ws, &edits, nets->net->stages->len, NULL, error);
  sg_stage_cache_free(pass);
  return img ? picture_of(nets->net, img, error) : NULL;
}
