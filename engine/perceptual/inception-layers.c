#include "engine/perceptual/inception-layers.h"

static void
layer_clear(gpointer data)
{
  g_free(((SgInceptionLayer *)data)->name);
}

static const SgFrozenPlace *
place_at(const SgInceptionPlan *p, int i)
{
  return &g_array_index(p->places, SgFrozenPlace, i);
}

static int
add_place(SgInceptionPlan *p, int channels, int h, int w)
{
  SgFrozenPlace place = {channels, h, w, FALSE};

  g_array_append_val(p->places, place);
  return (int)p->places->len - 1;
}

static int
shrunk(int size, int pad, int kernel, int stride)
{
  return (size + 2 * pad - kernel) / stride + 1;
}

/* A kernel of kh × kw that keeps the size where `same`. */
typedef struct {
  int kh, kw, stride;
  gboolean same;
} Kernel;

#define K1       ((Kernel){1, 1, 1, TRUE})
#define K3       ((Kernel){3, 3, 1, TRUE})
#define K3_DOWN  ((Kernel){3, 3, 2, FALSE})
#define K3_VALID ((Kernel){3, 3, 1, FALSE})
#define K5       ((Kernel){5, 5, 1, TRUE})
#define K(h, w)  ((Kernel){h, w, 1, TRUE})

static void
add_step(SgInceptionPlan *p, SgFrozenKind kind, const char *block, const char *name, Kernel k,
         int out, int from, int to, int at)
{
  SgFrozenStep s = {.kind = kind,
                    .from = from,
                    .to = to,
                    .at = at,
                    .kh = k.kh,
                    .kw = k.kw,
                    .stride = k.stride,
                    .pad_h = k.same ? k.kh / 2 : 0,
                    .pad_w = k.same ? k.kw / 2 : 0,
                    .out = out,
                    .relu = TRUE};
  SgInceptionLayer layer = {.name = name ? g_strconcat(block, name, NULL) : NULL,
                            .in = place_at(p, from)->channels};

  g_array_append_val(p->steps, s);
  g_array_append_val(p->layers, layer);
}

/* A place of its own for what a step gives. */
static int
place_for(SgInceptionPlan *p, Kernel k, int channels, int from)
{
  const SgFrozenPlace *f = place_at(p, from);

  return add_place(p, channels, shrunk(f->h, k.same ? k.kh / 2 : 0, k.kh, k.stride),
                   shrunk(f->w, k.same ? k.kw / 2 : 0, k.kw, k.stride));
}

static int
conv(SgInceptionPlan *p, const char *block, const char *name, Kernel k, int out, int from)
{
  int to = place_for(p, k, out, from);

  add_step(p, SG_FROZEN_CONV, block, name, k, out, from, to, 0);
  return to;
}

static int
pool(SgInceptionPlan *p, SgFrozenKind kind, Kernel k, int from)
{
  int to = place_for(p, k, place_at(p, from)->channels, from);

  add_step(p, kind, NULL, NULL, k, 0, from, to, 0);
  return to;
}

/* The last step of a branch: its channels stand behind those of the branches before. */
static void
end(SgInceptionPlan *p, const char *block, const char *name, Kernel k, int out, int from, int to,
    int *at)
{
  add_step(p, SG_FROZEN_CONV, block, name, k, out, from, to, *at);
  *at += out;
}

static void
pool_branch(SgInceptionPlan *p, const char *block, SgFrozenKind kind, int out, int from, int to,
            int *at)
{
  end(p, block, ".branch_pool", K1, out, pool(p, kind, K3, from), to, at);
}

/* 35×35 */
static int
mixed_a(SgInceptionPlan *p, const char *block, int pooled, int from)
{
  int to = place_for(p, K1, 224 + pooled, from), at = 0, x;

  end(p, block, ".branch1x1", K1, 64, from, to, &at);
  x = conv(p, block, ".branch5x5_1", K1, 48, from);
  end(p, block, ".branch5x5_2", K5, 64, x, to, &at);
  x = conv(p, block, ".branch3x3dbl_1", K1, 64, from);
  x = conv(p, block, ".branch3x3dbl_2", K3, 96, x);
  end(p, block, ".branch3x3dbl_3", K3, 96, x, to, &at);
  pool_branch(p, block, SG_FROZEN_MEAN, pooled, from, to, &at);
  return to;
}

/* To 17×17. */
static int
mixed_b(SgInceptionPlan *p, const char *block, int from)
{
  int in = place_at(p, from)->channels, to = place_for(p, K3_DOWN, 480 + in, from), at = 0, x;

  end(p, block, ".branch3x3", K3_DOWN, 384, from, to, &at);
  x = conv(p, block, ".branch3x3dbl_1", K1, 64, from);
  x = conv(p, block, ".branch3x3dbl_2", K3, 96, x);
  end(p, block, ".branch3x3dbl_3", K3_DOWN, 96, x, to, &at);
  add_step(p, SG_FROZEN_MAX, NULL, NULL, K3_DOWN, 0, from, to, at);
  return to;
}

/* 17×17; `c` channels within. */
static int
mixed_c(SgInceptionPlan *p, const char *block, int c, int from)
{
  int to = place_for(p, K1, 768, from), at = 0, x;

  end(p, block, ".branch1x1", K1, 192, from, to, &at);
  x = conv(p, block, ".branch7x7_1", K1, c, from);
  x = conv(p, block, ".branch7x7_2", K(1, 7), c, x);
  end(p, block, ".branch7x7_3", K(7, 1), 192, x, to, &at);
  x = conv(p, block, ".branch7x7dbl_1", K1, c, from);
  x = conv(p, block, ".branch7x7dbl_2", K(7, 1), c, x);
  x = conv(p, block, ".branch7x7dbl_3", K(1, 7), c, x);
  x = conv(p, block, ".branch7x7dbl_4", K(7, 1), c, x);
  end(p, block, ".branch7x7dbl_5", K(1, 7), 192, x, to, &at);
  pool_branch(p, block, SG_FROZEN_MEAN, 192, from, to, &at);
  return to;
}

/* To 8×8. */
static int
mixed_d(SgInceptionPlan *p, const char *block, int from)
{
  int in = place_at(p, from)->channels, to = place_for(p, K3_DOWN, 512 + in, from), at = 0, x;

  x = conv(p, block, ".branch3x3_1", K1, 192, from);
  end(p, block, ".branch3x3_2", K3_DOWN, 320, x, to, &at);
  x = conv(p, block, ".branch7x7x3_1", K1, 192, from);
  x = conv(p, block, ".branch7x7x3_2", K(1, 7), 192, x);
  x = conv(p, block, ".branch7x7x3_3", K(7, 1), 192, x);
  end(p, block, ".branch7x7x3_4", K3_DOWN, 192, x, to, &at);
  add_step(p, SG_FROZEN_MAX, NULL, NULL, K3_DOWN, 0, from, to, at);
  return to;
}

/* 8×8; `kind`: of its pool. */
static int
mixed_e(SgInceptionPlan *p, const char *block, SgFrozenKind kind, int from)
{
  int to = place_for(p, K1, SG_INCEPTION_FEATURES, from), at = 0, x;

  end(p, block, ".branch1x1", K1, 320, from, to, &at);
  x = conv(p, block, ".branch3x3_1", K1, 384, from);
  end(p, block, ".branch3x3_2a", K(1, 3), 384, x, to, &at);
  end(p, block, ".branch3x3_2b", K(3, 1), 384, x, to, &at);
  x = conv(p, block, ".branch3x3dbl_1", K1, 448, from);
  x = conv(p, block, ".branch3x3dbl_2", K3, 384, x);
  end(p, block, ".branch3x3dbl_3a", K(1, 3), 384, x, to, &at);
  end(p, block, ".branch3x3dbl_3b", K(3, 1), 384, x, to, &at);
  pool_branch(p, block, kind, 192, from, to, &at);
  return to;
}

static void
keep(SgInceptionPlan *p, int block, int place)
{
  p->block[block] = place;
  g_array_index(p->places, SgFrozenPlace, place).keep = TRUE;
}

void
sg_inception_plan_init(SgInceptionPlan *p)
{
  *p = (SgInceptionPlan){.places = g_array_new(FALSE, FALSE, sizeof(SgFrozenPlace)),
                         .steps = g_array_new(FALSE, FALSE, sizeof(SgFrozenStep)),
                         .layers = g_array_new(FALSE, FALSE, sizeof(SgInceptionLayer))};
  g_array_set_clear_func(p->layers, layer_clear);
  int x = add_place(p, 3, SG_INCEPTION_SIZE, SG_INCEPTION_SIZE);
  x = conv(p, "", "Conv2d_1a_3x3", K3_DOWN, 32, x);
  x = conv(p, "", "Conv2d_2a_3x3", K3_VALID, 32, x);
  x = conv(p, "", "Conv2d_2b_3x3", K3, 64, x);
  keep(p, 0, x = pool(p, SG_FROZEN_MAX, K3_DOWN, x));
  x = conv(p, "", "Conv2d_3b_1x1", K1, 80, x);
  x = conv(p, "", "Conv2d_4a_3x3", K3_VALID, 192, x);
  keep(p, 1, x = pool(p, SG_FROZEN_MAX, K3_DOWN, x));
  x = mixed_a(p, "Mixed_5b", 32, x);
  x = mixed_a(p, "Mixed_5c", 64, x);
  x = mixed_a(p, "Mixed_5d", 64, x);
  x = mixed_b(p, "Mixed_6a", x);
  x = mixed_c(p, "Mixed_6b", 128, x);
  x = mixed_c(p, "Mixed_6c", 160, x);
  x = mixed_c(p, "Mixed_6d", 160, x);
  keep(p, 2, x = mixed_c(p, "Mixed_6e", 192, x));
  x = mixed_d(p, "Mixed_7a", x);
  x = mixed_e(p, "Mixed_7b", SG_FROZEN_MEAN, x);
  keep(p, 3, mixed_e(p, "Mixed_7c", SG_FROZEN_MAX, x));
}

void
sg_inception_plan_clear(SgInceptionPlan *p)
{
  g_array_unref(p->places);
  g_array_unref(p->steps);
  g_array_unref(p->layers);
}
