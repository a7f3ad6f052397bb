/* Saving: pictures are rendered anew on the render thread and written by a worker; so are
 * vectors. */
#include "app/session/vitrine-session-private.h"
#include "app/session/vitrine-picture.h"
#include "engine/formats/npy.h"
#include "engine/pictures/picture.h"
#include "engine/formats/writer.h"
#include <string.h>

typedef struct {
  char *path;
  SgRecipe *recipe; /* picture */
  char *json;
  SgPicture *picture;
  GError *error;
  double *vector; /* or vector, [n] */
  int n;
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
    return sg_npy_write_double(job->path, job->n, job->vector, error);
  g_autofree guint8 *rgb = vitrine_picture_grid(job->picture, &width, &height);
  return sg_png_write(job->path, rgb, width, height, job->json, error);
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
  VitrineSession *self = VITRINE_SESSION(source);
  SaveJob *job = g_task_get_task_data(G_TASK(result));
  g_autofree char *name = g_path_get_basename(job->path);
  g_autoptr(GError) error = NULL;

  if (g_task_propagate_boolean(G_TASK(result), &error)) {
    vitrine_session_info(self, "Saved %s", name);
  } else {
    vitrine_session_error(self, "The file could not be saved", error->message);
  }
  vitrine_session_add_saving(self, -1);
}

/* NULL, and a message, for places that are not files. */
static GTask *
new_save(VitrineSession *self, GFile *file)
{
  SaveJob *job;
  char *path = g_file_get_path(file);

  if (!path) {
    g_autofree char *uri = g_file_get_uri(file);
    g_autofree char *text =
        g_strdup_printf("%s is not on this computer. Choose a local folder.", uri);
    vitrine_session_error(self, "This place cannot be written to", text);
    return NULL;
  }
  job = g_new0(SaveJob, 1);
  job->path = path;
  GTask *task = g_task_new(self, NULL, saved_cb, NULL);
  g_task_set_task_data(task, job, save_job_free);
  vitrine_session_add_saving(self, 1);
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
  g_autofree char *model_path = g_canonicalize_filename(model->path, NULL);

  job->json = sg_recipe_to_json(job->recipe, model->hash, model_path);
  job->picture = sg_renderer_render(renderer, job->recipe, 0, &job->error);
  g_task_run_in_thread(task, write_worker);
  g_object_unref(task);
}

void
vitrine_session_save_picture(VitrineSession *self, GFile *file)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self);
  GTask *task = recipe ? new_save(self, file) : NULL;

  if (!task)
    return;
  SaveJob *job = g_task_get_task_data(task);
  job->recipe = sg_recipe_copy(recipe);
  vitrine_render_thread_run(self->render, render_for_file, task);
}

/* ---- vectors ----------------------------------------------------------------------------- */

/* The edited vector of face 0, NULL while its base is not known. */
static double *
edited_vector(VitrineSession *self, SgSpace space, int *n)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self);
  const double *base = vitrine_session_get_base(self, space);

  if (!base || (space == SG_SPACE_W && self->stale))
    return NULL;
  const double *offset = space == SG_SPACE_Z ? recipe->z_offset : recipe->w_offset;
  double scale = recipe->scale_space == space ? recipe->scale : 1;
  *n = space == SG_SPACE_Z ? recipe->z_dim : recipe->w_dim;
  double *v = g_new(double, *n);
  for (int i = 0; i < *n; i++)
    v[i] = (base[i] + offset[i]) * scale;
  return v;
}

void
vitrine_session_save_vector(VitrineSession *self, SgSpace space, GFile *file)
{
  int n = 0;
  g_autofree double *vector = NULL;

  if (!self->model)
    return;
  vector = edited_vector(self, space, &n);
  if (!vector) {
    g_ptr_array_add(self->waiting_vectors, g_object_ref(file));
    return;
  }
  g_autoptr(GTask) task = new_save(self, file);
  if (!task)
    return;
  SaveJob *job = g_task_get_task_data(task);
  job->vector = g_steal_pointer(&vector);
  job->n = n;
  g_task_run_in_thread(task, write_worker);
}

void
vitrine_session_save_bytes(VitrineSession *self, GBytes *bytes, GFile *file)
{
  g_autoptr(GTask) task = new_save(self, file);

  if (!task)
    return;
  SaveJob *job = g_task_get_task_data(task);
  job->bytes = g_bytes_ref(bytes);
  g_task_run_in_thread(task, write_worker);
}

void
vitrine_session_write_waiting_vectors(VitrineSession *self)
{
  while (self->waiting_vectors->len > 0) {
    g_autoptr(GFile) file = g_ptr_array_steal_index(self->waiting_vectors, 0);
    vitrine_session_save_vector(self, SG_SPACE_W, file);
  }
}

char *
vitrine_session_vector_text(VitrineSession *self, SgSpace space)
{
  int n = 0;
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree double *v = edited_vector(self, space, &n);
  GString *text = g_string_new(NULL);

  for (int i = 0; i < n && v; i++) {
    g_string_append(text, g_ascii_formatd(number, sizeof number, "%.9g", v[i]));
    g_string_append_c(text, i + 1 < n ? ' ' : '\n');
  }
  return g_string_free(text, FALSE);
}
