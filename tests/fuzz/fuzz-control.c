/* Lines that somebody sends to a training's control socket, as its thread reads them. Whatever they
 * say, there is an answer, and what the trainer takes over is an option that may change. */
#include "engine/record/changes.h"
#include "engine/record/control-private.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void
send_line(SgControl *c, const guint8 *line, gsize n)
{
  int pass = -1;
  json_t *answer = sg_control_obey(c, line, n, &pass);

  g_assert_true(json_is_boolean(json_object_get(answer, "ok")));
  g_assert_true(json_is_true(json_object_get(answer, "ok")) ||
                json_is_string(json_object_get(answer, "error")));
  g_assert_cmpint(pass, ==, -1); /* nobody publishes here */
  json_decref(answer);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  SgControl c = {.listener = -1, .wake = {-1, -1}, .status = json_object()};
  const guint8 *end = data + size;
  char *name, *value;

  g_mutex_init(&c.mutex);
  g_cond_init(&c.changed);
  for (const guint8 *p = data, *lf; p < end; p = lf + 1) {
    lf = memchr(p, '\n', (gsize)(end - p));
    lf = lf ? lf : end;
    if (lf - p <= SG_CONTROL_MAX_LINE)
      send_line(&c, p, (gsize)(lf - p));
  }
  for (; sg_control_take_change(&c, &name, &value); g_free(name), g_free(value))
    g_assert_true(sg_change_check(name, value, NULL));
  g_assert_null(value);
  json_decref(c.status);
  g_mutex_clear(&c.mutex);
  g_cond_clear(&c.changed);
  return 0;
}
