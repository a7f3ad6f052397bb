/* What the files behind run-reader.h share. From the bytes up:
 *   run-number.c       a JSON number, exactly and fast
 *   run-stats-parse.c  lines of stats.jsonl into columns; run-stats-json.c the unusual ones
 *   run-stats-table.c  columns into curves, legs and histograms
 *   run-stats-file.c   a stats.jsonl that grows
 *   run-reader-files.c pictures, snapshots, metrics, options, log
 *   run-reader-state.c what the run is doing
 *   run-advice.c       what a beginner should know
 *   run-reader-poll.c  looking for what is new
 *   run-reader.c       all of it under one lock; run-reader-csv.c */
#pragma once

#include <sys/stat.h>
#include "engine/runs/run-reader.h"

G_BEGIN_DECLS

/* ---- numbers (run-number.c) ---- */

/* Reads the JSON number at *p, ends before `end`, and moves *p behind it; correctly rounded. Also
 * null and what Python writes: NaN, Infinity, -Infinity (all NAN). The number has to be followed
 * by some byte that is no part of one (a line break will do). FALSE: something else, or one for
 * a whole JSON parser to decide upon. */
gboolean sg_run_number(const char **p, const char *end, double *value);

/* ---- lines into columns (run-stats-parse.c, run-stats-json.c) ---- */

#define SG_STATS_MAX_TAGS 1024
#define SG_STATS_MAX_NAME 256           /* bytes of a tag */
#define SG_STATS_MAX_LINE (1024 * 1024) /* longer ones are bad */
#define SG_STATS_MAX_BINS 4096

typedef struct {
  guint32 row;      /* of this chunk */
  double mean, std; /* std: NAN if there is none */
} SgStatsEntry;

/* One tag of a chunk. */
typedef struct {
  char *name;
  gsize length;
  GArray *entries; /* SgStatsEntry, ascending rows */
} SgStatsColumn;

typedef struct {
  double kimg;      /* Progress/kimg, finite */
  double time;      /* Unix; 0: none */
  double total_sec; /* Timing/total_sec; NAN: none */
} SgStatsRow;

typedef struct {
  guint32 row;
  gboolean fake;
  SgRunHistogram *histogram; /* its kimg is the row's */
} SgStatsHistogram;

/* A parser keeps names and the order of the last line's keys from chunk to chunk. */
typedef struct {
  GPtrArray *columns; /* SgStatsColumn * */
  GHashTable *by_name;
  GArray *rows;       /* SgStatsRow */
  GArray *histograms; /* SgStatsHistogram */
  guint64 bad;        /* lines that are none */
  gboolean plain;     /* every line by way of jansson: for tests */

  GArray *order;   /* gint: columns (or -1: the timestamp) in the order of the last line's keys */
  GArray *pending; /* of the line at hand: nothing of a bad line is kept */
  double time;
} SgStatsParser;

SgStatsParser *sg_stats_parser_new(void);
void sg_stats_parser_free(SgStatsParser *p);
/* Forgets rows and entries, keeps names. */
void sg_stats_parser_clear(SgStatsParser *p);
/* text[n]: whole lines, each with its line break. */
void sg_stats_parse(SgStatsParser *p, const char *text, gsize n);

/* Shared by the two ways of reading a line. */
typedef struct {
  gint column;
  gboolean none; /* "num": 0: nothing was measured */
  double mean, std;
} SgStatsPending;
gint sg_stats_column(SgStatsParser *p, const char *name, gsize length); /* -1: too many, too long */
void sg_stats_pend(SgStatsParser *p, gint column, double num, double mean, double std);
/* A line by jansson. `histograms` of it are appended with the row that it would become. */
gboolean sg_stats_parse_json(SgStatsParser *p, const char *line, gsize n);

/* ---- columns into curves (run-stats-table.c) ---- */

typedef struct {
  SgSeries *mean, *deviation; /* deviation: NULL as long as there was none */
} SgStatsTag;

typedef struct {
  GHashTable *tags; /* char * -> SgStatsTag * */
  SgStatsRow last;  /* kimg NAN: no row yet */
  guint64 rows, bad;
  GArray *legs;            /* SgRunLeg, iterations not filled in */
  GPtrArray *real, *fake;  /* SgRunHistogram */
  guint64 points, thinned; /* points in all curves; how often they were halved */
  guint64 max_points;      /* SG_STATS_MAX_POINTS, unless a test wants fewer */
} SgStatsTable;

/* Points in all curves before they are halved. */
#define SG_STATS_MAX_POINTS     (16 * 1000 * 1000)
#define SG_STATS_MAX_HISTOGRAMS 2048

SgStatsTable *sg_stats_table_new(void);
void sg_stats_table_free(SgStatsTable *t);
/* Takes histograms out of the parser. */
void sg_stats_table_add(SgStatsTable *t, SgStatsParser *p);
SgStatsTag *sg_stats_table_tag(SgStatsTable *t, const char *name); /* NULL if there is none */
/* Makes the curves of `t` those of `from`, which is freed: a file that was written anew. */
void sg_stats_table_replace(SgStatsTable *t, SgStatsTable *from);

/* ---- a stats.jsonl that grows (run-stats-file.c) ---- */

typedef struct _SgStatsFile SgStatsFile;
typedef enum {
  SG_STATS_END,  /* nothing more for now */
  SG_STATS_MORE, /* the budget is used up */
  SG_STATS_ANEW, /* not the file it was: begin with a new SgStatsFile */
} SgStatsResult;

SgStatsFile *sg_stats_file_new(const char *path);
void sg_stats_file_free(SgStatsFile *f);
/* Adds what is new to the table, which is changed under the lock only; budget_ms 0: everything. */
SgStatsResult sg_stats_file_poll(SgStatsFile *f, SgStatsTable *t, GMutex *lock, int budget_ms,
                                 gboolean *changed);

/* ---- other files (run-reader-files.c) ---- */

/* What a directory holds; ascending by kimg. */
typedef struct {
  GPtrArray *grids, *snapshots; /* SgRunFile * */
  GPtrArray *metrics;           /* char *: names of metric-*.jsonl */
  char *reals;
  gboolean has_socket, has_lock;
} SgRunFiles;

SgRunFiles *sg_run_files_list(const char *dir); /* NULL: it cannot be read */
void sg_run_files_free(SgRunFiles *f);
gboolean sg_run_files_equal(const SgRunFiles *a, const SgRunFiles *b);
SgRunFile *sg_run_file_copy(const SgRunFile *f);

/* The end of a file that grows, valid UTF-8, beginning with a line; at most `lines` of them and
 * about 256 KiB. NULL: it cannot be read. */
char *sg_run_log_tail(const char *path, guint lines);
/* Where the last `lines` lines of text[n] begin. */
const char *sg_run_last_lines(const char *text, gsize n, guint lines);
/* The first bytes of one. */
char *sg_run_log_head(const char *path, gsize bytes);
/* Results of a metric-*.jsonl: "Metrics/NAME" -> SgSeries. Empty if it cannot be read. */
GHashTable *sg_run_metrics_read(const char *path);

typedef struct {
  gboolean ours, known; /* known: there is a file */
  double total_kimg, tick_kimg;
  int batch, resolution, snap, keep;
  gint64 images; /* 0: not known */
  char *data, *aug;
  GHashTable *texts; /* "name" -> "value" */
} SgRunOptions;

SgRunOptions *sg_run_options_read(const char *path);
void sg_run_options_free(SgRunOptions *o);

/* ---- what it is doing (run-reader-state.c) ---- */

/* What the log's last line says. */
typedef enum {
  SG_RUN_END_NONE,
  SG_RUN_END_FINISHED,
  SG_RUN_END_STOPPED,
  SG_RUN_END_DIVERGED,
  SG_RUN_END_FAILED,
} SgRunEnd;
SgRunEnd sg_run_log_end(const char *log);
/* What went wrong last as the log of this leg tells it, without its line's beginning: an error, or
 * a snapshot, statistics or data that were waited for. NULL: it tells nothing. */
char *sg_run_log_reason(const char *log);
/* The last line with anything in it. */
char *sg_run_last_line(const char *log);

typedef struct {
  gboolean answered, refused; /* refused: a socket, but nobody behind it */
  gboolean paused;
  char *waiting;                              /* what for, or NULL; the reader frees it */
  double kimg, total_kimg, sec_per_kimg, eta; /* NAN: not said */
  gint pid;
} SgRunAnswer;
SgRunAnswer sg_run_ask(const char *dir);

/* ---- advice (run-advice.c) ---- */

/* What the rules look at; a curve may be NULL. */
typedef struct {
  SgRunState state;
  SgSeries *signs_real, *signs_fake, *loss_d, *loss_g, *variance, *variance_real, *sec_per_kimg;
  gboolean ada;
  gint64 images; /* of the data set; 0: not known */
  double kimg, total_kimg;
  double free_bytes;     /* on the disk of the run; NAN: not known */
  double snapshot_bytes; /* of the newest snapshot and grid; 0: none yet */
  double snapshot_kimg;  /* from one snapshot to the next; 0: only the last */
  int keep, snapshots;   /* keep: 0: all */
  const char *log_line;  /* the last one, or NULL */
  const char *reason;    /* sg_run_log_reason(), or NULL */
  const char *waiting;   /* what the training waits for, or NULL */
  SgSeries *augment, *scores_real, *scores_fake;
} SgRunFacts;
GPtrArray *sg_run_advice(const SgRunFacts *f); /* of SgAdvice */
SgAdvice *sg_advice_copy(const SgAdvice *a);

/* ---- the reader ---- */

/* What tells whether a file has to be read again. */
typedef struct {
  dev_t device;
  ino_t inode;
  off_t size;
  struct timespec changed;
} SgRunStamp;

struct _SgRunReader {
  char *path, *name;

  /* The polling thread's own. */
  SgStatsFile *file, *file_anew;
  SgStatsTable *anew; /* of a file that was written anew, until it has been read */
  SgRunStamp directory, options_stamp, changes_stamp, log_stamp;
  GHashTable *metric_stamps;                  /* file name -> Stamp * */
  gint64 listed, asked, grown, refused_since; /* monotonic; 0: never */
  gboolean loaded;                            /* stats.jsonl has been read to its end once */
  SgRunAnswer answer;
  gint64 images_of_log;
  gint64 measured; /* when the next two were; monotonic */
  double free_bytes, snapshot_bytes;

  GMutex lock; /* for what is below */
  SgStatsTable *table;
  GHashTable *metrics; /* "Metrics/NAME" -> SgSeries * */
  SgRunFiles *files;
  SgRunOptions *options;
  char *log;
  SgRunStatus status; /* no strings in it */
  GPtrArray *advice;
};

/* Call these with the lock held. */
gboolean sg_run_reader_is_ours(const SgRunReader *r);
SgSeries *sg_run_reader_find(const SgRunReader *r, const char *tag); /* borrowed, or NULL */

G_END_DECLS
