/* Threads give way to other programs, and come back: with a clock of the test's own; and around
 * real work. */
#include "engine/base/crew.h"
#include "engine/backend/cpu-crew.h"
#include <omp.h>

#define PICTURE 0.004

/* Pictures for `seconds`, with so many processors taken by others: threads that are more than the
 * rest wait. Returns the threads of the last one. */
static int
draw(SgCrew *crew, gint64 *now, double seconds, int others)
{
  gint64 end = *now + (gint64)(seconds * G_USEC_PER_SEC);
  int threads = 0;

  while (*now < end) {
    threads = sg_crew_threads(crew, *now);
    int waiting = MAX(threads + others - crew->all, 0);
    *now += (gint64)(PICTURE * G_USEC_PER_SEC);
    sg_crew_worked(crew, threads, PICTURE, 0.8 * waiting * PICTURE, *now);
    *now += 12000;
  }
  return threads;
}

static void
test_gives_way(void)
{
  gint64 now = 100 * G_USEC_PER_SEC;
  SgCrew crew;

  sg_crew_init(&crew, 8);
  g_assert_cmpint(draw(&crew, &now, 0.2, 0), ==, 8);
  g_assert_cmpint(draw(&crew, &now, 0.2, 1), ==, 7);
  g_assert_cmpint(draw(&crew, &now, 0.7, 3), ==, 5);
  g_assert_cmpint(draw(&crew, &now, 0.7, 30), ==, 1);
  g_assert_cmpint(draw(&crew, &now, 0.7, 0), ==, 8); /* forgotten within a second */
}

/* All threads are tried for a moment, twice a second: most pictures are not slow for it. */
static void
test_tries(void)
{
  gint64 now = 100 * G_USEC_PER_SEC;
  int all = 0, pictures = 0;
  SgCrew crew;

  sg_crew_init(&crew, 2);
  draw(&crew, &now, 0.2, 1);
  for (; pictures < 300; pictures++)
    all += draw(&crew, &now, 0.001, 1) == 2;
  g_assert_cmpint(all, >, 0);
  g_assert_cmpint(all, <=, pictures / 8);
}

/* What little it takes now and then is nobody else; one thread has nothing to give. */
static void
test_stays(void)
{
  gint64 now = 100 * G_USEC_PER_SEC;
  SgCrew crew;

  sg_crew_init(&crew, 2);
  for (int i = 0; i < 100; i++, now += 16000)
    sg_crew_worked(&crew, 2, PICTURE, 0.2 * PICTURE, now);
  g_assert_cmpint(sg_crew_threads(&crew, now), ==, 2);
  sg_crew_init(&crew, 1);
  g_assert_cmpint(draw(&crew, &now, 1, 4), ==, 1);
}

/* Who draws for long beside many takes all threads: each has its share. */
static void
test_crowded(void)
{
  gint64 now = 100 * G_USEC_PER_SEC;
  SgCrew crew;

  sg_crew_init(&crew, 2);
  sg_crew_worked(&crew, 2, 0.1, 0.18, now);
  g_assert_cmpint(sg_crew_threads(&crew, now), ==, 2);
  sg_crew_worked(&crew, 2, 0.1, 0.07, now); /* beside one */
  g_assert_cmpint(sg_crew_threads(&crew, now), ==, 1);
}

/* Around real work, whatever else this machine does: never none, and all of them afterwards. */
static void
test_real(void)
{
  SgCpuCrew *crew = sg_cpu_crew_new();
  int all = omp_get_max_threads();
  double sum = 0;

  for (int i = 0; i < 50; i++) {
    sg_cpu_crew_begin(crew);
    int threads = omp_get_max_threads();
    g_assert_cmpint(threads, >=, 1);
    g_assert_cmpint(threads, <=, all);
#pragma omp parallel for reduction(+ : sum)
    for (int k = 0; k < 100000; k++)
      sum += k;
    sg_cpu_crew_end(crew);
    g_assert_cmpint(omp_get_max_threads(), ==, all);
  }
  g_assert_cmpfloat(sum, >, 0);
  sg_cpu_crew_free(crew);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/crew/gives-way", test_gives_way);
  g_test_add_func("/crew/tries", test_tries);
  g_test_add_func("/crew/stays", test_stays);
  g_test_add_func("/crew/crowded", test_crowded);
  g_test_add_func("/crew/real", test_real);
  return g_test_run();
}
