/* ADA's p, by hand: it moves by batch · interval / (kimg · 1000) every so many iterations, towards
 * the target of mean sign (D (real)), and stays at 0 or above (Karras et al. 2020b, section 3). */
#include "engine/learn/learn.h"

static const char *const widths[] = {"4:4", "8:3", NULL};

static SgTrainOptions
options(const char *aug)
{
  return (SgTrainOptions){.seed = 5,
                          .resolution = 8,
                          .channels = 3,
                          .z_dim = 8,
                          .w_dim = 8,
                          .mapping_layers = 2,
                          .mapping_lr_mul = 0.01,
                          .g_arch = (char *)"skip",
                          .d_arch = (char *)"resnet",
                          .conv_clamp = -1,
                          .mbstd_group = 2,
                          .mbstd_channels = 1,
                          .channel_max = 4,
                          .batch = 4,
                          .beta2 = 0.99,
                          .eps = 1e-8,
                          .ema_kimg = 1,
                          .ada_target = 0.6,
                          .ada_interval = 4,
                          .ada_kimg = 0.5, /* 4 · 4 / 500: a step is 0.032 */
                          .aug = (char *)aug};
}

/* Four iterations in which D calls `positive` of 20 real pictures real. */
static void
four(SgLearn *l, int positive)
{
  for (int i = 0; i < 4; i++) {
    l->ada_sum += positive / 4.0 - (20 - positive) / 4.0;
    l->ada_count += 5;
    sg_learn_end_iteration(l, 4);
  }
}

static void
test_steps(void)
{
  static const struct {
    int positive; /* of 20; 16 is a mean sign of 0.6 */
    double p;
  } steps[] = {{20, 0.032}, {17, 0.064}, {16, 0.064}, {15, 0.032}, {0, 0}, {0, 0}, {20, 0.032}};
  g_autoptr(GError) error = NULL;
  SgTrainOptions o = options("ada");
  g_autoptr(SgLearn) l = sg_learn_new_with_widths(sg_backend_reference(), &o, widths, &error);

  g_assert_no_error(error);
  sg_learn_init(l);
  for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
    four(l, steps[i].positive);
    g_assert_cmpfloat_with_epsilon(l->ada_p, steps[i].p, 1e-12);
    g_assert_cmpfloat(l->ada_p, >=, 0);
    g_assert_cmpuint(l->ada_count, ==, 0); /* what was seen before does not count again */
  }
  /* There is no upper bound. */
  l->ada_p = 1;
  four(l, 20);
  g_assert_cmpfloat_with_epsilon(l->ada_p, 1.032, 1e-12);
}

/* Between two changes, and without anything seen, p stays. */
static void
test_stays(void)
{
  g_autoptr(GError) error = NULL;
  SgTrainOptions o = options("ada"), fixed = options("fixed");
  g_autoptr(SgLearn) l = sg_learn_new_with_widths(sg_backend_reference(), &o, widths, &error);
  g_autoptr(SgLearn) other =
      sg_learn_new_with_widths(sg_backend_reference(), &fixed, widths, &error);

  g_assert_no_error(error);
  sg_learn_init(l);
  l->ada_p = 0.25;
  for (int i = 0; i < 3; i++) {
    l->ada_sum += 5;
    l->ada_count += 5;
    sg_learn_end_iteration(l, 4);
    g_assert_cmpfloat(l->ada_p, ==, 0.25);
  }
  l->ada_sum = 0;
  l->ada_count = 0;
  sg_learn_end_iteration(l, 4);
  g_assert_cmpfloat(l->ada_p, ==, 0.25);

  sg_learn_init(other);
  other->ada_p = 0.25;
  four(other, 20);
  g_assert_cmpfloat(other->ada_p, ==, 0.25);
}

/* A phase whose interval is 0 is left out. */
static void
test_intervals(void)
{
  g_autoptr(GError) error = NULL;
  SgTrainOptions o = options("noaug");
  g_autoptr(SgLearn) l = sg_learn_new_with_widths(sg_backend_reference(), &o, widths, &error);

  g_assert_no_error(error);
  o.r1_gamma = 1;
  o.pl_weight = 2;
  g_assert_cmpint(sg_learn_interval(l, SG_PHASE_DREG), ==, 0);
  g_assert_cmpint(sg_learn_interval(l, SG_PHASE_GREG), ==, 0);
  o.r1_interval = 16;
  o.pl_interval = 4;
  g_assert_cmpint(sg_learn_interval(l, SG_PHASE_DREG), ==, 16);
  g_assert_cmpint(sg_learn_interval(l, SG_PHASE_GREG), ==, 4);
  g_assert_cmpint(sg_learn_interval(l, SG_PHASE_GMAIN), ==, 1);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ada/steps", test_steps);
  g_test_add_func("/ada/stays", test_stays);
  g_test_add_func("/phases/intervals", test_intervals);
  return g_test_run();
}
