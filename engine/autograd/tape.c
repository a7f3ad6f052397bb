#include "engine/autograd/tape.h"
#include "engine/autograd/ops.h"
#include "engine/base/interrupt.h"

/* A variable's place in the graph: it lives as long as a variable or a node refers to it. */
struct _SgSlot {
  int ref;
  SgNode *node;  /* that made it, NULL for leaves and once the node is freed */
  SgVar *grad;   /* during a sweep: what has come in so far */
  gboolean live; /* during a sweep: leads to one of the wanted variables */
};

struct _SgTape {
  SgBackend *backend;
  gboolean record, final;
  GPtrArray *nodes;   /* of SgNode, in the order they were recorded; NULL where consumed */
  GPtrArray *scope;   /* of SgVar: all open scopes, one after the other */
  GArray *scope_from; /* of guint: where each open scope begins */
  SgBuf *identity;    /* or NULL */
  GError *error;
};

/* ---- variables ------------------------------------------------------------------------------- */

/* A sweep that fails leaves gradients where it did not come. */
static void
slot_unref(SgSlot *s)
{
  if (!s || --s->ref > 0)
    return;
  sg_var_unref(s->grad);
  g_free(s);
}

static SgSlot *
slot_ref(SgSlot *s)
{
  if (s)
    s->ref++;
  return s;
}

static SgSlot *
slot_new(void)
{
  SgSlot *s = g_new0(SgSlot, 1);
  s->ref = 1;
  return s;
}

static SgVar *
var_new(SgBuf *value, SgSlot *slot)
{
  SgVar *v = g_new(SgVar, 1);
  *v = (SgVar){1, sg_buf_ref(value), slot};
  return v;
}

SgVar *
sg_var_ref(SgVar *v)
{
  v->ref++;
  return v;
}

void
sg_var_unref(SgVar *v)
{
  if (!v || --v->ref > 0)
    return;
  sg_buf_unref(v->value);
  slot_unref(v->slot);
  g_free(v);
}

SgVar *
sg_var_new_parameter(SgBuf *value)
{
  return var_new(value, slot_new());
}

SgVar *
sg_var_new_constant(SgBuf *value)
{
  return var_new(value, NULL);
}

static SgVar *
in_scope(SgTape *tape, SgVar *v)
{
  g_ptr_array_add(tape->scope, v);
  return v;
}

SgVar *
sg_var_constant(SgTape *tape, SgBuf *value)
{
  return value ? in_scope(tape, var_new(value, NULL)) : NULL;
}

SgVar *
sg_var_leaf(SgTape *tape, SgBuf *value)
{
  return value ? in_scope(tape, var_new(value, slot_new())) : NULL;
}

SgVar *
sg_var_detach(SgTape *tape, SgVar *v)
{
  return v ? sg_var_constant(tape, v->value) : NULL;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static void
node_free(SgNode *node)
{
  if (!node)
    return;
  for (int i = 0; i < SG_NODE_INPUTS; i++) {
    slot_unref(node->in[i]);
    sg_var_unref(node->saved[i]);
  }
  if (node->out->node == node)
    node->out->node = NULL;
  slot_unref(node->out);
  if (node->data_free)
    node->data_free(node->data);
  g_free(node);
}

gboolean
sg_tape_wants(const SgTape *tape, SgVar *const *in, int n)
{
  for (int i = 0; tape->record && i < n; i++)
    if (in[i] && in[i]->slot)
      return TRUE;
  return FALSE;
}

SgNode *
sg_tape_node(SgTape *tape, SgBackward backward, SgVar *out, SgVar *const *in, int n)
{
  g_assert(n <= SG_NODE_INPUTS);
  if (!sg_tape_wants(tape, in, n))
    return NULL;
  SgNode *node = g_new0(SgNode, 1);
  node->backward = backward;
  for (int i = 0; i < n; i++)
    node->in[i] = in[i] ? slot_ref(in[i]->slot) : NULL;
  g_assert(!out->slot);
  out->slot = slot_new();
  out->slot->node = node;
  node->out = slot_ref(out->slot);
  g_ptr_array_add(tape->nodes, node);
  return node;
}

void
sg_node_save(SgNode *node, int i, SgVar *v)
{
  node->saved[i] = v ? sg_var_ref(v) : NULL;
}

/* ---- the tape -------------------------------------------------------------------------------- */

SgTape *
sg_tape_new(SgBackend *backend)
{
  SgTape *tape = g_new0(SgTape, 1);
  tape->backend = backend;
  tape->record = TRUE;
  tape->nodes = g_ptr_array_new_with_free_func((GDestroyNotify)node_free);
  tape->scope = g_ptr_array_new();
  tape->scope_from = g_array_new(FALSE, FALSE, sizeof(guint));
  sg_tape_enter(tape);
  return tape;
}

void
sg_tape_free(SgTape *tape)
{
  while (tape->scope_from->len)
    sg_tape_leave(tape, NULL);
  g_ptr_array_unref(tape->nodes);
  g_ptr_array_unref(tape->scope);
  g_array_unref(tape->scope_from);
  sg_buf_unref(tape->identity);
  g_clear_error(&tape->error);
  g_free(tape);
}

SgBackend *
sg_tape_backend(const SgTape *tape)
{
  return tape->backend;
}

gboolean
sg_tape_record(SgTape *tape, gboolean record)
{
  gboolean was = tape->record;
  tape->record = record;
  return was;
}

gboolean
sg_tape_is_final(const SgTape *tape)
{
  return tape->final;
}

gboolean
sg_tape_failed(const SgTape *tape)
{
  return tape->error != NULL;
}

guint
sg_tape_length(const SgTape *tape)
{
  guint n = 0;
  for (guint i = 0; i < tape->nodes->len; i++)
    n += g_ptr_array_index(tape->nodes, i) != NULL;
  return n;
}

void
sg_tape_fail(SgTape *tape, GError *error)
{
  if (tape->error)
    g_clear_error(&error);
  else
    tape->error = error;
}

gboolean
sg_tape_reset(SgTape *tape, GError **error)
{
  GError *failed = g_steal_pointer(&tape->error);

  while (tape->scope_from->len > 1)
    sg_tape_leave(tape, NULL);
  sg_tape_leave(tape, NULL);
  sg_tape_enter(tape);
  g_ptr_array_set_size(tape->nodes, 0);
  if (failed)
    g_propagate_error(error, failed);
  return failed == NULL;
}

void
sg_tape_enter(SgTape *tape)
{
  g_array_append_val(tape->scope_from, tape->scope->len);
}

SgVar *
sg_tape_leave(SgTape *tape, SgVar *result)
{
  guint from = g_array_index(tape->scope_from, guint, tape->scope_from->len - 1);

  g_array_set_size(tape->scope_from, tape->scope_from->len - 1);
  if (result)
    sg_var_ref(result);
  while (tape->scope->len > from)
    sg_var_unref(g_ptr_array_remove_index(tape->scope, tape->scope->len - 1));
  return result ? in_scope(tape, result) : NULL;
}

SgVar *
sg_tape_value(SgTape *tape, SgFormat fmt, int n, int c, int h, int w)
{
  GError *error = NULL;
  g_autoptr(SgBuf) buf = tape->error || sg_interrupted(&error)
                             ? NULL
                             : sg_buf_new(tape->backend, fmt, n, c, h, w, &error);
  if (error)
    sg_tape_fail(tape, error);
  return sg_var_constant(tape, buf);
}

SgVar *
sg_tape_value_like(SgTape *tape, const SgVar *v)
{
  const SgBuf *b = v->value;
  return sg_tape_value(tape, b->fmt, b->n, b->c, b->h, b->w);
}

SgVar *
sg_tape_floats(SgTape *tape, const float *values, int n, int c, int h, int w)
{
  SgVar *v = sg_tape_value(tape, SG_FMT_PLAIN, n, c, h, w);
  if (v)
    tape->backend->upload(v->value, values);
  return v;
}

static float *
identity_matrix(int k)
{
  float *one = g_new0(float, (k * k));
  for (int i = 0; i < k; i++)
    one[i * k + i] = 1;
  return one;
}

gboolean
sg_tape_keep_identity(SgTape *tape, int k, GError **error)
{
  g_autofree float *one = identity_matrix(k);
  sg_buf_unref(tape->identity);
  tape->identity = sg_buf_from_floats(tape->backend, one, k, k, 1, 1, error);
  return tape->identity != NULL;
}

SgVar *
sg_tape_identity(SgTape *tape, int k)
{
  if (tape->identity && tape->identity->n == k)
    return sg_var_constant(tape, tape->identity);
  g_autofree float *one = identity_matrix(k);
  return sg_tape_floats(tape, one, k, k, 1, 1);
}

SgVar *
sg_tape_share(SgTape *tape, SgBuf *value)
{
  return tape->error ? NULL : sg_var_constant(tape, value);
}

/* ---- the sweep ------------------------------------------------------------------------------- */

/* Marks what leads to a wanted variable. */
static void
mark_live(SgTape *tape, SgVar *const *wrt, int n, guint end)
{
  for (guint i = 0; i < end; i++) {
    SgNode *node = g_ptr_array_index(tape->nodes, i);
    if (!node)
      continue;
    for (int j = 0; j < SG_NODE_INPUTS; j++)
      if (node->in[j] && !node->in[j]->node)
        node->in[j]->live = FALSE;
    node->out->live = FALSE;
  }
  for (int i = 0; i < n; i++)
    if (wrt[i] && wrt[i]->slot)
      wrt[i]->slot->live = TRUE;
  for (guint i = 0; i < end; i++) {
    SgNode *node = g_ptr_array_index(tape->nodes, i);
    for (int j = 0; node && j < SG_NODE_INPUTS; j++)
      if (node->in[j] && node->in[j]->live)
        node->out->live = TRUE;
  }
}

/* Adds g to what slot has; g is of the current scope. Where nobody else sees the sum so far it
 * grows in its place. */
static void
accumulate(SgTape *tape, SgSlot *slot, SgVar *g)
{
  if (!slot->grad) {
    slot->grad = sg_var_ref(g);
  } else if (tape->final && slot->grad->ref == 1 && slot->grad->value->ref == 1) {
    SgBuf *sum = slot->grad->value;
    tape->backend->combine(sum, 1, sum, 1, g->value);
  } else {
    SgVar *sum = sg_op_add(tape, slot->grad, g);
    sg_var_unref(slot->grad);
    slot->grad = sum ? sg_var_ref(sum) : NULL;
  }
}

static void
sweep_node(SgTape *tape, SgNode *node)
{
  gboolean want[SG_NODE_INPUTS];
  SgVar *dx[SG_NODE_INPUTS] = {NULL}, *dy = g_steal_pointer(&node->out->grad);

  for (int i = 0; i < SG_NODE_INPUTS; i++)
    want[i] = node->in[i] && node->in[i]->live;
  sg_tape_enter(tape);
  in_scope(tape, dy);
  node->backward(tape, node, dy, want, dx);
  for (int i = 0; i < SG_NODE_INPUTS && !tape->error; i++)
    if (want[i] && dx[i])
      accumulate(tape, node->in[i], dx[i]);
  sg_tape_leave(tape, NULL);
}

static SgVar *
seed_of(SgTape *tape, SgVar *root, SgVar *seed)
{
  return seed ? seed : sg_op_fill_like(tape, root, 1);
}

void
sg_tape_grad(SgTape *tape, SgVar *root, SgVar *seed, SgVar *const *wrt, int n,
             gboolean create_graph, SgVar **grads)
{
  guint end = tape->nodes->len;

  for (int i = 0; i < n; i++)
    grads[i] = NULL;
  if (!root || tape->error || !root->slot)
    return;
  gboolean recorded = sg_tape_record(tape, create_graph), was_final = tape->final;
  tape->final = !create_graph;
  mark_live(tape, wrt, n, end);
  if (root->slot->live) {
    SgVar *first = seed_of(tape, root, seed);
    root->slot->grad = first ? sg_var_ref(first) : NULL;
  }
  SgSlot *wanted[n > 0 ? n : 1];
  for (int i = 0; i < n; i++)
    wanted[i] = wrt[i] ? wrt[i]->slot : NULL;
  for (guint i = end; i-- > 0;) {
    SgNode *node = g_ptr_array_index(tape->nodes, i);
    if (!node)
      continue;
    if (node->out->grad && !tape->error) {
      /* A wanted variable inside the graph keeps its gradient, which is whole by now. */
      for (int k = 0; k < n; k++)
        if (wanted[k] == node->out && !grads[k])
          grads[k] = in_scope(tape, sg_var_ref(node->out->grad));
      sweep_node(tape, node);
      if (!create_graph) {
        g_ptr_array_index(tape->nodes, i) = NULL;
        node_free(node);
      }
    }
  }
  for (int k = 0; k < n; k++)
    if (wanted[k] && wanted[k]->grad) {
      if (!grads[k])
        grads[k] = in_scope(tape, sg_var_ref(wanted[k]->grad));
    }
  for (int k = 0; k < n; k++)
    if (wanted[k])
      g_clear_pointer(&wanted[k]->grad, sg_var_unref);
  tape->final = was_final;
  sg_tape_record(tape, recorded);
}
