#include "app/journey/vitrine-filming.h"

/* Microseconds between two news. */
#define PERIOD (G_USEC_PER_SEC / 10)

typedef struct {
  SgKeyframe *keys;
  int n;
  SgJourneyOptions journey_options;
  SgRecordingOptions options;
  char *path;
  SgRenderer *renderer; /* its own */
  SgJourney *journey;
  SgRecording *recording;
  gint64 started, told;
} Job;

static void
job_free(gpointer data)
{
  Job *job = data;

  sg_recording_free(job->recording);
  sg_journey_free(job->journey);
  sg_renderer_free(job->renderer);
  vitrine_timeline_free_keys(job->keys, job->n);
  g_free(job->path);
  g_free(job);
}

static void
news_free(gpointer data)
{
  VitrineFilmingNews *news = data;

  g_free(news->error);
  g_free(news);
}

static gboolean
begin(Job *job, SgRenderer *renderer, GError **error)
{
  job->renderer = sg_renderer_new_beside(renderer, error);
  if (!job->renderer)
    return FALSE;
  job->journey = sg_journey_new(job->renderer, job->n, job->keys, &job->journey_options, error);
  if (!job->journey)
    return FALSE;
  job->started = g_get_monotonic_time();
  job->recording = sg_recording_new(job->renderer, &job->journey, &job->options, job->path, error);
  return job->recording != NULL;
}

static VitrineFilmingNews *
news_of(const Job *job, gint64 now)
{
  VitrineFilmingNews *news = g_new0(VitrineFilmingNews, 1);

  news->left = -1;
  if (!job->recording)
    return news;
  news->done = (int)sg_recording_done(job->recording);
  news->total = (int)sg_recording_frames(job->recording);
  if (news->done)
    news->left = (double)(now - job->started) / 1e6 / news->done * (news->total - news->done);
  return news;
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  Job *job = data;
  g_autoptr(GError) error = NULL;
  gboolean ok =
      job->recording ? sg_recording_step(job->recording, &error) : begin(job, renderer, &error);
  gint64 now = g_get_monotonic_time();
  gboolean last = ok && sg_recording_done(job->recording) == sg_recording_frames(job->recording);

  if (last || !ok || now - job->told >= PERIOD) {
    VitrineFilmingNews *news = news_of(job, now);
    news->error = ok ? NULL : g_strdup(error->message);
    job->told = now;
    *out = news;
  }
  return ok && !last;
}

guint
vitrine_filming_start(VitrineTimeline *timeline, const char *path,
                      const SgRecordingOptions *options, void (*news)(gpointer, gboolean, gpointer),
                      gpointer user_data)
{
  const VitrineTaskClass class = {
      .step = step, .news = news, .free_news = news_free, .free_data = job_free};
  Job *job = g_new0(Job, 1);

  job->keys = vitrine_timeline_keys(timeline, &job->n, &job->journey_options);
  job->options = *options;
  job->options.columns = job->options.rows = 1;
  job->options.closed = job->journey_options.closed;
  job->path = g_strdup(path);
  return vitrine_view_start_task(vitrine_session_get_view(vitrine_timeline_get_session(timeline)),
                                 &class, job, user_data);
}
