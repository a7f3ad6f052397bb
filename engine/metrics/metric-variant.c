#include "engine/metrics/metric-variant.h"
#include <string.h>
#include "engine/perceptual/fit-picture.h"

#define MAX_COUNT      1000000
#define MAX_NEIGHBOURS 100

/* A whole number at *p, at most `most`; *p goes behind it. 0: there is none. */
static int
take_number(const char **p, int most)
{
  gint64 n = 0;

  for (; g_ascii_isdigit(**p); (*p)++)
    n = MIN(n * 10 + (**p - '0'), (gint64)most + 1);
  return n > most ? 0 : (int)n;
}

/* "2k", "2k3" (of those that look at neighbours), "500": FALSE if it is a number that is none. */
static gboolean
take_count(SgMetric *m, const char **p)
{
  if (!g_ascii_isdigit(**p) || m->whole_name)
    return TRUE;
  m->count = take_number(p, MAX_COUNT);
  if (**p == 'k' || **p == 'K') {
    (*p)++;
    m->count = m->count <= MAX_COUNT / 1000 ? m->count * 1000 : 0;
    if (m->neighbours > 0 && g_ascii_isdigit(**p))
      m->neighbours = take_number(p, MAX_NEIGHBOURS);
  }
  return m->count >= m->min_images && (!m->row->neighbours || m->neighbours > 0);
}

/* What paths there are. */
static const struct {
  const char *word;
  SgPathKind kind;
} paths[] = {{"_wend", {FALSE, FALSE}},
             {"_wfull", {FALSE, TRUE}},
             {"_zend", {TRUE, FALSE}},
             {"_zfull", {TRUE, TRUE}}};

/* "-clean": off the ending, which is a copy, and into the metric. */
static void
take_mode(SgMetric *m, char *ending)
{
  char *dash = m->by_mode ? strrchr(ending, '-') : NULL;
  SgFitMode mode;

  if (!dash || !sg_fit_parse(dash + 1, &mode))
    return;
  g_autofree char *source = g_strconcat(m->row->source, "-", sg_fit_name(mode), NULL);
  m->mode = sg_fit_name(mode);
  m->source = g_intern_string(source);
  *dash = '\0';
}

static gboolean
take_ending(SgMetric *m, const char *text)
{
  g_autofree char *ending = g_strdup(text);

  take_mode(m, ending);
  if (!*ending)
    return TRUE;
  if ((m->needs & SG_METRIC_NEEDS_REALS) && g_ascii_strcasecmp(ending, "_full") == 0)
    return m->full = TRUE;
  for (guint i = 0; m->judge_paths && i < G_N_ELEMENTS(paths); i++)
    if (g_ascii_strcasecmp(ending, paths[i].word) == 0) {
      m->path = paths[i].kind;
      return TRUE;
    }
  return FALSE;
}

/* What follows `row`'s name in `name` says something about it. */
static SgMetric *
read_name(const SgMetric *row, const char *name)
{
  const char *p = name + strlen(row->name);
  g_autofree SgMetric *m = g_memdup2(row, sizeof *row);

  m->row = row;
  m->name = g_ascii_strdown(name, -1);
  if (take_count(m, &p) && take_ending(m, p))
    return g_steal_pointer(&m);
  g_free((char *)m->name);
  return NULL;
}

/* What the row with the longest name says that the name can be of. */
static SgMetric *
read_any(const char *name)
{
  SgMetric *found = NULL;

  for (guint i = 0; sg_metric_table[i]; i++) {
    const SgMetric *m = sg_metric_table[i];
    if (!m->source || g_ascii_strncasecmp(name, m->name, strlen(m->name)) != 0 ||
        (found && strlen(m->name) < strlen(found->row->name)))
      continue;
    SgMetric *read = read_name(m, name);
    if (!read)
      continue;
    if (found)
      g_free((char *)found->name);
    g_free(found);
    found = read;
  }
  return found;
}

const SgMetric *
sg_metric_variant(const char *name)
{
  static GMutex lock;
  static GHashTable *known;
  g_autofree SgMetric *read = strlen(name) < 64 ? read_any(name) : NULL;

  if (!read)
    return NULL;
  g_mutex_lock(&lock);
  if (!known)
    known = g_hash_table_new(g_str_hash, g_str_equal);
  const SgMetric *m = g_hash_table_lookup(known, read->name);
  if (!m)
    g_hash_table_insert(known, (gpointer)read->name, (gpointer)(m = read));
  if (m == read)
    read = NULL;
  else
    g_free((char *)read->name);
  g_mutex_unlock(&lock);
  return m;
}
