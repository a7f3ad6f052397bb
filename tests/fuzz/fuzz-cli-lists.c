/* Lists that people give to commands: an input's first line is the option, the rest its value. What
 * makes a recipe is written as JSON and read again. */
#include "app/cli/cli.h"
#include "engine/base/visible.h"
#include "engine/explore/coordinate.h"
#include "engine/explore/recipe-table.h"
#include "engine/explore/strip.h"
#include "engine/metrics/metric.h"
#include "tests/fuzz/files.h"
#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* ---- what makes a recipe --------------------------------------------------------------------- */

/* FALSE: no such option. */
static gboolean
set_option(CliRecipeOptions *o, const char *name, const char *value)
{
  for (guint i = 0; i < o->entries->len; i++) {
    const GOptionEntry *e = &g_array_index(o->entries, GOptionEntry, i);
    if (!g_str_equal(e->long_name, name))
      continue;
    if (e->arg == G_OPTION_ARG_STRING) {
      *(char **)e->arg_data = g_strdup(value);
    } else if (e->arg == G_OPTION_ARG_STRING_ARRAY || e->arg == G_OPTION_ARG_FILENAME_ARRAY) {
      *(char ***)e->arg_data = g_strsplit(value, "\n", 4);
    }
    return TRUE;
  }
  return FALSE;
}

static gboolean
try_recipe(const char *option, const char *value)
{
  SgModel model = {.info = {.z_dim = 4,
                            .w_dim = 8,
                            .c_dim = 3,
                            .num_ws = 4,
                            .img_resolution = 16,
                            .img_channels = 3}};
  CliRecipeOptions o;
  g_autoptr(GError) error = NULL;

  cli_recipe_options_init(&o, NULL, NULL);
  gboolean known = set_option(&o, option, value);
  g_autoptr(SgRecipe) r = known ? cli_recipe_new(&o, "fuzz", &model, &error) : NULL;
  cli_recipe_options_clear(&o);
  g_assert_true(!known || (r != NULL) != (error != NULL));
  if (r) {
    g_autofree char *json = sg_recipe_to_json(r, NULL, NULL);
    g_autoptr(SgRecipe) again = sg_recipe_from_json(json, -1, NULL, NULL, NULL);
    g_assert_true(again && sg_recipe_equal(r, again));
  }
  return known;
}

/* ---- the others ------------------------------------------------------------------------------ */

static void
try_numbers(const char *value)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GArray) list = cli_parse_numbers("seeds", value, &error);

  g_assert_true((list != NULL) != (error != NULL));
  g_assert_true(!list || (list->len > 0 && list->len <= CLI_MAX_SEEDS));
}

static void
try_strip(const char *value)
{
  SgStripParameter p;
  g_autoptr(GError) error = NULL;
  g_autoptr(GArray) values = sg_strip_parse_values(value, &error);

  sg_strip_parse_parameter(value, &p);
  g_assert_true((values != NULL) != (error != NULL));
  g_assert_true(!values || values->len <= SG_STRIP_MAX_VALUES);
  for (guint i = 0; values && i < values->len; i++)
    g_assert_true(isfinite(g_array_index(values, double, i)));
}

static void
try_number(const char *value)
{
  double v;
  gint64 i;

  if (cli_parse_number("trunc", value, -2, 2, &v, NULL))
    g_assert_true(v >= -2 && v <= 2);
  if (cli_parse_int("layers", value, -5, 70, &i, NULL))
    g_assert_true(i >= -5 && i <= 70);
}

static void
try_coordinate(const char *value)
{
  SgCoordinate c, again;

  if (!sg_coordinate_parse(value, &c))
    return;
  g_autofree char *name = sg_coordinate_name(&c);
  g_assert_true(sg_coordinate_parse(name, &again));
  g_autofree char *second = sg_coordinate_name(&again);
  g_assert_cmpstr(name, ==, second);
}

static void
try_metrics(const char *value)
{
  g_autoptr(GError) error = NULL;
  g_autofree const SgMetric **list = sg_metric_parse(value, &error);

  g_assert_true((list != NULL) != (error != NULL));
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
  g_autofree char *option = fuzz_line(&data, &size);
  g_autofree char *value = g_strndup((const char *)data, size);
  /* Long lists and files take their time, and find nothing more. */
  gboolean file = g_str_equal(option, "recipe") || g_str_equal(option, "noise-map");

  if (file || size > 4096)
    return 0;
  if (!try_recipe(option, value)) {
    try_numbers(value);
    try_strip(value);
    try_number(value);
    try_coordinate(value);
    try_metrics(value);
    g_autofree char *shown = sg_visible(value);
    for (const char *p = shown; *p; p = g_utf8_next_char(p))
      g_assert_false(g_unichar_iscntrl(g_utf8_get_char(p)));
  }
  return 0;
}
