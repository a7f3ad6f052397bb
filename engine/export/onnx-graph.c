#include "engine/export/onnx-graph.h"
#include "engine/base/room.h"
#include "engine/formats/format-error.h"
#include "engine/formats/stored.h"
#include "engine/formats/writer.h"
#include <string.h>

/* Field numbers of onnx.proto. */
enum {
  MODEL_IR = 1,
  MODEL_PRODUCER,
  MODEL_VERSION,
  MODEL_GRAPH = 7,
  MODEL_OPSET,
  MODEL_PROPS = 14
};
enum { GRAPH_NODE = 1, GRAPH_NAME, GRAPH_CONSTANT = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT };
enum { NODE_INPUT = 1, NODE_OUTPUT, NODE_NAME, NODE_OP, NODE_ATTRIBUTE };
enum { ATTR_NAME = 1, ATTR_FLOAT, ATTR_INT, ATTR_TEXT, ATTR_INTS = 8, ATTR_TYPE = 20 };
enum { TENSOR_DIM = 1, TENSOR_TYPE, TENSOR_NAME = 8, TENSOR_RAW };
enum { TYPE_FLOAT = 1, TYPE_INT64 = 7, TYPE_FLOAT16 = 10 };

typedef struct {
  char *name;
  SgTensor *tensor; /* NULL: `raw` */
  GByteArray *raw;
  int type, ndim;
  gint64 shape[SG_MAX_DIMS];
} Constant;

struct _SgOnnxGraph {
  SgDtype dtype;
  char *name, *scope;
  GStringChunk *names;
  guint values;
  GByteArray *nodes, *ends, *props; /* messages of the graph, its inputs and outputs, the model */
  GArray *constants;
  gboolean poor; /* memory ran out */
};

/* ---- the wire format ------------------------------------------------------------------------- */

static void
put_varint(GByteArray *to, guint64 v)
{
  do {
    guint8 byte = (guint8)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
    g_byte_array_append(to, &byte, 1);
    v >>= 7;
  } while (v);
}

static void
put_int(GByteArray *to, int field, gint64 v)
{
  put_varint(to, (guint64)field << 3);
  put_varint(to, (guint64)v);
}

static void
put_length(GByteArray *to, int field, guint64 n)
{
  put_varint(to, (guint64)field << 3 | 2);
  put_varint(to, n);
}

static void
put_bytes(GByteArray *to, int field, gconstpointer data, gsize n)
{
  put_length(to, field, n);
  g_byte_array_append(to, data, (guint)n);
}

/* Strings of Protocol Buffers are UTF-8. */
static void
put_text(GByteArray *to, int field, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  put_bytes(to, field, valid, strlen(valid));
}

static void
put_message(GByteArray *to, int field, const GByteArray *message)
{
  put_bytes(to, field, message->data, message->len);
}

static void
append_float(GByteArray *to, double value)
{
  float f = (float)value;
  guint32 bits;

  memcpy(&bits, &f, sizeof bits);
  bits = GUINT32_TO_LE(bits);
  g_byte_array_append(to, (const guint8 *)&bits, sizeof bits);
}

static void
put_float(GByteArray *to, int field, double value)
{
  put_varint(to, (guint64)field << 3 | 5);
  append_float(to, value);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
constant_clear(gpointer data)
{
  Constant *c = data;
  g_free(c->name);
  sg_tensor_unref(c->tensor);
  if (c->raw)
    g_byte_array_unref(c->raw);
}

SgOnnxGraph *
sg_onnx_graph_new(const char *name, SgDtype dtype)
{
  SgOnnxGraph *g = g_new0(SgOnnxGraph, 1);

  g->dtype = dtype;
  g->name = g_strdup(name);
  g->scope = g_strdup(name);
  g->names = g_string_chunk_new(4096);
  g->nodes = g_byte_array_new();
  g->ends = g_byte_array_new();
  g->props = g_byte_array_new();
  g->constants = g_array_new(FALSE, FALSE, sizeof(Constant));
  g_array_set_clear_func(g->constants, constant_clear);
  return g;
}

void
sg_onnx_graph_free(SgOnnxGraph *g)
{
  if (!g)
    return;
  g_free(g->name);
  g_free(g->scope);
  g_string_chunk_free(g->names);
  g_byte_array_unref(g->nodes);
  g_byte_array_unref(g->ends);
  g_byte_array_unref(g->props);
  g_array_unref(g->constants);
  g_free(g);
}

/* ---- values ---------------------------------------------------------------------------------- */

void
sg_onnx_graph_set_scope(SgOnnxGraph *g, const char *scope)
{
  g_free(g->scope);
  g->scope = g_strdup(scope);
}

static const char *
new_value(SgOnnxGraph *g, const char *what)
{
  g_autofree char *name = g_strdup_printf("%s/%s_%u", g->scope, what, g->values++);
  return g_string_chunk_insert(g->names, name);
}

static void
add_constant(SgOnnxGraph *g, const char *name, SgTensor *t, GByteArray *raw, int type, int ndim,
             const gint64 *shape)
{
  Constant c = {.name = g_strdup(name), .tensor = t, .raw = raw, .type = type, .ndim = ndim};

  for (int i = 0; i < ndim; i++)
    c.shape[i] = shape[i];
  g_array_append_val(g->constants, c);
}

const char *
sg_onnx_tensor(SgOnnxGraph *g, SgTensor *t, int ndim, const gint64 *shape)
{
  gboolean half = g->dtype == SG_DTYPE_FLOAT16;
  const char *name = new_value(g, "constant");

  if (!t) {
    g->poor = TRUE;
    return name;
  }
  add_constant(g, name, t, NULL, half ? TYPE_FLOAT16 : TYPE_FLOAT, shape ? ndim : t->ndim,
               shape ? shape : t->shape);
  if (!half)
    return name;
  SgOnnxAttribute to[] = {{.name = "to", .kind = SG_ONNX_INT, .ints = {TYPE_FLOAT}}, {NULL}};
  return sg_onnx_node(g, "Cast", (const char *[]){name, NULL}, to);
}

static void
add_number(SgOnnxGraph *g, const char *name, double value)
{
  GByteArray *raw = g_byte_array_new();

  append_float(raw, value);
  add_constant(g, name, NULL, raw, TYPE_FLOAT, 0, NULL);
}

const char *
sg_onnx_number(SgOnnxGraph *g, double value)
{
  const char *name = new_value(g, "number");
  add_number(g, name, value);
  return name;
}

const char *
sg_onnx_ints(SgOnnxGraph *g, int n, const gint64 *values)
{
  const char *name = new_value(g, "sizes");
  GByteArray *raw = g_byte_array_new();

  for (int i = 0; i < n; i++) {
    guint64 v = GUINT64_TO_LE((guint64)values[i]);
    g_byte_array_append(raw, (const guint8 *)&v, sizeof v);
  }
  add_constant(g, name, NULL, raw, TYPE_INT64, 1, (gint64[]){n});
  return name;
}

/* ---- operations ------------------------------------------------------------------------------ */

static void
put_attribute(GByteArray *node, const SgOnnxAttribute *a)
{
  static const int types[] = {
      [SG_ONNX_INT] = 2, [SG_ONNX_INTS] = 7, [SG_ONNX_FLOAT] = 1, [SG_ONNX_TEXT] = 3};
  g_autoptr(GByteArray) m = g_byte_array_new();

  put_text(m, ATTR_NAME, a->name);
  if (a->kind == SG_ONNX_FLOAT)
    put_float(m, ATTR_FLOAT, a->number);
  else if (a->kind == SG_ONNX_INT)
    put_int(m, ATTR_INT, a->ints[0]);
  else if (a->kind == SG_ONNX_TEXT)
    put_text(m, ATTR_TEXT, a->text);
  else
    for (int i = 0; i < a->n; i++)
      put_int(m, ATTR_INTS, a->ints[i]);
  put_int(m, ATTR_TYPE, types[a->kind]);
  put_message(node, NODE_ATTRIBUTE, m);
}

static void
add_node(SgOnnxGraph *g, const char *op, const char *const *inputs, const char *output,
         const SgOnnxAttribute *attributes)
{
  g_autoptr(GByteArray) m = g_byte_array_new();

  for (; *inputs; inputs++)
    put_text(m, NODE_INPUT, *inputs);
  put_text(m, NODE_OUTPUT, output);
  put_text(m, NODE_NAME, output);
  put_text(m, NODE_OP, op);
  for (; attributes && attributes->name; attributes++)
    put_attribute(m, attributes);
  put_message(g->nodes, GRAPH_NODE, m);
}

const char *
sg_onnx_node(SgOnnxGraph *g, const char *op, const char *const *inputs,
             const SgOnnxAttribute *attributes)
{
  const char *output = new_value(g, op);
  add_node(g, op, inputs, output, attributes);
  return output;
}

const char *
sg_onnx_node1(SgOnnxGraph *g, const char *op, const char *a)
{
  return sg_onnx_node(g, op, (const char *[]){a, NULL}, NULL);
}

const char *
sg_onnx_node2(SgOnnxGraph *g, const char *op, const char *a, const char *b)
{
  return sg_onnx_node(g, op, (const char *[]){a, b, NULL}, NULL);
}

/* ---- ends ------------------------------------------------------------------------------------ */

/* ValueInfoProto { name = 1, type = 2 { tensor = 1 { type = 1, shape = 2 { dim = 1 { value = 1,
 * name = 2 } } } } } */
static void
put_end(SgOnnxGraph *g, int field, const char *name, int ndim, const gint64 *shape)
{
  g_autoptr(GByteArray) sizes = g_byte_array_new(), tensor = g_byte_array_new();
  g_autoptr(GByteArray) type = g_byte_array_new(), info = g_byte_array_new();

  for (int i = 0; i < ndim; i++) {
    g_autoptr(GByteArray) size = g_byte_array_new();
    if (shape[i] < 0)
      put_text(size, 2, "N");
    else
      put_int(size, 1, shape[i]);
    put_message(sizes, 1, size);
  }
  put_int(tensor, 1, TYPE_FLOAT);
  put_message(tensor, 2, sizes);
  put_message(type, 1, tensor);
  put_text(info, 1, name);
  put_message(info, 2, type);
  put_message(g->ends, field, info);
}

const char *
sg_onnx_input(SgOnnxGraph *g, const char *name, int ndim, const gint64 *shape)
{
  put_end(g, GRAPH_INPUT, name, ndim, shape);
  return g_string_chunk_insert(g->names, name);
}

const char *
sg_onnx_option(SgOnnxGraph *g, const char *name, double value)
{
  put_end(g, GRAPH_INPUT, name, 0, NULL);
  add_number(g, name, value);
  return g_string_chunk_insert(g->names, name);
}

void
sg_onnx_output(SgOnnxGraph *g, const char *name, const char *value, int ndim, const gint64 *shape)
{
  add_node(g, "Identity", (const char *[]){value, NULL}, name, NULL);
  put_end(g, GRAPH_OUTPUT, name, ndim, shape);
}

void
sg_onnx_describe(SgOnnxGraph *g, const char *key, const char *text)
{
  g_autoptr(GByteArray) m = g_byte_array_new();

  put_text(m, 1, key);
  put_text(m, 2, text);
  put_message(g->props, MODEL_PROPS, m);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* A constant's message up to its numbers; `size`: theirs. */
static GByteArray *
constant_head(const SgOnnxGraph *g, const Constant *c, gsize *size)
{
  GByteArray *m = g_byte_array_new();

  *size = c->tensor ? c->tensor->numel * sg_dtype_size(g->dtype) : c->raw->len;
  for (int i = 0; i < c->ndim; i++)
    put_int(m, TENSOR_DIM, c->shape[i]);
  put_int(m, TENSOR_TYPE, c->type);
  put_text(m, TENSOR_NAME, c->name);
  put_length(m, TENSOR_RAW, *size);
  g_autoptr(GByteArray) body = m;
  GByteArray *whole = g_byte_array_new();
  put_length(whole, GRAPH_CONSTANT, body->len + *size);
  g_byte_array_append(whole, body->data, body->len);
  return whole;
}

static gboolean
write_constant(const SgOnnxGraph *g, SgWriter *w, const Constant *c, GError **error)
{
  gsize size;
  g_autoptr(GByteArray) head = constant_head(g, c, &size);
  g_autoptr(GBytes) numbers =
      c->tensor ? sg_stored_numbers(c->name, c->tensor, g->dtype, error) : NULL;

  if (c->tensor && !numbers)
    return FALSE;
  gconstpointer data = numbers ? g_bytes_get_data(numbers, NULL) : c->raw->data;
  return sg_writer_write(w, head->data, head->len, error) && sg_writer_write(w, data, size, error);
}

/* The model up to the graph's contents, of which there are `size` bytes besides the name. */
static GByteArray *
model_head(const SgOnnxGraph *g, guint64 size)
{
  GByteArray *m = g_byte_array_new();
  g_autoptr(GByteArray) opset = g_byte_array_new(), name = g_byte_array_new();

  put_int(m, MODEL_IR, SG_ONNX_IR);
  put_text(m, MODEL_PRODUCER, "Vitrine");
  put_text(m, MODEL_VERSION, SG_VERSION);
  put_text(opset, 1, "");
  put_int(opset, 2, SG_ONNX_OPSET);
  put_message(m, MODEL_OPSET, opset);
  g_byte_array_append(m, g->props->data, g->props->len);
  put_text(name, GRAPH_NAME, g->name);
  put_length(m, MODEL_GRAPH, name->len + size);
  g_byte_array_append(m, name->data, name->len);
  return m;
}

gboolean
sg_onnx_write(SgOnnxGraph *g, const char *path, GError **error)
{
  guint64 size = g->nodes->len + g->ends->len;

  if (g->poor)
    return sg_room_check(error) ? sg_no_memory(error, "for the constants of an ONNX file") : FALSE;
  for (guint i = 0; i < g->constants->len; i++) {
    gsize numbers;
    g_autoptr(GByteArray) head =
        constant_head(g, &g_array_index(g->constants, Constant, i), &numbers);
    size += head->len + numbers;
  }
  g_autoptr(GByteArray) head = model_head(g, size);
  if (size + head->len >= G_GUINT64_CONSTANT(1) << 31)
    return sg_unsupported(error, "the network has %.1f GB of weights, and an ONNX file holds 2",
                          (double)size / 1e9);
  g_autoptr(SgWriter) w = sg_writer_new(path, error);
  if (!w || !sg_writer_write(w, head->data, head->len, error) ||
      !sg_writer_write(w, g->nodes->data, g->nodes->len, error))
    return FALSE;
  for (guint i = 0; i < g->constants->len; i++)
    if (!write_constant(g, w, &g_array_index(g->constants, Constant, i), error))
      return FALSE;
  return sg_writer_write(w, g->ends->data, g->ends->len, error) && sg_writer_commit(w, error);
}
