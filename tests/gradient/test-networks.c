/* Whole small networks and the losses of training: gradients of every phase with respect to every
 * parameter tensor, and of the networks with respect to their inputs, against finite differences in
 * double; and the CPU against the reference. mutate.py shows what these tests notice. */
#include "tests/support/going-on.h"
#include "tests/support/tested-backend.h"
#include "engine/autograd/ops.h"
#include "line-check.h"
#include "network-case.h"
#include <math.h>
#include <string.h>

static const NetCase cases[] = {
    {.name = "skip-resnet",
     .g_arch = "skip",
     .d_arch = "resnet",
     .widths = {"4:4", "8:3"},
     .resolution = 8,
     .channels = 3,
     .batch = 4,
     .group = 2,
     .features = 1,
     .cutoff = 2,
     .clamp = -1},
    {.name = "resnet-skip-clamped",
     .g_arch = "resnet",
     .d_arch = "skip",
     .widths = {"4:4", "8:3"},
     .resolution = 8,
     .channels = 3,
     .c_dim = 3,
     .batch = 4,
     .group = 4,
     .features = 2,
     .cutoff = 1,
     .clamp = 1.2},
    {.name = "orig-orig-augmented",
     .g_arch = "orig",
     .d_arch = "orig",
     .widths = {"4:3", "8:4"},
     .resolution = 8,
     .channels = 3,
     .batch = 4,
     .group = 2,
     .features = 1,
     .clamp = -1,
     .pipe = SG_AUG_BLIT | SG_AUG_GEOM | SG_AUG_COLOR},
    {.name = "grey-16-clamped",
     .g_arch = "skip",
     .d_arch = "resnet",
     .widths = {"4:4", "8:4", "16:2"},
     .resolution = 16,
     .channels = 1,
     .c_dim = 2,
     .batch = 2,
     .group = 8,
     .features = 0,
     .cutoff = 3,
     .clamp = 1.4,
     .pipe = SG_AUG_GEOM | SG_AUG_COLOR},
};

/* ---- phases ---------------------------------------------------------------------------------- */

typedef struct {
  NetSetup s;
  SgPhase phase;
} Run;

static double
loss_of(gpointer data)
{
  Run *r = data;
  net_gradients(&r->s, r->phase);
  return r->s.l->loss * net_gain(&r->s, r->phase);
}

/* Numbers [first, first + n) of the network that the phase trains. Returns check_line()'s trust. */
static double
check_range(Run *r, const double *gradients, const char *name, gsize first, gsize n)
{
  SgOptimizer *opt = sg_learn_optimizer(r->s.l, r->phase);
  g_autofree char *what =
      g_strdup_printf("%s, %s, %s", r->s.c->name, sg_phase_names[r->phase], name);
  Line l = line_new((double *)opt->net->flat->data + first, n, first + n);
  double trust = check_line(what, &l, line_dot(&l, gradients + first), loss_of, r);
  line_clear(&l);
  return trust;
}

/* The biases that a penalty does not depend on, and nothing else, have no gradient. */
static void
check_coverage(const Run *r, int compared, int n)
{
  g_test_message("%s: %d of %d tensors have a gradient", sg_phase_names[r->phase], compared, n);
  g_assert_cmpint(compared, >=, r->phase == SG_PHASE_DREG ? n / 2 : n - 3);
}

static void
check_phase(Run *r)
{
  SgOptimizer *opt = sg_learn_optimizer(r->s.l, r->phase);
  int compared = 0;

  net_gradients(&r->s, r->phase);
  g_autofree double *gradients = g_memdup2(opt->grad->data, sizeof(double) * opt->net->learnt);
  for (guint i = 0; i < (guint)opt->n; i++) {
    const SgWeight *w = &g_array_index(opt->net->list, SgWeight, i);
    compared += check_range(r, gradients, w->name, w->first, sg_buf_count(w->view)) > 1e3;
  }
  g_assert_cmpfloat(check_range(r, gradients, "all", 0, opt->net->learnt), >, 1e3);
  check_coverage(r, compared, opt->n);
}

static void
test_phases(gconstpointer data)
{
  Run r;
  net_setup_init(&r.s, data, sg_backend_reference());
  for (int phase = 0; phase < SG_PHASES; phase++) {
    r.phase = (SgPhase)phase;
    check_phase(&r);
  }
  net_setup_clear(&r.s);
}

/* ---- inputs ---------------------------------------------------------------------------------- */

/* The networks as functions of what goes in; the value is sum (result * weights). */
#define MAX_NOISE 16
typedef struct {
  NetSetup s;
  gboolean d;
  SgBuf *in[2]; /* G: z, c; D: picture, c. Borrowed, c may be NULL */
  SgBuf *weights;
} Inputs;

static SgVar *
build(Inputs *f, SgVar **in)
{
  SgLearn *l = f->s.l;
  SgTape *t = l->tape;
  SgVar *noise[MAX_NOISE], *y;

  for (int i = 0; i < 2; i++)
    in[i] = sg_var_leaf(t, f->in[i]);
  if (f->d) {
    y = sg_discriminator_logits(t, l->d, in[0], in[1]);
  } else {
    SgVar *w = sg_generator_map(t, l->g, in[0], in[1]);
    for (int k = 0; k < sg_generator_noise_layers(l->g); k++)
      noise[k] = sg_var_constant(t, f->s.draw[SG_PHASE_DMAIN]->noise[k]);
    SgSynthesisInputs inputs = {.w = &w, .n_w = 1, .noise = noise};
    y = sg_generator_synthesize(t, l->g, &inputs);
  }
  return sg_op_sum(t, sg_op_mul(t, y, sg_var_constant(t, f->weights)));
}

static double
value_of_inputs(gpointer data)
{
  Inputs *f = data;
  SgVar *in[2];
  double v = sg_buf_mean(build(f, in)->value);
  g_assert_true(sg_tape_reset(f->s.l->tape, NULL));
  return v;
}

/* With and without a graph of the gradients: fused kernels and the ones that can be differentiated
 * again. */
static void
check_inputs(Inputs *f, gboolean graph)
{
  SgVar *in[2], *grads[2];
  double *gradient[2];
  SgTape *t = f->s.l->tape;

  SgVar *y = build(f, in);
  sg_tape_grad(t, y, NULL, in, 2, graph, grads);
  for (int i = 0; i < 2; i++)
    gradient[i] = grads[i] ? g_memdup2(grads[i]->value->data, grads[i]->value->bytes) : NULL;
  g_assert_true(sg_tape_reset(t, NULL));
  for (int i = 0; i < 2; i++) {
    if (!f->in[i])
      continue;
    g_autofree char *what = g_strdup_printf("%s, %s, input %d", f->s.c->name, f->d ? "D" : "G", i);
    Line l = line_new(f->in[i]->data, sg_buf_count(f->in[i]), (guint64)i);
    g_assert_nonnull(gradient[i]);
    double trust = check_line(what, &l, line_dot(&l, gradient[i]), value_of_inputs, f);
    g_assert_cmpfloat(trust, >, 1e3);
    line_clear(&l);
    g_free(gradient[i]);
  }
}

static void
test_inputs(gconstpointer data)
{
  const NetCase *c = data;
  Inputs f = {.d = FALSE};
  net_setup_init(&f.s, c, sg_backend_reference());
  SgDraw *draw = f.s.draw[SG_PHASE_DMAIN];

  f.in[0] = draw->z;
  f.in[1] = draw->c;
  f.weights = draw->pl_noise;
  check_inputs(&f, FALSE);
  check_inputs(&f, TRUE);
  f.d = TRUE;
  f.in[0] = draw->real;
  f.in[1] = draw->real_c;
  f.weights = net_normals(f.s.l->backend, 5, 1, c->batch, 1, 1, 1);
  check_inputs(&f, FALSE);
  check_inputs(&f, TRUE);
  sg_buf_unref(f.weights);
  net_setup_clear(&f.s);
}

/* ---- the penalties' values ------------------------------------------------------------------- */

/* What is penalised is the size of a gradient: here it is put together from differences, one number
 * of the input after the other. */
static double
square_of_differences(SgBuf *in, Inputs *f)
{
  double sum = 0, *v = in->data;
  for (gsize i = 0; i < sg_buf_count(in); i++) {
    double was = v[i];
    v[i] = was + 1e-6;
    double plus = value_of_inputs(f);
    v[i] = was - 1e-6;
    double minus = value_of_inputs(f);
    v[i] = was;
    sum += pow((plus - minus) / 2e-6, 2);
  }
  return sum;
}

static void
test_r1_value(void)
{
  Inputs f = {.d = TRUE};
  NetCase c = cases[0];
  float one[4] = {1, 1, 1, 1};

  net_setup_init(&f.s, &c, sg_backend_reference());
  f.in[0] = f.s.draw[SG_PHASE_DREG]->real;
  f.weights = sg_buf_from_floats(f.s.l->backend, one, c.batch, 1, 1, 1, NULL);
  net_gradients(&f.s, SG_PHASE_DREG);
  double penalty = f.s.l->penalty, wanted = square_of_differences(f.in[0], &f) / c.batch;
  g_assert_cmpfloat(fabs(penalty - wanted), <, 1e-5 * wanted);
  g_assert_cmpfloat(fabs(f.s.l->loss - f.s.o.r1_gamma / 2 * penalty), <, 1e-9 * penalty);
  sg_buf_unref(f.weights);
  net_setup_clear(&f.s);
}

/* ---- clamping -------------------------------------------------------------------------------- */

static void
set_clamp(const SgNetwork *n, double clamp)
{
  for (guint i = 0; i < n->layers->len; i++)
    sg_network_edit((SgNetwork *)n, (int)i)->clamp = clamp;
}

/* The clamped cases clamp, in both networks: else they would test nothing. */
static void
test_clamped(gconstpointer data)
{
  Run r = {.phase = SG_PHASE_GMAIN};
  net_setup_init(&r.s, data, sg_backend_reference());
  const SgNetwork *g = r.s.l->g->network, *d = r.s.l->d->network;
  double loss = loss_of(&r);
  set_clamp(g, -1);
  double without_g = loss_of(&r);
  set_clamp(g, r.s.c->clamp);
  set_clamp(d, -1);
  double without_d = loss_of(&r);
  g_assert_cmpfloat(fabs(without_g - loss), >, 1e-5 * fabs(loss));
  g_assert_cmpfloat(fabs(without_d - loss), >, 1e-5 * fabs(loss));
  net_setup_clear(&r.s);
}

/* Every augmentation of a draw is used where it belongs: without it the loss is another. */
static void
test_augmented(gconstpointer data)
{
  static const struct {
    SgPhase phase;
    gsize offset;
  } used[] = {{SG_PHASE_GMAIN, G_STRUCT_OFFSET(SgDraw, aug_fake)},
              {SG_PHASE_DMAIN, G_STRUCT_OFFSET(SgDraw, aug_fake)},
              {SG_PHASE_DMAIN, G_STRUCT_OFFSET(SgDraw, aug_real)},
              {SG_PHASE_DREG, G_STRUCT_OFFSET(SgDraw, aug_real)}};
  Run r;
  net_setup_init(&r.s, data, sg_backend_reference());
  for (guint i = 0; i < G_N_ELEMENTS(used); i++) {
    r.phase = used[i].phase;
    SgAugDraw **aug = G_STRUCT_MEMBER_P(r.s.draw[r.phase], used[i].offset), *was = *aug;
    double loss = loss_of(&r);
    *aug = NULL;
    double without = loss_of(&r);
    *aug = was;
    g_assert_cmpfloat(fabs(without - loss), >, 1e-3 * fabs(loss));
  }
  net_setup_clear(&r.s);
}

/* ---- the CPU against the reference ----------------------------------------------------------- */

static double
largest(const float *v, gsize n)
{
  double most = 0;
  for (gsize k = 0; k < n; k++)
    most = MAX(most, fabs((double)v[k]));
  return most;
}

/* Sums that happen to cancel are no more precise than what is summed: `least` says how large that
 * is. */
static void
compare(const char *what, const float *a, const float *b, gsize n, double least)
{
  double worst = 0, range = MAX(largest(a, n), least);
  for (gsize k = 0; k < n; k++)
    worst = MAX(worst, fabs((double)a[k] - b[k]));
  if (!(worst <= 1e-4 * range))
    g_test_fail_printf("%s: off by %g of %g", what, worst, range);
}

static void
compare_scores(const char *what, GArray *a, GArray *b)
{
  g_assert_cmpuint(a->len, ==, b->len);
  compare(what, (float *)(gpointer)a->data, (float *)(gpointer)b->data, a->len, 0);
}

static void
compare_phase(NetSetup *a, NetSetup *b, SgPhase phase)
{
  SgOptimizer *oa = sg_learn_optimizer(a->l, phase), *ob = sg_learn_optimizer(b->l, phase);
  gsize n = oa->net->learnt;
  g_autofree float *x = g_new(float, n), *y = g_new(float, n);

  net_gradients(a, phase);
  net_gradients(b, phase);
  g_assert_cmpfloat(fabs(a->l->loss - b->l->loss), <=, 2e-5 * fabs(a->l->loss));
  g_assert_cmpfloat(fabs(a->l->pl_mean - b->l->pl_mean), <=, 1e-5 * a->l->pl_mean);
  compare_scores("scores", a->l->scores_fake, b->l->scores_fake);
  compare_scores("scores", a->l->scores_real, b->l->scores_real);
  compare_scores("lengths", a->l->lengths, b->l->lengths);
  a->l->backend->download(oa->grad, x);
  b->l->backend->download(ob->grad, y);
  double least = 1e-2 * largest(x, n);
  for (guint i = 0; i < (guint)oa->n; i++) {
    const SgWeight *w = &g_array_index(oa->net->list, SgWeight, i);
    g_autofree char *what =
        g_strdup_printf("%s, %s, %s", a->c->name, sg_phase_names[phase], w->name);
    compare(what, x + w->first, y + w->first, sg_buf_count(w->view), least);
  }
}

static void
compare_pictures(NetSetup *a, NetSetup *b)
{
  const NetCase *c = a->c;
  int n = c->batch;
  gsize size = (gsize)(n * c->channels * c->resolution * c->resolution);
  g_autofree float *x = g_new(float, size), *y = g_new(float, size),
                   *z = g_new(float, n * a->o.z_dim);
  g_autofree float *sx = g_new(float, n), *sy = g_new(float, n), *labels = g_new0(float, n * 8);
  const float *label = c->c_dim ? labels : NULL;
  SgPhilox rng = {.seed = 29};

  labels[0] = labels[c->c_dim] = 1;
  sg_philox_normals(&rng, (gsize)(n * a->o.z_dim), z);
  g_assert_true(sg_learn_pictures(a->l, z, label, n, x, NULL));
  g_assert_true(sg_learn_pictures(b->l, z, label, n, y, NULL));
  compare("pictures", x, y, size, 0);
  g_assert_true(sg_learn_scores(a->l, x, label, n, sx, NULL));
  g_assert_true(sg_learn_scores(b->l, x, label, n, sy, NULL));
  compare("scores of pictures", sx, sy, (gsize)n, 0);
}

static void
test_cpu(gconstpointer data)
{
  NetSetup a, b;
  net_setup_init(&a, data, sg_backend_reference());
  net_setup_init(&b, data, sg_backend_default());
  for (int phase = 0; phase < SG_PHASES; phase++)
    compare_phase(&a, &b, (SgPhase)phase);
  compare_pictures(&a, &b);
  net_setup_clear(&a);
  net_setup_clear(&b);
}

static void
add(const char *group, const NetCase *c, GTestDataFunc f)
{
  g_autofree char *path = g_strdup_printf("/%s/%s", group, c->name);
  g_test_add_data_func(path, c, f);
}

int
main(int argc, char **argv)
{
  tested_backend();
  test_init_going_on(argc, argv);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    add("phases", &cases[i], test_phases);
    add("inputs", &cases[i], test_inputs);
    add("cpu", &cases[i], test_cpu);
    if (cases[i].clamp >= 0)
      add("clamped", &cases[i], test_clamped);
    if (cases[i].pipe)
      add("augmented", &cases[i], test_augmented);
  }
  g_test_add_func("/penalty/r1", test_r1_value);
  return g_test_run();
}
