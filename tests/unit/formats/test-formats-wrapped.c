/* Networks that run, behind the names that people give them, and networks that do not, called by
 * theirs. */
#include "tests/unit/formats/formats-support.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static SgModel *
load(const char *name)
{
  g_autofree char *path = fixture(name);
  g_autoptr(GError) error = NULL;
  SgModel *m = sg_model_load(path, &error);
  g_assert_no_error(error);
  return m;
}

static TensorSet *
set_from(const char *name)
{
  g_autofree char *path = fixture(name);
  return tensor_set_from(path);
}

/* Every tensor that begins with `from` begins with `to` afterwards. */
static void
rename_all(TensorSet *s, const char *from, const char *to)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < s->names->len; i++)
    if (g_str_has_prefix(s->names->pdata[i], from))
      g_ptr_array_add(names, g_strdup(s->names->pdata[i]));
  g_assert_cmpint(names->len, >, 5);
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *renamed = g_strconcat(to, (char *)names->pdata[i] + strlen(from), NULL);
    tensor_set_rename(s, names->pdata[i], renamed);
  }
}

static void
remove_all(TensorSet *s, const char *prefix)
{
  for (guint i = s->names->len; i-- > 0;)
    if (g_str_has_prefix(s->names->pdata[i], prefix)) {
      g_autofree char *name = g_strdup(s->names->pdata[i]);
      tensor_set_remove(s, name);
    }
}

static SgModel *
must_load(TensorSet *s)
{
  g_autoptr(GError) error = NULL;
  SgModel *m = tensor_set_load(s, &error);
  g_assert_no_error(error);
  return m;
}

static void
assert_warns(const SgModel *m, const char *words)
{
  for (guint i = 0; i < m->warnings->len; i++)
    if (strstr(m->warnings->pdata[i], words))
      return;
  g_error("%u warnings, none of which contains “%s”", m->warnings->len, words);
}

/* ---- wrappers -------------------------------------------------------------------------------- */

static void
test_prefixes(void)
{
  static const char *const prefixes[] = {
      "",
      "module.",
      "_orig_mod.",
      "state_dict.",
      "state_dict.module.",
      "model.",
      "params_ema.",
      "generator_ema.",
      "netG_ema.",
      "state_dict.generator_ema.",
      "state_dict.netG_ema._orig_mod.",
      "models.generator_smooth.",
      "0.",
  };
  g_autoptr(SgModel) reference = load("sg2.safetensors");

  for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
    g_autoptr(TensorSet) s = set_from("sg2.safetensors");
    rename_all(s, "g_ema.", prefixes[i]);
    g_autoptr(SgModel) m = must_load(s);
    g_assert_cmpstr(m->hash, ==, reference->hash);
    g_assert_cmpint(m->warnings->len, ==, 0);
  }
}

/* Where nothing says that it is the averaged network, it is the plain one, and runs as well. */
static void
test_plain_prefixes(void)
{
  static const char *const prefixes[] = {"G.", "netG.", "generator.", "state_dict.generator."};

  for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
    g_autoptr(TensorSet) s = set_from("sg2.safetensors");
    rename_all(s, "g_ema.", prefixes[i]);
    g_autoptr(SgModel) m = must_load(s);
    g_assert_nonnull(sg_model_tensor(m, "G.", "synthesis.b4.const"));
    g_assert_null(sg_model_tensor(m, "G_ema.", "synthesis.b4.const"));
  }
}

/* Only a part of the network was compiled or made parallel. */
static void
test_wrapper_inside(void)
{
  g_autoptr(SgModel) reference = load("sg2.safetensors");
  g_autoptr(TensorSet) s = set_from("sg2.safetensors");

  rename_all(s, "g_ema.synthesis.", "g_ema.synthesis._orig_mod.");
  rename_all(s, "g_ema.mapping.", "g_ema.module.mapping.");
  g_autoptr(SgModel) m = must_load(s);
  g_assert_cmpstr(m->hash, ==, reference->hash);
}

/* (G, D, averaged G) without names. */
static void
test_numbered(void)
{
  g_autoptr(SgModel) reference = load("sg2_ada_p3.pkl");
  g_autoptr(TensorSet) s = set_from("sg2_ada_p3.pkl");

  rename_all(s, "G.", "0.");
  rename_all(s, "D.", "1.");
  rename_all(s, "G_ema.", "2.");
  g_autoptr(SgModel) m = must_load(s);
  g_assert_cmpstr(m->hash, ==, reference->hash);
  g_assert_true(m->info.has_d);
  assert_warns(m, "does not name its 2 generators");
}

static void
test_decoder(void)
{
  g_autoptr(SgModel) reference = load("sg2_rosinality_zip.pt");
  g_autoptr(TensorSet) s = set_from("sg2_rosinality_zip.pt");
  SgTensor *mean = sg_tensor_ref(tensor_set_get(s, "latent_avg"));

  remove_all(s, "g.");
  remove_all(s, "d.");
  remove_all(s, "g_optim.");
  remove_all(s, "d_optim.");
  rename_all(s, "g_ema.", "state_dict.decoder.");
  tensor_set_put(s, "state_dict.encoder.input_layer.0.weight", 1, (gint64[]){4});
  tensor_set_put(s, "latent_avg", 2, (gint64[]){18, 8});
  for (int i = 0; i < 18 * 8; i++)
    tensor_set_get(s, "latent_avg")->data[i] = mean->data[i % 8];
  g_autoptr(SgModel) m = must_load(s);
  for (guint i = 0; i < m->names->len; i++) {
    SgTensor *a = g_hash_table_lookup(m->tensors, m->names->pdata[i]);
    SgTensor *b = g_hash_table_lookup(reference->tensors, m->names->pdata[i]);
    g_assert_nonnull(b);
    g_assert_cmpmem(a->data, a->numel * 4, b->data, b->numel * 4);
  }
  g_assert_nonnull(sg_model_tensor(m, "G_ema.", "mapping.w_avg"));
  tensor_set_get(s, "latent_avg")->data[9] += 1;
  g_autoptr(SgModel) apart = must_load(s);
  g_assert_null(sg_model_tensor(apart, "G_ema.", "mapping.w_avg"));
  assert_warns(apart, "from layer to layer");
  sg_tensor_unref(mean);
}

/* genforce's names for one tensor of NVlabs'; NULL for what it does not store so. To be freed. */
static char *
genforce_name(const char *name)
{
  int r, conv, end = 0;
  g_auto(GStrv) fc = g_strsplit(name, "mapping.fc", 2);

  if (g_str_has_suffix(name, "resample_filter"))
    return NULL;
  if (fc[1])
    return g_strconcat("mapping.dense", fc[1], NULL);
  if (strcmp(name, "mapping.w_avg") == 0)
    return g_strdup("truncation.w_avg");
  if (strcmp(name, "synthesis.b4.const") == 0)
    return g_strdup("synthesis.early_layer.const");
  g_auto(GStrv) part = g_strsplit(name, ".affine.", 2);
  g_autofree char *style = part[1] ? g_strjoinv(".style.", part) : g_strdup(name);
  g_auto(GStrv) plane = g_strsplit(style, ".noise_const", 2);
  g_autofree char *stored = plane[1] ? g_strjoinv(".noise", plane) : g_strdup(style);
  int b = 0;
  if (sscanf(stored, "synthesis.b%d.conv%d%n", &r, &conv, &end) == 2) {
    for (; 4 << b < r; b++)
      ;
    return g_strdup_printf("synthesis.layer%d%s", conv ? 2 * b : 2 * b - 1, stored + end);
  }
  if (sscanf(stored, "synthesis.b%d.torgb%n", &r, &end) == 1 && end) {
    for (; 4 << b < r; b++)
      ;
    return g_strdup_printf("synthesis.output%d%s", b, stored + end);
  }
  return NULL;
}

static void
test_genforce(void)
{
  g_autoptr(SgModel) reference = load("sg2.safetensors");
  g_autoptr(TensorSet) s = set_from("sg2.safetensors");
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

  for (guint i = 0; i < s->names->len; i++)
    g_ptr_array_add(names, g_strdup(s->names->pdata[i]));
  for (guint i = 0; i < names->len; i++) {
    const char *name = (char *)names->pdata[i] + strlen("g_ema.");
    g_autofree char *stored = genforce_name(name);
    g_autofree char *full = stored ? g_strconcat("generator_smooth.", stored, NULL) : NULL;
    SgTensor *t = tensor_set_get(s, names->pdata[i]);
    if (g_str_has_suffix(name, "affine.bias"))
      for (gsize k = 0; k < t->numel; k++)
        t->data[k] -= 1;
    if (g_str_has_suffix(name, "conv0.weight"))
      for (gsize k = 0; k < t->numel; k += 9)
        for (int j = 0; j < 4; j++) {
          float was = t->data[k + j];
          t->data[k + j] = t->data[k + 8 - j];
          t->data[k + 8 - j] = was;
        }
    if (full)
      tensor_set_rename(s, names->pdata[i], full);
    else
      tensor_set_remove(s, names->pdata[i]);
  }
  g_autoptr(SgModel) m = must_load(s);
  g_assert_cmpint(m->names->len, ==, reference->names->len);
  for (guint i = 0; i < m->names->len; i++) {
    SgTensor *a = g_hash_table_lookup(m->tensors, m->names->pdata[i]);
    SgTensor *b = g_hash_table_lookup(reference->tensors, m->names->pdata[i]);
    g_assert_cmpint(a->numel, ==, b->numel);
    for (gsize k = 0; k < a->numel; k++)
      g_assert_cmpfloat(fabsf(a->data[k] - b->data[k]), <=, 1.2e-7f);
  }
  tensor_set_put(s, "generator_smooth.mapping.label_weight", 2, (gint64[]){10, 8});
  assert_refused(s, "label_weight");
}

/* Arrays without dimensions are tensors: a noise strength is one. */
static void
test_numpy(void)
{
  g_autoptr(SgModel) reference = load("sg2.safetensors"), m = load("sg2_numpy.pkl");
  g_assert_cmpstr(m->hash, ==, reference->hash);
}

/* So are Python's numbers among arrays, and whatever NumPy writes them as. */
static void
test_numbers(void)
{
  static const char *const names[] = {"sg2_numpy5.pkl", "sg2_arrays.npz"};
  g_autoptr(SgModel) reference = load("sg2.safetensors");

  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autoptr(SgModel) m = load(names[i]);
    g_assert_cmpstr(m->hash, ==, reference->hash);
    g_assert_cmpint(m->warnings->len, ==, 0);
  }
}

/* ---- discriminators that cannot be read ------------------------------------------------------ */

static void
test_broken_discriminator(void)
{
  g_autoptr(SgModel) whole = load("sg2_ada_p3.pkl");
  g_autoptr(TensorSet) a = set_from("sg2_ada_p3.pkl"), b = set_from("sg2_ada_p3.pkl"),
                       c = set_from("sg2_ada_p3.pkl");

  g_assert_cmpint(whole->warnings->len, ==, 0);
  tensor_set_put(a, "D.b8.attention.weight", 2, (gint64[]){3, 3});
  g_autoptr(SgModel) strange = must_load(a);
  g_assert_false(strange->info.has_d);
  assert_warns(strange, "nothing can be scored");
  assert_warns(strange, "D.b8.attention.weight");
  tensor_set_get(b, "D.b16.conv0.weight")->data[1] = NAN;
  g_autoptr(SgModel) infinite = must_load(b);
  g_assert_false(infinite->info.has_d);
  assert_warns(infinite, "not finite");
  remove_all(c, "D.");
  tensor_set_put(c, "D.feature_networks.0.weight", 1, (gint64[]){2});
  g_autoptr(SgModel) projected = must_load(c);
  g_assert_false(projected->info.has_d);
  assert_warns(projected, "projected");
  /* What is wrong with the generator is not put down to the discriminator. */
  tensor_set_get(b, "G_ema.synthesis.b8.conv0.weight")->data[1] = NAN;
  assert_refused(b, "1 of ");
  assert_refused(b, "G_ema.synthesis.b8.conv0.weight");
}

/* ---- true names ------------------------------------------------------------------------------ */

static void
test_names(void)
{
  static const struct {
    const char *tensors[2], *words;
  } known[] = {
      {{"G_ema.synthesis.input.freqs", NULL}, "a StyleGAN3 generator"},
      {{"G_ema.synthesis.input.freqs", "G_ema.mapping.embed_proj.weight"}, "StyleGAN-XL"},
      {{"G.Model.MainLayers.0.Layers.0.Basis", NULL}, "an R3GAN"},
      {{"G_ema.to_big.weight_orig", "G_ema.feat_8.1.weight_orig"}, "a FastGAN"},
      {{"generator_smooth.synthesis.layer0.const", NULL}, "genforce"},
      {{"g_running.generator.progression.0.conv1.input", NULL}, "style-based-gan-pytorch"},
      {{"params_ema.stylegan_decoder.constant", NULL}, "GFPGAN"},
      {{"state_dict.generator_ema.style_mapping.1.linear.weight_orig",
        "state_dict.generator_ema.constant_input.input"},
       "mmgeneration"},
      {{"params_ema.style_mlp.1.weight", "params_ema.style_conv1.weight"}, "BasicSR"},
      {{"other.b4.conv.weight", "other.b4.out.weight"}, "discriminator without a generator"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
    g_autoptr(TensorSet) s = set_from("torch_views_zip.pt");
    tensor_set_put(s, known[i].tensors[0], 1, (gint64[]){2});
    if (known[i].tensors[1])
      tensor_set_put(s, known[i].tensors[1], 1, (gint64[]){2});
    assert_refused(s, known[i].words);
    if (!g_str_has_prefix(known[i].tensors[0], "G_ema"))
      continue;
    /* NVlabs' snapshots of other generators come with a StyleGAN2's discriminator. */
    tensor_set_put(s, "D.b4.conv.weight", 1, (gint64[]){2});
    tensor_set_put(s, "D.b4.out.weight", 1, (gint64[]){2});
    assert_refused(s, known[i].words);
  }
}

static void
test_not_square(void)
{
  g_autoptr(TensorSet) a = set_from("sg2.safetensors"), b = set_from("sg2_rosinality_zip.pt");
  /* Noise planes that do not fit the constant. */
  tensor_set_put(a, "g_ema.synthesis.b4.const", 3, (gint64[]){12, 4, 2});
  assert_refused(a, "noise_const should have the shape [4, 2], but has [4, 4]");
  tensor_set_put(b, "g_ema.input.input", 4, (gint64[]){1, 12, 4, 800});
  assert_refused(b, "its smallest picture is 800×4; Vitrine draws from 1 to 64 pixels");
}

static void
test_colours(void)
{
  g_autoptr(TensorSet) s = set_from("sg2.safetensors");
  for (int r = 4; r <= 16; r *= 2) {
    g_autofree char *weight = g_strdup_printf("g_ema.synthesis.b%d.torgb.weight", r);
    g_autofree char *bias = g_strdup_printf("g_ema.synthesis.b%d.torgb.bias", r);
    tensor_set_put(s, weight, 4, (gint64[]){5, r == 4 ? 12 : r == 8 ? 6 : 3, 1, 1});
    tensor_set_put(s, bias, 1, (gint64[]){5});
  }
  assert_refused(s, "5 colour channels");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/formats/wrapped/prefixes", test_prefixes);
  g_test_add_func("/formats/wrapped/plain-prefixes", test_plain_prefixes);
  g_test_add_func("/formats/wrapped/inside", test_wrapper_inside);
  g_test_add_func("/formats/wrapped/numbered", test_numbered);
  g_test_add_func("/formats/wrapped/decoder", test_decoder);
  g_test_add_func("/formats/wrapped/genforce", test_genforce);
  g_test_add_func("/formats/wrapped/numpy", test_numpy);
  g_test_add_func("/formats/wrapped/numbers", test_numbers);
  g_test_add_func("/formats/wrapped/broken-discriminator", test_broken_discriminator);
  g_test_add_func("/formats/wrapped/names", test_names);
  g_test_add_func("/formats/wrapped/not-square", test_not_square);
  g_test_add_func("/formats/wrapped/colours", test_colours);
  int result = g_test_run();
  cleanup();
  return result;
}
