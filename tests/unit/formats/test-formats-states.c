/* What files state about their computation is honoured, refused or told; never passed over. */
#include "tests/unit/formats/formats-support.h"
#include <string.h>

typedef struct {
  const char *path, *value;
  const char *words; /* of the refusal, or of the warning; NULL: neither */
} Case;

/* The model of the fixture with one thing stated otherwise. */
static SgModel *
load_stating(const char *file, const char *path, const char *value, GError **error)
{
  g_autofree char *full = fixture(file);
  g_autoptr(SgArchive) a = sg_archive_open(full, error);
  g_assert_nonnull(a);
  if (path)
    g_hash_table_replace(a->attributes, g_strdup(path), g_strdup(value));
  return sg_model_from_archive(a, error);
}

static void
check_refused(const char *file, const Case *cases, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(SgModel) m = load_stating(file, cases[i].path, cases[i].value, &error);
    if (m)
      g_error("%s = %s was passed over", cases[i].path, cases[i].value);
    assert_contains(error->message, cases[i].path);
    assert_contains(error->message, cases[i].value);
  }
}

static void
check_warned(const char *file, const Case *cases, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(SgModel) m = load_stating(file, cases[i].path, cases[i].value, &error);
    g_assert_no_error(error);
    g_assert_cmpint(m->warnings->len, ==, cases[i].words ? 1 : 0);
    if (cases[i].words)
      assert_contains((char *)m->warnings->pdata[0], cases[i].words);
  }
}

static void
test_nvlabs(void)
{
  static const Case refused[] = {
      {"G_ema.mapping.fc1.activation", "linear", NULL},
      {"G_ema.synthesis.b8.conv1.activation", "linear", NULL},
      {"G_ema.synthesis.b8.conv0.activation", "relu", NULL},
      {"G_ema.synthesis.b8.conv0.affine.activation", "lrelu", NULL},
      {"G_ema.mapping.fc1.bias_gain", "0.1", NULL},
      {"G_ema.mapping.fc1.weight_gain", "1", NULL},
      {"G_ema.synthesis.b8.conv0.affine.bias_gain", "2", NULL},
      {"G_ema.synthesis.b8.conv0.up", "1", NULL},
      {"G_ema.synthesis.b8.conv1.padding", "0", NULL},
      {"G_ema.synthesis.b8.conv1.act_gain", "1", NULL},
      {"G_ema.synthesis.b8.conv1.conv_clamp", "None", NULL},
      {"G_ema.synthesis.b8.conv1.conv_clamp", "128", NULL},
      {"G_ema.synthesis.b8.conv1.use_noise", "sometimes", NULL},
      {"G_ema.synthesis.b8.architecture", "resnet", NULL},
      {"G_ema.synthesis.b8.torgb.weight_gain", "1", NULL},
      {"G_ema.num_ws", "8", NULL},
      {"G_ema.z_dim", "16", NULL},
      {"G_ema.mapping.num_layers", "8", NULL},
      {"G_ema.mapping.fc1.weight_gain", "0.1", NULL},
      {"G_ema.synthesis.b8.conv1.activation", "<function>", NULL},
  };
  /* A discriminator that would be wrong is left out. */
  static const Case warned[] = {
      {NULL, NULL, NULL},
      {"D.b8.conv1.activation", "linear", "D.b8.conv1.activation"},
      {"D.b8.conv1.down", "1", "D.b8.conv1.down"},
      {"D.b8.skip.activation", "lrelu", "D.b8.skip.activation"},
      {"D.b4.out.activation", "lrelu", "D.b4.out.activation"},
      {"D.b4.fc.weight_gain", "1", "D.b4.fc.weight_gain"},
      {"D.b4.mbstd.num_channels", "2", "D.b4.mbstd.num_channels"},
      {"D.b4.mbstd.group_size", "many", "many"},
      {"D.b16.architecture", "orig", "D.b16.architecture"},
      {"G_ema.synthesis.b8.conv0.dilation", "2", "G_ema.synthesis.b8.conv0.dilation (2)"},
      {"G_ema.synthesis.b8.conv0.dilation", "None", NULL},
      {"G_ema.synthesis.b8.class_name", "AttentionBlock", "AttentionBlock"},
      {"G_ema.mapping.w_avg_beta", "0.9", NULL},
      {"G_ema.synthesis.b8.use_fp16", "True", NULL},
  };
  check_refused("sg2_states.pkl", refused, G_N_ELEMENTS(refused));
  check_warned("sg2_states.pkl", warned, G_N_ELEMENTS(warned));
}

static void
test_use_noise(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgModel) on = load_stating("sg2_states.pkl", NULL, NULL, &error);
  g_autoptr(SgModel) off =
      load_stating("sg2_states.pkl", "G_ema.synthesis.b8.conv1.use_noise", "False", &error);
  static const char name[] = "synthesis.b8.conv1.noise_strength";

  g_assert_no_error(error);
  g_assert_cmpfloat(sg_model_tensor(on, "G_ema.", name)->data[0], !=, 0);
  g_assert_cmpfloat(sg_model_tensor(off, "G_ema.", name)->data[0], ==, 0);
  g_autoptr(SgModel) tensorflow =
      load_stating("sg2_tf_v5_p3.pkl", "Gs.synthesis.static_kwargs.use_noise", "False", &error);
  g_assert_no_error(error);
  g_assert_cmpfloat(sg_model_tensor(tensorflow, "G_ema.", name)->data[0], ==, 0);
}

static void
test_tensorflow(void)
{
  static const Case refused[] = {
      {"Gs.static_kwargs.nonlinearity", "relu", NULL},
      {"Gs.synthesis.static_kwargs.nonlinearity", "linear", NULL},
      {"Gs.mapping.static_kwargs.mapping_nonlinearity", "linear", NULL},
      {"Gs.static_kwargs.normalize_latents", "False", NULL},
      {"Gs.static_kwargs.resample_kernel", "[1, 2, 1]", NULL},
      {"Gs.static_kwargs.resample_kernel", "None", NULL},
      {"Gs.static_kwargs.architecture", "orig", NULL},
      {"Gs.mapping.static_kwargs.mapping_layers", "5", NULL},
  };
  static const Case warned[] = {
      {NULL, NULL, NULL},
      {"D.static_kwargs.nonlinearity", "relu", "D.static_kwargs.nonlinearity"},
      {"D.static_kwargs.use_spectral_norm", "True", "D.static_kwargs.use_spectral_norm"},
      {"D.static_kwargs.architecture", "orig", "D.static_kwargs.architecture"},
      {"D.static_kwargs.conv_clamp", "soft", "soft"},
      {"Gs.static_kwargs.latent_mask", "True", "Gs.static_kwargs.latent_mask (True)"},
      {"Gs.synthesis.build_func_name", "G_synthesis_attention", "G_synthesis_attention"},
      {"Gs.static_kwargs.truncation_psi", "0.7", NULL},
      {"Gs.static_kwargs.fused_modconv", "True", NULL},
      {"Gs.static_kwargs.resample_kernel", "[1, 3, 3, 1]", NULL},
  };
  check_refused("sg2_tf_v5_p3.pkl", refused, G_N_ELEMENTS(refused));
  check_warned("sg2_tf_v5_p3.pkl", warned, G_N_ELEMENTS(warned));
}

/* The discriminator of stylegan2-ada has another multiplier than its generator where none is
 * stated. */
static void
test_tensorflow_defaults(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgModel) silent = load_stating("sg2_tf_v5_p3.pkl", NULL, NULL, &error);
  g_autoptr(SgModel) stated =
      load_stating("sg2_tf_v5_p3.pkl", "D.static_kwargs.mapping_lrmul", "0.02", &error);
  g_assert_no_error(error);
  g_assert_cmpfloat(silent->info.mapping_lr_mul, ==, 0.01);
  g_assert_cmpfloat(silent->info.d_mapping_lr_mul, ==, 0.1);
  g_assert_cmpfloat(stated->info.d_mapping_lr_mul, ==, 0.02);
}

static void
test_rosinality(void)
{
  static const Case refused[] = {
      {"g_ema.style.2.activation", "None", NULL},
      {"g_ema.style.2.lr_mul", "0.1", NULL},
      {"g_ema.style.2.scale", "1", NULL},
      {"g_ema.conv1.activate.negative_slope", "0.1", NULL},
      {"g_ema.conv1.activate.scale", "1", NULL},
      {"g_ema.conv1.conv.demodulate", "False", NULL},
      {"g_ema.to_rgb1.conv.demodulate", "True", NULL},
      {"args.arch", "swagan", NULL},
      {"args.size", "64", NULL},
      {"args.n_mlp", "8", NULL},
  };
  static const Case warned[] = {
      {NULL, NULL, NULL},
      {"d.convs.1.conv1.1.negative_slope", "0.1", "d.convs.1.conv1.1.negative_slope"},
      {"g_ema.conv1.conv.rate", "3", "g_ema.conv1.conv.rate (3)"},
      {"g_ema.conv1.conv.scale", "0.096225045", NULL}, /* 12 channels of 3x3 */
      {"g_ema.style.2.scale", "0.0035355339", NULL},
      {"g_ema.conv1.conv.fused", "False", NULL},
      {"args.wandb", "True", NULL},
  };
  check_refused("sg2_rosinality_zip.pt", refused, G_N_ELEMENTS(refused));
  check_warned("sg2_rosinality_zip.pt", warned, G_N_ELEMENTS(warned));
}

static void
test_native(void)
{
  static const char *const stated[][2] = {
      {"g_conv_clamp", "wide"}, {"g_conv_clamp", "-3"},      {"g_conv_clamp", "nan"},
      {"mapping_lr_mul", "0"},  {"mapping_lr_mul", "1x"},    {"g_architecture", "resnet"},
      {"z_dim", "512"},         {"g_architecture", "u-net"}, {"img_resolution", "1024"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(stated); i++) {
    g_autofree char *path = fixture("sg2.safetensors");
    g_autoptr(TensorSet) s = tensor_set_from(path);
    tensor_set_meta(s, stated[i][0], stated[i][1]);
    assert_refused(s, stated[i][1]);
  }
  /* Without the discriminator that would be wrong. */
  static const Case warned[] = {{"__metadata__.mbstd_num_channels", "-3", "mbstd_num_channels"},
                                {"__metadata__.d_architecture", "orig", "d_architecture"}};
  check_warned("../fuzz/corpus/snapshot/tiny.safetensors", warned, G_N_ELEMENTS(warned));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/formats/states/nvlabs", test_nvlabs);
  g_test_add_func("/formats/states/use-noise", test_use_noise);
  g_test_add_func("/formats/states/tensorflow", test_tensorflow);
  g_test_add_func("/formats/states/tensorflow-defaults", test_tensorflow_defaults);
  g_test_add_func("/formats/states/rosinality", test_rosinality);
  g_test_add_func("/formats/states/native", test_native);
  int result = g_test_run();
  cleanup();
  return result;
}
