/* vitrine influence: what moves a region of a face. */
#include "app/cli/directions/direction-job.h"
#include "engine/directions/affines.h"
#include "engine/explore/influence.h"
#include "engine/explore/nets.h"
#include "engine/formats/writer.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For what one σ of a coordinate is. */
#define SAMPLES 5000

typedef struct {
  char *network, *region, *recipe, *directions, *csv;
  int seed, label, probes, top;
  gboolean json;
} Options;

/* One thing that may move the region. */
typedef struct {
  char *name;       /* "w17", "s7.123", "beard" */
  double sigma;     /* what one σ of it is */
  double predicted; /* grey levels for one σ, to first order */
  double measured;  /* NaN: not tried */
  int dim;          /* of w; -1: none */
  const SgChannelInfluence *channel;
  const SgNamedDirection *direction;
} Mover;

typedef struct {
  const Options *opt;
  DirectionJob base;
  SgRegion region;
  SgRecipe *recipe;
  SgMoments *moments;
  SgInfluence *influence;
  SgDirectionSet *set;
  GArray *movers; /* of Mover, strongest first */
} Job;

static gboolean
check_options(const Options *o, int argc, char **argv, GError **error)
{
  if (argc > 1)
    cli_set_usage_error(error, "unexpected \"%s\"", argv[1]);
  else if (!o->network)
    cli_set_usage_error(error, "which model? --network=FILE");
  else if (!o->region)
    cli_set_usage_error(error, "which spot? --region=X,Y,WIDTH,HEIGHT in pixels of the picture");
  else if (o->seed < 0)
    cli_set_usage_error(error, "--seed must not be negative, found %d", o->seed);
  else if (o->probes < 1 || o->probes > 256)
    cli_set_usage_error(error, "--probes: expected 1 to 256, found %d", o->probes);
  else if (o->top < 0 || o->top > 1000)
    cli_set_usage_error(error, "--top: expected 0 to 1000, found %d", o->top);
  else
    return TRUE;
  return FALSE;
}

static gboolean
options_parse(Options *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"region", 0, 0, G_OPTION_ARG_STRING, &o->region, "the spot, in pixels from the top left",
       "X,Y,W,H"},
      {"seed", 0, 0, G_OPTION_ARG_INT, &o->seed, "which face (0)", "N"},
      {"recipe", 0, 0, G_OPTION_ARG_FILENAME, &o->recipe, "a saved picture or recipe instead",
       "PNG|JSON"},
      {"directions", 0, 0, G_OPTION_ARG_FILENAME, &o->directions,
       "a file of directions, which are ranked as well", "FILE"},
      {"class", 0, 0, G_OPTION_ARG_INT, &o->label, "class of a conditional model (0)", "N"},
      {"probes", 0, 0, G_OPTION_ARG_INT, &o->probes, "how many gradients the estimate takes (32)",
       "N"},
      {"top", 0, 0, G_OPTION_ARG_INT, &o->top, "so many of the strongest are really moved (10)",
       "N"},
      {"csv", 0, 0, G_OPTION_ARG_FILENAME, &o->csv, "all of them as a table; - for standard output",
       "FILE"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "say what was found as JSON on standard output",
       NULL},
      {NULL}};
  const CliHelp help = {
      "",
      "Ranks dimensions of w, style channels and directions by how much they move a spot of a "
      "face.",
      "The strength of each is the root mean square, over the spot, of the change of its colour "
      "values (in grey levels of 255) for one sigma, from gradients; the strongest are then really "
      "moved by one sigma, and what that gives stands beside it.\n"
      "  vitrine influence --network model.pkl --seed 3 --region 20,24,12,6"};

  *o = (Options){.probes = 32, .top = 10, .label = -1};
  return cli_parse(&argc, &argv, entries, &help, error) && check_options(o, argc, argv, error);
}

static gboolean
parse_region(const char *text, SgRegion *r, GError **error)
{
  g_autoptr(GArray) n = cli_parse_numbers("region", text, error);

  if (!n)
    return FALSE;
  if (n->len != 4) {
    cli_set_usage_error(error, "--region: expected X,Y,WIDTH,HEIGHT, found \"%s\"", text);
    return FALSE;
  }
  int *v[] = {&r->x, &r->y, &r->w, &r->h};
  for (int i = 0; i < 4; i++)
    *v[i] = (int)MIN(g_array_index(n, guint32, i), G_MAXINT32);
  return TRUE;
}

/* ---- ranking --------------------------------------------------------------------------------- */

static void
add_dimensions(Job *job)
{
  for (int j = 0; j < job->influence->w_dim; j++) {
    gsize at = (gsize)j * (gsize)job->influence->w_dim + (gsize)j;
    Mover m = {.name = g_strdup_printf("w%d", j),
               .sigma = sqrt(job->moments->covariance[at]),
               .measured = NAN,
               .dim = j};
    m.predicted = job->influence->w[j] * m.sigma;
    g_array_append_val(job->movers, m);
  }
}

/* σ of a style channel: sqrt (a C a^T), a its row of the affine layer. */
static double
channel_sigma(const Job *job, const float *row)
{
  g_autofree double *a = g_new(double, job->moments->dim);

  for (int j = 0; j < job->moments->dim; j++)
    a[j] = (double)row[j];
  return sg_moments_sigma(job->moments, a);
}

/* Channels of convolutions; a toRGB's change colours alone. */
static void
add_channels(Job *job)
{
  const SgSynthesis *net = job->base.nets->net;
  g_autoptr(GPtrArray) affines = sg_affines_new(net, 0, net->num_ws - 1);

  for (guint i = 0; i < job->influence->channels->len; i++) {
    const SgChannelInfluence *c = &g_array_index(job->influence->channels, SgChannelInfluence, i);
    const SgStage *stage = sg_synthesis_stage(net, (guint)c->layer);
    if (stage->kind != SG_STAGE_CONV)
      continue;
    const SgAffine *a = affines->pdata[stage->conv_index];
    Mover m = {.name = g_strdup_printf("s%d.%d", c->layer, c->channel),
               .sigma = channel_sigma(job, a->a + (gsize)c->channel * (gsize)net->w_dim),
               .measured = NAN,
               .dim = -1,
               .channel = c};
    m.predicted = c->strength * m.sigma;
    g_array_append_val(job->movers, m);
  }
}

static void
add_directions(Job *job)
{
  for (guint i = 0; job->set && i < job->set->list->len; i++) {
    const SgNamedDirection *d = job->set->list->pdata[i];
    Mover m = {.name = g_strdup(d->name),
               .sigma = d->sigma,
               .predicted = sg_influence_direction(job->influence, d->vector) * d->sigma,
               .measured = NAN,
               .dim = -1,
               .direction = d};
    g_array_append_val(job->movers, m);
  }
}

static int
stronger(gconstpointer a, gconstpointer b)
{
  double x = ((const Mover *)a)->predicted, y = ((const Mover *)b)->predicted;
  return (x < y) - (x > y);
}

/* ---- really moving --------------------------------------------------------------------------- */

static SgRecipe *
moved(const Job *job, const Mover *m)
{
  SgRecipe *r = sg_recipe_copy(job->recipe);

  if (m->dim >= 0)
    r->w_offset[m->dim] += m->sigma;
  for (int j = 0; m->direction && j < r->w_dim; j++)
    r->w_offset[j] += m->sigma * m->direction->vector[j];
  if (m->channel) {
    const SgLayerOffset o = {m->channel->layer, m->channel->channel, m->sigma};
    if (!r->s_offset)
      r->s_offset = g_array_new(FALSE, FALSE, sizeof(SgLayerOffset));
    g_array_append_val(r->s_offset, o);
  }
  return r;
}

static gboolean
measure(Job *job, GError **error)
{
  g_autoptr(SgTensor) plain = sg_renderer_render_float(job->base.renderer, job->recipe, error);

  for (guint i = 0; plain && i < MIN((guint)job->opt->top, job->movers->len); i++) {
    Mover *m = &g_array_index(job->movers, Mover, i);
    g_autoptr(SgRecipe) r = moved(job, m);
    g_autoptr(SgTensor) picture = sg_renderer_render_float(job->base.renderer, r, error);
    if (!picture)
      return FALSE;
    m->measured = sg_region_change(&job->region, (int)plain->shape[1], (int)plain->shape[2],
                                   (int)plain->shape[3], picture->data, plain->data);
  }
  return plain != NULL;
}

/* ---- what is written ------------------------------------------------------------------------- */

static char *
table(const Job *job)
{
  GString *s = g_string_new("name,sigma,predicted,measured\n");
  char a[3][G_ASCII_DTOSTR_BUF_SIZE];

  for (guint i = 0; i < job->movers->len; i++) {
    const Mover *m = &g_array_index(job->movers, Mover, i);
    g_string_append_printf(
        s, "%s,%s,%s,%s\n", m->name, g_ascii_formatd(a[0], sizeof a[0], "%.6g", m->sigma),
        g_ascii_formatd(a[1], sizeof a[1], "%.6g", m->predicted),
        isnan(m->measured) ? "" : g_ascii_formatd(a[2], sizeof a[2], "%.6g", m->measured));
  }
  return g_string_free(s, FALSE);
}

static gboolean
write_table(const Job *job, GError **error)
{
  g_autofree char *text = table(job);

  if (!job->opt->csv)
    return TRUE;
  if (!g_str_equal(job->opt->csv, "-"))
    return sg_write_file(job->opt->csv, text, strlen(text), error);
  fputs(text, stdout);
  return TRUE;
}

static void
print(const Job *job, double seconds)
{
  json_t *all = json_array();

  for (guint i = 0; i < MIN((guint)job->opt->top, job->movers->len); i++) {
    const Mover *m = &g_array_index(job->movers, Mover, i);
    json_t *one =
        json_pack("{s:s, s:f, s:f}", "name", m->name, "sigma", m->sigma, "predicted", m->predicted);
    json_object_set_new(one, "measured", json_real(m->measured));
    json_array_append_new(all, one);
    if (!job->opt->json && !job->opt->csv)
      printf("%-10s %8.2f levels for one sigma, predicted %8.2f\n", m->name, m->measured,
             m->predicted);
  }
  if (job->opt->json)
    cli_print_json(json_pack("{s:s, s:f, s:O}", "hash", job->base.model->hash, "seconds", seconds,
                             "strongest", all));
  json_decref(all);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static gboolean
read_directions(Job *job, GError **error)
{
  if (!job->opt->directions)
    return TRUE;
  job->set = sg_direction_set_load(job->opt->directions, error);
  if (!job->set || job->set->w_dim == job->base.model->info.w_dim)
    return job->set != NULL;
  cli_set_usage_error(error, "--directions: this model has w of %d numbers, %s is for %d",
                      job->base.model->info.w_dim, job->opt->directions, job->set->w_dim);
  return FALSE;
}

static gboolean
read_recipe(Job *job, GError **error)
{

  if (job->opt->recipe)
    job->recipe = cli_read_recipe("influence", job->opt->recipe, job->base.model, error);
  else
    job->recipe = direction_job_recipe(&job->base, (guint32)job->opt->seed, job->opt->label);
  if (!job->recipe)
    return FALSE;
  job->recipe->faces = 1;
  return TRUE;
}

static gboolean
find(Job *job, double *seconds, GError **error)
{
  g_autoptr(SgWeights) g = sg_weights_new_generator(sg_renderer_backend(job->base.renderer),
                                                    job->base.model, FALSE, error);

  job->moments = g ? direction_job_moments(&job->base, SAMPLES, 0, job->opt->label, error) : NULL;
  if (!job->moments)
    return FALSE;
  gint64 start = g_get_monotonic_time();
  job->influence = sg_influence_new(job->base.renderer, g, job->recipe, &job->region,
                                    job->opt->probes, 0, error);
  *seconds = (double)(g_get_monotonic_time() - start) / 1e6;
  if (!job->influence)
    return FALSE;
  add_dimensions(job);
  add_channels(job);
  add_directions(job);
  g_array_sort(job->movers, stronger);
  return measure(job, error);
}

static void
mover_clear(gpointer data)
{
  g_free(((Mover *)data)->name);
}

static gboolean
run(const Options *opt, GError **error)
{
  Job job = {.opt = opt, .movers = g_array_new(FALSE, TRUE, sizeof(Mover))};
  double seconds = 0;

  g_array_set_clear_func(job.movers, mover_clear);
  gboolean ok = parse_region(opt->region, &job.region, error) &&
                direction_job_open(&job.base, opt->network, NULL, opt->label, NULL, error) &&
                read_directions(&job, error) && read_recipe(&job, error) &&
                find(&job, &seconds, error) && write_table(&job, error);
  if (ok)
    print(&job, seconds);
  g_array_unref(job.movers);
  sg_influence_free(job.influence);
  sg_moments_free(job.moments);
  sg_direction_set_free(job.set);
  g_clear_pointer(&job.recipe, sg_recipe_free);
  direction_job_close(&job.base);
  return ok;
}

int
cli_influence(int argc, char **argv)
{
  GError *error = NULL;
  Options opt;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  g_free(opt.network);
  g_free(opt.region);
  g_free(opt.recipe);
  g_free(opt.directions);
  g_free(opt.csv);
  return cli_finish("influence", error);
}
