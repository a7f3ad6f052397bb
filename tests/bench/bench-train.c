/* How fast the trainer's phases are, to be compared with torch_train.py (same networks, same
 * phases, random numbers drawn within what is measured, pictures not loaded). Prints JSON. */
#include "engine/learn/draws.h"
#include "tests/support/tested-backend.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static int resolution = 64, batch = 32, repeats = 3, threads = 2;
static char *widths = NULL;

static int
compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Until all that was asked for is done: a number of the weights cannot be had before. */
static void
finish(SgLearn *l)
{
  float v;
  g_autoptr(SgBuf) one = sg_buf_view(l->g->flat, 0, 1, 1, 1, 1);
  l->backend->download(one, &v);
}

static double
run_phase(SgLearn *l, SgPhase phase, SgBuf *real)
{
  gint64 start = g_get_monotonic_time();
  GError *error = NULL;
  SgDraw *draw = sg_draw_new(l, phase, NULL, 0, real, NULL, &error);
  if (!draw || !sg_learn_phase(l, phase, draw, &error))
    g_error("%s", error->message);
  finish(l);
  sg_draw_free(draw);
  return (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
}

static SgLearn *
make(SgTrainOptions *o)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) each = g_strsplit(widths, ",", -1);
  for (guint i = 0; each[i]; i++) {
    char *text = g_strdup_printf("%d:%s", 4 << i, each[i]);
    g_free(each[i]);
    each[i] = text;
  }
  SgLearn *l = sg_learn_new_with_widths(sg_backend_default(), o, (const char *const *)each, &error);
  if (!l)
    g_error("%s", error->message);
  sg_learn_init(l);
  return l;
}

/* Multiplications and additions of a network's convolutions in a forward pass per picture, as a
 * direct convolution has them. */
static double
count_operations(const SgNetwork *n)
{
  double sum = 0;

  for (guint k = 0; k < n->run->len; k++) {
    const SgLayer *l = sg_network_running(n, k);
    double area = l->stride_up > 1 ? (double)l->in_h * l->in_w : (double)l->out_h * l->out_w;
    if (l->kind == SG_KIND_MODULATED || l->kind == SG_KIND_CONV)
      sum += 2 * l->kernel * l->kernel * area * l->in * l->out;
  }
  return sum;
}

/* Of a cycle of 16 iterations. A pass costs one forward, its gradient two (weights and input).
 * Gmain: G 3, D 2 (no weights); Dmain: G 1, D 3 for each of two batches; R1: forward, gradient to
 * the input, both swept again: 6 D; path length: the same of G for half the batch. */
static double
cycle_operations(const SgLearn *l)
{
  double g = count_operations(l->g->network), d = count_operations(l->d->network);
  return batch * (16 * (3 * g + 2 * d) + 16 * (g + 6 * d) + 6 * d + 4 * 0.5 * 6 * g);
}

int
main(int argc, char **argv)
{
  const GOptionEntry entries[] = {
      {"resolution", 0, 0, G_OPTION_ARG_INT, &resolution, "side of the pictures", "N"},
      {"widths", 0, 0, G_OPTION_ARG_STRING, &widths, "channels from 4×4 up", "C,C…"},
      {"batch", 0, 0, G_OPTION_ARG_INT, &batch, "pictures of a step", "N"},
      {"repeats", 0, 0, G_OPTION_ARG_INT, &repeats, "how often each phase is run", "N"},
      {"threads", 0, 0, G_OPTION_ARG_INT, &threads, "threads", "N"},
      {NULL}};
  g_autoptr(GOptionContext) context = g_option_context_new(NULL);
  g_autoptr(GError) error = NULL;
  struct rusage usage;

  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, &argc, &argv, &error))
    g_error("%s", error->message);
  widths = widths ? widths : g_strdup("128,128,128,64,32");
  sg_backend_cpu_set_threads(threads);
  tested_backend();
  g_autoptr(SgTrainOptions) o = sg_train_options_new("auto", NULL);
  char number[16];
  g_snprintf(number, sizeof number, "%d", batch);
  sg_train_options_set(o, "batch", number, NULL);
  sg_train_options_set(o, "conv-clamp", "-1", NULL);
  o->resolution = resolution;
  o->channels = 3;
  sg_train_options_resolve(o, &error);
  g_assert_no_error(error);
  SgLearn *l = make(o);
  g_autoptr(SgBuf) real =
      sg_buf_new(l->backend, SG_FMT_PLAIN, batch, 3, resolution, resolution, NULL);
  sg_buf_fill(real, 0.1, NULL);

  double *times[SG_PHASES], cycle = 0;
  static const double share[SG_PHASES] = {16, 4, 16, 1};
  for (int p = 0; p < SG_PHASES; p++)
    times[p] = g_new(double, repeats);
  for (int k = -2; k < repeats; k++) /* the second time a device records */
    for (int p = 0; p < SG_PHASES; p++) {
      double t = run_phase(l, (SgPhase)p, real);
      if (k >= 0)
        times[p][k] = t;
      l->iteration += p == SG_PHASES - 1;
    }
  gint64 start = g_get_monotonic_time();
  sg_learn_end_iteration(l, batch);
  finish(l);
  double average = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
  printf("{\n");
  for (int p = 0; p < SG_PHASES; p++) {
    qsort(times[p], (size_t)repeats, sizeof(double), compare);
    printf("  \"%s\": [%.4f, %.4f, %.4f],\n", sg_phase_names[p], times[p][0], times[p][repeats / 2],
           times[p][repeats - 1]);
    cycle += share[p] * times[p][repeats / 2];
  }
  cycle += 16 * average;
  getrusage(RUSAGE_SELF, &usage);
  printf("  \"conv_gflops\": %.1f,\n", cycle_operations(l) / cycle / 1e9);
  printf("  \"cycle\": %.3f,\n  \"images_per_second\": %.3f,\n  \"peak_mib\": %.1f\n}\n", cycle,
         16 * batch / cycle, (double)usage.ru_maxrss / 1024);
  return 0;
}
