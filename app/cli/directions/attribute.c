/* vitrine attribute: where an attribute lies among the latents, how well it can be told, and its
 * direction. */
#include "app/cli/directions/attribute.h"
#include "app/figures/figure.h"
#include "engine/explore/nets.h"
#include "engine/formats/writer.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Pictures of the sheet: from -3 to 3 σ. */
#define STEPS 7

static gboolean
check_options(const AttributeOptions *o, int argc, char **argv, GError **error)
{
  int sources = (o->data != NULL) + (o->labels != NULL) + (o->measure != NULL);

  if (!direction_job_asked(argc, argv, o->network, o->outdir, error))
    return FALSE;
  if (sources != 1)
    cli_set_usage_error(error, "one source of labels: --data=SET, --labels=FILE.csv or "
                               "--measure=brightness,…");
  else if (o->samples < 100 || o->samples > 1000000)
    cli_set_usage_error(error, "--samples: expected 100 to 1000000, found %d", o->samples);
  else if (o->reals < 100 || o->reals > 1000000)
    cli_set_usage_error(error, "--reals: expected 100 to 1000000, found %d", o->reals);
  else if (!isfinite(o->c) || o->c <= 0 || o->c > 1e6)
    cli_set_usage_error(error, "--c: expected a number above 0 and up to 1e6, found %g", o->c);
  else if (o->folds < 2 || o->folds > 100)
    cli_set_usage_error(error, "--folds: expected 2 to 100, found %d", o->folds);
  else
    return TRUE;
  return FALSE;
}

static gboolean
options_parse(AttributeOptions *o, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"outdir", 0, 0, G_OPTION_ARG_FILENAME, &o->outdir, "where results go; made if missing",
       "DIR"},
      {"data", 0, 0, G_OPTION_ARG_FILENAME, &o->data,
       "a labelled set of real pictures, from which readers of the attributes are made", "SET"},
      {"labels", 0, 0, G_OPTION_ARG_FILENAME, &o->labels,
       "a table of the faces of seeds: seed,NAME,… with 0 or 1 (or numbers) in each line", "CSV"},
      {"measure", 0, 0, G_OPTION_ARG_STRING, &o->measure,
       "what the pictures show by themselves: brightness, contrast, saturation, warmth, symmetry, "
       "edges, background, or all",
       "LIST"},
      {"attributes", 0, 0, G_OPTION_ARG_STRING, &o->attributes, "only these of the set or table",
       "LIST"},
      {"samples", 0, 0, G_OPTION_ARG_INT, &o->samples, "generated faces (4000)", "N"},
      {"reals", 0, 0, G_OPTION_ARG_INT, &o->reals, "real pictures of --data (5000)", "N"},
      {"c", 0, 0, G_OPTION_ARG_DOUBLE, &o->c,
       "of the L1 logistic regression: the smaller, the fewer coordinates (0.1)", "C"},
      {"folds", 0, 0, G_OPTION_ARG_INT, &o->folds, "of the cross-validation (10)", "N"},
      {"class", 0, 0, G_OPTION_ARG_INT, &o->label, "class of a conditional model (all, in turns)",
       "N"},
      {"path", 0, 0, G_OPTION_ARG_NONE, &o->path,
       "also how many numbers of w each C leaves, and faces along 12, 7 and 1 of them", NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "say what was found as JSON on standard output",
       NULL},
      {NULL}};
  const CliHelp help = {
      "",
      "Finds the directions of attributes in w, and says how well w, z and the styles tell them.",
      "Numbers that are not 0 and 1 are split at their median. With --data a reader of each "
      "attribute is fitted to the discriminator's view of seven tenths of the pictures and judged "
      "on the rest; below an AUC of 0.9 it is not believed, and says so. Then it labels generated "
      "faces. DIR/attributes.csv has the table: AUC and balanced accuracy over the folds for w, z "
      "and s with their deviations, and how many coordinates of w the direction uses; table.svg "
      "the same to look at; "
      "attributes.safetensors the directions (--direction of \"vitrine generate\"); NAME.png a "
      "face "
      "from -3 to 3 σ along each. With --path path.csv, path.svg and path-auc.svg have how many "
      "numbers of w each regularisation leaves and how well they tell, NAME-sparse.png faces "
      "along few of them.\n"
      "  vitrine attribute --network model.pkl --data faces.zip --outdir attributes\n"
      "  vitrine attribute --network model.pkl --measure all --outdir attributes"};

  *o = (AttributeOptions){.samples = 4000, .reals = 5000, .c = 0.1, .folds = 10, .label = -1};
  return cli_parse(&argc, &argv, entries, &help, error) && check_options(o, argc, argv, error);
}

/* ---- judging --------------------------------------------------------------------------------- */

static gboolean
judge(AttributeJob *job, Attribute *a, GError **error)
{
  GError *inner = NULL;

  if (a->refused)
    return TRUE;
  if (sg_attribute_find(job->faces, a->label, job->opt->c, job->opt->folds, a->name, job->set,
                        &a->judgement, &inner))
    return TRUE;
  /* One attribute that cannot be told leaves the others. */
  if (g_error_matches(inner, G_FILE_ERROR, G_FILE_ERROR_NOMEM)) {
    g_propagate_error(error, inner);
    return FALSE;
  }
  a->refused = g_strdup(inner->message);
  g_error_free(inner);
  return TRUE;
}

static gboolean
judge_all(AttributeJob *job, GError **error)
{
  const AttributeOptions *o = job->opt;
  g_autofree char *details = g_strdup_printf("%d faces, L1 logistic regression, C %g, %d folds",
                                             job->faces->n, o->c, o->folds);
  g_autofree char *path = g_build_filename(o->outdir, "attributes.safetensors", NULL);

  job->set = sg_direction_set_new(job->faces->w_dim, job->base.model->hash, "attribute", details);
  cli_progress_begin(&job->base.progress, "attributes", job->all->len);
  for (guint i = 0; i < job->all->len; i++) {
    if (!judge(job, job->all->pdata[i], error))
      return FALSE;
    cli_progress_update(&job->base.progress, i + 1);
  }
  cli_progress_end(&job->base.progress);
  if (job->set->list->len > 0)
    return sg_direction_set_save(job->set, path, error);
  const Attribute *first = job->all->pdata[0];
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "no direction was found; %s: %s",
              first->name, first->refused);
  return FALSE;
}

/* ---- what is written ------------------------------------------------------------------------- */

void
attribute_put_number(GString *s, double v)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_c(s, ',');
  if (isfinite(v))
    g_string_append(s, g_ascii_formatd(text, sizeof text, "%.6g", v));
}

static gboolean
write_table(const AttributeJob *job, GError **error)
{
  g_autoptr(GString) s = g_string_new(
      "attribute,reader_auc,share,w_auc,w_auc_sd,w_accuracy,w_accuracy_sd,z_auc,z_auc_sd,"
      "z_accuracy,z_accuracy_sd,s_auc,s_auc_sd,s_accuracy,s_accuracy_sd,nonzero,refused\n");
  g_autofree char *path = g_build_filename(job->opt->outdir, "attributes.csv", NULL);

  for (guint i = 0; i < job->all->len; i++) {
    const Attribute *a = job->all->pdata[i];
    g_string_append(s, a->name);
    attribute_put_number(s, a->reader_auc);
    attribute_put_number(s, a->label ? (double)a->judgement.ones / job->faces->n : NAN);
    for (int v = 0; v < SG_VIEW_COUNT; v++) {
      const SgJudgement *j = &a->judgement.view[v];
      attribute_put_number(s, a->refused ? NAN : j->auc);
      attribute_put_number(s, a->refused ? NAN : j->auc_sd);
      attribute_put_number(s, a->refused ? NAN : j->accuracy);
      attribute_put_number(s, a->refused ? NAN : j->accuracy_sd);
    }
    attribute_put_number(s, a->refused ? NAN : a->judgement.nonzero);
    g_string_append_printf(s, ",%s%s%s\n", a->refused ? "\"" : "", a->refused ? a->refused : "",
                           a->refused ? "\"" : "");
  }
  return sg_write_file(path, s->str, s->len, error);
}

/* Table 1 of "Controlled Modification of Generated (Style)GAN Latent Vectors", with the styles. */
static gboolean
write_figure(const AttributeJob *job, GError **error)
{
  enum { COLUMNS = 2 * SG_VIEW_COUNT };
  static const char *const columns[COLUMNS] = {"AUC, w",
                                               "AUC, z",
                                               "AUC, s",
                                               "balanced accuracy, w",
                                               "balanced accuracy, z",
                                               "balanced accuracy, s"};
  g_autoptr(GPtrArray) names = g_ptr_array_new(), texts = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
  g_autofree char *path = g_build_filename(job->opt->outdir, "table.svg", NULL);

  for (guint i = 0; i < job->all->len; i++) {
    const Attribute *a = job->all->pdata[i];
    if (a->refused)
      continue;
    g_ptr_array_add(names, a->name);
    for (int c = 0; c < COLUMNS; c++) {
      const SgJudgement *j = &a->judgement.view[c % SG_VIEW_COUNT];
      double v = c < SG_VIEW_COUNT ? j->auc : j->accuracy;
      g_array_append_val(values, v);
      g_ptr_array_add(
          texts, g_strdup_printf("%.3f ± %.3f", v, c < SG_VIEW_COUNT ? j->auc_sd : j->accuracy_sd));
    }
  }
  const VitrineTable table = {.title = "How well w, z and the styles tell attributes",
                              .rows = (int)names->len,
                              .columns = COLUMNS,
                              .row_labels = (const char *const *)names->pdata,
                              .column_labels = columns,
                              .values = (const double *)(gpointer)values->data,
                              .texts = (const char *const *)texts->pdata,
                              .middle = 0.5,
                              .reach = 0.5};
  return vitrine_figure_table(path, &table, error);
}

/* A face from -3 to 3 σ along each direction, three faces a sheet. */
static gboolean
write_sheet(AttributeJob *job, const SgNamedDirection *d, GError **error)
{
  enum { ROWS = 3 };
  g_autofree char *name = g_strconcat(d->name, ".png", NULL);
  g_autofree char *path = g_build_filename(job->opt->outdir, name, NULL);
  g_autoptr(DirectionTiles) tiles = direction_tiles_new(&job->base, ROWS * STEPS);

  for (int row = 0; row < ROWS; row++) {
    g_autofree char *label = g_strdup_printf("seed %d", row);
    direction_tiles_row(tiles, label);
    for (int i = 0; i < STEPS; i++) {
      double strength = i - STEPS / 2;
      g_autofree char *text = g_strdup_printf("%+.0f σ", strength);
      g_autoptr(SgRecipe) r = direction_job_recipe(&job->base, (guint32)row, job->opt->label);
      for (int k = 0; k < r->w_dim; k++)
        r->w_offset[k] = strength * d->sigma * d->vector[k];
      if (!direction_tiles_recipe(tiles, &job->base, r, text, error))
        return FALSE;
    }
  }
  return direction_tiles_write(tiles, path, d->name, STEPS, error);
}

static json_t *
judgement_json(const SgJudgement *j)
{
  return json_pack("{s:f, s:f, s:f, s:f}", "auc", j->auc, "auc_sd", j->auc_sd, "accuracy",
                   j->accuracy, "accuracy_sd", j->accuracy_sd);
}

static void
print_json(const AttributeJob *job, double seconds)
{
  static const char *const views[SG_VIEW_COUNT] = {"w", "z", "s"};
  json_t *all = json_array();

  for (guint i = 0; i < job->all->len; i++) {
    const Attribute *a = job->all->pdata[i];
    json_t *one = json_pack("{s:s}", "name", a->name);
    if (isfinite(a->reader_auc))
      json_object_set_new(one, "reader_auc", json_real(a->reader_auc));
    if (a->refused)
      json_object_set_new(one, "refused", json_string(a->refused));
    for (int v = 0; !a->refused && v < SG_VIEW_COUNT; v++)
      json_object_set_new(one, views[v], judgement_json(&a->judgement.view[v]));
    if (!a->refused)
      json_object_set_new(one, "nonzero", json_integer(a->judgement.nonzero));
    json_array_append_new(all, one);
  }
  cli_print_json(json_pack("{s:s, s:s, s:f, s:o}", "network", cli_json_name(job->opt->network),
                           "hash", job->base.model->hash, "seconds", seconds, "attributes", all));
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void
attribute_free(gpointer data)
{
  Attribute *a = data;
  g_free(a->name);
  g_free(a->label);
  g_free(a->refused);
  g_free(a);
}

static gboolean
write_all(AttributeJob *job, GError **error)
{
  gboolean ok = write_table(job, error) && write_figure(job, error);

  for (guint i = 0; ok && i < job->set->list->len; i++)
    ok = write_sheet(job, job->set->list->pdata[i], error);
  return ok && (!job->opt->path || attribute_write_paths(job, error));
}

static gboolean
run(const AttributeOptions *opt, GError **error)
{
  AttributeJob job = {.opt = opt, .all = g_ptr_array_new_with_free_func(attribute_free)};
  gint64 start = g_get_monotonic_time();
  gboolean ok = direction_job_open(&job.base, opt->network, NULL, opt->label, opt->outdir, error) &&
                attribute_labels(&job, error) && judge_all(&job, error) && write_all(&job, error);

  if (ok && opt->json)
    print_json(&job, (double)(g_get_monotonic_time() - start) / 1e6);
  cli_progress_end(&job.base.progress);
  sg_direction_set_free(job.set);
  sg_face_sample_free(job.faces);
  g_ptr_array_unref(job.all);
  direction_job_close(&job.base);
  return ok;
}

int
cli_attribute(int argc, char **argv)
{
  GError *error = NULL;
  AttributeOptions opt;

  if (options_parse(&opt, argc, argv, &error))
    run(&opt, &error);
  g_free(opt.network);
  g_free(opt.outdir);
  g_free(opt.data);
  g_free(opt.labels);
  g_free(opt.measure);
  g_free(opt.attributes);
  return cli_finish("attribute", error);
}
