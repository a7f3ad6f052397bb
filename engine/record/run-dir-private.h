/* What the files of the run directory share: statistics, TensorBoard records, files that grow. */
#pragma once

#include "engine/record/run-dir.h"

G_BEGIN_DECLS

/* ---- files that grow by whole records (append.c) ---- */

typedef struct _SgAppend SgAppend;
/* Appends to `path` (made if it is not there; `fresh`: must not be there). */
SgAppend *sg_append_open(const char *path, gboolean fresh, GError **error);
/* One record, after those that could not be written before. FALSE: nothing of it is in the file;
 * it is kept and written with the next one, unless too much is kept already: the oldest go. */
gboolean sg_append_record(SgAppend *a, gconstpointer data, gsize n, GError **error);
/* What is kept, once more; then, if `sync`, to the disk. */
gboolean sg_append_flush(SgAppend *a, gboolean sync, GError **error);
/* Tries the kept records a last time. */
void sg_append_close(SgAppend *a);

/* ---- statistics of one tick (stats.c) ---- */

typedef struct {
  double lo, hi;
  guint bins;
  guint64 *counts;
  guint64 num;                 /* values that are numbers */
  double min, max, sum, sumsq; /* over the finite ones */
} SgHistogram;

typedef struct {
  guint64 num;
  double mean, m2; /* m2: sum of squared differences from the mean */
  SgHistogram *histogram;
} SgStat;

typedef struct _SgStats SgStats;
SgStats *sg_stats_new(void);
void sg_stats_report(SgStats *s, const char *tag, double value);
void sg_stats_histogram(SgStats *s, const char *tag, const float *values, guint n, double lo,
                        double hi, guint bins);
const SgStat *sg_stats_get(const SgStats *s, const char *tag); /* NULL if not reported */
double sg_stat_std(const SgStat *stat);
/* Tags in order; the array is the caller's, the strings are not. */
GPtrArray *sg_stats_tags(const SgStats *s);
/* The line for stats.jsonl, with its line break. */
char *sg_stats_to_line(const SgStats *s, double timestamp);
/* Replaces what is known of a tag; takes the histogram, which may be NULL. */
void sg_stats_put(SgStats *s, const char *tag, guint64 num, double mean, double m2,
                  SgHistogram *histogram);
/* All of it as text and back (stats-keep.c). FALSE: the text is none, and nothing is known then. */
char *sg_stats_keep(const SgStats *s);
gboolean sg_stats_restore(SgStats *s, const char *text);
void sg_stats_clear(SgStats *s);
void sg_stats_free(SgStats *s);

/* The text of stats.jsonl without the lines beyond `kimg` and without what is not a line; `cut`
 * says whether anything went. */
char *sg_stats_cut(const char *text, gsize n, double kimg, gboolean *cut);

/* ---- TensorBoard (events.c) ---- */

/* Each makes one whole TFRecord. */
GByteArray *sg_event_version(double wall_time);
/* TensorBoard forgets what it has read from `step` on: the run is resumed from before. */
GByteArray *sg_event_restart(double wall_time, gint64 step);
GByteArray *sg_event_summary(double wall_time, gint64 step, const SgStats *s);

/* ---- files in a run directory (run-dir-files.c) ---- */

/* Temporary files of a training that was killed while it wrote (SgWriter's names). */
void sg_run_dir_remove_leftovers(const char *path);

/* ---- where the control socket is (control-client.c) ---- */

/* A non-blocking socket connected to run_dir's control socket, or bound to it (not yet listening).
 * -1 and errno. */
int sg_control_connect(const char *run_dir);
int sg_control_bind(const char *run_dir);
/* One line there (with its break) and one back, appended to `answer` (without). *passed: the
 * descriptor that came with it, or -1. Both within timeout_ms. FALSE and errno. */
gboolean sg_control_exchange(int fd, const char *line, GString *answer, int *passed,
                             int timeout_ms);
/* {"command": COMMAND} as a line, with name and value unless NULL; to be freed. */
char *sg_control_line(const char *command, const char *name, const char *value);
/* G_FILE_ERROR for an errno of these; returns FALSE. */
gboolean sg_control_failed(GError **error, const char *run_dir, int why);

/* ---- signals (control-signals.c) ---- */

/* Has every signal that asks a process to end write SG_CONTROL_WAKE_STOP to wake_fd. FALSE: another
 * SgControl of this process has them. */
gboolean sg_control_signals_take(int wake_fd);
gboolean sg_control_signals_seen(void);
guint sg_control_signals_count(void);
void sg_control_signals_leave(void);

#define SG_CONTROL_WAKE_STOP "s"
#define SG_CONTROL_NAME      "control.sock"
#define SG_CONTROL_MAX_LINE  (64 * 1024)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgAppend, sg_append_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgStats, sg_stats_free)

G_END_DECLS
