/* The trainer's options: presets against NVlabs' table (checkpoint-formats.md A.8) written out by
 * hand, setting, resolving, and the JSON file. */
#include "engine/train/options.h"
#include <string.h>

#define EACH_ROW(row)                                                                              \
  (const SgTrainOption *row = sg_train_option_table;                                               \
   row < sg_train_option_table + sg_train_option_count; row++)
#define AT(o, row, type) (*(type *)G_STRUCT_MEMBER_P(o, (row)->offset))

static SgTrainOptions *
fresh(const char *preset)
{
  GError *error = NULL;
  SgTrainOptions *o = sg_train_options_new(preset, &error);
  g_assert_no_error(error);
  return o;
}

/* As the command does once the data set is open. */
static SgTrainOptions *
for_resolution(const char *preset, int resolution)
{
  SgTrainOptions *o = fresh(preset);
  o->resolution = resolution;
  o->channels = 3;
  return o;
}

static void
set(SgTrainOptions *o, const char *name, const char *value)
{
  GError *error = NULL;
  gboolean ok = sg_train_options_set(o, name, value, &error);
  g_assert_no_error(error);
  g_assert_true(ok);
}

static void
resolve(SgTrainOptions *o)
{
  GError *error = NULL;
  gboolean ok = sg_train_options_resolve(o, &error);
  g_assert_no_error(error);
  g_assert_true(ok);
}

static gsize
size_of(const SgTrainOption *row)
{
  switch (row->type) {
  case SG_OPTION_REAL:
    return sizeof(double);
  case SG_OPTION_SEED:
    return sizeof(guint64);
  case SG_OPTION_TEXT:
    return sizeof(char *);
  default:
    return sizeof(int);
  }
}

static gboolean
same(const SgTrainOption *row, SgTrainOptions *a, SgTrainOptions *b)
{
  if (row->type == SG_OPTION_TEXT)
    return g_strcmp0(AT(a, row, char *), AT(b, row, char *)) == 0;
  return memcmp(G_STRUCT_MEMBER_P(a, row->offset), G_STRUCT_MEMBER_P(b, row->offset),
                size_of(row)) == 0;
}

static void
assert_same(SgTrainOptions *a, SgTrainOptions *b)
{
  for
    EACH_ROW(row)
  if (!same(row, a, b))
    g_error("%s differs", row->name);
}

/* ---- presets ---- */

typedef struct {
  const char *name;
  int resolution, channel_base, mapping, batch, group;
  double lr, gamma, ema, ramp, kimg, pl_weight, mixing;
  const char *d_arch;
} Expected;

static const Expected expected[] = {
    {"auto", 64, 16384, 2, 32, 4, 0.0025, 0.0256, 10, 0.05, 25000, 2, 0.9, "resnet"},
    {"auto", 128, 16384, 2, 32, 4, 0.0025, 0.1024, 10, 0.05, 25000, 2, 0.9, "resnet"},
    {"auto", 256, 16384, 2, 16, 4, 0.0025, 0.8192, 5, 0.05, 25000, 2, 0.9, "resnet"},
    {"auto", 512, 32768, 2, 8, 4, 0.0025, 6.5536, 2.5, 0.05, 25000, 2, 0.9, "resnet"},
    {"auto", 1024, 32768, 2, 4, 4, 0.002, 52.4288, 1.25, 0.05, 25000, 2, 0.9, "resnet"},
    {"stylegan2", 256, 32768, 8, 32, 4, 0.002, 10, 10, 0, 25000, 2, 0.9, "resnet"},
    {"stylegan2", 1024, 32768, 8, 32, 4, 0.002, 10, 10, 0, 25000, 2, 0.9, "resnet"},
    {"paper256", 256, 16384, 8, 64, 8, 0.0025, 1, 20, 0, 25000, 2, 0.9, "resnet"},
    {"paper512", 512, 32768, 8, 64, 8, 0.0025, 0.5, 20, 0, 25000, 2, 0.9, "resnet"},
    {"paper1024", 1024, 32768, 8, 32, 4, 0.002, 2, 10, 0, 25000, 2, 0.9, "resnet"},
    {"cifar", 32, 32768, 2, 64, 32, 0.0025, 0.01, 500, 0.05, 100000, 0, 0, "orig"},
    {"cybersecurity128", 128, 32768, 8, 80, 8, 0.002, 10, 10, 0, 25000, 2, 0.9, "resnet"},
};

static void
check_preset(const Expected *e)
{
  g_autoptr(SgTrainOptions) o = for_resolution(e->name, e->resolution);

  resolve(o);
  g_test_message("%s %d", e->name, e->resolution);
  g_assert_cmpstr(o->preset, ==, e->name);
  g_assert_cmpint(o->channel_base, ==, e->channel_base);
  g_assert_cmpint(o->mapping_layers, ==, e->mapping);
  g_assert_cmpint(o->batch, ==, e->batch);
  g_assert_cmpint(o->mbstd_group, ==, e->group);
  g_assert_cmpfloat(o->lr_g, ==, e->lr);
  g_assert_cmpfloat(o->lr_d, ==, e->lr);
  g_assert_cmpfloat_with_epsilon(o->r1_gamma, e->gamma, 1e-12);
  g_assert_cmpfloat(o->ema_kimg, ==, e->ema);
  g_assert_cmpfloat(o->ema_rampup, ==, e->ramp);
  g_assert_cmpfloat(o->kimg, ==, e->kimg);
  g_assert_cmpfloat(o->pl_weight, ==, e->pl_weight);
  g_assert_cmpfloat(o->style_mixing, ==, e->mixing);
  g_assert_cmpstr(o->d_arch, ==, e->d_arch);
  g_assert_cmpint(o->z_dim, ==, 512);
  g_assert_cmpint(o->w_dim, ==, 512);
  g_assert_cmpint(o->channel_max, ==, 512);
  g_assert_cmpfloat(o->conv_clamp, ==, 256);
  g_assert_cmpint(o->mbstd_channels, ==, 1);
  g_assert_cmpfloat(o->beta1, ==, 0);
  g_assert_cmpfloat(o->beta2, ==, 0.99);
  g_assert_cmpfloat(o->eps, ==, 1e-8);
}

static void
test_presets(void)
{
  for (gsize i = 0; i < G_N_ELEMENTS(expected); i++)
    check_preset(&expected[i]);
  for (int i = 0; sg_train_presets[i]; i++) {
    gboolean listed = FALSE;
    for (gsize k = 0; k < G_N_ELEMENTS(expected); k++)
      listed = listed || g_str_equal(expected[k].name, sg_train_presets[i]);
    g_assert_true(listed);
  }
  g_autoptr(SgTrainOptions) o = fresh("cybersecurity128");
  g_assert_cmpint(o->resolution, ==, 128);
  g_assert_null(sg_train_options_new("paper2048", NULL));
}

static void
test_common_defaults(void)
{
  g_autoptr(SgTrainOptions) o = fresh("stylegan2");

  g_assert_cmpint(o->r1_interval, ==, 16);
  g_assert_cmpint(o->pl_interval, ==, 4);
  g_assert_cmpint(o->pl_batch_shrink, ==, 2);
  g_assert_cmpfloat(o->pl_decay, ==, 0.01);
  g_assert_cmpfloat(o->w_avg_beta, ==, 0.995);
  g_assert_cmpfloat(o->mapping_lr_mul, ==, 0.01);
  g_assert_cmpstr(o->g_arch, ==, "skip");
  g_assert_cmpstr(o->aug, ==, "ada");
  g_assert_cmpstr(o->aug_pipe, ==, "bgc");
  g_assert_cmpfloat(o->ada_target, ==, 0.6);
  g_assert_cmpfloat(o->ada_kimg, ==, 500);
  g_assert_cmpint(o->ada_interval, ==, 4);
  g_assert_cmpfloat(o->tick_kimg, ==, 4);
  g_assert_cmpint(o->snap, ==, 50);
}

/* --help's defaults are what fresh() has, wherever the text is one value. */
static void
test_default_texts(void)
{
  int compared = 0;

  for
    EACH_ROW(row)
    {
      g_autoptr(SgTrainOptions) o = fresh("stylegan2"), other = fresh("stylegan2");
      gboolean takes_any = row->type == SG_OPTION_TEXT && !row->words &&
                           !g_str_equal(row->name, "augpipe") && !g_str_equal(row->name, "device");
      if (takes_any || g_str_equal(row->name, "cfg") ||
          !sg_train_options_set(other, row->name, row->default_text, NULL))
        continue;
      if (!same(row, o, other))
        g_error("%s: --help says %s", row->name, row->default_text);
      compared++;
    }
  g_assert_cmpint(compared, ==, 33);
}

/* ---- the table ---- */

/* Rows cover the struct but for padding before fields of eight bytes. (A forgotten int that fits
 * into such padding is not seen.) */
static void
test_every_field_has_a_row(void)
{
  gboolean covered[sizeof(SgTrainOptions)] = {FALSE};
  gsize end = G_STRUCT_OFFSET(SgTrainOptions, set), gap = 0;

  for
    EACH_ROW(row)
  for (gsize i = 0; i < size_of(row); i++) {
    g_assert_false(covered[row->offset + i]);
    covered[row->offset + i] = TRUE;
  }
  for (gsize i = 0; i < end; i++) {
    gap += !covered[i];
    if (!covered[i])
      g_assert_true(i % 8 >= 4 && i + 8 - i % 8 <= end);
  }
  g_assert_cmpuint(gap / 4, ==, 5);
  g_assert_cmpuint(sg_train_option_count, ==, 54);
}

static const char *
legal_value(const SgTrainOption *row)
{
  static const struct {
    const char *name, *value;
  } special[] = {{"resolution", "32"},     {"channels", "1"},    {"cfg", "paper512"},
                 {"augpipe", "blit+geom"}, {"device", "cuda:1"}, {"cond", "1"},
                 {"mirror", "yes"},        {"lr-d", "0.00125"},  {"seed", "18446744073709551615"}};

  for (gsize i = 0; i < G_N_ELEMENTS(special); i++)
    if (g_str_equal(special[i].name, row->name))
      return special[i].value;
  if (row->type == SG_OPTION_TEXT)
    return row->words ? (g_str_equal(row->words[0], "skip") ? "orig" : row->words[1]) : "Größe 1";
  return row->type == SG_OPTION_INT ? "24" : "0.3";
}

/* Each changes its own field and no other. aug's second word is its default. */
static void
test_every_option_settable(void)
{
  for
    EACH_ROW(row)
    {
      g_autoptr(SgTrainOptions) o = fresh("auto"), before = fresh("auto");
      const char *value = g_str_equal(row->name, "aug") ? "noaug" : legal_value(row);
      set(o, row->name, value);
      if (same(row, o, before))
        g_error("%s: nothing changed", row->name);
      if (g_str_equal(row->name, "cfg"))
        continue;
    for
      EACH_ROW(other)
    if (other != row && !same(other, o, before))
      g_error("%s changed %s", row->name, other->name);
    }
  g_autoptr(SgTrainOptions) o = fresh("auto");
  set(o, "lr", "0.125");
  g_assert_cmpfloat(o->lr_g, ==, 0.125);
  g_assert_cmpfloat(o->lr_d, ==, 0.125);
}

static void
test_help(void)
{
  static const char *const groups[] = {"Data", "Networks", "Losses", "Augmentation", "Run", NULL};

  for
    EACH_ROW(row)
    {
      g_assert_true(g_strv_contains(groups, row->group));
      g_assert_true(g_str_has_suffix(row->help, "."));
      g_assert_nonnull(row->default_text);
    }
}

/* ---- refusing ---- */

static void
refuse(const char *name, const char *value)
{
  g_autoptr(SgTrainOptions) o = fresh("auto"), before = fresh("auto");
  GError *error = NULL;

  if (sg_train_options_set(o, name, value, &error))
    g_error("%s took \"%s\"", name, value);
  g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
  g_assert_nonnull(strstr(error->message, name));
  if (g_utf8_validate(value, -1, NULL))
    g_assert_nonnull(strstr(error->message, value));
  g_error_free(error);
  assert_same(o, before);
}

static void
test_garbage_refused(void)
{
  static const char *const garbage[] = {"", "x", "3x", " 3", "0x10", "nan", "inf", "1e999", NULL};

  for
    EACH_ROW(row)
    {
      for (int i = 0; row->type != SG_OPTION_TEXT && garbage[i]; i++)
        refuse(row->name, garbage[i]);
      if (row->type == SG_OPTION_TEXT) {
        refuse(row->name, "");
        refuse(row->name, "\xff\xfe");
      }
      if (row->words)
        refuse(row->name, "nothing-like-it");
      if (row->type != SG_OPTION_INT && row->type != SG_OPTION_REAL)
        continue;
      g_autofree char *low = g_strdup_printf("%.0f", row->min - 1);
      g_autofree char *high = g_strdup_printf("%.0f", row->max + 1);
      refuse(row->name, low);
      refuse(row->name, high);
    }
  refuse("cond", "2");
  refuse("seed", "-1");
  refuse("seed", "18446744073709551616");
  refuse("batch", "4294967297");
  refuse("batch", "1.5");
  refuse("augpipe", "bgc+noise");
  refuse("device", "gpu");
  refuse("device", "cuda:");
  refuse("device", "cuda:x");
}

static void
test_unknown_name(void)
{
  g_autoptr(SgTrainOptions) o = fresh("auto");
  GError *error = NULL;

  g_assert_false(sg_train_options_set(o, "gama", "1", &error));
  g_assert_nonnull(strstr(error->message, "gama"));
  g_error_free(error);
}

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
  refuse_resolve(with("channel-base", "32"), "channel-base");
  refuse_resolve(with("mbstd-channels", "3"), "mbstd-channels");
  refuse_resolve(with("conv-clamp", "0"), "conv-clamp");
  refuse_resolve(with("cond", "1"), "cond");
  refuse_resolve(with("aug", "fixed"), "fixed");
  /* The limits themselves are fine. */
  o = with("pl-batch-shrink", "32");
  resolve(o);
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
    for
      EACH_ROW(row)
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
  g_test_add_func("/options/presets", test_presets);
  g_test_add_func("/options/common-defaults", test_common_defaults);
  g_test_add_func("/options/default-texts", test_default_texts);
  g_test_add_func("/options/every-field", test_every_field_has_a_row);
  g_test_add_func("/options/every-option", test_every_option_settable);
  g_test_add_func("/options/help", test_help);
  g_test_add_func("/options/garbage", test_garbage_refused);
  g_test_add_func("/options/unknown-name", test_unknown_name);
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
