#include "engine/train/trainer-private.h"
#include "engine/formats/format-error.h"
#include <string.h>

static void
trainer_clear(SgTrainer *t)
{
  sg_loader_free(t->loader);
  sg_control_free(t->control);
  sg_run_dir_free(t->dir);
  sg_learn_free(t->l);
  sg_swd_free(t->swd_real);
  g_free(t->grid_z);
  g_free(t->grid_c);
  g_free(t->last_good);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SgTrainer, trainer_clear)

static SgBackend *
choose_backend(const SgTrainOptions *o, GError **error)
{
  if (g_str_has_prefix(o->device, "cuda")) {
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "device %s: this build has no CUDA back end for training; use --device=cpu",
                o->device);
    return NULL;
  }
  if (o->threads > 0)
    sg_backend_cpu_set_threads(o->threads);
  return sg_backend_cpu();
}

/* options->resume may be a run directory, whose newest snapshot is meant and which is gone on in,
 * or a file. */
static gboolean
prepare(SgTrainer *t, char **snapshot, GError **error)
{
  SgBackend *backend = choose_backend(t->o, error);

  if (!backend || (t->o->aug_pipe && !g_str_equal(t->o->aug, "noaug") &&
                   !sg_aug_pipe_parse(t->o->aug_pipe, &t->pipe, error)))
    return FALSE;
  if (t->o->resume && g_file_test(t->o->resume, G_FILE_TEST_IS_DIR)) {
    t->resumed = TRUE;
    *snapshot = sg_run_dir_newest_snapshot(t->o->resume);
  } else if (t->o->resume) {
    *snapshot = g_strdup(t->o->resume);
  }
  t->l = sg_learn_new(backend, t->o, error);
  if (!t->l)
    return FALSE;
  sg_learn_init(t->l);
  return TRUE;
}

/* The snapshot a run directory names is relative to it. */
static char *
snapshot_path(const SgTrainer *t, const char *snapshot)
{
  return t->resumed && !g_path_is_absolute(snapshot) && !strchr(snapshot, '/')
             ? g_build_filename(t->o->resume, snapshot, NULL)
             : g_strdup(snapshot);
}

static gboolean
load_snapshot(SgTrainer *t, const char *snapshot, GError **error)
{
  gboolean exact;
  if (!snapshot)
    return TRUE; /* a run that was killed before its first snapshot starts again */
  g_autofree char *path = snapshot_path(t, snapshot);
  if (!sg_snapshot_load(t->l, path, t->ds->n, &exact, error))
    return FALSE;
  t->last_good = g_strdup(path);
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
  t->loader = sg_loader_new(t->ds, t->o->mirror, t->o->seed, t->l->iteration * (guint64)t->o->batch,
                            t->o->batch, 4);
  return TRUE;
}

gboolean
sg_train_run(SgTrainOptions *o, SgDataset *ds, GError **error)
{
  g_auto(SgTrainer) t = {.o = o, .ds = ds};
  g_autofree char *snapshot = NULL;

  if (!prepare(&t, &snapshot, error) || !load_snapshot(&t, snapshot, error) || !open_run(&t, error))
    return FALSE;
  sg_run_dir_log(t.dir, "Run directory: %s\n", sg_run_dir_path(t.dir));
  sg_run_dir_log(t.dir, "Data set:      %s: %u images, %d×%d, %d channels%s\n", ds->path, ds->n,
                 ds->resolution, ds->resolution, ds->channels, o->cond ? ", with labels" : "");
  if (t.last_good)
    sg_run_dir_log(t.dir, "Resuming:      %s at %.1f kimg\n", t.last_good,
                   (double)t.l->nimg / 1000);
  if (!sg_trainer_preflight(&t, error))
    return FALSE;
  sg_trainer_prepare_grid(&t);
  if (!t.resumed || !t.last_good) {
    sg_trainer_write_reals(&t);
    sg_trainer_write_fakes(&t, "fakes_init.png");
  }
  return sg_trainer_loop(&t, error);
}

gboolean
sg_train_dry_run(SgTrainOptions *o, SgDataset *ds, GError **error)
{
  g_auto(SgTrainer) t = {.o = o, .ds = ds};
  g_autofree char *snapshot = NULL;

  return prepare(&t, &snapshot, error) && sg_trainer_preflight(&t, error);
}
