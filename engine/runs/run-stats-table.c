/* Columns of parsed lines into curves, legs and histograms. */
#include "engine/runs/run-reader-private.h"
#include "engine/runs/run-series-private.h"
#include <math.h>
#include <string.h>

#define PER_KIMG "Timing/sec_per_kimg"
#define SPEED    "Timing/images_per_sec"

static void
tag_free(gpointer data)
{
  SgStatsTag *tag = data;
  sg_series_unref(tag->mean);
  g_clear_pointer(&tag->deviation, sg_series_unref);
  g_free(tag);
}

void
sg_run_histogram_free(SgRunHistogram *h)
{
  if (h)
    g_free(h->counts);
  g_free(h);
}

static void
histogram_free(gpointer h)
{
  sg_run_histogram_free(h);
}

SgStatsTable *
sg_stats_table_new(void)
{
  SgStatsTable *t = g_new0(SgStatsTable, 1);
  t->tags = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, tag_free);
  t->last = (SgStatsRow){NAN, 0, NAN};
  t->max_points = SG_STATS_MAX_POINTS;
  t->legs = g_array_new(FALSE, FALSE, sizeof(SgRunLeg));
  t->real = g_ptr_array_new_with_free_func(histogram_free);
  t->fake = g_ptr_array_new_with_free_func(histogram_free);
  return t;
}

void
sg_stats_table_free(SgStatsTable *t)
{
  if (!t)
    return;
  g_hash_table_unref(t->tags);
  g_array_unref(t->legs);
  g_ptr_array_unref(t->real);
  g_ptr_array_unref(t->fake);
  g_free(t);
}

SgStatsTag *
sg_stats_table_tag(SgStatsTable *t, const char *name)
{
  return g_hash_table_lookup(t->tags, name);
}

static SgStatsTag *
tag_for(SgStatsTable *t, const char *name)
{
  SgStatsTag *tag = g_hash_table_lookup(t->tags, name);
  if (!tag) {
    tag = g_new0(SgStatsTag, 1);
    tag->mean = sg_series_new();
    g_hash_table_insert(t->tags, g_strdup(name), tag);
  }
  return tag;
}

/* ---- going back ------------------------------------------------------------------------------ */

static void
cut_histograms(GPtrArray *all, double before)
{
  while (all->len > 0 && ((SgRunHistogram *)all->pdata[all->len - 1])->kimg >= before)
    g_ptr_array_set_size(all, (gint)all->len - 1);
}

/* The last leg ends where the next begins, with the seconds it had taken until then. */
static void
cut_legs(SgStatsTable *t, double last)
{
  SgStatsTag *total = sg_stats_table_tag(t, "Timing/total_sec");

  while (t->legs->len > 0 && g_array_index(t->legs, SgRunLeg, t->legs->len - 1).from_kimg >= last)
    g_array_set_size(t->legs, t->legs->len - 1);
  if (t->legs->len == 0)
    return;
  SgRunLeg *leg = &g_array_index(t->legs, SgRunLeg, t->legs->len - 1);
  double x, seconds;
  leg->to_kimg = MIN(leg->to_kimg, last);
  if (total && sg_series_nearest(total->mean, last, &x, &seconds, NULL) && isfinite(seconds))
    leg->seconds = seconds;
}

/* Forgets every row from `kimg` on: the run resumed from before. */
static void
cut(SgStatsTable *t, double kimg)
{
  const double last = nextafter(kimg, -INFINITY);
  SgStatsTag *position = sg_stats_table_tag(t, "Progress/kimg");
  double first_row = -INFINITY, y;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init(&iter, t->tags);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    SgStatsTag *tag = value;
    sg_series_cut(tag->mean, last);
    if (tag->deviation)
      sg_series_cut(tag->deviation, last);
  }
  cut_histograms(t->real, kimg);
  cut_histograms(t->fake, kimg);
  gsize n = position ? sg_series_length(position->mean) : 0;
  if (n > 0)
    sg_series_point(position->mean, n - 1, &first_row, &y);
  cut_legs(t, first_row);
  t->last.kimg = n > 0 ? first_row : NAN;
  t->last.total_sec = INFINITY; /* whatever comes is a new leg */
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void
count_leg(SgStatsTable *t, const SgStatsRow *row)
{
  gboolean anew =
      t->legs->len == 0 || row->total_sec < t->last.total_sec || isinf(t->last.total_sec);

  if (anew) {
    SgRunLeg leg = {.from_kimg = isnan(t->last.kimg) ? 0 : t->last.kimg};
    if (row->time > 0 && isfinite(row->total_sec))
      leg.began = row->time - row->total_sec;
    g_array_append_val(t->legs, leg);
  }
  SgRunLeg *leg = &g_array_index(t->legs, SgRunLeg, t->legs->len - 1);
  leg->to_kimg = row->kimg;
  if (isfinite(row->total_sec))
    leg->seconds = row->total_sec;
  double before = isinf(t->last.total_sec) ? NAN : t->last.total_sec;
  t->last = *row;
  if (!isfinite(row->total_sec))
    t->last.total_sec = before;
}

/* The first deviation there is: until then it was 0. */
static void
begin_deviation(SgStatsTag *tag)
{
  double x, y, zero = 0;

  tag->deviation = sg_series_new();
  for (gsize i = 0; sg_series_point(tag->mean, i, &x, &y); i++)
    sg_series_append(tag->deviation, 1, &x, &zero);
}

typedef struct {
  double *x, *mean, *std;
  guint n;
  gboolean deviates;
} Batch;

/* Entries of rows below `to`, from *cursor on. */
static void
gather(Batch *b, const SgStatsParser *p, const SgStatsColumn *c, guint *cursor, guint to)
{
  const SgStatsEntry *entries = (const SgStatsEntry *)(gconstpointer)c->entries->data;
  const SgStatsRow *rows = (const SgStatsRow *)(gconstpointer)p->rows->data;

  b->n = 0, b->deviates = FALSE;
  for (; *cursor < c->entries->len && entries[*cursor].row < to; ++*cursor) {
    const SgStatsEntry *e = &entries[*cursor];
    b->x[b->n] = rows[e->row].kimg;
    b->mean[b->n] = e->mean;
    b->std[b->n++] = e->std;
    b->deviates = b->deviates || (isfinite(e->std) && e->std != 0);
  }
}

static void
add_speed(SgStatsTable *t, Batch *b)
{
  for (guint i = 0; i < b->n; i++)
    b->mean[i] = b->mean[i] > 0 ? 1000 / b->mean[i] : NAN;
  sg_series_append(tag_for(t, SPEED)->mean, b->n, b->x, b->mean);
  t->points += b->n;
}

static void
add_column(SgStatsTable *t, const SgStatsColumn *c, Batch *b)
{
  if (b->n == 0 || g_str_equal(c->name, SPEED))
    return;
  SgStatsTag *tag = tag_for(t, c->name);
  if (b->deviates && !tag->deviation) {
    begin_deviation(tag);
    t->points += sg_series_length(tag->deviation);
  }
  sg_series_append(tag->mean, b->n, b->x, b->mean);
  if (tag->deviation)
    sg_series_append(tag->deviation, b->n, b->x, b->std);
  t->points += b->n * (tag->deviation ? 2 : 1);
  if (g_str_equal(c->name, PER_KIMG))
    add_speed(t, b);
}

/* Rows from `from` to before `to`, ascending. */
static void
add_rows(SgStatsTable *t, const SgStatsParser *p, guint from, guint to, guint *cursors, Batch *b)
{
  for (guint i = from; i < to; i++)
    count_leg(t, &g_array_index(p->rows, SgStatsRow, i));
  for (guint i = 0; i < p->columns->len; i++) {
    gather(b, p, p->columns->pdata[i], &cursors[i], to);
    add_column(t, p->columns->pdata[i], b);
  }
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static void
thin_histograms(GPtrArray *all)
{
  if (all->len <= SG_STATS_MAX_HISTOGRAMS)
    return;
  for (guint i = all->len; i-- > 0;)
    if (i % 2 == 0)
      g_ptr_array_remove_index(all, i);
}

static void
thin(SgStatsTable *t)
{
  GHashTableIter iter;
  gpointer value;

  t->points = 0;
  g_hash_table_iter_init(&iter, t->tags);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    SgStatsTag *tag = value;
    sg_series_thin(tag->mean);
    t->points += sg_series_length(tag->mean);
    if (tag->deviation) {
      sg_series_thin(tag->deviation);
      t->points += sg_series_length(tag->deviation);
    }
  }
  t->thinned++;
}

static void
add_histograms(SgStatsTable *t, SgStatsParser *p, guint *next, guint to)
{
  for (; *next < p->histograms->len; ++*next) {
    SgStatsHistogram *h = &g_array_index(p->histograms, SgStatsHistogram, *next);
    if (h->row >= to)
      return;
    g_ptr_array_add(h->fake ? t->fake : t->real, g_steal_pointer(&h->histogram));
    thin_histograms(h->fake ? t->fake : t->real);
  }
}

void
sg_stats_table_add(SgStatsTable *t, SgStatsParser *p)
{
  guint n = p->rows->len, histogram = 0;
  g_autofree guint *cursors = g_new0(guint, p->columns->len);
  Batch b = {g_new(double, n), g_new(double, n), g_new(double, n), 0, FALSE};

  for (guint from = 0, to; from < n; from = to) {
    double kimg = g_array_index(p->rows, SgStatsRow, from).kimg, before = kimg;
    if (!isnan(t->last.kimg) && kimg <= t->last.kimg)
      cut(t, kimg);
    for (to = from + 1; to < n; to++) {
      kimg = g_array_index(p->rows, SgStatsRow, to).kimg;
      if (kimg <= before)
        break;
      before = kimg;
    }
    add_rows(t, p, from, to, cursors, &b);
    add_histograms(t, p, &histogram, to);
    if (t->points > t->max_points)
      thin(t);
  }
  t->rows += n;
  t->bad += p->bad;
  g_free(b.x);
  g_free(b.mean);
  g_free(b.std);
}

/* ---- a file that was written anew ------------------------------------------------------------ */

static void
replace_series(SgSeries **s, SgSeries **from)
{
  if (!*s || !*from)
    return;
  sg_series_replace(*s, *from);
  SgSeries *old = *from;
  *from = *s;
  *s = old;
}

void
sg_stats_table_replace(SgStatsTable *t, SgStatsTable *from)
{
  GHashTableIter iter;
  gpointer key, value;
  SgStatsTable swap;

  g_hash_table_iter_init(&iter, t->tags);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    SgStatsTag *old = value, *anew = sg_stats_table_tag(from, key);
    if (anew) {
      replace_series(&old->mean, &anew->mean);
      replace_series(&old->deviation, &anew->deviation);
    } else {
      sg_series_cut(old->mean, -INFINITY);
    }
    if (old->deviation && (!anew || !anew->deviation))
      sg_series_cut(old->deviation, -INFINITY);
  }
  swap = *t, *t = *from, *from = swap;
  sg_stats_table_free(from);
}
