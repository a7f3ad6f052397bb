/* vitrine examine: does a picture look like what a model draws? Independent witnesses. */
#include "app/cli/cli.h"
#include "app/examine/examine-report.h"
#include "app/examine/examine-words.h"
#include "engine/backend/backend-device.h"
#include "engine/explore/weights/real-score.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct {
  char *network, *data, *report, *stress;
  int references, steps, tries, scan, seed, label;
  gboolean json, no_cache;
} Options;

static gboolean
check_options(const Options *o, int argc, GError **error)
{
  if (!o->network)
    cli_set_usage_error(error, "which model? --network=FILE");
  else if (argc < 2)
    cli_set_usage_error(error, "which pictures? Name at least one");
  else if (o->steps == 1)
    cli_set_usage_error(error, "--steps: expected 0, or at least 2, found 1");
  else
    return TRUE;
  return FALSE;
}

static gboolean
options_parse(Options *o, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
      {"network", 0, 0, G_OPTION_ARG_FILENAME, &o->network, "the model", "FILE"},
      {"data", 0, 0, G_OPTION_ARG_FILENAME, &o->data,
       "real pictures of the kind that the model learnt from: a folder, zip… (what it was trained "
       "with, if that is known)",
       "DATA"},
      {"references", 0, 0, G_OPTION_ARG_INT, &o->references,
       "how many of each kind are measured first (32)", "N"},
      {"steps", 0, 0, G_OPTION_ARG_INT, &o->steps,
       "of each projection (100); 0 leaves that witness out", "N"},
      {"tries", 0, 0, G_OPTION_ARG_INT, &o->tries,
       "how often each picture is projected; the nearest counts (3)", "N"},
      {"scan", 0, 0, G_OPTION_ARG_INT, &o->scan,
       "how many pictures of the data set are looked through for near ones (1000)", "N"},
      {"seed", 0, 0, G_OPTION_ARG_INT, &o->seed, "which references are drawn (0)", "N"},
      {"class", 0, 0, G_OPTION_ARG_INT, &o->label, "class of a conditional model (0)", "N"},
      {"stress", 0, 0, G_OPTION_ARG_STRING, &o->stress,
       "measure each picture again after JPEG, resizing and blur: all, or some like "
       "jpeg50,resize0.5,blur1",
       "WHICH"},
      {"report", 0, 0, G_OPTION_ARG_FILENAME, &o->report,
       "write a page with pictures and histograms, and the numbers beside it as JSON", "FILE.html"},
      {"no-cache", 0, 0, G_OPTION_ARG_NONE, &o->no_cache,
       "measure the references anew, and do not keep them", NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &o->json, "write JSON to standard output", NULL},
      {NULL}};
  static const CliRange ranges[] = {
      {"references", 2, 10000}, {"steps", 0, 100000},   {"tries", 1, 100}, {"scan", 0, 10000000},
      {"seed", 0, 10000},       {"class", 0, G_MAXINT}, {NULL, 0, 0}};
  const CliHelp help = {
      .parameters = "IMAGE…",
      .summary = "Asks independent witnesses whether pictures look like what a model draws.",
      .details =
          "Witnesses: how near the model comes to a picture (projection), the logit of its "
          "discriminator (judged alone, as by \"vitrine score\"), the spectrum of the fine "
          "structure, and the nearest pictures of the data set. Each has references of both kinds, "
          "the model's and the data set's, and says \"fits\", \"does not fit\" or \"cannot tell\"; "
          "where its references do not separate, it says so. Beside them stands what the file says "
          "about itself. There is no sum of it, and no probability: --report tells what such an "
          "examination cannot know.\n"
          "  vitrine examine --network model.pkl --data faces.zip --report report.html photo.jpg",
      .ranges = ranges};
  SgExamineOptions usual;

  sg_examine_options_init(&usual);
  *o = (Options){.references = usual.references,
                 .steps = usual.steps,
                 .tries = usual.tries,
                 .scan = usual.scan,
                 .label = -1};
  return cli_parse(argc, argv, entries, &help, error) && check_options(o, *argc, error);
}

/* ---- what is said ---------------------------------------------------------------------------- */

static void
print_witness(const SgExamination *e, const SgExamined *x, SgWitness w)
{
  const SgTestimony *t = &x->testimony[w];
  const SgEvidence *v = sg_examination_evidence(e, w);

  if (!v) {
    printf("  %-9s not there: %s\n", sg_witness_id(w), cli_name(sg_examination_absence(e, w)));
    return;
  }
  g_autofree char *evidence = vitrine_evidence_words(v);
  printf("  %-9s %-12s %10.4f  %s\n", sg_witness_id(w), vitrine_verdict_word(t->verdict),
         x->value[w], vitrine_reason_words(t->reason));
  if (evidence)
    printf("  %-9s %s\n", "", evidence);
}

static void
print_picture(const SgExamination *e, const SgExamined *x)
{
  if (x->error)
    return;
  g_auto(GStrv) lines = vitrine_provenance_words(x, sg_examination_model(e));
  printf("%s (%d×%d)\n", cli_name(x->path), x->width, x->height);
  if (x->enlarged)
    puts("  it is smaller than the model's pictures and was enlarged");
  for (int w = 0; w < SG_WITNESSES; w++)
    print_witness(e, x, (SgWitness)w);
  for (int i = 0; i < x->n_nearest; i++)
    printf("  near: %s, distance %.4f\n", cli_name(x->nearest[i].name), x->nearest[i].distance);
  for (char **l = lines; *l; l++)
    printf("  file: %s\n", cli_name(*l));
}

static void
print_all(const SgExamination *e)
{
  for (guint i = 0; i < sg_examination_count(e); i++)
    print_picture(e, sg_examination_get(e, i));
  puts("What this cannot know:");
  for (const char *const *l = vitrine_examine_limits(); *l; l++)
    printf("- %s\n", *l);
}

/* The first picture that could not be read; the others are told all the same. */
static void
check_all(const SgExamination *e, GError **error)
{
  for (guint i = 0; i < sg_examination_count(e); i++)
    if (sg_examination_get(e, i)->error) {
      g_set_error_literal(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                          sg_examination_get(e, i)->error);
      return;
    }
}

/* ---- running --------------------------------------------------------------------------------- */

static gboolean
examine_all(SgExamination *e, SgRenderer *r, GError **error)
{
  CliProgress progress;
  gint64 done, total;
  gboolean ok = TRUE;

  sg_examination_progress(e, &done, &total);
  cli_progress_begin(&progress, "steps", (gsize)total);
  while (ok && !sg_examination_is_done(e)) {
    ok = sg_examination_step(e, r, error);
    sg_examination_progress(e, &done, &total);
    progress.total = (gsize)total;
    cli_progress_update(&progress, (gsize)done);
  }
  cli_progress_end(&progress);
  return ok;
}

static SgExamination *
open_examination(const Options *o, SgModel *model, GError **error)
{
  const SgModelInfo *info = &model->info;
  g_autofree char *known = o->data ? NULL : sg_known_data(model->path);
  g_autofree char *cache = g_build_filename(g_get_user_cache_dir(), "vitrine", "examine", NULL);
  SgExamineOptions options = {.data = o->data ? o->data : known,
                              .references = o->references,
                              .steps = o->steps,
                              .tries = o->tries,
                              .scan = o->scan,
                              .seed = (guint64)o->seed,
                              .label = o->label,
                              .cache = o->no_cache ? NULL : cache};

  if (info->c_dim == 0 ? o->label >= 0 : o->label >= info->c_dim) {
    cli_set_usage_error(error, "--class: this model has %d classes, found %d", info->c_dim,
                        o->label);
    return NULL;
  }
  g_autoptr(GError) why = NULL;
  if (o->stress && !sg_stress_parse(o->stress, &options.stress, &why)) {
    cli_set_usage_error(error, "--stress: %s", why->message);
    return NULL;
  }
  return sg_examination_new(model, &options, error);
}

static void
run(const Options *o, int n, char **paths, GError **error)
{
  g_autoptr(SgModel) model = NULL;
  g_autoptr(SgRenderer) renderer = NULL;

  if ((o->report && !vitrine_examine_check_path(o->report, error)) ||
      !(model = cli_load_model(o->network, error)) ||
      !(renderer = sg_renderer_new(model, NULL, error)))
    return;
  if (sg_backend_is_cpu(sg_renderer_backend(renderer)))
    sg_backend_cpu_keep_memory();
  g_autoptr(SgExamination) e = open_examination(o, model, error);
  for (int i = 0; e && i < n; i++)
    sg_examination_add(e, paths[i]);
  if (!e || !examine_all(e, renderer, error))
    return;
  if (o->report && !vitrine_examine_write(e, o->report, error))
    return;
  if (o->json) {
    char *json = vitrine_examine_json(e);
    puts(json);
    free(json);
  } else {
    print_all(e);
  }
  check_all(e, error);
}

int
cli_examine(int argc, char **argv)
{
  GError *error = NULL;
  Options opt;

  if (options_parse(&opt, &argc, &argv, &error))
    run(&opt, argc - 1, argv + 1, &error);
  g_free(opt.network);
  g_free(opt.data);
  g_free(opt.report);
  g_free(opt.stress);
  return cli_finish("examine", error);
}
