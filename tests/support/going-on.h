/* g_test_init() for tables of cases: a case that fails is reported and the next one runs, as with
 * -k on the command line. Only what g_test_fail_printf() reports goes on; a failed assertion still
 * ends the program. */
#pragma once

#include <glib.h>

static inline void
test_init_going_on(int argc, char **argv)
{
  static char **all; /* GLib keeps pointers into it */
  int n = argc + 1;

  all = g_new0(char *, argc + 2);
  for (int i = 0; i < argc; i++)
    all[i] = argv[i];
  all[argc] = (char *)"-k";
  g_test_init(&n, &all, NULL);
}
