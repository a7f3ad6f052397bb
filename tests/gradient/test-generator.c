/* The generator on the tape (engine/gradients): the same pictures as the one that draws, for every
 * family, and first derivatives with respect to w, W+, styles and noise against finite differences
 * in double. */
#include "tests/support/going-on.h"
#include "engine/autograd/ops.h"
#include "engine/gradients/layers.h"
#include "engine/gradients/networks.h"
#include "engine/nets/mapping.h"
#include "engine/nets/synthesis.h"
#include "line-check.h"
#include "network-case.h"
#include <math.h>
#include <string.h>

#define N    2
#define MOST 24 /* layers */

typedef struct {
  const char *name; /* "skip", "orig", "resnet", or a fixture */
  double clamp;
} GeneratorCase;

static const GeneratorCase cases[] = {
    {"skip", -1},
    {"skip", 0.4},
    {"orig", -1},
    {"resnet", -1},
    {"resnet", 0.4},
    {"simplerick_zip.pt", -1},
    {"sg1_small.safetensors", -1},
    {"sg3_small.safetensors", -1},
};

/* ---- setting up ------------------------------------------------------------------------------ */

typedef struct {
  SgModel *model;
  SgBackend *backend;
  SgWeights *g;
  SgTape *tape;
  int n_styles, n_noise;
  SgBuf *w[MOST], *styles[MOST], *noise[MOST]; /* w: [num_ws] of [N, w_dim] */
  SgBuf *weights;                              /* of the picture's numbers */
  enum { BY_W, BY_WS, BY_STYLES, BY_NOISE } by;
} Setup;

static SgModel *
random_model(const GeneratorCase *c)
{
  NetCase net = {.name = c->name,
                 .g_arch = c->name,
                 .d_arch = "resnet",
                 .widths = {"4:4", "8:5", "16:3"},
                 .resolution = 16,
                 .channels = 3,
                 .batch = N,
                 .group = 2,
                 .features = 1,
                 .clamp = c->clamp};
  NetSetup s;

  net_setup_init(&s, &net, sg_backend_reference());
  SgModel *m = sg_model_new("random", &s.l->shape.info);
  m->info.has_d = FALSE;
  sg_weights_store(s.l->ema, "G_ema.", m, NULL);
  net_setup_clear(&s);
  return m;
}

static SgModel *
model_of(const GeneratorCase *c)
{
  g_autoptr(GError) error = NULL;

  if (!strchr(c->name, '.'))
    return random_model(c);
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "fixtures", c->name, NULL);
  SgModel *m = sg_model_load(path, &error);
  g_assert_no_error(error);
  return m;
}

static void
setup_init(Setup *s, const GeneratorCase *c, gboolean learn)
{
  g_autoptr(GError) error = NULL;

  *s = (Setup){.model = model_of(c), .backend = sg_backend_reference()};
  s->g = sg_weights_new_generator(s->backend, s->model, learn, &error);
  g_assert_no_error(error);
  s->tape = sg_tape_new(s->backend);
  s->n_styles = sg_generator_styled_layers(s->g);
  s->n_noise = sg_generator_noise_layers(s->g);
  g_assert_cmpint(s->n_styles, <=, MOST);
  const SgNetwork *n = s->g->network;
  for (int k = 0; k < n->num_ws; k++)
    s->w[k] = net_normals(s->backend, 100 + (guint64)k, 1, N, n->w_dim, 1, 1);
  for (int k = 0; k < s->n_styles; k++)
    s->styles[k] =
        net_normals(s->backend, 200 + (guint64)k, 1, N, sg_generator_style_size(s->g, k), 1, 1);
  for (int k = 0; k < s->n_noise; k++) {
    int r = sg_generator_noise_size(s->g, k);
    s->noise[k] = net_normals(s->backend, 300 + (guint64)k, 1, k % 2 ? 1 : N, 1, r, r);
  }
  s->weights = net_normals(s->backend, 400, 1, N, n->channels, n->height, n->width);
}

static void
setup_clear(Setup *s)
{
  for (int k = 0; k < MOST; k++) {
    sg_buf_unref(s->w[k]);
    sg_buf_unref(s->styles[k]);
    sg_buf_unref(s->noise[k]);
  }
  sg_buf_unref(s->weights);
  sg_tape_free(s->tape);
  sg_weights_free(s->g);
  sg_model_unref(s->model);
}

/* ---- the picture ----------------------------------------------------------------------------- */

/* What varies are leaves, the rest constants; of BY_STYLES no w is asked for. */
typedef struct {
  SgVar *w[MOST], *styles[MOST], *noise[MOST];
} Vars;

static void
make_vars(Setup *s, SgVar **vars, SgBuf *const *bufs, int n, gboolean varies)
{
  for (int k = 0; k < n; k++)
    vars[k] = varies ? sg_var_leaf(s->tape, bufs[k]) : sg_var_constant(s->tape, bufs[k]);
}

static SgVar *
picture(Setup *s, Vars *v)
{
  int n_w = s->by == BY_STYLES ? 0 : s->by == BY_W ? 1 : s->g->network->num_ws;

  make_vars(s, v->w, s->w, n_w, s->by == BY_W || s->by == BY_WS);
  make_vars(s, v->styles, s->styles, s->n_styles, s->by == BY_STYLES);
  make_vars(s, v->noise, s->noise, s->n_noise, s->by == BY_NOISE);
  SgSynthesisInputs in = {
      .w = v->w, .n_w = n_w, .styles = s->by == BY_STYLES ? v->styles : NULL, .noise = v->noise};
  return sg_generator_synthesize(s->tape, s->g, &in);
}

static SgVar *
scalar(Setup *s, Vars *v)
{
  return sg_op_sum(s->tape,
                   sg_op_mul(s->tape, picture(s, v), sg_var_constant(s->tape, s->weights)));
}

static double
value(gpointer data)
{
  Setup *s = data;
  Vars v;
  double x = sg_buf_mean(scalar(s, &v)->value);
  g_assert_true(sg_tape_reset(s->tape, NULL));
  return x;
}

/* ---- gradients ------------------------------------------------------------------------------- */

static int
varying(const Setup *s, Vars *v, SgVar ***vars, SgBuf *const **bufs)
{
  *vars = s->by == BY_NOISE ? v->noise : s->by == BY_STYLES ? v->styles : v->w;
  *bufs = s->by == BY_NOISE ? s->noise : s->by == BY_STYLES ? s->styles : s->w;
  return s->by == BY_NOISE    ? s->n_noise
         : s->by == BY_STYLES ? s->n_styles
         : s->by == BY_W      ? 1
                              : s->g->network->num_ws;
}

/* Each variable alone, and all together. `graph`: with the operations that can be differentiated
 * again, else with fused kernels. */
static void
check_gradients(Setup *s, const char *name, gboolean graph)
{
  static const char *const by[] = {"w", "W+", "styles", "noise"};
  Vars v;
  SgVar **vars, *grads[MOST];
  SgBuf *const *bufs;
  Line lines[MOST];
  double each[MOST], sum = 0;

  SgVar *y = scalar(s, &v);
  int n = varying(s, &v, &vars, &bufs);
  sg_tape_grad(s->tape, y, NULL, vars, n, graph, grads);
  for (int k = 0; k < n; k++) {
    g_assert_nonnull(grads[k]);
    lines[k] = line_new(bufs[k]->data, sg_buf_count(bufs[k]), (guint64)k);
    each[k] = line_dot(&lines[k], grads[k]->value->data);
    sum += each[k];
  }
  g_assert_true(sg_tape_reset(s->tape, NULL));
  for (int k = 0; k < n; k++) {
    g_autofree char *what = g_strdup_printf("%s, %s %d", name, by[s->by], k);
    g_assert_cmpfloat(check_line(what, &lines[k], each[k], value, s), >, 1e3);
  }
  g_autofree char *what = g_strdup_printf("%s, all %s", name, by[s->by]);
  g_assert_cmpfloat(check_lines(what, lines, n, sum, value, s), >, 1e3);
  for (int k = 0; k < n; k++)
    line_clear(&lines[k]);
}

static void
test_gradients(gconstpointer data)
{
  const GeneratorCase *c = data;
  Setup s;

  setup_init(&s, c, FALSE);
  for (int by = BY_W; by <= (s.n_noise ? BY_NOISE : BY_STYLES); by++) {
    s.by = by;
    check_gradients(&s, c->name, FALSE);
    check_gradients(&s, c->name, TRUE);
  }
  setup_clear(&s);
}

/* Of fixed weights there is no gradient, of those that learn there is one; the picture is the
 * same. */
static void
test_learn(gconstpointer data)
{
  double values[2];

  for (int learn = 0; learn < 2; learn++) {
    Setup s;
    Vars v;
    setup_init(&s, data, learn);
    const SgWeight *first = &g_array_index(s.g->list, SgWeight, s.g->list->len / 4);
    SgVar *grad = NULL, *wrt = first->var, *y = scalar(&s, &v);
    values[learn] = sg_buf_mean(y->value);
    if (learn)
      sg_tape_grad(s.tape, y, NULL, &wrt, 1, FALSE, &grad);
    g_assert_true((wrt->slot != NULL) == learn && (grad != NULL) == learn);
    g_assert_true(sg_tape_reset(s.tape, NULL));
    setup_clear(&s);
  }
  g_assert_cmpfloat(values[0], ==, values[1]);
}

/* ---- the same pictures ----------------------------------------------------------------------- */

static SgBuf *
noise_of(guint stage, int n, gpointer data, GError **error)
{
  Setup *s = data;
  int k = 0;
  const SgNetwork *net = s->g->network;

  for (guint i = 0, at = 0; i < net->run->len; i++) {
    const SgLayer *l = sg_network_running(net, i);
    gboolean noisy = l->param[SG_ROLE_NOISE_STRENGTH] >= 0;
    /* stages are the layers that take a style, and those that draw */
    if ((l->w_index >= 0 || l->kind == SG_KIND_TO_RGB) && at++ == stage)
      return noisy ? sg_buf_ref(s->noise[k]) : NULL;
    k += noisy;
  }
  return NULL;
}

static void
draw(Setup *s, float *out, int side)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgSynthesis) net =
      sg_synthesis_new(s->backend, s->model, sg_model_generator_prefix(s->model), &error);
  g_assert_no_error(error);
  gsize dim = (gsize)net->w_dim;
  g_autofree float *ws = g_new(float, N *(gsize)net->num_ws *dim), *w = g_new(float, N *dim);

  for (int k = 0; k < net->num_ws; k++) {
    s->backend->download(s->w[s->by == BY_W ? 0 : k], w);
    for (gsize i = 0; i < N; i++)
      memcpy(ws + (i * (gsize)net->num_ws + (gsize)k) * dim, w + i * dim, sizeof(float) * dim);
  }
  SgPass pass = {.net = net, .n = N, .ws = ws, .noise = noise_of, .noise_data = s};
  g_autoptr(SgBuf) img = sg_synthesis_run(&pass, 0, net->stages->len, NULL, NULL, NULL, &error);
  g_assert_no_error(error);
  g_autofree float *whole = g_new(float, sg_buf_count(img));
  s->backend->download(img, whole);
  int edge = (img->h - side + 1) / 2;
  for (int p = 0; p < img->n * img->c; p++)
    for (int y = 0; y < side; y++)
      memcpy(out + (p * side + y) * side, whole + (p * img->h + y + edge) * img->w + edge,
             sizeof(float) * (gsize)side);
}

static void
test_pictures(gconstpointer data)
{
  Setup s;
  Vars v;

  setup_init(&s, data, FALSE);
  gsize n = sg_buf_count(s.weights);
  g_autofree float *x = g_new(float, n), *y = g_new(float, n);
  for (int by = BY_W; by <= BY_WS; by++) {
    double largest = 0, off = 0;
    s.by = by;
    s.backend->download(picture(&s, &v)->value, x);
    g_assert_true(sg_tape_reset(s.tape, NULL));
    draw(&s, y, s.g->network->height);
    for (gsize i = 0; i < n; i++) {
      largest = MAX(largest, fabs((double)y[i]));
      off = MAX(off, fabs((double)x[i] - y[i]));
    }
    if (!(off <= 1e-5 * largest))
      g_test_fail_printf("off by %g of %g", off, largest);
  }
  setup_clear(&s);
}

/* All samples get the style of the first. */
static void
make_equal(Setup *s)
{
  for (int k = 0; k < s->n_styles; k++) {
    double *v = s->styles[k]->data;
    for (int c = 0; c < s->styles[k]->c; c++)
      v[s->styles[k]->c + c] = v[c];
  }
}

/* What the convolutions of one sample give, without noise. */
static void
convolve_one(Setup *s, const SgRegion *part, SgBuf **convolved)
{
  SgVar *styles[MOST];
  const SgSynthesisInputs in = {.styles = styles, .window = part, .convolved = convolved};

  for (int k = 0; k < s->n_styles; k++) {
    g_autoptr(SgBuf) first = sg_buf_view(s->styles[k], 0, 1, s->styles[k]->c, 1, 1);
    styles[k] = sg_var_constant(s->tape, first);
  }
  g_assert_nonnull(sg_generator_synthesize(s->tape, s->g, &in));
}

/* A part of the picture is that part of the whole, with the gradients of the whole where the rest
 * does not count. `known`: samples are equal, and convolutions are those of one of them. */
static void
check_window(Setup *s, const SgRegion *part, gboolean known)
{
  SgBuf *convolved[MOST] = {NULL};
  SgVar *grads[2][MOST], *pictures[2];
  Vars v;
  const SgNetwork *n = s->g->network;

  s->by = BY_STYLES;
  sg_tape_enter(s->tape);
  if (known)
    convolve_one(s, part, convolved);
  for (int windowed = 0; windowed < 2; windowed++) {
    SgSynthesisInputs in = {.styles = v.styles,
                            .noise = known ? NULL : v.noise,
                            .window = windowed ? part : NULL,
                            .convolved = windowed && known ? convolved : NULL};
    make_vars(s, v.styles, s->styles, s->n_styles, TRUE);
    make_vars(s, v.noise, s->noise, s->n_noise, FALSE);
    pictures[windowed] = sg_generator_synthesize(s->tape, s->g, &in);
    SgVar *img = pictures[windowed];
    if (!windowed)
      img = sg_layer_window(s->tape, img, part);
    SgVar *weights = sg_layer_window(s->tape, sg_var_constant(s->tape, s->weights), part);
    SgVar *y = sg_op_sum(s->tape, sg_op_mul(s->tape, img, weights));
    sg_tape_grad(s->tape, y, NULL, v.styles, s->n_styles, FALSE, grads[windowed]);
  }
  g_assert_cmpint(pictures[1]->value->h, ==, part->h);
  g_assert_cmpint(pictures[1]->value->w, ==, part->w);
  const double *whole = pictures[0]->value->data, *of = pictures[1]->value->data;
  for (int p = 0; p < N * n->channels; p++)
    for (int y = 0; y < part->h; y++)
      for (int x = 0; x < part->w; x++)
        g_assert_cmpfloat_with_epsilon(
            *of++, whole[(p * n->height + y + part->y) * n->width + x + part->x], 1e-9);
  for (int k = 0; k < s->n_styles; k++) {
    const double *a = grads[0][k]->value->data, *b = grads[1][k]->value->data;
    for (gsize i = 0; i < sg_buf_count(grads[0][k]->value); i++)
      g_assert_cmpfloat_with_epsilon(a[i], b[i], 1e-9 * (1 + fabs(a[i])));
  }
  sg_tape_leave(s->tape, NULL);
  g_assert_true(sg_tape_reset(s->tape, NULL));
  for (int k = 0; k < MOST; k++)
    sg_buf_unref(convolved[k]);
}

static void
test_window(gconstpointer data)
{
  Setup s;

  setup_init(&s, data, FALSE);
  int h = s.g->network->height, w = s.g->network->width;
  const SgRegion parts[] = {{0, 0, w, h}, {0, 0, 1, 1}, {w - 2, h - 3, 2, 3}, {5, 3, 4, 2}};
  for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
    check_window(&s, &parts[i], FALSE);
  make_equal(&s);
  check_window(&s, &parts[3], TRUE);
  setup_clear(&s);
}

/* Styles that are A w + b give w's picture. */
static void
test_styles(gconstpointer data)
{
  Setup s;
  Vars v;
  SgVar *styles[MOST];

  setup_init(&s, data, FALSE);
  s.by = BY_WS;
  double wanted = value(&s);
  make_vars(&s, v.w, s.w, s.g->network->num_ws, FALSE);
  make_vars(&s, v.noise, s.noise, s.n_noise, FALSE);
  for (int k = 0; k < s.n_styles; k++)
    styles[k] = sg_generator_style(s.tape, s.g, k, v.w[sg_generator_styled_layer(s.g, k)->w_index]);
  SgSynthesisInputs in = {.styles = styles, .noise = v.noise};
  SgVar *img = sg_generator_synthesize(s.tape, s.g, &in);
  SgVar *y = sg_op_sum(s.tape, sg_op_mul(s.tape, img, sg_var_constant(s.tape, s.weights)));
  g_assert_cmpfloat(fabs(sg_buf_mean(y->value) - wanted), <, 1e-9 * fabs(wanted));
  g_assert_true(sg_tape_reset(s.tape, NULL));
  setup_clear(&s);
}

static void
add(const char *group, const GeneratorCase *c, GTestDataFunc f)
{
  g_autofree char *path =
      g_strdup_printf("/generator/%s/%s%s", group, c->name, c->clamp >= 0 ? "-clamped" : "");
  g_test_add_data_func(path, c, f);
}

int
main(int argc, char **argv)
{
  test_init_going_on(argc, argv);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    add("pictures", &cases[i], test_pictures);
    add("styles", &cases[i], test_styles);
    add("window", &cases[i], test_window);
    add("gradients", &cases[i], test_gradients);
    add("learn", &cases[i], test_learn);
  }
  return g_test_run();
}
