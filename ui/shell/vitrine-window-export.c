/* How the picture leaves the window and comes back: export, copy, paste, drag, the folder of what
 * was saved. */
#include <glib/gi18n.h>
#include <string.h>
#include "app/export/vitrine-picture-file.h"
#include "ui/export/vitrine-export-dialog.h"
#include "ui/export/vitrine-picture-provider.h"
#include "ui/shell/vitrine-window-private.h"

static void
export_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;
  g_autofree char *name = vitrine_window_suggested_name(self, "");

  vitrine_export_dialog_present(GTK_WINDOW(self), self->session, name);
}

/* ---- copy ------------------------------------------------------------------------------------ */

static void
copied_cb(GBytes *png, GFile *file, GdkTexture *texture, const char *error, gpointer data)
{
  VitrineWindow *self = data;

  if (!self->session) /* closed meanwhile */
    return;
  if (!png) {
    g_autofree char *text =
        g_strconcat(_("The picture could not be made"), "\n\n", error ? error : "", NULL);
    vitrine_session_say(self->session, text, TRUE);
    return;
  }
  /* The PNG has the recipe inside; the texture is for programs that take pixels. */
  GdkContentProvider *both[] = {gdk_content_provider_new_for_bytes("image/png", png),
                                gdk_content_provider_new_typed(GDK_TYPE_TEXTURE, texture)};
  g_autoptr(GdkContentProvider) provider = gdk_content_provider_new_union(both, 2);
  gdk_clipboard_set_content(gtk_widget_get_clipboard(GTK_WIDGET(self)), provider);
  adw_toast_overlay_add_toast(self->toasts, adw_toast_new(_("Picture copied, with its recipe")));
}

static void
copy_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  VitrineWindow *self = data;
  g_autofree char *name = vitrine_window_suggested_name(self, ".png");

  vitrine_picture_file(self->session, name, copied_cb, g_object_ref(self), g_object_unref);
}

/* ---- paste ----------------------------------------------------------------------------------- */

typedef struct {
  VitrineWindow *window;
  GFile *file;
  GInputStream *stream;
} Paste;

static void
paste_end(Paste *paste, GError *error)
{
  VitrineWindow *self = paste->window;

  if (self->session && error) {
    g_autofree char *text = g_strconcat(_("This cannot be pasted"), "\n\n", error->message, NULL);
    vitrine_session_say(self->session, text, TRUE);
  } else if (self->session) {
    vitrine_opener_open(vitrine_session_get_opener(self->session), paste->file);
  }
  g_clear_error(&error);
  g_clear_object(&paste->stream);
  g_clear_object(&paste->file);
  g_object_unref(self);
  g_free(paste);
}

static void
spliced_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  g_output_stream_splice_finish(G_OUTPUT_STREAM(source), result, &error);
  paste_end(data, error);
}

static void
replaced_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  Paste *paste = data;
  GError *error = NULL;
  g_autoptr(GFileOutputStream) out = g_file_replace_finish(G_FILE(source), result, &error);

  if (!out)
    paste_end(paste, error);
  else
    g_output_stream_splice_async(G_OUTPUT_STREAM(out), paste->stream,
                                 G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE |
                                     G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                 G_PRIORITY_DEFAULT, NULL, spliced_cb, paste);
}

/* A picture of somebody's: into the cache, and from there as any other file. */
static void
read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  Paste *paste = data;
  GError *error = NULL;
  const char *mime = NULL;
  g_autofree char *folder = g_build_filename(g_get_user_cache_dir(), "vitrine", NULL);

  paste->stream = gdk_clipboard_read_finish(GDK_CLIPBOARD(source), result, &mime, &error);
  if (!paste->stream) {
    paste_end(paste, error);
    return;
  }
  g_autofree char *name = g_strconcat("pasted.", strrchr(mime, '/') + 1, NULL);
  paste->file = g_file_new_build_filename(folder, name, NULL);
  g_mkdir_with_parents(folder, 0700);
  g_file_replace_async(paste->file, NULL, FALSE, G_FILE_CREATE_PRIVATE, G_PRIORITY_DEFAULT, NULL,
                       replaced_cb, paste);
}

/* Files that were copied in a file manager. */
static void
files_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  Paste *paste = data;
  GError *error = NULL;
  const GValue *value = gdk_clipboard_read_value_finish(GDK_CLIPBOARD(source), result, &error);
  GSList *files = value ? g_value_get_boxed(value) : NULL;

  if (files)
    paste->file = g_object_ref(files->data);
  else if (!error)
    g_set_error_literal(&error, G_IO_ERROR, G_IO_ERROR_FAILED, _("There is no file in it."));
  paste_end(paste, error);
}

static void
paste_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  static const char *pictures[] = {"image/png", "image/jpeg", "image/webp", NULL};
  VitrineWindow *self = data;
  GdkClipboard *clipboard = gtk_widget_get_clipboard(GTK_WIDGET(self));
  GdkContentFormats *formats = gdk_clipboard_get_formats(clipboard);
  gboolean any = FALSE;

  for (int i = 0; pictures[i]; i++)
    any |= gdk_content_formats_contain_mime_type(formats, pictures[i]);
  if (!any && !gdk_content_formats_contain_mime_type(formats, "text/uri-list") &&
      !gdk_content_formats_contain_gtype(formats, GDK_TYPE_FILE_LIST)) {
    vitrine_session_say(self->session, _("There is no picture and no file to paste"), FALSE);
    return;
  }
  Paste *paste = g_new0(Paste, 1);
  paste->window = g_object_ref(self);
  if (any)
    gdk_clipboard_read_async(clipboard, pictures, G_PRIORITY_DEFAULT, NULL, read_cb, paste);
  else
    gdk_clipboard_read_value_async(clipboard, GDK_TYPE_FILE_LIST, G_PRIORITY_DEFAULT, NULL,
                                   files_cb, paste);
}

/* ---- drag ------------------------------------------------------------------------------------ */

static void
dragged_cb(GBytes *png, GFile *file, GdkTexture *texture, const char *error, gpointer data)
{
  vitrine_picture_provider_give(data, png, file, error);
}

static GdkContentProvider *
prepare_cb(GtkDragSource *source, double x, double y, VitrineWindow *self)
{
  GdkTexture *texture = vitrine_view_get_texture(vitrine_session_get_view(self->session));

  if (!texture)
    return NULL;
  VitrinePictureProvider *provider = vitrine_picture_provider_new();
  g_autofree char *name = vitrine_window_suggested_name(self, ".png");
  vitrine_picture_file(self->session, name, dragged_cb, g_object_ref(provider), g_object_unref);
  return GDK_CONTENT_PROVIDER(provider);
}

static void
add_drag(VitrineWindow *self)
{
  GtkDragSource *source = gtk_drag_source_new();

  gtk_event_controller_set_propagation_phase(GTK_EVENT_CONTROLLER(source), GTK_PHASE_CAPTURE);
  g_signal_connect(source, "prepare", G_CALLBACK(prepare_cb), self);
  gtk_widget_add_controller(self->save_button, GTK_EVENT_CONTROLLER(source));
}

/* ---- what was saved -------------------------------------------------------------------------- */

static void
saved_cb(VitrineSaver *saver, GFile *file, VitrineWindow *self)
{
  g_set_object(&self->saved, file);
}

gboolean
vitrine_window_say_saved(VitrineWindow *self, const char *text)
{
  if (!self->saved)
    return FALSE;
  AdwToast *toast = adw_toast_new(text);
  g_autofree char *uri = g_file_get_uri(self->saved);
  adw_toast_set_button_label(toast, _("Show in Folder"));
  adw_toast_set_action_name(toast, "win.show-in-folder");
  adw_toast_set_action_target(toast, "s", uri);
  adw_toast_overlay_add_toast(self->toasts, toast);
  g_clear_object(&self->saved);
  return TRUE;
}

static void
shown_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *uri = data;
  g_autoptr(GVariant) answer =
      g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);

  if (answer)
    return;
  /* No file manager of the desktop's kind: the folder at least. */
  g_autoptr(GFile) file = g_file_new_for_uri(uri), folder = g_file_get_parent(file);
  g_autofree char *at = g_file_get_uri(folder);
  g_app_info_launch_default_for_uri_async(at, NULL, NULL, NULL, NULL);
}

static void
bus_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *uri = data;
  g_autoptr(GDBusConnection) bus = g_bus_get_finish(result, NULL);
  const char *uris[] = {uri, NULL};

  if (bus)
    g_dbus_connection_call(bus, "org.freedesktop.FileManager1", "/org/freedesktop/FileManager1",
                           "org.freedesktop.FileManager1", "ShowItems",
                           g_variant_new("(^ass)", uris, ""), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                           NULL, shown_cb, g_strdup(uri));
}

static void
show_in_folder_action(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  g_bus_get(G_BUS_TYPE_SESSION, NULL, bus_cb, g_variant_dup_string(parameter, NULL));
}

void
vitrine_window_init_export(VitrineWindow *self)
{
  static const GActionEntry entries[] = {{"export", export_action},
                                         {"copy-picture", copy_action},
                                         {"paste-picture", paste_action},
                                         {"show-in-folder", show_in_folder_action, "s"}};

  g_action_map_add_action_entries(G_ACTION_MAP(self), entries, G_N_ELEMENTS(entries), self);
  add_drag(self);
}

void
vitrine_window_follow_saver(VitrineWindow *self)
{
  g_signal_connect_object(vitrine_session_get_saver(self->session), "saved", G_CALLBACK(saved_cb),
                          self, 0);
}
