#include "engine/explore/nets.h"
#include "engine/truncation/clusters.h"
#include "engine/base/room.h"
#include "engine/kernels/element.h"
#include "engine/base/random.h"
#include "engine/formats/format-error.h"
#include "engine/formats/npy.h"
#include "engine/models/family.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

/* Faces are rendered in groups whose largest activations stay within this many bytes: enough to
 * share weights at low resolutions, little enough to stay near the cache at high ones. */
#define GROUP_BYTES ((gsize)40 << 20)
/* On a device of its own memory: what keeps it busy. */
#define GROUP_BYTES_DEVICE ((gsize)512 << 20)
/* Mapped z whose mean stands in for a w_avg the file does not hold. */
#define W_AVG_SAMPLES 10000
/* Bytes before the numbers of a .npy, at most. */
#define MAX_NOISE_HEADER 70000

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
  g_clear_pointer(&nets->sources, sg_recipe_free);
  g_free(nets->source_w);
  for (int i = 0; nets->maps && i < nets->net->num_convs; i++) {
    sg_tensor_unref(nets->maps[i]);
    g_free(nets->map_hashes[i]);
  }
  g_free(nets->maps);
  g_free(nets->map_hashes);
  g_free(nets->w_avg);
  g_free(nets->clusters);
  g_free(nets->z);
  g_free(nets->w);
  sg_mapping_free(nets->mapping);
  sg_synthesis_free(nets->net);
  sg_model_unref(nets->model);
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
  const SgParam *average = sg_network_average(sg_model_generator(nets->model));
  SgTensor *stored = average ? sg_model_tensor(nets->model, prefix, average->name) : NULL;
  int z_dim = nets->mapping->z_dim, w_dim = nets->mapping->w_dim;

  if (nets->w_avg)
    return TRUE;
  g_autofree double *avg = g_new0(double, w_dim);
  for (int i = 0; stored && i < w_dim; i++)
    avg[i] = stored->data[i];
  if (!stored) {
    SgRandomState state;
    g_autofree float *z = g_try_new(float, ((gsize)W_AVG_SAMPLES * z_dim));
    g_autofree float *w = g_try_new(float, ((gsize)W_AVG_SAMPLES * w_dim));
    if (!z || !w)
      return sg_no_memory(error, "for the average w");
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

static gboolean
need_clusters(SgNets *nets, GError **error)
{
  if (!nets->clusters)
    nets->clusters = sg_clusters_new(nets->mapping, error);
  return nets->clusters != NULL;
}

static void
edited_z(const SgRecipe *recipe, int face, float *out)
{
  g_autofree double *z = sg_recipe_edited_z(recipe, face);

  for (int i = 0; i < recipe->z_dim; i++)
    out[i] = (float)z[i];
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
  g_autofree float *z = g_try_new(float, (n * z_dim));

  if (!z)
    return sg_no_memory(error, "for the faces' z");
  for (int i = 0; i < recipe->faces; i++)
    edited_z(recipe, i, z + (gsize)i * z_dim);
  if (nets->faces == recipe->faces && nets->label == recipe->label &&
      memcmp(z, nets->z, n * z_dim * sizeof(float)) == 0)
    return TRUE;
  g_autofree float *w = g_try_new(float, (n * (gsize)recipe->w_dim));
  if (!w)
    return sg_no_memory(error, "for the faces' w");
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

/* How many rows face_w() writes for `recipe`: one w' for all layers, or one for each. */
static int
rows_of(const SgNets *nets, const SgRecipe *recipe)
{
  return sg_recipe_has_layers(recipe) ? nets->net->num_ws : 1;
}

/* w' of a face, [rows, w_dim]; of `mapped` [w_dim] if it is not loaded. */
static void
face_w(const SgRecipe *recipe, int face, const float *mapped, int rows, double *w)
{
  for (int k = 0; k < rows; k++) {
    sg_recipe_base_w(recipe, face, k, mapped, w + k * recipe->w_dim);
    sg_recipe_edit_w(recipe, k, w + k * recipe->w_dim);
  }
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
  gsize step = (gsize)nets->net->num_ws * (gsize)recipe->w_dim;

  if (!recipe->mix || (nets->sources && same_sources(nets->sources, recipe)))
    return TRUE;
  g_autofree double *all = g_new(double, ((gsize)recipe->num_sources * step));
  g_autofree float *z = g_new(float, recipe->z_dim), *mapped = g_new(float, recipe->w_dim);
  for (int i = 0; i < recipe->num_sources; i++) {
    const SgRecipe *source = recipe->sources[i];
    edited_z(source, 0, z);
    if (!map_faces(nets, 1, z, source->label, mapped, error))
      return FALSE;
    face_w(source, 0, mapped, nets->net->num_ws, all + (gsize)i * step);
  }
  g_clear_pointer(&nets->sources, sg_recipe_free);
  nets->sources = sg_recipe_copy(recipe);
  g_free(nets->source_w);
  nets->source_w = g_steal_pointer(&all);
  return TRUE;
}

/* What truncation draws w [w_dim] towards. */
static const double *
origin_of(const SgNets *nets, const SgRecipe *recipe, const double *w)
{
  if (recipe->towards == SG_TOWARDS_AVERAGE)
    return nets->w_avg;
  int nearest = sg_nearest_cluster(SG_CLUSTERS, recipe->w_dim, nets->clusters, w);
  return nets->clusters + (gsize)nearest * (gsize)recipe->w_dim;
}

static void
truncate_w(const SgNets *nets, const SgRecipe *recipe, double *w)
{
  const double *origin = origin_of(nets, recipe, w);

  for (int i = 0; i < recipe->w_dim; i++)
    w[i] = origin[i] + recipe->psi * (w[i] - origin[i]);
}

/* Style mixing (Karras et al. 2019, 3.1), then truncation: w' [rows, w_dim] of one face to
 * ws [num_ws, w_dim]. */
static void
spread_w(const SgNets *nets, const SgRecipe *recipe, int rows, const double *own, float *ws)
{
  gsize w_dim = (gsize)recipe->w_dim, step = w_dim * (gsize)nets->net->num_ws;
  int num_ws = nets->net->num_ws, cutoff = recipe->cutoff < 0 ? num_ws : recipe->cutoff;
  g_autofree double *w = g_new(double, w_dim);

  for (int k = 0; k < num_ws; k++) {
    SgMixLayer mix = recipe->mix ? recipe->mix[k] : (SgMixLayer){0};
    const double *self = own + (rows > 1 ? (gsize)k * w_dim : 0);
    const double *sources = nets->source_w + (gsize)k * w_dim;
    const double *a = mix.a ? sources + (gsize)(mix.a - 1) * step : self;
    const double *b = mix.b ? sources + (gsize)(mix.b - 1) * step : self;
    for (gsize i = 0; i < w_dim; i++)
      w[i] = mix.blend == 1 ? b[i] : a[i] + mix.blend * (b[i] - a[i]);
    if (recipe->psi != 1 && k < cutoff)
      truncate_w(nets, recipe, w);
    for (gsize i = 0; i < w_dim; i++)
      ws[(gsize)k * w_dim + i] = (float)w[i];
  }
}

/* What of a recipe depends on the synthesis network's stages. */
static gboolean
check_stages(const SgNets *nets, const SgRecipe *recipe, GError **error)
{
  const SgSynthesis *net = nets->net;
  const SgMotion motion = {recipe->rotate, recipe->translate_x, recipe->translate_y};

  if (!sg_motion_is_none(&motion) && !sg_synthesis_stage(net, 0)->fourier) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "the recipe turns or moves what is drawn (rotate, translate), which only a "
                "StyleGAN3 can; this model is a %s",
                nets->model->info.family->title);
    return FALSE;
  }
  if (recipe->num_noise && recipe->num_noise != net->num_convs) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "the recipe sets the noise of %d convolutions, this model has %d",
                recipe->num_noise, net->num_convs);
    return FALSE;
  }
  for (guint i = 0; recipe->s_offset && i < recipe->s_offset->len; i++) {
    const SgLayerOffset *o = &g_array_index(recipe->s_offset, SgLayerOffset, i);
    int channels = o->layer < (int)net->stages->len
                       ? sg_synthesis_stage(net, (guint)o->layer)->style_channels
                       : 0;
    if (o->index < channels)
      continue;
    if (channels)
      g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                  "the recipe moves the style s%d.%d; s%d of this model has channels 0 to %d",
                  o->layer, o->index, o->layer, channels - 1);
    else
      g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                  "the recipe moves the style s%d.%d; this model has s0 to s%u", o->layer, o->index,
                  net->stages->len - 1);
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
  return sg_recipe_check(recipe, &nets->model->info, error) && check_stages(nets, recipe, error) &&
         update_sources(nets, recipe, error) &&
         (recipe->psi == 1 ||
          (recipe->towards == SG_TOWARDS_CLUSTER ? need_clusters(nets, error)
                                                 : sg_nets_need_w_avg(nets, error)));
}

/* Is a w too large for demodulation, which squares its styles? ws [rows, w_dim]. */
static gboolean
has_overflow(const float *ws, gsize rows, gsize w_dim)
{
  for (gsize i = 0; i < rows; i++) {
    float squares = 0;
    for (gsize k = 0; k < w_dim; k++)
      squares += ws[i * w_dim + k] * ws[i * w_dim + k];
    if (!isfinite(squares))
      return TRUE;
  }
  return FALSE;
}

float *
sg_nets_ws(SgNets *nets, const SgRecipe *recipe, GError **error)
{
  gsize w_dim = (gsize)recipe->w_dim, step = w_dim * (gsize)nets->net->num_ws;
  int rows = rows_of(nets, recipe);

  if (!prepare(nets, recipe, error) || !update_w(nets, recipe, error))
    return NULL;
  float *ws = g_try_new(float, ((gsize)recipe->faces * step));
  g_autofree double *w = g_new(double, ((gsize)rows * w_dim));
  if (!ws) {
    sg_no_memory(error, "for the faces' w");
    return NULL;
  }
  for (int i = 0; i < recipe->faces; i++) {
    face_w(recipe, i, nets->w + (gsize)i * w_dim, rows, w);
    spread_w(nets, recipe, rows, w, ws + (gsize)i * step);
  }
  nets->overflow = has_overflow(ws, (gsize)recipe->faces * (gsize)nets->net->num_ws, w_dim);
  return ws;
}

gboolean
sg_nets_single_ws(SgNets *nets, const SgRecipe *recipe, float *ws, GError **error)
{
  int rows = rows_of(nets, recipe);
  g_autofree float *z = g_new(float, recipe->z_dim);
  g_autofree float *mapped = g_new(float, recipe->w_dim);
  g_autofree double *w = g_new(double, ((gsize)rows * (gsize)recipe->w_dim));

  if (!prepare(nets, recipe, error))
    return FALSE;
  edited_z(recipe, 0, z);
  if (!map_faces(nets, 1, z, recipe->label, mapped, error))
    return FALSE;
  face_w(recipe, 0, mapped, rows, w);
  spread_w(nets, recipe, rows, w, ws);
  return TRUE;
}

/* ---- noise maps ------------------------------------------------------------------------------ */

static gboolean
all_finite(const SgTensor *t)
{
  for (gsize i = 0; i < t->numel; i++)
    if (!isfinite(t->data[i]))
      return FALSE;
  return TRUE;
}

/* Is `t` h × w numbers, finite, of that hash? */
static gboolean
check_noise_map(const SgNoiseMap *map, int h, int w, const SgTensor *t, GError **error)
{
  g_autofree char *hash = sg_tensor_sha256(t), *shape = sg_shape_to_string(t->ndim, t->shape);

  if (t->ndim < 2 || (gint64)t->numel != (gint64)h * w || t->shape[t->ndim - 1] != w)
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "%s: the noise of convolution %d is [%d, %d], this array is %s", map->file,
                map->conv, h, w, shape);
  else if (strcmp(hash, map->sha256) != 0)
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_BROKEN,
                "%s: holds other numbers than the noise map “%s” that the picture was made with",
                map->file, map->name);
  else if (!all_finite(t))
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_BROKEN,
                "%s: holds values that are not finite", map->file);
  else
    return TRUE;
  return FALSE;
}

static SgTensor *
read_noise_map(const SgNoiseMap *map, int h, int w, GError **error)
{
  GStatBuf info;

  if (!g_path_is_absolute(map->file) || g_stat(map->file, &info) != 0 || !S_ISREG(info.st_mode)) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                "the noise map “%s” of convolution %d is not where it was, in %s; put the file "
                "back, or take the noise map off",
                map->name, map->conv, map->file);
    return NULL;
  }
  if (info.st_size > 8 * (gint64)h * w + MAX_NOISE_HEADER) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "%s: is larger than the noise of convolution %d, [%d, %d]", map->file, map->conv, h,
                w);
    return NULL;
  }
  g_autoptr(SgTensor) t = sg_npy_read(map->file, error);
  return t && check_noise_map(map, h, w, t, error) ? g_steal_pointer(&t) : NULL;
}

/* The convolution that is counted so; there is one. */
static const SgStage *
conv_stage(const SgSynthesis *net, int conv)
{
  for (guint i = 0; i < net->stages->len; i++) {
    const SgStage *stage = sg_synthesis_stage(net, i);
    if (stage->kind == SG_STAGE_CONV && stage->conv_index == conv)
      return stage;
  }
  g_assert_not_reached();
}

/* The planes of the recipe's noise maps to nets->maps; what was read stays while it is used. */
static gboolean
update_noise_maps(SgNets *nets, const SgRecipe *recipe, GError **error)
{
  int n = nets->net->num_convs;

  for (int i = 0; nets->maps && i < n; i++) {
    gboolean used = FALSE;
    for (guint k = 0; recipe->noise_maps && k < recipe->noise_maps->len; k++) {
      const SgNoiseMap *m = recipe->noise_maps->pdata[k];
      used = used || (m->conv == i && g_strcmp0(m->sha256, nets->map_hashes[i]) == 0);
    }
    if (used)
      continue;
    g_clear_pointer(&nets->maps[i], sg_tensor_unref);
    g_clear_pointer(&nets->map_hashes[i], g_free);
  }
  for (guint k = 0; recipe->noise_maps && k < recipe->noise_maps->len; k++) {
    const SgNoiseMap *m = recipe->noise_maps->pdata[k];
    if (m->conv >= n) {
      g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                  "the recipe has a noise map for convolution %d, this model has 0 to %d", m->conv,
                  n - 1);
      return FALSE;
    }
    if (!nets->maps) {
      nets->maps = g_new0(SgTensor *, n);
      nets->map_hashes = g_new0(char *, n);
    }
    if (nets->maps[m->conv])
      continue;
    const SgStage *stage = conv_stage(nets->net, m->conv);
    nets->maps[m->conv] = read_noise_map(m, stage->resolution, stage->width, error);
    if (!nets->maps[m->conv])
      return FALSE;
    nets->map_hashes[m->conv] = g_strdup(m->sha256);
  }
  return TRUE;
}

gboolean
sg_nets_stage_edits(SgNets *nets, const SgRecipe *recipe, SgStageEdits *edits, GError **error)
{
  *edits = (SgStageEdits){.noise = recipe->noise_mode,
                          .noise_seed = sg_recipe_face_noise_seed(recipe, 0),
                          .noise_gain = recipe->noise_gain,
                          .styles = recipe->s_offset,
                          .motion = {recipe->rotate, recipe->translate_x, recipe->translate_y}};
  if (!update_noise_maps(nets, recipe, error))
    return FALSE;
  edits->noise_maps = nets->maps;
  return check_stages(nets, recipe, error);
}

/* ---- pictures -------------------------------------------------------------------------------- */

guint
sg_nets_last_stage(const SgSynthesis *net, int max_resolution)
{
  guint end = net->stages->len, i;
  if (max_resolution <= 0 || net->resolution != net->full_resolution)
    return end;
  for (i = 0; i < net->stages->len; i++) {
    const SgStage *stage = sg_synthesis_stage(net, i);
    if (stage->kind == SG_STAGE_RGB &&
        (stage->resolution <= max_resolution || end == net->stages->len))
      end = i + 1;
  }
  return end;
}

/* Multiplications of a stage for one face; a toRGB's are few. */
static double
work_of(const SgStage *s)
{
  double pixels = (double)s->resolution * s->width;
  double taps =
      s->kind == SG_STAGE_CONV ? (double)s->weight->shape[2] * (double)s->weight->shape[3] : 1;
  return pixels * s->in_channels * s->out_channels * taps;
}

int
sg_nets_sizes(const SgSynthesis *net, int most, int *sizes, double *shares)
{
  double work = 0;
  int n = 0, last = 0;

  for (guint i = 0; i < net->stages->len; i++) {
    const SgStage *s = sg_synthesis_stage(net, i);
    work += work_of(s);
    if (n + 1 < most && s->kind == SG_STAGE_RGB && s->resolution > last &&
        sg_nets_last_stage(net, s->resolution) == i + 1 && i + 1 < net->stages->len) {
      sizes[n] = last = s->resolution;
      shares[n++] = work;
    }
  }
  sizes[n] = net->resolution;
  shares[n++] = work;
  for (int k = 0; k < n; k++)
    shares[k] /= work;
  return n;
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
    largest = MAX(largest,
                  sizeof(float) * (gsize)s->out_channels * (gsize)s->resolution * (gsize)s->width);
  }
  gsize bytes = nets->backend->device_info ? GROUP_BYTES_DEVICE : GROUP_BYTES;
  int size = (int)CLAMP(bytes / largest, 1, (gsize)faces);
  int count = (faces + size - 1) / size;
  g_ptr_array_set_size(nets->groups, 0);
  for (int first = 0; first < faces; first += size)
    g_ptr_array_add(nets->groups, sg_stage_cache_new(nets->net, first, MIN(size, faces - first),
                                                     nets->budget / (gsize)count));
}

void
sg_nets_crop(const float *from, int h, int w, int planes, int wanted_h, int wanted_w, float *to)
{
  int edge_h = (h - wanted_h + 1) / 2, edge_w = (w - wanted_w + 1) / 2;
  for (int p = 0; p < planes; p++)
    for (int y = 0; y < wanted_h; y++)
      memcpy(to + ((gsize)p * wanted_h + y) * wanted_w,
             from + ((gsize)p * h + y + edge_h) * w + edge_w, sizeof(float) * (gsize)wanted_w);
}

/* A group's picture as planes [n, C, h, w]. */
static void
store_planes(const SgBuf *img, int h, int w, float *to)
{
  if (img->h == h && img->w == w) {
    img->backend->download(img, to);
    return;
  }
  g_autofree float *planes = sg_room((gsize)img->n * img->c * img->h * img->w, sizeof *planes);
  if (!planes)
    return;
  img->backend->download(img, planes);
  sg_nets_crop(planes, img->h, img->w, img->n * img->c, h, w, to);
}

void
sg_nets_picture_size(const SgSynthesis *net, guint to, int *h, int *w)
{
  const SgStage *last = to == net->stages->len ? NULL : sg_synthesis_stage(net, to - 1);

  *h = last ? last->resolution : net->resolution;
  *w = last ? last->width : net->width;
}

/* Called with each group's picture and its first face; FALSE and error: that is enough. */
typedef gboolean (*GroupFunc)(const SgBuf *img, int at, gpointer data, GError **error);

static int
group_of(const SgNets *nets, int face)
{
  int g = 0, groups = (int)nets->groups->len;

  while (g + 1 < groups && face >= sg_stage_cache_faces(nets->groups->pdata[g]))
    face -= sg_stage_cache_faces(nets->groups->pdata[g++]);
  return g;
}

static int
first_face_of(const SgNets *nets, int group)
{
  int face = 0;

  for (int g = 0; g < group; g++)
    face += sg_stage_cache_faces(nets->groups->pdata[g]);
  return face;
}

static gboolean
render(SgNets *nets, const SgRecipe *recipe, const float *ws, guint to, int first_face,
       guint *first_run, GroupFunc done, gpointer data, GError **error)
{
  gsize step = (gsize)nets->net->num_ws * (gsize)nets->net->w_dim;
  SgStageEdits edits;
  guint from;

  if (!sg_nets_stage_edits(nets, recipe, &edits, error))
    return FALSE;
  ensure_groups(nets, recipe->faces);
  *first_run = to;
  int groups = (int)nets->groups->len, first = group_of(nets, first_face);
  for (int i = 0; i < groups; i++) {
    int g = (first + i) % groups, at = first_face_of(nets, g);
    g_autoptr(SgBuf) img = sg_stage_cache_render(nets->groups->pdata[g], ws + (gsize)at * step,
                                                 &edits, to, &from, error);
    if (!img)
      return FALSE;
    *first_run = MIN(*first_run, from);
    gboolean more = done(img, at, data, error);
    if (!sg_backend_check(img->backend, more ? error : NULL)) {
      g_ptr_array_set_size(nets->groups, 0); /* what they hold may be nothing */
      return FALSE;
    }
    if (!more)
      return FALSE;
  }
  return TRUE;
}

static gboolean
store_floats(const SgBuf *img, int at, gpointer data, GError **error)
{
  SgTensor *out = data;
  int h = (int)out->shape[2], w = (int)out->shape[3];

  store_planes(img, h, w, out->data + (gsize)at * (gsize)(img->c * h) * (gsize)w);
  return TRUE;
}

SgTensor *
sg_nets_render(SgNets *nets, const SgRecipe *recipe, GError **error)
{
  const SgSynthesis *net = nets->net;
  g_autofree float *ws = sg_nets_ws(nets, recipe, error);
  gint64 shape[4] = {recipe->faces, net->channels, net->resolution, net->width};
  g_autoptr(SgTensor) out = ws ? sg_tensor_try_new(4, shape, error) : NULL;
  guint first;

  if (!out || !render(nets, recipe, ws, net->stages->len, 0, &first, store_floats, out, error))
    return NULL;
  return g_steal_pointer(&out);
}

static gboolean
hand_out(const SgBuf *img, int at, gpointer data, GError **error)
{
  SgNetsDrawing *how = data;
  gsize face = (gsize)how->h * (gsize)how->w * k_drawn_bytes((unsigned)img->c);
  g_autofree guint8 *rgb = g_try_malloc_n((gsize)img->n, face);
  gboolean finite;

  if (!rgb) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                "not enough memory for %d pictures of %d × %d pixels", img->n, how->w, how->h);
    return FALSE;
  }
  sg_buf_rgb8(img, (img->h - how->h + 1) / 2, how->h, how->w, rgb, &finite);
  how->finite &= finite;
  if (how->drawn(rgb, how->h, how->w, at, img->n, how->data))
    return TRUE;
  g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INTR, "interrupted");
  return FALSE;
}

gboolean
sg_nets_draw(SgNets *nets, const SgRecipe *recipe, SgNetsDrawing *how, GError **error)
{
  guint to = sg_nets_last_stage(nets->net, how->max_resolution);
  g_autofree float *ws = sg_nets_ws(nets, recipe, error);

  sg_nets_picture_size(nets->net, to, &how->h, &how->w);
  how->finite = TRUE;
  return ws && render(nets, recipe, ws, to, how->first_face, &how->first_run, hand_out, how, error);
}
