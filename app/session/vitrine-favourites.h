/* VitrineFavourites: the names a person has given to dimensions, kept in the user's state directory
 * under the open model's hash (or, while a training is followed, its directory). */
#pragma once

#include <glib-object.h>
#include "engine/explore/recipe.h"

G_BEGIN_DECLS

#define VITRINE_TYPE_FAVOURITES (vitrine_favourites_get_type())
G_DECLARE_FINAL_TYPE(VitrineFavourites, vitrine_favourites, VITRINE, FAVOURITES, GObject)

/* Properties: "key" string, read-only: whose names they are; NULL: no model, no names.
 * Signals: "changed": a name has, or all of them. */

VitrineFavourites *vitrine_favourites_new(void);
/* The names are those of this model hash or run directory from now on; `bring`: the names of now
 * come along if there are none. */
void vitrine_favourites_set_key(VitrineFavourites *self, const char *key, gboolean bring);
const char *vitrine_favourites_get_key(VitrineFavourites *self); /* borrowed */

/* Borrowed; NULL: that dimension has none. */
const char *vitrine_favourites_get(VitrineFavourites *self, SgSpace space, int dim);
/* NULL takes the name away. */
void vitrine_favourites_set(VitrineFavourites *self, SgSpace space, int dim, const char *name);

G_END_DECLS
