/* VitrineRecipeValue: one number of the recipe that is no property of the editor because there are
 * many of its kind (a layer's noise, a row of the mixing), or because the recipe holds it only
 * indirectly (all of a group are on). Widgets bind to it in both directions: a binding does not
 * send back what it brought, so that nobody has to remember who moved first. */
#pragma once

#include "app/session/vitrine-editor.h"

G_BEGIN_DECLS

/* What one kind of number is; constant. `data` is what vitrine_recipe_value_new() was given. */
typedef struct {
  double (*get)(const SgRecipe *recipe, guint index, gpointer data);
  /* Changes `recipe`, a copy; one that stays as it was is no edit. */
  void (*set)(SgRecipe *recipe, guint index, double value, gpointer data);
  const char *label; /* what undo calls an edit, untranslated */
  const char *merge; /* edits of one number in a row are one step of the history; with the index it
                        is their key. NULL: each is a step of its own */
} VitrineRecipeKind;

#define VITRINE_TYPE_RECIPE_VALUE (vitrine_recipe_value_get_type())
G_DECLARE_FINAL_TYPE(VitrineRecipeValue, vitrine_recipe_value, VITRINE, RECIPE_VALUE, GObject)

/* Properties: "value" double, read-write, notifies when the recipe has another one; to set it is an
 * edit, to set it to what it is is nothing. Without a recipe it is 0 and stays so. */

/* `kind` is static, `data` is there as long as the object. */
VitrineRecipeValue *vitrine_recipe_value_new(VitrineEditor *editor, const VitrineRecipeKind *kind,
                                             guint index, gpointer data);

G_END_DECLS
