#include "app/explore/vitrine-point.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "app/grid/vitrine-picture.h"
#include "engine/explore/causes/influence.h"
#include "engine/explore/nets.h"
#include "engine/explore/preview.h"

/* Gradients that the strengths are estimated from; what is listed first is then moved and measured.
 * With 24 dimensions are listed in the order of what really happens (Spearman 0.93 over the first
 * hundred, no spot of twenty below 0.8, tests/bench/bench-point.c), with 16 hardly less so (0.91);
 * pictures above 128 pixels would take too long. */
#define PROBES       24
#define PROBES_LARGE 16

/* One thing that can be moved. */
typedef struct {
  VitrineDirection *direction; /* a reference: NULL while it is only a number */
  SgNamedDirection *facts;     /* of a dimension or of `direction`; NULL: a channel */
  int stage, channel;          /* of a channel */
  double sigma, predicted, measured;
} Mover;

typedef struct {
  gatomicrefcount ref;
  SgModel *of; /* whose weights these are */
  SgWeights *weights;
} Weights;

struct _VitrinePoint {
  VitrineShelf *shelf;
  VitrinePointNews news;
  gpointer data;
  GListStore *list;
  VitrineTaskClass class;
  guint task;
  Weights *weights; /* shared with the tasks */
  double seconds;
  char *error;
};

/* ---- on the render thread ---------------------------------------------------------------- */

typedef struct {
  SgRecipe *recipe; /* one face */
  SgRegion region;
  VitrineSample *sample;
  Weights *weights; /* used on the render thread only */
  GArray *movers;   /* of Mover */
  gboolean ranked;
} Job;

typedef struct {
  GArray *movers; /* of Mover: a reference; read only by who has the news */
  double seconds;
  char *error;
} News;

static void
weights_unref(Weights *w)
{
  if (!g_atomic_ref_count_dec(&w->ref))
    return;
  sg_weights_free(w->weights);
  sg_model_unref(w->of);
  g_free(w);
}

static void
mover_clear(gpointer data)
{
  Mover *m = data;

  g_clear_object(&m->direction);
  sg_named_direction_free(m->facts);
}

static GArray *
movers_new(void)
{
  GArray *movers = g_array_new(FALSE, TRUE, sizeof(Mover));

  g_array_set_clear_func(movers, mover_clear);
  return movers;
}

static void
job_free(gpointer data)
{
  Job *job = data;

  sg_recipe_free(job->recipe);
  vitrine_sample_unref(job->sample);
  g_array_unref(job->movers);
  weights_unref(job->weights);
  g_free(job);
}

static void
news_free(gpointer data)
{
  News *news = data;

  g_clear_pointer(&news->movers, g_array_unref);
  g_free(news->error);
  g_free(news);
}

/* The generator on the tape, of the newest weights. Its gradients may be rough: dimensions are
 * listed in the same order to a thousandth of Spearman's correlation, at half the cost. */
static SgWeights *
weights_for(Job *job, SgRenderer *renderer, GError **error)
{
  Weights *w = job->weights;
  SgModel *model = sg_renderer_model(renderer);
  SgBackend *exact = sg_renderer_backend(renderer), *rough = sg_backend_rough(exact);

  if (w->of == model)
    return w->weights;
  g_clear_pointer(&w->weights, sg_weights_free);
  g_clear_pointer(&w->of, sg_model_unref);
  w->weights = sg_weights_new_generator(rough ? rough : exact, model, FALSE, error);
  if (w->weights)
    w->of = sg_model_ref(model);
  return w->weights;
}

static void
add_dimensions(Job *job, const SgInfluence *influence)
{
  const SgMoments *m = job->sample->moments;

  for (int j = 0; j < influence->w_dim; j++) {
    double sigma = sqrt(m->covariance[(gsize)j * (gsize)m->dim + (gsize)j]);
    Mover one = {.stage = -1, .channel = j, .sigma = sigma, .measured = NAN};
    one.predicted = influence->w[j] * sigma;
    g_array_append_val(job->movers, one);
  }
}

static int
stronger(gconstpointer a, gconstpointer b)
{
  double x = ((const Mover *)a)->predicted, y = ((const Mover *)b)->predicted;

  return (x < y) - (x > y);
}

/* Channels of convolutions; a toRGB's change colours alone. */
static void
add_channels(Job *job, SgRenderer *renderer, const SgInfluence *influence)
{
  const SgNets *nets = sg_renderer_nets_of(renderer, job->recipe, NULL);
  const VitrineSample *s = job->sample;

  for (guint i = 0; nets && i < influence->channels->len; i++) {
    const SgChannelInfluence *c = &g_array_index(influence->channels, SgChannelInfluence, i);
    const SgStage *stage = sg_synthesis_stage(nets->net, (guint)c->layer);
    if (stage->kind != SG_STAGE_CONV)
      continue;
    Mover one = {.stage = c->layer, .channel = c->channel, .measured = NAN};
    one.sigma = ((const double *)s->sigmas->pdata[stage->conv_index])[c->channel];
    one.predicted = c->strength * one.sigma;
    g_array_append_val(job->movers, one);
  }
}

static int
probes_for(const SgModel *model)
{
  return model->info.img_resolution <= 128 ? PROBES : PROBES_LARGE;
}

static gboolean
rank(Job *job, SgRenderer *renderer, GError **error)
{
  SgWeights *weights = weights_for(job, renderer, error);
  g_autoptr(SgInfluence) influence =
      weights ? sg_influence_new(renderer, weights, job->recipe, &job->region,
                                 probes_for(sg_renderer_model(renderer)), 0, error)
              : NULL;

  if (!influence)
    return FALSE;
  for (guint i = 0; i < job->movers->len; i++) {
    Mover *m = &g_array_index(job->movers, Mover, i);
    m->predicted = sg_influence_direction(influence, m->facts->vector) * m->sigma;
  }
  add_dimensions(job, influence);
  add_channels(job, renderer, influence);
  g_array_sort(job->movers, stronger);
  if (job->movers->len > VITRINE_POINT_LISTED)
    g_array_set_size(job->movers, VITRINE_POINT_LISTED);
  return TRUE;
}

/* The recipe with one σ more of it. */
static SgRecipe *
moved(const Job *job, const Mover *m)
{
  SgRecipe *r = sg_recipe_copy(job->recipe);

  if (m->facts)
    for (int j = 0; j < r->w_dim; j++)
      r->w_offset[j] += m->sigma * m->facts->vector[j];
  else if (m->stage < 0)
    r->w_offset[m->channel] += m->sigma;
  else
    sg_recipe_set_s_offset(r, m->stage, m->channel,
                           sg_layer_offset_get(r->s_offset, m->stage, m->channel) + m->sigma);
  return r;
}

/* The strongest, moved by one σ: what the spot really does. */
static gboolean
measure(Job *job, SgRenderer *renderer, GError **error)
{
  guint n = MIN(VITRINE_POINT_MEASURED, job->movers->len);
  g_autoptr(GPtrArray) recipes = g_ptr_array_new_with_free_func((GDestroyNotify)sg_recipe_free);

  g_ptr_array_add(recipes, sg_recipe_copy(job->recipe));
  for (guint i = 0; i < n; i++)
    g_ptr_array_add(recipes, moved(job, &g_array_index(job->movers, Mover, i)));
  g_autoptr(SgTensor) pictures =
      sg_preview_pictures(renderer, (int)n + 1, (SgRecipe **)recipes->pdata, 0, error);
  if (!pictures)
    return FALSE;
  int c = (int)pictures->shape[1], h = (int)pictures->shape[2], w = (int)pictures->shape[3];
  gsize face = (gsize)c * (gsize)h * (gsize)w;
  for (guint i = 0; i < n; i++)
    g_array_index(job->movers, Mover, i).measured =
        sg_region_change(&job->region, c, h, w, pictures->data + (i + 1) * face, pictures->data);
  return TRUE;
}

/* First the order, at once; then what the first of it really do. */
static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  Job *job = data;
  News *news = g_new0(News, 1);
  gint64 start = g_get_monotonic_time();
  g_autoptr(GError) error = NULL;
  gboolean ok = job->ranked ? measure(job, renderer, &error) : rank(job, renderer, &error);
  gboolean more = ok && !job->ranked;

  if (error)
    news->error = g_strdup(error->message);
  if (more)
    news->seconds = (double)(g_get_monotonic_time() - start) / 1e6;
  job->ranked |= ok;
  news->movers = movers_new();
  for (guint i = 0; ok && i < job->movers->len; i++) {
    Mover m = g_array_index(job->movers, Mover, i);
    if (m.direction)
      g_object_ref(m.direction);
    m.facts = NULL;
    g_array_append_val(news->movers, m);
  }
  *out = news;
  return more;
}

/* ---- on the main thread ------------------------------------------------------------------ */

static VitrineDirection *
direction_of(VitrinePoint *self, const Mover *m)
{
  VitrineEditor *editor = vitrine_session_get_editor(vitrine_shelf_get_session(self->shelf));
  int dim = vitrine_session_get_model(vitrine_shelf_get_session(self->shelf))->info.w_dim;

  if (m->direction)
    return g_object_ref(m->direction);
  if (m->stage >= 0) {
    g_autofree char *name = g_strdup_printf("s%d.%d", m->stage, m->channel);
    return vitrine_direction_new_channel(editor, name, m->stage, m->channel, m->sigma);
  }
  g_autofree char *name = g_strdup_printf("w%d", m->channel);
  g_autoptr(SgDirectionSet) set = sg_direction_set_new(dim, "", "", "");
  g_autofree double *one = g_new0(double, dim);
  one[m->channel] = m->sigma;
  const SgNamedDirection *d = sg_direction_set_add(set, name, one);
  return d ? vitrine_direction_new(editor, VITRINE_DIRECTION_COMPONENT, dim,
                                   sg_named_direction_copy(d, dim), FALSE)
           : NULL;
}

static void
forget_notes(VitrinePoint *self)
{
  for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(self->list)); i++) {
    g_autoptr(VitrineDirection) d = g_list_model_get_item(G_LIST_MODEL(self->list), i);
    vitrine_direction_set_note(d, NULL);
  }
}

static void
note(VitrineDirection *d, const Mover *m)
{
  g_autofree char *text =
      isnan(m->measured)
          ? g_strdup_printf(_("%.1f of 255 predicted"), m->predicted)
          : g_strdup_printf(_("%.1f predicted, %.1f measured"), m->predicted, m->measured);

  vitrine_direction_set_note(d, text);
}

static void
show(VitrinePoint *self, const GArray *movers)
{
  gboolean again = g_list_model_get_n_items(G_LIST_MODEL(self->list)) == movers->len;

  if (again && movers->len > 0 && !isnan(g_array_index(movers, Mover, 0).measured)) {
    for (guint i = 0; i < movers->len; i++) { /* the same ones, measured */
      g_autoptr(VitrineDirection) d = g_list_model_get_item(G_LIST_MODEL(self->list), i);
      note(d, &g_array_index(movers, Mover, i));
    }
    return;
  }
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_object_unref);
  for (guint i = 0; i < movers->len; i++) {
    VitrineDirection *d = direction_of(self, &g_array_index(movers, Mover, i));
    if (!d)
      continue;
    note(d, &g_array_index(movers, Mover, i));
    g_ptr_array_add(all, d);
  }
  g_list_store_splice(self->list, 0, g_list_model_get_n_items(G_LIST_MODEL(self->list)), all->pdata,
                      all->len);
}

static void
news_cb(gpointer data, gboolean finished, gpointer user_data)
{
  VitrinePoint *self = user_data;
  News *news = data;

  if (finished) {
    self->task = 0;
    self->news(self->data);
    return;
  }
  g_free(self->error);
  self->error = g_strdup(news->error);
  if (news->seconds > 0)
    self->seconds = news->seconds;
  if (!news->error)
    show(self, news->movers);
  self->news(self->data);
}

static void
add_known(VitrinePoint *self, GArray *movers)
{
  for (int group = 0; group < VITRINE_N_DIRECTION_GROUPS; group++) {
    GListModel *list = vitrine_shelf_get_list(self->shelf, group);
    for (guint i = 0; i < g_list_model_get_n_items(list); i++) {
      g_autoptr(VitrineDirection) d = g_list_model_get_item(list, i);
      const SgNamedDirection *facts = vitrine_direction_get_facts(d);
      Mover m = {.stage = -1, .sigma = facts->sigma, .measured = NAN};
      m.direction = g_object_ref(d);
      m.facts = sg_named_direction_copy(facts, vitrine_direction_get_w_dim(d));
      g_array_append_val(movers, m);
    }
  }
}

void
vitrine_point_ask(VitrinePoint *self)
{
  VitrineSession *session = vitrine_shelf_get_session(self->shelf);
  VitrineSpotArea area = vitrine_spot_get_area(vitrine_session_get_spot(session));
  const SgRecipe *recipe = vitrine_session_get_recipe(session);
  VitrineSample *sample = vitrine_shelf_get_sample(self->shelf);
  SgRegion region = {area.x, area.y, area.width, area.height};
  int face;

  vitrine_view_stop_task(vitrine_session_get_view(session), self->task);
  self->task = 0;
  forget_notes(self);
  const SgModelInfo *info = area.width && recipe ? &vitrine_session_get_model(session)->info : NULL;
  if (!info || !sample || !sample->moments ||
      !vitrine_picture_locate(recipe->faces, sg_info_width(info), sg_info_height(info), &region,
                              &face)) {
    g_list_store_remove_all(self->list);
    self->news(self->data);
    return;
  }
  Job *job = g_new0(Job, 1);
  job->recipe = sg_recipe_face(recipe, face);
  job->region = region;
  job->sample = vitrine_sample_ref(sample);
  job->movers = movers_new();
  job->weights = self->weights;
  g_atomic_ref_count_inc(&job->weights->ref);
  add_known(self, job->movers);
  self->task = vitrine_view_start_task(vitrine_session_get_view(session), &self->class, job, self);
}

GListModel *
vitrine_point_get_list(VitrinePoint *self)
{
  return G_LIST_MODEL(self->list);
}

gboolean
vitrine_point_is_answered(VitrinePoint *self)
{
  return self->task == 0;
}

double
vitrine_point_get_seconds(VitrinePoint *self)
{
  return self->seconds;
}

const char *
vitrine_point_get_error(VitrinePoint *self)
{
  return self->error;
}

static void
model_cb(VitrinePoint *self)
{
  self->task = 0; /* another model ends all tasks */
  g_list_store_remove_all(self->list);
}

VitrinePoint *
vitrine_point_new(VitrineShelf *shelf, VitrinePointNews news, gpointer data)
{
  VitrinePoint *self = g_new0(VitrinePoint, 1);

  self->shelf = g_object_ref(shelf);
  self->news = news;
  self->data = data;
  self->list = g_list_store_new(VITRINE_TYPE_DIRECTION);
  self->class = (VitrineTaskClass){.urgent = TRUE,
                                   .step = step,
                                   .news = news_cb,
                                   .free_news = news_free,
                                   .free_data = job_free,
                                   .resumes = TRUE};
  self->weights = g_new0(Weights, 1);
  g_atomic_ref_count_init(&self->weights->ref);
  g_signal_connect_data(vitrine_shelf_get_session(shelf), "model-changed", G_CALLBACK(model_cb),
                        self, NULL, G_CONNECT_SWAPPED);
  return self;
}

void
vitrine_point_free(VitrinePoint *self)
{
  VitrineSession *session;

  if (!self)
    return;
  session = vitrine_shelf_get_session(self->shelf);
  g_signal_handlers_disconnect_by_data(session, self);
  vitrine_view_stop_task(vitrine_session_get_view(session), self->task);
  forget_notes(self);
  weights_unref(self->weights);
  g_object_unref(self->list);
  g_object_unref(self->shelf);
  g_free(self->error);
  g_free(self);
}
