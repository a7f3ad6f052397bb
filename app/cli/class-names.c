/* --class=NAME: the number is found in the metadata of the model. */
#include "app/cli/cli.h"
#include "engine/models/class-names.h"
#include <string.h>

/* The value of --NAME in argv, as "--NAME=value" or in the next word; *at: the word that has it. */
static const char *
value_of(int argc, char **argv, const char *name, int *at)
{
  gsize n = strlen(name);

  for (int i = 1; i < argc && !g_str_equal(argv[i], "--"); i++) {
    if (!g_str_has_prefix(argv[i], "--") || strncmp(argv[i] + 2, name, n) != 0)
      continue;
    *at = argv[i][2 + n] == '=' ? i : i + 1;
    if (argv[i][2 + n] == '=')
      return argv[i] + 3 + n;
    if (argv[i][2 + n] == '\0' && i + 1 < argc)
      return argv[i + 1];
  }
  return NULL;
}

static gboolean
is_number(const char *text)
{
  text += *text == '-' || *text == '+';
  return *text && strspn(text, "0123456789") == strlen(text);
}

static int
find_name(char **names, const char *name)
{
  for (int k = 0; names[k]; k++)
    if (g_str_equal(names[k], name))
      return k;
  return -1;
}

gboolean
cli_resolve_class(int argc, char **argv, GError **error)
{
  int at, network_at;
  const char *name = value_of(argc, argv, "class", &at);
  const char *network = value_of(argc, argv, "network", &network_at);

  if (!name || is_number(name) || !network || g_ascii_strcasecmp(name, "none") == 0)
    return TRUE;
  g_autoptr(SgModel) model = cli_load_model(network, error);
  g_auto(GStrv) names = model ? sg_model_class_names(model) : NULL;
  int k = names ? find_name(names, name) : -1;
  if (!model)
    return FALSE;
  if (k < 0 && !names) {
    cli_set_usage_error(error, "--class: expected a number, found \"%s\"; this model %s", name,
                        model->info.c_dim > 0 ? "does not name its classes" : "has no classes");
    return FALSE;
  }
  if (k < 0) {
    g_autofree char *known = g_strjoinv(", ", names);
    cli_set_usage_error(error, "--class: expected a number or one of %s, found \"%s\"", known,
                        name);
    return FALSE;
  }
  g_autofree char *number =
      g_strdup_printf(g_str_has_prefix(argv[at], "--") ? "--class=%d" : "%d", k);
  argv[at] = (char *)g_intern_string(number); /* lives as long as argv */
  return TRUE;
}
