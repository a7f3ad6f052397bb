/* A large model in the window, as a person meets it: how long until a drag, a key and a grid are
 * answered, how long the longest turn of the main loop keeps everything waiting (processor time),
 * what memory there is in use, how long closing takes. Medians; in brackets the processors' time
 * from the change on, with what of the background ran before it ended. bench-large MODEL under
 * tests/ui/run-under-xvfb. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include "tests/support/window-fixture.h"
#include "ui/shell/vitrine-side.h"

typedef gboolean (*Arrived)(Fixture *f);

static guint pictures;
static double worst;

static double
now(clockid_t clock)
{
  struct timespec t;

  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Milliseconds until it has come, or so many seconds are over. */
static double
wait_for(Fixture *f, Arrived arrived, double seconds)
{
  double start = now(CLOCK_MONOTONIC);

  while (!(arrived && arrived(f)) && now(CLOCK_MONOTONIC) - start < seconds) {
    double cpu = now(CLOCK_THREAD_CPUTIME_ID);
    if (!g_main_context_iteration(NULL, FALSE))
      g_usleep(500);
    worst = MAX(worst, now(CLOCK_THREAD_CPUTIME_ID) - cpu);
  }
  return (now(CLOCK_MONOTONIC) - start) * 1e3;
}

static void
picture_cb(gpointer view, gpointer data)
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
change(Fixture *f, int faces)
{
  SgRecipe *r = sg_recipe_copy(vitrine_session_get_recipe(f->session));

  r->faces = faces;
  r->w_offset[3] += 0.05;
  vitrine_editor_apply(vitrine_session_get_editor(f->session), r, "Move", "w3");
}

static int
compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double
memory(const char *name)
{
  g_autofree char *text = NULL;

  g_file_get_contents("/proc/self/status", &text, NULL, NULL);
  return g_ascii_strtod(strstr(text, name) + strlen(name), NULL) / 1024;
}

static void
report(const char *what, double ms)
{
  static double before;
  double worked = now(CLOCK_PROCESS_CPUTIME_ID);

  printf("%-44s%9.1f ms (processors since the line above %8.1f ms)   worst turn %6.1f ms, "
         "memory %5.0f MiB (peak %5.0f)\n",
         what, ms, (worked - before) * 1e3, worst * 1e3, memory("VmRSS:"), memory("VmHWM:"));
  fflush(stdout);
  before = worked;
  worst = 0;
}

/* First answers of single changes, with the picture at rest before each. */
static void
keys(Fixture *f, int faces, int n)
{
  g_autofree double *first = g_new(double, n), *whole = g_new(double, n);
  g_autofree double *worked = g_new(double, n), *first_worked = g_new(double, n);

  for (int i = 0; i < n; i++) {
    pictures = 0;
    change(f, faces);
    worked[i] = now(CLOCK_PROCESS_CPUTIME_ID);
    first[i] = wait_for(f, has_picture, 60);
    first_worked[i] = (now(CLOCK_PROCESS_CPUTIME_ID) - worked[i]) * 1e3;
    whole[i] = first[i] + wait_for(f, is_current, 120);
    worked[i] = (now(CLOCK_PROCESS_CPUTIME_ID) - worked[i]) * 1e3;
    wait_for(f, NULL, 0.3);
  }
  qsort(first, (size_t)n, sizeof *first, compare);
  qsort(whole, (size_t)n, sizeof *whole, compare);
  qsort(worked, (size_t)n, sizeof *worked, compare);
  qsort(first_worked, (size_t)n, sizeof *first_worked, compare);
  g_autofree char *a =
      g_strdup_printf("%d faces, key: first answer (%.0f ms)", faces, first_worked[n / 2]);
  g_autofree char *b = g_strdup_printf("%d faces, key: picture (%.0f ms)", faces, worked[n / 2]);
  report(a, first[n / 2]);
  report(b, whole[n / 2]);
}

static void
drag(Fixture *f, int faces, double seconds)
{
  VitrineEditor *editor = vitrine_session_get_editor(f->session);
  double start = now(CLOCK_MONOTONIC), first = 0;

  pictures = 0;
  vitrine_editor_begin_gesture(editor);
  change(f, faces);
  first = wait_for(f, has_picture, 120);
  while (now(CLOCK_MONOTONIC) - start < seconds) {
    change(f, faces);
    wait_for(f, NULL, 0.016);
  }
  guint seen = pictures;
  int size = gdk_texture_get_width(vitrine_view_get_texture(vitrine_session_get_view(f->session)));
  vitrine_editor_end_gesture(editor);
  double rest = wait_for(f, is_current, 120);
  g_autofree char *text =
      g_strdup_printf("%d faces, drag: first (%u in %.0f s, %d px)", faces, seen, seconds, size);
  report(text, first);
  report("   whole picture after it", rest);
}

static gboolean
window_gone(Fixture *f)
{
  return gtk_application_get_windows(GTK_APPLICATION(f->application)) == NULL;
}

int
main(int argc, char **argv)
{
  static const char *const panes[] = {"explore", "mixing", "pruning", "weights", "layers"};
  Fixture f;

  gtk_test_init(&argc, &argv, NULL);
  double start = now(CLOCK_MONOTONIC);
  fixture_open(&f, argc > 1 ? argv[1] : NULL);
  report("open", (now(CLOCK_MONOTONIC) - start) * 1e3);
  g_signal_connect(vitrine_session_get_view(f.session), "picture-changed", G_CALLBACK(picture_cb),
                   NULL);
  wait_for(&f, NULL, 2);
  report("two seconds later", 2000);
  int most = argc > 2 ? atoi(argv[2]) : 32;
  for (int faces = 1; faces <= most; faces = faces == 1 ? 9 : 32) {
    drag(&f, faces, 3);
    keys(&f, faces, faces == 1 ? 5 : 3);
    if (faces == 32)
      break;
  }
  VitrineSide *side = VITRINE_SIDE(gtk_widget_get_parent(fixture_part(&f, "pane-switcher")));
  for (gsize i = 0; i < G_N_ELEMENTS(panes); i++) {
    vitrine_side_show(side, panes[i]);
    wait_for(&f, NULL, 3);
    report(panes[i], 3000);
    pictures = 0;
    change(&f, 1);
    double ms = wait_for(&f, has_picture, 60);
    report("   a change beside it", ms);
  }
  change(&f, most);
  wait_for(&f, NULL, 0.5);
  start = now(CLOCK_MONOTONIC);
  gtk_window_close(GTK_WINDOW(f.window));
  wait_for(&f, window_gone, 60);
  g_clear_object(&f.session);
  g_clear_object(&f.application);
  report("close", (now(CLOCK_MONOTONIC) - start) * 1e3);
  return 0;
}
