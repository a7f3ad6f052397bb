/* What people paste from other trainers' command lines: other names of options are understood, what
 * has no meaning here is said so and passed over, and what is misspelt is asked about. */
#include "app/cli/train-words.h"
#include "app/cli/cli.h"
#include "engine/learn/options.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* stylegan2-ada-pytorch's and stylegan3's train.py. */
static const struct {
  const char *theirs, *ours;
} names[] = {
    {"glr", "lr-g"},
    {"dlr", "lr-d"},
    {"cbase", "channel-base"},
    {"cmax", "channel-max"},
    {"map-depth", "mapping-layers"},
    {"mirrory", "mirror-y"},
    {"total-kimg", "kimg"},
    {"freeze-d", "freezed"},
};

/* Has nothing to say to this program. */
static const struct {
  const char *name, *why;
} idle[] = {
    {"nobench", "nothing is tried out before a training here"},
    {"nhwc", "how pictures lie in memory is decided by the device"},
    {"img-snap", "a grid of pictures comes with every snapshot (--snap)"},
};

static const char *const flags[] = {"dry-run", "mpi", "help", NULL};

/* ---- what is close --------------------------------------------------------------------------- */

/* How many letters have to be added, left out, changed or swapped (Damerau 1964). */
static guint
distance(const char *a, const char *b)
{
  guint n = (guint)strlen(a), m = (guint)strlen(b), w = m + 1;
  g_autofree guint *d = g_new0(guint, (gsize)(n + 1) * w);

  for (guint i = 0; i <= n; i++)
    for (guint j = 0; j <= m; j++) {
      guint *at = &d[i * w + j];
      if (i == 0 || j == 0) {
        *at = i + j;
        continue;
      }
      *at = MIN(MIN(d[(i - 1) * w + j], d[i * w + j - 1]) + 1,
                d[(i - 1) * w + j - 1] + (a[i - 1] != b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        *at = MIN(*at, d[(i - 2) * w + j - 2] + 1);
    }
  return d[n * w + m];
}

static void
nearer(const char *word, const char *name, const char **best, guint *least)
{
  guint d = distance(word, name);

  if (d >= *least)
    return;
  *least = d;
  *best = name;
}

/* Not further than a third of its letters. */
static const char *
closest(const char *word)
{
  guint least = MIN((guint)strlen(word) / 3, 4) + 1;
  const char *best = NULL;

  if (strlen(word) > 64)
    return NULL;
  for (guint i = 0; i < sg_train_option_count; i++)
    nearer(word, sg_train_option_table[i].name, &best, &least);
  for (guint i = 0; flags[i]; i++)
    nearer(word, flags[i], &best, &least);
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    const char *before = best;
    nearer(word, names[i].theirs, &best, &least);
    best = best != before ? names[i].ours : best;
  }
  return best;
}

/* ---- words ----------------------------------------------------------------------------------- */

typedef struct {
  GPtrArray *out;    /* of char *: the line as this program's own words */
  char **in;         /* from the word at hand on */
  char *name;        /* of the option at hand */
  const char *value; /* behind =, or NULL */
} Line;

static gboolean
is_option(const char *name)
{
  if (g_strv_contains(flags, name) || g_str_equal(name, "lr"))
    return TRUE;
  for (guint i = 0; i < sg_train_option_count; i++)
    if (g_str_equal(sg_train_option_table[i].name, name))
      return !g_str_equal(name, "label-dim");
  return FALSE;
}

/* The value of an option that is not handed on: behind =, or the next word. */
static const char *
take_value(Line *l)
{
  if (l->value)
    return l->value;
  if (l->in[1] && !g_str_has_prefix(l->in[1], "-"))
    return *++l->in;
  return "1";
}

static void
hand_on(Line *l, const char *name, const char *value)
{
  g_ptr_array_add(l->out,
                  value ? g_strdup_printf("--%s=%s", name, value) : g_strdup_printf("--%s", name));
}

static gboolean
is_true(const char *value)
{
  static const char *const words[] = {"1", "true", "yes", "on", "y", "t", NULL};
  g_autofree char *lower = g_ascii_strdown(value, -1);
  return g_strv_contains(words, lower);
}

static gboolean
take_gpus(Line *l, GError **error)
{
  const char *value = take_value(l);

  if (g_str_equal(value, "1"))
    return TRUE;
  cli_set_usage_error(
      error,
      "--gpus=%s: one process trains on one device; \"mpirun -n %s vitrine train …\" "
      "shares the batch among as many",
      value, value);
  return FALSE;
}

/* TRUE: it was one of theirs, or an error. */
static gboolean
take_theirs(Line *l, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (g_str_equal(names[i].theirs, l->name)) {
      hand_on(l, names[i].ours, l->value);
      return TRUE;
    }
  for (guint i = 0; i < G_N_ELEMENTS(idle); i++)
    if (g_str_equal(idle[i].name, l->name)) {
      take_value(l);
      fprintf(stderr, "vitrine train: --%s passed over: %s\n", l->name, idle[i].why);
      return TRUE;
    }
  if (g_str_equal(l->name, "gpus"))
    return take_gpus(l, error) || TRUE;
  if (g_str_equal(l->name, "allow-tf32")) {
    hand_on(l, "precision", is_true(take_value(l)) ? "tf32" : "fp32");
    return TRUE;
  }
  if (g_str_equal(l->name,
                  "fp32")) { /* without it theirs compute in 16 bits where that is worth it */
    if (is_true(take_value(l)))
      hand_on(l, "precision", "fp32");
    return TRUE;
  }
  return FALSE;
}

static void
ask(const char *name, GError **error)
{
  const char *near = closest(name);
  g_autofree char *shown = g_utf8_make_valid(name, -1);

  if (near)
    cli_set_usage_error(error, "there is no option --%s; did you mean --%s?", shown, near);
  else
    cli_set_usage_error(error, "there is no option --%s", shown);
}

static void
take_word(Line *l, GError **error)
{
  const char *word = *l->in, *equals = strchr(word, '=');

  if (!g_str_has_prefix(word, "--") || g_str_equal(word, "--")) {
    g_ptr_array_add(l->out, g_strdup(word));
    return;
  }
  l->name = equals ? g_strndup(word + 2, (gsize)(equals - word - 2)) : g_strdup(word + 2);
  l->value = equals ? equals + 1 : NULL;
  GError *why = NULL;
  if (is_option(l->name) || g_str_has_prefix(l->name, "help"))
    g_ptr_array_add(l->out, g_strdup(word));
  else if (!take_theirs(l, &why))
    ask(l->name, &why);
  if (why)
    g_propagate_error(error, why);
  g_clear_pointer(&l->name, g_free);
}

char **
cli_train_words(char **argv, GError **error)
{
  Line l = {g_ptr_array_new_with_free_func(g_free), argv, NULL, NULL};
  GError *why = NULL;

  for (; *l.in && !why; l.in++)
    take_word(&l, &why);
  g_ptr_array_add(l.out, NULL);
  char **out = (char **)g_ptr_array_free(l.out, FALSE);
  if (!why)
    return out;
  g_strfreev(out);
  g_propagate_error(error, why);
  return NULL;
}

/* ---- values ---------------------------------------------------------------------------------- */

gboolean
cli_train_check_preset(const char *preset, GError **error)
{
  static const char *const foreign[] = {"stylegan3-t", "stylegan3-r", NULL};

  if (!preset || !g_strv_contains(foreign, preset))
    return TRUE;
  cli_set_usage_error(error,
                      "--cfg=%s is StyleGAN3, which is not trained here: --cfg=stylegan2 is "
                      "nearest",
                      preset);
  return FALSE;
}

gboolean
cli_train_is_download(const char *resume)
{
  static const char *const known[] = {"ffhq256",     "ffhq512",    "ffhq1024",
                                      "celebahq256", "lsundog256", NULL};
  return g_strv_contains(known, resume) || g_str_has_prefix(resume, "http://") ||
         g_str_has_prefix(resume, "https://");
}
