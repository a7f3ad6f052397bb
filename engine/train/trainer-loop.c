/* Ticks, the status line, when what happens. */
#include "engine/backend/backend-device.h"
#include "engine/learn/learn-share.h"
#include "engine/train/trainer-private.h"
#include <string.h>

/* ---- ticks ----------------------------------------------------------------------------------- */

/* GiB at most since the last tick, as NVlabs' trainers count: their "gb" too. */
static void
report_gpu_memory(SgTrainer *t)
{
  SgDeviceInfo info;

  if (!sg_backend_device_info(t->l->backend, &info))
    return;
  sg_run_dir_report(t->dir, "Resources/peak_gpu_mem_gb", (double)info.peak / (1 << 30));
  sg_run_dir_report(t->dir, "Resources/peak_gpu_mem_reserved_gb",
                    (double)info.peak_reserved / (1 << 30));
  t->l->backend->reset_peak(t->l->backend);
}

/* "gpumem 3.13   ", or nothing. */
static char *
gpu_memory_text(SgTrainer *t)
{
  SgDeviceInfo info;

  return sg_backend_device_info(t->l->backend, &info)
             ? g_strdup_printf("gpumem %-6.2f ", (double)info.peak / (1 << 30))
             : g_strdup("");
}

static void
report_progress(SgTrainer *t, double seconds, double per_kimg)
{
  double total = sg_seconds_since(t->started);
  const struct {
    const char *tag;
    double value;
  } values[] = {
      {"Progress/tick", t->tick},
      {"Progress/kimg", (double)t->l->nimg / 1000},
      {"Progress/augment", t->l->ada_p},
      {"Progress/pl_mean", t->l->pl_mean},
      {"Progress/lr_g", t->o->lr_g},
      {"Progress/lr_d", t->o->lr_d},
      {"Samples/variance", t->l->variance_fake},
      {"Samples/variance_real", t->l->variance_real},
      {"Timing/total_sec", total},
      {"Timing/sec_per_tick", seconds},
      {"Timing/sec_per_kimg", per_kimg},
      {"Timing/images_per_sec", per_kimg > 0 ? 1000 / per_kimg : 0},
      {"Timing/maintenance_sec", t->maintenance},
      {"Timing/total_hours", total / 3600},
      {"Timing/total_days", total / 86400},
      {"Resources/cpu_mem_gb", sg_resident_gib()},
  };
  for (guint i = 0; i < G_N_ELEMENTS(values); i++)
    sg_run_dir_report(t->dir, values[i].tag, values[i].value);
  report_gpu_memory(t);
  for (int p = 0; p < SG_PHASES; p++) {
    g_autofree char *tag = g_strconcat("Timing/", sg_phase_names[p], NULL);
    sg_run_dir_report(t->dir, tag, t->phase_seconds[p]);
  }
}

/* The line NVlabs' users know, with what is left. */
static void
print_status(SgTrainer *t, double seconds, double per_kimg)
{
  double kimg = (double)t->l->nimg / 1000;
  g_autofree char *total = sg_format_time(sg_seconds_since(t->started));
  g_autofree char *left = sg_format_time(MAX(t->o->kimg - kimg, 0) * per_kimg);
  g_autofree char *gpu = gpu_memory_text(t);

  sg_run_dir_log(t->dir,
                 "tick %-5d kimg %-8.1f time %-12s sec/tick %-7.1f sec/kimg %-7.2f maintenance "
                 "%-6.1f cpumem %-6.2f %saugment %-6.3f left %s\n",
                 t->tick, kimg, total, seconds, per_kimg, t->maintenance, sg_resident_gib(), gpu,
                 t->l->ada_p, left);
}

static void
end_tick(SgTrainer *t)
{
  double seconds = sg_seconds_since(t->tick_started) - t->maintenance;
  double kimg = (double)(t->l->nimg - t->tick_nimg) / 1000;
  double per_kimg = kimg > 0 ? seconds / kimg : 0;
  g_autoptr(GError) error = NULL;

  if (t->group) {
    sg_trainer_order(t, SG_ORDER_VARIANCES, NULL);
    sg_share_variances(t->l);
  }
  print_status(t, seconds, per_kimg);
  report_progress(t, seconds, per_kimg);
  t->sec_per_kimg = per_kimg;
  sg_trainer_set_status(t);
  if (!sg_run_dir_tick(t->dir, (double)t->l->nimg / 1000, &error))
    sg_run_dir_log(t->dir, "Statistics wait in memory: %s\n", error->message);
  t->tick++;
  t->tick_started = g_get_monotonic_time();
  t->tick_nimg = t->l->nimg;
  t->maintenance = 0;
  memset(t->phase_seconds, 0, sizeof t->phase_seconds);
}

/* ---- the loop -------------------------------------------------------------------------------- */

gboolean
sg_trainer_diverged(const SgTrainer *t, const char *what, GError **error)
{
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
              "the training diverged at %.3f kimg: %s; %s%s", (double)t->l->nimg / 1000, what,
              t->last_good ? "the last good snapshot is " : "there is no good snapshot yet",
              t->last_good ? t->last_good : "");
  return FALSE;
}

/* Nothing that is learnt from here on could be kept. */
static gboolean
is_kept(const SgTrainer *t, GError **error)
{
  if (!sg_run_dir_is_gone(t->dir))
    return TRUE;
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
              "the run directory %s was moved or removed; the training ends at %.3f kimg",
              sg_run_dir_path(t->dir), (double)t->l->nimg / 1000);
  return FALSE;
}

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

/* A device failed, or has no room: FALSE, and what is left of the training. A step that failed has
 * changed nothing, so what has been learnt is worth a snapshot. Takes `why`. */
static gboolean
device_failed(SgTrainer *t, GError *why, GError **error)
{
  double kimg = (double)t->l->nimg / 1000;

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

/* The last snapshot is worth waiting for room on the disk. */
static gboolean
final_snapshot(SgTrainer *t, GError **error)
{
  sg_trainer_snapshot(t);
  for (int tries = 0; t->owed && !t->broken; tries++) {
    g_autoptr(GError) failed = NULL;
    if (sg_trainer_save_networks(t, &failed))
      break;
    if (failed->domain == SG_BACKEND_ERROR)
      return device_failed(t, g_steal_pointer(&failed), error);
    if (!is_kept(t, error))
      return FALSE;
    if (tries == 120) {
      g_propagate_error(error, g_steal_pointer(&failed));
      return FALSE;
    }
    g_usleep(5 * G_USEC_PER_SEC);
  }
  return !t->broken || sg_trainer_diverged(t, t->broken, error);
}

/* The length may change while it runs. */
static gboolean
is_over(const SgTrainer *t)
{
  return (double)t->l->nimg >= t->o->kimg * 1000;
}

static gboolean
due(const SgTrainer *t, double kimg_per)
{
  return (double)(t->l->nimg - t->tick_nimg) >= kimg_per * 1000;
}

gboolean
sg_trainer_loop(SgTrainer *t, GError **error)
{
  gboolean stop = FALSE;
  GError *why = NULL;

  t->started = t->tick_started = g_get_monotonic_time();
  t->tick_nimg = t->l->nimg;
  t->tick = (int)((double)t->l->nimg / MAX(1, t->o->tick_kimg * 1000));
  sg_trainer_set_status(t);
  while (!stop && !is_over(t)) {
    SgControlFlags flags = sg_control_wait(t->control);
    stop = (flags & SG_CONTROL_STOP) || sg_trainer_is_told_to_stop(t);
    sg_trainer_steer(t, flags & SG_CONTROL_CHANGE);
    gboolean last = stop || is_over(t);
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
        if (sg_backend_is_device_error(why))
          return device_failed(t, why, error);
        g_propagate_error(error, why);
        return FALSE;
      }
    }
    last = last || is_over(t);
    sg_trainer_publish(t, last);
    gboolean tick = due(t, t->o->tick_kimg) || (last && t->l->nimg > t->tick_nimg);
    gboolean snap = tick && t->o->snap > 0 && (t->tick + 1) % t->o->snap == 0;
    if (!last && (snap || (flags & SG_CONTROL_SNAPSHOT) || (tick && t->owed)))
      sg_trainer_snapshot(t);
    if (t->broken && !last)
      return sg_trainer_diverged(t, t->broken, error);
    if (last && !final_snapshot(t, error))
      return FALSE;
    if (tick && !is_kept(t, error))
      return FALSE;
    if (tick)
      end_tick(t);
    sg_trainer_refresh_status(t);
  }
  sg_run_dir_log(t->dir, "%s at %.3f kimg; newest snapshot %s\n", stop ? "Stopped" : "Finished",
                 (double)t->l->nimg / 1000, t->last_good ? t->last_good : "none");
  return TRUE;
}
