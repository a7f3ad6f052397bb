#include "app/session/vitrine-render-thread.h"
#include "app/session/vitrine-idle-work.h"
#include "app/grid/vitrine-grid.h"
#include "engine/backend/backend-device.h"
#include "engine/backend/cpu-crew.h"
#include "engine/base/debug.h"
#include "engine/base/interrupt.h"
#include "engine/kernels/element.h"

/* A drag pauses for a frame or two now and then: only a longer quiet is idle. */
#define QUIET_USEC (120 * 1000)
/* Asking a device for its memory takes a fraction of a millisecond. */
#define MEMORY_USEC (400 * 1000)
/* A first answer draws for so long before a newer request ends it… */
#define ANSWER_USEC (16 * 1000)
/* …and what there is of a picture is shown again after so long. */
#define PART_USEC (50 * 1000)
/* After so long without any work the buffers of a large model, more pixels a side than this, are
 * given back: some hundred megabytes, which the next picture takes again. */
#define REST_USEC (2 * G_USEC_PER_SEC)
#define LARGE     256

typedef struct {
  SgRecipe *recipe;
  VitrinePictureWish wish;
} Request;

typedef struct {
  VitrineJobFunc run;
  gpointer data;
} Job;

struct _VitrineRenderThread {
  gatomicrefcount ref; /* the owner, the thread, a pending idle */
  GThread *thread;
  VitrineDeliverFunc deliver; /* NULL once the owner is gone; main thread only */
  gpointer user_data;
  SgRecipe *asked; /* last; main thread only */

  GMutex mutex;
  GCond cond;
  gboolean stop;
  guint generation; /* of the renderer; reports of an older one are dropped */
  SgRenderer *next_renderer;
  gboolean same_model; /* next_renderer has only other weights */
  guint weights;       /* of the newest renderer handed in */
  Request *slot;
  gint64 quiet_from; /* idle work may begin */
  GQueue jobs;       /* of Job* */
  VitrineTasks *tasks;
  VitrineIdleWish wish;
  VitrineReport *report;
  guint idle;

  /* The thread's own. */
  SgRenderer *renderer;
  SgRenderer *rough; /* of the same weights, in bf16; NULL: not asked for yet */
  guint renderer_generation, renderer_weights;
  VitrineIdleWork *work;
  VitrineGrid *grid;
  SgCpuCrew *crew;
  int next_face;          /* which the next first answer begins with */
  gboolean will_be_rough; /* a rough renderer is to be made while nothing else is to be done */
  gboolean tried_rough;   /* that it has been, or cannot be */
  SgRecipe *likely;       /* the next first answer is like this one, so large; NULL: not known */
  int likely_resolution;
  gint64 worked; /* when it last did anything; 0: nothing since its buffers were given back */
  gboolean tasks_turn;
  gint64 memory_asked; /* monotonic; 0: not of this renderer */
};

static void
frame_free(VitrineFrame *frame)
{
  if (!frame)
    return;
  sg_recipe_free(frame->recipe);
  g_clear_object(&frame->texture);
  g_free(frame->w);
  g_clear_error(&frame->error);
  g_free(frame);
}

static void
report_free(VitrineReport *report)
{
  if (!report)
    return;
  frame_free(report->frame);
  g_clear_object(&report->original);
  g_free(report->score_text);
  g_clear_pointer(&report->influence, g_array_unref);
  g_free(report);
}

static void
request_free(Request *request)
{
  if (!request)
    return;
  sg_recipe_free(request->recipe);
  g_free(request);
}

static void
thread_unref(gpointer data)
{
  VitrineRenderThread *self = data;

  if (!g_atomic_ref_count_dec(&self->ref))
    return;
  request_free(self->slot);
  report_free(self->report);
  sg_renderer_free(self->next_renderer);
  vitrine_tasks_free(self->tasks);
  g_mutex_clear(&self->mutex);
  g_cond_clear(&self->cond);
  g_free(self);
}

/* ---- to the main thread ------------------------------------------------------------------ */

static gboolean
deliver_cb(gpointer data)
{
  VitrineRenderThread *self = data;

  g_mutex_lock(&self->mutex);
  VitrineReport *report = g_steal_pointer(&self->report);
  self->idle = 0;
  g_mutex_unlock(&self->mutex);
  if (report && self->deliver)
    self->deliver(report, self->user_data);
  report_free(report);
  return G_SOURCE_REMOVE;
}

/* Takes the parts of `news` over into the report that waits, and makes sure that it is on its way.
 * Ahead of GTK's redraw, so that a picture is in the frame that is about to be drawn. */
static void
post(VitrineRenderThread *self, VitrineReport *news)
{
  g_mutex_lock(&self->mutex);
  if (self->stop || self->generation != self->renderer_generation) {
    g_mutex_unlock(&self->mutex);
    report_free(news);
    return;
  }
  if (!self->report)
    self->report = g_new0(VitrineReport, 1);
  VitrineReport *all = self->report;
  /* A part would hide that the picture before it was whole: it comes again, with more. */
  gboolean part = news->frame && !news->frame->error && news->frame->texture && !news->frame->w;
  if (news->frame && !(part && all->frame && all->frame->w)) {
    if (!part)
      g_clear_object(&all->original); /* of an older frame */
    frame_free(all->frame);
    all->frame = g_steal_pointer(&news->frame);
  }
  if (news->original)
    g_set_object(&all->original, news->original);
  if (news->score_text) {
    g_free(all->score_text);
    all->score_text = g_steal_pointer(&news->score_text);
    all->score = news->score;
  }
  if (news->influence && all->influence)
    g_array_append_vals(all->influence, news->influence->data, news->influence->len);
  else if (news->influence)
    all->influence = g_steal_pointer(&news->influence);
  if (!self->idle) {
    g_atomic_ref_count_inc(&self->ref);
    self->idle = g_idle_add_full(G_PRIORITY_HIGH_IDLE + 10, deliver_cb, self, thread_unref);
  }
  g_mutex_unlock(&self->mutex);
  report_free(news);
}

/* ---- on the thread ----------------------------------------------------------------------- */

static void
ask_memory(VitrineRenderThread *self, SgDeviceInfo *info)
{
  gint64 now = g_get_monotonic_time();

  if (self->memory_asked && now - self->memory_asked < MEMORY_USEC)
    return;
  self->memory_asked = now;
  sg_backend_device_info(sg_renderer_backend(self->renderer), info);
}

/* What draws while something moves; NULL: there is no such thing, the exact one does. It keeps
 * fewer stages: what moves seldom goes on from one. */
static SgRenderer *
rough_renderer(VitrineRenderThread *self)
{
  SgBackend *halves = sg_backend_rough(sg_renderer_backend(self->renderer));

  if (!self->rough && halves) {
    self->rough = sg_renderer_new(sg_renderer_model(self->renderer), halves, NULL);
    if (self->rough)
      sg_renderer_set_cache_budget(self->rough, SG_RENDERER_BUDGET / 4);
  }
  return self->rough;
}

/* ---- what ends work early ---------------------------------------------------------------- */

/* Does nobody want anything of this renderer any more? Is a picture, or a job, waited for? */
static gboolean
is_over(VitrineRenderThread *self, gboolean *busy)
{
  g_mutex_lock(&self->mutex);
  gboolean over = self->stop || self->generation != self->renderer_generation;
  *busy = self->slot != NULL || !g_queue_is_empty(&self->jobs);
  g_mutex_unlock(&self->mutex);
  return over;
}

static gboolean
end_for_nothing_else(gpointer data)
{
  gboolean busy;
  return is_over(data, &busy);
}

static gboolean
end_for_newer(gpointer data)
{
  gboolean busy;
  return is_over(data, &busy) || busy;
}

static gboolean
end_task(gpointer data)
{
  VitrineRenderThread *self = data;
  gboolean busy, over = is_over(self, &busy);

  return over || vitrine_tasks_interrupt(self->tasks, busy);
}

/* ---- pictures ---------------------------------------------------------------------------- */

/* A picture that is being drawn. */
typedef struct {
  VitrineRenderThread *self;
  const Request *request;
  gboolean rough, full; /* full: there is no memory for the grid */
  int size;
  gint64 begun, shown;
} Drawing;

static VitrineFrame *
frame_new(const Drawing *d)
{
  VitrineRenderThread *self = d->self;
  VitrineFrame *frame = g_new0(VitrineFrame, 1);

  frame->recipe = sg_recipe_copy(d->request->recipe);
  frame->weights = self->renderer_weights;
  frame->rough = d->rough;
  frame->size = d->size;
  frame->drawn = vitrine_grid_drawn(self->grid);
  frame->settled = d->request->wish.settles;
  return frame;
}

/* What there is of it. */
static void
show_part(Drawing *d)
{
  VitrineRenderThread *self = d->self;
  VitrineReport *news = g_new0(VitrineReport, 1);
  VitrineFrame *frame = news->frame = frame_new(d);
  gint64 now = g_get_monotonic_time();

  frame->reduced = TRUE;
  frame->texture = vitrine_grid_texture(self->grid);
  frame->seconds = (double)(now - d->begun) / G_USEC_PER_SEC * frame->recipe->faces / frame->drawn;
  d->shown = now;
  post(self, news);
}

static gboolean
drawn_cb(const guint8 *rgb, int h, int w, int first, int n, gpointer data)
{
  Drawing *d = data;
  VitrineRenderThread *self = d->self;
  int faces = d->request->recipe->faces;
  gint64 now = g_get_monotonic_time();
  gboolean busy;

  d->full = !vitrine_grid_put(self->grid, rgb, h, w, first, n);
  if (d->full)
    return FALSE;
  d->size = h;
  self->next_face = (first + n) % faces;
  if (vitrine_grid_drawn(self->grid) == faces)
    return TRUE;
  if (now - (d->shown ? d->shown : d->begun - PART_USEC + ANSWER_USEC) >= PART_USEC)
    show_part(d);
  return !is_over(self, &busy) && (!busy || now - d->begun < ANSWER_USEC);
}

static SgPicture *
draw(Drawing *d, SgRenderer *renderer, GError **error)
{
  VitrineRenderThread *self = d->self;
  const Request *request = d->request;
  const SgRecipe *recipe = request->recipe;
  int channels = sg_renderer_model(renderer)->info.img_channels;
  int first = request->wish.refines || self->next_face >= recipe->faces ? 0 : self->next_face;

  vitrine_grid_begin(self->grid, recipe->faces, (int)k_drawn_bytes((unsigned)channels));
  d->begun = g_get_monotonic_time();
  sg_interrupt_set(request->wish.refines ? end_for_newer : end_for_nothing_else, self);
  gboolean cpu = sg_backend_is_cpu(sg_renderer_backend(renderer));
  if (cpu)
    sg_cpu_crew_begin(self->crew);
  SgPicture *picture =
      sg_renderer_draw(renderer, recipe, request->wish.max_resolution, first, drawn_cb, d, error);
  if (cpu)
    sg_cpu_crew_end(self->crew);
  sg_interrupt_set(NULL, NULL);
  if (d->full && error) {
    g_clear_error(error);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "not enough memory for %d pictures",
                recipe->faces);
  }
  return picture;
}

/* Where memory is short, what pictures leave behind for the next one goes first; and nothing more
 * is kept from then on. */
static SgPicture *
draw_exact(Drawing *d, GError **error)
{
  SgRenderer *renderer = d->self->renderer;
  SgBackend *backend = sg_renderer_backend(renderer);
  GError *first = NULL;
  SgPicture *picture = draw(d, renderer, &first);

  if (picture)
    return picture;
  sg_backend_check(backend, NULL); /* what else failed on the way out */
  if (!backend->device_info || !g_error_matches(first, G_FILE_ERROR, G_FILE_ERROR_NOMEM)) {
    g_propagate_error(error, first);
    return NULL;
  }
  g_error_free(first);
  sg_renderer_set_cache_budget(renderer, 0);
  return draw(d, renderer, error);
}

static void
show_whole(Drawing *d, SgPicture *picture)
{
  VitrineRenderThread *self = d->self;
  VitrineReport *news = g_new0(VitrineReport, 1);
  VitrineFrame *frame = news->frame = frame_new(d);

  frame->texture = vitrine_grid_texture(self->grid);
  frame->w = g_memdup2(picture->w, sizeof(double) * (gsize)picture->w_dim);
  frame->w_dim = picture->w_dim;
  frame->seconds = picture->seconds;
  frame->reduced = picture->reduced || d->rough;
  frame->overflow = picture->overflow;
  VitrineShownPicture shown = {.recipe = frame->recipe,
                               .grid = self->grid,
                               .texture = frame->texture,
                               .max_resolution = d->request->wish.max_resolution,
                               .settled = frame->settled && !d->rough,
                               .whole = !frame->reduced};
  news->original = vitrine_idle_work_new_picture(self->work, &shown);
  ask_memory(self, &frame->device);
  post(self, news);
}

/* What was given up, but not for a newer one, is tried again. */
static void
give_up(Drawing *d, Request *request)
{
  VitrineRenderThread *self = d->self;

  if (vitrine_grid_drawn(self->grid) > 0)
    show_part(d);
  g_mutex_lock(&self->mutex);
  gboolean again = !self->slot && !self->stop && self->generation == self->renderer_generation;
  if (again)
    self->slot = request;
  g_mutex_unlock(&self->mutex);
  if (!again)
    request_free(request);
}

static void
render(VitrineRenderThread *self, Request *request)
{
  SgRenderer *rough = request->wish.rough ? rough_renderer(self) : NULL;
  Drawing d = {.self = self, .request = request, .rough = rough != NULL};
  g_autoptr(GError) error = NULL;

  self->will_be_rough = request->wish.will_be_rough;
  sg_recipe_free(self->likely);
  self->likely = sg_recipe_copy(request->recipe);
  self->likely->faces = 1;
  self->likely_resolution = request->wish.first_resolution;
  vitrine_idle_work_forget_picture(self->work);
  SgPicture *picture = rough ? draw(&d, rough, &error) : NULL;
  if (!picture && !sg_is_interrupt(error)) {
    g_clear_error(&error);
    d.rough = FALSE;
    picture = draw_exact(&d, &error);
  }
  if (picture) {
    show_whole(&d, picture);
  } else if (sg_is_interrupt(error)) {
    give_up(&d, request);
    return;
  } else {
    VitrineReport *news = g_new0(VitrineReport, 1);
    news->frame = frame_new(&d);
    news->frame->error = g_steal_pointer(&error);
    post(self, news);
  }
  sg_picture_free(picture);
  request_free(request);
}

/* A device that is left gets its memory back. */
static void
free_renderer(gpointer data)
{
  SgRenderer *renderer = data;
  SgBackend *backend = sg_renderer_backend(renderer);

  sg_renderer_free(renderer);
  if (backend->trim && backend->device_info && backend != sg_backend_default())
    backend->trim(backend);
}

static void
free_elsewhere(SgRenderer *renderer)
{
  vitrine_free_elsewhere(renderer, free_renderer);
}

static void
take_renderer(VitrineRenderThread *self)
{
  SgRenderer *old = self->renderer, *rough = g_steal_pointer(&self->rough);
  gboolean same_model = self->same_model && self->work;

  self->renderer = g_steal_pointer(&self->next_renderer);
  self->renderer_generation = self->generation;
  self->renderer_weights = self->weights;
  self->same_model = FALSE;
  self->tried_rough = FALSE;
  self->memory_asked = 0;
  g_mutex_unlock(&self->mutex);
  if (same_model) {
    vitrine_idle_work_set_renderer(self->work, self->renderer);
  } else {
    self->will_be_rough = FALSE; /* not known of this one */
    g_clear_pointer(&self->likely, sg_recipe_free);
    g_clear_pointer(&self->work, vitrine_idle_work_free);
    self->work = vitrine_idle_work_new(self->renderer);
    vitrine_grid_free(self->grid); /* of another model */
    self->grid = vitrine_grid_new();
  }
  free_elsewhere(old);
  free_elsewhere(rough);
  g_mutex_lock(&self->mutex);
}

static void
run_job(VitrineRenderThread *self)
{
  Job *job = g_queue_pop_head(&self->jobs);

  g_mutex_unlock(&self->mutex);
  job->run(self->renderer, job->data);
  g_free(job);
  g_mutex_lock(&self->mutex);
}

/* One slice of work; the lock is not held while it runs. */
static void
task_slice(VitrineRenderThread *self, gboolean urgent)
{
  g_mutex_unlock(&self->mutex);
  sg_interrupt_set(end_task, self);
  vitrine_tasks_step(self->tasks, urgent, self->renderer);
  sg_interrupt_set(NULL, NULL);
  g_mutex_lock(&self->mutex);
  self->worked = g_get_monotonic_time();
}

/* What the first answer to the next change would wait for: the renderer, and what it packs for its
 * first picture. Called and returns with the lock held. */
static void
prepare_rough(VitrineRenderThread *self)
{
  g_mutex_unlock(&self->mutex);
  sg_interrupt_set(end_for_newer, self);
  SgRenderer *rough = rough_renderer(self);
  g_autoptr(SgPicture) picture =
      rough && self->likely ? sg_renderer_render(rough, self->likely, self->likely_resolution, NULL)
                            : NULL;
  gboolean again = !picture && sg_interrupted(NULL);
  sg_interrupt_set(NULL, NULL);
  g_mutex_lock(&self->mutex);
  self->tried_rough = !again;
  self->worked = g_get_monotonic_time();
}

/* Nothing is to be done. Called and returns with the lock held. */
static void
rest(VitrineRenderThread *self)
{
  SgBackend *b = self->renderer ? sg_renderer_backend(self->renderer) : NULL;

  if (self->will_be_rough && b && !self->tried_rough) {
    prepare_rough(self);
    return;
  }
  if (!self->worked || !b || !b->trim ||
      sg_renderer_model(self->renderer)->info.img_resolution <= LARGE) {
    g_cond_wait(&self->cond, &self->mutex);
    return;
  }
  if (g_cond_wait_until(&self->cond, &self->mutex, self->worked + REST_USEC))
    return;
  self->worked = 0;
  g_mutex_unlock(&self->mutex);
  b->trim(b);
  g_mutex_lock(&self->mutex);
}

/* One slice of what can wait, or waits itself: what belongs to the picture (to compare with, its
 * score) and the panes' tasks in turn, since a training may bring new weights faster than the
 * former ends; then what is measured. Called and returns with the lock held. */
static void
idle_slice(VitrineRenderThread *self)
{
  gboolean tasks = self->work && vitrine_tasks_pending(self->tasks, FALSE);
  VitrineIdleWish wish = self->wish;

  wish.measure &= !tasks;
  gboolean work = self->work && vitrine_idle_work_pending(self->work, wish);

  if (!tasks && !work) {
    rest(self);
    return;
  }
  if (g_get_monotonic_time() < self->quiet_from) {
    g_cond_wait_until(&self->cond, &self->mutex, self->quiet_from);
    return;
  }
  self->tasks_turn = tasks && (!work || self->tasks_turn);
  if (self->tasks_turn) {
    self->tasks_turn = FALSE;
    task_slice(self, FALSE);
    return;
  }
  self->tasks_turn = TRUE;
  g_mutex_unlock(&self->mutex);
  VitrineReport *news = g_new0(VitrineReport, 1);
  sg_interrupt_set(end_for_newer, self);
  vitrine_idle_work_step(self->work, wish, news);
  sg_interrupt_set(NULL, NULL);
  post(self, news);
  g_mutex_lock(&self->mutex);
  self->worked = g_get_monotonic_time();
}

static gpointer
thread_main(gpointer data)
{
  VitrineRenderThread *self = data;

  self->crew = sg_cpu_crew_new();
  g_mutex_lock(&self->mutex);
  for (;;) {
    if (!g_queue_is_empty(&self->jobs)) {
      run_job(self);
    } else if (self->stop) {
      break;
    } else if (self->next_renderer) {
      take_renderer(self);
    } else if (self->slot && self->renderer) {
      Request *request = g_steal_pointer(&self->slot);
      g_mutex_unlock(&self->mutex);
      render(self, request);
      g_mutex_lock(&self->mutex);
      self->worked = g_get_monotonic_time();
    } else if (self->work && vitrine_tasks_pending(self->tasks, TRUE)) {
      task_slice(self, TRUE);
    } else {
      idle_slice(self);
    }
  }
  g_mutex_unlock(&self->mutex);
  g_clear_pointer(&self->work, vitrine_idle_work_free);
  g_clear_pointer(&self->rough, sg_renderer_free);
  g_clear_pointer(&self->renderer, sg_renderer_free);
  g_clear_pointer(&self->grid, vitrine_grid_free);
  g_clear_pointer(&self->crew, sg_cpu_crew_free);
  g_clear_pointer(&self->likely, sg_recipe_free);
  thread_unref(self);
  return NULL;
}

/* ---- from the main thread ---------------------------------------------------------------- */

VitrineRenderThread *
vitrine_render_thread_new(VitrineDeliverFunc deliver, gpointer user_data)
{
  VitrineRenderThread *self = g_new0(VitrineRenderThread, 1);

  g_atomic_ref_count_init(&self->ref);
  self->deliver = deliver;
  self->user_data = user_data;
  g_mutex_init(&self->mutex);
  g_cond_init(&self->cond);
  g_queue_init(&self->jobs);
  self->tasks = vitrine_tasks_new();
  self->grid = vitrine_grid_new();
  g_atomic_ref_count_inc(&self->ref);
  self->thread = g_thread_new("render", thread_main, self);
  return self;
}

void
vitrine_render_thread_free(VitrineRenderThread *self)
{
  if (!self)
    return;
  self->deliver = NULL;
  g_clear_pointer(&self->asked, sg_recipe_free);
  vitrine_tasks_stop_all(self->tasks);
  g_mutex_lock(&self->mutex);
  self->stop = TRUE;
  g_cond_signal(&self->cond);
  g_mutex_unlock(&self->mutex);
  g_thread_join(self->thread);
  thread_unref(self);
}

void
vitrine_render_thread_set_renderer(VitrineRenderThread *self, SgRenderer *renderer)
{
  vitrine_tasks_stop_all(self->tasks);
  g_mutex_lock(&self->mutex);
  SgRenderer *unused = self->next_renderer;
  self->next_renderer = renderer;
  self->same_model = FALSE;
  self->weights++;
  self->generation++;
  g_clear_pointer(&self->slot, request_free);
  g_clear_pointer(&self->report, report_free);
  g_cond_signal(&self->cond);
  g_mutex_unlock(&self->mutex);
  free_elsewhere(unused);
}

void
vitrine_render_thread_set_weights(VitrineRenderThread *self, SgRenderer *renderer)
{
  g_mutex_lock(&self->mutex);
  SgRenderer *unused = self->next_renderer;
  /* A model that has not been taken yet stays another model. */
  self->same_model = unused ? self->same_model : TRUE;
  self->next_renderer = renderer;
  self->weights++;
  g_cond_signal(&self->cond);
  g_mutex_unlock(&self->mutex);
  free_elsewhere(unused);
}

guint
vitrine_render_thread_get_weights(VitrineRenderThread *self)
{
  return self->weights; /* written by this thread only */
}

void
vitrine_render_thread_request(VitrineRenderThread *self, const SgRecipe *recipe,
                              VitrinePictureWish wish)
{
  Request *request = g_new0(Request, 1);

  request->recipe = sg_recipe_copy(recipe);
  request->wish = wish;
  /* The same recipe with new weights is no sign of somebody at work. */
  gboolean edited = !self->asked || !sg_recipe_equal(self->asked, recipe);
  if (edited) {
    sg_recipe_free(self->asked);
    self->asked = sg_recipe_copy(recipe);
  }
  g_mutex_lock(&self->mutex);
  if (self->slot)
    sg_debug(SG_DEBUG_RENDER, "a newer picture takes the place of one that waited");
  request_free(self->slot);
  self->slot = request;
  if (edited)
    self->quiet_from = g_get_monotonic_time() + QUIET_USEC;
  g_cond_signal(&self->cond);
  g_mutex_unlock(&self->mutex);
}

void
vitrine_render_thread_run(VitrineRenderThread *self, VitrineJobFunc run, gpointer data)
{
  Job *job = g_new0(Job, 1);

  job->run = run;
  job->data = data;
  g_mutex_lock(&self->mutex);
  g_queue_push_tail(&self->jobs, job);
  g_cond_signal(&self->cond);
  g_mutex_unlock(&self->mutex);
}

guint
vitrine_render_thread_start_task(VitrineRenderThread *self, const VitrineTaskClass *class,
                                 gpointer data, gpointer user_data)
{
  guint id = vitrine_tasks_start(self->tasks, class, data, user_data);

  g_mutex_lock(&self->mutex);
  g_cond_signal(&self->cond);
  g_mutex_unlock(&self->mutex);
  return id;
}

void
vitrine_render_thread_stop_task(VitrineRenderThread *self, guint id)
{
  vitrine_tasks_stop(self->tasks, id);
}

void
vitrine_render_thread_measure(VitrineRenderThread *self, gboolean on, SgSpace space)
{
  g_mutex_lock(&self->mutex);
  self->wish.measure = on;
  self->wish.space = space;
  g_cond_signal(&self->cond);
  g_mutex_unlock(&self->mutex);
}

void
vitrine_render_thread_score(VitrineRenderThread *self, gboolean on)
{
  g_mutex_lock(&self->mutex);
  self->wish.score = on;
  g_cond_signal(&self->cond);
  g_mutex_unlock(&self->mutex);
}
