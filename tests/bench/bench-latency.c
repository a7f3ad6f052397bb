/* How soon the window answers: milliseconds from a change to the first picture that has it, which
 * may be small, or some faces of a grid; and from the last change to the picture at rest. A drag
 * changes 60 times a second, a wheel turns five notches 40 ms apart, a key is pressed when all is
 * quiet.
 *
 * bench-latency MODEL…, under tests/ui/run-under-xvfb; a MODEL may be RESOLUTION:CHANNEL_BASE,
 * which is made of random weights. tests/bench/latency runs all that RESULTS.md has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/directions/ranks.h"
#include "tests/support/random-model.h"
#include "tests/support/window-fixture.h"

#define LOST_USEC (20 * G_USEC_PER_SEC)

typedef struct {
  const char *name;
  gboolean gesture;
  int bursts, changes; /* in a burst */
  int apart_ms, rest_ms;
} Kind;

static const Kind kinds[] = {{"drag", TRUE, 1, 180, 16, 300},
                             {"wheel", FALSE, 8, 5, 40, 300},
                             {"key", FALSE, 12, 1, 0, 300}};

typedef struct {
  Fixture *f;
  GArray *at;      /* when each change was made; 0: answered */
  GArray *ms;      /* of double: what answers took */
  GArray *rest_ms; /* from the last change of a burst to the picture at rest */
  guint pictures;
  int size;
} Bench;

/* The number of the change, in the recipe. */
#define STEP 1e-4

static void
picture_cb(VitrineView *view, gpointer data)
{
  Bench *b = data;
  const SgRecipe *drawn = vitrine_view_get_drawn(view);
  gint64 now = g_get_monotonic_time();
  int last = drawn ? (int)(drawn->w_offset[3] / STEP + 0.5) : -1;

  b->pictures++;
  for (int i = 0; i <= last && i < (int)b->at->len; i++) {
    gint64 *at = &g_array_index(b->at, gint64, i);
    double ms = (double)(now - *at) / 1e3;
    if (*at)
      g_array_append_val(b->ms, ms);
    *at = 0;
  }
}

static void
change(Bench *b, int faces)
{
  SgRecipe *r = sg_recipe_copy(vitrine_session_get_recipe(b->f->session));
  gint64 now = g_get_monotonic_time();

  r->faces = faces;
  r->w_offset[3] = STEP * b->at->len;
  g_array_append_val(b->at, now);
  vitrine_editor_apply(vitrine_session_get_editor(b->f->session), r, "Move", "w3");
}

static gboolean
wake_cb(gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static gboolean
is_current(Bench *b)
{
  return vitrine_view_is_current(vitrine_session_get_view(b->f->session));
}

/* Until `end`, or until `arrived` where that is not NULL. */
static void
run_until(Bench *b, gint64 end, gboolean (*arrived)(Bench *b))
{
  guint waker = g_timeout_add(2, wake_cb, NULL);

  while (g_get_monotonic_time() < end && !(arrived && arrived(b)))
    g_main_context_iteration(NULL, TRUE);
  g_source_remove(waker);
}

static void
burst(Bench *b, const Kind *kind, int faces)
{
  VitrineEditor *editor = vitrine_session_get_editor(b->f->session);
  gint64 next = g_get_monotonic_time();

  if (kind->gesture)
    vitrine_editor_begin_gesture(editor);
  for (int i = 0; i < kind->changes; i++) {
    change(b, faces);
    next = MAX(next + kind->apart_ms * 1000, g_get_monotonic_time());
    run_until(b, next, NULL);
  }
  GdkTexture *texture = vitrine_view_get_texture(vitrine_session_get_view(b->f->session));
  if (kind->gesture && texture)
    b->size = gdk_texture_get_width(texture);
  if (kind->gesture)
    vitrine_editor_end_gesture(editor);
  gint64 start = g_get_monotonic_time();
  run_until(b, start + LOST_USEC, is_current);
  double ms = (double)(g_get_monotonic_time() - start) / 1e3;
  g_array_append_val(b->rest_ms, ms);
  run_until(b, g_get_monotonic_time() + kind->rest_ms * 1000, NULL);
}

static double
of_all(GArray *values, double share)
{
  double *v = (double *)(gpointer)values->data;

  if (values->len == 0)
    return 0;
  sg_ranks_sort(values->len, v);
  return v[MIN((guint)(share * values->len), values->len - 1)];
}

static void
measure(Bench *b, const char *label, const Kind *kind, int faces)
{
  b->at = g_array_new(FALSE, FALSE, sizeof(gint64));
  b->ms = g_array_new(FALSE, FALSE, sizeof(double));
  b->rest_ms = g_array_new(FALSE, FALSE, sizeof(double));
  b->pictures = 0;
  b->size = 0;
  for (int i = 0; i < kind->bursts; i++)
    burst(b, kind, faces);
  printf("| %s | %d | %s | %.1f / %.1f / %.1f | %.0f | %u of %u |", label, faces, kind->name,
         of_all(b->ms, 0.5), of_all(b->ms, 0.95), of_all(b->ms, 1), of_all(b->rest_ms, 0.5),
         b->pictures, b->at->len);
  if (b->size)
    printf(" %d |\n", b->size);
  else
    printf(" |\n");
  fflush(stdout);
  g_array_unref(b->at);
  g_array_unref(b->ms);
  g_array_unref(b->rest_ms);
}

/* The path of the model that the argument names, to be freed. */
static char *
model_of(const char *argument)
{
  RandomModelSpec spec = RANDOM_MODEL_SPEC_INIT;
  g_autoptr(GError) error = NULL;

  if (sscanf(argument, "%d:%d", &spec.resolution, &spec.channel_base) != 2)
    return g_strdup(argument);
  spec.channel_max = 512;
  spec.mapping_layers = 8;
  char *path = fixture_path("latency.safetensors");
  g_autoptr(SgModel) model = random_model_new(&spec, &error);
  if (!model || !sg_model_save(model, path, &error))
    g_error("%s", error->message);
  return path;
}

static void
open_model(const char *argument)
{
  static const int faces[] = {1, 9, 32};
  g_autofree char *path = model_of(argument);
  gint64 start = g_get_monotonic_time();
  Fixture f;
  Bench b = {.f = &f};

  fixture_forget_state();
  fixture_open(&f, path);
  fprintf(stderr, "%s: opened in %.2f s\n", argument,
          (double)(g_get_monotonic_time() - start) / 1e6);
  int size = vitrine_session_get_model(f.session)->info.img_resolution;
  g_autofree char *label = g_strdup_printf("%d²", size);
  VitrineView *view = vitrine_session_get_view(f.session);
  g_signal_connect(view, "picture-changed", G_CALLBACK(picture_cb), &b);
  for (gsize i = 0; i < G_N_ELEMENTS(faces); i++) {
    change(&(Bench){.f = &f, .at = g_array_new(FALSE, FALSE, sizeof(gint64))}, faces[i]);
    b.at = g_array_new(FALSE, FALSE, sizeof(gint64));
    run_until(&b, g_get_monotonic_time() + LOST_USEC, is_current);
    run_until(&b, g_get_monotonic_time() + 2 * G_USEC_PER_SEC, NULL);
    g_array_unref(b.at);
    for (gsize k = 0; k < G_N_ELEMENTS(kinds); k++)
      measure(&b, label, &kinds[k], faces[i]);
  }
  g_signal_handlers_disconnect_by_func(view, picture_cb, &b);
  fixture_close(&f);
}

int
main(int argc, char **argv)
{
  gtk_test_init(&argc, &argv, NULL);
  printf(
      "| picture | faces | change | first answer, ms: median / 95 %% / max | at rest, ms: median "
      "| pictures of changes | pixels across in a drag |\n| --- | --- | --- | --- | --- | --- | "
      "--- |\n");
  for (int i = 1; i < argc; i++)
    open_model(argv[i]);
  return 0;
}
