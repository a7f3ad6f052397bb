/* Memory for the numbers of a moment, in functions that have no error to return: kernels, sums,
 * measures.
 *
 * Where there is none they get NULL, leave what they should have filled as it is, and the thread
 * remembers. Whoever called them asks sg_room_check() before believing the numbers, on the same
 * thread; sg_backend_check() does. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* n · size bytes, for g_free; room0: zeros. NULL: there is no memory (or nothing was asked for). */
gpointer sg_room(gsize n, gsize size);
gpointer sg_room0(gsize n, gsize size);
/* As many for each thread of a parallel region; sg_room_mine() within it. */
gpointer sg_room_each(gsize n, gsize size);
gpointer sg_room_mine(gpointer each, gsize n, gsize size);
/* So many bytes could not be had, by a function that asked for them otherwise. */
void sg_room_missing(gsize bytes);
/* FALSE and G_FILE_ERROR_NOMEM if anything could not be had on this thread since it was asked
 * last. */
gboolean sg_room_check(GError **error);
/* Whether that would be FALSE: for who keeps numbers. */
gboolean sg_room_is_short(void);

G_END_DECLS
