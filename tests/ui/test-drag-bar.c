/* Dragging points in the real window: set by pointer's functions and by keys, dragged, undone by
 * steps with the points, held parts kept, and left by Escape. */
#include "tests/support/window-fixture.h"
#include "ui/projection/vitrine-drag-bar.h"
#include <math.h>
#include <string.h>

static VitrineGrips *
grips(Fixture *f)
{
  return vitrine_drag_bar_get_grips(VITRINE_DRAG_BAR(fixture_part(f, "drag-bar")));
}

static const char *
said(Fixture *f)
{
  return gtk_label_get_text(GTK_LABEL(fixture_part(f, "drag-status")));
}

static void
show(Fixture *f, gboolean shown)
{
  g_action_group_change_action_state(G_ACTION_GROUP(f->window), "drag-points",
                                     g_variant_new_boolean(shown));
}

static void
click(Fixture *f, const char *name)
{
  GtkWidget *button = fixture_part(f, name);

  g_assert_true(gtk_widget_is_sensitive(button));
  g_signal_emit_by_name(button, "clicked");
}

static double
distance(Fixture *f)
{
  int n;
  const VitrineGrip *p = vitrine_grips_get_points(grips(f), &n);

  g_assert_cmpint(n, ==, 1);
  return hypot(p->target_x - p->x, p->target_y - p->y);
}

static gboolean
has_ended(Fixture *f, gpointer data)
{
  return strstr(said(f), "arrived") != NULL;
}

/* A mouth goes six pixels to the right, and back step by step. */
static void
test_drag(void)
{
  Fixture f;

  fixture_open(&f, NULL);
  g_assert_false(gtk_widget_get_visible(fixture_part(&f, "drag-bar")));
  vitrine_editor_set_seed(vitrine_session_get_editor(f.session), 3);
  vitrine_editor_set_faces(vitrine_session_get_editor(f.session), 4);
  show(&f, TRUE);
  g_assert_cmpint(fixture_recipe(&f)->faces, ==, 1);
  fixture_settle(&f);
  g_assert_false(gtk_widget_is_sensitive(fixture_part(&f, "drag-start")));
  g_assert_true(vitrine_grips_add(grips(&f), 32, 44));
  g_assert_false(gtk_widget_is_sensitive(fixture_part(&f, "drag-start")));
  vitrine_grips_move_target(grips(&f), 38, 44);
  g_autoptr(SgRecipe) before = sg_recipe_copy(fixture_recipe(&f));
  click(&f, "drag-start");
  fixture_wait(&f, has_ended, NULL, 120);
  g_assert_nonnull(strstr(said(&f), " arrived"));
  g_assert_null(strstr(said(&f), "not arrived"));
  g_assert_cmpfloat(distance(&f), <=, 1);
  g_assert_cmpint(fixture_recipe(&f)->w_layers, ==,
                  vitrine_session_get_model(f.session)->info.num_ws);
  g_assert_true(gtk_widget_get_visible(fixture_part(&f, "drag-gauge")));
  fixture_settle(&f);
  int steps = 0;
  while (!sg_recipe_equal(fixture_recipe(&f), before) && steps < 60) {
    vitrine_editor_undo(vitrine_session_get_editor(f.session));
    steps++;
  }
  g_assert_true(sg_recipe_equal(fixture_recipe(&f), before));
  g_assert_cmpint(steps, >, 1);
  g_assert_cmpfloat(distance(&f), ==, 6); /* the points went back, too */
  show(&f, FALSE);
  fixture_close(&f);
}

static gboolean
is_on_the_way(Fixture *f, gpointer data)
{
  return strstr(said(f), "to go") != NULL;
}

/* What runs stops where it is asked to, and where somebody else changes the face. */
static void
test_stop(void)
{
  Fixture f;

  fixture_open(&f, NULL);
  show(&f, TRUE);
  vitrine_grips_add(grips(&f), 20, 20);
  vitrine_grips_move_target(grips(&f), 60, 60);
  click(&f, "drag-start");
  fixture_wait(&f, is_on_the_way, NULL, 60);
  click(&f, "drag-start"); /* now it says Stop */
  g_assert_cmpstr(gtk_button_get_label(GTK_BUTTON(fixture_part(&f, "drag-start"))), ==, "_Drag");
  g_autoptr(SgRecipe) stopped = sg_recipe_copy(fixture_recipe(&f));
  fixture_run_for(0.5);
  g_assert_true(sg_recipe_equal(fixture_recipe(&f), stopped));
  click(&f, "drag-start");
  vitrine_editor_set_seed(vitrine_session_get_editor(f.session), 9);
  g_assert_cmpstr(gtk_button_get_label(GTK_BUTTON(fixture_part(&f, "drag-start"))), ==, "_Drag");
  fixture_run_for(0.5);
  g_assert_null(fixture_recipe(&f)->w_base);
  click(&f, "drag-clear");
  g_assert_false(gtk_widget_is_sensitive(fixture_part(&f, "drag-start")));
  fixture_close(&f);
}

/* The brush marks, wipes and is seen; Escape on the picture lets go. */
static void
test_brush(void)
{
  Fixture f;

  fixture_open(&f, NULL);
  show(&f, TRUE);
  fixture_settle(&f);
  g_autofree char *plain = fixture_screen_hash(&f);
  gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(fixture_part(&f, "drag-hold")), TRUE);
  g_assert_cmpint(vitrine_grips_get_tool(grips(&f)), ==, VITRINE_GRIPS_HOLD);
  vitrine_grips_paint(grips(&f), 10, 10, 5, TRUE);
  const guint8 *held = vitrine_grips_get_held(grips(&f));
  g_assert_true(held[10 * 64 + 10] && held[10 * 64 + 14] && !held[10 * 64 + 15]);
  vitrine_grips_paint(grips(&f), 10, 10, 2, FALSE);
  g_assert_true(!held[10 * 64 + 10] && held[10 * 64 + 13]);
  fixture_run_for(0.2);
  g_autofree char *painted = fixture_screen_hash(&f);
  g_assert_cmpstr(plain, !=, painted);
  click(&f, "drag-clear");
  g_assert_null(vitrine_grips_get_held(grips(&f)));
  vitrine_grips_set_active(grips(&f), FALSE); /* as Escape does */
  g_assert_false(gtk_widget_get_visible(fixture_part(&f, "drag-bar")));
  g_autoptr(GVariant) state =
      g_action_group_get_action_state(G_ACTION_GROUP(f.window), "drag-points");
  g_assert_false(g_variant_get_boolean(state));
  fixture_close(&f);
}

/* Points stay in the picture, are no more than can be, and go with their size. */
static void
test_grips(void)
{
  g_autoptr(VitrineGrips) g = vitrine_grips_new();
  int n;

  g_assert_false(vitrine_grips_add(g, 1, 1)); /* no picture yet */
  vitrine_grips_set_size(g, 8, 8);
  for (int i = 0; i < VITRINE_GRIPS_MAX; i++)
    g_assert_true(vitrine_grips_add(g, 20, -3));
  g_assert_false(vitrine_grips_add(g, 1, 1));
  const VitrineGrip *p = vitrine_grips_get_points(g, &n);
  g_assert_true(p[0].x == 7 && p[0].y == 0 && n == VITRINE_GRIPS_MAX);
  vitrine_grips_choose(g, 0);
  vitrine_grips_remove_chosen(g);
  vitrine_grips_get_points(g, &n);
  g_assert_cmpint(n, ==, VITRINE_GRIPS_MAX - 1);
  vitrine_grips_set_size(g, 16, 16);
  vitrine_grips_get_points(g, &n);
  g_assert_cmpint(n, ==, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/drag-bar/grips", test_grips);
  g_test_add_func("/drag-bar/drag", test_drag);
  g_test_add_func("/drag-bar/stop", test_stop);
  g_test_add_func("/drag-bar/brush", test_brush);
  return g_test_run();
}
