/* "Record a Strip" and "Save Before and After" in the real window. */
#include "tests/support/window-fixture.h"
#include <glib/gstdio.h>
#include <string.h>
#include "engine/pictures/picture.h"
#include "app/work/vitrine-before-after.h"
#include "ui/strip/vitrine-strip-dialog.h"
#include "ui/strip/vitrine-strip-view.h"

/* ---- driving --------------------------------------------------------------------------------- */

static GtkWidget *
open_dialog(Fixture *f)
{
  g_assert_true(gtk_widget_activate_action(GTK_WIDGET(f->window), "win.record-strip", NULL));
  GListModel *toplevels = gtk_window_get_toplevels();
  for (guint i = 0; i < g_list_model_get_n_items(toplevels); i++) {
    g_autoptr(GtkWidget) window = g_list_model_get_item(toplevels, i);
    if (g_strcmp0(gtk_widget_get_name(window), "strip-dialog") == 0)
      return window;
  }
  g_assert_not_reached();
}

static void
click(GtkWidget *dialog, const char *name)
{
  GtkWidget *button = fixture_find(dialog, name);

  g_assert_true(gtk_widget_is_sensitive(button) && gtk_widget_get_visible(button));
  g_signal_emit_by_name(button, "clicked");
}

static void
type_values(GtkWidget *dialog, const char *text)
{
  gtk_editable_set_text(GTK_EDITABLE(fixture_find(dialog, "strip-values")), text);
}

static void
choose_kind(GtkWidget *dialog, guint kind)
{
  adw_combo_row_set_selected(ADW_COMBO_ROW(fixture_find(dialog, "strip-kind")), kind);
}

static int
shown(GtkWidget *dialog)
{
  return vitrine_strip_view_count(VITRINE_STRIP_VIEW(fixture_find(dialog, "strip-view")));
}

static gboolean
can_save(Fixture *f, gpointer dialog)
{
  return gtk_widget_get_sensitive(fixture_find(dialog, "strip-save"));
}

static gboolean
has_some(Fixture *f, gpointer dialog)
{
  return shown(dialog) >= 3;
}

static gboolean
is_saved(Fixture *f, gpointer path)
{
  gboolean saving = TRUE;

  g_object_get(vitrine_session_get_saver(f->session), "saving", &saving, NULL);
  return !saving && g_file_test(path, G_FILE_TEST_EXISTS);
}

/* ---- looking --------------------------------------------------------------------------------- */

typedef struct {
  guint8 *rgb;
  int width, height;
} Image;

static Image
read_image(const char *path)
{
  Image image;
  g_autoptr(GError) error = NULL;

  sg_picture_read(path, &image.rgb, &image.width, &image.height, &error);
  g_assert_no_error(error);
  return image;
}

/* Does this face stand in the picture, pixel for pixel? */
static gboolean
contains(const Image *image, const SgPicture *face)
{
  gsize line = (gsize)face->width * 3;

  for (int y = 0; y + face->height <= image->height; y++)
    for (int x = 0; x + face->width <= image->width; x++) {
      gboolean same = TRUE;
      for (int j = 0; same && j < face->height; j++)
        same = !memcmp(image->rgb + ((gsize)(y + j) * (gsize)image->width + (gsize)x) * 3,
                       face->rgb + (gsize)j * line, line);
      if (same)
        return TRUE;
    }
  return FALSE;
}

static void
assert_contains(Fixture *f, const Image *image, const SgRecipe *recipe)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgRenderer) r = sg_renderer_new(vitrine_session_get_model(f->session), NULL, &error);
  g_autoptr(SgPicture) face = sg_renderer_render(r, recipe, 0, &error);

  g_assert_no_error(error);
  g_assert_true(contains(image, face));
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void
test_three_clicks(void)
{
  static const double factors[] = {0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 10};
  Fixture f;
  g_autofree char *png = fixture_path("a strip.png"), *csv = fixture_path("a strip.csv");
  g_autofree char *text = NULL;
  g_autoptr(GFile) file = g_file_new_for_path(png);

  fixture_forget_state();
  fixture_open(&f, NULL);
  vitrine_editor_set_seed(vitrine_session_get_editor(f.session), 11);
  fixture_settle(&f);
  GtkWidget *dialog = open_dialog(&f);
  g_assert_false(can_save(&f, dialog));
  click(dialog, "strip-start");
  fixture_wait(&f, can_save, dialog, 60);
  g_assert_cmpint(shown(dialog), ==, 9);
  g_assert_true(gtk_widget_get_visible(fixture_find(dialog, "strip-start")));
  vitrine_strip_dialog_save(VITRINE_STRIP_DIALOG(dialog), file);
  fixture_wait(&f, is_saved, csv, 20);

  Image image = read_image(png);
  g_autoptr(SgRecipe) recipe = sg_recipe_copy(vitrine_session_get_recipe(f.session));
  for (gsize i = 0; i < G_N_ELEMENTS(factors); i++) {
    recipe->scale = factors[i];
    assert_contains(&f, &image, recipe);
  }
  g_free(image.rgb);
  g_assert_true(g_file_get_contents(csv, &text, NULL, NULL));
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_assert_cmpuint(g_strv_length(lines), ==, 1 + 9 + 1);
  g_assert_true(g_str_has_prefix(lines[1], "0,11,0.05,"));
  g_assert_true(g_str_has_prefix(lines[5], "0,11,1,"));
  g_assert_true(g_str_has_suffix(lines[5], ",1.000000000,0.000000"));
  fixture_close(&f);
}

#if !ADW_CHECK_VERSION(1, 5, 0) /* later the question is inside the window */

/* The question, NULL: nothing is asked. */
static AdwMessageDialog *
question(void)
{
  g_autoptr(GList) windows = gtk_window_list_toplevels();

  for (GList *l = windows; l; l = l->next)
    if (ADW_IS_MESSAGE_DIALOG(l->data) && gtk_widget_get_visible(l->data))
      return l->data;
  return NULL;
}

/* A click on the button of that label somewhere below `widget`. */
static gboolean
click_label(GtkWidget *widget, const char *label)
{
  if (GTK_IS_BUTTON(widget) && g_strcmp0(gtk_button_get_label(GTK_BUTTON(widget)), label) == 0) {
    g_signal_emit_by_name(widget, "clicked");
    return TRUE;
  }
  for (GtkWidget *w = gtk_widget_get_first_child(widget); w; w = gtk_widget_get_next_sibling(w))
    if (click_label(w, label))
      return TRUE;
  return FALSE;
}

static void
assert_content(const char *path, const char *prefix)
{
  g_autofree char *text = NULL;

  g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
  if (!g_str_has_prefix(text, prefix))
    g_error("%s: expected \"%s…\", found \"%.20s…\"", path, prefix, text);
}

/* A table that is there already is replaced only when the person says so. */
static void
test_table_there(void)
{
  Fixture f;
  g_autofree char *png = fixture_path("there.png"), *csv = fixture_path("there.csv");
  g_autoptr(GFile) file = g_file_new_for_path(png);

  fixture_forget_state();
  fixture_open(&f, NULL);
  GtkWidget *dialog = open_dialog(&f);
  type_values(dialog, "0.5, 1");
  click(dialog, "strip-start");
  fixture_wait(&f, can_save, dialog, 60);
  g_assert_true(g_file_set_contents(csv, "mine", -1, NULL));
  vitrine_strip_dialog_save(VITRINE_STRIP_DIALOG(dialog), file);
  fixture_run_for(0.3);
  g_assert_nonnull(question());
  g_assert_true(click_label(GTK_WIDGET(question()), "_Cancel"));
  fixture_run_for(0.5);
  g_assert_null(question());
  assert_content(csv, "mine");
  g_assert_false(g_file_test(png, G_FILE_TEST_EXISTS));
  vitrine_strip_dialog_save(VITRINE_STRIP_DIALOG(dialog), file);
  fixture_run_for(0.3);
  g_assert_true(click_label(GTK_WIDGET(question()), "_Replace"));
  fixture_wait(&f, is_saved, png, 20);
  assert_content(csv, "face,seed,");
  fixture_close(&f);
}

#endif

/* The pictures of many faces over many thresholds, while the person works on; then away with it. */
static void
test_cancel(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, NULL);
  vitrine_editor_set_faces(vitrine_session_get_editor(f.session), 4);
  fixture_settle(&f);
  GtkWidget *dialog = open_dialog(&f);
  choose_kind(dialog, 1);
  type_values(dialog, "0:1:0.001");
  adw_combo_row_set_selected(ADW_COMBO_ROW(fixture_find(dialog, "strip-faces")), 1);
  GtkWidget *status = fixture_find(dialog, "strip-status");
  g_assert_cmpstr(gtk_label_get_text(GTK_LABEL(status)), ==, "4004 pictures");
  click(dialog, "strip-start");
  g_assert_true(gtk_widget_get_visible(fixture_find(dialog, "strip-progress")));
  fixture_wait(&f, has_some, dialog, 60);

  /* The window goes on. */
  g_autofree char *before = fixture_screen_hash(&f);
  vitrine_editor_set_seed(vitrine_session_get_editor(f.session), 77);
  fixture_settle(&f);
  g_autofree char *after = fixture_screen_hash(&f);
  g_assert_cmpstr(before, !=, after);
  int then = shown(dialog);
  g_assert_cmpint(then, >=, 3);

  click(dialog, "strip-cancel");
  g_assert_cmpint(shown(dialog), ==, 0);
  fixture_run_for(0.4);
  g_assert_cmpint(shown(dialog), ==, 0);
  g_assert_false(can_save(&f, dialog));
  g_assert_false(gtk_widget_get_visible(fixture_find(dialog, "strip-progress")));
  g_assert_true(gtk_widget_get_visible(fixture_find(dialog, "strip-start")));

  /* Closing it in the middle is a cancel too. */
  click(dialog, "strip-start");
  fixture_wait(&f, has_some, dialog, 60);
  gtk_window_close(GTK_WINDOW(dialog));
  fixture_run_for(0.4);
  fixture_close(&f);
}

static void
test_settings(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, NULL);
  GtkWidget *dialog = open_dialog(&f);
  GtkWidget *start = fixture_find(dialog, "strip-start");
  GtkWidget *values = fixture_find(dialog, "strip-values");
  g_assert_true(open_dialog(&f) == dialog);

  choose_kind(dialog, 2);
  g_assert_cmpstr(gtk_editable_get_text(GTK_EDITABLE(values)), ==,
                  "-10, -7.5, -5, -2.5, 0, 2.5, 5, 7.5, 10");
  g_assert_true(gtk_widget_is_visible(fixture_find(dialog, "strip-dimension")));
  const char *bad[] = {"", "1, x", "0:1:0", "nan"};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    type_values(dialog, bad[i]);
    g_assert_false(gtk_widget_get_sensitive(start));
  }
  type_values(dialog, "−1:1:1");
  g_assert_true(gtk_widget_get_sensitive(start));
  choose_kind(dialog, 4); /* nothing is mixed: nothing to blend, and it says so */
  g_assert_false(gtk_widget_get_sensitive(start));
  g_assert_nonnull(
      strstr(gtk_label_get_text(GTK_LABEL(fixture_find(dialog, "strip-status"))), "blend"));
  choose_kind(dialog, 0);

  /* What is drawn no longer holds once something else is asked for. */
  type_values(dialog, "1, 2");
  click(dialog, "strip-start");
  fixture_wait(&f, can_save, dialog, 30);
  type_values(dialog, "1, 2, 3");
  g_assert_false(can_save(&f, dialog));
  g_assert_cmpint(shown(dialog), ==, 0);
  fixture_close(&f);
}

/* The named widget that has the focus, or holds what has it. */
static const char *
focus_name(GtkWidget *dialog)
{
  for (GtkWidget *w = gtk_root_get_focus(GTK_ROOT(dialog)); w; w = gtk_widget_get_parent(w))
    if (g_str_has_prefix(gtk_widget_get_name(w), "strip-"))
      return gtk_widget_get_name(w);
  return "";
}

static void
test_keyboard(void)
{
  const char *names[] = {"strip-kind",   "strip-space", "strip-dimension",
                         "strip-values", "strip-faces", "strip-start"};
  gboolean reached[G_N_ELEMENTS(names)] = {FALSE};
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, NULL);
  GtkWidget *dialog = open_dialog(&f);
  fixture_run_for(0.3);
  g_assert_cmpstr(focus_name(dialog), ==, "strip-start");
  choose_kind(dialog, 2);
  fixture_run_for(0.3);
  for (int i = 0; i < 30; i++) {
    gtk_widget_child_focus(dialog, GTK_DIR_TAB_FORWARD);
    for (gsize k = 0; k < G_N_ELEMENTS(names); k++)
      reached[k] = reached[k] || g_str_equal(focus_name(dialog), names[k]);
  }
  for (gsize k = 0; k < G_N_ELEMENTS(names); k++)
    if (!reached[k])
      g_error("the Tab key does not reach %s", names[k]);

  /* Enter in the values starts; then the focus is where it can be cancelled, and Escape closes. */
  type_values(dialog, "-1, 0, 1");
  g_signal_emit_by_name(fixture_find(dialog, "strip-values"), "entry-activated");
  g_assert_cmpstr(focus_name(dialog), ==, "strip-cancel");
  fixture_wait(&f, can_save, dialog, 30);
  g_assert_true(gtk_widget_activate_action(dialog, "window.close", NULL));
  fixture_close(&f);
}

static void
test_before_after(void)
{
  Fixture f;
  g_autofree char *png = fixture_path("pair.png");
  g_autoptr(GFile) file = g_file_new_for_path(png);

  fixture_forget_state();
  fixture_open(&f, NULL);
  SgRecipe *recipe = sg_recipe_copy(vitrine_session_get_recipe(f.session));
  recipe->scale = 1.5;
  recipe->prune.threshold = 0.4;
  vitrine_session_apply(f.session, recipe, "Test", NULL);
  fixture_settle(&f);
  vitrine_save_before_after(f.session, file);
  fixture_wait(&f, is_saved, png, 30);
  Image image = read_image(png);
  g_autoptr(SgRecipe) plain = sg_recipe_unmodified(vitrine_session_get_recipe(f.session));
  assert_contains(&f, &image, plain);
  assert_contains(&f, &image, vitrine_session_get_recipe(f.session));
  g_free(image.rgb);

  /* Its recipe is inside, as in any picture. */
  g_autofree char *json = sg_png_read_recipe(png, NULL);
  g_autoptr(SgRecipe) inside = sg_recipe_from_json(json, -1, NULL, NULL, NULL);
  g_assert_true(sg_recipe_equal(inside, vitrine_session_get_recipe(f.session)));
  fixture_close(&f);
}

/* The window closes while the pair is drawn: the program is held until the file is there. */
static void
test_before_after_closed(void)
{
  Fixture f;
  gboolean saving = FALSE;
  g_autofree char *png = fixture_path("closed.png");
  g_autoptr(GFile) file = g_file_new_for_path(png);

  fixture_forget_state();
  fixture_open(&f, NULL);
  vitrine_save_before_after(f.session, file);
  g_object_get(vitrine_session_get_saver(f.session), "saving", &saving, NULL);
  g_assert_true(saving);
  fixture_close(&f);
  for (int i = 0; i < 300 && !g_file_test(png, G_FILE_TEST_EXISTS); i++)
    fixture_run_for(0.1);
  fixture_run_for(0.3);
  Image image = read_image(png);
  g_assert_cmpint(image.width, >, 128); /* two pictures of 64 pixels beside each other */
  g_free(image.rgb);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/strip/three-clicks", test_three_clicks);
#if !ADW_CHECK_VERSION(1, 5, 0)
  g_test_add_func("/strip/table-there", test_table_there);
#endif
  g_test_add_func("/strip/cancel", test_cancel);
  g_test_add_func("/strip/settings", test_settings);
  g_test_add_func("/strip/keyboard", test_keyboard);
  g_test_add_func("/strip/before-after", test_before_after);
  g_test_add_func("/strip/before-after-closed", test_before_after_closed);
  return g_test_run();
}
