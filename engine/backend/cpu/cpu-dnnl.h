/* Shared by the three files that see oneDNN. Debian 12 has version 2.6 (descriptors are structs),
 * Debian 13 version 3.x (descriptors are handles). */
#pragma once

#include "engine/backend/cpu/cpu-private.h"
#include <dnnl.h>

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t MemDesc;
typedef const_dnnl_memory_desc_t ConstMemDesc;
#  define MD_ARG(md) (md)
#else
typedef dnnl_memory_desc_t MemDesc;
typedef const dnnl_memory_desc_t *ConstMemDesc;
#  define MD_ARG(md) (&(md))
#endif

extern dnnl_engine_t sg_dnnl_engine;
extern dnnl_stream_t sg_dnnl_stream;

/* Makes the two above, once. */
gboolean sg_dnnl_start(GError **error);
gboolean sg_dnnl_check(dnnl_status_t status, const char *what, GError **error);
dnnl_status_t sg_dnnl_desc_new(MemDesc *md, int ndims, const dnnl_dim_t *dims,
                               dnnl_format_tag_t tag);
void sg_dnnl_desc_free(MemDesc *md);
gsize sg_dnnl_desc_size(ConstMemDesc md);
gboolean sg_dnnl_desc_equal(ConstMemDesc a, ConstMemDesc b);

/* ---- training: cpu-dnnl-train.c and cpu-dnnl-weight.c ---------------------------------------- */

/* A convolution as oneDNN sees it: always the forward one, from `wide` to `narrow`. A transposed
 * convolution is its gradient with respect to the input, with the weights' two channel axes
 * swapped. Compared byte for byte. */
typedef struct {
  SgConvGeometry g;
  SgConvPass pass; /* of the forward convolution */
  int n, ci, hi, wi, co, ho, wo;
} SgDnnlKey;

dnnl_status_t sg_dnnl_forward_desc(dnnl_primitive_desc_t *pd, const SgConvGeometry *g, MemDesc *src,
                                   MemDesc *w, MemDesc *dst);
/* pass: INPUT or WEIGHT; attr may be NULL. */
dnnl_status_t sg_dnnl_backward_desc(dnnl_primitive_desc_t *pd, const SgConvGeometry *g,
                                    SgConvPass pass, MemDesc *src, MemDesc *w, MemDesc *dst,
                                    dnnl_primitive_desc_t hint, dnnl_primitive_attr_t attr);
/* Between the caller's weights `theirs` [O, I, k, k] and `ours` [co, ci_padded, k, k]. */
void sg_dnnl_pad_weights(const SgDnnlKey *key, int ci_padded, float *ours, float *theirs,
                         gboolean out);

/* The memory that plans work in while they run: packed weights, parts of sums, scratch pads. One
 * plan runs at a time, so it is one piece, as large as the largest of them has asked for. 64-byte
 * aligned, of no particular content, until the next call. NULL: there is not so much. */
gpointer sg_dnnl_room(gsize bytes, GError **error);
/* So many bytes, rounded up to where a next piece may begin. */
gsize sg_dnnl_piece(gsize bytes);

/* The gradient of the weights for one shape; one at a time runs it, in sg_dnnl_room(). */
typedef struct _SgDnnlWeightPlan SgDnnlWeightPlan;
SgDnnlWeightPlan *sg_dnnl_weight_plan_new(const SgDnnlKey *key, int block, GError **error);
void sg_dnnl_weight_plan_free(SgDnnlWeightPlan *p);
const SgDnnlKey *sg_dnnl_weight_plan_key(const SgDnnlWeightPlan *p);
gboolean sg_dnnl_weight_plan_run(SgDnnlWeightPlan *p, SgBuf *wide, SgBuf *w, SgBuf *narrow,
                                 GError **error);
