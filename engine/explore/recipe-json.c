/* Recipes as JSON: what travels in a saved PNG, the state directory and `--recipe`. */
#include "engine/explore/recipe.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

#define MAX_DIM           65536
#define MAX_NOISE         256
#define MAX_LAYERS_PRUNED 4096
#define MAX_LAYER_NAME    256

static const char *const space_names[] = {"z", "w", NULL};
static const char *const noise_names[] = {"const", "random", "none", NULL};
static const char *const magnitude_names[] = {"stored", "effective", NULL};

/* ---- writing -------------------------------------------------------------------------------- */

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

static json_t *
mix_to_json(const SgRecipe *r)
{
  json_t *a = json_array();
  for (int k = 0; k < r->num_mix; k++)
    json_array_append_new(a, json_pack("[i, i, f]", r->mix[k].a, r->mix[k].b, r->mix[k].blend));
  return a;
}

static json_t *
prune_to_json(const SgPrune *p)
{
  json_t *o = json_object(), *layers = json_object();
  json_object_set_new(o, "threshold", json_real(p->threshold));
  json_object_set_new(o, "magnitude", json_string(magnitude_names[p->magnitude]));
  for (guint i = 0; p->layers && i < p->layers->len; i++) {
    const SgLayerThreshold *one = &g_array_index(p->layers, SgLayerThreshold, i);
    json_object_set_new(layers, one->layer, json_real(one->threshold));
  }
  json_object_set_new(o, "layers", layers);
  json_object_set_new(o, "unequalised", json_boolean(p->unequalised));
  return o;
}

static json_t *
recipe_to_object(const SgRecipe *r)
{
  static const SgPrune none;
  json_t *o = json_object();
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
  if (r->num_sources) {
    json_t *sources = json_array();
    for (int i = 0; i < r->num_sources; i++)
      json_array_append_new(sources, recipe_to_object(r->sources[i]));
    json_object_set_new(o, "sources", sources);
  }
  if (r->mix)
    json_object_set_new(o, "mix", mix_to_json(r));
  if (r->noise_gain)
    json_object_set_new(o, "noise_gain", vector_to_json(r->noise_gain, r->num_noise));
  if (!sg_prune_equal(&r->prune, &none))
    json_object_set_new(o, "prune", prune_to_json(&r->prune));
  return o;
}

char *
sg_recipe_to_json(const SgRecipe *r, const char *model_hash, const char *model_path)
{
  json_t *o = recipe_to_object(r);
  json_object_set_new(o, "vitrine", json_integer(1));
  if (model_hash)
    json_object_set_new(o, "model", json_string(model_hash));
  if (model_path)
    json_object_set_new(o, "model_path", json_string(model_path));
  char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(17));
  char *copy = g_strdup(text);
  free(text);
  json_decref(o);
  return copy;
}

/* ---- reading -------------------------------------------------------------------------------- */

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

/* "mix": an array of [a, b, blend], one a layer. */
static gboolean
read_mix(json_t *o, SgRecipe *r, const char **bad)
{
  json_t *mix = json_object_get(o, "mix");
  SgMixLayer layers[SG_RECIPE_MAX_LAYERS];
  gsize n = json_array_size(mix);

  if (!mix)
    return TRUE;
  *bad = "mix";
  if (!json_is_array(mix) || n < 1 || n > SG_RECIPE_MAX_LAYERS)
    return FALSE;
  for (gsize k = 0; k < n; k++) {
    json_int_t a, b; /* an int would wrap */
    double blend;
    if (json_unpack(json_array_get(mix, k), "[I, I, F]", &a, &b, &blend) != 0 || a < 0 ||
        a > r->num_sources || b < 0 || b > r->num_sources || !isfinite(blend))
      return FALSE;
    layers[k] = (SgMixLayer){(int)a, (int)b, blend};
  }
  sg_recipe_set_mix(r, (int)n, layers);
  return TRUE;
}

static gboolean
read_noise_gain(json_t *o, SgRecipe *r, const char **bad)
{
  gsize n = json_array_size(json_object_get(o, "noise_gain"));
  g_autofree double *gain = NULL;

  *bad = "noise_gain";
  if (n > MAX_NOISE || !read_vector(o, "noise_gain", (int)n, &gain, bad))
    return FALSE;
  sg_recipe_set_noise_gain(r, (int)n, gain);
  return TRUE;
}

static gboolean
read_prune(json_t *o, SgPrune *p, const char **bad)
{
  json_t *value, *prune = json_object_get(o, "prune"), *layers = json_object_get(prune, "layers");
  const char *name;
  int magnitude = SG_MAGNITUDE_STORED;

  if (!prune)
    return TRUE;
  *bad = "prune";
  if (!json_is_object(prune) || !read_real(prune, "threshold", &p->threshold, bad) ||
      p->threshold < 0 || !read_choice(prune, "magnitude", magnitude_names, &magnitude, bad))
    return FALSE;
  p->magnitude = (SgMagnitude)magnitude;
  p->unequalised = json_is_true(json_object_get(prune, "unequalised"));
  *bad = "layers";
  if (layers && (!json_is_object(layers) || json_object_size(layers) > MAX_LAYERS_PRUNED))
    return FALSE;
  json_object_foreach (layers, name, value) {
    double threshold = json_number_value(value);
    if (strlen(name) > MAX_LAYER_NAME || !json_is_number(value) || !isfinite(threshold) ||
        threshold < 0)
      return FALSE;
    sg_prune_set_layer(p, name, threshold);
  }
  return TRUE;
}

static SgRecipe *recipe_from_object(json_t *o, gboolean is_source, const char **bad);

static gboolean
read_sources(json_t *o, SgRecipe *r, const char **bad)
{
  json_t *sources = json_object_get(o, "sources");

  if (!sources)
    return TRUE;
  *bad = "sources";
  if (!json_is_array(sources) || json_array_size(sources) > SG_RECIPE_MAX_SOURCES)
    return FALSE;
  for (gsize i = 0; i < json_array_size(sources); i++) {
    g_autoptr(SgRecipe) source = recipe_from_object(json_array_get(sources, i), TRUE, bad);
    if (!source)
      return FALSE;
    *bad = "sources";
    if (source->z_dim != r->z_dim || source->w_dim != r->w_dim)
      return FALSE;
    sg_recipe_add_source(r, source);
  }
  return TRUE;
}

static SgRecipe *
recipe_from_object(json_t *o, gboolean is_source, const char **bad)
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
  if (!is_source && (!read_sources(o, r, bad) || !read_mix(o, r, bad) ||
                     !read_noise_gain(o, r, bad) || !read_prune(o, &r->prune, bad)))
    return NULL;
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
    r = recipe_from_object(o, FALSE, &bad);
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
