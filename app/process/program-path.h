/* Where this program is, to be run again as a process of its own. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* To be freed. Also where an update has replaced the file since (the new one is run then);
 * $VITRINE_PROGRAM is for tests, whose own program is not it. Errors: those of readlink. */
char *vitrine_program_path(GError **error);

G_END_DECLS
