/* The run directory, as NVlabs users know it, and everything that is written into it.
 *
 * OUTDIR/00000-stylegan2-NAME-resN-batchN-gammaX/ with training_options.json, log.txt, stats.jsonl,
 * a TensorBoard event file, reals.png, fakes_init.png, fakesNNNNNN.png,
 * network-snapshot-NNNNNN.safetensors. Whole files appear by rename; stats.jsonl, log.txt and the
 * event file grow by whole lines (records). */
#pragma once

#include "engine/learn/options.h"
#include "engine/record/publish.h"

G_BEGIN_DECLS

/* Bytes of a stats.jsonl that are read; a training of weeks writes some twenty megabytes. */
#define SG_RUN_STATS_MOST ((gsize)1 << 28)

typedef struct _SgRunDir SgRunDir;

/* Makes the next free number in options->outdir (mkdir decides, so two runs never share one). */
SgRunDir *sg_run_dir_create(const SgTrainOptions *o, GError **error);
/* Goes on in an existing one: log and stats are appended to; stats.jsonl lines beyond `kimg`
 * (written after the snapshot that is resumed from) are cut off, and so is a half line at its
 * end. */
SgRunDir *sg_run_dir_reopen(const char *path, double kimg, GError **error);
const char *sg_run_dir_path(const SgRunDir *r);
/* Somebody has moved or removed it. A place that cannot be reached for a while is not gone. */
gboolean sg_run_dir_is_gone(const SgRunDir *r);
/* printf to the console and, with the same text, to log.txt. */
void sg_run_dir_log(SgRunDir *r, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Statistics between two ticks: num, mean and standard deviation per tag ("Loss/scores/real").
 * Thread: the trainer's. */
void sg_run_dir_report(SgRunDir *r, const char *tag, double value);
void sg_run_dir_report_n(SgRunDir *r, const char *tag, const float *values, guint n);
/* Histogram of values in `bins` equal bins from lo to hi (out-of-range ones in the end bins), under
 * "tag": stats.jsonl gets {"lo":…,"hi":…,"counts":[…]}, TensorBoard a histogram. */
void sg_run_dir_histogram(SgRunDir *r, const char *tag, const float *values, guint n, double lo,
                          double hi, guint bins);
double sg_run_dir_mean(const SgRunDir *r, const char *tag); /* since the last tick; NAN if none */
/* Ends a tick: appends one line to stats.jsonl (tags, "timestamp") and scalars to the event file,
 * starts afresh. A full disk is not an error of the training: FALSE and error, the line is kept and
 * written with the next. */
gboolean sg_run_dir_tick(SgRunDir *r, double kimg, GError **error);

/* What has been measured since the last tick, as text and back: a snapshot keeps it. */
char *sg_run_dir_keep_stats(const SgRunDir *r);
void sg_run_dir_restore_stats(SgRunDir *r, const char *text);
/* The last line of stats.jsonl is of this place. */
gboolean sg_run_dir_has_line(const SgRunDir *r, double kimg);

/* Grid of rows × columns pictures [n, C, R, R] floats -1…1 (1 or 3 channels) as `name` in the run
 * directory. */
gboolean sg_run_dir_grid(SgRunDir *r, const char *name, const float *pictures, int n, int columns,
                         int channels, int resolution, GError **error);
/* "network-snapshot-000123.safetensors" */
char *sg_run_dir_snapshot_name(guint64 kimg);
/* The name of the newest snapshot in a run directory (or NULL). */
char *sg_run_dir_newest_snapshot(const char *path);
/* The same of NVlabs' trainers, too: network-snapshot-NNNNNN.pkl, network-final.pkl, or
 * network-snapshot-latest.pkl. */
char *sg_run_dir_newest_model(const char *path);
/* Removes all but the newest `keep` snapshots. */
void sg_run_dir_prune_snapshots(SgRunDir *r, int keep);
void sg_run_dir_free(SgRunDir *r);

/* ---- the control socket ---- */

/* OUTDIR/…/control.sock: one JSON object a line each way.
 *   {"command":"pause"|"resume"|"snapshot"|"stop"|"status"}
 *   {"command":"follow"}: see publish.h
 *   {"command":"set","name":"snap","value":"10"}: see changes.h
 * is answered {"ok":true,…} or {"ok":false,"error":"…"}. A thread of its own answers; the trainer
 * polls. */
typedef struct _SgControl SgControl;
typedef enum {
  SG_CONTROL_PAUSE = 1 << 0, /* level: set while paused */
  SG_CONTROL_SNAPSHOT = 1 << 1,
  SG_CONTROL_STOP = 1 << 2,
  SG_CONTROL_CHANGE = 1 << 3, /* level: while sg_control_take_change() has something */
} SgControlFlags;
/* Also takes SIGINT, SIGTERM and SIGQUIT as stop (a second one ends at once), and SIGHUP and
 * SIGXCPU (which may come again); SIGXFSZ is a full disk and no end. A stale socket file is
 * replaced, a live one is an error: two trainers must not write one run. The path may be longer
 * than sockaddr_un holds. */
SgControl *sg_control_new(const char *run_dir, GError **error);
/* From here on it answers; who connected before has waited for it. Once. */
gboolean sg_control_answer(SgControl *c, GError **error);
/* What is asked for; SNAPSHOT is cleared by reading it. */
SgControlFlags sg_control_take(SgControl *c);
/* The next value to be set, checked by sg_change_check() and never "lr"; FALSE when there is none.
 * Both to be freed. */
gboolean sg_control_take_change(SgControl *c, char **name, char **value);
/* How often it was asked to stop, by command or signal: who waits for something ends that when
 * asked once more. */
guint sg_control_stops(SgControl *c);
/* While it waits a second signal does not end the process at once. */
void sg_control_be_patient(SgControl *c, gboolean patient);
/* The signal that asked it to stop last, or 0. */
int sg_control_signal(SgControl *c);
/* Blocks while paused, until resume, stop, a wish for a snapshot, a change or a publication due
 * (PAUSE is still set then); returns sg_control_take(). */
SgControlFlags sg_control_wait(SgControl *c);
/* What "status" answers with: a JSON object's text, copied. */
void sg_control_set_status(SgControl *c, const char *json);
/* How far the training is: "nimg" and "kimg" in what "status" answers with. Cheap. */
void sg_control_advance(SgControl *c, guint64 nimg);
/* What "follow" hands out; has to outlive the control. */
void sg_control_set_publisher(SgControl *c, SgPublisher *p);
void sg_control_free(SgControl *c);
/* The other side (CLI and window): sends one command to a run, returns its answer line. Times
 * out. */
char *sg_control_send(const char *run_dir, const char *command, int timeout_ms, GError **error);
/* The same for {"command":"set"}. */
char *sg_control_send_set(const char *run_dir, const char *name, const char *value, int timeout_ms,
                          GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgRunDir, sg_run_dir_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgControl, sg_control_free)

G_END_DECLS
