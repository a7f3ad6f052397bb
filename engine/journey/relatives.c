#include "engine/journey/relatives.h"
#include "engine/base/philox.h"

#define STREAM 0x72656c6174697665u /* "relative" */
#define MIDDLE (SG_RELATIVES / 2)

/* w of every layer before any edit: [num_ws, w_dim], to be freed. */
static float *
base_ws(SgNets *nets, const SgRecipe *face, GError **error)
{
  g_autoptr(SgRecipe) plain = sg_recipe_unmodified(face);
  const int w_dim = nets->net->w_dim, num_ws = nets->net->num_ws;
  float *ws = g_new(float, (gsize)num_ws *(gsize)w_dim);

  plain->psi = 1;
  plain->cutoff = -1;
  if (!sg_nets_single_ws(nets, plain, ws, error))
    g_clear_pointer(&ws, g_free);
  return ws;
}

/* `a` with another w. */
static SgRecipe *
with_ws(const SgRecipe *a, int num_ws, const double *ws)
{
  SgRecipe *r = sg_recipe_copy(a);

  sg_recipe_set_w(r, num_ws, ws);
  return r;
}

static void
between(const float *a, const float *b, double t, gsize n, double *out)
{
  for (gsize i = 0; i < n; i++)
    out[i] = (1 - t) * (double)a[i] + t * (double)b[i];
}

static gboolean
neighbour(SgNets *nets, const SgRecipe *a, const float *ws, const SgRelation *how, int i,
          SgRecipe **out, GError **error)
{
  const gsize n = (gsize)nets->net->num_ws * (gsize)nets->net->w_dim;
  SgPhilox stream = {.seed = a->seed, .stream = STREAM};
  guint32 block[4];
  g_autoptr(SgRecipe) other = sg_recipe_new(a->z_dim, a->w_dim);
  g_autofree double *w = g_new(double, n);

  if (i == MIDDLE) {
    *out = sg_recipe_copy(a);
    return TRUE;
  }
  sg_philox_block(&stream, (guint64)how->draw * SG_RELATIVES + (guint64)i, block);
  other->seed = block[0];
  other->label = a->label;
  g_autofree float *theirs = base_ws(nets, other, error);
  if (!theirs)
    return FALSE;
  between(ws, theirs, how->difference, n, w);
  *out = with_ws(a, nets->net->num_ws, w);
  return TRUE;
}

/* Is layer k of child i of the second parent? */
static gboolean
is_of_b(const SgRecipe *a, const SgRecipe *b, int draw, int i, int k, int num_ws)
{
  SgPhilox stream = {.seed = (guint64)a->seed << 32 | b->seed, .stream = STREAM + 1};
  guint32 block[4];

  if (draw == 0) {
    gboolean first = 4 * k < num_ws * (i % 3 + 1);
    return i < 3 ? !first : first;
  }
  sg_philox_block(&stream, ((guint64)draw * SG_RELATIVES + (guint64)i) << 16 | (guint64)k, block);
  return block[0] & 1;
}

static SgRecipe *
child(const SgNets *nets, const SgRecipe *a, const SgRecipe *b, const float *ws[2], int draw, int i)
{
  const int num_ws = nets->net->num_ws;
  const gsize w_dim = (gsize)nets->net->w_dim;
  g_autofree double *w = g_new(double, (gsize)num_ws *w_dim);

  if (draw == 0 && i / 3 == 1)
    between(ws[0], ws[1], 0.25 * (i - 2), (gsize)num_ws * w_dim, w);
  else
    for (int k = 0; k < num_ws; k++) {
      const float *from = ws[is_of_b(a, b, draw, i, k, num_ws)] + (gsize)k * w_dim;
      between(from, from, 0, w_dim, w + (gsize)k * w_dim);
    }
  return with_ws(a, num_ws, w);
}

gboolean
sg_relatives(SgNets *nets, const SgRecipe *a, const SgRecipe *b, const SgRelation *how,
             SgRecipe *out[SG_RELATIVES], GError **error)
{
  g_autofree float *ws_a = base_ws(nets, a, error);
  g_autofree float *ws_b = ws_a && b ? base_ws(nets, b, error) : NULL;
  const float *ws[] = {ws_a, ws_b};
  int i = 0;

  for (int k = 0; k < SG_RELATIVES; k++)
    out[k] = NULL;
  if (!ws_a || (b && !ws_b))
    return FALSE;
  for (; b && i < SG_RELATIVES; i++)
    out[i] = child(nets, a, b, ws, how->draw, i);
  while (i < SG_RELATIVES && neighbour(nets, a, ws_a, how, i, &out[i], error))
    i++;
  for (int k = 0; i < SG_RELATIVES && k < i; k++)
    g_clear_pointer(&out[k], sg_recipe_free);
  return i == SG_RELATIVES;
}
