/* Edits that actions make, and the favourites. */
#include "app/session/vitrine-session-private.h"
#include "app/session/vitrine-store.h"
#include <string.h>

static SgRecipe *
copy_current(VitrineSession *self)
{
  const SgRecipe *recipe = vitrine_session_get_recipe(self);
  return recipe ? sg_recipe_copy(recipe) : NULL;
}

void
vitrine_session_set_seed(VitrineSession *self, guint32 seed)
{
  SgRecipe *recipe = copy_current(self);

  if (!recipe)
    return;
  recipe->seed = seed;
  sg_recipe_drop_vectors(recipe);
  g_autofree char *label = g_strdup_printf("Seed %u", seed);
  vitrine_session_apply(self, recipe, label, NULL);
}

void
vitrine_session_set_faces(VitrineSession *self, int faces)
{
  SgRecipe *recipe = copy_current(self);

  if (!recipe)
    return;
  recipe->faces = CLAMP(faces, 1, SG_RECIPE_MAX_FACES);
  g_autofree char *label =
      recipe->faces == 1 ? g_strdup("One face") : g_strdup_printf("%d faces", recipe->faces);
  vitrine_session_apply(self, recipe, label, NULL);
}

void
vitrine_session_reset(VitrineSession *self)
{
  const SgRecipe *current = vitrine_session_get_recipe(self);

  if (!current)
    return;
  SgRecipe *recipe = sg_recipe_unmodified(current);
  sg_recipe_drop_vectors(recipe);
  vitrine_session_apply(self, recipe, "Reset all", NULL);
}

/* The vector is a saved result: edits of its space are in it already. A loaded z must also not be
 * hidden behind a loaded w. */
void
vitrine_session_adopt_vector(VitrineSession *self, SgSpace space, const double *v)
{
  SgRecipe *recipe = copy_current(self);

  if (space == SG_SPACE_Z) {
    sg_recipe_drop_vectors(recipe);
    recipe->z_base = g_memdup2(v, sizeof(double) * (gsize)recipe->z_dim);
    memset(recipe->z_offset, 0, sizeof(double) * (gsize)recipe->z_dim);
  } else {
    sg_recipe_set_w(recipe, 1, v);
    memset(recipe->w_offset, 0, sizeof(double) * (gsize)recipe->w_dim);
  }
  if (recipe->scale_space == space)
    recipe->scale = 1;
  vitrine_session_apply(self, recipe, space == SG_SPACE_Z ? "Load z" : "Load w", NULL);
}

/* ---- favourites: {"<model hash>": {"z": {"3": "hair"}, "w": {}}} ------------------------- */

static const char *const space_keys[] = {"z", "w"};

static json_t *
member_object(json_t *parent, const char *key)
{
  json_t *child = json_object_get(parent, key);

  if (!json_is_object(child)) {
    child = json_object();
    json_object_set_new(parent, key, child);
  }
  return child;
}

void
vitrine_session_set_favourites_key(VitrineSession *self, const char *key, gboolean bring)
{
  json_t *names = bring ? json_object_get(self->favourites, self->favourites_key) : NULL;

  if (names && !json_object_get(self->favourites, key))
    json_object_set_new(self->favourites, key, json_deep_copy(names));
  g_free(self->favourites_key);
  self->favourites_key = g_strdup(key);
}

const char *
vitrine_session_get_favourite(VitrineSession *self, SgSpace space, int dim)
{
  char key[16];

  if (!self->model)
    return NULL;
  g_snprintf(key, sizeof key, "%d", dim);
  json_t *model = json_object_get(self->favourites, self->favourites_key);
  return json_string_value(json_object_get(json_object_get(model, space_keys[space]), key));
}

void
vitrine_session_set_favourite(VitrineSession *self, SgSpace space, int dim, const char *name)
{
  char key[16];

  if (!self->model)
    return;
  g_snprintf(key, sizeof key, "%d", dim);
  json_t *names =
      member_object(member_object(self->favourites, self->favourites_key), space_keys[space]);
  if (name)
    json_object_set_new(names, key, json_string(name));
  else
    json_object_del(names, key);
  vitrine_store_save("favourites", self->favourites);
}
