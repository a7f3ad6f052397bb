/* A model of 1024×1024 pixels: the window is never dead, whatever is asked of it, and closes at
 * once. */
#include <math.h>
#include <time.h>
#include "tests/support/random-model.h"
#include "tests/support/window-fixture.h"
#include "ui/layers/vitrine-layers-pane.h"
#include "ui/shell/vitrine-side.h"

#define WHOLE 1024
#define FACES 32
/* Of the main thread's processor time, which other programs do not lengthen. */
#define STALL_SECONDS 0.05
#define CLOSE_SECONDS 0.5
/* Other programs, and what looks at every access to memory. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#  define SLOWER 12
#else
#  define SLOWER 1
#endif

/* Narrow, so that the test is short: what makes it large is the number of pixels. */
static char *
model_of(int resolution)
{
  RandomModelSpec spec = RANDOM_MODEL_SPEC_INIT;
  g_autoptr(GError) error = NULL;
  char *path = fixture_path("large.safetensors");

  spec.resolution = resolution;
  spec.channel_max = 16;
  spec.z_dim = spec.w_dim = 64;
  g_autoptr(SgModel) model = random_model_new(&spec, &error);
  g_assert_no_error(error);
  sg_model_save(model, path, &error);
  g_assert_no_error(error);
  return path;
}

/* ---- how long one turn of the main loop keeps everything else waiting ------------------------ */

static double worst_turn;

static double
seconds_of(clockid_t clock)
{
  struct timespec t;

  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static gboolean
wake_cb(gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static void
turn(const char *during)
{
  double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);

  g_main_context_iteration(NULL, TRUE);
  double took = seconds_of(CLOCK_THREAD_CPUTIME_ID) - start;
  if (took > STALL_SECONDS / 2)
    g_test_message("%s: a turn of %.0f ms", during, took * 1e3);
  worst_turn = MAX(worst_turn, took);
}

typedef gboolean (*Arrived)(Fixture *f);

/* FALSE: it did not come within these seconds. */
static gboolean
run_until(Fixture *f, const char *during, Arrived arrived, double seconds)
{
  double end = seconds_of(CLOCK_MONOTONIC) + seconds;
  guint waker = g_timeout_add(5, wake_cb, NULL);
  gboolean good = FALSE;

  while (!(good = arrived && arrived(f)) && seconds_of(CLOCK_MONOTONIC) < end)
    turn(during);
  g_source_remove(waker);
  return good;
}

/* ---- what a person does ---------------------------------------------------------------------- */

static void
change(Fixture *f, int faces, double by)
{
  VitrineEditor *editor = vitrine_session_get_editor(f->session);
  SgRecipe *r = sg_recipe_copy(vitrine_editor_get_recipe(editor));

  r->faces = faces;
  r->w_offset[3] += by;
  vitrine_editor_apply(editor, r, "Move", "w3");
}

static guint pictures;

static void
picture_cb(VitrineView *view, gpointer data)
{
  pictures++;
}

static gboolean
has_picture(Fixture *f)
{
  return pictures > 0;
}

static gboolean
is_current(Fixture *f)
{
  return vitrine_view_is_current(vitrine_session_get_view(f->session));
}

static void
drag(Fixture *f, int faces, const char *during)
{
  VitrineEditor *editor = vitrine_session_get_editor(f->session);

  pictures = 0;
  vitrine_editor_begin_gesture(editor);
  change(f, faces, 0.05);
  g_assert_true(run_until(f, during, has_picture, 2 * SLOWER));
  for (int i = 0; i < 20; i++) {
    change(f, faces, 0.05);
    run_until(f, during, NULL, 0.016);
  }
  vitrine_editor_end_gesture(editor);
}

static VitrineSide *
side(Fixture *f)
{
  return VITRINE_SIDE(gtk_widget_get_parent(fixture_part(f, "pane-switcher")));
}

static VitrineLayersPane *
layers_pane(Fixture *f)
{
  return VITRINE_LAYERS_PANE(vitrine_side_get_pane(side(f), "layers"));
}

static gboolean
layers_are_current(Fixture *f)
{
  return vitrine_layers_pane_is_current(layers_pane(f));
}

/* The last convolution: its channels side by side are 16 million pixels. */
static void
look_into_last_layer(Fixture *f)
{
  vitrine_side_show(side(f), "layers");
  g_assert_true(run_until(f, "layers", layers_are_current, 10 * SLOWER));
  vitrine_layers_pane_show(layers_pane(f), 24, -1);
  g_assert_true(run_until(f, "the last layer", layers_are_current, 10 * SLOWER));
  for (int i = 0; i < 5; i++) { /* drawn now and then */
    gtk_widget_queue_draw(fixture_part(f, "layer-grid"));
    run_until(f, "the last layer is drawn", NULL, 0.1);
  }
}

static gboolean
window_gone(Fixture *f)
{
  return gtk_application_get_windows(GTK_APPLICATION(f->application)) == NULL;
}

/* Returns the seconds that all threads work until nothing of it runs any more; *wall: that pass,
 * beside whatever else this machine does. */
static double
close_window(Fixture *f, double *wall)
{
  double start = seconds_of(CLOCK_MONOTONIC), worked = seconds_of(CLOCK_PROCESS_CPUTIME_ID);

  gtk_window_close(GTK_WINDOW(f->window));
  while (!window_gone(f))
    g_main_context_iteration(NULL, TRUE);
  g_clear_object(&f->session);
  g_clear_object(&f->application);
  *wall = seconds_of(CLOCK_MONOTONIC) - start;
  return seconds_of(CLOCK_PROCESS_CPUTIME_ID) - worked;
}

static gboolean
is_scored(Fixture *f)
{
  return !isnan(vitrine_view_get_score(vitrine_session_get_view(f->session)));
}

/* Its discriminator is used when somebody asks, and from then on. */
static void
score(Fixture *f)
{
  GtkWidget *button = fixture_part(f, "status-score-button");

  g_assert_true(run_until(f, "one face", is_current, 10 * SLOWER));
  g_assert_false(run_until(f, "no score", is_scored, 0.5));
  g_assert_true(gtk_widget_get_mapped(button));
  g_signal_emit_by_name(button, "clicked");
  g_assert_true(run_until(f, "a score", is_scored, 10 * SLOWER));
  g_assert_false(gtk_widget_get_visible(button));
}

static void
test_large(void)
{
  static const char *const panes[] = {"explore", "mixing", "pruning",
                                      "weights", "layers", "latent"};
  Fixture f;
  g_autofree char *path = model_of(WHOLE);

  fixture_forget_state();
  fixture_open(&f, path);
  VitrineView *view = vitrine_session_get_view(f.session);
  g_signal_connect(view, "picture-changed", G_CALLBACK(picture_cb), NULL);

  score(&f);
  worst_turn = 0;
  drag(&f, 1, "one face is dragged");
  drag(&f, FACES, "a grid is dragged");
  for (guint i = 0; i < G_N_ELEMENTS(panes); i++) {
    vitrine_side_show(side(&f), panes[i]);
    run_until(&f, panes[i], NULL, 0.3 * MIN(SLOWER, 3));
    change(&f, FACES, 0.05);
  }
  change(&f, 1, 0.05);
  look_into_last_layer(&f);
  vitrine_side_show(side(&f), "latent");
  change(&f, FACES, 0.05);
  run_until(&f, "a grid once more", NULL, 0.2);
  /* Left before it is done, for one face: nobody waits for the others. */
  change(&f, 1, 0.05);
  g_assert_true(run_until(&f, "one face again", is_current, 2 * SLOWER));
  change(&f, FACES, 0.05);
  run_until(&f, "a grid again", NULL, 0.2);
  g_signal_handlers_disconnect_by_func(view, picture_cb, NULL);
  double wall, seconds = close_window(&f, &wall);
  g_test_message("worst turn %.1f ms, closed in %.2f s (%.2f s of all processors)",
                 worst_turn * 1e3, wall, seconds);
  g_assert_cmpfloat(worst_turn, <, STALL_SECONDS * SLOWER);
  g_assert_cmpfloat(seconds, <, CLOSE_SECONDS * SLOWER);
  g_assert_cmpfloat(wall, <, 10 * CLOSE_SECONDS * SLOWER);
}

/* ---- what takes hours is asked for ----------------------------------------------------------- */

static gboolean
says(Fixture *f, gpointer text)
{
  GtkWidget *bar = fixture_part(f, "prune-sweep-progress");
  return strstr(gtk_progress_bar_get_text(GTK_PROGRESS_BAR(bar)), text) != NULL;
}

static const char *
sweep_button(Fixture *f)
{
  return gtk_button_get_label(GTK_BUTTON(fixture_part(f, "prune-sweep-button")));
}

static void
test_asked(void)
{
  Fixture f;
  g_autofree char *path = model_of(256);

  fixture_forget_state();
  fixture_open(&f, path);
  vitrine_side_show(side(&f), "pruning");
  fixture_wait(&f, says, (gpointer) "takes", 60);
  g_assert_true(says(&f, (gpointer) "0 of"));
  g_assert_cmpstr(sweep_button(&f), ==, "Start");
  g_signal_emit_by_name(fixture_part(&f, "prune-sweep-button"), "clicked");
  fixture_wait(&f, says, (gpointer) "left", 60);
  g_assert_cmpstr(sweep_button(&f), ==, "Cancel");
  g_signal_emit_by_name(fixture_part(&f, "prune-sweep-button"), "clicked");
  g_assert_cmpstr(sweep_button(&f), !=, "Cancel");
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/window/large", test_large);
  g_test_add_func("/window/asked", test_asked);
  return g_test_run();
}
