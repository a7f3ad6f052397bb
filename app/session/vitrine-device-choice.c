#include "app/session/vitrine-device-choice.h"
#include "engine/backend/backend-device.h"

struct _VitrineDeviceChoice {
  GObject parent_instance;
  char *wanted;        /* "cuda:0"; NULL: the default back end, whichever it is */
  guint serial;        /* grows when another one is wanted */
  guint used;          /* the serial that `backend` is for, or could not be had for */
  SgBackend *backend;  /* what computes; NULL: nothing has yet */
  char *title;         /* its title */
  SgDeviceInfo memory; /* of the newest picture; total 0: the computer's */
  VitrineDeviceTrouble trouble;
  gboolean while_drawing;
  char *text; /* the engine's words for the trouble */
};

enum { PROP_0, PROP_TITLE, PROP_TROUBLE, N_PROPS };

static GParamSpec *props[N_PROPS];
static guint wanted_signal;

G_DEFINE_FINAL_TYPE(VitrineDeviceChoice, vitrine_device_choice, G_TYPE_OBJECT)

static void
notify(VitrineDeviceChoice *self, int prop)
{
  g_object_notify_by_pspec(G_OBJECT(self), props[prop]);
}

/* The last layers of pictures of more pixels a side are too large to be kept for the next one. */
#define LARGE 256

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

  if (renderer && !job->backend->device_info && model->info.img_resolution > LARGE)
    sg_renderer_set_cache_budget(renderer, SG_RENDERER_BUDGET / 2);
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

  if (!job->backend)
    job->backend = sg_backend_open(job->wanted, &why);
  /* The CPU is the way out: where it has not the precision that devices were started with, in its
   * own. */
  if (!job->backend && g_str_equal(job->wanted, "cpu")) {
    g_clear_error(&why);
    job->backend = cpu;
  }
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
vitrine_device_job_init(VitrineDeviceJob *job, VitrineDeviceChoice *device, gboolean fall_back)
{
  *job = (VitrineDeviceJob){
      .wanted = g_strdup(device->wanted), .serial = device->serial, .fall_back = fall_back};
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

/* NULL: none any more. */
static void
set_trouble(VitrineDeviceChoice *self, const GError *error, gboolean while_drawing)
{
  if (!error && !self->trouble)
    return;
  self->trouble = error ? trouble_of(error) : VITRINE_DEVICE_FINE;
  self->while_drawing = while_drawing;
  g_free(self->text);
  self->text = error ? g_strdup(error->message) : NULL;
  notify(self, PROP_TROUBLE);
}

gboolean
vitrine_device_choice_take_error(VitrineDeviceChoice *self, const GError *error)
{
  g_return_val_if_fail(VITRINE_IS_DEVICE_CHOICE(self), FALSE);
  if (!vitrine_device_choice_draws(self) || !sg_backend_is_device_error(error))
    return FALSE;
  set_trouble(self, error, TRUE);
  return TRUE;
}

void
vitrine_device_choice_use(VitrineDeviceChoice *self, VitrineDeviceJob *job)
{
  g_return_if_fail(VITRINE_IS_DEVICE_CHOICE(self));
  self->backend = job->backend;
  self->used = job->serial;
  self->memory = (SgDeviceInfo){.id = ""};
  sg_backend_set_default(job->backend); /* what panes make is made with it, too */
  g_free(self->title);
  self->title = g_steal_pointer(&job->title);
  set_trouble(self, job->trouble, FALSE);
  notify(self, PROP_TITLE);
}

gboolean
vitrine_device_choice_is_open(VitrineDeviceChoice *self)
{
  g_return_val_if_fail(VITRINE_IS_DEVICE_CHOICE(self), FALSE);
  return self->used != self->serial;
}

gboolean
vitrine_device_choice_wants(VitrineDeviceChoice *self, const VitrineDeviceJob *job)
{
  g_return_val_if_fail(VITRINE_IS_DEVICE_CHOICE(self), FALSE);
  return job->serial == self->serial;
}

void
vitrine_device_choice_refuse(VitrineDeviceChoice *self, const VitrineDeviceJob *job,
                             const GError *error)
{
  g_return_if_fail(VITRINE_IS_DEVICE_CHOICE(self));
  self->used = job->serial;
  set_trouble(self, error, FALSE);
}

SgBackend *
vitrine_device_choice_get_backend(VitrineDeviceChoice *self)
{
  g_return_val_if_fail(VITRINE_IS_DEVICE_CHOICE(self), NULL);
  return self->backend;
}

void
vitrine_device_choice_drew(VitrineDeviceChoice *self, const SgDeviceInfo *memory)
{
  g_return_if_fail(VITRINE_IS_DEVICE_CHOICE(self));
  if (self->while_drawing)
    set_trouble(self, NULL, FALSE);
  if (memory->total == 0 ||
      (memory->total == self->memory.total && memory->available == self->memory.available &&
       memory->reserved == self->memory.reserved))
    return;
  self->memory = *memory;
  notify(self, PROP_TITLE);
}

/* ---- the choice -------------------------------------------------------------------------- */

const char *
vitrine_device_choice_get_title(VitrineDeviceChoice *self)
{
  g_return_val_if_fail(VITRINE_IS_DEVICE_CHOICE(self), "");
  return self->title ? self->title : "";
}

gboolean
vitrine_device_choice_get_info(VitrineDeviceChoice *self, SgDeviceInfo *info)
{
  g_return_val_if_fail(VITRINE_IS_DEVICE_CHOICE(self), FALSE);
  *info = self->memory;
  return info->total > 0;
}

VitrineDeviceTrouble
vitrine_device_choice_get_trouble(VitrineDeviceChoice *self, const char **text, gboolean *replaced,
                                  gboolean *drawing)
{
  g_return_val_if_fail(VITRINE_IS_DEVICE_CHOICE(self), VITRINE_DEVICE_FINE);
  *text = self->text;
  *replaced = !self->while_drawing && sg_backend_is_cpu(self->backend);
  *drawing = self->while_drawing;
  return self->trouble;
}

gboolean
vitrine_device_choice_draws(VitrineDeviceChoice *self)
{
  g_return_val_if_fail(VITRINE_IS_DEVICE_CHOICE(self), FALSE);
  return self->backend && !sg_backend_is_cpu(self->backend);
}

const char *
vitrine_device_choice_get(VitrineDeviceChoice *self)
{
  g_return_val_if_fail(VITRINE_IS_DEVICE_CHOICE(self), NULL);
  return self->wanted ? self->wanted : "auto";
}

static void
want(VitrineDeviceChoice *self, const char *device)
{
  char *wanted = g_strdup(device);

  g_free(self->wanted);
  self->wanted = wanted;
  self->serial++;
  set_trouble(self, NULL, FALSE);
  notify(self, PROP_TITLE);
  g_signal_emit(self, wanted_signal, 0);
}

void
vitrine_device_choice_set(VitrineDeviceChoice *self, const char *device)
{
  g_return_if_fail(VITRINE_IS_DEVICE_CHOICE(self));
  if (g_strcmp0(device, self->wanted) != 0 || self->trouble)
    want(self, device);
}

void
vitrine_device_choice_set_precision(VitrineDeviceChoice *self, const char *name)
{
  g_return_if_fail(VITRINE_IS_DEVICE_CHOICE(self));
  if (!g_str_equal(name, sg_backend_precision(NULL)) && sg_backend_prefer_precision(name, NULL))
    want(self, vitrine_device_choice_get(self));
}

/* ---- the object -------------------------------------------------------------------------- */

static void
vitrine_device_choice_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VitrineDeviceChoice *self = VITRINE_DEVICE_CHOICE(object);

  if (id == PROP_TITLE)
    g_value_set_string(value, vitrine_device_choice_get_title(self));
  else if (id == PROP_TROUBLE)
    g_value_set_int(value, (int)self->trouble);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void
vitrine_device_choice_finalize(GObject *object)
{
  VitrineDeviceChoice *self = VITRINE_DEVICE_CHOICE(object);

  g_free(self->wanted);
  g_free(self->title);
  g_free(self->text);
  G_OBJECT_CLASS(vitrine_device_choice_parent_class)->finalize(object);
}

static void
vitrine_device_choice_class_init(VitrineDeviceChoiceClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = vitrine_device_choice_get_property;
  object_class->finalize = vitrine_device_choice_finalize;
  props[PROP_TITLE] = g_param_spec_string("title", NULL, NULL, "", flags);
  props[PROP_TROUBLE] = g_param_spec_int("trouble", NULL, NULL, VITRINE_DEVICE_FINE,
                                         VITRINE_DEVICE_LOST, VITRINE_DEVICE_FINE, flags);
  g_object_class_install_properties(object_class, N_PROPS, props);
  wanted_signal = g_signal_new("wanted", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                               NULL, G_TYPE_NONE, 0);
}

static void
vitrine_device_choice_init(VitrineDeviceChoice *self)
{
}

VitrineDeviceChoice *
vitrine_device_choice_new(void)
{
  return g_object_new(VITRINE_TYPE_DEVICE_CHOICE, NULL);
}
