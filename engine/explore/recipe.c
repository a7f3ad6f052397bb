#include "engine/explore/recipe.h"
#include "engine/explore/random.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

#define MAX_DIM 65536

static double *
dup_doubles(const double *v, int n)
{
  return v ? g_memdup2(v, sizeof(double) * (gsize)n) : NULL;
}

SgRecipe *
sg_recipe_new(int z_dim, int w_dim)
{
  SgRecipe *r = g_new0(SgRecipe, 1);
  r->faces = 1;
  r->z_dim = z_dim;
  r->w_dim = w_dim;
  r->z_offset = g_new0(double, z_dim);
  r->w_offset = g_new0(double, w_dim);
  r->scale = 1;
  r->scale_space = SG_SPACE_W;
  r->psi = 1;
  r->cutoff = -1;
  r->label = -1;
  return r;
}

SgRecipe *
sg_recipe_copy(const SgRecipe *r)
{
  SgRecipe *copy = g_memdup2(r, sizeof *r);
  copy->z_base = dup_doubles(r->z_base, r->z_dim);
  copy->w_base = dup_doubles(r->w_base, r->w_dim);
  copy->z_offset = dup_doubles(r->z_offset, r->z_dim);
  copy->w_offset = dup_doubles(r->w_offset, r->w_dim);
  return copy;
}

void
sg_recipe_free(SgRecipe *r)
{
  if (!r)
    return;
  g_free(r->z_base);
  g_free(r->w_base);
  g_free(r->z_offset);
  g_free(r->w_offset);
  g_free(r);
}

static gboolean
same_doubles(const double *a, const double *b, int n)
{
  if (!a || !b)
    return a == b;
  return memcmp(a, b, sizeof(double) * (gsize)n) == 0;
}

gboolean
sg_recipe_equal(const SgRecipe *a, const SgRecipe *b)
{
  return a->seed == b->seed && a->faces == b->faces && a->z_dim == b->z_dim &&
         a->w_dim == b->w_dim && a->scale == b->scale && a->scale_space == b->scale_space &&
         a->psi == b->psi && a->cutoff == b->cutoff && a->noise_mode == b->noise_mode &&
         a->noise_seed == b->noise_seed && a->label == b->label &&
         same_doubles(a->z_base, b->z_base, a->z_dim) &&
         same_doubles(a->w_base, b->w_base, a->w_dim) &&
         same_doubles(a->z_offset, b->z_offset, a->z_dim) &&
         same_doubles(a->w_offset, b->w_offset, a->w_dim);
}

SgRecipe *
sg_recipe_unmodified(const SgRecipe *r)
{
  SgRecipe *plain = sg_recipe_copy(r);
  memset(plain->z_offset, 0, sizeof(double) * (gsize)r->z_dim);
  memset(plain->w_offset, 0, sizeof(double) * (gsize)r->w_dim);
  plain->scale = 1;
  return plain;
}

gboolean
sg_recipe_is_modified(const SgRecipe *r)
{
  g_autoptr(SgRecipe) plain = sg_recipe_unmodified(r);
  return !sg_recipe_equal(r, plain);
}

void
sg_recipe_base_z(const SgRecipe *r, int face, double *z)
{
  SgRandomState state;

  if (face == 0 && r->z_base) {
    memcpy(z, r->z_base, sizeof(double) * (gsize)r->z_dim);
    return;
  }
  sg_random_state_seed(&state, r->seed + (guint32)face);
  sg_random_state_randn(&state, (gsize)r->z_dim, z);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static const char *const space_names[] = {"z", "w", NULL};
static const char *const noise_names[] = {"const", "random", "none", NULL};

static json_t *
offsets_to_json(const double *v, int n)
{
  json_t *o = json_object();
  for (int i = 0; i < n; i++)
    if (v[i] != 0) {
      char key[16];
      g_snprintf(key, sizeof key, "%d", i);
      json_object_set_new(o, key, json_real(v[i]));
    }
  return o;
}

static json_t *
vector_to_json(const double *v, int n)
{
  json_t *a = json_array();
  for (int i = 0; i < n; i++)
    json_array_append_new(a, json_real(v[i]));
  return a;
}

char *
sg_recipe_to_json(const SgRecipe *r, const char *model_hash, const char *model_path)
{
  json_t *o = json_object();
  json_object_set_new(o, "vitrine", json_integer(1));
  if (model_hash)
    json_object_set_new(o, "model", json_string(model_hash));
  if (model_path)
    json_object_set_new(o, "model_path", json_string(model_path));
  json_object_set_new(o, "seed", json_integer(r->seed));
  json_object_set_new(o, "faces", json_integer(r->faces));
  json_object_set_new(o, "z_dim", json_integer(r->z_dim));
  json_object_set_new(o, "w_dim", json_integer(r->w_dim));
  if (r->z_base)
    json_object_set_new(o, "z", vector_to_json(r->z_base, r->z_dim));
  if (r->w_base)
    json_object_set_new(o, "w", vector_to_json(r->w_base, r->w_dim));
  json_object_set_new(o, "z_offset", offsets_to_json(r->z_offset, r->z_dim));
  json_object_set_new(o, "w_offset", offsets_to_json(r->w_offset, r->w_dim));
  json_object_set_new(o, "scale", json_real(r->scale));
  json_object_set_new(o, "scale_space", json_string(space_names[r->scale_space]));
  json_object_set_new(o, "psi", json_real(r->psi));
  json_object_set_new(o, "cutoff", json_integer(r->cutoff));
  json_object_set_new(o, "noise_mode", json_string(noise_names[r->noise_mode]));
  json_object_set_new(o, "noise_seed", json_integer(r->noise_seed));
  json_object_set_new(o, "label", json_integer(r->label));
  char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(17));
  char *copy = g_strdup(text);
  free(text);
  json_decref(o);
  return copy;
}

/* Readers below return FALSE after setting *bad to the field's name. A missing field keeps its
 * default. */

static gboolean
read_int(json_t *o, const char *name, gint64 min, gint64 max, gint64 *value, const char **bad)
{
  json_t *v = json_object_get(o, name);
  if (!v)
    return TRUE;
  *bad = name;
  if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
    return FALSE;
  *value = json_integer_value(v);
  return TRUE;
}

static gboolean
read_real(json_t *o, const char *name, double *value, const char **bad)
{
  json_t *v = json_object_get(o, name);
  if (!v)
    return TRUE;
  *bad = name;
  if (!json_is_number(v) || !isfinite(json_number_value(v)))
    return FALSE;
  *value = json_number_value(v);
  return TRUE;
}

static gboolean
read_choice(json_t *o, const char *name, const char *const *choices, int *value, const char **bad)
{
  json_t *v = json_object_get(o, name);
  if (!v)
    return TRUE;
  *bad = name;
  for (int i = 0; choices[i] && json_is_string(v); i++)
    if (strcmp(choices[i], json_string_value(v)) == 0) {
      *value = i;
      return TRUE;
    }
  return FALSE;
}

static gboolean
read_vector(json_t *o, const char *name, int n, double **out, const char **bad)
{
  json_t *a = json_object_get(o, name);
  if (!a)
    return TRUE;
  *bad = name;
  if (!json_is_array(a) || json_array_size(a) != (gsize)n)
    return FALSE;
  g_autofree double *v = g_new0(double, n);
  for (int i = 0; i < n; i++) {
    json_t *x = json_array_get(a, (gsize)i);
    v[i] = json_number_value(x);
    if (!json_is_number(x) || !isfinite(v[i]))
      return FALSE;
  }
  *out = g_steal_pointer(&v);
  return TRUE;
}

static gboolean
read_offsets(json_t *o, const char *name, int n, double *v, const char **bad)
{
  const char *key;
  json_t *value, *offsets = json_object_get(o, name);
  if (!offsets)
    return TRUE;
  *bad = name;
  if (!json_is_object(offsets))
    return FALSE;
  json_object_foreach (offsets, key, value) {
    guint64 index;
    if (!g_ascii_string_to_unsigned(key, 10, 0, (guint64)n - 1, &index, NULL) ||
        !json_is_number(value) || !isfinite(json_number_value(value)))
      return FALSE;
    v[index] = json_number_value(value);
  }
  return TRUE;
}

static SgRecipe *
recipe_from_object(json_t *o, const char **bad)
{
  gint64 z_dim = 0, w_dim = 0, seed = 0, faces = 1, cutoff = -1, noise_seed = 0, label = -1;
  int space = SG_SPACE_W, noise = SG_NOISE_CONST;

  if (!read_int(o, "z_dim", 1, MAX_DIM, &z_dim, bad) ||
      !read_int(o, "w_dim", 1, MAX_DIM, &w_dim, bad))
    return NULL;
  *bad = z_dim ? "w_dim" : "z_dim";
  if (!z_dim || !w_dim)
    return NULL;
  g_autoptr(SgRecipe) r = sg_recipe_new((int)z_dim, (int)w_dim);
  if (!read_int(o, "seed", 0, G_MAXUINT32, &seed, bad) ||
      !read_int(o, "faces", 1, SG_RECIPE_MAX_FACES, &faces, bad) ||
      !read_int(o, "cutoff", -1, G_MAXINT32, &cutoff, bad) ||
      !read_int(o, "noise_seed", 0, G_MAXUINT32, &noise_seed, bad) ||
      !read_int(o, "label", -1, G_MAXINT32, &label, bad) ||
      !read_real(o, "scale", &r->scale, bad) || !read_real(o, "psi", &r->psi, bad) ||
      !read_choice(o, "scale_space", space_names, &space, bad) ||
      !read_choice(o, "noise_mode", noise_names, &noise, bad) ||
      !read_vector(o, "z", r->z_dim, &r->z_base, bad) ||
      !read_vector(o, "w", r->w_dim, &r->w_base, bad) ||
      !read_offsets(o, "z_offset", r->z_dim, r->z_offset, bad) ||
      !read_offsets(o, "w_offset", r->w_dim, r->w_offset, bad))
    return NULL;
  r->seed = (guint32)seed;
  r->faces = (int)faces;
  r->cutoff = (int)cutoff;
  r->noise_seed = (guint32)noise_seed;
  r->label = (int)label;
  r->scale_space = (SgSpace)space;
  r->noise_mode = (SgNoiseMode)noise;
  return g_steal_pointer(&r);
}

static char *
dup_string_member(json_t *o, const char *name)
{
  return g_strdup(json_string_value(json_object_get(o, name)));
}

SgRecipe *
sg_recipe_from_json(const char *json, gssize length, char **model_hash, char **model_path,
                    GError **error)
{
  json_error_t why;
  const char *bad = "vitrine";
  gsize size = length < 0 ? strlen(json) : (gsize)length;
  json_t *o = json_loadb(json, size, JSON_REJECT_DUPLICATES, &why);

  if (!o) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_BROKEN, "the recipe is not JSON: %s",
                why.text);
    return NULL;
  }
  SgRecipe *r = NULL;
  if (json_integer_value(json_object_get(o, "vitrine")) == 1)
    r = recipe_from_object(o, &bad);
  if (!r)
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_BROKEN,
                "the recipe's field “%s” is missing or out of range", bad);
  if (r && model_hash)
    *model_hash = dup_string_member(o, "model");
  if (r && model_path)
    *model_path = dup_string_member(o, "model_path");
  json_decref(o);
  return r;
}
