/* --recipe of every command that draws. */
#include "app/cli/cli.h"
#include "app/config.h"
#include <stdio.h>
#include <string.h>
#include "engine/explore/picture-model.h"
#include "engine/formats/read-file.h"
#include "engine/pictures/picture.h"

/* As long as a picture may hold one. */
#define MAX_RECIPE ((gsize)16 << 20)

/* JSON text of a picture or of a .json file; `length` in bytes. */
static char *
read_json(const char *path, gsize *length, GError **error)
{
  char *json;
  GError *inner = NULL;

  if (g_str_has_suffix(path, ".json"))
    return sg_read_file(path, MAX_RECIPE, length, error);
  json = sg_png_read_recipe(path, &inner);
  if (json)
    *length = strlen(json);
  else if (inner)
    g_propagate_error(error, inner);
  else
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "%s: this picture has no recipe inside", path);
  return json;
}

SgModel *
cli_load_model_of(const char *path, const char *recipe, GError **error)
{
  static const char *const places[] = {VITRINE_PKGDATADIR "/models/lorelei64.safetensors", NULL};
  g_autofree char *json = NULL, *hash = NULL, *name = NULL;
  gsize length;

  if (path)
    return cli_load_model(path, error);
  if (!(json = read_json(recipe, &length, error)))
    return NULL;
  g_autoptr(SgRecipe) r = sg_recipe_from_json(json, (gssize)length, &hash, &name, error);
  if (!r) {
    g_prefix_error(error, "%s: ", recipe);
    return NULL;
  }
  SgModel *m = hash ? sg_find_model(hash, name, recipe, places) : NULL;
  if (!m) {
    g_autofree char *base = g_path_get_basename(name ? name : "of an unknown name");
    g_set_error(error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
                "%s was made with the model %s (weights %.12s…), which is not beside it; name the "
                "model with --network=FILE",
                recipe, base, hash ? hash : "unknown");
  }
  return m;
}

SgRecipe *
cli_read_recipe(const char *command, const char *path, const SgModel *model, GError **error)
{
  gsize length;
  g_autofree char *json = read_json(path, &length, error), *hash = NULL;

  if (!json)
    return NULL;
  g_autoptr(SgRecipe) r = sg_recipe_from_json(json, (gssize)length, &hash, NULL, error);
  if (!r) {
    g_prefix_error(error, "%s: ", path);
    return NULL;
  }
  if (r->z_dim != model->info.z_dim || r->w_dim != model->info.w_dim) {
    g_set_error(
        error, SG_FORMAT_ERROR, SG_FORMAT_ERROR_UNSUPPORTED,
        "%s: the recipe is for a model with z [%d] and w [%d], this one has z [%d] and w [%d]",
        path, r->z_dim, r->w_dim, model->info.z_dim, model->info.w_dim);
    return NULL;
  }
  if (hash && model->hash && !g_str_equal(hash, model->hash))
    fprintf(stderr, "vitrine %s: %s was made with other weights than this model has\n", command,
            path);
  if (r->cutoff > model->info.num_ws)
    r->cutoff = model->info.num_ws;
  return g_steal_pointer(&r);
}
