#include "app/work/vitrine-face-file.h"
#include <glib/gi18n.h>
#include "engine/explore/vector-file.h"
#include "engine/pictures/picture-write.h"
#include "engine/pictures/picture.h"

static SgRecipe *
read_picture(const char *path, GError **error)
{
  g_autofree char *json = sg_picture_read_recipe(path, error);

  if (!json && error && !*error)
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                _("%s is a picture without a recipe."), path);
  return json ? sg_recipe_from_json(json, -1, NULL, NULL, error) : NULL;
}

typedef struct {
  SgModel *model; /* that was open when the file was chosen */
  char *path;
  int label;
  gboolean prefers_z;
} Reading;

static void
reading_free(gpointer data)
{
  Reading *r = data;

  sg_model_unref(r->model);
  g_free(r->path);
  g_free(r);
}

/* Takes the vector as one of the space that the file tells, else of the one that the Latent pane
 * edits. */
static SgRecipe *
read_vector(const Reading *r, GError **error)
{
  const SgModelInfo *info = &r->model->info;
  g_autoptr(SgVectors) vectors =
      sg_vectors_read(r->path, info, -1, r->prefers_z ? SG_SPACE_Z : SG_SPACE_W, NULL, error);
  SgRecipe *face = vectors ? sg_recipe_new(info->z_dim, info->w_dim) : NULL;

  if (!face)
    return NULL;
  face->label = r->label;
  sg_vectors_apply(vectors, 0, face);
  return face;
}

static void
read_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Reading *r = data;
  g_autoptr(SgRecipe) face = NULL;
  GError *error = NULL;

  if (!g_file_test(r->path, G_FILE_TEST_IS_REGULAR)) /* a pipe would never end */
    g_set_error(&error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED, _("%s is not a file here."),
                r->path);
  else if (sg_vectors_is_name(r->path))
    face = read_vector(r, &error);
  else
    face = read_picture(r->path, &error);
  if (face && (face->z_dim != r->model->info.z_dim || face->w_dim != r->model->info.w_dim)) {
    g_clear_pointer(&face, sg_recipe_free);
    g_set_error(&error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                _("%s was made with a model of other dimensions."), r->path);
  }
  if (face)
    g_task_return_pointer(task, g_steal_pointer(&face), (GDestroyNotify)sg_recipe_free);
  else
    g_task_return_error(task, error);
}

void
vitrine_face_file_read(SgModel *model, GFile *file, int label, gboolean prefers_z, GObject *source,
                       GAsyncReadyCallback done)
{
  g_autoptr(GTask) task = g_task_new(source, NULL, done, NULL);
  Reading *r = g_new0(Reading, 1);
  char *path = g_file_get_path(file);

  r->model = sg_model_ref(model);
  r->path = path ? path : g_file_get_uri(file);
  r->label = label;
  r->prefers_z = prefers_z;
  g_task_set_task_data(task, r, reading_free);
  g_task_run_in_thread(task, read_thread);
}

SgRecipe *
vitrine_face_file_finish(GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer(G_TASK(result), error);
}

SgModel *
vitrine_face_file_model(GAsyncResult *result)
{
  const Reading *r = g_task_get_task_data(G_TASK(result));
  return r->model;
}
