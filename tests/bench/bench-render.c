/* bench-render [OPTION…] MODEL: times of whole pictures and of a fine restyle, and the memory it
 * takes.
 *
 * One process measures one case, so that its peak memory is the case's own. On its own it prints
 * one line of JSON. With --rounds it measures in turns with another process (bench.py holds the
 * stop watch of neither): each number on stdin is the length of a round in seconds and is answered
 * by one line, the end of stdin by the summary of all rounds.
 *
 * A "full" picture has a new seed, so nothing of the last one helps: mapping, all of synthesis and
 * the conversion to 8 bits. With --fine each full picture is followed by two that differ from it in
 * the last styles only: truncation is lifted there by a smaller cutoff. */
#include "engine/explore/renderer.h"
#include "tests/support/tested-backend.h"
#include "engine/formats/npy.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FULL, LAST_TWO, LAST_BLOCK, KINDS };

/* LAST_TWO: the last two vectors of w+, which are the last convolution and the last colours.
 * LAST_BLOCK: both convolutions of the last block and its colours. */
static const char *const kind_names[KINDS] = {"full", "last_two", "last_block"};
static const int kind_styles[KINDS] = {0, 2, 3};

typedef struct {
  int batch;
  double seconds;
  gboolean fine, rounds;
  char *npy;
  SgModel *model;
  SgRenderer *renderer;
  SgRecipe *recipe;
  GArray *times[KINDS];   /* of double, ms, in the order measured */
  int first_layer[KINDS]; /* where the last picture of each kind began */
  gint64 rss_model_kib;   /* with the model open, before the first picture */
} Bench;

/* A line of /proc/self/status in KiB, 0 if it is not there. */
static gint64
status_kib(const char *key)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents("/proc/self/status", &text, NULL, NULL))
    return 0;
  const char *line = strstr(text, key);
  return line ? g_ascii_strtoll(line + strlen(key), NULL, 10) : 0;
}

static gboolean
options_parse(Bench *b, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"batch", 0, 0, G_OPTION_ARG_INT, &b->batch, "pictures at once (1)", "N"},
      {"seconds", 0, 0, G_OPTION_ARG_DOUBLE, &b->seconds, "how long to measure (2)", "S"},
      {"fine", 0, 0, G_OPTION_ARG_NONE, &b->fine, "also pictures that differ in fine styles", NULL},
      {"rounds", 0, 0, G_OPTION_ARG_NONE, &b->rounds, "a round for each line on stdin", NULL},
      {"npy", 0, 0, G_OPTION_ARG_STRING, &b->npy, "save the pictures of seeds 0…N-1 as floats",
       "F"},
      {NULL}};
  g_autoptr(GOptionContext) context = g_option_context_new("MODEL");

  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, argc, argv, error))
    return FALSE;
  if (*argc == 2 && b->batch >= 1 && b->batch <= SG_RECIPE_MAX_FACES && b->seconds > 0)
    return TRUE;
  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
              "expected one model, 1 to %d pictures and a time above 0", SG_RECIPE_MAX_FACES);
  return FALSE;
}

static gboolean
open_model(Bench *b, const char *path, GError **error)
{
  b->model = sg_model_load(path, error);
  if (!b->model)
    return FALSE;
  b->renderer = sg_renderer_new(b->model, NULL, error);
  if (!b->renderer)
    return FALSE;
  /* A batch is what `generate` renders, and it keeps no stages. */
  if (b->batch > 1 && !b->fine)
    sg_renderer_set_cache_budget(b->renderer, 0);
  b->recipe = sg_recipe_new(b->model->info.z_dim, b->model->info.w_dim);
  b->recipe->faces = b->batch;
  b->rss_model_kib = status_kib("VmRSS:");
  return TRUE;
}

static gboolean
measure(Bench *b, int kind, GError **error)
{
  if (kind == FULL)
    b->recipe->seed += (guint32)b->batch;
  if (b->fine) {
    b->recipe->psi = 0.7;
    b->recipe->cutoff = b->model->info.num_ws - kind_styles[kind];
  }
  gint64 start = g_get_monotonic_time();
  g_autoptr(SgPicture) p = sg_renderer_render(b->renderer, b->recipe, 0, error);
  double ms = (double)(g_get_monotonic_time() - start) / 1e3;
  if (!p)
    return FALSE;
  g_array_append_val(b->times[kind], ms);
  b->first_layer[kind] = p->first_layer;
  return TRUE;
}

/* At least `least` of each kind, and until the time is up. */
static gboolean
measure_round(Bench *b, int least, double seconds, GError **error)
{
  gint64 end = g_get_monotonic_time() + (gint64)(seconds * 1e6);

  for (int i = 0; i < least || g_get_monotonic_time() < end; i++)
    for (int kind = 0; kind < (b->fine ? KINDS : 1); kind++)
      if (!measure(b, kind, error))
        return FALSE;
  return TRUE;
}

/* What is not counted: the first pictures allocate, and the first of all may be wanted as
 * floats. */
static gboolean
warm_up(Bench *b, GError **error)
{
  if (b->npy) {
    g_autoptr(SgTensor) images = sg_renderer_render_float(b->renderer, b->recipe, error);
    if (!images || !sg_npy_write(b->npy, images, error))
      return FALSE;
  }
  if (!measure_round(b, 3, 0, error))
    return FALSE;
  for (int kind = 0; kind < KINDS; kind++)
    g_array_set_size(b->times[kind], 0);
  return TRUE;
}

static int
compare_doubles(gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static json_t *
times_json(const GArray *times, guint from)
{
  json_t *list = json_array();
  for (guint i = from; i < times->len; i++)
    json_array_append_new(list, json_real(g_array_index(times, double, i)));
  return list;
}

/* {"runs", "min_ms", "median_ms", "max_ms", "first_layer"}; sorts the times. */
static json_t *
kind_json(Bench *b, int kind)
{
  GArray *t = b->times[kind];

  g_array_sort(t, compare_doubles);
  return json_pack("{s:i, s:f, s:f, s:f, s:i}", "runs", (int)t->len, "min_ms",
                   g_array_index(t, double, 0), "median_ms", g_array_index(t, double, t->len / 2),
                   "max_ms", g_array_index(t, double, t->len - 1), "first_layer",
                   b->first_layer[kind]);
}

static void
print_line(json_t *json)
{
  char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(6));
  puts(text);
  fflush(stdout);
  free(text);
  json_decref(json);
}

static void
print_summary(Bench *b, const char *path)
{
  json_t *root = json_pack("{s:s, s:s, s:i, s:f, s:f}", "side", "vitrine", "model", path, "batch",
                           b->batch, "rss_model_mib", (double)b->rss_model_kib / 1024,
                           "peak_rss_mib", (double)status_kib("VmHWM:") / 1024);

  for (int kind = 0; kind < KINDS; kind++)
    if (b->times[kind]->len)
      json_object_set_new(root, kind_names[kind], kind_json(b, kind));
  if (b->fine) {
    double full = json_real_value(json_object_get(json_object_get(root, "full"), "median_ms"));
    for (int kind = LAST_TWO; kind < KINDS; kind++) {
      json_t *fine = json_object_get(root, kind_names[kind]);
      json_t *median = json_object_get(fine, "median_ms");
      json_object_set_new(fine, "ratio_to_full", json_real(json_real_value(median) / full));
    }
  }
  print_line(root);
}

static gboolean
take_turns(Bench *b, GError **error)
{
  char line[64];

  puts("ready");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    guint from[KINDS];
    for (int kind = 0; kind < KINDS; kind++)
      from[kind] = b->times[kind]->len;
    if (!measure_round(b, 1, g_ascii_strtod(line, NULL), error))
      return FALSE;
    json_t *answer = json_object();
    for (int kind = 0; kind < KINDS; kind++)
      json_object_set_new(answer, kind_names[kind], times_json(b->times[kind], from[kind]));
    print_line(answer);
  }
  return TRUE;
}

int
main(int argc, char **argv)
{
  Bench b = {.batch = 1, .seconds = 2};
  g_autoptr(GError) error = NULL;
  gboolean ok;

  for (int kind = 0; kind < KINDS; kind++)
    b.times[kind] = g_array_new(FALSE, FALSE, sizeof(double));
  tested_backend();
  ok = options_parse(&b, &argc, &argv, &error) && open_model(&b, argv[1], &error) &&
       warm_up(&b, &error) &&
       (b.rounds ? take_turns(&b, &error) : measure_round(&b, 3, b.seconds, &error));
  if (!ok)
    fprintf(stderr, "bench-render: %s\n", error->message);
  else if (b.times[FULL]->len)
    print_summary(&b, argv[1]);
  for (int kind = 0; kind < KINDS; kind++)
    g_array_unref(b.times[kind]);
  g_clear_pointer(&b.recipe, sg_recipe_free);
  g_clear_pointer(&b.renderer, sg_renderer_free);
  g_clear_pointer(&b.model, sg_model_unref);
  g_free(b.npy);
  return ok ? 0 : 1;
}
