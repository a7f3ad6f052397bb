/* Which devices there are, found out by a worker: a driver takes its time. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* `done` gets `source`. */
void vitrine_devices_look(GObject *source, GAsyncReadyCallback done);
/* As sg_backend_devices(); *why_none (to be freed, or NULL) is why there are none. */
GPtrArray *vitrine_devices_look_finish(GAsyncResult *result, char **why_none);

G_END_DECLS
