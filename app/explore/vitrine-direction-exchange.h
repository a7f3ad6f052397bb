/* Directions to files and from files, on a worker: what a person has is kept, others' are taken
 * over, one's own are given away. */
#pragma once

#include "app/explore/vitrine-shelf.h"

G_BEGIN_DECLS

/* Writes the person's own directions into the data folder. Called by the shelf. */
void vitrine_direction_exchange_keep(VitrineShelf *shelf);

/* What was read, and does not fit as it is. */
typedef struct _VitrineImport VitrineImport;
/* `sentence` says what does not fit; `import` is to be adopted or freed. */
typedef void (*VitrineImportAsk)(VitrineImport *import, const char *sentence, gpointer data);

/* A file of directions is read: those found in this model join the person's own at once; for others
 * `ask` is called. Errors are the session's to tell. */
void vitrine_direction_exchange_import(VitrineShelf *shelf, GFile *file, VitrineImportAsk ask,
                                       gpointer data, GDestroyNotify free_data);
/* All the same; takes it. */
void vitrine_import_adopt(VitrineImport *import);
void vitrine_import_free(VitrineImport *import);
/* One of them (NULL: all of the person's own) into a file. */
void vitrine_direction_exchange_export(VitrineShelf *shelf, VitrineDirection *direction,
                                       GFile *file);

G_END_DECLS
