/* The window's answer to a slider: milliseconds from a change of the recipe to its picture in the
 * window, with and without a sweep of the pruning pane running, and while the pruning dial turns.
 * With "previews" behind the model: with and without the Explore pane and its previews; with
 * "clicks": how long what moves a spot takes. Run under
 * Xvfb (tests/ui/run-under-xvfb); prints min, median, 95 %, max. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "tests/support/window-fixture.h"
#include "ui/explore/vitrine-point-list.h"

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

static double
processor_ms(void)
{
  struct timespec t;

  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

enum { DRAG, SINGLE, N_KINDS };

/* Answers of a kind, [beside previews]. */
typedef struct {
  GArray *wall[2], *processor[2]; /* of double, ms */
} Answers;

static void
print_answers(const char *label, GArray *wall, GArray *processor)
{
  double *w = (double *)(gpointer)wall->data, *c = (double *)(gpointer)processor->data;
  size_t n = wall->len;

  qsort(w, n, sizeof *w, compare);
  qsort(c, n, sizeof *c, compare);
  printf("%-34s%8.1f%8.1f%8.1f%8.1f   of processors%8.1f%8.1f%8.1f\n", label, w[0], w[n / 2],
         w[n * 95 / 100], w[n - 1], c[0], c[n / 2], c[n * 95 / 100]);
}

/* With the Explore pane and its previews of this very face, and with the pane hidden, in turns of
 * a few seconds, so that other work on the machine meets both alike. Processor time until the
 * answer has that of a preview that was begun before. */
static void
measure_previews(Fixture *f)
{
  static const Part parts[N_KINDS] = {{"drag", FALSE, 0.016, 20},
                                      {"single changes", FALSE, 0.3, 8}};
  GtkWidget *pane;
  Answers all[N_KINDS];

  gtk_widget_activate_action(GTK_WIDGET(f->window), "win.show-pane", "s", "explore");
  fixture_run_for(10); /* components are computed once */
  pane = fixture_part(f, "explore-pane");
  for (int k = 0; k < N_KINDS; k++)
    for (int on = 0; on < 2; on++) {
      all[k].wall[on] = g_array_new(FALSE, FALSE, sizeof(double));
      all[k].processor[on] = g_array_new(FALSE, FALSE, sizeof(double));
    }
  for (int turn = 0; turn < 24; turn++) {
    gtk_widget_set_visible(pane, turn % 2);
    fixture_run_for(0.5);
    for (int k = 0; k < N_KINDS; k++)
      for (int i = 0; i < parts[k].n; i++) {
        double before = processor_ms(), ms = answer(f, &parts[k], turn * 100 + i);
        double used = processor_ms() - before;
        g_array_append_val(all[k].wall[turn % 2], ms);
        g_array_append_val(all[k].processor[turn % 2], used);
        fixture_run_for(parts[k].pause);
      }
  }
  for (int k = 0; k < N_KINDS; k++)
    for (int on = 0; on < 2; on++) {
      g_autofree char *label =
          g_strdup_printf("%s%s", parts[k].label, on ? ", previews" : ", no previews");
      print_answers(label, all[k].wall[on], all[k].processor[on]);
      g_array_unref(all[k].wall[on]);
      g_array_unref(all[k].processor[on]);
    }
}

static gboolean
has_answer(Fixture *f, gpointer list)
{
  return vitrine_point_list_is_current(list) &&
         g_list_model_get_n_items(vitrine_point_list_get_list(list)) > 0;
}

/* Clicks on the face, until the list is sorted by them. */
static void
measure_clicks(Fixture *f)
{
  VitrineSpot *spot = vitrine_session_get_spot(f->session);
  int size = vitrine_session_get_model(f->session)->info.img_resolution, side = size / 8;
  GtkWidget *list;

  gtk_widget_activate_action(GTK_WIDGET(f->window), "win.show-pane", "s", "explore");
  fixture_run_for(20); /* w is sampled once */
  vitrine_spot_set_active(spot, TRUE);
  list = fixture_part(f, "explore-point-list");
  for (int i = 0; i < 8; i++) {
    const VitrineSpotArea area = {side + i * side / 2, 2 * side + i * side / 3, side, side};
    double before = processor_ms();
    vitrine_spot_set_area(spot, &area, TRUE);
    fixture_wait(f, has_answer, list, 60);
    printf("%-34s%8.0f   of processors, with ten moves%8.0f\n", "click, ms",
           1e3 * vitrine_point_list_get_seconds(VITRINE_POINT_LIST(list)), processor_ms() - before);
    fflush(stdout);
  }
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
  if (argc > 2) {
    if (g_str_equal(argv[2], "previews"))
      measure_previews(&f);
    else
      measure_clicks(&f);
    fixture_close(&f);
    return 0;
  }
  for (gsize i = 0; i < G_N_ELEMENTS(alone); i++)
    measure(&f, &alone[i]);
  gtk_widget_activate_action(GTK_WIDGET(f.window), "win.show-pane", "s", "pruning");
  fixture_run_for(3);
  for (gsize i = 0; i < G_N_ELEMENTS(swept); i++)
    measure(&f, &swept[i]);
  fixture_close(&f);
  return 0;
}
