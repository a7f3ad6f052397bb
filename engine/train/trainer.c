#include "engine/train/trainer-private.h"
#include "engine/backend/backend-device.h"
#include "engine/formats/format-error.h"
#include <string.h>

static void
trainer_clear(SgTrainer *t)
{
  sg_loader_free(t->loader);
  sg_control_free(t->control);
  sg_publisher_free(t->publisher);
  sg_run_dir_free(t->dir);
  sg_learn_free(t->l);
  sg_swd_free(t->swd_real);
  g_free(t->grid_z);
  g_free(t->grid_c);
  g_free(t->last_good);
  g_clear_pointer(&t->changes, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SgTrainer, trainer_clear)

static SgBackend *
choose_backend(const SgTrainOptions *o, GError **error)
{
  if (o->threads > 0)
    sg_backend_cpu_set_threads(o->threads);
  return sg_backend_open(o->device, error);
}

/* The model that the run in `dir` started from, or NULL. A broken options file is the command
 * line's business, which reads all of it. */
static char *
first_model(const char *dir)
{
  g_autofree char *path = g_build_filename(dir, "training_options.json", NULL), *json = NULL;
  g_autoptr(SgTrainOptions) o = g_file_get_contents(path, &json, NULL, NULL)
                                    ? sg_train_options_from_json(path, json, NULL)
                                    : NULL;
  return o ? g_strdup(o->resume) : NULL;
}

/* options->resume may be a run directory, whose newest snapshot is meant and which is gone on in,
 * or a file. A run that was killed before its first snapshot starts again. */
static char *
find_snapshot(SgTrainer *t)
{
  if (!t->o->resume || !g_file_test(t->o->resume, G_FILE_TEST_IS_DIR))
    return g_strdup(t->o->resume);
  t->resumed = TRUE;
  g_autofree char *name = sg_run_dir_newest_snapshot(t->o->resume);
  t->exact = name != NULL;
  return name ? g_build_filename(t->o->resume, name, NULL) : first_model(t->o->resume);
}

static gboolean
prepare(SgTrainer *t, char **snapshot, GError **error)
{
  SgBackend *backend = choose_backend(t->o, error);

  if (!backend || (t->o->aug_pipe && !g_str_equal(t->o->aug, "noaug") &&
                   !sg_aug_pipe_parse(t->o->aug_pipe, &t->pipe, error)))
    return FALSE;
  *snapshot = find_snapshot(t);
  t->l = sg_learn_new(backend, t->o, error);
  if (!t->l)
    return FALSE;
  sg_learn_init(t->l);
  return TRUE;
}

static gboolean
load_snapshot(SgTrainer *t, const char *snapshot, GError **error)
{
  if (snapshot && !sg_snapshot_load(t->l, snapshot, t->ds->n, t->exact, error))
    return FALSE;
  t->last_good = g_strdup(snapshot);
  return TRUE;
}

static gboolean
open_run(SgTrainer *t, GError **error)
{
  double kimg = (double)t->l->nimg / 1000;

  t->dir =
      t->resumed ? sg_run_dir_reopen(t->o->resume, kimg, error) : sg_run_dir_create(t->o, error);
  if (!t->dir)
    return FALSE;
  t->control = sg_control_new(sg_run_dir_path(t->dir), error);
  if (!t->control)
    return FALSE;
  sg_trainer_be_followed(t);
  if (t->resumed && !sg_trainer_read_changes(t, error))
    return FALSE;
  sg_trainer_set_status(t);
  return TRUE;
}

static void
say_hello(SgTrainer *t)
{
  sg_run_dir_log(t->dir, "Run directory: %s\n", sg_run_dir_path(t->dir));
  sg_run_dir_log(t->dir, "Data set:      %s: %u images, %d×%d, %d channels%s\n", t->ds->path,
                 t->ds->n, t->ds->resolution, t->ds->resolution, t->ds->channels,
                 t->o->cond ? ", with labels" : "");
  if (t->last_good)
    sg_run_dir_log(t->dir, "%s %s at %.1f kimg\n",
                   t->exact ? "Resuming:     " : "Starting from:", t->last_good,
                   (double)t->l->nimg / 1000);
}

static gboolean
train(SgTrainer *t, GError **error)
{
  if (!sg_trainer_preflight(t, error))
    return FALSE;
  /* Not before: it allocates batches. */
  t->told = t->ds->refused->len;
  t->loader = sg_loader_new(t->ds, t->o->mirror, t->o->seed, t->l->iteration * (guint64)t->o->batch,
                            t->o->batch, 4, t->o->workers);
  sg_trainer_prepare_grid(t);
  if (!t->exact) {
    sg_trainer_write_reals(t);
    sg_trainer_write_fakes(t, "fakes_init.png");
  }
  return sg_trainer_loop(t, error);
}

gboolean
sg_train_run(SgTrainOptions *o, SgDataset *ds, GError **error)
{
  g_auto(SgTrainer) t = {.o = o, .ds = ds};
  g_autofree char *snapshot = NULL;
  GError *why = NULL;

  /* What cannot fit leaves no run directory behind. */
  if (!prepare(&t, &snapshot, error) || !sg_trainer_fits(&t, error) ||
      !load_snapshot(&t, snapshot, error) || !open_run(&t, error))
    return FALSE;
  say_hello(&t);
  if (train(&t, &why))
    return TRUE;
  /* Who started the training may be gone by now. */
  sg_run_dir_log(t.dir, "Failed: %s\n", why->message);
  g_propagate_error(error, why);
  return FALSE;
}

gboolean
sg_train_dry_run(SgTrainOptions *o, SgDataset *ds, GError **error)
{
  g_auto(SgTrainer) t = {.o = o, .ds = ds};
  g_autofree char *snapshot = NULL;

  return prepare(&t, &snapshot, error) && sg_trainer_preflight(&t, error);
}
