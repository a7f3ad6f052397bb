#include "engine/explore/recipe-table.h"
#include <string.h>

#define N_(text) (text) /* translated where it is shown */

const char *const sg_space_words[] = {"z", "w", NULL};
const char *const sg_towards_words[] = {"average", "cluster", NULL};
const char *const sg_noise_words[] = {"const", "random", "none", NULL};

#define AT(member) G_STRUCT_OFFSET(SgRecipe, member)
#define ROW_INT(id, lo, hi, d, v, r, o, a, h, s, u)                                                \
  {.name = #id,                                                                                    \
   .type = SG_FIELD_INT,                                                                           \
   .at = AT(id),                                                                                   \
   .min = lo,                                                                                      \
   .max = hi,                                                                                      \
   .fallback = d,                                                                                  \
   .version = v,                                                                                   \
   .role = SG_FIELD_##r,                                                                           \
   .option = o,                                                                                    \
   .arg = a,                                                                                       \
   .help = h,                                                                                      \
   .strip = s,                                                                                     \
   .undo = u,                                                                                      \
   .of_source = TRUE},
#define ROW_REAL(id, lo, hi, d, v, r, o, a, h, s, u)                                               \
  {.name = #id,                                                                                    \
   .type = SG_FIELD_REAL,                                                                          \
   .at = AT(id),                                                                                   \
   .min = lo,                                                                                      \
   .max = hi,                                                                                      \
   .fallback = d,                                                                                  \
   .version = v,                                                                                   \
   .role = SG_FIELD_##r,                                                                           \
   .option = o,                                                                                    \
   .arg = a,                                                                                       \
   .help = h,                                                                                      \
   .strip = s,                                                                                     \
   .undo = u,                                                                                      \
   .of_source = TRUE},
#define ROW_SEED(id, d, v, r, o, a, h, s, u)                                                       \
  {.name = #id,                                                                                    \
   .type = SG_FIELD_SEED,                                                                          \
   .at = AT(id),                                                                                   \
   .max = G_MAXUINT32,                                                                             \
   .fallback = d,                                                                                  \
   .version = v,                                                                                   \
   .role = SG_FIELD_##r,                                                                           \
   .option = o,                                                                                    \
   .arg = a,                                                                                       \
   .help = h,                                                                                      \
   .strip = s,                                                                                     \
   .undo = u,                                                                                      \
   .of_source = TRUE},
#define ROW_CHOICE(t, id, w, d, v, r, o, a, h, u)                                                  \
  {.name = #id,                                                                                    \
   .type = SG_FIELD_CHOICE,                                                                        \
   .at = AT(id),                                                                                   \
   .fallback = d,                                                                                  \
   .version = v,                                                                                   \
   .role = SG_FIELD_##r,                                                                           \
   .words = w,                                                                                     \
   .option = o,                                                                                    \
   .arg = a,                                                                                       \
   .help = h,                                                                                      \
   .undo = u,                                                                                      \
   .of_source = TRUE},
#define ROW_PART(id, key, v, r, source, u)                                                         \
  {.name = key,                                                                                    \
   .type = SG_FIELD_PART,                                                                          \
   .version = v,                                                                                   \
   .role = SG_FIELD_##r,                                                                           \
   .undo = u,                                                                                      \
   .of_source = source,                                                                            \
   .part = {sg_part_is_set_##id, sg_part_write_##id, sg_part_read_##id, sg_part_copy_##id,         \
            sg_part_clear_##id, sg_part_equal_##id}},

const SgRecipeField sg_recipe_fields[] = {SG_RECIPE_SCALARS(ROW_INT, ROW_SEED, ROW_REAL, ROW_CHOICE)
                                              SG_RECIPE_PARTS(ROW_PART)};
const guint sg_recipe_field_count = G_N_ELEMENTS(sg_recipe_fields);

/* Enums are ints of one sign or the other, with small values: memcpy reads either. */
double
sg_recipe_field_get(const SgRecipeField *f, const SgRecipe *r)
{
  const char *at = (const char *)r + f->at;
  int i = 0;

  if (f->type == SG_FIELD_REAL)
    return *(const double *)at;
  if (f->type == SG_FIELD_SEED)
    return *(const guint32 *)at;
  memcpy(&i, at, sizeof i);
  return i;
}

void
sg_recipe_field_set(const SgRecipeField *f, SgRecipe *r, double value)
{
  char *at = (char *)r + f->at;
  int i;

  if (f->type == SG_FIELD_REAL) {
    *(double *)at = value;
  } else if (f->type == SG_FIELD_SEED) {
    *(guint32 *)at = (guint32)value;
  } else {
    i = (int)value;
    memcpy(at, &i, sizeof i);
  }
}

gboolean
sg_recipe_field_is_set(const SgRecipeField *f, const SgRecipe *r)
{
  return f->type == SG_FIELD_PART ? f->part.is_set(r) : sg_recipe_field_get(f, r) != f->fallback;
}

gboolean
sg_recipe_field_equal(const SgRecipeField *f, const SgRecipe *a, const SgRecipe *b)
{
  if (f->type == SG_FIELD_PART)
    return f->part.equal(a, b);
  return sg_recipe_field_get(f, a) == sg_recipe_field_get(f, b);
}

void
sg_recipe_field_clear(const SgRecipeField *f, SgRecipe *r)
{
  if (f->type == SG_FIELD_PART)
    f->part.clear(r);
  else
    sg_recipe_field_set(f, r, f->fallback);
}

const SgRecipeField *
sg_recipe_field_by_option(const char *option)
{
  for (guint i = 0; i < sg_recipe_field_count; i++)
    if (g_strcmp0(sg_recipe_fields[i].option, option) == 0)
      return &sg_recipe_fields[i];
  return NULL;
}

const SgRecipeField *
sg_recipe_field_by_name(const char *name)
{
  for (guint i = 0; i < sg_recipe_field_count; i++)
    if (g_str_equal(sg_recipe_fields[i].name, name))
      return &sg_recipe_fields[i];
  return NULL;
}
