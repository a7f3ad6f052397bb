/* A change is answered within a frame or so, by a smaller picture where the whole one takes
 * longer; the whole one follows. */
#include "app/session/vitrine-render-thread.h"
#include "engine/backend/backend-device.h"
#include "tests/support/random-model.h"
#include "ui/parts/vitrine-device-text.h"
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

/* ---- in bf16 while something moves ----------------------------------------------------------- */

typedef struct {
  gboolean rough;
  guchar *pixels;
  gsize bytes;
} Drawn;

static void
drawn_cb(VitrineReport *report, gpointer user_data)
{
  Drawn *d = user_data;

  if (!report->frame)
    return;
  g_assert_no_error(report->frame->error);
  int w = gdk_texture_get_width(report->frame->texture), h = w;
  d->rough = report->frame->rough;
  d->bytes = (gsize)w * (gsize)h * 4;
  d->pixels = g_malloc(d->bytes);
  gdk_texture_download(report->frame->texture, d->pixels, (gsize)w * 4);
}

static Drawn
draw(VitrineRenderThread *thread, Drawn *into, const SgRecipe *recipe, gboolean rough)
{
  *into = (Drawn){0};
  vitrine_render_thread_request(thread, recipe,
                                (VitrinePictureWish){.rough = rough, .settles = TRUE});
  while (!into->pixels)
    g_main_context_iteration(NULL, TRUE);
  return *into;
}

static int
worst(const Drawn *a, const Drawn *b)
{
  int most = 0;
  g_assert_cmpuint(a->bytes, ==, b->bytes);
  for (gsize i = 0; i < a->bytes; i++)
    most = MAX(most, abs(a->pixels[i] - b->pixels[i]));
  return most;
}

/* A rough picture is said to be one, where there are matrix units; exact ones before and after it
 * are the same bytes. */
static void
test_rough(void)
{
  RandomModelSpec spec = RANDOM_MODEL_SPEC_INIT;
  GError *error = NULL;
  Drawn now;

  spec.resolution = 64;
  spec.channel_max = 64;
  sg_backend_set_default(sg_backend_cpu());
  g_autoptr(SgModel) model = random_model_new(&spec, &error);
  g_assert_no_error(error);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  VitrineRenderThread *thread = vitrine_render_thread_new(drawn_cb, &now);
  vitrine_render_thread_set_renderer(thread, sg_renderer_new(model, sg_backend_cpu(), &error));
  Drawn exact = draw(thread, &now, recipe, FALSE), rough = draw(thread, &now, recipe, TRUE);
  Drawn after = draw(thread, &now, recipe, FALSE);
  vitrine_render_thread_free(thread);
  gboolean can = sg_backend_cpu_bf16(NULL) != NULL;
  g_test_message(can ? "matrix units: tried" : "SKIPPED: no matrix units on this processor");
  g_assert_false(exact.rough || after.rough);
  g_assert_cmpint(rough.rough, ==, can);
  g_assert_cmpint(worst(&exact, &after), ==, 0);
  g_assert_cmpint(worst(&exact, &rough), <=, can ? 4 : 0);
  g_free(exact.pixels), g_free(rough.pixels), g_free(after.pixels);
}

static gboolean
says(Fixture *f, const char *precision)
{
  g_autofree char *text = vitrine_device_text_status(f->session);
  return g_str_has_suffix(text, precision);
}

/* What is shown at rest is exact, whatever was shown while a finger moved; the status bar says
 * which; who wants only exact pictures has them. */
static void
test_rest(void)
{
  Fixture f;
  g_autofree char *path = large_model();

  fixture_forget_state();
  fixture_open(&f, path);
  fixture_wait(&f, is_whole, NULL, 60);
  VitrineView *view = vitrine_session_get_view(f.session);
  VitrineEditor *editor = vitrine_session_get_editor(f.session);
  gboolean can = sg_backend_cpu_bf16(NULL) != NULL;
  g_assert_cmpint(vitrine_view_can_be_rough(view), ==, can);
  vitrine_editor_begin_gesture(editor);
  for (int i = 0; i < 4; i++) {
    move(&f, 0.2);
    fixture_run_for(0.05);
    g_assert_true(!can || says(&f, vitrine_view_get_rough(view) ? " · bf16" : " · fp32"));
  }
  vitrine_editor_end_gesture(editor);
  fixture_wait(&f, is_whole, NULL, 60);
  fixture_settle(&f);
  g_assert_false(vitrine_view_get_rough(view));
  g_assert_true(!can || says(&f, " · fp32"));
  vitrine_view_set_rough_allowed(view, FALSE);
  g_assert_false(vitrine_view_can_be_rough(view));
  vitrine_editor_begin_gesture(editor);
  for (int i = 0; i < 2; i++) {
    move(&f, 0.2);
    fixture_run_for(0.05);
    g_assert_false(vitrine_view_get_rough(view));
  }
  vitrine_editor_end_gesture(editor);
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/window/first-answer", test_first_answer);
  g_test_add_func("/window/rough", test_rough);
  g_test_add_func("/window/rest", test_rest);
  return g_test_run();
}
