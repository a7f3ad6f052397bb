#include "engine/perceptual/pooling.h"
#include "engine/autograd/ops.h"
#include "engine/backend/backend.h"
#include "engine/base/room.h"
#include <string.h>

#define V(x) ((x)->value)

/* ---- through host memory --------------------------------------------------------------------- */

/* To be freed. NULL: the tape has failed. */
static float *
numbers(SgTape *t, const SgBuf *buf)
{
  float *v = sg_room(sg_buf_count(buf), sizeof *v);
  GError *error = NULL;

  if (v)
    buf->backend->download(buf, v);
  else if (!sg_room_check(&error))
    sg_tape_fail(t, error);
  return v;
}

/* A PLAIN result of an operation on x. */
static SgVar *
result(SgTape *t, const SgVar *x, int h, int w, const float *v)
{
  SgVar *y = v ? sg_tape_value(t, SG_FMT_PLAIN, V(x)->n, V(x)->c, h, w) : NULL;

  if (y)
    sg_tape_backend(t)->upload(V(y), v);
  return y;
}

/* ---- the largest ----------------------------------------------------------------------------- */

/* Which of the four it was, of each result, and the input's size. */
typedef struct {
  int n, c, h, w;
  guint8 which[];
} Largest;

static void
max_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  const Largest *from = node->data;
  gsize planes = (gsize)from->n * (gsize)from->c;
  int h = from->h / 2, w = from->w / 2;
  g_autofree float *d = numbers(t, V(dy));
  g_autofree float *v = sg_room0(planes * (gsize)from->h * (gsize)from->w, sizeof *v);

  for (gsize p = 0; d && v && p < planes; p++)
    for (int y = 0; y < h; y++)
      for (int x = 0; x < w; x++) {
        gsize at = (p * (gsize)h + (gsize)y) * (gsize)w + (gsize)x;
        int row = 2 * y + from->which[at] / 2, column = 2 * x + from->which[at] % 2;
        v[(p * (gsize)from->h + (gsize)row) * (gsize)from->w + (gsize)column] = d[at];
      }
  dx[0] = d && v ? sg_tape_floats(t, v, from->n, from->c, from->h, from->w) : NULL;
}

static void
take_largest(const float *v, Largest *from, float *out)
{
  gsize planes = (gsize)from->n * (gsize)from->c, width = (gsize)from->w;
  int h = from->h / 2, w = from->w / 2;

#pragma omp parallel for schedule(static)
  for (gsize p = 0; p < planes; p++)
    for (int y = 0; y < h; y++)
      for (int x = 0; x < w; x++) {
        const float *q = v + (p * (gsize)from->h + 2 * (gsize)y) * width + 2 * (gsize)x;
        const float four[4] = {q[0], q[1], q[width], q[width + 1]};
        gsize at = (p * (gsize)h + (gsize)y) * (gsize)w + (gsize)x;
        guint8 best = 0;
        for (guint8 k = 1; k < 4; k++)
          if (four[k] > four[best])
            best = k;
        out[at] = four[best];
        from->which[at] = best;
      }
}

SgVar *
sg_op_max_pool(SgTape *t, SgVar *x)
{
  if (!x)
    return NULL;
  SgVar *plain = sg_op_to_plain(t, x, V(x)->n, V(x)->c, V(x)->h, V(x)->w);
  int h = V(x)->h / 2, w = V(x)->w / 2;
  gsize count = (gsize)V(x)->n * (gsize)V(x)->c * (gsize)h * (gsize)w;
  g_autofree float *v = plain ? numbers(t, V(plain)) : NULL;
  g_autofree float *out = v ? sg_room(count, sizeof *out) : NULL;
  g_autofree Largest *from = out ? sg_room(sizeof *from + count, 1) : NULL;
  GError *error = NULL;

  if (!from) {
    if (v && !sg_room_check(&error))
      sg_tape_fail(t, error);
    return NULL;
  }
  *from = (Largest){V(x)->n, V(x)->c, V(x)->h, V(x)->w};
  take_largest(v, from, out);
  SgVar *y = result(t, plain, h, w, out);
  SgNode *node = y ? sg_tape_node(t, max_backward, y, &plain, 1) : NULL;
  if (node) {
    node->data = g_steal_pointer(&from);
    node->data_free = g_free;
  }
  return sg_op_to_act(t, y);
}

/* ---- the mean -------------------------------------------------------------------------------- */

static void
mean_backward(SgTape *t, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx)
{
  int k = node->p.integer[0], h = V(dy)->h * k, w = V(dy)->w * k;
  gsize planes = (gsize)V(dy)->n * (gsize)V(dy)->c;
  g_autofree float *d = numbers(t, V(dy));
  g_autofree float *v = sg_room(planes * (gsize)h * (gsize)w, sizeof *v);

  for (gsize p = 0; d && v && p < planes; p++)
    for (int y = 0; y < h; y++)
      for (int x = 0; x < w; x++)
        v[(p * (gsize)h + (gsize)y) * (gsize)w + (gsize)x] =
            d[(p * (gsize)V(dy)->h + (gsize)(y / k)) * (gsize)V(dy)->w + (gsize)(x / k)] /
            (float)(k * k);
  dx[0] = d && v ? sg_tape_floats(t, v, V(dy)->n, V(dy)->c, h, w) : NULL;
}

SgVar *
sg_op_mean_pool(SgTape *t, SgVar *x, int k)
{
  if (!x || k == 1)
    return x;
  int h = V(x)->h / k, w = V(x)->w / k;
  gsize planes = (gsize)V(x)->n * (gsize)V(x)->c, width = (gsize)V(x)->w;
  g_autofree float *v = numbers(t, V(x));
  g_autofree float *out = sg_room0(planes * (gsize)h * (gsize)w, sizeof *out);

  for (gsize p = 0; v && out && p < planes; p++)
    for (int y = 0; y < h * k; y++)
      for (int i = 0; i < w * k; i++)
        out[(p * (gsize)h + (gsize)(y / k)) * (gsize)w + (gsize)(i / k)] +=
            v[(p * (gsize)V(x)->h + (gsize)y) * width + (gsize)i] / (float)(k * k);
  SgVar *y = result(t, x, h, w, v ? out : NULL);
  SgNode *node = y ? sg_tape_node(t, mean_backward, y, &x, 1) : NULL;
  if (node)
    node->p.integer[0] = k;
  return y;
}
