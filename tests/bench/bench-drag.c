/* The window's answer to a slider: milliseconds from a change of the recipe to its picture in the
 * window, with and without a sweep of the pruning pane running, and while the pruning dial turns.
 * Run under Xvfb (tests/ui/run-under-xvfb); prints min, median, 95 %, max. */
#include <stdio.h>
#include <stdlib.h>
#include "tests/support/window-fixture.h"

typedef struct {
  const char *label;
  gboolean dial; /* turn the dial, not a dimension */
  double pause;  /* seconds between picture and next change */
  int n;
} Part;

static int
compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void
change(Fixture *f, const Part *part, int i)
{
  SgRecipe *r = sg_recipe_copy(vitrine_session_get_recipe(f->session));

  if (part->dial)
    r->prune.threshold = (double)(1 + (i * 37) % 997) / 1000;
  else
    r->z_offset[3] = (i % 60 + 1) * 0.05 * (i / 60 % 2 ? -1 : 1);
  vitrine_session_apply(f->session, r, "Change", part->dial ? "prune" : "z3");
}

/* Milliseconds until the picture of the newest recipe is the session's. */
static double
answer(Fixture *f, const Part *part, int i)
{
  gint64 start = g_get_monotonic_time();

  change(f, part, i);
  while (!vitrine_view_is_current(vitrine_session_get_view(f->session)))
    g_main_context_iteration(NULL, TRUE);
  return (double)(g_get_monotonic_time() - start) / 1e3;
}

static void
measure(Fixture *f, const Part *part)
{
  g_autofree double *ms = g_new(double, part->n);

  fixture_run_for(1);
  for (int i = 0; i < part->n; i++) {
    ms[i] = answer(f, part, i);
    fixture_run_for(part->pause);
  }
  qsort(ms, (size_t)part->n, sizeof *ms, compare);
  printf("%-34s%8.1f%8.1f%8.1f%8.1f\n", part->label, ms[0], ms[part->n / 2], ms[part->n * 95 / 100],
         ms[part->n - 1]);
  fflush(stdout);
}

int
main(int argc, char **argv)
{
  static const Part alone[] = {{"drag, no sweep", FALSE, 0.016, 200},
                               {"single changes, no sweep", FALSE, 0.3, 60}};
  static const Part swept[] = {{"drag, sweep", FALSE, 0.016, 200},
                               {"single changes, sweep", FALSE, 0.3, 60},
                               {"dial, 16 ms between", TRUE, 0.016, 200},
                               {"dial, 300 ms between", TRUE, 0.3, 60}};
  Fixture f;

  gtk_test_init(&argc, &argv, NULL);
  fixture_open(&f, argc > 1 ? argv[1] : NULL);
  fixture_run_for(3);
  for (gsize i = 0; i < G_N_ELEMENTS(alone); i++)
    measure(&f, &alone[i]);
  gtk_widget_activate_action(GTK_WIDGET(f.window), "win.show-pane", "s", "pruning");
  fixture_run_for(3);
  for (gsize i = 0; i < G_N_ELEMENTS(swept); i++)
    measure(&f, &swept[i]);
  fixture_close(&f);
  return 0;
}
