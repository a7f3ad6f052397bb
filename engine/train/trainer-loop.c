/* The loop: an iteration, and what is due behind it. */
#include "engine/backend/backend-device.h"
#include "engine/train/trainer-private.h"
#include <string.h>

gboolean
sg_trainer_diverged(SgTrainer *t, const char *what, GError **error)
{
  t->diverged = TRUE;
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
              "the training diverged at %.3f kimg: %s; %s%s", (double)t->l->nimg / 1000, what,
              t->last_good ? "the last good snapshot is " : "there is no good snapshot yet",
              t->last_good ? t->last_good : "");
  return FALSE;
}

gboolean
sg_trainer_is_kept(const SgTrainer *t, GError **error)
{
  if (!sg_run_dir_is_gone(t->dir))
    return TRUE;
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
              "the run directory %s was moved or removed; the training ends at %.3f kimg",
              sg_run_dir_path(t->dir), (double)t->l->nimg / 1000);
  return FALSE;
}

/* The length may change while it runs. */
static gboolean
is_over(const SgTrainer *t)
{
  return (double)t->l->nimg >= t->o->kimg * 1000;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Whether this process's device still gives back what it holds. Forgets what else failed on the way
 * out of the step. */
static gboolean
is_readable(SgTrainer *t)
{
  for (;;) {
    g_autoptr(GError) rest = NULL;
    if (sg_backend_check(t->l->backend, &rest))
      return TRUE;
    if (g_error_matches(rest, SG_BACKEND_ERROR, SG_BACKEND_ERROR_LOST))
      return FALSE;
  }
}

/* Whatever ends a training before its time: FALSE, and what is left of it. A step that failed has
 * changed nothing, so what has been learnt is worth a snapshot, unless it is what went wrong. Takes
 * `why`. */
static gboolean
ended(SgTrainer *t, GError *why, GError **error)
{
  double kimg = (double)t->l->nimg / 1000;

  t->due = (SgDue){FALSE};
  if (t->diverged) {
    g_propagate_error(error, why);
    return FALSE;
  }
  if (is_readable(t) && sg_trainer_save_networks(t, NULL))
    g_prefix_error(&why, "the training ended at %.3f kimg, saved as %s: ", kimg, t->last_good);
  else if (t->last_good)
    g_prefix_error(&why, "the training ended at %.3f kimg; the newest snapshot is %s: ", kimg,
                   t->last_good);
  else
    g_prefix_error(&why, "the training ended at %.3f kimg, before its first snapshot: ", kimg);
  g_propagate_error(error, why);
  return FALSE;
}

void
sg_trainer_set_waiting(SgTrainer *t, const char *text)
{
  if (text && g_strcmp0(t->waiting, text) != 0)
    sg_run_dir_log(t->dir, "%s\n", text);
  g_free(t->waiting);
  t->waiting = g_strdup(text);
  sg_trainer_set_status(t);
}

static void
gave_up(const SgTrainer *t, const GError *failed, GError **error)
{
  g_set_error(error, failed->domain, failed->code,
              "the last snapshot was given up when the training was asked to stop again: %s; %s%s",
              failed->message, t->last_good ? "the newest is " : "there is none",
              t->last_good ? t->last_good : "");
}

/* The last snapshot is worth waiting for room on the disk, until somebody asks to stop again. */
static gboolean
wait_for_room(SgTrainer *t, GError **error)
{
  guint asked = sg_control_stops(t->control);

  sg_control_be_patient(t->control, TRUE);
  for (;;) {
    g_autoptr(GError) failed = NULL;
    if (sg_trainer_save_networks(t, &failed) || t->broken)
      break;
    if (failed->domain == SG_BACKEND_ERROR)
      return ended(t, g_steal_pointer(&failed), error);
    if (!sg_trainer_is_kept(t, error))
      return FALSE;
    g_autofree char *text = g_strdup_printf(
        "Waiting for space to save the last snapshot, stop again to give up: %s", failed->message);
    sg_trainer_set_waiting(t, text);
    if (sg_control_stops(t->control) > asked) {
      gave_up(t, failed, error);
      return FALSE;
    }
    g_usleep(G_USEC_PER_SEC / 2);
  }
  sg_trainer_set_waiting(t, NULL);
  return TRUE;
}

static gboolean
final_snapshot(SgTrainer *t, GError **error)
{
  t->ending = TRUE;
  sg_trainer_snapshot(t);
  if (t->owed && !t->broken && !wait_for_room(t, error))
    return FALSE;
  return !t->broken || sg_trainer_diverged(t, t->broken, error);
}

/* ---- what is due ----------------------------------------------------------------------------- */

static SgDue
what_is_due(const SgTrainer *t, SgControlFlags flags, gboolean last)
{
  guint64 nimg = t->l->nimg;
  SgDue d = {.tick = (double)(nimg - t->tick_nimg) >= t->o->tick_kimg * 1000 ||
                     (last && nimg > t->tick_nimg)};

  d.line = d.tick || (nimg > t->line_nimg &&
                      (last || sg_late(t->o->tick_seconds, t->line_started, t->started)));
  d.snap = (d.tick && t->o->snap > 0 && (t->tick + 1) % t->o->snap == 0) ||
           (flags & SG_CONTROL_SNAPSHOT) || (d.line && t->owed);
  d.clock = !d.snap && !last && nimg > t->saved_nimg &&
            sg_late(t->o->snap_minutes * 60, t->saved, t->started);
  d.snap = d.snap || d.clock;
  return d;
}

/* Snapshot, line of statistics. FALSE: the training ends with an error. */
static gboolean
do_what_is_due(SgTrainer *t, SgControlFlags flags, gboolean last, GError **error)
{
  t->due = what_is_due(t, flags, last);
  if (!last && t->due.snap)
    sg_trainer_snapshot(t);
  if (t->broken && !last)
    return sg_trainer_diverged(t, t->broken, error);
  if (last && !final_snapshot(t, error))
    return FALSE;
  if (t->due.line && !sg_trainer_is_kept(t, error))
    return FALSE;
  if (t->due.line)
    sg_trainer_end_line(t, t->due.tick);
  t->due = (SgDue){FALSE};
  sg_trainer_refresh_status(t);
  return TRUE;
}

static void
tell_signal(SgTrainer *t)
{
  int number = sg_control_signal(t->control);

  if (number)
    sg_run_dir_log(t->dir, "Asked to stop by a signal (%s)\n", g_strsignal(number));
}

gboolean
sg_trainer_loop(SgTrainer *t, GError **error)
{
  gboolean stop = FALSE;
  GError *why = NULL;

  sg_trainer_begin_ticks(t);
  sg_trainer_set_status(t);
  while (!stop && !is_over(t)) {
    SgControlFlags flags = sg_control_wait(t->control);
    stop = (flags & SG_CONTROL_STOP) || sg_trainer_is_told_to_stop(t);
    sg_trainer_steer(t, flags & SG_CONTROL_CHANGE);
    gboolean last = stop || is_over(t);
    if (stop)
      tell_signal(t);
    if ((flags & SG_CONTROL_PAUSE) && !last) { /* asked for while paused */
      if (flags & SG_CONTROL_SNAPSHOT)
        sg_trainer_snapshot(t);
      sg_trainer_publish(t, FALSE);
      continue;
    }
    if (!last) {
      sg_trainer_order(t, SG_ORDER_ITERATE, NULL);
      if (!sg_trainer_iterate(t, &why)) {
        t->leading = FALSE; /* all know, or are in the middle of it: none waits for orders */
        if (!t->stopped_waiting || t->group)
          return ended(t, why, error);
        g_clear_error(&why);
        stop = last = TRUE;
        tell_signal(t);
      }
    }
    last = last || is_over(t);
    sg_trainer_publish(t, last);
    if (!do_what_is_due(t, flags, last, error))
      return FALSE;
  }
  sg_run_dir_log(t->dir, "%s at %.3f kimg; newest snapshot %s\n", stop ? "Stopped" : "Finished",
                 (double)t->l->nimg / 1000, t->last_good ? t->last_good : "none");
  return TRUE;
}
