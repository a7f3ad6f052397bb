#include "engine/explore/preview.h"
#include "engine/explore/nets.h"
#include "engine/explore/recipe-table.h"
#include "engine/kernels/element.h"
#include <string.h>

/* n variants that differ in w alone, as planes [n, C, h, w] at `to`. */
static gboolean
draw(SgNets *nets, int n, SgRecipe *const *variants, guint end, int h, int w, float *to,
     GError **error)
{
  gsize step = (gsize)nets->net->num_ws * (gsize)nets->net->w_dim;
  g_autofree float *ws = g_new(float, (gsize)n *step);
  SgStageEdits edits;

  if (!sg_nets_stage_edits(nets, variants[0], &edits, error))
    return FALSE;
  if (edits.noise == SG_NOISE_RANDOM)
    edits.noise = SG_NOISE_NONE;
  for (int i = 0; i < n; i++)
    if (!sg_nets_single_ws(nets, variants[i], ws + (gsize)i * step, error))
      return FALSE;
  g_autoptr(SgStageCache) pass = sg_stage_cache_new(nets->net, 0, n, 0);
  g_autoptr(SgBuf) img = sg_stage_cache_render(pass, ws, &edits, end, NULL, error);
  if (!img)
    return FALSE;
  g_autofree float *planes = g_new(float, (gsize)img->n * img->c * img->h * img->w);
  img->backend->download(img, planes);
  sg_nets_crop(planes, img->h, img->w, img->n * img->c, h, w, to);
  return sg_backend_check(img->backend, error);
}

SgTensor *
sg_preview_pictures(SgRenderer *r, int n, SgRecipe *const *variants, int max_resolution,
                    GError **error)
{
  SgNets *nets = sg_renderer_nets_of(r, variants[0], error);
  guint end = nets ? sg_nets_last_stage(nets->net, max_resolution) : 0;

  if (!nets)
    return NULL;
  int h, w;
  sg_nets_picture_size(nets->net, end, &h, &w);
  gint64 shape[] = {n, nets->net->channels, h, w};
  g_autoptr(SgTensor) out = sg_tensor_try_new(4, shape, error);
  gsize face = out ? out->numel / (gsize)n : 0;
  for (int i = 0, next; out && i < n; i = next) {
    for (next = i + 1; next < n && sg_part_equal_s_offset(variants[i], variants[next]);)
      next++;
    if (!draw(nets, next - i, variants + i, end, h, w, out->data + (gsize)i * face, error))
      return NULL;
  }
  return g_steal_pointer(&out);
}

/* Pictures one below another, [n, h, w, bytes], as one row. */
static guint8 *
side_by_side(const guint8 *rgb, int n, int h, int w, int bytes)
{
  gsize line = (gsize)w * (gsize)bytes;
  guint8 *row = g_malloc((gsize)n * (gsize)h * line);

  for (int i = 0; i < n; i++)
    for (int y = 0; y < h; y++)
      memcpy(row + ((gsize)y * (gsize)n + (gsize)i) * line,
             rgb + ((gsize)i * (gsize)h + (gsize)y) * line, line);
  return row;
}

guint8 *
sg_preview_strip(SgRenderer *r, int n, SgRecipe *const *variants, int max_resolution, int *h,
                 int *w, int *bytes, GError **error)
{
  g_autoptr(SgTensor) pictures = sg_preview_pictures(r, n, variants, max_resolution, error);

  if (!pictures)
    return NULL;
  *h = (int)pictures->shape[2];
  *w = (int)pictures->shape[3];
  *bytes = (int)k_drawn_bytes((unsigned)pictures->shape[1]);
  g_autofree guint8 *rgb = g_malloc((gsize)n * (gsize)*h * (gsize)*w * (gsize)*bytes);
  sg_image_to_rgb8(pictures, rgb);
  return side_by_side(rgb, n, *h, *w, *bytes);
}
