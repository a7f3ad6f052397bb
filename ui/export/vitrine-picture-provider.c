#include "ui/export/vitrine-picture-provider.h"

#define PNG_TYPE  "image/png"
#define FILE_TYPE "text/uri-list"

typedef struct {
  GTask *task;
  GOutputStream *stream;
  gboolean file;
  int priority;
} Asked;

struct _VitrinePictureProvider {
  GdkContentProvider parent_instance;
  GBytes *png, *list;
  char *error;
  GQueue asked; /* of Asked, while there is nothing to give */
};

G_DEFINE_FINAL_TYPE(VitrinePictureProvider, vitrine_picture_provider, GDK_TYPE_CONTENT_PROVIDER)

static GdkContentFormats *
vitrine_picture_provider_ref_formats(GdkContentProvider *provider)
{
  static const char *types[] = {FILE_TYPE, PNG_TYPE};

  return gdk_content_formats_new(types, G_N_ELEMENTS(types));
}

static void
written_cb(GObject *stream, GAsyncResult *result, gpointer data)
{
  g_autoptr(GTask) task = data;
  GError *error = NULL;

  if (g_output_stream_write_all_finish(G_OUTPUT_STREAM(stream), result, NULL, &error))
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

/* Takes what was asked. */
static void
answer(VitrinePictureProvider *self, Asked *asked)
{
  GBytes *bytes = asked->file ? self->list : self->png;

  if (!bytes) {
    g_task_return_new_error(asked->task, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", self->error);
    g_object_unref(asked->task);
  } else {
    g_task_set_task_data(asked->task, g_bytes_ref(bytes), (GDestroyNotify)g_bytes_unref);
    g_output_stream_write_all_async(asked->stream, g_bytes_get_data(bytes, NULL),
                                    g_bytes_get_size(bytes), asked->priority,
                                    g_task_get_cancellable(asked->task), written_cb, asked->task);
  }
  g_object_unref(asked->stream);
  g_free(asked);
}

static void
vitrine_picture_provider_write_async(GdkContentProvider *provider, const char *mime_type,
                                     GOutputStream *stream, int priority, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer data)
{
  VitrinePictureProvider *self = VITRINE_PICTURE_PROVIDER(provider);
  Asked *asked = g_new(Asked, 1);

  *asked = (Asked){g_task_new(self, cancellable, callback, data), g_object_ref(stream),
                   g_str_equal(mime_type, FILE_TYPE), priority};
  if (self->png || self->error)
    answer(self, asked);
  else
    g_queue_push_tail(&self->asked, asked);
}

static gboolean
vitrine_picture_provider_write_finish(GdkContentProvider *provider, GAsyncResult *result,
                                      GError **error)
{
  return g_task_propagate_boolean(G_TASK(result), error);
}

void
vitrine_picture_provider_give(VitrinePictureProvider *self, GBytes *png, GFile *file,
                              const char *error)
{
  g_return_if_fail(VITRINE_IS_PICTURE_PROVIDER(self));
  Asked *asked;

  if (png && file) {
    g_autofree char *uri = g_file_get_uri(file);
    char *line = g_strconcat(uri, "\r\n", NULL);
    self->png = g_bytes_ref(png);
    self->list = g_bytes_new_take(line, strlen(line));
  } else {
    self->error = g_strdup(error ? error : "another model was opened");
  }
  while ((asked = g_queue_pop_head(&self->asked)))
    answer(self, asked);
}

static void
vitrine_picture_provider_finalize(GObject *object)
{
  VitrinePictureProvider *self = VITRINE_PICTURE_PROVIDER(object);

  g_clear_pointer(&self->png, g_bytes_unref);
  g_clear_pointer(&self->list, g_bytes_unref);
  g_free(self->error);
  G_OBJECT_CLASS(vitrine_picture_provider_parent_class)->finalize(object);
}

static void
vitrine_picture_provider_class_init(VitrinePictureProviderClass *class)
{
  GdkContentProviderClass *provider_class = GDK_CONTENT_PROVIDER_CLASS(class);

  G_OBJECT_CLASS(class)->finalize = vitrine_picture_provider_finalize;
  provider_class->ref_formats = vitrine_picture_provider_ref_formats;
  provider_class->write_mime_type_async = vitrine_picture_provider_write_async;
  provider_class->write_mime_type_finish = vitrine_picture_provider_write_finish;
}

static void
vitrine_picture_provider_init(VitrinePictureProvider *self)
{
}

VitrinePictureProvider *
vitrine_picture_provider_new(void)
{
  return g_object_new(VITRINE_TYPE_PICTURE_PROVIDER, NULL);
}
