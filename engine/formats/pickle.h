/* A pickle machine that executes nothing (docs/formats.md, Pickles).
 *
 * A pickle is a program for a small stack machine. This one runs it only to the point of building a
 * passive tree: calls become SG_PK_CALL nodes that say what would have been called with what. The
 * tree is a graph (nodes are shared, lists may contain themselves) and as deep as the file likes,
 * so whoever walks it has to count depth and work. All nodes live in one arena and are freed
 * together.
 *
 * Memory stays within a small multiple of the bytes read: every length is compared with what is
 * left of the source before anything is allocated, and long byte strings stay in the file. */
#pragma once

#include "engine/formats/source.h"

G_BEGIN_DECLS

typedef enum {
  SG_PK_NONE,
  SG_PK_BOOL,
  SG_PK_INT,
  SG_PK_BIGINT, /* more than 64 bits: its little-endian bytes as text */
  SG_PK_FLOAT,
  SG_PK_STRING, /* text */
  SG_PK_BYTES,  /* a range of the source, not loaded */
  SG_PK_TUPLE,  /* sequence */
  SG_PK_LIST,   /* sequence */
  SG_PK_SET,    /* sequence */
  SG_PK_DICT,   /* sequence of keys and values in turn, duplicates included: the later counts */
  SG_PK_GLOBAL, /* a class or function by name */
  SG_PK_CALL, /* REDUCE or NEWOBJ: callable and args, then what BUILD, SETITEMS, APPENDS gave it */
  SG_PK_PERSISTENT, /* a storage outside the pickle */
} SgPickleType;

typedef struct _SgPickleNode SgPickleNode;
struct _SgPickleNode {
  SgPickleType type;
  gboolean busy; /* for walkers: on the path from the root to here */
  union {
    gint64 integer; /* also bool */
    double real;
    struct {
      const char *data; /* NUL-terminated copy */
      gsize length;
    } text;
    struct {
      SgSource *source; /* borrowed */
      guint64 offset, length;
    } bytes;
    struct {
      SgPickleNode **items;
      gsize n, capacity;
    } seq;
    struct {
      const char *module, *name;
    } global;
    struct {
      SgPickleNode *callable; /* SG_PK_GLOBAL */
      SgPickleNode *args;     /* SG_PK_TUPLE */
      SgPickleNode *state;    /* what BUILD gave, or NULL */
      SgPickleNode *dict;     /* SG_PK_DICT of what SETITEMS gave, or NULL */
      SgPickleNode *list;     /* SG_PK_LIST of what APPENDS gave, or NULL */
    } call;
    SgPickleNode *id; /* persistent */
  };
  gpointer meaning; /* what an interpreter found the node to be; borrowed */
};

typedef struct _SgPickle SgPickle;

SgPickle *sg_pickle_new(void);
void sg_pickle_free(SgPickle *p);
/* Runs one pickle that starts at *offset, and moves *offset behind its STOP. `source` has to
 * outlive the nodes. Borrowed; NULL with SG_FORMAT_ERROR. */
SgPickleNode *sg_pickle_load(SgPickle *p, SgSource *source, guint64 *offset, GError **error);
/* The protocol of the last pickle. */
int sg_pickle_protocol(const SgPickle *p);
/* Every SG_PK_PERSISTENT node since the last call of this; to be freed with g_ptr_array_unref(). */
GPtrArray *sg_pickle_take_persistent(SgPickle *p);
/* How many nodes there are: the measure for how much work a walker may do. */
guint64 sg_pickle_count(const SgPickle *p);
/* Memory that lives as long as the nodes; zeroed. NULL: there is none for more than some KiB. */
gpointer sg_pickle_alloc(SgPickle *p, gsize bytes);
/* Destroys `object` when the nodes are freed. */
void sg_pickle_own(SgPickle *p, gpointer object, GDestroyNotify destroy);

/* TRUE if the node is a call of (or the global) module.name. */
gboolean sg_pickle_is_call(const SgPickleNode *node, const char *module, const char *name);
gboolean sg_pickle_is_global(const SgPickleNode *node, const char *module, const char *name);
/* Item i of a tuple or list, NULL if there is none (or `node` is NULL or something else). */
SgPickleNode *sg_pickle_item(const SgPickleNode *node, gsize i);
/* "" unless it is a string. */
const char *sg_pickle_text(const SgPickleNode *node);
gboolean sg_pickle_int(const SgPickleNode *node, gint64 *value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SgPickle, sg_pickle_free)

G_END_DECLS
