/* What PyTorch's and NumPy's objects in a pickle mean: a fixed list of functions is understood,
 * nothing is called. Private to formats/. */
#pragma once

#include "engine/formats/archive-builder.h"
#include "engine/formats/pickle.h"

G_BEGIN_DECLS

typedef struct {
  SgArchiveBuilder *b;
  SgPickle *pickle;
} SgTorch;

typedef enum {
  SG_FOUND_NOTHING, /* the node is something else, or of a kind Vitrine does not know: no error */
  SG_FOUND,
  SG_FOUND_BROKEN, /* error is set */
} SgFound;

/* A tensor, a parameter, or a NumPy array or scalar (is_array). view->name is not set. */
SgFound sg_torch_find(SgTorch *t, SgPickleNode *node, SgView *view, gboolean *is_array,
                      GError **error);

/* "FloatStorage" -> float32. FALSE for types Vitrine does not read. */
gboolean sg_torch_storage_type(const SgPickleNode *global, SgDtype *dtype);
/* The fields of ('storage', type, key, location, numel[, view]). FALSE if it is none that can be
 * read. */
typedef struct {
  SgDtype dtype;
  const char *key;
  guint64 numel;
  const SgPickleNode *view; /* (key, offset, size) or NULL */
} SgStorageId;
gboolean sg_torch_storage_id(const SgPickleNode *persistent, SgStorageId *id);

/* A legacy stream: returns its object, whose storages are resolved. Borrowed from
 * `pickle`. */
SgPickleNode *sg_torch_legacy_parse(SgArchiveBuilder *b, SgPickle *pickle, SgSource *source,
                                    GError **error);

G_END_DECLS
