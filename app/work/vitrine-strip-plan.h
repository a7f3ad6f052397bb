/* VitrineStripPlan: what a strip draws, and what of it there is. Shared by the dialog that draws
 * and the worker that writes; the dialog stops changing it before it is written. */
#pragma once

#include "app/figures/strip-sheet.h"
#include "app/session/vitrine-view.h"
#include "engine/explore/recipe.h"

G_BEGIN_DECLS

typedef struct {
  gatomicrefcount ref;
  SgModel *model;
  SgRecipe *base;
  SgStripParameter parameter;
  int n, done;
  double *values;      /* [n] */
  SgStripTile **tiles; /* [base->faces * n], NULL until drawn */
} VitrineStripPlan;

/* A strip of the faces of `recipe`, or of its first one. `values` as a person types them:
 * "−10:10:2.5". NULL without a recipe (no error), or with an error when the values make no
 * sense. */
VitrineStripPlan *vitrine_strip_plan_new(SgModel *model, const SgRecipe *recipe,
                                         const SgStripParameter *parameter, const char *values,
                                         gboolean all_faces, GError **error);
VitrineStripPlan *vitrine_strip_plan_ref(VitrineStripPlan *plan);
/* A GDestroyNotify; takes NULL. */
void vitrine_strip_plan_unref(gpointer plan);
gsize vitrine_strip_plan_total(const VitrineStripPlan *plan);
/* Every picture is there; FALSE of NULL. */
gboolean vitrine_strip_plan_complete(const VitrineStripPlan *plan);

typedef struct {
  SgStripTile *tile; /* may be taken (set NULL); or */
  GError *error;
} VitrineStripNews;
/* Called on the main thread with a VitrineStripNews for each picture, and once with NULL. */
typedef void (*VitrineStripFunc)(gpointer news, gboolean finished, gpointer user_data);
/* Draws the plan as a task of the view's, with a renderer of its own: the stages of the picture
 * that is shown stay. Returns the task's id. */
guint vitrine_strip_plan_start(const VitrineStripPlan *plan, VitrineView *view,
                               VitrineStripFunc news, gpointer user_data);

G_END_DECLS
