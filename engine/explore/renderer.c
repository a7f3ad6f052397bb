#include "engine/explore/renderer.h"
#include "engine/explore/random.h"
#include "engine/explore/stage-cache.h"
#include "engine/kernels/element.h"
#include "engine/nets/discriminator.h"
#include <math.h>
#include <string.h>

/* Faces are rendered in groups whose largest activations stay within this many bytes: enough to
 * share weights at low resolutions, little enough to stay near the cache at high ones. */
#define GROUP_BYTES    ((gsize)40 << 20)
#define DEFAULT_BUDGET ((gsize)512 << 20)
/* Mapped z whose mean stands in for a w_avg the file does not hold. */
#define W_AVG_SAMPLES 10000
/* Influence is measured on pictures of at most this size where the architecture has smaller ones.
 */
#define INFLUENCE_RESOLUTION 64

struct _SgRenderer {
  SgModel *model;
  SgBackend *backend;
  SgMapping *mapping;
  SgSynthesis *net;
  SgDiscriminator *discriminator; /* made when first asked for a score */
  double *w_avg;                  /* [w_dim]; NULL until truncation needs it */
  gsize budget;
  GPtrArray *groups; /* of SgStageCache, together all faces of the last picture */
  int faces;
  float *z, *w; /* of the last mapping: [faces, z_dim], [faces, w_dim] */
  int label;
};

SgRenderer *
sg_renderer_new(SgModel *model, SgBackend *backend, GError **error)
{
  g_autoptr(SgRenderer) r = g_new0(SgRenderer, 1);
  const char *prefix = sg_model_generator_prefix(model);

  r->model = sg_model_ref(model);
  r->backend = backend ? backend : sg_backend_cpu();
  r->budget = DEFAULT_BUDGET;
  r->groups = g_ptr_array_new_with_free_func((GDestroyNotify)sg_stage_cache_free);
  r->label = -2;
  r->mapping = sg_mapping_new_generator(r->backend, model, prefix, error);
  r->net = r->mapping ? sg_synthesis_new(r->backend, model, prefix, error) : NULL;
  return r->net ? g_steal_pointer(&r) : NULL;
}

void
sg_renderer_free(SgRenderer *r)
{
  if (!r)
    return;
  g_ptr_array_unref(r->groups);
  sg_mapping_free(r->mapping);
  sg_synthesis_free(r->net);
  sg_discriminator_free(r->discriminator);
  sg_model_unref(r->model);
  g_free(r->w_avg);
  g_free(r->z);
  g_free(r->w);
  g_free(r);
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
  g_ptr_array_set_size(r->groups, 0);
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

/* ---- from recipe to ws ----------------------------------------------------------------------- */

static gboolean
compute_w_avg(SgRenderer *r, GError **error)
{
  const char *prefix = sg_model_generator_prefix(r->model);
  gboolean mystylegan = r->model->info.family == SG_FAMILY_MYSTYLEGAN;
  SgTensor *stored =
      sg_model_tensor(r->model, prefix, mystylegan ? "dlatent_avg" : "mapping.w_avg");
  int z_dim = r->mapping->z_dim, w_dim = r->mapping->w_dim;

  if (r->w_avg)
    return TRUE;
  g_autofree double *avg = g_new0(double, w_dim);
  for (int i = 0; stored && i < w_dim; i++)
    avg[i] = stored->data[i];
  if (!stored) {
    SgRandomState state;
    g_autofree float *z = g_new(float, (gsize)W_AVG_SAMPLES *z_dim);
    g_autofree float *w = g_new(float, (gsize)W_AVG_SAMPLES *w_dim);
    sg_random_state_seed(&state, 0);
    sg_random_state_randn_f32(&state, (gsize)W_AVG_SAMPLES * z_dim, z);
    if (!sg_mapping_run(r->mapping, W_AVG_SAMPLES, z, NULL, w, error))
      return FALSE;
    for (gsize i = 0; i < (gsize)W_AVG_SAMPLES * w_dim; i++)
      avg[i % (gsize)w_dim] += w[i] / (double)W_AVG_SAMPLES;
  }
  r->w_avg = g_steal_pointer(&avg);
  return TRUE;
}

static void
edited_z(const SgRecipe *recipe, int face, float *out)
{
  g_autofree double *z = g_new(double, recipe->z_dim);
  double scale = recipe->scale_space == SG_SPACE_Z ? recipe->scale : 1;

  sg_recipe_base_z(recipe, face, z);
  for (int i = 0; i < recipe->z_dim; i++)
    out[i] = (float)((z[i] + recipe->z_offset[i]) * scale);
}

static gboolean
map_faces(SgRenderer *r, int n, const float *z, int label, float *w, GError **error)
{
  g_autofree int *labels = g_new(int, n);
  for (int i = 0; i < n; i++)
    labels[i] = label;
  return sg_mapping_run(r->mapping, n, z, labels, w, error);
}

/* Brings r->w up to date with the recipe: mapping runs only if some z or the class changed. */
static gboolean
update_w(SgRenderer *r, const SgRecipe *recipe, GError **error)
{
  gsize z_dim = (gsize)recipe->z_dim, n = (gsize)recipe->faces;
  g_autofree float *z = g_new(float, n *z_dim);

  for (int i = 0; i < recipe->faces; i++)
    edited_z(recipe, i, z + (gsize)i * z_dim);
  if (r->faces == recipe->faces && r->label == recipe->label &&
      memcmp(z, r->z, n * z_dim * sizeof(float)) == 0)
    return TRUE;
  g_autofree float *w = g_new(float, n *(gsize)recipe->w_dim);
  if (!map_faces(r, recipe->faces, z, recipe->label, w, error))
    return FALSE;
  g_free(r->z);
  g_free(r->w);
  r->z = g_steal_pointer(&z);
  r->w = g_steal_pointer(&w);
  r->faces = recipe->faces;
  r->label = recipe->label;
  return TRUE;
}

/* w [w_dim] of one face, edited and truncated, to ws [num_ws, w_dim]. */
static void
spread_w(const SgRenderer *r, const SgRecipe *recipe, const double *w, float *ws)
{
  double scale = recipe->scale_space == SG_SPACE_W ? recipe->scale : 1;
  int w_dim = recipe->w_dim, cutoff = recipe->cutoff < 0 ? r->net->num_ws : recipe->cutoff;

  for (int k = 0; k < r->net->num_ws; k++)
    for (int i = 0; i < w_dim; i++) {
      double v = (w[i] + recipe->w_offset[i]) * scale;
      if (recipe->psi != 1 && k < cutoff)
        v = r->w_avg[i] + recipe->psi * (v - r->w_avg[i]);
      ws[(gsize)k * (gsize)w_dim + (gsize)i] = (float)v;
    }
}

static void
base_w(const SgRecipe *recipe, int face, const float *mapped, double *w)
{
  gboolean loaded = face == 0 && recipe->w_base;
  for (int i = 0; i < recipe->w_dim; i++)
    w[i] = loaded ? recipe->w_base[i] : mapped[i];
}

static gboolean
check_recipe(const SgRenderer *r, const SgRecipe *recipe, GError **error)
{
  if (recipe->z_dim == r->mapping->z_dim && recipe->w_dim == r->mapping->w_dim)
    return TRUE;
  g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
              "the recipe is for a model with %d z and %d w dimensions, this one has %d and %d",
              recipe->z_dim, recipe->w_dim, r->mapping->z_dim, r->mapping->w_dim);
  return FALSE;
}

/* ws of all faces, [faces, num_ws, w_dim] */
static float *
recipe_ws(SgRenderer *r, const SgRecipe *recipe, GError **error)
{
  gsize w_dim = (gsize)recipe->w_dim, step = w_dim * (gsize)r->net->num_ws;

  if (!check_recipe(r, recipe, error) || !update_w(r, recipe, error) ||
      (recipe->psi != 1 && !compute_w_avg(r, error)))
    return NULL;
  float *ws = g_new(float, (gsize)recipe->faces *step);
  g_autofree double *w = g_new(double, w_dim);
  for (int i = 0; i < recipe->faces; i++) {
    base_w(recipe, i, r->w + (gsize)i * w_dim, w);
    spread_w(r, recipe, w, ws + (gsize)i * step);
  }
  return ws;
}

/* ---- rendering ------------------------------------------------------------------------------- */

/* Stages to run for a picture of at most max_resolution (0: all). */
static guint
last_stage(const SgSynthesis *net, int max_resolution)
{
  guint end = net->stages->len, i;
  if (max_resolution <= 0 || net->arch != SG_ARCH_SKIP || net->resolution != net->full_resolution)
    return end;
  for (i = 0; i < net->stages->len; i++) {
    const SgStage *stage = sg_synthesis_stage(net, i);
    if (stage->kind == SG_STAGE_RGB &&
        (stage->resolution <= max_resolution || end == net->stages->len))
      end = i + 1;
  }
  return end;
}

static void
ensure_groups(SgRenderer *r, int faces)
{
  gsize largest = 1;
  int have = 0;

  for (guint i = 0; i < r->groups->len; i++)
    have += sg_stage_cache_faces(r->groups->pdata[i]);
  if (have == faces)
    return;
  for (guint i = 0; i < r->net->stages->len; i++) {
    const SgStage *s = sg_synthesis_stage(r->net, i);
    largest = MAX(largest, sizeof(float) * (gsize)s->out_channels * (gsize)s->resolution *
                               (gsize)s->resolution);
  }
  int size = (int)CLAMP(GROUP_BYTES / largest, 1, (gsize)faces);
  int count = (faces + size - 1) / size;
  g_ptr_array_set_size(r->groups, 0);
  for (int first = 0; first < faces; first += size)
    g_ptr_array_add(r->groups, sg_stage_cache_new(r->net, first, MIN(size, faces - first),
                                                  r->budget / (gsize)count));
}

/* Removes ceil (d / 2) pixels on each side of every plane (mystylegan's crop). */
static void
crop_planes(const float *from, int size, int planes, int wanted, float *to)
{
  int edge = (size - wanted + 1) / 2;
  for (int p = 0; p < planes; p++)
    for (int y = 0; y < wanted; y++)
      memcpy(to + ((gsize)p * wanted + y) * wanted,
             from + ((gsize)p * size + y + edge) * size + edge, sizeof(float) * (gsize)wanted);
}

/* A group's picture appended to `out` at face `at`. */
static void
store_group(const SgRenderer *r, const SgBuf *img, int wanted, int at, SgTensor *out)
{
  gsize face = (gsize)img->c * wanted * wanted;
  if (img->h == wanted) {
    r->backend->download(img, out->data + (gsize)at * face);
    return;
  }
  g_autofree float *planes = g_new(float, (gsize)img->n * img->c * img->h * img->w);
  r->backend->download(img, planes);
  crop_planes(planes, img->h, img->n * img->c, wanted, out->data + (gsize)at * face);
}

static SgTensor *
render_floats(SgRenderer *r, const SgRecipe *recipe, int max_resolution, guint *first_run,
              GError **error)
{
  g_autofree float *ws = recipe_ws(r, recipe, error);
  guint to = last_stage(r->net, max_resolution), from;
  gsize step = (gsize)r->net->num_ws * (gsize)r->net->w_dim;
  int done = 0, size = sg_synthesis_stage(r->net, to - 1)->resolution;
  SgNoiseKey noise = {recipe->noise_mode, recipe->noise_seed};
  g_autoptr(SgTensor) out = NULL;

  if (!ws)
    return NULL;
  if (to == r->net->stages->len)
    size = r->net->resolution;
  gint64 shape[4] = {recipe->faces, r->net->channels, size, size};
  if (!(out = sg_tensor_try_new(4, shape, error)))
    return NULL;
  ensure_groups(r, recipe->faces);
  *first_run = to;
  for (guint g = 0; g < r->groups->len; g++) {
    SgStageCache *group = r->groups->pdata[g];
    g_autoptr(SgBuf) img =
        sg_stage_cache_render(group, ws + (gsize)done * step, noise, to, &from, error);
    if (!img)
      return NULL;
    *first_run = MIN(*first_run, from);
    store_group(r, img, size, done, out);
    done += sg_stage_cache_faces(group);
  }
  return g_steal_pointer(&out);
}

SgTensor *
sg_renderer_render_float(SgRenderer *r, const SgRecipe *recipe, GError **error)
{
  guint first;
  return render_floats(r, recipe, 0, &first, error);
}

SgPicture *
sg_renderer_render(SgRenderer *r, const SgRecipe *recipe, int max_resolution, GError **error)
{
  gint64 start = g_get_monotonic_time();
  guint first;
  g_autoptr(SgTensor) images = render_floats(r, recipe, max_resolution, &first, error);
  if (!images)
    return NULL;
  SgPicture *p = g_new0(SgPicture, 1);
  p->faces = recipe->faces;
  p->channels = (int)images->shape[1];
  p->height = (int)images->shape[2];
  p->width = (int)images->shape[3];
  p->rgb = g_malloc((gsize)p->faces * p->height * p->width * 3);
  sg_image_to_rgb8(images, p->rgb);
  p->w_dim = recipe->w_dim;
  p->w = g_new(double, recipe->w_dim);
  base_w(recipe, 0, r->w, p->w);
  p->first_layer = (int)first;
  p->reduced = p->width < r->net->resolution;
  p->seconds = (double)(g_get_monotonic_time() - start) / 1e6;
  return p;
}

SgTensor *
sg_renderer_map(SgRenderer *r, const SgTensor *z, const int *labels, GError **error)
{
  gint64 shape[2] = {z->shape[0], r->mapping->w_dim};
  if (z->ndim != 2 || z->shape[1] != r->mapping->z_dim) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED, "z must have %d dimensions",
                r->mapping->z_dim);
    return NULL;
  }
  g_autoptr(SgTensor) w = sg_tensor_try_new(2, shape, error);
  if (!w || !sg_mapping_run(r->mapping, (int)z->shape[0], z->data, labels, w->data, error))
    return NULL;
  return g_steal_pointer(&w);
}

/* ---- influence ------------------------------------------------------------------------------- */

/* ws of face 0 with one dimension moved; dim < 0: as it is. */
static gboolean
moved_ws(SgRenderer *r, const SgRecipe *recipe, SgSpace space, int dim, double delta, float *ws,
         GError **error)
{
  g_autoptr(SgRecipe) moved = sg_recipe_copy(recipe);
  g_autofree float *z = g_new(float, recipe->z_dim);
  g_autofree float *mapped = g_new(float, recipe->w_dim);
  g_autofree double *w = g_new(double, recipe->w_dim);

  if (dim >= 0)
    (space == SG_SPACE_Z ? moved->z_offset : moved->w_offset)[dim] += delta;
  edited_z(moved, 0, z);
  if (!map_faces(r, 1, z, recipe->label, mapped, error))
    return FALSE;
  base_w(moved, 0, mapped, w);
  spread_w(r, moved, w, ws);
  return TRUE;
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
  gsize step = (gsize)r->net->num_ws * (gsize)r->net->w_dim;
  g_autofree float *ws = g_new(float, (gsize)(n + 1) * step);
  int size = space == SG_SPACE_Z ? recipe->z_dim : recipe->w_dim;
  SgNoiseKey noise = {recipe->noise_mode == SG_NOISE_RANDOM ? SG_NOISE_NONE : recipe->noise_mode,
                      0};

  if (!check_recipe(r, recipe, error) || (recipe->psi != 1 && !compute_w_avg(r, error)))
    return FALSE;
  for (int i = -1; i < n; i++) {
    g_assert(i < 0 || (dims[i] >= 0 && dims[i] < size));
    if (!moved_ws(r, recipe, space, i < 0 ? -1 : dims[i], delta, ws + (gsize)(i + 1) * step, error))
      return FALSE;
  }
  g_autoptr(SgStageCache) pass = sg_stage_cache_new(r->net, 0, n + 1, 0);
  g_autoptr(SgBuf) img =
      sg_stage_cache_render(pass, ws, noise, last_stage(r->net, INFLUENCE_RESOLUTION), NULL, error);
  if (!img)
    return FALSE;
  gsize pixels = (gsize)img->c * img->h * img->w;
  g_autofree float *pictures = g_new(float, pixels *(gsize)img->n);
  r->backend->download(img, pictures);
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
                          info->img_resolution, info->img_resolution))
    return TRUE;
  g_autofree char *found = sg_shape_to_string(images->ndim, images->shape);
  g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
              "the discriminator takes pictures of [N, %d, %d, %d], these are %s",
              info->img_channels, info->img_resolution, info->img_resolution, found);
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
    g_autofree float *out = g_new(float, n);
    if (!sg_discriminator_run(r->discriminator, n, images->data + (gsize)at * size,
                              labels ? labels + at : NULL, out, error))
      return FALSE;
    for (int i = 0; i < n; i++)
      logits[at + i] = out[i];
  }
  return TRUE;
}

/* ---- pixels ---------------------------------------------------------------------------------- */

void
sg_image_to_rgb8(const SgTensor *images, guint8 *rgb)
{
  gsize channels = (gsize)images->shape[1];
  gsize plane = (gsize)(images->shape[2] * images->shape[3]),
        total = (gsize)images->shape[0] * plane;

  for (gsize i = 0; i < total; i++) {
    const float *pixel = images->data + i / plane * channels * plane + i % plane;
    for (gsize k = 0; k < 3; k++)
      rgb[i * 3 + k] = k_rgb8(pixel[(channels >= 3 ? k : 0) * plane]);
  }
}

SgTensor *
sg_image_from_rgb8(const guint8 *rgb, int width, int height, int channels)
{
  gint64 shape[4] = {1, channels, height, width};
  SgTensor *t = sg_tensor_new(4, shape);
  gsize plane = (gsize)width * (gsize)height;

  for (gsize i = 0; i < plane; i++) {
    const guint8 *p = rgb + i * 3;
    float grey = (float)(p[0] + p[1] + p[2]) / 3;
    for (gsize k = 0; k < (gsize)channels; k++)
      t->data[k * plane + i] = (channels >= 3 ? (k < 3 ? p[k] : 255) : grey) / 127.5f - 1;
  }
  return t;
}
