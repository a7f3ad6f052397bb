/* Every operation's gradients; see gradient-check.h. */
#include "tests/support/going-on.h"
#include "tests/support/tested-backend.h"
#include "engine/learn/augment.h"
#include "gradient-check.h"

#define A           SG_FMT_ACT
#define P           SG_FMT_PLAIN
#define BUILD(name) static SgVar *name(SgTape *t, SgVar **in, const CheckCase *c)

BUILD(build_combine)
{
  return sg_op_combine(t, 0.7, in[0], -1.3, in[1]);
}

BUILD(build_mul)
{
  return sg_op_mul(t, in[0], in[1]);
}

BUILD(build_square)
{
  return sg_op_mul(t, in[0], in[0]);
}

BUILD(build_gain)
{
  return sg_op_gain(t, sg_op_mul(t, in[0], in[0]), 2.5);
}

BUILD(build_map)
{
  return c->option == 0   ? sg_op_rsqrt(t, in[0], 0.1)
         : c->option == 1 ? sg_op_softplus(t, in[0])
         : c->option == 2 ? sg_op_sigmoid(t, in[0])
                          : sg_op_sin(t, in[0], 0.3);
}

BUILD(build_shapes)
{
  SgVar *x = sg_op_to_act(t, sg_op_reshape(t, in[0], 2, 5, 2, 3));
  return sg_op_to_plain(t, sg_op_mul(t, x, x), 2, 30, 1, 1);
}

BUILD(build_expand)
{
  SgVar *y = sg_op_expand(t, sg_op_mul(t, in[0], in[0]), (SgFormat)c->option, 3, 5, 4, 6);
  return sg_op_mul(t, y, y);
}

/* There and back: channels that only fill up a block must not be summed. */
BUILD(build_expand_sum)
{
  SgVar *y = sg_op_expand(t, sg_op_mul(t, in[0], in[0]), A, 3, 5, 4, 6);
  return sg_op_sum_to(t, y, c->in[0].n, 1, 4, 6);
}

BUILD(build_sum_to)
{
  SgVar *x = sg_op_mul(t, in[0], in[0]);
  SgVar *y = c->option == 0   ? sg_op_sum_to(t, x, 3, 1, 4, 6)
             : c->option == 1 ? sg_op_sum_to(t, x, 1, 5, 1, 1)
             : c->option == 2 ? sg_op_sum_to(t, x, 3, 5, 1, 1)
             : c->option == 3 ? sg_op_sum_to(t, x, 1, 1, 4, 6)
                              : sg_op_sum(t, x);
  return sg_op_mul(t, y, y);
}

BUILD(build_slice)
{
  SgVar *y = sg_op_slice(t, sg_op_mul(t, in[0], in[0]), 2, 3);
  return sg_op_pad(t, sg_op_mul(t, y, y), 1, 7);
}

BUILD(build_matmul)
{
  return sg_op_matmul(t, in[0], c->option & 1, in[1], (c->option & 2) != 0, 0.3);
}

BUILD(build_scale)
{
  return sg_op_scale(t, in[0], in[1]);
}

BUILD(build_dot)
{
  return sg_op_dot(t, in[0], in[1]);
}

/* in: x, scale, noise, bias, strength; option: bits 1 scale, 2 noise, 4 clamp */
BUILD(build_epilogue)
{
  SgEpilogueVars e = {.scale = c->option & 1 ? in[1] : NULL,
                      .noise = c->option & 2 ? in[2] : NULL,
                      .strength = c->option & 2 ? in[4] : NULL,
                      .bias = in[3],
                      .slope = 0.2,
                      .gain = 1.4142,
                      .clamp = c->option & 4 ? 0.8 : -1};
  SgVar *x = sg_op_mul(t, in[0], in[0]); /* so that it may be overwritten, and is not linear */
  return sg_op_epilogue(t, x, &e);
}

/* clang-format off */
#define EPILOGUE(fmt, noises, c, h, w)                                                             \
  {{fmt, 2, c, h, w}, {P, 2, c, 1, 1}, {P, noises, 1, h, w, 0, 1, TRUE}, {P, 1, c, 1, 1},          \
   {P, 1, 1, 1, 1}}
/* clang-format on */

BUILD(build_fir)
{
  return sg_op_fir(t, sg_op_mul(t, in[0], in[0]), (SgFir)c->option);
}

BUILD(build_adain)
{
  return sg_op_adain(t, in[0], in[1], 0.1);
}

/* Filters that are unlike their mirror images. */
static const double taps[] = {0.3, 0.9, -0.2, 0.5, 0.1, 0.4};
static const double square[] = {0.2, 0.7, 0.1, 0.5, -0.3, 0.4, 0.6, 0.1, 0.2};
static const struct {
  SgTaps f;
  int h, w; /* of the result */
} resamplings[] = {
    {{6, taps, 2, 1, 3, 4, FALSE}, 13, 15}, {{6, taps, 4, 1, -2, 2, FALSE}, 17, 19},
    {{6, taps, 1, 2, 0, 1, FALSE}, 2, 2},   {{6, taps, 1, 2, 2, 1, FALSE}, 4, 4},
    {{3, square, 1, 2, 1, 1, TRUE}, 4, 4},  {{3, square, 1, 1, 2, 1.5, TRUE}, 8, 9},
    {{3, taps, 1, 1, 1, 1, FALSE}, 7, 8},   {{1, taps, 1, 1, 0, 1, FALSE}, 7, 8},
};

/* option: of `resamplings`. Squared, so that there is a second order to check. */
BUILD(build_resample)
{
  gsize i = (gsize)c->option;
  return sg_op_resample(t, sg_op_mul(t, in[0], in[0]), &resamplings[i].f, resamplings[i].h,
                        resamplings[i].w);
}

/* option: bits 1 radial, 2 enlarges by 4, 4 clamp, 8 without a filter ahead of the activation */
BUILD(build_filtered)
{
  SgFiltered f = {.up = {6, taps, 2, 1, 3, 4, FALSE},
                  .down = {6, taps, 1, 2, 0, 1, FALSE},
                  .h = 14,
                  .w = 16,
                  .slope = 0.2,
                  .gain = 1.4142,
                  .clamp = c->option & 4 ? 0.8 : -1};
  int h = 5, w = 6;

  if (c->option & 1) {
    f.down = (SgTaps){3, square, 1, 2, 0, 1, TRUE};
    h = 6;
    w = 7;
  }
  if (c->option & 2) {
    f.up = (SgTaps){6, taps, 4, 1, -4, 16, FALSE};
    f.h = 15;
  }
  if (c->option & 8) {
    f.up.n = 0;
    f.h = 7;
    f.w = 8;
    h = w = 2;
  }
  return sg_op_filtered(t, sg_op_mul(t, in[0], in[0]), &f, h, w);
}

/* option: kind, stride, pad, output size in a byte each; in: x, w and maybe style */
BUILD(build_conv)
{
  int kind = (int)(c->option & 255), stride = (int)(c->option >> 8 & 255);
  int pad = (int)(c->option >> 16 & 255), size = (int)(c->option >> 24 & 255);
  SgConvGeometry g = {(SgConvKind)kind, c->in[1].h, stride, pad, pad};
  return sg_op_conv(t, in[0], c->in[2].n ? in[2] : NULL, in[1], &g, size, size);
}
#define CONV(kind, stride, pad, size) ((kind) | (stride) << 8 | (pad) << 16 | (gint64)(size) << 24)

BUILD(build_to_rgb)
{
  return sg_op_to_rgb(t, in[0], in[1]);
}

BUILD(build_from_rgb)
{
  return sg_op_from_rgb(t, in[0], in[1]);
}

/* option: the pipe. Squared, so that there is a second order to check. */
BUILD(build_augment)
{
  const CheckInput *i = &c->in[0];
  SgPhilox rng = {.seed = 3, .stream = (guint64)c->option};
  g_autoptr(SgAugDraw) draw = sg_aug_draw(&rng, (SgAugPipe)c->option, 1, i->n, i->c, i->h, i->w);
  SgAugmentArgs args = sg_aug_draw_args(draw);
  return sg_op_augment(t, sg_op_mul(t, in[0], in[0]), &args);
}

static const CheckCase cases[] = {
    {"combine", build_combine, {{P, 2, 3, 4, 5}, {P, 2, 3, 4, 5}}},
    {"combine-act", build_combine, {{A, 2, 3, 4, 5}, {A, 2, 3, 4, 5}}},
    {"mul", build_mul, {{P, 2, 3, 4, 5}, {P, 2, 3, 4, 5}}},
    {"mul-act", build_mul, {{A, 2, 19, 4, 5}, {A, 2, 19, 4, 5}}},
    {"square", build_square, {{P, 2, 3, 4, 5}}},
    {"gain", build_gain, {{P, 2, 3, 4, 5}}},
    {"rsqrt", build_map, {{P, 4, 7, 1, 1, 3, 0.4}}, 0},
    {"softplus", build_map, {{P, 4, 7, 1, 1}}, 1},
    {"sigmoid", build_map, {{P, 4, 7, 1, 1}}, 2},
    {"sin", build_map, {{P, 4, 7, 1, 1}}, 3},
    {"shapes", build_shapes, {{P, 2, 30, 1, 1}}},
    {"expand-1", build_expand, {{P, 1, 1, 1, 1}}, P},
    {"expand-c", build_expand, {{P, 1, 5, 1, 1}}, P},
    {"expand-nhw", build_expand, {{P, 3, 1, 4, 6}}, P},
    {"expand-act-c", build_expand, {{P, 1, 5, 1, 1}}, A},
    {"expand-act-nc", build_expand, {{P, 3, 5, 1, 1}}, A},
    {"expand-act-nhw", build_expand, {{P, 3, 1, 4, 6}}, A},
    {"expand-act-hw", build_expand, {{P, 1, 1, 4, 6}}, A},
    {"expand-sum-nhw", build_expand_sum, {{P, 3, 1, 4, 6}}},
    {"expand-sum-hw", build_expand_sum, {{P, 1, 1, 4, 6}}},
    {"sum-nhw", build_sum_to, {{P, 3, 5, 4, 6}}, 0},
    {"sum-c", build_sum_to, {{P, 3, 5, 4, 6}}, 1},
    {"sum-nc", build_sum_to, {{P, 3, 5, 4, 6}}, 2},
    {"sum-hw", build_sum_to, {{P, 3, 5, 4, 6}}, 3},
    {"sum-1", build_sum_to, {{P, 3, 5, 4, 6}}, 4},
    {"sum-act-nhw", build_sum_to, {{A, 3, 5, 4, 6}}, 0},
    {"sum-act-c", build_sum_to, {{A, 3, 5, 4, 6}}, 1},
    {"sum-act-nc", build_sum_to, {{A, 3, 5, 4, 6}}, 2},
    {"sum-act-hw", build_sum_to, {{A, 3, 5, 4, 6}}, 3},
    {"slice", build_slice, {{P, 2, 6, 3, 2}}},
    {"slice-act", build_slice, {{A, 2, 20, 3, 2}}},
    {"matmul-nn", build_matmul, {{P, 3, 4, 1, 1}, {P, 4, 5, 1, 1}}, 0},
    {"matmul-tn", build_matmul, {{P, 4, 3, 1, 1}, {P, 4, 5, 1, 1}}, 1},
    {"matmul-nt", build_matmul, {{P, 3, 4, 1, 1}, {P, 5, 4, 1, 1}}, 2},
    {"matmul-tt", build_matmul, {{P, 4, 3, 1, 1}, {P, 5, 4, 1, 1}}, 3},
    {"scale", build_scale, {{A, 2, 19, 3, 4}, {P, 2, 19, 1, 1}}},
    {"scale-shared", build_scale, {{A, 2, 19, 3, 4}, {P, 1, 19, 1, 1}}},
    {"dot", build_dot, {{A, 2, 19, 3, 4}, {A, 2, 19, 3, 4}}},
    {"epilogue", build_epilogue, EPILOGUE(A, 2, 19, 3, 4), 0},
    {"epilogue-scale", build_epilogue, EPILOGUE(A, 2, 19, 3, 4), 1},
    {"epilogue-noise", build_epilogue, EPILOGUE(A, 2, 19, 3, 4), 2},
    {"epilogue-all", build_epilogue, EPILOGUE(A, 2, 19, 3, 4), 3},
    {"epilogue-clamp", build_epilogue, EPILOGUE(A, 2, 19, 3, 4), 7},
    {"epilogue-shared-noise", build_epilogue, EPILOGUE(A, 1, 19, 3, 4), 3},
    {"epilogue-strips", build_epilogue, EPILOGUE(A, 2, 33, 37, 5), 3},
    {"epilogue-plain", build_epilogue, EPILOGUE(P, 2, 5, 3, 4), 4},
    {"fir-blur-up", build_fir, {{A, 2, 3, 9, 9}}, SG_FIR_BLUR_AFTER_UP},
    {"fir-blur-down", build_fir, {{A, 2, 3, 8, 8}}, SG_FIR_BLUR_BEFORE_DOWN},
    {"fir-up", build_fir, {{A, 2, 3, 4, 4}}, SG_FIR_UP},
    {"fir-down", build_fir, {{A, 2, 3, 8, 8}}, SG_FIR_DOWN},
    {"fir-blur-up-plain", build_fir, {{P, 2, 3, 9, 9}}, SG_FIR_BLUR_AFTER_UP},
    {"fir-blur-down-plain", build_fir, {{P, 2, 3, 8, 8}}, SG_FIR_BLUR_BEFORE_DOWN},
    {"fir-up-plain", build_fir, {{P, 2, 3, 4, 4}}, SG_FIR_UP},
    {"fir-down-plain", build_fir, {{P, 2, 3, 8, 8}}, SG_FIR_DOWN},
    {"adain", build_adain, {{A, 2, 19, 3, 4}, {P, 2, 38, 1, 1}}},
    {"adain-strips", build_adain, {{A, 1, 3, 37, 5}, {P, 1, 6, 1, 1}}},
    {"resample-up", build_resample, {{A, 2, 19, 7, 8}}, 0},
    {"resample-up-4", build_resample, {{A, 1, 3, 7, 8}}, 1},
    {"resample-down", build_resample, {{A, 2, 19, 7, 8}}, 2},
    {"resample-down-padded", build_resample, {{A, 1, 3, 7, 8}}, 3},
    {"resample-down-radial", build_resample, {{A, 1, 3, 7, 8}}, 4},
    {"resample-radial", build_resample, {{A, 1, 3, 7, 8}}, 5},
    {"resample-blur", build_resample, {{A, 1, 3, 7, 8}}, 6},
    {"resample-one", build_resample, {{A, 1, 3, 7, 8}}, 7},
    {"resample-up-plain", build_resample, {{P, 2, 3, 7, 8}}, 0},
    {"resample-down-plain", build_resample, {{P, 2, 3, 7, 8}}, 2},
    {"filtered", build_filtered, {{A, 2, 19, 7, 8}}, 0},
    {"filtered-radial", build_filtered, {{A, 1, 3, 7, 8}}, 1},
    {"filtered-up-4", build_filtered, {{A, 1, 3, 7, 8}}, 2},
    {"filtered-up-4-radial-clamp", build_filtered, {{A, 1, 3, 7, 8}}, 7},
    {"filtered-clamp", build_filtered, {{A, 1, 3, 7, 8}}, 4},
    {"filtered-behind", build_filtered, {{A, 1, 3, 7, 8}}, 8},
    {"conv-3x3", build_conv, {{A, 2, 5, 6, 6}, {P, 7, 5, 3, 3}}, CONV(SG_CONV_FORWARD, 1, 1, 6)},
    {"conv-style",
     build_conv,
     {{A, 2, 5, 6, 6}, {P, 7, 5, 3, 3}, {P, 2, 5, 1, 1}},
     CONV(SG_CONV_FORWARD, 1, 1, 6)},
    {"conv-1x1", build_conv, {{A, 2, 5, 4, 4}, {P, 7, 5, 1, 1}}, CONV(SG_CONV_FORWARD, 1, 0, 4)},
    {"conv-down", build_conv, {{A, 2, 5, 9, 9}, {P, 7, 5, 3, 3}}, CONV(SG_CONV_FORWARD, 2, 0, 4)},
    {"conv-down-whole",
     build_conv,
     {{A, 2, 16, 9, 9}, {P, 32, 16, 3, 3}},
     CONV(SG_CONV_FORWARD, 2, 0, 4)},
    {"conv-up",
     build_conv,
     {{A, 2, 5, 4, 4}, {P, 7, 5, 3, 3}, {P, 2, 5, 1, 1}},
     CONV(SG_CONV_TRANSPOSED, 2, 0, 9)},
    {"conv-up-whole",
     build_conv,
     {{A, 2, 16, 4, 4}, {P, 32, 16, 3, 3}},
     CONV(SG_CONV_TRANSPOSED, 2, 0, 9)},
    /* large enough for Winograd */
    {"conv-winograd",
     build_conv,
     {{A, 2, 16, 13, 13}, {P, 20, 16, 3, 3}, {P, 2, 16, 1, 1}},
     CONV(SG_CONV_FORWARD, 1, 1, 13)},
    {"conv-winograd-up",
     build_conv,
     {{A, 1, 20, 12, 12}, {P, 16, 20, 3, 3}, {P, 1, 20, 1, 1}},
     CONV(SG_CONV_TRANSPOSED, 2, 0, 25)},
    {"conv-winograd-down",
     build_conv,
     {{A, 1, 16, 25, 25}, {P, 20, 16, 3, 3}},
     CONV(SG_CONV_FORWARD, 2, 0, 12)},
    {"to-rgb", build_to_rgb, {{A, 2, 19, 3, 4}, {P, 2, 3, 19, 1}}},
    {"to-rgb-shared", build_to_rgb, {{A, 2, 19, 3, 4}, {P, 1, 1, 19, 1}}},
    {"from-rgb", build_from_rgb, {{P, 2, 3, 3, 4}, {P, 2, 3, 19, 1}}},
    {"from-rgb-shared", build_from_rgb, {{P, 2, 3, 3, 4}, {P, 1, 3, 19, 1}}},
    {"augment-color", build_augment, {{P, 3, 3, 6, 6}}, SG_AUG_COLOR},
    {"augment-color-grey", build_augment, {{P, 3, 1, 6, 6}}, SG_AUG_COLOR},
    {"augment-blit", build_augment, {{P, 3, 3, 8, 8}}, SG_AUG_BLIT},
    {"augment-geom", build_augment, {{P, 3, 1, 9, 9}}, SG_AUG_GEOM},
    {"augment-all", build_augment, {{P, 4, 3, 8, 8}}, SG_AUG_BLIT | SG_AUG_GEOM | SG_AUG_COLOR},
};

static void
test_case(gconstpointer data)
{
  const CheckCase *c = data;
  gboolean filters = c->build == build_resample || c->build == build_filtered;

  if (filters && !tested_backend()->filtered)
    g_test_skip("the device has no filters with any taps");
  else
    check_case(c);
}

/* Without a graph wanted, the sweep leaves nothing behind; with one it leaves all. */
static void
test_release(void)
{
  g_autoptr(SgTape) t = sg_tape_new(sg_backend_reference());
  const float v[3] = {1, 2, 3};
  g_autoptr(SgBuf) b = sg_buf_from_floats(sg_backend_reference(), v, 1, 3, 1, 1, NULL);
  g_autoptr(SgVar) x = sg_var_new_parameter(b);
  SgVar *grad, *y = sg_op_sum(t, sg_op_mul(t, x, sg_op_mul(t, x, x)));

  g_assert_cmpuint(sg_tape_length(t), ==, 3);
  sg_tape_grad(t, y, NULL, &x, 1, TRUE, &grad);
  g_assert_cmpuint(sg_tape_length(t), >, 3);
  SgVar *second, *z = sg_op_sum(t, grad);
  sg_tape_grad(t, z, NULL, &x, 1, FALSE, &second);
  /* What z does not depend on stays: y's sum and its last product. */
  g_assert_cmpuint(sg_tape_length(t), ==, 2);
  for (int i = 0; i < 3; i++)
    g_assert_cmpfloat_with_epsilon(((double *)second->value->data)[i], 6 * v[i], 1e-12);
  g_assert_true(sg_tape_reset(t, NULL));
  g_assert_cmpuint(sg_tape_length(t), ==, 0);
  gboolean was = sg_tape_record(t, FALSE);
  sg_op_sum(t, sg_op_mul(t, x, x));
  g_assert_cmpuint(sg_tape_length(t), ==, 0);
  sg_tape_record(t, was);
}

int
main(int argc, char **argv)
{
  tested_backend();
  test_init_going_on(argc, argv);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/ops/%s", cases[i].name);
    g_test_add_data_func(path, &cases[i], test_case);
  }
  g_test_add_func("/tape/release", test_release);
  return g_test_run();
}
