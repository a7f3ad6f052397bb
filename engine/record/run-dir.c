/* A run directory from its number to its last line of log. */
#include "engine/base/visible.h"
#include "engine/formats/read-file.h"
#include "engine/formats/writer.h"
#include "engine/record/run-dir-private.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct _SgRunDir {
  char *path;
  int lock; /* the directory itself, locked as long as this run writes into it */
  SgStats *stats;
  SgAppend *stats_file, *events, *log;
  GMutex log_mutex; /* other threads may have something to say, too */
  GString *log_line;
};

/* ---- the number ------------------------------------------------------------------------------ */

/* The number that starts a directory's name ("00012-…"), or -1. */
static gint64
number_of(const char *name)
{
  char *end;
  if (!g_ascii_isdigit(*name))
    return -1;
  guint64 n = g_ascii_strtoull(name, &end, 10);
  return (*end == '-' || *end == '\0') && n < G_MAXINT32 ? (gint64)n : -1;
}

/* The highest number in outdir, and in `twins` how many have the number `wanted`. */
static gint64
highest_number(const char *outdir, gint64 wanted, int *twins)
{
  g_autoptr(GDir) dir = g_dir_open(outdir, 0, NULL);
  gint64 highest = -1;

  *twins = 0;
  for (const char *name; dir && (name = g_dir_read_name(dir));) {
    gint64 n = number_of(name);
    *twins += n >= 0 && n == wanted;
    highest = MAX(highest, n);
  }
  return highest;
}

/* Fit for a file's name; 255 bytes of that are the most a file system takes. */
static char *
file_word(const char *text, gsize most)
{
  char *word = g_utf8_make_valid(text, -1);

  if (strlen(word) > most)
    *g_utf8_find_prev_char(word, word + most + 1) = '\0';
  for (char *p = word; *p; p++)
    if (*p == '/' || (guchar)*p < ' ' || *p == 0x7f)
      *p = '_';
  return word;
}

/* "stylegan2-faces-res256-batch32-gamma0.4096", as NVlabs' train.py describes a run. */
static char *
describe(const SgTrainOptions *o)
{
  char gamma[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *name = file_word(o->name && *o->name ? o->name : "data", 120);
  g_autofree char *desc = file_word(o->desc ? o->desc : "", 60);

  g_ascii_formatd(gamma, sizeof gamma, "%g", o->r1_gamma);
  return g_strdup_printf("stylegan2-%s-res%d-batch%d-gamma%s%s%s", name, o->resolution, o->batch,
                         gamma, *desc ? "-" : "", desc);
}

/* mkdir decides between two runs of the same name. Those of different names may both get a number;
 * whoever sees the other steps back, and who made its directory last sees the other for certain. */
static char *
make_numbered(const char *outdir, const char *description, GError **error)
{
  int twins;

  for (int attempt = 0; attempt < 1000; attempt++) {
    gint64 n = highest_number(outdir, -1, &twins) + 1;
    g_autofree char *name = g_strdup_printf("%05" G_GINT64_FORMAT "-%s", n, description);
    g_autofree char *path = g_build_filename(outdir, name, NULL);
    if (g_mkdir(path, 0777) != 0) {
      if (errno == EEXIST)
        continue;
      sg_file_failed(error, path, "cannot be made");
      return NULL;
    }
    highest_number(outdir, n, &twins);
    if (twins <= 1) {
      sg_sync_folder(outdir); /* what is synced in the new folder is lost with its name */
      return g_steal_pointer(&path);
    }
    g_rmdir(path);
    g_usleep((gulong)g_random_int_range(0, 20000));
  }
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST, "%s: no free number for a run", outdir);
  return NULL;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* The kernel lets go of the lock whatever ends the process, so it is never stale. A file system
 * that cannot lock is no reason not to train. */
static gboolean
lock(SgRunDir *r, GError **error)
{
  r->lock = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (r->lock < 0)
    return sg_file_failed(error, r->path, "cannot be opened");
  if (flock(r->lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
    return TRUE;
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
              "%s: another training is writing into this run directory", r->path);
  return FALSE;
}

/* A name of its own for every start; TensorBoard reads them in the order of their names. */
static SgAppend *
open_events(SgRunDir *r, GError **error)
{
  g_autofree char *host = g_strdelimit(g_strdup(g_get_host_name()), "/", '_');
  gint64 now = g_get_real_time() / G_USEC_PER_SEC;

  for (int attempt = 0;; attempt++) {
    g_autofree char *name = g_strdup_printf("events.out.tfevents.%" G_GINT64_FORMAT ".%s.%d",
                                            now + attempt, host, (int)getpid());
    g_autofree char *path = g_build_filename(r->path, name, NULL);
    GError *why = NULL;
    SgAppend *a = sg_append_open(path, TRUE, &why);
    if (a || attempt == 100 || !g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_EXIST)) {
      if (why)
        g_propagate_error(error, why);
      return a;
    }
    g_error_free(why);
  }
}

static double
wall_time(void)
{
  return (double)g_get_real_time() / G_USEC_PER_SEC;
}

static gboolean
append_event(SgRunDir *r, GByteArray *record, GError **error)
{
  gboolean done = sg_append_record(r->events, record->data, record->len, error);
  g_byte_array_unref(record);
  return done;
}

static gint64
step_of(double kimg)
{
  return llround(kimg * 1000);
}

static gboolean
open_files(SgRunDir *r, GError **error)
{
  g_autofree char *stats = g_build_filename(r->path, "stats.jsonl", NULL);
  g_autofree char *log = g_build_filename(r->path, "log.txt", NULL);

  r->stats_file = sg_append_open(stats, FALSE, error);
  r->log = r->stats_file ? sg_append_open(log, FALSE, error) : NULL;
  r->events = r->log ? open_events(r, error) : NULL;
  if (!r->events)
    return FALSE;
  append_event(r, sg_event_version(wall_time()), NULL); /* else it waits */
  return TRUE;
}

static SgRunDir *
run_dir_new(const char *path)
{
  SgRunDir *r = g_new0(SgRunDir, 1);

  r->path = g_strdup(path);
  r->lock = -1;
  r->stats = sg_stats_new();
  r->log_line = g_string_new(NULL);
  g_mutex_init(&r->log_mutex);
  return r;
}

SgRunDir *
sg_run_dir_create(const SgTrainOptions *o, GError **error)
{
  g_autofree char *given = sg_train_path_from_text(o->outdir);
  const char *outdir = given && *given ? given : ".";
  g_autofree char *description = describe(o), *json = NULL, *options = NULL;

  if (g_mkdir_with_parents(outdir, 0777) != 0) {
    sg_file_failed(error, outdir, "cannot be made");
    return NULL;
  }
  g_autofree char *path = make_numbered(outdir, description, error);
  if (!path)
    return NULL;
  g_autoptr(SgRunDir) r = run_dir_new(path);
  options = g_build_filename(path, "training_options.json", NULL);
  json = sg_train_options_to_json(o);
  if (!lock(r, error))
    return NULL;
  if (!sg_write_file(options, json, strlen(json), error)) {
    g_rmdir(path); /* with nothing in it, its number is free again */
    return NULL;
  }
  return open_files(r, error) ? g_steal_pointer(&r) : NULL;
}

static gboolean
cut_stats(SgRunDir *r, double kimg, GError **error)
{
  g_autofree char *path = g_build_filename(r->path, "stats.jsonl", NULL);
  g_autofree char *text = NULL, *kept = NULL;
  GError *why = NULL;
  gboolean cut;
  gsize n;

  if (!(text = sg_read_file(path, SG_RUN_STATS_MOST, &n, &why))) {
    if (!g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
      g_propagate_error(error, why);
      return FALSE;
    }
    g_error_free(why);
    return TRUE;
  }
  kept = sg_stats_cut(text, n, kimg, &cut);
  return !cut || sg_write_file(path, kept, strlen(kept), error);
}

/* A log that ends within a line is closed, so that the next one starts on its own. */
static gboolean
ends_within_line(const char *run_dir)
{
  g_autofree char *path = g_build_filename(run_dir, "log.txt", NULL);
  int fd = sg_open_regular(path, O_RDONLY, NULL);
  char last = '\n';

  if (fd < 0)
    return FALSE;
  off_t size = lseek(fd, 0, SEEK_END);
  gboolean within = size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
  close(fd);
  return within;
}

SgRunDir *
sg_run_dir_reopen(const char *path, double kimg, GError **error)
{
  g_autoptr(SgRunDir) r = run_dir_new(path);

  /* First: what a running training writes is not cut. */
  if (!lock(r, error))
    return NULL;
  gboolean within = ends_within_line(path);
  if (!cut_stats(r, kimg, error) || !open_files(r, error))
    return NULL;
  sg_run_dir_remove_leftovers(path);
  if (within)
    sg_append_record(r->log, "\n", 1, NULL);
  append_event(r, sg_event_restart(wall_time(), step_of(kimg) + 1), NULL);
  return g_steal_pointer(&r);
}

const char *
sg_run_dir_path(const SgRunDir *r)
{
  return r->path;
}

gboolean
sg_run_dir_is_gone(const SgRunDir *r)
{
  GStatBuf s;
  return g_stat(r->path, &s) != 0 && errno == ENOENT;
}

void
sg_run_dir_free(SgRunDir *r)
{
  if (!r)
    return;
  if (r->log && r->log_line->len > 0)
    sg_append_record(r->log, r->log_line->str, r->log_line->len, NULL);
  sg_append_close(r->stats_file);
  sg_append_close(r->events);
  sg_append_close(r->log);
  if (r->lock >= 0)
    close(r->lock);
  sg_stats_free(r->stats);
  g_string_free(r->log_line, TRUE);
  g_mutex_clear(&r->log_mutex);
  g_free(r->path);
  g_free(r);
}

/* ---- what is written every now and then ------------------------------------------------------ */

/* The window that started the training may be gone and its pipe with it; that ends no training. */
static void
print_to_console(const char *text)
{
  sigset_t pipe_only, before, pending;
  struct timespec now = {0, 0};

  sigemptyset(&pipe_only);
  sigaddset(&pipe_only, SIGPIPE);
  sigpending(&pending);
  pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
  if (fputs(text, stdout) < 0 || fflush(stdout) != 0) {
    clearerr(stdout);
    if (!sigismember(&pending, SIGPIPE))
      while (sigtimedwait(&pipe_only, NULL, &now) < 0 && errno == EINTR)
        ;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void
sg_run_dir_log(SgRunDir *r, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  g_autofree char *foreign = g_strdup_vprintf(format, args), *text = sg_visible_lines(foreign);
  va_end(args);
  g_mutex_lock(&r->log_mutex);
  print_to_console(text);
  g_string_append(r->log_line, text);
  const char *end = strrchr(r->log_line->str, '\n');
  if (end) {
    gsize n = (gsize)(end + 1 - r->log_line->str);
    sg_append_record(r->log, r->log_line->str, n, NULL); /* else it waits, and tick says so */
    g_string_erase(r->log_line, 0, (gssize)n);
  }
  g_mutex_unlock(&r->log_mutex);
}

void
sg_run_dir_report(SgRunDir *r, const char *tag, double value)
{
  sg_stats_report(r->stats, tag, value);
}

void
sg_run_dir_report_n(SgRunDir *r, const char *tag, const float *values, guint n)
{
  for (guint i = 0; i < n; i++)
    sg_stats_report(r->stats, tag, values[i]);
}

void
sg_run_dir_histogram(SgRunDir *r, const char *tag, const float *values, guint n, double lo,
                     double hi, guint bins)
{
  sg_stats_histogram(r->stats, tag, values, n, lo, hi, bins);
}

char *
sg_run_dir_keep_stats(const SgRunDir *r)
{
  return sg_stats_keep(r->stats);
}

void
sg_run_dir_restore_stats(SgRunDir *r, const char *text)
{
  sg_stats_restore(r->stats, text);
}

gboolean
sg_run_dir_has_line(const SgRunDir *r, double kimg)
{
  g_autofree char *path = g_build_filename(r->path, "stats.jsonl", NULL), *text = NULL;
  gboolean cut;
  gsize n;

  if (!(text = sg_read_file(path, SG_RUN_STATS_MOST, &n, NULL)))
    return FALSE;
  /* Less one picture: a line goes if one is of this place. */
  g_free(sg_stats_cut(text, n, kimg - 0.001, &cut));
  return cut;
}

double
sg_run_dir_mean(const SgRunDir *r, const char *tag)
{
  const SgStat *stat = sg_stats_get(r->stats, tag);
  return stat && stat->num > 0 ? stat->mean : NAN;
}

gboolean
sg_run_dir_tick(SgRunDir *r, double kimg, GError **error)
{
  const SgStat *position = sg_stats_get(r->stats, "Progress/kimg");
  GError *why[3] = {NULL};
  gboolean done = TRUE;

  /* Without it a later resume could not cut this line. */
  if (!position || position->num == 0)
    sg_stats_report(r->stats, "Progress/kimg", kimg);
  double now = wall_time();
  g_autofree char *line = sg_stats_to_line(r->stats, now);
  if (sg_append_record(r->stats_file, line, strlen(line), &why[0]))
    sg_append_flush(r->stats_file, TRUE, &why[0]);
  append_event(r, sg_event_summary(now, step_of(kimg), r->stats), &why[1]);
  g_mutex_lock(&r->log_mutex);
  sg_append_flush(r->log, FALSE, &why[2]);
  g_mutex_unlock(&r->log_mutex);
  sg_stats_clear(r->stats);
  for (int i = 0; i < 3; i++) {
    if (why[i] && done) { /* one sentence is enough: it is one disk */
      g_propagate_error(error, g_steal_pointer(&why[i]));
      done = FALSE;
    }
    g_clear_error(&why[i]);
  }
  return done;
}
