/* Threads that give way to other programs (base/crew.h), with what Linux says of how long each of
 * them has been ready to run without a processor. */
#include "engine/backend/cpu-crew.h"
#include "engine/base/crew.h"
#include <fcntl.h>
#include <omp.h>
#include <stdlib.h>
#include <unistd.h>

struct _SgCpuCrew {
  SgCrew crew;
  int *files; /* [all] each thread's schedstat; -1: there is none */
  int threads;
  gint64 begun;
  double waited;
};

static void
close_files(SgCpuCrew *c)
{
  for (int i = 0; i < c->crew.all; i++) {
    if (c->files[i] >= 0)
      close(c->files[i]);
    c->files[i] = -1;
  }
}

/* Threads come and go with their number. */
static void
open_files(SgCpuCrew *c)
{
  close_files(c);
#pragma omp parallel num_threads(c->crew.all)
  c->files[omp_get_thread_num()] = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

/* Seconds that all of them have waited for a processor, ever; < 0: nobody says. */
static double
waited(const SgCpuCrew *c)
{
  double sum = 0;

  for (int i = 0; i < c->crew.all; i++) {
    char text[96], *end;
    ssize_t n = c->files[i] < 0 ? -1 : pread(c->files[i], text, sizeof text - 1, 0);
    if (n <= 0)
      return -1;
    text[n] = '\0';
    strtoull(text, &end, 10); /* nanoseconds of work; of waiting; turns */
    sum += (double)strtoull(end, NULL, 10) * 1e-9;
  }
  return sum;
}

SgCpuCrew *
sg_cpu_crew_new(void)
{
  SgCpuCrew *c = g_new0(SgCpuCrew, 1);

  sg_crew_init(&c->crew, omp_get_max_threads());
  c->files = g_new(int, c->crew.all);
  for (int i = 0; i < c->crew.all; i++)
    c->files[i] = -1;
  return c;
}

void
sg_cpu_crew_free(SgCpuCrew *c)
{
  if (!c)
    return;
  close_files(c);
  g_free(c->files);
  g_free(c);
}

void
sg_cpu_crew_begin(SgCpuCrew *c)
{
  c->begun = g_get_monotonic_time();
  int threads = sg_crew_threads(&c->crew, c->begun);

  if (threads == c->crew.all && threads > 1) {
    if (c->threads != threads || waited(c) < 0)
      open_files(c);
    c->waited = waited(c);
  }
  c->threads = threads;
  omp_set_num_threads(threads);
}

void
sg_cpu_crew_end(SgCpuCrew *c)
{
  gint64 now = g_get_monotonic_time();

  omp_set_num_threads(c->crew.all);
  if (c->threads < c->crew.all || c->crew.all == 1)
    return;
  double all = waited(c);
  if (all >= c->waited && c->waited >= 0)
    sg_crew_worked(&c->crew, c->threads, (double)(now - c->begun) / G_USEC_PER_SEC, all - c->waited,
                   now);
}
