/* Calls of the system that fail, for tests that are linked with failing.c: these functions
 * stand before the C library's and GLib's then. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  FAIL_READ,   /* pread, read: the medium is gone from then on */
  FAIL_MEMORY, /* g_try_…, posix_memalign: none left */
  FAIL_WRITE,  /* write, fwrite, fsync, fclose, rename, mkdir: no space left */
} FailKind;

/* From now on the calls of a kind are counted, and number `at` (from 1; 0: none) fails. */
void failing_begin(FailKind kind, int at);
/* How many there were; nothing fails any more. */
int failing_end(void);

/* Runs `attempt` once without a failure, where it has to succeed, and then with the first, second,
 * … call failing, at most `most` of them spread over all. `attempt` returns FALSE and an error if
 * it failed; `what` is for messages. Each time it either succeeds, or its error is a shortage
 * (FAIL_MEMORY) or names the system's reason. Returns how many ended in an error. */
typedef gboolean (*FailAttempt)(gconstpointer data, GError **error);
int failing_each(FailKind kind, int most, const char *what, FailAttempt attempt,
                 gconstpointer data);

G_END_DECLS
