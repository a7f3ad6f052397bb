/* VitrineSession's model: another one, or other weights of the same one. */
#include <math.h>
#include "app/session/vitrine-session-private.h"

static double *
unmeasured(int n)
{
  double *v = g_new(double, n);
  for (int i = 0; i < n; i++)
    v[i] = NAN;
  return v;
}

void
vitrine_session_adopt_model(VitrineSession *self, SgModel *model, SgRenderer *renderer,
                            SgRecipe *recipe)
{
  const SgModelInfo *info = &model->info;

  if (self->model)
    sg_model_unref(self->model);
  self->model = model;
  self->model_serial++;
  g_clear_pointer(&self->next_weights, sg_model_unref);
  g_clear_pointer(&self->original_of, sg_recipe_free);
  vitrine_session_set_favourites_key(self, model->hash, FALSE);
  vitrine_history_free(self->history);
  self->history = vitrine_history_new(recipe ? recipe : sg_recipe_new(info->z_dim, info->w_dim));
  self->full_seconds = 0;
  self->reduced_resolution = 0;
  g_clear_pointer(&self->z_base, g_free); /* of another length, perhaps */
  g_clear_pointer(&self->w_base, g_free);
  g_ptr_array_set_size(self->waiting_vectors, 0);
  for (int space = 0; space < 2; space++) {
    g_free(self->influence[space]);
    self->influence[space] = unmeasured(space == SG_SPACE_Z ? info->z_dim : info->w_dim);
  }
  vitrine_render_thread_set_renderer(self->render, renderer);
  vitrine_session_drop_original(self);
  vitrine_session_set_score_text(self, "");
  vitrine_session_notify(self, PROP_MODEL_PATH);
  vitrine_session_emit(self, SIGNAL_MODEL_CHANGED);
  vitrine_session_recipe_changed(self);
}

void
vitrine_session_adopt_renderer(VitrineSession *self, SgRenderer *renderer)
{
  self->full_seconds = 0; /* it may be faster */
  self->reduced_resolution = 0;
  vitrine_render_thread_set_weights(self->render, renderer);
  vitrine_session_queue_submit(self);
}

/* The picture that is shown stays until the first one of these weights is there. */
void
vitrine_session_adopt_weights(VitrineSession *self, SgModel *model, SgRenderer *renderer)
{
  g_autoptr(SgModel) old = self->model;

  self->model = model;
  vitrine_render_thread_set_weights(self->render, renderer);
  vitrine_session_queue_submit(self);
  if (g_strcmp0(old->path, model->path) != 0)
    vitrine_session_notify(self, PROP_MODEL_PATH);
  vitrine_session_weights_in_use(self);
  vitrine_session_emit(self, SIGNAL_WEIGHTS_CHANGED);
}

guint
vitrine_session_get_model_serial(VitrineSession *self)
{
  return self->model_serial;
}

SgModel *
vitrine_session_get_model(VitrineSession *self)
{
  return self->model;
}
