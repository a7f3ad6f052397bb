/* "Find This Face" in the real window: a picture that Vitrine has not saved is opened, looked for,
 * and is then a face like any other. */
#include "tests/support/window-fixture.h"
#include <glib/gstdio.h>
#include <string.h>
#include "engine/pictures/picture.h"
#include "ui/projection/vitrine-face-points.h"
#include "ui/projection/vitrine-project-dialog.h"

static GtkWidget *
find_dialog(void)
{
  GListModel *toplevels = gtk_window_get_toplevels();

  for (guint i = 0; i < g_list_model_get_n_items(toplevels); i++) {
    g_autoptr(GtkWidget) window = g_list_model_get_item(toplevels, i);
    if (g_strcmp0(gtk_widget_get_name(window), "project-dialog") == 0)
      return window;
  }
  return NULL;
}

static gboolean
has_dialog(Fixture *f, gpointer data)
{
  return find_dialog() != NULL;
}

static GtkWidget *
open_picture(Fixture *f)
{
  g_autofree guint8 *rgb = g_malloc(80 * 70 * 3);
  g_autofree char *path = fixture_path("somebody.png");
  g_autoptr(GError) error = NULL;

  for (int i = 0; i < 80 * 70 * 3; i++)
    rgb[i] = (guint8)(60 + (i * 7) % 90);
  sg_png_write(path, rgb, 80, 70, NULL, &error);
  g_assert_no_error(error);
  g_autoptr(GFile) file = g_file_new_for_path(path);
  vitrine_opener_open(vitrine_session_get_opener(f->session), file);
  fixture_wait(f, has_dialog, NULL, 60);
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(fixture_find(find_dialog(), "project-steps")), 10);
  return find_dialog();
}

static void
click(GtkWidget *dialog, const char *name)
{
  GtkWidget *button = fixture_find(dialog, name);

  g_assert_true(gtk_widget_is_sensitive(button) && gtk_widget_get_visible(button));
  g_signal_emit_by_name(button, "clicked");
}

static gboolean
is_found(Fixture *f, gpointer data)
{
  const SgRecipe *r = vitrine_session_get_recipe(f->session);

  return r && r->w_base && r->noise_maps &&
         !vitrine_opener_is_loading(vitrine_session_get_opener(f->session));
}

static void
test_find(void)
{
  Fixture f;

  fixture_open(&f, NULL);
  GtkWidget *dialog = open_picture(&f);
  adw_combo_row_set_selected(ADW_COMBO_ROW(fixture_find(dialog, "project-how")), 1);
  adw_combo_row_set_selected(ADW_COMBO_ROW(fixture_find(dialog, "project-crop")), 3);
  vitrine_face_points_move(VITRINE_FACE_POINTS(fixture_find(dialog, "project-points")), 2, 0.5,
                           0.8);
  click(dialog, "project-start");
  fixture_wait(&f, is_found, NULL, 120);
  const SgRecipe *r = vitrine_session_get_recipe(f.session);
  g_assert_cmpint(r->w_layers, ==, vitrine_session_get_model(f.session)->info.num_ws);
  g_assert_nonnull(
      gtk_picture_get_paintable(GTK_PICTURE(fixture_find(dialog, "project-difference"))));
  gtk_window_close(GTK_WINDOW(dialog));
  fixture_settle(&f);
  /* It is a step like any other: undo leads back. */
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  g_assert_null(vitrine_session_get_recipe(f.session)->w_base);
  fixture_close(&f);
}

static gboolean
has_begun(Fixture *f, gpointer dialog)
{
  return gtk_picture_get_paintable(GTK_PICTURE(fixture_find(dialog, "project-picture"))) != NULL;
}

static void
test_cancel(void)
{
  Fixture f;

  fixture_open(&f, NULL);
  GtkWidget *dialog = open_picture(&f);
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(fixture_find(dialog, "project-steps")), 5000);
  click(dialog, "project-start");
  fixture_wait(&f, has_begun, dialog, 120);
  click(dialog, "project-cancel");
  g_assert_true(gtk_widget_get_visible(fixture_find(dialog, "project-start")));
  g_assert_null(vitrine_session_get_recipe(f.session)->w_base);
  click(dialog, "project-start"); /* and closed while it runs */
  gtk_window_close(GTK_WINDOW(dialog));
  fixture_settle(&f);
  fixture_close(&f);
}

/* A picture of the clipboard is looked for as a dropped one; text is none. */
static void
test_paste(void)
{
  Fixture f;

  fixture_open(&f, NULL);
  GdkClipboard *clipboard = gtk_widget_get_clipboard(GTK_WIDGET(f.window));
  gdk_clipboard_set_text(clipboard, "no picture");
  g_action_group_activate_action(G_ACTION_GROUP(f.window), "paste-picture", NULL);
  fixture_run_for(0.3);
  g_assert_null(find_dialog());
  g_autofree guint8 *rgb = g_malloc0(40 * 30 * 3);
  g_autoptr(GBytes) bytes = g_bytes_new(rgb, 40 * 30 * 3);
  g_autoptr(GdkTexture) texture = gdk_memory_texture_new(40, 30, GDK_MEMORY_R8G8B8, bytes, 120);
  gdk_clipboard_set_texture(clipboard, texture);
  g_action_group_activate_action(G_ACTION_GROUP(f.window), "paste-picture", NULL);
  fixture_wait(&f, has_dialog, NULL, 60);
  gtk_window_close(GTK_WINDOW(find_dialog()));
  fixture_settle(&f);
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/project-dialog/find", test_find);
  g_test_add_func("/project-dialog/cancel", test_cancel);
  g_test_add_func("/project-dialog/paste", test_paste);
  return g_test_run();
}
