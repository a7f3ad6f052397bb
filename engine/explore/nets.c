#include "engine/explore/nets.h"
#include "engine/base/random.h"
#include <string.h>

/* Faces are rendered in groups whose largest activations stay within this many bytes: enough to
 * share weights at low resolutions, little enough to stay near the cache at high ones. */
#define GROUP_BYTES ((gsize)40 << 20)
/* On a device of its own memory: what keeps it busy. */
#define GROUP_BYTES_DEVICE ((gsize)512 << 20)
/* Mapped z whose mean stands in for a w_avg the file does not hold. */
#define W_AVG_SAMPLES 10000

SgNets *
sg_nets_new(SgModel *model, SgBackend *backend, gsize budget, GError **error)
{
  g_autoptr(SgNets) nets = g_new0(SgNets, 1);
  const char *prefix = sg_model_generator_prefix(model);

  nets->model = sg_model_ref(model);
  nets->backend = backend;
  nets->budget = budget;
  nets->settings = backend->settings;
  nets->groups = g_ptr_array_new_with_free_func((GDestroyNotify)sg_stage_cache_free);
  nets->mapping = sg_mapping_new_generator(backend, model, prefix, error);
  nets->net = nets->mapping ? sg_synthesis_new(backend, model, prefix, error) : NULL;
  return nets->net ? g_steal_pointer(&nets) : NULL;
}

void
sg_nets_free(SgNets *nets)
{
  if (!nets)
    return;
  g_ptr_array_unref(nets->groups);
  sg_mapping_free(nets->mapping);
  sg_synthesis_free(nets->net);
  sg_model_unref(nets->model);
  g_clear_pointer(&nets->sources, sg_recipe_free);
  g_free(nets->source_w);
  g_free(nets->w_avg);
  g_free(nets->z);
  g_free(nets->w);
  g_free(nets);
}

void
sg_nets_set_budget(SgNets *nets, gsize bytes)
{
  nets->budget = bytes;
  g_ptr_array_set_size(nets->groups, 0);
}

/* ---- from recipe to ws ----------------------------------------------------------------------- */

gboolean
sg_nets_need_w_avg(SgNets *nets, GError **error)
{
  const char *prefix = sg_model_generator_prefix(nets->model);
  gboolean mystylegan = nets->model->info.family == SG_FAMILY_MYSTYLEGAN;
  SgTensor *stored =
      sg_model_tensor(nets->model, prefix, mystylegan ? "dlatent_avg" : "mapping.w_avg");
  int z_dim = nets->mapping->z_dim, w_dim = nets->mapping->w_dim;

  if (nets->w_avg)
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
    if (!sg_mapping_run(nets->mapping, W_AVG_SAMPLES, z, NULL, w, error))
      return FALSE;
    for (gsize i = 0; i < (gsize)W_AVG_SAMPLES * w_dim; i++)
      avg[i % (gsize)w_dim] += w[i] / (double)W_AVG_SAMPLES;
  }
  nets->w_avg = g_steal_pointer(&avg);
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
map_faces(SgNets *nets, int n, const float *z, int label, float *w, GError **error)
{
  g_autofree int *labels = g_new(int, n);
  for (int i = 0; i < n; i++)
    labels[i] = label;
  return sg_mapping_run(nets->mapping, n, z, labels, w, error);
}

/* Brings nets->w up to date with the recipe: mapping runs only if some z or the class changed. */
static gboolean
update_w(SgNets *nets, const SgRecipe *recipe, GError **error)
{
  gsize z_dim = (gsize)recipe->z_dim, n = (gsize)recipe->faces;
  g_autofree float *z = g_new(float, (n * z_dim));

  for (int i = 0; i < recipe->faces; i++)
    edited_z(recipe, i, z + (gsize)i * z_dim);
  if (nets->faces == recipe->faces && nets->label == recipe->label &&
      memcmp(z, nets->z, n * z_dim * sizeof(float)) == 0)
    return TRUE;
  g_autofree float *w = g_new(float, (n * (gsize)recipe->w_dim));
  if (!map_faces(nets, recipe->faces, z, recipe->label, w, error))
    return FALSE;
  g_free(nets->z);
  g_free(nets->w);
  nets->z = g_steal_pointer(&z);
  nets->w = g_steal_pointer(&w);
  nets->faces = recipe->faces;
  nets->label = recipe->label;
  return TRUE;
}

void
sg_nets_base_w(const SgRecipe *recipe, int face, const float *mapped, double *w)
{
  gboolean loaded = face == 0 && recipe->w_base;
  for (int i = 0; i < recipe->w_dim; i++)
    w[i] = loaded ? recipe->w_base[i] : mapped[i];
}

/* w' of the recipe: offset and scale applied to w [w_dim], in place. */
static void
edit_w(const SgRecipe *recipe, double *w)
{
  double scale = recipe->scale_space == SG_SPACE_W ? recipe->scale : 1;
  for (int i = 0; i < recipe->w_dim; i++)
    w[i] = (w[i] + recipe->w_offset[i]) * scale;
}

static gboolean
same_sources(const SgRecipe *a, const SgRecipe *b)
{
  if (a->num_sources != b->num_sources)
    return FALSE;
  for (int i = 0; i < a->num_sources; i++)
    if (!sg_recipe_equal(a->sources[i], b->sources[i]))
      return FALSE;
  return TRUE;
}

/* w' of every source, once until the sources change. One at a time, as a single face is mapped. */
static gboolean
update_sources(SgNets *nets, const SgRecipe *recipe, GError **error)
{
  gsize w_dim = (gsize)recipe->w_dim;

  if (!recipe->mix || (nets->sources && same_sources(nets->sources, recipe)))
    return TRUE;
  g_autofree double *all = g_new(double, ((gsize)recipe->num_sources * w_dim));
  g_autofree float *z = g_new(float, recipe->z_dim), *mapped = g_new(float, w_dim);
  for (int i = 0; i < recipe->num_sources; i++) {
    const SgRecipe *source = recipe->sources[i];
    edited_z(source, 0, z);
    if (!map_faces(nets, 1, z, source->label, mapped, error))
      return FALSE;
    sg_nets_base_w(source, 0, mapped, all + (gsize)i * w_dim);
    edit_w(source, all + (gsize)i * w_dim);
  }
  g_clear_pointer(&nets->sources, sg_recipe_free);
  nets->sources = sg_recipe_copy(recipe);
  g_free(nets->source_w);
  nets->source_w = g_steal_pointer(&all);
  return TRUE;
}

/* Style mixing (Karras et al. 2019, 3.1), then truncation: w' [w_dim] of one face to ws [num_ws,
 * w_dim]. */
static void
spread_w(const SgNets *nets, const SgRecipe *recipe, const double *own, float *ws)
{
  gsize w_dim = (gsize)recipe->w_dim;
  int num_ws = nets->net->num_ws, cutoff = recipe->cutoff < 0 ? num_ws : recipe->cutoff;

  for (int k = 0; k < num_ws; k++) {
    SgMixLayer mix = recipe->mix ? recipe->mix[k] : (SgMixLayer){0};
    const double *a = mix.a ? nets->source_w + (gsize)(mix.a - 1) * w_dim : own;
    const double *b = mix.b ? nets->source_w + (gsize)(mix.b - 1) * w_dim : own;
    for (gsize i = 0; i < w_dim; i++) {
      double v = mix.blend == 1 ? b[i] : a[i] + mix.blend * (b[i] - a[i]);
      if (recipe->psi != 1 && k < cutoff)
        v = nets->w_avg[i] + recipe->psi * (v - nets->w_avg[i]);
      ws[(gsize)k * w_dim + i] = (float)v;
    }
  }
}

static gboolean
check_recipe(const SgNets *nets, const SgRecipe *recipe, GError **error)
{
  if (recipe->z_dim != nets->mapping->z_dim || recipe->w_dim != nets->mapping->w_dim) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "the recipe is for a model with %d z and %d w dimensions, this one has %d and %d",
                recipe->z_dim, recipe->w_dim, nets->mapping->z_dim, nets->mapping->w_dim);
    return FALSE;
  }
  if (recipe->num_mix && recipe->num_mix != nets->net->num_ws) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "the recipe mixes %d styles, this model has %d", recipe->num_mix,
                nets->net->num_ws);
    return FALSE;
  }
  if (recipe->num_noise && recipe->num_noise != nets->net->num_convs) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "the recipe sets the noise of %d convolutions, this model has %d",
                recipe->num_noise, nets->net->num_convs);
    return FALSE;
  }
  return TRUE;
}

/* What was mapped in another precision is mapped again. */
static void
follow_settings(SgNets *nets)
{
  if (nets->settings == nets->backend->settings)
    return;
  nets->settings = nets->backend->settings;
  nets->faces = 0;
  g_clear_pointer(&nets->sources, sg_recipe_free);
}

static gboolean
prepare(SgNets *nets, const SgRecipe *recipe, GError **error)
{
  follow_settings(nets);
  return check_recipe(nets, recipe, error) && update_sources(nets, recipe, error) &&
         (recipe->psi == 1 || sg_nets_need_w_avg(nets, error));
}

float *
sg_nets_ws(SgNets *nets, const SgRecipe *recipe, GError **error)
{
  gsize w_dim = (gsize)recipe->w_dim, step = w_dim * (gsize)nets->net->num_ws;

  if (!prepare(nets, recipe, error) || !update_w(nets, recipe, error))
    return NULL;
  float *ws = g_new(float, ((gsize)recipe->faces * step));
  g_autofree double *w = g_new(double, w_dim);
  for (int i = 0; i < recipe->faces; i++) {
    sg_nets_base_w(recipe, i, nets->w + (gsize)i * w_dim, w);
    edit_w(recipe, w);
    spread_w(nets, recipe, w, ws + (gsize)i * step);
  }
  return ws;
}

gboolean
sg_nets_single_ws(SgNets *nets, const SgRecipe *recipe, float *ws, GError **error)
{
  g_autofree float *z = g_new(float, recipe->z_dim);
  g_autofree float *mapped = g_new(float, recipe->w_dim);
  g_autofree double *w = g_new(double, recipe->w_dim);

  edited_z(recipe, 0, z);
  if (!prepare(nets, recipe, error) || !map_faces(nets, 1, z, recipe->label, mapped, error))
    return FALSE;
  sg_nets_base_w(recipe, 0, mapped, w);
  edit_w(recipe, w);
  spread_w(nets, recipe, w, ws);
  return TRUE;
}

/* ---- pictures -------------------------------------------------------------------------------- */

guint
sg_nets_last_stage(const SgSynthesis *net, int max_resolution)
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
ensure_groups(SgNets *nets, int faces)
{
  gsize largest = 1;
  int have = 0;

  for (guint i = 0; i < nets->groups->len; i++)
    have += sg_stage_cache_faces(nets->groups->pdata[i]);
  if (have == faces)
    return;
  for (guint i = 0; i < nets->net->stages->len; i++) {
    const SgStage *s = sg_synthesis_stage(nets->net, i);
    largest = MAX(largest, sizeof(float) * (gsize)s->out_channels * (gsize)s->resolution *
                               (gsize)s->resolution);
  }
  gsize bytes = nets->backend->device_info ? GROUP_BYTES_DEVICE : GROUP_BYTES;
  int size = (int)CLAMP(bytes / largest, 1, (gsize)faces);
  int count = (faces + size - 1) / size;
  g_ptr_array_set_size(nets->groups, 0);
  for (int first = 0; first < faces; first += size)
    g_ptr_array_add(nets->groups, sg_stage_cache_new(nets->net, first, MIN(size, faces - first),
                                                     nets->budget / (gsize)count));
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

/* Where faces go: floats, or bytes for people. */
typedef struct {
  float *planes; /* [faces, C, size, size], or NULL */
  guint8 *rgb;   /* [faces, size, size, 3] */
  gboolean finite;
  int size;
} Target;

/* A group's picture as the faces from `at` on. */
static void
store_group(const SgBuf *img, int at, Target *to)
{
  gsize pixels = (gsize)to->size * (gsize)to->size, face = (gsize)img->c * pixels;
  int edge = (img->h - to->size + 1) / 2;

  if (!to->planes) {
    gboolean finite;
    sg_buf_rgb8(img, edge, to->size, to->rgb + (gsize)at * pixels * 3, &finite);
    to->finite &= finite;
    return;
  }
  if (img->h == to->size) {
    img->backend->download(img, to->planes + (gsize)at * face);
    return;
  }
  g_autofree float *planes = g_new(float, (gsize)img->n * img->c * img->h * img->w);
  img->backend->download(img, planes);
  crop_planes(planes, img->h, img->n * img->c, to->size, to->planes + (gsize)at * face);
}

static int
picture_size(const SgSynthesis *net, guint to)
{
  return to == net->stages->len ? net->resolution : sg_synthesis_stage(net, to - 1)->resolution;
}

static gboolean
render(SgNets *nets, const SgRecipe *recipe, const float *ws, guint to, guint *first_run,
       Target *target, GError **error)
{
  gsize step = (gsize)nets->net->num_ws * (gsize)nets->net->w_dim;
  SgNoiseKey noise = {recipe->noise_mode, recipe->noise_seed, recipe->noise_gain};
  int done = 0;
  guint from;

  ensure_groups(nets, recipe->faces);
  *first_run = to;
  for (guint g = 0; g < nets->groups->len; g++) {
    SgStageCache *group = nets->groups->pdata[g];
    g_autoptr(SgBuf) img =
        sg_stage_cache_render(group, ws + (gsize)done * step, noise, to, &from, error);
    if (!img)
      return FALSE;
    *first_run = MIN(*first_run, from);
    store_group(img, done, target);
    if (!sg_backend_check(img->backend, error)) {
      g_ptr_array_set_size(nets->groups, 0); /* what they hold may be nothing */
      return FALSE;
    }
    done += sg_stage_cache_faces(group);
  }
  return TRUE;
}

SgTensor *
sg_nets_render(SgNets *nets, const SgRecipe *recipe, GError **error)
{
  const SgSynthesis *net = nets->net;
  g_autofree float *ws = sg_nets_ws(nets, recipe, error);
  gint64 shape[4] = {recipe->faces, net->channels, net->resolution, net->resolution};
  g_autoptr(SgTensor) out = ws ? sg_tensor_try_new(4, shape, error) : NULL;
  guint first;

  if (!out)
    return NULL;
  Target target = {.planes = out->data, .size = net->resolution};
  return render(nets, recipe, ws, net->stages->len, &first, &target, error) ? g_steal_pointer(&out)
                                                                            : NULL;
}

guint8 *
sg_nets_render_rgb8(SgNets *nets, const SgRecipe *recipe, int max_resolution, int *size,
                    gboolean *finite, guint *first_run, GError **error)
{
  guint to = sg_nets_last_stage(nets->net, max_resolution);
  g_autofree float *ws = sg_nets_ws(nets, recipe, error);
  gsize face;

  *size = picture_size(nets->net, to);
  face = (gsize)*size * (gsize)*size * 3;
  g_autofree guint8 *rgb = ws ? g_try_malloc_n((gsize)recipe->faces, face) : NULL;
  if (ws && !rgb)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                "not enough memory for %d pictures of %d × %d pixels", recipe->faces, *size, *size);
  if (!rgb)
    return NULL;
  Target target = {.rgb = rgb, .finite = TRUE, .size = *size};
  gboolean ok = render(nets, recipe, ws, to, first_run, &target, error);
  *finite = target.finite;
  return ok ? g_steal_pointer(&rgb) : NULL;
}
