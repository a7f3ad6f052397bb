#include "app/session/vitrine-edits.h"
#include <stdlib.h>
#include <string.h>
#include "app/session/vitrine-store.h"

static gboolean
is_of(const json_t *entry, const char *hash)
{
  return g_strcmp0(json_string_value(json_object_get(entry, "hash")), hash) == 0;
}

/* As text, about. */
static gsize
entry_bytes(const json_t *entry)
{
  char *text = json_dumps(entry, JSON_COMPACT);
  gsize bytes = text ? strlen(text) : 0;

  free(text);
  return bytes;
}

static json_t *
entry_new(const char *hash, const SgRecipe *recipe, SgSpace space)
{
  g_autofree char *text = sg_recipe_to_json(recipe, NULL, NULL);

  return json_pack("{s:s, s:i, s:o}", "hash", hash, "space", (int)space, "recipe",
                   json_loads(text, 0, NULL));
}

void
vitrine_edits_keep(const char *hash, const SgRecipe *recipe, SgSpace space)
{
  json_t *root = vitrine_store_load("edits"), *kept = json_array(), *entry;
  json_t *newest = entry_new(hash, recipe, space);
  gsize i, bytes = entry_bytes(newest);

  json_array_append_new(kept, newest);
  json_array_foreach (json_object_get(root, "models"), i, entry) {
    if (!json_is_object(entry) || is_of(entry, hash))
      continue;
    bytes += entry_bytes(entry);
    if (bytes > VITRINE_EDITS_BYTES || json_array_size(kept) >= VITRINE_EDITS_MAX)
      break;
    json_array_append(kept, entry);
  }
  json_object_set_new(root, "models", kept);
  vitrine_store_save("edits", root);
  json_decref(root);
}

SgRecipe *
vitrine_edits_find(const char *hash, const SgModelInfo *info, SgSpace *space)
{
  json_t *root = vitrine_store_load("edits"), *entry, *found = NULL;
  gsize i;

  json_array_foreach (json_object_get(root, "models"), i, entry)
    if (!found && is_of(entry, hash))
      found = entry;
  char *text = json_dumps(json_object_get(found, "recipe"), JSON_COMPACT | JSON_REAL_PRECISION(17));
  gboolean w = json_integer_value(json_object_get(found, "space")) == SG_SPACE_W;
  json_decref(root);
  g_autoptr(SgRecipe) recipe = text ? sg_recipe_from_json(text, -1, NULL, NULL, NULL) : NULL;
  free(text);
  if (!recipe || !sg_recipe_check(recipe, info, NULL))
    return NULL;
  *space = w ? SG_SPACE_W : SG_SPACE_Z;
  return g_steal_pointer(&recipe);
}
