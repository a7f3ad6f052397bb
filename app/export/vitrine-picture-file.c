#include "app/export/vitrine-picture-file.h"
#include <glib/gstdio.h>
#include "app/work/vitrine-whole-picture.h"
#include "engine/explore/picture-model.h"
#include "engine/formats/format-error.h"
#include "engine/formats/writer.h"
#include "engine/pictures/picture.h"

typedef struct {
  char *json, *path;
  GdkTexture *texture;
  VitrinePictureFileFunc done;
  gpointer data;
  GDestroyNotify free_data;
} Job;

static void
job_free(gpointer data)
{
  Job *job = data;

  if (job->free_data)
    job->free_data(job->data);
  g_clear_object(&job->texture);
  g_free(job->json);
  g_free(job->path);
  g_free(job);
}

/* From GDK's premultiplied B, G, R, A to R, G, B, A in place; TRUE: all of it is opaque. */
static gboolean
to_rgba(guint8 *pixels, gsize n)
{
  gboolean opaque = TRUE;

  for (guint8 *p = pixels; p < pixels + 4 * n; p += 4) {
    guint a = p[3], rgb[] = {p[2], p[1], p[0]};
    opaque &= a == 255;
    for (int c = 0; c < 3; c++)
      p[c] = (guint8)(a == 0 ? 0 : MIN((rgb[c] * 255 + a / 2) / a, 255));
  }
  return opaque;
}

static GBytes *
encode(GdkTexture *texture, const char *json, GError **error)
{
  int width = gdk_texture_get_width(texture), height = gdk_texture_get_height(texture);
  gsize n = (gsize)width * (gsize)height;
  g_autofree guint8 *pixels = g_try_malloc(n * 4);

  if (!pixels) {
    sg_no_memory(error, "for the picture");
    return NULL;
  }
  gdk_texture_download(texture, pixels, (gsize)width * 4);
  gboolean opaque = to_rgba(pixels, n);
  for (gsize i = 0; opaque && i < n; i++)
    memmove(pixels + 3 * i, pixels + 4 * i, 3);
  return sg_png_encode_channels(pixels, width, height, opaque ? 3 : 4, json, error);
}

static void
worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Job *job = data;
  GError *error = NULL;
  g_autofree char *folder = g_path_get_dirname(job->path);
  GBytes *bytes = encode(job->texture, job->json, &error);

  if (bytes && g_mkdir_with_parents(folder, 0700) != 0)
    sg_file_failed(&error, folder, "cannot make this folder");
  if (bytes && !error)
    sg_write_file(job->path, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), &error);
  if (error) {
    g_clear_pointer(&bytes, g_bytes_unref);
    g_task_return_error(task, error);
  } else {
    g_task_return_pointer(task, bytes, (GDestroyNotify)g_bytes_unref);
  }
}

static void
encoded_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
  Job *job = g_task_get_task_data(G_TASK(result));
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = g_task_propagate_pointer(G_TASK(result), &error);
  g_autoptr(GFile) file = g_file_new_for_path(job->path);

  job->done(bytes, bytes ? file : NULL, job->texture, error ? error->message : NULL, job->data);
}

static void
texture_cb(GdkTexture *texture, const char *error, gpointer data)
{
  GTask *task = data;
  Job *job = g_task_get_task_data(task);

  if (!texture) {
    job->done(NULL, NULL, NULL, error, job->data);
    return;
  }
  job->texture = g_object_ref(texture);
  g_task_run_in_thread(task, worker);
}

void
vitrine_picture_file(VitrineSession *session, const char *name, VitrinePictureFileFunc done,
                     gpointer data, GDestroyNotify free_data)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(session);
  SgModel *model = vitrine_session_get_model(session);
  Job *job = g_new0(Job, 1);
  GTask *task = g_task_new(NULL, NULL, encoded_cb, NULL);

  job->json = recipe ? sg_picture_recipe(recipe, model) : g_strdup("");
  job->path = g_build_filename(g_get_user_cache_dir(), "vitrine", "pictures", name, NULL);
  job->done = done;
  job->data = data;
  job->free_data = free_data;
  g_task_set_task_data(task, job, job_free);
  vitrine_whole_picture(session, texture_cb, task, g_object_unref);
}
