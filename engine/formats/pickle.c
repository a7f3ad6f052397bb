#include "engine/formats/pickle.h"
#include "engine/formats/format-error.h"
#include "engine/formats/pickle-private.h"
#include <string.h>

/* ---- the arena ------------------------------------------------------------------------------- */

#define ARENA_CHUNK (32 * 1024)
/* A 1024x1024 model with everything has under 100,000; beyond this a file only wants our memory. */
#define MAX_NODES 4000000

typedef struct {
  gpointer object;
  GDestroyNotify destroy;
} Owned;

struct _SgPickle {
  GPtrArray *chunks;
  guint8 *free;
  gsize free_bytes;
  GPtrArray *persistent;
  GSList *owned; /* of Owned */
  guint64 count;
  int protocol;
};

SgPickle *
sg_pickle_new(void)
{
  SgPickle *p = g_new0(SgPickle, 1);
  p->chunks = g_ptr_array_new_with_free_func(g_free);
  p->persistent = g_ptr_array_new();
  return p;
}

void
sg_pickle_free(SgPickle *p)
{
  if (!p)
    return;
  /* Newest first: what was made later may rest on what was made before. */
  for (GSList *l = p->owned; l; l = l->next)
    ((Owned *)l->data)->destroy(((Owned *)l->data)->object);
  g_slist_free_full(p->owned, g_free);
  g_ptr_array_unref(p->chunks);
  g_ptr_array_unref(p->persistent);
  g_free(p);
}

gpointer
sg_pickle_alloc(SgPickle *p, gsize bytes)
{
  bytes = (bytes + 15) & ~(gsize)15;
  if (bytes > ARENA_CHUNK / 4) {
    gpointer large = g_try_malloc0(bytes);
    if (large)
      g_ptr_array_add(p->chunks, large);
    return large;
  }
  if (bytes > p->free_bytes) {
    p->free = g_malloc0(ARENA_CHUNK);
    p->free_bytes = ARENA_CHUNK;
    g_ptr_array_add(p->chunks, p->free);
  }
  gpointer memory = p->free;
  p->free += bytes;
  p->free_bytes -= bytes;
  return memory;
}

void
sg_pickle_own(SgPickle *p, gpointer object, GDestroyNotify destroy)
{
  Owned *owned = g_new(Owned, 1);
  owned->object = object;
  owned->destroy = destroy;
  p->owned = g_slist_prepend(p->owned, owned);
}

SgPickleNode *
sg_pickle_new_node(SgPickle *p, SgPickleType type)
{
  SgPickleNode *node = sg_pickle_alloc(p, sizeof *node);
  node->type = type;
  p->count++;
  return node;
}

gboolean
sg_pickle_append(SgPickle *p, SgPickleNode *seq, SgPickleNode *item)
{
  if (seq->seq.n == seq->seq.capacity) {
    gsize capacity = MAX(4, seq->seq.capacity * 2);
    SgPickleNode **items = sg_pickle_alloc(p, capacity * sizeof *items);
    if (!items)
      return FALSE;
    if (seq->seq.n)
      memcpy(items, seq->seq.items, seq->seq.n * sizeof *items);
    seq->seq.items = items;
    seq->seq.capacity = capacity;
  }
  seq->seq.items[seq->seq.n++] = item;
  return TRUE;
}

#define MAX_LINE 4096

/* ---- reading the program ----------------------------------------------------------------- */

gboolean
sg_pickle_read_bytes(SgPickleMachine *m, gpointer buffer, gsize n, GError **error)
{
  guint64 at = m->position;

  if (n > m->size - at)
    return sg_broken(error, "ends too early, in the middle of a pickle");
  m->position += n;
  if (n > SG_PICKLE_WINDOW)
    return sg_source_read(m->source, at, buffer, n, error);
  if (at < m->window_start || at + n > m->window_start + m->window_size) {
    m->window_start = at;
    m->window_size = MIN(m->size - at, SG_PICKLE_WINDOW);
    if (!sg_source_read(m->source, at, m->window, m->window_size, error))
      return FALSE;
  }
  memcpy(buffer, m->window + (at - m->window_start), n);
  return TRUE;
}

gboolean
sg_pickle_read_uint(SgPickleMachine *m, gsize bytes, guint64 *value, GError **error)
{
  guint8 raw[8];
  if (!sg_pickle_read_bytes(m, raw, bytes, error))
    return FALSE;
  *value = 0;
  for (gsize i = 0; i < bytes; i++)
    *value |= (guint64)raw[i] << (8 * i);
  return TRUE;
}

gboolean
sg_pickle_read_length(SgPickleMachine *m, gsize width, guint64 *length, GError **error)
{
  if (!sg_pickle_read_uint(m, width, length, error))
    return FALSE;
  if (*length > m->size - m->position)
    return sg_broken(error,
                     "ends too early: %" G_GUINT64_FORMAT " bytes are announced, %" G_GUINT64_FORMAT
                     " are left",
                     *length, m->size - m->position);
  return TRUE;
}

char *
sg_pickle_read_line(SgPickleMachine *m, GError **error)
{
  char line[MAX_LINE];
  for (gsize n = 0; n < MAX_LINE; n++) {
    if (!sg_pickle_read_bytes(m, &line[n], 1, error))
      return NULL;
    if (line[n] == '\n') {
      char *copy = sg_pickle_alloc(m->p, n + 1);
      memcpy(copy, line, n);
      return copy;
    }
  }
  sg_broken(error, "a name in the pickle is longer than %d bytes", MAX_LINE);
  return NULL;
}

/* ---- running --------------------------------------------------------------------------------- */

static SgPickleNode *
run(SgPickleMachine *m, GError **error)
{
  guint64 start = m->position;

  while (!m->stopped) {
    guint8 code;
    if (!sg_pickle_read_bytes(m, &code, 1, error))
      return NULL;
    if (m->position == start + 1 && code != 0x80) {
      sg_unsupported(error, "this is a pickle of protocol 0 or 1; Vitrine reads 2 to 5");
      return NULL;
    }
    if (m->p->count > MAX_NODES) {
      sg_broken(error, "the pickle consists of more than %d objects", MAX_NODES);
      return NULL;
    }
    if (!sg_pickle_opcodes[code]) {
      sg_broken(error,
                "the pickle has the opcode 0x%02x at byte %" G_GUINT64_FORMAT
                ", which no model needs",
                code, m->position - 1);
      return NULL;
    }
    if (!sg_pickle_opcodes[code](m, code, error))
      return NULL;
  }
  return m->result;
}

SgPickleNode *
sg_pickle_load(SgPickle *p, SgSource *source, guint64 *offset, GError **error)
{
  g_autofree SgPickleMachine *m = g_new0(SgPickleMachine, 1);
  m->p = p;
  m->source = source;
  m->position = *offset;
  m->size = sg_source_size(source);
  m->stack = g_ptr_array_new();
  m->memo = g_ptr_array_new();
  m->marks = g_array_new(FALSE, FALSE, sizeof(guint));
  SgPickleNode *result = *offset <= m->size ? run(m, error) : NULL;
  *offset = m->position;
  g_ptr_array_unref(m->stack);
  g_ptr_array_unref(m->memo);
  g_array_unref(m->marks);
  return result;
}

int
sg_pickle_protocol(const SgPickle *p)
{
  return p->protocol;
}

GPtrArray *
sg_pickle_take_persistent(SgPickle *p)
{
  GPtrArray *taken = p->persistent;
  p->persistent = g_ptr_array_new();
  return taken;
}

guint64
sg_pickle_count(const SgPickle *p)
{
  return p->count;
}

void
sg_pickle_set_protocol(SgPickle *p, int protocol)
{
  p->protocol = protocol;
}

void
sg_pickle_note_persistent(SgPickle *p, SgPickleNode *node)
{
  g_ptr_array_add(p->persistent, node);
}

/* ---- looking at nodes -------------------------------------------------------------------- */

gboolean
sg_pickle_is_global(const SgPickleNode *node, const char *module, const char *name)
{
  return node && node->type == SG_PK_GLOBAL && strcmp(node->global.module, module) == 0 &&
         strcmp(node->global.name, name) == 0;
}

gboolean
sg_pickle_is_call(const SgPickleNode *node, const char *module, const char *name)
{
  return node && node->type == SG_PK_CALL && sg_pickle_is_global(node->call.callable, module, name);
}

SgPickleNode *
sg_pickle_item(const SgPickleNode *node, gsize i)
{
  if (!node || (node->type != SG_PK_TUPLE && node->type != SG_PK_LIST) || i >= node->seq.n)
    return NULL;
  return node->seq.items[i];
}

const char *
sg_pickle_text(const SgPickleNode *node)
{
  return node && node->type == SG_PK_STRING ? node->text.data : "";
}

gboolean
sg_pickle_int(const SgPickleNode *node, gint64 *value)
{
  if (!node || (node->type != SG_PK_INT && node->type != SG_PK_BOOL))
    return FALSE;
  *value = node->integer;
  return TRUE;
}

gboolean
sg_pickle_is_attack(const SgPickleNode *callable)
{
  static const char *const modules[] = {
      "os",    "posix",     "nt",         "subprocess", "sys",      "socket",  "shutil",
      "runpy", "importlib", "pty",        "ctypes",     "commands", "pickle",  "_pickle",
      "code",  "pdb",       "webbrowser", "asyncio",    "timeit",   "operator"};
  static const char *const harmless[] = {"set",   "frozenset", "bytes", "bytearray", "complex",
                                         "dict",  "list",      "tuple", "object",    "slice",
                                         "range", "int",       "float", "str",       "bool"};
  const char *module = callable->global.module;

  if (strcmp(module, "builtins") == 0 || strcmp(module, "__builtin__") == 0) {
    for (gsize i = 0; i < G_N_ELEMENTS(harmless); i++)
      if (strcmp(harmless[i], callable->global.name) == 0)
        return FALSE;
    return TRUE;
  }
  gsize package = strcspn(module, ".");
  for (gsize i = 0; i < G_N_ELEMENTS(modules); i++)
    if (strlen(modules[i]) == package && strncmp(modules[i], module, package) == 0)
      return TRUE;
  return FALSE;
}
