/* Directions that a command line names: FILE[#NAME][=STRENGTH][:LAYERS]. */
#include "app/cli/cli.h"
#include "engine/base/visible.h"
#include <math.h>
#include <string.h>

typedef struct {
  char *path, *name; /* name NULL: none was given */
  double strength;
  char *layers; /* "0-3,7", or NULL */
} Named;

static void
named_clear(Named *n)
{
  g_free(n->path);
  g_free(n->name);
  g_free(n->layers);
}

static gboolean
is_number(const char *text, double *value)
{
  char *end;

  *value = g_ascii_strtod(text, &end);
  return end != text && !*end;
}

static gboolean
is_layers(const char *text)
{
  return g_ascii_isdigit(*text) && strspn(text, "0123456789-,") == strlen(text);
}

/* Takes ":0-3" off the end. A number alone is layers only behind a strength. */
static void
split_layers(char *text, gboolean behind_strength, Named *n)
{
  char *colon = strrchr(text, ':');
  double ignored;

  if (!colon || !is_layers(colon + 1) || (!behind_strength && is_number(colon + 1, &ignored)))
    return;
  n->layers = g_strdup(colon + 1);
  *colon = '\0';
}

/* Takes "=2" or ":2" off the end. */
static gboolean
split_strength(char *text, Named *n)
{
  for (const char *mark = "=:"; *mark; mark++) {
    char *at = strrchr(text, *mark);
    if (at && is_number(at + 1, &n->strength)) {
      *at = '\0';
      return TRUE;
    }
  }
  n->strength = 1;
  return FALSE;
}

static gboolean
is_there(const char *path)
{
  return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* A file whose name holds these marks is meant as a whole. */
static void
parse(const char *text, Named *n)
{
  g_autofree char *rest = g_strdup(text);

  *n = (Named){.strength = 1};
  if (!is_there(rest)) {
    g_autofree char *without = g_strdup(rest);
    Named trial = {0};
    split_layers(without, TRUE, &trial);
    if (trial.layers && split_strength(without, &trial)) { /* FILE=2:0-3 */
      *n = trial;
      g_strlcpy(rest, without, strlen(rest) + 1);
    } else {
      g_free(trial.layers);
      split_layers(rest, FALSE, n); /* FILE:0-3 */
      split_strength(rest, n);      /* FILE=2 */
    }
  }
  char *hash = strrchr(rest, '#');
  if (hash && !is_there(rest)) {
    n->name = g_strdup(hash + 1);
    *hash = '\0';
  }
  n->path = g_steal_pointer(&rest);
}

/* ---- whether it belongs to this model -------------------------------------------------------- */

static const char *
model_of(const SgDirectionSet *set, const SgNamedDirection *d)
{
  return d->model ? d->model : set->model;
}

/* A direction of another model moves anything: that is not done without a word. */
static void
warn_if_foreign(const char *command, const char *path, const SgDirectionSet *set,
                const SgNamedDirection *only, const SgModel *model)
{
  gboolean foreign = FALSE;
  g_autofree char *shown = sg_visible(path);

  for (guint i = 0; i < set->list->len; i++) {
    const SgNamedDirection *d = only ? only : set->list->pdata[i];
    const char *found = model_of(set, d);
    foreign |= *found && model->hash && !g_str_equal(found, model->hash);
  }
  if (foreign)
    g_printerr("vitrine %s: %s was found in another model: what it moves in this one is anybody's "
               "guess\n",
               command, shown);
}

static gboolean
check_length(const SgDirectionSet *set, const char *path, const SgModel *model, GError **error)
{
  if (set->w_dim == model->info.w_dim)
    return TRUE;
  cli_set_usage_error(error, "%s: the directions have %d numbers, this model's w has %d",
                      cli_name(path), set->w_dim, model->info.w_dim);
  return FALSE;
}

SgDirectionSet *
cli_load_directions(const char *command, const char *path, const SgModel *model, GError **error)
{
  g_autoptr(SgDirectionSet) set = sg_direction_set_load(path, error);

  if (!set || !check_length(set, path, model, error))
    return NULL;
  warn_if_foreign(command, path, set, NULL, model);
  return g_steal_pointer(&set);
}

static const SgNamedDirection *
choose(const SgDirectionSet *set, const Named *n, GError **error)
{
  const SgNamedDirection *d = n->name          ? sg_direction_set_find(set, n->name)
                              : set->list->len ? set->list->pdata[0]
                                               : NULL;

  if (!d)
    cli_set_usage_error(error, "--direction: there is no \"%s\" in this file of %u directions",
                        n->name ? n->name : "", set->list->len);
  return d;
}

SgNamedDirection *
cli_load_direction(const char *command, const char *text, const SgModel *model, GError **error)
{
  SgNamedDirection *copy = NULL;
  Named n;

  parse(text, &n);
  if (n.layers || n.strength != 1)
    cli_set_usage_error(error, "--direction: expected FILE[#NAME], found \"%s\"", text);
  else {
    g_autoptr(SgDirectionSet) set = sg_direction_set_load(n.path, error);
    const SgNamedDirection *d =
        set && check_length(set, n.path, model, error) ? choose(set, &n, error) : NULL;
    if (d) {
      warn_if_foreign(command, n.path, set, d, model);
      copy = sg_named_direction_copy(d, set->w_dim);
    }
  }
  named_clear(&n);
  return copy;
}

/* ---- using it -------------------------------------------------------------------------------- */

static guint64
layer_mask(int first, int last)
{
  guint64 layers = 0;

  if (last < 0)
    return SG_ALL_LAYERS;
  for (int k = MAX(first, 0); k <= MIN(last, SG_RECIPE_MAX_LAYERS - 1); k++)
    layers |= (guint64)1 << k;
  return layers;
}

/* "0-3,7" of a model with so many layers. */
static gboolean
parse_layers(const char *text, int num_ws, guint64 *layers, GError **error)
{
  g_autoptr(GArray) list = cli_parse_numbers("direction", text, error);

  *layers = 0;
  for (guint i = 0; list && i < list->len; i++) {
    guint32 k = g_array_index(list, guint32, i);
    if (k >= (guint32)MIN(num_ws, SG_RECIPE_MAX_LAYERS)) {
      cli_set_usage_error(error, "--direction: this model has layers 0 to %d, found \"%s\"",
                          num_ws - 1, text);
      return FALSE;
    }
    *layers |= (guint64)1 << k;
  }
  return list != NULL;
}

/* A direction of W+ moves each layer by a vector of its own. */
static gboolean
add_layered(const SgDirectionSet *set, double strength, guint64 layers, int num_ws, SgRecipe *r,
            GError **error)
{
  if (set->layers != num_ws) {
    cli_set_usage_error(error,
                        "--direction: these are %d layers of one direction, this model has %d",
                        set->layers, num_ws);
    return FALSE;
  }
  for (guint i = 0; i < set->list->len; i++) {
    const SgNamedDirection *d = set->list->pdata[i];
    int k = d->first;
    for (int j = 0; j < set->w_dim && layers >> k & 1; j++) {
      double was = r->w_layer_offset ? sg_layer_offset_get(r->w_layer_offset, k, j) : 0;
      if (!sg_recipe_set_w_layer_offset(r, k, j, was + strength * d->sigma * d->vector[j])) {
        cli_set_usage_error(error, "--direction: too many offsets at once");
        return FALSE;
      }
    }
  }
  return TRUE;
}

static gboolean
add_direction(const SgDirectionSet *set, const Named *n, const SgModel *model, SgRecipe *r,
              GError **error)
{
  int num_ws = model->info.num_ws;
  guint64 layers = SG_ALL_LAYERS;
  const SgNamedDirection *d = choose(set, n, error);

  if (!d || (n->layers && !parse_layers(n->layers, num_ws, &layers, error)))
    return FALSE;
  if (!(fabs(n->strength) <= SG_RECIPE_FACTOR_MAX)) {
    cli_set_usage_error(error, "--direction: expected a strength from %g to %g",
                        -SG_RECIPE_FACTOR_MAX, SG_RECIPE_FACTOR_MAX);
    return FALSE;
  }
  if (set->layers > 0 && !n->name)
    return add_layered(set, n->strength, layers, num_ws, r, error);
  if (!n->layers)
    layers = layer_mask(d->first, d->last);
  if (sg_recipe_add_direction(r, d->name, d->vector, d->sigma, n->strength, layers))
    return TRUE;
  cli_set_usage_error(error, "--direction: a face has at most %d", SG_RECIPE_MAX_DIRECTIONS);
  return FALSE;
}

gboolean
cli_apply_direction(const char *command, const char *text, const SgModel *model, SgRecipe *r,
                    GError **error)
{
  gboolean ok = FALSE;
  Named n;

  parse(text, &n);
  g_autoptr(SgDirectionSet) set = sg_direction_set_load(n.path, error);
  if (set && check_length(set, n.path, model, error)) {
    const SgNamedDirection *only = n.name ? sg_direction_set_find(set, n.name) : NULL;
    if (!n.name)
      sg_direction_set_fit(set, model->info.num_ws);
    if (!only && !set->layers && set->list->len)
      only = set->list->pdata[0];
    warn_if_foreign(command, n.path, set, only, model);
    ok = add_direction(set, &n, model, r, error);
  }
  named_clear(&n);
  return ok;
}
