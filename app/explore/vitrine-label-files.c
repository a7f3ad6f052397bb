/* The file: {"<model>": {"name": "beard", "has": [3, 7], "not": [0, 1]}}. */
#include "app/explore/vitrine-label-files.h"
#include <glib/gi18n.h>
#include <string.h>
#include "app/session/vitrine-store.h"
#include "engine/directions/label-table.h"

static const char *const lists[] = {"not", "has"};

/* ---- for each model ---------------------------------------------------------------------- */

char *
vitrine_label_files_load(const char *key, GHashTable *labels)
{
  json_t *root = vitrine_store_load("labels"), *of = json_object_get(root, key), *seed;
  const char *name = json_string_value(json_object_get(of, "name"));
  char *copy = g_strdup(name ? name : "");
  size_t i;

  for (int label = 0; label < 2; label++)
    json_array_foreach (json_object_get(of, lists[label]), i, seed) {
      json_int_t number = json_integer_value(seed);
      if (json_is_integer(seed) && number >= 0 && number <= G_MAXUINT32)
        g_hash_table_insert(labels, GUINT_TO_POINTER((guint32)number), GINT_TO_POINTER(label));
    }
  json_decref(root);
  return copy;
}

GArray *
vitrine_label_files_seeds(GHashTable *labels)
{
  GArray *seeds = g_array_new(FALSE, FALSE, sizeof(guint32));
  GHashTableIter iter;
  gpointer seed;

  g_hash_table_iter_init(&iter, labels);
  while (g_hash_table_iter_next(&iter, &seed, NULL)) {
    guint32 number = GPOINTER_TO_UINT(seed), at = seeds->len;
    while (at > 0 && g_array_index(seeds, guint32, at - 1) > number)
      at--;
    g_array_insert_val(seeds, at, number);
  }
  return seeds;
}

static int
label_of(GHashTable *labels, guint32 seed)
{
  return GPOINTER_TO_INT(g_hash_table_lookup(labels, GUINT_TO_POINTER(seed)));
}

void
vitrine_label_files_keep(const char *key, const char *name, GHashTable *labels)
{
  json_t *root = vitrine_store_load("labels"), *seeds[2] = {json_array(), json_array()};
  g_autoptr(GArray) all = vitrine_label_files_seeds(labels);
  g_autofree char *valid = g_utf8_make_valid(name, -1);

  for (guint i = 0; i < all->len; i++) {
    guint32 seed = g_array_index(all, guint32, i);
    json_array_append_new(seeds[label_of(labels, seed)], json_integer(seed));
  }
  json_object_set_new(
      root, key,
      json_pack("{s:s, s:o, s:o}", "name", valid, lists[1], seeds[1], lists[0], seeds[0]));
  if (all->len == 0)
    json_object_del(root, key);
  vitrine_store_save("labels", root);
  json_decref(root);
}

/* ---- tables ------------------------------------------------------------------------------ */

/* A name may be anything, a column's must not have what separates columns. */
static char *
column_of(const char *name)
{
  g_autofree char *column = g_utf8_make_valid(name, -1);

  for (char *c = column; *c; c++)
    if (*c == ',' || *c == '"' || (guchar)*c < ' ')
      *c = ' ';
  g_strstrip(column);
  return g_strdup(*column ? column : "attribute");
}

GBytes *
vitrine_label_files_to_csv(const char *name, GHashTable *labels)
{
  g_autoptr(GArray) seeds = vitrine_label_files_seeds(labels);
  g_autofree char *column = column_of(name);
  GString *s = g_string_new(NULL);

  g_string_append_printf(s, "seed,%s\n", column);
  for (guint i = 0; i < seeds->len; i++) {
    guint32 seed = g_array_index(seeds, guint32, i);
    g_string_append_printf(s, "%u,%d\n", seed, label_of(labels, seed));
  }
  return g_string_free_to_bytes(s);
}

typedef struct {
  char *path;
  VitrineLabelsFunc done;
  gpointer data;
} Reading;

static void
reading_free(gpointer data)
{
  Reading *r = data;

  g_free(r->path);
  g_free(r);
}

static void
read_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Reading *r = data;
  GError *error = NULL;
  SgLabelTable *table = sg_label_table_read(r->path, &error);

  if (table)
    g_task_return_pointer(task, table, (GDestroyNotify)sg_label_table_free);
  else
    g_task_return_error(task, error);
}

static void
read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  const Reading *r = g_task_get_task_data(G_TASK(result));
  g_autoptr(GError) error = NULL;
  g_autoptr(SgLabelTable) table = g_task_propagate_pointer(G_TASK(result), &error);
  g_autoptr(GHashTable) labels = g_hash_table_new(NULL, NULL);

  for (guint i = 0; table && i < table->rows; i++)
    g_hash_table_insert(labels, GUINT_TO_POINTER(table->seeds[i]),
                        GINT_TO_POINTER(table->values[(gsize)i * table->columns] > 0.5));
  r->done(table ? g_strdup(table->names[0]) : NULL, labels, error ? error->message : NULL, r->data);
}

void
vitrine_label_files_read_csv(GFile *file, VitrineLabelsFunc done, gpointer data)
{
  g_autoptr(GTask) task = g_task_new(NULL, NULL, read_cb, NULL);
  Reading *r = g_new0(Reading, 1);
  char *path = g_file_get_path(file);

  r->path = path ? path : g_file_get_uri(file);
  r->done = done;
  r->data = data;
  g_task_set_task_data(task, r, reading_free);
  g_task_run_in_thread(task, read_thread);
}
