/* VitrineRun: a training run for the window: watched on a worker thread, steered through its
 * control socket.
 *
 * Main thread only; nothing here waits for a file or a process. Several views and windows may share
 * or watch one run. */
#pragma once

#include <gio/gio.h>
#include "engine/runs/run-reader.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_RUN (vitrine_run_get_type())
G_DECLARE_FINAL_TYPE(VitrineRun, vitrine_run, VITRINE, RUN, GObject)

/* Signals: "changed"        status, series, advice or log are new (at most about twice a second)
 *          "files-changed"  grids, snapshots or histograms are new
 *          "ended" (int SgRunState)  it was running while we watched and is not any more
 *          "message" (string, gboolean is_error)  as VitrineSession's */

/* Watches a directory until the object goes. The same path gives the same object while one is
 * alive. */
VitrineRun *vitrine_run_watch(const char *path);
const char *vitrine_run_get_path(VitrineRun *self);
/* FALSE until the first reading is done. */
gboolean vitrine_run_is_loaded(VitrineRun *self);
/* Why the directory cannot be read, or NULL. */
const char *vitrine_run_get_error(VitrineRun *self);
/* Borrowed, renewed before "changed"; NULL until loaded. */
const SgRunStatus *vitrine_run_get_status(VitrineRun *self);
GPtrArray *vitrine_run_get_advice(VitrineRun *self);    /* of SgAdvice */
GPtrArray *vitrine_run_get_grids(VitrineRun *self);     /* of SgRunFile */
GPtrArray *vitrine_run_get_snapshots(VitrineRun *self); /* of SgRunFile */
GPtrArray *vitrine_run_get_legs(VitrineRun *self);      /* of SgRunLeg */
GPtrArray *vitrine_run_get_histograms(VitrineRun *self, const char *which);
const char *const *vitrine_run_get_tags(VitrineRun *self);
const char *vitrine_run_get_log(VitrineRun *self); /* the last 200 lines */
/* For series (any thread, see run-series.h) and CSV. Borrowed; NULL until loaded. */
SgRunReader *vitrine_run_get_reader(VitrineRun *self);
/* A view of it has come on the screen (1) or is off it again (-1): it is read twice a second while
 * it trains and somebody looks, seldom otherwise. */
void vitrine_run_add_viewer(VitrineRun *self, int count);
/* It is read again at once. */
void vitrine_run_hurry(VitrineRun *self);
/* It runs on this machine and answers. */
gboolean vitrine_run_can_steer(VitrineRun *self);
/* It was told to stop and has not ended yet. */
gboolean vitrine_run_is_stopping(VitrineRun *self);

/* "pause" "resume" "snapshot" "stop", or "set NAME VALUE" (snap, keep, kimg, tick, lr-g, lr-d):
 * sent on a worker; "message" tells what came of it. */
void vitrine_run_steer(VitrineRun *self, const char *command);

/* ---- starting ---- */

/* Starts `vitrine train ARGV…` (argv without program and command, NULL-terminated) as a process of
 * its own session, at low priority, that outlives the window. `done` (main thread) gets the run
 * directory once it exists, or the error text (the command's own message) if the process ends
 * before. */
typedef void (*VitrineRunStarted)(const char *run_dir, const char *error, gpointer user_data);
void vitrine_run_start(const char *const *argv, VitrineRunStarted done, gpointer user_data,
                       GCancellable *cancellable);
/* Runs `vitrine train --dry-run ARGV…` and hands its text (or error) over: the preflight. */
void vitrine_run_preflight(const char *const *argv, VitrineRunStarted done, gpointer user_data,
                           GCancellable *cancellable);
/* Directories of runs that were started or opened here, newest first; NULL-terminated, to be
 * freed. */
char **vitrine_run_recent(void);
void vitrine_run_remember(const char *path);

G_END_DECLS
