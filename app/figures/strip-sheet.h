/* A finished strip as a report has it: one labelled PNG, and its numbers as CSV. */
#pragma once

#include "engine/explore/strip.h"

G_BEGIN_DECLS

/* "×0.5" for a factor, "−2.5" for anything else: a number with a real minus; to be freed. */
char *vitrine_strip_value_text(const SgStripParameter *p, double value);
/* "Scale of w", "Pruning threshold", "Dimension 3 of z"; to be freed. Not translated: files are
 * read elsewhere. */
char *vitrine_strip_title(const SgStripParameter *p, const SgRecipe *base);
/* A tile for every value, a row for every face; a single row that is long continues below. Tiles
 * [base->faces * n], face after face, none of them NULL. The model is named in the title; the base
 * goes into a PNG as its recipe. Errors: G_FILE_ERROR. */
gboolean vitrine_strip_write_png(const char *path, const SgModel *model, const SgRecipe *base,
                                 const SgStripParameter *p, int n, SgStripTile *const *tiles,
                                 GError **error);
/* sg_strip_csv() by rename. */
gboolean vitrine_strip_write_csv(const char *path, const SgRecipe *base, int n,
                                 SgStripTile *const *tiles, GError **error);

G_END_DECLS
