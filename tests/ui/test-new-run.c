/* The dialog of a new training: what it says of data, options that are wrong, what it takes. */
#include "tests/support/run-fixture.h"
#include <adwaita.h>
#include <glib/gstdio.h>
#include <string.h>

static VitrineNewRun *
present(Fixture *f)
{
  fixture_forget_state();
  fixture_open(f, NULL);
  return vitrine_new_run_present(GTK_WINDOW(f->window));
}

static void
finish(Fixture *f, VitrineNewRun *dialog)
{
  gtk_window_close(GTK_WINDOW(dialog));
  fixture_close(f);
}

static const char *
subtitle(VitrineNewRun *dialog, const char *row)
{
  GtkWidget *widget = fixture_find(GTK_WIDGET(dialog), row);

  g_assert_true(ADW_IS_ACTION_ROW(widget));
  return adw_action_row_get_subtitle(ADW_ACTION_ROW(widget));
}

static gboolean
has_looked(Fixture *f, gpointer dialog)
{
  return !strstr(subtitle(dialog, "run-data"), "Looking");
}

/* Ten pictures and three files that are none. */
static char *
make_folder(void)
{
  char *folder = fixture_path("broken");

  g_mkdir(folder, 0700);
  for (guint i = 0; i < 10; i++) {
    g_autofree char *name = g_strdup_printf("good%u.png", i);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    run_write_png(path, 32 + (int)(i % 2), 35, i);
  }
  g_autofree char *rubbish = g_build_filename(folder, "rubbish.png", NULL);
  g_autofree char *empty = g_build_filename(folder, "empty.jpg", NULL);
  g_file_set_contents(rubbish, "\x89PNG\r\n\x1a\nrubbish", -1, NULL);
  g_file_set_contents(empty, "", 0, NULL);
  return folder;
}

static guint
count_children(GtkWidget *widget)
{
  guint n = 0;

  for (GtkWidget *c = gtk_widget_get_first_child(widget); c; c = gtk_widget_get_next_sibling(c))
    n++;
  return n;
}

/* Is there a row of that title below `root`? */
static GtkWidget *
find_titled(GtkWidget *root, const char *title)
{
  if (ADW_IS_PREFERENCES_ROW(root) &&
      g_strcmp0(adw_preferences_row_get_title(ADW_PREFERENCES_ROW(root)), title) == 0)
    return root;
  for (GtkWidget *c = gtk_widget_get_first_child(root); c; c = gtk_widget_get_next_sibling(c)) {
    GtkWidget *found = find_titled(c, title);
    if (found)
      return found;
  }
  return NULL;
}

static void
test_broken_files(void)
{
  Fixture f;
  VitrineNewRun *dialog = present(&f);
  g_autofree char *folder = make_folder();

  g_assert_false(gtk_widget_is_sensitive(fixture_find(GTK_WIDGET(dialog), "new-run-start")));
  vitrine_new_run_set_data(dialog, folder);
  fixture_wait(&f, has_looked, dialog, 20);
  g_assert_cmpstr(subtitle(dialog, "run-data"), ==,
                  "Folder of images: 10 pictures, 32 × 32, colour");
  g_assert_cmpuint(count_children(fixture_find(GTK_WIDGET(dialog), "run-data-pictures")), ==, 10);
  GtkWidget *refused = fixture_find(GTK_WIDGET(dialog), "run-data-refused");
  g_assert_true(gtk_widget_get_visible(refused));
  g_assert_cmpstr(adw_preferences_row_get_title(ADW_PREFERENCES_ROW(refused)), ==,
                  "2 files are not used");
  const char *names[] = {"rubbish.png", "empty.jpg"};
  for (int i = 0; i < 2; i++) {
    GtkWidget *row = find_titled(refused, names[i]);
    g_assert_nonnull(row);
    g_assert_cmpuint(strlen(adw_action_row_get_subtitle(ADW_ACTION_ROW(row))), >, 5);
  }
  g_assert_true(gtk_widget_is_sensitive(fixture_find(GTK_WIDGET(dialog), "new-run-start")));
  finish(&f, dialog);
}

static gboolean
is_asked(Fixture *f, gpointer dialog)
{
  return vitrine_new_run_get_question(dialog) != NULL;
}

/* Is that text somewhere in a label below? */
static gboolean
says(GtkWidget *root, const char *text)
{
  if (GTK_IS_LABEL(root) && strstr(gtk_label_get_text(GTK_LABEL(root)), text))
    return TRUE;
  for (GtkWidget *c = gtk_widget_get_first_child(root); c; c = gtk_widget_get_next_sibling(c))
    if (says(c, text))
      return TRUE;
  return FALSE;
}

/* A click starts nothing that takes years, or leaves files out, before the person has read so. */
static void
test_question(void)
{
  Fixture f;
  VitrineNewRun *dialog = present(&f);
  g_autofree char *folder = make_folder(), *runs = fixture_path("never");

  vitrine_run_setup_set(vitrine_new_run_get_setup(dialog), "outdir", runs, NULL);
  vitrine_run_setup_set(vitrine_new_run_get_setup(dialog), "kimg", "9e8", NULL);
  vitrine_new_run_set_data(dialog, folder);
  fixture_wait(&f, has_looked, dialog, 20);
  g_signal_emit_by_name(fixture_find(GTK_WIDGET(dialog), "new-run-start"), "clicked");
  fixture_wait(&f, is_asked, dialog, 120); /* as soon as the estimate is there */
  GtkWidget *question = vitrine_new_run_get_question(dialog);
  g_assert_true(says(question, "It would take about"));
  g_assert_true(says(question, "2 files cannot be used"));
  g_assert_true(says(question, "empty.jpg") || says(question, "rubbish.png"));
  run_answer("new-run-question", "cancel");
  fixture_run_for(0.5);
  g_assert_false(g_file_test(runs, G_FILE_TEST_EXISTS));
  g_assert_true(gtk_widget_is_sensitive(fixture_find(GTK_WIDGET(dialog), "new-run-start")));
  finish(&f, dialog);
}

/* The newest choice counts, and a folder without pictures says so. */
static void
test_stale(void)
{
  Fixture f;
  VitrineNewRun *dialog = present(&f);
  g_autofree char *folder = make_folder(), *none = fixture_path("none");

  g_mkdir(none, 0700);
  vitrine_new_run_set_data(dialog, folder);
  vitrine_new_run_set_data(dialog, none);
  fixture_wait(&f, has_looked, dialog, 20);
  fixture_run_for(1); /* what was chosen first would come now */
  g_assert_nonnull(strstr(subtitle(dialog, "run-data"), "none"));
  g_assert_true(gtk_widget_has_css_class(fixture_find(GTK_WIDGET(dialog), "run-data"), "error"));
  g_assert_false(gtk_widget_is_sensitive(fixture_find(GTK_WIDGET(dialog), "new-run-start")));
  vitrine_new_run_set_data(dialog, folder);
  gtk_window_close(GTK_WINDOW(dialog)); /* while it looks */
  fixture_run_for(0.5);
  fixture_close(&f);
}

static void
type(VitrineNewRun *dialog, const char *name, const char *text)
{
  gtk_editable_set_text(GTK_EDITABLE(fixture_find(GTK_WIDGET(dialog), name)), text);
}

static gboolean
in_error(VitrineNewRun *dialog, const char *name)
{
  GtkWidget *row =
      gtk_widget_get_ancestor(fixture_find(GTK_WIDGET(dialog), name), ADW_TYPE_ACTION_ROW);
  return gtk_widget_has_css_class(row, "error");
}

static void
test_wrong_values(void)
{
  Fixture f;
  VitrineNewRun *dialog = present(&f);
  VitrineRunSetup *setup = vitrine_new_run_get_setup(dialog);
  g_autofree char *zip = run_make_zip("pictures.zip");
  GtkWidget *start = fixture_find(GTK_WIDGET(dialog), "new-run-start");

  vitrine_new_run_set_data(dialog, zip);
  fixture_wait(&f, has_looked, dialog, 20);
  g_assert_true(gtk_widget_is_sensitive(start));
  /* The rules of `auto` at 8 pixels: a batch of 32, gamma 0.0002 · 64 / 32. */
  g_autofree char *batch = vitrine_run_setup_effective(setup, "batch");
  g_autofree char *gamma = vitrine_run_setup_effective(setup, "gamma");
  g_assert_cmpstr(batch, ==, "32");
  g_assert_cmpstr(gamma, ==, "0.0004");
  g_assert_cmpstr(
      gtk_entry_get_placeholder_text(GTK_ENTRY(fixture_find(GTK_WIDGET(dialog), "option-gamma"))),
      ==, "0.0004");
  type(dialog, "option-batch", "many");
  g_assert_true(in_error(dialog, "option-batch"));
  g_assert_cmpstr(
      gtk_editable_get_text(GTK_EDITABLE(fixture_find(GTK_WIDGET(dialog), "option-batch"))), ==,
      "many"); /* what is typed is the person's, right or wrong */
  g_assert_false(gtk_widget_is_sensitive(start));
  g_assert_nonnull(strstr(run_label("new-run-problem"), "many"));
  type(dialog, "option-batch", "16");
  g_assert_false(in_error(dialog, "option-batch"));
  g_assert_true(gtk_widget_is_sensitive(start));
  g_autofree char *halved = vitrine_run_setup_effective(setup, "gamma");
  g_assert_cmpstr(halved, ==, "0.0008");
  /* 16 pictures cannot be compared in groups of 5. */
  vitrine_run_setup_set(setup, "mbstd-group", "5", NULL);
  g_assert_false(gtk_widget_is_sensitive(start));
  vitrine_run_setup_set(setup, "mbstd-group", NULL, NULL);
  g_assert_true(gtk_widget_is_sensitive(start));
  finish(&f, dialog);
}

static gboolean
has_answer(Fixture *f, gpointer dialog)
{
  return gtk_widget_get_visible(fixture_find(dialog, "preflight-0"));
}

static gboolean
has_problem(Fixture *f, gpointer dialog)
{
  return *run_label("new-run-problem") != '\0';
}

/* What it takes comes from the trainer itself, and so do its errors. */
static void
test_preflight(void)
{
  Fixture f;
  VitrineNewRun *dialog = present(&f);
  g_autofree char *zip = run_make_zip("pictures.zip");

  run_make_small(dialog);
  type(dialog, "option-batch", "4");
  vitrine_new_run_set_data(dialog, zip);
  fixture_wait(&f, has_answer, dialog, 60);
  g_assert_cmpstr(adw_preferences_row_get_title(
                      ADW_PREFERENCES_ROW(fixture_find(GTK_WIDGET(dialog), "preflight-0"))),
                  ==, "Networks");
  g_assert_nonnull(strstr(subtitle(dialog, "preflight-1"), "CPU, "));
  g_assert_nonnull(strstr(subtitle(dialog, "preflight-2"), "GiB available"));
  g_assert_nonnull(strstr(subtitle(dialog, "preflight-3"), "a snapshot every"));
  /* A device that is not there. */
  vitrine_run_setup_set(vitrine_new_run_get_setup(dialog), "device", "cuda:99", NULL);
  fixture_wait(&f, has_problem, dialog, 60);
  g_assert_false(gtk_widget_is_sensitive(fixture_find(GTK_WIDGET(dialog), "new-run-start")));
  finish(&f, dialog);
}

static void
assert_effective(VitrineNewRun *dialog, const char *name, const char *expected)
{
  g_autofree char *value = vitrine_run_setup_effective(vitrine_new_run_get_setup(dialog), name);
  g_assert_cmpstr(value, ==, expected);
}

static gboolean
has_length(Fixture *f, gpointer dialog)
{
  return vitrine_run_setup_get(vitrine_new_run_get_setup(dialog), "kimg") != NULL;
}

static void
choose_size(VitrineNewRun *dialog, const char *name)
{
  g_signal_emit_by_name(fixture_find(GTK_WIDGET(dialog), name), "clicked");
}

/* A size is widths at once, and the length that this machine manages in that time. */
static void
test_sizes(void)
{
  Fixture f;
  VitrineNewRun *dialog = present(&f);
  g_autofree char *zip = run_make_zip("pictures.zip");
  VitrineRunSetup *setup = vitrine_new_run_get_setup(dialog);

  g_assert_false(gtk_widget_is_sensitive(fixture_find(GTK_WIDGET(dialog), "run-size-week")));
  vitrine_new_run_set_data(dialog, zip);
  fixture_wait(&f, has_looked, dialog, 20);
  assert_effective(dialog, "cfg", "narrow");
  assert_effective(dialog, "channel-base", "256"); /* 32 channels at 8 pixels */
  assert_effective(dialog, "channel-max", "128");
  choose_size(dialog, "run-size-week");
  assert_effective(dialog, "cfg", "auto");
  assert_effective(dialog, "channel-base", "16384");
  choose_size(dialog, "run-size-weekend");
  assert_effective(dialog, "cfg", "narrow");
  assert_effective(dialog, "channel-base", "512");
  assert_effective(dialog, "channel-max", "256");
  choose_size(dialog, "run-size-evening");
  assert_effective(dialog, "channel-base", "256");
  fixture_wait(&f, has_length, dialog, 120);
  g_assert_null(vitrine_run_setup_get(setup, "channel-base"));
  double kimg = g_ascii_strtod(vitrine_run_setup_get(setup, "kimg"), NULL);
  g_assert_cmpfloat(kimg, >=, 1);
  g_assert_cmpfloat(kimg, <=, 25000);
  /* With the widths that they are for, no length changes what was asked. */
  vitrine_run_setup_set(setup, "kimg", "3", NULL);
  fixture_wait(&f, has_answer, dialog, 120);
  g_assert_cmpstr(vitrine_run_setup_get(setup, "kimg"), ==, "3");
  g_assert_nonnull(strstr(subtitle(dialog, "preflight-0"), "--cfg=auto"));
  finish(&f, dialog);
}

static void
test_all_options(void)
{
  Fixture f;
  VitrineNewRun *dialog = present(&f);
  VitrineRunSetup *setup = vitrine_new_run_get_setup(dialog);
  GtkWidget *row = fixture_find(GTK_WIDGET(dialog), "run-all-options");

  g_signal_emit_by_name(row, "activated");
  GtkWidget *page = run_wait_for(&f, "all-options", 5);
  for (guint i = 0; i < sg_train_option_count; i++) {
    const char *name = sg_train_option_table[i].name;
    g_autofree char *widget = g_strconcat("option-", name, NULL);
    gboolean elsewhere = g_str_equal(name, "data") || g_str_equal(name, "outdir") ||
                         g_str_equal(name, "resume") || g_str_equal(name, "label-dim");
    g_assert_true((fixture_find(page, widget) != NULL) == !elsewhere);
  }
  gtk_editable_set_text(GTK_EDITABLE(fixture_find(page, "option-beta2")), "0.9");
  g_assert_cmpstr(vitrine_run_setup_get(setup, "beta2"), ==, "0.9");
  gtk_editable_set_text(GTK_EDITABLE(fixture_find(page, "option-beta2")), "1.5");
  g_assert_true(gtk_widget_has_css_class(
      gtk_widget_get_ancestor(fixture_find(page, "option-beta2"), ADW_TYPE_ACTION_ROW), "error"));
  gtk_window_close(GTK_WINDOW(gtk_widget_get_root(page)));
  finish(&f, dialog);
}

/* A worker's answer may hold a dialog longer than its window is there. */
static void
test_outlives(void)
{
  Fixture f;
  g_autoptr(VitrineNewRun) dialog = g_object_ref(present(&f));

  fixture_close(&f);
  g_assert_null(gtk_window_get_transient_for(GTK_WINDOW(dialog)));
}

static gboolean
has_read(Fixture *f, gpointer dialog)
{
  return !strstr(subtitle(dialog, "run-origin-file"), "Reading");
}

/* The bundled model was trained with --resolution=64 --channel-base=2048 --channel-max=128, on a
 * mapping network of 2 layers (data/models/README.md): who goes on from it needs the same. */
static void
test_fine_tune(void)
{
  Fixture f;
  VitrineNewRun *dialog = present(&f);
  g_autofree char *model = vitrine_application_bundled_model();
  g_autofree char *text = fixture_path("text.safetensors");

  vitrine_new_run_set_origin(dialog, VITRINE_FROM_MODEL, model);
  fixture_wait(&f, has_read, dialog, 20);
  assert_effective(dialog, "resolution", "64");
  assert_effective(dialog, "channel-base", "2048");
  assert_effective(dialog, "channel-max", "128");
  assert_effective(dialog, "mapping-layers", "2");
  assert_effective(dialog, "z-dim", "512");
  assert_effective(dialog, "d-arch", "resnet");
  g_auto(GStrv) argv = vitrine_run_setup_argv(vitrine_new_run_get_setup(dialog));
  g_autofree char *word = g_strconcat("--resume=", model, NULL);
  g_assert_true(g_strv_contains((const char *const *)argv, word));
  g_assert_true(g_strv_contains((const char *const *)argv, "--channel-base=2048"));
  /* What is no model is said so, and nothing of the one before stays. */
  g_file_set_contents(text, "not a model", -1, NULL);
  vitrine_new_run_set_origin(dialog, VITRINE_FROM_MODEL, text);
  fixture_wait(&f, has_read, dialog, 20);
  g_assert_true(
      gtk_widget_has_css_class(fixture_find(GTK_WIDGET(dialog), "run-origin-file"), "error"));
  g_assert_null(vitrine_run_setup_get(vitrine_new_run_get_setup(dialog), "channel-base"));
  g_assert_null(vitrine_run_setup_get_origin_path(vitrine_new_run_get_setup(dialog)));
  finish(&f, dialog);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/new-run/broken-files", test_broken_files);
  g_test_add_func("/new-run/question", test_question);
  g_test_add_func("/new-run/stale", test_stale);
  g_test_add_func("/new-run/wrong-values", test_wrong_values);
  g_test_add_func("/new-run/preflight", test_preflight);
  g_test_add_func("/new-run/sizes", test_sizes);
  g_test_add_func("/new-run/outlives", test_outlives);
  g_test_add_func("/new-run/fine-tune", test_fine_tune);
  g_test_add_func("/new-run/all-options", test_all_options);
  return g_test_run();
}
