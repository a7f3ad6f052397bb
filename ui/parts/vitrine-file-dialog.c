#include "ui/parts/vitrine-file-dialog.h"
#include <glib/gi18n.h>

typedef struct {
  VitrineFileFunc done;
  gpointer data;
  gboolean saves;
} Request;

static GFile *last_folder;
static GFile *unwritten; /* chosen for saving, not seen yet */

void
vitrine_file_dialog_note(GFile *file, gboolean saves)
{
  g_return_if_fail(G_IS_FILE(file));
  g_clear_object(&unwritten);
  if (saves) {
    unwritten = g_object_ref(file);
    return;
  }
  g_clear_object(&last_folder);
  last_folder = g_file_get_parent(file);
}

GFile *
vitrine_file_dialog_last_folder(void)
{
  if (unwritten && g_file_query_exists(unwritten, NULL)) {
    g_autoptr(GFile) written = g_steal_pointer(&unwritten);
    vitrine_file_dialog_note(written, FALSE);
  }
  return last_folder;
}

static Request *
request_new(VitrineFileFunc done, gpointer data, gboolean saves)
{
  Request *request = g_new(Request, 1);
  request->done = done;
  request->data = data;
  request->saves = saves;
  return request;
}

static void
finish(Request *request, GFile *file)
{
  if (file)
    vitrine_file_dialog_note(file, request->saves);
  request->done(file, request->data);
  g_free(request);
}

#if GTK_CHECK_VERSION(4, 10, 0)

static void
opened_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr(GFile) file = gtk_file_dialog_open_finish(GTK_FILE_DIALOG(source), result, NULL);
  finish(data, file);
}

static void
saved_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr(GFile) file = gtk_file_dialog_save_finish(GTK_FILE_DIALOG(source), result, NULL);
  finish(data, file);
}

static GtkFileDialog *
dialog_new(const char *title, GtkFileFilter *filter)
{
  GtkFileDialog *dialog = gtk_file_dialog_new();
  g_autoptr(GListStore) filters = g_list_store_new(GTK_TYPE_FILE_FILTER);
  g_autoptr(GtkFileFilter) all = gtk_file_filter_new();

  gtk_file_filter_set_name(all, _("All files"));
  gtk_file_filter_add_pattern(all, "*");
  if (filter)
    g_list_store_append(filters, filter);
  g_list_store_append(filters, all);
  gtk_file_dialog_set_title(dialog, title);
  gtk_file_dialog_set_filters(dialog, G_LIST_MODEL(filters));
  if (vitrine_file_dialog_last_folder())
    gtk_file_dialog_set_initial_folder(dialog, last_folder);
  return dialog;
}

void
vitrine_file_dialog_open(GtkWindow *parent, const char *title, GtkFileFilter *filter,
                         VitrineFileFunc done, gpointer data)
{
  g_autoptr(GtkFileDialog) dialog = dialog_new(title, filter);
  gtk_file_dialog_open(dialog, parent, NULL, opened_cb, request_new(done, data, FALSE));
}

void
vitrine_file_dialog_save(GtkWindow *parent, const char *title, const char *name,
                         GtkFileFilter *filter, VitrineFileFunc done, gpointer data)
{
  g_autoptr(GtkFileDialog) dialog = dialog_new(title, filter);
  gtk_file_dialog_set_initial_name(dialog, name);
  gtk_file_dialog_save(dialog, parent, NULL, saved_cb, request_new(done, data, TRUE));
}

static void
folder_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr(GFile) file =
      gtk_file_dialog_select_folder_finish(GTK_FILE_DIALOG(source), result, NULL);
  finish(data, file);
}

void
vitrine_file_dialog_folder(GtkWindow *parent, const char *title, VitrineFileFunc done,
                           gpointer data)
{
  g_autoptr(GtkFileDialog) dialog = dialog_new(title, NULL);
  gtk_file_dialog_select_folder(dialog, parent, NULL, folder_cb, request_new(done, data, FALSE));
}

#else

static void
response_cb(GtkNativeDialog *dialog, int response, gpointer data)
{
  g_autoptr(GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));
  gtk_native_dialog_hide(dialog);
  finish(data, file);
  g_object_unref(dialog);
}

static GtkFileChooser *
chooser_new(GtkWindow *parent, const char *title, GtkFileChooserAction action,
            GtkFileFilter *filter)
{
  GtkFileChooserNative *native = gtk_file_chooser_native_new(title, parent, action, NULL, NULL);
  GtkFileChooser *chooser = GTK_FILE_CHOOSER(native);
  g_autoptr(GtkFileFilter) all = gtk_file_filter_new();

  gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(native), TRUE);
  gtk_file_filter_set_name(all, _("All files"));
  gtk_file_filter_add_pattern(all, "*");
  if (filter)
    gtk_file_chooser_add_filter(chooser, filter);
  gtk_file_chooser_add_filter(chooser, all);
  if (vitrine_file_dialog_last_folder())
    gtk_file_chooser_set_current_folder(chooser, last_folder, NULL);
  return chooser;
}

static void
show(GtkFileChooser *chooser, VitrineFileFunc done, gpointer data)
{
  gboolean saves = gtk_file_chooser_get_action(chooser) == GTK_FILE_CHOOSER_ACTION_SAVE;

  g_signal_connect(chooser, "response", G_CALLBACK(response_cb), request_new(done, data, saves));
  gtk_native_dialog_show(GTK_NATIVE_DIALOG(chooser));
}

void
vitrine_file_dialog_open(GtkWindow *parent, const char *title, GtkFileFilter *filter,
                         VitrineFileFunc done, gpointer data)
{
  show(chooser_new(parent, title, GTK_FILE_CHOOSER_ACTION_OPEN, filter), done, data);
}

void
vitrine_file_dialog_save(GtkWindow *parent, const char *title, const char *name,
                         GtkFileFilter *filter, VitrineFileFunc done, gpointer data)
{
  GtkFileChooser *chooser = chooser_new(parent, title, GTK_FILE_CHOOSER_ACTION_SAVE, filter);
  gtk_file_chooser_set_current_name(chooser, name);
  show(chooser, done, data);
}

void
vitrine_file_dialog_folder(GtkWindow *parent, const char *title, VitrineFileFunc done,
                           gpointer data)
{
  show(chooser_new(parent, title, GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, NULL), done, data);
}

#endif
