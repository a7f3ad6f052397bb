/* What can be set while a training runs, and what it says about itself. */
#include "engine/record/changes.h"
#include "engine/train/trainer-private.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- changes --------------------------------------------------------------------------------- */

static gboolean
set(SgTrainer *t, const SgChange *c)
{
  g_autoptr(GError) error = NULL;

  if (sg_train_options_set(t->o, c->name, c->to, &error)) {
    sg_learn_set_rates(t->l);
    g_autofree char *order = g_strconcat(c->name, "=", c->to, NULL);
    sg_trainer_order(t, SG_ORDER_SET, order);
    return TRUE;
  }
  sg_run_dir_log(t->dir, "Not changed: %s\n", error->message); /* it was checked before */
  return FALSE;
}

static void
tell(SgTrainer *t, const SgChange *c, const char *from)
{
  sg_run_dir_log(t->dir, "Changed at %.3f kimg: %s from %s to %s\n", (double)t->l->nimg / 1000,
                 c->name, from, c->to);
}

/* A change of what the command line said when the run was resumed is left out. */
static gboolean
is_wanted(const SgTrainer *t, const SgChange *c)
{
  return !sg_train_options_is_given(t->o, c->name);
}

static gboolean
has_later(const SgTrainer *t, const char *name)
{
  for (guint i = t->next_change; i < t->changes->len; i++)
    if (g_str_equal(((SgChange *)t->changes->pdata[i])->name, name))
      return TRUE;
  return FALSE;
}

/* What the command line that resumes the run says otherwise is what the next plain resume goes on
 * with. */
static gboolean
record_given(SgTrainer *t, GError **error)
{
  const char *dir = sg_run_dir_path(t->dir);
  g_autoptr(SgTrainOptions) was = sg_changes_options(dir, error);

  for (guint i = 0; was && sg_change_resumable[i]; i++) {
    const char *name = sg_change_resumable[i];
    g_autofree char *from = sg_train_options_text(was, name);
    g_autofree char *to = sg_train_options_text(t->o, name);
    if (!sg_train_options_is_given(t->o, name) || !to ||
        (g_strcmp0(from, to) == 0 && !has_later(t, name)))
      continue;
    g_autoptr(SgChange) c = sg_change_new(t->l->nimg, name, from ? from : "", to);
    c->resumed = TRUE;
    if (!sg_changes_append(dir, c, error))
      return FALSE;
    tell(t, c, c->from);
  }
  return was != NULL;
}

gboolean
sg_trainer_read_changes(SgTrainer *t, GError **error)
{
  t->changes = sg_changes_read(sg_run_dir_path(t->dir), error);
  for (; t->changes && t->next_change < t->changes->len; t->next_change++) {
    const SgChange *c = t->changes->pdata[t->next_change];
    if (c->nimg > t->l->nimg)
      break;
    if (is_wanted(t, c))
      set(t, c);
  }
  return t->changes && record_given(t, error);
}

/* Those of iterations that are computed once more. */
static void
repeat_changes(SgTrainer *t)
{
  for (; t->changes && t->next_change < t->changes->len; t->next_change++) {
    const SgChange *c = t->changes->pdata[t->next_change];
    if (c->nimg > t->l->nimg)
      return;
    if (is_wanted(t, c) && set(t, c))
      tell(t, c, c->from);
  }
}

/* Recorded first: an iteration that knows the new value can only follow. */
static void
change(SgTrainer *t, const char *name, const char *value)
{
  g_autofree char *from = sg_train_options_text(t->o, name);
  g_autoptr(SgTrainOptions) scratch = sg_train_options_new("auto", NULL);
  g_autoptr(GError) error = NULL;

  if (!sg_train_options_set(scratch, name, value, NULL))
    return;
  g_autofree char *to = sg_train_options_text(scratch, name);
  if (g_str_equal(from, to))
    return;
  g_autoptr(SgChange) c = sg_change_new(t->l->nimg, name, from, to);
  if (!sg_changes_append(sg_run_dir_path(t->dir), c, &error))
    sg_run_dir_log(t->dir, "Not changed: %s\n", error->message);
  else if (set(t, c))
    tell(t, c, from);
}

void
sg_trainer_steer(SgTrainer *t, gboolean asked)
{
  char *name, *value;

  repeat_changes(t);
  while (asked && sg_control_take_change(t->control, &name, &value)) {
    change(t, name, value);
    g_free(name);
    g_free(value);
  }
  if (asked)
    sg_trainer_set_status(t);
}

/* ---- status ---------------------------------------------------------------------------------- */

/* Seconds for 1000 images: the last tick's, before there is one this one's so far. */
static double
pace(const SgTrainer *t)
{
  double kimg = (double)(t->l->nimg - t->timed_nimg) / 1000;
  if (t->sec_per_kimg > 0)
    return t->sec_per_kimg;
  return kimg > 0 && t->line_started > 0
             ? (sg_seconds_since(t->line_started) - t->maintenance) / kimg
             : 0;
}

void
sg_trainer_set_status(SgTrainer *t)
{
  const SgTrainOptions *o = t->o;
  double kimg = (double)t->l->nimg / 1000, per_kimg = pace(t);
  double left = MAX(o->kimg - kimg, 0) * per_kimg;
  g_autofree char *run = g_canonicalize_filename(sg_run_dir_path(t->dir), NULL);
  g_autofree char *shown = g_utf8_make_valid(run, -1);
  json_t *status = json_pack(
      "{s:f, s:f, s:f, s:f, s:i, s:i, s:i, s:i, s:f, s:f, s:f, s:i, s:s, s:s}", "total_kimg",
      o->kimg, "sec_per_kimg", isfinite(per_kimg) ? per_kimg : 0, "eta_sec",
      isfinite(left) ? left : 0, "augment", t->l->ada_p, "tick", t->tick, "batch", o->batch, "snap",
      o->snap, "keep", o->keep, "tick_kimg", o->tick_kimg, "lr_g", o->lr_g, "lr_d", o->lr_d, "pid",
      (int)getpid(), "run", shown, "version", SG_VERSION);

  if (t->waiting) {
    g_autofree char *waiting = g_utf8_make_valid(t->waiting, -1);
    json_object_set_new(status, "waiting", json_string(waiting));
  }
  char *text = json_dumps(status, JSON_COMPACT | JSON_REAL_PRECISION(10));
  sg_control_advance(t->control, t->l->nimg);
  sg_control_set_status(t->control, text);
  t->told_status = g_get_monotonic_time();
  free(text);
  json_decref(status);
}

/* Who asks shall not have to wait for the end of a tick to see it move. */
void
sg_trainer_refresh_status(SgTrainer *t)
{
  sg_control_advance(t->control, t->l->nimg);
  if (sg_seconds_since(t->told_status) > 0.25)
    sg_trainer_set_status(t);
}
