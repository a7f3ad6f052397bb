/* NVlabs' TensorFlow networks in an archive: their variables, the arguments they were made with,
 * and the order of their tensors' sizes. For importers. */
#pragma once

#include "engine/models/model.h"

G_BEGIN_DECLS

typedef enum {
  SG_TF_AS_IS,
  SG_TF_TRANSPOSE,    /* [in, out] -> [out, in] */
  SG_TF_HWIO,         /* [kh, kw, in, out] -> [out, in, kh, kw] */
  SG_TF_HWIO_FLIPPED, /* the same with both spatial axes the other way round */
  SG_TF_PLUS_ONE,
  SG_TF_DROP_ONES, /* [1, C, 4, 4] -> [C, 4, 4], [1, 1, r, r] -> [r, r] */
} SgTfLayout;

typedef struct {
  const SgArchive *archive;
  SgModel *model;
  const char *from, *to; /* prefixes of a network: "Gs.", "G_ema." */
} SgTfMapping;

/* A variable of a network; NULL: it has none. Borrowed. */
SgTensor *sg_tf_lookup(const SgArchive *a, const char *network, const char *name);
/* What an argument (static_kwargs) says, as text; NULL: it is not stated. */
const char *sg_tf_argument(const SgArchive *a, const char *network, const char *name);

/* Copies a variable, if it is there. A tensor whose dimensions do not fit the layout is kept as it
 * is, and refused later under its name. */
void sg_tf_copy(const SgTfMapping *m, SgTfLayout layout, const char *from, const char *to);
/* `from` and `to` are layers; copies the variable `what` as `as`. */
void sg_tf_copy_part(const SgTfMapping *m, SgTfLayout layout, const char *from, const char *what,
                     const char *to, const char *as);
/* Weight and bias. */
void sg_tf_copy_dense(const SgTfMapping *m, const char *from, const char *to);
void sg_tf_copy_conv(const SgTfMapping *m, const char *from, const char *to);

G_END_DECLS
