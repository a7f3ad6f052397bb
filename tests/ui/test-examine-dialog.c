/* "Examine…" in the real window: references, words, humps, the report; cancelled, and with what
 * cannot be read. */
#include "tests/support/window-fixture.h"
#include <glib/gstdio.h>
#include <string.h>
#include "engine/pictures/picture.h"
#include "ui/examine/vitrine-examine-dialog.h"

static GtkWidget *
find_window(const char *name)
{
  GListModel *toplevels = gtk_window_get_toplevels();

  for (guint i = 0; i < g_list_model_get_n_items(toplevels); i++) {
    g_autoptr(GtkWidget) window = g_list_model_get_item(toplevels, i);
    if (g_strcmp0(gtk_widget_get_name(window), name) == 0)
      return window;
  }
  return NULL;
}

static gboolean
has_window(Fixture *f, gpointer name)
{
  return find_window(name) != NULL;
}

/* A disc before a ground, each a little different. */
static void
draw(const char *path, int seed)
{
  guint8 rgb[20 * 20 * 3];
  g_autoptr(GError) error = NULL;

  for (int i = 0; i < 20 * 20; i++) {
    int x = i % 20 - 6 - seed % 6, y = i / 20 - 6 - seed % 5;
    for (int k = 0; k < 3; k++)
      rgb[3 * i + k] = (guint8)((x * x + y * y < 30 ? 200 - 20 * k : 40 + seed % 50) + (i * 7) % 9);
  }
  sg_png_write(path, rgb, 20, 20, NULL, &error);
  g_assert_no_error(error);
}

static char *
data_set(void)
{
  char *folder = fixture_path("real");

  g_mkdir(folder, 0700);
  for (int i = 0; i < 24; i++) {
    g_autofree char *path = g_strdup_printf("%s/%02d.png", folder, i);
    draw(path, i);
  }
  return folder;
}

static void
click(GtkWidget *dialog, const char *name)
{
  GtkWidget *button = fixture_find(dialog, name);

  g_assert_true(gtk_widget_is_sensitive(button) && gtk_widget_get_visible(button));
  g_signal_emit_by_name(button, "clicked");
}

static void
set(GtkWidget *dialog, const char *name, double value)
{
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(fixture_find(dialog, name)), value);
}

/* By the button of the dialog that opens for a picture without a recipe. */
static GtkWidget *
open_dialog(Fixture *f, const char *picture, const char *data)
{
  g_autoptr(GFile) file = g_file_new_for_path(picture), set_of = g_file_new_for_path(data);

  vitrine_opener_open(vitrine_session_get_opener(f->session), file);
  fixture_wait(f, has_window, (gpointer) "project-dialog", 60);
  click(find_window("project-dialog"), "project-examine");
  fixture_wait(f, has_window, (gpointer) "examine-dialog", 60);
  GtkWidget *dialog = find_window("examine-dialog");
  vitrine_examine_dialog_choose(VITRINE_EXAMINE_DIALOG(dialog), set_of);
  set(dialog, "examine-references", 20);
  set(dialog, "examine-steps", 2);
  return dialog;
}

static const char *
verdict(GtkWidget *dialog, const char *witness)
{
  return gtk_label_get_text(
      GTK_LABEL(fixture_find(fixture_find(dialog, witness), "witness-verdict")));
}

static gboolean
is_done(Fixture *f, gpointer dialog)
{
  return gtk_widget_get_visible(fixture_find(dialog, "examine-start"));
}

/* The score in the status bar stands between what is known of real and of generated pictures. */
static gboolean
has_needle(Fixture *f, gpointer data)
{
  return gtk_widget_get_visible(fixture_part(f, "status-needle"));
}

static gboolean
can_choose(Fixture *f, gpointer quiz)
{
  return gtk_widget_is_sensitive(fixture_find(quiz, "quiz-left"));
}

/* Twelve pairs of the same data set, always the left one: told is what is there to be told. */
static void
play(Fixture *f)
{
  g_assert_true(gtk_widget_activate_action(GTK_WIDGET(f->window), "win.quiz", NULL));
  fixture_wait(f, has_window, (gpointer) "quiz-dialog", 60);
  GtkWidget *quiz = find_window("quiz-dialog");
  int told = 0;
  fixture_wait(f, can_choose, quiz, 60);
  for (int i = 0; i < 12; i++) {
    click(quiz, "quiz-left");
    const char *answer = gtk_label_get_text(GTK_LABEL(fixture_find(quiz, "quiz-answer")));
    told += strcmp(answer, "Right.") == 0;
  }
  g_assert_false(can_choose(f, quiz));
  g_autofree char *text = g_strdup_printf("You told %d of 12 pairs", told);
  const char *end = gtk_label_get_text(GTK_LABEL(fixture_find(quiz, "quiz-question")));
  g_assert_nonnull(strstr(end, text));
  g_assert_nonnull(strstr(end, "discriminator"));
  click(quiz, "quiz-again");
  fixture_wait(f, can_choose, quiz, 60);
  gtk_window_close(GTK_WINDOW(quiz));
}

static void
test_examine(void)
{
  Fixture f;
  g_autofree char *model = g_build_filename(g_getenv("VITRINE_TEST_FILES"), "sg2_ada_p4.pkl", NULL);
  g_autofree char *picture = fixture_path("somebody.png"), *data = data_set();

  draw(picture, 77);
  fixture_open(&f, model);
  GtkWidget *dialog = open_dialog(&f, picture, data);
  g_assert_false(gtk_widget_get_visible(fixture_find(dialog, "examine-save")));
  g_assert_false(gtk_widget_get_visible(fixture_part(&f, "status-needle")));
  gtk_switch_set_active(GTK_SWITCH(fixture_find(dialog, "examine-stress")), TRUE);
  click(dialog, "examine-start");
  g_assert_false(is_done(&f, dialog));
  fixture_wait(&f, is_done, dialog, 120);
  static const char *const witnesses[] = {"witness-distance", "witness-logit", "witness-nearest"};
  static const char *const words[] = {"fits", "does not fit", "cannot tell", NULL};
  for (gsize i = 0; i < G_N_ELEMENTS(witnesses); i++)
    g_assert_true(g_strv_contains(words, verdict(dialog, witnesses[i])));
  /* Judged picture, face, three near ones. */
  int tiles = 0;
  for (GtkWidget *w = gtk_widget_get_first_child(fixture_find(dialog, "examine-pictures")); w;
       w = gtk_widget_get_next_sibling(w))
    tiles++;
  g_assert_cmpint(tiles, ==, 5);
  g_assert_true(gtk_widget_get_visible(fixture_find(dialog, "examine-save")));
  g_assert_nonnull(
      strstr(gtk_label_get_text(GTK_LABEL(fixture_find(dialog, "examine-limits"))), "probability"));
  fixture_wait(&f, has_needle, NULL, 60);
  g_assert_nonnull(strstr(gtk_widget_get_tooltip_text(fixture_part(&f, "status-needle")), "24"));
  gtk_window_close(GTK_WINDOW(dialog));
  play(&f);
  fixture_close(&f);
}

/* Cancelled while references are measured, begun again and closed; what is chosen is remembered. */
static void
test_cancel(void)
{
  Fixture f;
  g_autofree char *model = g_build_filename(g_getenv("VITRINE_TEST_FILES"), "sg2_ada_p4.pkl", NULL);
  g_autofree char *picture = fixture_path("somebody.png"), *data = data_set();

  draw(picture, 78);
  fixture_open(&f, model);
  GtkWidget *dialog = open_dialog(&f, picture, data);
  set(dialog, "examine-steps", 1000);
  click(dialog, "examine-start");
  fixture_run_for(0.5);
  click(dialog, "examine-cancel");
  g_assert_true(is_done(&f, dialog));
  g_assert_cmpstr(verdict(dialog, "witness-logit"), ==, "");
  click(dialog, "examine-start");
  gtk_window_close(GTK_WINDOW(dialog));
  fixture_settle(&f);
  GVariant *again = g_variant_new_string(picture);
  g_action_group_activate_action(G_ACTION_GROUP(f.window), "examine-path", again);
  fixture_wait(&f, has_window, (gpointer) "examine-dialog", 60);
  const char *subtitle = adw_action_row_get_subtitle(
      ADW_ACTION_ROW(fixture_find(find_window("examine-dialog"), "examine-data")));
  g_assert_nonnull(strstr(subtitle, "real"));
  fixture_close(&f);
}

static gboolean
has_message(Fixture *f, gpointer dialog)
{
  GListModel *toplevels = gtk_window_get_toplevels();

  for (guint i = 0; i < g_list_model_get_n_items(toplevels); i++) {
    g_autoptr(GtkWindow) window = g_list_model_get_item(toplevels, i);
    if (gtk_window_get_transient_for(window) == dialog)
      return TRUE;
  }
  return FALSE;
}

/* A data set that is gone, and a picture that is none. */
static void
test_bad_input(void)
{
  Fixture f;
  g_autofree char *model = g_build_filename(g_getenv("VITRINE_TEST_FILES"), "sg2_ada_p4.pkl", NULL);
  g_autofree char *picture = fixture_path("somebody.png"), *nowhere = fixture_path("nowhere");

  draw(picture, 79);
  fixture_open(&f, model);
  GtkWidget *dialog = open_dialog(&f, picture, nowhere);
  click(dialog, "examine-start");
  fixture_wait(&f, has_message, dialog, 60);
  g_assert_true(is_done(&f, dialog));
  g_assert_false(gtk_widget_get_visible(fixture_find(dialog, "examine-save")));
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/examine-dialog/examine", test_examine);
  g_test_add_func("/examine-dialog/cancel", test_cancel);
  g_test_add_func("/examine-dialog/bad-input", test_bad_input);
  return g_test_run();
}
