/* A window beside a training: how soon a slider answers while it trains or is followed, and what a
 * window costs that only watches. One mode a call, for follow.py, which starts the training:
 *   bench-follow drag N            changes of one dimension, 16 ms after the picture before
 *   bench-follow follow N RUN      the same while the window follows RUN
 *   bench-follow watch SECONDS RUN the Training pane shows RUN
 * Prints "name min median 95% max share-within-50ms" or processor seconds of this process. Run
 * under Xvfb. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include "tests/support/window-fixture.h"
#include "ui/shell/vitrine-side.h"
#include "ui/training/vitrine-training-pane.h"

static int
compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Milliseconds until the picture of the newest recipe is the session's; with the newest weights, if
 * others arrive meanwhile. */
static double
answer(Fixture *f, int i)
{
  SgRecipe *r = sg_recipe_copy(vitrine_session_get_recipe(f->session));
  gint64 start = g_get_monotonic_time();

  r->z_offset[3] = (i % 60 + 1) * 0.05 * (i / 60 % 2 ? -1 : 1);
  vitrine_session_apply(f->session, r, "Change", "z3");
  while (!vitrine_view_is_current(vitrine_session_get_view(f->session)))
    g_main_context_iteration(NULL, TRUE);
  return (double)(g_get_monotonic_time() - start) / 1e3;
}

static void
drag(Fixture *f, const char *name, int n)
{
  g_autofree double *ms = g_new(double, n);
  int within = 0;

  for (int i = 0; i < n; i++) {
    ms[i] = answer(f, i);
    within += ms[i] <= 50;
    fixture_run_for(0.016);
  }
  qsort(ms, (size_t)n, sizeof *ms, compare);
  printf("%s %.1f %.1f %.1f %.1f %.4f\n", name, ms[0], ms[n / 2], ms[n * 95 / 100], ms[n - 1],
         (double)within / n);
}

static void
count_cb(guint *count)
{
  (*count)++;
}

static void
follow(Fixture *f, int n, const char *run)
{
  guint weights = 0;
  gint64 start;

  vitrine_following_start(vitrine_session_get_following(f->session), run);
  g_signal_connect_swapped(f->session, "weights-changed", G_CALLBACK(count_cb), &weights);
  for (start = g_get_monotonic_time(); weights < 3;)
    g_main_context_iteration(NULL, TRUE);
  weights = 0;
  start = g_get_monotonic_time();
  drag(f, "follow", n);
  printf("weights %.2f a second\n",
         weights / ((double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC));
}

static double
processor_seconds(void)
{
  struct rusage u;

  getrusage(RUSAGE_SELF, &u);
  return (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec * 1e-6 + (double)u.ru_stime.tv_sec +
         (double)u.ru_stime.tv_usec * 1e-6;
}

static GtkWidget *
find_side(GtkWidget *root)
{
  if (VITRINE_IS_SIDE(root))
    return root;
  for (GtkWidget *child = gtk_widget_get_first_child(root); child;
       child = gtk_widget_get_next_sibling(child)) {
    GtkWidget *found = find_side(child);
    if (found)
      return found;
  }
  return NULL;
}

/* "ready" is printed when the window has settled: what it costs counts from then on. */
static void
watch(Fixture *f, double seconds, const char *run)
{
  VitrineSide *side = VITRINE_SIDE(find_side(GTK_WIDGET(f->window)));

  vitrine_side_show(side, "training");
  vitrine_training_pane_open(VITRINE_TRAINING_PANE(vitrine_side_get_pane(side, "training")), run);
  fixture_run_for(3);
  puts("ready");
  fflush(stdout);
  double before = processor_seconds();
  fixture_run_for(seconds);
  printf("watch %.3f processor seconds in %.1f\n", processor_seconds() - before, seconds);
}

int
main(int argc, char **argv)
{
  Fixture f;

  if (argc < 3)
    return 2;
  gtk_test_init(&argc, &argv, NULL);
  fixture_open(&f, NULL);
  fixture_run_for(3);
  if (g_str_equal(argv[1], "drag"))
    drag(&f, "drag", atoi(argv[2]));
  else if (g_str_equal(argv[1], "follow") && argc > 3)
    follow(&f, atoi(argv[2]), argv[3]);
  else if (argc > 3)
    watch(&f, g_ascii_strtod(argv[2], NULL), argv[3]);
  fixture_close(&f);
  return 0;
}
