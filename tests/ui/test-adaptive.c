/* The window where there is little room: narrow, low, with large text, from right to left. */
#include <adwaita.h>
#include "app/session/vitrine-store.h"
#include "tests/support/window-fixture.h"
#include "ui/parts/vitrine-adaptive.h"
#include "ui/parts/vitrine-one-stop.h"
#include "ui/parts/vitrine-pane.h"
#include "ui/parts/vitrine-wrap.h"
#include "ui/shell/vitrine-side.h"
#include "ui/shell/vitrine-window-private.h"

static void
open_sized(Fixture *f, int width, int height)
{
  json_t *root = json_pack("{s:i, s:i}", "width", width, "height", height);

  fixture_forget_state();
  vitrine_store_save("window", root);
  json_decref(root);
  fixture_open(f, NULL);
}

static gboolean
is_narrow(Fixture *f, gpointer wanted)
{
  gboolean narrow;

  g_object_get(f->window->adaptive, "narrow", &narrow, NULL);
  return narrow == GPOINTER_TO_INT(wanted) && f->window->placed;
}

static int
least(GtkWidget *widget, GtkOrientation orientation, int for_size)
{
  int minimum;

  gtk_widget_measure(widget, orientation, for_size, &minimum, NULL, NULL, NULL);
  return minimum;
}

static GtkWidget *
content_of(Fixture *f)
{
  return gtk_widget_get_first_child(GTK_WIDGET(f->window->adaptive));
}

/* Everything that belongs into the window is in it. */
static void
check_fits(Fixture *f, const char *what)
{
  GtkWidget *content = content_of(f);
  int width = gtk_widget_get_width(GTK_WIDGET(f->window->adaptive));
  int height = gtk_widget_get_height(GTK_WIDGET(f->window->adaptive));

  g_test_message("%s: needs %d × %d of %d × %d", what,
                 least(content, GTK_ORIENTATION_HORIZONTAL, -1),
                 least(content, GTK_ORIENTATION_VERTICAL, width), width, height);
  g_assert_cmpint(least(content, GTK_ORIENTATION_HORIZONTAL, -1), <=, width);
  g_assert_cmpint(least(content, GTK_ORIENTATION_VERTICAL, width), <=, height);
}

static void
toggle(Fixture *f, const char *action)
{
  g_action_group_activate_action(G_ACTION_GROUP(f->window), action, NULL);
  fixture_run_for(0.2);
}

/* Each pane, with a second face to mix and scores to show, lessons and timeline. */
static void
check_panes(Fixture *f)
{
  guint n;
  const VitrinePaneInfo *panes = vitrine_panes(&n);

  for (guint i = 0; i < n; i++) {
    vitrine_side_show(VITRINE_SIDE(f->window->pane), panes[i].name);
    if (g_str_equal(panes[i].name, "mixing"))
      g_signal_emit_by_name(fixture_part(f, "mix-hint-add"), "clicked");
    fixture_settle(f);
    check_fits(f, panes[i].name);
  }
}

static void
test_narrow(void)
{
  Fixture f;

  open_sized(&f, 360, 600);
  fixture_wait(&f, is_narrow, GINT_TO_POINTER(TRUE), 10);
  g_assert_cmpint(gtk_widget_get_width(GTK_WIDGET(f.window)), <=, 360);
  g_assert_cmpint(gtk_widget_get_height(GTK_WIDGET(f.window)), <=, 600);
  check_panes(&f);
  toggle(&f, "lessons");
  check_fits(&f, "lessons");
  toggle(&f, "lessons");
  toggle(&f, "timeline");
  toggle(&f, "add-keyframe");
  check_fits(&f, "timeline");
  toggle(&f, "timeline");
  /* Picture above, sliders below; F9 gives the picture all of it. */
  int with = gtk_widget_get_height(GTK_WIDGET(f.window->canvas));
  g_assert_cmpint(with, >=, 180);
  g_assert_cmpint(gtk_widget_get_height(f.window->pane), >=, 200);
  toggle(&f, "side");
  g_assert_cmpint(gtk_widget_get_height(GTK_WIDGET(f.window->canvas)), >, with + 150);
  fixture_close(&f);
}

/* As wide as it was before, and kept for the next time. */
static void
test_wide_again(void)
{
  Fixture f;

  open_sized(&f, 1100, 700);
  fixture_wait(&f, is_narrow, GINT_TO_POINTER(FALSE), 10);
  int all = gtk_widget_get_width(GTK_WIDGET(f.window->paned));
  gtk_paned_set_position(f.window->paned, all - 470);
  fixture_run_for(0.2);
  gtk_window_set_default_size(GTK_WINDOW(f.window), 400, 700);
  fixture_wait(&f, is_narrow, GINT_TO_POINTER(TRUE), 10);
  gtk_window_set_default_size(GTK_WINDOW(f.window), 1100, 700);
  fixture_wait(&f, is_narrow, GINT_TO_POINTER(FALSE), 10);
  fixture_run_for(0.2);
  g_assert_cmpint(all - gtk_paned_get_position(f.window->paned), ==, 470);
  fixture_close(&f);
  json_t *kept = vitrine_store_load("window");
  g_assert_cmpint(json_integer_value(json_object_get(kept, "pane")), ==, 470);
  json_decref(kept);
}

/* ---- large text -------------------------------------------------------------------------- */

/* Labels of buttons that end in an ellipsis which nobody wrote. */
static guint
count_cut(GtkWidget *w, gboolean in_button)
{
  guint n = 0;

  if (!gtk_widget_get_mapped(w))
    return 0;
  if (GTK_IS_TOGGLE_BUTTON(w) && gtk_widget_get_tooltip_text(w) &&
      gtk_widget_get_ancestor(w, ADW_TYPE_VIEW_SWITCHER))
    return 0; /* the panes have icons, too */
  if (in_button && GTK_IS_LABEL(w) &&
      pango_layout_is_ellipsized(gtk_label_get_layout(GTK_LABEL(w)))) {
    g_printerr("cut: %s\n", gtk_label_get_text(GTK_LABEL(w)));
    n++;
  }
  in_button |= GTK_IS_BUTTON(w);
  for (GtkWidget *c = gtk_widget_get_first_child(w); c; c = gtk_widget_get_next_sibling(c))
    n += count_cut(c, in_button);
  return n;
}

static void
test_large_text(void)
{
  Fixture f;
  guint n, cut = 0;
  const VitrinePaneInfo *panes = vitrine_panes(&n);

  g_object_set(gtk_settings_get_default(), "gtk-xft-dpi", 2 * 96 * 1024, NULL);
  open_sized(&f, 1280, 800);
  fixture_run_for(0.5);
  for (guint i = 0; i < n; i++) {
    vitrine_side_show(VITRINE_SIDE(f.window->pane), panes[i].name);
    fixture_run_for(0.2);
    check_fits(&f, panes[i].name);
    cut += count_cut(GTK_WIDGET(f.window), FALSE);
  }
  g_assert_cmpuint(cut, ==, 0);
  fixture_close(&f);
  gtk_settings_reset_property(gtk_settings_get_default(), "gtk-xft-dpi");
}

/* ---- right to left ----------------------------------------------------------------------- */

static GtkWidget *
find_css(GtkWidget *root, const char *name)
{
  GtkWidget *found = g_str_equal(gtk_widget_get_css_name(root), name) ? root : NULL;

  for (GtkWidget *c = gtk_widget_get_first_child(root); c && !found;
       c = gtk_widget_get_next_sibling(c))
    found = find_css(c, name);
  return found;
}

static int
x_of(GtkWidget *child, GtkWidget *in)
{
  graphene_point_t at;

  g_assert_true(gtk_widget_compute_point(child, in, &GRAPHENE_POINT_INIT(0, 0), &at));
  return (int)at.x;
}

static int
knob_at(GtkWidget *scale)
{
  return x_of(find_css(scale, "slider"), scale);
}

/* The dial goes where the axis of its plot goes, and where the arrow keys go. */
static void
test_right_to_left(void)
{
  Fixture f;

  gtk_widget_set_default_direction(GTK_TEXT_DIR_RTL);
  open_sized(&f, 960, 700);
  vitrine_side_show(VITRINE_SIDE(f.window->pane), "pruning");
  fixture_settle(&f);
  GtkRange *dial = GTK_RANGE(fixture_part(&f, "prune-dial"));
  gtk_range_set_value(dial, 0.1);
  fixture_run_for(0.2);
  int low = knob_at(GTK_WIDGET(dial));
  gtk_range_set_value(dial, 0.9);
  fixture_run_for(0.2);
  g_assert_cmpint(knob_at(GTK_WIDGET(dial)), >, low + 100);
  /* The pane is on the left, as everything else is the other way round. */
  g_assert_cmpint(x_of(f.window->pane, GTK_WIDGET(f.window)), <, 100);
  check_fits(&f, "right to left");
  fixture_close(&f);
  gtk_widget_set_default_direction(GTK_TEXT_DIR_LTR);
}

/* ---- one stop ---------------------------------------------------------------------------- */

static gboolean
press(GtkWidget *container, guint key)
{
  g_autoptr(GListModel) controllers = gtk_widget_observe_controllers(container);
  gboolean stopped = FALSE;

  for (guint i = 0; i < g_list_model_get_n_items(controllers) && !stopped; i++) {
    g_autoptr(GtkEventController) c = g_list_model_get_item(controllers, i);
    if (GTK_IS_EVENT_CONTROLLER_KEY(c))
      g_signal_emit_by_name(c, "key-pressed", key, 0, 0, &stopped);
  }
  return stopped;
}

static guint
count_focusable(GtkWidget **buttons, guint n)
{
  guint all = 0;

  for (guint i = 0; i < n; i++)
    all += gtk_widget_get_focusable(buttons[i]);
  return all;
}

static void
test_one_stop(void)
{
  GtkWidget *window = gtk_window_new(), *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
  GtkWidget *buttons[4];

  for (int i = 0; i < 4; i++) {
    buttons[i] = gtk_button_new_with_label("text");
    gtk_box_append(GTK_BOX(box), buttons[i]);
  }
  gtk_window_set_child(GTK_WINDOW(window), box);
  gtk_window_present(GTK_WINDOW(window));
  vitrine_one_stop(box, buttons, 4);
  gtk_widget_set_sensitive(buttons[1], FALSE);
  g_assert_cmpuint(count_focusable(buttons, 4), ==, 1);
  g_assert_true(gtk_widget_grab_focus(buttons[0]));
  g_assert_true(press(box, GDK_KEY_Right)); /* past the one that cannot be */
  g_assert_true(gtk_window_get_focus(GTK_WINDOW(window)) == buttons[2]);
  g_assert_true(press(box, GDK_KEY_End));
  g_assert_true(gtk_window_get_focus(GTK_WINDOW(window)) == buttons[3]);
  g_assert_true(press(box, GDK_KEY_Right)); /* round */
  g_assert_true(gtk_window_get_focus(GTK_WINDOW(window)) == buttons[0]);
  gtk_widget_set_direction(box, GTK_TEXT_DIR_RTL);
  g_assert_true(press(box, GDK_KEY_Left));
  g_assert_true(gtk_window_get_focus(GTK_WINDOW(window)) == buttons[2]);
  g_assert_false(press(box, GDK_KEY_Up));
  g_assert_cmpuint(count_focusable(buttons, 4), ==, 1);
  /* The one that has it goes: another takes its place. */
  gtk_widget_set_visible(buttons[2], FALSE);
  g_assert_cmpuint(count_focusable(buttons, 4), ==, 1);
  g_assert_true(gtk_widget_get_focusable(buttons[3]));
  gtk_window_destroy(GTK_WINDOW(window));
}

/* ---- wrapping ---------------------------------------------------------------------------- */

static void
test_wrap(void)
{
  GtkWidget *wrap = g_object_ref_sink(vitrine_wrap_new(6)), *parts[3];
  const GtkAllocation wide = {0, 0, 400, 20}, narrow = {0, 0, 230, 46};

  for (int i = 0; i < 3; i++) {
    parts[i] = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    gtk_widget_set_size_request(parts[i], 100, 20);
    vitrine_wrap_append(VITRINE_WRAP(wrap), parts[i]);
  }
  gtk_widget_set_hexpand(parts[1], TRUE);
  g_assert_cmpint(least(wrap, GTK_ORIENTATION_HORIZONTAL, -1), ==, 100);
  g_assert_cmpint(least(wrap, GTK_ORIENTATION_VERTICAL, 312), ==, 20);
  g_assert_cmpint(least(wrap, GTK_ORIENTATION_VERTICAL, 311), ==, 46);
  g_assert_cmpint(least(wrap, GTK_ORIENTATION_VERTICAL, 100), ==, 72);
  gtk_widget_size_allocate(wrap, &wide, -1);
  g_assert_cmpint(gtk_widget_get_width(parts[1]), ==, 188); /* all that is left over */
  g_assert_cmpint(x_of(parts[2], wrap), ==, 300);
  gtk_widget_size_allocate(wrap, &narrow, -1);
  g_assert_cmpint(gtk_widget_get_width(parts[1]), ==, 124);
  g_assert_cmpint(x_of(parts[2], wrap), ==, 0);
  gtk_widget_set_direction(wrap, GTK_TEXT_DIR_RTL);
  gtk_widget_size_allocate(wrap, &narrow, -1);
  g_assert_cmpint(x_of(parts[0], wrap), ==, 130);
  g_assert_cmpint(x_of(parts[1], wrap), ==, 0);
  gtk_widget_set_visible(parts[0], FALSE);
  g_assert_cmpint(least(wrap, GTK_ORIENTATION_VERTICAL, 206), ==, 20);
  g_object_unref(wrap);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  adw_init();
  g_test_add_func("/adaptive/one-stop", test_one_stop);
  g_test_add_func("/adaptive/wrap", test_wrap);
  g_test_add_func("/adaptive/narrow", test_narrow);
  g_test_add_func("/adaptive/wide-again", test_wide_again);
  g_test_add_func("/adaptive/large-text", test_large_text);
  g_test_add_func("/adaptive/right-to-left", test_right_to_left);
  return g_test_run();
}
