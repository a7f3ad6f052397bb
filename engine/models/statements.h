/* What a file says about its computation besides the tensors. Private to models/. */
#pragma once

#include "engine/models/model.h"

G_BEGIN_DECLS

typedef struct _SgStatementContext SgStatementContext;

/* One thing that a file can state: `key` at a layer that matches `layer`, a glob over the path
 * below the network; the first line that fits counts. Its value has no bearing on pictures
 * (`expected` NULL), or it has to be the one that Vitrine computes with (equal as text or as
 * numbers), or a function looks at it. */
typedef struct {
  const char *key, *layer, *expected;
  gboolean (*check)(SgStatementContext *c, const char *value, GError **error);
} SgStatement;

struct _SgStatementContext {
  SgModel *model;
  const SgArchive *archive;
  const char *network; /* canonical prefix: "G_ema.", "G.", "D." */
  const char *layer;   /* path below the network, "" for the network itself */
  const char *path;    /* as the file has it, for messages */
};

/* Refuses the model if the file states anything that Vitrine would compute otherwise, and adds a
 * warning for what it does not know. `networks` is what sg_unwrap() has found; the model's
 * architecture is known already. */
gboolean sg_check_statements(const SgArchive *networks, SgModel *model, GError **error);

/* The tables: NULL key at the end. */
extern const SgStatement sg_statements_nvlabs[];     /* attributes of PyTorch modules */
extern const SgStatement sg_statements_tensorflow[]; /* static_kwargs, StyleGAN2 */
extern const SgStatement sg_statements_stylegan[];   /* static_kwargs, StyleGAN */
extern const SgStatement sg_statements_rosinality[]; /* attributes of modules pickled whole, args */

/* TRUE if both are the same text or the same number. */
gboolean sg_statement_equals(const char *value, const char *expected);
/* The refusal: "… states “X”, where Vitrine computes with “Y”". */
gboolean sg_statement_refuse(const SgStatementContext *c, const char *value, const char *expected,
                             GError **error);
/* Refuses the value unless it is that number. */
gboolean sg_statement_expect(const SgStatementContext *c, const char *value, double expected,
                             GError **error);
/* Refuses a generator's number of mapping layers that its tensors do not have. */
gboolean sg_statement_check_mapping(SgStatementContext *c, const char *value, GError **error);
/* Warns of an object (or a function) that is none of `known`. */
void sg_statement_know_class(SgStatementContext *c, const char *value, const char *const *known,
                             gsize n);

G_END_DECLS
