/* Work that is given up between two layers leaves nothing wrong behind: what goes on from it has
 * the bits of what was never interrupted. Faces that are handed out one by one are those of the
 * whole picture. */
#include "engine/base/interrupt.h"
#include "engine/explore/weights/prune-score.h"
#include "tests/support/models.h"
#include <string.h>

static int asked, most; /* ends at the `most`th question */

static gboolean
ends(gpointer data)
{
  return ++asked > most;
}

static void
end_after(int questions)
{
  asked = 0;
  most = questions;
  sg_interrupt_set(ends, NULL);
}

/* Given up after each stage in turn, and then drawn. */
static void
test_picture(gconstpointer name)
{
  g_autoptr(SgModel) model = test_load_model(name);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  int ended = 0;

  recipe->faces = 2;
  for (int k = 0; k < 100; k++) {
    g_autoptr(SgRenderer) r = test_renderer_new(model, NULL, k % 2 ? G_MAXSIZE : 8 * 1024);
    g_autoptr(SgRenderer) fresh = test_renderer_new(model, NULL, 0);
    g_autoptr(GError) error = NULL;
    recipe->w_offset[1] = 0.1 * k;
    end_after(k);
    g_autoptr(SgPicture) given_up = sg_renderer_render(r, recipe, 0, &error);
    sg_interrupt_set(NULL, NULL);
    if (given_up)
      break;
    g_assert_true(sg_is_interrupt(error));
    ended++;
    g_autoptr(SgPicture) p = sg_renderer_render(r, recipe, 0, NULL);
    g_autoptr(SgPicture) whole = sg_renderer_render(fresh, recipe, 0, NULL);
    g_assert_cmpmem(p->rgb, (gsize)(p->faces * p->width * p->height * p->bytes), whole->rgb,
                    (gsize)(whole->faces * whole->width * whole->height * whole->bytes));
    g_assert_true(p->w[0] == whole->w[0]);
  }
  g_assert_cmpint(ended, >=, 5);
}

typedef struct {
  int first[8], n, at_once; /* groups as they came; how many are wanted */
  guint8 *rgb;
  gsize face;
} Came;

static gboolean
came_cb(const guint8 *rgb, int h, int w, int first, int n, gpointer data)
{
  Came *came = data;

  came->face = (gsize)h * (gsize)w * 3;
  if (!came->rgb)
    came->rgb = g_malloc0(8 * came->face);
  memcpy(came->rgb + (gsize)first * came->face, rgb, (gsize)n * came->face);
  came->first[came->n++] = first;
  return came->n < came->at_once;
}

static void
test_faces(void)
{
  g_autoptr(SgModel) model = test_load_model("sg2.safetensors");
  g_autoptr(SgRenderer) r = test_renderer_new(model, NULL, G_MAXSIZE);
  g_autoptr(SgRecipe) recipe = sg_recipe_new(model->info.z_dim, model->info.w_dim);
  g_autoptr(GError) error = NULL;
  Came came = {.at_once = 8};

  recipe->faces = 5;
  g_autoptr(SgPicture) p = sg_renderer_draw(r, recipe, 0, 3, came_cb, &came, &error);
  g_assert_no_error(error);
  g_assert_null(p->rgb);
  g_autoptr(SgPicture) whole = sg_renderer_render(r, recipe, 0, &error);
  g_assert_no_error(error);
  g_assert_cmpmem(came.rgb, 5 * came.face, whole->rgb, 5 * came.face);
  g_free(came.rgb);
  came = (Came){.at_once = 1}; /* that is enough */
  g_assert_null(sg_renderer_draw(r, recipe, 0, 0, came_cb, &came, &error));
  g_assert_true(sg_is_interrupt(error));
  g_assert_cmpint(came.n, ==, 1);
  g_free(came.rgb);
}

/* Every slice is given up once, and goes on. */
static void
test_scorer(void)
{
  g_autoptr(SgModel) model = test_load_model("sg2.safetensors");
  g_autoptr(GError) error = NULL;
  g_autoptr(SgPruneScorer) a = sg_prune_scorer_new(model, 3, 0, 1, &error);
  g_autoptr(SgPruneScorer) b = sg_prune_scorer_new(model, 3, 0, 1, &error);
  const SgPrune prune = {.threshold = 0.3};
  const SgPruneResult *whole = sg_prune_scorer_run(b, &prune, &error);
  int ended = 0;

  g_assert_no_error(error);
  sg_prune_scorer_begin(a, &prune);
  for (SgPruneStep step = SG_PRUNE_STEP_MORE; step != SG_PRUNE_STEP_DONE;) {
    end_after(2);
    step = sg_prune_scorer_step(a, &error);
    sg_interrupt_set(NULL, NULL);
    if (step != SG_PRUNE_STEP_ERROR)
      continue;
    g_assert_true(sg_is_interrupt(error));
    g_clear_error(&error);
    ended++;
    step = sg_prune_scorer_step(a, &error);
    g_assert_no_error(error);
  }
  g_assert_cmpint(ended, >=, 2);
  g_assert_cmpmem(sg_prune_scorer_result(a)->logits, 3 * sizeof(double), whole->logits,
                  3 * sizeof(double));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_data_func("/interrupt/sg2", "sg2.safetensors", test_picture);
  g_test_add_data_func("/interrupt/p3", "sg2_ada_p3.pkl", test_picture);
  g_test_add_func("/interrupt/faces", test_faces);
  g_test_add_func("/interrupt/scorer", test_scorer);
  return g_test_run();
}
