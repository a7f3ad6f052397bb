/* What all commands share: usage and errors, numbers as people type them, models, JSON,
 * progress. */
#include "app/cli/cli.h"
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

char *
cli_visible(const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  GString *out = g_string_new(NULL);

  for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
    gunichar c = g_utf8_get_char(p);
    if (g_unichar_iscntrl(c))
      g_string_append_printf(out, "\\x%02x", c);
    else
      g_string_append_unichar(out, c);
  }
  return g_string_free(out, FALSE);
}

int
cli_finish(const char *command, GError *error)
{
  int status;

  if (!error)
    return 0;
  /* A program that reads our errors counts on one line. */
  g_strdelimit(error->message, "\r\n", ' ');
  g_autofree char *message = cli_visible(error->message);
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

gboolean
cli_parse(int *argc, char ***argv, const GOptionEntry *entries, const CliHelp *help, GError **error)
{
  gboolean wants_help = FALSE;
  const GOptionEntry own[] = {
      {"help", 'h', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &wants_help, NULL, NULL}, {NULL}};
  g_autofree char *prgname = g_strconcat("vitrine ", (*argv)[0], NULL);
  g_autoptr(GOptionContext) context = g_option_context_new(help->parameters);
  GError *inner = NULL;

  g_set_prgname(prgname);
  g_option_context_set_help_enabled(context, FALSE);
  g_option_context_set_summary(context, help->summary);
  g_option_context_set_description(context, help->details);
  g_option_context_add_main_entries(context, entries, NULL);
  g_option_context_add_main_entries(context, own, NULL);
  for (GOptionGroup **group = help->groups; group && *group; group++)
    g_option_context_add_group(context, *group);
  if (!cli_resolve_class(*argc, *argv, error))
    return FALSE;
  if (!g_option_context_parse(context, argc, argv, &inner)) {
    cli_set_usage_error(error, "%s", inner->message);
    g_error_free(inner);
    return FALSE;
  }
  if (wants_help) {
    print_help(context);
    exit(0);
  }
  /* GOption leaves the "--" that ends the options where it was. */
  if (*argc > 1 && g_str_equal((*argv)[1], "--")) {
    for (int i = 1; i < *argc; i++)
      (*argv)[i] = (*argv)[i + 1];
    (*argc)--;
  }
  return TRUE;
}

SgModel *
cli_load_model(const char *path, GError **error)
{
  g_autofree char *file = sg_run_network(path, error);
  SgModel *m = file ? sg_model_load(file, error) : NULL;

  for (guint i = 0; m && i < m->warnings->len; i++) {
    g_autofree char *warning = cli_visible(m->warnings->pdata[i]), *name = cli_visible(file);
    fprintf(stderr, "%s: %s: %s\n", g_get_prgname(), name, warning);
  }
  return m;
}

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
