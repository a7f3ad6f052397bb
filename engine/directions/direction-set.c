#include "engine/directions/direction-set.h"
#include "engine/directions/direction-foreign.h"
#include "engine/formats/format-error.h"
#include "engine/formats/safetensors.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

#define KIND "vitrine-directions"

void
sg_named_direction_free(SgNamedDirection *d)
{
  if (!d)
    return;
  g_free(d->name);
  g_free(d->vector);
  g_free(d->model);
  g_free(d->method);
  g_free(d);
}

SgNamedDirection *
sg_named_direction_copy(const SgNamedDirection *d, int w_dim)
{
  SgNamedDirection *copy = g_memdup2(d, sizeof *d);

  copy->name = g_strdup(d->name);
  copy->vector = g_memdup2(d->vector, (gsize)w_dim * sizeof(double));
  copy->model = g_strdup(d->model);
  copy->method = g_strdup(d->method);
  return copy;
}

SgDirectionSet *
sg_direction_set_new(int w_dim, const char *model, const char *method, const char *details)
{
  SgDirectionSet *s = g_new0(SgDirectionSet, 1);

  s->w_dim = w_dim;
  s->model = g_strdup(model ? model : "");
  s->method = g_strdup(method ? method : "");
  s->details = g_strdup(details ? details : "");
  s->list = g_ptr_array_new_with_free_func((GDestroyNotify)sg_named_direction_free);
  return s;
}

void
sg_direction_set_free(SgDirectionSet *s)
{
  if (!s)
    return;
  g_free(s->model);
  g_free(s->method);
  g_free(s->details);
  g_ptr_array_unref(s->list);
  g_free(s);
}

SgNamedDirection *
sg_direction_set_add(SgDirectionSet *s, const char *name, const double *one_sigma)
{
  double squares = 0;

  for (int i = 0; i < s->w_dim; i++)
    squares += one_sigma[i] * one_sigma[i];
  if (!isfinite(squares) || !(squares > 0))
    return NULL;
  SgNamedDirection *d = g_new0(SgNamedDirection, 1);
  d->name = g_strdup(name);
  d->sigma = sqrt(squares);
  d->last = -1;
  d->share = d->auc = d->c = NAN;
  d->vector = g_new(double, s->w_dim);
  for (int i = 0; i < s->w_dim; i++)
    d->vector[i] = one_sigma[i] / d->sigma;
  g_ptr_array_add(s->list, d);
  return d;
}

SgNamedDirection *
sg_direction_set_add_copy(SgDirectionSet *s, const SgNamedDirection *d, const SgDirectionSet *from)
{
  SgNamedDirection *copy = sg_named_direction_copy(d, s->w_dim);

  if (from && !copy->model)
    copy->model = g_strdup(from->model);
  if (from && !copy->method)
    copy->method = g_strdup(from->method);
  g_ptr_array_add(s->list, copy);
  return copy;
}

const SgNamedDirection *
sg_direction_set_find(const SgDirectionSet *s, const char *name)
{
  guint64 number;

  for (guint i = 0; i < s->list->len; i++) {
    const SgNamedDirection *d = s->list->pdata[i];
    if (g_str_equal(d->name, name))
      return d;
  }
  if (g_ascii_string_to_unsigned(name, 10, 0, SG_DIRECTIONS_MAX, &number, NULL) &&
      number < s->list->len)
    return s->list->pdata[number];
  return NULL;
}

/* ---- writing --------------------------------------------------------------------------------- */

static json_t *
facts_of(const SgNamedDirection *d)
{
  json_t *facts = json_pack("{s:s, s:f}", "name", d->name, "sigma", d->sigma);

  if (d->last >= 0)
    json_object_set_new(facts, "layers", json_pack("[i, i]", d->first, d->last));
  if (isfinite(d->share))
    json_object_set_new(facts, "share", json_real(d->share));
  if (isfinite(d->auc))
    json_object_set_new(facts, "auc", json_real(d->auc));
  if (d->samples > 0)
    json_object_set_new(facts, "samples", json_integer(d->samples));
  if (isfinite(d->c))
    json_object_set_new(facts, "c", json_real(d->c));
  if (d->model)
    json_object_set_new(facts, "model", json_string(d->model));
  if (d->method)
    json_object_set_new(facts, "method", json_string(d->method));
  return facts;
}

static void
put_tensor(const SgDirectionSet *s, guint i, GPtrArray *names, GHashTable *tensors)
{
  const SgNamedDirection *d = s->list->pdata[i];
  char *name = g_strdup_printf("direction.%u", i);
  SgTensor *t = sg_tensor_new(1, (gint64[]){s->w_dim});

  for (int k = 0; t && k < s->w_dim; k++)
    t->data[k] = (float)d->vector[k];
  g_ptr_array_add(names, name);
  g_hash_table_insert(tensors, name, t);
}

gboolean
sg_direction_set_save(const SgDirectionSet *s, const char *path, GError **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) tensors =
      g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)sg_tensor_unref);
  g_autoptr(GHashTable) meta = g_hash_table_new(g_str_hash, g_str_equal);
  json_t *all = json_array();

  for (guint i = 0; i < s->list->len; i++) {
    json_array_append_new(all, facts_of(s->list->pdata[i]));
    put_tensor(s, i, names, tensors);
  }
  char *facts = json_dumps(all, JSON_COMPACT);
  json_decref(all);
  g_hash_table_insert(meta, "format", KIND);
  g_hash_table_insert(meta, "space", "w");
  g_hash_table_insert(meta, "model", s->model);
  g_hash_table_insert(meta, "method", s->method);
  g_hash_table_insert(meta, "details", s->details);
  g_hash_table_insert(meta, "directions", facts);
  gboolean ok = sg_safetensors_write(path, names, tensors, meta, error);
  free(facts);
  return ok;
}

/* ---- reading --------------------------------------------------------------------------------- */

static const char *
stated(const SgArchive *a, const char *key)
{
  g_autofree char *name = g_strconcat("__metadata__.", key, NULL);
  const char *value = sg_archive_attribute(a, name);
  return value ? value : "";
}

static double
number_or(const json_t *facts, const char *key, double otherwise)
{
  const json_t *v = json_object_get(facts, key);
  return json_is_number(v) ? json_number_value(v) : otherwise;
}

/* One direction: its vector times its stated sigma. */
static gboolean
read_one(SgDirectionSet *s, const SgTensor *t, const json_t *facts, guint i, GError **error)
{
  const char *name = json_string_value(json_object_get(facts, "name"));
  const json_t *layers = json_object_get(facts, "layers");
  double sigma = number_or(facts, "sigma", 1);
  g_autofree char *numbered = g_strdup_printf("%u", i);
  g_autofree double *v = g_new(double, s->w_dim);

  if (!t || !sg_tensor_has_shape(t, 1, s->w_dim))
    return sg_broken(error, "direction %u should be [%d] as the first one is", i, s->w_dim);
  for (int k = 0; k < s->w_dim; k++)
    v[k] = (double)t->data[k] * sigma;
  SgNamedDirection *d = sg_direction_set_add(s, name ? name : numbered, v);
  if (!d)
    return sg_broken(error, "direction %u is 0 or has numbers that are not finite", i);
  d->share = number_or(facts, "share", NAN);
  d->auc = number_or(facts, "auc", NAN);
  d->c = number_or(facts, "c", NAN);
  d->samples = (gint64)CLAMP(number_or(facts, "samples", 0), 0, 1e15);
  d->model = g_strdup(json_string_value(json_object_get(facts, "model")));
  d->method = g_strdup(json_string_value(json_object_get(facts, "method")));
  if (json_array_size(layers) == 2) {
    d->first = (int)CLAMP(json_integer_value(json_array_get(layers, 0)), 0, 1024);
    d->last = (int)CLAMP(json_integer_value(json_array_get(layers, 1)), -1, 1024);
  }
  return TRUE;
}

static SgDirectionSet *
from_archive(const SgArchive *a, GError **error)
{
  json_t *facts = json_loads(stated(a, "directions"), 0, NULL);
  gsize n = json_array_size(facts);
  const SgTensor *first = sg_archive_tensor(a, "direction.0");
  g_autoptr(SgDirectionSet) s = NULL;
  gboolean ok = FALSE;

  if (!g_str_equal(stated(a, "format"), KIND) || n == 0 || n > SG_DIRECTIONS_MAX || !first ||
      first->ndim != 1 || first->shape[0] < 1 || first->shape[0] > G_MAXUINT16)
    sg_unsupported(error, "this is no file of directions (%s with tensors direction.0 …)", KIND);
  else {
    s = sg_direction_set_new((int)first->shape[0], stated(a, "model"), stated(a, "method"),
                             stated(a, "details"));
    ok = TRUE;
  }
  for (guint i = 0; ok && i < n; i++) {
    g_autofree char *name = g_strdup_printf("direction.%u", i);
    ok = read_one(s, sg_archive_tensor(a, name), json_array_get(facts, i), i, error);
  }
  json_decref(facts);
  return ok ? g_steal_pointer(&s) : NULL;
}

SgDirectionSet *
sg_direction_set_load(const char *path, GError **error)
{
  GError *inner = NULL;

  if (sg_direction_is_foreign(path))
    return sg_direction_foreign_load(path, error);
  g_autoptr(SgArchive) a = sg_archive_open(path, error);
  if (!a)
    return NULL;
  SgDirectionSet *s = from_archive(a, &inner);
  if (!s)
    g_propagate_prefixed_error(error, inner, "%s: ", path);
  return s;
}
