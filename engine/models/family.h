/* SgFamily: a kind of network. Each is one file, family-*.c, which alone knows its layers' names:
 * how it is told from its tensors, and what it is made of (network.h). */
#pragma once

#include "engine/models/model.h"

G_BEGIN_DECLS

#define SG_MAX_BLOCKS 13

/* What a family describes: an architecture, and how many channels its layers have. */
typedef struct {
  SgModelInfo info;
  /* The channels are those of these tensors… */
  const SgModel *model;
  const char *prefix; /* "G_ema.", "G." or "D." */
  /* …or, where model is NULL, those of a training: of the block of 2^i × 2^i pixels. */
  int width[SG_MAX_BLOCKS];
} SgBlueprint;

struct _SgFamily {
  const char *name;       /* in files: "stylegan2" */
  const char *title;      /* for people: "StyleGAN2" */
  gboolean architectures; /* has SgArch's variants */
  gboolean trainable;     /* the trainer knows it */
  double lr_mul;          /* of mapping networks, where a file does not say it */
  /* Are these a model's tensors of this family? The first family of the list that says so. */
  gboolean (*recognise)(const SgModel *model);
  /* Fills `info` from shapes as far as they tell it, for a network of that prefix; what an importer
   * has set and shapes cannot tell stays. Only sizes are read: shapes are checked against the
   * description afterwards. */
  gboolean (*infer)(SgModel *model, const char *prefix, SgModelInfo *info, GError **error);
  /* Never fails: sizes that make no sense come out as sizes that no tensor has. */
  SgNetwork *(*describe_generator)(const SgBlueprint *b);
  SgNetwork *(*describe_discriminator)(const SgBlueprint *b);
  /* What must hold between tensors of the right shapes. */
  gboolean (*agree)(const SgNetwork *n, const char *prefix, SgModelInfo *info, GError **error);
};

extern const SgFamily sg_family_stylegan2, sg_family_stylegan, sg_family_stylegan3,
    sg_family_mystylegan;

/* NULL-terminated. */
extern const SgFamily *const sg_families[];

/* The network of a model that has these tensors; to be unreferenced. */
SgNetwork *sg_family_describe(const SgModel *model, const char *prefix);

/* ---- for families ---- */

/* Size `axis` of a tensor of the blueprint's model, -1 if there is none; without a model
 * `wanted`. */
int sg_blueprint_size(const SgBlueprint *b, int axis, int wanted, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* The same of a model that is not described yet; -1 if there is none. */
int sg_family_size(const SgModel *model, const char *prefix, int axis, const char *name);
/* How many tensors BEFORE0AFTER, BEFORE1AFTER, … there are. */
int sg_family_count(const SgModel *model, const char *prefix, const char *before,
                    const char *after);
/* The pixels of the largest block, from 4 doubling up to `most`, that has a tensor
 * BEFOREpixelsAFTER; at least 4. */
int sg_family_largest_block(const SgModel *model, const char *prefix, const char *before,
                            const char *after, int most);

/* A layer BLOCK.NAME, in the synthesis network with a label that does not repeat it. */
SgLayer sg_family_layer(SgLayerKind kind, SgSection section, const char *block, const char *format,
                        ...) G_GNUC_PRINTF(4, 5);
/* W, and b if it has one, of any layer; `free_axes` as SgParam's. */
void sg_family_declare(SgNetwork *n, int layer, guint free_axes, gboolean bias, int ndim,
                       const gint64 *shape);

/* The two arguments "int ndim, const gint64 *shape" of functions. */
#define SHAPE(...)                                                                                 \
  (int)(sizeof((gint64[]){__VA_ARGS__}) / sizeof(gint64)), (gint64[])                              \
  {                                                                                                \
    __VA_ARGS__                                                                                    \
  }

G_END_DECLS
