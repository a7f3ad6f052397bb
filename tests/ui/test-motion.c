/* The picture of a StyleGAN3 is moved and turned itself; test-keyboard.c presses the keys. */
#include <math.h>
#include "engine/nets/fourier.h"
#include "tests/support/window-fixture.h"
#include "app/session/vitrine-editor.h"
#include "ui/canvas/vitrine-canvas-private.h"
#include "ui/shell/vitrine-window-private.h"

static void
open_model(Fixture *f, const char *name)
{
  g_autofree char *path = g_build_filename(g_getenv("VITRINE_TEST_FILES"), name, NULL);

  fixture_forget_state();
  fixture_open(f, path);
}

static gboolean
is_moved(Fixture *f, gpointer data)
{
  return fixture_recipe(f)->translate_x > 0;
}

static gboolean
is_turned(Fixture *f, gpointer data)
{
  return fixture_recipe(f)->rotate != 0;
}

static gboolean
is_back(Fixture *f, gpointer data)
{
  return !is_moved(f, NULL) && !is_turned(f, NULL);
}

static gboolean
key(Fixture *f, guint which, GdkModifierType state)
{
  return vitrine_canvas_lie_key(f->window->canvas, which, state);
}

static void
test_keys(void)
{
  Fixture f;

  open_model(&f, "sg3_small.safetensors");
  g_autofree char *before = fixture_screen_hash(&f);
  g_assert_false(key(&f, GDK_KEY_Right, 0));
  g_assert_true(key(&f, GDK_KEY_Right, GDK_CONTROL_MASK));
  g_assert_true(is_moved(&f, NULL));
  fixture_settle(&f);
  g_assert_cmpfloat_with_epsilon(fixture_recipe(&f)->translate_x, 0.02, 1e-9);
  g_autofree char *after = fixture_screen_hash(&f);
  g_assert_cmpstr(before, !=, after);
  fixture_run_for(1.2); /* a new step of the history */
  key(&f, GDK_KEY_Left, GDK_CONTROL_MASK | GDK_SHIFT_MASK);
  g_assert_true(is_turned(&f, NULL));
  g_assert_cmpfloat_with_epsilon(fixture_recipe(&f)->rotate, 2, 1e-9);
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  g_assert_true(is_moved(&f, NULL) && !is_turned(&f, NULL));
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  g_assert_true(is_back(&f, NULL));
  fixture_settle(&f);
  g_autofree char *again = fixture_screen_hash(&f);
  g_assert_cmpstr(before, ==, again);
  fixture_close(&f);
}

/* A hand moves the picture that is there; when it lets go that is one step of the history. */
static void
test_drag(void)
{
  Fixture f;

  open_model(&f, "sg3_small.safetensors");
  VitrineCanvas *canvas = f.window->canvas;
  g_autofree char *before = fixture_screen_hash(&f);
  double x = canvas->view.width / 2, y = canvas->view.height / 2;
  g_assert_false(vitrine_canvas_lie_begin(canvas, x, y, 0));
  g_assert_false(vitrine_canvas_lie_begin(canvas, 1, 1, GDK_CONTROL_MASK)); /* beside it */
  g_assert_true(vitrine_canvas_lie_begin(canvas, x, y, GDK_CONTROL_MASK));
  double side = (double)canvas->lie_face.size.width;
  canvas->dragging_lie = TRUE;
  vitrine_canvas_lie_drag(canvas, x, y, side / 4, 0, FALSE);
  g_assert_true(is_back(&f, NULL));
  fixture_run_for(0.3);
  g_autofree char *held = fixture_screen_hash(&f);
  g_assert_cmpstr(before, !=, held);
  vitrine_canvas_lie_drag(canvas, x, y, side / 4, 0, TRUE);
  canvas->dragging_lie = FALSE;
  g_assert_cmpfloat_with_epsilon(fixture_recipe(&f)->translate_x, 0.25, 1e-6);
  g_assert_cmpfloat(fabs(fixture_recipe(&f)->translate_y), <, 1e-9);
  fixture_settle(&f);
  g_assert_cmpfloat(canvas->lie_x, ==, 0); /* the model has drawn it there */
  /* A quarter turn around the face's middle takes what was moved with it. */
  g_assert_true(
      vitrine_canvas_lie_begin(canvas, x + side / 4, y, GDK_CONTROL_MASK | GDK_SHIFT_MASK));
  vitrine_canvas_lie_drag(canvas, x + side / 4, y, -side / 4, -side / 4, TRUE);
  g_assert_cmpfloat_with_epsilon(fixture_recipe(&f)->rotate, 90, 1);
  g_assert_cmpfloat_with_epsilon(fixture_recipe(&f)->translate_y, -0.25, 0.01);
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  vitrine_editor_undo(vitrine_session_get_editor(f.session));
  g_assert_true(is_back(&f, NULL));
  fixture_close(&f);
}

/* Elsewhere Ctrl and an arrow do nothing; noise has its controls. */
static void
test_others(void)
{
  Fixture f;

  open_model(&f, "sg3_small.safetensors");
  g_assert_true(gtk_widget_get_visible(fixture_part(&f, "no-noise")));
  fixture_close(&f);
  open_model(&f, "sg2.safetensors");
  g_assert_false(gtk_widget_get_visible(fixture_part(&f, "no-noise")));
  g_assert_false(key(&f, GDK_KEY_Right, GDK_CONTROL_MASK));
  g_assert_true(is_back(&f, NULL));
  fixture_close(&f);
}

/* Anticlockwise takes what lies on the right to the top. */
static void
test_composition(void)
{
  const SgMotion right = {10, 0.25, 0}, quarter = {90, 0, 0.1};
  SgMotion m = sg_motion_then(&right, &quarter);

  g_assert_cmpfloat_with_epsilon(m.degrees, 100, 1e-9);
  g_assert_cmpfloat_with_epsilon(m.x, 0, 1e-9);
  g_assert_cmpfloat_with_epsilon(m.y, -0.15, 1e-9);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/motion/composition", test_composition);
  g_test_add_func("/motion/keys", test_keys);
  g_test_add_func("/motion/drag", test_drag);
  g_test_add_func("/motion/others", test_others);
  return g_test_run();
}
