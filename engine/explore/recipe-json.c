/* Recipes as JSON: what travels in a saved PNG, the state directory and `--recipe`. */
#include "engine/explore/recipe-table.h"
#include "engine/formats/format-error.h"
#include <math.h>
#include <string.h>

#define MAX_LAYERS_PRUNED 4096

static const char *const magnitude_words[] = {"stored", "effective", NULL};

#define EACH(f)                                                                                    \
  for (const SgRecipeField *f = sg_recipe_fields; f < sg_recipe_fields + sg_recipe_field_count; f++)

/* ---- small readers --------------------------------------------------------------------------- */

static gboolean
get_int(json_t *v, gint64 min, gint64 max, gint64 *value)
{
  if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
    return FALSE;
  *value = json_integer_value(v);
  return TRUE;
}

static gboolean
get_real(json_t *v, double *value)
{
  if (!json_is_number(v) || !isfinite(json_number_value(v)))
    return FALSE;
  *value = json_number_value(v);
  return TRUE;
}

static gboolean
get_word(json_t *v, const char *const *words, int *value)
{
  for (int i = 0; words[i] && json_is_string(v); i++)
    if (strcmp(words[i], json_string_value(v)) == 0) {
      *value = i;
      return TRUE;
    }
  return FALSE;
}

/* A name or a path; borrowed from `o`. A missing one is `fallback`. */
static const char *
get_text(json_t *o, const char *key, gsize longest, const char *fallback)
{
  json_t *v = json_object_get(o, key);

  if (!v)
    return fallback;
  return json_is_string(v) && json_string_length(v) <= longest ? json_string_value(v) : NULL;
}

/* An array of n numbers to v. */
static gboolean
get_reals(json_t *a, gsize n, double *v)
{
  if (!json_is_array(a) || json_array_size(a) != n)
    return FALSE;
  for (gsize i = 0; i < n; i++)
    if (!get_real(json_array_get(a, i), &v[i]))
      return FALSE;
  return TRUE;
}

static json_t *
reals_to_json(const double *v, int n)
{
  json_t *a = json_array();
  for (int i = 0; i < n; i++)
    json_array_append_new(a, json_real(v[i]));
  return a;
}

/* ---- vectors and offsets --------------------------------------------------------------------- */

json_t *
sg_part_write_z_base(const SgRecipe *r)
{
  return reals_to_json(r->z_base, r->z_dim);
}

gboolean
sg_part_read_z_base(SgRecipe *r, json_t *value, const char **bad)
{
  g_autofree double *v = g_new0(double, r->z_dim);

  if (!get_reals(value, (gsize)r->z_dim, v))
    return FALSE;
  sg_part_clear_z_base(r);
  r->z_base = g_steal_pointer(&v);
  return TRUE;
}

/* [w_dim] as a list of numbers; W+ as a list of such lists. */
json_t *
sg_part_write_w_base(const SgRecipe *r)
{
  json_t *rows;

  if (r->w_layers <= 1)
    return reals_to_json(r->w_base, r->w_dim);
  rows = json_array();
  for (int k = 0; k < r->w_layers; k++)
    json_array_append_new(rows, reals_to_json(r->w_base + k * r->w_dim, r->w_dim));
  return rows;
}

gboolean
sg_part_read_w_base(SgRecipe *r, json_t *value, const char **bad)
{
  gboolean plus = json_is_array(json_array_get(value, 0));
  gsize rows = plus ? json_array_size(value) : 1, dim = (gsize)r->w_dim;

  if (plus && (rows < 2 || rows > SG_RECIPE_MAX_LAYERS))
    return FALSE;
  g_autofree double *v = g_new0(double, (rows * dim));
  for (gsize k = 0; k < rows; k++)
    if (!get_reals(plus ? json_array_get(value, k) : value, dim, v + k * dim))
      return FALSE;
  sg_recipe_set_w(r, (int)rows, v);
  return TRUE;
}

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

static gboolean
offsets_from_json(json_t *offsets, int n, double *v)
{
  const char *key;
  json_t *value;

  if (!json_is_object(offsets))
    return FALSE;
  json_object_foreach (offsets, key, value) {
    guint64 index;
    if (!g_ascii_string_to_unsigned(key, 10, 0, (guint64)n - 1, &index, NULL) ||
        !get_real(value, &v[index]))
      return FALSE;
    v[index] += 0.0; /* -0 would be written as nothing and come back as 0 */
  }
  return TRUE;
}

json_t *
sg_part_write_z_offset(const SgRecipe *r)
{
  return offsets_to_json(r->z_offset, r->z_dim);
}

gboolean
sg_part_read_z_offset(SgRecipe *r, json_t *value, const char **bad)
{
  return offsets_from_json(value, r->z_dim, r->z_offset);
}

json_t *
sg_part_write_w_offset(const SgRecipe *r)
{
  return offsets_to_json(r->w_offset, r->w_dim);
}

gboolean
sg_part_read_w_offset(SgRecipe *r, json_t *value, const char **bad)
{
  return offsets_from_json(value, r->w_dim, r->w_offset);
}

/* {"7": {"123": 4.0}}: layer or stage, then dimension or channel. */
static json_t *
layer_offsets_to_json(const GArray *offsets)
{
  json_t *o = json_object(), *layer = NULL;
  char key[16];

  for (guint i = 0; i < offsets->len; i++) {
    const SgLayerOffset *one = &g_array_index(offsets, SgLayerOffset, i);
    if (i == 0 || g_array_index(offsets, SgLayerOffset, i - 1).layer != one->layer) {
      layer = json_object();
      g_snprintf(key, sizeof key, "%d", one->layer);
      json_object_set_new(o, key, layer);
    }
    g_snprintf(key, sizeof key, "%d", one->index);
    json_object_set_new(layer, key, json_real(one->value));
  }
  return o;
}

static gboolean
layer_offsets_from_json(SgRecipe *r, json_t *o, guint layers, guint dim,
                        gboolean (*set)(SgRecipe *, int, int, double))
{
  const char *layer_key, *key;
  json_t *layer, *value;

  if (!json_is_object(o) || json_object_size(o) > layers)
    return FALSE;
  json_object_foreach (o, layer_key, layer) {
    guint64 k, i;
    double v;
    if (!g_ascii_string_to_unsigned(layer_key, 10, 0, layers - 1, &k, NULL) ||
        !json_is_object(layer) || json_object_size(layer) > dim)
      return FALSE;
    json_object_foreach (layer, key, value)
      if (!g_ascii_string_to_unsigned(key, 10, 0, dim - 1, &i, NULL) || !get_real(value, &v) ||
          !set(r, (int)k, (int)i, v))
        return FALSE;
  }
  return TRUE;
}

json_t *
sg_part_write_w_layer_offset(const SgRecipe *r)
{
  return layer_offsets_to_json(r->w_layer_offset);
}

gboolean
sg_part_read_w_layer_offset(SgRecipe *r, json_t *value, const char **bad)
{
  return layer_offsets_from_json(r, value, SG_RECIPE_MAX_LAYERS, (guint)r->w_dim,
                                 sg_recipe_set_w_layer_offset);
}

json_t *
sg_part_write_s_offset(const SgRecipe *r)
{
  return layer_offsets_to_json(r->s_offset);
}

gboolean
sg_part_read_s_offset(SgRecipe *r, json_t *value, const char **bad)
{
  return layer_offsets_from_json(r, value, SG_RECIPE_MAX_CONVS, SG_RECIPE_MAX_DIM,
                                 sg_recipe_set_s_offset);
}

/* [["w", 3, 0.5]], with a layer of its own ["w", 3, 0.5, 7]. */
json_t *
sg_part_write_locks(const SgRecipe *r)
{
  json_t *a = json_array();

  for (guint i = 0; i < r->locks->len; i++) {
    const SgLock *lock = &g_array_index(r->locks, SgLock, i);
    json_t *one = json_pack("[s, i, f]", sg_space_words[lock->space], lock->index, lock->value);
    if (lock->layer >= 0)
      json_array_append_new(one, json_integer(lock->layer));
    json_array_append_new(a, one);
  }
  return a;
}

gboolean
sg_part_read_locks(SgRecipe *r, json_t *value, const char **bad)
{
  if (!json_is_array(value) || json_array_size(value) > SG_RECIPE_MAX_LOCKS)
    return FALSE;
  for (gsize i = 0; i < json_array_size(value); i++) {
    json_t *one = json_array_get(value, i), *layer = json_array_get(one, 3);
    gint64 index, at = -1;
    double v;
    int space;
    if (json_array_size(one) < 3 || json_array_size(one) > 4 ||
        !get_word(json_array_get(one, 0), sg_space_words, &space) ||
        !get_int(json_array_get(one, 1), 0, (space == SG_SPACE_Z ? r->z_dim : r->w_dim) - 1,
                 &index) ||
        !get_real(json_array_get(one, 2), &v) ||
        (layer && (space == SG_SPACE_Z || !get_int(layer, 0, SG_RECIPE_MAX_LAYERS - 1, &at))) ||
        !sg_recipe_lock(r, (SgSpace)space, (int)at, (int)index, v))
      return FALSE;
  }
  return TRUE;
}

/* ---- directions ------------------------------------------------------------------------------ */

json_t *
sg_part_write_directions(const SgRecipe *r)
{
  json_t *a = json_array();

  for (guint i = 0; i < r->directions->len; i++) {
    const SgDirection *d = r->directions->pdata[i];
    json_t *one =
        json_pack("{s:s*, s:f, s:f}", "name", d->name, "strength", d->strength, "sigma", d->sigma);
    json_t *layers = json_array();
    for (int k = 0; k < SG_RECIPE_MAX_LAYERS; k++)
      if (d->layers >> k & 1)
        json_array_append_new(layers, json_integer(k));
    if (d->layers == SG_ALL_LAYERS)
      json_decref(layers);
    else
      json_object_set_new(one, "layers", layers);
    json_object_set_new(one, "vector", reals_to_json(d->vector, r->w_dim));
    json_array_append_new(a, one);
  }
  return a;
}

static gboolean
read_layers(json_t *a, guint64 *layers)
{
  gint64 k;

  if (!a)
    return TRUE;
  *layers = 0;
  if (!json_is_array(a) || json_array_size(a) >= SG_RECIPE_MAX_LAYERS)
    return FALSE;
  for (gsize i = 0; i < json_array_size(a); i++) {
    if (!get_int(json_array_get(a, i), 0, SG_RECIPE_MAX_LAYERS - 1, &k))
      return FALSE;
    *layers |= (guint64)1 << k;
  }
  return TRUE;
}

gboolean
sg_part_read_directions(SgRecipe *r, json_t *value, const char **bad)
{
  g_autofree double *vector = g_new(double, r->w_dim);

  if (!json_is_array(value) || json_array_size(value) > SG_RECIPE_MAX_DIRECTIONS)
    return FALSE;
  for (gsize i = 0; i < json_array_size(value); i++) {
    json_t *one = json_array_get(value, i), *sigma = json_object_get(one, "sigma");
    const char *name = get_text(one, "name", SG_RECIPE_MAX_NAME, "");
    double length = 1, strength;
    guint64 layers = SG_ALL_LAYERS;
    if (!json_is_object(one) || !name || (sigma && !get_real(sigma, &length)) || !(length > 0) ||
        !get_real(json_object_get(one, "strength"), &strength) ||
        !read_layers(json_object_get(one, "layers"), &layers) ||
        !get_reals(json_object_get(one, "vector"), (gsize)r->w_dim, vector) ||
        !sg_recipe_add_direction(r, name, vector, length, strength, layers))
      return FALSE;
  }
  return TRUE;
}

/* ---- noise ----------------------------------------------------------------------------------- */

json_t *
sg_part_write_noise_gain(const SgRecipe *r)
{
  return reals_to_json(r->noise_gain, r->num_noise);
}

gboolean
sg_part_read_noise_gain(SgRecipe *r, json_t *value, const char **bad)
{
  gsize n = json_array_size(value);

  if (n > SG_RECIPE_MAX_CONVS)
    return FALSE;
  g_autofree double *gain = g_new0(double, n);
  if (!get_reals(value, n, gain))
    return FALSE;
  sg_recipe_set_noise_gain(r, (int)n, gain);
  return TRUE;
}

json_t *
sg_part_write_noise_maps(const SgRecipe *r)
{
  json_t *a = json_array();

  for (guint i = 0; i < r->noise_maps->len; i++) {
    const SgNoiseMap *m = r->noise_maps->pdata[i];
    json_array_append_new(a, json_pack("{s:i, s:s*, s:s*, s:s*}", "conv", m->conv, "name", m->name,
                                       "file", m->file, "sha256", m->sha256));
  }
  return a;
}

static gboolean
is_sha256(const char *text)
{
  gsize n = strspn(text, "0123456789abcdef");
  return n == 64 && text[64] == '\0';
}

gboolean
sg_part_read_noise_maps(SgRecipe *r, json_t *value, const char **bad)
{
  if (!json_is_array(value) || json_array_size(value) > SG_RECIPE_MAX_CONVS)
    return FALSE;
  for (gsize i = 0; i < json_array_size(value); i++) {
    json_t *one = json_array_get(value, i);
    const char *name = get_text(one, "name", SG_RECIPE_MAX_NAME, "");
    const char *file = get_text(one, "file", 4096, NULL);
    const char *sha256 = get_text(one, "sha256", 64, NULL);
    gint64 conv;
    if (!json_is_object(one) || !name || !file || !sha256 || !is_sha256(sha256) ||
        !get_int(json_object_get(one, "conv"), 0, SG_RECIPE_MAX_CONVS - 1, &conv))
      return FALSE;
    sg_recipe_set_noise_map(r, (int)conv, name, file, sha256);
  }
  return TRUE;
}

json_t *
sg_part_write_tuning(const SgRecipe *r)
{
  return json_pack("{s:s*, s:s*, s:s*}", "name", r->tuning->name, "file", r->tuning->file, "sha256",
                   r->tuning->sha256);
}

gboolean
sg_part_read_tuning(SgRecipe *r, json_t *value, const char **bad)
{
  const char *name = get_text(value, "name", SG_RECIPE_MAX_NAME, "");
  const char *file = get_text(value, "file", 4096, NULL);
  const char *sha256 = get_text(value, "sha256", 64, NULL);

  if (!json_is_object(value) || !name || !file || !sha256 || !is_sha256(sha256))
    return FALSE;
  sg_recipe_set_tuning(r, name, file, sha256);
  return TRUE;
}

/* ---- mixing and pruning ---------------------------------------------------------------------- */

static json_t *recipe_to_object(const SgRecipe *r, gboolean is_source);
static SgRecipe *recipe_from_object(json_t *o, gboolean is_source, const char **bad);

json_t *
sg_part_write_sources(const SgRecipe *r)
{
  json_t *a = json_array();

  for (int i = 0; i < r->num_sources; i++)
    json_array_append_new(a, recipe_to_object(r->sources[i], TRUE));
  return a;
}

gboolean
sg_part_read_sources(SgRecipe *r, json_t *value, const char **bad)
{
  if (!json_is_array(value) || json_array_size(value) > SG_RECIPE_MAX_SOURCES)
    return FALSE;
  for (gsize i = 0; i < json_array_size(value); i++) {
    g_autoptr(SgRecipe) source = recipe_from_object(json_array_get(value, i), TRUE, bad);
    if (!source)
      return FALSE;
    *bad = "sources";
    if (source->z_dim != r->z_dim || source->w_dim != r->w_dim)
      return FALSE;
    sg_recipe_add_source(r, source);
  }
  return TRUE;
}

/* An array of [a, b, blend], one a layer. */
json_t *
sg_part_write_mix(const SgRecipe *r)
{
  json_t *a = json_array();

  for (int k = 0; k < r->num_mix; k++)
    json_array_append_new(a, json_pack("[i, i, f]", r->mix[k].a, r->mix[k].b, r->mix[k].blend));
  return a;
}

gboolean
sg_part_read_mix(SgRecipe *r, json_t *value, const char **bad)
{
  SgMixLayer layers[SG_RECIPE_MAX_LAYERS];
  gsize n = json_array_size(value);

  if (n < 1 || n > SG_RECIPE_MAX_LAYERS)
    return FALSE;
  for (gsize k = 0; k < n; k++) {
    json_int_t a, b; /* an int would wrap */
    double blend;
    if (json_unpack(json_array_get(value, k), "[I, I, F]", &a, &b, &blend) != 0 || a < 0 ||
        a > r->num_sources || b < 0 || b > r->num_sources || !isfinite(blend))
      return FALSE;
    layers[k] = (SgMixLayer){(int)a, (int)b, blend};
  }
  sg_recipe_set_mix(r, (int)n, layers);
  return TRUE;
}

json_t *
sg_part_write_prune(const SgRecipe *r)
{
  const SgPrune *p = &r->prune;
  json_t *o = json_object(), *layers = json_object();

  json_object_set_new(o, "threshold", json_real(p->threshold));
  json_object_set_new(o, "magnitude", json_string(magnitude_words[p->magnitude]));
  for (guint i = 0; p->layers && i < p->layers->len; i++) {
    const SgLayerThreshold *one = &g_array_index(p->layers, SgLayerThreshold, i);
    json_object_set_new(layers, one->layer, json_real(one->threshold));
  }
  json_object_set_new(o, "layers", layers);
  json_object_set_new(o, "unequalised", json_boolean(p->unequalised));
  return o;
}

gboolean
sg_part_read_prune(SgRecipe *r, json_t *prune, const char **bad)
{
  json_t *value, *layers = json_object_get(prune, "layers");
  json_t *threshold = json_object_get(prune, "threshold");
  json_t *magnitude = json_object_get(prune, "magnitude");
  const char *name;
  int word = SG_MAGNITUDE_STORED;

  *bad = "threshold";
  if (!json_is_object(prune) || (threshold && !get_real(threshold, &r->prune.threshold)) ||
      r->prune.threshold < 0)
    return FALSE;
  *bad = "magnitude";
  if (magnitude && !get_word(magnitude, magnitude_words, &word))
    return FALSE;
  r->prune.magnitude = (SgMagnitude)word;
  r->prune.unequalised = json_is_true(json_object_get(prune, "unequalised"));
  *bad = "layers";
  if (layers && (!json_is_object(layers) || json_object_size(layers) > MAX_LAYERS_PRUNED))
    return FALSE;
  json_object_foreach (layers, name, value) {
    double own;
    if (strlen(name) > SG_RECIPE_MAX_NAME || !get_real(value, &own) || own < 0)
      return FALSE;
    sg_prune_set_layer(&r->prune, name, own);
  }
  return TRUE;
}

/* ---- writing --------------------------------------------------------------------------------- */

static json_t *
scalar_to_json(const SgRecipeField *f, const SgRecipe *r)
{
  double v = sg_recipe_field_get(f, r);

  if (f->type == SG_FIELD_REAL)
    return json_real(v);
  if (f->type == SG_FIELD_CHOICE)
    return json_string(f->words[(int)v]);
  return json_integer((json_int_t)v);
}

static json_t *
recipe_to_object(const SgRecipe *r, gboolean is_source)
{
  json_t *o = json_object();

  EACH (f) {
    gboolean wanted = f->type != SG_FIELD_PART && f->version == 1;
    if ((wanted || sg_recipe_field_is_set(f, r)) && (f->of_source || !is_source))
      json_object_set_new(o, f->name,
                          f->type == SG_FIELD_PART ? f->part.write(r) : scalar_to_json(f, r));
  }
  if (r->noise_mode == SG_NOISE_RANDOM)
    json_object_set_new(o, "noise_seed", json_integer(sg_recipe_face_noise_seed(r, 0)));
  return o;
}

/* The oldest version that tells all of it. */
static int
needed_version(const SgRecipe *r)
{
  int version = r->w_base && r->w_layers > 1 ? 2 : 1;

  EACH (f)
    if (sg_recipe_field_is_set(f, r))
      version = MAX(version, f->version);
  for (int i = 0; i < r->num_sources; i++)
    version = MAX(version, needed_version(r->sources[i]));
  return version;
}

char *
sg_recipe_to_json(const SgRecipe *r, const char *model_hash, const char *model_path)
{
  json_t *o = recipe_to_object(r, FALSE);

  json_object_set_new(o, "vitrine", json_integer(needed_version(r)));
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

/* ---- reading --------------------------------------------------------------------------------- */

static gboolean
read_scalar(const SgRecipeField *f, SgRecipe *r, json_t *v)
{
  gint64 i;
  double real;
  int word;

  if (f->type == SG_FIELD_CHOICE) {
    if (!get_word(v, f->words, &word))
      return FALSE;
    sg_recipe_field_set(f, r, word);
  } else if (f->type == SG_FIELD_REAL) {
    if (!get_real(v, &real) || real < f->min || real > f->max)
      return FALSE;
    sg_recipe_field_set(f, r, real);
  } else {
    if (!get_int(v, (gint64)f->min, (gint64)f->max, &i))
      return FALSE;
    sg_recipe_field_set(f, r, (double)i);
  }
  return TRUE;
}

/* NULL after setting *bad to a field's name. A missing field keeps its default. */
static SgRecipe *
recipe_from_object(json_t *o, gboolean is_source, const char **bad)
{
  gint64 z_dim, w_dim;

  *bad = "z_dim";
  if (!get_int(json_object_get(o, "z_dim"), 1, SG_RECIPE_MAX_DIM, &z_dim))
    return NULL;
  *bad = "w_dim";
  if (!get_int(json_object_get(o, "w_dim"), 1, SG_RECIPE_MAX_DIM, &w_dim))
    return NULL;
  g_autoptr(SgRecipe) r = sg_recipe_new((int)z_dim, (int)w_dim);
  EACH (f) {
    json_t *v = f->of_source || !is_source ? json_object_get(o, f->name) : NULL;
    *bad = f->name;
    if (v && !(f->type == SG_FIELD_PART ? f->part.read(r, v, bad) : read_scalar(f, r, v)))
      return NULL;
  }
  if (r->noise_mode == SG_NOISE_RANDOM) /* what is written is that of face 0 */
    r->noise_seed -= r->seed;
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
  SgRecipe *r = NULL;

  if (!o) {
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_BROKEN, "the recipe is not JSON: %s",
                why.text);
    return NULL;
  }
  json_int_t version = json_integer_value(json_object_get(o, "vitrine"));
  if (version >= 1 && version <= SG_RECIPE_VERSION)
    r = recipe_from_object(o, FALSE, &bad);
  if (version > SG_RECIPE_VERSION)
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "the recipe was written by a newer Vitrine (version %" JSON_INTEGER_FORMAT
                " of its recipes)",
                version);
  else if (!r)
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_BROKEN,
                "the recipe's field “%s” is missing or out of range", bad);
  if (r && model_hash)
    *model_hash = dup_string_member(o, "model");
  if (r && model_path)
    *model_path = dup_string_member(o, "model_path");
  json_decref(o);
  return r;
}
