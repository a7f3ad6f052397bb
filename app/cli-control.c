/* vitrine control RUN_DIR COMMAND: steers a running training. */
#include "app/cli.h"
#include "engine/train/run-dir.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* The training answers from a thread of its own: this is for machines that swap. */
#define TIMEOUT_MS 10000

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
    printf("%-16s %s\n", key, text ? text : json_string_value(value));
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
      printf("%s: the training %s\n", run_dir, done[i]);
}

static GError *
control(const char *run_dir, const char *command, gboolean json)
{
  GError *error = NULL;

  if (!g_strv_contains(control_commands, command)) {
    cli_set_usage_error(&error, "expected pause, resume, snapshot, stop or status, found \"%s\"",
                        command);
    return error;
  }
  g_autofree char *line = sg_control_send(run_dir, command, TIMEOUT_MS, &error);
  if (!line)
    return error;
  json_t *answer = json_loads(line, 0, NULL);
  const char *why = json_string_value(json_object_get(answer, "error"));
  if (!json_is_true(json_object_get(answer, "ok")))
    g_set_error(&error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %s", run_dir,
                why ? why : "what answers there is no training");
  else if (json)
    puts(line);
  else if (g_str_equal(command, "status"))
    print_status(answer);
  else
    print_done(run_dir, command);
  json_decref(answer);
  return error;
}

int
cli_control(int argc, char **argv)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
      {"json", 0, 0, G_OPTION_ARG_NONE, &json, "print the training's answer as it came", NULL},
      {NULL}};
  const CliHelp help = {"RUN_DIR pause|resume|snapshot|stop|status",
                        "Steers a training that runs on this machine, or says how far it is.",
                        "A paused training keeps its memory. Stop always writes a last snapshot."};
  const char *command = argv[0];
  GError *error = NULL;

  if (!cli_parse(&argc, &argv, entries, &help, &error))
    return cli_finish(command, error);
  if (argc != 3)
    cli_set_usage_error(&error, "expected a run directory and one of pause, resume, snapshot, stop "
                                "and status");
  else
    error = control(argv[1], argv[2], json);
  return cli_finish(command, error);
}
