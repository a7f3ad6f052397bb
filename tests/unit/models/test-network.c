/* Descriptions of networks: of the families that run, from files and for a training; and that the
 * language is wide enough for those that do not run yet: AdaIN (Karras et al. 2019), filters and
 * sizes of StyleGAN3 (Karras et al. 2021), pictures that are not square. */
#include "engine/formats/format-error.h"
#include "engine/models/family.h"
#include "engine/nets/geometry.h"
#include "engine/nets/mapping.h"
#include <math.h>
#include <string.h>

/* ---- what runs ------------------------------------------------------------------------------- */

static void
test_file(gconstpointer name)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "fixtures", name, NULL);
  g_autoptr(SgModel) m = sg_model_load(path, &error);
  g_assert_no_error(error);
  const SgNetwork *nets[] = {sg_model_generator(m), sg_model_discriminator(m)};
  const char *prefixes[] = {sg_model_generator_prefix(m), "D."};

  for (guint k = 0; k < G_N_ELEMENTS(nets); k++) {
    g_assert_true(sg_network_verify(nets[k], &error));
    g_assert_no_error(error);
    for (guint i = 0; i < nets[k]->params->len; i++) {
      const SgParam *p = sg_network_param(nets[k], (int)i);
      const SgTensor *t = sg_model_tensor(m, prefixes[k], p->name);
      g_assert_true(t || p->optional);
      for (int a = 0; t && a < p->ndim; a++)
        g_assert_cmpint(t->shape[a], ==, p->shape[a]);
      g_assert_true(sg_network_find(nets[k], p->name) == p);
    }
  }
  /* The same again from the tensors alone. */
  g_autoptr(SgNetwork) again = sg_family_describe(m, prefixes[0]);
  g_assert_cmpuint(again->params->len, ==, nets[0]->params->len);
}

static SgBlueprint
blueprint(SgArch arch, int classes)
{
  SgBlueprint b = {.info = {.family = &sg_family_stylegan2,
                            .z_dim = 7,
                            .w_dim = 5,
                            .c_dim = classes,
                            .img_resolution = 32,
                            .img_channels = 3,
                            .num_ws = 8,
                            .mapping_layers = 2,
                            .mapping_lr_mul = 0.01,
                            .g_arch = arch,
                            .g_conv_clamp = -1,
                            .has_d = TRUE,
                            .d_arch = arch,
                            .d_conv_clamp = -1,
                            .d_mapping_layers = 2,
                            .d_mapping_lr_mul = 0.01,
                            .mbstd_group_size = 4,
                            .mbstd_num_channels = 1},
                   .width = {[1] = 8, 8, 7, 6, 5}};
  return b;
}

/* For a training: from widths, without a tensor. */
static void
test_training(void)
{
  static const int layers[] = {
      [SG_ARCH_SKIP] = 7 + 4, [SG_ARCH_ORIG] = 7 + 1, [SG_ARCH_RESNET] = 7 + 1 + 3};

  for (int arch = SG_ARCH_SKIP; arch <= SG_ARCH_RESNET; arch++)
    for (int classes = 0; classes < 6; classes += 5) {
      g_autoptr(GError) error = NULL;
      SgBlueprint b = blueprint((SgArch)arch, classes);
      g_autoptr(SgNetwork) g = b.info.family->describe_generator(&b);
      g_autoptr(SgNetwork) d = b.info.family->describe_discriminator(&b);
      g_autoptr(GArray) noise = sg_network_noise_layers(g);
      int synthesis = 0;
      sg_network_verify(g, &error);
      g_assert_no_error(error);
      sg_network_verify(d, &error);
      g_assert_no_error(error);
      for (guint i = 0; i < g->layers->len; i++)
        synthesis += sg_network_layer(g, (int)i)->section == SG_SECTION_SYNTHESIS;
      g_assert_cmpint(synthesis, ==, 1 + layers[arch]);
      g_assert_cmpuint(noise->len, ==, 7);
      g_assert_cmpint(g->draw->len, ==, g->layers->len);
      g_assert_cmpint(sg_network_layer(g, g->output)->out_h, ==, 32);
    }
}

/* A mapping network may have as many layers as it likes: none is written beyond an end. */
static void
test_deep(void)
{
  g_autoptr(GError) error = NULL;
  SgBlueprint b = blueprint(SG_ARCH_SKIP, 0);

  b.info.mapping_layers = 70;
  b.info.has_d = FALSE;
  g_autoptr(SgNetwork) g = b.info.family->describe_generator(&b);
  g_autoptr(SgModel) m = sg_model_new("deep", &b.info);
  for (guint i = 0; i < g->params->len; i++) {
    const SgParam *p = sg_network_param(g, (int)i);
    sg_model_take(m, "G_ema.", p->name, sg_tensor_new(p->ndim, p->shape));
  }
  g_autoptr(SgMapping) map = sg_mapping_new_generator(sg_backend_cpu(), m, "G_ema.", &error);
  g_assert_no_error(error);
  float z[7] = {1, 2, 3}, w[5] = {1, 1, 1, 1, 1};
  g_assert_cmpint(map->layers, ==, 70);
  g_assert_true(sg_mapping_run(map, 1, z, NULL, w, &error));
  g_assert_cmpfloat(w[4], ==, 0);
}

/* Groups as the paper has them, and the last w, which only a toRGB takes. */
static void
test_styles(void)
{
  SgBlueprint b = blueprint(SG_ARCH_SKIP, 0);
  g_autoptr(SgNetwork) g = b.info.family->describe_generator(&b);
  const SgLayer *of[8];
  static const int sizes[] = {4, 8, 8, 16, 16, 32, 32, 32};

  sg_network_style_layers(g, of);
  for (int k = 0; k < 8; k++) {
    g_assert_cmpint(of[k]->out_h, ==, sizes[k]);
    g_assert_cmpint(of[k]->kind, ==, k == 7 ? SG_KIND_TO_RGB : SG_KIND_MODULATED);
    g_assert_cmpint(of[k]->group, ==, sizes[k] <= 8 ? SG_STYLES_COARSE : SG_STYLES_MIDDLE);
  }
}

/* Twice as wide as high, and no power of two: from a constant of 3 × 6 pixels. */
static void
test_not_square(void)
{
  g_autoptr(GError) error = NULL;
  SgBlueprint b = blueprint(SG_ARCH_RESNET, 0);

  b.info.img_height = 3 * b.info.img_resolution / 4;
  b.info.img_width = 6 * b.info.img_resolution / 4;
  g_autoptr(SgNetwork) g = b.info.family->describe_generator(&b);
  sg_network_verify(g, &error);
  g_assert_no_error(error);
  g_assert_cmpint(g->height, ==, 24);
  g_assert_cmpint(g->width, ==, 48);
  g_autoptr(GArray) noise = sg_network_noise_layers(g);
  const SgLayer *last = sg_network_layer(g, g_array_index(noise, int, noise->len - 1));
  const SgParam *plane = sg_layer_param(g, last, SG_ROLE_NOISE_CONST);
  g_assert_cmpint(plane->shape[0], ==, 24);
  g_assert_cmpint(plane->shape[1], ==, 48);
}

/* ---- AdaIN ----------------------------------------------------------------------------------- */

static const SgFamily other = {.name = "other", .title = "another"};

static void
add(SgNetwork *n, SgLayer *l, const char *name)
{
  g_strlcpy(l->name, name, sizeof l->name);
  int i = sg_network_add(n, l);
  sg_network_run_next(n, i);
}

static int
last(const SgNetwork *n)
{
  return (int)n->layers->len - 1;
}

/* Convolution (of kernel 0: none), noise, bias, leaky ReLU, then style; up: nearest neighbours
 * ahead, and [1, 2, 1] behind the convolution. */
static void
add_adain(SgNetwork *n, int from, int out, int kernel, gboolean up, int w_index)
{
  static const double two[] = {1, 1}, blur[] = {0.25, 0.5, 0.25};
  const SgLayer *x = sg_network_layer(n, from);
  SgLayer l = sg_layer_new(SG_KIND_ADAIN, SG_SECTION_SYNTHESIS);
  g_autofree char *name = g_strdup_printf("layer%d", w_index);

  l.input = from;
  l.in = x->out;
  l.in_h = x->out_h;
  l.in_w = x->out_w;
  l.out = out;
  l.out_h = x->out_h * (up ? 2 : 1);
  l.out_w = x->out_w * (up ? 2 : 1);
  l.kernel = kernel;
  l.pad = l.pad_end = kernel / 2;
  if (up) {
    l.before = (SgFilter){.n = 2, .taps = two, .up = 2, .down = 1, .pad = 1, .gain = 1};
    l.after =
        (SgFilter){.n = 3, .taps = blur, .up = 1, .down = 1, .pad = 1, .pad_end = 1, .gain = 1};
  }
  l.w_index = w_index;
  l.slope = 0.2;
  l.gain = G_SQRT2;
  add(n, &l, name);
  int i = last(n);
  if (kernel)
    sg_network_declare(n, i, SG_ROLE_WEIGHT, SHAPE(out, l.in, kernel, kernel), "%s.weight", name);
  sg_network_declare(n, i, SG_ROLE_BIAS, SHAPE(out), "%s.bias", name);
  sg_network_declare(n, i, SG_ROLE_NOISE_STRENGTH, SHAPE(out), "%s.noise", name);
  sg_network_declare(n, i, SG_ROLE_AFFINE_WEIGHT, SHAPE(2 * out, n->w_dim), "%s.style", name);
  sg_network_declare(n, i, SG_ROLE_AFFINE_BIAS, SHAPE(2 * out), "%s.style.bias", name);
}

static SgNetwork *
adain_network(void)
{
  SgNetwork *n = sg_network_new(&other);
  SgLayer c = sg_layer_new(SG_KIND_CONSTANT, SG_SECTION_SYNTHESIS);
  SgLayer rgb = sg_layer_new(SG_KIND_TO_RGB, SG_SECTION_SYNTHESIS);

  n->w_dim = 5;
  n->num_ws = 4;
  n->channels = 3;
  c.in = c.out = 8;
  c.in_h = c.in_w = c.out_h = c.out_w = 4;
  add(n, &c, "const");
  sg_network_declare(n, 0, SG_ROLE_WEIGHT, SHAPE(8, 4, 4), "const");
  add_adain(n, 0, 8, 0, FALSE, 0);
  add_adain(n, 1, 8, 3, FALSE, 1);
  add_adain(n, 2, 6, 3, TRUE, 2);
  add_adain(n, 3, 6, 3, FALSE, 3);
  rgb.input = 4;
  rgb.in = 6;
  rgb.out = 3;
  rgb.in_h = rgb.in_w = rgb.out_h = rgb.out_w = 8;
  rgb.kernel = 1;
  add(n, &rgb, "rgb");
  sg_network_declare(n, 5, SG_ROLE_WEIGHT, SHAPE(3, 6, 1, 1), "rgb.weight");
  n->output = 5;
  return n;
}

static void
test_adain(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgNetwork) n = adain_network();

  sg_network_verify(n, &error);
  g_assert_no_error(error);
  const SgLayer *up = sg_network_layer(n, 3);
  g_assert_cmpfloat(sg_param_scale(n, sg_layer_param(n, up, SG_ROLE_WEIGHT)), ==, 1 / sqrt(8 * 9));
  g_assert_cmpfloat(sg_param_scale(n, sg_layer_param(n, up, SG_ROLE_AFFINE_WEIGHT)), ==,
                    1 / sqrt(5));
}

/* ---- StyleGAN3 ------------------------------------------------------------------------------- */

#define TAPS 6

/* A layer between two sampling rates, as the paper's appendix has it: the padding makes the size
 * come out, wherever the filters put it. */
static void
add_alias_free(SgNetwork *n, int from, int in_rate, int out_rate, int size, int w_index)
{
  static const double flat[TAPS * 4] = {0};
  const SgLayer *x = sg_network_layer(n, from);
  SgLayer l = sg_layer_new(SG_KIND_MODULATED, SG_SECTION_SYNTHESIS);
  int high = MAX(in_rate, out_rate) * 2, up = high / in_rate, down = high / out_rate;
  g_autofree char *name = g_strdup_printf("L%d_%d", w_index, size);

  l.input = from;
  l.in = x->out;
  l.in_h = x->out_h;
  l.in_w = x->out_w;
  l.out = 4;
  l.out_h = l.out_w = size;
  l.kernel = 3;
  l.pad = l.pad_end = 2;
  int pad = (size - 1) * down + 1 - (l.in_h + 2) * up + TAPS * up + TAPS * down - 2;
  int before = (pad + up) / 2;
  l.act_up = (SgFilter){.n = TAPS * up,
                        .taps = flat,
                        .up = up,
                        .down = 1,
                        .pad = before,
                        .pad_end = pad - before,
                        .gain = up * up};
  l.act_down =
      (SgFilter){.n = TAPS * down, .taps = flat, .up = 1, .down = down, .gain = 1, .radial = TRUE};
  l.w_index = w_index;
  l.slope = 0.2;
  l.gain = G_SQRT2;
  l.clamp = 256;
  add(n, &l, name);
  int i = last(n);
  sg_network_declare(n, i, SG_ROLE_WEIGHT, SHAPE(4, l.in, 3, 3), "%s.weight", name);
  sg_network_declare(n, i, SG_ROLE_BIAS, SHAPE(4), "%s.bias", name);
  sg_network_declare(n, i, SG_ROLE_AFFINE_WEIGHT, SHAPE(l.in, n->w_dim), "%s.affine.weight", name);
  sg_network_declare(n, i, SG_ROLE_AFFINE_BIAS, SHAPE(l.in), "%s.affine.bias", name);
  sg_network_declare(n, i, SG_ROLE_AVERAGE, 0, NULL, "%s.magnitude", name);
}

static SgNetwork *
alias_free_network(void)
{
  static const int rates[] = {16, 16, 32, 32, 64, 64, 128}, margin = 10;
  SgNetwork *n = sg_network_new(&other);
  SgLayer in = sg_layer_new(SG_KIND_FOURIER, SG_SECTION_SYNTHESIS);

  n->w_dim = 5;
  n->num_ws = G_N_ELEMENTS(rates);
  n->channels = 3;
  in.in = in.out = 4;
  in.in_h = in.in_w = in.out_h = in.out_w = rates[0] + 2 * margin;
  in.w_index = 0;
  add(n, &in, "input");
  sg_network_declare(n, 0, SG_ROLE_WEIGHT, SHAPE(4, 4), "input.weight");
  sg_network_declare(n, 0, SG_ROLE_FREQUENCIES, SHAPE(4, 2), "input.freqs");
  sg_network_declare(n, 0, SG_ROLE_PHASES, SHAPE(4), "input.phases");
  sg_network_declare(n, 0, SG_ROLE_AFFINE_WEIGHT, SHAPE(4, 5), "input.affine.weight");
  for (int k = 1; k < (int)G_N_ELEMENTS(rates); k++)
    add_alias_free(n, k - 1, rates[k - 1], rates[k], rates[k] + 2 * margin, k);
  n->output = last(n);
  return n;
}

static void
test_alias_free(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgNetwork) n = alias_free_network();

  sg_network_verify(n, &error);
  g_assert_no_error(error);
  g_assert_cmpint(sg_network_layer(n, n->output)->out_h, ==, 148);
}

/* ---- what cannot be run is refused, not drawn wrongly ---------------------------------------- */

/* On a device that has StyleGAN2's kernels only. */
static void
not_run(SgNetwork *n, const char *text)
{
  SgBackend less = *sg_backend_cpu();
  g_autoptr(GError) error = NULL;
  g_autoptr(SgNetwork) owned = n;

  less.adain = NULL;
  less.filtered = NULL;
  g_assert_false(sg_network_check_runnable(n, &less, &error));
  if (!strstr(error->message, text))
    g_error("“%s” does not say “%s”", error->message, text);
}

static SgNetwork *
with_taps(double second)
{
  SgBlueprint b = blueprint(SG_ARCH_SKIP, 0);
  SgNetwork *g = b.info.family->describe_generator(&b);
  const double taps[] = {0.125, second, 0.375, 0.125};

  for (guint i = 0; i < g->layers->len; i++)
    if (sg_network_layer(g, (int)i)->after.n)
      sg_network_edit(g, (int)i)->after.taps = sg_network_keep_taps(g, taps, 4);
  return g;
}

static void
test_not_run(void)
{
  g_autoptr(GError) error = NULL;

  not_run(adain_network(),
          "layer0 normalises by its style (AdaIN), which the device cpu cannot run");
  not_run(alias_free_network(), "input begins with Fourier features");
  not_run(with_taps(0.3), "synthesis.b8.conv0 resamples 1:1 with 4 taps and padding 1, 1");
  g_autoptr(SgNetwork) same = with_taps(0.375);
  sg_network_check_runnable(same, sg_backend_cpu(), &error);
  g_assert_no_error(error);
  /* AdaIN's gradient is made of what every device has; other filters are not. */
  SgBackend less = *sg_backend_cpu();
  g_autoptr(SgNetwork) adain = adain_network(), filtered = alias_free_network();
  less.adain = NULL;
  less.filtered = NULL;
  sg_network_check_runnable(adain, sg_backend_cpu(), &error);
  g_assert_no_error(error);
  less.filtered = sg_backend_cpu()->filtered;
  sg_network_check_differentiable(adain, &less, &error);
  g_assert_no_error(error);
  less.filtered = NULL;
  sg_network_check_differentiable(filtered, sg_backend_cpu(), &error);
  g_assert_no_error(error);
  g_assert_false(sg_network_check_differentiable(filtered, &less, &error));
  g_assert_nonnull(strstr(error->message, "which the device cpu cannot differentiate"));
}

/* ---- nonsense is refused --------------------------------------------------------------------- */

static void
refused(void (*spoil)(SgNetwork *n), const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgNetwork) n = adain_network();

  spoil(n);
  g_assert_false(sg_network_verify(n, &error));
  g_assert_nonnull(strstr(error->message, text));
}

static void
spoil_size(SgNetwork *n)
{
  sg_network_edit(n, 3)->out_w = 9;
}

static void
spoil_edge(SgNetwork *n)
{
  sg_network_edit(n, 2)->input = 4;
}

static void
spoil_channels(SgNetwork *n)
{
  sg_network_edit(n, 4)->in = 7;
}

static void
spoil_tensor(SgNetwork *n)
{
  g_array_index(n->params, SgParam, sg_network_layer(n, 3)->param[SG_ROLE_BIAS]).shape[0] = 5;
}

static void
spoil_style(SgNetwork *n)
{
  sg_network_edit(n, 3)->w_index = 4;
}

static void
spoil_order(SgNetwork *n)
{
  sg_network_run_next(n, 2);
}

static void
test_nonsense(void)
{
  refused(spoil_size, "layer2 is described with a width 9 where 8 belongs");
  refused(spoil_edge, "layer1 takes what layer 4 gives, which has not run");
  refused(spoil_channels, "layer3 is described with input channels 7 where 6 belongs");
  refused(spoil_tensor, "layer2.bias is described with 5 channels where the layer has 6");
  refused(spoil_style, "a style vector 4 where 3 belongs");
  refused(spoil_order, "layer1 runs 2 times");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_data_func("/network/stylegan2", "sg2_ada_p3.pkl", test_file);
  g_test_add_data_func("/network/mystylegan", "simplerick_zip.pt", test_file);
  g_test_add_func("/network/training", test_training);
  g_test_add_func("/network/deep-mapping", test_deep);
  g_test_add_func("/network/styles", test_styles);
  g_test_add_func("/network/not-square", test_not_square);
  g_test_add_func("/network/adain", test_adain);
  g_test_add_func("/network/alias-free", test_alias_free);
  g_test_add_func("/network/not-run", test_not_run);
  g_test_add_func("/network/nonsense", test_nonsense);
  return g_test_run();
}
