/* The rows of recipe-fields.h as data, with those of fields that are more than a number: what loops
 * over a recipe's fields. */
#pragma once

#include "engine/explore/recipe.h"
#include <jansson.h>

G_BEGIN_DECLS

typedef enum {
  SG_FIELD_INT,
  SG_FIELD_SEED,
  SG_FIELD_REAL,
  SG_FIELD_CHOICE,
  SG_FIELD_PART, /* by functions */
} SgFieldType;

/* What a field that is more than a number knows to do. */
typedef struct {
  gboolean (*is_set)(const SgRecipe *r); /* differs from what a new recipe has */
  json_t *(*write)(const SgRecipe *r);
  /* FALSE: it is out of range. What is wrong in it may be named in *bad. */
  gboolean (*read)(SgRecipe *r, json_t *value, const char **bad);
  void (*copy)(SgRecipe *to, const SgRecipe *from); /* `to` holds no value of its own yet */
  void (*clear)(SgRecipe *r);                       /* back to what a new recipe has */
  gboolean (*equal)(const SgRecipe *a, const SgRecipe *b);
} SgFieldPart;

typedef struct {
  const char *name; /* the JSON key */
  SgFieldType type;
  gsize at; /* offset in SgRecipe; PART: 0 */
  double min, max, fallback;
  int version; /* of the JSON that knows it */
  SgFieldRole role;
  const char *const *words; /* CHOICE */
  const char *option, *arg, *help;
  const char *strip; /* usual values as a parameter of a strip, or NULL */
  const char *undo;
  gboolean of_source; /* sources keep it */
  SgFieldPart part;
} SgRecipeField;

extern const SgRecipeField sg_recipe_fields[];
extern const guint sg_recipe_field_count;

/* A scalar's value as the nearest double; every value of INT, SEED and CHOICE is one. */
double sg_recipe_field_get(const SgRecipeField *f, const SgRecipe *r);
void sg_recipe_field_set(const SgRecipeField *f, SgRecipe *r, double value);
gboolean sg_recipe_field_is_set(const SgRecipeField *f, const SgRecipe *r);
gboolean sg_recipe_field_equal(const SgRecipeField *f, const SgRecipe *a, const SgRecipe *b);
void sg_recipe_field_clear(const SgRecipeField *f, SgRecipe *r);
/* Finds a field by its option's name; NULL: there is none. */
const SgRecipeField *sg_recipe_field_by_option(const char *option);
/* Finds a field by its JSON key. */
const SgRecipeField *sg_recipe_field_by_name(const char *name);

/* The parts: recipe-parts.c copies, clears and compares, recipe-json.c writes and reads. */
#define SG_RECIPE_PARTS(PART)                                                                      \
  PART(z_base, "z", 1, FACE, TRUE, N_("Load z"))                                                   \
  PART(w_base, "w", 1, FACE, TRUE, N_("Load w"))                                                   \
  PART(z_offset, "z_offset", 1, EDIT, TRUE, N_("Dimensions of z"))                                 \
  PART(w_offset, "w_offset", 1, EDIT, TRUE, N_("Dimensions of w"))                                 \
  PART(w_layer_offset, "w_layer_offset", 2, EDIT, TRUE, N_("w of a layer"))                        \
  PART(s_offset, "s_offset", 2, EDIT, FALSE, N_("Style"))                                          \
  PART(locks, "locks", 2, EDIT, TRUE, N_("Locked dimensions"))                                     \
  PART(directions, "directions", 2, EDIT, TRUE, N_("Direction"))                                   \
  PART(sources, "sources", 1, FACE, FALSE, N_("Sources"))                                          \
  PART(mix, "mix", 1, EDIT, FALSE, N_("Mixing"))                                                   \
  PART(noise_gain, "noise_gain", 1, EDIT, FALSE, N_("Strength of the noise"))                      \
  PART(noise_maps, "noise_maps", 2, EDIT, FALSE, N_("Noise map"))                                  \
  PART(tuning, "tuning", 3, FACE, FALSE, N_("Tuned weights"))                                      \
  PART(prune, "prune", 1, EDIT, FALSE, N_("Pruning"))

#define SG_DECLARE_PART(id, ...)                                                                   \
  gboolean sg_part_is_set_##id(const SgRecipe *r);                                                 \
  json_t *sg_part_write_##id(const SgRecipe *r);                                                   \
  gboolean sg_part_read_##id(SgRecipe *r, json_t *value, const char **bad);                        \
  void sg_part_copy_##id(SgRecipe *to, const SgRecipe *from);                                      \
  void sg_part_clear_##id(SgRecipe *r);                                                            \
  gboolean sg_part_equal_##id(const SgRecipe *a, const SgRecipe *b);
SG_RECIPE_PARTS(SG_DECLARE_PART)

G_END_DECLS
