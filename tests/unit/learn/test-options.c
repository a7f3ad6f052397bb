/* The trainer's options: presets against the table in NVlabs' train.py, written out by
 * hand, the table and --help, setting and refusing. */
#include "tests/unit/learn/options-support.h"
#include <string.h>

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
    {"narrow", 32, 1024, 2, 32, 4, 0.0025, 0.0064, 10, 0.05, 2000, 2, 0.9, "resnet"},
    {"narrow", 128, 4096, 2, 32, 4, 0.0025, 0.1024, 10, 0.05, 2000, 2, 0.9, "resnet"},
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
  g_assert_cmpint(o->channel_max, ==, g_str_equal(e->name, "narrow") ? 128 : 512);
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

/* NVlabs' widths where a device has them at work, narrow ones where a processor has. */
static void
test_preset_of_device(void)
{
  g_assert_cmpstr(sg_train_preset_default(NULL, FALSE), ==, "narrow");
  g_assert_cmpstr(sg_train_preset_default("auto", FALSE), ==, "narrow");
  g_assert_cmpstr(sg_train_preset_default("cpu", TRUE), ==, "narrow");
  g_assert_cmpstr(sg_train_preset_default("auto", TRUE), ==, "auto");
  g_assert_cmpstr(sg_train_preset_default("cuda:1", FALSE), ==, "auto");
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

  EACH (row) {
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
  g_assert_cmpint(compared, ==, 41);
}

/* ---- the table ---- */

/* Rows cover the struct but for padding before fields of eight bytes. (A forgotten int that fits
 * into such padding is not seen.) */
static void
test_every_field_has_a_row(void)
{
  gboolean covered[sizeof(SgTrainOptions)] = {FALSE};
  gsize end = G_STRUCT_OFFSET(SgTrainOptions, set), gap = 0;

  EACH (row)
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
  g_assert_cmpuint(sg_train_option_count, ==, 65);
}

/* Each changes its own field and no other. aug's second word is its default. */
static void
test_every_option_settable(void)
{
  EACH (row) {
    g_autoptr(SgTrainOptions) o = fresh("auto"), before = fresh("auto");
    const char *value = g_str_equal(row->name, "aug") ? "noaug" : legal_value(row);
    set(o, row->name, value);
    if (same(row, o, before))
      g_error("%s: nothing changed", row->name);
    if (g_str_equal(row->name, "cfg"))
      continue;
    EACH (other)
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

  EACH (row) {
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

  EACH (row) {
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

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/options/presets", test_presets);
  g_test_add_func("/options/preset-of-device", test_preset_of_device);
  g_test_add_func("/options/common-defaults", test_common_defaults);
  g_test_add_func("/options/default-texts", test_default_texts);
  g_test_add_func("/options/every-field", test_every_field_has_a_row);
  g_test_add_func("/options/every-option", test_every_option_settable);
  g_test_add_func("/options/help", test_help);
  g_test_add_func("/options/garbage", test_garbage_refused);
  g_test_add_func("/options/unknown-name", test_unknown_name);
  return g_test_run();
}
