#include "engine/base/room.h"
#include "engine/learn/learn-share.h"
#include "engine/train/trainer-private.h"
#include "engine/formats/format-error.h"
#include "engine/formats/read-file.h"
#include <stdio.h>
#include <string.h>

static void
trainer_clear(SgTrainer *t)
{
  sg_loader_free(t->loader);
  sg_control_free(t->control);
  sg_publisher_free(t->publisher);
  sg_run_dir_free(t->dir);
  sg_learn_free(t->l);
  sg_trainer_metrics_clear(t);
  g_free(t->pixels);
  g_free(t->labels);
  g_free(t->grid_z);
  g_free(t->grid_c);
  g_free(t->last_good);
  sg_adopted_free(t->adopted);
  g_free(t->note);
  g_free(t->waiting);
  g_free(t->passing);
  g_clear_pointer(&t->changes, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SgTrainer, trainer_clear)

static SgBackend *
choose_backend(const SgTrainer *t, GError **error)
{
  int threads = t->o->threads > 0 ? t->o->threads : sg_group_threads(t->group);

  if (threads > 0)
    sg_backend_cpu_set_threads(threads);
  return sg_trainer_open_device(t->o, t->group, error);
}

/* The model that the run in `dir` started from, or NULL. A broken options file is the command
 * line's business, which reads all of it. */
static char *
first_model(const char *dir)
{
  g_autofree char *path = g_build_filename(dir, "training_options.json", NULL);
  g_autofree char *json = sg_read_file(path, SG_TRAIN_OPTIONS_MAX, NULL, NULL);
  g_autoptr(SgTrainOptions) o = json ? sg_train_options_from_json(path, json, NULL) : NULL;
  return o ? sg_train_path_from_text(o->resume) : NULL;
}

/* options->resume may be a run directory, whose newest snapshot is meant and which is gone on in,
 * or a file. A run that was killed before its first snapshot starts again. */
static char *
find_snapshot(SgTrainer *t)
{
  g_autofree char *path = sg_train_path_from_text(t->o->resume);

  if (!path || !g_file_test(path, G_FILE_TEST_IS_DIR))
    return g_steal_pointer(&path);
  t->resumed = TRUE;
  g_autofree char *name = sg_run_dir_newest_snapshot(path);
  t->exact = name != NULL;
  return name ? g_build_filename(path, name, NULL) : first_model(path);
}

/* What only one process may do. */
static gboolean
leads(const SgTrainer *t)
{
  return sg_group_rank(t->group) == 0;
}

static gboolean
prepare(SgTrainer *t, char **snapshot, GError **error)
{
  SgBackend *backend = choose_backend(t, error);
  GError *why = NULL;

  if (!backend || (t->o->aug_pipe && !g_str_equal(t->o->aug, "noaug") &&
                   !sg_aug_pipe_parse(t->o->aug_pipe, &t->pipe, error)))
    return FALSE;
  t->l = sg_learn_new(backend, t->o, &why);
  if (!t->l) {
    if (g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOMEM))
      g_prefix_error(&why, "the networks of this training do not fit: ");
    g_propagate_error(error, why);
    return FALSE;
  }
  *snapshot = leads(t) ? find_snapshot(t) : NULL;
  sg_learn_init(t->l);
  return sg_backend_check(backend, error);
}

static gboolean
load_snapshot(SgTrainer *t, const char *snapshot, GError **error)
{
  if (snapshot && t->exact && !sg_snapshot_load(t->l, snapshot, t->ds->n, &t->note, error))
    return FALSE;
  if (snapshot && !t->exact) {
    g_autoptr(SgModel) m = sg_model_load(snapshot, error);
    t->adopted = m ? sg_learn_adopt(t->l, m, error) : NULL;
    if (!t->adopted)
      return FALSE;
  }
  t->last_good = g_strdup(snapshot);
  return TRUE;
}

static gboolean
open_run(SgTrainer *t, GError **error)
{
  double kimg = (double)t->l->nimg / 1000;
  g_autofree char *resume = sg_train_path_from_text(t->o->resume);

  t->dir = t->resumed ? sg_run_dir_reopen(resume, kimg, error) : sg_run_dir_create(t->o, error);
  if (!t->dir)
    return FALSE;
  t->control = sg_control_new(sg_run_dir_path(t->dir), error);
  if (!t->control)
    return FALSE;
  sg_trainer_be_followed(t);
  if (t->resumed && !sg_trainer_read_changes(t, error))
    return FALSE;
  sg_trainer_set_status(t);
  return sg_control_answer(t->control, error); /* now there is something to say */
}

static void
say_adopted(SgTrainer *t)
{
  g_autofree char *text = t->adopted ? sg_adopted_text(t->adopted) : NULL;

  if (text && t->dir)
    sg_run_dir_log(t->dir, "%s", text);
  else if (text)
    fputs(text, stdout);
}

static void
say_hello(SgTrainer *t)
{
  sg_run_dir_log(t->dir, "Run directory: %s\n", sg_run_dir_path(t->dir));
  sg_run_dir_log(t->dir, "Data set:      %s: %u images, %d×%d, %d channels%s\n", t->ds->path,
                 t->ds->n, t->ds->resolution, t->ds->resolution, t->ds->channels,
                 t->o->cond ? ", with labels" : "");
  if (t->group)
    sg_run_dir_log(t->dir, "Processes:     %d, %d pictures of the batch each; gradients by %s\n",
                   sg_group_size(t->group), sg_share_of(t->l->share, t->o->batch),
                   t->l->share->how);
  if (t->last_good)
    sg_run_dir_log(t->dir, "%s %s at %.1f kimg\n",
                   t->exact ? "Resuming:     " : "Starting from:", t->last_good,
                   (double)t->l->nimg / 1000);
  say_adopted(t);
}

static gboolean
prepare_batches(SgTrainer *t, GError **error)
{
  const SgModelInfo *i = &t->l->shape.info;
  gsize n = (gsize)sg_share_of(t->l->share, t->o->batch);

  t->pixels = sg_room(n * sg_trainer_picture_size(t), sizeof *t->pixels);
  t->labels = sg_room0(n * (gsize)MAX(1, i->c_dim), sizeof *t->labels);
  t->told = t->ds->refused->len;
  sg_trainer_open_loader(t);
  return sg_room_check(error);
}

/* The others are told of the end, whatever it is, if they wait for orders. */
static gboolean
lead(SgTrainer *t, GError **error)
{
  static const char *const rates[] = {"lr-g", "lr-d"};
  GError *why = NULL;

  sg_trainer_prepare_grid(t);
  if (!t->exact) {
    sg_trainer_write_reals(t);
    sg_trainer_write_fakes(t, "fakes_init.png");
  }
  t->leading = t->group != NULL;
  for (guint i = 0; i < G_N_ELEMENTS(rates); i++) { /* as changed before the run was resumed */
    g_autofree char *value = sg_train_options_text(t->o, rates[i]);
    g_autofree char *order = g_strconcat(rates[i], "=", value, NULL);
    sg_trainer_order(t, SG_ORDER_SET, order);
  }
  gboolean ok = sg_room_check(&why) && sg_trainer_loop(t, &why);
  if (t->leading) {
    sg_trainer_order(t, SG_ORDER_END, ok ? NULL : why->message);
    sg_group_set_ended(t->group);
  }
  if (!ok)
    g_propagate_error(error, why);
  return ok;
}

static gboolean
train(SgTrainer *t, GError **error)
{
  if (!sg_trainer_preflight(t, error))
    return FALSE;
  GError *why = NULL;
  prepare_batches(t, &why); /* not before: it allocates */
  if (!sg_group_agree(t->group, why, error))
    return FALSE;
  sg_trainer_take_signals(t);
  if (leads(t))
    return lead(t, error);
  return sg_trainer_obey(t, error);
}

/* All of the processes get to the same place with the same state. */
static gboolean
begin(SgTrainer *t, gboolean dry, GError **error)
{
  g_autofree char *snapshot = NULL;
  GError *why = NULL;

  if (!sg_trainer_meet(t, error))
    return FALSE;
  prepare(t, &snapshot, &why);
  if (!sg_group_agree(t->group, why, error))
    return FALSE;
  if (!sg_share_join(t->l, t->group, error))
    return FALSE;
  /* What cannot fit leaves no run directory behind. */
  why = NULL;
  if (sg_trainer_fits(t, &why) && leads(t) && load_snapshot(t, snapshot, &why) && !dry)
    open_run(t, &why);
  if (!sg_group_agree(t->group, why, error))
    return FALSE;
  sg_share_state(t->l);
  return TRUE;
}

/* A file that could not be written is not the reason where the run directory is gone. */
static void
say_failed(SgTrainer *t, GError **why)
{
  g_autoptr(GError) gone = NULL;

  if (!sg_trainer_is_kept(t, &gone)) {
    g_clear_error(why);
    *why = g_steal_pointer(&gone);
  }
  /* Who started the training may be gone by now. */
  sg_run_dir_log(t->dir, "Failed: %s\n", (*why)->message);
}

gboolean
sg_train_run(SgTrainOptions *o, SgDataset *ds, SgGroup *group, GError **error)
{
  g_auto(SgTrainer) t = {.o = o, .ds = ds, .group = group};
  GError *why = NULL;

  if (begin(&t, FALSE, &why)) {
    if (t.dir)
      say_hello(&t);
    if (train(&t, &why))
      return TRUE;
  }
  if (t.dir)
    say_failed(&t, &why);
  g_propagate_error(error, why);
  return FALSE;
}

gboolean
sg_train_dry_run(SgTrainOptions *o, SgDataset *ds, SgGroup *group, GError **error)
{
  g_auto(SgTrainer) t = {.o = o, .ds = ds, .group = group};

  if (!begin(&t, TRUE, error))
    return FALSE;
  say_adopted(&t);
  return sg_trainer_preflight(&t, error);
}
