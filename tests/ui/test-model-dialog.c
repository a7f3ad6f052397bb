/* "About This Model" in the real window: the card, and another model beside it. */
#include "tests/support/window-fixture.h"
#include <string.h>
#include "ui/model/vitrine-model-dialog.h"

static GtkWidget *
find_dialog(void)
{
  GListModel *toplevels = gtk_window_get_toplevels();

  for (guint i = 0; i < g_list_model_get_n_items(toplevels); i++) {
    g_autoptr(GtkWidget) window = g_list_model_get_item(toplevels, i);
    if (g_strcmp0(gtk_widget_get_name(window), "model-dialog") == 0)
      return window;
  }
  return NULL;
}

static gboolean
has_dialog(Fixture *f, gpointer data)
{
  return find_dialog() != NULL;
}

static gboolean
has_answer(Fixture *f, gpointer data)
{
  return gtk_widget_get_visible(fixture_find(find_dialog(), "model-answer"));
}

static char *
fixture_file(const char *name)
{
  return g_build_filename(g_getenv("VITRINE_TEST_FILES"), name, NULL);
}

/* Is the text on the screen below this widget? */
static gboolean
shows(GtkWidget *root, const char *text)
{
  if (GTK_IS_LABEL(root) && strstr(gtk_label_get_text(GTK_LABEL(root)), text))
    return TRUE;
  for (GtkWidget *c = gtk_widget_get_first_child(root); c; c = gtk_widget_get_next_sibling(c))
    if (shows(c, text))
      return TRUE;
  return FALSE;
}

static const char *
answer_to(Fixture *f, const char *path)
{
  vitrine_model_dialog_compare(VITRINE_MODEL_DIALOG(find_dialog()), path);
  g_assert_false(gtk_widget_is_sensitive(fixture_find(find_dialog(), "model-compare")));
  fixture_wait(f, has_answer, NULL, 60);
  g_assert_true(gtk_widget_is_sensitive(fixture_find(find_dialog(), "model-compare")));
  return gtk_label_get_text(GTK_LABEL(fixture_find(find_dialog(), "model-answer")));
}

static void
open_dialog(Fixture *f)
{
  g_assert_true(gtk_widget_activate_action(GTK_WIDGET(f->window), "win.model", NULL));
  fixture_wait(f, has_dialog, NULL, 60);
}

static void
test_card(void)
{
  Fixture f;

  fixture_open(&f, NULL);
  open_dialog(&f);
  GtkWidget *card = fixture_find(find_dialog(), "model-card");
  g_assert_true(shows(card, "StyleGAN2, 64×64, skip"));
  g_assert_true(shows(card, "lorelei128"));
  g_assert_true(shows(card, "253.4"));
  g_assert_true(shows(card, vitrine_session_get_model(f.session)->hash));
  fixture_close(&f);
}

static void
test_compare(void)
{
  Fixture f;
  g_autofree char *model = fixture_file("sg2.safetensors"), *other = fixture_file("sg2_tall.pt");
  g_autofree char *same = fixture_file("sg2_ada_p4.pkl"), *none = fixture_file("no such file.pkl");
  g_autofree char *odd = fixture_file("sg3_n64.pkl");

  fixture_open(&f, model);
  open_dialog(&f);
  GtkWidget *dialog = find_dialog();
  g_assert_nonnull(strstr(answer_to(&f, same), "differ by 0 of 255"));
  g_assert_true(gtk_widget_get_visible(fixture_find(dialog, "model-results")));
  g_assert_nonnull(gtk_picture_get_paintable(GTK_PICTURE(fixture_find(dialog, "model-faces"))));
  g_assert_nonnull(gtk_picture_get_paintable(GTK_PICTURE(fixture_find(dialog, "model-weights"))));
  g_assert_nonnull(strstr(answer_to(&f, other), "Faces are not compared: pictures are 16×16"));
  g_assert_false(gtk_widget_get_visible(fixture_find(dialog, "model-faces")));
  g_assert_nonnull(strstr(answer_to(&f, odd), "Faces are not compared"));
  g_assert_nonnull(strstr(answer_to(&f, none), "no such file.pkl"));
  g_assert_false(gtk_widget_get_visible(fixture_find(dialog, "model-results")));
  /* Closed while it compares: nothing is left to answer to. */
  vitrine_model_dialog_compare(VITRINE_MODEL_DIALOG(dialog), same);
  gtk_window_close(GTK_WINDOW(dialog));
  fixture_run_for(0.5);
  g_assert_null(find_dialog());
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/model-dialog/card", test_card);
  g_test_add_func("/model-dialog/compare", test_compare);
  return g_test_run();
}
