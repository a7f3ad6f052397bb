/* States of the timeline, and how they are kept. */
#include "app/journey/vitrine-timeline-private.h"
#include "app/session/vitrine-store.h"
#include <math.h>
#include <stdlib.h>

static void
face_clear(gpointer data)
{
  VitrineTimelineFace *face = data;

  sg_recipe_free(face->recipe);
  g_clear_object(&face->picture);
}

VitrineTimelineFace *
vitrine_timeline_face_new(SgRecipe *recipe)
{
  VitrineTimelineFace *face = g_rc_box_new0(VitrineTimelineFace);

  face->recipe = recipe;
  return face;
}

void
vitrine_timeline_face_unref(VitrineTimelineFace *face)
{
  g_rc_box_release_full(face, face_clear);
}

static void
key_clear(gpointer data)
{
  vitrine_timeline_face_unref(((VitrineTimelineKey *)data)->face);
}

VitrineTimelineState *
vitrine_timeline_state_new(void)
{
  VitrineTimelineState *s = g_new0(VitrineTimelineState, 1);

  s->keys = g_array_new(FALSE, FALSE, sizeof(VitrineTimelineKey));
  g_array_set_clear_func(s->keys, key_clear);
  s->back = VITRINE_TIMELINE_STEP;
  s->loop = TRUE;
  s->space = SG_SPACE_W;
  return s;
}

VitrineTimelineState *
vitrine_timeline_state_copy(const VitrineTimelineState *s)
{
  VitrineTimelineState *copy = vitrine_timeline_state_new();

  g_array_append_vals(copy->keys, s->keys->data, s->keys->len);
  for (guint i = 0; i < copy->keys->len; i++)
    g_rc_box_acquire(g_array_index(copy->keys, VitrineTimelineKey, i).face);
  copy->back = s->back;
  copy->loop = s->loop;
  copy->space = s->space;
  return copy;
}

void
vitrine_timeline_state_free(VitrineTimelineState *s)
{
  if (!s)
    return;
  g_array_unref(s->keys);
  g_free(s);
}

/* ---- on disk --------------------------------------------------------------------------------- */

static json_t *
state_json(const char *hash, const VitrineTimelineState *s)
{
  json_t *keys = json_array();

  for (guint i = 0; i < s->keys->len; i++) {
    const VitrineTimelineKey *key = &g_array_index(s->keys, VitrineTimelineKey, i);
    g_autofree char *text = sg_recipe_to_json(key->face->recipe, NULL, NULL);
    json_array_append_new(keys,
                          json_pack("{s:f, s:s, s:o}", "at", key->at, "ease",
                                    sg_ease_words[key->ease], "recipe", json_loads(text, 0, NULL)));
  }
  return json_pack("{s:s, s:s, s:b, s:f, s:o}", "hash", hash, "space", sg_space_words[s->space],
                   "loop", s->loop, "back", s->back, "keys", keys);
}

static gboolean
is_of(const json_t *entry, const char *hash)
{
  return g_strcmp0(json_string_value(json_object_get(entry, "hash")), hash) == 0;
}

void
vitrine_journeys_keep(const char *hash, const VitrineTimelineState *state)
{
  json_t *root = vitrine_store_load("journeys"), *kept = json_array(), *entry;
  gsize i;

  if (state->keys->len)
    json_array_append_new(kept, state_json(hash, state));
  json_array_foreach (json_object_get(root, "models"), i, entry)
    if (json_is_object(entry) && !is_of(entry, hash) &&
        json_array_size(kept) < VITRINE_JOURNEYS_MAX)
      json_array_append(kept, entry);
  json_object_set_new(root, "models", kept);
  vitrine_store_save("journeys", root);
  json_decref(root);
}

static SgEase
ease_of(const char *word)
{
  for (int i = 0; word && i < SG_EASE_COUNT; i++)
    if (g_str_equal(word, sg_ease_words[i]))
      return (SgEase)i;
  return SG_EASE_LINEAR;
}

/* FALSE: it fits nothing. */
static gboolean
read_key(json_t *entry, const SgModelInfo *info, VitrineTimelineState *s)
{
  char *text = json_dumps(json_object_get(entry, "recipe"),
                          JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
  g_autoptr(SgRecipe) r = text ? sg_recipe_from_json(text, -1, NULL, NULL, NULL) : NULL;
  double at = json_number_value(json_object_get(entry, "at"));
  guint n = s->keys->len;

  free(text);
  if (n && !(at > g_array_index(s->keys, VitrineTimelineKey, n - 1).at && at < 1e6))
    return FALSE;
  if (!r || !sg_recipe_check(r, info, NULL))
    return FALSE;
  const VitrineTimelineKey key = {vitrine_timeline_face_new(sg_recipe_face(r, 0)), n ? at : 0,
                                  ease_of(json_string_value(json_object_get(entry, "ease")))};
  g_array_append_val(s->keys, key);
  return TRUE;
}

VitrineTimelineState *
vitrine_journeys_find(const char *hash, const SgModelInfo *info)
{
  json_t *root = vitrine_store_load("journeys"), *entry, *found = NULL, *key;
  VitrineTimelineState *s = vitrine_timeline_state_new();
  gsize i;

  json_array_foreach (json_object_get(root, "models"), i, entry)
    if (!found && is_of(entry, hash))
      found = entry;
  json_array_foreach (json_object_get(found, "keys"), i, key)
    if (i >= VITRINE_TIMELINE_MAX || !read_key(key, info, s))
      break;
  if (found) {
    double back = json_number_value(json_object_get(found, "back"));
    s->loop = json_is_true(json_object_get(found, "loop"));
    s->space = g_strcmp0(json_string_value(json_object_get(found, "space")), "z") == 0 ? SG_SPACE_Z
                                                                                       : SG_SPACE_W;
    s->back = back >= VITRINE_TIMELINE_LEAST && back < 1e6 ? back : VITRINE_TIMELINE_STEP;
  }
  json_decref(root);
  return s;
}
