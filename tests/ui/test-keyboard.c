/* The window by nothing but keys, pressed by xdotool on the test's own display: what the person
 * presses goes the whole way through the server, accelerators, focus and widgets. */
#include <signal.h>
#include <string.h>
#include "tests/support/window-fixture.h"
#include "ui/journey/vitrine-film-dialog.h"
#include "ui/journey/vitrine-film-strip.h"
#include "ui/shell/vitrine-side.h"
#include "ui/shell/vitrine-window-private.h"

static guint released; /* keys, of those sent */

static gboolean
is_modifier(guint key)
{
  return key >= GDK_KEY_Shift_L && key <= GDK_KEY_Hyper_R;
}

static void
released_cb(GtkEventControllerKey *controller, guint key)
{
  released += !is_modifier(key);
}

static gboolean
all_released(Fixture *f, gpointer wanted)
{
  return released >= *(guint *)wanted;
}

static void
spawn(const char *command, const char *arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *line = g_strdup_printf("xdotool %s %s", command, arguments);

  g_assert_true(g_spawn_command_line_async(line, &error));
  g_assert_no_error(error);
}

/* However slow the machine: goes on when the last key has arrived, and what it changed is done. */
static void
send(Fixture *f, const char *command, const char *arguments, guint keys)
{
  guint wanted = released + keys;

  spawn(command, arguments);
  fixture_wait(f, all_released, &wanted, 60);
  fixture_run_for(0.1);
}

/* Keys one after the other, as xdotool names them. */
static void
press(Fixture *f, const char *keys)
{
  g_auto(GStrv) each = g_strsplit(keys, " ", -1);

  send(f, "key --delay 20", keys, g_strv_length(each));
}

static void
type(Fixture *f, const char *text)
{
  send(f, "type --delay 20", text, (guint)strlen(text));
}

static gboolean
has_focus(Fixture *f, const char *name)
{
  GtkWidget *focus = gtk_window_get_focus(GTK_WINDOW(f->window));
  GtkWidget *wanted = fixture_part(f, name);

  return focus && (focus == wanted || gtk_widget_is_ancestor(focus, wanted));
}

/* Tab, as often as it takes; nobody presses it forty times. */
static void
tab_to(Fixture *f, const char *name)
{
  for (int i = 0; i < 40 && !has_focus(f, name); i++)
    press(f, "Tab");
  g_assert_true(has_focus(f, name));
}

static gboolean
is_active(Fixture *f, gpointer data)
{
  return gtk_window_is_active(GTK_WINDOW(f->window));
}

/* page NULL: whichever there is. */
static void
open_path_at(Fixture *f, const char *path, const char *key, const char *page)
{
  fixture_forget_state();
  fixture_open(f, path);
  fixture_wait(f, is_active, NULL, 30);
  GtkEventController *keys = gtk_event_controller_key_new();
  gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
  g_signal_connect(keys, "key-released", G_CALLBACK(released_cb), NULL);
  gtk_widget_add_controller(GTK_WIDGET(f->window), keys);
  released = 0;
  press(f, key);
  if (page)
    g_assert_cmpstr(vitrine_side_get_page(VITRINE_SIDE(f->window->pane)), ==, page);
}

static void
open_at(Fixture *f, const char *key, const char *page)
{
  open_path_at(f, NULL, key, page);
}

static const char *
text(Fixture *f, const char *name)
{
  return gtk_label_get_text(GTK_LABEL(fixture_part(f, name)));
}

static guint
lines(Fixture *f)
{
  return g_list_model_get_n_items(
      G_LIST_MODEL(gtk_list_view_get_model(GTK_LIST_VIEW(fixture_part(f, "weights-list")))));
}

static gboolean
two_lines(Fixture *f, gpointer data)
{
  return lines(f) == 2;
}

static gboolean
measured(Fixture *f, gpointer data)
{
  return strcmp(text(f, "weights-count"), "…") != 0;
}

/* The tree: lines by arrows, closed and opened, searched; what is chosen is measured. */
static void
test_weights(void)
{
  Fixture f;

  open_at(&f, "F5", "weights");
  g_assert_true(has_focus(&f, "weights-search"));
  tab_to(&f, "weights-list");
  press(&f, "Home");
  g_autofree char *root = g_strdup(text(&f, "weights-name"));
  guint closed = lines(&f);
  press(&f, "Left");
  guint fewer = lines(&f);
  press(&f, "Right");
  guint more = lines(&f);
  g_test_message("%s: %u, %u, %u lines", root, closed, fewer, more);
  g_assert_cmpuint(fewer, <, more);
  press(&f, "Right"); /* open already: its first child */
  g_autofree char *child = g_strdup(text(&f, "weights-name"));
  g_assert_true(g_str_has_prefix(child, root));
  g_assert_cmpstr(child, !=, root);
  press(&f, "Down");
  g_assert_cmpstr(text(&f, "weights-name"), !=, child);
  press(&f, "Left Left Left"); /* closed, or its parent's line, up to the root */
  g_assert_cmpstr(text(&f, "weights-name"), ==, root);

  press(&f, "shift+Tab shift+Tab");
  tab_to(&f, "weights-search");
  type(&f, "b8.conv0.weight");
  fixture_wait(&f, two_lines, NULL, 30);
  tab_to(&f, "weights-list");
  press(&f, "Down");
  fixture_wait(&f, measured, NULL, 30);
  g_assert_cmpstr(text(&f, "weights-name"), ==, "D.b8.conv0.weight");
  fixture_close(&f);
}

static void
test_weights_switch(void)
{
  Fixture f;

  open_at(&f, "F5", "weights");
  g_autofree char *before = fixture_screen_hash(&f);
  press(&f, "alt+o"); /* Equalised learning rate _off */
  fixture_settle(&f);
  g_assert_true(vitrine_session_get_recipe(f.session)->prune.unequalised);
  g_autofree char *wrong = fixture_screen_hash(&f);
  g_assert_cmpstr(wrong, !=, before);
  tab_to(&f, "weights-unequalised");
  press(&f, "space");
  fixture_settle(&f);
  g_assert_false(vitrine_session_get_recipe(f.session)->prune.unequalised);
  press(&f, "ctrl+z");
  fixture_settle(&f);
  g_assert_true(vitrine_session_get_recipe(f.session)->prune.unequalised);
  press(&f, "ctrl+z");
  fixture_settle(&f);
  g_autofree char *after = fixture_screen_hash(&f);
  g_assert_cmpstr(after, ==, before);
  fixture_close(&f);
}

/* Every pane is reached by its key, and the focus with it. */
static void
test_panes(void)
{
  Fixture f;
  static const char *const pages[] = {"latent",  "mixing", "pruning",
                                      "weights", "layers", "training"};

  open_at(&f, "F3", "mixing");
  for (guint i = 0; i < G_N_ELEMENTS(pages); i++) {
    g_autofree char *key = g_strdup_printf("F%u", i + 2);
    press(&f, key);
    g_assert_cmpstr(vitrine_side_get_page(VITRINE_SIDE(f.window->pane)), ==, pages[i]);
    GtkWidget *pane = vitrine_side_get_pane(VITRINE_SIDE(f.window->pane), pages[i]);
    GtkWidget *focus = gtk_window_get_focus(GTK_WINDOW(f.window));
    g_assert_true(focus && gtk_widget_is_ancestor(focus, pane));
  }
  fixture_close(&f);
}

/* The pruning dial: an arrow is a step of 0.001, a Page key more, and back to the exact picture. */
static void
test_pruning(void)
{
  Fixture f;

  open_at(&f, "F4", "pruning");
  g_autofree char *before = fixture_screen_hash(&f);
  tab_to(&f, "prune-dial");
  press(&f, "Right Right Right");
  fixture_settle(&f);
  g_assert_cmpfloat_with_epsilon(vitrine_session_get_recipe(f.session)->prune.threshold, 0.003,
                                 1e-9);
  press(&f, "Page_Up Page_Up Page_Up");
  fixture_settle(&f);
  g_assert_cmpfloat(vitrine_session_get_recipe(f.session)->prune.threshold, >, 0.02);
  g_autofree char *pruned = fixture_screen_hash(&f);
  g_assert_cmpstr(pruned, !=, before);
  press(&f, "Home");
  fixture_settle(&f);
  g_autofree char *after = fixture_screen_hash(&f);
  g_assert_cmpstr(after, ==, before);
  fixture_close(&f);
}

/* A second face, its coarse layers, and a layer's blend. */
static void
test_mixing(void)
{
  Fixture f;

  open_at(&f, "F3", "mixing");
  g_autofree char *before = fixture_screen_hash(&f);
  tab_to(&f, "mix-hint-add");
  press(&f, "Return");
  fixture_settle(&f);
  g_assert_cmpint(vitrine_session_get_recipe(f.session)->num_sources, ==, 1);
  g_assert_true(has_focus(&f, "mix-new-seed"));
  tab_to(&f, "mix-crossover");
  press(&f, "Right"); /* towards the other face */
  fixture_settle(&f);
  g_autofree char *crossed = fixture_screen_hash(&f);
  g_assert_cmpstr(crossed, !=, before);
  tab_to(&f, "mix-coarse");
  press(&f, "space");
  fixture_settle(&f);
  g_autofree char *coarse = fixture_screen_hash(&f);
  g_assert_cmpstr(coarse, !=, crossed);
  press(&f, "ctrl+z ctrl+z ctrl+z");
  fixture_settle(&f);
  g_assert_cmpint(vitrine_session_get_recipe(f.session)->num_sources, ==, 0);
  g_autofree char *after = fixture_screen_hash(&f);
  g_assert_cmpstr(after, ==, before);
  fixture_close(&f);
}

static gboolean
names_channel(Fixture *f, gpointer data)
{
  return strstr(text(f, "layer-numbers"), "Mean of all") == NULL;
}

static gboolean
shows_b64(Fixture *f, gpointer data)
{
  GtkStringObject *item =
      gtk_drop_down_get_selected_item(GTK_DROP_DOWN(fixture_part(f, "layer-stage")));
  return g_str_has_prefix(gtk_string_object_get_string(item), "b64.conv1");
}

static GtkWidget *
find_type(GtkWidget *root, GType type)
{
  GtkWidget *found = G_TYPE_CHECK_INSTANCE_TYPE(root, type) ? root : NULL;

  for (GtkWidget *w = gtk_widget_get_first_child(root); w && !found;
       w = gtk_widget_get_next_sibling(w))
    found = find_type(w, type);
  return found;
}

/* The focus is in the part of that type of the list that drops down. */
static gboolean
in_popover(Fixture *f, gpointer type)
{
  GtkWidget *focus = gtk_window_get_focus(GTK_WINDOW(f->window));
  GtkWidget *there = find_type(fixture_part(f, "layer-stage"), GPOINTER_TO_SIZE(type));

  return focus && there && gtk_widget_is_ancestor(focus, there);
}

static gboolean
popover_gone(Fixture *f, gpointer data)
{
  return !gtk_widget_get_mapped(find_type(fixture_part(f, "layer-stage"), GTK_TYPE_POPOVER));
}

static gboolean
one_found(Fixture *f, gpointer data)
{
  GtkWidget *list = find_type(fixture_part(f, "layer-stage"), GTK_TYPE_LIST_VIEW);
  return g_list_model_get_n_items(G_LIST_MODEL(gtk_list_view_get_model(GTK_LIST_VIEW(list)))) == 1;
}

/* Another layer, one of its channels, its noise. */
static void
test_layers(void)
{
  Fixture f;

  open_at(&f, "F6", "layers");
  g_assert_true(has_focus(&f, "layer-stage"));
  g_autofree char *before = fixture_screen_hash(&f);
  spawn("key", "space");
  fixture_wait(&f, in_popover, GSIZE_TO_POINTER(GTK_TYPE_POPOVER), 30);
  /* A surface of its own: its search entry, what was found, the first of it. */
  if (!in_popover(&f, GSIZE_TO_POINTER(GTK_TYPE_SEARCH_ENTRY))) /* GTK before 4.14 */
    spawn("key", "shift+Tab");
  fixture_wait(&f, in_popover, GSIZE_TO_POINTER(GTK_TYPE_SEARCH_ENTRY), 30);
  spawn("type --delay 60", "b64.conv1");
  fixture_wait(&f, one_found, NULL, 30);
  spawn("key", "Tab");
  fixture_wait(&f, in_popover, GSIZE_TO_POINTER(GTK_TYPE_LIST_VIEW), 30);
  spawn("key", "Return");
  fixture_wait(&f, shows_b64, NULL, 30);
  fixture_wait(&f, popover_gone, NULL, 30);
  fixture_run_for(0.5);
  tab_to(&f, "layer-channel-spin");
  press(&f, "Up Up");
  fixture_wait(&f, names_channel, NULL, 30);
  tab_to(&f, "noise-scale-4");
  press(&f, "Home");
  fixture_settle(&f);
  g_autofree char *without = fixture_screen_hash(&f);
  g_assert_cmpstr(without, !=, before);
  fixture_close(&f);
}

static gboolean
manages(void)
{
  g_autofree char *said = NULL, *complained = NULL;
  int status = 1;
  return g_spawn_command_line_sync("xdotool get_num_desktops", &said, &complained, &status, NULL) &&
         g_spawn_check_wait_status(status, NULL);
}

/* Gives the window the keys, and passes them on to popovers. */
static GPid
start_window_manager(void)
{
  char *argv[] = {"openbox", NULL};
  GPid pid = 0;

  g_spawn_async(NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                NULL);
  /* A window that is there before its manager may never be given the keyboard. */
  for (int i = 0; pid && i < 600 && !manages(); i++)
    g_usleep(100 * 1000);
  return pid;
}

static void
set_layout(const char *layout)
{
  g_autofree char *line = g_strconcat("setxkbmap ", layout, NULL);
  g_assert_true(g_spawn_command_line_sync(line, NULL, NULL, NULL, NULL));
  fixture_run_for(0.5);
}

static gboolean
shows_original(Fixture *f, gpointer wanted)
{
  return vitrine_canvas_get_show_original(f->window->canvas) == GPOINTER_TO_INT(wanted);
}

/* Digits that need Shift, letters that are none of the Latin ones: the keys are where they were. */
static void
test_layouts(void)
{
  Fixture f;

  g_autofree char *setxkbmap = g_find_program_in_path("setxkbmap");
  if (!setxkbmap) {
    g_test_skip("setxkbmap is not installed");
    return;
  }
  open_at(&f, "F2", "latent");
  gtk_widget_grab_focus(GTK_WIDGET(f.window->canvas));
  set_layout("fr");
  press(&f, "alt+11"); /* by the number of the key: é, and 2 with Shift */
  fixture_settle(&f);
  g_assert_cmpint(vitrine_session_get_recipe(f.session)->faces, ==, 4);
  set_layout("ru");
  spawn("keydown", "54");
  fixture_wait(&f, shows_original, GINT_TO_POINTER(TRUE), 30);
  spawn("keyup", "54");
  fixture_wait(&f, shows_original, GINT_TO_POINTER(FALSE), 30);
  set_layout("us");
  fixture_close(&f);
}

/* ---- the timeline ---------------------------------------------------------------------------- */

static VitrineTimeline *
timeline(Fixture *f)
{
  return vitrine_timeline_bar_get_timeline(VITRINE_TIMELINE_BAR(fixture_part(f, "timeline-bar")));
}

static VitrinePlayer *
player(Fixture *f)
{
  return vitrine_timeline_bar_get_player(VITRINE_TIMELINE_BAR(fixture_part(f, "timeline-bar")));
}

/* The keyframes' seeds, counted from the first one's. */
static void
check_seeds(Fixture *f, guint32 first, int a, int b, int c)
{
  const int wanted[] = {a, b, c};

  g_assert_cmpint(vitrine_timeline_count(timeline(f)), ==, 3);
  for (int i = 0; i < 3; i++)
    g_assert_cmpuint(vitrine_timeline_get_recipe(timeline(f), i)->seed, ==,
                     first + (guint32)wanted[i]);
}

static gboolean
has_gone_on(Fixture *f, gpointer data)
{
  return vitrine_player_get_frame(player(f)) && vitrine_player_get_second(player(f)) > 0.3;
}

static void
build_and_play(Fixture *f, guint32 first)
{
  press(f, "ctrl+t ctrl+k n ctrl+k n ctrl+k");
  g_assert_true(has_focus(f, "timeline-strip"));
  check_seeds(f, first, 0, 1, 2);
  press(f, "alt+Left");
  check_seeds(f, first, 0, 2, 1);
  press(f, "shift+Right shift+Right");
  g_assert_cmpfloat_with_epsilon(vitrine_timeline_get_at(timeline(f), 1), 2.2, 1e-9);
  press(f, "ctrl+z"); /* a row of them is one step */
  g_assert_cmpfloat(vitrine_timeline_get_at(timeline(f), 1), ==, 2);
  press(f, "ctrl+z");
  check_seeds(f, first, 0, 1, 2);
  press(f, "Home Delete");
  g_assert_cmpint(vitrine_timeline_count(timeline(f)), ==, 2);
  press(f, "ctrl+z");
  check_seeds(f, first, 0, 1, 2);
  g_assert_cmpfloat(vitrine_timeline_duration(timeline(f)), ==, 6);
  press(f, "space");
  fixture_wait(f, has_gone_on, NULL, 60);
  press(f, "space");
  g_assert_false(vitrine_player_get_playing(player(f)));
  g_assert_nonnull(vitrine_player_get_frame(player(f)));
  press(f, "Return"); /* the first keyframe is edited again */
  g_assert_null(vitrine_player_get_frame(player(f)));
  g_assert_cmpuint(fixture_recipe(f)->seed, ==, first);
}

static GtkWidget *
film_dialog(Fixture *f)
{
  g_autoptr(GListModel) windows = g_object_ref(gtk_window_get_toplevels());

  for (guint i = 0; i < g_list_model_get_n_items(windows); i++) {
    g_autoptr(GtkWidget) window = g_list_model_get_item(windows, i);
    if (VITRINE_IS_FILM_DIALOG(window))
      return window;
  }
  return NULL;
}

static gboolean
has_film_dialog(Fixture *f, gpointer data)
{
  return film_dialog(f) != NULL;
}

static gboolean
has_recorded_some(Fixture *f, gpointer data)
{
  return gtk_progress_bar_get_fraction(
             GTK_PROGRESS_BAR(fixture_find(film_dialog(f), "film-progress"))) > 0;
}

static gboolean
is_empty(Fixture *f, gpointer folder)
{
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  return !g_dir_read_name(dir);
}

static gboolean
is_there(Fixture *f, gpointer path)
{
  return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void
record(Fixture *f, const char *path, int size, int fps)
{
  GtkWidget *dialog = film_dialog(f);
  g_autoptr(GFile) file = g_file_new_for_path(path);

  gtk_spin_button_set_value(GTK_SPIN_BUTTON(fixture_find(dialog, "film-size")), size);
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(fixture_find(dialog, "film-fps")), fps);
  vitrine_film_dialog_record(VITRINE_FILM_DIALOG(dialog), file);
}

static gboolean
has_first_recipe(Fixture *f, gpointer data)
{
  return sg_recipe_equal(fixture_recipe(f), vitrine_timeline_get_recipe(timeline(f), 0));
}

/* A loop of three keyframes by keys alone: played, recorded, cancelled, recorded again; the film's
 * first frame is the first keyframe; all of it is there again the next time. */
static void
test_timeline(void)
{
  Fixture f;
  g_autofree char *folder = fixture_path("films"), *path = g_build_filename(folder, "film", NULL);

  open_at(&f, "F2", "latent");
  guint32 first = fixture_recipe(&f)->seed;
  build_and_play(&f, first);
  g_assert_cmpint(g_mkdir_with_parents(folder, 0777), ==, 0);
  spawn("key", "ctrl+shift+f");
  fixture_wait(&f, has_film_dialog, NULL, 60);
  record(&f, path, 1024, 30);
  fixture_wait(&f, has_recorded_some, NULL, 60);
  g_signal_emit_by_name(fixture_find(film_dialog(&f), "film-cancel"), "clicked");
  fixture_wait(&f, is_empty, folder, 60);
  record(&f, path, 32, 2);
  fixture_wait(&f, is_there, path, 60);
  gtk_window_close(GTK_WINDOW(film_dialog(&f)));
  vitrine_editor_set_seed(vitrine_session_get_editor(f.session), 99);
  g_autofree char *frame = g_build_filename(path, "frame000000.png", NULL);
  g_autoptr(GFile) file = g_file_new_for_path(frame);
  vitrine_opener_open(vitrine_session_get_opener(f.session), file);
  fixture_wait(&f, has_first_recipe, NULL, 60);
  fixture_close(&f);
  fixture_open(&f, NULL);
  check_seeds(&f, first, 0, 1, 2);
  fixture_close(&f);
}

static gboolean
is_moved(Fixture *f, gpointer data)
{
  return fixture_recipe(f)->translate_x > 0 && fixture_recipe(f)->rotate > 0;
}

/* The picture of a StyleGAN3 itself. */
static void
test_motion(void)
{
  Fixture f;
  g_autofree char *path =
      g_build_filename(g_getenv("VITRINE_TEST_FILES"), "sg3_small.safetensors", NULL);

  open_path_at(&f, path, "ctrl+1", NULL);
  gtk_widget_grab_focus(GTK_WIDGET(f.window->canvas));
  press(&f, "ctrl+Right");
  press(&f, "ctrl+shift+Left");
  fixture_wait(&f, is_moved, NULL, 30);
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  g_autofree char *tool = g_find_program_in_path("xdotool");
  GPid manager = tool ? start_window_manager() : 0;

  if (!manager) {
    g_printerr("SKIPPED: xdotool and openbox are not installed, so no key can be pressed\n");
    return 77;
  }
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/keyboard/panes", test_panes);
  g_test_add_func("/keyboard/layouts", test_layouts);
  g_test_add_func("/keyboard/mixing", test_mixing);
  g_test_add_func("/keyboard/pruning", test_pruning);
  g_test_add_func("/keyboard/layers", test_layers);
  g_test_add_func("/keyboard/weights", test_weights);
  g_test_add_func("/keyboard/weights-switch", test_weights_switch);
  g_test_add_func("/keyboard/timeline", test_timeline);
  g_test_add_func("/keyboard/motion", test_motion);
  int status = g_test_run();
  kill(manager, SIGTERM);
  return status;
}
