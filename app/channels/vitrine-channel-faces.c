#include "app/channels/vitrine-channel-faces.h"
#include "engine/explore/causes/channel-sample.h"

struct _VitrineChannelFaces {
  GObject parent_instance;
  VitrineSession *session;
  SgChannelSample *sample; /* whole; NULL: none */
  gboolean looked;         /* the cache has been looked into */
  double progress;
  char *error;
  guint task;
};

static guint changed_signal;

G_DEFINE_FINAL_TYPE(VitrineChannelFaces, vitrine_channel_faces, G_TYPE_OBJECT)

/* ---- on the render thread ---------------------------------------------------------------- */

typedef struct {
  char *path; /* NULL: the model has no name to keep it by */
  char *hash;
  gboolean draw, looked;
  SgChannelSample *sample;
  int drawn;
} Job;

typedef struct {
  SgChannelSample *sample; /* whole */
  double progress;
  char *error;
} News;

static void
job_free(gpointer data)
{
  Job *job = data;

  sg_channel_sample_free(job->sample);
  g_free(job->path);
  g_free(job->hash);
  g_free(job);
}

static void
news_free(gpointer data)
{
  News *news = data;

  sg_channel_sample_free(news->sample);
  g_free(news->error);
  g_free(news);
}

/* That it cannot be kept is no error: it is drawn again. */
static void
keep(const Job *job)
{
  g_autofree char *folder = job->path ? g_path_get_dirname(job->path) : NULL;

  if (folder && g_mkdir_with_parents(folder, 0700) == 0)
    sg_channel_sample_save(job->sample, job->path, job->hash, NULL);
}

/* Some faces more. FALSE: that is all, or it went wrong. */
static gboolean
draw_some(Job *job, SgRenderer *renderer, News *news, GError **error)
{
  if (!job->sample)
    job->sample = sg_channel_sample_begin(renderer, VITRINE_CHANNEL_SAMPLES, -1, error);
  if (!job->sample)
    return FALSE;
  job->drawn = sg_channel_sample_draw(job->sample, renderer, job->drawn, error);
  if (job->drawn < 0)
    return FALSE;
  news->progress = (double)job->drawn / VITRINE_CHANNEL_SAMPLES;
  if (job->drawn < VITRINE_CHANNEL_SAMPLES)
    return TRUE;
  keep(job);
  news->sample = g_steal_pointer(&job->sample);
  return FALSE;
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  Job *job = data;
  News *news = g_new0(News, 1);
  g_autoptr(GError) error = NULL;
  gboolean more = FALSE;

  *out = news;
  if (!job->looked) {
    job->looked = TRUE;
    if (job->path)
      news->sample = sg_channel_sample_load(job->path, renderer, VITRINE_CHANNEL_SAMPLES, -1);
    return !news->sample && job->draw;
  }
  more = draw_some(job, renderer, news, &error);
  if (error)
    news->error = g_strdup(error->message);
  return more;
}

/* ---- on the main thread ------------------------------------------------------------------ */

static void
changed(VitrineChannelFaces *self)
{
  g_signal_emit(self, changed_signal, 0);
}

static void
news_cb(gpointer data, gboolean finished, gpointer user_data)
{
  VitrineChannelFaces *self = user_data;
  News *news = data;

  if (finished) {
    self->task = 0;
    self->progress = -1;
  } else {
    self->looked = TRUE;
    self->progress = news->progress > 0 ? news->progress : self->progress;
    g_free(self->error);
    self->error = g_strdup(news->error);
    if (news->sample) {
      sg_channel_sample_free(self->sample);
      self->sample = g_steal_pointer(&news->sample);
    }
  }
  changed(self);
}

void
vitrine_channel_faces_ask(VitrineChannelFaces *self, gboolean draw)
{
  SgModel *model = vitrine_session_get_model(self->session);
  const VitrineTaskClass class = {
      .step = step, .news = news_cb, .free_news = news_free, .free_data = job_free};

  g_return_if_fail(VITRINE_IS_CHANNEL_FACES(self));
  if (!model || self->sample || self->task || (self->looked && !draw))
    return;
  Job *job = g_new0(Job, 1);
  job->draw = draw;
  job->hash = g_strdup(model->hash);
  if (model->hash)
    job->path = sg_channel_sample_path(model->hash, VITRINE_CHANNEL_SAMPLES, -1);
  self->progress = draw ? 0 : -1;
  self->task = vitrine_view_start_task(vitrine_session_get_view(self->session), &class, job, self);
  changed(self);
}

void
vitrine_channel_faces_cancel(VitrineChannelFaces *self)
{
  g_return_if_fail(VITRINE_IS_CHANNEL_FACES(self));
  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  self->progress = -1;
  changed(self);
}

double
vitrine_channel_faces_get_progress(VitrineChannelFaces *self)
{
  return self->progress;
}

const char *
vitrine_channel_faces_get_error(VitrineChannelFaces *self)
{
  return self->error;
}

int
vitrine_channel_faces_get(VitrineChannelFaces *self, guint stage, int channel, gboolean most,
                          int count, int *seeds)
{
  const SgChannelSample *s = self->sample;

  if (!s || stage >= (guint)s->stages || channel < 0 ||
      channel >= s->first[stage + 1] - s->first[stage])
    return 0;
  return sg_channel_sample_extremes(s, stage, channel, most, count, seeds);
}

/* ---- life -------------------------------------------------------------------------------- */

static void
forget(VitrineChannelFaces *self)
{
  g_clear_pointer(&self->sample, sg_channel_sample_free);
  g_clear_pointer(&self->error, g_free);
  self->looked = FALSE;
  vitrine_channel_faces_cancel(self);
}

static void
vitrine_channel_faces_init(VitrineChannelFaces *self)
{
  self->progress = -1;
}

static void
vitrine_channel_faces_dispose(GObject *object)
{
  VitrineChannelFaces *self = VITRINE_CHANNEL_FACES(object);

  if (self->session)
    vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_channel_faces_parent_class)->dispose(object);
}

static void
vitrine_channel_faces_finalize(GObject *object)
{
  VitrineChannelFaces *self = VITRINE_CHANNEL_FACES(object);

  sg_channel_sample_free(self->sample);
  g_free(self->error);
  G_OBJECT_CLASS(vitrine_channel_faces_parent_class)->finalize(object);
}

static void
vitrine_channel_faces_class_init(VitrineChannelFacesClass *class)
{
  G_OBJECT_CLASS(class)->dispose = vitrine_channel_faces_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_channel_faces_finalize;
  changed_signal = g_signal_new("changed", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 0);
}

VitrineChannelFaces *
vitrine_channel_faces_new(VitrineSession *session)
{
  VitrineChannelFaces *self = g_object_new(VITRINE_TYPE_CHANNEL_FACES, NULL);

  self->session = g_object_ref(session);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(forget), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "weights-changed", G_CALLBACK(forget), self, G_CONNECT_SWAPPED);
  return self;
}
