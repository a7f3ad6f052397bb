/* VitrinePruningPane's score: what the discriminator says of the weights at the dial and of the
 * unpruned ones. */
#include <glib/gi18n.h>
#include <math.h>
#include "ui/pruning/vitrine-pruning-pane-private.h"

gboolean
vitrine_pruning_pane_has_discriminator(VitrinePruningPane *self)
{
  g_return_val_if_fail(VITRINE_IS_PRUNING_PANE(self), FALSE);
  SgModel *model = vitrine_session_get_model(self->session);
  return model && model->info.has_d;
}

static void
set_spread(GtkLabel *label, double mean, double std)
{
  g_autofree char *text = !isfinite(mean)    ? g_strdup(_("not finite"))
                          : fabs(mean) < 1e5 ? g_strdup_printf("%.3f ± %.3f", mean, std)
                                             : g_strdup_printf("%.2g ± %.2g", mean, std);
  gtk_label_set_text(label, text);
}

static void
show_original(VitrinePruningPane *self)
{
  if (self->has_original) {
    set_spread(self->sigmoid_original, self->original.score, self->original.score_std);
    set_spread(self->logit_original, self->original.logit, self->original.logit_std);
  } else {
    gtk_label_set_text(self->sigmoid_original, "…");
    gtk_label_set_text(self->logit_original, "…");
  }
}

/* Numbers and faces of other weights than the dial's are never shown: a number gives way to "…",
 * the faces pale until theirs come. */
static void
blank_score(VitrinePruningPane *self)
{
  gtk_label_set_text(self->sigmoid, "…");
  gtk_label_set_text(self->logit, "…");
  self->shown = FALSE;
  gtk_widget_add_css_class(GTK_WIDGET(self->faces), "stale");
}

static gboolean
is_wanted(VitrinePruningPane *self, const VitrineScore *score)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);
  return r && sg_prune_equal(&r->prune, &score->prune) && r->label == score->label;
}

static void
show_score(VitrinePruningPane *self, const VitrineScore *score)
{
  gboolean good = !score->error;

  if (!good)
    gtk_label_set_text(self->score_message, score->error);
  gtk_stack_set_visible_child_name(
      self->score_stack,
      good && vitrine_pruning_pane_has_discriminator(self) ? "score" : "message");
  if (!good)
    return;
  set_spread(self->sigmoid, score->score, score->score_std);
  set_spread(self->logit, score->logit, score->logit_std);
  for (int i = 0; i < VITRINE_SCORED_FACES; i++)
    gtk_picture_set_paintable(self->pictures[i], GDK_PAINTABLE(score->faces[i]));
  gtk_widget_remove_css_class(GTK_WIDGET(self->faces), "stale");
  self->shown = TRUE;
}

static void
keep_original(VitrinePruningPane *self, const VitrineScore *score)
{
  if (score->error || sg_prune_is_active(&score->prune))
    return;
  self->original = (VitrineScore){.score = score->score,
                                  .score_std = score->score_std,
                                  .logit = score->logit,
                                  .logit_std = score->logit_std};
  self->has_original = TRUE;
  show_original(self);
}

/* How far a score is, in place of its number. TRUE: that was all. */
static gboolean
show_progress(const VitrineScore *score, GtkLabel *label)
{
  g_autofree char *text = score ? g_strdup_printf("%.0f %%", 100 * score->progress) : NULL;

  if (!score || score->progress >= 1)
    return FALSE;
  gtk_label_set_text(label, text);
  return TRUE;
}

static void original_cb(gpointer news, gboolean finished, gpointer user_data);

static void
score_cb(gpointer news, gboolean finished, gpointer user_data)
{
  VitrinePruningPane *self = user_data;
  const VitrineScore *score = news;

  if (show_progress(score, self->logit))
    return;
  if (score && !score->error)
    vitrine_pruning_sweep_set_pace(self->sweep, score->seconds);
  if (score && is_wanted(self, score)) {
    keep_original(self, score);
    show_score(self, score);
  }
  if (!finished)
    return;
  self->score_task = 0;
  if (!self->has_original && !self->original_task && vitrine_pruning_pane_has_discriminator(self))
    self->original_task = vitrine_pruning_start_score(self->session, self->work, &(SgPrune){0},
                                                      self->asked_label, original_cb, self);
  vitrine_pruning_pane_renew(self);
}

static void
original_cb(gpointer news, gboolean finished, gpointer user_data)
{
  VitrinePruningPane *self = user_data;
  const VitrineScore *score = news;

  if (show_progress(score, self->logit_original))
    return;
  if (score && score->label == self->asked_label)
    keep_original(self, score);
  if (!finished)
    return;
  self->original_task = 0;
  vitrine_pruning_pane_renew(self);
}

void
vitrine_pruning_pane_stop_scores(VitrinePruningPane *self)
{
  g_return_if_fail(VITRINE_IS_PRUNING_PANE(self));
  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->score_task);
  vitrine_view_stop_task(vitrine_session_get_view(self->session), self->original_task);
  self->score_task = self->original_task = 0;
}

/* Asks for the score of the current weights, unless it is shown or asked for already. */
void
vitrine_pruning_pane_ask_score(VitrinePruningPane *self)
{
  g_return_if_fail(VITRINE_IS_PRUNING_PANE(self));
  const SgRecipe *r = vitrine_session_get_recipe(self->session);

  if (!r || !self->work || !gtk_widget_get_mapped(GTK_WIDGET(self)))
    return;
  if (self->has_asked && sg_prune_equal(&r->prune, &self->asked) && r->label == self->asked_label)
    return;
  /* Those of the weights before stay until the new ones come: a training sends some every
   * second. */
  gboolean same =
      r->label == self->asked_label && sg_prune_equal(&r->prune, &self->asked) && self->shown;
  vitrine_pruning_pane_stop_scores(self);
  if (r->label != self->asked_label)
    self->has_original = FALSE;
  self->asked_label = r->label;
  sg_prune_clear(&self->asked);
  sg_prune_copy(&self->asked, &r->prune);
  self->has_asked = TRUE;
  if (!same) {
    blank_score(self);
    show_original(self);
  }
  self->score_task = vitrine_pruning_start_score(self->session, self->work, &self->asked,
                                                 self->asked_label, score_cb, self);
}
