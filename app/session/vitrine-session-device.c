/* What computes for the session: chosen by name, opened and tried by a worker before it is used.
 * What was asked for and cannot be had is said ("device-trouble"), never passed over. */
#include "app/session/vitrine-session-private.h"
#include "engine/backend/backend-device.h"

/* ---- on a worker ------------------------------------------------------------------------- */

/* A device's first picture is what fills its memory and opens its libraries. */
static gboolean
try_picture(SgRenderer *renderer, const SgRecipe *recipe, GError **error)
{
  const SgModelInfo *info = &sg_renderer_model(renderer)->info;
  g_autoptr(SgRecipe) plain = recipe ? NULL : sg_recipe_new(info->z_dim, info->w_dim);

  if (!sg_renderer_backend(renderer)->device_info)
    return TRUE;
  g_autoptr(SgPicture) picture = sg_renderer_render(renderer, recipe ? recipe : plain, 0, error);
  /* How long the first one takes is said when it is shown. */
  sg_renderer_set_cache_budget(renderer, SG_RENDERER_BUDGET);
  return picture != NULL;
}

/* NULL: not with this one. */
static SgRenderer *
renderer_with(VitrineDeviceJob *job, SgModel *model, const SgRecipe *recipe, GError **error)
{
  g_autoptr(SgRenderer) renderer = sg_renderer_new(model, job->backend, error);

  if (!renderer || (recipe && !sg_renderer_prepare(renderer, recipe, error)) ||
      (job->wanted && !try_picture(renderer, recipe, error)))
    return NULL;
  return g_steal_pointer(&renderer);
}

SgRenderer *
vitrine_device_job_renderer(VitrineDeviceJob *job, SgModel *model, const SgRecipe *recipe,
                            GError **error)
{
  SgBackend *cpu = sg_backend_cpu();
  GError *why = NULL;

  /* The CPU in its own precision, whatever devices were started with: it is the way out. */
  if (!job->backend && g_str_equal(job->wanted, "cpu"))
    job->backend = cpu;
  else if (!job->backend)
    job->backend = sg_backend_open(job->wanted, &why);
  SgRenderer *renderer = job->backend ? renderer_with(job, model, recipe, &why) : NULL;
  if (!renderer && job->fall_back && job->backend != cpu && sg_backend_is_device_error(why)) {
    job->trouble = why;
    why = NULL;
    job->backend = cpu;
    renderer = renderer_with(job, model, recipe, &why);
  }
  if (renderer)
    job->title = sg_backend_title(job->backend);
  else
    g_propagate_error(error, why);
  return renderer;
}

/* ---- on the main thread ------------------------------------------------------------------ */

void
vitrine_device_job_init(VitrineDeviceJob *job, VitrineSession *self, gboolean fall_back)
{
  *job = (VitrineDeviceJob){.wanted = g_strdup(self->device_wanted),
                            .serial = self->device_serial,
                            .fall_back = fall_back};
  if (!job->wanted)
    job->backend = sg_backend_default();
}

void
vitrine_device_job_clear(VitrineDeviceJob *job)
{
  g_free(job->wanted);
  g_free(job->title);
  g_clear_error(&job->trouble);
}

static VitrineDeviceTrouble
trouble_of(const GError *error)
{
  if (g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM))
    return VITRINE_DEVICE_FULL;
  if (g_error_matches(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_LOST))
    return VITRINE_DEVICE_LOST;
  if (g_error_matches(error, SG_BACKEND_ERROR, SG_BACKEND_ERROR_FAILED))
    return VITRINE_DEVICE_FAILED;
  return VITRINE_DEVICE_MISSING;
}

void
vitrine_session_set_trouble(VitrineSession *self, const GError *error, gboolean while_drawing)
{
  if (!error && !self->trouble)
    return;
  self->trouble = error ? trouble_of(error) : VITRINE_DEVICE_FINE;
  self->trouble_while_drawing = while_drawing;
  g_free(self->trouble_text);
  self->trouble_text = error ? g_strdup(error->message) : NULL;
  vitrine_session_notify(self, PROP_DEVICE_TROUBLE);
}

gboolean
vitrine_session_take_device_error(VitrineSession *self, const GError *error)
{
  if (!vitrine_session_draws_on_device(self) || !sg_backend_is_device_error(error))
    return FALSE;
  vitrine_session_set_trouble(self, error, TRUE);
  return TRUE;
}

void
vitrine_session_use_device(VitrineSession *self, VitrineDeviceJob *job)
{
  self->backend = job->backend;
  self->device_used = job->serial;
  self->memory = (SgDeviceInfo){.id = ""};
  sg_backend_set_default(job->backend); /* what panes make is made with it, too */
  g_free(self->device);
  self->device = g_steal_pointer(&job->title);
  vitrine_session_set_trouble(self, job->trouble, FALSE);
  vitrine_session_notify(self, PROP_DEVICE);
}

void
vitrine_session_set_memory(VitrineSession *self, const SgDeviceInfo *memory)
{
  if (memory->total == 0 ||
      (memory->total == self->memory.total && memory->available == self->memory.available &&
       memory->reserved == self->memory.reserved))
    return;
  self->memory = *memory;
  vitrine_session_notify(self, PROP_DEVICE);
}

gboolean
vitrine_session_get_device_info(VitrineSession *self, SgDeviceInfo *info)
{
  *info = self->memory;
  return info->total > 0;
}

VitrineDeviceTrouble
vitrine_session_get_device_trouble(VitrineSession *self, const char **text, gboolean *replaced,
                                   gboolean *drawing)
{
  *text = self->trouble_text;
  *replaced = !self->trouble_while_drawing && self->backend == sg_backend_cpu();
  *drawing = self->trouble_while_drawing;
  return self->trouble;
}

gboolean
vitrine_session_draws_on_device(VitrineSession *self)
{
  return self->backend && self->backend != sg_backend_cpu();
}

const char *
vitrine_session_get_device_choice(VitrineSession *self)
{
  return self->device_wanted ? self->device_wanted : "auto";
}

static void
want(VitrineSession *self, const char *device)
{
  char *wanted = g_strdup(device);

  g_free(self->device_wanted);
  self->device_wanted = wanted;
  self->device_serial++;
  vitrine_session_set_trouble(self, NULL, FALSE);
  vitrine_session_notify(self, PROP_DEVICE);
  vitrine_session_check_device(self);
}

void
vitrine_session_set_device(VitrineSession *self, const char *device)
{
  if (g_strcmp0(device, self->device_wanted) != 0 || self->trouble)
    want(self, device);
}

void
vitrine_session_set_precision(VitrineSession *self, const char *name)
{
  if (!g_str_equal(name, sg_backend_precision(NULL)) && sg_backend_prefer_precision(name, NULL))
    want(self, vitrine_session_get_device_choice(self));
}
