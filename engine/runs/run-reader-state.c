/* What a run is doing: its log's last line, and the process behind its control socket. */
#include "engine/record/run-dir.h"
#include "engine/runs/run-reader-private.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

/* A training on this machine answers from a thread of its own, at once. */
#define TIMEOUT_MS 300

const char *
sg_run_state_text(SgRunState state)
{
  static const char *const texts[] = {"running",  "paused", "finished", "stopped",
                                      "diverged", "died",   "foreign"};
  return (guint)state < G_N_ELEMENTS(texts) ? texts[state] : "unknown";
}

char *
sg_run_last_line(const char *log)
{
  gsize n = strlen(log);

  while (n > 0 && g_ascii_isspace(log[n - 1]))
    n--;
  gsize from = n;
  while (from > 0 && log[from - 1] != '\n')
    from--;
  return g_strndup(log + from, n - from);
}

SgRunEnd
sg_run_log_end(const char *log)
{
  g_autofree char *line = sg_run_last_line(log);

  /* "Exiting..." is NVlabs' way. */
  if (g_str_has_prefix(line, "Finished at ") || g_str_has_prefix(line, "Exiting..."))
    return SG_RUN_END_FINISHED;
  if (g_str_has_prefix(line, "Stopped at "))
    return SG_RUN_END_STOPPED;
  if (g_str_has_prefix(line, "Failed: the training diverged"))
    return SG_RUN_END_DIVERGED;
  return g_str_has_prefix(line, "Failed: ") ? SG_RUN_END_FAILED : SG_RUN_END_NONE;
}

/* What a line says if it tells of something that went wrong, or NULL. */
static const char *
trouble_in(const char *line)
{
  static const char *const begins[] = {"Failed: ", "No snapshot at ",
                                       "Statistics wait in memory: ", "Waiting for ",
                                       "Asked to stop by a signal"};

  for (guint i = 0; i < G_N_ELEMENTS(begins); i++)
    if (g_str_has_prefix(line, begins[i]))
      return i == 0 ? line + strlen(begins[0]) : line;
  return NULL;
}

char *
sg_run_log_reason(const char *log)
{
  g_auto(GStrv) lines = g_strsplit(log, "\n", -1);
  const char *reason = NULL;

  for (guint i = 0; lines[i]; i++)
    if (trouble_in(lines[i]))
      reason = trouble_in(lines[i]);
    else if (g_str_has_prefix(lines[i], "Run directory: ") ||
             g_str_has_prefix(lines[i], "The data set is there again") ||
             g_str_has_prefix(lines[i], "There is space again") ||
             (g_str_has_prefix(lines[i], "tick ") && reason &&
              !g_str_has_prefix(reason, "No snapshot")))
      reason = NULL; /* over and done with */
  return g_strdup(reason);
}

static double
number(const json_t *root, const char *name)
{
  const json_t *v = json_object_get(root, name);
  return json_is_number(v) && isfinite(json_number_value(v)) ? json_number_value(v) : NAN;
}

SgRunAnswer
sg_run_ask(const char *dir)
{
  SgRunAnswer a = {FALSE, FALSE, FALSE, NULL, NAN, NAN, NAN, NAN, 0};
  g_autoptr(GError) error = NULL;
  g_autofree char *line = sg_control_send(dir, "status", TIMEOUT_MS, &error);

  if (!line) {
    /* Somebody holds it open, only stopped or busy: alive. */
    a.answered = g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN);
    a.refused = !a.answered;
    return a;
  }
  json_t *root = json_loads(line, 0, NULL);
  a.answered = TRUE;
  a.paused = json_is_true(json_object_get(root, "paused"));
  a.waiting = g_strdup(json_string_value(json_object_get(root, "waiting")));
  a.kimg = number(root, "kimg");
  a.total_kimg = number(root, "total_kimg");
  a.sec_per_kimg = number(root, "sec_per_kimg");
  a.eta = number(root, "eta_sec");
  double pid = number(root, "pid");
  a.pid = pid > 0 && pid <= G_MAXINT ? (gint)pid : 0;
  if (!(a.sec_per_kimg > 0)) /* before the first tick */
    a.sec_per_kimg = a.eta = NAN;
  json_decref(root);
  return a;
}
