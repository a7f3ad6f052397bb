/* New weights of the open model, as a training makes them: packed by a worker while pictures of the
 * old ones go on, then put in their place between two pictures. */
#include "app/vitrine-session-private.h"
#include "engine/backend/backend-device.h"

typedef struct {
  SgModel *model;
  SgRecipe *recipe; /* of the next picture, as far as known */
  SgRenderer *renderer;
  guint serial; /* of the model they belong to */
  guint follow_serial;
  gboolean whole; /* another model, to be opened as such */
} WeightsJob;

static void
weights_job_free(gpointer data)
{
  WeightsJob *job = data;

  g_clear_pointer(&job->model, sg_model_unref);
  sg_recipe_free(job->recipe);
  sg_renderer_free(job->renderer);
  g_free(job);
}

static void
pack_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  WeightsJob *job = data;
  GError *error = NULL;

  job->renderer = sg_renderer_new(job->model, NULL, &error);
  if (job->renderer && (!job->recipe || sg_renderer_prepare(job->renderer, job->recipe, &error)))
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

static void packed_cb(GObject *source, GAsyncResult *result, gpointer data);

static void
pack(VitrineSession *self, SgModel *model, gboolean whole)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self);
  g_autoptr(GTask) task = g_task_new(self, NULL, packed_cb, NULL);
  WeightsJob *job = g_new0(WeightsJob, 1);

  job->model = model;
  if (recipe && vitrine_session_check_recipe(&model->info, recipe, NULL))
    job->recipe = sg_recipe_copy(recipe);
  job->serial = self->model_serial;
  job->follow_serial = self->follow_serial;
  job->whole = whole;
  self->packing = TRUE;
  g_task_set_task_data(task, job, weights_job_free);
  g_task_run_in_thread(task, pack_worker);
}

static void
adopt(VitrineSession *self, WeightsJob *job)
{
  SgModel *model = g_steal_pointer(&job->model);
  SgRenderer *renderer = g_steal_pointer(&job->renderer);

  if (!job->whole) {
    vitrine_session_adopt_weights(self, model, renderer);
    return;
  }
  if (!self->device)
    self->device = sg_backend_describe(sg_backend_default());
  vitrine_session_adopt_model(self, model, renderer, g_steal_pointer(&job->recipe));
  vitrine_session_weights_in_use(self);
}

static void
packed_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrineSession *self = VITRINE_SESSION(source);
  WeightsJob *job = g_task_get_task_data(G_TASK(result));
  g_autoptr(GError) error = NULL;
  gboolean good = g_task_propagate_boolean(G_TASK(result), &error);

  self->packing = FALSE;
  if (!self->render)
    return; /* the window is closed */
  if (!good)
    vitrine_session_info(self, "The newest weights cannot be shown: %s", error->message);
  else if (job->serial == self->model_serial && job->follow_serial == self->follow_serial)
    adopt(self, job);
  if (self->next_weights)
    pack(self, g_steal_pointer(&self->next_weights), FALSE);
  else if (self->follow)
    vitrine_follow_ready(self->follow);
}

/* Field by field: padding may differ. */
static gboolean
same_kind(const SgModelInfo *a, const SgModelInfo *b)
{
  return a->family == b->family && a->z_dim == b->z_dim && a->w_dim == b->w_dim &&
         a->c_dim == b->c_dim && a->img_resolution == b->img_resolution &&
         a->img_channels == b->img_channels && a->num_ws == b->num_ws &&
         a->mapping_layers == b->mapping_layers && a->mapping_lr_mul == b->mapping_lr_mul &&
         a->g_arch == b->g_arch && a->g_conv_clamp == b->g_conv_clamp && a->has_d == b->has_d;
}

gboolean
vitrine_session_takes_weights(VitrineSession *self, const SgModel *model)
{
  return self->model && same_kind(&self->model->info, &model->info);
}

void
vitrine_session_update_weights(VitrineSession *self, SgModel *model)
{
  if (!vitrine_session_takes_weights(self, model)) {
    vitrine_session_error(self, "The new weights do not fit",
                          "They are of a network with another architecture than the open one.");
    sg_model_unref(model);
  } else if (self->packing) {
    g_clear_pointer(&self->next_weights, sg_model_unref);
    self->next_weights = model;
  } else {
    pack(self, model, FALSE);
  }
}

void
vitrine_session_adopt_packed_later(VitrineSession *self, SgModel *model)
{
  pack(self, model, TRUE);
}
