/* CelebA's list_attr_celeba.txt: a count, the names of the attributes, then a line for each picture
 * with -1 or 1 for each. The .csv that goes around has commas, no count, and a column name
 * first. */
#include "engine/data/dataset-labels.h"
#include "engine/formats/format-error.h"
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
parse_row(SgLabels *l, float *values, guint dim, char **words, guint line, GError **error)
{
  guint n = g_strv_length(words);

  if (n != dim + 1)
    return sg_broken(error, "line %u: expected a file and %u attributes, found %u words", line, dim,
                     n);
  for (guint k = 1; k < n; k++) {
    gboolean set = g_str_equal(words[k], "1");
    if (!set && !g_str_equal(words[k], "-1") && !g_str_equal(words[k], "0"))
      return sg_broken(error, "line %u: expected -1 or 1 for %s, found “%s”", line, l->names[k - 1],
                       words[k]);
    values[k - 1] = set ? 1 : 0;
  }
  return sg_labels_add_vector(l, words[0], values, dim, error);
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
  guint dim = g_strv_length(l->names);
  if (dim == 0 || dim > SG_LABELS_MAX_DIM)
    return sg_broken(error, "expected 1 to %d names of attributes, found %u", SG_LABELS_MAX_DIM,
                     dim);
  return TRUE;
}

SgLabels *
sg_labels_parse_celeba(const char *source, const char *text, gsize size, GError **error)
{
  g_autoptr(SgLabels) l = sg_labels_new(source);
  Lines lines = {.at = text, .end = text + size};
  char **words;

  if (memchr(text, '\0', size)) {
    sg_broken(error, "expected a text file, found binary data");
    return NULL;
  }
  if (!parse_names(l, &lines, error))
    return NULL;
  guint dim = g_strv_length(l->names);
  g_autofree float *values = g_new(float, dim);
  while ((words = next_line(&lines))) {
    gboolean ok = parse_row(l, values, dim, words, lines.line, error);
    g_strfreev(words);
    if (!ok)
      return NULL;
  }
  return sg_labels_finish(l, error) ? g_steal_pointer(&l) : NULL;
}
