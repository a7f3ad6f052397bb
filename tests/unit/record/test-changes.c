/* Changes of a running training: their file, their queue; and how different pictures are. */
#include "engine/record/changes.h"
#include "engine/learn/losses.h"
#include "engine/record/run-dir-private.h"
#include "tests/support/run-dir-support.h"
#include <jansson.h>
#include <string.h>

static void
append(const char *root, guint64 nimg, const char *name, const char *from, const char *to)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgChange) c = sg_change_new(nimg, name, from, to);
  g_assert_true(sg_changes_append(root, c, &error));
  g_assert_no_error(error);
}

static void
assert_change(const GPtrArray *list, guint i, guint64 nimg, const char *name, const char *to)
{
  const SgChange *c = list->pdata[i];
  g_assert_cmpuint(c->nimg, ==, nimg);
  g_assert_cmpstr(c->name, ==, name);
  g_assert_cmpstr(c->to, ==, to);
}

/* By where they take effect; those of one place in the order in which they were made. */
static void
test_order(void)
{
  g_autofree char *root = make_root();
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) none = sg_changes_read(root, &error);

  g_assert_no_error(error);
  g_assert_cmpuint(none->len, ==, 0);
  append(root, 400, "snap", "50", "7");
  append(root, 800, "lr-g", "0.0025", "0.0001");
  append(root, 400, "snap", "7", "9");
  append(root, 40, "tick", "4", "0.5");
  append_text(root, SG_CHANGES_NAME, "{\"nimg\":1000,\"na");
  g_autoptr(GPtrArray) list = sg_changes_read(root, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(list->len, ==, 4);
  assert_change(list, 0, 40, "tick", "0.5");
  assert_change(list, 1, 400, "snap", "7");
  assert_change(list, 2, 400, "snap", "9");
  /* The number is the same; its text may have more digits. */
  assert_change(list, 3, 800, "lr-g", ((SgChange *)list->pdata[3])->to);
  g_assert_cmpfloat(g_ascii_strtod(((SgChange *)list->pdata[3])->to, NULL), ==, 0.0001);
  g_assert_cmpfloat(((SgChange *)list->pdata[0])->timestamp, >, 1.7e9);
  /* Half a line is gone once another one follows. */
  append(root, 1200, "keep", "0", "3");
  g_assert_cmpuint(count_lines(root, SG_CHANGES_NAME), ==, 5);
  g_autoptr(GPtrArray) more = sg_changes_read(root, &error);
  g_assert_no_error(error);
  assert_change(more, 4, 1200, "keep", "3");
  remove_root(root);
}

/* ---- the queue ------------------------------------------------------------------------------- */

static gboolean
ask(const char *root, const char *name, const char *value)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *line = sg_control_send_set(root, name, value, 5000, &error);
  g_assert_no_error(error);
  json_t *answer = json_loads(line, 0, NULL);
  gboolean ok = json_is_true(json_object_get(answer, "ok"));
  json_decref(answer);
  return ok;
}

static void
assert_next(SgControl *c, const char *name, const char *value)
{
  g_autofree char *found_name = NULL, *found_value = NULL;
  g_assert_true(sg_control_take(c) & SG_CONTROL_CHANGE);
  g_assert_true(sg_control_take_change(c, &found_name, &found_value));
  g_assert_cmpstr(found_name, ==, name);
  g_assert_cmpstr(found_value, ==, value);
}

static void
test_queue(void)
{
  g_autofree char *root = make_root(), *name = NULL, *value = NULL;
  g_autoptr(GError) error = NULL;
  SgControl *c = sg_control_new(root, &error);

  g_assert_no_error(error);
  g_assert_true(sg_control_answer(c, &error));
  g_assert_false(sg_control_take_change(c, &name, &value));
  g_assert_true(ask(root, "snap", "10"));
  g_assert_true(ask(root, "lr", "0.5"));
  g_assert_false(ask(root, "gamma", "1"));
  g_assert_false(ask(root, "lr", "-1"));
  assert_next(c, "snap", "10");
  assert_next(c, "lr-g", "0.5");
  assert_next(c, "lr-d", "0.5");
  g_assert_cmpint(sg_control_take(c), ==, 0);
  /* A training that is busy for long does not collect them without end. */
  int taken = 0;
  while (taken < 1000 && ask(root, "lr", "0.5"))
    taken++;
  g_assert_cmpint(taken, >=, 30);
  g_assert_cmpint(taken, <, 40);
  assert_next(c, "lr-g", "0.5");
  sg_control_free(c); /* with the others in it */
  remove_root(root);
}

/* ---- how different pictures are -------------------------------------------------------------- */

/* The expected numbers: numpy.var (v, axis=0).mean () of the same v in double. */
static void
test_variance(void)
{
  enum { N = 5, SIZE = 601 };
  g_autofree float *v = g_new(float, N *SIZE);

  for (int k = 0; k < N; k++)
    for (int p = 0; p < SIZE; p++)
      v[k * SIZE + p] = (float)((k * 7919 + p * 104729 + k * p * 31) % 2001 / 1000.0 - 1);
  g_assert_cmpfloat_with_epsilon(sg_batch_variance(v, N, SIZE), 0.2599560781227978, 1e-12);
  g_assert_cmpfloat_with_epsilon(sg_batch_variance(v, 2, SIZE), 0.15496546501085057, 1e-12);
  g_assert_cmpfloat(sg_batch_variance(v, 1, SIZE), ==, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/changes/order", test_order);
  g_test_add_func("/changes/queue", test_queue);
  g_test_add_func("/changes/variance", test_variance);
  return g_test_run();
}
