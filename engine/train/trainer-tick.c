/* Lines of statistics and status, and what a snapshot remembers of the one that it falls into.
 *
 * A tick is so many thousand images and decides about snapshots; a line ends with it, or before
 * when the clock asks for one. Neither changes what is computed. A snapshot keeps what has been
 * measured since the last line and what was still to be done at its place: a run that goes on from
 * there leaves the lines of one that was not interrupted. */
#include "engine/base/debug.h"
#include "engine/backend/backend-device.h"
#include "engine/learn/learn-share.h"
#include "engine/train/trainer-private.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- a line ---------------------------------------------------------------------------------- */

/* GiB at most since the last line, as NVlabs' trainers count: their "gb" too. */
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
    if (per_kimg > 0 || !strstr(values[i].tag, "_per_")) /* else nothing was timed */
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
begin_line(SgTrainer *t, gboolean tick)
{
  if (tick) {
    sg_debug(SG_DEBUG_TRAIN, "tick %d at %.3f kimg: %.2f s, %.2f s of them maintenance", t->tick,
             (double)t->l->nimg / 1000, sg_seconds_since(t->line_started), t->maintenance);
    t->tick++;
    t->tick_nimg = t->l->nimg;
  }
  t->line_started = g_get_monotonic_time();
  t->line_nimg = t->timed_nimg = t->l->nimg;
  t->maintenance = 0;
  memset(t->phase_seconds, 0, sizeof t->phase_seconds);
}

void
sg_trainer_end_line(SgTrainer *t, gboolean tick)
{
  double seconds = sg_seconds_since(t->line_started) - t->maintenance;
  double kimg = (double)(t->l->nimg - t->timed_nimg) / 1000;
  double per_kimg = kimg > 0 ? seconds / kimg : 0;
  g_autoptr(GError) error = NULL;

  if (t->group) {
    sg_trainer_order(t, SG_ORDER_VARIANCES, NULL);
    sg_share_variances(t->l);
  }
  print_status(t, seconds, per_kimg);
  report_progress(t, seconds, per_kimg);
  if (per_kimg > 0)
    t->sec_per_kimg = per_kimg;
  sg_trainer_set_status(t);
  if (!sg_run_dir_tick(t->dir, (double)t->l->nimg / 1000, &error))
    sg_run_dir_log(t->dir, "Statistics wait in memory: %s\n", error->message);
  begin_line(t, tick);
}

/* ---- when ------------------------------------------------------------------------------------ */

gboolean
sg_late(double every, gint64 since, gint64 started)
{
  double waited = sg_seconds_since(since), all = sg_seconds_since(started);
  return every > 0 && waited >= MIN(every, MAX(every / 6, all / 2));
}

/* ---- what a snapshot remembers --------------------------------------------------------------- */

char *
sg_trainer_note(const SgTrainer *t)
{
  g_autofree char *stats = sg_run_dir_keep_stats(t->dir);
  /* Nothing of the clock: the same training leaves the same file. */
  json_t *note = json_pack(
      "{s:i, s:I, s:I, s:b, s:b, s:b, s:b, s:f, s:f, s:o}", "tick", t->tick, "tick_nimg",
      (json_int_t)t->tick_nimg, "line_nimg", (json_int_t)t->line_nimg, "line", t->due.line, "end",
      t->due.tick, "look", t->due.look, "passing", t->due.clock, "variance", t->l->variance_fake,
      "variance_real", t->l->variance_real, "stats", json_loads(stats, 0, NULL));
  char *text = json_dumps(note, JSON_COMPACT | JSON_REAL_PRECISION(17)), *copy = g_strdup(text);
  free(text);
  json_decref(note);
  return copy;
}

static double
real(const json_t *note, const char *name)
{
  return json_number_value(json_object_get(note, name));
}

/* A file may say anything: what makes no sense here is as if it said nothing. */
static guint64
place(const SgTrainer *t, const json_t *note, const char *name)
{
  json_int_t v = json_integer_value(json_object_get(note, name));
  return v >= 0 && (guint64)v <= t->l->nimg ? (guint64)v : t->l->nimg;
}

static void
restore(SgTrainer *t, const json_t *note)
{
  char *stats = json_dumps(json_object_get(note, "stats"), JSON_REAL_PRECISION(17));

  sg_run_dir_restore_stats(t->dir, stats ? stats : "{}");
  free(stats);
  t->line_nimg = place(t, note, "line_nimg");
  t->l->variance_fake = real(note, "variance");
  t->l->variance_real = real(note, "variance_real");
}

/* What the process that wrote the snapshot had still to do when it ended. */
static void
catch_up(SgTrainer *t, const json_t *note)
{
  gboolean line = json_is_true(json_object_get(note, "line"));
  gboolean tick = json_is_true(json_object_get(note, "end"));

  if (line && sg_run_dir_has_line(t->dir, (double)t->l->nimg / 1000)) {
    begin_line(t, tick);
    return;
  }
  restore(t, note);
  if (json_is_true(json_object_get(note, "look")))
    sg_trainer_look(t, json_is_true(json_object_get(note, "passing")));
  if (line)
    sg_trainer_end_line(t, tick);
}

void
sg_trainer_begin_ticks(SgTrainer *t)
{
  json_t *note = t->note ? json_loads(t->note, JSON_REJECT_DUPLICATES, NULL) : NULL;
  json_int_t tick = json_integer_value(json_object_get(note, "tick"));

  t->started = t->line_started = t->saved = g_get_monotonic_time();
  t->tick_nimg = t->line_nimg = t->timed_nimg = t->saved_nimg = t->l->nimg;
  t->tick = (int)((double)t->l->nimg / MAX(1, t->o->tick_kimg * 1000));
  if (json_is_object(note)) {
    t->tick = tick >= 0 && tick < G_MAXINT ? (int)tick : t->tick;
    t->tick_nimg = place(t, note, "tick_nimg");
    if (json_is_true(json_object_get(note, "passing")))
      t->passing = g_strdup(t->last_good);
    catch_up(t, note);
  }
  json_decref(note);
}
