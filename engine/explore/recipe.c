#include "engine/explore/recipe-table.h"
#include "engine/base/random.h"
#include "engine/formats/format-error.h"
#include <string.h>

#define EACH(f)                                                                                    \
  for (const SgRecipeField *f = sg_recipe_fields; f < sg_recipe_fields + sg_recipe_field_count; f++)

SgRecipe *
sg_recipe_new(int z_dim, int w_dim)
{
  SgRecipe *r = g_new0(SgRecipe, 1);

  r->z_offset = g_new0(double, z_dim);
  r->w_offset = g_new0(double, w_dim);
  r->sources = g_new0(SgRecipe *, SG_RECIPE_MAX_SOURCES);
  EACH (f)
    if (f->type != SG_FIELD_PART)
      sg_recipe_field_clear(f, r);
  r->z_dim = z_dim;
  r->w_dim = w_dim;
  return r;
}

SgRecipe *
sg_recipe_new_for(const SgModelInfo *info)
{
  SgRecipe *r = sg_recipe_new(info->z_dim, info->w_dim);

  r->label = info->c_dim > 0 ? 0 : -1;
  if (info->usual_psi != 0) { /* of a model that was put together nobody says it */
    r->psi = info->usual_psi;
    r->cutoff = info->usual_cutoff;
  }
  return r;
}

SgRecipe *
sg_recipe_copy(const SgRecipe *r)
{
  SgRecipe *copy = g_memdup2(r, sizeof *r);

  EACH (f)
    if (f->type == SG_FIELD_PART)
      f->part.copy(copy, r);
  return copy;
}

void
sg_recipe_free(SgRecipe *r)
{
  if (!r)
    return;
  EACH (f)
    if (f->type == SG_FIELD_PART)
      f->part.clear(r);
  g_free(r->z_offset);
  g_free(r->w_offset);
  g_free(r->sources);
  g_free(r);
}

gboolean
sg_recipe_equal(const SgRecipe *a, const SgRecipe *b)
{
  EACH (f)
    if (!sg_recipe_field_equal(f, a, b))
      return FALSE;
  return TRUE;
}

const char *
sg_recipe_change_label(const SgRecipe *a, const SgRecipe *b)
{
  EACH (f)
    if (f->undo && !sg_recipe_field_equal(f, a, b))
      return f->undo;
  return NULL;
}

/* ---- edits ---------------------------------------------------------------------------------- */

void
sg_recipe_set_w(SgRecipe *r, int layers, const double *w)
{
  double *copy = g_memdup2(w, sizeof *w * (gsize)layers * (gsize)r->w_dim);

  g_free(r->w_base);
  r->w_base = copy;
  r->w_layers = layers;
}

void
sg_recipe_drop_vectors(SgRecipe *r)
{
  sg_part_clear_z_base(r);
  sg_part_clear_w_base(r);
}

void
sg_recipe_clear_edits(SgRecipe *r, SgSpace space)
{
  for (guint i = r->locks ? r->locks->len : 0; i-- > 0;)
    if (g_array_index(r->locks, SgLock, i).space == space)
      g_array_remove_index(r->locks, i);
  if (r->locks && r->locks->len == 0)
    sg_part_clear_locks(r);
  if (space == SG_SPACE_Z) {
    sg_part_clear_z_offset(r);
  } else {
    sg_part_clear_w_offset(r);
    sg_part_clear_w_layer_offset(r);
    sg_part_clear_directions(r);
  }
  if (r->scale_space == space)
    r->scale = 1;
}

/* Where (layer, index) is or would be among offsets. */
static guint
find_offset(const GArray *offsets, int layer, int index, gboolean *found)
{
  guint low = 0, high = offsets ? offsets->len : 0;

  *found = FALSE;
  while (low < high) {
    guint mid = (low + high) / 2;
    const SgLayerOffset *o = &g_array_index(offsets, SgLayerOffset, mid);
    if (o->layer == layer && o->index == index) {
      *found = TRUE;
      return mid;
    }
    if (o->layer < layer || (o->layer == layer && o->index < index))
      low = mid + 1;
    else
      high = mid;
  }
  return low;
}

double
sg_layer_offset_get(const GArray *offsets, int layer, int index)
{
  gboolean found;
  guint i = find_offset(offsets, layer, index, &found);

  return found ? g_array_index(offsets, SgLayerOffset, i).value : 0;
}

static gboolean
set_offset(GArray **offsets, int layer, int index, double value)
{
  const SgLayerOffset one = {layer, index, value};
  gboolean found;
  guint i = find_offset(*offsets, layer, index, &found);

  if (found && value != 0) {
    g_array_index(*offsets, SgLayerOffset, i).value = value;
  } else if (found) {
    g_array_remove_index(*offsets, i);
  } else if (value != 0) {
    if (!*offsets)
      *offsets = g_array_new(FALSE, TRUE, sizeof(SgLayerOffset));
    if ((*offsets)->len == SG_RECIPE_MAX_OFFSETS)
      return FALSE;
    g_array_insert_val(*offsets, i, one);
  }
  if (*offsets && (*offsets)->len == 0)
    g_clear_pointer(offsets, g_array_unref);
  return TRUE;
}

gboolean
sg_recipe_set_w_layer_offset(SgRecipe *r, int layer, int index, double value)
{
  return set_offset(&r->w_layer_offset, layer, index, value);
}

gboolean
sg_recipe_set_s_offset(SgRecipe *r, int stage, int channel, double value)
{
  return set_offset(&r->s_offset, stage, channel, value);
}

static int
compare_lock(const SgLock *a, const SgLock *b)
{
  if (a->space != b->space)
    return a->space < b->space ? -1 : 1;
  if (a->layer != b->layer)
    return a->layer < b->layer ? -1 : 1;
  return a->index < b->index ? -1 : a->index > b->index;
}

static SgLock
lock_at(SgSpace space, int layer, int index, double value)
{
  return (SgLock){space, space == SG_SPACE_Z || layer < 0 ? -1 : layer, index, value};
}

gboolean
sg_recipe_lock(SgRecipe *r, SgSpace space, int layer, int index, double value)
{
  SgLock one = lock_at(space, layer, index, value);
  guint i = 0;

  if (!r->locks)
    r->locks = g_array_new(FALSE, TRUE, sizeof(SgLock));
  while (i < r->locks->len && compare_lock(&g_array_index(r->locks, SgLock, i), &one) < 0)
    i++;
  if (i < r->locks->len && compare_lock(&g_array_index(r->locks, SgLock, i), &one) == 0) {
    g_array_index(r->locks, SgLock, i) = one;
    return TRUE;
  }
  if (r->locks->len == SG_RECIPE_MAX_LOCKS)
    return FALSE;
  g_array_insert_val(r->locks, i, one);
  return TRUE;
}

const SgLock *
sg_recipe_get_lock(const SgRecipe *r, SgSpace space, int layer, int index)
{
  SgLock one = lock_at(space, layer, index, 0);

  for (guint i = 0; r->locks && i < r->locks->len; i++)
    if (compare_lock(&g_array_index(r->locks, SgLock, i), &one) == 0)
      return &g_array_index(r->locks, SgLock, i);
  return NULL;
}

void
sg_recipe_unlock(SgRecipe *r, SgSpace space, int layer, int index)
{
  const SgLock *lock = sg_recipe_get_lock(r, space, layer, index);

  if (!lock)
    return;
  g_array_remove_index(r->locks, (guint)(lock - (const SgLock *)r->locks->data));
  if (r->locks->len == 0)
    sg_part_clear_locks(r);
}

void
sg_recipe_set_mix(SgRecipe *r, int num_ws, const SgMixLayer *mix)
{
  gboolean any = FALSE;
  SgMixLayer *copy = mix ? g_memdup2(mix, sizeof *mix * (gsize)num_ws) : NULL;

  for (int k = 0; mix && k < num_ws; k++)
    any = any || mix[k].a != 0 || (mix[k].b != 0 && mix[k].blend != 0);
  if (!any)
    g_clear_pointer(&copy, g_free);
  g_free(r->mix);
  r->mix = copy;
  r->num_mix = copy ? num_ws : 0;
}

void
sg_recipe_set_noise_gain(SgRecipe *r, int n, const double *gain)
{
  gboolean any = FALSE;
  double *copy = gain ? g_memdup2(gain, sizeof *gain * (gsize)n) : NULL;

  for (int i = 0; gain && i < n; i++)
    any = any || gain[i] != 1;
  if (!any)
    g_clear_pointer(&copy, g_free);
  g_free(r->noise_gain);
  r->noise_gain = copy;
  r->num_noise = copy ? n : 0;
}

SgRecipe *
sg_recipe_face(const SgRecipe *r, int face)
{
  SgRecipe *one = sg_recipe_copy(r);

  one->faces = 1;
  one->seed += (guint32)face;
  if (face > 0) /* only face 0 can be a loaded one */
    sg_recipe_drop_vectors(one);
  return one;
}

SgRecipe *
sg_recipe_single_face(const SgRecipe *r, int face)
{
  SgRecipe *one = sg_recipe_face(r, face);

  EACH (f)
    if (!f->of_source)
      sg_recipe_field_clear(f, one);
  return one;
}

gboolean
sg_recipe_add_source(SgRecipe *r, const SgRecipe *face)
{
  if (r->num_sources == SG_RECIPE_MAX_SOURCES)
    return FALSE;
  r->sources[r->num_sources++] = sg_recipe_single_face(face, 0);
  return TRUE;
}

static int
without(int source, int removed)
{
  return source == removed ? 0 : source - (source > removed);
}

void
sg_recipe_remove_source(SgRecipe *r, int i)
{
  g_autofree SgMixLayer *mix = g_steal_pointer(&r->mix);

  g_return_if_fail(i >= 0 && i < r->num_sources);
  sg_recipe_free(r->sources[i]);
  r->num_sources--;
  for (int k = i; k < r->num_sources; k++)
    r->sources[k] = r->sources[k + 1];
  for (int k = 0; k < r->num_mix; k++) {
    mix[k].a = without(mix[k].a, i + 1);
    mix[k].b = without(mix[k].b, i + 1);
  }
  sg_recipe_set_mix(r, r->num_mix, mix);
}

SgRecipe *
sg_recipe_unmodified(const SgRecipe *r)
{
  SgRecipe *plain = sg_recipe_copy(r);

  EACH (f)
    if (f->role == SG_FIELD_EDIT)
      sg_recipe_field_clear(f, plain);
  return plain;
}

gboolean
sg_recipe_is_modified(const SgRecipe *r)
{
  EACH (f)
    if (f->role == SG_FIELD_EDIT && sg_recipe_field_is_set(f, r))
      return TRUE;
  return FALSE;
}

/* ---- a model's ------------------------------------------------------------------------------- */

static gboolean unfit(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean
unfit(GError **error, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error_literal(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED, text);
  return FALSE;
}

gboolean
sg_recipe_check(const SgRecipe *r, const SgModelInfo *info, GError **error)
{
  if (r->z_dim != info->z_dim || r->w_dim != info->w_dim)
    return unfit(error,
                 "the recipe is for a model with %d z and %d w dimensions, this one has %d and %d",
                 r->z_dim, r->w_dim, info->z_dim, info->w_dim);
  if (r->label >= MAX(info->c_dim, 1))
    return unfit(error, "the recipe asks for class %d, this model has %d classes", r->label,
                 info->c_dim);
  if (r->num_mix && r->num_mix != info->num_ws)
    return unfit(error, "the recipe mixes %d styles, this model has %d", r->num_mix, info->num_ws);
  if (r->w_base && r->w_layers > 1 && r->w_layers != info->num_ws)
    return unfit(error, "the recipe has a w for each of %d layers, this model has %d", r->w_layers,
                 info->num_ws);
  for (guint i = 0; r->w_layer_offset && i < r->w_layer_offset->len; i++)
    if (g_array_index(r->w_layer_offset, SgLayerOffset, i).layer >= info->num_ws)
      return unfit(error, "the recipe moves w of layer %d, this model has layers 0 to %d",
                   g_array_index(r->w_layer_offset, SgLayerOffset, i).layer, info->num_ws - 1);
  for (guint i = 0; r->locks && i < r->locks->len; i++)
    if (g_array_index(r->locks, SgLock, i).layer >= info->num_ws)
      return unfit(error, "the recipe locks w of layer %d, this model has layers 0 to %d",
                   g_array_index(r->locks, SgLock, i).layer, info->num_ws - 1);
  for (int i = 0; i < r->num_sources; i++)
    if (!sg_recipe_check(r->sources[i], info, error))
      return FALSE;
  return TRUE;
}

/* ---- vectors --------------------------------------------------------------------------------- */

static void
put_locks(const SgRecipe *r, SgSpace space, int layer, double *v)
{
  for (guint i = 0; r->locks && i < r->locks->len; i++) {
    const SgLock *lock = &g_array_index(r->locks, SgLock, i);
    if (lock->space == space && (lock->layer < 0 || lock->layer == layer))
      v[lock->index] = lock->value;
  }
}

void
sg_recipe_base_z(const SgRecipe *r, int face, double *z)
{
  SgRandomState state;

  if (face == 0 && r->z_base) {
    memcpy(z, r->z_base, sizeof(double) * (gsize)r->z_dim);
  } else {
    sg_random_state_seed(&state, r->seed + (guint32)face);
    sg_random_state_randn(&state, (gsize)r->z_dim, z);
    sg_truncate_normal(r->tau, r->z_dim, z);
  }
  put_locks(r, SG_SPACE_Z, -1, z);
}

double *
sg_recipe_edited_z(const SgRecipe *r, int face)
{
  double *z = g_new(double, r->z_dim), scale = r->scale_space == SG_SPACE_Z ? r->scale : 1;

  sg_recipe_base_z(r, face, z);
  for (int i = 0; i < r->z_dim; i++)
    z[i] = (z[i] + r->z_offset[i]) * scale;
  return z;
}

void
sg_recipe_base_w(const SgRecipe *r, int face, int layer, const float *mapped, double *w)
{
  gboolean loaded = face == 0 && r->w_base;
  int rows = loaded ? MAX(r->w_layers, 1) : 1;

  for (int i = 0; i < r->w_dim; i++)
    w[i] = loaded ? r->w_base[(rows > 1 && layer > 0 ? layer * r->w_dim : 0) + i] : mapped[i];
  if (rows > 1 && layer < 0)
    for (int i = 0; i < r->w_dim; i++) {
      for (int k = 1; k < rows; k++)
        w[i] += r->w_base[k * r->w_dim + i];
      w[i] /= rows;
    }
  put_locks(r, SG_SPACE_W, layer, w);
}

void
sg_recipe_edit_w(const SgRecipe *r, int layer, double *w)
{
  double scale = r->scale_space == SG_SPACE_W ? r->scale : 1;

  for (int i = 0; i < r->w_dim; i++)
    w[i] += r->w_offset[i];
  for (guint i = 0; r->w_layer_offset && i < r->w_layer_offset->len; i++) {
    const SgLayerOffset *o = &g_array_index(r->w_layer_offset, SgLayerOffset, i);
    if (o->layer == layer)
      w[o->index] += o->value;
  }
  for (int i = 0; i < r->w_dim; i++)
    w[i] *= scale;
  for (guint d = 0; r->directions && d < r->directions->len; d++) {
    const SgDirection *dir = r->directions->pdata[d];
    gboolean here =
        layer < SG_RECIPE_MAX_LAYERS ? dir->layers >> layer & 1 : dir->layers == SG_ALL_LAYERS;
    if (dir->strength != 0 && here)
      for (int i = 0; i < r->w_dim; i++)
        w[i] += dir->strength * dir->sigma * dir->vector[i];
  }
}

gboolean
sg_recipe_has_layers(const SgRecipe *r)
{
  gboolean layers = (r->w_base && r->w_layers > 1) || r->w_layer_offset;

  for (guint i = 0; r->locks && i < r->locks->len; i++)
    layers = layers || g_array_index(r->locks, SgLock, i).layer >= 0;
  for (guint i = 0; r->directions && i < r->directions->len; i++)
    layers = layers || ((SgDirection *)r->directions->pdata[i])->layers != SG_ALL_LAYERS;
  return layers;
}

guint32
sg_recipe_face_noise_seed(const SgRecipe *r, int face)
{
  return r->noise_seed + r->seed + (guint32)face;
}
