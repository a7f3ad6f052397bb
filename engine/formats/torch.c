#include "engine/formats/torch.h"
#include "engine/formats/format-error.h"
#include <string.h>

/* A parameter of a parameter of a tensor…: real ones are two deep. */
#define MAX_WRAPPING 8

/* ---- storages -------------------------------------------------------------------------------- */

gboolean
sg_torch_storage_type(const SgPickleNode *global, SgDtype *dtype)
{
  static const struct {
    const char *name;
    SgDtype dtype;
  } types[] = {
      {"FloatStorage", SG_DTYPE_FLOAT32},
      {"DoubleStorage", SG_DTYPE_FLOAT64},
      {"HalfStorage", SG_DTYPE_FLOAT16},
      {"BFloat16Storage", SG_DTYPE_BFLOAT16},
      {"LongStorage", SG_DTYPE_INT64},
      {"IntStorage", SG_DTYPE_INT32},
      {"ShortStorage", SG_DTYPE_INT16},
      {"CharStorage", SG_DTYPE_INT8},
      {"ByteStorage", SG_DTYPE_UINT8},
      {"BoolStorage", SG_DTYPE_BOOL},
      {"ComplexFloatStorage", SG_DTYPE_COMPLEX64},
      {"ComplexDoubleStorage", SG_DTYPE_COMPLEX128},
      {"UntypedStorage", SG_DTYPE_UINT8},
  };
  if (!global || global->type != SG_PK_GLOBAL || !g_str_has_prefix(global->global.module, "torch"))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
    if (strcmp(types[i].name, global->global.name) == 0) {
      *dtype = types[i].dtype;
      return TRUE;
    }
  return FALSE;
}

gboolean
sg_torch_storage_id(const SgPickleNode *persistent, SgStorageId *id)
{
  const SgPickleNode *tuple = persistent->id;
  const SgPickleNode *key = sg_pickle_item(tuple, 2), *view = sg_pickle_item(tuple, 5);
  gint64 numel;

  if (strcmp(sg_pickle_text(sg_pickle_item(tuple, 0)), "storage") != 0 ||
      !sg_torch_storage_type(sg_pickle_item(tuple, 1), &id->dtype) || !key ||
      key->type != SG_PK_STRING || !sg_pickle_int(sg_pickle_item(tuple, 4), &numel) || numel < 0)
    return FALSE;
  id->key = key->text.data;
  id->numel = (guint64)numel;
  id->view = view && view->type != SG_PK_NONE ? view : NULL;
  return TRUE;
}

/* ---- byte strings ---------------------------------------------------------------------------- */

/* Protocols up to 2 have no byte strings: every byte is a code point of a str. Decoded once per
 * str, however often it is referred to, so that a small file cannot multiply itself. */
static GBytes *
decode_latin1(SgTorch *t, SgPickleNode *text)
{
  const guint8 *in = (const guint8 *)text->text.data, *end = in + text->text.length;
  guint8 *out, *start;

  if (text->meaning || text->busy)
    return text->meaning;
  text->busy = TRUE; /* tried: what cannot be decoded is not tried again */
  start = out = sg_pickle_alloc(t->pickle, text->text.length + 1);
  if (!start)
    return NULL;
  while (in < end) {
    if (in[0] < 0x80)
      *out++ = *in++;
    else if ((in[0] == 0xc2 || in[0] == 0xc3) && in + 1 < end && (in[1] & 0xc0) == 0x80) {
      *out++ = (guint8)(in[0] << 6 | (in[1] & 0x3f));
      in += 2;
    } else
      return NULL;
  }
  GBytes *bytes = g_bytes_new_static(start, (gsize)(out - start));
  sg_pickle_own(t->pickle, bytes, (GDestroyNotify)g_bytes_unref);
  text->meaning = bytes;
  return bytes;
}

/* The bytes that a node stands for, as a source that lives as long as the pickle; NULL if none. */
static SgSource *
bytes_source(SgTorch *t, SgPickleNode *node)
{
  SgSource *source = NULL;

  if (!node)
    return NULL;
  if (sg_pickle_is_call(node, "_codecs", "encode")) {
    SgPickleNode *text = sg_pickle_item(node->call.args, 0);
    const char *codec = sg_pickle_text(sg_pickle_item(node->call.args, 1));
    GBytes *bytes = NULL;
    if (node->meaning)
      return node->meaning;
    if (text && text->type == SG_PK_STRING && strcmp(codec, "latin1") == 0)
      bytes = decode_latin1(t, text);
    source = bytes ? sg_source_new_bytes(bytes) : NULL;
  } else if (node->type == SG_PK_BYTES) {
    if (node->meaning)
      return node->meaning;
    source = sg_source_new_part(node->bytes.source, node->bytes.offset, node->bytes.length, NULL);
  } else if (sg_pickle_is_call(node, "__builtin__", "bytes") ||
             sg_pickle_is_call(node, "builtins", "bytearray")) {
    return bytes_source(t, sg_pickle_item(node->call.args, 0));
  }
  if (source) {
    sg_pickle_own(t->pickle, source, (GDestroyNotify)sg_source_unref);
    node->meaning = source;
  }
  return source;
}

/* ---- tensors --------------------------------------------------------------------------------- */

/* torch.storage._load_from_bytes (bytes): a legacy stream that holds one storage. The answer is
 * kept on the call's node. */
static SgFound
embedded_storage(SgTorch *t, SgPickleNode *call, SgStorage **storage, GError **error)
{
  SgSource *source = bytes_source(t, sg_pickle_item(call->call.args, 0));

  if (!call->meaning) {
    if (!source)
      return sg_broken(error, "a tensor's storage is not a byte string"), SG_FOUND_BROKEN;
    SgPickleNode *object = sg_torch_legacy_parse(t->b, t->pickle, source, error);
    if (!object)
      return SG_FOUND_BROKEN;
    if (object->type != SG_PK_PERSISTENT)
      return sg_broken(error, "a tensor's storage holds something else"), SG_FOUND_BROKEN;
    call->meaning = object->meaning;
  }
  *storage = call->meaning;
  return *storage ? SG_FOUND : SG_FOUND_NOTHING;
}

static SgFound
find_storage(SgTorch *t, SgPickleNode *node, SgStorage **storage, GError **error)
{
  if (sg_pickle_is_call(node, "torch.storage", "_load_from_bytes"))
    return embedded_storage(t, node, storage, error);
  if (!node || node->type != SG_PK_PERSISTENT || !node->meaning)
    return SG_FOUND_NOTHING;
  *storage = node->meaning;
  return SG_FOUND;
}

static gboolean
copy_sizes(const SgPickleNode *tuple, int ndim, gint64 *sizes)
{
  for (int i = 0; i < ndim; i++)
    if (!sg_pickle_int(sg_pickle_item(tuple, (gsize)i), &sizes[i]))
      return FALSE;
  return TRUE;
}

/* torch.Size is a call around the tuple. */
static const SgPickleNode *
plain_tuple(const SgPickleNode *node)
{
  if (sg_pickle_is_call(node, "torch", "Size"))
    node = sg_pickle_item(node->call.args, 0);
  return node && (node->type == SG_PK_TUPLE || node->type == SG_PK_LIST) ? node : NULL;
}

static SgSource *
open_reinterpreted(SgStorage *storage, GError **error)
{
  SgStorage *base = storage->open_data;
  if (!base->source && !(base->source = base->open(base, error)))
    return NULL;
  return sg_source_ref(base->source);
}

/* _rebuild_tensor_v3 has untyped storages and says the type itself. */
static gboolean
reinterpret(SgTorch *t, const SgPickleNode *type, SgStorage **storage)
{
  SgStorage *base = *storage;
  SgDtype dtype;

  if (!type || type->type != SG_PK_GLOBAL || strcmp(type->global.module, "torch") != 0 ||
      !sg_dtype_from_name(type->global.name, &dtype))
    return FALSE;
  if (dtype == base->dtype)
    return TRUE;
  guint64 bytes = base->numel * sg_dtype_size(base->dtype);
  SgStorage *typed = sg_storage_new(dtype, bytes / sg_dtype_size(dtype));
  typed->big_endian = base->big_endian;
  typed->open = open_reinterpreted;
  typed->open_data = base;
  *storage = sg_archive_builder_add_storage(t->b, typed);
  return TRUE;
}

/* _rebuild_tensor* (storage, offset, size, stride, …) */
static SgFound
rebuild_tensor(SgTorch *t, SgPickleNode *args, gboolean v3, SgView *view, GError **error)
{
  const SgPickleNode *size = plain_tuple(sg_pickle_item(args, 2));
  const SgPickleNode *stride = plain_tuple(sg_pickle_item(args, 3));
  gint64 offset;
  SgFound found = find_storage(t, sg_pickle_item(args, 0), &view->storage, error);

  if (found != SG_FOUND)
    return found;
  if (v3 && !reinterpret(t, sg_pickle_item(args, 6), &view->storage))
    return SG_FOUND_NOTHING;
  if (!size || !stride || size->seq.n != stride->seq.n || size->seq.n > SG_MAX_DIMS ||
      !sg_pickle_int(sg_pickle_item(args, 1), &offset) || offset < 0)
    return sg_broken(error, "a tensor has no valid offset, sizes and strides"), SG_FOUND_BROKEN;
  view->offset = (guint64)offset;
  view->ndim = (int)size->seq.n;
  if (!copy_sizes(size, view->ndim, view->shape) || !copy_sizes(stride, view->ndim, view->stride))
    return sg_broken(error, "a tensor has sizes or strides that are no numbers"), SG_FOUND_BROKEN;
  return SG_FOUND;
}

static SgFound
find_tensor(SgTorch *t, SgPickleNode *node, int depth, SgView *view, GError **error)
{
  SgPickleNode *args = node && node->type == SG_PK_CALL ? node->call.args : NULL;

  if (!args || depth > MAX_WRAPPING)
    return SG_FOUND_NOTHING;
  if (sg_pickle_is_call(node, "torch._utils", "_rebuild_tensor_v2") ||
      sg_pickle_is_call(node, "torch._utils", "_rebuild_tensor"))
    return rebuild_tensor(t, args, FALSE, view, error);
  if (sg_pickle_is_call(node, "torch._utils", "_rebuild_tensor_v3"))
    return rebuild_tensor(t, args, TRUE, view, error);
  if (sg_pickle_is_call(node, "torch._utils", "_rebuild_parameter") ||
      sg_pickle_is_call(node, "torch._utils", "_rebuild_parameter_with_state"))
    return find_tensor(t, sg_pickle_item(args, 0), depth + 1, view, error);
  if (sg_pickle_is_call(node, "torch._tensor", "_rebuild_from_type_v2")) {
    SgPickleNode inner = {.type = SG_PK_CALL};
    inner.call.callable = sg_pickle_item(args, 0);
    inner.call.args = sg_pickle_item(args, 2);
    return find_tensor(t, &inner, depth + 1, view, error);
  }
  return SG_FOUND_NOTHING;
}

/* ---- NumPy ----------------------------------------------------------------------------------- */

/* NumPy 2 moved everything from numpy.core to numpy._core. */
static gboolean
is_numpy(const SgPickleNode *node, const char *module, const char *name)
{
  g_autofree char *new_module = g_strconcat("numpy._core.", module, NULL);
  g_autofree char *old_module = g_strconcat("numpy.core.", module, NULL);
  return sg_pickle_is_call(node, old_module, name) || sg_pickle_is_call(node, new_module, name);
}

/* dtype ('f4', …) with the byte order in its state. */
static gboolean
numpy_dtype(const SgPickleNode *node, SgDtype *dtype, gboolean *big_endian)
{
  static const struct {
    const char *code;
    SgDtype dtype;
  } codes[] = {
      {"f2", SG_DTYPE_FLOAT16},   {"f4", SG_DTYPE_FLOAT32}, {"f8", SG_DTYPE_FLOAT64},
      {"b1", SG_DTYPE_BOOL},      {"u1", SG_DTYPE_UINT8},   {"u2", SG_DTYPE_UINT16},
      {"u4", SG_DTYPE_UINT32},    {"u8", SG_DTYPE_UINT64},  {"i1", SG_DTYPE_INT8},
      {"i2", SG_DTYPE_INT16},     {"i4", SG_DTYPE_INT32},   {"i8", SG_DTYPE_INT64},
      {"c8", SG_DTYPE_COMPLEX64},
  };
  if (!sg_pickle_is_call(node, "numpy", "dtype"))
    return FALSE;
  const char *code = sg_pickle_text(sg_pickle_item(node->call.args, 0));
  *big_endian = strcmp(sg_pickle_text(sg_pickle_item(node->call.state, 1)), ">") == 0;
  for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
    if (strcmp(codes[i].code, code) == 0) {
      *dtype = codes[i].dtype;
      return TRUE;
    }
  return FALSE;
}

/* What the three ways to write an array have in common. `shape` NULL: a scalar. */
static SgFound
make_array(SgTorch *t, SgPickleNode *bytes, const SgPickleNode *type, const SgPickleNode *shape,
           gboolean fortran, SgView *view, GError **error)
{
  SgSource *source = bytes_source(t, bytes);
  SgDtype dtype;
  gboolean big_endian;

  if (!source || !numpy_dtype(type, &dtype, &big_endian))
    return SG_FOUND_NOTHING;
  if (shape && (shape->type != SG_PK_TUPLE || shape->seq.n > SG_MAX_DIMS))
    return sg_broken(error, "an array has no valid shape"), SG_FOUND_BROKEN;
  view->ndim = shape ? (int)shape->seq.n : 0;
  if (!copy_sizes(shape, view->ndim, view->shape))
    return sg_broken(error, "an array has sizes that are no numbers"), SG_FOUND_BROKEN;
  SgStorage *storage = sg_storage_new(dtype, sg_source_size(source) / sg_dtype_size(dtype));
  storage->big_endian = big_endian;
  storage->source = sg_source_ref(source);
  view->storage = sg_archive_builder_add_storage(t->b, storage);
  sg_view_set_contiguous(view, fortran);
  return SG_FOUND;
}

static SgFound
find_array(SgTorch *t, SgPickleNode *node, SgView *view, GError **error)
{
  SgPickleNode *args = node->call.args, *state = node->call.state;
  gint64 fortran = 0;

  if (is_numpy(node, "multiarray", "scalar"))
    return make_array(t, sg_pickle_item(args, 1), sg_pickle_item(args, 0), NULL, FALSE, view,
                      error);
  if (is_numpy(node, "numeric", "_frombuffer"))
    return make_array(t, sg_pickle_item(args, 0), sg_pickle_item(args, 1), sg_pickle_item(args, 2),
                      strcmp(sg_pickle_text(sg_pickle_item(args, 3)), "F") == 0, view, error);
  if (is_numpy(node, "multiarray", "_reconstruct") && state) {
    sg_pickle_int(sg_pickle_item(state, 3), &fortran);
    return make_array(t, sg_pickle_item(state, 4), sg_pickle_item(state, 2),
                      sg_pickle_item(state, 1), fortran != 0, view, error);
  }
  return SG_FOUND_NOTHING;
}

SgFound
sg_torch_find(SgTorch *t, SgPickleNode *node, SgView *view, gboolean *is_array, GError **error)
{
  SgFound found;

  memset(view, 0, sizeof *view);
  *is_array = FALSE;
  if (!node || node->type != SG_PK_CALL)
    return SG_FOUND_NOTHING;
  found = find_tensor(t, node, 0, view, error);
  if (found != SG_FOUND_NOTHING || !g_str_has_prefix(node->call.callable->global.module, "numpy"))
    return found;
  *is_array = TRUE;
  return find_array(t, node, view, error);
}
