/* The table of metrics, and what is known of other programs' names. */
#include "engine/metrics/metric.h"
#include "engine/metrics/feature-metrics.h"
#include "engine/metrics/metric-variant.h"
#include "engine/metrics/swd.h"
#include "engine/perceptual/weights.h"
#include <string.h>

#define F(name) &sg_feature_metrics[SG_FEATURE_##name]

const SgMetric *const sg_metric_table[] = {
    &sg_metric_swd, F(FD_D),     F(KID_D),     F(MIND_D),  F(PR_D), F(PPL_D),
    F(FD_RAND),     F(KID_RAND), F(MIND_RAND), F(PR_RAND), F(FID),  F(KID),
    F(MIND),        F(IS),       F(PR),        F(PPL),     F(PPL2), NULL};
const char *const sg_metric_words[] = {SG_METRIC_DEFAULT,
                                       "fd-d",
                                       "kid-d",
                                       "mind-d",
                                       "pr-d",
                                       "ppl-d",
                                       "fd-rand",
                                       "kid-rand",
                                       "mind-rand",
                                       "pr-rand",
                                       "fid",
                                       "kid",
                                       "mind",
                                       "is",
                                       "pr",
                                       "ppl",
                                       "ppl2",
                                       "none",
                                       NULL};

#define TAGS "Metrics/"

const SgMetric *
sg_metric_find(const char *name)
{
  for (guint i = 0; sg_metric_table[i]; i++)
    if (g_ascii_strcasecmp(sg_metric_table[i]->name, name) == 0)
      return sg_metric_table[i];
  return sg_metric_variant(name);
}

const SgMetric *
sg_metric_with_mode(const SgMetric *m, const char *mode)
{
  if (!m->by_mode || m->mode)
    return m;
  g_autofree char *name = g_strconcat(m->name, "-", mode, NULL);
  const SgMetric *with = sg_metric_find(name);
  return with ? with : m;
}

static gboolean
needs_weights(const SgMetric *m, SgWeightsKind kind)
{
  if (kind == SG_WEIGHTS_INCEPTION)
    return m->by_mode;
  if (!m->source)
    return FALSE;
  return g_str_has_prefix(m->source, "lpips") ||
         (kind == SG_WEIGHTS_VGG && g_str_equal(m->source, "vgg"));
}

gboolean
sg_metric_check_weights(const SgMetric *const *list, GError **error)
{
  for (guint i = 0; list[i]; i++) {
    g_autoptr(GError) why = NULL;
    for (SgWeightsKind kind = 0; kind < SG_WEIGHTS_KINDS && !why; kind++)
      if (needs_weights(list[i], kind) && !sg_weights_have(kind))
        sg_weights_missing(list[i]->name, kind, &why);
    if (!why)
      continue;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "metrics: %s", why->message);
    return FALSE;
  }
  return TRUE;
}

int
sg_metric_images(const SgMetric *m, SgMetricNeeds side, int all, int images)
{
  if (side == SG_METRIC_NEEDS_PATHS)
    return m->count > 0 ? m->count : images;
  if (side == SG_METRIC_NEEDS_REALS && m->full)
    return all;
  if (side == SG_METRIC_NEEDS_FAKES && m->count > 0)
    return m->count;
  return MIN(m->count > 0 ? m->count : images, all);
}

/* ---- names that people know from elsewhere --------------------------------------------------- */

static const struct {
  const char *begin, *why;
} foreign[] = {
    {"eqt", "equivariance is measured for StyleGAN3, which is not trained here"},
    {"eqr", "equivariance is measured for StyleGAN3, which is not trained here"},
};

/* "fid", "fid50k_full", "pr50k3_full", "ppl2_wend", but not "price". */
static gboolean
begins(const char *name, const char *with)
{
  gsize n = strlen(with);
  return g_ascii_strncasecmp(name, with, n) == 0 && !g_ascii_isalpha(name[n]);
}

static const char *
known_elsewhere(const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS(foreign); i++)
    if (begins(name, foreign[i].begin))
      return foreign[i].why;
  return NULL;
}

/* ---- names ----------------------------------------------------------------------------------- */

static void
refuse(const char *name, GError **error)
{
  g_autofree char *words = g_strjoinv(", ", (char **)sg_metric_words);
  g_autofree char *shown = g_utf8_make_valid(name, -1);
  const char *why = known_elsewhere(name);

  if (why)
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "metrics should be some of %s, but is “%s”: %s, which is no part of this program; "
                "“%s” needs no other network, and those in -d and -rand none that has to be had",
                words, shown, why, SG_METRIC_DEFAULT);
  else
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "metrics should be some of %s, but is “%s”", words, shown);
}

static gboolean
is_in(const GPtrArray *found, const SgMetric *m)
{
  for (guint i = 0; i < found->len; i++)
    if (found->pdata[i] == m)
      return TRUE;
  return FALSE;
}

const SgMetric **
sg_metric_parse(const char *list, GError **error)
{
  g_auto(GStrv) names = g_strsplit(list, ",", -1);
  g_autoptr(GPtrArray) found = g_ptr_array_new();
  gboolean none = g_str_equal(list, "none");

  for (char **name = names; *name && !none; name++) {
    const SgMetric *m = sg_metric_find(g_strstrip(*name));
    if (!m) {
      refuse(*name, error);
      return NULL;
    }
    if (!is_in(found, m))
      g_ptr_array_add(found, (gpointer)m);
  }
  if (found->len == 0 && !none) {
    refuse(list, error);
    return NULL;
  }
  g_ptr_array_add(found, NULL);
  return (const SgMetric **)g_ptr_array_free(g_steal_pointer(&found), FALSE);
}

/* ---- tags ------------------------------------------------------------------------------------ */

const SgMetric *
sg_metric_of_tag(const char *tag)
{
  return g_str_has_prefix(tag, TAGS) ? sg_metric_find(tag + strlen(TAGS)) : NULL;
}

/* The row itself, or a variant of it. */
static gboolean
is_row(const SgMetric *m, const SgMetric *row)
{
  return m && (m == row || m->row == row);
}

const char *
sg_metric_judge(char *const *tags)
{
  const char *theirs = NULL;

  for (guint k = 0; sg_metric_table[k]; k++)
    for (guint i = 0; tags[i]; i++)
      if (is_row(sg_metric_of_tag(tags[i]), sg_metric_table[k]))
        return tags[i];
  for (guint i = 0; tags[i] && !theirs; i++)
    if (g_str_has_prefix(tags[i], TAGS) && begins(tags[i] + strlen(TAGS), "fid"))
      theirs = tags[i];
  return theirs;
}

char *
sg_metric_tag(const SgMetric *m, const SgMetricPart *part)
{
  return g_strconcat(TAGS, m->name, part ? "/" : NULL, part ? part->name : NULL, NULL);
}
