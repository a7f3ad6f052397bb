/* Starting a training as a process of its own, asking what one would need, and the runs of before.
 *
 * All of it happens on workers: starting a process copies this one's page tables, and what the
 * process says comes when it likes. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "app/runs/vitrine-run.h"
#include "app/process/program-path.h"
#include "engine/formats/read-file.h"
#include "app/session/vitrine-store.h"
#include "engine/learn/options.h"

#define LOOK_MSEC   50 /* between two looks at what the process has written */
#define MAX_OUTPUT  (4 * 1024 * 1024)
#define MAX_ERROR   2000 /* bytes of it that are shown */
#define KEPT_LOGS   20
#define MAX_RECENT  20
#define LOG_PREFIX  "train-"
#define FOUND_LINE  "Run directory: "
#define ERROR_START "vitrine train: "
/* One line for each picture that a data set's reader leaves out. */
#define NOT_AN_ERROR ERROR_START "not used: "

typedef struct {
  char **argv; /* program and command included */
  VitrineRunStarted done;
  gpointer user_data;
} Start;

static void
start_free(gpointer data)
{
  Start *start = data;

  g_strfreev(start->argv);
  g_free(start);
}

/* ---- the command ------------------------------------------------------------------------- */

static gboolean
has_option(const char *const *argv, const char *name)
{
  g_autofree char *option = g_strconcat("--", name, NULL);
  gsize n = strlen(option);

  for (; *argv; argv++)
    if (strncmp(*argv, option, n) == 0 && ((*argv)[n] == '=' || (*argv)[n] == '\0'))
      return TRUE;
  return FALSE;
}

static char **
command_line(const char *const *argv, gboolean dry_run, GError **error)
{
  g_autofree char *program = vitrine_program_path(error);
  g_autoptr(GStrvBuilder) all = g_strv_builder_new();

  if (!program)
    return NULL;
  g_strv_builder_add_many(all, program, "train", NULL);
  if (dry_run)
    g_strv_builder_add(all, "--dry-run");
  for (const char *const *arg = argv; *arg; arg++)
    g_strv_builder_add(all, *arg);
  for (guint i = 0; i < sg_train_option_count; i++)
    if (g_str_equal(sg_train_option_table[i].name, "nice") && !has_option(argv, "nice"))
      g_strv_builder_add(all, "--nice=19");
  return g_strv_builder_end(all);
}

/* In the new process, before it becomes the other program: only what signal handlers may call. A
 * terminal that closes, or Ctrl+C in it, does not reach another session. */
static void
child_setup(gpointer data)
{
  setsid();
  setpriority(PRIO_PROCESS, 0, 19);
}

/* ---- what it says ------------------------------------------------------------------------ */

/* The command's own error line if there is one, else the end of what it wrote. To be freed. */
static char *
error_text(const char *output)
{
  g_auto(GStrv) lines = g_strsplit(output, "\n", -1);

  for (int i = (int)g_strv_length(lines) - 1; i >= 0; i--)
    if (g_str_has_prefix(lines[i], ERROR_START) && !g_str_has_prefix(lines[i], NOT_AN_ERROR))
      return g_utf8_make_valid(lines[i] + strlen(ERROR_START), -1);
  gsize n = strlen(output);
  g_autofree char *end = g_utf8_make_valid(output + (n > MAX_ERROR ? n - MAX_ERROR : 0), -1);
  g_strstrip(end);
  return *end ? g_steal_pointer(&end) : g_strdup(_("The training ended at once, without a word."));
}

/* To be freed; NULL as long as it is not there, or half written. */
static char *
run_directory(const char *output)
{
  const char *at = g_str_has_prefix(output, FOUND_LINE) ? output : strstr(output, "\n" FOUND_LINE);
  const char *start = at ? strstr(at, FOUND_LINE) + strlen(FOUND_LINE) : NULL;
  const char *end = start ? strchr(start, '\n') : NULL;

  return end ? g_strndup(start, (gsize)(end - start)) : NULL;
}

static char *
read_output(const char *path)
{
  char *text = sg_read_start(path, MAX_OUTPUT, NULL, NULL);
  return text ? text : g_strdup("");
}

/* ---- the logs ---------------------------------------------------------------------------- */

static int
older_first(gconstpointer a, gconstpointer b)
{
  GStatBuf x, y;

  if (g_stat(*(char *const *)a, &x) != 0 || g_stat(*(char *const *)b, &y) != 0)
    return 0;
  return x.st_mtime < y.st_mtime ? -1 : x.st_mtime > y.st_mtime;
}

/* The newest ones are kept, for those who want to know what went wrong. */
static void
remove_old_logs(const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  g_autoptr(GPtrArray) logs = g_ptr_array_new_with_free_func(g_free);
  const char *name;

  while (dir && (name = g_dir_read_name(dir)))
    if (g_str_has_prefix(name, LOG_PREFIX) && g_str_has_suffix(name, ".log"))
      g_ptr_array_add(logs, g_build_filename(folder, name, NULL));
  g_ptr_array_sort(logs, older_first);
  for (guint i = 0; i + KEPT_LOGS < logs->len; i++)
    g_remove(logs->pdata[i]);
}

/* A descriptor and its *path, to be freed. */
static int
open_log(char **path, GError **error)
{
  g_autofree char *folder = g_build_filename(g_get_user_state_dir(), "vitrine", NULL);
  g_autofree char *template = g_build_filename(folder, LOG_PREFIX "XXXXXX.log", NULL);
  int fd = -1;

  if (g_mkdir_with_parents(folder, 0700) == 0) {
    remove_old_logs(folder);
    fd = g_mkstemp_full(template, O_RDWR | O_APPEND | O_CLOEXEC, 0600);
  }
  if (fd < 0)
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), _("%s: %s"), template,
                g_strerror(errno));
  *path = fd >= 0 ? g_steal_pointer(&template) : NULL;
  return fd;
}

/* ---- starting ---------------------------------------------------------------------------- */

static GSubprocess *
spawn(const Start *start, int log, GError **error)
{
  g_autoptr(GSubprocessLauncher) launcher =
      g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDERR_MERGE);

  g_subprocess_launcher_take_stdout_fd(launcher, log);
  g_subprocess_launcher_set_child_setup(launcher, child_setup, NULL, NULL);
  return g_subprocess_launcher_spawnv(launcher, (const char *const *)start->argv, error);
}

/* Until the run directory is named, or the process ends. It is reaped whenever it does. */
static char *
wait_for_directory(GSubprocess *process, const char *log, GCancellable *cancellable, GError **error)
{
  for (;;) {
    /* The order counts: what was written before the end is there after it. */
    gboolean ended = g_subprocess_get_identifier(process) == NULL;
    g_autofree char *output = read_output(log);
    char *dir = run_directory(output);
    if (dir)
      return dir;
    if (ended) {
      g_autofree char *text = error_text(output);
      g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, text);
      return NULL;
    }
    if (g_cancellable_set_error_if_cancelled(cancellable, error)) {
      g_subprocess_send_signal(process, SIGTERM);
      return NULL;
    }
    g_usleep(LOOK_MSEC * 1000);
  }
}

static void
start_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Start *start = data;
  GError *error = NULL;
  g_autofree char *log = NULL;
  int fd = open_log(&log, &error);
  g_autoptr(GSubprocess) process = fd >= 0 ? spawn(start, fd, &error) : NULL;
  char *dir = process ? wait_for_directory(process, log, cancellable, &error) : NULL;

  if (dir)
    g_task_return_pointer(task, dir, g_free);
  else
    g_task_return_error(task, error);
}

static void
started_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  const Start *start = g_task_get_task_data(G_TASK(result));
  g_autoptr(GError) error = NULL;
  g_autofree char *text = g_task_propagate_pointer(G_TASK(result), &error);

  start->done(text, error ? error->message : NULL, start->user_data);
}

static void
run_command(const char *const *argv, gboolean dry_run, GTaskThreadFunc worker,
            VitrineRunStarted done, gpointer user_data, GCancellable *cancellable)
{
  g_autoptr(GTask) task = g_task_new(NULL, cancellable, started_cb, NULL);
  Start *start = g_new0(Start, 1);
  GError *error = NULL;

  start->done = done;
  start->user_data = user_data;
  start->argv = command_line(argv, dry_run, &error);
  g_task_set_task_data(task, start, start_free);
  g_task_set_check_cancellable(task, FALSE); /* a directory that is there is told all the same */
  if (start->argv)
    g_task_run_in_thread(task, worker);
  else
    g_task_return_error(task, error);
}

void
vitrine_run_start(const char *const *argv, VitrineRunStarted done, gpointer user_data,
                  GCancellable *cancellable)
{
  run_command(argv, FALSE, start_worker, done, user_data, cancellable);
}

/* ---- preflight --------------------------------------------------------------------------- */

static void
preflight_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Start *start = data;
  GError *error = NULL;
  g_autofree char *out = NULL, *err = NULL;
  g_autoptr(GSubprocess) process =
      g_subprocess_newv((const char *const *)start->argv,
                        G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);

  if (!process || !g_subprocess_communicate_utf8(process, NULL, cancellable, &out, &err, &error)) {
    if (process)
      g_subprocess_force_exit(process);
    g_task_return_error(task, error);
  } else if (g_subprocess_get_successful(process)) {
    g_task_return_pointer(task, g_steal_pointer(&out), g_free);
  } else {
    g_autofree char *text = error_text(err);
    g_task_return_new_error(task, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s", text);
  }
}

void
vitrine_run_preflight(const char *const *argv, VitrineRunStarted done, gpointer user_data,
                      GCancellable *cancellable)
{
  run_command(argv, TRUE, preflight_worker, done, user_data, cancellable);
}

/* ---- the runs of before: {"runs": [paths, newest first]} --------------------------------- */

char **
vitrine_run_recent(void)
{
  json_t *root = vitrine_store_load("runs"), *item;
  g_autoptr(GStrvBuilder) paths = g_strv_builder_new();
  size_t i;

  json_array_foreach (json_object_get(root, "runs"), i, item)
    if (json_is_string(item)) {
      g_autofree char *path = vitrine_store_decode_path(json_string_value(item));
      if (path && g_file_test(path, G_FILE_TEST_IS_DIR))
        g_strv_builder_add(paths, path);
    }
  json_decref(root);
  return g_strv_builder_end(paths);
}

void
vitrine_run_remember(const char *path)
{
  g_autofree char *canonical = g_canonicalize_filename(path, NULL);
  g_autofree char *text = vitrine_store_encode_path(canonical);
  json_t *root = vitrine_store_load("runs"), *all = json_array(), *item;
  size_t i;

  json_array_append_new(all, json_string(text));
  json_array_foreach (json_object_get(root, "runs"), i, item)
    if (g_strcmp0(json_string_value(item), text) != 0 && json_array_size(all) < MAX_RECENT)
      json_array_append(all, item);
  json_object_set_new(root, "runs", all);
  vitrine_store_save("runs", root);
  json_decref(root);
}
