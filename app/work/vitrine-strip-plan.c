#include "app/work/vitrine-strip-plan.h"
#include <string.h>

gsize
vitrine_strip_plan_total(const VitrineStripPlan *plan)
{
  return (gsize)plan->n * (gsize)plan->base->faces;
}

void
vitrine_strip_plan_unref(gpointer data)
{
  VitrineStripPlan *plan = data;

  if (!plan || !g_atomic_ref_count_dec(&plan->ref))
    return;
  for (gsize i = 0; i < vitrine_strip_plan_total(plan); i++)
    sg_strip_tile_free(plan->tiles[i]);
  g_free(plan->tiles);
  g_free(plan->values);
  sg_recipe_free(plan->base);
  sg_model_unref(plan->model);
  g_free(plan);
}

VitrineStripPlan *
vitrine_strip_plan_ref(VitrineStripPlan *plan)
{
  g_atomic_ref_count_inc(&plan->ref);
  return plan;
}

gboolean
vitrine_strip_plan_complete(const VitrineStripPlan *plan)
{
  return plan && (gsize)plan->done == vitrine_strip_plan_total(plan);
}

/* With the minus that people copy from texts: "−10:10:2.5". */
static GArray *
read_values(const char *typed, GError **error)
{
  g_auto(GStrv) parts = g_strsplit(typed, "−", -1);
  g_autofree char *text = g_strjoinv("-", parts);

  return sg_strip_parse_values(text, error);
}

VitrineStripPlan *
vitrine_strip_plan_new(SgModel *model, const SgRecipe *recipe, const SgStripParameter *parameter,
                       const char *text, gboolean all_faces, GError **error)
{
  g_autoptr(GArray) values = read_values(text, error);
  g_autoptr(SgRecipe) base = recipe ? sg_recipe_copy(recipe) : NULL;

  if (!values || !base)
    return NULL;
  if (!all_faces)
    base->faces = 1;
  if (!sg_strip_check(parameter, base, (int)values->len, (const double *)values->data, error))
    return NULL;
  VitrineStripPlan *plan = g_new0(VitrineStripPlan, 1);
  g_atomic_ref_count_init(&plan->ref);
  plan->model = sg_model_ref(model);
  plan->base = g_steal_pointer(&base);
  plan->parameter = *parameter;
  plan->n = (int)values->len;
  plan->values = g_memdup2(values->data, sizeof(double) * values->len);
  plan->tiles = g_new0(SgStripTile *, vitrine_strip_plan_total(plan));
  return plan;
}

/* ---- drawing it ------------------------------------------------------------------------------ */

static void
news_free(gpointer data)
{
  VitrineStripNews *news = data;

  sg_strip_tile_free(news->tile);
  g_clear_error(&news->error);
  g_free(news);
}

/* Render thread. */
static gboolean
step(gpointer data, SgRenderer *renderer, gpointer *out)
{
  GError *error = NULL;
  SgStripTile *tile;
  gboolean more = sg_strip_step(data, &tile, &error);

  if (tile || error) {
    VitrineStripNews *news = g_new0(VitrineStripNews, 1);
    news->tile = tile;
    news->error = error;
    *out = news;
  }
  return more;
}

static void
free_strip(gpointer data)
{
  sg_strip_free(data);
}

guint
vitrine_strip_plan_start(const VitrineStripPlan *plan, VitrineView *view, VitrineStripFunc news,
                         gpointer user_data)
{
  const VitrineTaskClass class = {FALSE, step, news, news_free, free_strip, TRUE};
  SgStrip *strip = sg_strip_new(plan->model, plan->base, &plan->parameter, plan->n, plan->values);

  return vitrine_view_start_task(view, &class, strip, user_data);
}
