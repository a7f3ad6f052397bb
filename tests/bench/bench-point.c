/* Does "what moves this spot?" rank as moving everything does? And how long does the answer take?
 *
 * Every dimension of w is really moved by its σ, a picture each; a spot's change is the root mean
 * square over it, in levels. sg_influence_new() predicts the same for each spot by gradients. Of
 * the 100 dimensions that really move a spot most, Spearman's correlation of predicted and measured
 * change is printed for each number of probes, with the seconds of wall clock and of processors
 * that an answer took. Spots are an eighth of the picture along each axis. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "engine/base/philox.h"
#include "engine/directions/moments.h"
#include "engine/directions/ranks.h"
#include "engine/explore/causes/influence.h"
#include "engine/explore/nets.h"
#include "engine/explore/preview.h"

#define BEST 100
#define MOST 64 /* spots */

static int spots = 20, samples = 5000;
static char *counts = NULL, *csv = NULL;
static gboolean no_moves = FALSE, halves = FALSE;

typedef struct {
  SgModel *model;
  SgRenderer *renderer;
  SgWeights *weights;
  SgRecipe *recipe;
  SgMoments *moments;
  SgRegion spot[MOST];
  double *measured; /* [spots, w_dim] */
  GString *table;
} Bench;

static double
sigma(const Bench *b, int j)
{
  return sqrt(b->moments->covariance[(gsize)j * (gsize)b->moments->dim + (gsize)j]);
}

static void
choose_spots(Bench *b)
{
  SgPhilox random = {.seed = 20};
  int size = b->model->info.img_resolution, side = MAX(1, size / 8), room = size - 3 * side;

  for (int i = 0; i < spots; i++)
    b->spot[i] = (SgRegion){side + (int)(sg_philox_uniform(&random) * room),
                            side + (int)(sg_philox_uniform(&random) * room), side, side};
}

/* What moving does. */
static void
move_all(Bench *b, GError **error)
{
  enum { BATCH = 16 };
  int dim = b->moments->dim;
  g_autoptr(SgTensor) plain = sg_preview_pictures(b->renderer, 1, &b->recipe, 0, error);

  b->measured = g_new0(double, (gsize)spots *(gsize)dim);
  for (int from = 0; plain && from < dim; from += BATCH) {
    SgRecipe *moved[BATCH];
    int n = MIN(BATCH, dim - from);
    for (int i = 0; i < n; i++) {
      moved[i] = sg_recipe_copy(b->recipe);
      moved[i]->w_offset[from + i] += sigma(b, from + i);
    }
    g_autoptr(SgTensor) p = sg_preview_pictures(b->renderer, n, moved, 0, error);
    if (!p)
      return;
    int c = (int)p->shape[1], h = (int)p->shape[2], w = (int)p->shape[3];
    for (int s = 0; s < spots; s++)
      for (int i = 0; i < n; i++)
        b->measured[s * dim + from + i] = sg_region_change(
            &b->spot[s], c, h, w, p->data + (gsize)i * p->numel / (gsize)n, plain->data);
    for (int i = 0; i < n; i++)
      sg_recipe_free(moved[i]);
  }
}

/* Of n values at `which`, ranks. */
static void
ranks(const double *values, const guint32 *which, int n, double *rank)
{
  g_autofree double *v = g_new(double, n);

  for (int i = 0; i < n; i++)
    v[i] = values[which[i]];
  g_autofree guint32 *order = sg_ranks_order((gsize)n, v);
  for (int i = 0; i < n; i++)
    rank[order[i]] = i;
}

static double
spearman(const double *guess, const double *real, int dim)
{
  g_autofree guint32 *order = sg_ranks_order((gsize)dim, real);
  int n = MIN(BEST, dim);
  const guint32 *best = order + dim - n;
  double a[BEST], b[BEST], off = 0;

  ranks(guess, best, n, a);
  ranks(real, best, n, b);
  for (int i = 0; i < n; i++)
    off += (a[i] - b[i]) * (a[i] - b[i]);
  return 1 - 6 * off / ((double)n * (n * n - 1.0));
}

static double
now(clockid_t clock)
{
  struct timespec t;

  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static gboolean
ask(Bench *b, int probes, GError **error)
{
  int dim = b->moments->dim;
  double sum = 0, lowest = 1, wall[MOST], cpu[MOST];
  g_autofree double *guess = g_new(double, dim);

  for (int s = 0; s < spots; s++) {
    double w0 = now(CLOCK_MONOTONIC), c0 = now(CLOCK_PROCESS_CPUTIME_ID);
    g_autoptr(SgInfluence) i =
        sg_influence_new(b->renderer, b->weights, b->recipe, &b->spot[s], probes, 0, error);
    wall[s] = now(CLOCK_MONOTONIC) - w0;
    cpu[s] = now(CLOCK_PROCESS_CPUTIME_ID) - c0;
    if (!i)
      return FALSE;
    for (int j = 0; j < dim; j++)
      guess[j] = i->w[j] * sigma(b, j);
    const SgRegion *at = &b->spot[s];
    double r = no_moves ? NAN : spearman(guess, b->measured + s * dim, dim);
    g_string_append_printf(b->table, "%d,%d,%d,%d,%d,%.4f,%.4f,%.4f\n", at->x, at->y, at->w, at->h,
                           probes, r, wall[s], cpu[s]);
    sum += r / spots;
    lowest = MIN(lowest, r);
  }
  sg_ranks_sort((gsize)spots, wall);
  sg_ranks_sort((gsize)spots, cpu);
  printf("%4d probes: Spearman over the top %d %.3f (lowest %.3f); %.0f ms a spot "
         "(min %.0f, max %.0f), %.0f ms of processors\n",
         probes, BEST, sum, lowest, 1e3 * sg_ranks_median((gsize)spots, wall), 1e3 * wall[0],
         1e3 * wall[spots - 1], 1e3 * sg_ranks_median((gsize)spots, cpu));
  fflush(stdout);
  return TRUE;
}

static gboolean
bench_open(Bench *b, const char *path, GError **error)
{
  b->model = sg_model_load(path, error);
  if (!b->model || !(b->renderer = sg_renderer_new(b->model, sg_backend_cpu(), error)))
    return FALSE;
  SgBackend *backend = halves ? sg_backend_cpu_bf16(error) : sg_backend_cpu();
  b->weights = backend ? sg_weights_new_generator(backend, b->model, FALSE, error) : NULL;
  b->recipe = sg_recipe_new(b->model->info.z_dim, b->model->info.w_dim);
  SgNets *nets = b->weights ? sg_renderer_nets_of(b->renderer, b->recipe, error) : NULL;
  if (nets)
    b->moments = sg_moments_sample(nets->mapping, samples, 0, -1, NULL, NULL, error);
  return b->moments != NULL;
}

static gboolean
run(Bench *b, const char *path, GError **error)
{
  if (!bench_open(b, path, error))
    return FALSE;
  choose_spots(b);
  b->table = g_string_new("x,y,width,height,probes,spearman_top100,seconds,processor_seconds\n");
  if (!no_moves)
    move_all(b, error);
  g_auto(GStrv) each = g_strsplit(counts ? counts : "8,16,32", ",", -1);
  for (int i = 0; each[i] && !*error; i++)
    if (!ask(b, CLAMP(atoi(each[i]), 1, 256), error))
      return FALSE;
  return !*error && (!csv || g_file_set_contents(csv, b->table->str, -1, error));
}

int
main(int argc, char **argv)
{
  const GOptionEntry entries[] = {
      {"spots", 0, 0, G_OPTION_ARG_INT, &spots, "how many, at most 64 (20)", "N"},
      {"probes", 0, 0, G_OPTION_ARG_STRING, &counts, "numbers of gradients (8,16,32)", "N,…"},
      {"csv", 0, 0, G_OPTION_ARG_FILENAME, &csv, "the table of all spots", "FILE"},
      {"bf16", 0, 0, G_OPTION_ARG_NONE, &halves, "gradients in bf16, on the matrix units", NULL},
      {"no-moves", 0, 0, G_OPTION_ARG_NONE, &no_moves, "the time alone", NULL},
      {NULL}};
  g_autoptr(GOptionContext) context = g_option_context_new("MODEL");
  g_autoptr(GError) error = NULL;
  Bench b = {0};

  g_option_context_add_main_entries(context, entries, NULL);
  gboolean ok = g_option_context_parse(context, &argc, &argv, &error) && argc == 2;
  spots = CLAMP(spots, 1, MOST);
  if (!ok || !run(&b, argv[1], &error)) {
    fprintf(stderr, "bench-point: %s\n", error ? error->message : "one model, please");
    return 1;
  }
  sg_moments_free(b.moments);
  sg_weights_free(b.weights);
  sg_recipe_free(b.recipe);
  sg_renderer_free(b.renderer);
  sg_model_unref(b.model);
  g_free(b.measured);
  if (b.table)
    g_string_free(b.table, TRUE);
  return 0;
}
