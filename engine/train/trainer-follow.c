/* What followers of a running training see: G_ema and D, one flat copy each. */
#include "engine/train/trainer-private.h"

/* NULL: no memory. */
static SgModel *
model_of(const SgTrainer *t, GError **error)
{
  SgModel *m = sg_model_new(sg_run_dir_path(t->dir), &t->l->shape.info);

  if (!sg_weights_store(t->l->ema, "G_ema.", m, error) ||
      !sg_weights_store(t->l->d, "D.", m, error)) {
    sg_model_unref(m);
    return NULL;
  }
  g_hash_table_replace(m->metadata, g_strdup("dataset"), g_strdup(t->ds->name));
  return m;
}

void
sg_trainer_be_followed(SgTrainer *t)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SgModel) like = model_of(t, &error);

  if (!like) {
    sg_run_dir_log(t->dir, "This training cannot be followed: %s\n", error->message);
    return;
  }
  t->publisher = sg_publisher_new(like);
  sg_publisher_advance(t->publisher, t->l->nimg);
  sg_control_set_publisher(t->control, t->publisher);
}

void
sg_trainer_publish(SgTrainer *t, gboolean last)
{
  const SgLearn *l = t->l;

  if (!t->publisher)
    return;
  sg_publisher_advance(t->publisher, l->nimg);
  gint64 due = sg_publisher_due(t->publisher);
  if (due < 0 || (due > 0 && !last))
    return;
  /* SgWeights lists its tensors in the order in which they lie. */
  float *to = sg_publisher_begin(t->publisher);
  l->backend->download(l->ema->flat, to);
  l->backend->download(l->d->flat, to + l->ema->total);
  sg_publisher_end(t->publisher);
}
