/* The opener's files: read on a worker; what is open changes only when all of it turned out
 * good. */
#include "app/session/vitrine-opener-private.h"
#include <glib/gi18n.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include "app/session/vitrine-follow.h"
#include "app/session/vitrine-store.h"
#include "engine/data/align.h"
#include "engine/explore/picture-model.h"
#include "engine/formats/read-file.h"
#include "engine/pictures/picture-write.h"
#include "engine/pictures/picture.h"
#include "engine/runs/run-reader.h"

#define PREVIEW 512

typedef enum {
  FOUND_NOTHING,
  FOUND_MODEL,
  FOUND_RECIPE,
  FOUND_VECTOR,
  FOUND_PICTURE, /* whose face is to be looked for */
  FOUND_RUN,
  FOUND_REMAINS /* of a run without a snapshot */
} Found;

typedef struct {
  char *path;
  char **places;    /* where a picture's model may be */
  SgRecipe *recipe; /* restore: what the model is to be opened with; picture: what was inside */
  guint serial;
  gboolean restores; /* the last session */
  gboolean quiet;    /* do not make it a recent file */

  /* What is open when the job begins. */
  SgModel *open_model;
  guint open_serial; /* vitrine_opener_get_serial() */
  SgSpace space;

  Found found;
  SgModel *model;
  SgRenderer *renderer;
  VitrineDeviceJob device;
  char *running;          /* the run directory it lies in, if a training runs there now */
  gboolean newer_weights; /* the picture's training has gone on since */
  SgVectors *vectors;
  GdkTexture *texture; /* a small one of a picture that Vitrine has not saved */
} OpenJob;

static void
open_job_free(gpointer data)
{
  OpenJob *job = data;

  g_free(job->path);
  g_strfreev(job->places);
  sg_recipe_free(job->recipe);
  g_clear_pointer(&job->open_model, sg_model_unref);
  g_clear_pointer(&job->model, sg_model_unref);
  g_clear_pointer(&job->renderer, sg_renderer_free);
  vitrine_device_job_clear(&job->device);
  g_free(job->running);
  sg_vectors_free(job->vectors);
  g_clear_object(&job->texture);
  g_free(job);
}

/* ---- on the worker ----------------------------------------------------------------------- */

/* Ready for the recipe it is to be opened with, as far as that one fits. */
static SgRenderer *
make_renderer(OpenJob *job, GError **error)
{
  gboolean fits = job->recipe && sg_recipe_check(job->recipe, &job->model->info, NULL);
  return vitrine_device_job_renderer(&job->device, job->model, fits ? job->recipe : NULL, error);
}

static gboolean
load_model(OpenJob *job, const char *path, GError **error)
{
  job->model = sg_model_load(path, error);
  if (!job->model)
    return FALSE;
  job->renderer = make_renderer(job, error);
  if (!job->renderer)
    return FALSE;
  g_autofree char *dir = g_path_get_dirname(path);
  if (vitrine_follow_is_running(dir))
    job->running = g_canonicalize_filename(dir, NULL);
  job->found = FOUND_MODEL;
  return TRUE;
}

/* Of a training run: the newest snapshot. One that has none yet can be followed all the same; of
 * one that ended before its first there is nothing to open here, which is no mistake: the window
 * shows the rest of it. */
static gboolean
read_run(OpenJob *job, GError **error)
{
  g_autoptr(GError) none = NULL;
  g_autofree char *snapshot = vitrine_follow_newest_snapshot(job->path, &none);

  if (snapshot)
    return load_model(job, snapshot, error);
  if (!vitrine_follow_is_running(job->path)) {
    if (!sg_run_reader_recognises(job->path)) {
      g_propagate_error(error, g_steal_pointer(&none));
      return FALSE;
    }
    job->found = FOUND_REMAINS;
    return TRUE;
  }
  job->running = g_canonicalize_filename(job->path, NULL);
  job->found = FOUND_RUN;
  return TRUE;
}

/* TRUE if `name`, which a picture gives for its model, is that of a training's folder: "run/", or
 * in older pictures its path. Pictures of a training that is followed say that. */
static gboolean
names_run(const char *name)
{
  return name && (g_str_has_suffix(name, "/") ||
                  (g_path_is_absolute(name) && g_file_test(name, G_FILE_TEST_IS_DIR)));
}

/* TRUE if the model is one of that training, or the training itself. */
static gboolean
is_of_run(const SgModel *model, const char *name)
{
  g_autofree char *path = g_canonicalize_filename(model->path, NULL);
  g_autofree char *dir = g_path_get_dirname(path);
  g_autofree char *own = g_path_get_basename(path), *parent = g_path_get_basename(dir);
  g_autofree char *run = g_path_get_basename(name);

  return names_run(name) && (strcmp(own, run) == 0 || strcmp(parent, run) == 0);
}

/* The model a picture was made with: where the picture says, beside it, among the recent ones, or
 * the one that comes with Vitrine. */
static gboolean
find_model(OpenJob *job, const char *hash, const char *name, GError **error)
{
  g_autofree char *base = g_path_get_basename(name ? name : "");

  job->model = sg_find_model(hash, name, job->path, (const char *const *)job->places);
  if (job->model) {
    job->renderer = make_renderer(job, error);
    job->found = FOUND_MODEL;
    return job->renderer != NULL;
  }
  if (names_run(name)) {
    g_set_error(
        error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
        _("%s was made while the training in %s was followed, with weights (%.12s…) that are "
          "in no file. Open a snapshot of that run first, then the picture again: its "
          "recipe is taken over."),
        job->path, name, hash);
    return FALSE;
  }
  g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
              _("%s was made with the model %s (weights %.12s…), which is neither open nor among "
                "the recent ones nor beside the picture. Open that model first, then the picture "
                "again."),
              job->path, name ? base : _("of an unknown name"), hash);
  return FALSE;
}

/* Of at most about PREVIEW pixels along an axis. */
static GdkTexture *
preview(SgPixels *p, GError **error)
{
  int n = MIN(MAX(1, MAX(p->width, p->height) / PREVIEW), MIN(p->width, p->height));
  g_auto(SgPixels) small = {0};

  sg_pixels_convert(p, 3);
  if (!sg_pixels_average(p, n, &small, error))
    return NULL;
  gsize stride = 3 * (gsize)small.width;
  g_autoptr(GBytes) bytes = g_bytes_new(small.pixels, stride * (gsize)small.height);
  return gdk_memory_texture_new(small.width, small.height, GDK_MEMORY_R8G8B8, bytes, stride);
}

/* A picture that Vitrine has not saved: the open model may come near to it. */
static gboolean
read_foreign_picture(OpenJob *job, GError **error)
{
  g_auto(SgPixels) pixels = {0};

  if (!job->open_model) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                _("%s is a picture without a recipe. Open a model first, then the picture: the "
                  "face that comes nearest to it can be looked for."),
                job->path);
    return FALSE;
  }
  if (!sg_pixels_load(&pixels, job->path, error))
    return FALSE;
  job->found = FOUND_PICTURE;
  return (job->texture = preview(&pixels, error)) != NULL;
}

/* Is it a picture of a kind that can be read, though not a PNG? */
static gboolean
is_other_picture(const char *path)
{
  guint8 head[64];
  gboolean readable = FALSE;
  int fd = sg_open_regular(path, O_RDONLY, NULL);
  gssize n = fd >= 0 ? pread(fd, head, sizeof head, 0) : 0;

  if (fd >= 0)
    close(fd);
  return n > 0 && sg_picture_kind(head, (gsize)n, &readable) && readable;
}

static gboolean
read_picture(OpenJob *job, GError **error)
{
  g_autofree char *hash = NULL, *model_path = NULL;
  g_autoptr(GError) why = NULL;
  g_autofree char *json = sg_picture_read_recipe(job->path, error);

  if (!json)
    return (!error || !*error) && read_foreign_picture(job, error);
  g_clear_pointer(&job->recipe, sg_recipe_free);
  job->recipe = sg_recipe_from_json(json, -1, &hash, &model_path, &why);
  if (!job->recipe || !hash) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_BROKEN, _("%s holds a recipe, but %s."),
                job->path, why ? why->message : _("it does not name its model"));
    return FALSE;
  }
  sg_find_recipe_files(job->recipe, job->path);
  /* Weights of a training between two snapshots are in no file. */
  gboolean same = job->open_model && strcmp(hash, job->open_model->hash) == 0;
  if (job->open_model && model_path)
    job->newer_weights = !same && is_of_run(job->open_model, model_path);
  if (same || job->newer_weights)
    job->found = FOUND_RECIPE;
  else if (!find_model(job, hash, model_path, error))
    return FALSE;
  SgModel *model = job->model ? job->model : job->open_model;
  if (!sg_recipe_check(job->recipe, &model->info, &why)) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_BROKEN, _("%s cannot be shown: %s"),
                job->path, why->message);
    return FALSE;
  }
  return TRUE;
}

/* Takes the vector as one of the space that the file tells, else of the edited one. */
static gboolean
read_vector(OpenJob *job, GError **error)
{
  if (!job->open_model) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                _("%s is a vector; open a model first, then the vector."), job->path);
    return FALSE;
  }
  job->vectors =
      sg_vectors_read(job->path, &job->open_model->info, -1, (int)job->space, NULL, error);
  job->found = FOUND_VECTOR;
  return job->vectors != NULL;
}

static gboolean
starts_with(const char *path, const char *magic, gsize length)
{
  char head[8];
  int fd = sg_open_regular(path, O_RDONLY, NULL);
  gssize n = fd >= 0 ? pread(fd, head, sizeof head, 0) : 0;

  if (fd >= 0)
    close(fd);
  return n >= (gssize)length && memcmp(head, magic, length) == 0;
}

static gboolean
read_file(OpenJob *job, GError **error)
{
  if (g_file_test(job->path, G_FILE_TEST_IS_DIR))
    return read_run(job, error);
  /* A pipe or a device would never end, or never begin. */
  if (g_file_test(job->path, G_FILE_TEST_EXISTS) &&
      !g_file_test(job->path, G_FILE_TEST_IS_REGULAR)) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                _("%s is neither a file nor a folder."), job->path);
    return FALSE;
  }
  if (starts_with(job->path, "\x89PNG", 4))
    return read_picture(job, error);
  if (starts_with(job->path, "\x93NUMPY", 6))
    return read_vector(job, error);
  if (g_str_has_suffix(job->path, ".npz"))
    return read_vector(job, error);
  if (is_other_picture(job->path))
    return read_picture(job, error);
  return load_model(job, job->path, error);
}

static void
open_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  OpenJob *job = data;
  GError *error = NULL;

  if (!read_file(job, &error))
    g_task_return_error(task, error);
  else
    g_task_return_boolean(task, TRUE);
}

/* ---- back on the main thread ------------------------------------------------------------- */

/* A model that was read with a reservation: without its discriminator, or one of several. */
static void
tell_warnings(VitrineOpener *self)
{
  g_autoptr(GString) text = g_string_new(NULL);

  for (guint i = 0; i < self->model->warnings->len; i++)
    g_string_append_printf(text, "%s%s.", i ? "\n" : "", (char *)self->model->warnings->pdata[i]);
  if (text->len)
    vitrine_messages_error(self->with.messages,
                           _("The model is open, but not as it is in the file"), text->str);
}

static void
adopt_model(VitrineOpener *self, OpenJob *job)
{
  vitrine_following_end(self->with.following);
  vitrine_device_choice_use(self->with.device, &job->device);
  /* A session is only as old as the file it names: what replaced it may be of another size. */
  if (job->recipe && !sg_recipe_check(job->recipe, &job->model->info, NULL))
    g_clear_pointer(&job->recipe, sg_recipe_free);
  if (!job->quiet)
    vitrine_store_add_recent(job->model->path);
  vitrine_opener_adopt_model(self, g_steal_pointer(&job->model), g_steal_pointer(&job->renderer),
                             g_steal_pointer(&job->recipe),
                             job->restores ? _("The last session") : _("Open picture"));
  vitrine_following_set_followable(self->with.following, g_steal_pointer(&job->running));
  vitrine_opener_check_device(self);
  tell_warnings(self);
}

static void
adopt_edit(VitrineOpener *self, OpenJob *job)
{
  VitrineMessages *messages = self->with.messages;

  if (job->found == FOUND_RECIPE) {
    vitrine_editor_apply(self->with.editor, g_steal_pointer(&job->recipe), _("Open picture"), NULL);
    vitrine_messages_say(
        messages,
        job->newer_weights ? _("The picture's recipe is restored; the training has gone on since, "
                               "so the face is another")
                           : _("The picture's recipe is restored"),
        FALSE);
    return;
  }
  vitrine_editor_adopt_vectors(self->with.editor, job->vectors);
  vitrine_messages_say(messages,
                       job->vectors->space == SG_SPACE_Z ? _("Vector z loaded")
                       : job->vectors->layers > 1        ? _("Vectors w of each layer loaded")
                                                         : _("Vector w loaded"),
                       FALSE);
}

static void
adopt(VitrineOpener *self, OpenJob *job)
{
  if (job->found == FOUND_RUN) {
    vitrine_following_start(self->with.following, job->running);
  } else if (job->found == FOUND_MODEL) {
    adopt_model(self, job);
  } else if (job->found == FOUND_REMAINS) {
    g_autofree char *name = g_filename_display_basename(job->path);
    vitrine_messages_info(self->with.messages, _("%s ended before its first snapshot"), name);
  } else if (self->serial != job->open_serial) {
    vitrine_messages_say(self->with.messages,
                         _("Another model was opened meanwhile; open the file again"), FALSE);
  } else if (job->found == FOUND_PICTURE) {
    vitrine_opener_tell_picture(self, job->path, job->texture);
  } else {
    adopt_edit(self, job);
  }
}

static void
open_done_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
  VitrineOpener *self = VITRINE_OPENER(source);
  OpenJob *job = g_task_get_task_data(G_TASK(result));
  g_autoptr(GError) error = NULL;
  gboolean good = g_task_propagate_boolean(G_TASK(result), &error);

  if (job->serial != self->file_serial || self->closed)
    return; /* something else was opened since, or the window is closed */
  if (good)
    adopt(self, job);
  else
    vitrine_messages_error(self->with.messages, _("The file could not be opened"), error->message);
  self->reading = FALSE;
  vitrine_opener_update_loading(self);
}

static void
start(VitrineOpener *self, OpenJob *job)
{
  g_autoptr(GTask) task = g_task_new(self, NULL, open_done_cb, NULL);

  job->serial = ++self->file_serial;
  job->places = vitrine_store_model_places();
  job->open_model = self->model ? sg_model_ref(self->model) : NULL;
  job->open_serial = self->serial;
  vitrine_device_job_init(&job->device, self->with.device, TRUE);
  g_task_set_task_data(task, job, open_job_free);
  self->reading = TRUE;
  vitrine_opener_update_loading(self);
  g_task_run_in_thread(task, open_worker);
}

void
vitrine_opener_open(VitrineOpener *self, GFile *file)
{
  g_return_if_fail(VITRINE_IS_OPENER(self));
  g_return_if_fail(G_IS_FILE(file));
  g_autofree char *path = g_file_get_path(file);
  g_autofree char *uri = g_file_get_uri(file);

  if (!path) {
    g_autofree char *text = g_strdup_printf(
        _("%s is not a file on this computer. Copy it here, then open the copy."), uri);
    vitrine_messages_error(self->with.messages, _("This place cannot be read"), text);
    return;
  }
  OpenJob *job = g_new0(OpenJob, 1);
  job->path = g_steal_pointer(&path);
  job->space = vitrine_editor_get_space(self->with.editor);
  start(self, job);
}

void
vitrine_opener_load_vector(VitrineOpener *self, SgSpace space, GFile *file)
{
  g_return_if_fail(VITRINE_IS_OPENER(self));
  g_return_if_fail(G_IS_FILE(file));
  OpenJob *job = g_new0(OpenJob, 1);

  job->path = g_file_get_path(file);
  job->space = space;
  if (!job->path)
    job->path = g_file_get_uri(file);
  start(self, job);
}

void
vitrine_opener_reopen(VitrineOpener *self, const char *path, SgRecipe *recipe, gboolean recent)
{
  g_return_if_fail(VITRINE_IS_OPENER(self));
  g_return_if_fail(path != NULL);
  OpenJob *job = g_new0(OpenJob, 1);

  job->path = g_strdup(path);
  job->recipe = recipe;
  job->restores = TRUE;
  job->quiet = !recent;
  start(self, job);
}
