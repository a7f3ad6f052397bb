/* How the picture leaves the window and comes back: another kind and size, the clipboard, a
 * drag. */
#include <glib/gstdio.h>
#include <string.h>
#include "engine/pictures/picture-write.h"
#include "engine/pictures/picture.h"
#include "tests/support/window-fixture.h"
#include "ui/export/vitrine-export-dialog.h"
#include "ui/export/vitrine-picture-provider.h"
#include "ui/shell/vitrine-window-private.h"

static gboolean
is_saved(Fixture *f, gpointer path)
{
  return !vitrine_saver_is_saving(vitrine_session_get_saver(f->session)) &&
         g_file_test(path, G_FILE_TEST_EXISTS);
}

static gboolean
is_pruned(Fixture *f, gpointer data)
{
  return fixture_recipe(f)->prune.threshold > 0;
}

static GtkWidget *
dialog_of(void)
{
  GListModel *windows = gtk_window_get_toplevels();

  for (guint i = 0; i < g_list_model_get_n_items(windows); i++) {
    g_autoptr(GtkWidget) window = g_list_model_get_item(windows, i);
    if (VITRINE_IS_EXPORT_DIALOG(window))
      return window;
  }
  g_error("there is no export dialog");
}

static void
test_dialog(void)
{
  Fixture f;
  g_autofree char *path = fixture_path("face.jpg");
  g_autoptr(GFile) file = g_file_new_for_path(path);
  SgPixels pixels;

  fixture_forget_state();
  fixture_open(&f, NULL);
  g_object_set(vitrine_session_get_editor(f.session), "threshold", 0.2, NULL);
  fixture_settle(&f);
  g_action_group_activate_action(G_ACTION_GROUP(f.window), "export", NULL);
  GtkWidget *dialog = dialog_of();
  g_assert_false(gtk_widget_get_sensitive(fixture_find(dialog, "export-quality")) &&
                 gtk_widget_is_sensitive(fixture_find(dialog, "export-quality")));
  g_object_set(fixture_find(dialog, "export-kind"), "selected", 1, NULL);
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(fixture_find(dialog, "export-factor")), 4);
  g_assert_true(gtk_widget_is_sensitive(fixture_find(dialog, "export-quality")));
  g_assert_nonnull(
      strstr(gtk_label_get_text(GTK_LABEL(fixture_find(dialog, "export-status"))), "256 × 256"));
  vitrine_export_dialog_save(VITRINE_EXPORT_DIALOG(dialog), file);
  fixture_wait(&f, is_saved, path, 20);
  g_assert_true(sg_pixels_load(&pixels, path, NULL));
  g_assert_cmpint(pixels.width, ==, 256);
  sg_pixels_clear(&pixels);
  /* Opened again it is the face with all that was done to it. */
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  g_assert_cmpfloat(fixture_recipe(&f)->prune.threshold, ==, 0);
  vitrine_opener_open(vitrine_session_get_opener(f.session), file);
  fixture_wait(&f, is_pruned, NULL, 10);
  g_assert_cmpfloat(fixture_recipe(&f)->prune.threshold, ==, 0.2);
  fixture_close(&f);
}

/* ---- the clipboard ----------------------------------------------------------------------- */

static GdkContentFormats *
formats_of(Fixture *f)
{
  return gdk_clipboard_get_formats(gtk_widget_get_clipboard(GTK_WIDGET(f->window)));
}

static gboolean
has_picture(Fixture *f, gpointer data)
{
  return gdk_content_formats_contain_mime_type(formats_of(f), "image/png") &&
         gdk_content_formats_contain_gtype(formats_of(f), GDK_TYPE_TEXTURE);
}

static gboolean
has_seed(Fixture *f, gpointer seed)
{
  return fixture_recipe(f)->seed == GPOINTER_TO_UINT(seed);
}

/* The picture in the clipboard is the recipe as well. */
static void
test_copy_and_paste(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, NULL);
  VitrineEditor *editor = vitrine_session_get_editor(f.session);
  g_object_set(editor, "seed", 42, NULL);
  fixture_settle(&f);
  g_action_group_activate_action(G_ACTION_GROUP(f.window), "copy-picture", NULL);
  fixture_wait(&f, has_picture, NULL, 20);
  g_object_set(editor, "seed", 7, NULL);
  fixture_settle(&f);
  g_action_group_activate_action(G_ACTION_GROUP(f.window), "paste-picture", NULL);
  fixture_wait(&f, has_seed, GUINT_TO_POINTER(42), 20);
  /* Words are no picture; they change nothing. */
  gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(f.window)), "words");
  g_action_group_activate_action(G_ACTION_GROUP(f.window), "paste-picture", NULL);
  fixture_run_for(0.2);
  g_assert_cmpuint(fixture_recipe(&f)->seed, ==, 42);
  fixture_close(&f);
}

/* ---- a drag ------------------------------------------------------------------------------ */

static void
written_cb(GObject *provider, GAsyncResult *result, gpointer data)
{
  g_autoptr(GError) error = NULL;

  if (gdk_content_provider_write_mime_type_finish(GDK_CONTENT_PROVIDER(provider), result, &error))
    *(int *)data = 1;
  else
    *(int *)data = -1;
}

static int
ask(VitrinePictureProvider *provider, const char *mime, GOutputStream *out, int *done)
{
  gdk_content_provider_write_mime_type_async(GDK_CONTENT_PROVIDER(provider), mime, out, 0, NULL,
                                             written_cb, done);
  return *done;
}

static void
wait_for(int *done)
{
  while (!*done)
    g_main_context_iteration(NULL, TRUE);
}

/* Who asks before the picture is there waits for it. */
static void
test_provider(void)
{
  g_autoptr(VitrinePictureProvider) provider = vitrine_picture_provider_new();
  g_autoptr(VitrinePictureProvider) none = vitrine_picture_provider_new();
  g_autoptr(GOutputStream) early = g_memory_output_stream_new_resizable();
  g_autoptr(GOutputStream) late = g_memory_output_stream_new_resizable();
  g_autoptr(GBytes) png = g_bytes_new_static("picture", 7);
  g_autoptr(GFile) file = g_file_new_for_path("/tmp/a face.png");
  int first = 0, second = 0, third = 0;

  g_assert_cmpint(ask(provider, "image/png", early, &first), ==, 0);
  vitrine_picture_provider_give(provider, png, file, NULL);
  wait_for(&first);
  g_assert_cmpmem(g_memory_output_stream_get_data(G_MEMORY_OUTPUT_STREAM(early)),
                  g_memory_output_stream_get_data_size(G_MEMORY_OUTPUT_STREAM(early)), "picture",
                  7);
  ask(provider, "text/uri-list", late, &second);
  wait_for(&second);
  const char list[] = "file:///tmp/a%20face.png\r\n";
  g_assert_cmpmem(g_memory_output_stream_get_data(G_MEMORY_OUTPUT_STREAM(late)),
                  g_memory_output_stream_get_data_size(G_MEMORY_OUTPUT_STREAM(late)), list,
                  sizeof list - 1);
  ask(none, "image/png", early, &third);
  vitrine_picture_provider_give(none, NULL, NULL, "why");
  wait_for(&third);
  g_assert_cmpint(third, ==, -1);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/export/provider", test_provider);
  g_test_add_func("/export/dialog", test_dialog);
  g_test_add_func("/export/copy-and-paste", test_copy_and_paste);
  return g_test_run();
}
