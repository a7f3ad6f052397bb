#include "engine/metrics/metric-group.h"
#include "engine/base/room.h"
#include "engine/formats/format-error.h"
#include <string.h>

/* A source and what it has made of the pictures so far. */
typedef struct {
  SgFeatureSource *source;
  SgFeatureSet *rows; /* of paths NULL, and */
  double *distances;  /* [wanted] */
  int wanted, n;      /* how many it has of them; of rows that is rows->n */
} Features;

/* What one metric collects. */
typedef struct {
  const SgMetric *metric;
  gpointer own;       /* of one that looks at pictures itself */
  int wanted, n;      /* pictures */
  Features *features; /* borrowed */
} Member;

struct _SgMetricGroup {
  SgMetricGroupSetup setup;
  GPtrArray *features; /* of Features */
  GArray *members;     /* of Member */
};

static void
features_free(gpointer data)
{
  Features *f = data;

  sg_feature_set_free(f->rows);
  g_free(f->distances);
  g_free(f);
}

void
sg_metric_group_free(SgMetricGroup *g)
{
  if (!g)
    return;
  for (guint i = 0; i < g->members->len; i++) {
    Member *m = &g_array_index(g->members, Member, i);
    if (m->own)
      m->metric->release(m->own);
  }
  g_array_unref(g->members);
  g_ptr_array_unref(g->features);
  g_free(g);
}

/* ---- who wants what -------------------------------------------------------------------------- */

static SgFeatureSource *
find_source(const SgMetricGroupSetup *s, const char *name)
{
  for (guint i = 0; s->sources && s->sources[i]; i++)
    if (g_str_equal(s->sources[i]->name, name))
      return s->sources[i];
  return NULL;
}

static Features *
find_features(const SgMetricGroup *g, const char *name)
{
  for (guint i = 0; i < g->features->len; i++) {
    Features *f = g->features->pdata[i];
    if (g_str_equal(f->source->name, name))
      return f;
  }
  return NULL;
}

static gboolean
join_features(SgMetricGroup *g, Member *m, GError **error)
{
  const char *name = m->metric->source;
  SgFeatureSource *source = find_source(&g->setup, name);

  if (!source)
    return sg_unsupported(error, "%s: there is no network “%s” whose features it could compare",
                          m->metric->name, name);
  if (!(m->features = find_features(g, name))) {
    m->features = g_new0(Features, 1);
    m->features->source = source;
    g_ptr_array_add(g->features, m->features);
  }
  m->features->wanted = MAX(m->features->wanted, m->wanted);
  return TRUE;
}

static gboolean
join(SgMetricGroup *g, const SgMetric *metric, GError **error)
{
  const SgMetricGroupSetup *s = &g->setup;
  Member m = {.metric = metric};
  gboolean ok = TRUE;

  if (metric->needs & s->side) {
    m.wanted = sg_metric_images(metric, s->side, s->all, s->images);
    const SgMetricSetup setup = {s->channels, s->resolution, m.wanted, s->seed};
    if (metric->source)
      ok = join_features(g, &m, error);
    else
      ok = (m.own = metric->prepare(&setup, error)) != NULL;
  }
  g_array_append_val(g->members, m);
  return ok;
}

static gboolean
make_room(SgMetricGroup *g, GError **error)
{
  for (guint i = 0; i < g->features->len; i++) {
    Features *f = g->features->pdata[i];
    if (g->setup.side == SG_METRIC_NEEDS_PATHS)
      f->distances = g_try_new(double, (gsize)f->wanted);
    else
      f->rows = sg_feature_set_new(f->source->dim, f->wanted, error);
    if (!f->rows && !f->distances)
      return g->setup.side != SG_METRIC_NEEDS_PATHS ? FALSE : sg_no_memory(error, "for distances");
  }
  return TRUE;
}

SgMetricGroup *
sg_metric_group_new(const SgMetric *const *list, const SgMetricGroupSetup *setup, GError **error)
{
  g_autoptr(SgMetricGroup) g = g_new0(SgMetricGroup, 1);

  g->setup = *setup;
  g->features = g_ptr_array_new_with_free_func(features_free);
  g->members = g_array_new(FALSE, TRUE, sizeof(Member));
  for (guint i = 0; list[i]; i++)
    if (!join(g, list[i], error))
      return NULL;
  return make_room(g, error) ? g_steal_pointer(&g) : NULL;
}

static int
features_have(const Features *f)
{
  return f->rows ? f->rows->n : f->n;
}

int
sg_metric_group_wants(const SgMetricGroup *g)
{
  int most = 0;

  for (guint i = 0; i < g->members->len; i++) {
    const Member *m = &g_array_index(g->members, Member, i);
    if (m->own)
      most = MAX(most, m->wanted - m->n);
  }
  for (guint i = 0; i < g->features->len; i++) {
    const Features *f = g->features->pdata[i];
    most = MAX(most, f->wanted - features_have(f));
  }
  return most;
}

SgFeatureSet *
sg_metric_group_features(SgMetricGroup *g, const char *source)
{
  Features *f = find_features(g, source);
  return f ? f->rows : NULL;
}

/* ---- pictures -------------------------------------------------------------------------------- */

static gboolean
add_features(Features *f, const float *pictures, int n, GError **error)
{
  int take = MIN(n, f->wanted - features_have(f));

  if (take <= 0)
    return TRUE;
  if (f->rows) {
    float *to = f->rows->rows + (gsize)f->rows->n * (gsize)f->rows->dim;
    f->rows->n += take;
    return f->source->rows(f->source, take, pictures, to, error);
  }
  /* All pairs, since the second halves lie behind the first ones. */
  g_autofree double *all = sg_room((gsize)n, sizeof *all);
  if (!all)
    return sg_room_check(error);
  if (!f->source->distances(f->source, n, pictures, all, error))
    return FALSE;
  memcpy(f->distances + f->n, all, sizeof(double) * (gsize)take);
  f->n += take;
  return TRUE;
}

gboolean
sg_metric_group_add(SgMetricGroup *g, const float *pictures, int n, GError **error)
{
  for (guint i = 0; i < g->members->len; i++) {
    Member *m = &g_array_index(g->members, Member, i);
    int take = MIN(n, m->wanted - m->n);
    if (!m->own || take <= 0)
      continue;
    m->metric->add(m->own, pictures, take);
    m->n += take;
  }
  for (guint i = 0; i < g->features->len; i++)
    if (!add_features(g->features->pdata[i], pictures, n, error))
      return FALSE;
  return sg_room_check(error);
}

/* ---- results --------------------------------------------------------------------------------- */

static const Member *
member(const SgMetricGroup *g, int i)
{
  return g ? &g_array_index(g->members, Member, i) : NULL;
}

static gboolean
enough(const SgMetric *m, int n, const char *what, GError **error)
{
  return n >= m->min_images || sg_unsupported(error, "%s needs at least %d %s, found %d", m->name,
                                              m->min_images, what, n);
}

static gboolean
judge_features(const SgMetric *m, const Member *real, const Member *fake, guint64 seed,
               SgMetricResult *result, GError **error)
{
  SgFeatureSet x = {0}, y = {0};

  if (real && real->features) {
    x = sg_feature_set_head(real->features->rows, real->wanted);
    if (!enough(m, x.n, "real pictures", error) || !sg_feature_set_check(&x, x.n, "real", error))
      return FALSE;
  }
  if (fake && fake->features) {
    y = sg_feature_set_head(fake->features->rows, fake->wanted);
    if (!enough(m, y.n, "generated pictures", error) ||
        !sg_feature_set_check(&y, y.n, "generated", error))
      return FALSE;
  }
  const Member *any = fake && fake->features ? fake : real;
  return m->judge(m, any->features->source, &x, &y, seed, result, error);
}

gboolean
sg_metric_group_measure(const SgMetric *m, int i, const SgMetricGroup *real,
                        const SgMetricGroup *fake, SgMetricGroup *paths, guint64 seed,
                        SgMetricResult *result, GError **error)
{
  const Member *x = member(real, i), *y = member(fake, i), *p = member(paths, i);

  *result = (SgMetricResult){0};
  if (m->judge_paths) {
    int n = MIN(p->wanted, p->features->n);
    g_autofree double *own = enough(m, n, "pairs", error)
                                 ? g_memdup2(p->features->distances, sizeof(double) * (gsize)n)
                                 : NULL;
    return own && m->judge_paths(m, own, n, result, error);
  }
  if (m->judge)
    return judge_features(m, x, y, seed, result, error);
  m->measure(x ? x->own : NULL, y ? y->own : NULL, seed, result);
  return sg_room_check(error);
}
