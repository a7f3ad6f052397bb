/* A change is answered within a frame or so, by a smaller picture where the whole one takes
 * longer; the whole one follows. */
#include "tests/support/random-model.h"
#include "tests/support/window-fixture.h"

#define WHOLE 256

typedef struct {
  int n, size[64]; /* what was shown, one after the other */
} Seen;

static int
shown_size(Fixture *f)
{
  GdkTexture *t = vitrine_view_get_texture(vitrine_session_get_view(f->session));
  return t ? gdk_texture_get_width(t) : 0;
}

static void
picture_cb(VitrineView *view, Seen *seen)
{
  GdkTexture *t = vitrine_view_get_texture(view);

  if (t && seen->n < (int)G_N_ELEMENTS(seen->size))
    seen->size[seen->n++] = gdk_texture_get_width(t);
}

static gboolean
is_whole(Fixture *f, gpointer data)
{
  VitrineView *view = vitrine_session_get_view(f->session);
  return vitrine_view_is_current(view) && shown_size(f) == WHOLE;
}

/* Slow enough for any processor: 256×256 with the widths of the papers. */
static char *
large_model(void)
{
  RandomModelSpec spec = RANDOM_MODEL_SPEC_INIT;
  g_autoptr(GError) error = NULL;
  char *path = fixture_path("large.safetensors");

  spec.resolution = WHOLE;
  g_autoptr(SgModel) model = random_model_new(&spec, &error);
  g_assert_no_error(error);
  sg_model_save(model, path, &error);
  g_assert_no_error(error);
  return path;
}

static void
move(Fixture *f, double by)
{
  VitrineEditor *editor = vitrine_session_get_editor(f->session);
  SgRecipe *r = sg_recipe_copy(vitrine_editor_get_recipe(editor));

  r->w_offset[3] += by;
  vitrine_editor_apply(editor, r, "Move", "w3");
}

/* Sizes rise from one picture of a recipe to the next, and end with the whole one. */
static void
assert_grew(const Seen *seen)
{
  g_assert_cmpint(seen->n, >=, 1);
  for (int i = 1; i < seen->n; i++)
    g_assert_cmpint(seen->size[i], >=, seen->size[i - 1]);
  g_assert_cmpint(seen->size[seen->n - 1], ==, WHOLE);
}

static void
test_first_answer(void)
{
  Fixture f;
  Seen seen = {0};
  g_autofree char *path = large_model();

  fixture_forget_state();
  fixture_open(&f, path);
  fixture_wait(&f, is_whole, NULL, 60);
  VitrineView *view = vitrine_session_get_view(f.session);
  double whole = 0;
  g_object_get(view, "render-seconds", &whole, NULL);
  g_signal_connect(view, "picture-changed", G_CALLBACK(picture_cb), &seen);

  /* A key or an entry: no gesture. */
  move(&f, 1);
  fixture_wait(&f, is_whole, NULL, 60);
  assert_grew(&seen);
  if (whole > 0.05)
    g_assert_cmpint(seen.size[0], <, WHOLE);

  /* A finger that rests without letting go sees the whole picture, too. */
  VitrineEditor *editor = vitrine_session_get_editor(f.session);
  seen.n = 0;
  vitrine_editor_begin_gesture(editor);
  move(&f, 1);
  fixture_wait(&f, is_whole, NULL, 60);
  assert_grew(&seen);
  vitrine_editor_end_gesture(editor);
  fixture_settle(&f);
  g_assert_cmpint(shown_size(&f), ==, WHOLE);
  g_signal_handlers_disconnect_by_data(view, &seen);
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/window/first-answer", test_first_answer);
  return g_test_run();
}
