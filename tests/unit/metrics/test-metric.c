/* The table of metrics: whole rows, lists of names, names of other programs, tags. */
#include "engine/metrics/metric.h"
#include <string.h>

static void
test_rows(void)
{
  for (guint i = 0; sg_metric_table[i]; i++) {
    const SgMetric *m = sg_metric_table[i];
    g_assert_true(m->name && *m->name && m->title && m->summary && m->unit && m->whole);
    if (m->source)
      g_assert_true(!m->prepare && !m->judge == !!m->judge_paths);
    else
      g_assert_true(m->prepare && m->add && m->measure && m->release);
    g_assert_true(!m->judge_paths == !(m->needs & SG_METRIC_NEEDS_PATHS));
    g_assert_true(m->needs != 0 && m->min_images > 0);
    g_assert_true(!m->parts == !m->part && !m->parts == !m->part_value);
    g_assert_true(sg_metric_find(m->name) == m); /* no name twice */
    g_assert_cmpstr(sg_metric_words[i], ==, m->name);
    g_autofree char *tag = sg_metric_tag(m, NULL);
    g_assert_true(sg_metric_of_tag(tag) == m);
    g_assert_true(g_str_has_prefix(tag, "Metrics/"));
  }
  g_assert_nonnull(sg_metric_find(SG_METRIC_DEFAULT));
}

/* Pictures that are the same are at no distance, and what is not needed is not asked for. */
static void
test_measure(void)
{
  const SgMetricSetup setup = {3, 16, 4, 1};
  float *v = g_new(float, 4 * 3 * 16 * 16);

  for (int i = 0; i < 4 * 3 * 16 * 16; i++)
    v[i] = (float)((i * 7919) % 255) / 127.5f - 1;
  for (guint i = 0; sg_metric_table[i]; i++) {
    const SgMetric *m = sg_metric_table[i];
    SgMetricResult r = {.value = -1};
    if (m->source)
      continue;
    g_autoptr(GError) error = NULL;
    gpointer real = m->needs & SG_METRIC_NEEDS_REALS ? m->prepare(&setup, &error) : NULL;
    gpointer fake = m->needs & SG_METRIC_NEEDS_FAKES ? m->prepare(&setup, &error) : NULL;
    g_assert_no_error(error);
    if (real)
      m->add(real, v, 4);
    if (fake)
      m->add(fake, v, 4);
    m->measure(real, fake, 1, &r);
    g_assert_cmpint(r.n, <=, SG_METRIC_MAX_PARTS);
    if (m->less_is_better && real && fake)
      g_assert_cmpfloat(r.value, ==, 0);
    if (real)
      m->release(real);
    if (fake)
      m->release(fake);
  }
  g_free(v);
}

static guint
length(const char *list)
{
  g_autoptr(GError) error = NULL;
  g_autofree const SgMetric **all = sg_metric_parse(list, &error);
  guint n = 0;

  g_assert_no_error(error);
  while (all[n])
    n++;
  return n;
}

static void
refused(const char *list, const char *says)
{
  g_autoptr(GError) error = NULL;

  g_assert_null(sg_metric_parse(list, &error));
  g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
  if (!strstr(error->message, says))
    g_error("“%s” does not say “%s”", error->message, says);
}

static void
test_parse(void)
{
  g_assert_cmpuint(length(SG_METRIC_DEFAULT), ==, 1);
  g_assert_cmpuint(length(SG_METRIC_DEFAULT ", " SG_METRIC_DEFAULT), ==, 1);
  g_assert_cmpuint(length("none"), ==, 0);
  refused("", "should be some of");
  refused("," SG_METRIC_DEFAULT, "should be some of");
  refused("price", "but is “price”");
  refused("none,none", "should be some of");
  /* What people paste. */
  g_assert_cmpuint(length("fid50k_full,FID,kid50k_full,is50k"), ==, 4);
  refused(SG_METRIC_DEFAULT ",fid50k_half", "“fid50k_half”");
  g_assert_cmpuint(length("pr50k3_full,ppl2_wend,ppl_zfull,ppl_wend"), ==, 4);
  refused("eqt50k_int", "StyleGAN3");
  refused("eqr50k", "StyleGAN3");
}

/* What a name says besides. */
static void
test_variants(void)
{
  const SgMetric *row = sg_metric_find("pr-d"), *m = sg_metric_find("PR-D2k5_full");

  g_assert_true(row && !row->row && row->neighbours == 3);
  g_assert_true(m && m->row == row && m->count == 2000 && m->neighbours == 5 && m->full);
  g_assert_true(m == sg_metric_find("pr-d2k5_full")); /* one, however often */
  g_assert_cmpint(sg_metric_images(m, SG_METRIC_NEEDS_REALS, 777, 9), ==, 777);
  g_assert_cmpint(sg_metric_images(m, SG_METRIC_NEEDS_FAKES, 777, 9), ==, 2000);
  m = sg_metric_find("fd-d500");
  g_assert_true(m && m->count == 500 && !m->full);
  g_assert_cmpint(sg_metric_images(m, SG_METRIC_NEEDS_REALS, 77, 9), ==, 77);
  g_assert_cmpint(sg_metric_images(m, SG_METRIC_NEEDS_FAKES, 77, 9), ==, 500);
  m = sg_metric_find("ppl-d1k_zfull");
  g_assert_true(m && m->count == 1000 && m->path.z && m->path.full);
  m = sg_metric_find("ppl-d_wend");
  g_assert_true(m && m->count == 0 && !m->path.z && !m->path.full);
  g_assert_cmpint(sg_metric_images(m, SG_METRIC_NEEDS_PATHS, 0, 9), ==, 9);
  for (const char *const *name =
           (const char *const[]){"fd-d2x", "fd-d0", "fd-d1", "fd-d2k3", "fd-d_zfull", "fd-d_fully",
                                 "pr-d2k0", "pr-d2k_3", "ppl-d_full", "ppl-d_z", "fd-d9999999",
                                 "fd-d1001k", "swd2k", "fd-d 2k", "fd-d-2", "", "fd-", NULL};
       *name; name++)
    if (sg_metric_find(*name))
      g_error("“%s” is a metric", *name);
  m = sg_metric_find("fid50k_full-clean");
  g_assert_true(m && m->count == 50000 && m->full);
  g_assert_cmpstr(m->mode, ==, "clean");
  g_assert_cmpstr(m->source, ==, "inception-clean");
  g_assert_true(sg_metric_with_mode(m, "tf") == m); /* it says so itself */
  m = sg_metric_with_mode(sg_metric_find("kid2k"), "pytorch");
  g_assert_cmpstr(m->name, ==, "kid2k-pytorch");
  g_assert_true(sg_metric_with_mode(row, "tf") == row); /* there is no choice */
  m = sg_metric_find("ppl2_zfull"); /* the paper's second kind of path length, not two pairs */
  g_assert_true(m && m->count == 0 && m->path.z && m->path.full);
  g_assert_cmpstr(m->source, ==, "lpips");
  m = sg_metric_find("ppl25k_wend");
  g_assert_true(m && m->count == 25000);
  g_assert_cmpstr(m->source, ==, "lpips-crop");
  g_assert_null(sg_metric_find("fd-rand2k-clean"));
  g_assert_null(sg_metric_find("fid2k-dirty"));
  char *tags[] = {"Metrics/kid-d2k", "Metrics/fd-d2k", "Metrics/fd-d2k/low", NULL};
  g_assert_cmpstr(sg_metric_judge(tags), ==, tags[1]); /* the table's order */
  g_assert_true(sg_metric_of_tag(tags[0]) == sg_metric_find("kid-d2k"));
}

static void
test_judge(void)
{
  char *ours[] = {"Loss/D/loss", "Metrics/fid50k_full", "Metrics/" SG_METRIC_DEFAULT,
                  "Metrics/" SG_METRIC_DEFAULT "/16", NULL};
  char *theirs[] = {"Loss/D/loss", "Metrics/kid50k", "Metrics/fidelity", "Metrics/fid50k_full",
                    NULL};
  char *none[] = {"Loss/D/loss", "fid50k_full", NULL};

  g_assert_cmpstr(sg_metric_judge(ours), ==, ours[2]);
  g_assert_cmpstr(sg_metric_judge(theirs), ==, theirs[3]);
  g_assert_null(sg_metric_judge(none));
  g_assert_null(sg_metric_of_tag(ours[3]));
  g_assert_null(sg_metric_of_tag(ours[0]));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/metric/rows", test_rows);
  g_test_add_func("/metric/measure", test_measure);
  g_test_add_func("/metric/parse", test_parse);
  g_test_add_func("/metric/variants", test_variants);
  g_test_add_func("/metric/judge", test_judge);
  return g_test_run();
}
