#include "ui/projection/vitrine-paste.h"
#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

static void
open_file(VitrineSession *session, GFile *file)
{
  vitrine_opener_open(vitrine_session_get_opener(session), file);
}

static void
say_nothing_there(VitrineSession *session)
{
  vitrine_session_say(session, _("There is no picture in the clipboard"), FALSE);
}

/* ---- a picture: it becomes a file, on a worker ----------------------------------------------- */

static char *
new_path(void)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local();
  g_autofree char *name = g_date_time_format(now, "pasted-%Y%m%d-%H%M%S-%f.png");

  return g_build_filename(g_get_user_cache_dir(), "vitrine", "pasted", name, NULL);
}

static void
save_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autofree char *path = new_path(), *folder = g_path_get_dirname(path);

  if (g_mkdir_with_parents(folder, 0700) != 0 || !gdk_texture_save_to_png(data, path))
    g_task_return_new_error(task, G_FILE_ERROR, g_file_error_from_errno(errno),
                            _("The picture cannot be kept in %s"), folder);
  else
    g_task_return_pointer(task, g_steal_pointer(&path), g_free);
}

static void
saved_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrineSession *session = VITRINE_SESSION(source);
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_task_propagate_pointer(G_TASK(result), &error);

  if (!path) {
    vitrine_session_say(session, error->message, FALSE);
    return;
  }
  g_autoptr(GFile) file = g_file_new_for_path(path);
  open_file(session, file);
}

static void
texture_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr(VitrineSession) session = data;
  GdkTexture *texture = gdk_clipboard_read_texture_finish(GDK_CLIPBOARD(source), result, NULL);

  if (!texture) {
    say_nothing_there(session);
    return;
  }
  g_autoptr(GTask) task = g_task_new(session, NULL, saved_cb, NULL);
  g_task_set_task_data(task, texture, g_object_unref);
  g_task_run_in_thread(task, save_thread);
}

/* ---- a file ---------------------------------------------------------------------------------- */

static void
files_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr(VitrineSession) session = data;
  const GValue *value = gdk_clipboard_read_value_finish(GDK_CLIPBOARD(source), result, NULL);
  GSList *files = value ? g_value_get_boxed(value) : NULL; /* a GdkFileList is one; borrowed */

  if (files)
    open_file(session, files->data);
  else
    say_nothing_there(session);
}

void
vitrine_paste_picture(GtkWidget *widget, VitrineSession *session)
{
  GdkClipboard *clipboard = gtk_widget_get_clipboard(widget);
  GdkContentFormats *formats = gdk_clipboard_get_formats(clipboard);

  if (gdk_content_formats_contain_gtype(formats, GDK_TYPE_FILE_LIST))
    gdk_clipboard_read_value_async(clipboard, GDK_TYPE_FILE_LIST, G_PRIORITY_DEFAULT, NULL,
                                   files_cb, g_object_ref(session));
  else
    gdk_clipboard_read_texture_async(clipboard, NULL, texture_cb, g_object_ref(session));
}
