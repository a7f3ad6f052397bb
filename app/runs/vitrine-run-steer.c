/* Steering: a worker sends the command to the training's control socket; what it answers is told by
 * the run's signal "message". */
#include "app/runs/vitrine-run.h"
#include <glib/gi18n.h>
#include <jansson.h>
#include <string.h>
#include "engine/record/run-dir.h"

#define TIMEOUT_MS 10000

static void
steer_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  char **words = data; /* path, command, its words */
  GError *error = NULL;
  g_autofree char *answer =
      g_strv_length(words) == 4
          ? sg_control_send_set(words[0], words[2], words[3], TIMEOUT_MS, &error)
          : sg_control_send(words[0], words[1], TIMEOUT_MS, &error);

  if (answer)
    g_task_return_pointer(task, g_steal_pointer(&answer), g_free);
  else
    g_task_return_error(task, error);
}

static void
say_error(VitrineRun *self, const char *text)
{
  g_autofree char *whole =
      g_strdup_printf("%s\n\n%s", _("The training could not be steered"), text);
  g_signal_emit_by_name(self, "message", whole, TRUE);
}

static const char *
done_text(const char *command)
{
  if (g_str_equal(command, "pause"))
    return _("The training pauses after this step");
  if (g_str_equal(command, "resume"))
    return _("The training goes on");
  if (g_str_equal(command, "snapshot"))
    return _("A snapshot is written after this step");
  if (g_str_equal(command, "stop"))
    return _("The training stops with a last snapshot");
  return _("Changed after this step");
}

static void
steered_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrineRun *self = VITRINE_RUN(source);
  char **words = g_task_get_task_data(G_TASK(result));
  g_autoptr(GError) error = NULL;
  g_autofree char *answer = g_task_propagate_pointer(G_TASK(result), &error);
  json_t *root = answer ? json_loads(answer, 0, NULL) : NULL;
  const char *why = json_string_value(json_object_get(root, "error"));

  if (json_is_true(json_object_get(root, "ok")))
    g_signal_emit_by_name(self, "message", done_text(words[1]), FALSE);
  else
    say_error(self, error ? error->message : why ? why : _("What answers there is no training."));
  json_decref(root);
  vitrine_run_hurry(self);
}

void
vitrine_run_steer(VitrineRun *self, const char *command)
{
  g_return_if_fail(VITRINE_IS_RUN(self));
  char **words = g_strsplit(command, " ", 4);
  guint n = g_strv_length(words);

  if (g_str_equal(words[0], "set") ? n != 3 : n != 1) {
    say_error(self, _("A value is missing."));
    g_strfreev(words);
    return;
  }
  GPtrArray *all = g_ptr_array_new();
  g_ptr_array_add(all, g_strdup(vitrine_run_get_path(self)));
  for (guint i = 0; i < n; i++)
    g_ptr_array_add(all, words[i]);
  g_ptr_array_add(all, NULL);
  g_free(words);
  g_autoptr(GTask) task = g_task_new(self, NULL, steered_cb, NULL);
  g_task_set_task_data(task, g_ptr_array_free(all, FALSE), (GDestroyNotify)g_strfreev);
  g_task_run_in_thread(task, steer_worker);
}
