#include "engine/explore/causes/channel-sample.h"
#include "engine/directions/seeds.h"
#include "engine/explore/nets.h"
#include "engine/formats/archive.h"
#include "engine/formats/format-error.h"
#include "engine/formats/safetensors.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Faces that are drawn together. */
#define BATCH 8
#define KIND  "vitrine-channel-sample-1"

/* ---- what there is --------------------------------------------------------------------------- */

static SgChannelSample *
sample_new(const SgSynthesis *net, int n, int label)
{
  SgChannelSample *s = g_new0(SgChannelSample, 1);
  guint stages = net->stages->len;

  *s = (SgChannelSample){.n = n, .label = label, .stages = (int)stages};
  s->first = g_new(int, stages + 1);
  s->first[0] = 0;
  for (guint i = 0; i < stages; i++) {
    const SgStage *stage = sg_synthesis_stage(net, i);
    s->first[i + 1] = s->first[i] + (stage->kind == SG_STAGE_CONV ? stage->out_channels : 0);
  }
  return s;
}

static gsize
channels_of(const SgChannelSample *s)
{
  return (gsize)s->first[s->stages];
}

void
sg_channel_sample_free(SgChannelSample *s)
{
  if (!s)
    return;
  g_free(s->first);
  g_free(s->mean);
  g_free(s);
}

/* ---- drawing --------------------------------------------------------------------------------- */

typedef struct {
  SgChannelSample *sample;
  int at; /* the first face of the group */
} Watch;

static void
stage_done(guint i, SgBuf *x, SgBuf *img, gpointer data)
{
  const Watch *w = data;
  SgChannelSample *s = w->sample;
  int channels = s->first[i + 1] - s->first[i];
  gsize pixels = (gsize)x->h * (gsize)x->w;

  if (channels == 0)
    return;
  g_autofree float *v = g_new(float, sg_buf_count(x));
  x->backend->download(x, v);
  for (int k = 0; k < x->n; k++)
    for (int c = 0; c < channels; c++) {
      const float *plane = v + ((gsize)k * (gsize)channels + (gsize)c) * pixels;
      double sum = 0;
      for (gsize p = 0; p < pixels; p++)
        sum += (double)plane[p];
      s->mean[(gsize)(w->at + k) * channels_of(s) + (gsize)(s->first[i] + c)] =
          (float)(sum / (double)pixels);
    }
}

/* Faces of one class can be drawn together. */
static int
run_length(const SgMapping *m, int label, int left)
{
  return label < 0 && m->c_dim > 0 ? 1 : MIN(BATCH, left);
}

static gboolean
draw_group(SgNets *nets, const SgRecipe *recipe, Watch *w, GError **error)
{
  SgStageEdits edits;
  GError *failed = NULL;
  g_autofree float *ws = sg_nets_ws(nets, recipe, error);

  if (!ws || !sg_nets_stage_edits(nets, recipe, &edits, error))
    return FALSE;
  SgStageCache *pass = sg_stage_cache_new(nets->net, 0, recipe->faces, 0);
  sg_stage_cache_watch(pass, stage_done, w);
  g_autoptr(SgBuf) img =
      sg_stage_cache_render(pass, ws, &edits, nets->net->stages->len, NULL, &failed);
  sg_stage_cache_free(pass);
  if (failed)
    g_propagate_error(error, failed);
  return !failed && sg_backend_check(nets->backend, error);
}

SgChannelSample *
sg_channel_sample_begin(SgRenderer *r, int n, int label, GError **error)
{
  const SgPrune as_stored = {0};
  SgNets *nets = sg_renderer_nets(r, &as_stored, error);

  if (!nets)
    return NULL;
  g_autoptr(SgChannelSample) s = sample_new(nets->net, n, label);
  s->mean = g_try_malloc0_n((gsize)n, sizeof(float) * MAX(channels_of(s), 1));
  if (!s->mean) {
    sg_no_memory(error, "for the channels of so many faces");
    return NULL;
  }
  return g_steal_pointer(&s);
}

int
sg_channel_sample_draw(SgChannelSample *s, SgRenderer *r, int drawn, GError **error)
{
  const SgPrune as_stored = {0};
  SgNets *nets = sg_renderer_nets(r, &as_stored, error);
  Watch w = {s, drawn};

  if (!nets)
    return -1;
  g_autoptr(SgRecipe) recipe = sg_recipe_new(nets->mapping->z_dim, nets->mapping->w_dim);
  recipe->seed = (guint32)drawn;
  recipe->faces = run_length(nets->mapping, s->label, s->n - drawn);
  recipe->label = sg_seeds_label(nets->mapping, s->label, drawn);
  return draw_group(nets, recipe, &w, error) ? drawn + recipe->faces : -1;
}

SgChannelSample *
sg_channel_sample_new(SgRenderer *r, int n, int label, SgDirectionProgress progress, gpointer data,
                      GError **error)
{
  g_autoptr(SgChannelSample) s = sg_channel_sample_begin(r, n, label, error);

  for (int drawn = 0; s && drawn < n;) {
    drawn = sg_channel_sample_draw(s, r, drawn, error);
    if (drawn < 0)
      return NULL;
    if (progress && !progress(drawn, n, data)) {
      sg_directions_cancelled(error);
      return NULL;
    }
  }
  return g_steal_pointer(&s);
}

/* ---- files ----------------------------------------------------------------------------------- */

char *
sg_channel_sample_path(const char *hash, int n, int label)
{
  g_autofree char *name = g_strdup_printf("%s-%d-%d.safetensors", hash, n, label);

  return g_build_filename(g_get_user_cache_dir(), "vitrine", "channels", name, NULL);
}

gboolean
sg_channel_sample_save(const SgChannelSample *s, const char *path, const char *hash, GError **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  g_autoptr(GHashTable) tensors = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) meta = g_hash_table_new(g_str_hash, g_str_equal);
  g_autofree char *label = g_strdup_printf("%d", s->label);
  g_autoptr(SgTensor) t = sg_tensor_try_new(2, (gint64[]){s->n, (gint64)channels_of(s)}, error);

  if (!t)
    return FALSE;
  memcpy(t->data, s->mean, t->numel * sizeof(float));
  g_ptr_array_add(names, (gpointer) "mean");
  g_hash_table_insert(tensors, (gpointer) "mean", t);
  g_hash_table_insert(meta, (gpointer) "format", (gpointer)KIND);
  g_hash_table_insert(meta, (gpointer) "model", (gpointer)hash);
  g_hash_table_insert(meta, (gpointer) "class", label);
  return sg_safetensors_write(path, names, tensors, meta, error);
}

static gboolean
states(const SgArchive *a, const char *key, const char *value)
{
  g_autofree char *name = g_strconcat("__metadata__.", key, NULL);
  return g_strcmp0(sg_archive_attribute(a, name), value) == 0;
}

static gboolean
is_finite(const SgTensor *t)
{
  for (gsize i = 0; i < t->numel; i++)
    if (!isfinite(t->data[i]))
      return FALSE;
  return TRUE;
}

SgChannelSample *
sg_channel_sample_load(const char *path, SgRenderer *r, int n, int label)
{
  const SgPrune as_stored = {0};
  const SgNets *nets = sg_renderer_nets(r, &as_stored, NULL);
  g_autoptr(SgArchive) a =
      nets && g_file_test(path, G_FILE_TEST_IS_REGULAR) ? sg_archive_open(path, NULL) : NULL;
  const SgTensor *t = a ? sg_archive_tensor(a, "mean") : NULL;
  g_autofree char *text = g_strdup_printf("%d", label);

  if (!t || !states(a, "format", KIND) || !states(a, "model", sg_renderer_model(r)->hash) ||
      !states(a, "class", text))
    return NULL;
  g_autoptr(SgChannelSample) s = sample_new(nets->net, n, label);
  if (!sg_tensor_has_shape(t, 2, n, (int)channels_of(s)) || !is_finite(t))
    return NULL;
  s->mean = g_memdup2(t->data, t->numel * sizeof(float));
  return g_steal_pointer(&s);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static float
at(const SgChannelSample *s, int face, guint stage, int channel)
{
  return s->mean[(gsize)face * channels_of(s) + (gsize)(s->first[stage] + channel)];
}

typedef struct {
  float value;
  int face;
} Ranked;

/* The strongest first; of equals the one of the lower seed. */
static int
stronger(gconstpointer a, gconstpointer b)
{
  const Ranked *x = a, *y = b;
  return x->value != y->value ? (x->value < y->value) - (x->value > y->value)
                              : (x->face > y->face) - (x->face < y->face);
}

int
sg_channel_sample_extremes(const SgChannelSample *s, guint stage, int channel, gboolean most,
                           int count, int *faces)
{
  g_autofree Ranked *all = g_new(Ranked, s->n);

  for (int i = 0; i < s->n; i++)
    all[i] = (Ranked){most ? at(s, i, stage, channel) : -at(s, i, stage, channel), i};
  qsort(all, (gsize)s->n, sizeof *all, stronger);
  count = MIN(count, s->n);
  for (int i = 0; i < count; i++)
    faces[i] = all[i].face;
  return count;
}

void
sg_channel_sample_moments(const SgChannelSample *s, guint stage, int channel, double *mean,
                          double *deviation)
{
  double sum = 0, squares = 0;

  for (int i = 0; i < s->n; i++)
    sum += (double)at(s, i, stage, channel) / s->n;
  for (int i = 0; i < s->n; i++) {
    double d = (double)at(s, i, stage, channel) - sum;
    squares += d * d / s->n;
  }
  *mean = sum;
  *deviation = sqrt(squares);
}
