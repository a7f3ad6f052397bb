/* How far out faces lie that "vitrine generate" draws, and the nearest that a z gives. */
#pragma once

#include "app/cli/cli.h"
#include "engine/explore/renderer.h"

G_BEGIN_DECLS

typedef struct _GenerateGauge GenerateGauge;

/* For faces of class `label` (-1: none). */
GenerateGauge *generate_gauge_new(SgRenderer *r, int label, gboolean nearest, GError **error);
void generate_gauge_free(GenerateGauge *g);
/* Face 0 of the recipe, which is called `stem` in `outdir`: says how far out it lies, in `entry`
 * too, and on standard output unless `silent`; with `nearest` writes STEM-nearest-z.npy and
 * STEM-nearest.png. */
gboolean generate_gauge_face(GenerateGauge *g, const SgRecipe *recipe, const char *outdir,
                             const char *stem, gboolean silent, struct json_t *entry,
                             GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GenerateGauge, generate_gauge_free)

G_END_DECLS
