/* The parts of a recipe that are more than a number: how they are copied, cleared and compared. */
#include "engine/explore/recipe-table.h"
#include <string.h>

static double *
dup_doubles(const double *v, gsize n)
{
  return v ? g_memdup2(v, sizeof(double) * n) : NULL;
}

/* By their values: -0 is drawn, and written, as 0. */
static gboolean
same_doubles(const double *a, const double *b, gsize n)
{
  if (!a || !b)
    return a == b;
  for (gsize i = 0; i < n; i++)
    if (a[i] != b[i])
      return FALSE;
  return TRUE;
}

static gboolean
any_double(const double *v, int n)
{
  for (int i = 0; i < n; i++)
    if (v[i] != 0)
      return TRUE;
  return FALSE;
}

/* ---- vectors --------------------------------------------------------------------------------- */

gboolean
sg_part_is_set_z_base(const SgRecipe *r)
{
  return r->z_base != NULL;
}

void
sg_part_copy_z_base(SgRecipe *to, const SgRecipe *from)
{
  to->z_base = dup_doubles(from->z_base, (gsize)from->z_dim);
}

void
sg_part_clear_z_base(SgRecipe *r)
{
  g_clear_pointer(&r->z_base, g_free);
}

gboolean
sg_part_equal_z_base(const SgRecipe *a, const SgRecipe *b)
{
  return a->z_dim == b->z_dim && same_doubles(a->z_base, b->z_base, (gsize)a->z_dim);
}

static gsize
w_numbers(const SgRecipe *r)
{
  return (gsize)MAX(r->w_layers, 1) * (gsize)r->w_dim;
}

gboolean
sg_part_is_set_w_base(const SgRecipe *r)
{
  return r->w_base != NULL;
}

void
sg_part_copy_w_base(SgRecipe *to, const SgRecipe *from)
{
  to->w_base = dup_doubles(from->w_base, w_numbers(from));
}

void
sg_part_clear_w_base(SgRecipe *r)
{
  g_clear_pointer(&r->w_base, g_free);
  r->w_layers = 0;
}

gboolean
sg_part_equal_w_base(const SgRecipe *a, const SgRecipe *b)
{
  if (!a->w_base || !b->w_base)
    return a->w_base == b->w_base;
  return w_numbers(a) == w_numbers(b) && same_doubles(a->w_base, b->w_base, w_numbers(a));
}

/* Offsets that are always there, [dim]. */
#define OFFSETS(id, dim)                                                                           \
  gboolean sg_part_is_set_##id(const SgRecipe *r)                                                  \
  {                                                                                                \
    return any_double(r->id, r->dim);                                                              \
  }                                                                                                \
  void sg_part_copy_##id(SgRecipe *to, const SgRecipe *from)                                       \
  {                                                                                                \
    to->id = dup_doubles(from->id, (gsize)from->dim);                                              \
  }                                                                                                \
  void sg_part_clear_##id(SgRecipe *r)                                                             \
  {                                                                                                \
    memset(r->id, 0, sizeof(double) * (gsize)r->dim);                                              \
  }                                                                                                \
  gboolean sg_part_equal_##id(const SgRecipe *a, const SgRecipe *b)                                \
  {                                                                                                \
    return a->dim == b->dim && same_doubles(a->id, b->id, (gsize)a->dim);                          \
  }
OFFSETS(z_offset, z_dim)
OFFSETS(w_offset, w_dim)

/* ---- sorted lists of plain numbers ----------------------------------------------------------- */

static GArray *
copy_array(const GArray *from, gsize element)
{
  GArray *to;

  if (!from || from->len == 0)
    return NULL;
  to = g_array_sized_new(FALSE, TRUE, (guint)element, from->len);
  return g_array_append_vals(to, from->data, from->len);
}

static gboolean
same_array(const GArray *a, const GArray *b,
           gboolean (*same)(const GArray *, const GArray *, guint))
{
  guint n = a ? a->len : 0;

  if (n != (b ? b->len : 0))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!same(a, b, i))
      return FALSE;
  return TRUE;
}

static gboolean
same_offset(const GArray *a, const GArray *b, guint i)
{
  const SgLayerOffset *x = &g_array_index(a, SgLayerOffset, i);
  const SgLayerOffset *y = &g_array_index(b, SgLayerOffset, i);
  return x->layer == y->layer && x->index == y->index && x->value == y->value;
}

static gboolean
same_lock(const GArray *a, const GArray *b, guint i)
{
  const SgLock *x = &g_array_index(a, SgLock, i), *y = &g_array_index(b, SgLock, i);
  return x->space == y->space && x->layer == y->layer && x->index == y->index &&
         x->value == y->value;
}

#define LIST(id, type, same)                                                                       \
  gboolean sg_part_is_set_##id(const SgRecipe *r)                                                  \
  {                                                                                                \
    return r->id && r->id->len > 0;                                                                \
  }                                                                                                \
  void sg_part_copy_##id(SgRecipe *to, const SgRecipe *from)                                       \
  {                                                                                                \
    to->id = copy_array(from->id, sizeof(type));                                                   \
  }                                                                                                \
  void sg_part_clear_##id(SgRecipe *r)                                                             \
  {                                                                                                \
    g_clear_pointer(&r->id, g_array_unref);                                                        \
  }                                                                                                \
  gboolean sg_part_equal_##id(const SgRecipe *a, const SgRecipe *b)                                \
  {                                                                                                \
    return same_array(a->id, b->id, same);                                                         \
  }
LIST(w_layer_offset, SgLayerOffset, same_offset)
LIST(s_offset, SgLayerOffset, same_offset)
LIST(locks, SgLock, same_lock)

/* ---- directions and noise maps --------------------------------------------------------------- */

static void
direction_free(gpointer data)
{
  SgDirection *d = data;
  g_free(d->name);
  g_free(d->vector);
  g_free(d);
}

/* As JSON takes it. */
static char *
short_name(const char *name)
{
  gsize n = strlen(name);
  const char *end;

  g_utf8_validate(name, (gssize)MIN(n, SG_RECIPE_MAX_NAME), &end);
  return g_strndup(name, (gsize)(end - name));
}

gboolean
sg_recipe_add_direction(SgRecipe *r, const char *name, const double *vector, double sigma,
                        double strength, guint64 layers)
{
  SgDirection *d;

  if (r->directions && r->directions->len == SG_RECIPE_MAX_DIRECTIONS)
    return FALSE;
  if (!r->directions)
    r->directions = g_ptr_array_new_with_free_func(direction_free);
  d = g_new0(SgDirection, 1);
  *d = (SgDirection){short_name(name), dup_doubles(vector, (gsize)r->w_dim), sigma, strength,
                     layers};
  g_ptr_array_add(r->directions, d);
  return TRUE;
}

void
sg_recipe_remove_direction(SgRecipe *r, guint i)
{
  g_return_if_fail(r->directions && i < r->directions->len);
  g_ptr_array_remove_index(r->directions, i);
  if (r->directions->len == 0)
    sg_part_clear_directions(r);
}

gboolean
sg_part_is_set_directions(const SgRecipe *r)
{
  return r->directions && r->directions->len > 0;
}

void
sg_part_copy_directions(SgRecipe *to, const SgRecipe *from)
{
  to->directions = NULL;
  for (guint i = 0; from->directions && i < from->directions->len; i++) {
    const SgDirection *d = from->directions->pdata[i];
    sg_recipe_add_direction(to, d->name, d->vector, d->sigma, d->strength, d->layers);
  }
}

void
sg_part_clear_directions(SgRecipe *r)
{
  g_clear_pointer(&r->directions, g_ptr_array_unref);
}

gboolean
sg_part_equal_directions(const SgRecipe *a, const SgRecipe *b)
{
  guint n = a->directions ? a->directions->len : 0;

  if (n != (b->directions ? b->directions->len : 0))
    return FALSE;
  for (guint i = 0; i < n; i++) {
    const SgDirection *x = a->directions->pdata[i], *y = b->directions->pdata[i];
    if (strcmp(x->name, y->name) != 0 || x->sigma != y->sigma || x->strength != y->strength ||
        x->layers != y->layers || !same_doubles(x->vector, y->vector, (gsize)a->w_dim))
      return FALSE;
  }
  return TRUE;
}

static void
noise_map_free(gpointer data)
{
  SgNoiseMap *m = data;
  g_free(m->name);
  g_free(m->file);
  g_free(m->sha256);
  g_free(m);
}

void
sg_recipe_set_noise_map(SgRecipe *r, int conv, const char *name, const char *file,
                        const char *sha256)
{
  guint i = 0;
  SgNoiseMap *m;

  if (!r->noise_maps)
    r->noise_maps = g_ptr_array_new_with_free_func(noise_map_free);
  while (i < r->noise_maps->len && ((SgNoiseMap *)r->noise_maps->pdata[i])->conv < conv)
    i++;
  if (i < r->noise_maps->len && ((SgNoiseMap *)r->noise_maps->pdata[i])->conv == conv)
    g_ptr_array_remove_index(r->noise_maps, i);
  if (file) {
    m = g_new0(SgNoiseMap, 1);
    *m = (SgNoiseMap){conv, short_name(name), g_strdup(file), g_strdup(sha256)};
    g_ptr_array_insert(r->noise_maps, (int)i, m);
  }
  if (r->noise_maps->len == 0)
    sg_part_clear_noise_maps(r);
}

gboolean
sg_part_is_set_noise_maps(const SgRecipe *r)
{
  return r->noise_maps && r->noise_maps->len > 0;
}

void
sg_part_copy_noise_maps(SgRecipe *to, const SgRecipe *from)
{
  to->noise_maps = NULL;
  for (guint i = 0; from->noise_maps && i < from->noise_maps->len; i++) {
    const SgNoiseMap *m = from->noise_maps->pdata[i];
    sg_recipe_set_noise_map(to, m->conv, m->name, m->file, m->sha256);
  }
}

void
sg_part_clear_noise_maps(SgRecipe *r)
{
  g_clear_pointer(&r->noise_maps, g_ptr_array_unref);
}

gboolean
sg_part_equal_noise_maps(const SgRecipe *a, const SgRecipe *b)
{
  guint n = a->noise_maps ? a->noise_maps->len : 0;

  if (n != (b->noise_maps ? b->noise_maps->len : 0))
    return FALSE;
  for (guint i = 0; i < n; i++) {
    const SgNoiseMap *x = a->noise_maps->pdata[i], *y = b->noise_maps->pdata[i];
    if (x->conv != y->conv || strcmp(x->name, y->name) != 0 || strcmp(x->file, y->file) != 0 ||
        strcmp(x->sha256, y->sha256) != 0)
      return FALSE;
  }
  return TRUE;
}

/* ---- tuned weights ----------------------------------------------------------------------- */

void
sg_recipe_set_tuning(SgRecipe *r, const char *name, const char *file, const char *sha256)
{
  SgTunedWeights *t = NULL;

  if (file) {
    t = g_new0(SgTunedWeights, 1);
    *t = (SgTunedWeights){short_name(name), g_strdup(file), g_strdup(sha256)};
  }
  sg_part_clear_tuning(r);
  r->tuning = t;
}

gboolean
sg_part_is_set_tuning(const SgRecipe *r)
{
  return r->tuning != NULL;
}

void
sg_part_copy_tuning(SgRecipe *to, const SgRecipe *from)
{
  const SgTunedWeights *t = from->tuning;

  to->tuning = NULL;
  if (t)
    sg_recipe_set_tuning(to, t->name, t->file, t->sha256);
}

void
sg_part_clear_tuning(SgRecipe *r)
{
  if (!r->tuning)
    return;
  g_free(r->tuning->name);
  g_free(r->tuning->file);
  g_free(r->tuning->sha256);
  g_clear_pointer(&r->tuning, g_free);
}

gboolean
sg_part_equal_tuning(const SgRecipe *a, const SgRecipe *b)
{
  const SgTunedWeights *x = a->tuning, *y = b->tuning;

  if (!x || !y)
    return x == y;
  return strcmp(x->name, y->name) == 0 && strcmp(x->file, y->file) == 0 &&
         strcmp(x->sha256, y->sha256) == 0;
}

/* ---- mixing ---------------------------------------------------------------------------------- */

gboolean
sg_part_is_set_sources(const SgRecipe *r)
{
  return r->num_sources > 0;
}

void
sg_part_copy_sources(SgRecipe *to, const SgRecipe *from)
{
  to->sources = g_new0(SgRecipe *, SG_RECIPE_MAX_SOURCES);
  for (int i = 0; i < from->num_sources; i++)
    to->sources[i] = sg_recipe_copy(from->sources[i]);
}

void
sg_part_clear_sources(SgRecipe *r)
{
  for (int i = 0; i < r->num_sources; i++)
    g_clear_pointer(&r->sources[i], sg_recipe_free);
  r->num_sources = 0;
  sg_recipe_set_mix(r, 0, NULL); /* of sources */
}

gboolean
sg_part_equal_sources(const SgRecipe *a, const SgRecipe *b)
{
  if (a->num_sources != b->num_sources)
    return FALSE;
  for (int i = 0; i < a->num_sources; i++)
    if (!sg_recipe_equal(a->sources[i], b->sources[i]))
      return FALSE;
  return TRUE;
}

gboolean
sg_part_is_set_mix(const SgRecipe *r)
{
  return r->mix != NULL;
}

void
sg_part_copy_mix(SgRecipe *to, const SgRecipe *from)
{
  to->mix = from->mix ? g_memdup2(from->mix, sizeof *from->mix * (gsize)from->num_mix) : NULL;
}

void
sg_part_clear_mix(SgRecipe *r)
{
  sg_recipe_set_mix(r, 0, NULL);
}

gboolean
sg_part_equal_mix(const SgRecipe *a, const SgRecipe *b)
{
  if (a->num_mix != b->num_mix)
    return FALSE;
  for (int k = 0; k < a->num_mix; k++)
    if (a->mix[k].a != b->mix[k].a || a->mix[k].b != b->mix[k].b ||
        a->mix[k].blend != b->mix[k].blend)
      return FALSE;
  return TRUE;
}

/* ---- weights and noise ----------------------------------------------------------------------- */

gboolean
sg_part_is_set_noise_gain(const SgRecipe *r)
{
  return r->noise_gain != NULL;
}

void
sg_part_copy_noise_gain(SgRecipe *to, const SgRecipe *from)
{
  to->noise_gain = dup_doubles(from->noise_gain, (gsize)from->num_noise);
}

void
sg_part_clear_noise_gain(SgRecipe *r)
{
  sg_recipe_set_noise_gain(r, 0, NULL);
}

gboolean
sg_part_equal_noise_gain(const SgRecipe *a, const SgRecipe *b)
{
  return a->num_noise == b->num_noise &&
         same_doubles(a->noise_gain, b->noise_gain, (gsize)a->num_noise);
}

gboolean
sg_part_is_set_prune(const SgRecipe *r)
{
  static const SgPrune none;
  return !sg_prune_equal(&r->prune, &none);
}

void
sg_part_copy_prune(SgRecipe *to, const SgRecipe *from)
{
  sg_prune_copy(&to->prune, &from->prune);
}

void
sg_part_clear_prune(SgRecipe *r)
{
  sg_prune_clear(&r->prune);
  r->prune = (SgPrune){0};
}

gboolean
sg_part_equal_prune(const SgRecipe *a, const SgRecipe *b)
{
  return sg_prune_equal(&a->prune, &b->prune);
}
