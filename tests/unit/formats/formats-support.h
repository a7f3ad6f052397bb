/* What the tests of engine/formats share. */
#pragma once

#include "engine/models/model.h"

/* tests/fixtures/NAME; to be freed. */
char *fixture(const char *name);
void read_fixture(const char *name, guint8 **data, gsize *size);
/* A file name in a folder of its own, which cleanup() removes with all that is in it. */
char *scratch(const char *name);
void cleanup(void);

/* A set of named tensors to be changed and written, to see what the reader says. */
typedef struct {
  GPtrArray *names;    /* of char*, owned */
  GHashTable *tensors; /* borrows the names; owns references */
  GHashTable *metadata;
} TensorSet;
TensorSet *tensor_set_from(const char *path);
void tensor_set_put(TensorSet *s, const char *name, int ndim, const gint64 *shape);
void tensor_set_remove(TensorSet *s, const char *name);
void tensor_set_rename(TensorSet *s, const char *from, const char *to);
SgTensor *tensor_set_get(TensorSet *s, const char *name);
void tensor_set_meta(TensorSet *s, const char *key, const char *value);
void tensor_set_free(TensorSet *s);
/* Writes the set and loads it as a model; NULL with an error if the reader refuses it. */
SgModel *tensor_set_load(TensorSet *s, GError **error);
/* Fails the test unless the reader refuses the set with a message that contains `words`. */
void assert_refused(TensorSet *s, const char *words);
#define assert_contains(text, words)                                                               \
  do {                                                                                             \
    if (!strstr(text, words))                                                                      \
      g_error("“%s” does not contain “%s”", text, words);                                          \
  } while (0)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TensorSet, tensor_set_free)
