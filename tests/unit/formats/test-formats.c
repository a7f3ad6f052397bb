/* Readers and importers against files that Python wrote (tests/fixtures/README.md). */
#include "tests/support/models.h"
#include "tests/unit/formats/formats-support.h"
#include "engine/models/family.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

/* ---- every tensor as stored -------------------------------------------------------------- */

static void
check_tensor(const SgArchive *a, const char *name, json_t *expected)
{
  SgTensor *t = sg_archive_tensor(a, name);
  json_t *shape = json_array_get(expected, 0);

  if (!t)
    g_error("%s lacks %s", a->path, name);
  g_assert_cmpint(t->ndim, ==, json_array_size(shape));
  for (int i = 0; i < t->ndim; i++)
    g_assert_cmpint(t->shape[i], ==, json_integer_value(json_array_get(shape, (gsize)i)));
  g_autofree char *hash = sg_tensor_sha256(t);
  g_assert_cmpstr(hash, ==, json_string_value(json_array_get(expected, 1)));
}

static void
test_hashes(void)
{
  g_autofree char *path = fixture("expected.json");
  json_t *all = json_load_file(path, 0, NULL), *tensors, *expected;
  const char *file, *name;
  int files = 0, checked = 0;

  g_assert_nonnull(all);
  json_object_foreach (all, file, tensors) {
    if (g_str_has_prefix(file, "oracle"))
      continue;
    g_autofree char *full = fixture(file);
    g_autoptr(GError) error = NULL;
    g_autoptr(SgArchive) a = sg_archive_open(full, &error);
    g_assert_no_error(error);
    json_object_foreach (tensors, name, expected) {
      check_tensor(a, name, expected);
      checked++;
    }
    files++;
  }
  json_decref(all);
  g_assert_cmpint(files, ==, 15);
  g_assert_cmpint(checked, >, 1000);
}

static void
test_stored_types(void)
{
  static const char *const files[] = {"torch_views_zip.pt", "torch_views_legacy.pt"};
  static const char *const types[][2] = {
      {"full", "float32"}, {"half", "float16"}, {"bf16", "bfloat16"}, {"f64", "float64"},
      {"i64", "int64"},    {"u8", "uint8"},     {"b", "bool"},        {"s", "float32"}};
  for (gsize f = 0; f < G_N_ELEMENTS(files); f++) {
    g_autofree char *path = fixture(files[f]);
    g_autoptr(SgArchive) a = sg_archive_open(path, NULL);
    g_assert_nonnull(a);
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
      SgEntry *e = g_hash_table_lookup(a->by_name, types[i][0]);
      g_assert_cmpstr(e->dtype, ==, types[i][1]);
    }
    g_assert_cmpint(sg_archive_tensor(a, "e")->numel, ==, 0);
  }
}

/* ---- one network, however it is stored --------------------------------------------------- */

static void
assert_same_tensors(const SgModel *a, const SgModel *b, const char *prefix)
{
  int compared = 0;
  for (guint i = 0; i < a->names->len; i++) {
    const char *name = a->names->pdata[i];
    SgTensor *x = g_hash_table_lookup(a->tensors, name), *y = g_hash_table_lookup(b->tensors, name);
    if (!g_str_has_prefix(name, prefix))
      continue;
    if (!y)
      g_error("%s lacks %s", b->path, name);
    g_assert_cmpint(x->ndim, ==, y->ndim);
    g_assert_cmpmem(x->shape, sizeof(gint64) * (gsize)x->ndim, y->shape,
                    sizeof(gint64) * (gsize)y->ndim);
    for (gsize k = 0; k < x->numel; k++)
      /* TensorFlow stores the styles' bias less 1. */
      g_assert_cmpfloat(fabsf(x->data[k] - y->data[k]), <=, 1.2e-7f);
    compared++;
  }
  g_assert_cmpint(compared, >, 15);
}

static void
test_one_network(void)
{
  static const char *const files[] = {
      "sg2_ada_p2.pkl",   "sg2_ada_p4.pkl",   "sg2_rosinality_zip.pt", "sg2_rosinality_legacy.pt",
      "sg2_tf_v4_p2.pkl", "sg2_tf_v4_p4.pkl", "sg2_tf_v5_p3.pkl",      "sg2.safetensors"};
  g_autoptr(SgModel) reference = test_load_model("sg2_ada_p3.pkl");

  for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autoptr(SgModel) m = test_load_model(files[i]);
    g_assert_cmpint(m->info.img_resolution, ==, 16);
    g_assert_cmpint(m->info.img_channels, ==, 3);
    g_assert_cmpint(m->info.num_ws, ==, 6);
    g_assert_cmpint(m->info.z_dim, ==, 8);
    g_assert_cmpint(m->info.mapping_layers, ==, 3);
    g_assert_cmpint(m->info.g_arch, ==, SG_ARCH_SKIP);
    g_assert_cmpfloat(m->info.mapping_lr_mul, ==, 0.01);
    assert_same_tensors(reference, m, "G_ema.");
    if (strcmp(files[i], "sg2.safetensors") == 0)
      continue;
    assert_same_tensors(m, reference, "G.");
    assert_same_tensors(reference, m, "D.");
    g_assert_true(m->info.has_d);
    g_assert_cmpint(m->info.d_arch, ==, SG_ARCH_RESNET);
    g_assert_cmpint(m->info.mbstd_num_channels, ==, 1);
  }
  g_autoptr(SgModel) p2 = test_load_model("sg2_ada_p2.pkl");
  g_assert_cmpstr(p2->hash, ==, reference->hash);
}

/* Inserts 256 for None wherever the pickle gives "conv_clamp", as a training with fp16 would have
 * it. */
static GByteArray *
with_clamp(const guint8 *data, gsize size)
{
  GByteArray *out = g_byte_array_new();
  const guint8 *key = memmem(data, size, "conv_clamp", 10);
  const guint8 index = key[11];

  g_assert_cmpint(key[10], ==, 'q');
  for (gsize i = 0; i < size; i++) {
    gboolean first = data + i == key + 12,
             later = data + i > key + 12 && data[i - 2] == 'h' && data[i - 1] == index;
    if ((first || later) && data[i] == 'N')
      g_byte_array_append(out, (const guint8 *)"M\0\1", 3);
    else
      g_byte_array_append(out, data + i, 1);
  }
  return out;
}

static void
test_clamp(void)
{
  g_autofree guint8 *data = NULL;
  g_autoptr(GError) error = NULL;
  gsize size;

  read_fixture("sg2_ada_p3.pkl", &data, &size);
  g_autoptr(GByteArray) changed = with_clamp(data, size);
  g_assert_cmpint(changed->len, >, size);
  g_autoptr(SgArchive) a = sg_archive_open_memory("p3", changed->data, changed->len, &error);
  g_assert_no_error(error);
  g_autoptr(SgModel) m = sg_model_from_archive(a, &error);
  g_assert_no_error(error);
  g_assert_cmpfloat(m->info.g_conv_clamp, ==, 256);
  g_assert_cmpfloat(m->info.d_conv_clamp, ==, 256);
}

static void
test_mystylegan(void)
{
  g_autoptr(SgModel) m = test_load_model("simplerick_zip.pt"),
                     n = test_load_model("simplerick_legacy.pt");

  g_assert_true(m->info.family == &sg_family_mystylegan);
  g_assert_cmpint(m->info.img_resolution, ==, 28);
  g_assert_cmpint(m->info.img_channels, ==, 1);
  g_assert_cmpint(m->info.num_ws, ==, 3);
  g_assert_cmpint(m->info.z_dim, ==, 10);
  g_assert_cmpint(m->info.mapping_layers, ==, 3);
  g_assert_true(m->info.has_d);
  g_assert_cmpstr(m->hash, ==, n->hash);
  g_assert_nonnull(sg_model_tensor(m, "G_ema.", "2.upconv.weight_orig"));
  g_assert_nonnull(sg_model_tensor(m, "G.", "2.upconv.weight_orig"));
}

/* Older code of the family: other names, one noise strength, weights that are used as they are. */
static void
test_mystylegan_variants(void)
{
  g_autofree char *path = fixture("simplerick_zip.pt");
  g_autoptr(TensorSet) s = tensor_set_from(path);
  g_autoptr(SgModel) last = test_load_model("simplerick_zip.pt");
  g_autoptr(GError) error = NULL;

  tensor_set_rename(s, "D.0.skip.weight_orig", "D.0.down.weight_orig");
  tensor_set_rename(s, "D.0.skip.bias", "D.0.down.bias");
  tensor_set_remove(s, "G.Src_Net.1.noise2.noise_strength");
  tensor_set_rename(s, "G.Src_Net.0.upconv.weight_orig", "G.Src_Net.0.upconv.weight");
  tensor_set_rename(s, "G.Src_Net.0.conv.weight_orig", "G.Src_Net.0.conv.weight");
  g_autoptr(SgModel) m = tensor_set_load(s, &error);
  g_assert_no_error(error);
  g_assert_nonnull(sg_model_tensor(m, "D.", "0.skip.weight_orig"));
  g_assert_cmpfloat(sg_model_tensor(m, "G_ema.", "1.noise2.noise_strength")->data[0], ==,
                    sg_model_tensor(m, "G_ema.", "1.noise.noise_strength")->data[0]);
  /* [11, 10, 3, 3]: the transposed convolution has 11 inputs, the other one ([10, 9, 3, 3]) 10. */
  SgTensor *up = sg_model_tensor(m, "G_ema.", "0.upconv.weight_orig");
  SgTensor *conv = sg_model_tensor(m, "G_ema.", "0.conv.weight_orig");
  float up_was = sg_model_tensor(last, "G_ema.", "0.upconv.weight_orig")->data[5];
  float conv_was = sg_model_tensor(last, "G_ema.", "0.conv.weight_orig")->data[5];
  g_assert_cmpfloat_with_epsilon(up->data[5], up_was * sqrt(up->shape[0] * 9.0), 1e-5);
  g_assert_cmpfloat_with_epsilon(conv->data[5], conv_was * sqrt(conv->shape[1] * 9.0), 1e-5);
}

static void
test_rosinality_without_average(void)
{
  g_autofree char *path = fixture("sg2_rosinality_zip.pt");
  g_autoptr(TensorSet) s = tensor_set_from(path);
  g_autoptr(GError) error = NULL;

  tensor_set_remove(s, "latent_avg");
  g_autoptr(SgModel) m = tensor_set_load(s, &error);
  g_assert_no_error(error);
  g_assert_null(sg_model_tensor(m, "G_ema.", "mapping.w_avg"));
  tensor_set_get(s, "g_ema.convs.0.conv.blur.kernel")->data[3] += 0.01f;
  assert_refused(s, "filter");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/formats/hashes", test_hashes);
  g_test_add_func("/formats/stored-types", test_stored_types);
  g_test_add_func("/formats/one-network", test_one_network);
  g_test_add_func("/formats/clamp", test_clamp);
  g_test_add_func("/formats/mystylegan", test_mystylegan);
  g_test_add_func("/formats/mystylegan-variants", test_mystylegan_variants);
  g_test_add_func("/formats/rosinality-without-average", test_rosinality_without_average);
  int result = g_test_run();
  cleanup();
  return result;
}
