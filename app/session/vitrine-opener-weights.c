/* New weights of the open model, as a training makes them: packed by a worker while pictures of the
 * old ones go on, then put in their place between two pictures. And the same weights on another
 * device, which is the same work. */
#include "app/session/vitrine-opener-private.h"
#include <glib/gi18n.h>
#include "engine/base/debug.h"
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
pack(VitrineOpener *self, SgModel *model, WeightsKind kind)
{
  const SgRecipe *recipe = vitrine_editor_get_recipe(self->with.editor);
  g_autoptr(GTask) task = g_task_new(self, NULL, packed_cb, NULL);
  WeightsJob *job = g_new0(WeightsJob, 1);

  job->kind = kind;
  job->model = model;
  if (recipe && sg_recipe_check(recipe, &model->info, NULL))
    job->recipe = sg_recipe_copy(recipe);
  job->serial = self->serial;
  job->follow_serial = vitrine_following_get_serial(self->with.following);
  vitrine_device_job_init(&job->device, self->with.device, kind == NEW_MODEL);
  if (kind == NEW_WEIGHTS) { /* whatever it came to be, and it has drawn before */
    g_clear_pointer(&job->device.wanted, g_free);
    job->device.backend = vitrine_device_choice_get_backend(self->with.device);
  }
  self->packing = TRUE;
  if (kind == NEW_DEVICE) {
    self->moving = TRUE;
    vitrine_opener_update_loading(self);
  }
  g_task_set_task_data(task, job, weights_job_free);
  g_task_run_in_thread(task, pack_worker);
}

static void
adopt(VitrineOpener *self, WeightsJob *job)
{
  SgModel *model = g_steal_pointer(&job->model);
  SgRenderer *renderer = g_steal_pointer(&job->renderer);

  if (job->kind == NEW_WEIGHTS) {
    vitrine_opener_adopt_weights(self, model, renderer);
    return;
  }
  vitrine_device_choice_use(self->with.device, &job->device);
  if (job->kind == NEW_DEVICE) {
    vitrine_view_set_weights(self->with.view, renderer, TRUE);
    sg_model_unref(model);
    return;
  }
  vitrine_opener_adopt_model(self, model, renderer, g_steal_pointer(&job->recipe),
                             _("The training's face"));
  vitrine_following_in_use(self->with.following);
}

/* The device of before goes on; it is not asked again. */
static void
refuse(VitrineOpener *self, const WeightsJob *job, const GError *error)
{
  if (job->kind == NEW_DEVICE)
    vitrine_device_choice_refuse(self->with.device, &job->device, error);
  else if (!vitrine_device_choice_take_error(self->with.device, error))
    vitrine_messages_info(self->with.messages, _("The newest weights cannot be shown: %s"),
                          error->message);
}

static gboolean
is_current(VitrineOpener *self, const WeightsJob *job)
{
  if (job->serial != self->serial)
    return FALSE;
  if (job->kind == NEW_DEVICE)
    return vitrine_device_choice_wants(self->with.device, &job->device);
  return job->follow_serial == vitrine_following_get_serial(self->with.following);
}

/* What has waited, unless it was of a training that is no longer followed. */
static SgModel *
take_next(VitrineOpener *self)
{
  if (self->next_weights &&
      self->next_following != vitrine_following_get_serial(self->with.following))
    g_clear_pointer(&self->next_weights, sg_model_unref);
  return g_steal_pointer(&self->next_weights);
}

static void
packed_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrineOpener *self = VITRINE_OPENER(source);
  WeightsJob *job = g_task_get_task_data(G_TASK(result));
  g_autoptr(GError) error = NULL;
  gboolean good = g_task_propagate_boolean(G_TASK(result), &error);

  self->packing = FALSE;
  sg_debug(SG_DEBUG_RENDER, "weights are packed: %s", good ? "good" : error->message);
  if (self->closed)
    return; /* the window is closed */
  if (job->kind == NEW_DEVICE) {
    self->moving = FALSE;
    vitrine_opener_update_loading(self);
  }
  if (!good && (job->kind != NEW_DEVICE || is_current(self, job)))
    refuse(self, job, error);
  else if (good && is_current(self, job))
    adopt(self, job);
  vitrine_opener_check_device(self);
  if (self->packing)
    return; /* for that; what waits comes after it */
  SgModel *next = take_next(self);
  if (next)
    pack(self, next, NEW_WEIGHTS);
  else
    vitrine_following_ready(self->with.following);
}

void
vitrine_opener_check_device(VitrineOpener *self)
{
  g_return_if_fail(VITRINE_IS_OPENER(self));
  if (self->model && !self->packing && vitrine_device_choice_is_open(self->with.device))
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
vitrine_opener_takes_weights(VitrineOpener *self, const SgModel *model)
{
  g_return_val_if_fail(VITRINE_IS_OPENER(self), FALSE);
  return self->model && same_kind(&self->model->info, &model->info);
}

void
vitrine_opener_update_weights(VitrineOpener *self, SgModel *model)
{
  g_return_if_fail(VITRINE_IS_OPENER(self));
  if (!vitrine_opener_takes_weights(self, model)) {
    vitrine_messages_error(self->with.messages, _("The new weights do not fit"),
                           _("They are of a network with another architecture than the open one."));
    sg_model_unref(model);
  } else if (self->packing) {
    g_clear_pointer(&self->next_weights, sg_model_unref);
    self->next_weights = model;
    self->next_following = vitrine_following_get_serial(self->with.following);
  } else {
    pack(self, model, NEW_WEIGHTS);
  }
}

void
vitrine_opener_pack_model(VitrineOpener *self, SgModel *model)
{
  g_return_if_fail(VITRINE_IS_OPENER(self));
  pack(self, model, NEW_MODEL);
}
