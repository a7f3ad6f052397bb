/* Leaving: what becomes of the trainings that were started from this window when it closes. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A training was started from this program. */
void vitrine_run_leave_add(const char *run_dir);
/* FALSE: nothing stands in the way of closing. TRUE: the person is being asked, and the window is
 * closed by itself if the answer is yes. */
gboolean vitrine_run_leave_ask(GtkWindow *window);

G_END_DECLS
