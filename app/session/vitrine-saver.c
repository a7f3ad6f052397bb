#include "app/session/vitrine-saver.h"
#include <glib/gi18n.h>
#include <string.h>
#include "app/grid/vitrine-picture.h"
#include "engine/explore/picture-model.h"
#include "engine/explore/vector-file.h"
#include "engine/formats/writer.h"
#include "engine/pictures/picture.h"

struct _VitrineSaver {
  GObject parent_instance;
  VitrineEditor *editor;
  VitrineView *view;
  VitrineMessages *messages;
  int num_ws; /* of the open model */
  int saving;
  GPtrArray *waiting; /* of GFile*: w vectors to save once the picture is up to date */
};

enum { PROP_0, PROP_SAVING };

static guint saved_signal;

G_DEFINE_FINAL_TYPE(VitrineSaver, vitrine_saver, G_TYPE_OBJECT)

typedef struct {
  char *path;
  SgRecipe *recipe; /* picture */
  char *json;
  SgPicture *picture;
  SgPictureWrite options;
  GError *error;
  double *vector; /* or vector, [layers, dim] */
  SgSpace space;
  int layers, dim;
  GBytes *bytes; /* or these, as they are */
} SaveJob;

static void
save_job_free(gpointer data)
{
  SaveJob *job = data;

  g_free(job->path);
  sg_recipe_free(job->recipe);
  g_free(job->json);
  sg_picture_free(job->picture);
  g_clear_error(&job->error);
  g_free(job->vector);
  g_clear_pointer(&job->bytes, g_bytes_unref);
  g_free(job);
}

static gboolean
write_job(SaveJob *job, GError **error)
{
  int width, height;

  if (job->error) {
    g_propagate_error(error, g_steal_pointer(&job->error));
    return FALSE;
  }
  if (job->bytes)
    return sg_write_file(job->path, g_bytes_get_data(job->bytes, NULL),
                         g_bytes_get_size(job->bytes), error);
  if (job->vector)
    return sg_vectors_write(job->path, job->space, job->layers, job->dim, job->vector, error);
  g_autofree guint8 *rgb = vitrine_picture_grid(job->picture, &width, &height);
  return sg_picture_write(job->path, rgb, width, height, job->picture->channels, &job->options,
                          job->json, error);
}

static void
write_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;

  if (write_job(data, &error))
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

static void
saved_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
  VitrineSaver *self = VITRINE_SAVER(source);
  SaveJob *job = g_task_get_task_data(G_TASK(result));
  g_autofree char *name = g_filename_display_basename(job->path);
  g_autoptr(GError) error = NULL;

  if (g_task_propagate_boolean(G_TASK(result), &error)) {
    g_autoptr(GFile) file = g_file_new_for_path(job->path);
    g_signal_emit(self, saved_signal, 0, file);
    vitrine_messages_info(self->messages, _("Saved %s"), name);
  } else {
    vitrine_messages_error(self->messages, _("The file could not be saved"), error->message);
  }
  vitrine_saver_add(self, -1);
}

/* NULL, and a message, for places that are not files. */
static GTask *
new_save(VitrineSaver *self, GFile *file)
{
  SaveJob *job;
  char *path = g_file_get_path(file);

  if (!path) {
    g_autofree char *uri = g_file_get_uri(file);
    g_autofree char *text =
        g_strdup_printf(_("%s is not on this computer. Choose a local folder."), uri);
    vitrine_messages_error(self->messages, _("This place cannot be written to"), text);
    return NULL;
  }
  job = g_new0(SaveJob, 1);
  job->path = path;
  GTask *task = g_task_new(self, NULL, saved_cb, NULL);
  g_task_set_task_data(task, job, save_job_free);
  vitrine_saver_add(self, 1);
  return task;
}

/* On the render thread. The disk may be slow: the writing goes elsewhere. The hash is that of the
 * weights that draw: a training that is followed may have sent others since. */
static void
render_for_file(SgRenderer *renderer, gpointer data)
{
  GTask *task = data;
  SaveJob *job = g_task_get_task_data(task);
  const SgModel *model = sg_renderer_model(renderer);

  job->json = sg_picture_recipe(job->recipe, model);
  job->picture = sg_renderer_render(renderer, job->recipe, 0, &job->error);
  g_task_run_in_thread(task, write_worker);
  g_object_unref(task);
}

void
vitrine_saver_save_picture(VitrineSaver *self, GFile *file, const SgPictureWrite *options)
{
  g_return_if_fail(VITRINE_IS_SAVER(self));
  g_return_if_fail(G_IS_FILE(file));
  const SgRecipe *recipe = vitrine_editor_get_recipe(self->editor);
  GTask *task = recipe ? new_save(self, file) : NULL;

  if (!task)
    return;
  SaveJob *job = g_task_get_task_data(task);
  job->recipe = sg_recipe_copy(recipe);
  if (options)
    job->options = *options;
  vitrine_view_run(self->view, render_for_file, task);
}

/* ---- vectors ----------------------------------------------------------------------------- */

/* w' of every layer of face 0; `base` [w_dim] is what its w is without a loaded one. */
static double *
edited_layers(const SgRecipe *recipe, const double *base, int layers)
{
  gsize dim = (gsize)recipe->w_dim;
  g_autofree float *mapped = g_new(float, dim);
  double *v = g_new(double, ((gsize)layers * dim));

  for (gsize i = 0; i < dim; i++)
    mapped[i] = (float)base[i];
  for (int k = 0; k < layers; k++) {
    sg_recipe_base_w(recipe, 0, k, mapped, v + (gsize)k * dim);
    sg_recipe_edit_w(recipe, k, v + (gsize)k * dim);
  }
  return v;
}

/* The edited vector of face 0, [layers, dim], NULL while its base is not known. */
static double *
edited_vector(VitrineSaver *self, SgSpace space, int *layers, int *dim)
{
  const SgRecipe *recipe = vitrine_editor_get_recipe(self->editor);
  const double *base = vitrine_view_get_base(self->view, space);

  if (!base || (space == SG_SPACE_W && !vitrine_view_is_current(self->view)))
    return NULL;
  *layers = space == SG_SPACE_W && sg_recipe_has_layers(recipe) ? self->num_ws : 1;
  *dim = space == SG_SPACE_Z ? recipe->z_dim : recipe->w_dim;
  return space == SG_SPACE_Z ? sg_recipe_edited_z(recipe, 0) : edited_layers(recipe, base, *layers);
}

void
vitrine_saver_save_vector(VitrineSaver *self, SgSpace space, GFile *file)
{
  g_return_if_fail(VITRINE_IS_SAVER(self));
  g_return_if_fail(G_IS_FILE(file));
  int layers = 0, dim = 0;
  g_autofree double *vector = NULL;

  if (!vitrine_editor_get_recipe(self->editor))
    return;
  vector = edited_vector(self, space, &layers, &dim);
  if (!vector) {
    g_ptr_array_add(self->waiting, g_object_ref(file));
    return;
  }
  g_autoptr(GTask) task = new_save(self, file);
  if (!task)
    return;
  SaveJob *job = g_task_get_task_data(task);
  job->vector = g_steal_pointer(&vector);
  job->space = space;
  job->layers = layers;
  job->dim = dim;
  g_task_run_in_thread(task, write_worker);
}

void
vitrine_saver_save_bytes(VitrineSaver *self, GBytes *bytes, GFile *file)
{
  g_return_if_fail(VITRINE_IS_SAVER(self));
  g_return_if_fail(G_IS_FILE(file));
  g_autoptr(GTask) task = new_save(self, file);

  if (!task)
    return;
  SaveJob *job = g_task_get_task_data(task);
  job->bytes = g_bytes_ref(bytes);
  g_task_run_in_thread(task, write_worker);
}

void
vitrine_saver_begin(VitrineSaver *self, int num_ws)
{
  g_return_if_fail(VITRINE_IS_SAVER(self));
  self->num_ws = num_ws;
  g_ptr_array_set_size(self->waiting, 0);
}

static void
write_waiting(VitrineSaver *self)
{
  if (!vitrine_view_is_current(self->view))
    return;
  while (self->waiting->len > 0) {
    g_autoptr(GFile) file = g_ptr_array_steal_index(self->waiting, 0);
    vitrine_saver_save_vector(self, SG_SPACE_W, file);
  }
}

char *
vitrine_saver_vector_text(VitrineSaver *self, SgSpace space)
{
  g_return_val_if_fail(VITRINE_IS_SAVER(self), NULL);
  int layers = 0, dim = 0;
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree double *v = edited_vector(self, space, &layers, &dim);
  GString *text = g_string_new(NULL);

  for (int i = 0; v && i < layers * dim; i++) {
    g_string_append(text, g_ascii_formatd(number, sizeof number, "%.9g", v[i]));
    g_string_append_c(text, (i + 1) % dim ? ' ' : '\n'); /* a line each layer */
  }
  return g_string_free(text, FALSE);
}

void
vitrine_saver_add(VitrineSaver *self, int count)
{
  g_return_if_fail(VITRINE_IS_SAVER(self));
  gboolean before = self->saving > 0;

  self->saving += count;
  if (before != (self->saving > 0))
    g_object_notify(G_OBJECT(self), "saving");
}

gboolean
vitrine_saver_is_saving(VitrineSaver *self)
{
  g_return_val_if_fail(VITRINE_IS_SAVER(self), FALSE);
  return self->saving > 0;
}

/* ---- the object -------------------------------------------------------------------------- */

static void
vitrine_saver_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_SAVING)
    g_value_set_boolean(value, vitrine_saver_is_saving(VITRINE_SAVER(object)));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void
vitrine_saver_finalize(GObject *object)
{
  VitrineSaver *self = VITRINE_SAVER(object);

  g_clear_object(&self->editor);
  g_clear_object(&self->view);
  g_clear_object(&self->messages);
  g_ptr_array_unref(self->waiting);
  G_OBJECT_CLASS(vitrine_saver_parent_class)->finalize(object);
}

static void
vitrine_saver_class_init(VitrineSaverClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);

  object_class->get_property = vitrine_saver_get_property;
  object_class->finalize = vitrine_saver_finalize;
  saved_signal = g_signal_new("saved", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                              NULL, G_TYPE_NONE, 1, G_TYPE_FILE);
  g_object_class_install_property(
      object_class, PROP_SAVING,
      g_param_spec_boolean("saving", NULL, NULL, FALSE,
                           G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY));
}

static void
vitrine_saver_init(VitrineSaver *self)
{
  self->waiting = g_ptr_array_new_with_free_func(g_object_unref);
}

VitrineSaver *
vitrine_saver_new(VitrineEditor *editor, VitrineView *view, VitrineMessages *messages)
{
  VitrineSaver *self = g_object_new(VITRINE_TYPE_SAVER, NULL);

  self->editor = g_object_ref(editor);
  self->view = g_object_ref(view);
  self->messages = g_object_ref(messages);
  g_signal_connect_object(view, "picture-changed", G_CALLBACK(write_waiting), self,
                          G_CONNECT_SWAPPED);
  return self;
}
