#include "engine/data/dataset-labels.h"
#include "engine/formats/format-error.h"
#include <math.h>
#include <string.h>

typedef enum { LABEL_NONE, LABEL_NUMBER, LABEL_TEXT, LABEL_VECTOR } LabelKind;

struct _SgLabelEntry {
  char *key; /* the picture's name as sg_labels_match() compares it */
  char *text;
  double number;
  LabelKind kind;
};

static void
clear_entry(gpointer entry)
{
  g_free(((SgLabelEntry *)entry)->key);
  g_free(((SgLabelEntry *)entry)->text);
}

static SgLabelEntry *
entry_at(const SgLabels *l, guint row)
{
  return &g_array_index(l->entries, SgLabelEntry, row);
}

SgLabels *
sg_labels_new(const char *source)
{
  SgLabels *l = g_new0(SgLabels, 1);

  l->source = g_strdup(source);
  l->prefix = g_strdup("");
  l->entries = g_array_new(FALSE, FALSE, sizeof(SgLabelEntry));
  g_array_set_clear_func(l->entries, clear_entry);
  l->vectors = g_array_new(FALSE, FALSE, sizeof(float));
  return l;
}

void
sg_labels_free(SgLabels *l)
{
  if (!l)
    return;
  g_array_unref(l->entries);
  g_array_unref(l->vectors);
  g_strfreev(l->names);
  g_free(l->classes);
  g_free(l->values);
  g_free(l->prefix);
  g_free(l->left_out);
  g_free(l->source);
  g_free(l);
}

/* ---- adding ---------------------------------------------------------------------------------- */

/* One way to write a name: slashes lean one way, no empty part and no "." in it. In place. */
static char *
normalise(char *name)
{
  char *to = name;

  for (const char *from = name; *from;) {
    gsize n = strcspn(from, "/\\");
    gboolean keep = n > 0 && !(n == 1 && from[0] == '.');
    if (keep) {
      if (to != name)
        *to++ = '/';
      memmove(to, from, n);
      to += n;
    }
    from += n;
    from += *from != '\0';
  }
  *to = '\0';
  return name;
}

static gboolean
add(SgLabels *l, const char *name, LabelKind kind, double number, const char *text, GError **error)
{
  const SgLabelEntry e = {
      .key = normalise(g_strdup(name)), .kind = kind, .number = number, .text = g_strdup(text)};

  g_array_append_val(l->entries, e);
  l->n++;
  return e.key[0] || sg_broken(error, "expected the name of a picture, found “%s”", name);
}

gboolean
sg_labels_add_number(SgLabels *l, const char *name, double label, GError **error)
{
  if (label != floor(label))
    return sg_broken(error, "%s: expected a class number, found %g, which has a fraction", name,
                     label);
  if (label < 0 || label >= SG_LABELS_MAX_DIM)
    return sg_unsupported(error, "%s: expected a class from 0 to %d, found %.0f", name,
                          SG_LABELS_MAX_DIM - 1, label);
  return add(l, name, LABEL_NUMBER, label, NULL, error);
}

gboolean
sg_labels_add_text(SgLabels *l, const char *name, const char *label, GError **error)
{
  g_autofree char *text = g_strstrip(g_strdup(label));

  return *text ? add(l, name, LABEL_TEXT, 0, text, error) : sg_labels_add_none(l, name, error);
}

gboolean
sg_labels_add_vector(SgLabels *l, const char *name, const float *label, gsize dim, GError **error)
{
  if (l->vector_dim == 0 && (dim == 0 || dim > SG_LABELS_MAX_DIM))
    return sg_unsupported(error, "%s: expected a list of 1 to %d numbers, found one of %zu", name,
                          SG_LABELS_MAX_DIM, dim);
  if (l->vector_dim == 0)
    l->vector_dim = (guint)dim;
  if (dim != l->vector_dim)
    return sg_broken(error, "%s: expected a list of %u numbers like the others, found one of %zu",
                     name, l->vector_dim, dim);
  if (l->vectors->len > G_MAXUINT / 2 - dim)
    return sg_unsupported(error, "%s: the labels before it already have %u numbers", name,
                          l->vectors->len);
  g_array_append_vals(l->vectors, label, (guint)dim);
  return add(l, name, LABEL_VECTOR, l->vectors->len - dim, NULL, error);
}

gboolean
sg_labels_add_none(SgLabels *l, const char *name, GError **error)
{
  return add(l, name, LABEL_NONE, 0, NULL, error);
}

/* ---- what they are --------------------------------------------------------------------------- */

/* "7", also "7.0" as spreadsheets write it. */
static gboolean
number_of_text(const char *text, double *number)
{
  gsize digits = strspn(text, "0123456789");
  const char *rest = text + digits;

  if (digits == 0 || digits > 9)
    return FALSE;
  if (*rest == '.')
    rest += 1 + strspn(rest + 1, "0");
  *number = g_ascii_strtod(text, NULL);
  return *rest == '\0';
}

static gboolean
check_kinds(const SgLabels *l, gboolean *vectors, gboolean *texts, GError **error)
{
  const SgLabelEntry *first = NULL;
  double number;

  *texts = FALSE;
  for (guint i = 0; i < l->n; i++) {
    const SgLabelEntry *e = entry_at(l, i);
    if (e->kind == LABEL_NONE)
      continue;
    first = first ? first : e;
    if ((e->kind == LABEL_VECTOR) != (first->kind == LABEL_VECTOR))
      return sg_broken(error, "%s: expected %s like the others, found %s", e->key,
                       first->kind == LABEL_VECTOR ? "a list of numbers" : "a class",
                       e->kind == LABEL_VECTOR ? "a list of numbers" : "a class");
    *texts |= e->kind == LABEL_TEXT && !number_of_text(e->text, &number);
  }
  *vectors = first && first->kind == LABEL_VECTOR;
  return first || sg_unsupported(error, "expected labels for the pictures, found none");
}

static int
compare_texts(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Numbers among the texts are names, too. */
static void
numbers_to_texts(SgLabels *l)
{
  for (guint i = 0; i < l->n; i++) {
    SgLabelEntry *e = entry_at(l, i);
    if (e->kind == LABEL_NUMBER)
      e->text = g_strdup_printf("%.0f", e->number);
  }
}

static gboolean
name_classes(SgLabels *l, GError **error)
{
  g_autoptr(GHashTable) numbers = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GPtrArray) names = g_ptr_array_new();

  numbers_to_texts(l);
  for (guint i = 0; i < l->n; i++) {
    char *text = entry_at(l, i)->text;
    if (text && g_hash_table_add(numbers, text))
      g_ptr_array_add(names, text);
  }
  if (names->len > SG_LABELS_MAX_DIM)
    return sg_unsupported(error, "expected at most %d classes, found %u names of classes",
                          SG_LABELS_MAX_DIM, names->len);
  g_ptr_array_sort(names, compare_texts);
  l->dim = names->len;
  l->names = g_new0(char *, l->dim + 1);
  for (guint k = 0; k < l->dim; k++) {
    l->names[k] = g_utf8_make_valid(names->pdata[k], -1);
    g_hash_table_insert(numbers, names->pdata[k], GUINT_TO_POINTER(k));
  }
  for (guint i = 0; i < l->n; i++)
    if (entry_at(l, i)->text)
      l->classes[i] = GPOINTER_TO_UINT(g_hash_table_lookup(numbers, entry_at(l, i)->text));
  return TRUE;
}

static gboolean
number_classes(SgLabels *l, GError **error)
{
  for (guint i = 0; i < l->n; i++) {
    SgLabelEntry *e = entry_at(l, i);
    double number = e->number;
    if (e->kind == LABEL_TEXT && number_of_text(e->text, &number) && number >= SG_LABELS_MAX_DIM)
      return sg_unsupported(error, "%s: expected a class from 0 to %d, found %s", e->key,
                            SG_LABELS_MAX_DIM - 1, e->text);
    l->classes[i] = (guint32)number;
    if (e->kind != LABEL_NONE)
      l->dim = MAX(l->dim, l->classes[i] + 1);
  }
  return TRUE;
}

static gboolean
spread_vectors(SgLabels *l, GError **error)
{
  l->dim = l->vector_dim;
  l->values = g_try_malloc0_n(l->n, l->dim * sizeof(float));
  if (!l->values)
    return sg_no_memory(error, "for the labels");
  for (guint i = 0; i < l->n; i++)
    if (entry_at(l, i)->kind == LABEL_VECTOR)
      memcpy(l->values + (gsize)i * l->dim,
             &g_array_index(l->vectors, float, (guint)entry_at(l, i)->number),
             l->dim * sizeof(float));
  g_array_set_size(l->vectors, 0);
  return TRUE;
}

gboolean
sg_labels_finish(SgLabels *l, GError **error)
{
  gboolean vectors, texts;

  if (!check_kinds(l, &vectors, &texts, error))
    return FALSE;
  if (vectors)
    return spread_vectors(l, error);
  l->one_hot = TRUE;
  l->classes = g_try_new0(guint32, l->n);
  if (!l->classes)
    return sg_no_memory(error, "for the labels");
  return texts ? name_classes(l, error) : number_classes(l, error);
}

/* ---- which picture an entry means ------------------------------------------------------------ */

/* What a table holds: keys as they are, or every end of them that begins after a slash; the same
 * without extensions. Each is tried for the pictures that the one before has left. */
typedef enum { BY_KEY = 0, BY_END = 1, WITHOUT_EXTENSION = 2 } IndexKind;

/* Texts are borrowed: an end is a pointer into its whole. */
typedef struct {
  IndexKind kind;
  GHashTable *rows; /* text -> row + 1; 0: several rows */
  GPtrArray *owned; /* texts that are no entry's key */
} Index;

/* Names with more folders than this are not taken apart further. */
#define MAX_ENDS 16

static gboolean
same_label(const SgLabels *l, guint a, guint b)
{
  const SgLabelEntry *x = entry_at(l, a), *y = entry_at(l, b);

  if (x->kind == LABEL_NONE || y->kind == LABEL_NONE)
    return x->kind == y->kind;
  return l->one_hot ? l->classes[a] == l->classes[b]
                    : memcmp(l->values + (gsize)a * l->dim, l->values + (gsize)b * l->dim,
                             l->dim * sizeof(float)) == 0;
}

static char *
without_extension(const char *name)
{
  const char *dot = strrchr(name, '.'), *slash = strrchr(name, '/');
  return dot && dot > (slash ? slash + 1 : name) ? g_strndup(name, (gsize)(dot - name))
                                                 : g_strdup(name);
}

/* Of the same name the later entry counts; where only a part is the same, none does unless they
 * agree. */
static void
index_text(Index *index, const SgLabels *l, char *text, guint row)
{
  gpointer known = NULL;
  gboolean there = g_hash_table_lookup_extended(index->rows, text, NULL, &known);
  gboolean several = index->kind != BY_KEY && there &&
                     (!known || !same_label(l, GPOINTER_TO_UINT(known) - 1, row));

  g_hash_table_insert(index->rows, text, GUINT_TO_POINTER(several ? 0 : row + 1));
}

static const char *
next_end(const char *text)
{
  const char *slash = strchr(text, '/');
  return slash ? slash + 1 : NULL;
}

static void
index_init(Index *index, const SgLabels *l, IndexKind kind)
{
  index->kind = kind;
  index->rows = g_hash_table_new(g_str_hash, g_str_equal);
  index->owned = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < l->n; i++) {
    char *key = entry_at(l, i)->key;
    if (kind & WITHOUT_EXTENSION)
      g_ptr_array_add(index->owned, key = without_extension(key));
    const char *end = kind & BY_END ? next_end(key) : key;
    for (int k = 0; end && k < MAX_ENDS; k++, end = kind & BY_END ? next_end(end) : NULL)
      index_text(index, l, (char *)end, i);
  }
}

static void
index_clear(Index *index)
{
  g_hash_table_unref(index->rows);
  g_ptr_array_unref(index->owned);
}

/* A key may be the picture's name below the list's folder, its whole name, or an end of that. The
 * end of a key may only be one of the first two, or both would have lost the folders in which they
 * differ. */
static int
look_up(const Index *index, const char *name, const char *inside)
{
  gpointer found = NULL;
  gboolean there = g_hash_table_lookup_extended(index->rows, inside, NULL, &found) ||
                   g_hash_table_lookup_extended(index->rows, name, NULL, &found);
  const char *end = index->kind & BY_END ? NULL : next_end(name);

  for (int k = 0; !there && end && k < MAX_ENDS; k++, end = next_end(end))
    there = g_hash_table_lookup_extended(index->rows, end, NULL, &found);
  if (!there)
    return SG_LABEL_MISSING;
  return found ? (int)GPOINTER_TO_UINT(found) - 1 : SG_LABEL_AMBIGUOUS;
}

static int
match_one(const SgLabels *l, const Index *index, const char *picture)
{
  g_autofree char *plain = normalise(g_strdup(picture));
  g_autofree char *name =
      index->kind & WITHOUT_EXTENSION ? without_extension(plain) : g_steal_pointer(&plain);

  return look_up(index, name, g_str_has_prefix(name, l->prefix) ? name + strlen(l->prefix) : name);
}

static gboolean
is_exact(const SgLabels *l, const char *picture, guint row)
{
  g_autofree char *name = normalise(g_strdup(picture));
  const char *key = entry_at(l, row)->key;

  return g_str_equal(name, key) ||
         (g_str_has_prefix(name, l->prefix) && g_str_equal(name + strlen(l->prefix), key));
}

static gboolean
match_by(const SgLabels *l, IndexKind kind, const char *const *pictures, guint n, int *rows)
{
  gboolean missing = FALSE;
  Index index;

  index_init(&index, l, kind);
  for (guint i = 0; i < n; i++) {
    if (rows[i] == SG_LABEL_MISSING)
      rows[i] = match_one(l, &index, pictures[i]);
    missing |= rows[i] == SG_LABEL_MISSING;
  }
  index_clear(&index);
  return missing;
}

/* Where an entry fits several pictures, it is the one that has just its name, or nobody's. */
static void
drop_ambiguous(const SgLabels *l, const char *const *pictures, guint n, int *rows, guint *claims)
{
  g_autofree guint8 *exact = g_malloc0(MAX(l->n, 1));

  for (guint i = 0; i < n; i++)
    if (rows[i] >= 0 && claims[rows[i]] > 1 && is_exact(l, pictures[i], (guint)rows[i]))
      exact[rows[i]] = TRUE;
  for (guint i = 0; i < n; i++)
    if (rows[i] >= 0 && claims[rows[i]] > 1 && !is_exact(l, pictures[i], (guint)rows[i]))
      rows[i] = exact[rows[i]] ? SG_LABEL_MISSING : SG_LABEL_AMBIGUOUS;
}

/* ---- what is odd about the list -------------------------------------------------------------- */

static void
warn_doubles(const SgLabels *l, GHashTable *last, GPtrArray *warnings)
{
  guint doubles = 0, contrary = 0;
  const char *example = NULL;

  for (guint i = 0; i < l->n; i++) {
    guint row = GPOINTER_TO_UINT(g_hash_table_lookup(last, entry_at(l, i)->key));
    if (row == i)
      continue;
    gboolean differ = !same_label(l, i, row);
    if (!example || (differ && contrary == 0))
      example = entry_at(l, i)->key;
    doubles++;
    contrary += differ;
  }
  if (doubles > 0)
    g_ptr_array_add(warnings,
                    g_strdup_printf("%s names %u pictures more than once (%s is one), %u of these "
                                    "times with another label; the last one counts",
                                    l->source, doubles, example, contrary));
}

/* `last`: of every key the row that counts. */
static void
warn_absent(const SgLabels *l, GHashTable *last, const guint *claims, GPtrArray *warnings)
{
  g_autoptr(GString) names = g_string_new(NULL);
  guint absent = 0;

  for (guint i = 0; i < l->n; i++) {
    const char *key = entry_at(l, i)->key;
    if (claims[i] > 0 || GPOINTER_TO_UINT(g_hash_table_lookup(last, key)) != i)
      continue;
    if (++absent <= 3)
      g_string_append_printf(names, "%s%s", absent > 1 ? ", " : "", key);
  }
  if (absent == 1)
    g_ptr_array_add(
        warnings, g_strdup_printf("%s names %s, which is no picture here", l->source, names->str));
  else if (absent > 1)
    g_ptr_array_add(warnings,
                    g_strdup_printf("%s names %s%s, which are no pictures here (%u names "
                                    "in all)",
                                    l->source, names->str, absent > 3 ? "…" : "", absent));
}

void
sg_labels_match(const SgLabels *l, const char *const *pictures, guint n, int *rows,
                GPtrArray *warnings)
{
  g_autofree guint *claims = g_new0(guint, MAX(l->n, 1));
  g_autoptr(GHashTable) last = g_hash_table_new(g_str_hash, g_str_equal);
  gboolean missing = TRUE;

  for (guint i = 0; i < n; i++)
    rows[i] = SG_LABEL_MISSING;
  for (IndexKind kind = BY_KEY; missing && kind <= (BY_END | WITHOUT_EXTENSION); kind++)
    missing = match_by(l, kind, pictures, n, rows);
  for (guint i = 0; i < n; i++)
    if (rows[i] >= 0)
      claims[rows[i]]++;
  drop_ambiguous(l, pictures, n, rows, claims);
  for (guint i = 0; i < n; i++)
    if (rows[i] >= 0 && entry_at(l, (guint)rows[i])->kind == LABEL_NONE)
      rows[i] = SG_LABEL_NONE;
  for (guint i = 0; i < l->n; i++)
    g_hash_table_insert(last, entry_at(l, i)->key, GUINT_TO_POINTER(i));
  warn_doubles(l, last, warnings);
  warn_absent(l, last, claims, warnings);
}
