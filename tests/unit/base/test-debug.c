/* VITRINE_DEBUG chooses what is said; nothing is said, and no argument evaluated, without it. */
#include "engine/base/debug.h"

static int
evaluated(int n)
{
  g_printerr("evaluated %d\n", n);
  return n;
}

static void
say(void)
{
  sg_debug(SG_DEBUG_CACHE, "cache says %d", evaluated(1));
  sg_debug(SG_DEBUG_RENDER, "render says %d", evaluated(2));
}

static void
child(const char *name, const char *wanted, const char *out, const char *not_out)
{
  if (g_test_subprocess()) {
    if (wanted)
      g_setenv("VITRINE_DEBUG", wanted, TRUE);
    else
      g_unsetenv("VITRINE_DEBUG");
    say();
    return;
  }
  g_test_trap_subprocess(name, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed();
  if (out)
    g_test_trap_assert_stderr(out);
  if (not_out)
    g_test_trap_assert_stderr_unmatched(not_out);
}

static void
test_one(void)
{
  child("/debug/one", "cache", "*evaluated 1*vitrine: cache says 1*", "*evaluated 2*");
}

static void
test_several(void)
{
  child("/debug/several", "train,render:cache", "*cache says 1*render says 2*", NULL);
}

static void
test_none(void)
{
  child("/debug/none", NULL, NULL, "*evaluated*");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/debug/one", test_one);
  g_test_add_func("/debug/several", test_several);
  g_test_add_func("/debug/none", test_none);
  return g_test_run();
}
