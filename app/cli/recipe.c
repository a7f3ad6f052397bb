/* The options that make a recipe: one block, made of the recipe's fields, for every command that
 * draws. */
#include "app/cli/cli.h"
#include "app/config.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "engine/base/visible.h"
#include "engine/directions/direction-set.h"
#include "engine/explore/coordinate.h"
#include "engine/explore/picture-model.h"
#include "engine/explore/recipe-table.h"
#include "engine/formats/npy.h"
#include "engine/formats/read-file.h"
#include "engine/pictures/picture-write.h"
#include "engine/pictures/picture.h"

/* As long as a picture may hold one. */
#define MAX_RECIPE ((gsize)16 << 20)

/* ---- --recipe -------------------------------------------------------------------------------- */

/* JSON text of a picture or of a .json file; `length` in bytes. */
static char *
read_json(const char *path, gsize *length, GError **error)
{
  char *json;
  GError *inner = NULL;

  if (g_str_has_suffix(path, ".json"))
    return sg_read_file(path, MAX_RECIPE, length, error);
  json = sg_picture_read_recipe(path, &inner);
  if (json)
    *length = strlen(json);
  else if (inner)
    g_propagate_error(error, inner);
  else
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "%s: this picture has no recipe inside", path);
  return json;
}

SgModel *
cli_load_model_of(const char *path, const char *recipe, GError **error)
{
  static const char *const places[] = {VITRINE_PKGDATADIR "/models/lorelei64.safetensors", NULL};
  g_autofree char *json = NULL, *hash = NULL, *name = NULL;
  gsize length;

  if (path)
    return cli_load_model(path, error);
  if (!(json = read_json(recipe, &length, error)))
    return NULL;
  g_autoptr(SgRecipe) r = sg_recipe_from_json(json, (gssize)length, &hash, &name, error);
  if (!r) {
    g_prefix_error(error, "%s: ", recipe);
    return NULL;
  }
  SgModel *m = hash ? sg_find_model(hash, name, recipe, places) : NULL;
  if (!m) {
    g_autofree char *base = g_path_get_basename(name ? name : "of an unknown name");
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "%s was made with the model %s (weights %.12s…), which is not beside it; name the "
                "model with --network=FILE",
                recipe, base, hash ? hash : "unknown");
  }
  return m;
}

SgRecipe *
cli_read_recipe(const char *command, const char *path, const SgModel *model, GError **error)
{
  gsize length;
  g_autofree char *json = read_json(path, &length, error), *hash = NULL;
  g_autoptr(SgRecipe) r =
      json ? sg_recipe_from_json(json, (gssize)length, &hash, NULL, error) : NULL;

  if (!json)
    return NULL;
  if (r)
    sg_find_recipe_files(r, path);
  if (!r || !sg_recipe_check(r, &model->info, error)) {
    g_prefix_error(error, "%s: ", path);
    return NULL;
  }
  if (hash && model->hash && !g_str_equal(hash, model->hash))
    fprintf(stderr, "vitrine %s: %s was made with other weights than this model has\n", command,
            cli_name(path));
  if (r->cutoff > model->info.num_ws)
    r->cutoff = model->info.num_ws;
  return g_steal_pointer(&r);
}

/* ---- the block ------------------------------------------------------------------------------- */

static gboolean
is_in(const char *const *list, const char *option)
{
  return list && g_strv_contains(list, option);
}

static gboolean
is_taken(const CliRecipeOptions *o, const char *option)
{
  return option && (!o->only || is_in(o->only, option)) && !is_in(o->without, option);
}

static void
add_entry(CliRecipeOptions *o, GOptionEntry entry)
{
  if (is_taken(o, entry.long_name))
    g_array_append_val(o->entries, entry);
}

void
cli_recipe_options_init(CliRecipeOptions *o, const char *const *only, const char *const *without)
{
  *o = (CliRecipeOptions){.only = only, .without = without};
  o->values = g_array_new(FALSE, TRUE, sizeof(char *));
  o->entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
  g_array_set_size(o->values, sg_recipe_field_count);
  add_entry(o, (GOptionEntry){"recipe", 0, 0, G_OPTION_ARG_FILENAME, &o->recipe,
                              "start from a saved picture or recipe", "PNG|JSON"});
  for (guint i = 0; i < sg_recipe_field_count; i++) {
    const SgRecipeField *f = &sg_recipe_fields[i];
    add_entry(o, (GOptionEntry){f->option, 0, 0, G_OPTION_ARG_STRING,
                                &g_array_index(o->values, char *, i), f->help, f->arg});
  }
  add_entry(o, (GOptionEntry){"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->set,
                              "moves numbers: z3=+2.5,w17=-1,w0:3=1 (w of one layer),w0-3:5=1,"
                              "s7.123=+4 (a style),d1=2 (a direction)",
                              "OFFSETS"});
  add_entry(o,
            (GOptionEntry){"lock", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->locks,
                           "values that no seed changes, like z3=0.5,w17=-0.2,w0:3=1", "VALUES"});
  add_entry(o, (GOptionEntry){"direction", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->directions,
                              "moves w along a direction, STRENGTH (1) of its sigmas far, in all "
                              "LAYERS that it was found for or these; may be repeated",
                              "FILE[#NAME][=STRENGTH][:LAYERS]"});
  add_entry(o, (GOptionEntry){"noise-map", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->noise_maps,
                              "the noise of a convolution, counted from 0; may be repeated",
                              "N=FILE.npy"});
}

void
cli_recipe_options_clear(CliRecipeOptions *o)
{
  for (guint i = 0; o->values && i < o->values->len; i++)
    g_free(g_array_index(o->values, char *, i));
  g_clear_pointer(&o->values, g_array_unref);
  g_clear_pointer(&o->entries, g_array_unref);
  g_free(o->recipe);
  g_strfreev(o->set);
  g_strfreev(o->locks);
  g_strfreev(o->directions);
  g_strfreev(o->noise_maps);
}

gboolean
cli_recipe_option_given(const CliRecipeOptions *o, const char *option)
{
  for (guint i = 0; i < sg_recipe_field_count; i++)
    if (g_strcmp0(sg_recipe_fields[i].option, option) == 0)
      return g_array_index(o->values, char *, i) != NULL;
  return g_str_equal(option, "recipe") && o->recipe;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static gboolean
apply_word(const SgRecipeField *f, const char *text, SgRecipe *r, GError **error)
{
  for (int i = 0; f->words[i]; i++)
    if (g_ascii_strcasecmp(text, f->words[i]) == 0) {
      sg_recipe_field_set(f, r, i);
      return TRUE;
    }
  g_autofree char *list = g_strjoinv(", ", (char **)f->words);
  cli_set_usage_error(error, "--%s: expected one of %s, found \"%s\"", f->option, list, text);
  return FALSE;
}

static gboolean
apply_field(const SgRecipeField *f, const char *text, const SgModelInfo *info, SgRecipe *r,
            GError **error)
{
  double value;
  gint64 i;

  if (f->type == SG_FIELD_CHOICE)
    return apply_word(f, text, r, error);
  if (g_str_equal(f->option, "class"))
    return cli_parse_class(text, info, &r->label, error);
  if (g_str_equal(f->option, "trunc-cutoff")) {
    if (!cli_parse_int(f->option, text, 0, G_MAXINT32, &i, error))
      return FALSE;
    r->cutoff = (int)MIN(i, info->num_ws); /* beyond them are all, as the authors have it */
    return TRUE;
  }
  if (f->type == SG_FIELD_REAL) {
    if (!cli_parse_number(f->option, text, MAX(f->min, -SG_RECIPE_FACTOR_MAX),
                          MIN(f->max, SG_RECIPE_FACTOR_MAX), &value, error))
      return FALSE;
  } else {
    if (!cli_parse_int(f->option, text, (gint64)f->min, (gint64)f->max, &i, error))
      return FALSE;
    value = (double)i;
  }
  sg_recipe_field_set(f, r, value);
  return TRUE;
}

/* ---- --set and --lock ------------------------------------------------------------------------ */

/* "w0:3=+1" */
static gboolean
apply_coordinate(const char *option, const char *text, const SgModelInfo *info, SgRecipe *r,
                 GError **error)
{
  gboolean locks = g_str_equal(option, "lock"), ok;
  const char *equals = strchr(text, '=');
  g_autofree char *name = g_strndup(text, equals ? (gsize)(equals - text) : 0);
  GError *why = NULL;
  SgCoordinate c;
  double value;

  if (!equals || !sg_coordinate_parse(name, &c) ||
      (locks && c.kind != SG_AT_Z && c.kind != SG_AT_W)) {
    cli_set_usage_error(error,
                        "--%s: expected something like z3=+2.5, w17=-1 or w0:3=1, found \"%s\"",
                        option, text);
    return FALSE;
  }
  if (!sg_coordinate_check(&c, r, info->num_ws, &why)) {
    cli_set_usage_error(error, "--%s: %s", option, why->message);
    g_error_free(why);
    return FALSE;
  }
  if (!cli_parse_number(option, equals + 1, -SG_RECIPE_FACTOR_MAX, SG_RECIPE_FACTOR_MAX, &value,
                        error))
    return FALSE;
  ok = locks ? sg_coordinate_lock(&c, r, value) : sg_coordinate_set(&c, r, value);
  if (!ok)
    cli_set_usage_error(error, "--%s: too many at once", option);
  return ok;
}

static gboolean
apply_coordinates(const char *option, char **list, const SgModelInfo *info, SgRecipe *r,
                  GError **error)
{
  for (char **s = list; s && *s; s++) {
    g_auto(GStrv) parts = g_strsplit(*s, ",", -1);
    for (char **part = parts; *part; part++)
      if (!apply_coordinate(option, g_strstrip(*part), info, r, error))
        return FALSE;
  }
  return TRUE;
}

/* ---- --noise-map ----------------------------------------------------------------------------- */

static gboolean
apply_noise_map(const char *text, SgRecipe *r, GError **error)
{
  const char *equals = strchr(text, '=');
  g_autofree char *number = g_strndup(text, equals ? (gsize)(equals - text) : 0);
  gint64 conv;

  if (!equals || !g_ascii_string_to_signed(number, 10, 0, SG_RECIPE_MAX_CONVS - 1, &conv, NULL)) {
    cli_set_usage_error(error, "--noise-map: expected N=FILE.npy, found \"%s\"", text);
    return FALSE;
  }
  g_autofree char *path = g_canonicalize_filename(equals + 1, NULL);
  if (!g_utf8_validate(path, -1, NULL)) {
    cli_set_usage_error(error, "--noise-map: a picture can only name files whose path is UTF-8; "
                               "give this one another name");
    return FALSE;
  }
  g_autoptr(SgTensor) t = sg_npy_read(path, error);
  if (!t)
    return FALSE;
  g_autofree char *sha256 = sg_tensor_sha256(t), *name = g_path_get_basename(path);
  sg_recipe_set_noise_map(r, (int)conv, name, path, sha256);
  return TRUE;
}

/* ---- all of it ------------------------------------------------------------------------------- */

SgRecipe *
cli_recipe_new(const CliRecipeOptions *o, const char *command, const SgModel *model, GError **error)
{
  const SgModelInfo *info = &model->info;
  g_autoptr(SgRecipe) r =
      o->recipe ? cli_read_recipe(command, o->recipe, model, error) : sg_recipe_new_for(info);

  for (guint i = 0; r && i < sg_recipe_field_count; i++) {
    const char *text = g_array_index(o->values, char *, i);
    if (text && !apply_field(&sg_recipe_fields[i], text, info, r, error))
      return NULL;
  }
  for (char **d = o->directions; r && d && *d; d++)
    if (!cli_apply_direction(command, *d, model, r, error))
      return NULL;
  for (char **m = o->noise_maps; r && m && *m; m++)
    if (!apply_noise_map(*m, r, error))
      return NULL;
  if (!r || !apply_coordinates("set", o->set, info, r, error) ||
      !apply_coordinates("lock", o->locks, info, r, error))
    return NULL;
  return g_steal_pointer(&r);
}
