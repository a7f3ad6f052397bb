/* The metrics of a training that look at pictures alone (others: trainer-beside.c): each is
 * prepared with the data set's pictures once, and measures the generator's of fixed latents. */
#include "engine/base/room.h"
#include "engine/metrics/metric.h"
#include "engine/train/trainer-private.h"

#define BATCH 32
/* Of SG_STREAM_GRID's kind: fixed for a seed, so that metrics compare over time. */
#define STREAM_METRIC 3

struct _SgTrainerMetrics {
  const SgMetric **list;
  gpointer real[]; /* of each: what it has collected of the data set, or NULL */
};

static int
images(const SgTrainer *t)
{
  return MIN(t->o->metric_images, (int)t->ds->n);
}

static guint
count(const SgMetric *const *list)
{
  guint n = 0;
  while (list[n])
    n++;
  return n;
}

static SgTrainerMetrics *
metrics_of(SgTrainer *t)
{
  if (t->metrics)
    return t->metrics;
  const SgMetric **list = sg_metric_parse(t->o->metrics, NULL); /* it was checked when it was set */
  guint n = list ? count(list) : 0;

  t->metrics = g_malloc0(sizeof *t->metrics + (n + 1) * sizeof(gpointer));
  t->metrics->list = list;
  return t->metrics;
}

void
sg_trainer_metrics_clear(SgTrainer *t)
{
  SgTrainerMetrics *m = t->metrics;

  if (!m)
    return;
  for (guint i = 0; m->list && m->list[i]; i++)
    if (m->real[i])
      m->list[i]->release(m->real[i]);
  g_free(m->list);
  g_free(m);
  t->metrics = NULL;
}

/* So many floats; NULL: no memory, which is said. */
static float *
room_for(SgTrainer *t, gsize n)
{
  float *v = g_try_new(float, n);

  if (!v)
    sg_run_dir_log(t->dir, "No metric: not enough memory for its pictures\n");
  return v;
}

static gpointer
prepare(SgTrainer *t, const SgMetric *m)
{
  const SgModelInfo *i = &t->l->shape.info;
  const SgMetricSetup setup = {i->img_channels, i->img_resolution, images(t), t->o->seed};
  g_autoptr(GError) error = NULL;
  gpointer set = m->prepare(&setup, &error);

  if (!set)
    sg_run_dir_log(t->dir, "No metric: %s\n", error->message);
  return set;
}

static gboolean
collect_reals(SgTrainer *t, const SgMetric *m, gpointer *real)
{
  int total = images(t);

  if (*real || !(m->needs & SG_METRIC_NEEDS_REALS))
    return TRUE;
  g_autofree float *v = room_for(t, sg_trainer_picture_size(t) * BATCH);
  gpointer set = v ? prepare(t, m) : NULL;
  for (int done = 0; set && done < total;) {
    int n = sg_trainer_read_reals(t, (guint)done, MIN(BATCH, total - done), v, NULL);
    if (n == 0)
      g_clear_pointer(&set, m->release);
    else
      m->add(set, v, n);
    done += n;
  }
  *real = set;
  return set != NULL;
}

/* NULL: no memory, or it failed; nothing is measured then. */
static gpointer
collect_fakes(SgTrainer *t, const SgMetric *m)
{
  const SgModelInfo *i = &t->l->shape.info;
  int total = images(t);
  g_autofree float *v = room_for(t, sg_trainer_picture_size(t) * BATCH);
  g_autofree float *z = v ? room_for(t, (gsize)total * (gsize)i->z_dim) : NULL;
  g_autofree float *c = z && i->c_dim ? room_for(t, (gsize)total * (gsize)i->c_dim) : NULL;
  gpointer set = z && (c || !i->c_dim) ? prepare(t, m) : NULL;

  if (set)
    sg_draw_latents(t->l, t->ds, STREAM_METRIC, total, z, c);
  for (int from = 0; set && from < total; from += BATCH) {
    int n = MIN(BATCH, total - from);
    if (!sg_learn_pictures(t->l, z + (gsize)(from * i->z_dim),
                           c ? c + (gsize)(from * i->c_dim) : NULL, n, v, NULL))
      g_clear_pointer(&set, m->release);
    else
      m->add(set, v, n);
  }
  return set;
}

static void
report(SgTrainer *t, const SgMetric *m, const SgMetricResult *result)
{
  g_autoptr(GString) text = g_string_new(NULL);
  g_autofree char *tag = sg_metric_tag(m, NULL);

  for (int i = 0; i < result->n; i++) {
    const SgMetricPart *part = &result->parts[i];
    g_autofree char *part_tag = sg_metric_tag(m, part);
    sg_run_dir_report(t->dir, part_tag, part->value);
    g_string_append_printf(text, "  %s: %.2f", part->name, part->value);
  }
  sg_run_dir_report(t->dir, tag, result->value);
  sg_run_dir_log(t->dir, "%s %.3f at %.1f kimg (%d pictures)%s\n", m->name, result->value,
                 (double)t->l->nimg / 1000, images(t), text->str);
}

void
sg_trainer_measure(SgTrainer *t)
{
  SgTrainerMetrics *all = metrics_of(t);

  for (guint i = 0; all->list && all->list[i]; i++) {
    const SgMetric *m = all->list[i];
    SgMetricResult result = {0};
    if (m->source || images(t) < m->min_images || !collect_reals(t, m, &all->real[i]))
      continue;
    gpointer fake = m->needs & SG_METRIC_NEEDS_FAKES ? collect_fakes(t, m) : NULL;
    if ((m->needs & SG_METRIC_NEEDS_FAKES) && !fake)
      continue;
    g_autoptr(GError) why = NULL;
    m->measure(all->real[i], fake, t->o->seed, &result);
    if (sg_room_check(&why))
      report(t, m, &result);
    else
      sg_run_dir_log(t->dir, "No metric: %s\n", why->message);
    if (fake)
      m->release(fake);
  }
}
