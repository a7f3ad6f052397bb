/* Looking for what is new in a run directory, and what follows from it. */
#include "engine/record/changes.h"
#include "engine/runs/run-reader-private.h"
#include "engine/runs/run-series-private.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define LOG_LINES 1000
#define LOG_HEAD  (64 * 1024)
#define FRESH_SEC 120 /* a run that grew so long ago may still be running somewhere else */
#define YOUNG_SEC 15  /* a directory so young has no socket yet */
#define SECOND    G_USEC_PER_SEC

/* ---- what is new ----------------------------------------------------------------------------- */

/* TRUE when the file is another one than at the last time; a file that is not there has a stamp of
 * its own, too. */
static gboolean
stamp_changed(const char *path, SgRunStamp *stamp)
{
  struct stat st;
  SgRunStamp now;

  memset(&now, 0, sizeof now);
  if (stat(path, &st) == 0) {
    now.device = st.st_dev;
    now.inode = st.st_ino;
    now.size = st.st_size;
    now.changed = st.st_mtim;
  } else {
    now.size = -1;
  }
  if (memcmp(&now, stamp, sizeof now) == 0)
    return FALSE;
  *stamp = now;
  return TRUE;
}

/* The old curves stay until the new file has been read: nobody sees half of it. */
static gboolean
poll_anew(SgRunReader *r, int budget_ms, gboolean *more)
{
  g_autofree char *path = g_build_filename(r->path, "stats.jsonl", NULL);
  gboolean changed = FALSE;

  if (!r->file_anew) {
    r->file_anew = sg_stats_file_new(path);
    r->anew = sg_stats_table_new();
  }
  switch (sg_stats_file_poll(r->file_anew, r->anew, &r->lock, budget_ms, &changed)) {
  case SG_STATS_MORE:
    *more = TRUE;
    return FALSE;
  case SG_STATS_ANEW: /* once more, while it was read */
    g_clear_pointer(&r->file_anew, sg_stats_file_free);
    g_clear_pointer(&r->anew, sg_stats_table_free);
    *more = TRUE;
    return FALSE;
  default:
    g_mutex_lock(&r->lock);
    sg_stats_table_replace(r->table, g_steal_pointer(&r->anew));
    g_mutex_unlock(&r->lock);
    sg_stats_file_free(r->file);
    r->file = g_steal_pointer(&r->file_anew);
    return TRUE;
  }
}

static gboolean
poll_stats(SgRunReader *r, int budget_ms, gboolean *more)
{
  gboolean changed = FALSE;

  if (!r->file_anew) {
    SgStatsResult result = sg_stats_file_poll(r->file, r->table, &r->lock, budget_ms, &changed);
    if (result != SG_STATS_ANEW) {
      *more = *more || result == SG_STATS_MORE;
      if (changed && r->loaded)
        r->grown = g_get_monotonic_time();
      r->loaded = r->loaded || result == SG_STATS_END;
      return changed;
    }
  }
  if (poll_anew(r, budget_ms, more))
    changed = TRUE;
  return changed;
}

/* A directory's own time may be too coarse to show two changes, so it is listed now and then
 * without. */
static gboolean
poll_files(SgRunReader *r)
{
  gint64 now = g_get_monotonic_time();

  if (!stamp_changed(r->path, &r->directory) && now - r->listed < 5 * SECOND)
    return FALSE;
  SgRunFiles *files = sg_run_files_list(r->path);
  r->listed = now;
  if (!files)
    return FALSE;
  g_mutex_lock(&r->lock);
  SgRunFiles *old = r->files;
  gboolean changed = !old || !sg_run_files_equal(old, files);
  r->files = files;
  g_mutex_unlock(&r->lock);
  sg_run_files_free(old);
  return changed;
}

/* A curve that is already shown takes over the new points. */
static void
take_metric(SgRunReader *r, const char *name, SgSeries *s)
{
  SgSeries *known = g_hash_table_lookup(r->metrics, name);
  if (known)
    sg_series_replace(known, s);
  else if (g_hash_table_size(r->metrics) < SG_STATS_MAX_TAGS)
    g_hash_table_insert(r->metrics, g_strdup(name), sg_series_ref(s));
}

static gboolean
poll_metrics(SgRunReader *r)
{
  gboolean changed = FALSE;

  for (guint i = 0; r->files && i < r->files->metrics->len && i < 64; i++) {
    const char *name = r->files->metrics->pdata[i];
    g_autofree char *path = g_build_filename(r->path, name, NULL);
    SgRunStamp *stamp = g_hash_table_lookup(r->metric_stamps, name);
    if (!stamp) {
      stamp = g_new0(SgRunStamp, 1);
      g_hash_table_insert(r->metric_stamps, g_strdup(name), stamp);
    }
    if (!stamp_changed(path, stamp))
      continue;
    g_autoptr(GHashTable) all = sg_run_metrics_read(path);
    GHashTableIter iter;
    gpointer tag, s;
    g_mutex_lock(&r->lock);
    g_hash_table_iter_init(&iter, all);
    while (g_hash_table_iter_next(&iter, &tag, &s))
      take_metric(r, tag, s);
    g_mutex_unlock(&r->lock);
    changed = TRUE;
  }
  return changed;
}

/* Steered, or resumed with other options: what counts is what was said last. */
static void
take_changes(SgRunOptions *o, const char *dir)
{
  g_autoptr(GPtrArray) changes = sg_changes_read(dir, NULL);

  for (guint i = 0; changes && i < changes->len; i++) {
    const SgChange *c = changes->pdata[i];
    double v = g_ascii_strtod(c->to, NULL);
    if (g_str_equal(c->name, "kimg"))
      o->total_kimg = v;
    else if (g_str_equal(c->name, "tick"))
      o->tick_kimg = v;
    else if (g_str_equal(c->name, "snap"))
      o->snap = (int)v;
    else if (g_str_equal(c->name, "keep"))
      o->keep = (int)v;
    g_hash_table_insert(o->texts, g_strdup(c->name), g_strdup(c->to));
  }
}

static gboolean
poll_options(SgRunReader *r)
{
  g_autofree char *path = g_build_filename(r->path, "training_options.json", NULL);
  g_autofree char *changes = g_build_filename(r->path, SG_CHANGES_NAME, NULL);
  gboolean changed = stamp_changed(path, &r->options_stamp);

  if (!stamp_changed(changes, &r->changes_stamp) && !changed)
    return FALSE;
  SgRunOptions *options = sg_run_options_read(path);
  if (options->ours)
    take_changes(options, r->path);
  g_mutex_lock(&r->lock);
  SgRunOptions *old = r->options;
  r->options = options;
  g_mutex_unlock(&r->lock);
  sg_run_options_free(old);
  return TRUE;
}

/* "Data set:      PATH: 24 images, 8×8" or NVlabs' "Num images:  24"; 0: neither. */
static gint64
images_in(const char *log)
{
  static const char *const begins[] = {"Data set:", "Num images:"};
  gint64 images = 0;

  for (guint i = 0; i < G_N_ELEMENTS(begins) && images == 0; i++) {
    const char *line = strstr(log, begins[i]);
    if (!line)
      continue;
    g_autofree char *text = g_strndup(line, strcspn(line, "\n"));
    char *end = g_strrstr(text, " images, "); /* a path may hold anything */
    if (i == 1) {
      images = g_ascii_strtoll(text + strlen(begins[1]), NULL, 10);
    } else if (end) {
      *end = '\0';
      const char *space = strrchr(text, ' ');
      images = space ? g_ascii_strtoll(space, NULL, 10) : 0;
    }
  }
  return MAX(images, 0);
}

static gboolean
poll_log(SgRunReader *r)
{
  g_autofree char *path = g_build_filename(r->path, "log.txt", NULL);

  if (!stamp_changed(path, &r->log_stamp))
    return FALSE;
  char *log = sg_run_log_tail(path, LOG_LINES);
  if (r->images_of_log == 0) {
    g_autofree char *head = sg_run_log_head(path, LOG_HEAD);
    r->images_of_log = head ? images_in(head) : 0;
  }
  g_mutex_lock(&r->lock);
  g_free(r->log);
  r->log = log ? log : g_strdup("");
  g_mutex_unlock(&r->lock);
  return TRUE;
}

/* At most once a second. */
static void
poll_process(SgRunReader *r)
{
  g_autofree char *path = g_build_filename(r->path, "control.sock", NULL);
  gint64 now = g_get_monotonic_time();
  struct stat st;
  gboolean socket = lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);

  if (!socket) {
    g_free(r->answer.waiting);
    r->answer = (SgRunAnswer){FALSE, FALSE, FALSE, NULL, NAN, NAN, NAN, NAN, 0};
    r->asked = 0;
  } else if (r->asked == 0 || now - r->asked >= SECOND) {
    g_free(r->answer.waiting);
    r->answer = sg_run_ask(r->path);
    r->asked = g_get_monotonic_time();
  }
  if (!r->answer.refused)
    r->refused_since = 0;
  else if (r->refused_since == 0)
    r->refused_since = now;
}

static double
size_of_newest(const GPtrArray *files)
{
  struct stat st;

  if (!files || files->len == 0 ||
      stat(((SgRunFile *)files->pdata[files->len - 1])->path, &st) != 0)
    return 0;
  return (double)st.st_size;
}

static double
space_left(const char *path)
{
  struct statvfs fs;
  return statvfs(path, &fs) == 0 ? (double)fs.f_bavail * (double)fs.f_frsize : NAN;
}

/* Not under the lock: a network mount may take its time. */
static void
poll_disk(SgRunReader *r, gboolean files_changed)
{
  gint64 now = g_get_monotonic_time();

  if (r->measured > 0 && !files_changed && now - r->measured < 10 * SECOND)
    return;
  r->measured = now;
  double snapshot = r->files ? size_of_newest(r->files->snapshots) : 0;
  r->snapshot_bytes = snapshot > 0 ? snapshot + size_of_newest(r->files->grids) : 0;
  r->free_bytes = space_left(r->path);
}

/* ---- putting it together (call with the lock held) ------------------------------------------- */

gboolean
sg_run_reader_is_ours(const SgRunReader *r)
{
  if (r->options->known)
    return r->options->ours;
  for (guint i = 0; r->files && i < r->files->snapshots->len; i++)
    if (g_str_has_suffix(((SgRunFile *)r->files->snapshots->pdata[i])->path, ".safetensors"))
      return TRUE;
  return strstr(r->log, "Run directory: ") != NULL;
}

/* Somebody writes, though nobody here says so. */
static gboolean
grows(const SgRunReader *r)
{
  gint64 mono = g_get_monotonic_time();
  double now = (double)g_get_real_time() / SECOND;

  /* Behind a dead socket only what is seen to grow counts: what was killed just now is new, too. */
  if (r->answer.refused)
    return r->grown > r->refused_since + 2 * SECOND && mono - r->grown < FRESH_SEC * SECOND;
  return (r->grown > 0 && mono - r->grown < FRESH_SEC * SECOND) ||
         fabs(now - r->table->last.time) < FRESH_SEC;
}

static gboolean
is_young(const SgRunReader *r)
{
  gint64 now = g_get_real_time() / SECOND;
  return r->table->rows == 0 && !r->answer.refused && r->options->known &&
         ABS(now - (gint64)r->options_stamp.changed.tv_sec) < YOUNG_SEC;
}

static SgRunState
state_of(const SgRunReader *r)
{
  if (r->answer.answered)
    return r->answer.paused ? SG_RUN_PAUSED : SG_RUN_RUNNING;
  switch (sg_run_log_end(r->log)) {
  case SG_RUN_END_FINISHED:
    return SG_RUN_FINISHED;
  case SG_RUN_END_STOPPED:
    return SG_RUN_STOPPED;
  case SG_RUN_END_DIVERGED:
    return SG_RUN_DIVERGED;
  case SG_RUN_END_FAILED:
    return SG_RUN_DIED;
  default:
    break;
  }
  if (!sg_run_reader_is_ours(r))
    return r->table->last.kimg >= r->options->total_kimg ? SG_RUN_FINISHED : SG_RUN_FOREIGN;
  if (grows(r))
    return SG_RUN_FOREIGN;
  return is_young(r) ? SG_RUN_RUNNING : SG_RUN_DIED;
}

SgSeries *
sg_run_reader_find(const SgRunReader *r, const char *tag)
{
  SgSeries *metric = g_hash_table_lookup(r->metrics, tag);
  const SgStatsTag *t = sg_stats_table_tag(r->table, tag);
  return metric ? metric : t ? t->mean : NULL;
}

static int
ascending(gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* The middle of the last five ticks: one of them may have had a pause in it. */
static double
recent_speed(const SgRunReader *r)
{
  SgSeries *s = sg_run_reader_find(r, "Timing/sec_per_kimg");
  gsize n = s ? sg_series_length(s) : 0;
  double values[5], x, y;
  guint found = 0;

  for (gsize i = n - MIN(n, 5); i < n; i++)
    if (sg_series_point(s, i, &x, &y) && isfinite(y) && y > 0)
      values[found++] = y;
  qsort(values, found, sizeof(double), ascending);
  return found > 0 ? values[found / 2] : NAN;
}

static SgRunStatus
status_of(const SgRunReader *r)
{
  const SgRunAnswer *a = &r->answer;
  SgRunStatus s = {.state = state_of(r)};

  s.kimg = r->table->last.kimg;
  if (a->answered && isfinite(a->kimg) && !(a->kimg < s.kimg))
    s.kimg = a->kimg;
  s.total_kimg = a->answered && isfinite(a->total_kimg) ? a->total_kimg : r->options->total_kimg;
  s.sec_per_kimg = recent_speed(r);
  if (isnan(s.sec_per_kimg))
    s.sec_per_kimg = a->sec_per_kimg;
  s.images_per_sec = 1000 / s.sec_per_kimg;
  s.eta = NAN;
  if (s.state == SG_RUN_RUNNING || s.state == SG_RUN_PAUSED || s.state == SG_RUN_FOREIGN)
    s.eta = MAX(0, s.total_kimg - s.kimg) * s.sec_per_kimg;
  if (isnan(s.kimg) || isnan(s.total_kimg))
    s.eta = NAN;
  s.batch = r->options->batch;
  s.resolution = r->options->resolution;
  s.rows = r->table->rows;
  s.bad_lines = r->table->bad;
  s.newest = r->table->last.time;
  s.pid = a->pid;
  return s;
}

static GPtrArray *
advice_of(const SgRunReader *r, const SgRunStatus *s)
{
  const SgRunOptions *o = r->options;
  g_autofree char *line = sg_run_last_line(r->log), *reason = sg_run_log_reason(r->log);
  SgRunFacts f = {
      .state = s->state,
      .signs_real = sg_run_reader_find(r, "Loss/signs/real"),
      .signs_fake = sg_run_reader_find(r, "Loss/signs/fake"),
      .loss_d = sg_run_reader_find(r, "Loss/D/loss"),
      .loss_g = sg_run_reader_find(r, "Loss/G/loss"),
      .variance = sg_run_reader_find(r, "Samples/variance"),
      .variance_real = sg_run_reader_find(r, "Samples/variance_real"),
      .sec_per_kimg = sg_run_reader_find(r, "Timing/sec_per_kimg"),
      .ada = o->aug && g_str_equal(o->aug, "ada"),
      .images = o->images > 0 ? o->images : r->images_of_log,
      .kimg = s->kimg,
      .total_kimg = s->total_kimg,
      .free_bytes = r->free_bytes,
      .snapshot_bytes = r->snapshot_bytes,
      .snapshot_kimg = o->tick_kimg > 0 ? o->tick_kimg * o->snap : 0,
      .keep = o->keep,
      .snapshots = r->files ? (int)r->files->snapshots->len : 0,
      .log_line = line,
      .reason = reason,
      .waiting = r->answer.answered ? r->answer.waiting : NULL,
      .augment = sg_run_reader_find(r, "Progress/augment"),
      .scores_real = sg_run_reader_find(r, "Loss/scores/real"),
      .scores_fake = sg_run_reader_find(r, "Loss/scores/fake"),
  };
  return sg_run_advice(&f);
}

static gboolean
same_advice(const GPtrArray *a, const GPtrArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++) {
    const SgAdvice *x = a->pdata[i], *y = b->pdata[i];
    if (!g_str_equal(x->id, y->id) || !g_str_equal(x->text, y->text))
      return FALSE;
  }
  return TRUE;
}

static gboolean
same_number(double a, double b)
{
  return a == b || (isnan(a) && isnan(b));
}

static gboolean
conclude(SgRunReader *r)
{
  g_mutex_lock(&r->lock);
  SgRunStatus old = r->status;
  GPtrArray *advice;
  r->status = status_of(r);
  advice = advice_of(r, &r->status);
  gboolean changed = old.state != r->status.state || old.pid != r->status.pid ||
                     !same_number(old.kimg, r->status.kimg) ||
                     !same_number(old.total_kimg, r->status.total_kimg) ||
                     !same_number(old.eta, r->status.eta) || !same_advice(r->advice, advice);
  g_ptr_array_unref(r->advice);
  r->advice = advice;
  g_mutex_unlock(&r->lock);
  return changed;
}

gboolean
sg_run_reader_poll(SgRunReader *r, int budget_ms, gboolean *more)
{
  gboolean again = FALSE, changed = FALSE;

  /* The process before its log: what it says last is there once it has gone. */
  poll_process(r);
  changed = poll_options(r) || changed;
  changed = poll_log(r) || changed;
  gboolean files_changed = poll_files(r);
  changed = files_changed || changed;
  poll_disk(r, files_changed);
  changed = poll_metrics(r) || changed;
  changed = poll_stats(r, budget_ms, &again) || changed;
  changed = conclude(r) || changed;
  if (more)
    *more = again;
  return changed;
}
