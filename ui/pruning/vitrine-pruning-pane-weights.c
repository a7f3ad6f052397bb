/* VitrinePruningPane's counts: how many weights remain, also of newer weights from a training. */
#include "ui/pruning/vitrine-pruning-pane-private.h"

static void
set_share(GtkLabel *count, GtkLabel *share, guint64 n, guint64 total)
{
  g_autofree char *text = g_strdup_printf("%'" G_GUINT64_FORMAT, n);
  g_autofree char *percent = g_strdup_printf("%.2f %%", 100.0 * (double)n / (double)MAX(total, 1));

  gtk_label_set_text(count, text);
  gtk_label_set_text(share, percent);
}

void
vitrine_pruning_pane_show_counts(VitrinePruningPane *self)
{
  g_return_if_fail(VITRINE_IS_PRUNING_PANE(self));
  const SgRecipe *r = vitrine_session_get_recipe(self->session);

  if (!self->counter || !r) {
    gtk_label_set_text(self->remaining, "…");
    gtk_label_set_text(self->removed, "…");
    gtk_label_set_text(self->remaining_share, NULL);
    gtk_label_set_text(self->removed_share, NULL);
    vitrine_pruning_layers_set_remaining(self->layers, 0, NULL);
    return;
  }
  guint n = sg_prune_counter_layers(self->counter);
  g_autofree guint64 *each = g_new(guint64, n);
  guint64 total = sg_prune_counter_total(self->counter);
  guint64 left = 0;

  for (guint i = 0; i < n; i++)
    left += each[i] = sg_prune_counter_layer(self->counter, i, &r->prune);
  set_share(self->remaining, self->remaining_share, left, total);
  set_share(self->removed, self->removed_share, total - left, total);
  vitrine_pruning_layers_set_remaining(self->layers, n, each);
}

/* ---- newer weights ----------------------------------------------------------------------- */

static void
renewed_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrinePruningPane *self = VITRINE_PRUNING_PANE(source);
  VitrinePruningWork *work = NULL;
  g_autoptr(GError) error = NULL;
  SgPruneCounter *counter = vitrine_pruning_count_finish(result, &work, &error);

  /* The pane is gone, or another model is open. */
  if (!self->session || GPOINTER_TO_UINT(data) !=
                            vitrine_opener_get_serial(vitrine_session_get_opener(self->session))) {
    vitrine_free_elsewhere(counter, (GDestroyNotify)sg_prune_counter_free);
    vitrine_pruning_work_unref(work);
    return;
  }
  self->renewing = FALSE;
  if (!counter) {
    gtk_label_set_text(self->remaining, error->message);
    vitrine_pruning_work_unref(work);
    return;
  }
  vitrine_free_elsewhere(self->counter, (GDestroyNotify)sg_prune_counter_free);
  self->counter = counter;
  vitrine_pruning_sweep_set_counter(self->sweep, self->counter);
  vitrine_pruning_pane_show_counts(self);
  if (work) {
    vitrine_pruning_pane_stop_scores(self);
    vitrine_free_elsewhere(self->work, (GDestroyNotify)vitrine_pruning_work_unref);
    self->work = work;
    self->has_asked = self->has_original = FALSE;
    vitrine_pruning_pane_ask_score(self);
  }
  vitrine_pruning_pane_renew(self);
}

void
vitrine_pruning_pane_start_renewal(VitrinePruningPane *self, gboolean with_work)
{
  g_return_if_fail(VITRINE_IS_PRUNING_PANE(self));
  guint serial = vitrine_opener_get_serial(vitrine_session_get_opener(self->session));

  self->renewing = TRUE;
  self->behind = FALSE;
  vitrine_pruning_count(vitrine_session_get_model(self->session), with_work, G_OBJECT(self),
                        renewed_cb, GUINT_TO_POINTER(serial));
}

/* One set of weights after the other, however often new ones come, and only while it is seen. */
void
vitrine_pruning_pane_renew(VitrinePruningPane *self)
{
  g_return_if_fail(VITRINE_IS_PRUNING_PANE(self));
  if (self->behind && !self->renewing && !self->score_task && !self->original_task &&
      gtk_widget_get_mapped(GTK_WIDGET(self)))
    vitrine_pruning_pane_start_renewal(self, TRUE);
}

void
vitrine_pruning_pane_weights_changed(VitrinePruningPane *self)
{
  g_return_if_fail(VITRINE_IS_PRUNING_PANE(self));
  self->behind = TRUE;
  vitrine_pruning_pane_renew(self);
}
