/* Iterations of training against PyTorch in float64 (make-training.py wrote what is replayed here):
 * gradients of the first iteration, losses of all, and the final weights. */
#include "tests/support/tested-backend.h"
#include "engine/formats/archive.h"
#include "engine/learn/draws.h"
#include <math.h>
#include <string.h>

typedef struct {
  SgArchive *file;
  SgTrainOptions o;
  SgBlueprint shape;
  SgLearn *l;
  int iterations;
} Case;

/* ---- the file -------------------------------------------------------------------------------- */

static const char *
meta(const Case *c, const char *key)
{
  g_autofree char *name = g_strconcat("__metadata__.", key, NULL);
  return sg_archive_attribute(c->file, name);
}

static double
number(const Case *c, const char *key)
{
  const char *v = meta(c, key);
  if (!v)
    g_error("no “%s” in the file", key);
  return g_ascii_strtod(v, NULL);
}

G_GNUC_PRINTF(2, 3)
static SgTensor *
tensor(const Case *c, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *name = g_strdup_vprintf(format, args);
  va_end(args);
  const char *other = meta(c, name);
  return sg_archive_tensor(c->file, other ? other : name);
}

static SgBuf *
buffer(const Case *c, const SgTensor *t)
{
  int s[4] = {1, 1, 1, 1};
  if (!t)
    return NULL;
  for (int i = 0; i < t->ndim; i++)
    s[i] = (int)t->shape[i];
  return sg_buf_from_floats(c->l->backend, t->data, s[0], s[1], s[2], s[3], NULL);
}

static void
load(const Case *c, SgWeights *w, const char *prefix)
{
  for (guint i = 0; i < w->list->len; i++) {
    const SgWeight *v = &g_array_index(w->list, SgWeight, i);
    SgTensor *t = tensor(c, "init.%s%s", prefix, v->name);
    if (!t)
      g_error("init.%s%s is missing", prefix, v->name);
    g_assert_cmpuint(t->numel, ==, sg_buf_count(v->view));
    w->backend->upload(v->view, t->data);
  }
}

static void
set_options(Case *c)
{
  c->o = (SgTrainOptions){
      .resolution = (int)number(c, "img_resolution"),
      .channels = 3,
      .label_dim = (int)number(c, "c_dim"),
      .cond = number(c, "c_dim") > 0,
      .z_dim = (int)number(c, "z_dim"),
      .w_dim = (int)number(c, "w_dim"),
      .mapping_layers = (int)number(c, "mapping_layers"),
      .mapping_lr_mul = 0.01,
      .g_arch = (char *)meta(c, "g_architecture"),
      .d_arch = (char *)meta(c, "d_architecture"),
      .conv_clamp = number(c, "conv_clamp"),
      .d_mapping_layers = (int)number(c, "d_mapping_layers"),
      .mbstd_group = (int)number(c, "mbstd_group_size"),
      .mbstd_channels = (int)number(c, "mbstd_num_channels"),
      .channel_max = 1,
      .batch = (int)number(c, "batch"),
      .lr_g = number(c, "lr_g"),
      .lr_d = number(c, "lr_d"),
      .beta1 = number(c, "beta1"),
      .beta2 = number(c, "beta2"),
      .eps = number(c, "eps"),
      .r1_gamma = number(c, "r1_gamma"),
      .r1_interval = (int)number(c, "r1_interval"),
      .pl_weight = number(c, "pl_weight"),
      .pl_interval = (int)number(c, "pl_interval"),
      .pl_batch_shrink = (int)number(c, "pl_batch_shrink"),
      .pl_decay = number(c, "pl_decay"),
      .w_avg_beta = number(c, "w_avg_beta"),
      .ema_kimg = number(c, "ema_kimg"),
      .aug = (char *)"noaug",
  };
  c->iterations = (int)number(c, "iterations");
}

/* ---- replay ---------------------------------------------------------------------------------- */

static SgDraw *
draw_new(const Case *c, int t, SgPhase phase)
{
  const char *name = sg_phase_names[phase];
  SgTensor *cutoff = tensor(c, "draw.%02d.%s.cutoff", t, name);
  int layers = sg_generator_noise_layers(c->l->g);
  SgDraw *d = g_new(SgDraw, 1);
  *d = (SgDraw){.z = buffer(c, tensor(c, "draw.%02d.%s.z", t, name)),
                .z2 = buffer(c, tensor(c, "draw.%02d.%s.z2", t, name)),
                .cutoff = cutoff ? (int)cutoff->data[0] : 0,
                .c = buffer(c, tensor(c, "draw.%02d.%s.c", t, name)),
                .noise = g_new0(SgBuf *, layers + 1),
                .pl_noise = buffer(c, tensor(c, "draw.%02d.%s.pl_noise", t, name)),
                .real = buffer(c, tensor(c, "draw.%02d.Dmain.real", t)),
                .real_c = buffer(c, tensor(c, "draw.%02d.Dmain.real_c", t))};
  for (int k = 0; k < layers; k++)
    d->noise[k] = buffer(c, tensor(c, "draw.%02d.%s.noise.%d", t, name, k));
  if (d->z && c->l->backend->record_begin) { /* draws of one kind, so that phases are recorded */
    int from = d->z2 ? d->cutoff : c->l->shape.info.num_ws;
    d->z2 = d->z2 ? d->z2 : sg_buf_ref(d->z);
    d->mix = sg_draw_mix(c->l, from, NULL);
  }
  return d;
}

/* |a - b| / |b| over a whole tensor, or of a change since `from`. */
static double
distance(const float *a, const float *b, const float *from, gsize n)
{
  double off = 0, size = 0;
  for (gsize i = 0; i < n; i++) {
    double d = (double)a[i] - b[i], s = (double)b[i] - (from ? from[i] : 0);
    off += d * d;
    size += s * s;
  }
  return sqrt(off) / MAX(sqrt(size), 1e-6 * sqrt((double)n));
}

static void
check_gradients(const Case *c, SgPhase phase, double limit)
{
  const SgOptimizer *opt = sg_learn_optimizer(c->l, phase);
  double worst = 0;
  for (guint i = 0; i < (guint)opt->n; i++) {
    const SgWeight *w = &g_array_index(opt->net->list, SgWeight, i);
    SgTensor *t = tensor(c, "grad.%s.%s", sg_phase_names[phase], w->name);
    g_autoptr(SgBuf) view = sg_buf_view(opt->grad, w->first, 1, 1, 1, (int)sg_buf_count(w->view));
    g_autofree float *v = g_new(float, sg_buf_count(view));
    c->l->backend->download(view, v);
    g_assert_nonnull(t);
    double off = distance(v, t->data, NULL, t->numel);
    if (!(off <= limit))
      g_error("gradient of %s in %s is off by %g", w->name, sg_phase_names[phase], off);
    worst = MAX(worst, off);
  }
  g_test_message("%s: gradients within %.2g", sg_phase_names[phase], worst);
}

static void
check_final(const Case *c, const SgWeights *w, const char *prefix, double limit)
{
  double worst = 0, change = 0;
  for (guint i = 0; i < w->list->len; i++) {
    const SgWeight *v = &g_array_index(w->list, SgWeight, i);
    SgTensor *t = tensor(c, "final.%s%s", prefix, v->name);
    SgTensor *init = tensor(c, "init.%s%s", g_str_equal(prefix, "G_ema.") ? "G." : prefix, v->name);
    g_autofree float *now = g_new(float, sg_buf_count(v->view));
    w->backend->download(v->view, now);
    g_assert_nonnull(t);
    for (gsize k = 0; k < t->numel; k++) {
      double off = fabs((double)now[k] - t->data[k]) / MAX(1, fabs((double)t->data[k]));
      if (!(off <= limit))
        g_error("%s%s[%" G_GSIZE_FORMAT "] is %g, PyTorch's %g", prefix, v->name, k, now[k],
                t->data[k]);
      worst = MAX(worst, off);
    }
    change = MAX(change, distance(now, t->data, init->data, t->numel));
  }
  g_test_message("%s final weights within %.2g, of their change %.2g", prefix, worst, change);
}

static void
check_loss(const Case *c, int t, SgPhase phase)
{
  SgTensor *losses = tensor(c, "loss.%s", sg_phase_names[phase]);
  double wanted = losses->data[t];
  g_test_message("%d %s: loss %.7g, PyTorch %.7g", t, sg_phase_names[phase], c->l->loss, wanted);
  g_assert_cmpfloat(fabs(c->l->loss - wanted), <=, 1e-3 * MAX(fabs(wanted), 1e-3));
  if (phase == SG_PHASE_GREG)
    g_assert_cmpfloat(fabs(c->l->pl_mean - tensor(c, "pl_mean")->data[t]), <=,
                      1e-3 * fabs(c->l->pl_mean));
}

static void
replay(const char *name, SgBackend *backend, double gradient_limit)
{
  Case c = {0};
  g_autoptr(GError) error = NULL;
  g_autofree char *file = g_strconcat(name, ".safetensors", NULL);
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "golden", "expected", file, NULL);

  c.file = sg_archive_open(path, &error);
  g_assert_no_error(error);
  set_options(&c);
  g_auto(GStrv) widths = g_strsplit(meta(&c, "channels"), ",", -1);
  c.l = sg_learn_new_with_widths(backend, &c.o, (const char *const *)widths, &error);
  g_assert_no_error(error);
  load(&c, c.l->g, "G.");
  load(&c, c.l->d, "D.");
  backend->copy(c.l->ema->flat, c.l->g->flat);
  for (int t = 0; t < c.iterations; t++) {
    for (int phase = 0; phase < SG_PHASES; phase++) {
      int interval = sg_learn_interval(c.l, (SgPhase)phase);
      if (interval == 0 || t % interval != 0)
        continue;
      SgDraw *d = draw_new(&c, t, (SgPhase)phase);
      g_assert_true(sg_learn_phase(c.l, (SgPhase)phase, d, &error));
      if (t == 0)
        check_gradients(&c, (SgPhase)phase, gradient_limit);
      check_loss(&c, t, (SgPhase)phase);
      sg_draw_free(d);
    }
    sg_learn_end_iteration(c.l, c.o.batch);
  }
  check_final(&c, c.l->g, "G.", 1e-4);
  check_final(&c, c.l->d, "D.", 1e-4);
  check_final(&c, c.l->ema, "G_ema.", 1e-4);
  sg_learn_free(c.l);
  sg_archive_unref(c.file);
}

static void
test_cpu(gconstpointer name)
{
  replay(name, sg_backend_default(), 1e-3);
}

static void
test_reference(gconstpointer name)
{
  replay(name, sg_backend_reference(), 1e-5);
}

int
main(int argc, char **argv)
{
  tested_backend();
  g_test_init(&argc, &argv, NULL);
  g_test_add_data_func("/cpu/training", "training", test_cpu);
  g_test_add_data_func("/cpu/training-cond", "training-cond", test_cpu);
  g_test_add_data_func("/reference/training", "training", test_reference);
  g_test_add_data_func("/reference/training-cond", "training-cond", test_reference);
  return g_test_run();
}
