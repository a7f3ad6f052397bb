/* What all commands share: usage and errors, numbers as people type them, models, JSON,
 * progress. */
#include "app/cli/cli.h"
#include "engine/base/visible.h"
#include <jansson.h>
#include "engine/runs/run-network.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

GQuark
cli_usage_error_quark(void)
{
  return g_quark_from_static_string("vitrine-cli-usage");
}

void
cli_set_usage_error(GError **error, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error_literal(error, CLI_USAGE_ERROR, 0, text);
}

/* Kept until the program ends, as a name is; there are few. */
static const char *
keep(char *text)
{
  const char *kept = g_intern_string(text);
  g_free(text);
  return kept;
}

const char *
cli_name(const char *path)
{
  return keep(sg_visible(path));
}

const char *
cli_json_name(const char *path)
{
  return g_utf8_validate(path, -1, NULL) ? path : keep(sg_valid(path));
}

int
cli_finish(const char *command, GError *error)
{
  int status;

  if (!error)
    return 0;
  /* A program that reads our errors counts on one line. */
  g_strdelimit(error->message, "\r\n", ' ');
  g_autofree char *message = sg_visible(error->message);
  fprintf(stderr, "vitrine %s: %s", command, message);
  status = error->domain == CLI_USAGE_ERROR ? 2 : 1;
  if (status == 2)
    fprintf(stderr, " (\"vitrine %s --help\" explains)", command);
  fputc('\n', stderr);
  g_error_free(error);
  return status;
}

/* Ours rather than GOption's own --help: that one would put the command's name nowhere. */
static void
print_help(GOptionContext *context)
{
  g_autofree char *text = g_option_context_get_help(context, FALSE, NULL);
  fputs(text, stdout);
}

/* ---- numbers --------------------------------------------------------------------------------- */

gboolean
cli_parse_number(const char *option, const char *text, double min, double max, double *value,
                 GError **error)
{
  char *end;
  double v = g_ascii_strtod(text, &end);

  if (end != text && *end == '\0' && v >= min && v <= max) { /* NaN is not */
    *value = v;
    return TRUE;
  }
  cli_set_usage_error(error, "--%s: expected a number from %.9g to %.9g, found \"%s\"", option, min,
                      max, text);
  return FALSE;
}

gboolean
cli_parse_int(const char *option, const char *text, gint64 min, gint64 max, gint64 *value,
              GError **error)
{
  if (g_ascii_string_to_signed(text + (*text == '+'), 10, min, max, value, NULL))
    return TRUE;
  cli_set_usage_error(error,
                      "--%s: expected a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                      ", found \"%s\"",
                      option, min, max, text);
  return FALSE;
}

gboolean
cli_parse_class(const char *text, const SgModelInfo *info, int *label, GError **error)
{
  gint64 v = -1;

  if (info->c_dim == 0) {
    cli_set_usage_error(error, "--class: this model has no classes");
    return FALSE;
  }
  if (g_ascii_strcasecmp(text, "none") != 0 &&
      !g_ascii_string_to_signed(text, 10, 0, info->c_dim - 1, &v, NULL)) {
    cli_set_usage_error(error,
                        "--class: this model has classes: expected 0 to %d or none, found \"%s\"",
                        info->c_dim - 1, text);
    return FALSE;
  }
  *label = (int)v;
  return TRUE;
}

static gboolean
is_number(const GOptionEntry *e)
{
  return e->arg == G_OPTION_ARG_INT || e->arg == G_OPTION_ARG_INT64 ||
         e->arg == G_OPTION_ARG_DOUBLE;
}

/* GOption takes nan, inf and 0x1p3, and knows no range: numbers are read as text and looked at
 * here. A copy of `entries` whose numbers are texts, one slot of `texts` each. */
static GOptionEntry *
numbers_as_text(const GOptionEntry *entries, char ***texts)
{
  gsize n = 0;
  GOptionEntry *copy;

  while (entries[n].long_name)
    n++;
  copy = g_memdup2(entries, sizeof *entries * (n + 1));
  *texts = g_new0(char *, n + 1);
  for (gsize i = 0; i < n; i++)
    if (is_number(&entries[i])) {
      copy[i].arg = G_OPTION_ARG_STRING;
      copy[i].arg_data = &(*texts)[i];
    }
  return copy;
}

static const CliRange *
range_of(const CliHelp *help, const char *option)
{
  for (const CliRange *r = help->ranges; r && r->option; r++)
    if (g_str_equal(r->option, option))
      return r;
  return NULL;
}

static gboolean
read_number(const GOptionEntry *e, const CliRange *range, const char *text, GError **error)
{
  gint64 v;

  if (e->arg == G_OPTION_ARG_DOUBLE)
    return cli_parse_number(e->long_name, text, range ? range->min : -CLI_NUMBER_MAX,
                            range ? range->max : CLI_NUMBER_MAX, e->arg_data, error);
  gint64 least = e->arg == G_OPTION_ARG_INT ? G_MININT : G_MININT64;
  gint64 most = e->arg == G_OPTION_ARG_INT ? G_MAXINT : G_MAXINT64;
  if (!cli_parse_int(e->long_name, text, range ? (gint64)range->min : least,
                     range ? (gint64)range->max : most, &v, error))
    return FALSE;
  if (e->arg == G_OPTION_ARG_INT)
    *(int *)e->arg_data = (int)v;
  else
    *(gint64 *)e->arg_data = v;
  return TRUE;
}

static gboolean
read_numbers(const GOptionEntry *entries, const CliHelp *help, char **texts, GError **error)
{
  for (gsize i = 0; entries[i].long_name; i++)
    if (texts[i] &&
        !read_number(&entries[i], range_of(help, entries[i].long_name), texts[i], error))
      return FALSE;
  return TRUE;
}

/* GOption leaves the "--" that ends the options where it was. */
static void
drop_dashes(int *argc, char **argv)
{
  if (*argc > 1 && g_str_equal(argv[1], "--")) {
    for (int i = 1; i < *argc; i++)
      argv[i] = argv[i + 1];
    (*argc)--;
  }
}

/* GOption does not say which text was none. */
static void
set_parse_error(int argc, char **argv, const GError *inner, GError **error)
{
  for (int i = 1; inner->domain == G_CONVERT_ERROR && i < argc; i++)
    if (!g_utf8_validate(argv[i], -1, NULL)) {
      cli_set_usage_error(error, "%s: this is no text in UTF-8", argv[i]);
      return;
    }
  cli_set_usage_error(error, "%s", inner->message);
}

gboolean
cli_parse(int *argc, char ***argv, const GOptionEntry *entries, const CliHelp *help, GError **error)
{
  gboolean wants_help = FALSE;
  const GOptionEntry own[] = {
      {"help", 'h', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &wants_help, NULL, NULL}, {NULL}};
  g_autofree char *prgname = g_strconcat("vitrine ", (*argv)[0], NULL);
  g_autoptr(GOptionContext) context = g_option_context_new(help->parameters);
  char **texts;
  g_autofree GOptionEntry *read = numbers_as_text(entries, &texts);
  GError *inner = NULL;

  g_set_prgname(prgname);
  g_option_context_set_help_enabled(context, FALSE);
  g_option_context_set_summary(context, help->summary);
  g_option_context_set_description(context, help->details);
  g_option_context_add_main_entries(context, read, NULL);
  if (help->recipe)
    g_option_context_add_main_entries(context, (GOptionEntry *)help->recipe->entries->data, NULL);
  g_option_context_add_main_entries(context, own, NULL);
  for (GOptionGroup **group = help->groups; group && *group; group++)
    g_option_context_add_group(context, *group);
  gboolean ok = cli_resolve_class(*argc, *argv, error);
  if (ok && !(ok = g_option_context_parse(context, argc, argv, &inner)))
    set_parse_error(*argc, *argv, inner, error);
  if (ok && wants_help)
    print_help(context);
  else if (ok)
    ok = read_numbers(entries, help, texts, error);
  g_clear_error(&inner);
  for (gsize i = 0; entries[i].long_name; i++)
    g_free(texts[i]);
  g_free(texts);
  if (ok && wants_help)
    exit(cli_answered((*argv)[0], 0));
  drop_dashes(argc, *argv);
  return ok;
}

SgModel *
cli_load_model(const char *path, GError **error)
{
  g_autofree char *file = sg_run_network(path, error);
  SgModel *m = file ? sg_model_load(file, error) : NULL;

  for (guint i = 0; m && i < m->warnings->len; i++) {
    g_autofree char *warning = sg_visible(m->warnings->pdata[i]), *name = sg_visible(file);
    fprintf(stderr, "%s: %s: %s\n", g_get_prgname(), name, warning);
  }
  return m;
}

/* ---- seeds ----------------------------------------------------------------------------------- */

static gboolean
parse_seed(const char **p, guint32 *seed)
{
  char *end;

  if (!g_ascii_isdigit(**p))
    return FALSE;
  guint64 v = g_ascii_strtoull(*p, &end, 10);
  *p = end;
  *seed = (guint32)v;
  return v <= G_MAXUINT32;
}

static gboolean
append_range(GArray *seeds, const char *option, const char *part, GError **error)
{
  const char *p = part;
  guint32 first, last;

  if (!parse_seed(&p, &first))
    goto bad;
  last = first;
  if (*p == '-') {
    p++;
    if (!parse_seed(&p, &last))
      goto bad;
  }
  if (*p)
    goto bad;
  if (last < first) {
    cli_set_usage_error(error, "--%s: the range \"%s\" runs backwards", option, part);
    return FALSE;
  }
  if ((guint64)last - first + seeds->len >= CLI_MAX_SEEDS) {
    cli_set_usage_error(error, "--%s: more than %d numbers at once", option, CLI_MAX_SEEDS);
    return FALSE;
  }
  for (guint64 s = first; s <= last; s++) {
    guint32 seed = (guint32)s;
    g_array_append_val(seeds, seed);
  }
  return TRUE;
bad:
  cli_set_usage_error(error,
                      "--%s: expected numbers from 0 to 4294967295 like \"0-3,7\", found \"%s\"",
                      option, part);
  return FALSE;
}

GArray *
cli_parse_seeds(const char *text, GError **error)
{
  return cli_parse_numbers("seeds", text, error);
}

GArray *
cli_parse_numbers(const char *option, const char *text, GError **error)
{
  g_auto(GStrv) parts = g_strsplit(text, ",", -1);
  g_autoptr(GArray) seeds = g_array_new(FALSE, FALSE, sizeof(guint32));

  for (char **part = parts; *part; part++)
    if (!append_range(seeds, option, g_strstrip(*part), error))
      return NULL;
  if (seeds->len == 0) {
    cli_set_usage_error(error, "--%s is empty; give numbers like \"0-3,7\"", option);
    return NULL;
  }
  return g_steal_pointer(&seeds);
}

int
cli_answered(const char *command, int status)
{
  if (fflush(stdout) == 0 && !ferror(stdout))
    return status;
  if (status == 0)
    fprintf(stderr, "vitrine %s: standard output cannot be written\n", command);
  return status ? status : 1;
}

void
cli_print_json(json_t *root)
{
  char *text = json_dumps(root, JSON_INDENT(2));

  puts(text);
  free(text);
  json_decref(root);
}

#define TERMINAL_INTERVAL (G_USEC_PER_SEC / 5)
#define LOG_INTERVAL      (5 * G_USEC_PER_SEC)

void
cli_progress_begin(CliProgress *p, const char *what, gsize total)
{
  p->what = what;
  p->total = total;
  p->terminal = isatty(STDERR_FILENO);
  p->shown = FALSE;
  p->started = g_get_monotonic_time();
  /* The first line of a log after one second, of a terminal after a fifth. */
  p->last = p->terminal ? p->started : p->started - LOG_INTERVAL + G_USEC_PER_SEC;
}

void
cli_progress_update(CliProgress *p, gsize done)
{
  gint64 now = g_get_monotonic_time();

  if (now - p->last < (p->terminal ? TERMINAL_INTERVAL : LOG_INTERVAL) || done >= p->total)
    return;
  p->last = now;
  p->shown = TRUE;
  double left = done ? (now - p->started) / 1e6 / done * (p->total - done) : 0;
  fprintf(stderr, "%s%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " %s, %.0f s left%s",
          p->terminal ? "\r\033[K" : "", done, p->total, p->what, left, p->terminal ? "" : "\n");
  fflush(stderr);
}

void
cli_progress_end(CliProgress *p)
{
  if (p->shown && p->terminal)
    fputs("\r\033[K", stderr);
  p->shown = FALSE;
}
