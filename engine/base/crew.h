/* How many threads share a piece of work beside other programs.
 *
 * Threads that work together wait for each other a hundred times a picture. Where another program
 * has the processor of one of them, all wait until the system takes it away from that program: a
 * few milliseconds, each time. So where threads wait for a processor, fewer are taken, and all are
 * tried again twice a second. Numbers in, numbers out: no clock and no threads of its own. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  int all, now; /* threads: of a piece of work where nobody is in the way, and of the next one */
  double worked, waited; /* seconds of all threads' work since this was last decided */
  int pieces;            /* that this was */
  gint64 decided;        /* when it was found that fewer are better, monotonic microseconds */
} SgCrew;

void sg_crew_init(SgCrew *crew, int all);
/* Threads for what is to be done now. */
int sg_crew_threads(SgCrew *crew, gint64 now);
/* Work of so many seconds was done by that many threads, which were ready and had no processor for
 * `waited` seconds together. */
void sg_crew_worked(SgCrew *crew, int threads, double seconds, double waited, gint64 now);

G_END_DECLS
