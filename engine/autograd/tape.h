/* SgTape: gradients of any order.
 *
 * Operations (ops.h) compute at once and, if the tape records and an input needs a gradient, leave
 * a node behind. A sweep walks the nodes backwards; every node's gradient is made of operations
 * again, so a sweep with `create_graph` records itself and can be swept in turn (R1 and path-length
 * penalties). Without it, nodes are freed as the sweep passes, and with them the activations they
 * kept.
 *
 * Variables belong to the tape's innermost scope and go with it unless they are kept; what a node
 * needs for its gradient it keeps itself. An operation that fails (memory) sets the tape's error
 * and returns NULL; every operation passes NULL on, so only the end of a computation needs a check.
 * One thread. */
#pragma once

#include "engine/backend/backend.h"

G_BEGIN_DECLS

typedef struct _SgTape SgTape;
typedef struct _SgVar SgVar;
typedef struct _SgNode SgNode;
typedef struct _SgSlot SgSlot;

/* A value. Treat it as immutable. */
struct _SgVar {
  int ref;
  SgBuf *value;
  SgSlot *slot; /* its place in the graph, NULL: a constant */
};

SgTape *sg_tape_new(SgBackend *backend);
void sg_tape_free(SgTape *tape);
SgBackend *sg_tape_backend(const SgTape *tape);
/* TRUE at first. Returns what it was. */
gboolean sg_tape_record(SgTape *tape, gboolean record);
/* Frees all nodes; parameters stay usable. Takes over the tape's error: TRUE if there was none. */
gboolean sg_tape_reset(SgTape *tape, GError **error);
gboolean sg_tape_failed(const SgTape *tape);
/* Nodes on the tape, for tests. */
guint sg_tape_length(const SgTape *tape);

/* A scope owns the variables made since; leaving it frees them, but for `result` (NULL allowed),
 * which goes to the scope outside and is returned. */
void sg_tape_enter(SgTape *tape);
SgVar *sg_tape_leave(SgTape *tape, SgVar *result);

/* Variables that outlive scopes: a new reference each, to be unref'd. `value` is referenced. A
 * parameter is a leaf that gradients are wanted of. */
SgVar *sg_var_new_parameter(SgBuf *value);
SgVar *sg_var_new_constant(SgBuf *value); /* gradients stop here */
SgVar *sg_var_ref(SgVar *v);
void sg_var_unref(SgVar *v); /* NULL allowed */
/* In the tape's scope: a constant (gradients stop here). */
SgVar *sg_var_constant(SgTape *tape, SgBuf *value);
SgVar *sg_var_detach(SgTape *tape, SgVar *v);
/* The same value as a new leaf that gradients are wanted of. */
SgVar *sg_var_leaf(SgTape *tape, SgBuf *value);

/* Gradient of sum (root * seed) with respect to wrt[n], seed NULL meaning ones; grads[i] is NULL
 * where root does not depend on wrt[i]. They belong to the current scope. With create_graph the
 * gradients are differentiable and the tape keeps everything; without, the nodes of root are
 * consumed. */
void sg_tape_grad(SgTape *tape, SgVar *root, SgVar *seed, SgVar *const *wrt, int n,
                  gboolean create_graph, SgVar **grads);

/* ---- for ops.c ---- */

#define SG_NODE_INPUTS 4

/* Sets dx[i] for every input i with want[i], from dy; NULL means zero. */
typedef void (*SgBackward)(SgTape *tape, SgNode *node, SgVar *dy, const gboolean *want, SgVar **dx);

struct _SgNode {
  SgBackward backward;
  SgSlot *in[SG_NODE_INPUTS];   /* NULL: a constant */
  SgVar *saved[SG_NODE_INPUTS]; /* what backward needs */
  SgSlot *out;
  union {
    double real[4];
    int integer[8];
    SgConvGeometry geometry;
  } p, q;        /* the operation's constants */
  gpointer data; /* freed with data_free */
  GDestroyNotify data_free;
};

/* A value [n, c, h, w] for an operation's result, in the current scope. NULL: the tape has
 * failed. */
SgVar *sg_tape_value(SgTape *tape, SgFormat fmt, int n, int c, int h, int w);
SgVar *sg_tape_value_like(SgTape *tape, const SgVar *v);
/* A PLAIN constant of row-major floats. */
SgVar *sg_tape_floats(SgTape *tape, const float *values, int n, int c, int h, int w);
/* The identity matrix [k, k, 1, 1], a constant; brought there each time, or the one that is
 * kept. */
SgVar *sg_tape_identity(SgTape *tape, int k);
gboolean sg_tape_keep_identity(SgTape *tape, int k, GError **error);
/* A variable in the current scope that shares `value` (referenced). */
SgVar *sg_tape_share(SgTape *tape, SgBuf *value);
/* Records an operation with the given inputs (NULL: none there); NULL if nothing needs to be
 * recorded. */
SgNode *sg_tape_node(SgTape *tape, SgBackward backward, SgVar *out, SgVar *const *in, int n);
/* The node keeps v under index i. */
void sg_node_save(SgNode *node, int i, SgVar *v);
void sg_tape_fail(SgTape *tape, GError *error); /* takes error */
/* Whether an operation on these would be recorded. */
gboolean sg_tape_wants(const SgTape *tape, SgVar *const *in, int n);
/* TRUE while gradients are computed that nobody will differentiate: fused kernels may be used. */
gboolean sg_tape_is_final(const SgTape *tape);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgTape, sg_tape_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgVar, sg_var_unref)

G_END_DECLS
