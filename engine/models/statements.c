#include "engine/models/statements.h"
#include "engine/formats/format-error.h"
#include "engine/models/importer.h"
#include <math.h>
#include <string.h>

#define MAX_WARNINGS 5

static gboolean
number(const char *text, double *value)
{
  char *end;
  *value = g_ascii_strtod(text, &end);
  return end > text && !*end;
}

gboolean
sg_statement_equals(const char *value, const char *expected)
{
  double a, b;
  if (strcmp(value, expected) == 0)
    return TRUE;
  /* Gains are rounded to float on their way. */
  return number(value, &a) && number(expected, &b) && fabs(a - b) <= 1e-5 * fabs(b);
}

gboolean
sg_statement_refuse(const SgStatementContext *c, const char *value, const char *expected,
                    GError **error)
{
  return sg_unsupported(error,
                        "it states “%s” for %s, where Vitrine computes with “%s”: its pictures "
                        "would be wrong",
                        value, c->path, expected);
}

gboolean
sg_statement_expect(const SgStatementContext *c, const char *value, double expected, GError **error)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd(text, sizeof text, "%.9g", expected);
  return sg_statement_equals(value, text) || sg_statement_refuse(c, value, text, error);
}

gboolean
sg_statement_check_mapping(SgStatementContext *c, const char *value, GError **error)
{
  return g_str_equal(c->network, "D.") ||
         sg_statement_expect(c, value, c->model->info.mapping_layers, error);
}

void
sg_statement_know_class(SgStatementContext *c, const char *value, const char *const *known, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (strcmp(known[i], value) == 0)
      return;
  sg_model_warn(c->model,
                "%s is “%s”, which Vitrine does not know and takes for its author's usual one: if "
                "it computes otherwise, pictures differ",
                c->path, value);
}

static const SgStatement *
find(const SgStatement *table, const char *layer, const char *key)
{
  for (; table->key; table++)
    if (g_pattern_match_simple(table->key, key) && g_pattern_match_simple(table->layer, layer))
      return table;
  return NULL;
}

static gboolean
check(const SgStatement *table, SgStatementContext *c, const char *key, const char *value,
      GHashTable *unknown, GError **error)
{
  const SgStatement *s = find(table, c->layer, key);

  if (!s) {
    /* Nothing is stated by nothing. */
    if (strcmp(value, "None") != 0 && !g_hash_table_contains(unknown, key))
      g_hash_table_insert(unknown, g_strdup(key), g_strdup_printf("%s (%s)", c->path, value));
    return TRUE;
  }
  if (s->check)
    return s->check(c, value, error);
  return !s->expected || sg_statement_equals(value, s->expected) ||
         sg_statement_refuse(c, value, s->expected, error);
}

static void
warn_of_unknown(SgModel *m, GHashTable *unknown)
{
  g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(unknown), (GCompareFunc)strcmp);
  guint n = 0;

  for (GList *l = keys; l && n < MAX_WARNINGS; l = l->next, n++)
    sg_model_warn(m,
                  "The file states %s, which Vitrine does not know: if it matters, pictures differ "
                  "from its author's",
                  (char *)g_hash_table_lookup(unknown, l->data));
  if (g_list_length(keys) > n)
    sg_model_warn(m, "The file states %u more things that Vitrine does not know",
                  g_list_length(keys) - n);
}

/* Which table a file's attributes belong to, by what the importers read from it. */
static const SgStatement *
choose_table(const SgArchive *a)
{
  if (sg_archive_tensor(a, "g_ema.input.input") || sg_archive_tensor(a, "g.input.input"))
    return sg_statements_rosinality;
  if (sg_archive_tensor(a, "Gs.synthesis.4x4/Const/StyleMod/weight") ||
      sg_archive_tensor(a, "G.synthesis.4x4/Const/StyleMod/weight"))
    return sg_statements_stylegan;
  if (sg_archive_tensor(a, "Gs.synthesis.4x4/Const/const") ||
      sg_archive_tensor(a, "G.synthesis.4x4/Const/const"))
    return sg_statements_tensorflow;
  if (sg_archive_tensor(a, "G_ema.synthesis.b4.const") ||
      sg_archive_tensor(a, "G.synthesis.b4.const"))
    return sg_statements_nvlabs;
  return NULL; /* mystylegan: nothing but dicts of tensors is known to exist */
}

/* "G_ema.synthesis.b8.conv0.up" -> layer "synthesis.b8.conv0", key "up"; FALSE if the path is no
 * network's. Layer and key are to be freed. */
static gboolean
take_apart(SgStatementContext *c, const char *path, char **layer, char **key)
{
  static const char *const prefixes[][2] = {
      {"G_ema.", "G_ema."}, {"g_ema.", "G_ema."}, {"Gs.", "G_ema."}, {"G.", "G."},
      {"g.", "G."},         {"D.", "D."},         {"d.", "D."}};
  if (g_str_has_prefix(path, "args.")) {
    *layer = g_strdup("args");
    *key = g_strdup(strrchr(path, '.') + 1);
    c->network = "";
    c->path = path;
    return TRUE;
  }
  for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
    if (!g_str_has_prefix(path, prefixes[i][0]))
      continue;
    const char *below = path + strlen(prefixes[i][0]), *dot = strrchr(below, '.');
    *layer = dot ? g_strndup(below, (gsize)(dot - below)) : g_strdup("");
    *key = g_strdup(dot ? dot + 1 : below);
    c->network = prefixes[i][1];
    c->path = path;
    return TRUE;
  }
  return FALSE;
}

/* Our own files say what their shapes say as well. */
static gboolean
check_metadata(const SgArchive *a, const SgModel *m, GError **error)
{
  static const char *const names[] = {"skip", "orig", "resnet"};
  const SgModelInfo *i = &m->info;
  const struct {
    const char *key;
    int size;
    const char *text;
  } stated[] = {
      {"__metadata__.img_resolution", i->img_resolution, NULL},
      {"__metadata__.img_channels", i->img_channels, NULL},
      {"__metadata__.z_dim", i->z_dim, NULL},
      {"__metadata__.w_dim", i->w_dim, NULL},
      {"__metadata__.c_dim", i->c_dim, NULL},
      {"__metadata__.num_ws", i->num_ws, NULL},
      {"__metadata__.mapping_layers", i->mapping_layers, NULL},
      {"__metadata__.g_architecture", 0, names[i->g_arch]},
      {"__metadata__.d_architecture", 0, i->has_d ? names[i->d_arch] : NULL},
      {i->has_d ? "__metadata__.mbstd_num_channels" : "", i->mbstd_num_channels, NULL},
  };
  for (gsize k = 0; k < G_N_ELEMENTS(stated); k++) {
    const char *value = sg_archive_attribute(a, stated[k].key);
    g_autofree char *size = g_strdup_printf("%d", stated[k].size);
    const char *expected = g_str_has_suffix(stated[k].key, "architecture") ? stated[k].text : size;
    SgStatementContext c = {.path = stated[k].key};
    if (value && expected && !sg_statement_equals(value, expected))
      return sg_statement_refuse(&c, value, expected, error);
  }
  return TRUE;
}

gboolean
sg_check_statements(const SgArchive *a, SgModel *m, GError **error)
{
  const SgStatement *table = choose_table(a);
  g_autoptr(GHashTable) unknown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  /* In order, so that the same file always gets the same answer. */
  g_autoptr(GList) paths = g_list_sort(g_hash_table_get_keys(a->attributes), (GCompareFunc)strcmp);

  if (!table)
    return TRUE;
  if (!check_metadata(a, m, error))
    return FALSE;
  for (GList *l = paths; l; l = l->next) {
    g_autofree char *layer = NULL, *key = NULL;
    SgStatementContext c = {.model = m, .archive = a};
    if (!take_apart(&c, l->data, &layer, &key) ||
        (!c.network[0] && table != sg_statements_rosinality))
      continue;
    c.layer = layer;
    if (!check(table, &c, key, g_hash_table_lookup(a->attributes, l->data), unknown, error))
      return FALSE;
  }
  warn_of_unknown(m, unknown);
  return TRUE;
}
