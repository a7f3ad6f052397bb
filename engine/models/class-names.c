#include "engine/models/class-names.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

char **
sg_model_class_names(const SgModel *model)
{
  const char *text = g_hash_table_lookup(model->metadata, SG_CLASS_NAMES);
  int n = model->info.c_dim;
  json_t *list = text ? json_loads(text, 0, NULL) : NULL;
  gboolean sound = n > 0 && json_is_array(list) && json_array_size(list) == (gsize)n;
  char **names = sound ? g_new0(char *, n + 1) : NULL;

  for (int k = 0; sound && k < n; k++) {
    const char *name = json_string_value(json_array_get(list, (gsize)k));
    sound = name != NULL;
    names[k] = g_strdup(name);
  }
  json_decref(list);
  if (!sound)
    g_clear_pointer(&names, g_strfreev);
  return names;
}

char *
sg_class_names_to_metadata(char *const *names)
{
  json_t *list = json_array();

  for (; *names; names++)
    json_array_append_new(list, json_string(*names));
  char *dumped = json_dumps(list, JSON_COMPACT), *text = g_strdup(dumped);
  free(dumped);
  json_decref(list);
  return text;
}
