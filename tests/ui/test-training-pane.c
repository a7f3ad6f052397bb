/* The Training page, end to end: real trainings, started, watched, steered, followed, killed,
 * left. */
#include "tests/support/run-fixture.h"
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include "app/session/vitrine-store.h"
#include "engine/record/run-dir.h"
#include "ui/charts/vitrine-chart.h"
#include "engine/pictures/picture.h"
#include "ui/training/vitrine-run-pages.h"
#include "ui/training/vitrine-run-view.h"

/* Longer than any test, but not for ever if a test breaks off. */
#define ENDLESS "300"

static VitrineRunView *
view(void)
{
  return VITRINE_RUN_VIEW(run_find("run-view"));
}

/* ---- charts, samples ------------------------------------------------------------------------- */

/* Rows of what the chart shows, its heading included; 0: there is no such chart. */
static guint
chart_rows(const char *name)
{
  GtkWidget *chart = run_find(name);
  guint n = 0;

  if (!chart)
    return 0;
  g_autoptr(GBytes) csv = vitrine_chart_to_csv(VITRINE_CHART(chart));
  gsize size;
  const char *text = g_bytes_get_data(csv, &size);
  for (gsize i = 0; i < size; i++)
    n += text[i] == '\n';
  return n;
}

static gboolean
chart_has(Fixture *f, gpointer rows)
{
  return chart_rows("chart-losses") >= GPOINTER_TO_UINT(rows);
}

static guint
count_grids(void)
{
  GPtrArray *grids = vitrine_run_get_grids(vitrine_run_view_get_run(view()));
  return grids ? grids->len : 0;
}

static gboolean
grids_are(Fixture *f, gpointer n)
{
  return count_grids() >= GPOINTER_TO_UINT(n);
}

static gboolean
shows_samples(Fixture *f, gpointer data)
{
  return gtk_picture_get_paintable(GTK_PICTURE(run_find("samples-fakes"))) &&
         gtk_picture_get_paintable(GTK_PICTURE(run_find("samples-reals"))) &&
         *run_label("samples-label");
}

static gboolean
label_ends(Fixture *f, gpointer suffix)
{
  return g_str_has_suffix(run_label("samples-label"), suffix);
}

static void
check_charts(Fixture *f)
{
  fixture_wait(f, chart_has, GUINT_TO_POINTER(3), 20);
  guint rows = chart_rows("chart-losses");
  fixture_wait(f, chart_has, GUINT_TO_POINTER(rows + 2), 20); /* it grows */
  g_assert_nonnull(run_find("chart-scores"));
  g_assert_nonnull(run_find("chart-speed"));
  /* All charts go along. */
  vitrine_chart_set_range(VITRINE_CHART(run_find("chart-losses")), 0.1, 0.3);
  g_signal_emit_by_name(run_find("chart-losses"), "range-changed");
  double x0, x1;
  vitrine_chart_get_range(VITRINE_CHART(run_find("chart-memory")), &x0, &x1);
  g_assert_cmpfloat_with_epsilon(x0, 0.1, 1e-9);
  g_assert_cmpfloat_with_epsilon(x1, 0.3, 1e-9);
  run_click("chart-all");
  g_assert_true(vitrine_chart_is_following(VITRINE_CHART(run_find("chart-memory"))));
}

/* Every chart can be reached with the Tab key, and so can its menu. */
static void
check_keyboard(Fixture *f)
{
  const char *const names[] = {"chart-smoothing", "chart-losses", "chart-scores", "chart-memory"};
  gboolean reached[G_N_ELEMENTS(names)] = {FALSE};

  gtk_widget_grab_focus(run_find("run-pause"));
  for (int i = 0; i < 60; i++) {
    gtk_widget_child_focus(GTK_WIDGET(view()), GTK_DIR_TAB_FORWARD);
    GtkWidget *focus = gtk_root_get_focus(GTK_ROOT(f->window));
    for (gsize k = 0; focus && k < G_N_ELEMENTS(names); k++)
      reached[k] |= g_strcmp0(gtk_widget_get_name(focus), names[k]) == 0;
  }
  for (gsize k = 0; k < G_N_ELEMENTS(names); k++)
    g_assert_true(reached[k]);
}

/* The pictures of the very beginning are there at once; a snapshot brings new ones. */
static void
check_samples(Fixture *f)
{
  vitrine_run_view_show(view(), "samples");
  fixture_wait(f, shows_samples, NULL, 20);
  guint n = count_grids();
  GdkPaintable *before = gtk_picture_get_paintable(GTK_PICTURE(run_find("samples-fakes")));
  g_autoptr(GdkPaintable) kept = g_object_ref(before);
  g_autofree char *suffix = g_strdup_printf("(%u of %u)", n + 1, n + 1);
  run_click("run-snapshot");
  fixture_wait(f, grids_are, GUINT_TO_POINTER(n + 1), 30);
  fixture_wait(f, label_ends, suffix, 20);
  g_assert_true(gtk_picture_get_paintable(GTK_PICTURE(run_find("samples-fakes"))) != kept);
  /* Back to the first ones: the very picture from before. */
  gtk_range_set_value(GTK_RANGE(run_find("samples-scale")), 0);
  g_autofree char *first = g_strdup_printf("(1 of %u)", n + 1);
  fixture_wait(f, label_ends, first, 20);
  vitrine_run_view_show(view(), "charts");
}

/* ---- following ------------------------------------------------------------------------------- */

static void
count_cb(guint *count)
{
  (*count)++;
}

static gboolean
counted(Fixture *f, gpointer data)
{
  return *(guint *)data > 0;
}

static gboolean
shows_run(Fixture *f, gpointer data)
{
  SgModel *model = vitrine_session_get_model(f->session);
  return model && model->info.img_resolution == 8 &&
         fixture_find(GTK_WIDGET(f->window), "run-view");
}

/* Other pixels at a new publication, with sliders that nobody has touched. */
static void
check_follow(Fixture *f)
{
  guint changes = 0;

  gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(run_find("run-follow")), TRUE);
  fixture_wait(f, shows_run, NULL, 30);
  g_assert_cmpstr(vitrine_following_get_directory(vitrine_session_get_following(f->session)), ==,
                  vitrine_run_get_path(vitrine_run_view_get_run(view())));
  fixture_run_for(0.5);
  g_autofree char *before = fixture_screen_hash(f);
  g_autoptr(SgRecipe) recipe = sg_recipe_copy(vitrine_session_get_recipe(f->session));
  gulong id =
      g_signal_connect_swapped(f->session, "weights-changed", G_CALLBACK(count_cb), &changes);
  fixture_wait(f, counted, &changes, 20);
  g_signal_handler_disconnect(f->session, id);
  fixture_run_for(0.5);
  g_autofree char *after = fixture_screen_hash(f);
  g_assert_cmpstr(before, !=, after);
  g_assert_true(sg_recipe_equal(recipe, vitrine_session_get_recipe(f->session)));
  gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(run_find("run-follow")), FALSE);
  g_assert_null(vitrine_following_get_directory(vitrine_session_get_following(f->session)));
}

/* ---- a second view, files -------------------------------------------------------------------- */

static gboolean
has_file(Fixture *f, gpointer path)
{
  return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* The run in a window of its own, beside the pane: both grow. */
static void
check_large(Fixture *f)
{
  gtk_widget_activate_action(GTK_WIDGET(view()), "run.large-view", NULL);
  GtkWidget *window = run_wait_for(f, "run-window", 5);
  fixture_run_for(0.7);
  GtkWidget *large = fixture_find(window, "chart-losses");
  GtkWidget *small = fixture_find(GTK_WIDGET(f->window), "chart-losses");
  g_assert_true(large && small && large != small);
  g_autofree char *a = vitrine_chart_describe(VITRINE_CHART(large), 0.2);
  g_autofree char *b = vitrine_chart_describe(VITRINE_CHART(small), 0.2);
  g_assert_cmpstr(a, ==, b);
  gtk_window_close(GTK_WINDOW(window));
  fixture_run_for(0.2);
  g_assert_null(run_find("run-window"));
}

static void
check_exports(Fixture *f)
{
  VitrineRunCharts *charts = VITRINE_RUN_CHARTS(run_find("run-charts"));
  g_autofree char *csv = fixture_path("all.csv"), *folder = fixture_path("charts");
  g_autofree char *png = g_build_filename(folder, "losses.png", NULL), *text = NULL;
  g_autoptr(GFile) csv_file = g_file_new_for_path(csv);
  g_autoptr(GFile) folder_file = g_file_new_for_path(folder);
  g_autofree guint8 *rgb = NULL;
  int w, h;

  g_mkdir(folder, 0700);
  vitrine_run_charts_export_csv(charts, csv_file);
  vitrine_run_charts_export_png(charts, folder_file);
  fixture_wait(f, has_file, csv, 20);
  fixture_wait(f, has_file, png, 20);
  g_assert_true(g_file_get_contents(csv, &text, NULL, NULL));
  g_assert_true(g_str_has_prefix(text, "kimg,"));
  g_assert_nonnull(strstr(text, "Loss/G/loss"));
  g_assert_true(sg_picture_read(png, &rgb, &w, &h, NULL));
  g_assert_cmpint(w, >, 400); /* twice what is on the screen */
}

/* ---- a whole life ---------------------------------------------------------------------------- */

static gboolean
shows_path(Fixture *f, gpointer path)
{
  return view() && g_str_equal(vitrine_run_get_path(vitrine_run_view_get_run(view())), path);
}

static gboolean
explores(Fixture *f, gpointer path)
{
  SgModel *model = vitrine_session_get_model(f->session);
  return !vitrine_opener_is_loading(vitrine_session_get_opener(f->session)) && model &&
         g_str_equal(model->path, path);
}

static void
test_life(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, NULL);
  g_autoptr(VitrineRun) run = run_start(&f, ENDLESS);
  g_assert_true(g_str_has_prefix(run_label("run-state"), "running"));
  check_charts(&f);
  check_keyboard(&f);
  check_samples(&f);
  check_large(&f);
  check_exports(&f);
  check_follow(&f);
  run_click("run-pause");
  run_wait_state(&f, run, SG_RUN_PAUSED);
  g_assert_true(g_str_has_prefix(run_label("run-state"), "paused"));
  run_click("run-pause");
  run_wait_state(&f, run, SG_RUN_RUNNING);
  run_click("run-stop");
  run_answer("stop-dialog", "stop");
  run_wait_state(&f, run, SG_RUN_STOPPED);
  fixture_run_for(0.2);
  g_assert_false(gtk_widget_is_sensitive(run_find("run-pause")));
  /* Its last snapshot opens. */
  g_autofree char *name = sg_run_dir_newest_snapshot(vitrine_run_get_path(run));
  g_autofree char *path = g_build_filename(vitrine_run_get_path(run), name, NULL);
  gtk_widget_activate_action(GTK_WIDGET(view()), "run.explore", NULL);
  fixture_wait(&f, explores, path, 20);
  fixture_settle(&f);
  fixture_close(&f);
  /* `vitrine RUN_DIR`: its newest snapshot and the Training page. */
  fixture_forget_state();
  fixture_open(&f, vitrine_run_get_path(run));
  fixture_wait(&f, shows_path, (gpointer)vitrine_run_get_path(run), 10);
  g_assert_true(explores(&f, path));
  fixture_close(&f);
}

static void
test_killed(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, NULL);
  g_autoptr(VitrineRun) run = run_start(&f, ENDLESS);
  gint pid = vitrine_run_get_status(run)->pid;
  g_assert_cmpint(pid, >, 1);
  g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
  run_wait_state(&f, run, SG_RUN_DIED);
  fixture_run_for(0.2);
  g_assert_true(g_str_has_prefix(run_label("run-state"), "died"));
  g_assert_nonnull(run_find("advice-died"));
  g_assert_false(gtk_widget_is_sensitive(run_find("run-stop")));
  fixture_close(&f); /* nobody is asked: nothing trains */
}

/* ---- leaving --------------------------------------------------------------------------------- */

static gboolean
window_gone(Fixture *f, gpointer data)
{
  return gtk_application_get_windows(GTK_APPLICATION(f->application)) == NULL;
}

/* The state of a run, read without any of the window's objects. */
static SgRunState
state_of(const char *path)
{
  g_autoptr(SgRunReader) reader = sg_run_reader_new(path, NULL);
  gboolean more = TRUE;

  while (more)
    sg_run_reader_poll(reader, 0, &more);
  g_autoptr(SgRunStatus) status = sg_run_reader_status(reader);
  return status->state;
}

static gboolean
has_finished(Fixture *f, gpointer path)
{
  return state_of(path) == SG_RUN_FINISHED;
}

static void
test_leave(void)
{
  Fixture f;
  g_autoptr(GError) error = NULL;

  fixture_forget_state();
  fixture_open(&f, NULL);
  g_autoptr(VitrineRun) run = run_start(&f, ENDLESS);
  g_autofree char *path = g_strdup(vitrine_run_get_path(run));
  gtk_window_close(GTK_WINDOW(f.window));
  run_answer("leave-dialog", "cancel");
  fixture_run_for(0.3);
  g_assert_false(window_gone(&f, NULL));
  gtk_window_close(GTK_WINDOW(f.window));
  run_answer("leave-dialog", "close");
  fixture_wait(&f, window_gone, NULL, 10);
  g_clear_object(&f.session);
  g_clear_object(&f.application);
  g_assert_cmpint(state_of(path), ==, SG_RUN_RUNNING);
  /* A new window shows what still trains. */
  fixture_open(&f, NULL);
  gtk_widget_activate_action(GTK_WIDGET(f.window), "win.show-pane", "s", "training");
  fixture_wait(&f, shows_path, path, 10);
  /* It comes to its end without a window's help. */
  g_autofree char *answer = sg_control_send_set(path, "kimg", "0.2", 5000, &error);
  g_assert_no_error(error);
  fixture_wait(&f, has_finished, path, 40);
  run_wait_state(&f, run, SG_RUN_FINISHED); /* nobody is asked any more */
  fixture_close(&f);
}

/* ---- NVlabs' directories --------------------------------------------------------------------- */

static void
write_text(const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* As stylegan2-ada-pytorch leaves one: 20 ticks of 4 kimg, three grids of 4 × 2 pictures. */
static char *
make_nvlabs(void)
{
  char *folder = fixture_path("00003-lorelei-mirror-auto1");
  g_autoptr(GString) stats = g_string_new(NULL);
  const char *const grids[] = {"fakes_init.png", "fakes000040.png", "fakes000080.png", "reals.png"};

  g_mkdir(folder, 0700);
  for (int i = 1; i <= 20; i++)
    g_string_append_printf(stats,
                           "{\"Loss/scores/fake\": {\"num\": 4000, \"mean\": %.3f, \"std\": 0.5}, "
                           "\"Loss/scores/real\": {\"num\": 4000, \"mean\": %.3f, \"std\": 0.4}, "
                           "\"Loss/G/loss\": {\"num\": 4000, \"mean\": %.3f, \"std\": 0.1}, "
                           "\"Loss/D/loss\": {\"num\": 4000, \"mean\": %.3f, \"std\": 0.1}, "
                           "\"Progress/kimg\": {\"num\": 1, \"mean\": %d, \"std\": 0.0}, "
                           "\"Timing/sec_per_kimg\": {\"num\": 1, \"mean\": 25.0, \"std\": 0.0}, "
                           "\"timestamp\": %d}\n",
                           -0.1 * i, 0.1 * i, 1 + 0.1 * i, 1 - 0.01 * i, 4 * i,
                           1600000000 + 100 * i);
  write_text(folder, "stats.jsonl", stats->str);
  write_text(folder, "log.txt", "tick 19 kimg 80.0 time 33m 20s\n");
  write_text(folder, "training_options.json",
             "{\"num_gpus\": 1, \"batch_size\": 16, \"total_kimg\": 25000, "
             "\"training_set_kwargs\": {\"path\": \"/data/lorelei.zip\", \"resolution\": 16}}");
  for (guint i = 0; i < G_N_ELEMENTS(grids); i++) {
    g_autofree char *path = g_build_filename(folder, grids[i], NULL);
    run_write_png(path, 64, 32, i);
  }
  return folder;
}

static void
test_nvlabs(void)
{
  Fixture f;
  g_autofree char *folder = make_nvlabs();

  fixture_forget_state();
  fixture_open(&f, NULL);
  g_autoptr(GFile) file = g_file_new_for_path(folder);
  vitrine_window_show_if_run(f.window, file);
  fixture_wait(&f, shows_path, folder, 10);
  fixture_wait(&f, chart_has, GUINT_TO_POINTER(21), 20); /* and the heading */
  g_autofree char *text = vitrine_chart_describe(VITRINE_CHART(run_find("chart-losses")), 40);
  g_assert_nonnull(strstr(text, "0.9")); /* D's loss at 40 kimg, 1 - 0.1 */
  vitrine_run_view_show(view(), "samples");
  fixture_wait(&f, shows_samples, NULL, 20);
  fixture_wait(&f, label_ends, (gpointer) "(3 of 3)", 20);
  g_assert_true(g_str_has_prefix(run_label("run-state"), "read-only"));
  const char *const buttons[] = {"run-pause", "run-snapshot", "run-stop"};
  for (gsize i = 0; i < G_N_ELEMENTS(buttons); i++) {
    g_assert_false(gtk_widget_is_sensitive(run_find(buttons[i])));
    g_assert_nonnull(strstr(gtk_widget_get_tooltip_text(run_find(buttons[i])), "only be watched"));
  }
  fixture_close(&f);
}

/* What the menu of a run offers: only what can be done with it. */
static gboolean
can(const char *action)
{
  GActionGroup *group = g_object_get_data(G_OBJECT(view()), "run-actions");
  return g_action_group_get_action_enabled(group, action);
}

static guint
chart_columns(const char *name)
{
  g_autoptr(GBytes) csv = vitrine_chart_to_csv(VITRINE_CHART(run_find(name)));
  g_auto(GStrv) lines = g_strsplit(g_bytes_get_data(csv, NULL), "\n", 2);
  g_auto(GStrv) columns = g_strsplit(lines[0], ",", -1);
  return g_strv_length(columns);
}

typedef struct {
  guint than;
  gboolean more;
} Columns;

static gboolean
columns_are(Fixture *f, gpointer data)
{
  const Columns *c = data;
  return c->more ? chart_columns("chart-losses") > c->than
                 : chart_columns("chart-losses") == c->than;
}

static gboolean
has_snapshot(Fixture *f, gpointer data)
{
  GPtrArray *snapshots = vitrine_run_get_snapshots(vitrine_run_view_get_run(view()));
  return snapshots && snapshots->len > 0 && can("explore");
}

/* Another run's curves beside its own, and away again. */
static void
check_compare(Fixture *f)
{
  g_autofree char *other = g_build_filename(g_getenv("VITRINE_TEST_FILES"), "run-nvlabs", NULL);
  g_autofree char *target = vitrine_store_encode_path(other);
  Columns c = {chart_columns("chart-losses"), TRUE};

  gtk_widget_activate_action(GTK_WIDGET(view()), "run.compare", "s", target);
  fixture_wait(f, columns_are, &c, 20);
  gtk_widget_activate_action(GTK_WIDGET(view()), "run.compare", "s", target);
  c.more = FALSE;
  fixture_wait(f, columns_are, &c, 20);
}

static void
test_menu(void)
{
  Fixture f;
  g_autofree char *folder = make_nvlabs(), *text = NULL;
  g_autofree char *model = g_build_filename(g_getenv("VITRINE_TEST_FILES"), "sg2_ada_p4.pkl", NULL);
  g_autofree char *snapshot = g_build_filename(folder, "network-snapshot-000080.pkl", NULL);
  gsize size;

  fixture_forget_state();
  fixture_open(&f, NULL);
  g_autoptr(GFile) file = g_file_new_for_path(folder);
  vitrine_window_show_if_run(f.window, file);
  fixture_wait(&f, shows_path, folder, 10);
  fixture_wait(&f, chart_has, GUINT_TO_POINTER(21), 20);
  static const char *const never[] = {"resume", "edit"}, *const files[] = {"explore", "fine-tune"};
  for (gsize i = 0; i < G_N_ELEMENTS(never); i++)
    g_assert_false(can(never[i]));
  for (gsize i = 0; i < G_N_ELEMENTS(files); i++)
    g_assert_false(can(files[i])); /* there is no snapshot */
  g_assert_true(can("export-csv") && can("export-png"));
  check_compare(&f);

  g_assert_true(g_file_get_contents(model, &text, &size, NULL));
  g_assert_true(g_file_set_contents(snapshot, text, (gssize)size, NULL));
  fixture_wait(&f, has_snapshot, NULL, 20);
  g_assert_true(can("fine-tune"));
  gtk_widget_activate_action(GTK_WIDGET(view()), "run.explore", NULL);
  fixture_wait(&f, explores, snapshot, 20);
  gtk_widget_activate_action(GTK_WIDGET(view()), "run.fine-tune", NULL);
  GtkWidget *dialog = run_wait_for(&f, "new-run", 5);
  gtk_window_close(GTK_WINDOW(dialog));
  fixture_run_for(0.2);
  g_unlink(snapshot);
  fixture_close(&f);
}

static void
message_cb(VitrineSession *session, const char *text, gboolean is_error, char **said)
{
  g_assert_false(is_error);
  g_free(*said);
  *said = g_strdup(text);
}

static gboolean
is_said(Fixture *f, gpointer said)
{
  return *(char **)said != NULL;
}

/* A run without a snapshot, by its name on the command line: its page and a word, no error; beside
 * it what would be shown without it. */
static void
test_remains(void)
{
  Fixture f;
  g_autofree char *folder = make_nvlabs(), *said = NULL;
  g_autofree char *bundled = vitrine_application_bundled_model();

  fixture_forget_state();
  fixture_open(&f, folder);
  fixture_wait(&f, shows_path, folder, 10);
  g_assert_null(vitrine_window_get_dialog(f.window));
  g_assert_cmpstr(vitrine_session_get_model(f.session)->path, ==, bundled);
  gulong id = g_signal_connect(f.session, "message", G_CALLBACK(message_cb), &said);
  g_autoptr(GFile) file = g_file_new_for_path(folder);
  vitrine_opener_open(vitrine_session_get_opener(f.session), file);
  fixture_wait(&f, is_said, &said, 10);
  g_assert_nonnull(strstr(said, "ended before its first snapshot"));
  g_signal_handler_disconnect(f.session, id);
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/training/life", test_life);
  g_test_add_func("/training/killed", test_killed);
  g_test_add_func("/training/leave", test_leave);
  g_test_add_func("/training/nvlabs", test_nvlabs);
  g_test_add_func("/training/menu", test_menu);
  g_test_add_func("/training/remains", test_remains);
  return g_test_run();
}
