/* The trainer's options: what resolve() fills in and refuses, and the JSON file. */
#include "tests/unit/learn/options-support.h"
#include <string.h>

/* ---- refusing ---- */

static void
refuse_resolve(SgTrainOptions *o, const char *word)
{
  GError *error = NULL;

  if (sg_train_options_resolve(o, &error))
    g_error("resolved in spite of %s", word);
  if (!strstr(error->message, word))
    g_error("\"%s\" does not name %s", error->message, word);
  g_error_free(error);
  sg_train_options_free(o);
}

static SgTrainOptions *
with(const char *name, const char *value)
{
  SgTrainOptions *o = for_resolution("stylegan2", 64);
  set(o, name, value);
  return o;
}

static void
test_inconsistent_refused(void)
{
  static const int wrong[] = {0, 4, 24, 2048};
  SgTrainOptions *o;

  for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
    refuse_resolve(for_resolution("auto", wrong[i]), "resolution");
  o = for_resolution("auto", 64);
  o->channels = 2;
  refuse_resolve(o, "channels");
  refuse_resolve(with("batch", "30"), "mbstd-group");
  refuse_resolve(with("pl-batch-shrink", "33"), "pl-batch-shrink");
  refuse_resolve(with("batch-gpu", "5"), "mbstd-group (4)");
  refuse_resolve(with("batch-gpu", "12"), "batch-gpu (12)");
  refuse_resolve(with("batch-gpu", "64"), "batch-gpu (64)");
  refuse_resolve(with("channel-base", "32"), "channel-base");
  refuse_resolve(with("mbstd-channels", "3"), "mbstd-channels");
  refuse_resolve(with("conv-clamp", "0"), "conv-clamp");
  refuse_resolve(with("cond", "1"), "cond");
  refuse_resolve(with("aug", "fixed"), "fixed");
  /* The limits themselves are fine. */
  o = with("pl-batch-shrink", "32");
  resolve(o);
  sg_train_options_free(o);
  /* Rounds, of several processes too; a group that nobody chose fits them. */
  o = with("batch-gpu", "8");
  resolve(o);
  g_assert_true(sg_train_options_check_processes(o, 4, NULL));
  o->batch_gpu = 16;
  g_autoptr(GError) error = NULL;
  g_assert_false(sg_train_options_check_processes(o, 4, &error));
  g_assert_nonnull(strstr(error->message, "batch-gpu times the number of processes (16 · 4)"));
  sg_train_options_free(o);
  o = for_resolution("auto", 64);
  set(o, "batch-gpu", "2");
  resolve(o);
  g_assert_cmpint(o->mbstd_group, ==, 2);
  sg_train_options_free(o);
  o = for_resolution("auto", 8);
  resolve(o);
  sg_train_options_free(o);
}

/* ---- resolving ---- */

/* All at once, against the preset that leaves most to resolve(). */
static void
test_user_survives(void)
{
  g_autoptr(SgTrainOptions) o = fresh("auto"), given = fresh("auto");
  static const char *const values[][2] = {
      {"resolution", "512"}, {"channels", "3"},      {"channel-base", "8192"}, {"batch", "12"},
      {"mbstd-group", "6"},  {"lr-g", "0.0001"},     {"lr-d", "0.0002"},       {"gamma", "0"},
      {"ema-kimg", "0"},     {"ema-rampup", "0.5"},  {"ada-kimg", "70"},       {"resume", "x.pkl"},
      {"name", "n"},         {"mapping-layers", "5"}};

  for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
    set(o, values[i][0], values[i][1]);
    set(given, values[i][0], values[i][1]);
  }
  resolve(o);
  assert_same(o, given);
}

/* What follows from the batch follows from the user's. */
static void
test_auto_follows_user(void)
{
  g_autoptr(SgTrainOptions) o = for_resolution("auto", 256);

  set(o, "batch", "8");
  resolve(o);
  g_assert_cmpfloat_with_epsilon(o->r1_gamma, 1.6384, 1e-12);
  g_assert_cmpfloat(o->ema_kimg, ==, 2.5);
  g_autoptr(SgTrainOptions) small = for_resolution("auto", 256);
  set(small, "batch", "3");
  resolve(small);
  g_assert_cmpint(small->mbstd_group, ==, 3);
}

static void
test_transfer(void)
{
  g_autoptr(SgTrainOptions) o = for_resolution("auto", 64);

  set(o, "resume", "ffhq.pkl");
  resolve(o);
  g_assert_cmpfloat(o->ada_kimg, ==, 100);
  g_assert_cmpfloat(o->ema_rampup, ==, 0);
}

/* "cfg" after the others is "cfg" before them. */
static void
test_cfg_in_any_order(void)
{
  for (int i = 0; sg_train_presets[i]; i++)
    for (int k = 0; sg_train_presets[k]; k++) {
      g_autoptr(SgTrainOptions) first = fresh(sg_train_presets[i]);
      g_autoptr(SgTrainOptions) last = fresh(sg_train_presets[k]);
      set(first, "gamma", "7");
      set(last, "gamma", "7");
      set(last, "cfg", sg_train_presets[i]);
      assert_same(first, last);
    }
}

/* ---- JSON ---- */

static SgTrainOptions *
through_json(const SgTrainOptions *o)
{
  GError *error = NULL;
  g_autofree char *json = sg_train_options_to_json(o);
  SgTrainOptions *back = sg_train_options_from_json("t.json", json, &error);
  g_assert_no_error(error);
  return back;
}

static void
test_json_exact(void)
{
  for (int i = 0; sg_train_presets[i]; i++) {
    g_autoptr(SgTrainOptions) o = fresh(sg_train_presets[i]);
    g_autoptr(SgTrainOptions) open = through_json(o);
    assert_same(o, open);
    EACH (row)
      if (!g_str_equal(row->name, "cfg"))
        set(o, row->name, legal_value(row));
    o->lr_g = 0.1 + 0.2;
    o->eps = 1.0000000000000002e-8;
    o->kimg = 1e9 / 3;
    o->seed = G_MAXUINT64 - (guint)i;
    g_autoptr(SgTrainOptions) back = through_json(o);
    assert_same(o, back);
  }
}

/* A file written before resolve() is resolved as the options themselves; one written after it
 * stays as it is, although more is known to be set. */
static void
test_json_resolves(void)
{
  g_autoptr(SgTrainOptions) o = for_resolution("auto", 256);
  g_autoptr(SgTrainOptions) early = through_json(o);

  resolve(o);
  resolve(early);
  assert_same(o, early);
  g_autoptr(SgTrainOptions) late = through_json(o);
  set(late, "resume", "dir");
  resolve(late);
  g_assert_cmpfloat(late->ada_kimg, ==, 500);
  g_assert_cmpfloat(late->ema_rampup, ==, 0.05);
}

static void
test_json_refused(void)
{
  static const struct {
    const char *json, *word;
  } bad[] = {{"{\"gama\": 1}", "gama"},
             {"{\"gama\": null}", "gama"},
             {"{\"batch\": -3}", "batch"},
             {"{\"batch\": null}", "batch"},
             {"{\"batch\": [1]}", "batch"},
             {"{\"gamma\": \"x\"}", "gamma"},
             {"{\"cfg\": \"none\"}", "cfg"},
             {"{\"aug\": \"much\"}", "aug"},
             {"{\"snap\": 1, \"snap\": 2}", ""},
             {"[]", "object"},
             {"{\"snap\":", ""}};

  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    GError *error = NULL;
    g_test_message("%s", bad[i].json);
    g_assert_null(sg_train_options_from_json("t.json", bad[i].json, &error));
    g_assert_true(g_str_has_prefix(error->message, "t.json: "));
    g_assert_nonnull(strstr(error->message, bad[i].word));
    g_error_free(error);
  }
  g_autoptr(SgTrainOptions) o = sg_train_options_from_json("t.json", "{\"cfg\": \"cifar\"}", NULL);
  g_autoptr(SgTrainOptions) cifar = fresh("cifar");
  assert_same(o, cifar);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/options/inconsistent", test_inconsistent_refused);
  g_test_add_func("/options/user-survives", test_user_survives);
  g_test_add_func("/options/auto-follows-user", test_auto_follows_user);
  g_test_add_func("/options/transfer", test_transfer);
  g_test_add_func("/options/cfg-in-any-order", test_cfg_in_any_order);
  g_test_add_func("/options/json-exact", test_json_exact);
  g_test_add_func("/options/json-resolves", test_json_resolves);
  g_test_add_func("/options/json-refused", test_json_refused);
  return g_test_run();
}
