#include "app/session/vitrine-idle-work.h"
#include "engine/base/interrupt.h"
#include <glib/gi18n.h>
#include <math.h>
#include "engine/kernels/element.h"

/* How far a dimension moves when its influence is measured: two standard deviations of z. */
#define INFLUENCE_DELTA 2.0
#define INFLUENCE_BATCH 16
#define SLICE_SECONDS   0.025

struct _VitrineIdleWork {
  SgRenderer *renderer;
  const SgModelInfo *info;
  SgRecipe *shown;    /* of the newest picture; NULL before the first */
  SgRecipe *original; /* the unmodified recipe that original_texture shows */
  GdkTexture *original_texture;
  gboolean original_failed;

  const VitrineGrid *grid; /* of the newest settled picture, if that is whole; else NULL */
  int max_resolution;      /* of the newest settled picture */
  int scored;              /* faces of it that have a score */
  double logit_sum;
  gboolean score_done;

  SgRecipe *measured; /* the unmodified first face that `next_dim` counts for */
  int next_dim[2];    /* goes round */
  int unmeasured[2];  /* how many dimensions are still to be measured */
  int batch[2];
};

VitrineIdleWork *
vitrine_idle_work_new(SgRenderer *renderer)
{
  VitrineIdleWork *self = g_new0(VitrineIdleWork, 1);

  self->renderer = renderer;
  self->info = &sg_renderer_model(renderer)->info;
  self->batch[SG_SPACE_Z] = self->batch[SG_SPACE_W] = 1;
  self->score_done = TRUE;
  return self;
}

void
vitrine_idle_work_free(VitrineIdleWork *self)
{
  if (!self)
    return;
  sg_recipe_free(self->shown);
  sg_recipe_free(self->original);
  g_clear_object(&self->original_texture);
  sg_recipe_free(self->measured);
  g_free(self);
}

static void
measure_all(VitrineIdleWork *self)
{
  self->unmeasured[SG_SPACE_Z] = self->info->z_dim;
  self->unmeasured[SG_SPACE_W] = self->info->w_dim;
}

void
vitrine_idle_work_set_renderer(VitrineIdleWork *self, SgRenderer *renderer)
{
  self->renderer = renderer;
  self->info = &sg_renderer_model(renderer)->info;
  g_clear_pointer(&self->shown, sg_recipe_free);
  g_clear_pointer(&self->original, sg_recipe_free);
  g_clear_object(&self->original_texture);
  self->grid = NULL;
  self->score_done = TRUE;
  measure_all(self);
}

/* The face whose dimensions are measured: one, without edits, so that an edit does not start the
 * measurement over. */
static SgRecipe *
measured_face(const SgRecipe *recipe)
{
  SgRecipe *face = sg_recipe_unmodified(recipe);
  face->faces = 1;
  return face;
}

/* The texture to compare `shown` with, if it has been made already. */
static GdkTexture *
known_original(VitrineIdleWork *self)
{
  g_autoptr(SgRecipe) plain = sg_recipe_unmodified(self->shown);

  if (!self->original || !sg_recipe_equal(plain, self->original))
    return NULL;
  return self->original_texture;
}

/* Takes `recipe`, which is unmodified. */
static void
set_original(VitrineIdleWork *self, SgRecipe *recipe, GdkTexture *texture)
{
  sg_recipe_free(self->original);
  self->original = recipe;
  g_set_object(&self->original_texture, texture);
}

void
vitrine_idle_work_forget_picture(VitrineIdleWork *self)
{
  self->grid = NULL;
  self->score_done = TRUE;
  self->original_failed = TRUE; /* none is wanted until a picture has settled */
}

GdkTexture *
vitrine_idle_work_new_picture(VitrineIdleWork *self, const VitrineShownPicture *shown)
{
  gboolean is_original = shown->settled && !sg_recipe_is_modified(shown->recipe);
  g_autoptr(SgRecipe) face = measured_face(shown->recipe);

  g_clear_pointer(&self->shown, sg_recipe_free);
  self->shown = sg_recipe_copy(shown->recipe);
  self->original_failed = !shown->settled;
  self->max_resolution = shown->max_resolution;
  self->grid = shown->settled && shown->whole ? shown->grid : NULL;
  self->scored = 0;
  self->logit_sum = 0;
  self->score_done = !shown->settled;
  if (!self->measured || !sg_recipe_equal(self->measured, face)) {
    g_clear_pointer(&self->measured, sg_recipe_free);
    self->measured = g_steal_pointer(&face);
    self->next_dim[SG_SPACE_Z] = self->next_dim[SG_SPACE_W] = 0;
    measure_all(self);
  }
  if (is_original)
    set_original(self, sg_recipe_copy(shown->recipe), shown->texture);
  GdkTexture *original = known_original(self);
  return original ? g_object_ref(original) : NULL;
}

static gboolean
needs_original(VitrineIdleWork *self)
{
  return self->shown && !self->original_failed && !known_original(self);
}

static gboolean
needs_score(VitrineIdleWork *self, VitrineIdleWish wish)
{
  return wish.score && !self->score_done;
}

static gboolean
needs_influence(VitrineIdleWork *self, VitrineIdleWish wish)
{
  return wish.measure && self->measured && self->unmeasured[wish.space] > 0;
}

gboolean
vitrine_idle_work_pending(VitrineIdleWork *self, VitrineIdleWish wish)
{
  return needs_original(self) || needs_score(self, wish) || needs_influence(self, wish);
}

static void
render_original(VitrineIdleWork *self, VitrineReport *news)
{
  g_autoptr(SgRecipe) plain = sg_recipe_unmodified(self->shown);
  g_autoptr(GError) error = NULL;
  g_autoptr(SgPicture) picture =
      sg_renderer_render(self->renderer, plain, self->max_resolution, &error);

  if (sg_is_interrupt(error))
    return;
  if (!picture) {
    /* The edited picture could be made, so this is memory running out; there is nothing to compare
     * with until the next picture. */
    g_warning("No picture to compare with: %s", error->message);
    self->original_failed = TRUE;
    return;
  }
  news->original = vitrine_picture_texture(picture);
  set_original(self, g_steal_pointer(&plain), news->original);
}

static char *
score_text(VitrineIdleWork *self)
{
  int n = self->shown->faces;
  double logit = self->logit_sum / n;

  if (n == 1)
    return g_strdup_printf(_("Score %+.2f"), logit);
  return g_strdup_printf(_("Mean score %+.2f"), logit);
}

static gboolean
score_one(VitrineIdleWork *self, const guint8 *rgb, double *logit, GError **error)
{
  const SgModelInfo *info = self->info;
  g_autoptr(SgTensor) image =
      sg_image_from_rgb8(rgb, sg_info_width(info), sg_info_height(info), info->img_channels);

  return sg_renderer_score(self->renderer, image, self->info->c_dim ? &self->shown->label : NULL, 1,
                           logit, error);
}

/* Faces as large as the discriminator wants them, which the screen does not. */
typedef struct {
  VitrineIdleWork *self;
  double sum;
  int n; /* 0: none was drawn */
  gboolean good;
  GError **error;
} Judging;

static gboolean
judge_cb(const guint8 *rgb, int h, int w, int first, int n, gpointer data)
{
  Judging *j = data;
  gsize face = (gsize)h * (gsize)w * k_drawn_bytes((unsigned)j->self->info->img_channels);
  double logit = 0;

  j->good = TRUE;
  for (j->n = 0; j->n < n && j->good; j->n++) {
    j->good = score_one(j->self, rgb + (gsize)j->n * face, &logit, j->error);
    j->sum += logit;
  }
  return FALSE;
}

/* The next face or faces, to *logit and *n. */
static gboolean
score_next(VitrineIdleWork *self, double *logit, int *n, GError **error)
{
  *n = 1;
  if (self->grid)
    return score_one(self, vitrine_grid_face(self->grid, self->scored), logit, error);
  GError *drawing = NULL;
  Judging j = {.self = self, .error = error};
  sg_picture_free(
      sg_renderer_draw(self->renderer, self->shown, 0, self->scored, judge_cb, &j, &drawing));
  if (j.n > 0)
    g_clear_error(&drawing); /* one group was enough */
  else
    g_propagate_error(error, drawing);
  *logit = j.sum;
  *n = j.n;
  return j.n > 0 && j.good;
}

/* Faces one at a time: each is scored by itself, and a grid does not make a long slice. */
static void
score_face(VitrineIdleWork *self, VitrineReport *news)
{
  double logit = 0;
  int n;
  g_autoptr(GError) error = NULL;

  if (!self->info->has_d) {
    self->score_done = TRUE;
    news->score_text = g_strdup("");
    news->score = NAN;
    return;
  }
  if (!score_next(self, &logit, &n, &error)) {
    if (sg_is_interrupt(error))
      return;
    g_warning("No discriminator score: %s", error->message);
    self->score_done = TRUE;
    news->score_text = g_strdup("");
    news->score = NAN;
    return;
  }
  self->logit_sum += logit;
  self->scored += n;
  if (self->scored >= self->shown->faces) {
    news->score_text = score_text(self);
    news->score = self->logit_sum / self->shown->faces;
    self->score_done = TRUE;
  }
}

static void
measure_some(VitrineIdleWork *self, SgSpace space, VitrineReport *news)
{
  int all = space == SG_SPACE_Z ? self->info->z_dim : self->info->w_dim;
  int first = self->next_dim[space];
  int n = MIN(MIN(self->batch[space], all - first), self->unmeasured[space]);
  int dims[INFLUENCE_BATCH];
  double values[INFLUENCE_BATCH];
  g_autoptr(GError) error = NULL;
  gint64 start = g_get_monotonic_time();

  for (int i = 0; i < n; i++)
    dims[i] = first + i;
  if (!sg_renderer_influence(self->renderer, self->measured, space, INFLUENCE_DELTA, n, dims,
                             values, &error)) {
    if (sg_is_interrupt(error))
      return;
    g_warning("Influence not measured: %s", error->message);
    self->unmeasured[space] = 0;
    return;
  }
  double seconds = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
  self->batch[space] = (int)CLAMP(SLICE_SECONDS * n / MAX(seconds, 1e-6), 1, INFLUENCE_BATCH);
  self->next_dim[space] = (first + n) % all;
  self->unmeasured[space] -= n;
  news->influence = g_array_sized_new(FALSE, FALSE, sizeof(VitrineInfluence), (guint)n);
  for (int i = 0; i < n; i++) {
    VitrineInfluence one = {space, dims[i], values[i]};
    g_array_append_val(news->influence, one);
  }
}

void
vitrine_idle_work_step(VitrineIdleWork *self, VitrineIdleWish wish, VitrineReport *news)
{
  if (needs_original(self))
    render_original(self, news);
  else if (needs_score(self, wish))
    score_face(self, news);
  else if (needs_influence(self, wish))
    measure_some(self, wish.space, news);
}
