/* The bits of every kernel of the CPU back end are the same for every number of threads.
 *
 * Libraries choose how they cut their work when a primitive is made, and OpenMP may be told its
 * number of threads only before it starts: so each count is a process of its own, which prints a
 * hash for each case of the table below. The lines of the first count are what all others must
 * print. */
#include "engine/backend/backend.h"
#include <math.h>
#include <string.h>

static guint32 state = 7;
static SgBackend *cpu;

/* ---- helpers --------------------------------------------------------------------------------- */

/* Numbers in [-1, 1), cheap ones: there are many (xorshift32). */
static void
randomize(float *v, gsize count)
{
  for (gsize i = 0; i < count; i++) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    v[i] = (float)(gint32)state / 2147483648.0f;
  }
}

static SgBuf *
buffer(SgFormat fmt, int n, int c, int h, int w, gboolean fill)
{
  GError *error = NULL;
  SgBuf *b = sg_buf_new(cpu, fmt, n, c, h, w, &error);
  g_assert_no_error(error);
  gsize count = sg_buf_count(b);
  g_autofree float *values = g_new0(float, count);
  if (fill)
    randomize(values, count);
  cpu->upload(b, values);
  return b;
}

static SgBuf *
plain(int n, int c, int h, int w)
{
  return buffer(SG_FMT_PLAIN, n, c, h, w, TRUE);
}

static SgBuf *
act(int n, int c, int size)
{
  return buffer(SG_FMT_ACT, n, c, size, size, TRUE);
}

static void
tell(const char *name, const SgBuf *b)
{
  gsize count = sg_buf_count(b);
  g_autofree float *values = g_new(float, count);
  guint64 hash = count;
  cpu->download(b, values);
  for (gsize i = 0; i < count; i++) {
    guint32 bits;
    memcpy(&bits, &values[i], sizeof bits);
    hash = (hash ^ bits) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
  }
  g_print("%s %016" G_GINT64_MODIFIER "x\n", name, hash);
}

static void tell_and_free(SgBuf *b, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
tell_and_free(SgBuf *b, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *name = g_strdup_vprintf(format, args);
  va_end(args);
  tell(name, b);
  sg_buf_unref(b);
}

/* ---- convolutions ---------------------------------------------------------------------------- */

/* Sizes of real networks: many channels and few pixels, few channels and many, one sample and a
 * batch, channels that fill no block. */
static const struct {
  int n, i, o, size;
} shapes[] = {{16, 256, 256, 4}, {4, 513, 128, 4}, {1, 512, 128, 8}, {16, 128, 256, 8},
              {3, 96, 64, 16},   {2, 64, 128, 32}, {4, 32, 32, 64},  {1, 32, 16, 128},
              {2, 17, 33, 15},   {7, 8, 8, 32}};

static const SgConvGeometry geometries[] = {
    {SG_CONV_FORWARD, 3, 1, 1, 1}, {SG_CONV_FORWARD, 1, 1, 0, 0},    {SG_CONV_FORWARD, 3, 2, 0, 0},
    {SG_CONV_FORWARD, 1, 2, 0, 0}, {SG_CONV_TRANSPOSED, 3, 2, 0, 0},
};

static void
training_convolutions(void)
{
  for (guint s = 0; s < G_N_ELEMENTS(shapes); s++)
    for (guint k = 0; k < G_N_ELEMENTS(geometries); k++) {
      const SgConvGeometry *g = geometries + k;
      int size = shapes[s].size;
      int out = g->kind == SG_CONV_TRANSPOSED
                    ? (size - 1) * g->stride + g->kernel
                    : (size + g->pad + g->pad_end - g->kernel) / g->stride + 1;
      for (int pass = SG_PASS_OUTPUT; pass <= SG_PASS_WEIGHT; pass++) {
        GError *error = NULL;
        g_autoptr(SgBuf) x = act(shapes[s].n, shapes[s].i, size),
                         y = act(shapes[s].n, shapes[s].o, out);
        g_autoptr(SgBuf) w = plain(shapes[s].o, shapes[s].i, g->kernel, g->kernel);
        cpu->conv(g, (SgConvPass)pass, x, NULL, w, y, &error);
        g_assert_no_error(error);
        tell_and_free(sg_buf_ref(pass == SG_PASS_OUTPUT  ? y
                                 : pass == SG_PASS_INPUT ? x
                                                         : w),
                      "conv kind %d kernel %d stride %d pass %d: %d x %d -> %d at %d", g->kind,
                      g->kernel, g->stride, pass, shapes[s].n, shapes[s].i, shapes[s].o, size);
      }
    }
}

static void
drawing_convolutions(void)
{
  static const SgConvGeometry up = {SG_CONV_UP_FIR, 3, 2, 0, 0};
  for (guint s = 0; s < G_N_ELEMENTS(shapes); s++)
    for (int k = 0; k < 3; k++) {
      const SgConvGeometry *g = k < 2 ? geometries + k : &up;
      int n = shapes[s].n, i = shapes[s].i, o = shapes[s].o, size = shapes[s].size;
      int out = k < 2 ? size : 2 * size;
      gsize count = (gsize)o * (gsize)i * (gsize)(g->kernel * g->kernel);
      g_autofree float *weight = g_new(float, count);
      GError *error = NULL;
      randomize(weight, count);
      g_autoptr(SgBuf) x = act(n, i, size), style = plain(n, i, 1, 1), d = plain(n, o, 1, 1);
      g_autoptr(SgBuf) noise = plain(n, 1, out, out), bias = plain(1, o, 1, 1);
      SgEpilogue e = {d, noise, 0.5f, bias, 0.2f, 1.4f, 256};
      SgBuf *y = act(n, o, out);
      SgConv *conv = cpu->conv_new(cpu, weight, o, i, g, &error);
      g_assert_no_error(error);
      cpu->conv_run(conv, y, x, style, &e, &error);
      g_assert_no_error(error);
      cpu->conv_free(conv);
      tell_and_free(y, "conv_run kind %d kernel %d: %d x %d -> %d at %d", g->kind, g->kernel, n, i,
                    o, size);
    }
}

/* ---- matrices -------------------------------------------------------------------------------- */

static void
matrices(void)
{
  static const int sizes[][3] = {/* rows, columns, depth */
                                 {16, 512, 512}, {16, 512, 8192}, {512, 8192, 16}, {512, 512, 16},
                                 {16, 1, 512},   {1, 512, 512},   {32, 8192, 512}, {512, 512, 512},
                                 {3, 5, 20000},  {16, 16, 4096},  {1, 1, 30000},   {7, 1000, 33}};
  for (guint i = 0; i < G_N_ELEMENTS(sizes); i++)
    for (int t = 0; t < 4; t++) {
      int m = sizes[i][0], n = sizes[i][1], k = sizes[i][2], ta = t & 1, tb = t >> 1;
      g_autoptr(SgBuf) a = ta ? plain(k, m, 1, 1) : plain(m, k, 1, 1);
      g_autoptr(SgBuf) b = tb ? plain(n, k, 1, 1) : plain(k, n, 1, 1);
      SgBuf *c = plain(m, n, 1, 1);
      cpu->matmul(c, a, ta, b, tb, 0.7);
      tell_and_free(c, "matmul %d%d: %d x %d x %d", ta, tb, m, n, k);
    }
  for (int n = 1; n <= 32; n *= 2)
    for (int in = 130; in <= 8192; in = in * 3 + 20) {
      g_autoptr(SgBuf) x = plain(n, in, 1, 1), w = plain(512, in, 1, 1), b = plain(1, 512, 1, 1);
      SgBuf *y = plain(n, 512, 1, 1);
      cpu->dense(y, x, w, 0.1f, b, 0.5f, TRUE, 1.3f);
      tell_and_free(y, "dense %d: %d", n, in);
      y = plain(n, 512, 1, 1);
      cpu->demod(y, x, w, 1e8f);
      tell_and_free(y, "demod %d: %d", n, in);
      y = plain(n, in, 1, 1);
      cpu->normalize(y, x);
      tell_and_free(y, "normalize %d: %d", n, in);
    }
}

/* ---- sums and elements ----------------------------------------------------------------------- */

static void
epilogues(int n, int c, int size)
{
  g_autoptr(SgBuf) dy = act(n, c, size), y = act(n, c, size), x = act(n, c, size);
  g_autoptr(SgBuf) scale = plain(n, c, 1, 1), noise = plain(n, 1, size, size),
                   bias = plain(1, c, 1, 1);
  SgBuf *dx = act(n, c, size), *dscale = plain(n, c, 1, 1), *dsum = plain(n, c, 1, 1),
        *dstrength = plain(1, 1, 1, 1), *out = act(n, c, size);
  SgEpilogue e = {scale, noise, 0.5f, bias, 0.2f, 1.4f, 2};
  SgEpilogueGrad g = {dy, y, x, scale, 0.2f, 1.4f, 2, dx, dscale, dsum, noise, dstrength};
  cpu->epilogue(out, x, &e);
  tell_and_free(out, "epilogue %d x %d at %d", n, c, size);
  cpu->epilogue_grad(&g);
  tell_and_free(dx, "epilogue_grad dx %d x %d at %d", n, c, size);
  tell_and_free(dscale, "epilogue_grad dscale %d x %d at %d", n, c, size);
  tell_and_free(dsum, "epilogue_grad dsum %d x %d at %d", n, c, size);
  tell_and_free(dstrength, "epilogue_grad dstrength %d x %d at %d", n, c, size);
}

static void
sums(int n, int c, int size)
{
  g_autoptr(SgBuf) x = act(n, c, size), z = act(n, c, size);
  SgBuf *y = plain(n, c, 1, 1);
  cpu->dot(y, x, z);
  tell_and_free(y, "dot %d x %d at %d", n, c, size);
  y = plain(1, c, 1, 1);
  cpu->sum_to(y, x);
  tell_and_free(y, "sum_to channels %d x %d at %d", n, c, size);
  for (int each = 0; each < 2; each++) {
    y = plain(each ? n : 1, 1, size, size);
    cpu->sum_to(y, x);
    tell_and_free(y, "sum_to pixels %d: %d x %d at %d", each, n, c, size);
  }
  g_autoptr(SgBuf) flat = plain(n, c, size, size);
  y = plain(1, 1, 1, 1);
  cpu->sum_to(y, flat);
  tell_and_free(y, "sum_to one: %d x %d at %d", n, c, size);
  y = act(n, c, size);
  cpu->mul(y, x, z);
  tell_and_free(y, "mul %d x %d at %d", n, c, size);
  y = act(n, c, size);
  cpu->combine(y, 0.3, x, 0.7, z);
  tell_and_free(y, "combine %d x %d at %d", n, c, size);
  y = act(n, c, size);
  cpu->add(y, x, z, 0.7f);
  tell_and_free(y, "add %d x %d at %d", n, c, size);
  g_autoptr(SgBuf) s = plain(n, c, 1, 1);
  y = act(n, c, size);
  cpu->scale(y, x, s);
  tell_and_free(y, "scale %d x %d at %d", n, c, size);
  y = act(n, c, size);
  cpu->expand(y, s);
  tell_and_free(y, "expand %d x %d at %d", n, c, size);
  for (int map = SG_MAP_RSQRT; map <= SG_MAP_SIN; map++) {
    y = plain(n, c, 1, 1);
    cpu->map((SgMap)map, 100, y, s);
    tell_and_free(y, "map %d: %d x %d", map, n, c);
  }
  y = act(n, c + 1, size);
  cpu->minibatch_std(y, x, n % 4 ? 1 : 4, 1);
  tell_and_free(y, "minibatch_std %d x %d at %d", n, c, size);
  y = act(n, c + 8, size);
  cpu->channels(y, 3, x, 1, c - 1);
  tell_and_free(y, "channels %d x %d at %d", n, c, size);
}

static void
pictures(int n, int c, int size)
{
  g_autoptr(SgBuf) x = act(n, c, size), img = plain(n, 3, size, size), s = plain(n, c, 1, 1);
  g_autoptr(SgBuf) w = plain(3, c, 1, 1), b = plain(1, 3, 1, 1), wf = plain(c, 3, 1, 1),
                   bf = plain(1, c, 1, 1);
  SgEpilogue e = {.bias = bf, .slope = 0.2f, .gain = 1.4f, .clamp = -1};
  SgBuf *y = plain(n, 3, size, size);
  cpu->to_rgb(y, img, x, s, w, b, 4);
  tell_and_free(y, "to_rgb %d x %d at %d", n, c, size);
  y = act(n, c, size);
  cpu->from_rgb(y, img, wf, 0.5f, &e, FALSE);
  tell_and_free(y, "from_rgb %d x %d at %d", n, c, size);
  y = plain(n, 3, 2 * size, 2 * size);
  cpu->bilinear_up(y, img);
  tell_and_free(y, "bilinear_up %d at %d", n, size);
  for (int pass = SG_PASS_OUTPUT; pass <= SG_PASS_WEIGHT; pass++)
    for (int each = 0; each < 2; each++) {
      g_autoptr(SgBuf) weight = plain(each ? n : 1, 3, c, 1);
      cpu->rgb((SgConvPass)pass, x, weight, img);
      tell_and_free(sg_buf_ref(pass == SG_PASS_OUTPUT  ? img
                               : pass == SG_PASS_INPUT ? x
                                                       : weight),
                    "rgb pass %d each %d: %d x %d at %d", pass, each, n, c, size);
    }
  for (int mode = SG_FIR_BLUR_AFTER_UP; mode <= SG_FIR_DOWN_ADJOINT; mode++)
    for (int fmt = SG_FMT_PLAIN; fmt <= SG_FMT_ACT; fmt++) {
      static const int add[] = {-1, 1, 0, 0, 1, -1, 0, 0};
      int out = mode == SG_FIR_UP || mode == SG_FIR_DOWN_ADJOINT   ? 2 * size
                : mode == SG_FIR_DOWN || mode == SG_FIR_UP_ADJOINT ? size / 2
                                                                   : size + add[mode];
      y = buffer((SgFormat)fmt, n, fmt == SG_FMT_ACT ? c : 3, out, out, FALSE);
      cpu->fir(y, fmt == SG_FMT_ACT ? x : img, (SgFir)mode);
      tell_and_free(y, "fir %d format %d: %d x %d at %d", mode, fmt, n, c, size);
    }
}

static void
augmentation(int n, int size)
{
  g_autofree double *inverse = g_new0(double, 9 * n), *color = g_new0(double, 12 * n);
  for (int i = 0; i < n; i++) {
    double angle = 0.2 + i, *m = inverse + 9 * i, scale = 0.7 + 0.1 * i;
    m[0] = m[4] = scale * cos(angle);
    m[1] = -(m[3] = scale * sin(angle));
    m[2] = 0.1 * i;
    m[8] = 1;
    for (int k = 0; k < 3; k++) {
      color[12 * i + 5 * k] = 0.9;
      color[12 * i + 4 * k + 3] = 0.05 * k;
    }
  }
  SgAugmentArgs a = {.n = n,
                     .channels = 3,
                     .h = size,
                     .w = size,
                     .geometry = TRUE,
                     .margin = {size - 1, size - 1, size - 1, size - 1},
                     .g_inv = inverse,
                     .color = color};
  g_autoptr(SgBuf) x = plain(n, 3, size, size);
  for (int mode = SG_AUGMENT_FORWARD; mode <= SG_AUGMENT_ADJOINT; mode++) {
    SgBuf *y = plain(n, 3, size, size);
    cpu->augment(y, x, &a, (SgAugmentMode)mode);
    tell_and_free(y, "augment mode %d: %d at %d", mode, n, size);
  }
}

static void
optimiser(void)
{
  SgAdam a = {0.002, 0, 0.99, 1e-8, 3};
  g_autoptr(SgBuf) m = plain(1, 100003, 1, 1), v = plain(1, 100003, 1, 1),
                   grad = plain(1, 100003, 1, 1);
  SgBuf *p = plain(1, 100003, 1, 1);
  cpu->mul(v, v, v);
  cpu->adam(p, m, v, grad, &a);
  tell_and_free(p, "adam");
}

static void
tell_all(void)
{
  cpu = sg_backend_cpu();
  training_convolutions();
  drawing_convolutions();
  matrices();
  for (guint i = 0; i < G_N_ELEMENTS(shapes); i++) {
    epilogues(shapes[i].n, shapes[i].i, shapes[i].size);
    sums(shapes[i].n, shapes[i].i, shapes[i].size);
    pictures(shapes[i].n, shapes[i].i, shapes[i].size);
    if (shapes[i].size > 8)
      augmentation(shapes[i].n, shapes[i].size);
  }
  optimiser();
}

/* ---- comparison ------------------------------------------------------------------------------ */

static char *program;

static GStrv
hashes(int threads)
{
  g_autofree char *count = g_strdup_printf("%d", threads), *out = NULL;
  g_auto(GStrv) env = g_environ_setenv(g_get_environ(), "OMP_NUM_THREADS", count, TRUE);
  const char *argv[] = {program, "--tell", NULL};
  g_autoptr(GError) error = NULL;
  int status;
  g_spawn_sync(NULL, (char **)argv, env, 0, NULL, NULL, &out, NULL, &status, &error);
  g_assert_no_error(error);
  g_spawn_check_wait_status(status, &error);
  g_assert_no_error(error);
  return g_strsplit(g_strchomp(out), "\n", -1);
}

static void
test_kernels(void)
{
  g_auto(GStrv) one = hashes(1);
  guint n = g_strv_length(one);
  g_assert_cmpuint(n, >, 500);
  for (int threads = 2; threads <= 4; threads++) {
    g_auto(GStrv) more = hashes(threads);
    g_assert_cmpuint(g_strv_length(more), ==, n);
    for (guint i = 0; i < n; i++)
      if (strcmp(one[i], more[i]) != 0) {
        g_test_message("1 thread: %s; %d threads: %s", one[i], threads, more[i]);
        g_test_fail();
      }
  }
}

int
main(int argc, char **argv)
{
  if (argc == 2 && strcmp(argv[1], "--tell") == 0) {
    tell_all();
    return 0;
  }
  program = argv[0];
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/threads/kernels", test_kernels);
  return g_test_run();
}
