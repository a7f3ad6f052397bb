/* What is asked of runs on a worker: a disk may sleep, a run be busy. `done` gets `source`. */
#pragma once

#include "app/runs/vitrine-run.h"

G_BEGIN_DECLS

/* Is there a run in that directory? finish: TRUE if so. */
void vitrine_run_recognise(const char *path, GObject *source, GAsyncReadyCallback done);
const char *vitrine_run_recognise_finish(GAsyncResult *result); /* its path, or NULL; borrowed */

/* Which of the recent runs trains still; else the newest of them. finish: to be freed, or NULL. */
void vitrine_run_find_recent(GObject *source, GAsyncReadyCallback done);
char *vitrine_run_find_recent_finish(GAsyncResult *result);

/* Tells the training to save and end. A failure is a warning: nobody is there to be told. */
void vitrine_run_stop(const char *path, GAsyncReadyCallback done, gpointer data);

/* All series as a CSV table. */
void vitrine_run_write_csv(VitrineRun *run, const char *path, GAsyncReadyCallback done,
                           gpointer data);
gboolean vitrine_run_write_csv_finish(GAsyncResult *result, GError **error);

G_END_DECLS
