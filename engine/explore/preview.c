#include "engine/explore/preview.h"
#include "engine/explore/nets.h"
#include "engine/explore/recipe-table.h"
#include "engine/kernels/element.h"
#include <string.h>

/* n variants that differ in w alone, as planes [n, C, size, size] at `to`. */
static gboolean
draw(SgNets *nets, int n, SgRecipe *const *variants, guint end, int size, float *to, GError **error)
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
  sg_nets_crop(planes, img->h, img->n * img->c, size, to);
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
  int size = end == nets->net->stages->len ? nets->net->resolution
                                           : sg_synthesis_stage(nets->net, end - 1)->resolution;
  gint64 shape[] = {n, nets->net->channels, size, size};
  g_autoptr(SgTensor) out = sg_tensor_try_new(4, shape, error);
  gsize face = out ? out->numel / (gsize)n : 0;
  for (int i = 0, next; out && i < n; i = next) {
    for (next = i + 1; next < n && sg_part_equal_s_offset(variants[i], variants[next]);)
      next++;
    if (!draw(nets, next - i, variants + i, end, size, out->data + (gsize)i * face, error))
      return NULL;
  }
  return g_steal_pointer(&out);
}

/* Pictures one below another, [n, size, size, bytes], as one row. */
static guint8 *
side_by_side(const guint8 *rgb, int n, int size, int bytes)
{
  gsize line = (gsize)size * (gsize)bytes;
  guint8 *row = g_malloc((gsize)n * (gsize)size * line);

  for (int i = 0; i < n; i++)
    for (int y = 0; y < size; y++)
      memcpy(row + ((gsize)y * (gsize)n + (gsize)i) * line,
             rgb + ((gsize)i * (gsize)size + (gsize)y) * line, line);
  return row;
}

guint8 *
sg_preview_strip(SgRenderer *r, int n, SgRecipe *const *variants, int max_resolution, int *size,
                 int *bytes, GError **error)
{
  g_autoptr(SgTensor) pictures = sg_preview_pictures(r, n, variants, max_resolution, error);

  if (!pictures)
    return NULL;
  *size = (int)pictures->shape[2];
  *bytes = (int)k_drawn_bytes((unsigned)pictures->shape[1]);
  g_autofree guint8 *rgb = g_malloc((gsize)n * (gsize)*size * (gsize)*size * (gsize)*bytes);
  sg_image_to_rgb8(pictures, rgb);
  return side_by_side(rgb, n, *size, *bytes);
}
