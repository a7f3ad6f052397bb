/* vitrine control RUN_DIR COMMAND: steers a running training. */
#include "app/cli/cli.h"
#include "engine/base/visible.h"
#include "engine/record/run-dir.h"
#include "engine/record/publish.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The training answers from a thread of its own: this is for machines that swap. */
#define TIMEOUT_MS 10000
/* A step of a large model, or a snapshot with its metric, takes as long. */
#define WEIGHTS_TIMEOUT (120 * G_USEC_PER_SEC)

static const char *const control_commands[] = {"pause", "resume", "snapshot",
                                               "stop",  "status", NULL};

static void
print_status(const json_t *answer)
{
  const char *key;
  json_t *value;

  json_object_foreach ((json_t *)answer, key, value) {
    if (g_str_equal(key, "ok"))
      continue;
    char *text = json_is_string(value)
                     ? NULL
                     : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
    g_autofree char *name = sg_visible(key);
    g_autofree char *shown = sg_visible(text ? text : json_string_value(value));
    printf("%-16s %s\n", name, shown);
    free(text);
  }
}

static void
print_done(const char *run_dir, const char *command)
{
  static const char *const done[] = {"pauses after this step", "goes on",
                                     "writes a snapshot after this step",
                                     "stops with a last snapshot"};

  for (gsize i = 0; i < G_N_ELEMENTS(done); i++)
    if (g_str_equal(command, control_commands[i]))
      printf("%s: the training %s\n", cli_name(run_dir), done[i]);
}

/* The error of an answer, or NULL. */
static GError *
refusal(const char *run_dir, const json_t *answer)
{
  const char *why = json_string_value(json_object_get(answer, "error"));
  if (json_is_true(json_object_get(answer, "ok")))
    return NULL;
  return g_error_new(G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %s", run_dir,
                     why ? why : "what answers there is no training");
}

static GError *
control(const char *run_dir, const char *command, gboolean json)
{
  GError *error = NULL;

  if (!g_strv_contains(control_commands, command)) {
    cli_set_usage_error(
        &error,
        "expected pause, resume, snapshot, stop, status, set NAME=VALUE or weights OUT, "
        "found \"%s\"",
        command);
    return error;
  }
  g_autofree char *line = sg_control_send(run_dir, command, TIMEOUT_MS, &error);
  if (!line)
    return error;
  json_t *answer = json_loads(line, 0, NULL);
  error = refusal(run_dir, answer);
  if (!error && json)
    puts(line);
  else if (!error && g_str_equal(command, "status"))
    print_status(answer);
  else if (!error)
    print_done(run_dir, command);
  json_decref(answer);
  return error;
}

/* "snap=10" */
static GError *
set(const char *run_dir, const char *assignment, gboolean json)
{
  const char *value = strchr(assignment, '=');
  GError *error = NULL;

  if (!value) {
    cli_set_usage_error(&error, "expected NAME=VALUE to set, found \"%s\"", assignment);
    return error;
  }
  g_autofree char *name = g_strndup(assignment, (gsize)(value++ - assignment));
  g_autofree char *line = sg_control_send_set(run_dir, name, value, TIMEOUT_MS, &error);
  if (!line)
    return error;
  json_t *answer = json_loads(line, 0, NULL);
  error = refusal(run_dir, answer);
  if (!error && json)
    puts(line);
  else if (!error)
    printf("%s: %s is %s after this step\n", cli_name(run_dir), name, value);
  json_decref(answer);
  return error;
}

/* ---- the weights of this moment -------------------------------------------------------------- */

static SgModel *
newest_weights(const char *run_dir, double *kimg, GError **error)
{
  gint64 end = g_get_monotonic_time() + WEIGHTS_TIMEOUT;
  g_autoptr(SgFollow) f = sg_follow_new(run_dir, error);
  GError *why = NULL;
  SgModel *m = NULL;

  while (f && !m && !why && g_get_monotonic_time() < end) {
    m = sg_follow_next(f, kimg, &why);
    if (!m && !why)
      g_usleep(10000);
  }
  if (why)
    g_propagate_error(error, why);
  else if (f && !m)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                "%s: the training shows no weights; it is busy with a step or a snapshot", run_dir);
  return m;
}

static GError *
save_weights(const char *run_dir, const char *out, gboolean json)
{
  GError *error = NULL;
  double kimg = 0;
  g_autoptr(SgModel) m = newest_weights(run_dir, &kimg, &error);

  if (!m || !sg_model_save(m, out, &error))
    return error;
  if (json)
    printf("{\"hash\": \"%s\", \"kimg\": %.3f}\n", m->hash, kimg);
  else
    printf("%s: the weights at %.3f kimg\n", cli_name(out), kimg);
  return NULL;
}

int
cli_control(int argc, char **argv)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
      {"json", 0, 0, G_OPTION_ARG_NONE, &json, "print the training's answer as it came", NULL},
      {NULL}};
  const CliHelp help = {
      "RUN_DIR pause|resume|snapshot|stop|status|set NAME=VALUE|weights OUT",
      "Steers a training that runs on this machine, or says how far it is.",
      "A paused training keeps its memory. Stop always writes a last snapshot. set changes snap,\n"
      "tick, keep, kimg, lr-g, lr-d or lr from the next step on, and records it in the run, which\n"
      "stays exactly repeatable. weights writes what has been learnt up to this moment to the "
      "file\n"
      "OUT (safetensors; the averaged generator and the discriminator) and leaves the run as it "
      "is."};
  const char *command = argv[0];
  GError *error = NULL;

  if (!cli_parse(&argc, &argv, entries, &help, &error))
    return cli_finish(command, error);
  if (argc == 4 && g_str_equal(argv[2], "weights"))
    error = save_weights(argv[1], argv[3], json);
  else if (argc == 4 && g_str_equal(argv[2], "set"))
    error = set(argv[1], argv[3], json);
  else if (argc != 3)
    cli_set_usage_error(&error, "expected a run directory and one of pause, resume, snapshot, "
                                "stop, status, set NAME=VALUE and weights OUT");
  else
    error = control(argv[1], argv[2], json);
  return cli_finish(command, error);
}
