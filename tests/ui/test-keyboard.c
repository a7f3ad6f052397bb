/* The window by nothing but keys, pressed by xdotool on the test's own display: what the person
 * presses goes the whole way through the server, accelerators, focus and widgets. */
#include <string.h>
#include "tests/ui/window-fixture.h"
#include "ui/vitrine-side.h"
#include "ui/vitrine-window-private.h"

static GtkWidget *
part(Fixture *f, const char *name)
{
  GtkWidget *widget = fixture_find(GTK_WIDGET(f->window), name);
  if (!widget)
    g_error("no widget is called %s", name);
  return widget;
}

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
  GtkWidget *wanted = part(f, name);

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

static void
open_at(Fixture *f, const char *key, const char *page)
{
  fixture_forget_state();
  fixture_open(f, NULL);
  /* Without a window manager the server gives keys to the window under the pointer. */
  spawn("mousemove", "300 300");
  fixture_run_for(0.3);
  GtkEventController *keys = gtk_event_controller_key_new();
  gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
  g_signal_connect(keys, "key-released", G_CALLBACK(released_cb), NULL);
  gtk_widget_add_controller(GTK_WIDGET(f->window), keys);
  released = 0;
  press(f, key);
  g_assert_cmpstr(vitrine_side_get_page(VITRINE_SIDE(f->window->pane)), ==, page);
}

static const char *
text(Fixture *f, const char *name)
{
  return gtk_label_get_text(GTK_LABEL(part(f, name)));
}

static guint
lines(Fixture *f)
{
  return g_list_model_get_n_items(
      G_LIST_MODEL(gtk_list_view_get_model(GTK_LIST_VIEW(part(f, "weights-list")))));
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
  fixture_run_for(0.5);
  g_assert_cmpuint(lines(&f), ==, 2);
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

int
main(int argc, char **argv)
{
  g_autofree char *tool = g_find_program_in_path("xdotool");

  if (!tool) {
    g_printerr("SKIPPED: xdotool is not installed, so no key can be pressed\n");
    return 77;
  }
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/keyboard/panes", test_panes);
  g_test_add_func("/keyboard/pruning", test_pruning);
  g_test_add_func("/keyboard/weights", test_weights);
  g_test_add_func("/keyboard/weights-switch", test_weights_switch);
  return g_test_run();
}
