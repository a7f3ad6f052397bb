#include "engine/explore/renderer.h"
#include "engine/backend/backend-device.h"
#include "engine/base/debug.h"
#include "engine/base/interrupt.h"
#include "engine/explore/nets.h"
#include "engine/explore/tuned.h"
#include "engine/formats/format-error.h"
#include "engine/kernels/element.h"
#include "engine/nets/discriminator.h"
#include <math.h>
#include <string.h>

/* Influence is measured on pictures of at most this size where the architecture has smaller
 * ones. */
#define INFLUENCE_RESOLUTION 64

struct _SgRenderer {
  SgModel *model;
  SgBackend *backend;
  gsize budget;
  SgNets *stored;                 /* the weights as in the file */
  SgNets *edited;                 /* those of the last recipe that pruned, or NULL */
  SgPrune edited_by;              /* how `edited` came from the model */
  char *edited_tuning;            /* …and the hash of the tuned weights in it, or NULL */
  SgModel *tuned;                 /* the model with the tuned weights of the last recipe, or NULL */
  char *tuning;                   /* their hash */
  SgDiscriminator *discriminator; /* made when first asked for a score */
};

SgRenderer *
sg_renderer_new(SgModel *model, SgBackend *backend, GError **error)
{
  g_autoptr(SgRenderer) r = g_new0(SgRenderer, 1);

  r->model = sg_model_ref(model);
  r->backend = backend ? backend : sg_backend_default();
  r->budget = SG_RENDERER_BUDGET;
  r->stored = sg_nets_new(model, r->backend, r->budget, error);
  return r->stored ? g_steal_pointer(&r) : NULL;
}

void
sg_renderer_free(SgRenderer *r)
{
  if (!r)
    return;
  sg_nets_free(r->stored);
  sg_nets_free(r->edited);
  sg_prune_clear(&r->edited_by);
  g_free(r->edited_tuning);
  g_clear_pointer(&r->tuned, sg_model_unref);
  g_free(r->tuning);
  sg_discriminator_free(r->discriminator);
  sg_model_unref(r->model);
  g_free(r);
}

SgBackend *
sg_renderer_backend(SgRenderer *r)
{
  return r->backend;
}

SgModel *
sg_renderer_model(SgRenderer *r)
{
  return r->model;
}

void
sg_renderer_set_cache_budget(SgRenderer *r, gsize bytes)
{
  r->budget = bytes;
  sg_nets_set_budget(r->stored, bytes);
  if (r->edited)
    sg_nets_set_budget(r->edited, bytes);
}

SgRenderer *
sg_renderer_new_beside(SgRenderer *r, GError **error)
{
  SgRenderer *other = sg_renderer_new(sg_renderer_model(r), sg_renderer_backend(r), error);

  if (other)
    sg_renderer_set_cache_budget(other, 0);
  return other;
}

void
sg_picture_free(SgPicture *p)
{
  if (!p)
    return;
  g_free(p->rgb);
  g_free(p->w);
  g_free(p);
}

/* The model with tuned weights; the newest is kept. */
static SgModel *
tuned_model(SgRenderer *r, const SgTunedWeights *tuning, GError **error)
{
  if (!tuning)
    return r->model;
  if (r->tuned && strcmp(r->tuning, tuning->sha256) == 0)
    return r->tuned;
  g_clear_pointer(&r->tuned, sg_model_unref);
  g_clear_pointer(&r->tuning, g_free);
  if ((r->tuned = sg_tuned_apply(r->model, tuning, error)))
    r->tuning = g_strdup(tuning->sha256);
  return r->tuned;
}

/* The nets with the weights that tuning and `prune` leave. Those of the file are always kept, so
 * that turning the dial back costs nothing and changes nothing; of edited ones only the newest.
 * Truncation goes towards the stored network's mean whatever is pruned. */
static SgNets *
nets_with(SgRenderer *r, const SgTunedWeights *tuning, const SgPrune *prune, GError **error)
{
  const char *hash = tuning ? tuning->sha256 : NULL;

  if (!sg_prune_is_active(prune) && !tuning)
    return r->stored;
  if (r->edited && sg_prune_equal(&r->edited_by, prune) && g_strcmp0(r->edited_tuning, hash) == 0)
    return r->edited;
  g_clear_pointer(&r->edited, sg_nets_free);
  SgModel *base = tuned_model(r, tuning, error);
  g_autoptr(SgModel) model = base ? sg_prune_apply(base, prune, error) : NULL;
  r->edited = model ? sg_nets_new(model, r->backend, r->budget, error) : NULL;
  if (!r->edited || !sg_nets_need_w_avg(r->stored, error)) {
    g_clear_pointer(&r->edited, sg_nets_free);
    return NULL;
  }
  r->edited->w_avg = g_memdup2(r->stored->w_avg, sizeof(double) * (gsize)r->model->info.w_dim);
  sg_prune_clear(&r->edited_by);
  sg_prune_copy(&r->edited_by, prune);
  g_free(r->edited_tuning);
  r->edited_tuning = g_strdup(hash);
  return r->edited;
}

SgNets *
sg_renderer_nets(SgRenderer *r, const SgPrune *prune, GError **error)
{
  return nets_with(r, NULL, prune, error);
}

SgNets *
sg_renderer_nets_of(SgRenderer *r, const SgRecipe *recipe, GError **error)
{
  return nets_with(r, recipe->tuning, &recipe->prune, error);
}

/* ---- rendering ------------------------------------------------------------------------------- */

int
sg_renderer_sizes(SgRenderer *r, int most, int *sizes, double *shares)
{
  return sg_nets_sizes(r->stored->net, most, sizes, shares);
}

static gboolean
all_finite(const SgTensor *t)
{
  for (gsize i = 0; i < t->numel; i++)
    if (!isfinite(t->data[i]))
      return FALSE;
  return TRUE;
}

SgTensor *
sg_renderer_render_float(SgRenderer *r, const SgRecipe *recipe, GError **error)
{
  SgNets *nets = sg_renderer_nets_of(r, recipe, error);
  g_autoptr(SgTensor) images = nets ? sg_nets_render(nets, recipe, error) : NULL;

  if (!images || (!nets->overflow && all_finite(images)))
    return g_steal_pointer(&images);
  g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
              "the numbers overflow: a scale, truncation, offset or strength takes this model far "
              "beyond what it can draw");
  return NULL;
}

SgPicture *
sg_renderer_draw(SgRenderer *r, const SgRecipe *recipe, int max_resolution, int first_face,
                 SgFacesFunc drawn, gpointer data, GError **error)
{
  gint64 start = g_get_monotonic_time();
  SgNets *nets = sg_renderer_nets_of(r, recipe, error);
  SgNetsDrawing how = {
      .max_resolution = max_resolution, .first_face = first_face, .drawn = drawn, .data = data};

  if (!nets || !sg_nets_draw(nets, recipe, &how, error))
    return NULL;
  SgPicture *p = g_new0(SgPicture, 1);
  p->faces = recipe->faces;
  p->channels = nets->net->channels;
  p->bytes = (int)k_drawn_bytes((unsigned)p->channels);
  p->height = how.h;
  p->width = how.w;
  p->w_dim = recipe->w_dim;
  p->w = g_new(double, recipe->w_dim);
  sg_recipe_base_w(recipe, 0, -1, nets->w, p->w);
  p->overflow = !how.finite || nets->overflow;
  p->first_layer = (int)how.first_run;
  p->reduced = p->height < nets->net->resolution;
  p->seconds = (double)(g_get_monotonic_time() - start) / 1e6;
  sg_debug(SG_DEBUG_RENDER, "%d faces of seed %u at %dx%d from layer %d on: %.2f ms%s", p->faces,
           recipe->seed, p->width, p->height, p->first_layer, p->seconds * 1e3,
           p->overflow ? ", overflow" : "");
  return p;
}

typedef struct {
  guint8 *rgb; /* NULL before the first face */
  int faces, bytes;
  int missing_h, missing_w; /* there was no memory for pictures of this size */
} Gathered;

static gboolean
gather(const guint8 *rgb, int h, int w, int first, int n, gpointer data)
{
  Gathered *g = data;
  gsize face = (gsize)h * (gsize)w * (gsize)g->bytes;

  if (!g->rgb && !(g->rgb = g_try_malloc_n((gsize)g->faces, face))) {
    g->missing_h = h;
    g->missing_w = w;
    return FALSE;
  }
  memcpy(g->rgb + (gsize)first * face, rgb, (gsize)n * face);
  return TRUE;
}

SgPicture *
sg_renderer_render(SgRenderer *r, const SgRecipe *recipe, int max_resolution, GError **error)
{
  int bytes = (int)k_drawn_bytes((unsigned)r->stored->net->channels);
  Gathered g = {.faces = recipe->faces, .bytes = bytes};
  GError *why = NULL;
  SgPicture *p = sg_renderer_draw(r, recipe, max_resolution, 0, gather, &g, &why);

  if (p) {
    p->rgb = g.rgb;
    return p;
  }
  if (g.missing_h) {
    g_clear_error(&why);
    g_set_error(&why, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                "not enough memory for %d pictures of %d × %d pixels", recipe->faces, g.missing_w,
                g.missing_h);
  }
  g_free(g.rgb);
  g_propagate_error(error, why);
  return NULL;
}

double *
sg_renderer_ws(SgRenderer *r, const SgRecipe *recipe, GError **error)
{
  SgNets *nets = sg_renderer_nets_of(r, recipe, error);
  gsize n = nets ? (gsize)nets->net->num_ws * (gsize)nets->net->w_dim : 0;
  g_autofree float *ws = g_try_new(float, n);
  double *v = NULL;

  if (!nets || !(ws || sg_no_memory(error, "for the face's w")) ||
      !sg_nets_single_ws(nets, recipe, ws, error))
    return NULL;
  if (!(v = g_try_new(double, n))) {
    sg_no_memory(error, "for the face's w");
    return NULL;
  }
  for (gsize i = 0; i < n; i++)
    v[i] = ws[i];
  return v;
}

SgTensor *
sg_renderer_map(SgRenderer *r, const SgTensor *z, const int *labels, GError **error)
{
  const SgMapping *mapping = r->stored->mapping;
  gint64 shape[2] = {z->shape[0], mapping->w_dim};
  if (z->ndim != 2 || z->shape[1] != mapping->z_dim) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED, "z must have %d dimensions",
                mapping->z_dim);
    return NULL;
  }
  g_autoptr(SgTensor) w = sg_tensor_try_new(2, shape, error);
  if (!w || !sg_mapping_run(mapping, (int)z->shape[0], z->data, labels, w->data, error))
    return NULL;
  return g_steal_pointer(&w);
}

/* ---- influence ------------------------------------------------------------------------------- */

/* ws of face 0 with one dimension moved; dim < 0: as it is. */
static gboolean
moved_ws(SgNets *nets, const SgRecipe *recipe, SgSpace space, int dim, double delta, float *ws,
         GError **error)
{
  g_autoptr(SgRecipe) moved = sg_recipe_copy(recipe);

  if (dim >= 0)
    (space == SG_SPACE_Z ? moved->z_offset : moved->w_offset)[dim] += delta;
  return sg_nets_single_ws(nets, moved, ws, error);
}

static double
mean_change(const float *a, const float *b, gsize n)
{
  double sum = 0;
  for (gsize i = 0; i < n; i++)
    sum += fabs((double)k_clamp(a[i], 1) - k_clamp(b[i], 1));
  return sum / (double)n * 127.5;
}

gboolean
sg_renderer_influence(SgRenderer *r, const SgRecipe *recipe, SgSpace space, double delta, int n,
                      const int *dims, double *influence, GError **error)
{
  SgNets *nets = sg_renderer_nets_of(r, recipe, error);
  if (!nets)
    return FALSE;
  gsize step = (gsize)nets->net->num_ws * (gsize)nets->net->w_dim;
  g_autofree float *ws = g_try_new(float, (gsize)(n + 1) * step);
  if (!ws)
    return sg_no_memory(error, "for the faces that are compared");
  int size = space == SG_SPACE_Z ? recipe->z_dim : recipe->w_dim;
  SgStageEdits edits;

  if (!sg_nets_stage_edits(nets, recipe, &edits, error))
    return FALSE;
  if (edits.noise == SG_NOISE_RANDOM)
    edits.noise = SG_NOISE_NONE;
  for (int i = -1; i < n; i++) {
    g_assert(i < 0 || (dims[i] >= 0 && dims[i] < size));
    if (!moved_ws(nets, recipe, space, i < 0 ? -1 : dims[i], delta, ws + (gsize)(i + 1) * step,
                  error))
      return FALSE;
  }
  g_autoptr(SgStageCache) pass = sg_stage_cache_new(nets->net, 0, n + 1, 0);
  g_autoptr(SgBuf) img = sg_stage_cache_render(
      pass, ws, &edits, sg_nets_last_stage(nets->net, INFLUENCE_RESOLUTION), NULL, error);
  if (!img)
    return FALSE;
  gsize pixels = (gsize)img->c * img->h * img->w;
  g_autofree float *pictures = g_try_new(float, (pixels * (gsize)img->n));
  if (!pictures)
    return sg_no_memory(error, "for the pictures that are compared");
  r->backend->download(img, pictures);
  if (!sg_backend_check(r->backend, error))
    return FALSE;
  for (int i = 0; i < n; i++)
    influence[i] = mean_change(pictures, pictures + (gsize)(i + 1) * pixels, pixels);
  return TRUE;
}

/* ---- scores ---------------------------------------------------------------------------------- */

static gboolean
check_images(const SgRenderer *r, const SgTensor *images, GError **error)
{
  const SgModelInfo *info = &r->model->info;
  if (!info->has_d) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED, "%s holds no discriminator",
                r->model->path);
    return FALSE;
  }
  if (sg_tensor_has_shape(images, 4, (int)images->shape[0], info->img_channels,
                          sg_info_height(info), sg_info_width(info)))
    return TRUE;
  g_autofree char *found = sg_shape_to_string(images->ndim, images->shape);
  g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
              "the discriminator takes pictures of [N, %d, %d, %d], these are %s",
              info->img_channels, sg_info_height(info), sg_info_width(info), found);
  return FALSE;
}

gboolean
sg_renderer_score(SgRenderer *r, const SgTensor *images, const int *labels, int batch,
                  double *logits, GError **error)
{
  if (!check_images(r, images, error))
    return FALSE;
  if (!r->discriminator && !(r->discriminator = sg_discriminator_new(r->backend, r->model, error)))
    return FALSE;
  int total = (int)images->shape[0];
  gsize size = total ? images->numel / (gsize)total : 0;
  for (int at = 0; at < total; at += batch) {
    int n = MIN(batch, total - at);
    g_autofree float *out = g_try_new(float, n);
    if (!out)
      return sg_no_memory(error, "for scores");
    if (!sg_discriminator_run(r->discriminator, n, images->data + (gsize)at * size,
                              labels ? labels + at : NULL, out, error))
      return FALSE;
    for (int i = 0; i < n; i++) {
      if (!isfinite(out[i]))
        return sg_broken(error, "the discriminator's numbers overflow: its weights, or the "
                                "picture's numbers, are too large for a score");
      logits[at + i] = out[i];
    }
  }
  return TRUE;
}

gboolean
sg_renderer_prepare(SgRenderer *r, const SgRecipe *recipe, GError **error)
{
  SgNets *nets = sg_renderer_nets_of(r, recipe, error);

  if (!nets || (recipe->psi != 1 && !sg_nets_need_w_avg(nets, error)))
    return FALSE;
  if (r->model->info.has_d && !r->discriminator)
    r->discriminator = sg_discriminator_new(r->backend, r->model, error);
  return r->discriminator || !r->model->info.has_d;
}

/* ---- pixels ---------------------------------------------------------------------------------- */

void
sg_image_to_rgb8(const SgTensor *images, guint8 *rgb)
{
  gsize channels = (gsize)images->shape[1];
  unsigned bytes = k_drawn_bytes((unsigned)channels);
  gsize plane = (gsize)(images->shape[2] * images->shape[3]),
        total = (gsize)images->shape[0] * plane;

  for (gsize i = 0; i < total; i++) {
    const float *pixel = images->data + i / plane * channels * plane + i % plane;
    for (unsigned k = 0; k < bytes; k++)
      rgb[i * bytes + k] = k_rgb8(pixel[k_drawn_channel((unsigned)channels, k) * plane]);
  }
}

SgTensor *
sg_image_from_rgb8(const guint8 *rgb, int width, int height, int channels)
{
  gint64 shape[4] = {1, channels, height, width};
  SgTensor *t = sg_tensor_new(4, shape);
  gsize plane = (gsize)width * (gsize)height;

  unsigned bytes = k_drawn_bytes((unsigned)channels);

  for (gsize i = 0; t && i < plane; i++) {
    const guint8 *p = rgb + i * bytes;
    float grey = (float)(p[0] + p[1] + p[2]) / 3;
    for (gsize k = 0; k < (gsize)channels; k++) {
      float v = channels >= 3 ? (k < bytes ? p[k] : 255) : k == 1 ? p[3] : grey;
      t->data[k * plane + i] = v / 127.5f - 1;
    }
  }
  return t;
}
