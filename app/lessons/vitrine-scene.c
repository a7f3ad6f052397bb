/* Scenes of lessons: text that makes a recipe. */
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "app/lessons/vitrine-lesson.h"
#include "engine/explore/coordinate.h"
#include "engine/explore/recipe-table.h"
#include "engine/formats/archive.h"
#include "engine/journey/sphere.h"

static gboolean
number(const char *text, double *value)
{
  char *end;

  *value = g_ascii_strtod(text, &end);
  return end != text && *end == '\0' && isfinite(*value);
}

/* A field by the name of its option. */
static gboolean
set_field(SgRecipe *r, const SgRecipeField *f, const char *text)
{
  double value = 0;

  if (f->type == SG_FIELD_CHOICE) {
    while (f->words[(int)value] && !g_str_equal(f->words[(int)value], text))
      value++;
    if (!f->words[(int)value])
      return FALSE;
  } else if (!number(text, &value) || value < f->min || value > f->max) {
    return FALSE;
  }
  sg_recipe_field_set(f, r, value);
  return TRUE;
}

static gboolean
set_coordinate(SgRecipe *r, const char *name, const char *text, int num_ws)
{
  SgCoordinate at;
  double value;

  return sg_coordinate_parse(name, &at) && number(text, &value) &&
         sg_coordinate_check(&at, r, num_ws, NULL) && sg_coordinate_set(&at, r, value);
}

/* "SEED:FIRST-LAST[:BLEND]": these layers come from another seed's face. */
static gboolean
set_mix(SgRecipe *r, const char *text, int num_ws)
{
  g_auto(GStrv) parts = g_strsplit(text, ":", 3);
  g_auto(GStrv) layers = g_strsplit(parts[0] && parts[1] ? parts[1] : "", "-", 2);
  SgMixLayer mix[SG_RECIPE_MAX_LAYERS] = {0};
  g_autoptr(SgRecipe) other = sg_recipe_new(r->z_dim, r->w_dim);
  double seed, first, last, blend = 1;

  if (!layers[0] || !layers[1] || !number(parts[0], &seed) || !number(layers[0], &first) ||
      !number(layers[1], &last) || (parts[2] && !number(parts[2], &blend)) || seed < 0 ||
      seed > G_MAXUINT32 || first < 0 || last < first)
    return FALSE;
  other->seed = (guint32)seed;
  other->label = r->label;
  for (int k = 0; k < num_ws; k++)
    if (k >= first && k <= last)
      mix[k] = (SgMixLayer){0, 1, blend};
  if (!sg_recipe_add_source(r, other))
    return FALSE;
  sg_recipe_set_mix(r, num_ws, mix);
  return TRUE;
}

/* "SEED:PART": part of the way over the sphere of z. */
static gboolean
set_z_towards(SgRecipe *r, const char *text)
{
  g_auto(GStrv) parts = g_strsplit(text, ":", 2);
  g_autofree double *z = g_new(double, 2 * (gsize)r->z_dim);
  double seed, part;

  if (!parts[0] || !parts[1] || !number(parts[0], &seed) || !number(parts[1], &part) || seed < 0 ||
      seed > G_MAXUINT32)
    return FALSE;
  g_autoptr(SgRecipe) other = sg_recipe_new(r->z_dim, r->w_dim);
  other->seed = (guint32)seed;
  sg_recipe_base_z(r, 0, z);
  sg_recipe_base_z(other, 0, z + r->z_dim);
  g_free(r->z_base);
  r->z_base = g_new(double, r->z_dim);
  sg_sphere_mean(2, r->z_dim, z, (const double[]){1 - part, part}, r->z_base);
  return TRUE;
}

static gboolean
set(SgRecipe *r, const char *name, const char *value, int num_ws)
{
  const SgRecipeField *f = sg_recipe_field_by_option(name);

  if (g_str_equal(name, "prune"))
    return number(value, &r->prune.threshold) && r->prune.threshold >= 0;
  if (g_str_equal(name, "mix"))
    return set_mix(r, value, num_ws);
  if (g_str_equal(name, "z-towards"))
    return set_z_towards(r, value);
  return f ? set_field(r, f, value) : set_coordinate(r, name, value, num_ws);
}

SgRecipe *
vitrine_lesson_recipe(const char *scene, const SgModelInfo *info, GError **error)
{
  g_autoptr(SgRecipe) r = sg_recipe_new_for(info);
  g_auto(GStrv) parts = g_strsplit(scene, " ", -1);

  for (char **part = parts; *part; part++) {
    char *equals = strchr(*part, '=');
    if (!**part)
      continue;
    g_autofree char *name = g_strndup(*part, equals ? (gsize)(equals - *part) : strlen(*part));
    if (!equals || !set(r, name, equals + 1, info->num_ws)) {
      g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                  _("“%s” cannot be shown with this model"), *part);
      return NULL;
    }
  }
  return sg_recipe_check(r, info, error) ? g_steal_pointer(&r) : NULL;
}
