/* Where labels that a person gives to faces are kept: for each model in the state directory, and
 * in tables for "vitrine attribute". Labels are a table seed -> 0 or 1, both as pointers. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Puts what is kept for that model into `labels`; returns the attribute's name, to be freed. */
char *vitrine_label_files_load(const char *key, GHashTable *labels);
/* In place of what was kept; without any labels nothing is. */
void vitrine_label_files_keep(const char *key, const char *name, GHashTable *labels);

/* Of guint32: the labelled seeds, rising. */
GArray *vitrine_label_files_seeds(GHashTable *labels);
GBytes *vitrine_label_files_to_csv(const char *name, GHashTable *labels);
/* On the main thread; takes `name`, borrows the rest. error: why there are no labels. */
typedef void (*VitrineLabelsFunc)(char *name, GHashTable *labels, const char *error, gpointer data);
/* The first column of a table, on a worker. */
void vitrine_label_files_read_csv(GFile *file, VitrineLabelsFunc done, gpointer data);

G_END_DECLS
