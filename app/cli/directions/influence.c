/* vitrine influence: what moves a region of a face, and where in a face something acts. */
#include "app/cli/directions/influence.h"
#include "engine/explore/nets.h"
#include "engine/formats/writer.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For what one σ of a coordinate is. */
#define SAMPLES 5000

static gboolean
check_options(const InfluenceOptions *o, int argc, char **argv, GError **error)
{
  if (argc > 1)
    cli_set_usage_error(error, "unexpected \"%s\"", argv[1]);
  else if (!o->network)
    cli_set_usage_error(error, "which model? --network=FILE");
  else if (!o->region == !o->where)
    cli_set_usage_error(error,
                        "one of both: --region=X,Y,WIDTH,HEIGHT in pixels of the picture, or "
                        "--where=w17,s7.123,NAME");
  else if (o->where && !o->outdir)
    cli_set_usage_error(error, "where to? --outdir=DIR");
  else if (o->outdir && !o->where)
    cli_set_usage_error(error, "--outdir is for --where; a region's table goes to --csv=FILE");
  else if (o->csv && o->where)
    cli_set_usage_error(error, "--csv is for --region; --where writes where.csv into --outdir");
  else
    return TRUE;
  return FALSE;
}

static gboolean
options_parse(InfluenceOptions *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"region", 0, 0, G_OPTION_ARG_STRING, &o->region, "the spot, in pixels from the top left",
       "X,Y,W,H"},
      {"where", 0, 0, G_OPTION_ARG_STRING, &o->where,
       "the reverse: where these act, like w17,s7.123 or a direction's name", "NAMES"},
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o->outdir,
       "where the heat maps of --where go; made if missing", "DIR"},
      {"seed", 0, 0, G_OPTION_ARG_INT, &o->seed, "which face (0)", "N"},
      {"faces", 0, 0, G_OPTION_ARG_INT, &o->faces, "averaged over so many, from that seed on (1)",
       "N"},
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
  const CliRange ranges[] = {
      {"seed", 0, G_MAXINT}, {"faces", 1, 1000}, {"probes", 1, 256}, {"top", 0, 100000}, {NULL}};
  const CliHelp help = {
      "",
      "Ranks dimensions of w, style channels and directions by how much they move a spot of a "
      "face.",
      "The strength of each is the root mean square, over the spot, of the change of its colour "
      "values (in grey levels of 255) for one sigma, from gradients; the strongest are then really "
      "moved by one sigma, and what that gives stands beside it. With --where each that is named "
      "is "
      "moved by one sigma both ways: DIR/where.png shows the face and, from black to white, what "
      "changes; where-NAME.npy has the levels of each pixel; where.csv how much, where most, and "
      "how "
      "much of it falls into a tenth of the picture.\n"
      "  vitrine influence --network model.pkl --seed 3 --region 20,24,12,6\n"
      "  vitrine influence --network model.pkl --faces 8 --where w17,s7.123 --outdir where",
      .ranges = ranges};

  *o = (InfluenceOptions){.probes = 32, .top = 10, .label = -1, .faces = 1};
  return cli_parse(&argc, &argv, entries, &help, error) && check_options(o, argc, argv, error);
}

static int
stronger(gconstpointer a, gconstpointer b)
{
  double x = ((const Mover *)a)->predicted, y = ((const Mover *)b)->predicted;
  return (x < y) - (x > y);
}

/* ---- really moving --------------------------------------------------------------------------- */

/* Mean squares of a face's region, of each of the first `top`. */
static gboolean
measure_face(InfluenceJob *job, const SgRecipe *face, guint top, double *squares, GError **error)
{
  g_autoptr(SgTensor) plain = sg_renderer_render_float(job->base.renderer, face, error);

  for (guint i = 0; plain && i < top; i++) {
    g_autoptr(SgRecipe) r = influence_moved(face, &g_array_index(job->movers, Mover, i), 1);
    g_autoptr(SgTensor) picture = sg_renderer_render_float(job->base.renderer, r, error);
    if (!picture)
      return FALSE;
    double change = sg_region_change(&job->region, (int)plain->shape[1], (int)plain->shape[2],
                                     (int)plain->shape[3], picture->data, plain->data);
    squares[i] += change * change / job->faces->len;
    cli_progress_update(&job->base.progress, i + 1);
  }
  return plain != NULL;
}

static gboolean
measure(InfluenceJob *job, GError **error)
{
  guint top = MIN((guint)job->opt->top, job->movers->len);
  g_autofree double *squares = g_new0(double, MAX(top, 1));

  cli_progress_begin(&job->base.progress, "moves", top);
  for (guint f = 0; top && f < job->faces->len; f++)
    if (!measure_face(job, job->faces->pdata[f], top, squares, error))
      return FALSE;
  cli_progress_end(&job->base.progress);
  for (guint i = 0; i < top; i++)
    g_array_index(job->movers, Mover, i).measured = sqrt(squares[i]);
  return TRUE;
}

/* ---- what is written ------------------------------------------------------------------------- */

static char *
table(const InfluenceJob *job)
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
write_table(const InfluenceJob *job, GError **error)
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
print(const InfluenceJob *job, double seconds)
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
read_directions(InfluenceJob *job, GError **error)
{
  if (!job->opt->directions)
    return TRUE;
  job->set = cli_load_directions("influence", job->opt->directions, job->base.model, error);
  return job->set != NULL;
}

static gboolean
read_faces(InfluenceJob *job, GError **error)
{
  g_autoptr(SgRecipe) first =
      job->opt->recipe ? cli_read_recipe("influence", job->opt->recipe, job->base.model, error)
                       : direction_job_recipe(&job->base, (guint32)job->opt->seed, job->opt->label);

  if (!first)
    return FALSE;
  first->faces = 1;
  for (int i = 0; i < job->opt->faces; i++) {
    SgRecipe *r = sg_recipe_copy(first);
    r->seed += (guint32)i;
    if (i > 0)
      sg_recipe_drop_vectors(r);
    g_ptr_array_add(job->faces, r);
  }
  return TRUE;
}

static gboolean
ask_faces(InfluenceJob *job, SgWeights *g, GError **error)
{
  guint n = job->faces->len;
  g_autofree SgInfluence **all = g_new0(SgInfluence *, n);
  gboolean ok = TRUE;

  cli_progress_begin(&job->base.progress, "faces", n);
  for (guint i = 0; ok && i < n; i++) {
    all[i] = sg_influence_new(job->base.renderer, g, job->faces->pdata[i], &job->region,
                              job->opt->probes, i, error);
    ok = all[i] != NULL;
    cli_progress_update(&job->base.progress, i + 1);
  }
  cli_progress_end(&job->base.progress);
  if (ok && n == 1)
    job->influence = g_steal_pointer(&all[0]);
  else if (ok)
    job->influence = sg_influence_mean((int)n, all);
  for (guint i = 0; i < n; i++)
    sg_influence_free(all[i]);
  return ok;
}

static gboolean
find_region(InfluenceJob *job, double *seconds, GError **error)
{
  g_autoptr(SgWeights) g = sg_weights_new_generator(sg_renderer_backend(job->base.renderer),
                                                    job->base.model, FALSE, error);
  gint64 start = g_get_monotonic_time();

  if (!g || !ask_faces(job, g, error))
    return FALSE;
  *seconds = (double)(g_get_monotonic_time() - start) / 1e6;
  influence_add_movers(job);
  g_array_sort(job->movers, stronger);
  return measure(job, error);
}

static gboolean
answer(InfluenceJob *job, GError **error)
{
  double seconds = 0;

  job->moments = direction_job_moments(&job->base, SAMPLES, 0, job->opt->label, error);
  if (!job->moments)
    return FALSE;
  if (job->opt->where) {
    influence_add_movers(job);
    return influence_where(job, error);
  }
  if (!find_region(job, &seconds, error) || !write_table(job, error))
    return FALSE;
  print(job, seconds);
  return TRUE;
}

static void
mover_clear(gpointer data)
{
  g_free(((Mover *)data)->name);
}

static void
run(const InfluenceOptions *opt, GError **error)
{
  InfluenceJob job = {.opt = opt,
                      .movers = g_array_new(FALSE, TRUE, sizeof(Mover)),
                      .faces = g_ptr_array_new_with_free_func((GDestroyNotify)sg_recipe_free)};

  g_array_set_clear_func(job.movers, mover_clear);
  if ((!opt->region || direction_job_region(opt->region, &job.region, error)) &&
      direction_job_open(&job.base, opt->network, NULL, opt->label, opt->outdir, error) &&
      read_directions(&job, error) && read_faces(&job, error))
    answer(&job, error);
  cli_progress_end(&job.base.progress);
  g_array_unref(job.movers);
  g_ptr_array_unref(job.faces);
  sg_influence_free(job.influence);
  sg_moments_free(job.moments);
  sg_direction_set_free(job.set);
  direction_job_close(&job.base);
}

int
cli_influence(int argc, char **argv)
{
  GError *error = NULL;
  InfluenceOptions opt;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  g_free(opt.network);
  g_free(opt.region);
  g_free(opt.recipe);
  g_free(opt.directions);
  g_free(opt.csv);
  g_free(opt.where);
  g_free(opt.outdir);
  return cli_finish("influence", error);
}
