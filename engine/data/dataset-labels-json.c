/* Labels in NVlabs' dataset.json: {"labels": [["00000/img00000000.png", 3], …]}, a class number or
 * a list of floats each, null for none; and what people write in its place. */
#include "engine/data/dataset-labels.h"
#include "engine/formats/format-error.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

/* A parsed value takes about fifteen times the room of its text. */
#define MAX_VALUES (32 * 1024 * 1024)
#define MAX_LISTS  (4 * 1024 * 1024)

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
add_list(SgLabels *l, const char *name, json_t *list, GError **error)
{
  g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(float));

  for (gsize k = 0; k < json_array_size(list); k++) {
    json_t *v = json_array_get(list, k);
    float x = (float)json_number_value(v);
    if (!json_is_number(v) || !isfinite(x))
      return sg_broken(error, "%s: expected a number at place %zu of its label, found %s", name, k,
                       json_is_number(v) ? "one that is too large" : kind_of(v));
    g_array_append_val(values, x);
  }
  return sg_labels_add_vector(l, name, (float *)values->data, values->len, error);
}

static gboolean
add_label(SgLabels *l, const char *name, json_t *label, GError **error)
{
  if (json_is_number(label))
    return sg_labels_add_number(l, name, json_number_value(label), error);
  if (json_is_string(label))
    return sg_labels_add_text(l, name, json_string_value(label), error);
  if (json_is_array(label))
    return add_list(l, name, label, error);
  if (json_is_null(label))
    return sg_labels_add_none(l, name, error);
  return sg_unsupported(error,
                        "%s: expected a class (a number or a text) or a list of numbers, found %s",
                        name, kind_of(label));
}

static json_t *
first_member(json_t *object, const char *const *names)
{
  json_t *found = NULL;
  for (; *names && !found; names++)
    found = json_object_get(object, *names);
  return found;
}

/* {"file_name": "a.png", "label": 3}, as lists of objects go around. */
static gboolean
add_object(SgLabels *l, json_t *object, guint place, GError **error)
{
  static const char *const files[] = {"file_name", "filename", "file", "image",
                                      "path",      "name",     NULL};
  static const char *const labels[] = {"label", "class", "labels", "category", "target", NULL};
  const char *name = json_string_value(first_member(object, files));
  json_t *label = first_member(object, labels);

  if (!name || !label)
    return sg_unsupported(error,
                          "expected [\"name of the file\", label] at place %u, found an object "
                          "without “file_name” and “label”",
                          place);
  return add_label(l, name, label, error);
}

static gboolean
add_pair(SgLabels *l, json_t *pair, guint place, GError **error)
{
  const char *name = json_string_value(json_array_get(pair, 0));

  if (json_is_object(pair))
    return add_object(l, pair, place, error);
  if (name && json_array_size(pair) > 2)
    return sg_unsupported(error,
                          "expected [\"name of the file\", label] at place %u, found %zu values "
                          "after the name; write [\"%s\", 0] for a class or [\"%s\", [1, 0]] for a "
                          "list of numbers",
                          place, json_array_size(pair) - 1, name, name);
  if (!name || json_array_size(pair) != 2)
    return sg_broken(error, "expected [\"name of the file\", label] at place %u, found %s", place,
                     kind_of(pair));
  return add_label(l, name, json_array_get(pair, 1), error);
}

static gboolean
add_all(SgLabels *l, json_t *list, GError **error)
{
  const char *name;
  json_t *label;

  for (guint i = 0; i < json_array_size(list); i++)
    if (!add_pair(l, json_array_get(list, i), i, error))
      return FALSE;
  json_object_foreach (list, name, label) {
    if (!add_label(l, name, label, error))
      return FALSE;
  }
  return TRUE;
}

/* Ours: what the numbers are called. NVlabs' tools do not look at it. Of classes the names may be
 * more than the labels tell: the last ones have no pictures. */
static void
read_names(SgLabels *l, json_t *names)
{
  gsize n = json_array_size(names);

  if (l->names || n == 0 || n > SG_LABELS_MAX_DIM || (l->one_hot ? n < l->dim : n != l->dim))
    return;
  l->dim = (guint)n;
  l->names = g_new0(char *, n + 1);
  for (gsize k = 0; k < n; k++) {
    const char *name = json_string_value(json_array_get(names, k));
    l->names[k] = g_strdup(name ? name : "");
  }
}

/* The list or table of labels of a whole file; NULL: the file says that there are none. */
static json_t *
find_list(json_t *root, GError **error)
{
  json_t *list = json_object_get(root, "labels");

  if (json_is_array(root))
    list = root;
  else if (json_is_object(root) && !list && !json_object_get(root, "label_names"))
    list = root;
  if (list && !json_is_array(list) && !json_is_object(list) && !json_is_null(list))
    sg_broken(error, "expected “labels” to be a list or null, found %s", kind_of(list));
  return json_array_size(list) + json_object_size(list) > 0 ? list : NULL;
}

static SgLabels *
labels_of(const char *source, json_t *root, GError **error)
{
  g_autoptr(SgLabels) l = sg_labels_new(source);
  json_t *list = find_list(root, error);

  if (!list || !add_all(l, list, error) || !sg_labels_finish(l, error))
    return NULL;
  read_names(l, json_object_get(root, "label_names"));
  return g_steal_pointer(&l);
}

SgLabels *
sg_labels_parse_json(const char *source, const char *text, gsize size, GError **error)
{
  json_error_t why;

  if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* Windows' mark of UTF-8 */
    text += 3;
    size -= 3;
  }
  if (!check_amount(text, size, error))
    return NULL;
  json_t *root = json_loadb(text, size, 0, &why);
  if (!root) {
    sg_broken(error, "not readable as JSON: line %d: %s", why.line, why.text);
    return NULL;
  }
  SgLabels *l = labels_of(source, root, error);
  json_decref(root);
  return l;
}
