#include "app/cli/video-keys.h"
#include <math.h>
#include <string.h>

void
video_key_free(VideoKey *key)
{
  if (!key)
    return;
  g_free(key->name);
  sg_recipe_free(key->recipe);
  g_free(key);
}

/* Takes "@2.5" off the end of a key; NAN without one. */
static gboolean
split_second(char *text, double *at, GError **error)
{
  char *sign = strrchr(text, '@'), *end;

  *at = NAN;
  if (!sign || !sign[1])
    return TRUE;
  double v = g_ascii_strtod(sign + 1, &end);
  if (end == sign + 1 || *end) /* a file's own @ */
    return TRUE;
  if (!(v >= 0 && v <= 1e6)) {
    cli_set_usage_error(error, "--keys: expected a second from 0 to 1000000 after the @ of \"%s\"",
                        text);
    return FALSE;
  }
  *sign = '\0';
  *at = v;
  return TRUE;
}

static gboolean
is_seeds(const char *text)
{
  return *text && strspn(text, "0123456789-") == strlen(text);
}

static gboolean
append_seeds(GPtrArray *keys, const char *text, double at, CliRecipeOptions *o,
             const SgModel *model, GError **error)
{
  g_autoptr(GArray) seeds = cli_parse_numbers("keys", text, error);

  for (guint i = 0; seeds && i < seeds->len; i++) {
    SgRecipe *r = cli_recipe_new(o, "video", model, error);
    if (!r)
      return FALSE;
    r->seed = g_array_index(seeds, guint32, i);
    r->faces = 1;
    sg_recipe_drop_vectors(r);
    VideoKey *key = g_new0(VideoKey, 1);
    key->name = g_strdup_printf("%u", r->seed);
    key->recipe = r;
    key->at = i == 0 ? at : NAN;
    g_ptr_array_add(keys, key);
  }
  return seeds != NULL;
}

static gboolean
append_file(GPtrArray *keys, const char *text, double at, CliRecipeOptions *o, const SgModel *model,
            GError **error)
{
  char *base = o->recipe;

  o->recipe = (char *)text;
  SgRecipe *r = cli_recipe_new(o, "video", model, error);
  o->recipe = base;
  if (!r)
    return FALSE;
  VideoKey *key = g_new0(VideoKey, 1);
  key->name = g_strdup(text);
  key->recipe = r;
  key->at = at;
  g_ptr_array_add(keys, key);
  return TRUE;
}

static gboolean
append_part(GPtrArray *keys, char *part, CliRecipeOptions *o, const SgModel *model, GError **error)
{
  double at;

  if (!split_second(part, &at, error))
    return FALSE;
  if (is_seeds(part))
    return append_seeds(keys, part, at, o, model, error);
  return append_file(keys, part, at, o, model, error);
}

/* No seed's list ends in a comma and few files have one in their names: such a file can be given by
 * itself, as "./a,b.png" where a part of it is not there. */
GPtrArray *
video_keys_parse(const char *text, CliRecipeOptions *o, const SgModel *model, GError **error)
{
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)video_key_free);
  g_auto(GStrv) parts = g_strsplit(text, ",", -1);

  if (g_file_test(text, G_FILE_TEST_EXISTS))
    return append_file(keys, text, NAN, o, model, error) ? g_steal_pointer(&keys) : NULL;
  for (char **part = parts; *part; part++)
    if (!append_part(keys, g_strstrip(*part), o, model, error))
      return NULL;
  return g_steal_pointer(&keys);
}

char *
video_keys_first_file(const char *text)
{
  g_auto(GStrv) parts = g_strsplit(text, ",", -1);

  for (char **part = parts; *part; part++) {
    double at;
    g_autofree char *name = g_strdup(g_strstrip(*part));
    if (split_second(name, &at, NULL) && *name && !is_seeds(name))
      return g_steal_pointer(&name);
  }
  return NULL;
}
