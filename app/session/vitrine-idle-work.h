/* VitrineIdleWork: what the render thread does when nobody waits for a picture. Lives on that
 * thread. */
#pragma once

#include "app/grid/vitrine-grid.h"
#include "app/session/vitrine-render-thread.h"

G_BEGIN_DECLS

typedef struct _VitrineIdleWork VitrineIdleWork;

/* Borrows `renderer`, which must outlive it. */
VitrineIdleWork *vitrine_idle_work_new(SgRenderer *renderer);
void vitrine_idle_work_free(VitrineIdleWork *self);
/* Other weights of the same model: everything is done anew, for the next picture. The influence
 * goes on with the dimension it has come to, so that all get their turn however often this
 * happens. */
void vitrine_idle_work_set_renderer(VitrineIdleWork *self, SgRenderer *renderer);

/* A picture that is on its way to the screen; all borrowed. */
typedef struct {
  const SgRecipe *recipe;  /* what it shows */
  const VitrineGrid *grid; /* its faces, until another picture is begun */
  GdkTexture *texture;
  int max_resolution; /* what it was asked for with */
  gboolean settled;   /* nothing better follows: it is scored, and the unmodified one is made */
  gboolean whole;     /* as large as the model draws */
} VitrineShownPicture;
/* Returns a new reference of the unmodified picture's texture (which may be `texture`), NULL if not
 * made yet. */
GdkTexture *vitrine_idle_work_new_picture(VitrineIdleWork *self, const VitrineShownPicture *shown);
/* Another picture is begun: what was to be done for the last one is not wanted any more. */
void vitrine_idle_work_forget_picture(VitrineIdleWork *self);

/* What is wanted beside the picture to compare with. */
typedef struct {
  gboolean score, measure;
  SgSpace space; /* that is measured */
} VitrineIdleWish;
/* Is there anything to do? */
gboolean vitrine_idle_work_pending(VitrineIdleWork *self, VitrineIdleWish wish);
/* Does one slice of it, some tens of milliseconds at most where the model allows, into `news`. */
void vitrine_idle_work_step(VitrineIdleWork *self, VitrineIdleWish wish, VitrineReport *news);

G_END_DECLS
