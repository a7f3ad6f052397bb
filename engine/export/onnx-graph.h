/* SgOnnxGraph: a computation as ONNX files tell it (onnx.ai, the messages of onnx.proto): inputs,
 * constants, operations in the order in which they run, outputs.
 *
 * The file is the wire format of Protocol Buffers: each field is its number and kind, then a number
 * in groups of seven bits, or a length and so many bytes. Constants are written from their tensors
 * one after the other, so that a large network is in memory once. */
#pragma once

#include "engine/base/tensor.h"
#include "engine/formats/view.h"

G_BEGIN_DECLS

/* The version of the operations that are used (17: ONNX 1.12, 2022), and of the file's format. */
#define SG_ONNX_OPSET 17
#define SG_ONNX_IR    8

typedef struct _SgOnnxGraph SgOnnxGraph;

/* What an operation is told besides its inputs; a list of them ends with a name of NULL. */
typedef struct {
  const char *name;
  enum { SG_ONNX_INT, SG_ONNX_INTS, SG_ONNX_FLOAT, SG_ONNX_TEXT } kind;
  int n; /* of INTS */
  gint64 ints[8];
  double number;
  const char *text;
} SgOnnxAttribute;

/* Constants are stored as float32 or, cast when they are used, as float16. */
SgOnnxGraph *sg_onnx_graph_new(const char *name, SgDtype dtype);
void sg_onnx_graph_free(SgOnnxGraph *g);

/* The layer whose operations follow: the names of nodes begin with it. */
void sg_onnx_graph_set_scope(SgOnnxGraph *g, const char *scope);
/* Each gives the name of a value, which lives as long as the graph. */
/* Takes the tensor. NULL: none could be had; the graph remembers, and is not written. Shape:
 * `shape` [ndim], or the tensor's own where it is NULL. */
const char *sg_onnx_tensor(SgOnnxGraph *g, SgTensor *t, int ndim, const gint64 *shape);
const char *sg_onnx_number(SgOnnxGraph *g, double value);              /* float32 [] */
const char *sg_onnx_ints(SgOnnxGraph *g, int n, const gint64 *values); /* int64 [n] */
/* `inputs` ends with NULL; `attributes` NULL for none. */
const char *sg_onnx_node(SgOnnxGraph *g, const char *op, const char *const *inputs,
                         const SgOnnxAttribute *attributes);
const char *sg_onnx_node1(SgOnnxGraph *g, const char *op, const char *a);
const char *sg_onnx_node2(SgOnnxGraph *g, const char *op, const char *a, const char *b);
/* float32; sizes below 0: as many as there are samples, called N. */
const char *sg_onnx_input(SgOnnxGraph *g, const char *name, int ndim, const gint64 *shape);
/* An input that is `value` where nobody gives it: float32 []. */
const char *sg_onnx_option(SgOnnxGraph *g, const char *name, double value);
void sg_onnx_output(SgOnnxGraph *g, const char *name, const char *value, int ndim,
                    const gint64 *shape);
void sg_onnx_describe(SgOnnxGraph *g, const char *key, const char *text); /* metadata_props */

/* Errors: those of files, of sg_stored_numbers(), no memory, more than the 2 GiB that ONNX files
 * can have. The file appears under its name when all of it is on disk. */
gboolean sg_onnx_write(SgOnnxGraph *g, const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgOnnxGraph, sg_onnx_graph_free)

G_END_DECLS
