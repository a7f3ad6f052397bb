#include "app/work/vitrine-noise-map.h"
#include <glib/gi18n.h>
#include <string.h>
#include "app/grid/vitrine-picture.h"
#include "engine/explore/causes/noise-variance.h"
#include "engine/explore/nets.h"

#define LAYER_DRAWS 20
/* Told after so many draws, and at the end. */
#define EVERY 10

struct _VitrineNoiseMap {
  GObject parent_instance;
  VitrineSession *session; /* borrowed: it has this */
  gboolean active;
  guint task;
  GdkTexture *texture; /* NULL: none yet */
  int draws;
  char *text;
};

enum { PROP_0, PROP_ACTIVE, PROP_TEXT, N_PROPS };
static GParamSpec *props[N_PROPS];
static guint changed_signal;

G_DEFINE_FINAL_TYPE(VitrineNoiseMap, vitrine_noise_map, G_TYPE_OBJECT)

/* ---- on the render thread ---------------------------------------------------------------- */

typedef struct {
  SgRecipe *recipe;
  SgNoiseVariance **faces; /* [recipe->faces] */
  double *layers;          /* [num_convs] variance by each layer's noise in face 0; NULL: not yet */
  int num_convs, conv;     /* the layer that is measured next */
} Job;

typedef struct {
  GdkTexture *texture; /* NULL: as before */
  int draws;
  double most;         /* the largest deviation, levels */
  double coarse, fine; /* shares of the variance; < 0: not known yet */
  char *error;
} News;

static void
job_free(gpointer data)
{
  Job *job = data;

  for (int i = 0; i < job->recipe->faces; i++)
    sg_noise_variance_free(job->faces[i]);
  g_free(job->faces);
  g_free(job->layers);
  sg_recipe_free(job->recipe);
  g_free(job);
}

static void
news_free(gpointer data)
{
  News *news = data;

  g_clear_object(&news->texture);
  g_free(news->error);
  g_free(news);
}

/* The mean picture of the draws, as grey RGB8. */
static guint8 *
grey_of(const SgNoiseVariance *v)
{
  gsize n = (gsize)v->size * (gsize)v->size;
  guint8 *rgb = g_malloc(3 * n);

  for (gsize i = 0; i < n; i++)
    memset(rgb + 3 * i, (int)CLAMP(v->mean[i] + 0.5, 0, 255), 3);
  return rgb;
}

static void
draw_maps(const Job *job, News *news)
{
  const int n = job->recipe->faces, size = job->faces[0]->size;
  const gsize bytes = 3 * (gsize)size * (gsize)size;
  g_autoptr(GPtrArray) maps = g_ptr_array_new_with_free_func((GDestroyNotify)sg_heat_map_free);
  g_autofree guint8 *rgb = g_malloc((gsize)n * bytes);

  news->most = 0;
  for (int i = 0; i < n; i++) {
    g_ptr_array_add(maps, sg_noise_variance_map(job->faces[i]));
    news->most = MAX(news->most, sg_heat_map_stats(maps->pdata[i]).most);
  }
  for (int i = 0; i < n; i++) {
    g_autofree guint8 *grey = grey_of(job->faces[i]);
    g_autofree guint8 *drawn =
        sg_heat_map_draw(maps->pdata[i], grey, news->most > 0 ? news->most : 1);
    memcpy(rgb + (gsize)i * bytes, drawn, bytes);
  }
  const SgPicture picture = {.faces = n, .width = size, .height = size, .bytes = 3, .rgb = rgb};
  news->texture = vitrine_picture_texture(&picture);
  news->draws = job->faces[0]->draws;
}

/* One more draw of the face that has the fewest. FALSE: it failed. */
static gboolean
draw_face(Job *job, SgRenderer *renderer, News *news, GError **error)
{
  int face = 0;

  for (int i = 1; i < job->recipe->faces; i++)
    if (job->faces[i]->draws < job->faces[face]->draws)
      face = i;
  g_autoptr(SgRecipe) one = sg_recipe_face(job->recipe, face);
  if (!sg_noise_variance_draw(job->faces[face], renderer, one, 0, error))
    return FALSE;
  int draws = job->faces[face]->draws;
  if (face == job->recipe->faces - 1 && draws > 1 && (draws % EVERY == 0 || draws == 2))
    draw_maps(job, news);
  return TRUE;
}

static gboolean
measure_layer(Job *job, SgRenderer *renderer, GError **error)
{
  g_autoptr(SgNoiseVariance) v = sg_noise_variance_new();
  g_autoptr(SgRecipe) one = sg_recipe_face(job->recipe, 0);
  g_autoptr(SgRecipe) only = sg_noise_only(renderer, one, job->conv, error);

  for (int i = 0; only && i < LAYER_DRAWS; i++)
    if (!sg_noise_variance_draw(v, renderer, only, 0, error))
      return FALSE;
  if (only)
    job->layers[job->conv++] = sg_noise_variance_mean(v);
  return only != NULL;
}

static void
add_shares(const Job *job, SgRenderer *renderer, News *news)
{
  const SgPrune as_stored = {0};
  const SgNets *nets = sg_renderer_nets(renderer, &as_stored, NULL);
  double coarse = 0, fine = 0;
  int k = 0;

  for (guint i = 0; nets && i < nets->net->stages->len; i++) {
    const SgStage *stage = sg_synthesis_stage(nets->net, i);
    if (stage->kind != SG_STAGE_CONV)
      continue;
    *(stage->resolution <= SG_NOISE_COARSE_UP_TO ? &coarse : &fine) += job->layers[k++];
  }
  if (coarse + fine > 0) {
    news->coarse = coarse / (coarse + fine);
    news->fine = fine / (coarse + fine);
  }
}

static gboolean
begin_layers(Job *job, SgRenderer *renderer, GError **error)
{
  const SgNets *nets = sg_renderer_nets_of(renderer, job->recipe, error);

  if (!nets)
    return FALSE;
  job->num_convs = nets->net->num_convs;
  job->layers = g_new0(double, job->num_convs);
  return TRUE;
}

static gboolean
go_on(Job *job, SgRenderer *renderer, News *news, GError **error)
{
  if (job->faces[job->recipe->faces - 1]->draws < VITRINE_NOISE_DRAWS)
    return draw_face(job, renderer, news, error);
  if (!job->layers)
    return begin_layers(job, renderer, error);
  if (job->conv < job->num_convs && !measure_layer(job, renderer, error))
    return FALSE;
  if (job->conv == job->num_convs) {
    draw_maps(job, news);
    add_shares(job, renderer, news);
  }
  return TRUE;
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  Job *job = data;
  News *news = g_new0(News, 1);
  g_autoptr(GError) error = NULL;

  news->coarse = news->fine = -1;
  if (!go_on(job, renderer, news, &error))
    news->error = g_strdup(error->message);
  gboolean done = news->error || (job->layers && job->conv == job->num_convs);
  if (news->texture || news->error)
    *out = news;
  else
    news_free(news);
  return !done;
}

/* ---- on the main thread ------------------------------------------------------------------ */

static void
set_text(VitrineNoiseMap *self, char *text)
{
  g_free(self->text);
  self->text = text;
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_TEXT]);
}

static char *
text_of(const News *news)
{
  if (news->error)
    return g_strdup(news->error);
  if (news->most <= 0)
    return g_strdup_printf(_("%d draws: noise changes nothing"), news->draws);
  if (news->coarse < 0)
    return g_strdup_printf(_("%d draws: white is a standard deviation of %.2f levels of 255"),
                           news->draws, news->most);
  return g_strdup_printf(_("%d draws: white is a standard deviation of %.2f levels of 255. Of the "
                           "variance %.0f %% comes from coarse layers, %.0f %% from fine ones."),
                         news->draws, news->most, 100 * news->coarse, 100 * news->fine);
}

static void
news_cb(gpointer data, gboolean finished, gpointer user_data)
{
  VitrineNoiseMap *self = user_data;
  const News *news = data;

  if (finished)
    self->task = 0;
  if (!news)
    return;
  if (news->texture) {
    g_set_object(&self->texture, news->texture);
    self->draws = news->draws;
    g_signal_emit(self, changed_signal, 0);
  }
  set_text(self, text_of(news));
}

static void
forget(VitrineNoiseMap *self)
{
  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  self->draws = 0;
  if (!self->texture)
    return;
  g_clear_object(&self->texture);
  g_signal_emit(self, changed_signal, 0);
}

static void
begin(VitrineNoiseMap *self)
{
  const VitrineTaskClass class = {
      .step = step, .news = news_cb, .free_news = news_free, .free_data = job_free};
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);

  forget(self);
  if (!self->active || !recipe)
    return;
  Job *job = g_new0(Job, 1);
  job->recipe = sg_recipe_copy(recipe);
  job->faces = g_new(SgNoiseVariance *, recipe->faces);
  for (int i = 0; i < recipe->faces; i++)
    job->faces[i] = sg_noise_variance_new();
  set_text(self, g_strdup(_("Drawing noise")));
  self->task = vitrine_view_start_task(vitrine_session_get_view(self->session), &class, job, self);
}

GdkTexture *
vitrine_noise_map_get_texture(VitrineNoiseMap *self)
{
  g_return_val_if_fail(VITRINE_IS_NOISE_MAP(self), NULL);
  return self->texture;
}

int
vitrine_noise_map_get_draws(VitrineNoiseMap *self)
{
  g_return_val_if_fail(VITRINE_IS_NOISE_MAP(self), 0);
  return self->draws;
}

/* ---- the object -------------------------------------------------------------------------- */

static void
vitrine_noise_map_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  const VitrineNoiseMap *self = VITRINE_NOISE_MAP(object);

  if (id == PROP_ACTIVE)
    g_value_set_boolean(value, self->active);
  else
    g_value_set_string(value, self->text ? self->text : "");
}

static void
vitrine_noise_map_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  VitrineNoiseMap *self = VITRINE_NOISE_MAP(object);

  if (self->active == g_value_get_boolean(value))
    return;
  self->active = g_value_get_boolean(value);
  begin(self);
  if (!self->active)
    set_text(self, NULL);
  g_object_notify_by_pspec(object, pspec);
}

static void
vitrine_noise_map_finalize(GObject *object)
{
  g_clear_object(&VITRINE_NOISE_MAP(object)->texture);
  g_free(VITRINE_NOISE_MAP(object)->text);
  G_OBJECT_CLASS(vitrine_noise_map_parent_class)->finalize(object);
}

static void
vitrine_noise_map_class_init(VitrineNoiseMapClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);
  GParamFlags flags = G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = vitrine_noise_map_finalize;
  object_class->get_property = vitrine_noise_map_get_property;
  object_class->set_property = vitrine_noise_map_set_property;
  props[PROP_ACTIVE] = g_param_spec_boolean("active", NULL, NULL, FALSE, flags | G_PARAM_READWRITE);
  props[PROP_TEXT] = g_param_spec_string("text", NULL, NULL, "", flags | G_PARAM_READABLE);
  g_object_class_install_properties(object_class, N_PROPS, props);
  changed_signal = g_signal_new("changed", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 0);
}

static void
vitrine_noise_map_init(VitrineNoiseMap *self)
{
}

VitrineNoiseMap *
vitrine_noise_map_of(VitrineSession *session)
{
  g_return_val_if_fail(VITRINE_IS_SESSION(session), NULL);
  VitrineNoiseMap *self = g_object_get_data(G_OBJECT(session), "vitrine-noise-map");

  if (self)
    return self;
  self = g_object_new(VITRINE_TYPE_NOISE_MAP, NULL);
  self->session = session;
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(begin), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "weights-changed", G_CALLBACK(begin), self, G_CONNECT_SWAPPED);
  g_object_set_data_full(G_OBJECT(session), "vitrine-noise-map", self, g_object_unref);
  return self;
}
