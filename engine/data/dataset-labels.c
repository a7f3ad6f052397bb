/* Labels in NVlabs' dataset.json: {"labels": [["00000/img00000000.png", 3], …]}, a class number or
 * a list of floats each; null for none. */
#include "engine/formats/format-error.h"
#include "engine/data/dataset-private.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

/* A parsed value takes about fifteen times the room of its text. */
#define MAX_VALUES (32 * 1024 * 1024)
#define MAX_LISTS  (4 * 1024 * 1024)

SgLabels *
sg_labels_new(void)
{
  SgLabels *l = g_new0(SgLabels, 1);
  l->rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  l->prefix = g_strdup("");
  return l;
}

void
sg_labels_free(SgLabels *l)
{
  if (!l)
    return;
  g_hash_table_unref(l->rows);
  g_strfreev(l->names);
  g_free(l->classes);
  g_free(l->values);
  g_free(l->prefix);
  g_free(l);
}

int
sg_labels_row(const SgLabels *l, const char *name)
{
  if (!g_str_has_prefix(name, l->prefix))
    return -1;
  name += strlen(l->prefix);
  const char *slash = l->by_base ? strrchr(name, '/') : NULL;
  return GPOINTER_TO_INT(g_hash_table_lookup(l->rows, slash ? slash + 1 : name)) - 1;
}

/* ---- dataset.json ---------------------------------------------------------------------------- */

static gboolean
check_amount(const char *text, gsize size, GError **error)
{
  gsize values = 0, lists = 0;

  for (gsize i = 0; i < size; i++) {
    values += text[i] == ',';
    lists += text[i] == '[' || text[i] == '{';
  }
  if (values + lists > MAX_VALUES || lists > MAX_LISTS)
    return sg_unsupported(error,
                          "expected labels for at most %d pictures with %d numbers in all, found "
                          "%" G_GSIZE_FORMAT " lists and %" G_GSIZE_FORMAT " numbers",
                          MAX_LISTS, MAX_VALUES, lists, values);
  return TRUE;
}

static const char *
kind_of(const json_t *v)
{
  switch (json_typeof(v)) {
  case JSON_OBJECT:
    return "an object";
  case JSON_ARRAY:
    return "a list";
  case JSON_STRING:
    return "a text";
  case JSON_INTEGER:
    return "a whole number";
  case JSON_REAL:
    return "a number with a fraction";
  case JSON_NULL:
    return "null";
  default:
    return "true or false";
  }
}

static gboolean
read_class(SgLabels *l, guint row, const char *name, json_t *label, GError **error)
{
  if (!json_is_integer(label))
    return sg_broken(error, "%s: expected a class number like the others, found %s", name,
                     kind_of(label));
  json_int_t c = json_integer_value(label);
  if (c < 0 || c >= SG_LABELS_MAX_DIM)
    return sg_unsupported(error, "%s: expected a class from 0 to %d, found %" JSON_INTEGER_FORMAT,
                          name, SG_LABELS_MAX_DIM - 1, c);
  l->classes[row] = (guint32)c;
  l->dim = MAX(l->dim, (guint)c + 1);
  return TRUE;
}

static gboolean
read_vector(SgLabels *l, guint row, const char *name, json_t *label, GError **error)
{
  if (!json_is_array(label) || json_array_size(label) != l->dim)
    return sg_broken(error, "%s: expected a list of %u numbers like the others, found %s", name,
                     l->dim, json_is_array(label) ? "another number of them" : kind_of(label));
  for (guint k = 0; k < l->dim; k++) {
    json_t *v = json_array_get(label, k);
    double x = json_number_value(v);
    if (!json_is_number(v) || !isfinite((float)x))
      return sg_broken(error, "%s: expected a number at place %u of its label, found %s", name, k,
                       json_is_number(v) ? "one that is too large" : kind_of(v));
    l->values[(gsize)row * l->dim + k] = (float)x;
  }
  return TRUE;
}

/* The first label says of which kind all are. */
static gboolean
prepare(SgLabels *l, json_t *first, GError **error)
{
  gsize dim = json_array_size(first);

  l->one_hot = json_is_integer(first);
  if (l->one_hot) {
    l->classes = g_try_new0(guint32, l->n);
    return l->classes || sg_broken(error, "not enough memory for the labels");
  }
  if (!json_is_array(first) || dim == 0 || dim > SG_LABELS_MAX_DIM)
    return sg_unsupported(error,
                          "expected a class number or a list of 1 to %d numbers for each picture, "
                          "found %s",
                          SG_LABELS_MAX_DIM,
                          json_is_array(first) ? dim ? "a longer list" : "an empty list"
                                               : kind_of(first));
  l->dim = (guint)dim;
  l->values = g_try_malloc_n(l->n, dim * sizeof(float));
  return l->values || sg_broken(error, "not enough memory for the labels");
}

static SgLabels *
read_labels(json_t *list, GError **error)
{
  g_autoptr(SgLabels) l = sg_labels_new();

  l->n = (guint)json_array_size(list);
  for (guint i = 0; i < l->n; i++) {
    json_t *pair = json_array_get(list, i), *label = json_array_get(pair, 1);
    const char *name = json_string_value(json_array_get(pair, 0));
    if (!name || json_array_size(pair) != 2) {
      sg_broken(error, "expected [\"name of the file\", label] at place %u of “labels”", i);
      return NULL;
    }
    if (i == 0 && !prepare(l, label, error))
      return NULL;
    if (!(l->one_hot ? read_class(l, i, name, label, error)
                     : read_vector(l, i, name, label, error)))
      return NULL;
    g_hash_table_insert(l->rows, g_strdup(name), GINT_TO_POINTER((int)i + 1));
  }
  return g_steal_pointer(&l);
}

/* Ours: what the numbers are called. NVlabs' tools do not look at it. */
static void
read_names(SgLabels *l, json_t *names)
{
  g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);

  if (json_array_size(names) != l->dim)
    return;
  for (guint k = 0; k < l->dim; k++) {
    const char *name = json_string_value(json_array_get(names, k));
    g_ptr_array_add(found, g_strdup(name ? name : ""));
  }
  g_ptr_array_add(found, NULL);
  l->names = (char **)g_ptr_array_free(g_steal_pointer(&found), FALSE);
}

SgLabels *
sg_labels_parse_json(const char *text, gsize size, GError **error)
{
  json_error_t why;

  if (!check_amount(text, size, error))
    return NULL;
  json_t *root = json_loadb(text, size, 0, &why);
  if (!root) {
    sg_broken(error, "not readable as JSON: line %d: %s", why.line, why.text);
    return NULL;
  }
  json_t *list = json_object_get(root, "labels");
  SgLabels *l = NULL;
  if (list && !json_is_array(list) && !json_is_null(list))
    sg_broken(error, "expected “labels” to be a list or null, found %s", kind_of(list));
  else if (json_array_size(list) > 0)
    l = read_labels(list, error);
  if (l)
    read_names(l, json_object_get(root, "label_names"));
  json_decref(root);
  return l;
}
