/* SgRunReader: what a run directory says, as it grows.
 *
 * Reads what `vitrine train` writes (run-dir.h) and what NVlabs' stylegan2-ada-pytorch and
 * stylegan3 leave behind (stats.jsonl, log.txt, training_options.json, fakes*.png, reals.png,
 * network-snapshot-*.pkl, metric-*.jsonl). Never writes anything. Only what is new is read:
 * stats.jsonl is followed by whole lines, also over a network mount and when it becomes shorter
 * (the run went on from an older snapshot). Bad lines are skipped and counted; no file makes it
 * grow without bound.
 *
 * Threads: one thread polls; the series may be asked by any thread at any time; everything else
 * that is handed out is a copy made under the reader's lock. */
#pragma once

#include "engine/runs/run-series.h"

G_BEGIN_DECLS

typedef struct _SgRunReader SgRunReader;

typedef enum {
  SG_RUN_RUNNING,
  SG_RUN_PAUSED,
  SG_RUN_FINISHED, /* to its last kimg */
  SG_RUN_STOPPED,  /* asked to, with a final snapshot */
  SG_RUN_DIVERGED,
  SG_RUN_DIED,    /* ended without saying so: killed, crashed, machine off */
  SG_RUN_FOREIGN, /* nobody here can tell: another machine's or another program's */
} SgRunState;

/* A file with a number: fakes000123.png, network-snapshot-000123.safetensors; kimg 0 for
 * fakes_init.png. */
typedef struct {
  double kimg;
  char *path;
} SgRunFile;

/* A run is in legs: each ends with a stop, a crash or the end, the next one resumes (the paper's
 * Table I). */
typedef struct {
  double from_kimg, to_kimg;
  guint64 iterations; /* of `batch` pictures each; 0: the batch is not known */
  double seconds;     /* of training */
  double began;       /* Unix time; 0: not known */
} SgRunLeg;

/* Distribution of D's logits for real or generated pictures at one snapshot. */
typedef struct {
  double kimg, lo, hi;
  guint bins;
  double *counts; /* [bins] */
} SgRunHistogram;

typedef enum { SG_ADVICE_NOTE, SG_ADVICE_WARNING, SG_ADVICE_ERROR } SgAdviceLevel;
/* Something a beginner should know: what is seen, what it means, what to try; whole sentences. */
typedef struct {
  const char *id; /* "d-wins" "collapse" "diverged" "disk" "little-data" "slow" … */
  SgAdviceLevel level;
  char *text, *what_to_try;
} SgAdvice;

typedef struct {
  char *path, *name;    /* name: of the directory */
  char *data, *program; /* data set; "Vitrine" or "NVlabs" */
  SgRunState state;
  double kimg, total_kimg;  /* NAN: not known */
  double sec_per_kimg, eta; /* seconds; NAN: not known */
  double images_per_sec;
  int batch, resolution;   /* 0: not known */
  guint64 rows, bad_lines; /* of stats.jsonl */
  double newest;           /* Unix time of the newest row; 0: none */
  gint pid;                /* of the process that trains, 0: not known */
} SgRunStatus;

/* The directory must hold at least one of: training_options.json, stats.jsonl, log.txt,
 * network-snapshot-*. Error: what was looked for. Reads nothing large yet. */
SgRunReader *sg_run_reader_new(const char *path, GError **error);
void sg_run_reader_free(SgRunReader *r);
/* Is this folder a run directory? Cheap. */
gboolean sg_run_reader_recognises(const char *path);
/* Reads what is new, at most about `budget_ms` milliseconds of it (0: everything); *more: there is
 * more to read at once. TRUE when anything changed. Blocks on the disk: not on the main thread. */
gboolean sg_run_reader_poll(SgRunReader *r, int budget_ms, gboolean *more);

SgRunStatus *sg_run_reader_status(SgRunReader *r);
/* Tags in order ("Loss/D/loss" …), derived ones too: "Timing/images_per_sec",
 * "Metrics/fid50k_full"… NULL-terminated copy. */
char **sg_run_reader_tags(SgRunReader *r);
/* Over kimg; the means, or the standard deviations within a tick (NULL: the tag has none). New
 * reference or NULL. */
SgSeries *sg_run_reader_series(SgRunReader *r, const char *tag);
SgSeries *sg_run_reader_deviation(SgRunReader *r, const char *tag);
/* Copies, ascending by kimg: of SgRunFile, SgRunLeg, SgRunHistogram (tag "real" or "fake"),
 * SgAdvice. */
GPtrArray *sg_run_reader_grids(SgRunReader *r);
GPtrArray *sg_run_reader_snapshots(SgRunReader *r);
char *sg_run_reader_reals(SgRunReader *r); /* path of reals.png or NULL */
GPtrArray *sg_run_reader_legs(SgRunReader *r);
GPtrArray *sg_run_reader_histograms(SgRunReader *r, const char *which);
GPtrArray *sg_run_reader_advice(SgRunReader *r);
/* The last `lines` lines of the log, valid UTF-8; "" when there is none. */
char *sg_run_reader_log(SgRunReader *r, guint lines);
/* What training_options.json says, as "name" -> text, for showing. */
GHashTable *sg_run_reader_options(SgRunReader *r);
/* "kimg,Loss/D/loss,…" all rows of these tags (NULL: all) to a file that appears by rename. */
gboolean sg_run_reader_write_csv(SgRunReader *r, const char *const *tags, const char *path,
                                 GError **error);

const char *sg_run_state_text(SgRunState state); /* "running" "paused" … untranslated */
void sg_run_file_free(SgRunFile *f);
void sg_run_histogram_free(SgRunHistogram *h);
void sg_advice_free(SgAdvice *a);
void sg_run_status_free(SgRunStatus *s);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgRunReader, sg_run_reader_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgRunStatus, sg_run_status_free)

G_END_DECLS
