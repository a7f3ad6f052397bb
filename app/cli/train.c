/* vitrine train: options from the table in engine/learn/options-table.c, the rest is the
 * engine's. */
#include "engine/backend/backend-device.h"
#include "engine/formats/read-file.h"
#include "engine/learn/adopt.h"
#include "engine/record/changes.h"
#include "engine/record/run-dir.h"
#include "engine/runs/run-reader.h"
#include "engine/train/trainer.h"
#include "app/cli/cli.h"
#include "app/cli/train-words.h"
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

typedef struct {
  char **values; /* per row of the table, NULL where the user said nothing */
  char *lr;
  gboolean dry_run, mpi;
} Given;

/* Where a run lies is not part of it. */
static gboolean
may_change(const char *name)
{
  static const char *const places[] = {"outdir", "resume", NULL};
  return g_strv_contains(sg_change_resumable, name) || g_strv_contains(places, name);
}

static gboolean
is_path(const char *name)
{
  static const char *const paths[] = {"data", "outdir", "resume", NULL};
  return g_strv_contains(paths, name);
}

#define MAX_GROUPS 8

static void
free_entries(gpointer data)
{
  for (GOptionEntry *e = data; e->long_name; e++)
    g_free((char *)e->description);
  g_free(data);
}

/* One group of options a section of the table. The data set decides label-dim: nobody gives it. */
static void
make_groups(Given *given, GOptionGroup **groups)
{
  guint n = sg_train_option_count, made = 0;

  given->values = g_new0(char *, n + 1);
  for (guint i = 0; i < n;) {
    const char *name = sg_train_option_table[i].group;
    g_autofree char *id = g_ascii_strdown(name, -1), *show = g_strdup_printf("show %s options", id);
    g_autoptr(GArray) entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
    for (; i < n && g_str_equal(sg_train_option_table[i].group, name); i++) {
      const SgTrainOption *row = &sg_train_option_table[i];
      if (g_str_equal(row->name, "label-dim"))
        continue;
      GOptionEntry e = {row->name,
                        0,
                        0,
                        is_path(row->name) ? G_OPTION_ARG_FILENAME : G_OPTION_ARG_STRING,
                        &given->values[i],
                        g_strdup_printf("%s [%s]", row->help, row->default_text),
                        row->type == SG_OPTION_TEXT ? "TEXT" : "N"};
      g_array_append_val(entries, e);
    }
    g_assert(made < MAX_GROUPS);
    /* GOption keeps pointers into the entries. */
    gpointer kept = g_array_free(g_steal_pointer(&entries), FALSE);
    g_autofree char *title = g_strconcat(name, ":", NULL);
    groups[made] = g_option_group_new(id, title, show, kept, free_entries);
    g_option_group_add_entries(groups[made++], kept);
  }
}

static const char *
given_value(const Given *given, const char *name)
{
  for (guint i = 0; i < sg_train_option_count; i++)
    if (g_str_equal(sg_train_option_table[i].name, name))
      return given->values[i];
  return NULL;
}

static gboolean
set_option(SgTrainOptions *o, const char *name, const char *value, GError **error)
{
  g_autofree char *path = is_path(name) && *value ? sg_train_path_to_text(value) : NULL;
  return sg_train_options_set(o, name, path ? path : value, error);
}

static gboolean
apply(SgTrainOptions *o, const Given *given, GError **error)
{
  if (given->lr && !sg_train_options_set(o, "lr", given->lr, error))
    return FALSE;
  for (guint i = 0; i < sg_train_option_count; i++)
    if (given->values[i] && !set_option(o, sg_train_option_table[i].name, given->values[i], error))
      return FALSE;
  return TRUE;
}

/* ---- resuming -------------------------------------------------------------------------------- */

/* What the user says besides must not contradict the run. */
static gboolean
check_unchanged(const SgTrainOptions *run, const SgTrainOptions *now, GError **error)
{
  for (guint i = 0; i < sg_train_option_count; i++) {
    const char *name = sg_train_option_table[i].name;
    if (may_change(name))
      continue;
    g_autofree char *was = sg_train_options_text(run, name), *is = sg_train_options_text(now, name);
    if (g_strcmp0(was, is) != 0) {
      cli_set_usage_error(error,
                          "--%s is %s in the run that is resumed and cannot become %s; start a new "
                          "run from its snapshot instead",
                          name, was ? was : "not set", is ? is : "nothing");
      return FALSE;
    }
  }
  return TRUE;
}

static SgTrainOptions *
resume_options(const char *dir, const Given *given, GError **error)
{
  g_autoptr(SgTrainOptions) run = sg_changes_options(dir, error);
  g_autoptr(SgTrainOptions) now = run ? sg_changes_options(dir, error) : NULL;
  if (!now || !apply(now, given, error) || !set_option(now, "resume", dir, error) ||
      !check_unchanged(run, now, error))
    return NULL;
  for (guint i = 0; i < sg_train_option_count; i++)
    if (given->values[i] && may_change(sg_train_option_table[i].name))
      sg_train_options_give(now, sg_train_option_table[i].name);
  return g_steal_pointer(&now);
}

/* ---- running --------------------------------------------------------------------------------- */

/* Options that have no effect with this kind of augmentation. */
static gboolean
check_augmentation(const SgTrainOptions *o, const Given *given, GError **error)
{
  static const struct {
    const char *name, *with; /* the kinds that it is for */
  } rules[] = {{"p", "ada fixed"},
               {"augpipe", "ada fixed"},
               {"target", "ada"},
               {"ada-kimg", "ada"},
               {"ada-interval", "ada"}};

  for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
    if (given_value(given, rules[i].name) && !strstr(rules[i].with, o->aug)) {
      cli_set_usage_error(error, "--%s=%s has no effect with --aug=%s: leave out one of them",
                          rules[i].name, given_value(given, rules[i].name), o->aug);
      return FALSE;
    }
  return TRUE;
}

/* A model brings its own widths. */
static const char *
default_preset(const Given *given, const char *model)
{
  g_autoptr(GPtrArray) devices = model ? NULL : sg_backend_devices(NULL);
  return model ? "auto" : sg_train_preset_default(given_value(given, "device"), devices->len > 0);
}

/* Options of a new run; `model`: the file whose weights it starts from, or NULL. */
static SgTrainOptions *
new_options(const Given *given, const char *model, GError **error)
{
  const char *preset = given_value(given, "cfg");

  if (!cli_train_check_preset(preset, error))
    return NULL;
  if (model && !g_file_test(model, G_FILE_TEST_EXISTS) && cli_train_is_download(model)) {
    cli_set_usage_error(
        error, "--resume=%s: nothing is downloaded here; fetch the file and give its path", model);
    return NULL;
  }
  if (model && !g_file_test(model, G_FILE_TEST_EXISTS)) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                "%s: there is no such file or run directory", model);
    return NULL;
  }
  if (!given_value(given, "data")) {
    cli_set_usage_error(error, "what to learn from? --data=FOLDER|ZIP");
    return NULL;
  }
  if (!given_value(given, "outdir") && !given->dry_run) {
    cli_set_usage_error(error, "where to? --outdir=FOLDER");
    return NULL;
  }
  g_autoptr(SgTrainOptions) o =
      sg_train_options_new(preset ? preset : default_preset(given, model), error);
  if (!o || !apply(o, given, error) || !check_augmentation(o, given, error))
    return NULL;
  if (!model) {
    g_clear_pointer(&o->resume, g_free);
    return g_steal_pointer(&o);
  }
  g_autoptr(SgModel) m = set_option(o, "resume", model, error) ? sg_model_load(model, error) : NULL;
  return m && sg_train_options_adopt(o, m, error) ? g_steal_pointer(&o) : NULL;
}

/* The newest run in --outdir, for --resume=latest. */
static char *
latest_run(const Given *given, GError **error)
{
  const char *outdir = given_value(given, "outdir");

  if (!outdir) {
    cli_set_usage_error(error, "--resume=latest: the latest of which? --outdir=FOLDER");
    return NULL;
  }
  g_autoptr(GDir) dir = g_dir_open(outdir, 0, error);
  g_autofree char *newest = NULL;
  gint64 best = -1;
  for (const char *name; dir && (name = g_dir_read_name(dir));) {
    char *end = (char *)"";
    gint64 number = g_ascii_isdigit(*name) ? g_ascii_strtoll(name, &end, 10) : -1;
    g_autofree char *path = g_build_filename(outdir, name, NULL);
    if (number <= best || *end != '-' || !sg_run_reader_recognises(path))
      continue;
    best = number;
    g_free(newest);
    newest = g_steal_pointer(&path);
  }
  if (dir && !newest)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                "%s: expected a run directory to go on with, found none", outdir);
  return g_steal_pointer(&newest);
}

/* Rather than begun with a model's weights. */
static gboolean
is_resumed(const SgTrainOptions *o)
{
  g_autofree char *path = sg_train_path_from_text(o->resume);
  return path && g_file_test(path, G_FILE_TEST_IS_DIR);
}

/* Another program's has options of its own kind, or nothing but its networks. */
static gboolean
is_ours(const char *dir)
{
  g_autofree char *path = g_build_filename(dir, "training_options.json", NULL);
  g_autofree char *json = sg_read_file(path, SG_TRAIN_OPTIONS_MAX, NULL, NULL);
  g_autofree char *model = sg_run_dir_newest_model(dir);

  if (json && strstr(json, "\"training_set_kwargs\""))
    return FALSE;
  return json || !model || !g_str_has_suffix(model, ".pkl");
}

/* Of another program's run the newest network is a model like any other. */
static SgTrainOptions *
options_from(const char *resume, const Given *given, GError **error)
{
  if (!resume || !g_file_test(resume, G_FILE_TEST_IS_DIR))
    return new_options(given, resume, error);
  if (is_ours(resume))
    return resume_options(resume, given, error);
  g_autofree char *name = sg_run_dir_newest_model(resume);
  if (!name) {
    g_set_error(
        error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
        "%s: expected a network-snapshot of the training that this folder is of, found none",
        resume);
    return NULL;
  }
  g_autofree char *model = g_build_filename(resume, name, NULL);
  return new_options(given, model, error);
}

static SgTrainOptions *
make_options(const Given *given, GError **error)
{
  const char *resume = given_value(given, "resume");

  if (g_strcmp0(resume, "noresume") == 0) /* NVlabs' word */
    return options_from(NULL, given, error);
  if (g_strcmp0(resume, "latest") != 0)
    return options_from(resume, given, error);
  g_autofree char *latest = latest_run(given, error);
  return latest ? options_from(latest, given, error) : NULL;
}

/* A run that is resumed has the classes it began with. */
static gboolean
check_classes(const SgTrainOptions *o, const SgDataset *ds, int classes, GError **error)
{
  if (!o->cond || ds->label_dim == classes)
    return TRUE;
  g_autofree char *path = sg_train_path_from_text(o->data);
  cli_set_usage_error(error,
                      "--data=%s has %d classes, but the run that is resumed has %d; start a new "
                      "run from its snapshot instead",
                      path, ds->label_dim, classes);
  return FALSE;
}

/* A model with labels that is trained on a set without them goes on without, unless labels were
 * asked for. */
static SgDataset *
open_dataset(SgTrainOptions *o, gboolean asked, gboolean tell, GError **error)
{
  SgDatasetOptions options = {.resolution = o->resolution,
                              .channels = o->channels,
                              .use_labels = o->cond,
                              .max_images = (guint)o->subset,
                              .drawn = o->subset_seed >= 0,
                              .subset_seed = (guint64)MAX(o->subset_seed, 0)};
  g_autofree char *path = sg_train_path_from_text(o->data);
  GError *why = NULL;
  SgDataset *ds = sg_dataset_open(path, &options, &why);

  if (!ds && o->cond && !asked) {
    options.use_labels = o->cond = FALSE;
    ds = sg_dataset_open(path, &options, NULL);
  }
  if (ds)
    g_clear_error(&why);
  else
    g_propagate_error(error, why);

  if (!ds)
    return NULL;
  for (guint i = 0; tell && i < ds->refused->len; i++) {
    const SgRefusal *r = ds->refused->pdata[i];
    fprintf(stderr, "vitrine train: not used: %s: %s\n", cli_name(r->name), cli_name(r->reason));
  }
  o->resolution = ds->resolution;
  o->channels = ds->channels;
  o->label_dim = o->cond ? ds->label_dim : 0;
  if (!o->name)
    o->name = g_strdup(ds->name);
  return ds;
}

/* Threads that start later have it, too: before any does. Who was started with a lower priority
 * keeps it. */
static void
lower_priority(int nice)
{
  if (nice > getpriority(PRIO_PROCESS, 0))
    setpriority(PRIO_PROCESS, 0, nice);
}

/* Everything before the training; errors are told to all processes. `why` (taken): the command
 * line's. */
static gboolean
prepare(const Given *given, SgGroup *group, GError *why, SgTrainOptions **o, SgDataset **ds,
        GError **error)
{
  *o = why ? NULL : make_options(given, &why);
  if (*o)
    lower_priority((*o)->nice);
  gboolean resumed = *o && is_resumed(*o);
  int classes = *o ? (*o)->label_dim : 0;
  *ds = *o ? open_dataset(*o, given_value(given, "cond") || resumed || !(*o)->resume,
                          sg_group_rank(group) == 0, &why)
           : NULL;
  if (*ds && resumed && !check_classes(*o, *ds, classes, &why))
    g_clear_pointer(ds, sg_dataset_free);
  if (*ds)
    sg_train_options_resolve(*o, &why);
  return sg_group_agree(group, why, error);
}

static void
run(const Given *given, SgGroup *group, GError *wrong, GError **error)
{
  g_autoptr(SgTrainOptions) o = NULL;
  g_autoptr(SgDataset) ds = NULL;

  if (!prepare(given, group, wrong, &o, &ds, error))
    return;
  if (!given->dry_run) {
    sg_train_run(o, ds, group, error);
    return;
  }
  g_autofree char *json = sg_train_options_to_json(o);
  if (sg_group_rank(group) == 0)
    puts(json);
  sg_train_dry_run(o, ds, group, error);
}

/* Alone or with the other processes that mpirun has started. Of an error that all know of rank 0
 * tells. `wrong` (taken): the command line is. */
static int
run_together(const Given *given, GError *wrong)
{
  GError *error = NULL;
  SgGroup *group = NULL;

  if (sg_group_join(given->mpi, &group, &error))
    run(given, group, wrong, &error);
  else
    g_clear_error(&wrong);
  if (error && group && !sg_group_has_ended(group))
    sg_group_abort(group, error->message);
  gboolean silent = error && sg_group_rank(group) > 0;
  if (error && error->domain == G_OPTION_ERROR)
    error->domain = CLI_USAGE_ERROR;
  int status = silent ? (error->domain == CLI_USAGE_ERROR ? 2 : 1) : cli_finish("train", error);
  if (silent)
    g_error_free(error);
  sg_group_leave(group);
  return status;
}

int
cli_train(int argc, char **argv)
{
  Given given = {0};
  GError *error = NULL;
  GOptionGroup *groups[MAX_GROUPS + 1] = {NULL};
  const GOptionEntry entries[] = {
      {"lr", 0, 0, G_OPTION_ARG_STRING, &given.lr, "both learning rates at once", "N"},
      {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &given.dry_run,
       "print the options and what the run would need, and stop", NULL},
      {"mpi", 0, 0, G_OPTION_ARG_NONE, &given.mpi,
       "train with other processes although none of mpirun's variables are set", NULL},
      {NULL}};
  const CliHelp help = {
      "", "Trains a StyleGAN2 on a folder or zip of pictures.",
      "A run is a directory of its own in --outdir: options, log, statistics (stats.jsonl, "
      "TensorBoard),\n"
      "picture grids and snapshots. Stop it with Ctrl+C (it saves first) or \"vitrine control\"; "
      "go "
      "on with\n"
      "--resume=RUN_DIRECTORY, exactly where it stopped. --resume=MODEL starts a new run from a "
      "model's weights:\n"
      "what fits is copied, also to another --resolution, --channels or --cond, and a table says "
      "what.\n"
      "\"mpirun -n N vitrine train …\" (Open MPI) shares each step's batch among N processes, "
      "which "
      "compute\n"
      "what one would; --batch is that of all. On CUDA process i of a machine takes its device i.",
      groups};

  make_groups(&given, groups);
  g_auto(GStrv) words = cli_train_words(argv, &error);
  g_autofree char **left = g_new0(char *, words ? g_strv_length(words) + 1 : 1);
  for (guint i = 0; words && words[i]; i++)
    left[i] = words[i]; /* GOption takes words out of the array, and leaves the rest in it */
  argc = words ? (int)g_strv_length(words) : 0;
  argv = left;
  if (words && cli_parse(&argc, &argv, entries, &help, &error) && argc > 1)
    cli_set_usage_error(&error, "one word too many: %s", argv[1]);
  int status = run_together(&given, error);
  for (guint i = 0; i < sg_train_option_count; i++)
    g_free(given.values[i]);
  g_free(given.values);
  g_free(given.lr);
  return status;
}
