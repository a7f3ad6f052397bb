/* Metrics that need more than pictures are measured beside the training, by a process of its own
 * and at the lowest priority: "vitrine metrics --run=… --watch". It reads snapshots and writes
 * metric-NAME.jsonl; the training neither waits for it nor changes with it. */
#include "engine/metrics/metric.h"
#include "engine/train/trainer-private.h"
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG "metrics.log"

/* Those of the list that it measures, joined with commas, or NULL; to be freed. */
static char *
names_of(const SgTrainer *t)
{
  g_autofree const SgMetric **list = sg_metric_parse(t->o->metrics, NULL);
  g_autoptr(GString) names = g_string_new(NULL);

  for (guint i = 0; list && list[i]; i++)
    if (list[i]->source)
      g_string_append_printf(names, "%s%s", names->len > 0 ? "," : "", list[i]->name);
  return names->len > 0 ? g_string_free(g_steal_pointer(&names), FALSE) : NULL;
}

/* This program, also where an update has replaced its file since. */
static char *
program_path(void)
{
  char *path = g_file_read_link("/proc/self/exe", NULL);

  if (path && g_str_has_suffix(path, " (deleted)"))
    path[strlen(path) - strlen(" (deleted)")] = '\0';
  return path;
}

/* What it says goes to a file of the run directory. */
static int
open_log(const SgTrainer *t)
{
  g_autofree char *path = g_build_filename(sg_run_dir_path(t->dir), LOG, NULL);
  return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666);
}

static void
start(SgTrainer *t, const char *names)
{
  g_autofree char *program = program_path();
  g_autofree char *run = g_strconcat("--run=", sg_run_dir_path(t->dir), NULL);
  g_autofree char *metrics = g_strconcat("--metrics=", names, NULL);
  g_autofree char *data = g_strconcat("--data=", t->ds->path, NULL);
  g_autofree char *images = g_strdup_printf("--images=%d", t->o->metric_images);
  const char *argv[] = {program, "metrics", run, metrics, data, images, "--watch", NULL};
  g_autoptr(GError) error = NULL;
  int log = open_log(t);

  if (!program || log < 0)
    sg_run_dir_log(t->dir, "No %s: %s\n", names,
                   program ? "metrics.log cannot be written" : "this program's file is not known");
  else if (g_spawn_async_with_fds(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                  &t->beside, -1, log, log, &error))
    sg_run_dir_log(t->dir, "%s: measured beside the training, see %s\n", names, LOG);
  else
    sg_run_dir_log(t->dir, "No %s: %s\n", names, error->message);
  if (log >= 0)
    close(log);
}

/* It may have ended by itself: what went wrong is in its log, and the next snapshot tries again. */
static gboolean
is_there(SgTrainer *t)
{
  if (t->beside > 0 && waitpid(t->beside, NULL, WNOHANG) != 0)
    t->beside = 0;
  return t->beside > 0;
}

void
sg_trainer_measure_beside(SgTrainer *t)
{
  g_autofree char *names = names_of(t);

  if (names && !is_there(t))
    start(t, names);
}
