/* CelebA's list_attr_celeba.txt: a count, the names of the attributes, then a line for each picture
 * with -1 or 1 for each. The .csv that goes around has commas, no count, and a column name
 * first. */
#include "engine/formats/format-error.h"
#include "engine/data/dataset-private.h"
#include <string.h>

typedef struct {
  const char *at, *end;
  guint line;
} Lines;

/* The words of the next line that has any, NULL at the end. Commas are spaces. */
static char **
next_line(Lines *l)
{
  while (l->at < l->end) {
    const char *stop = memchr(l->at, '\n', (gsize)(l->end - l->at));
    if (!stop)
      stop = l->end;
    g_autofree char *text = g_strndup(l->at, (gsize)(stop - l->at));
    l->at = stop < l->end ? stop + 1 : stop;
    l->line++;
    GPtrArray *words = g_ptr_array_new();
    char *save = NULL;
    for (char *w = strtok_r(text, ", \t\r", &save); w; w = strtok_r(NULL, ", \t\r", &save))
      g_ptr_array_add(words, g_strdup(w));
    gboolean empty = words->len == 0;
    g_ptr_array_add(words, NULL);
    char **found = (char **)g_ptr_array_free(words, FALSE);
    if (!empty)
      return found;
    g_strfreev(found);
  }
  return NULL;
}

static gboolean
parse_row(SgLabels *l, GArray *values, char **words, guint line, GError **error)
{
  guint n = g_strv_length(words);

  if (n != l->dim + 1)
    return sg_broken(error, "line %u: expected a file and %u attributes, found %u words", line,
                     l->dim, n);
  for (guint k = 1; k < n; k++) {
    gboolean set = g_str_equal(words[k], "1");
    if (!set && !g_str_equal(words[k], "-1") && !g_str_equal(words[k], "0"))
      return sg_broken(error, "line %u: expected -1 or 1 for %s, found “%s”", line, l->names[k - 1],
                       words[k]);
    float v = set ? 1 : 0;
    g_array_append_val(values, v);
  }
  g_hash_table_insert(l->rows, g_strdup(words[0]), GINT_TO_POINTER((int)++l->n));
  return TRUE;
}

/* The line of names; skips a count before it, drops the .csv's name for its first column. */
static gboolean
parse_names(SgLabels *l, Lines *lines, GError **error)
{
  g_auto(GStrv) words = next_line(lines);

  if (words && g_strv_length(words) == 1 && g_ascii_isdigit(words[0][0])) {
    g_strfreev(words);
    words = next_line(lines);
  }
  if (!words)
    return sg_broken(error, "expected the names of the attributes, found the end of the file");
  guint skip = g_str_equal(words[0], "image_id");
  l->names = g_strdupv(words + skip);
  l->dim = g_strv_length(l->names);
  if (l->dim == 0 || l->dim > SG_LABELS_MAX_DIM)
    return sg_broken(error, "expected 1 to %d names of attributes, found %u", SG_LABELS_MAX_DIM,
                     l->dim);
  return TRUE;
}

SgLabels *
sg_labels_parse_celeba(const char *text, gsize size, GError **error)
{
  g_autoptr(SgLabels) l = sg_labels_new();
  g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(float));
  Lines lines = {.at = text, .end = text + size};
  char **words;

  l->by_base = TRUE;
  if (memchr(text, '\0', size)) {
    sg_broken(error, "expected a text file, found binary data");
    return NULL;
  }
  if (!parse_names(l, &lines, error))
    return NULL;
  while ((words = next_line(&lines))) {
    gboolean ok = parse_row(l, values, words, lines.line, error);
    g_strfreev(words);
    if (!ok)
      return NULL;
  }
  l->values = (float *)g_array_free(g_steal_pointer(&values), FALSE);
  return g_steal_pointer(&l);
}
