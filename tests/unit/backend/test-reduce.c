/* SgBackend.reduce where a device has it: as far as one process alone can tell. */
#include "tests/support/tested-backend.h"
#include <string.h>

static void
test_alone(void)
{
  SgBackend *b = sg_backend_default();
  char id[SG_REDUCE_ID] = "";
  float v[1000], found[1000];
  g_autoptr(GError) error = NULL;

  if (!b->reduce) {
    g_test_skip("this back end has no sums over processes of its own");
    return;
  }
  if (!b->reduce_id(b, id, &error)) { /* the library is not there: it says which */
    g_assert_nonnull(strstr(error->message, "libnccl.so.2"));
    g_test_skip(error->message);
    return;
  }
  for (int i = 0; i < 1000; i++)
    v[i] = (float)i - 500.25f;
  /* Joining again is allowed: a process may train more than once. */
  for (int times = 0; times < 2; times++) {
    g_assert_true(b->reduce_join(b, id, 0, 1, &error));
    g_assert_no_error(error);
    g_autoptr(SgBuf) buf = sg_buf_from_floats(b, v, 10, 100, 1, 1, &error);
    g_assert_true(b->reduce(buf, &error));
    g_assert_no_error(error);
    b->download(buf, found);
    for (int i = 0; i < 1000; i++)
      g_assert_cmpfloat(found[i], ==, v[i]);
    g_assert_true(sg_backend_check(b, &error));
    g_assert_true(b->reduce_id(b, id, &error));
  }
}

int
main(int argc, char **argv)
{
  tested_backend();
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/reduce/alone", test_alone);
  return g_test_run();
}
