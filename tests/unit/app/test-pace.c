/* The size of pictures while something moves, with a clock of the test's own. */
#include "app/session/vitrine-pace.h"

#define BUDGET 0.016
#define LEAST  32

/* A machine on which the whole picture takes `whole` seconds when nothing else runs. */
typedef struct {
  VitrinePace *pace;
  double whole, load;
  gint64 now;
} Machine;

static const int sizes[] = {4, 8, 16, 32, 64, 128, 256};
static const double shares[] = {0.01, 0.03, 0.06, 0.12, 0.25, 0.5, 1};

static Machine
machine(double whole)
{
  return (Machine){vitrine_pace_new(7, sizes, shares), whole, 1, G_USEC_PER_SEC};
}

static double
cost(const Machine *m, int size)
{
  for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
    if (sizes[i] == size)
      return m->whole * m->load * shares[i];
  g_assert_not_reached();
}

/* One picture of a drag: its size. */
static int
draw(Machine *m)
{
  int size = vitrine_pace_choose(m->pace, BUDGET, LEAST, m->now);
  double seconds = cost(m, size);

  m->now += (gint64)(MAX(seconds, 1.0 / 60) * G_USEC_PER_SEC);
  vitrine_pace_took(m->pace, size, seconds, m->now);
  return size;
}

static void
done(Machine *m)
{
  vitrine_pace_free(m->pace);
}

/* Every first picture is whole; then the largest that fits a frame. */
static void
test_fits(void)
{
  static const struct {
    double whole;
    int size;
  } cases[] = {{0.002, 256}, {0.015, 256}, {0.03, 128}, {0.06, 64}, {0.12, 32}, {1.0, 32}};

  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    Machine m = machine(cases[i].whole);
    g_assert_cmpint(draw(&m), ==, 256);
    for (int k = 0; k < 20; k++)
      g_assert_cmpint(draw(&m), ==, cases[i].size);
    done(&m);
  }
}

/* One slow picture changes nothing. */
static void
test_one_hiccup(void)
{
  Machine m = machine(0.012);

  for (int k = 0; k < 10; k++)
    g_assert_cmpint(draw(&m), ==, 256);
  m.load = 20;
  draw(&m);
  m.load = 1;
  for (int k = 0; k < 10; k++)
    g_assert_cmpint(draw(&m), ==, 256);
  done(&m);
}

/* Another program is busy for three seconds: smaller meanwhile, whole again within a second and
 * a little. */
static void
test_busy_while(void)
{
  Machine m = machine(0.012);
  gint64 until;
  int smallest = 256, late = 0;

  for (int k = 0; k < 10; k++)
    draw(&m);
  m.load = 6;
  for (until = m.now + 3 * G_USEC_PER_SEC; m.now < until;) {
    int size = draw(&m);
    smallest = MIN(smallest, size);
    late += cost(&m, size) > BUDGET;
  }
  g_assert_cmpint(late, <=,
                  9); /* of about 170: it learns once a size, and does not try again and again */
  g_assert_cmpint(smallest, <, 256);
  g_assert_cmpint(smallest, >=, LEAST);
  m.load = 1;
  for (until = m.now + 1200 * 1000; m.now < until;)
    draw(&m);
  for (int k = 0; k < 20; k++)
    g_assert_cmpint(draw(&m), ==, 256);
  done(&m);
}

/* Nothing is drawn smaller than the machine can do, whatever the guess about the shares: what
 * was measured wins. */
static void
test_wrong_shares(void)
{
  Machine m = machine(0.03);

  draw(&m);
  for (int k = 0; k < 5; k++) { /* 128 turns out to be as slow as 256 */
    m.now += 16000;
    vitrine_pace_took(m.pace, 128, 0.029, m.now);
  }
  g_assert_cmpint(vitrine_pace_choose(m.pace, BUDGET, LEAST, m.now), <=, 64);
  for (int k = 0; k < 5; k++) { /* and then as fast as it should be */
    m.now += 16000;
    vitrine_pace_took(m.pace, 128, 0.014, m.now);
  }
  g_assert_cmpint(vitrine_pace_choose(m.pace, BUDGET, LEAST, m.now), ==, 128);
  done(&m);
}

static void
test_steps(void)
{
  Machine m = machine(0.1);
  const int one = 64;
  const double all = 1;
  g_autoptr(VitrinePace) single = vitrine_pace_new(1, &one, &all);

  g_assert_cmpint(vitrine_pace_larger(m.pace, 32), ==, 64);
  g_assert_cmpint(vitrine_pace_larger(m.pace, 256), ==, 256);
  g_assert_cmpint(vitrine_pace_whole(m.pace), ==, 256);
  g_assert_cmpfloat(vitrine_pace_expect(m.pace, 64, m.now), ==, 0);
  vitrine_pace_took(single, 64, 3, 0);
  g_assert_cmpint(vitrine_pace_choose(single, BUDGET, LEAST, 0), ==, 64);
  done(&m);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/pace/fits", test_fits);
  g_test_add_func("/pace/one-hiccup", test_one_hiccup);
  g_test_add_func("/pace/busy-while", test_busy_while);
  g_test_add_func("/pace/wrong-shares", test_wrong_shares);
  g_test_add_func("/pace/steps", test_steps);
  return g_test_run();
}
