/* What a person meets in the first minute: nine faces that fill the canvas, smooth; help at every
 * control; the menu of a face and its relatives; the side that can be hidden; letters that need not
 * be keys. */
#include "tests/support/window-fixture.h"
#include "app/work/vitrine-noise-map.h"
#include "ui/canvas/vitrine-canvas-private.h"
#include "ui/help/vitrine-help-button.h"
#include "ui/parts/vitrine-pane.h"
#include "ui/relatives/vitrine-face-menu.h"
#include "ui/relatives/vitrine-relatives-dialog.h"
#include "ui/shell/vitrine-side.h"
#include "ui/shell/vitrine-window-private.h"
#include <math.h>

static void
test_nine_faces(void)
{
  Fixture f;
  graphene_rect_t rect;

  fixture_forget_state();
  fixture_open_first(&f);
  VitrineCanvas *canvas = vitrine_window_get_canvas(f.window);
  g_assert_cmpint(fixture_recipe(&f)->faces, ==, 9);
  g_assert_false(sg_recipe_is_modified(fixture_recipe(&f)));
  g_assert_cmpstr(vitrine_side_get_page(VITRINE_SIDE(f.window->pane)), ==, "explore");
  vitrine_canvas_view_rect(&canvas->view, &rect);
  double empty = MIN(gtk_widget_get_width(GTK_WIDGET(canvas)) - (double)rect.size.width,
                     gtk_widget_get_height(GTK_WIDGET(canvas)) - (double)rect.size.height);
  g_assert_cmpfloat(fabs(empty), <, 20);
  /* Whoever looks at one face finds it at the next start. */
  vitrine_editor_set_faces(vitrine_session_get_editor(f.session), 1);
  fixture_close(&f);
  fixture_open_first(&f);
  g_assert_cmpint(fixture_recipe(&f)->faces, ==, 1);
  fixture_close(&f);
}

static void
test_scaling(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, NULL);
  VitrineCanvas *canvas = vitrine_window_get_canvas(f.window);
  char *looks[2][3];
  for (int large = 0; large < 2; large++) {
    vitrine_canvas_view_zoom_at(&canvas->view, large ? 6 : 3, 100, 100);
    for (int i = 0; i < 3; i++) {
      vitrine_canvas_set_scaling(canvas, (VitrineScaling)i);
      looks[large][i] = fixture_screen_hash(&f);
    }
    g_assert_cmpstr(looks[large][VITRINE_SCALING_SMOOTH], !=, looks[large][VITRINE_SCALING_SHARP]);
  }
  g_assert_cmpstr(looks[0][VITRINE_SCALING_AUTO], ==, looks[0][VITRINE_SCALING_SMOOTH]);
  g_assert_cmpstr(looks[1][VITRINE_SCALING_AUTO], ==, looks[1][VITRINE_SCALING_SHARP]);
  for (int i = 0; i < 6; i++)
    g_free(looks[i / 3][i % 3]);
  fixture_close(&f);
}

/* ---- help -------------------------------------------------------------------------------- */

static gboolean
has_help(GtkWidget *w)
{
  for (int i = 0; w && i < 4; w = gtk_widget_get_parent(w), i++)
    if (gtk_widget_get_tooltip_text(w) || GTK_IS_LIST_BOX_ROW(w))
      return TRUE;
  return FALSE;
}

/* How many controls below say nothing of what they do. */
static guint
helpless(GtkWidget *w, guint *all)
{
  guint n = 0;
  gboolean control = GTK_IS_RANGE(w) || GTK_IS_SPIN_BUTTON(w) || GTK_IS_SWITCH(w) ||
                     GTK_IS_DROP_DOWN(w) || GTK_IS_TOGGLE_BUTTON(w) || GTK_IS_MENU_BUTTON(w);

  if (!gtk_widget_get_visible(w) || GTK_IS_POPOVER(w) || GTK_IS_SCROLLBAR(w))
    return 0;
  if (control) {
    (*all)++;
    if (!has_help(w)) {
      g_printerr("no help: %s %s\n", G_OBJECT_TYPE_NAME(w), gtk_widget_get_name(w));
      n++;
    }
    return n;
  }
  for (GtkWidget *c = gtk_widget_get_first_child(w); c; c = gtk_widget_get_next_sibling(c))
    n += helpless(c, all);
  return n;
}

static void
test_help(void)
{
  Fixture f;
  guint n_panes, bad = 0, all = 0;

  fixture_forget_state();
  fixture_open(&f, NULL);
  const VitrinePaneInfo *panes = vitrine_panes(&n_panes);
  for (guint i = 0; i < n_panes; i++) {
    vitrine_side_show(VITRINE_SIDE(f.window->pane), panes[i].name);
    fixture_run_for(0.3);
    g_test_message("pane %s", panes[i].name);
    bad += helpless(vitrine_side_get_pane(VITRINE_SIDE(f.window->pane), panes[i].name), &all);
  }
  g_assert_cmpuint(bad, ==, 0);
  g_assert_cmpuint(all, >, 60);
  fixture_close(&f);
}

static void
count_topics(GtkWidget *w, GHashTable *found)
{
  if (VITRINE_IS_HELP_BUTTON(w)) {
    char *topic;
    g_object_get(w, "topic", &topic, NULL);
    g_hash_table_add(found, topic);
  }
  for (GtkWidget *c = gtk_widget_get_first_child(w); c; c = gtk_widget_get_next_sibling(c))
    count_topics(c, found);
}

static gboolean
is_open(Fixture *f, gpointer popover)
{
  return gtk_widget_get_mapped(popover) && gtk_widget_get_height(popover) > 100;
}

/* Each term is asked for somewhere in the window, and answers. */
static void
test_what_is_this(void)
{
  Fixture f;
  g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

  fixture_forget_state();
  fixture_open(&f, NULL);
  const char *pages[] = {"mixing", "pruning", "latent"};
  for (guint i = 0; i < G_N_ELEMENTS(pages); i++)
    vitrine_side_show(VITRINE_SIDE(f.window->pane), pages[i]);
  count_topics(GTK_WIDGET(f.window), found);
  for (const char *const *topic = vitrine_help_topics(); *topic; topic++) {
    g_assert_true(g_hash_table_contains(found, *topic));
    GtkWidget *help = vitrine_help_button_new(*topic);
    gtk_box_prepend(GTK_BOX(gtk_widget_get_parent(GTK_WIDGET(f.window->picture_bar))), help);
    GtkMenuButton *button = GTK_MENU_BUTTON(gtk_widget_get_first_child(help));
    gtk_menu_button_popup(button);
    fixture_wait(&f, is_open, gtk_menu_button_get_popover(button), 10);
    gtk_menu_button_popdown(button);
    gtk_box_remove(GTK_BOX(gtk_widget_get_parent(help)), help);
  }
  fixture_close(&f);
}

/* ---- relatives --------------------------------------------------------------------------- */

static GtkWidget *
dialog_of(Fixture *f)
{
  GListModel *windows = gtk_window_get_toplevels();

  for (guint i = 0; i < g_list_model_get_n_items(windows); i++) {
    g_autoptr(GtkWidget) window = g_list_model_get_item(windows, i);
    if (VITRINE_IS_RELATIVES_DIALOG(window))
      return window;
  }
  return NULL;
}

static gboolean
drawn(Fixture *f, gpointer data)
{
  GtkWidget *dialog = dialog_of(f);

  return dialog && vitrine_relatives_dialog_is_done(VITRINE_RELATIVES_DIALOG(dialog));
}

static void
choose(Fixture *f, const char *action)
{
  gtk_widget_activate_action(GTK_WIDGET(vitrine_window_get_canvas(f->window)), action, NULL);
}

static void
click(GtkWidget *root, const char *name)
{
  g_signal_emit_by_name(fixture_find(root, name), "clicked");
}

static void
test_more_like_this(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, NULL);
  VitrineCanvas *canvas = vitrine_window_get_canvas(f.window);
  vitrine_editor_set_faces(vitrine_session_get_editor(f.session), 4);
  vitrine_face_menu_popup(canvas, 2);
  choose(&f, "face.more-like-this");
  fixture_wait(&f, drawn, NULL, 30);
  g_assert_cmpint(fixture_recipe(&f)->faces, ==, 4); /* nothing was chosen yet */
  click(dialog_of(&f), "relative-0");
  g_assert_cmpint(fixture_recipe(&f)->faces, ==, 1);
  g_assert_cmpuint(fixture_recipe(&f)->seed, ==, 2);
  g_assert_nonnull(fixture_recipe(&f)->w_base);
  g_autoptr(SgRecipe) first = sg_recipe_copy(fixture_recipe(&f));
  fixture_wait(&f, drawn, NULL, 30); /* the ring around the one that was chosen */
  click(dialog_of(&f), "relative-4");
  g_assert_true(sg_recipe_equal(first, fixture_recipe(&f)));
  fixture_wait(&f, drawn, NULL, 30);
  click(dialog_of(&f), "relatives-again");
  fixture_wait(&f, drawn, NULL, 30);
  gtk_window_destroy(GTK_WINDOW(dialog_of(&f)));
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  g_assert_cmpint(fixture_recipe(&f)->faces, ==, 4);
  fixture_close(&f);
}

static void
test_children(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, NULL);
  VitrineCanvas *canvas = vitrine_window_get_canvas(f.window);
  vitrine_editor_set_faces(vitrine_session_get_editor(f.session), 4);
  vitrine_face_menu_popup(canvas, 1);
  choose(&f, "face.children"); /* with nobody: nothing */
  g_assert_null(dialog_of(&f));
  choose(&f, "face.choose-parent");
  vitrine_face_menu_popup(canvas, 1);
  choose(&f, "face.children"); /* nor with itself */
  g_assert_null(dialog_of(&f));
  vitrine_face_menu_popup(canvas, 3);
  choose(&f, "face.children");
  fixture_wait(&f, drawn, NULL, 30);
  click(dialog_of(&f), "relative-1");
  g_assert_cmpint(fixture_recipe(&f)->w_layers, ==,
                  vitrine_session_get_model(f.session)->info.num_ws);
  /* Left open, the dialog goes with its model. */
  g_autoptr(GFile) other =
      g_file_new_build_filename(g_getenv("VITRINE_TEST_FILES"), "sg2.safetensors", NULL);
  vitrine_opener_open(vitrine_session_get_opener(f.session), other);
  while (dialog_of(&f))
    g_main_context_iteration(NULL, TRUE);
  fixture_settle(&f);
  fixture_close(&f);
}

/* ---- noise ------------------------------------------------------------------------------- */

static gboolean
has_map(Fixture *f, gpointer draws)
{
  return vitrine_noise_map_get_draws(vitrine_noise_map_of(f->session)) >= GPOINTER_TO_INT(draws);
}

/* Where noise acts is shown in the picture's place, of what is shown now, and goes again. */
static void
test_noise_map(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, NULL);
  VitrineNoiseMap *map = vitrine_noise_map_of(f.session);
  g_autofree char *picture = fixture_screen_hash(&f);
  vitrine_side_show(VITRINE_SIDE(f.window->pane), "layers");
  gtk_check_button_set_active(GTK_CHECK_BUTTON(fixture_part(&f, "noise-map")), TRUE);
  fixture_wait(&f, has_map, GINT_TO_POINTER(VITRINE_NOISE_DRAWS), 60);
  g_autofree char *shown = fixture_screen_hash(&f);
  g_assert_cmpstr(shown, !=, picture);
  /* The map of a face that is no longer shown is no map. */
  vitrine_editor_set_faces(vitrine_session_get_editor(f.session), 4);
  g_assert_null(vitrine_noise_map_get_texture(map));
  fixture_wait(&f, has_map, GINT_TO_POINTER(2), 60);
  g_assert_cmpint(gdk_texture_get_width(vitrine_noise_map_get_texture(map)), ==,
                  2 * vitrine_session_get_model(f.session)->info.img_resolution);
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  gtk_check_button_set_active(GTK_CHECK_BUTTON(fixture_part(&f, "noise-map")), FALSE);
  fixture_settle(&f);
  g_autofree char *again = fixture_screen_hash(&f);
  g_assert_cmpstr(again, ==, picture);
  fixture_close(&f);
}

/* ---- comparing --------------------------------------------------------------------------- */

/* Each way shows something else; a difference of nothing is black; a click on the half-sized
 * picture finds the face that is there. */
static void
test_compare(void)
{
  Fixture f;
  graphene_rect_t rect;

  fixture_forget_state();
  fixture_open(&f, NULL);
  VitrineCanvas *canvas = vitrine_window_get_canvas(f.window);
  GActionGroup *group = G_ACTION_GROUP(f.window);
  vitrine_editor_set_faces(vitrine_session_get_editor(f.session), 4);
  g_object_set(vitrine_session_get_editor(f.session), "threshold", 0.9, NULL);
  fixture_settle(&f);
  char *looks[4];
  looks[3] = fixture_screen_hash(&f);
  for (int i = 0; i < 3; i++) {
    if (i)
      g_action_group_activate_action(group, "compare-next", NULL);
    else
      g_action_group_change_action_state(group, "compare", g_variant_new_boolean(TRUE));
    looks[i] = fixture_screen_hash(&f);
    if (i == VITRINE_COMPARE_BESIDE) {
      vitrine_canvas_view_rect(&canvas->view, &rect);
      double x = (double)rect.origin.x, y = (double)rect.origin.y, w = (double)rect.size.width;
      g_assert_cmpint(vitrine_canvas_face_at(canvas, x + 0.1 * w, y + 0.3 * w), ==, 0);
      g_assert_cmpint(vitrine_canvas_face_at(canvas, x + 0.9 * w, y + 0.3 * w), ==, 1);
      g_assert_cmpint(vitrine_canvas_face_at(canvas, x + 0.6 * w, y + 0.7 * w), ==, 2);
      g_assert_cmpint(vitrine_canvas_face_at(canvas, x + 0.5 * w, y + 0.1 * w), ==, -1);
    }
  }
  for (int i = 0; i < 4; i++)
    for (int k = 0; k < i; k++)
      g_assert_cmpstr(looks[i], !=, looks[k]);
  double different = fixture_brightness(&f);
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  fixture_settle(&f);
  g_assert_cmpfloat(fixture_brightness(&f), <, different - 5);
  for (int i = 0; i < 4; i++)
    g_free(looks[i]);
  fixture_close(&f);
}

/* ---- the window -------------------------------------------------------------------------- */

static void
test_side(void)
{
  Fixture f;

  fixture_forget_state();
  fixture_open(&f, NULL);
  GtkWidget *side = GTK_WIDGET(f.window->pane_bin);
  g_action_group_activate_action(G_ACTION_GROUP(f.window), "side", NULL);
  g_assert_false(gtk_widget_get_visible(side));
  /* Who asks for a pane sees it. */
  g_action_group_activate_action(G_ACTION_GROUP(f.window), "show-pane",
                                 g_variant_new_string("mixing"));
  g_assert_true(gtk_widget_get_visible(side));
  g_assert_cmpstr(vitrine_side_get_page(VITRINE_SIDE(f.window->pane)), ==, "mixing");
  fixture_close(&f);
}

static gboolean
has_slider(Fixture *f, gpointer data)
{
  return fixture_find(GTK_WIDGET(f->window), "direction-scale-beard") != NULL;
}

/* From the beginning of the window to the first slider; the switcher of panes is one stop. While
 * components are found there is a button more. */
static void
test_tab_stops(void)
{
  Fixture f;
  int stops = 0;
  GtkWidget *focus = NULL;

  fixture_forget_state();
  fixture_open_first(&f);
  fixture_wait(&f, has_slider, NULL, 30);
  gtk_window_set_focus(GTK_WINDOW(f.window), NULL);
  while (stops < 60 && !GTK_IS_SCALE(focus)) {
    gtk_widget_child_focus(GTK_WIDGET(f.window), GTK_DIR_TAB_FORWARD);
    focus = gtk_window_get_focus(GTK_WINDOW(f.window));
    stops++;
    g_test_message("%d: %s %s", stops, G_OBJECT_TYPE_NAME(focus), gtk_widget_get_name(focus));
  }
  g_assert_true(GTK_IS_SCALE(focus));
  g_assert_cmpint(stops, <=, 12);
  fixture_close(&f);
}

/* Of the window's shortcuts, those that "n" would reach. */
static gboolean
is_bound(Fixture *f, const char *keys)
{
  g_autoptr(GListModel) controllers = gtk_widget_observe_controllers(GTK_WIDGET(f->window));
  g_autoptr(GtkShortcutTrigger) wanted = gtk_shortcut_trigger_parse_string(keys);

  for (guint i = 0; i < g_list_model_get_n_items(controllers); i++) {
    g_autoptr(GObject) c = g_list_model_get_item(controllers, i);
    if (!GTK_IS_SHORTCUT_CONTROLLER(c) ||
        gtk_event_controller_get_propagation_phase(GTK_EVENT_CONTROLLER(c)) == GTK_PHASE_NONE)
      continue;
    for (guint j = 0; j < g_list_model_get_n_items(G_LIST_MODEL(c)); j++) {
      g_autoptr(GtkShortcut) s = g_list_model_get_item(G_LIST_MODEL(c), j);
      if (gtk_shortcut_trigger_equal(gtk_shortcut_get_trigger(s), wanted))
        return TRUE;
    }
  }
  return FALSE;
}

static void
test_letters(void)
{
  Fixture f;
  const char *letters[] = {"n", "p", "r"};

  fixture_forget_state();
  fixture_open(&f, NULL);
  for (int on = 1; on >= 0; on--) {
    vitrine_window_set_letter_keys(f.window, on);
    for (guint i = 0; i < G_N_ELEMENTS(letters); i++)
      g_assert_true(is_bound(&f, letters[i]) == on);
    g_assert_true(
        (gtk_event_controller_get_propagation_phase(f.window->held_key) != GTK_PHASE_NONE) == on);
    g_assert_true(is_bound(&f, "<Control>z"));
    g_assert_true(is_bound(&f, "F9"));
  }
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/first-minute/nine-faces", test_nine_faces);
  g_test_add_func("/first-minute/scaling", test_scaling);
  g_test_add_func("/first-minute/help", test_help);
  g_test_add_func("/first-minute/what-is-this", test_what_is_this);
  g_test_add_func("/first-minute/more-like-this", test_more_like_this);
  g_test_add_func("/first-minute/children", test_children);
  g_test_add_func("/first-minute/noise-map", test_noise_map);
  g_test_add_func("/first-minute/compare", test_compare);
  g_test_add_func("/first-minute/tab-stops", test_tab_stops);
  g_test_add_func("/first-minute/side", test_side);
  g_test_add_func("/first-minute/letters", test_letters);
  return g_test_run();
}
