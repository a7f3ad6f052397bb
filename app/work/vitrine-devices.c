#include "app/work/vitrine-devices.h"
#include "engine/backend/backend-device.h"

typedef struct {
  GPtrArray *devices;
  char *why_none;
} Found;

static void
found_free(gpointer data)
{
  Found *found = data;

  g_clear_pointer(&found->devices, g_ptr_array_unref);
  g_free(found->why_none);
  g_free(found);
}

static void
look_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Found *found = g_new0(Found, 1);
  g_autoptr(GError) error = NULL;

  found->devices = sg_backend_devices(&error);
  if (error)
    found->why_none = g_strdup(error->message);
  g_task_return_pointer(task, found, found_free);
}

void
vitrine_devices_look(GObject *source, GAsyncReadyCallback done)
{
  g_autoptr(GTask) task = g_task_new(source, NULL, done, NULL);
  g_task_run_in_thread(task, look_thread);
}

GPtrArray *
vitrine_devices_look_finish(GAsyncResult *result, char **why_none)
{
  Found *found = g_task_propagate_pointer(G_TASK(result), NULL);
  GPtrArray *devices = g_steal_pointer(&found->devices);

  *why_none = g_steal_pointer(&found->why_none);
  found_free(found);
  return devices;
}
