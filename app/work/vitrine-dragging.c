#include "app/work/vitrine-dragging.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "engine/drag/drag.h"

/* So many steps of the drag are one of the history. */
#define STEPS_A_TURN 10
#define MAX_STEPS    300
/* Microseconds between two pictures of the way. */
#define PERIOD (G_USEC_PER_SEC / 8)
/* Of the way, so that undone points are where they were. */
#define REMEMBERED 200

/* ---- on the render thread -------------------------------------------------------------------- */

typedef struct {
  SgRecipe *recipe;
  int n;
  SgDragPair pairs[VITRINE_GRIPS_MAX];
  guint8 *held;
  SgDrag *drag; /* NULL before the first step */
  gint64 shown; /* when */
} Job;

typedef struct {
  SgRecipe *recipe; /* NULL with an error */
  int steps, n;
  VitrineGrip points[VITRINE_GRIPS_MAX];
  gboolean there;
  double distance, percentile;
  char *error;
} Found;

static void
job_free(gpointer data)
{
  Job *job = data;

  sg_recipe_free(job->recipe);
  g_free(job->held);
  sg_drag_free(job->drag);
  g_free(job);
}

static void
found_free(gpointer data)
{
  Found *found = data;

  sg_recipe_free(found->recipe);
  g_free(found->error);
  g_free(found);
}

static gboolean
begin(Job *job, SgRenderer *r, GError **error)
{
  SgDragOptions o;

  sg_drag_options_init(&o, &sg_renderer_model(r)->info);
  job->drag = sg_drag_new(r, job->recipe, &o, error);
  return job->drag && sg_drag_aim(job->drag, job->n, job->pairs, job->held, error);
}

static Found *
look(const Job *job)
{
  Found *found = g_new0(Found, 1);
  const SgDragPair *pairs = sg_drag_pairs(job->drag, &found->n);

  for (int i = 0; i < found->n; i++)
    found->points[i] =
        (VitrineGrip){pairs[i].handle.x, pairs[i].handle.y, pairs[i].target.x, pairs[i].target.y};
  found->recipe = sg_drag_recipe(job->drag);
  found->steps = sg_drag_done(job->drag);
  found->there = sg_drag_is_there(job->drag);
  found->distance = sg_drag_distance(job->drag);
  found->percentile = sg_drag_percentile(job->drag);
  return found;
}

static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  Job *job = data;
  g_autoptr(GError) error = NULL;
  gint64 now = g_get_monotonic_time();

  gboolean first = !job->drag;
  if (first ? !begin(job, renderer, &error) : !sg_drag_step(job->drag, &error)) {
    Found *found = g_new0(Found, 1);
    found->error = g_strdup(error->message);
    *out = found;
    return FALSE;
  }
  gboolean last = !first && (sg_drag_is_there(job->drag) || sg_drag_done(job->drag) >= MAX_STEPS);
  if (first || (!last && now - job->shown < PERIOD))
    return TRUE;
  job->shown = now;
  *out = look(job);
  return !last;
}

/* ---- on the main thread ---------------------------------------------------------------------- */

/* A face of the way, and where its points are. */
typedef struct {
  SgRecipe *recipe;
  int n;
  VitrineGrip points[VITRINE_GRIPS_MAX];
} Place;

struct _VitrineDragging {
  VitrineSession *session;
  VitrineGrips *grips;
  VitrineDraggingFunc news;
  gpointer data;
  guint task;
  gulong changed, model_changed;
  gboolean applying; /* the change of the recipe is ours */
  GQueue way;        /* of Place, the newest first */
  VitrineDraggingNews last;
  char *error;
};

static void
place_free(gpointer data)
{
  Place *place = data;

  sg_recipe_free(place->recipe);
  g_free(place);
}

static void
remember(VitrineDragging *self, const SgRecipe *recipe)
{
  Place *place = g_new0(Place, 1);
  const VitrineGrip *points = vitrine_grips_get_points(self->grips, &place->n);

  place->recipe = sg_recipe_copy(recipe);
  memcpy(place->points, points, sizeof *points * (gsize)place->n);
  g_queue_push_head(&self->way, place);
  while (g_queue_get_length(&self->way) > REMEMBERED)
    place_free(g_queue_pop_tail(&self->way));
}

static void
say(VitrineDragging *self)
{
  self->last.running = self->task != 0;
  self->last.error = self->error;
  self->news(&self->last, self->data);
}

/* Somebody else has changed the face: undo, or another tool. */
static void
changed_cb(VitrineDragging *self)
{
  const SgRecipe *now = vitrine_session_get_recipe(self->session);

  if (self->applying)
    return;
  if (self->task)
    vitrine_dragging_stop(self);
  for (GList *i = self->way.head; now && i; i = i->next) {
    const Place *place = i->data;
    if (!sg_recipe_equal(place->recipe, now))
      continue;
    vitrine_grips_set_points(self->grips, place->n, place->points);
    break;
  }
}

static void
take(VitrineDragging *self, const Found *found)
{
  g_autofree char *key = g_strdup_printf("drag-%d", found->steps / STEPS_A_TURN);

  self->last.steps = found->steps;
  self->last.there = found->there;
  self->last.distance = found->distance;
  self->last.percentile = found->percentile;
  self->applying = TRUE;
  vitrine_grips_set_points(self->grips, found->n, found->points);
  vitrine_session_apply(self->session, sg_recipe_copy(found->recipe), _("Drag points"), key);
  self->applying = FALSE;
  remember(self, found->recipe);
}

static void
news_cb(gpointer data, gboolean finished, gpointer user_data)
{
  VitrineDragging *self = user_data;
  const Found *found = data;

  if (found && found->error) {
    g_free(self->error);
    self->error = g_strdup(found->error);
  } else if (found) {
    take(self, found);
  }
  if (finished)
    self->task = 0;
  say(self);
}

/* Its tasks have ended without a word. */
static void
model_changed_cb(VitrineDragging *self)
{
  SgModel *model = vitrine_session_get_model(self->session);

  self->task = 0;
  g_queue_clear_full(&self->way, place_free);
  if (model)
    vitrine_grips_set_size(self->grips, sg_info_width(&model->info), sg_info_height(&model->info));
  vitrine_grips_clear(self->grips);
  self->last = (VitrineDraggingNews){.percentile = NAN};
  g_clear_pointer(&self->error, g_free);
  say(self);
}

VitrineDragging *
vitrine_dragging_new(VitrineSession *session, VitrineGrips *grips, VitrineDraggingFunc news,
                     gpointer data)
{
  VitrineDragging *self = g_new0(VitrineDragging, 1);

  self->session = session;
  self->grips = g_object_ref(grips);
  self->news = news;
  self->data = data;
  self->last.percentile = NAN;
  g_queue_init(&self->way);
  self->changed = g_signal_connect_swapped(session, "recipe-changed", G_CALLBACK(changed_cb), self);
  self->model_changed =
      g_signal_connect_swapped(session, "model-changed", G_CALLBACK(model_changed_cb), self);
  return self;
}

void
vitrine_dragging_free(VitrineDragging *self)
{
  if (!self)
    return;
  if (self->task)
    vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  g_signal_handler_disconnect(self->session, self->changed);
  g_signal_handler_disconnect(self->session, self->model_changed);
  g_queue_clear_full(&self->way, place_free);
  g_object_unref(self->grips);
  g_free(self->error);
  g_free(self);
}

gboolean
vitrine_dragging_can_start(VitrineDragging *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self->session);
  int n;
  const VitrineGrip *points = vitrine_grips_get_points(self->grips, &n);

  for (int i = 0; recipe && recipe->faces == 1 && i < n; i++)
    if (hypot(points[i].target_x - points[i].x, points[i].target_y - points[i].y) > 0)
      return TRUE;
  return FALSE;
}

void
vitrine_dragging_start(VitrineDragging *self)
{
  static const VitrineTaskClass class = {.urgent = TRUE,
                                         .step = step,
                                         .news = news_cb,
                                         .free_news = found_free,
                                         .free_data = job_free};
  Job *job = g_new0(Job, 1);
  const guint8 *held = vitrine_grips_get_held(self->grips);
  int width, height;
  const VitrineGrip *points = vitrine_grips_get_points(self->grips, &job->n);

  if (self->task)
    vitrine_dragging_stop(self);
  for (int i = 0; i < job->n; i++)
    job->pairs[i] =
        (SgDragPair){{points[i].x, points[i].y}, {points[i].target_x, points[i].target_y}};
  vitrine_grips_get_size(self->grips, &width, &height);
  if (held)
    job->held = g_memdup2(held, (gsize)width * (gsize)height);
  job->recipe = sg_recipe_copy(vitrine_session_get_recipe(self->session));
  remember(self, job->recipe);
  g_clear_pointer(&self->error, g_free);
  self->last = (VitrineDraggingNews){.percentile = NAN};
  self->task = vitrine_view_start_task(vitrine_session_get_view(self->session), &class, job, self);
  say(self);
}

void
vitrine_dragging_stop(VitrineDragging *self)
{
  if (!self->task)
    return;
  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->task);
  self->task = 0;
  say(self);
}

gboolean
vitrine_dragging_is_running(VitrineDragging *self)
{
  return self->task != 0;
}
