/* What each opcode of a pickle does to the stack. */
#include "engine/formats/format-error.h"
#include "engine/formats/pickle-private.h"
#include <string.h>

#define MAX_LONG 1024
#define MAX_MEMO (1 << 28)

static gboolean
push(SgPickleMachine *m, SgPickleNode *node)
{
  g_ptr_array_add(m->stack, node);
  return TRUE;
}

static guint
fence(const SgPickleMachine *m)
{
  return m->marks->len ? g_array_index(m->marks, guint, m->marks->len - 1) : 0;
}

static SgPickleNode *
top(SgPickleMachine *m, GError **error)
{
  if (m->stack->len <= fence(m)) {
    sg_broken(error, "the pickle takes more from its stack than there is");
    return NULL;
  }
  return m->stack->pdata[m->stack->len - 1];
}

static SgPickleNode *
pop(SgPickleMachine *m, GError **error)
{
  SgPickleNode *node = top(m, error);
  if (node)
    g_ptr_array_set_size(m->stack, (int)m->stack->len - 1);
  return node;
}

static SgPickleNode *
pop_typed(SgPickleMachine *m, SgPickleType type, const char *what, GError **error)
{
  SgPickleNode *node = pop(m, error);
  if (node && node->type != type) {
    sg_broken(error, "the pickle uses something else as %s", what);
    return NULL;
  }
  return node;
}

/* Removes the last mark; *n nodes lie above it. */
static gboolean
take_mark(SgPickleMachine *m, guint *n, GError **error)
{
  if (m->marks->len == 0)
    return sg_broken(error, "the pickle refers to a mark it has not set");
  *n = m->stack->len - fence(m);
  g_array_set_size(m->marks, m->marks->len - 1);
  return TRUE;
}

static void
drop(SgPickleMachine *m, guint n)
{
  g_ptr_array_set_size(m->stack, (int)(m->stack->len - n));
}

/* ---- plain values ------------------------------------------------------------------------ */

static gboolean
op_proto(SgPickleMachine *m, guint8 code, GError **error)
{
  guint64 version;
  if (!sg_pickle_read_uint(m, 1, &version, error))
    return FALSE;
  if (version < 2 || version > 5)
    return sg_unsupported(error, "this is a pickle of protocol %d; Vitrine reads 2 to 5",
                          (int)version);
  sg_pickle_set_protocol(m->p, (int)version);
  return TRUE;
}

static gboolean
op_frame(SgPickleMachine *m, guint8 code, GError **error)
{
  guint64 length;
  return sg_pickle_read_length(m, 8, &length, error);
}

static gboolean
op_constant(SgPickleMachine *m, guint8 code, GError **error)
{
  SgPickleNode *node = sg_pickle_new_node(m->p, code == 'N' ? SG_PK_NONE : SG_PK_BOOL);
  node->integer = code == 0x88;
  return push(m, node);
}

static gboolean
op_int(SgPickleMachine *m, guint8 code, GError **error)
{
  guint64 v;
  if (!sg_pickle_read_uint(m, code == 'K' ? 1 : code == 'M' ? 2 : 4, &v, error))
    return FALSE;
  SgPickleNode *node = sg_pickle_new_node(m->p, SG_PK_INT);
  node->integer = code == 'J' ? (gint64)(gint32)(guint32)v : (gint64)v;
  return push(m, node);
}

static gboolean
op_long(SgPickleMachine *m, guint8 code, GError **error)
{
  guint64 n;
  if (!sg_pickle_read_length(m, code == 0x8a ? 1 : 4, &n, error))
    return FALSE;
  if (n > MAX_LONG)
    return sg_broken(error, "the pickle holds an integer of %" G_GUINT64_FORMAT " bytes", n);
  char *raw = sg_pickle_alloc(m->p, n + 1);
  if (!raw)
    return sg_no_memory(error, "for a pickle");
  if (!sg_pickle_read_bytes(m, raw, n, error))
    return FALSE;
  SgPickleNode *node = sg_pickle_new_node(m->p, n > 8 ? SG_PK_BIGINT : SG_PK_INT);
  if (n > 8) {
    node->text.data = raw;
    node->text.length = n;
    return push(m, node);
  }
  guint64 v = n > 0 && (raw[n - 1] & 0x80) ? G_MAXUINT64 : 0;
  for (gsize i = n; i-- > 0;)
    v = v << 8 | (guint8)raw[i];
  node->integer = (gint64)v;
  return push(m, node);
}

static gboolean
op_float(SgPickleMachine *m, guint8 code, GError **error)
{
  guint64 bits;
  if (!sg_pickle_read_bytes(m, &bits, 8, error))
    return FALSE;
  SgPickleNode *node = sg_pickle_new_node(m->p, SG_PK_FLOAT);
  bits = GUINT64_FROM_BE(bits);
  memcpy(&node->real, &bits, 8);
  return push(m, node);
}

/* How many bytes the length of a string opcode has. */
static gsize
length_width(guint8 code)
{
  switch (code) {
  case 0x8c: /* SHORT_BINUNICODE */
  case 'C':  /* SHORT_BINBYTES */
  case 'U':  /* SHORT_BINSTRING, Python 2's text */
    return 1;
  case 'X': /* BINUNICODE */
  case 'B': /* BINBYTES */
  case 'T': /* BINSTRING */
    return 4;
  default:
    return 8;
  }
}

static gboolean
op_string(SgPickleMachine *m, guint8 code, GError **error)
{
  guint64 n;
  if (!sg_pickle_read_length(m, length_width(code), &n, error))
    return FALSE;
  SgPickleNode *node = sg_pickle_new_node(m->p, SG_PK_STRING);
  char *text = sg_pickle_alloc(m->p, n + 1);
  if (!text)
    return sg_no_memory(error, "for a pickle");
  node->text.data = text;
  node->text.length = n;
  return sg_pickle_read_bytes(m, text, n, error) && push(m, node);
}

static gboolean
op_bytes(SgPickleMachine *m, guint8 code, GError **error)
{
  guint64 n;
  if (!sg_pickle_read_length(m, length_width(code), &n, error))
    return FALSE;
  SgPickleNode *node = sg_pickle_new_node(m->p, SG_PK_BYTES);
  node->bytes.source = m->source;
  node->bytes.offset = m->position;
  node->bytes.length = n;
  m->position += n;
  return push(m, node);
}

/* ---- containers -------------------------------------------------------------------------- */

static gboolean
op_mark(SgPickleMachine *m, guint8 code, GError **error)
{
  g_array_append_val(m->marks, m->stack->len);
  return TRUE;
}

static gboolean
op_empty(SgPickleMachine *m, guint8 code, GError **error)
{
  SgPickleType type = code == ')'   ? SG_PK_TUPLE
                      : code == ']' ? SG_PK_LIST
                      : code == '}' ? SG_PK_DICT
                                    : SG_PK_SET;
  return push(m, sg_pickle_new_node(m->p, type));
}

/* Moves the topmost n nodes, which are there, into a sequence. */
static gboolean
collect(SgPickleMachine *m, SgPickleNode *seq, guint n, GError **error)
{
  for (guint i = m->stack->len - n; i < m->stack->len; i++)
    if (!sg_pickle_append(m->p, seq, m->stack->pdata[i]))
      return sg_no_memory(error, "for a pickle");
  drop(m, n);
  return TRUE;
}

/* TUPLE1, TUPLE2, TUPLE3 */
static gboolean
op_short_tuple(SgPickleMachine *m, guint8 code, GError **error)
{
  guint n = code - 0x84;
  if (m->stack->len < fence(m) + n)
    return sg_broken(error, "the pickle takes more from its stack than there is");
  SgPickleNode *node = sg_pickle_new_node(m->p, SG_PK_TUPLE);
  if (!collect(m, node, n, error))
    return FALSE;
  return push(m, node);
}

/* TUPLE, FROZENSET */
static gboolean
op_marked_sequence(SgPickleMachine *m, guint8 code, GError **error)
{
  guint n = 0;
  if (!take_mark(m, &n, error))
    return FALSE;
  SgPickleNode *node = sg_pickle_new_node(m->p, code == 't' ? SG_PK_TUPLE : SG_PK_SET);
  if (!collect(m, node, n, error))
    return FALSE;
  return push(m, node);
}

/* The list or dict that `target` takes items into; objects have one of each beside their state. */
static SgPickleNode *
receiver(SgPickleMachine *m, SgPickleNode *target, SgPickleType type)
{
  if (target->type == type)
    return target;
  if (target->type != SG_PK_CALL || type == SG_PK_SET)
    return NULL;
  SgPickleNode **slot = type == SG_PK_DICT ? &target->call.dict : &target->call.list;
  if (!*slot)
    *slot = sg_pickle_new_node(m->p, type);
  return *slot;
}

/* Moves the topmost n items into what lies below them. */
static gboolean
give(SgPickleMachine *m, SgPickleType type, guint n, GError **error)
{
  if (m->stack->len <= fence(m) + n)
    return sg_broken(error, "the pickle takes more from its stack than there is");
  SgPickleNode *into = receiver(m, m->stack->pdata[m->stack->len - n - 1], type);
  if (!into)
    return sg_broken(error, "the pickle adds items to something that takes none");
  if (type == SG_PK_DICT && n % 2)
    return sg_broken(error, "the pickle gives a dict a key without a value");
  if (!collect(m, into, n, error))
    return FALSE;
  return TRUE;
}

/* APPEND, SETITEM */
static gboolean
op_give(SgPickleMachine *m, guint8 code, GError **error)
{
  return code == 'a' ? give(m, SG_PK_LIST, 1, error) : give(m, SG_PK_DICT, 2, error);
}

/* APPENDS, SETITEMS, ADDITEMS */
static gboolean
op_give_marked(SgPickleMachine *m, guint8 code, GError **error)
{
  guint n = 0;
  SgPickleType type = code == 'e' ? SG_PK_LIST : code == 'u' ? SG_PK_DICT : SG_PK_SET;
  return take_mark(m, &n, error) && give(m, type, n, error);
}

/* ---- globals and calls ------------------------------------------------------------------- */

static gboolean
op_global(SgPickleMachine *m, guint8 code, GError **error)
{
  SgPickleNode *node = sg_pickle_new_node(m->p, SG_PK_GLOBAL);
  node->global.module = sg_pickle_read_line(m, error);
  node->global.name = node->global.module ? sg_pickle_read_line(m, error) : NULL;
  return node->global.name && push(m, node);
}

static gboolean
op_stack_global(SgPickleMachine *m, guint8 code, GError **error)
{
  SgPickleNode *name = pop_typed(m, SG_PK_STRING, "a name", error);
  SgPickleNode *module = name ? pop_typed(m, SG_PK_STRING, "a module", error) : NULL;
  if (!module)
    return FALSE;
  SgPickleNode *node = sg_pickle_new_node(m->p, SG_PK_GLOBAL);
  node->global.module = module->text.data;
  node->global.name = name->text.data;
  return push(m, node);
}

/* REDUCE, NEWOBJ */
static gboolean
op_call(SgPickleMachine *m, guint8 code, GError **error)
{
  SgPickleNode *args = pop_typed(m, SG_PK_TUPLE, "the arguments of a call", error);
  SgPickleNode *callable = args ? pop_typed(m, SG_PK_GLOBAL, "a function", error) : NULL;
  if (!callable)
    return FALSE;
  if (sg_pickle_is_attack(callable))
    return sg_unsupported(error,
                          "this file tries to run %s.%s when it is opened: it is no plain model. "
                          "Vitrine runs nothing from files; do not open it with other programs",
                          callable->global.module, callable->global.name);
  SgPickleNode *node = sg_pickle_new_node(m->p, SG_PK_CALL);
  node->call.callable = callable;
  node->call.args = args;
  return push(m, node);
}

static gboolean
op_build(SgPickleMachine *m, guint8 code, GError **error)
{
  SgPickleNode *state = pop(m, error);
  SgPickleNode *object = state ? top(m, error) : NULL;
  if (!object)
    return FALSE;
  if (object->type != SG_PK_CALL)
    return sg_broken(error, "the pickle gives a state to something that has none");
  object->call.state = state;
  return TRUE;
}

static gboolean
op_persistent(SgPickleMachine *m, guint8 code, GError **error)
{
  SgPickleNode *id = pop(m, error);
  if (!id)
    return FALSE;
  SgPickleNode *node = sg_pickle_new_node(m->p, SG_PK_PERSISTENT);
  node->id = id;
  sg_pickle_note_persistent(m->p, node);
  return push(m, node);
}

/* ---- memo and stack ---------------------------------------------------------------------- */

static gboolean
memoize(SgPickleMachine *m, guint64 index, GError **error)
{
  SgPickleNode *node = top(m, error);
  if (!node)
    return FALSE;
  /* Writers count from 0; an index beyond the bytes read so far only asks for memory. */
  if (index > m->position || index > MAX_MEMO)
    return sg_broken(error, "the pickle uses the impossible memo index %" G_GUINT64_FORMAT, index);
  if (index >= m->memo->len)
    g_ptr_array_set_size(m->memo, (int)MAX(index + 1, MIN(m->memo->len * 2, G_MAXINT32 / 2)));
  if (!m->memo->pdata[index])
    m->memo_count++;
  m->memo->pdata[index] = node;
  return TRUE;
}

/* The index operand of PUT/GET, BINPUT/BINGET, LONG_BINPUT/LONG_BINGET. */
static gboolean
read_index(SgPickleMachine *m, guint8 code, guint64 *index, GError **error)
{
  if (code == 'q' || code == 'h')
    return sg_pickle_read_uint(m, 1, index, error);
  if (code == 'r' || code == 'j')
    return sg_pickle_read_uint(m, 4, index, error);
  const char *line = sg_pickle_read_line(m, error);
  if (line && !g_ascii_string_to_unsigned(line, 10, 0, G_MAXINT32, index, NULL))
    return sg_broken(error, "the pickle uses an impossible memo index");
  return line != NULL;
}

static gboolean
op_put(SgPickleMachine *m, guint8 code, GError **error)
{
  guint64 index = m->memo_count;
  return (code == 0x94 || read_index(m, code, &index, error)) && memoize(m, index, error);
}

static gboolean
op_get(SgPickleMachine *m, guint8 code, GError **error)
{
  guint64 index;
  if (!read_index(m, code, &index, error))
    return FALSE;
  if (index >= m->memo->len || !m->memo->pdata[index])
    return sg_broken(error, "the pickle refers to memo %" G_GUINT64_FORMAT ", which is not set",
                     index);
  return push(m, m->memo->pdata[index]);
}

static gboolean
op_pop(SgPickleMachine *m, guint8 code, GError **error)
{
  /* POP on a mark removes the mark. */
  if (m->marks->len && m->stack->len == fence(m)) {
    g_array_set_size(m->marks, m->marks->len - 1);
    return TRUE;
  }
  return pop(m, error) != NULL;
}

static gboolean
op_pop_mark(SgPickleMachine *m, guint8 code, GError **error)
{
  guint n = 0;
  if (!take_mark(m, &n, error))
    return FALSE;
  drop(m, n);
  return TRUE;
}

static gboolean
op_dup(SgPickleMachine *m, guint8 code, GError **error)
{
  SgPickleNode *node = top(m, error);
  return node && push(m, node);
}

static gboolean
op_stop(SgPickleMachine *m, guint8 code, GError **error)
{
  m->stopped = TRUE;
  m->result = pop(m, error);
  return m->result != NULL;
}

const SgPickleOpcode sg_pickle_opcodes[256] = {
    [0x80] = op_proto,
    [0x95] = op_frame,
    ['.'] = op_stop,
    ['('] = op_mark,
    ['N'] = op_constant,
    [0x88] = op_constant,
    [0x89] = op_constant,
    ['K'] = op_int,
    ['M'] = op_int,
    ['J'] = op_int,
    [0x8a] = op_long,
    [0x8b] = op_long,
    ['G'] = op_float,
    ['T'] = op_string,
    ['U'] = op_string,
    ['X'] = op_string,
    [0x8c] = op_string,
    [0x8d] = op_string,
    ['B'] = op_bytes,
    ['C'] = op_bytes,
    [0x8e] = op_bytes,
    [0x96] = op_bytes,
    [')'] = op_empty,
    [']'] = op_empty,
    ['}'] = op_empty,
    [0x8f] = op_empty,
    [0x85] = op_short_tuple,
    [0x86] = op_short_tuple,
    [0x87] = op_short_tuple,
    ['t'] = op_marked_sequence,
    [0x91] = op_marked_sequence,
    ['a'] = op_give,
    ['s'] = op_give,
    ['e'] = op_give_marked,
    ['u'] = op_give_marked,
    [0x90] = op_give_marked,
    ['c'] = op_global,
    [0x93] = op_stack_global,
    ['R'] = op_call,
    [0x81] = op_call,
    ['b'] = op_build,
    ['Q'] = op_persistent,
    ['q'] = op_put,
    ['r'] = op_put,
    ['p'] = op_put,
    [0x94] = op_put,
    ['h'] = op_get,
    ['j'] = op_get,
    ['g'] = op_get,
    ['0'] = op_pop,
    ['1'] = op_pop_mark,
    ['2'] = op_dup,
};
