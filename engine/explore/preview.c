#include "engine/explore/preview.h"
#include "engine/explore/nets.h"
#include "engine/kernels/element.h"
#include <string.h>

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

static SgBuf *
draw(SgNets *nets, int n, SgRecipe *const *variants, guint to, GError **error)
{
  gsize step = (gsize)nets->net->num_ws * (gsize)nets->net->w_dim;
  g_autofree float *ws = g_new(float, (gsize)n *step);
  SgStageEdits edits;

  if (!sg_nets_stage_edits(nets, variants[0], &edits, error))
    return NULL;
  if (edits.noise == SG_NOISE_RANDOM)
    edits.noise = SG_NOISE_NONE;
  for (int i = 0; i < n; i++)
    if (!sg_nets_single_ws(nets, variants[i], ws + (gsize)i * step, error))
      return NULL;
  g_autoptr(SgStageCache) pass = sg_stage_cache_new(nets->net, 0, n, 0);
  return sg_stage_cache_render(pass, ws, &edits, to, NULL, error);
}

guint8 *
sg_preview_strip(SgRenderer *r, int n, SgRecipe *const *variants, int max_resolution, int *size,
                 int *bytes, GError **error)
{
  SgNets *nets = sg_renderer_nets_of(r, variants[0], error);
  guint to = nets ? sg_nets_last_stage(nets->net, max_resolution) : 0;
  g_autoptr(SgBuf) img = nets ? draw(nets, n, variants, to, error) : NULL;
  gboolean finite;

  if (!img)
    return NULL;
  *size = to == nets->net->stages->len ? nets->net->resolution
                                       : sg_synthesis_stage(nets->net, to - 1)->resolution;
  *bytes = (int)k_drawn_bytes((unsigned)img->c);
  g_autofree guint8 *rgb = g_malloc((gsize)n * (gsize)*size * (gsize)*size * (gsize)*bytes);
  sg_buf_rgb8(img, (img->h - *size + 1) / 2, *size, rgb, &finite);
  return sg_backend_check(img->backend, error) ? side_by_side(rgb, n, *size, *bytes) : NULL;
}
