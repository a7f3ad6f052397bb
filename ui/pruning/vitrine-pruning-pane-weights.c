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

/* What is made on a worker: a large model has some ten million weights to sort. */
typedef struct {
  SgModel *model;
  guint serial; /* vitrine_opener_get_serial() */
  SgPruneCounter *counter;
  VitrinePruningWork *work; /* only for new weights of the open model */
} Renewal;

static void
renewal_free(gpointer data)
{
  Renewal *r = data;

  sg_model_unref(r->model);
  sg_prune_counter_free(r->counter);
  vitrine_pruning_work_unref(r->work);
  g_free(r);
}

static void
renewal_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Renewal *r = data;
  GError *error = NULL;

  r->counter = sg_prune_counter_new(r->model, &error);
  if (r->work && r->counter)
    vitrine_pruning_work_prepare(r->work);
  if (r->counter)
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

static void
renewed_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrinePruningPane *self = VITRINE_PRUNING_PANE(source);
  Renewal *r = g_task_get_task_data(G_TASK(result));
  g_autoptr(GError) error = NULL;
  gboolean good = g_task_propagate_boolean(G_TASK(result), &error);

  /* The pane is gone, or another model is open. */
  if (!self->session ||
      r->serial != vitrine_opener_get_serial(vitrine_session_get_opener(self->session)))
    return;
  self->renewing = FALSE;
  if (!good) {
    gtk_label_set_text(self->remaining, error->message);
    return;
  }
  vitrine_free_elsewhere(self->counter, (GDestroyNotify)sg_prune_counter_free);
  self->counter = g_steal_pointer(&r->counter);
  vitrine_pruning_sweep_set_counter(self->sweep, self->counter);
  vitrine_pruning_pane_show_counts(self);
  if (r->work) {
    vitrine_pruning_pane_stop_scores(self);
    vitrine_free_elsewhere(self->work, (GDestroyNotify)vitrine_pruning_work_unref);
    self->work = g_steal_pointer(&r->work);
    self->has_asked = self->has_original = FALSE;
    vitrine_pruning_pane_ask_score(self);
  }
  vitrine_pruning_pane_renew(self);
}

void
vitrine_pruning_pane_start_renewal(VitrinePruningPane *self, gboolean with_work)
{
  g_autoptr(GTask) task = g_task_new(self, NULL, renewed_cb, NULL);
  Renewal *r = g_new0(Renewal, 1);

  r->model = sg_model_ref(vitrine_session_get_model(self->session));
  r->serial = vitrine_opener_get_serial(vitrine_session_get_opener(self->session));
  r->work = with_work ? vitrine_pruning_work_new(r->model) : NULL;
  self->renewing = TRUE;
  self->behind = FALSE;
  g_task_set_task_data(task, r, renewal_free);
  g_task_run_in_thread(task, renewal_thread);
}

/* One set of weights after the other, however often new ones come, and only while it is seen. */
void
vitrine_pruning_pane_renew(VitrinePruningPane *self)
{
  if (self->behind && !self->renewing && !self->score_task && !self->original_task &&
      gtk_widget_get_mapped(GTK_WIDGET(self)))
    vitrine_pruning_pane_start_renewal(self, TRUE);
}

void
vitrine_pruning_pane_weights_changed(VitrinePruningPane *self)
{
  self->behind = TRUE;
  vitrine_pruning_pane_renew(self);
}
