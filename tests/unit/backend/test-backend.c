/* Every kernel of the CPU back end against the reference (plain loops, double), over shapes that
 * hit each code path: whole and partial channel blocks, borders, Winograd and direct convolution,
 * one and many samples. The element bodies are shared, so their formulas are checked by the golden
 * tests instead. */
#include "engine/backend/backend.h"
#include "tests/support/going-on.h"
#include "tests/support/tested-backend.h"
#include "engine/base/random.h"
#include <math.h>
#include <string.h>

typedef struct {
  SgBackend *cpu, *ref;
  SgRandomState random;
} Fixture;

/* The same random values on both sides. */
typedef struct {
  SgBuf *cpu, *ref;
} Pair;

static Pair
pair_new(Fixture *f, SgFormat fmt, int n, int c, int h, int w, gboolean fill)
{
  GError *error = NULL;
  Pair p = {sg_buf_new(f->cpu, fmt, n, c, h, w, &error), NULL};
  g_assert_no_error(error);
  p.ref = sg_buf_new(f->ref, fmt, n, c, h, w, &error);
  g_assert_no_error(error);
  gsize count = (gsize)n * c * h * w;
  g_autofree float *values = g_new0(float, count);
  if (fill)
    sg_random_state_randn_f32(&f->random, count, values);
  f->cpu->upload(p.cpu, values);
  f->ref->upload(p.ref, values);
  return p;
}

static void
pair_clear(Pair *p)
{
  sg_buf_unref(p->cpu);
  sg_buf_unref(p->ref);
}

/* Largest difference, relative to the reference's largest value; infinite where a number is
 * none. */
static double
pair_error(const Pair *p)
{
  gsize count = (gsize)p->cpu->n * p->cpu->c * p->cpu->h * p->cpu->w;
  g_autofree float *a = g_new(float, count), *b = g_new(float, count);
  double worst = 0, range = 1e-30;
  p->cpu->backend->download(p->cpu, a);
  p->ref->backend->download(p->ref, b);
  for (gsize i = 0; i < count; i++) {
    if (!isfinite(a[i]))
      return INFINITY;
    worst = MAX(worst, fabs((double)a[i] - b[i]));
    range = MAX(range, fabs((double)b[i]));
  }
  return worst / range;
}

/* oneDNN asks for zeros in the channels that fill up the last block. */
static void
check_padding_zero(const SgBuf *x, int line)
{
  if (!sg_backend_is_cpu(x->backend))
    return;
  const float *v = x->data;
  gsize pixels = (gsize)x->h * x->w, blocks = x->bytes / (sizeof(float) * (gsize)x->n * pixels);
  if (x->fmt == SG_FMT_PLAIN || blocks == (gsize)x->c)
    return;
  int block = blocks % 16 == 0 && (blocks - 16 < (gsize)x->c) ? 16 : 8;
  for (gsize i = 0; i < x->bytes / sizeof(float); i++) {
    gsize channel = i / (pixels * block) % (blocks / block) * block + i % block;
    if (channel >= (gsize)x->c && v[i] != 0) {
      g_test_fail_printf("line %d: channel %d of the padding is %g", line, (int)channel, v[i]);
      return;
    }
  }
}

/* Reports a difference and goes on: what else is wrong helps to see why. */
static void
check_close(const Pair *pair, double limit, int line)
{
  double error = pair_error(pair);

  check_padding_zero(pair->cpu, line);
  if (!(error < limit))
    g_test_fail_printf("line %d: off by %g, allowed is %g", line, error, limit);
}
#define assert_close(pair, limit) check_close(pair, limit, __LINE__)

/* ---- convolution ----------------------------------------------------------------------------- */

typedef struct {
  SgConvGeometry g;
  int n, i, o, size;
  gboolean style, epilogue;
} ConvCase;

static int
output_size(const ConvCase *t)
{
  switch (t->g.kind) {
  case SG_CONV_FORWARD:
    return (t->size + t->g.pad + t->g.pad_end - t->g.kernel) / t->g.stride + 1;
  case SG_CONV_TRANSPOSED:
    return (t->size - 1) * t->g.stride - t->g.pad - t->g.pad_end + t->g.kernel;
  case SG_CONV_UP_FIR:
    return t->size * 2;
  }
  g_assert_not_reached();
}

static void
run_conv(Fixture *f, const ConvCase *t)
{
  GError *error = NULL;
  gsize taps = (gsize)(t->g.kernel * t->g.kernel), count = (gsize)t->o * (gsize)t->i * taps;
  g_autofree float *weight = g_new(float, count);
  int r = output_size(t);
  sg_random_state_randn_f32(&f->random, count, weight);
  Pair x = pair_new(f, SG_FMT_ACT, t->n, t->i, t->size, t->size, TRUE);
  Pair y = pair_new(f, SG_FMT_ACT, t->n, t->o, r, r, FALSE);
  Pair s = pair_new(f, SG_FMT_PLAIN, t->n, t->i, 1, 1, TRUE);
  Pair d = pair_new(f, SG_FMT_PLAIN, t->n, t->o, 1, 1, TRUE);
  Pair noise = pair_new(f, SG_FMT_PLAIN, t->n, 1, r, r, TRUE);
  Pair bias = pair_new(f, SG_FMT_PLAIN, 1, t->o, 1, 1, TRUE);
  SgEpilogue e = {d.cpu, noise.cpu, 3.0f, bias.cpu, 0.2f, 1.5f, t->i * 2.0f};
  SgEpilogue er = {d.ref, noise.ref, 3.0f, bias.ref, 0.2f, 1.5f, t->i * 2.0f};

  SgConv *a = f->cpu->conv_new(f->cpu, weight, t->o, t->i, &t->g, &error);
  g_assert_no_error(error);
  SgConv *b = f->ref->conv_new(f->ref, weight, t->o, t->i, &t->g, &error);
  /* Twice: the second run uses the cached plan. */
  for (int k = 0; k < 2; k++) {
    f->cpu->conv_run(a, y.cpu, x.cpu, t->style ? s.cpu : NULL, t->epilogue ? &e : NULL, &error);
    g_assert_no_error(error);
  }
  f->ref->conv_run(b, y.ref, x.ref, t->style ? s.ref : NULL, t->epilogue ? &er : NULL, &error);
  g_test_message("kind %d kernel %d %d→%d at %d: %g", t->g.kind, t->g.kernel, t->i, t->o, t->size,
                 pair_error(&y));
  assert_close(&y, 1e-5);
  f->cpu->conv_free(a);
  f->ref->conv_free(b);
  Pair *all[] = {&x, &y, &s, &d, &noise, &bias};
  for (guint i = 0; i < G_N_ELEMENTS(all); i++)
    pair_clear(all[i]);
}

static void
test_conv(Fixture *f, gconstpointer data)
{
  static const SgConvGeometry geometries[] = {
      {SG_CONV_FORWARD, 3, 1, 1, 1}, {SG_CONV_FORWARD, 1, 1, 0, 0},
      {SG_CONV_FORWARD, 3, 2, 0, 0}, {SG_CONV_FORWARD, 3, 2, 1, 1},
      {SG_CONV_FORWARD, 1, 2, 0, 0}, {SG_CONV_FORWARD, 3, 1, 0, 0},
      {SG_CONV_UP_FIR, 3, 2, 0, 0},  {SG_CONV_TRANSPOSED, 3, 2, 1, 0},
  };
  static const struct {
    int n, i, o, size;
  } shapes[] = {{1, 3, 5, 4}, {2, 17, 33, 7}, {1, 16, 48, 13}, {3, 40, 16, 14}, {1, 33, 24, 32}};

  for (guint g = 0; g < G_N_ELEMENTS(geometries); g++)
    for (guint s = 0; s < G_N_ELEMENTS(shapes); s++)
      for (int how = 0; how < 3; how++) {
        ConvCase t = {geometries[g],  shapes[s].n, shapes[s].i, shapes[s].o,
                      shapes[s].size, how > 0,     how > 1};
        run_conv(f, &t);
      }
}

/* ---- the other kernels ----------------------------------------------------------------------- */

static void
test_fir(Fixture *f, gconstpointer data)
{
  static const SgFir modes[] = {SG_FIR_BLUR_AFTER_UP, SG_FIR_BLUR_BEFORE_DOWN, SG_FIR_UP,
                                SG_FIR_DOWN};
  for (int fmt = SG_FMT_PLAIN; fmt <= SG_FMT_ACT; fmt++)
    for (int m = 0; m < 4; m++)
      for (int size = 4; size <= 20; size += 8) {
        int in = modes[m] == SG_FIR_BLUR_AFTER_UP ? size + 1 : size;
        int out = modes[m] == SG_FIR_BLUR_AFTER_UP      ? size
                  : modes[m] == SG_FIR_BLUR_BEFORE_DOWN ? size + 1
                  : modes[m] == SG_FIR_UP               ? size * 2
                                                        : size / 2;
        Pair x = pair_new(f, (SgFormat)fmt, 2, 19, in, in, TRUE);
        Pair y = pair_new(f, (SgFormat)fmt, 2, 19, out, out, FALSE);
        f->cpu->fir(y.cpu, x.cpu, modes[m]);
        f->ref->fir(y.ref, x.ref, modes[m]);
        assert_close(&y, 1e-6);
        pair_clear(&x);
        pair_clear(&y);
      }
}

static void
test_rgb(Fixture *f, gconstpointer data)
{
  for (int k = 1; k <= 4; k++) {
    Pair x = pair_new(f, SG_FMT_ACT, 2, 37, 9, 9, TRUE),
         s = pair_new(f, SG_FMT_PLAIN, 2, 37, 1, 1, TRUE);
    Pair w = pair_new(f, SG_FMT_PLAIN, k, 37, 1, 1, TRUE),
         b = pair_new(f, SG_FMT_PLAIN, 1, k, 1, 1, TRUE);
    Pair add = pair_new(f, SG_FMT_PLAIN, 2, k, 9, 9, TRUE),
         img = pair_new(f, SG_FMT_PLAIN, 2, k, 9, 9, FALSE);
    Pair wf = pair_new(f, SG_FMT_PLAIN, 37, k, 1, 1, TRUE),
         bf = pair_new(f, SG_FMT_PLAIN, 1, 37, 1, 1, TRUE);
    for (int with = 0; with < 2; with++) {
      f->cpu->to_rgb(img.cpu, with ? add.cpu : NULL, x.cpu, s.cpu, w.cpu, b.cpu, with ? 4 : -1);
      f->ref->to_rgb(img.ref, with ? add.ref : NULL, x.ref, s.ref, w.ref, b.ref, with ? 4 : -1);
      assert_close(&img, 1e-6);
    }
    SgEpilogue e = {.bias = bf.cpu, .slope = 0.2f, .gain = 1.4f, .clamp = -1};
    SgEpilogue er = {.bias = bf.ref, .slope = 0.2f, .gain = 1.4f, .clamp = -1};
    for (int accumulate = 0; accumulate < 2; accumulate++) {
      f->cpu->from_rgb(x.cpu, img.cpu, wf.cpu, 0.5f, &e, accumulate);
      f->ref->from_rgb(x.ref, img.ref, wf.ref, 0.5f, &er, accumulate);
      assert_close(&x, 1e-6);
    }
    Pair *all[] = {&x, &s, &w, &b, &add, &img, &wf, &bf};
    for (guint i = 0; i < G_N_ELEMENTS(all); i++)
      pair_clear(all[i]);
  }
}

static void
test_dense(Fixture *f, gconstpointer data)
{
  for (int n = 1; n <= 11; n += 5) {
    Pair x = pair_new(f, SG_FMT_PLAIN, n, 130, 1, 1, TRUE),
         w = pair_new(f, SG_FMT_PLAIN, 77, 130, 1, 1, TRUE);
    Pair b = pair_new(f, SG_FMT_PLAIN, 1, 77, 1, 1, TRUE),
         y = pair_new(f, SG_FMT_PLAIN, n, 77, 1, 1, FALSE);
    for (int lrelu = 0; lrelu < 2; lrelu++) {
      f->cpu->dense(y.cpu, x.cpu, w.cpu, 0.1f, lrelu ? b.cpu : NULL, 0.5f, lrelu, 1.3f);
      f->ref->dense(y.ref, x.ref, w.ref, 0.1f, lrelu ? b.ref : NULL, 0.5f, lrelu, 1.3f);
      assert_close(&y, 2e-6);
    }
    f->cpu->demod(y.cpu, x.cpu, w.cpu, 1e8f); /* large: weights here are not squares */
    f->ref->demod(y.ref, x.ref, w.ref, 1e8f);
    assert_close(&y, 2e-6);
    f->cpu->normalize(x.cpu, x.cpu);
    f->ref->normalize(x.ref, x.ref);
    assert_close(&x, 2e-6);
    Pair *all[] = {&x, &w, &b, &y};
    for (guint i = 0; i < G_N_ELEMENTS(all); i++)
      pair_clear(all[i]);
  }
}

static void
test_rest(Fixture *f, gconstpointer data)
{
  Pair a = pair_new(f, SG_FMT_ACT, 6, 20, 4, 4, TRUE),
       b = pair_new(f, SG_FMT_ACT, 6, 20, 4, 4, TRUE);
  Pair img = pair_new(f, SG_FMT_PLAIN, 2, 3, 5, 5, TRUE),
       up = pair_new(f, SG_FMT_PLAIN, 2, 3, 10, 10, FALSE);
  Pair flat = pair_new(f, SG_FMT_PLAIN, 6, 320, 1, 1, FALSE),
       many = pair_new(f, SG_FMT_ACT, 3, 20, 4, 4, FALSE);
  Pair one = pair_new(f, SG_FMT_ACT, 1, 20, 4, 4, TRUE);

  f->cpu->add(a.cpu, a.cpu, b.cpu, 0.7f);
  f->ref->add(a.ref, a.ref, b.ref, 0.7f);
  assert_close(&a, 1e-6);
  f->cpu->bilinear_up(up.cpu, img.cpu);
  f->ref->bilinear_up(up.ref, img.ref);
  assert_close(&up, 1e-6);
  f->cpu->copy(flat.cpu, a.cpu);
  f->ref->copy(flat.ref, a.ref);
  assert_close(&flat, 1e-6);
  f->cpu->broadcast(many.cpu, one.cpu);
  f->ref->broadcast(many.ref, one.ref);
  assert_close(&many, 1e-7);
  for (int features = 1; features <= 2; features++)
    for (int size = 1; size <= 6; size += size == 3 ? 3 : 1) {
      Pair y = pair_new(f, SG_FMT_ACT, 6, 20 + features, 4, 4, FALSE);
      f->cpu->minibatch_std(y.cpu, a.cpu, size, features);
      f->ref->minibatch_std(y.ref, a.ref, size, features);
      assert_close(&y, 1e-6);
      pair_clear(&y);
    }
  Pair *all[] = {&a, &b, &img, &up, &flat, &many, &one};
  for (guint i = 0; i < G_N_ELEMENTS(all); i++)
    pair_clear(all[i]);
}

/* Sums of so many numbers that they are cut, and more planes than a grid has rows. */
static void
test_large(Fixture *f, gconstpointer data)
{
  static const int sizes[][4] = {{1, 3, 1, 1}, {1, 1, 1, 1}, {50, 1, 1, 1}, {1, 3, 65, 64}};
  Pair x = pair_new(f, SG_FMT_PLAIN, 50, 3, 65, 64, TRUE);
  Pair many = pair_new(f, SG_FMT_PLAIN, 150, 999, 1, 2, TRUE);
  Pair one = pair_new(f, SG_FMT_PLAIN, 1, 999, 1, 1, TRUE);
  SgEpilogue e = {.bias = one.cpu, .slope = 0.2f, .gain = 1.4f, .clamp = 2};
  SgEpilogue er = {.bias = one.ref, .slope = 0.2f, .gain = 1.4f, .clamp = 2};

  for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
    const int *s = sizes[i];
    Pair y = pair_new(f, SG_FMT_PLAIN, s[0], s[1], s[2], s[3], FALSE);
    f->cpu->sum_to(y.cpu, x.cpu);
    f->ref->sum_to(y.ref, x.ref);
    assert_close(&y, 1e-6);
    pair_clear(&y);
  }
  f->cpu->epilogue(many.cpu, many.cpu, &e);
  f->ref->epilogue(many.ref, many.ref, &er);
  assert_close(&many, 1e-6);
  Pair sums = pair_new(f, SG_FMT_PLAIN, 150, 999, 1, 1, FALSE);
  f->cpu->sum_to(sums.cpu, many.cpu);
  f->ref->sum_to(sums.ref, many.ref);
  assert_close(&sums, 1e-6);
  Pair *all[] = {&x, &many, &one, &sums};
  for (guint i = 0; i < G_N_ELEMENTS(all); i++)
    pair_clear(all[i]);
}

/* A picture of more pixels than a device has threads; a sum over more planes than a warp. */
static void
test_wide(Fixture *f, gconstpointer data)
{
  Pair x = pair_new(f, SG_FMT_ACT, 2, 21, 65, 70, TRUE);
  Pair s = pair_new(f, SG_FMT_PLAIN, 2, 21, 1, 1, TRUE),
       w = pair_new(f, SG_FMT_PLAIN, 3, 21, 1, 1, TRUE);
  Pair b = pair_new(f, SG_FMT_PLAIN, 1, 3, 1, 1, TRUE),
       img = pair_new(f, SG_FMT_PLAIN, 2, 3, 65, 70, FALSE);
  Pair noise = pair_new(f, SG_FMT_PLAIN, 2, 1, 65, 70, TRUE),
       sum = pair_new(f, SG_FMT_PLAIN, 1, 1, 1, 1, FALSE);

  f->cpu->to_rgb(img.cpu, NULL, x.cpu, s.cpu, w.cpu, b.cpu, -1);
  f->ref->to_rgb(img.ref, NULL, x.ref, s.ref, w.ref, b.ref, -1);
  assert_close(&img, 1e-6);
  SgEpilogueGrad g = {.dy = x.cpu,
                      .y = x.cpu,
                      .slope = 0.2f,
                      .gain = 1.4f,
                      .clamp = -1,
                      .noise = noise.cpu,
                      .dstrength = sum.cpu};
  SgEpilogueGrad gr = g;
  gr.dy = gr.y = x.ref;
  gr.noise = noise.ref;
  gr.dstrength = sum.ref;
  f->cpu->epilogue_grad(&g);
  f->ref->epilogue_grad(&gr);
  assert_close(&sum, 1e-5);
  Pair *all[] = {&x, &s, &w, &b, &img, &noise, &sum};
  for (guint i = 0; i < G_N_ELEMENTS(all); i++)
    pair_clear(all[i]);
}

/* ---- other families -------------------------------------------------------------------------- */

/* Means far from zero as well, and planes of a single number. */
static void
test_adain(Fixture *f, gconstpointer data)
{
  static const int sizes[][4] = {{1, 3, 4, 4}, {2, 37, 9, 7}, {1, 5, 130, 130}, {1, 16, 1, 1}};

  if (!f->cpu->adain) {
    g_test_skip("this device has no such kernel");
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
    const int *s = sizes[i];
    Pair x = pair_new(f, SG_FMT_ACT, s[0], s[1], s[2], s[3], TRUE),
         y = pair_new(f, SG_FMT_ACT, s[0], s[1], s[2], s[3], FALSE);
    Pair style = pair_new(f, SG_FMT_PLAIN, s[0], 2 * s[1], 1, 1, TRUE),
         far = pair_new(f, SG_FMT_PLAIN, 1, s[1], 1, 1, TRUE);
    SgEpilogue e = {.bias = far.cpu, .slope = 1, .gain = 10, .clamp = -1};
    SgEpilogue er = {.bias = far.ref, .slope = 1, .gain = 10, .clamp = -1};
    f->cpu->adain(y.cpu, x.cpu, style.cpu, 1e-8f);
    f->ref->adain(y.ref, x.ref, style.ref, 1e-8f);
    assert_close(&y, s[2] == 1 ? 1e-5 : 5e-6);
    f->cpu->epilogue(x.cpu, x.cpu, &e);
    f->ref->epilogue(x.ref, x.ref, &er);
    f->cpu->adain(x.cpu, x.cpu, style.cpu, 1e-5f);
    f->ref->adain(x.ref, x.ref, style.ref, 1e-5f);
    if (s[2] > 1)
      assert_close(&x, 1e-5);
    Pair *all[] = {&x, &y, &style, &far};
    for (guint k = 0; k < G_N_ELEMENTS(all); k++)
      pair_clear(all[k]);
  }
}

/* Noise whose strength is another one in each channel. */
static void
test_noise_per_channel(Fixture *f, gconstpointer data)
{
  if (!f->cpu->adain) {
    g_test_skip("this device has no networks with that");
    return;
  }
  Pair x = pair_new(f, SG_FMT_ACT, 2, 21, 6, 5, TRUE);
  Pair noise = pair_new(f, SG_FMT_PLAIN, 1, 1, 6, 5, TRUE),
       strength = pair_new(f, SG_FMT_PLAIN, 1, 21, 1, 1, TRUE);
  SgEpilogue e = {.noise = noise.cpu,
                  .noise_strength = 2,
                  .strength = strength.cpu,
                  .slope = 0.2f,
                  .gain = 1,
                  .clamp = -1};
  SgEpilogue er = e;

  er.noise = noise.ref;
  er.strength = strength.ref;
  f->cpu->epilogue(x.cpu, x.cpu, &e);
  f->ref->epilogue(x.ref, x.ref, &er);
  assert_close(&x, 1e-6);
  Pair *all[] = {&x, &noise, &strength};
  for (guint k = 0; k < G_N_ELEMENTS(all); k++)
    pair_clear(all[k]);
}

typedef struct {
  int n, c, h, w;
  int up_taps, up, up_pad, up_end;
  int down_taps, down, down_pad, down_end;
  gboolean radial;
} FilteredCase;

static int
behind(int size, int taps, int by, int down, int pad)
{
  return taps ? (size * by + pad - taps) / down + 1 : size;
}

/* Nearest neighbours, a blur, the mean of four, and what layers of StyleGAN3 have: both filters,
 * none, cropping at either side, and taps that are not symmetric. */
static void
test_filtered(Fixture *f, gconstpointer data)
{
  static const FilteredCase cases[] = {
      {1, 3, 5, 7, 2, 2, 1, 0, 0, 1, 0, 0, FALSE},
      {2, 37, 9, 9, 3, 1, 1, 1, 0, 1, 0, 0, FALSE},
      {1, 8, 6, 6, 0, 1, 0, 0, 2, 2, 0, 0, FALSE},
      {1, 20, 38, 38, 12, 2, 9, 8, 12, 2, 0, 0, FALSE},
      {1, 20, 38, 38, 12, 2, 9, 8, 12, 2, 0, 0, TRUE},
      {1, 5, 20, 22, 24, 4, -3, -5, 12, 2, 0, 0, FALSE},
      {1, 17, 20, 20, 1, 1, -2, -1, 6, 1, 0, 0, TRUE},
      {1, 4, 70, 70, 1, 1, -2, -3, 0, 1, 0, 0, FALSE},
      {1, 4, 9, 9, 5, 3, 4, 6, 7, 3, 2, 4, FALSE},
  };

  if (!f->cpu->filtered) {
    g_test_skip("this device has no such kernel");
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    const FilteredCase *t = &cases[i];
    g_autofree double *taps = g_new(double, 24 * 24);
    for (int k = 0; k < 24 * 24; k++)
      taps[k] = 0.1 + sin(k * 1.7);
    SgFiltered g = {.up = {t->up_taps, taps, t->up, 1, t->up_pad, t->up * t->up, FALSE},
                    .down = {t->down_taps, taps + 1, 1, t->down, t->down_pad, 1, t->radial},
                    .slope = 0.2f,
                    .gain = 1.4f,
                    .clamp = i % 2 ? 3 : -1};
    g.h = behind(t->h, t->up_taps, t->up, 1, t->up_pad + t->up_end);
    g.w = behind(t->w, t->up_taps, t->up, 1, t->up_pad + t->up_end);
    Pair x = pair_new(f, SG_FMT_ACT, t->n, t->c, t->h, t->w, TRUE);
    Pair y = pair_new(f, SG_FMT_ACT, t->n, t->c,
                      behind(g.h, t->down_taps, 1, t->down, t->down_pad + t->down_end),
                      behind(g.w, t->down_taps, 1, t->down, t->down_pad + t->down_end), FALSE);
    f->cpu->filtered(y.cpu, x.cpu, &g);
    f->ref->filtered(y.ref, x.ref, &g);
    assert_close(&y, 3e-6);
    pair_clear(&x);
    pair_clear(&y);
  }
}

static void
setup(Fixture *f, gconstpointer data)
{
  f->cpu = tested_backend();
  f->ref = sg_backend_reference();
  sg_random_state_seed(&f->random, 7);
}

int
main(int argc, char **argv)
{
  tested_backend();
  test_init_going_on(argc, argv);
  g_test_add("/backend/conv", Fixture, NULL, setup, test_conv, NULL);
  g_test_add("/backend/fir", Fixture, NULL, setup, test_fir, NULL);
  g_test_add("/backend/rgb", Fixture, NULL, setup, test_rgb, NULL);
  g_test_add("/backend/dense", Fixture, NULL, setup, test_dense, NULL);
  g_test_add("/backend/rest", Fixture, NULL, setup, test_rest, NULL);
  g_test_add("/backend/large", Fixture, NULL, setup, test_large, NULL);
  g_test_add("/backend/adain", Fixture, NULL, setup, test_adain, NULL);
  g_test_add("/backend/noise-per-channel", Fixture, NULL, setup, test_noise_per_channel, NULL);
  g_test_add("/backend/filtered", Fixture, NULL, setup, test_filtered, NULL);
  g_test_add("/backend/wide", Fixture, NULL, setup, test_wide, NULL);
  return g_test_run();
}
