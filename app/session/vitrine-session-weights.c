/* New weights of the open model, as a training makes them: packed by a worker while pictures of the
 * old ones go on, then put in their place between two pictures. And the same weights on another
 * device, which is the same work. */
#include "app/session/vitrine-session-private.h"
#include "engine/backend/backend-device.h"

typedef enum {
  NEW_WEIGHTS, /* of the open model */
  NEW_MODEL,   /* to be opened as such */
  NEW_DEVICE   /* for the open model */
} WeightsKind;

typedef struct {
  WeightsKind kind;
  SgModel *model;
  SgRecipe *recipe; /* of the next picture, as far as known */
  SgRenderer *renderer;
  VitrineDeviceJob device;
  guint serial; /* of the model they belong to */
  guint follow_serial;
} WeightsJob;

static void
weights_job_free(gpointer data)
{
  WeightsJob *job = data;

  g_clear_pointer(&job->model, sg_model_unref);
  sg_recipe_free(job->recipe);
  sg_renderer_free(job->renderer);
  vitrine_device_job_clear(&job->device);
  g_free(job);
}

static void
pack_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  WeightsJob *job = data;
  GError *error = NULL;

  job->renderer = vitrine_device_job_renderer(&job->device, job->model, job->recipe, &error);
  if (job->renderer)
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

static void packed_cb(GObject *source, GAsyncResult *result, gpointer data);

static void
pack(VitrineSession *self, SgModel *model, WeightsKind kind)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self);
  g_autoptr(GTask) task = g_task_new(self, NULL, packed_cb, NULL);
  WeightsJob *job = g_new0(WeightsJob, 1);

  job->kind = kind;
  job->model = model;
  if (recipe && vitrine_session_check_recipe(&model->info, recipe, NULL))
    job->recipe = sg_recipe_copy(recipe);
  job->serial = self->model_serial;
  job->follow_serial = self->follow_serial;
  vitrine_device_job_init(&job->device, self, kind == NEW_MODEL);
  if (kind == NEW_WEIGHTS) { /* whatever it came to be, and it has drawn before */
    g_clear_pointer(&job->device.wanted, g_free);
    job->device.backend = self->backend;
  }
  self->packing = TRUE;
  if (kind == NEW_DEVICE)
    vitrine_session_set_loading(self, TRUE);
  g_task_set_task_data(task, job, weights_job_free);
  g_task_run_in_thread(task, pack_worker);
}

static void
adopt(VitrineSession *self, WeightsJob *job)
{
  SgModel *model = g_steal_pointer(&job->model);
  SgRenderer *renderer = g_steal_pointer(&job->renderer);

  if (job->kind == NEW_WEIGHTS) {
    vitrine_session_adopt_weights(self, model, renderer);
    return;
  }
  vitrine_session_use_device(self, &job->device);
  if (job->kind == NEW_DEVICE) {
    vitrine_session_adopt_renderer(self, renderer);
    sg_model_unref(model);
    return;
  }
  vitrine_session_adopt_model(self, model, renderer, g_steal_pointer(&job->recipe));
  vitrine_session_weights_in_use(self);
}

/* The device of before goes on; it is not asked again. */
static void
refuse(VitrineSession *self, const WeightsJob *job, const GError *error)
{
  if (job->kind == NEW_DEVICE) {
    self->device_used = job->device.serial;
    vitrine_session_set_trouble(self, error, FALSE);
  } else if (!vitrine_session_take_device_error(self, error)) {
    vitrine_session_info(self, "The newest weights cannot be shown: %s", error->message);
  }
}

static gboolean
is_current(const VitrineSession *self, const WeightsJob *job)
{
  if (job->serial != self->model_serial)
    return FALSE;
  return job->kind == NEW_DEVICE ? job->device.serial == self->device_serial
                                 : job->follow_serial == self->follow_serial;
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
  if (job->kind == NEW_DEVICE)
    vitrine_session_set_loading(self, self->wants_first);
  if (!good && (job->kind != NEW_DEVICE || is_current(self, job)))
    refuse(self, job, error);
  else if (good && is_current(self, job))
    adopt(self, job);
  vitrine_session_check_device(self);
  if (self->packing)
    return; /* for that; what waits comes after it */
  if (self->next_weights)
    pack(self, g_steal_pointer(&self->next_weights), NEW_WEIGHTS);
  else if (self->follow)
    vitrine_follow_ready(self->follow);
}

void
vitrine_session_check_device(VitrineSession *self)
{
  if (self->model && !self->packing && self->device_used != self->device_serial)
    pack(self, sg_model_ref(self->model), NEW_DEVICE);
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
    pack(self, model, NEW_WEIGHTS);
  }
}

void
vitrine_session_adopt_packed_later(VitrineSession *self, SgModel *model)
{
  pack(self, model, NEW_MODEL);
}
