/* Command lines of other trainers in this program's words. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The words of a command line with this program's names for options, to be freed with g_strfreev().
 * Says on standard error what it passes over. NULL and error (usage): an option that there is not,
 * with the nearest that there is. */
char **cli_train_words(char **argv, GError **error);
/* FALSE and error for a preset of another trainer. NULL is none. */
gboolean cli_train_check_preset(const char *preset, GError **error);
/* The name of a network that NVlabs' trainer downloads, or an address. */
gboolean cli_train_is_download(const char *resume);

G_END_DECLS
